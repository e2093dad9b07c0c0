//! What holds of every order after every decision (invariants 3 and 4), recomputed from the order and the decision alone.
//!
//! The checker asks it of every joint state that it explores, and the tests of every decision that they see. What depends on what a
//! workflow's states mean (is this item still promised?) is not here, nor what needs the whole history (the timeline's chain).

use crate::decide::{Decision, StockMoveKind};
use crate::order::{Item, Order, RefundState, Reservation};

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
        parts.filter(|part| part.item_id == item.id).map(|part| part.amount).sum()
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
        let taken = split.refunded + order.borne_by(&split.party);
        must(0 <= split.refunded && taken <= split.amount, || format!("a share is overdrawn: {split:?}"))?;
    }
    charged_back_in_bounds(order)?;
    for (n, split) in order.splits.iter().enumerate() {
        let twice = order.splits[..n].iter().any(|other| other.party == split.party);
        must(!twice, || format!("a party has two shares: {split:?}"))?;
    }
    let sum = |f: fn(&Item) -> i64| order.items.iter().map(f).sum::<i64>();
    equal("captured for the lines", sum(|i| i.captured), captured)?;
    equal("on its way back for the lines", sum(|i| i.refunding), refunding)?;
    equal("given back for the lines", sum(|i| i.refunded), refunded)?;
    equal("given back of the payments", order.payments.iter().map(|p| p.refunded).sum(), refunded)?;
    for refund in &order.refunds {
        equal("a refund and its lines", refund.items.iter().map(|i| i.amount).sum(), refund.amount)?;
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

/// What is held at the provider: authorised, and neither taken nor released.
pub fn held(order: &Order) -> i64 {
    order.payments.iter().map(|p| if p.captured > 0 { 0 } else { p.authorised - p.voided }).sum()
}

/// What providers owe us for the order: taken, and neither refunded nor taken back by a bank with its fees.
pub fn at_provider(order: &Order) -> i64 {
    let taken: i64 = order.chargebacks().map(|c| c.withdrawn + c.fee).sum();
    order.captured() - order.refunded() - taken
}

/// Units that are reserved, and units that left.
fn units(order: &Order) -> (i64, i64) {
    order.items.iter().fold((0, 0), |(reserved, left), item| match item.reservation {
        Reservation::Held | Reservation::Committed => (reserved + item.quantity, left),
        Reservation::Shipped => (reserved, left + item.quantity),
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
                "provider/clearing" => clearing += amount,
                "provider/held" => on_hold += amount,
                party if party.starts_with("party/") => parties += amount,
                _ => {}
            }
        }
    }
    let change = |f: fn(&Order) -> i64| f(&decision.order) - before.map_or(0, f);
    equal("booked at the provider", clearing, change(at_provider))?;
    equal("booked as held", on_hold, change(held))?;
    equal(
        "booked for the parties",
        parties,
        change(|o| o.borne_by_parties() + o.splits.iter().map(|s| s.refunded - s.amount).sum::<i64>()),
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
        }
    }
    equal("reserved units", reserved, change(|o| units(o).0))?;
    equal("units that left", left, change(|o| units(o).1))
}
