//! What a line agreed on beside its shares, and how that divides what was taken for it.
//!
//! In this order: fixed parts come off the top, the rest follows the shares, the platform's part is raised to the minimum, tax on it is
//! added, and a discount is taken from who bears it. What one party is given more, the others give in proportion to what they have, so the
//! sum is exact at every step. Amounts are minor units of the order's currency and are of the whole line.

use serde::{Deserialize, Serialize};

use crate::money::{Currency, allocate};
use crate::order::{PartyKind, PartyRef, Share};
use crate::pricing::Rate;

/// What a line agreed on beside its shares. Frozen at placement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Agreement {
    /// Which rule it was, for people: `SKU BLD-1`, `the whole channel`.
    pub rule: String,
    /// The hash of that rule.
    pub rule_hash: String,
    /// Fixed parts of the line, one for each of its shares.
    pub fixed: Vec<i64>,
    /// The least that the platform gets of the line, before tax.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub minimum: i64,
    /// Percent as a decimal string: the tax on what the platform gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vat_rate: Option<String>,
    /// Who sends the goods and is given what the customer paid for it; shared like the goods when nobody is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping_to: Option<PartyRef>,
    /// Who bears the line's discount; all in proportion when nobody is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount_by: Option<PartyRef>,
    /// Who bears the provider's fees; the platform when nobody is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fees_by: Option<PartyRef>,
}

fn is_zero(n: &i64) -> bool {
    *n == 0
}

/// A line's goods, divided: Σ amounts + tax − subsidy is what was taken for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shared {
    /// One for each share.
    pub amounts: Vec<i64>,
    /// On what the platform gets.
    pub tax: i64,
    /// What the platform adds, because it bears the discount.
    pub subsidy: i64,
}

impl Agreement {
    /// Whether the shares alone say everything: then lines of the same shares are divided together.
    pub fn is_plain(&self) -> bool {
        self.fixed.iter().all(|f| *f == 0)
            && self.minimum == 0
            && self.vat_rate.is_none()
            && self.shipping_to.is_none()
            && self.discount_by.is_none()
    }

    /// Divides what was taken for a line's goods. `discount` is the line's, which is inside of what was not taken.
    pub fn share(&self, shares: &[Share], goods: i64, discount: i64) -> Shared {
        let added = if self.discount_by.is_some() { discount } else { 0 };
        let base = goods + added;
        let fixed =
            if self.fixed.iter().sum::<i64>() > base { allocate(base, &self.fixed) } else { self.fixed.clone() };
        let rest = base - fixed.iter().sum::<i64>();
        let weights: Vec<i64> = shares.iter().map(|s| s.basis_points).collect();
        let mut amounts = allocate(rest, &weights);
        for (amount, fixed) in amounts.iter_mut().zip(&fixed) {
            *amount += fixed;
        }
        let mut tax = 0;
        if let Some(platform) = shares.iter().position(|s| s.party.kind == PartyKind::Platform) {
            let short = self.minimum.min(base) - amounts[platform];
            if short > 0 {
                let raised = take(&mut amounts, Some(platform), short);
                amounts[platform] += raised;
            }
            let rate = self.vat_rate.as_deref().and_then(Rate::parse);
            let due = rate.map_or(0, |rate| rate.of(amounts[platform]));
            tax = take(&mut amounts, Some(platform), due);
        }
        match &self.discount_by {
            Some(party) if party.kind == PartyKind::Platform => Shared { amounts, tax, subsidy: added },
            Some(party) => {
                let mut open = added;
                if let Some(own) = shares.iter().position(|s| s.party == *party) {
                    let part = open.min(amounts[own]);
                    amounts[own] -= part;
                    open -= part;
                }
                // Nobody pays in: what the part of the one who bears it does not cover, the others bear.
                open -= take(&mut amounts, None, open);
                Shared { amounts, tax: tax - open, subsidy: 0 }
            }
            None => Shared { amounts, tax, subsidy: 0 },
        }
    }

    /// What is left of the line when `units` of its `of` units are split off; the other part is returned.
    pub fn divide(&mut self, units: i64, of: i64) -> Self {
        let mut part = self.clone();
        let weights = [units, of - units];
        for (rest, part) in self.fixed.iter_mut().zip(&mut part.fixed) {
            let parts = allocate(*rest, &weights);
            (*part, *rest) = (parts[0], parts[1]);
        }
        let parts = allocate(self.minimum, &weights);
        (part.minimum, self.minimum) = (parts[0], parts[1]);
        part
    }

