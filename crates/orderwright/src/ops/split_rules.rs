//! A channel's rules of splits: read, and replaced as a whole. Orders that were placed keep what they agreed on.

use std::sync::Arc;

use orderwright_core::catalog::{Channel, SplitRule};
use orderwright_core::order::PartyKind;
use orderwright_core::split::{Known, Terms, validate};

use super::{Ctx, FieldError, OpError, catalog, settings};
use crate::store::Changeset;

/// A channel's rules, if the actor may see them.
pub fn get(ctx: &Ctx, channel: &str) -> Result<Arc<Channel>, OpError> {
    settings::get(ctx, channel)
}

/// Replaces a channel's rules, and its own split if one is given: all of it, or nothing with everything that is wrong.
pub async fn put(
    ctx: &mut Ctx,
    channel: &str,
    split: Option<Vec<SplitRule>>,
    rules: Vec<Terms>,
) -> Result<Arc<Channel>, OpError> {
    let mut changed = (*get(ctx, channel)?).clone();
    let mut wrong = Vec::new();
    if let Some(split) = split {
        check_split(&split, &mut wrong);
        changed.split = split;
    }
    let known = known(ctx, channel, &rules).await?;
    let found = validate(&rules, &known).into_iter();
    wrong.extend(found.map(|(pointer, detail)| FieldError { pointer: format!("/rules{pointer}"), detail }));
    if !wrong.is_empty() {
        return Err(OpError::Invalid(wrong));
    }
    changed.split_rules = rules;
    let now = ctx.clock.now();
    let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
    catalog::put_channel(&mut cs, &changed)?;
    if let Some(key) = ctx.key.take() {
        key.start(&mut cs, None, now);
    }
    ctx.app.store.commit(cs).await?;
    ctx.app.reload_channels().await?;
    get(ctx, channel)
}

fn check_split(split: &[SplitRule], wrong: &mut Vec<FieldError>) {
    let sum = split.iter().fold(0i64, |sum, rule| sum.saturating_add(rule.basis_points));
    if sum != settings::MAX_BASIS_POINTS || split.iter().any(|rule| rule.basis_points < 0) {
        let detail = format!("the basis points must be 0 or more and sum to 10000; they sum to {sum}");
        wrong.push(FieldError { pointer: "/default".to_owned(), detail });
    }
    for (n, rule) in split.iter().enumerate() {
        if split[..n].iter().any(|other| other.party == rule.party) {
            let detail = "this party has a share already; give it one".to_owned();
            wrong.push(FieldError { pointer: format!("/default/{n}/party"), detail });
        }
    }
}

/// Which of the SKUs and merchants that the rules name there are.
async fn known(ctx: &Ctx, channel: &str, rules: &[Terms]) -> Result<Known, OpError> {
    let skus = rules.iter().filter_map(|rule| rule.sku.as_deref());
    let offers = catalog::offers(ctx, skus).await?;
    let mut known = Known {
        skus: offers.into_values().filter(|o| o.channel == channel).map(|o| o.sku).collect(),
        ..Known::default()
    };
    let sells = |kind: PartyKind| matches!(kind, PartyKind::Merchant | PartyKind::Supplier);
    let mut ids: Vec<String> = Vec::new();
    for rule in rules {
        ids.extend(rule.merchant_id.map(|id| id.to_string()));
        let shares = rule.shares.iter().map(|s| (s.party, &s.id));
        let parties = shares.chain(rule.fixed.iter().map(|f| (f.party, &f.id)));
        ids.extend(parties.filter(|(kind, _)| sells(*kind)).filter_map(|(_, id)| id.clone()));
    }
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        let Some(merchant) = orderwright_core::id::MerchantId::parse(&id) else { continue };
        if ctx.app.store.find_merchant(merchant.0).await?.is_some() {
            known.merchants.insert(id);
        }
    }
    Ok(known)
}
