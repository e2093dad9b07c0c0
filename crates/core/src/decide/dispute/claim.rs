//! Claims: disputes between the people around an order. Raised by one side, answered by the other, decided by the operator.
//!
//! A decision that gives money back goes the way of every refund, within the same bounds, and the claim waits until it went back; one that is
//! rejected, replaced or withdrawn moves no money. What is not here: what is written in one (the parent), and what banks do (`chargeback`).

use std::collections::BTreeSet;

use serde_json::json;

use super::super::{
    Event, EventItem, MerchantView, RefundRequest, RefundRequestItem, Refusal, fire as fires, record, refund,
};
use super::{
    MAX_DISPUTES, OpenDispute, Readers, Verdict, announce, begin, engine, fire, note, own, possible, side, touch,
};
use crate::decide::run::Run;
use crate::dispute::{Dispute, DisputedItem, Kind, Outcome, Ruling, Side};
use crate::id::{DisputeId, MerchantId, RefundId};
use crate::money::allocate;
use crate::order::{Instance, Item, Order, Refund, RefundState, ShipmentItem};
use crate::refunds::{RefundPolicy, RefundTerms, ShippingRule, failure_words};
use crate::time::Span;

/// Raises a dispute about items of one merchant, and asks the other side.
pub(super) fn open(run: &mut Run<'_, '_>, request: &OpenDispute) -> Result<(), Refusal> {
    let raised_by = side(run.actor.role);
    if run.order.captured() == 0 {
        let why = "nothing was paid for this order: cancel it, or write a message";
        return Err(Refusal::NotDisputable { why: why.to_owned() });
    }
    if run.order.disputes.len() >= MAX_DISPUTES {
        return Err(Refusal::NotDisputable { why: format!("an order has at most {MAX_DISPUTES} disputes") });
    }
    let items = subject(run, request.items.as_deref())?;
    let merchant = merchant_of(&run.order, &items)?;
    let open = run.order.disputes.iter().filter(|d| d.kind == Kind::Claim && d.is_undecided());
    if let Some(other) = open.clone().find(|d| d.items.iter().any(|i| items.iter().any(|n| n.item_id == i.item_id))) {
        let why = format!("{} is about the same item and not over: write there, or withdraw it first", other.id);
        return Err(Refusal::NotDisputable { why });
    }
    if let Some(amount) = request.amount {
        let left = left_of(&run.order, &items);
        if amount < 1 || amount > left {
            let message = format!("must be between 1 and {left} (minor units), what is left of these items");
            return Err(Refusal::Invalid { pointer: "/amount".to_owned(), message });
        }
    }
    let (id, now) = (DisputeId(run.next_id()), run.now);
    let dispute = Dispute {
        id,
        kind: Kind::Claim,
        version: Kind::Claim.workflow().version.clone(),
        machine: unentered(now),
        raised_by,
        merchant_id: Some(merchant),
        reason: request.reason,
        wants: Some(request.wants),
        wanted_amount: request.amount,
        items,
        respond_by: Some(now.plus(request.respond_within)),
        remind: Span::ZERO,
        ruling: None,
        replacements: Vec::new(),
        chargeback: None,
        notes: 0,
        created_by: run.actor.id.clone(),
        created_at: now,
        updated_at: now,
    };
    let i = begin(run, dispute)?;
    // Who has not seen the order yet cannot be asked about it.
    let routed = run.order.merchant_orders.iter().any(|m| m.merchant_id == merchant);
    let asked = match raised_by {
        Side::Customer if routed => "ask_merchant",
        Side::Merchant => "ask_customer",
        Side::Customer | Side::Operator | Side::Bank => "escalate",
    };
    if asked == "escalate" {
        run.order.disputes[i].respond_by = None;
    }
    engine(run, i, asked)?;
    announce(run, i);
    note(run, i, None, &request.description, &[], Readers::All)
}

/// A machine that no state was entered of yet.
pub(super) fn unentered(now: crate::time::Timestamp) -> Instance {
    Instance {
        state: String::new(),
        since: now,
        due: None,
        first: Default::default(),
        remind_at: None,
        effect: None,
        kept: Vec::new(),
    }
}

/// The items that are named, or all that the actor sees.
fn subject(run: &Run<'_, '_>, named: Option<&[EventItem]>) -> Result<Vec<DisputedItem>, Refusal> {
    let Some(named) = named else {
        let own = run.order.items.iter().filter(|i| super::super::owns(run.actor, i.merchant_id));
        return Ok(own.map(|i| DisputedItem { item_id: i.id, quantity: i.quantity }).collect());
    };
    fires::check_items(run, named)?;
    let units = |n: &EventItem| {
        let whole = run.order.item(n.item).map_or(0, |i| i.quantity);
        DisputedItem { item_id: n.item, quantity: n.quantity.unwrap_or(whole) }
    };
    Ok(named.iter().map(units).collect())
}

