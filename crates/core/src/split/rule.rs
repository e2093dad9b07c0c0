//! The operator's rules: what they say, whether that can be meant, and which one is for an offer.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Agreement;
use crate::catalog::{Channel, Offer};
use crate::id::MerchantId;
use crate::money::MAX_AMOUNT;
use crate::order::{PartyKind, PartyRef, Share};
use crate::pricing::{Rate, digest};

/// Basis points of a whole.
const WHOLE: i64 = 10_000;
/// The most rules that a channel may have.
pub const MAX_RULES: usize = 1_000;
/// The most parties that a rule may name.
pub const MAX_PARTIES: usize = 20;
/// The longest id of a party, or name of a category.
const MAX_NAME: usize = 100;

/// A rule of a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Terms {
    /// Only for this offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// Only for offers of this merchant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merchant_id: Option<MerchantId>,
    /// Only for offers of this category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Who shares; sums to 10,000 basis points.
    pub shares: Vec<RuleShare>,
    /// What comes off the top.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixed: Vec<FixedPart>,
    /// The least that the platform gets of a line, before tax, in minor units.
    #[serde(default)]
    pub minimum_commission: i64,
    /// Percent as a decimal string: the tax on what the platform gets, paid by the others on top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commission_vat_rate: Option<String>,
    /// Who is given what the customer pays for shipping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping_to: Option<RuleParty>,
    /// Who bears discounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount_borne_by: Option<RuleParty>,
    /// Who bears the payment provider's fees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fees_borne_by: Option<RuleParty>,
}

/// A party, as a rule names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RuleParty {
    /// Which kind; the offer says which supplier, merchant or brand that is, the channel which retailer.
    pub party: PartyKind,
    /// A certain one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// A party and its share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RuleShare {
    /// Which kind of party.
    pub party: PartyKind,
    /// A certain one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Of 10,000.
    pub basis_points: i64,
}

/// A part that does not depend on the price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FixedPart {
    /// Which kind of party.
    pub party: PartyKind,
    /// A certain one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Minor units of the channel's currency.
    pub amount: i64,
    /// Of what.
    pub per: Per,
}

/// What a fixed part is counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// Once for a line, however many units it has.
    Line,
    /// For each unit.
    Unit,
}

/// What a rule may name.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// SKUs that the channel lists.
    pub skus: BTreeSet<String>,
    /// Merchants there are: `mer_…`
    pub merchants: BTreeSet<String>,
}

/// A wrong field: JSON Pointer below the list of rules (`/0/shares`), and what to do.
pub type Wrong = (String, String);

impl Terms {
    /// How much more this rule is about one thing than another: the highest wins.
    fn rank(&self) -> u8 {
        u8::from(self.sku.is_some()) << 2
            | u8::from(self.merchant_id.is_some()) << 1
            | u8::from(self.category.is_some())
    }

    /// Whether the rule is for that offer.
    fn is_for(&self, offer: &Offer) -> bool {
        self.sku.as_ref().is_none_or(|sku| *sku == offer.sku)
            && self.merchant_id.is_none_or(|merchant| merchant == offer.merchant_id)
            && self.category.as_ref().is_none_or(|category| offer.category.as_ref() == Some(category))
    }

    /// What it is for, for people.
    pub fn scope(&self) -> String {
        let sku = self.sku.as_ref().map(|sku| format!("SKU {sku}"));
        let merchant = self.merchant_id.map(|id| format!("merchant {id}"));
        let category = self.category.as_ref().map(|name| format!("category {name}"));
        let all: Vec<String> = [sku, merchant, category].into_iter().flatten().collect();
        if all.is_empty() { "the whole channel".to_owned() } else { all.join(", ") }
    }
}

/// The rule for an offer: the most specific one that is for it.
pub fn choose<'a>(rules: &'a [Terms], offer: &Offer) -> Option<&'a Terms> {
    rules.iter().filter(|rule| rule.is_for(offer)).max_by_key(|rule| rule.rank())
}

/// The party that a kind means for an offer. A brand that the offer does not have is the platform.
pub(crate) fn party(channel: &Channel, offer: &Offer, kind: PartyKind, id: Option<&str>) -> PartyRef {
    let id = match (kind, id) {
        (PartyKind::Platform, _) => Some(PLATFORM.to_owned()),
        (_, Some(id)) => Some(id.to_owned()),
        (PartyKind::Brand, None) => offer.brand.clone(),
        (PartyKind::Supplier | PartyKind::Merchant, None) => Some(offer.merchant_id.to_string()),
        (PartyKind::Retailer, None) => Some(channel.retailer.clone()),
    };
    id.map_or_else(platform, |id| PartyRef { kind, id })
}

/// The id of the one platform.
const PLATFORM: &str = "platform";

fn platform() -> PartyRef {
    PartyRef { kind: PartyKind::Platform, id: PLATFORM.to_owned() }
}

