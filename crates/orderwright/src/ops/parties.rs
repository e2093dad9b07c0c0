//! Parties, as somebody names them by their ledger account: whether there is such a party.
//!
//! A party has no row of its own: merchants and suppliers are merchants, and of the others the offers, the channels, the rules of splits and
//! the book know the names. A typing error must not open an account for nobody. What is not here: what a party has or gets.

use std::collections::BTreeSet;

use orderwright_core::catalog::Offer;
use orderwright_core::id::MerchantId;
use orderwright_core::order::{PartyKind, PartyRef};

use super::payouts::party;
use super::{Ctx, OpError};

/// Offers that are read at once.
const PAGE: i64 = 1_000;
/// The longest account, in bytes.
const MAX_ACCOUNT: usize = 1_000;
/// How many known names a refusal says.
const NAMED: usize = 10;

/// The party of a ledger account (`party/merchant/mer_…`), if the shop has it.
///
/// # Errors
/// [`OpError::Invalid`] at `/party` for what is no ledger account of a party, and for a party that is not there; it says what to do.
pub async fn known(ctx: &Ctx, account: &str) -> Result<PartyRef, OpError> {
    let refused = |detail: String| Err(OpError::field("/party", detail));
    // No store keeps a NUL, and no name is as long as a text.
    let named = party(account).filter(|_| !account.contains('\0') && account.len() <= MAX_ACCOUNT);
    let Some(party) = named else {
        let kinds = "of type brand, supplier, retailer or merchant";
        return refused(format!("must be a party's ledger account, {kinds}, like party/merchant/mer_…"));
    };
    match party.kind {
        PartyKind::Platform => {
            refused("the platform keeps its own share: name a brand, supplier, retailer or merchant".to_owned())
        }
        PartyKind::Merchant | PartyKind::Supplier => {
            let id = MerchantId::parse(&party.id);
            let found = match id {
                Some(id) => ctx.app.store.find_merchant(id.0).await?.is_some(),
                None => false,
            };
            // One that is no merchant of the shop shares where a rule says so.
            let shares = id.is_none()
                && (is_in_the_book(ctx, account).await? || names(ctx, party.kind).await?.contains(&party.id));
            if found || shares {
                return Ok(party);
            }
            refused(format!("there is no merchant {}; GET /admin/merchants lists those there are", party.id))
        }
        PartyKind::Brand | PartyKind::Retailer => {
            if is_in_the_book(ctx, account).await? {
                return Ok(party);
            }
            let names = names(ctx, party.kind).await?;
            if names.contains(&party.id) {
                return Ok(party);
            }
            let kind = party.kind.name();
            let shown: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
            let rest = if names.len() > NAMED { ", …" } else { "" };
            let known = if shown.is_empty() { "none".to_owned() } else { format!("{}{rest}", shown.join(", ")) };
            refused(format!("no offer, order, rule or channel has the {kind} {}; known are: {known}", party.id))
        }
    }
}

/// Whether an order's split, or anything else, was ever booked there.
async fn is_in_the_book(ctx: &Ctx, account: &str) -> Result<bool, OpError> {
    Ok(!ctx.app.store.account_balance(account).await?.is_empty())
}

/// Parties of a kind that channels, their rules and offers name.
async fn names(ctx: &Ctx, kind: PartyKind) -> Result<BTreeSet<String>, OpError> {
    let mut names = BTreeSet::new();
    for channel in ctx.app.channels().values() {
        if kind == PartyKind::Retailer {
            names.insert(channel.retailer.clone());
        }
        for rule in &channel.split_rules {
            let shares = rule.shares.iter().map(|s| (s.party, &s.id));
            let named = shares.chain(rule.fixed.iter().map(|f| (f.party, &f.id)));
            names.extend(named.filter(|(of, _)| *of == kind).filter_map(|(_, id)| id.clone()));
        }
    }
    let mut after = String::new();
    while kind == PartyKind::Brand {
        let rows = ctx.app.store.list_offers(&after, PAGE, None, None).await?;
        for row in &rows {
            let offer: Offer =
                serde_json::from_str(&row.body).map_err(|e| OpError::Internal(format!("offer {}: {e}", row.sku)))?;
            names.extend(offer.brand);
        }
        match rows.last() {
            Some(last) if rows.len() as i64 == PAGE => after.clone_from(&last.sku),
            _ => break,
        }
    }
    Ok(names)
}
