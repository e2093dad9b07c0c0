//! What an order is worth to each party by now: as much of its money as nothing can take back by a return any more.
//!
//! The book says what a party has of an order, whatever caused it; the lines of the order say which part of that is due: those that were
//! delivered, and whose time to return is over. Counted from the beginning each time, never added up, so that any sequence of deliveries,
//! refunds and payouts ends at the same sum.

use crate::ledger::Account;
use crate::order::{Item, Order, PartyKind, PartyRef};
use crate::time::Timestamp;

/// A line of the book that is about an order. Minor units, a debit positive.
#[derive(Clone, Copy, Debug)]
pub struct OrderLine<'a> {
    /// The account's name.
    pub account: &'a str,
    /// split, refund, ….
    pub cause: &'a str,
    /// Minor units.
    pub amount: i64,
}

/// What a party gets, by what it is for. Minor units; what the party gets is positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Shares of what customers paid.
    pub share: i64,
    /// Its part of refunds.
    pub refund: i64,
    /// Fees.
    pub fee: i64,
    /// Chargebacks, transfers at the provider, and whatever else was booked.
    pub other: i64,
}

impl Parts {
    /// All together.
    pub fn sum(self) -> i64 {
        self.share + self.refund + self.fee + self.other
    }

    /// What is between an earlier one and this.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            share: self.share - earlier.share,
            refund: self.refund - earlier.refund,
            fee: self.fee - earlier.fee,
            other: self.other - earlier.other,
        }
    }

    fn add(&mut self, cause: &str, amount: i64) {
        let part = match cause {
            "split" => &mut self.share,
            _ if cause.starts_with("refund") => &mut self.refund,
            _ if cause.starts_with("fee") => &mut self.fee,
            _ => &mut self.other,
        };
        *part += amount;
    }
}

/// What an order is worth to a party by now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Who.
    pub party: PartyRef,
    /// How much, since the order began.
    pub due: Parts,
    /// Whether nothing more is to be paid for now, although it is due: a customer's bank disputes the payment.
    pub is_held: bool,
}

/// When the time to return a line is over; `None` while it is not delivered.
fn ripe_at(order: &Order, item: &Item) -> Option<Timestamp> {
    item.delivered_at.map(|at| at.plus(order.policies.return_window))
}

/// The next instant, after `as_of`, at which something of the order becomes due without anybody's doing.
pub fn next_look(order: &Order, as_of: Timestamp) -> Option<Timestamp> {
    order.items.iter().filter_map(|item| ripe_at(order, item)).filter(|at| *at > as_of).min()
}

/// What the order is worth to each party that has lines in the book, as of an instant. The platform itself is not paid out.
pub fn standings(order: &Order, lines: &[OrderLine<'_>], as_of: Timestamp) -> Vec<Standing> {
    let mut all: Vec<(PartyRef, Parts)> = Vec::new();
    for line in lines {
        let Some(Account::Party(party)) = Account::parse(line.account) else { continue };
        if party.kind == PartyKind::Platform {
            continue;
        }
        let at = all.iter().position(|(known, _)| *known == party).unwrap_or_else(|| {
            all.push((party, Parts::default()));
            all.len() - 1
        });
        all[at].1.add(line.cause, -line.amount);
    }
    let is_held = order.payments.iter().any(|p| p.disputed);
    all.into_iter().map(|(party, booked)| Standing { due: due(order, &party, booked, as_of), party, is_held }).collect()
}

/// Something of which a part is due.
#[derive(Clone, Copy, Debug, Default)]
struct Portion {
    all: i128,
    ripe: i128,
}

impl Portion {
    fn add(&mut self, amount: i64, of: Portion) {
        self.all += i128::from(amount);
        self.ripe += if of.all == 0 { 0 } else { i128::from(amount) * of.ripe / of.all };
    }
}

/// Which portion of some lines is due: of what is left of them, and of what was given up.
fn portions<'a>(order: &Order, items: impl Iterator<Item = &'a Item> + Clone, as_of: Timestamp) -> (Portion, Portion) {
    let (mut left, mut given_up, mut whole) = (Portion::default(), Portion::default(), Portion::default());
    for item in items {
        // Of a line that was given up as a whole nothing can come back any more, whether it was delivered or not.
        let is_over = item.captured > 0 && item.refunded >= item.captured;
        let is_ripe = is_over || ripe_at(order, item).is_some_and(|at| at <= as_of);
        left.all += i128::from((item.captured - item.refunded).max(0));
        given_up.all += i128::from(item.refunded);
        whole.all += i128::from(item.captured);
        if is_ripe {
            // What is on its way back to the customer is not paid to the party meanwhile.
            left.ripe += i128::from((item.captured - item.refunding.max(item.refunded)).max(0));
            given_up.ripe += i128::from(item.refunded);
            whole.ripe += i128::from(item.captured);
        }
    }
    (if left.all == 0 { whole } else { left }, given_up)
}

fn due(order: &Order, party: &PartyRef, booked: Parts, as_of: Timestamp) -> Parts {
    let net = booked.sum();
    if net <= 0 {
        // Nothing is left to be paid: what is missing is owed at once.
        return booked;
    }
    // Pool by pool: the lines of one are divided alike, those of another are not.
    let (mut all, mut back) = (Portion::default(), Portion::default());
    for pool in &order.pools {
        let (left, given_up) = portions(order, order.items.iter().filter(|i| pool.has(i)), as_of);
        for (n, _) in pool.shares.iter().enumerate().filter(|(n, s)| s.party == *party && pool.tax != Some(*n)) {
            all.add(pool.amounts[n] - pool.refunded[n], left);
            back.add(pool.refunded[n], given_up);
        }
    }
    if all.all == 0 {
        // What it has is not of its shares: a fee that was kept, a correction.
        all = portions(order, order.items.iter(), as_of).0;
    }
    if all.all == 0 {
        return Parts::default();
    }
    let sum = part(net, all);
    let refund = part(booked.refund, if back.all == 0 { all } else { back });
    let (fee, other) = (part(booked.fee, all), part(booked.other, all));
    Parts { share: sum - refund - fee - other, refund, fee, other }
}

/// The part of an amount that is due, towards zero; the whole when all is.
fn part(amount: i64, of: Portion) -> i64 {
    // Amounts of an order are far below 2^63, so the product is below 2^126.
    i64::try_from(i128::from(amount) * of.ripe / of.all).unwrap_or(amount)
}