/// What a line of that many units of an offer agrees on by a rule: its shares, and the rest.
pub fn agree(channel: &Channel, offer: &Offer, terms: &Terms, quantity: i64) -> (Vec<Share>, Agreement) {
    let mut shares: Vec<Share> = Vec::new();
    let mut fixed: Vec<i64> = Vec::new();
    let mut add = |party: PartyRef, basis_points: i64, amount: i64| {
        let at = shares.iter().position(|s| s.party == party).unwrap_or_else(|| {
            shares.push(Share { party, basis_points: 0 });
            fixed.push(0);
            shares.len() - 1
        });
        shares[at].basis_points += basis_points;
        fixed[at] += amount;
    };
    for share in &terms.shares {
        add(party(channel, offer, share.party, share.id.as_deref()), share.basis_points, 0);
    }
    for part in &terms.fixed {
        let times = if part.per == Per::Unit { quantity } else { 1 };
        add(
            party(channel, offer, part.party, part.id.as_deref()),
            0,
            part.amount.saturating_mul(times).min(MAX_AMOUNT),
        );
    }
    if terms.minimum_commission > 0 || terms.commission_vat_rate.is_some() {
        add(platform(), 0, 0);
    }
    let named = |party_: &Option<RuleParty>| party_.as_ref().map(|p| party(channel, offer, p.party, p.id.as_deref()));
    let agreement = Agreement {
        rule: terms.scope(),
        rule_hash: digest(&json!(terms)),
        fixed,
        minimum: terms.minimum_commission,
        vat_rate: terms.commission_vat_rate.clone(),
        shipping_to: named(&terms.shipping_to),
        discount_by: named(&terms.discount_borne_by),
        fees_by: named(&terms.fees_borne_by).filter(|p| p.kind != PartyKind::Platform),
    };
    (shares, agreement)
}

/// Everything that is wrong with a channel's rules.
pub fn validate(rules: &[Terms], known: &Known) -> Vec<Wrong> {
    let mut wrong: Vec<Wrong> = Vec::new();
    if rules.len() > MAX_RULES {
        wrong.push((String::new(), format!("a channel has at most {MAX_RULES} rules; use categories instead of SKUs")));
        return wrong;
    }
    for (n, rule) in rules.iter().enumerate() {
        let before = rules[..n].iter().position(|other| {
            (&other.sku, other.merchant_id, &other.category) == (&rule.sku, rule.merchant_id, &rule.category)
        });
        if let Some(first) = before {
            wrong.push((format!("/{n}"), format!("is for {} like rule {first}; make one of both", rule.scope())));
        }
        one(rule, known, &mut |field, message| wrong.push((format!("/{n}{field}"), message)));
    }
    wrong
}

fn one(rule: &Terms, known: &Known, wrong: &mut dyn FnMut(&str, String)) {
    if rule.sku.as_ref().is_some_and(|sku| !known.skus.contains(sku)) {
        wrong("/sku", "this channel has no such SKU".to_owned());
    }
    if rule.merchant_id.is_some_and(|id| !known.merchants.contains(&id.to_string())) {
        wrong("/merchantId", "there is no such merchant".to_owned());
    }
    if rule.category.as_ref().is_some_and(|name| name.trim().is_empty() || name.chars().count() > MAX_NAME) {
        wrong("/category", format!("must have between 1 and {MAX_NAME} characters"));
    }
    let sum = rule.shares.iter().fold(0i64, |sum, s| sum.saturating_add(s.basis_points));
    if rule.shares.len() > MAX_PARTIES || rule.fixed.len() > MAX_PARTIES {
        wrong("/shares", format!("a rule names at most {MAX_PARTIES} parties"));
    } else if sum != WHOLE {
        wrong("/shares", format!("the basis points must sum to {WHOLE}; they sum to {sum}"));
    }
    for (n, share) in rule.shares.iter().enumerate() {
        if !(0..=WHOLE).contains(&share.basis_points) {
            wrong(&format!("/shares/{n}/basisPoints"), format!("must be between 0 and {WHOLE}"));
        }
        if rule.shares[..n].iter().any(|other| (other.party, &other.id) == (share.party, &share.id)) {
            wrong(&format!("/shares/{n}/party"), "this party has a share already; give it one".to_owned());
        }
        named(share.party, share.id.as_deref(), known, &mut |m| wrong(&format!("/shares/{n}/id"), m));
    }
    for (n, part) in rule.fixed.iter().enumerate() {
        if !(0..=MAX_AMOUNT).contains(&part.amount) {
            wrong(&format!("/fixed/{n}/amount"), format!("must be between 0 and {MAX_AMOUNT} minor units"));
        }
        named(part.party, part.id.as_deref(), known, &mut |m| wrong(&format!("/fixed/{n}/id"), m));
    }
    if !(0..=MAX_AMOUNT).contains(&rule.minimum_commission) {
        wrong("/minimumCommission", format!("must be between 0 and {MAX_AMOUNT} minor units"));
    }
    if rule.commission_vat_rate.as_deref().is_some_and(|rate| Rate::parse(rate).is_none()) {
        wrong("/commissionVatRate", "must be a percentage like \"20\" or \"12.5\", at most four decimals".to_owned());
    }
    for (field, party) in [
        ("/shippingTo", &rule.shipping_to),
        ("/discountBorneBy", &rule.discount_borne_by),
        ("/feesBorneBy", &rule.fees_borne_by),
    ] {
        let Some(party) = party else { continue };
        let shares = rule.shares.iter().any(|s| (s.party, &s.id) == (party.party, &party.id));
        if party.party != PartyKind::Platform && !shares {
            wrong(field, "must be the platform or one of the parties in `shares`, written alike".to_owned());
        }
    }
}