/// Whose items they are. A dispute has one merchant, so that nobody reads what another merchant is told.
fn merchant_of(order: &Order, items: &[DisputedItem]) -> Result<MerchantId, Refusal> {
    let merchants: BTreeSet<MerchantId> =
        items.iter().filter_map(|i| order.item(i.item_id)).map(|i| i.merchant_id).collect();
    match merchants.iter().collect::<Vec<_>>().as_slice() {
        [one] => Ok(**one),
        [] => Err(Refusal::UnknownItem),
        _ => {
            let message = "these items are of several merchants: raise one dispute for each, and name its items";
            Err(Refusal::Invalid { pointer: "/items".to_owned(), message: message.to_owned() })
        }
    }
}

/// The lines of a dispute that are still there, with the units that are disputed of each.
fn lines<'o>(order: &'o Order, items: &'o [DisputedItem]) -> impl Iterator<Item = (&'o Item, i64)> {
    items.iter().filter_map(|i| order.item(i.item_id).map(|line| (line, i.quantity.min(line.quantity))))
}

/// What is left to give back of the disputed lines.
fn left_of(order: &Order, items: &[DisputedItem]) -> i64 {
    lines(order, items).map(|(line, _)| order.left_of(line)).sum()
}

/// The refund that a decision comes to.
pub(super) fn refund_of(order: &Order, dispute: &Dispute, verdict: &Verdict) -> Result<Option<RefundRequest>, Refusal> {
    let wrong = |message: &str| Err(Refusal::Invalid { pointer: "/amount".to_owned(), message: message.to_owned() });
    let amounts: Vec<RefundRequestItem> = match (verdict.outcome, verdict.amount) {
        (Outcome::Replace | Outcome::Reject, None) => return Ok(None),
        (Outcome::Replace | Outcome::Reject, Some(_)) => return wrong("only a partial refund has an amount"),
        (Outcome::Refund, Some(_)) => {
            return wrong("a refund gives all of these items back; decide `partial` for a part");
        }
        (Outcome::Partial, None) => return wrong("say how much goes back (minor units)"),
        (Outcome::Refund, None) => lines(order, &dispute.items)
            .filter(|(line, _)| order.left_of(line) > 0)
            .map(|(line, units)| {
                let quantity = (units < line.quantity).then_some(units);
                RefundRequestItem { item: line.id, quantity, amount: None }
            })
            .collect(),
        (Outcome::Partial, Some(amount)) => {
            let of: Vec<(&Item, i64)> =
                lines(order, &dispute.items).map(|(line, _)| (line, order.left_of(line))).collect();
            let left: i64 = of.iter().map(|(_, left)| left).sum();
            if amount < 1 {
                return wrong("must be at least 1 (minor units)");
            }
            if amount > left {
                return Err(Refusal::RefundTooLarge { available: order.currency.show(left) });
            }
            let parts = allocate(amount, &of.iter().map(|(_, left)| *left).collect::<Vec<_>>());
            let parts = of.iter().zip(parts).filter(|(_, part)| *part > 0);
            parts
                .map(|((line, _), part)| RefundRequestItem { item: line.id, quantity: None, amount: Some(part) })
                .collect()
        }
    };
    if amounts.is_empty() {
        return Err(Refusal::RefundTooLarge { available: order.currency.show(0) });
    }
    Ok(Some(RefundRequest {
        amount: None,
        items: Some(amounts),
        reason: format!("dispute {}: {}", dispute.id, dispute.reason.words()),
        initiate_payment_refund: verdict.initiate_payment_refund,
        terms: terms(verdict),
    }))
}

/// What a claim's refund goes by: the shop's policy, but nothing is kept of goods that somebody had reason to complain about, and their
/// shipping goes back with them.
fn terms(verdict: &Verdict) -> RefundTerms {
    RefundTerms {
        shipping: Some(ShippingRule::Always),
        method: verdict.method,
        policy: RefundPolicy { restocking_fee: None, ..verdict.policy.clone() },
        ..RefundTerms::default()
    }
}

