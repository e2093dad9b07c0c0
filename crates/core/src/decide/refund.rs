//! Money that goes back: by staff, by a customer's request that staff grants, or because something was cancelled.
//!
//! The bound: what went back and what is on its way back never exceeds what was captured, of the order and of each line. It is checked
//! on the aggregate, whose version guards the commit, so two refunds at once cannot break it.

use serde_json::json;

use super::run::Run;
use super::{MerchantView, Outcome, RefundRequest, Refusal, dispute, outcome as effects, refund_items_json, shares};
use crate::id::{ItemId, RefundId};
use crate::money::allocate;
use crate::order::{Refund, RefundItem, RefundState};

/// Gives money back, on staff's word.
pub(super) fn refund(run: &mut Run<'_, '_>, request: &RefundRequest) -> Result<(), Refusal> {
    let (amount, items) = measure(run, request)?;
    not_while_paying(run)?;
    dispute::not_while_charged_back(run)?;
    let id = start(run, amount, items, request.items.is_some(), &request.reason, request.initiate_payment_refund);
    run.refund = Some(id);
    Ok(())
}

/// Writes a customer's request down. It holds no money back: staff decides, and then the bound is checked.
pub(super) fn request(run: &mut Run<'_, '_>, request: &RefundRequest) -> Result<(), Refusal> {
    let (amount, items) = measure(run, request)?;
    let id = RefundId(run.next_id());
    let shown = run.order.currency.show(amount);
    run.order.refunds.push(Refund {
        id,
        payment_id: None,
        amount,
        reason: request.reason.clone(),
        state: RefundState::Requested,
        items,
        by_item: request.items.is_some(),
        initiate_payment_refund: true,
        created_by: run.actor.id.clone(),
        effect: None,
        reference: None,
        created_at: run.now,
    });
    let metadata = json!({ "refundId": id.to_string(), "amount": amount, "reason": request.reason });
    run.log(
        "refund_requested",
        format!("The customer asks for {shown} back: {}", request.reason),
        metadata,
        true,
        MerchantView::Nobody,
    );
    run.refund = Some(id);
    Ok(())
}

/// Grants or rejects a customer's request.
pub(super) fn decide_request(run: &mut Run<'_, '_>, refund: RefundId, approve: bool) -> Result<(), Refusal> {
    let index = run.order.refunds.iter().position(|r| r.id == refund).ok_or(Refusal::UnknownRefund)?;
    if run.order.refunds[index].state != RefundState::Requested {
        return Err(Refusal::RefundDecided);
    }
    run.refund = Some(refund);
    if !approve {
        run.order.refunds[index].state = RefundState::Failed;
        run.log(
            "refund_rejected",
            "The refund was not granted".to_owned(),
            json!({ "refundId": refund.to_string() }),
            true,
            MerchantView::Nobody,
        );
        return Ok(());
    }
    let asked = run.order.refunds.remove(index);
    let wish = RefundRequest {
        amount: (!asked.by_item).then_some(asked.amount),
        items: asked.by_item.then(|| {
            asked
                .items
                .iter()
                .map(|i| super::RefundRequestItem { item: i.item_id, quantity: i.quantity, amount: Some(i.amount) })
                .collect()
        }),
        reason: asked.reason.clone(),
        initiate_payment_refund: true,
    };
    let (amount, items) = measure(run, &wish)?;
    not_while_paying(run)?;
    dispute::not_while_charged_back(run)?;
    let id = start(run, amount, items, asked.by_item, &asked.reason, true);
    // The request keeps its id: the customer follows it.
    if let Some(refund) = run.order.refunds.iter_mut().find(|r| r.id == id) {
        refund.id = asked.id;
        refund.created_by.clone_from(&asked.created_by);
        refund.created_at = asked.created_at;
    }
    run.order.refunds.sort_by_key(|r| r.id);
    run.refund = Some(asked.id);
    Ok(())
}

/// Gives back what was captured for lines that became cancelled.
pub(super) fn cancelled(run: &mut Run<'_, '_>, lines: &[ItemId]) {
    let parts: Vec<RefundItem> = run
        .order
        .items
        .iter()
        .filter(|i| lines.contains(&i.id) && run.order.left_of(i) > 0)
        .map(|i| RefundItem { item_id: i.id, quantity: Some(i.quantity), amount: run.order.left_of(i) })
        .collect();
    let amount: i64 = parts.iter().map(|p| p.amount).sum();
    if amount > 0 && dispute::holds_back(run, amount) {
        return;
    }
    if amount > 0 {
        let reason = run.cause.reason.clone().unwrap_or_else(|| "cancelled".to_owned());
        start(run, amount, parts, true, &reason, true);
    }
}

/// A payment step that fails may give everything back; a refund that began meanwhile would go back twice.
fn not_while_paying(run: &Run<'_, '_>) -> Result<(), Refusal> {
    if run.is_paying()? { Err(Refusal::PaymentInProgress) } else { Ok(()) }
}

