//! A refund begins: the money counts as on its way back from here on.
//!
//! Over several payments the newest gives back first, then the one before it: each part is a refund of its own, with its own answer from its
//! own provider, and they name each other (`together`).

use serde_json::json;

use super::super::run::Run;
use super::super::shares::Lines;
use super::super::{MerchantView, StockMove, StockMoveKind, outcome as effects};
use super::measure::Plan;
use super::settle::succeeded;
use crate::id::{PaymentId, RefundId};
use crate::order::{Order, Refund, RefundItem, RefundState};
use crate::refunds::{Back, RefundMethod, RefundTerms};
use crate::time::Timestamp;

/// By whom a refund was made, and how it goes back.
pub(super) struct Made {
    /// The id that it keeps.
    pub id: Option<RefundId>,
    pub created_by: String,
    pub created_at: Timestamp,
    pub approvals: Vec<String>,
    pub needed: u8,
    pub method: RefundMethod,
    pub reference: Option<String>,
    /// Of which payment it is, where that is not ours to choose.
    pub of: Option<PaymentId>,
}

impl Made {
    /// By the one who acts, now.
    pub fn now(run: &Run<'_, '_>, terms: &RefundTerms) -> Self {
        Self {
            id: None,
            created_by: run.actor.id.clone(),
            created_at: run.now,
            approvals: Vec::new(),
            needed: 0,
            method: terms.method,
            reference: terms.reference.clone(),
            of: None,
        }
    }
}

/// Begins a refund that was measured, and gives the id of its first part.
pub(super) fn start(
    run: &mut Run<'_, '_>,
    plan: &Plan,
    by_item: bool,
    reason: &str,
    initiate: bool,
    made: Made,
) -> RefundId {
    for part in &plan.items {
        if let Some(item) = run.order.items.iter_mut().find(|i| i.id == part.item_id) {
            item.refunding += part.value();
        }
    }
    came_back(run, plan);
    let bank = made.method == RefundMethod::Bank;
    let over = match (bank, made.of) {
        (true, _) => vec![(None, plan.amount())],
        (false, Some(payment)) => vec![(Some(payment), plan.amount())],
        (false, None) => payments(&run.order, plan.amount()),
    };
    let pieces = deal(plan, &over.iter().map(|(_, amount)| *amount).collect::<Vec<_>>());
    let first = made.id.unwrap_or_else(|| RefundId(run.next_id()));
    let together = (over.len() > 1).then_some(first);
    for (n, ((payment_id, amount), (items, adjust))) in over.into_iter().zip(pieces).enumerate() {
        let id = if n == 0 { first } else { RefundId(run.next_id()) };
        let effect = match payment_id {
            Some(payment) if initiate && !bank && amount > 0 => Some(effects::refund_effect(run, payment, amount)),
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
            created_by: made.created_by.clone(),
            effect,
            reference: made.reference.clone(),
            method: made.method,
            failure_code: None,
            adjust,
            taken: Vec::new(),
            terms: None,
            approvals_needed: made.needed,
            approvals: made.approvals.clone(),
            together,
            created_at: made.created_at,
        });
        if effect.is_none() {
            let index = run.order.refunds.len() - 1;
            succeeded(run, index);
        }
    }
    first
}

/// Which payments give how much of it: the newest first, each at most what it has left.
fn payments(order: &Order, amount: i64) -> Vec<(Option<PaymentId>, i64)> {
    let mut open = amount;
    let mut over = Vec::new();
    for payment in order.payments.iter().rev().filter(|p| p.captured > 0) {
        let runs = |r: &&Refund| {
            r.payment_id == Some(payment.id) && matches!(r.state, RefundState::Pending | RefundState::Succeeded)
        };
        let gone: i64 = order.refunds.iter().filter(runs).map(|r| r.amount).sum();
        // What a bank took of a payment cannot go back by it.
        let banks = order.chargebacks().filter(|c| c.payment_id == payment.id).flat_map(|c| &c.parts);
        let lost: i64 = banks.map(RefundItem::value).sum();
        let part = open.min(payment.captured - gone - lost);
        if part > 0 {
            over.push((Some(payment.id), part));
            open -= part;
        }
    }
    if over.is_empty() {
        over.push((None, amount));
    }
    over
}

/// Deals lines and adjustments out to parts of these amounts, so that each part is whole in itself: its amount is the sum of what its lines
/// give up and of what is borne, less what is kept.
fn deal(plan: &Plan, amounts: &[i64]) -> Vec<(Vec<RefundItem>, Lines)> {
    if let [_] = amounts {
        return vec![(plan.items.clone(), plan.adjust.clone())];
    }
    let mut items: Vec<RefundItem> = plan.items.iter().rev().cloned().collect();
    let mut borne: Lines = plan.adjust.iter().rev().filter(|(_, a)| *a > 0).cloned().collect();
    let mut keepers: Lines = plan.adjust.iter().rev().filter(|(_, a)| *a < 0).cloned().collect();
    let mut dealt = Vec::new();
    for (n, &amount) in amounts.iter().enumerate() {
        let is_last = n + 1 == amounts.len();
        let (mut open, mut kept) = (amount, 0);
        let (mut own, mut adjust) = (Vec::new(), Lines::new());
        while let Some(mut part) = items.pop() {
            if part.amount > open && !is_last {
                // What is kept of the line stays with the rest of it, and so do its units.
                let shipping = part.shipping.min(open);
                let piece = RefundItem { quantity: None, amount: open, shipping, kept: 0, ..part.clone() };
                part.amount -= open;
                part.shipping -= shipping;
                items.push(part);
                if open > 0 {
                    own.push(piece);
                }
                open = 0;
                break;
            }
            open -= part.amount;
            kept += part.kept;
            own.push(part);
        }
        while let Some((account, most)) = borne.pop() {
            let part = if is_last { most } else { most.min(open) };
            if part < most {
                borne.push((account.clone(), most - part));
            }
            if part > 0 {
                adjust.push((account, part));
            }
            open -= part;
            if open <= 0 && !is_last {
                break;
            }
        }
        while let Some((account, most)) = keepers.pop() {
            let part = if is_last { -most } else { kept.min(-most) };
            if part < -most {
                keepers.push((account.clone(), most + part));
            }
            if part > 0 {
                adjust.push((account, -part));
            }
            kept -= part;
            if kept <= 0 && !is_last {
                break;
            }
        }
        dealt.push((own, adjust));
    }
    dealt
}

/// Units that came back are on the shelf again, or are gone for good; either is on record.
fn came_back(run: &mut Run<'_, '_>, plan: &Plan) {
    for &(id, back, quantity) in &plan.back {
        let Some(item) = run.order.items.iter_mut().find(|i| i.id == id) else { continue };
        let (kind, words) = match back {
            Back::Restock => (StockMoveKind::Return, "can be sold again"),
            Back::WriteOff => (StockMoveKind::WriteOff, "cannot be sold again"),
        };
        match back {
            Back::Restock => item.restocked += quantity,
            Back::WriteOff => item.written_off += quantity,
        }
        let (sku, location, merchant) = (item.sku.clone(), item.location.clone(), item.merchant_id);
        let message = format!("{quantity} × {sku} came back and {words}");
        let metadata = json!({ "itemId": id.to_string(), "quantity": quantity, "sku": sku });
        run.add_stock(StockMove { kind, sku, location, quantity });
        run.log("returned_to_stock", message, metadata, false, MerchantView::Only(merchant));
    }
}