/// A certain party must be one that there is.
fn named(kind: PartyKind, id: Option<&str>, known: &Known, wrong: &mut dyn FnMut(String)) {
    let Some(id) = id else { return };
    match kind {
        PartyKind::Platform => wrong("there is one platform; leave `id` out".to_owned()),
        PartyKind::Merchant | PartyKind::Supplier if !known.merchants.contains(id) => {
            wrong(format!("there is no such {}", kind.name()));
        }
        _ if id.trim().is_empty() || id.chars().count() > MAX_NAME || id.contains(char::is_control) => {
            wrong(format!("must have between 1 and {MAX_NAME} characters, no control characters"));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::VariantId;

    fn offer(sku: &str, merchant: i64, category: Option<&str>) -> Offer {
        Offer {
            sku: sku.to_owned(),
            channel: "mall".to_owned(),
            variant_id: VariantId(1),
            merchant_id: MerchantId(merchant),
            brand: None,
            category: category.map(str::to_owned),
            name: sku.to_owned(),
            price: 100,
            gst_rate: "0".to_owned(),
            late_cancellation: false,
        }
    }

    fn terms(sku: Option<&str>, merchant: Option<i64>, category: Option<&str>) -> Terms {
        let share = RuleShare { party: PartyKind::Merchant, id: None, basis_points: WHOLE };
        Terms {
            sku: sku.map(str::to_owned),
            merchant_id: merchant.map(MerchantId),
            category: category.map(str::to_owned),
            shares: vec![share],
            ..Terms::default()
        }
    }

    #[test]
    fn the_most_specific_rule_wins() {
        let rules = [
            terms(None, None, None),
            terms(None, None, Some("shoes")),
            terms(None, Some(1), None),
            terms(None, Some(1), Some("shoes")),
            terms(Some("A"), None, None),
        ];
        for (offer, wins) in [
            (offer("A", 1, Some("shoes")), 4),
            (offer("B", 1, Some("shoes")), 3),
            (offer("B", 1, None), 2),
            (offer("B", 2, Some("shoes")), 1),
            (offer("B", 2, Some("hats")), 0),
        ] {
            assert_eq!(choose(&rules, &offer), Some(&rules[wins]), "{offer:?}");
        }
        assert_eq!(choose(&rules[1..], &offer("B", 2, None)), None, "the channel's own split is left");
    }

    #[test]
    fn what_cannot_be_meant_is_named_field_by_field() {
        let known = Known { skus: ["A".to_owned()].into(), merchants: [MerchantId(1).to_string()].into() };
        assert_eq!(validate(&[terms(Some("A"), Some(1), Some("shoes"))], &known), []);
        let share =
            |party, id: Option<&str>, basis_points| RuleShare { party, id: id.map(str::to_owned), basis_points };
        let rule = Terms {
            shares: vec![
                share(PartyKind::Merchant, Some("mer_nobody"), 6_000),
                share(PartyKind::Brand, None, -1),
                share(PartyKind::Brand, None, 5_000),
                share(PartyKind::Platform, Some("x"), 0),
            ],
            fixed: vec![FixedPart { party: PartyKind::Platform, id: None, amount: -1, per: Per::Line }],
            minimum_commission: -5,
            commission_vat_rate: Some("many".to_owned()),
            shipping_to: Some(RuleParty { party: PartyKind::Retailer, id: None }),
            discount_borne_by: Some(RuleParty { party: PartyKind::Platform, id: None }),
            ..terms(Some("B"), Some(2), Some(" "))
        };
        let found = validate(&[terms(None, None, None), terms(None, None, None), rule], &known);
        let pointers: Vec<&str> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(
            pointers,
            [
                "/1",
                "/2/sku",
                "/2/merchantId",
                "/2/category",
                "/2/shares",
                "/2/shares/0/id",
                "/2/shares/1/basisPoints",
                "/2/shares/2/party",
                "/2/shares/3/id",
                "/2/fixed/0/amount",
                "/2/minimumCommission",
                "/2/commissionVatRate",
                "/2/shippingTo",
            ]
        );
    }
}