/// How many units of the line were refunded as units, or are on their way.
fn units_refunded(run: &Run<'_, '_>, item: ItemId) -> i64 {
    let running = run.order.refunds.iter().filter(|r| matches!(r.state, RefundState::Pending | RefundState::Succeeded));
    running.flat_map(|r| &r.items).filter(|i| i.item_id == item).filter_map(|i| i.quantity).sum()
}

/// How much a wish comes to, line by line.
fn measure(run: &Run<'_, '_>, request: &RefundRequest) -> Result<(i64, Vec<RefundItem>), Refusal> {
    let left = run.order.left();
    let too_large = |left: i64| Refusal::RefundTooLarge { available: run.order.currency.show(left) };
    let positive = |pointer: &str, amount: i64| match amount {
        1.. => Ok(()),
        _ => Err(Refusal::Invalid {
            pointer: pointer.to_owned(),
            message: "must be at least 1 (minor units)".to_owned(),
        }),
    };
    let Some(wanted) = &request.items else {
        let amount = request.amount.unwrap_or(left);
        if request.amount.is_some() {
            positive("/amount", amount)?;
        }
        if amount > left || left == 0 {
            return Err(too_large(left));
        }
        // Taken from what each line has left, so that every line's money is known at any time.
        let weights: Vec<i64> = run.order.items.iter().map(|i| run.order.left_of(i)).collect();
        let parts = allocate(amount, &weights);
        let items = run.order.items.iter().zip(parts).filter(|(_, p)| *p > 0);
        return Ok((amount, items.map(|(i, amount)| RefundItem { item_id: i.id, quantity: None, amount }).collect()));
    };
    if wanted.is_empty() {
        let message = "name at least one item, or leave `items` out".to_owned();
        return Err(Refusal::Invalid { pointer: "/items".to_owned(), message });
    }
    let mut items: Vec<RefundItem> = Vec::new();
    for (n, wish) in wanted.iter().enumerate() {
        let item = run.order.item(wish.item).ok_or(Refusal::UnknownItem)?;
        if items.iter().any(|i| i.item_id == wish.item) {
            return Err(Refusal::Invalid {
                pointer: format!("/items/{n}/itemId"),
                message: "this item is named twice".to_owned(),
            });
        }
        if wish.quantity.is_some_and(|q| q < 1 || q > item.quantity) {
            let message = format!("must be between 1 and {}", item.quantity);
            return Err(Refusal::Invalid { pointer: format!("/items/{n}/quantity"), message });
        }
        let line_left = run.order.left_of(item);
        let amount = match (wish.amount, wish.quantity) {
            (Some(amount), _) => amount,
            (None, Some(q)) => {
                // Counted on from the units before, so that unit by unit comes to the whole.
                let before = units_refunded(run, wish.item);
                let upto = |units: i64| allocate(item.captured, &[units, item.quantity - units])[0];
                match before + q {
                    units if units > item.quantity => return Err(too_large(line_left)),
                    units if units == item.quantity => line_left,
                    units => upto(units) - upto(before),
                }
            }
            (None, None) => line_left,
        };
        if wish.amount.is_some() {
            positive(&format!("/items/{n}/amount"), amount)?;
        }
        if amount > line_left || amount == 0 {
            return Err(too_large(line_left));
        }
        items.push(RefundItem { item_id: wish.item, quantity: wish.quantity, amount });
    }
    let sum = items.iter().map(|i| i.amount).sum();
    match request.amount {
        Some(amount) if amount != sum => {
            let message = format!("must be the sum of the items' amounts, {sum}, or be left out");
            Err(Refusal::Invalid { pointer: "/amount".to_owned(), message })
        }
        _ if sum > left => Err(too_large(left)),
        _ => Ok((sum, items)),
    }
}

/// Begins a refund that was measured: the money counts as on its way back from here on.
fn start(
    run: &mut Run<'_, '_>,
    amount: i64,
    items: Vec<RefundItem>,
    by_item: bool,
    reason: &str,
    initiate: bool,
) -> RefundId {
    let id = RefundId(run.next_id());
    for part in &items {
        if let Some(item) = run.order.items.iter_mut().find(|i| i.id == part.item_id) {
            item.refunding += part.amount;
        }
    }
    let payment_id = run.order.payments.iter().rev().find(|p| p.captured > p.refunded).map(|p| p.id);
    let effect = match payment_id {
        Some(payment) if initiate => Some(effects::refund_effect(run, payment, amount)),
        _ => None,
    };
    run.order.refunds.push(Refund {
        id,
        payment_id,
        amount,
        reason: reason.to_owned(),
        state: RefundState::Pending,
        items,
        by_item,
        initiate_payment_refund: initiate,
        created_by: run.actor.id.clone(),
        effect,
        reference: None,
        created_at: run.now,
    });
    if effect.is_none() {
        let index = run.order.refunds.len() - 1;
        succeeded(run, index);
    }
    id
}

