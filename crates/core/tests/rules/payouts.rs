//! Payouts: what an order is worth to whom and when, and that any order of sales, returns, refunds, runs, failures and releases ends in
//! the same books, with nothing paid twice.

use std::collections::BTreeMap;

use orderwright_core::ledger::Account;
use orderwright_core::order::{PartyKind, PartyRef};
use orderwright_core::payout::{Facts, OrderLine, Parts, Settlement, Standing, Verdict, next_look, settle, standings};
use proptest::prelude::*;

use crate::shop::{Shop, line, merchant, merchant_id, order_in, some, span};

/// What the book says of the order, and what of it is due now.
fn standing_of(shop: &Shop, party: &str) -> Standing {
    let lines: Vec<(&str, &str, i64)> =
        shop.books.postings.iter().flat_map(|p| p.lines.iter().map(|(a, n)| (a.as_str(), p.cause, *n))).collect();
    let lines: Vec<OrderLine<'_>> =
        lines.iter().map(|(account, cause, amount)| OrderLine { account, cause, amount: *amount }).collect();
    let all = standings(&shop.order, &lines, shop.now);
    assert!(all.iter().all(|s| s.party.kind != PartyKind::Platform), "the platform pays itself nothing");
    all.into_iter().find(|s| s.party.id == party).expect("a party of the order")
}

fn first() -> String {
    merchant_id(1).to_string()
}

fn share_of(shop: &Shop, party: &str) -> i64 {
    shop.order.splits.iter().find(|s| s.party.id == party).expect("a share").amount
}

#[test]
fn money_is_due_when_the_time_to_return_is_over() {
    let mut shop = order_in("marketplace").go();
    shop.fire(&merchant(1), "acknowledge").fire(&merchant(1), "ship");
    assert_eq!(standing_of(&shop, &first()).due, Parts::default(), "not delivered");
    assert_eq!(next_look(&shop.order, shop.now), None);
    shop.fire(&merchant(1), "complete");
    assert_eq!(standing_of(&shop, &first()).due, Parts::default(), "it may still come back");
    let over = shop.now.plus(span("30d"));
    assert_eq!(next_look(&shop.order, shop.now), Some(over));
    shop.now = over;
    let due = standing_of(&shop, &first()).due;
    assert_eq!(due, Parts { share: share_of(&shop, &first()), ..Parts::default() });
    assert_eq!(next_look(&shop.order, shop.now), None);
    shop.refund(some(100)).expect("refunded");
    let later = standing_of(&shop, &first()).due;
    assert!(later.refund < 0 && later.share == due.share && later.sum() < due.sum(), "{later:?}");
}

#[test]
fn lines_are_due_one_by_one_and_all_of_them_come_to_the_share() {
    let mut shop = order_in("marketplace").lines(&[line(1, 1), line(1, 3)]).go();
    shop.fire(&merchant(1), "acknowledge").fire(&merchant(1), "ship");
    shop.fire_some(&merchant(1), "complete", 0, 1);
    shop.wait("31d");
    let part = standing_of(&shop, &first()).due.sum();
    let whole = share_of(&shop, &first());
    assert!(0 < part && part < whole / 2, "{part} of {whole}");
    shop.fire(&merchant(1), "complete").wait("31d");
    assert_eq!(standing_of(&shop, &first()).due.sum(), whole);
}

#[test]
fn each_party_waits_for_its_own_lines() {
    let mut shop = order_in("marketplace").lines(&[line(1, 1), line(2, 3)]).go();
    shop.fire(&merchant(1), "acknowledge").fire(&merchant(1), "ship").fire(&merchant(1), "complete").wait("31d");
    assert_eq!(standing_of(&shop, &first()).due.sum(), share_of(&shop, &first()), "its line came and stayed");
    assert_eq!(standing_of(&shop, &merchant_id(2).to_string()).due, Parts::default());
    let brand = standing_of(&shop, "acme").due.sum();
    assert!(0 < brand && brand < share_of(&shop, "acme"), "the brand has a share of both");
    shop.fire(&merchant(2), "acknowledge").fire(&merchant(2), "ship").fire(&merchant(2), "complete").wait("31d");
    assert_eq!(standing_of(&shop, "acme").due.sum(), share_of(&shop, "acme"));
}

#[test]
fn what_was_refunded_is_not_due_and_a_whole_refund_leaves_nothing() {
    let mut shop = order_in("marketplace").go();
    shop.fire(&merchant(1), "acknowledge").fire(&merchant(1), "ship").fire(&merchant(1), "complete").wait("31d");
    let total = shop.order.total;
    shop.refund(some(total)).expect("all of it");
    assert_eq!(standing_of(&shop, &first()).due.sum(), 0);
}

#[test]
fn a_disputed_payment_holds_what_is_due() {
    let mut shop = order_in("marketplace").go();
    shop.fire(&merchant(1), "acknowledge").fire(&merchant(1), "ship").fire(&merchant(1), "complete").wait("31d");
    assert!(!standing_of(&shop, &first()).is_held);
    shop.order.payments[0].disputed = true;
    assert!(standing_of(&shop, &first()).is_held);
}

/// A party's whole life with payouts, and the book of it.
#[derive(Clone, Debug, Default)]
struct World {
    book: BTreeMap<String, i64>,
    /// Net of each order, whether it is due, and what of it went into payouts.
    orders: Vec<(i64, bool, i64)>,
    /// What is kept back, and in how many rounds it is released.
    reserves: Vec<(i64, u32)>,
    /// Payouts on their way or arrived, and those that wait.
    paid: Vec<i64>,
    parked: Vec<i64>,
    minimum: i64,
    reserve_basis_points: i64,
}