    /// Makes one of two lines again.
    pub fn unite(&mut self, part: &Self) {
        for (fixed, more) in self.fixed.iter_mut().zip(&part.fixed) {
            *fixed += more;
        }
        self.minimum += part.minimum;
    }

    /// The agreement in sentences, for staff and for who has a share.
    pub fn words(&self, shares: &[Share], currency: Currency) -> Vec<String> {
        let mut words = words_of_shares(shares);
        for (share, fixed) in shares.iter().zip(&self.fixed).filter(|(_, fixed)| **fixed > 0) {
            words.push(format!("{} to {}, before the rest is shared", currency.show(*fixed), name(&share.party)));
        }
        if self.minimum > 0 {
            words.push(format!("at least {} to the platform", currency.show(self.minimum)));
        }
        if let Some(rate) = &self.vat_rate {
            words.push(format!("{rate} % tax on what the platform gets, paid by the others"));
        }
        if let Some(party) = &self.shipping_to {
            words.push(format!("what is paid for shipping goes to {}", name(party)));
        }
        if let Some(party) = &self.discount_by {
            words.push(format!("discounts are borne by {}", name(party)));
        }
        if let Some(party) = &self.fees_by {
            words.push(format!("the payment provider's fees are borne by {}", name(party)));
        }
        words
    }
}

/// Shares in sentences.
pub fn words_of_shares(shares: &[Share]) -> Vec<String> {
    let percent = |points: i64| match points % 100 {
        0 => format!("{}", points / 100),
        rest if rest % 10 == 0 => format!("{}.{}", points / 100, rest / 10),
        rest => format!("{}.{rest:02}", points / 100),
    };
    let some = shares.iter().filter(|s| s.basis_points > 0);
    some.map(|s| format!("{} % to {}", percent(s.basis_points), name(&s.party))).collect()
}

fn name(party: &PartyRef) -> String {
    match party.kind {
        PartyKind::Platform => "the platform".to_owned(),
        kind => format!("{} {}", kind.name(), party.id),
    }
}

