//! What holds of every order after every decision (invariants 3 and 4), recomputed from the order and the decision alone.
//!
//! The checker asks it of every joint state that it explores, and the tests of every decision that they see. What depends on what a
//! workflow's states mean (is this item still promised?) is not here, nor what needs the whole history (the timeline's chain).

use crate::decide::{Decision, StockMoveKind};
use crate::ledger::Account;
use crate::order::{Item, Order, PartyKind, Refund, RefundItem, RefundState, Reservation, Split};

/// Says what does not hold.
type Finding = Result<(), String>;

fn must(holds: bool, what: impl FnOnce() -> String) -> Finding {
    if holds { Ok(()) } else { Err(what()) }
}

fn equal(what: &str, a: i64, b: i64) -> Finding {
    must(a == b, || format!("{what}: {a} is not {b}"))
}

/// Checks that an order's sums agree with each other; the error says which do not.
pub fn order(order: &Order) -> Finding {
    for item in &order.items {
        line(item)?;
        of_refunds(order, item)?;
    }
    let sum = |f: fn(&Item) -> i64| order.items.iter().map(f).sum::<i64>();
    equal("the lines and the total", sum(Item::due), order.total)?;
    equal("the total and its parts", sum(|i| i.total) + order.shipping_cost + order.rounding_amount, order.total)?;
    equal("the subtotal", order.subtotal, sum(|i| i.price * i.quantity))?;
    equal("the discount", order.discount_amount, sum(|i| i.discount_amount))?;
    money(order)
}

fn line(item: &Item) -> Finding {
    let goods = item.price * item.quantity - item.discount_amount;
    must(item.quantity > 0 && item.discount_amount >= 0 && item.gst_amount >= 0 && item.due() >= 0, || {
        format!("a line has a negative amount: {item:?}")
    })?;
    must(item.total == goods || item.total == goods + item.gst_amount, || {
        format!("a line does not cost what its units cost: {item:?}")
    })?;
    must(0 <= item.refunded && item.refunded <= item.refunding && item.refunding <= item.captured, || {
        format!("more is refunded for a line than was captured for it: {item:?}")
    })?;
    must(item.captured == 0 || item.captured == item.due(), || format!("a line was captured in part: {item:?}"))
}

fn of_refunds(order: &Order, item: &Item) -> Finding {
    let sum = |pending: bool| -> i64 {
        let counts = |s| s == RefundState::Succeeded || (pending && s == RefundState::Pending);
        let parts = order.refunds.iter().filter(|r| counts(r.state)).flat_map(|r| &r.items);
        parts.filter(|part| part.item_id == item.id).map(RefundItem::value).sum()
    };
    equal("what went back for a line", sum(false), item.refunded)?;
    equal("what is on its way back for a line", sum(true), item.refunding)
}

fn money(order: &Order) -> Finding {
    let (captured, refunded, refunding) = (order.captured(), order.refunded(), order.refunding());
    let charged_back = order.charged_back();
    must(refunding + charged_back <= captured, || {
        format!("{refunding} go back and {charged_back} are charged back of {captured} captured")
    })?;
    let shares: i64 = order.splits.iter().map(|s| s.amount - s.refunded - order.borne_by(&s.party)).sum();
    equal("what is left and the parties' shares", captured - refunded - order.borne_by_parties(), shares)?;
    for split in &order.splits {
        let (got, gave) = of_pools(order, split);
        let borne = order.borne_by(&split.party);
        equal("a share and the lines that it is of", got, split.amount)?;
        equal(
            "what a party gave back, beside what it bore or kept",
            gave,
            split.refunded + borne - adjusted(order, split),
        )?;
    }
    for pool in &order.pools {
        let within = pool.amounts.iter().zip(&pool.refunded).all(|(amount, back)| (0..=*amount).contains(back));
        must(within && (0..=pool.subsidy).contains(&pool.subsidy_back), || format!("a pool is overdrawn: {pool:?}"))?;
    }
    charged_back_in_bounds(order)?;
    for (n, split) in order.splits.iter().enumerate() {
        let twice = order.splits[..n].iter().any(|other| other.party == split.party);
        must(!twice, || format!("a party has two shares: {split:?}"))?;
    }
    let sum = |f: fn(&Item) -> i64| order.items.iter().map(f).sum::<i64>();
    equal("captured for the lines", sum(|i| i.captured), captured)?;
    let runs = |r: &&Refund| matches!(r.state, RefundState::Pending | RefundState::Succeeded);
    let beside = |went: bool| -> i64 {
        let counts = |r: &&Refund| runs(r) && (!went || r.state == RefundState::Succeeded);
        order.refunds.iter().filter(counts).flat_map(|r| &r.adjust).map(|(_, amount)| amount).sum()
    };
    equal("on its way back for the lines", sum(|i| i.refunding), refunding - beside(false))?;
    equal("given back for the lines", sum(|i| i.refunded), refunded - beside(true))?;
    let by_bank = order.refunds.iter().filter(|r| r.state == RefundState::Succeeded && r.payment_id.is_none());
    let by_bank: i64 = by_bank.map(|r| r.amount).sum();
    equal("given back of the payments", order.payments.iter().map(|p| p.refunded).sum(), refunded - by_bank)?;
    for payment in &order.payments {
        let of = order.refunds.iter().filter(|r| runs(r) && r.payment_id == Some(payment.id));
        let back: i64 = of.map(|r| r.amount).sum();
        must(back <= payment.captured, || format!("{back} go back of {payment:?}"))?;
    }
    for refund in &order.refunds {
        let values: i64 = refund.items.iter().map(RefundItem::value).sum();
        let beside: i64 = refund.adjust.iter().map(|(_, amount)| amount).sum();
        equal("a refund and what it is of", values + beside, refund.amount)?;
        let sane = |i: &RefundItem| i.amount >= 0 && i.kept >= 0 && (0..=i.value()).contains(&i.shipping);
        must(refund.items.iter().all(sane), || format!("a part of a refund is negative: {refund:?}"))?;
        let known = refund.items.iter().all(|i| order.item(i.item_id).is_some());
        must(known, || format!("a refund is for no line: {refund:?}"))?;
        must(refund.effect.is_some() == (refund.state == RefundState::Pending), || {
            format!("a refund waits for nothing, or an effect for no refund: {refund:?}")
        })?;
    }
    Ok(())
}