fn party() -> PartyRef {
    PartyRef { kind: PartyKind::Merchant, id: "mer_1".to_owned() }
}

impl World {
    fn post(&mut self, lines: &[(Account, i64)]) {
        assert_eq!(lines.iter().map(|l| l.1).sum::<i64>(), 0);
        for (account, amount) in lines {
            *self.book.entry(account.to_string()).or_default() += amount;
        }
    }

    fn balance(&self, account: &Account) -> i64 {
        self.book.get(&account.to_string()).copied().unwrap_or(0)
    }

    fn sell(&mut self, share: i64) {
        self.orders.push((share, false, 0));
        self.post(&[(Account::Clearing, share), (Account::Party(party()), -share)]);
    }

    fn refund(&mut self, which: usize, amount: i64) {
        let Some((net, ..)) = self.orders.get_mut(which) else { return };
        *net -= amount;
        self.post(&[(Account::Clearing, -amount), (Account::Party(party()), amount)]);
    }

    fn due(&self) -> i64 {
        let of = |(net, is_due, paid): &(i64, bool, i64)| {
            if *is_due || *net < 0 { net - paid } else { net.min(paid) - paid }
        };
        self.orders.iter().map(of).sum()
    }

    fn run(&mut self) {
        let released: i64 = self.reserves.iter().filter(|r| r.1 == 0).map(|r| r.0).sum();
        let facts = Facts {
            orders: self.due(),
            released,
            carried: self.parked.iter().sum(),
            receivable: self.balance(&Account::Receivable(party())),
            minimum: self.minimum,
            reserve_basis_points: self.reserve_basis_points,
        };
        if let Verdict::Settle(made) = settle(&facts) {
            self.settle(&made, released);
        }
        self.reserves.iter_mut().for_each(|r| r.1 = r.1.saturating_sub(1));
    }

    fn settle(&mut self, made: &Settlement, released: i64) {
        assert_eq!(made.released, released, "all that is to be released is released at once");
        for (net, is_due, paid) in &mut self.orders {
            *paid = if *is_due || *net < 0 { *net } else { (*net).min(*paid) };
        }
        self.reserves.retain(|r| r.1 > 0);
        if made.held > 0 {
            self.reserves.push((made.held, 3));
        }
        self.parked.clear();
        self.post(&made.settling(&party()));
        self.post(&made.paying(&party()));
        if made.amount > 0 {
            self.paid.push(made.amount);
        }
    }

    fn come_back(&mut self, which: usize) {
        if self.paid.is_empty() {
            return;
        }
        let amount = self.paid.swap_remove(which % self.paid.len());
        self.parked.push(amount);
        self.post(&[(Account::PayoutsInTransit, amount), (Account::Party(party()), -amount)]);
    }

    fn check(&self) {
        let paid: i64 = self.paid.iter().sum();
        let shares: i64 = self.orders.iter().map(|o| o.0).sum();
        let kept = -self.balance(&Account::Reserve(party()));
        let owed = self.balance(&Account::Receivable(party()));
        let left = -self.balance(&Account::Party(party()));
        assert_eq!(self.book.values().sum::<i64>(), 0);
        assert_eq!(paid, -self.balance(&Account::PayoutsInTransit), "what is paid is what is in the book");
        assert_eq!(kept, self.reserves.iter().map(|r| r.0).sum::<i64>(), "the reserve is what payouts kept back");
        assert_eq!(paid + kept - owed + left, shares, "paid, kept, owed and left are all of the shares");
        assert!(kept >= 0 && owed >= 0, "{self:?}");
        let unpaid: i64 = self.orders.iter().map(|o| o.0 - o.2).sum();
        assert_eq!(left, unpaid + self.parked.iter().sum::<i64>(), "what is left is what no payout has");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn any_order_of_events_ends_in_the_same_books(
        steps in prop::collection::vec((0u8..7, 0usize..6, 1i64..50_000), 1..60),
        minimum in 0i64..20_000, reserve_basis_points in 0i64..3_000,
    ) {
        let mut world = World { minimum, reserve_basis_points, ..World::default() };
        for (kind, which, amount) in steps {
            match kind {
                0 | 1 => world.sell(amount),
                2 => if let Some(order) = world.orders.get_mut(which) { order.1 = true },
                3 => world.refund(which, amount / 3),
                4 | 5 => world.run(),
                _ => world.come_back(which),
            }
            world.check();
        }
        // In the end everything was delivered, every wait is over and every account is mended.
        world.orders.iter_mut().for_each(|o| o.1 = true);
        (world.minimum, world.reserve_basis_points) = (0, 0);
        for _ in 0..8 {
            world.run();
            world.check();
        }
        let shares: i64 = world.orders.iter().map(|o| o.0).sum();
        let paid: i64 = world.paid.iter().sum();
        let owed = world.balance(&Account::Receivable(party()));
        prop_assert_eq!(paid - owed, shares, "all that was earned was paid, and what was paid too much is owed");
        prop_assert_eq!(world.balance(&Account::Reserve(party())), 0);
        prop_assert_eq!(world.balance(&Account::Party(party())), 0);
        prop_assert!(world.parked.is_empty());
    }
}