/// Takes an amount from all but one, in proportion to what they have, and as much as they have. Says how much it was.
fn take(amounts: &mut [i64], but: Option<usize>, amount: i64) -> i64 {
    let weights: Vec<i64> = amounts.iter().enumerate().map(|(n, a)| if Some(n) == but { 0 } else { *a }).collect();
    let amount = amount.min(weights.iter().sum());
    for (left, part) in amounts.iter_mut().zip(allocate(amount, &weights)) {
        *left -= part;
    }
    amount
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn party(kind: PartyKind) -> PartyRef {
        PartyRef { kind, id: kind.name().to_owned() }
    }

    fn shares(points: &[(PartyKind, i64)]) -> Vec<Share> {
        points.iter().map(|&(kind, basis_points)| Share { party: party(kind), basis_points }).collect()
    }

    fn plain(shares: usize) -> Agreement {
        Agreement {
            rule: "test".to_owned(),
            rule_hash: String::new(),
            fixed: vec![0; shares],
            minimum: 0,
            vat_rate: None,
            shipping_to: None,
            discount_by: None,
            fees_by: None,
        }
    }

    /// A line of 100.00 of which 10.00 were discounted, between a merchant (90 %) and the platform (10 %).
    #[test]
    fn each_rule_by_its_figures() {
        let two = shares(&[(PartyKind::Merchant, 9_000), (PartyKind::Platform, 1_000)]);
        let agree = |change: &dyn Fn(&mut Agreement)| {
            let mut agreement = plain(2);
            change(&mut agreement);
            let Shared { amounts, tax, subsidy } = agreement.share(&two, 9_000, 1_000);
            assert_eq!(amounts.iter().sum::<i64>() + tax - subsidy, 9_000);
            (amounts[0], amounts[1], tax, subsidy)
        };
        assert_eq!(agree(&|_| {}), (8_100, 900, 0, 0));
        assert_eq!(agree(&|a| a.fixed = vec![0, 30]), (8_073, 927, 0, 0), "0.30 off the top");
        assert_eq!(agree(&|a| a.fixed = vec![0, 20_000]), (0, 9_000, 0, 0), "no more than there is");
        assert_eq!(agree(&|a| a.minimum = 1_500), (7_500, 1_500, 0, 0));
        assert_eq!(agree(&|a| a.minimum = 500), (8_100, 900, 0, 0), "reached anyway");
        assert_eq!(agree(&|a| a.vat_rate = Some("20".to_owned())), (7_920, 900, 180, 0), "on top of the commission");
        let platform = agree(&|a| a.discount_by = Some(party(PartyKind::Platform)));
        assert_eq!(platform, (9_000, 1_000, 0, 1_000), "as if it had cost 100.00");
        let merchant = agree(&|a| a.discount_by = Some(party(PartyKind::Merchant)));
        assert_eq!(merchant, (8_000, 1_000, 0, 0), "the commission is on 100.00");
    }

    #[test]
    fn a_discount_beyond_the_part_of_the_one_who_bears_it_is_borne_by_the_others() {
        let three = shares(&[(PartyKind::Merchant, 8_000), (PartyKind::Retailer, 1_000), (PartyKind::Platform, 1_000)]);
        let agreement = Agreement { discount_by: Some(party(PartyKind::Retailer)), ..plain(3) };
        let Shared { amounts, .. } = agreement.share(&three, 7_000, 3_000);
        assert_eq!(amounts, [6_222, 0, 778], "20.00 beyond the retailer's 10.00, in proportion");
    }

    #[test]
    fn it_is_said_in_words() {
        let two = shares(&[(PartyKind::Merchant, 8_750), (PartyKind::Platform, 1_250)]);
        let agreement = Agreement {
            fixed: vec![0, 30],
            minimum: 100,
            vat_rate: Some("20".to_owned()),
            shipping_to: Some(party(PartyKind::Merchant)),
            discount_by: Some(party(PartyKind::Platform)),
            fees_by: Some(party(PartyKind::Merchant)),
            ..plain(2)
        };
        let words = agreement.words(&two, Currency::parse("EUR").expect("listed"));
        assert_eq!(
            words,
            [
                "87.5 % to merchant merchant",
                "12.5 % to the platform",
                "EUR 0.30 to the platform, before the rest is shared",
                "at least EUR 1.00 to the platform",
                "20 % tax on what the platform gets, paid by the others",
                "what is paid for shipping goes to merchant merchant",
                "discounts are borne by the platform",
                "the payment provider's fees are borne by merchant merchant",
            ]
        );
    }

    proptest! {
        #[test]
        fn every_cent_has_a_place(
            points in prop::collection::vec(0i64..5_000, 1..6), fixed in prop::collection::vec(0i64..400, 6), minimum in 0i64..3_000,
            vat in prop::option::of(0i64..3_000), by in prop::option::of(0usize..6), goods in 0i64..20_000, discount in 0i64..5_000,
        ) {
            let kinds = [PartyKind::Merchant, PartyKind::Platform, PartyKind::Retailer, PartyKind::Brand, PartyKind::Supplier];
            let mut all: Vec<(PartyKind, i64)> = kinds.into_iter().zip(points).collect();
            all[0].1 = 10_000 - all[1..].iter().map(|p| p.1).sum::<i64>().min(10_000);
            prop_assume!(all.iter().map(|p| p.1).sum::<i64>() == 10_000);
            let shares = shares(&all);
            let agreement = Agreement {
                fixed: fixed[..shares.len()].to_vec(),
                minimum,
                vat_rate: vat.map(|v| format!("{}.{:02}", v / 100, v % 100)),
                discount_by: by.and_then(|n| shares.get(n)).map(|s| s.party.clone()),
                ..plain(shares.len())
            };
            let Shared { amounts, tax, subsidy } = agreement.share(&shares, goods, discount);
            prop_assert_eq!(amounts.iter().sum::<i64>() + tax - subsidy, goods);
            prop_assert!(tax >= 0 && subsidy >= 0 && amounts.iter().all(|a| *a >= 0), "{:?} {}", amounts, tax);
        }

        #[test]
        fn a_line_that_divides_keeps_its_agreement(fixed in prop::collection::vec(0i64..400, 1..4), minimum in 0i64..900, units in 1i64..9, more in 1i64..9) {
            let whole = Agreement { fixed, minimum, ..plain(0) };
            let mut rest = whole.clone();
            let part = rest.divide(units, units + more);
            rest.unite(&part);
            prop_assert_eq!(rest, whole);
        }
    }
}