/// Decides a claim: staff's word.
pub(super) fn decide(run: &mut Run<'_, '_>, id: DisputeId, verdict: &Verdict) -> Result<(), Refusal> {
    let i = own(run, id)?;
    let event = Event { event: verdict.outcome.name().to_owned(), reason: verdict.reason.clone(), ..Event::default() };
    // Whoever cannot decide it now is told so, not that the reason cannot be written.
    possible(run, i, &event.event)?;
    if let Some(reason) = verdict.reason.as_deref().filter(|r| !r.trim().is_empty()) {
        // What is decided is told while the dispute is still open to notes.
        note(run, i, None, reason, &[], Readers::All)?;
    }
    fire(run, i, &event)?;
    let wish = refund_of(&run.order, &run.order.disputes[i], verdict)?;
    let mut refunded = None;
    if let Some(wish) = wish {
        refund::refund(run, &wish)?;
        refunded = run.refund;
    }
    let amount = refunded.map(|id| parts(&run.order, id).map(|r| r.amount).sum());
    run.order.disputes[i].ruling = Some(Ruling {
        outcome: verdict.outcome,
        amount,
        refund_id: refunded,
        failure: None,
        by: run.actor.id.clone(),
        at: run.now,
    });
    touch(run, i);
    Ok(())
}

/// What became of the money that a decision gives back.
enum Progress {
    /// Somebody has to approve it, or the provider to answer.
    UnderWay,
    /// It went back.
    Done,
    /// It did not, or not all of it: a code, and how much did.
    Failed(String, i64),
}

/// The refund, and those that it made over other payments.
fn parts(order: &Order, refund: RefundId) -> impl Iterator<Item = &Refund> {
    order.refunds.iter().filter(move |r| r.id == refund || r.together == Some(refund))
}

/// A refund over several payments is as far as the last of its parts.
fn progress(order: &Order, refund: RefundId) -> Progress {
    let parts: Vec<&Refund> = parts(order, refund).collect();
    if parts.is_empty() || parts.iter().any(|r| matches!(r.state, RefundState::Requested | RefundState::Pending)) {
        return Progress::UnderWay;
    }
    let back = parts.iter().filter(|r| r.state == RefundState::Succeeded).map(|r| r.amount).sum();
    match parts.iter().find(|r| r.state == RefundState::Failed) {
        Some(failed) => Progress::Failed(failed.failure_code.clone().unwrap_or_default(), back),
        None => Progress::Done,
    }
}

/// Follows the refunds that claims were decided with: what went back ends the claim, and what did not makes it the operator's again.
pub(super) fn follow(run: &mut Run<'_, '_>) -> Result<(), Refusal> {
    for i in 0..run.order.disputes.len() {
        let Some(ruling) = run.order.disputes[i].ruling.clone() else { continue };
        let Some(refund) = ruling.refund_id else { continue };
        match progress(&run.order, refund) {
            Progress::UnderWay => {}
            Progress::Done => {
                let event = if ruling.outcome == Outcome::Partial { "partly_paid_back" } else { "paid_back" };
                engine(run, i, event)?;
            }
            Progress::Failed(code, back) => {
                if engine(run, i, "not_paid_back")? {
                    failed(run, i, &code, back);
                }
            }
        }
    }
    Ok(())
}

/// Staff is told why the claim is theirs again.
fn failed(run: &mut Run<'_, '_>, i: usize, code: &str, back: i64) {
    let currency = run.order.currency;
    let dispute = &mut run.order.disputes[i];
    let Some(ruling) = &mut dispute.ruling else { return };
    ruling.failure = Some(code.to_owned());
    let (id, asked) = (dispute.id.to_string(), ruling.amount.unwrap_or_default());
    let part = if back > 0 { format!("; {} of it went back", currency.show(back)) } else { String::new() };
    let message = format!(
        "The refund of {} that a dispute was decided with did not go through: {}{part}. Decide the dispute again",
        currency.show(asked),
        failure_words(code).message,
    );
    let facts = json!({ "disputeId": id, "refundId": ruling.refund_id.map(|r| r.to_string()), "code": code });
    run.log("needs_attention", message, facts, false, MerchantView::Nobody);
}

/// Takes a claim back.
pub(super) fn withdraw(run: &mut Run<'_, '_>, id: DisputeId) -> Result<(), Refusal> {
    let i = own(run, id)?;
    if run.order.disputes[i].raised_by != side(run.actor.role) {
        return Err(fires::not_allowed(run, "withdraw"));
    }
    fire(run, i, &Event { event: "withdraw".to_owned(), ..Event::default() })
}

/// Records the parcel that was sent instead, and ends the claim.
pub(super) fn replace(run: &mut Run<'_, '_>, id: DisputeId, parcel: &Event) -> Result<(), Refusal> {
    let i = own(run, id)?;
    fire(run, i, &Event { event: "sent".to_owned(), ..parcel.clone() })?;
    let items = run.order.disputes[i].items.clone();
    let units = lines(&run.order, &items).map(|(line, quantity)| ShipmentItem { item_id: line.id, quantity }).collect();
    record::add(run, parcel, units);
    let sent = run.order.shipments.last().map(|s| s.id);
    run.order.disputes[i].replacements.extend(sent);
    touch(run, i);
    Ok(())
}