/// Nothing is lost that was not taken, and nothing is borne that was not lost.
fn charged_back_in_bounds(order: &Order) -> Finding {
    for chargeback in order.chargebacks() {
        let of_lines: i64 = chargeback.parts.iter().map(|p| p.amount).sum();
        let of_parties: i64 = chargeback.borne.iter().map(|b| b.amount).sum();
        must(0 <= of_parties && of_parties <= of_lines && of_lines <= chargeback.lost, || {
            format!("more is borne than was lost: {chargeback:?}")
        })?;
        must(chargeback.lost <= chargeback.withdrawn, || format!("more is lost than was taken: {chargeback:?}"))?;
    }
    for item in &order.items {
        must(order.left_of(item) >= 0, || format!("more is taken back of a line than it brought: {item:?}"))?;
    }
    Ok(())
}

/// What a party's split got of the pools, and gave back.
fn of_pools(order: &Order, split: &Split) -> (i64, i64) {
    let mut sums = (0, 0);
    for pool in &order.pools {
        let own =
            pool.shares.iter().zip(pool.amounts.iter().zip(&pool.refunded)).filter(|(s, _)| s.party == split.party);
        sums = own.fold(sums, |sums, (_, (amount, back))| (sums.0 + amount, sums.1 + back));
        if split.party.kind == PartyKind::Platform {
            sums = (sums.0 - pool.subsidy, sums.1 - pool.subsidy_back);
        }
    }
    sums
}

/// What a party bore beside its shares, less what it kept.
fn adjusted(order: &Order, split: &Split) -> i64 {
    let went = order.refunds.iter().filter(|r| r.state == RefundState::Succeeded).flat_map(|r| &r.adjust);
    let own = went.filter(|(account, _)| match Account::parse(account).and_then(|a| a.party().cloned()) {
        Some(party) => party == split.party,
        None => split.party.kind == PartyKind::Platform,
    });
    own.map(|(_, amount)| amount).sum()
}

/// What is held at the provider: authorised, and neither taken nor released.
pub fn held(order: &Order) -> i64 {
    order.payments.iter().map(|p| if p.captured > 0 { 0 } else { p.authorised - p.voided }).sum()
}

/// What was taken for the order and is not the customer's again at somebody's cost: with providers, with banks that decide, or spent.
fn with_banks(order: &Order) -> i64 {
    order.captured() - order.refunded() - order.borne_by_parties()
}

/// Units that are reserved, and units that left.
fn units(order: &Order) -> (i64, i64) {
    order.items.iter().fold((0, 0), |(reserved, left), item| match item.reservation {
        Reservation::Held | Reservation::Committed => (reserved + item.quantity, left),
        Reservation::Shipped => (reserved, left + item.quantity - item.restocked),
        Reservation::Released => (reserved, left),
    })
}

/// Checks that what a decision books and moves is what it changed on the order; `before` is `None` at a placement that reserved its own
/// units. The error says what does not agree.
pub fn decision(before: Option<&Order>, decision: &Decision) -> Finding {
    let mut clearing = 0;
    let mut on_hold = 0;
    let mut parties = 0;
    for posting in &decision.postings {
        equal("a posting and nothing", posting.lines.iter().map(|l| l.1).sum(), 0)?;
        for (account, amount) in &posting.lines {
            match account.as_str() {
                "provider/clearing" | "bank" | "platform/fees" | "disputes/held" | "disputes/lost" => {
                    clearing += amount
                }
                "provider/held" => on_hold += amount,
                "platform/tax" | "platform/discounts" => parties += amount,
                party if party.starts_with("party/") => parties += amount,
                _ => {}
            }
        }
    }
    let change = |f: fn(&Order) -> i64| f(&decision.order) - before.map_or(0, f);
    let fees = |o: &Order| o.fees.iter().map(|(_, fee)| fee).sum::<i64>();
    equal("booked at the provider and the bank", clearing, change(with_banks) - change(fees))?;
    equal("booked as held", on_hold, change(held))?;
    equal(
        "booked for the parties",
        parties,
        change(|o| o.borne_by_parties() + o.splits.iter().map(|s| s.refunded - s.amount).sum::<i64>()) + change(fees),
    )?;
    let mut reserved = 0;
    let mut left = 0;
    for moved in &decision.stock {
        must(moved.quantity > 0, || format!("nothing is moved: {moved:?}"))?;
        match moved.kind {
            StockMoveKind::Reserve => reserved += moved.quantity,
            StockMoveKind::Commit => {}
            StockMoveKind::Release => reserved -= moved.quantity,
            StockMoveKind::Ship => {
                reserved -= moved.quantity;
                left += moved.quantity;
            }
            StockMoveKind::Return => left -= moved.quantity,
            StockMoveKind::WriteOff => {}
        }
    }
    equal("reserved units", reserved, change(|o| units(o).0))?;
    equal("units that left", left, change(|o| units(o).1))
}