/// What the provider said to a refund.
pub(super) fn outcome(run: &mut Run<'_, '_>, index: usize, outcome: &Outcome) -> Result<(), Refusal> {
    match outcome {
        Outcome::InDoubt | Outcome::ActionRequired { .. } => Ok(()),
        Outcome::Done { reference, .. } => {
            run.order.refunds[index].reference.clone_from(reference);
            succeeded(run, index);
            Ok(())
        }
        Outcome::Declined { code } => {
            let refund = &mut run.order.refunds[index];
            refund.state = RefundState::Failed;
            refund.effect = None;
            let (id, amount, parts) = (refund.id, refund.amount, refund.items.clone());
            for part in parts {
                if let Some(item) = run.order.items.iter_mut().find(|i| i.id == part.item_id) {
                    item.refunding -= part.amount;
                }
            }
            let shown = run.order.currency.show(amount);
            let metadata = json!({ "refundId": id.to_string(), "amount": amount, "code": code });
            run.log(
                "refund_failed",
                format!("The refund of {shown} failed: {}", code.replace('_', " ")),
                metadata,
                false,
                MerchantView::Nobody,
            );
            Ok(())
        }
    }
}

/// The money went back: the line's, the payment's and the parties' shares follow, and the books.
fn succeeded(run: &mut Run<'_, '_>, index: usize) {
    let refund = &mut run.order.refunds[index];
    refund.state = RefundState::Succeeded;
    refund.effect = None;
    let (id, amount, parts, payment, reason) =
        (refund.id, refund.amount, refund.items.clone(), refund.payment_id, refund.reason.clone());
    for part in &parts {
        if let Some(item) = run.order.items.iter_mut().find(|i| i.id == part.item_id) {
            item.refunded += part.amount;
        }
    }
    if let Some(payment) = run.order.payments.iter_mut().find(|p| Some(p.id) == payment) {
        payment.refunded += amount;
    }
    let mut lines = vec![(effects::CLEARING.to_owned(), -amount)];
    lines.extend(shares::take_back(&mut run.order, &parts));
    run.post_about("refund", Some(id.to_string()), lines);
    let metadata =
        json!({ "refundId": id.to_string(), "amount": amount, "reason": reason, "items": refund_items_json(&parts) });
    run.log(
        "refunded",
        format!("{} refunded: {reason}", run.order.currency.show(amount)),
        metadata.clone(),
        true,
        MerchantView::Nobody,
    );
    run.emit("order.refunded", metadata);
}

/// A refund that had succeeded failed after all: the money is with the provider again, and the customer is owed it.
///
/// Everything that [`succeeded`] did to the money is reversed, never edited; where the order stands is left to staff, who refund again.
pub(super) fn failed_later(run: &mut Run<'_, '_>, refund: RefundId, code: &str) -> Result<(), Refusal> {
    let found = run.order.refunds.iter_mut().find(|r| r.id == refund && r.state == RefundState::Succeeded);
    let Some(refund) = found else { return Err(Refusal::StaleOutcome) };
    refund.state = RefundState::Failed;
    let (id, amount, parts, payment) = (refund.id, refund.amount, refund.items.clone(), refund.payment_id);
    for part in &parts {
        if let Some(item) = run.order.items.iter_mut().find(|i| i.id == part.item_id) {
            item.refunded -= part.amount;
            item.refunding -= part.amount;
        }
    }
    if let Some(payment) = run.order.payments.iter_mut().find(|p| Some(p.id) == payment) {
        payment.refunded -= amount;
    }
    let mut lines = vec![(effects::CLEARING.to_owned(), amount)];
    lines.extend(shares::give_back(&mut run.order, &parts).into_iter().map(|(account, part)| (account, -part)));
    dispute::even_out(&mut run.order);
    run.post("refund_failed", lines);
    let words = code.replace('_', " ");
    let message =
        format!("The refund of {} failed later: {words}. Refund it another way", run.order.currency.show(amount));
    let metadata = json!({ "refundId": id.to_string(), "amount": amount, "code": code });
    run.log("refund_failed", message, metadata.clone(), false, MerchantView::Nobody);
    run.emit("refund.failed", metadata);
    Ok(())
}

/// The payment machine undid a capture: everything goes back at once.
pub(super) fn undone(run: &mut Run<'_, '_>) {
    let amount = run.order.left();
    let parts = run.order.items.iter().filter(|i| run.order.left_of(i) > 0);
    let parts: Vec<RefundItem> =
        parts.map(|i| RefundItem { item_id: i.id, quantity: None, amount: run.order.left_of(i) }).collect();
    if amount > 0 {
        let reason = run.order.payment_reason.clone().unwrap_or_else(|| "undone".to_owned());
        // The provider has already done it, so nothing is initiated.
        start(run, amount, parts, false, &reason, false);
    }
}
