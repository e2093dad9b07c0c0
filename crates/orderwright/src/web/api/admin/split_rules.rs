//! `GET` and `PUT /admin/split-rules`

use axum::response::{IntoResponse, Response};
use orderwright_core::catalog::{Channel, SplitRule};
use orderwright_core::id::MerchantId;
use orderwright_core::order::PartyKind;
use orderwright_core::split::{FixedPart, Per, RuleParty, RuleShare, Terms};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ops::{FieldError, split_rules};
use crate::web::api::shared;
use crate::web::caller::{Admin, Caller, Platform};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::{Answer, Incoming};
use crate::web::view::page::Params;

/// The kinds of parties.
pub const PARTIES: &[&str] = &["brand", "supplier", "retailer", "merchant", "platform"];

/// A channel's rules of splits.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SplitRules {
    /// Which channel.
    pub channel: String,
    /// Who shares in a line that no rule is for; sums to 10,000 basis points. Left out, it stays.
    #[serde(default)]
    pub default: Option<Vec<DefaultShare>>,
    /// All rules; the most specific one wins: SKU, merchant and category, merchant, category, the whole channel.
    pub rules: Vec<SplitTerms>,
}

/// A party's share of a line that no rule is for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DefaultShare {
    /// brand, supplier, retailer, merchant, platform.
    pub party: String,
    /// Of 10,000.
    pub basis_points: i64,
}

/// A rule. Amounts are minor units of the channel's currency.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SplitTerms {
    /// Only for this offer.
    #[serde(default)]
    pub sku: Option<String>,
    /// Only for offers of this merchant: `mer_…`
    #[serde(default)]
    pub merchant_id: Option<String>,
    /// Only for offers of this category.
    #[serde(default)]
    pub category: Option<String>,
    /// Who shares; sums to 10,000 basis points.
    pub shares: Vec<SplitShare>,
    /// What comes off the top, before the rest is shared.
    #[serde(default)]
    pub fixed: Vec<SplitFixed>,
    /// The least that the platform gets of a line, before tax.
    #[serde(default)]
    pub minimum_commission: i64,
    /// Percent: the tax on what the platform gets, paid by the others on top.
    #[serde(default)]
    pub commission_vat_rate: Option<String>,
    /// Who is given what the customer pays for shipping; null: shared like the goods.
    #[serde(default)]
    pub shipping_to: Option<SplitParty>,
    /// Who bears discounts; null: all in proportion.
    #[serde(default)]
    pub discount_borne_by: Option<SplitParty>,
    /// Who bears the payment provider's fees; null: the platform.
    #[serde(default)]
    pub fees_borne_by: Option<SplitParty>,
}

/// A party of a rule.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SplitParty {
    /// brand, supplier, retailer, merchant, platform.
    pub party: String,
    /// A certain one; null: the offer's or the channel's.
    #[serde(default)]
    pub id: Option<String>,
}

/// A party of a rule and its share.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SplitShare {
    /// brand, supplier, retailer, merchant, platform.
    pub party: String,
    /// A certain one; null: the offer's or the channel's.
    #[serde(default)]
    pub id: Option<String>,
    /// Of 10,000.
    pub basis_points: i64,
}

/// A part that does not depend on the price.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SplitFixed {
    /// brand, supplier, retailer, merchant, platform.
    pub party: String,
    /// A certain one; null: the offer's or the channel's.
    #[serde(default)]
    pub id: Option<String>,
    /// Minor units.
    pub amount: i64,
    /// line, or unit.
    pub per: String,
}

/// What fixed parts are counted by.
pub const PER: &[&str] = &["line", "unit"];

fn show(channel: &Channel) -> SplitRules {
    let party = |p: &RuleParty| SplitParty { party: p.party.name().to_owned(), id: p.id.clone() };
    let rule = |terms: &Terms| SplitTerms {
        sku: terms.sku.clone(),
        merchant_id: terms.merchant_id.map(|id| id.to_string()),
        category: terms.category.clone(),
        shares: terms
            .shares
            .iter()
            .map(|s| SplitShare { party: s.party.name().to_owned(), id: s.id.clone(), basis_points: s.basis_points })
            .collect(),
        fixed: terms
            .fixed
            .iter()
            .map(|f| SplitFixed {
                party: f.party.name().to_owned(),
                id: f.id.clone(),
                amount: f.amount,
                per: PER[usize::from(f.per == Per::Unit)].to_owned(),
            })
            .collect(),
        minimum_commission: terms.minimum_commission,
        commission_vat_rate: terms.commission_vat_rate.clone(),
        shipping_to: terms.shipping_to.as_ref().map(party),
        discount_borne_by: terms.discount_borne_by.as_ref().map(party),
        fees_borne_by: terms.fees_borne_by.as_ref().map(party),
    };
    let default = channel.split.iter();
    SplitRules {
        channel: channel.name.clone(),
        default: Some(
            default.map(|s| DefaultShare { party: s.party.name().to_owned(), basis_points: s.basis_points }).collect(),
        ),
        rules: channel.split_rules.iter().map(rule).collect(),
    }
}

