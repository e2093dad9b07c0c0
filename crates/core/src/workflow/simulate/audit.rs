//! What must hold after every simulated decision: the books balance, nobody is refunded more than was captured, units are reserved, left or released once.

use std::collections::BTreeMap;

use crate::decide::{Decision, StockMoveKind};
use crate::order::{Order, RefundState, Reservation};

/// The books of one order, kept from its decisions alone.
#[derive(Debug, Default)]
pub struct Books {
    accounts: BTreeMap<String, i64>,
    /// By SKU: units reserved, and units that left.
    stock: BTreeMap<String, (i64, i64)>,
}

impl Books {
    /// Books a decision; what does not hold after it.
    pub fn book(&mut self, decision: &Decision) -> Vec<String> {
        let mut wrong = Vec::new();
        for posting in &decision.postings {
            if posting.lines.iter().map(|l| l.1).sum::<i64>() != 0 {
                wrong.push(format!("the posting `{}` does not balance", posting.cause));
            }
            for (account, amount) in &posting.lines {
                *self.accounts.entry(account.clone()).or_default() += amount;
            }
        }
        for moved in &decision.stock {
            let (reserved, left) = self.stock.entry(moved.sku.clone()).or_default();
            match moved.kind {
                StockMoveKind::Reserve => *reserved += moved.quantity,
                StockMoveKind::Commit => {}
                StockMoveKind::Release => *reserved -= moved.quantity,
                StockMoveKind::Ship => {
                    *reserved -= moved.quantity;
                    *left += moved.quantity;
                }
                StockMoveKind::Return => *left -= moved.quantity,
                StockMoveKind::WriteOff => {}
            }
        }
        self.money(&decision.order, &mut wrong);
        self.units(&decision.order, &mut wrong);
        wrong
    }

    fn account(&self, name: &str) -> i64 {
        self.accounts.get(name).copied().unwrap_or(0)
    }

    fn money(&self, order: &Order, wrong: &mut Vec<String>) {
        let (captured, refunded) = (order.captured(), order.refunded());
        let shares: i64 = order.splits.iter().map(|s| s.amount - s.refunded).sum();
        let mut must = |holds: bool, what: &str| {
            if !holds {
                wrong.push(what.to_owned());
            }
        };
        must(self.accounts.values().sum::<i64>() == 0, "the books do not balance");
        must(
            self.account("provider/clearing") + self.account("bank") == captured - refunded,
            "the provider's account and the bank's are not what was captured and not refunded",
        );
        must(shares == captured - refunded, "the parties' shares are not what was captured and not refunded");
        must(order.refunding() <= captured, "more goes back than was captured");
        must(
            order.items.iter().all(|i| i.refunded <= i.refunding && i.refunding <= i.captured),
            "more goes back for a line than was captured for it",
        );
        let running = order.refunds.iter().all(|r| r.effect.is_some() == (r.state == RefundState::Pending));
        must(running, "a refund waits for nothing");
    }

    fn units(&self, order: &Order, wrong: &mut Vec<String>) {
        let mut recomputed: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        for item in &order.items {
            let (reserved, left) = recomputed.entry(&item.sku).or_default();
            match item.reservation {
                Reservation::Held | Reservation::Committed => *reserved += item.quantity,
                Reservation::Shipped => *left += item.quantity - item.restocked,
                Reservation::Released => {}
            }
        }
        let moved = self.stock.iter().map(|(sku, units)| (sku.as_str(), *units)).collect::<BTreeMap<_, _>>();
        if recomputed != moved {
            wrong.push("the units reserved are not what the items hold".to_owned());
        }
    }
}
