//! What a run does about one party: pays, keeps back, releases, nets, or leaves it for the next run.
//!
//! Two postings. The first settles between the party's own accounts: what is kept back goes into its reserve, what is released comes out of
//! it, what it owes is netted or becomes owed. The second takes the amount off the party's account and puts it on its way. Only the second
//! is reversed when the money does not arrive: then the amount is the party's again, and goes out with a later payout.

use serde::{Deserialize, Serialize};

use crate::ledger::Account;
use crate::order::PartyRef;

/// What a run knows of a party in a channel. Minor units of the channel's currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// What orders are worth to it by now less what was paid of that; negative when more went back than is due.
    pub orders: i64,
    /// What of its reserve is to be released.
    pub released: i64,
    /// What earlier payouts that failed or came back are worth.
    pub carried: i64,
    /// What it owes.
    pub receivable: i64,
    /// Less than this is not paid.
    pub minimum: i64,
    /// How much of `orders` is kept back: of 10,000.
    pub reserve_basis_points: i64,
}

/// What a payout is made of. Minor units, all at least 0 but `orders`;
/// `amount = orders + released + carried + owed − netted − held`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settlement {
    /// Shares of orders less refunds, fees and chargebacks; may be negative.
    pub orders: i64,
    /// Out of the reserve.
    pub released: i64,
    /// Of payouts that failed or came back.
    pub carried: i64,
    /// Into the reserve.
    pub held: i64,
    /// Against what the party owed.
    pub netted: i64,
    /// What the party owes from now on.
    pub owed: i64,
    /// What is paid.
    pub amount: i64,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing has happened since the last time.
    Nothing,
    /// Less than the minimum would be paid: it waits.
    BelowMinimum(i64),
    /// This.
    Settle(Settlement),
}

/// Decides what a run does about a party.
pub fn settle(facts: &Facts) -> Verdict {
    if (facts.orders, facts.released, facts.carried) == (0, 0, 0) {
        return Verdict::Nothing;
    }
    let mut made =
        Settlement { orders: facts.orders, released: facts.released, carried: facts.carried, ..Settlement::default() };
    let credit = facts.orders + facts.released + facts.carried;
    if credit < 0 {
        made.owed = -credit;
        return Verdict::Settle(made);
    }
    made.netted = facts.receivable.clamp(0, credit);
    let left = credit - made.netted;
    let wanted = i128::from(facts.orders.max(0)) * i128::from(facts.reserve_basis_points.clamp(0, 10_000)) / 10_000;
    made.held = i64::try_from(wanted).unwrap_or(left).min(left);
    made.amount = left - made.held;
    if made.amount > 0 && made.amount < facts.minimum {
        return Verdict::BelowMinimum(made.amount);
    }
    Verdict::Settle(made)
}

impl Settlement {
    /// The lines between the party's own accounts; empty when nothing moves there.
    pub fn settling(&self, party: &PartyRef) -> Vec<(Account, i64)> {
        let reserve = self.released - self.held;
        let receivable = self.owed - self.netted;
        let lines = [
            (Account::Reserve(party.clone()), reserve),
            (Account::Receivable(party.clone()), receivable),
            (Account::Party(party.clone()), -reserve - receivable),
        ];
        lines.into_iter().filter(|(_, amount)| *amount != 0).collect()
    }

    /// The lines that put the amount on its way; empty when there is none.
    pub fn paying(&self, party: &PartyRef) -> Vec<(Account, i64)> {
        let lines = [(Account::Party(party.clone()), self.amount), (Account::PayoutsInTransit, -self.amount)];
        lines.into_iter().filter(|(_, amount)| *amount != 0).collect()
    }

    /// By how much the platform owes the party less after it.
    pub fn taken_from_balance(&self) -> i64 {
        self.orders + self.carried
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::order::PartyKind;

    fn made(facts: Facts) -> Settlement {
        match settle(&facts) {
            Verdict::Settle(made) => made,
            other => panic!("{facts:?} → {other:?}"),
        }
    }

    #[test]
    fn what_each_case_comes_to() {
        let base = Facts { orders: 10_000, reserve_basis_points: 1_000, ..Facts::default() };
        let plain = made(base);
        assert_eq!((plain.held, plain.amount), (1_000, 9_000));
        let owing = made(Facts { receivable: 2_500, ..base });
        assert_eq!((owing.netted, owing.held, owing.amount), (2_500, 1_000, 6_500));
        let deep = made(Facts { receivable: 50_000, ..base });
        assert_eq!((deep.netted, deep.held, deep.amount), (10_000, 0, 0), "all of it goes against what is owed");
        let back = made(Facts { orders: -300, ..base });
        assert_eq!((back.owed, back.amount), (300, 0));
        let covered = made(Facts { orders: -300, released: 1_000, ..base });
        assert_eq!((covered.owed, covered.held, covered.amount), (0, 0, 700), "the reserve is what it is for");
        let again = made(Facts { orders: 0, carried: 9_000, ..base });
        assert_eq!((again.held, again.amount), (0, 9_000), "what was kept back once is not kept back twice");
        assert_eq!(settle(&Facts { minimum: 9_001, ..base }), Verdict::BelowMinimum(9_000));
        assert_eq!(settle(&Facts { minimum: 9_000, ..base }), Verdict::Settle(plain));
        assert_eq!(settle(&Facts { receivable: 700, ..Facts::default() }), Verdict::Nothing);
    }

    proptest! {
        #[test]
        fn a_payout_is_the_sum_of_its_parts_and_its_postings_balance(
            orders in -1_000_000i64..1_000_000, released in 0i64..100_000, carried in 0i64..100_000,
            receivable in 0i64..200_000, minimum in 0i64..5_000, reserve_basis_points in 0i64..10_001,
        ) {
            let facts = Facts { orders, released, carried, receivable, minimum, reserve_basis_points };
            if let Verdict::Settle(s) = settle(&facts) {
                prop_assert_eq!(s.amount, s.orders + s.released + s.carried + s.owed - s.netted - s.held);
                prop_assert!(s.amount >= 0 && s.held >= 0 && s.owed >= 0 && (0..=receivable).contains(&s.netted));
                prop_assert!(s.amount == 0 || s.amount >= minimum);
                prop_assert!(s.amount == 0 || s.netted == receivable, "nobody is paid who still owes");
                let party = PartyRef { kind: PartyKind::Merchant, id: "mer_1".to_owned() };
                for lines in [s.settling(&party), s.paying(&party)] {
                    prop_assert_eq!(lines.iter().map(|l| l.1).sum::<i64>(), 0);
                }
                let on_party = s.settling(&party).into_iter().chain(s.paying(&party))
                    .filter(|(a, _)| matches!(a, Account::Party(_))).map(|l| l.1).sum::<i64>();
                prop_assert_eq!(on_party, s.taken_from_balance());
            }
        }
    }
}