/// Reads words, and notes those that are none.
struct Reader {
    wrong: Vec<FieldError>,
}

impl Reader {
    fn complain(&mut self, pointer: String, detail: impl Into<String>) {
        self.wrong.push(FieldError { pointer, detail: detail.into() });
    }

    fn kind(&mut self, pointer: &str, word: &str) -> PartyKind {
        let found = PartyKind::ALL.iter().find(|k| k.name() == word);
        if found.is_none() {
            self.complain(format!("{pointer}/party"), format!("must be one of {}", PARTIES.join(", ")));
        }
        found.copied().unwrap_or(PartyKind::Platform)
    }

    fn party(&mut self, pointer: String, party: Option<SplitParty>) -> Option<RuleParty> {
        party.map(|p| RuleParty { party: self.kind(&pointer, &p.party), id: p.id })
    }

    fn terms(&mut self, n: usize, rule: SplitTerms) -> Terms {
        let at = format!("/rules/{n}");
        let merchant_id = rule.merchant_id.as_deref().and_then(MerchantId::parse);
        if rule.merchant_id.is_some() && merchant_id.is_none() {
            self.complain(format!("{at}/merchantId"), "there is no such merchant");
        }
        let mut shares = Vec::new();
        for (m, s) in rule.shares.into_iter().enumerate() {
            let party = self.kind(&format!("{at}/shares/{m}"), &s.party);
            shares.push(RuleShare { party, id: s.id, basis_points: s.basis_points });
        }
        let mut fixed = Vec::new();
        for (m, f) in rule.fixed.into_iter().enumerate() {
            let place = format!("{at}/fixed/{m}");
            let party = self.kind(&place, &f.party);
            let per = match f.per.as_str() {
                "line" => Per::Line,
                "unit" => Per::Unit,
                _ => {
                    self.complain(format!("{place}/per"), "must be line or unit");
                    Per::Line
                }
            };
            fixed.push(FixedPart { party, id: f.id, amount: f.amount, per });
        }
        Terms {
            sku: rule.sku,
            merchant_id,
            category: rule.category,
            shares,
            fixed,
            minimum_commission: rule.minimum_commission,
            commission_vat_rate: rule.commission_vat_rate,
            shipping_to: self.party(format!("{at}/shippingTo"), rule.shipping_to),
            discount_borne_by: self.party(format!("{at}/discountBorneBy"), rule.discount_borne_by),
            fees_borne_by: self.party(format!("{at}/feesBorneBy"), rule.fees_borne_by),
        }
    }
}

/// Rules of splits of the channels, or of one.
#[utoipa::path(get, path = "/admin/split-rules", tag = "admin", operation_id = "adminGetSplitRules", security(("token" = [])),
    params(("channel" = Option<String>, Query)),
    responses(
        (status = 200, body = Vec<SplitRules>, description = "By channel"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "No such channel"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn get(caller: Caller<Admin>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    let mut params = Params::new(query.0);
    let wanted = params.take("channel");
    params.finish()?;
    if let Some(name) = wanted {
        return Ok(Answer::ok(&vec![show(&*split_rules::get(&caller.ctx, &name)?)]));
    }
    let channels = caller.ctx.app.channels();
    let mut names: Vec<&String> = channels.keys().collect();
    names.sort();
    let seen = names.into_iter().filter_map(|name| split_rules::get(&caller.ctx, name).ok());
    Ok(Answer::ok(&seen.map(|c| show(&c)).collect::<Vec<_>>()))
}

/// Replaces a channel's rules of splits. Orders that were placed keep what they agreed on.
#[utoipa::path(put, path = "/admin/split-rules", tag = "admin", operation_id = "adminPutSplitRules", security(("token" = [])),
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body = SplitRules,
    responses(
        (status = 200, body = SplitRules, description = "As they are now"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "No such channel"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 412, body = ProblemBody, description = "Changed meanwhile (If-Match)"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn put(incoming: Incoming<Platform>) -> Response {
    let work = |mut ctx: crate::ops::Ctx, body: SplitRules| async move {
        let mut reader = Reader { wrong: Vec::new() };
        let default = body.default.map(|shares| {
            let read = |(n, s): (usize, DefaultShare)| SplitRule {
                party: reader.kind(&format!("/default/{n}"), &s.party),
                basis_points: s.basis_points,
            };
            shares.into_iter().enumerate().map(read).collect::<Vec<_>>()
        });
        let rules: Vec<Terms> = body.rules.into_iter().enumerate().map(|(n, rule)| reader.terms(n, rule)).collect();
        if !reader.wrong.is_empty() {
            return Err(Problem::fields(reader.wrong));
        }
        let channel = split_rules::put(&mut ctx, &body.channel, default, rules).await?;
        Ok(Answer::ok(&show(&channel)))
    };
    incoming.run(None, work).await
}
