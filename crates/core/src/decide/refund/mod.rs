//! Money that goes back: by staff, by a customer's request that policy or staff grants, or because something was cancelled.
//!
//! The bound: what went back and what is on its way back never exceeds what was captured, of the order and of each line. It is checked
//! on the aggregate, whose version guards the commit, so two refunds at once cannot break it.
//!
//! A refund gives up some of what lines were captured for (their `value`). Usually all of that goes back to the customer; a restocking fee is
//! kept, and goodwill goes back without a line. Whoever keeps or bears is in `adjust`: amount = Σ values + Σ adjust, always. Here is who may
//! ask and who must agree; how much it comes to is in `measure`, over which payments in `start`, what then happens in
//! `settle`, and what was made at the provider beside us in `seen`.

mod measure;
mod seen;
mod settle;
mod start;

use serde_json::json;

use self::measure::Plan;
use self::start::{Made, start};
use super::run::Run;
use super::{MerchantView, RefundRequest, Refusal, dispute};
use crate::actor::Role;
use crate::id::{ItemId, RefundId};
use crate::order::{Refund, RefundState};
use crate::refunds::{NOT_GRANTED, RefundPolicy, RefundTerms};

pub(super) use seen::seen;
pub(super) use settle::{failed_later, outcome, undone};

/// Gives money back, on staff's word; beyond the shop's limit somebody else must agree first.
pub(super) fn refund(run: &mut Run<'_, '_>, request: &RefundRequest) -> Result<(), Refusal> {
    let plan = measure::measure(run, request)?;
    not_while_paying(run)?;
    dispute::not_while_charged_back(run)?;
    let staff = matches!(run.actor.role, Role::Admin | Role::Ops | Role::Retailer);
    let over = staff.then(|| beyond(run, &request.terms.policy, plan.amount())).flatten();
    if let (Some(limit), false) = (over, request.terms.policy.report_only) {
        let shown = run.order.currency.show(plan.amount());
        let (by, limit) = (run.actor.id.clone(), run.order.currency.show(limit));
        let message = format!(
            "{shown} are to go back: {}. Beyond {limit} on one order somebody else than {by} must approve it",
            request.reason
        );
        ask(run, plan, request, vec![by], 2, (message, false));
        return Ok(());
    }
    if let Some(limit) = over {
        let limit = run.order.currency.show(limit);
        let message = format!("This refund is beyond {limit} on one order: a second person would have to approve it");
        run.log("refund_over_limit", message, json!({}), false, MerchantView::Nobody);
    }
    let by = if staff { vec![run.actor.id.clone()] } else { Vec::new() };
    let made = Made { approvals: by, ..Made::now(run, &request.terms) };
    let initiate = request.initiate_payment_refund;
    run.refund = Some(start(run, &plan, request.items.is_some(), &request.reason, initiate, made));
    Ok(())
}

/// Writes a customer's request down. It holds no money back: policy or staff decides, and then the bound is checked.
pub(super) fn request(run: &mut Run<'_, '_>, request: &RefundRequest) -> Result<(), Refusal> {
    let plan = measure::measure(run, request)?;
    let (amount, policy) = (plan.amount(), &request.terms.policy);
    let over = beyond(run, policy, amount).is_some() && !policy.report_only;
    let message = format!("The customer asks for {} back: {}", run.order.currency.show(amount), request.reason);
    let bank_decides = dispute::not_while_charged_back(run).is_err();
    if over || bank_decides || run.is_paying()? || !policy.grants(&run.order, amount, run.now) {
        ask(run, plan, request, Vec::new(), if over { 2 } else { 1 }, (message, true));
        return Ok(());
    }
    let metadata = json!({ "amount": amount, "reason": request.reason });
    run.log("refund_requested", message, metadata, true, MerchantView::Nobody);
    let granted = "Granted at once, by the shop's policy".to_owned();
    run.log("refund_approved", granted, json!({ "amount": amount }), false, MerchantView::Nobody);
    let made = Made::now(run, &request.terms);
    run.refund = Some(start(run, &plan, request.items.is_some(), &request.reason, true, made));
    Ok(())
}

/// Puts a refund before somebody.
fn ask(
    run: &mut Run<'_, '_>,
    plan: Plan,
    request: &RefundRequest,
    approvals: Vec<String>,
    needed: u8,
    (message, public): (String, bool),
) {
    let id = RefundId(run.next_id());
    let amount = plan.amount();
    run.order.refunds.push(Refund {
        id,
        payment_id: None,
        amount,
        reason: request.reason.clone(),
        state: RefundState::Requested,
        items: plan.items,
        by_item: request.items.is_some(),
        initiate_payment_refund: request.initiate_payment_refund,
        created_by: run.actor.id.clone(),
        effect: None,
        reference: None,
        method: request.terms.method,
        failure_code: None,
        adjust: plan.adjust,
        taken: Vec::new(),
        terms: Some(Box::new(request.terms.clone())),
        approvals_needed: needed,
        approvals,
        together: None,
        created_at: run.now,
    });
    let metadata = json!({ "refundId": id.to_string(), "amount": amount, "reason": request.reason });
    run.log("refund_requested", message, metadata, public, MerchantView::Nobody);
    run.refund = Some(id);
}

/// Grants or rejects a refund that waits for somebody's word.
pub(super) fn decide_request(run: &mut Run<'_, '_>, refund: RefundId, approve: bool) -> Result<(), Refusal> {
    let index = run.order.refunds.iter().position(|r| r.id == refund).ok_or(Refusal::UnknownRefund)?;
    if run.order.refunds[index].state != RefundState::Requested {
        return Err(Refusal::RefundDecided);
    }
    run.refund = Some(refund);
    let id = json!({ "refundId": refund.to_string() });
    if !approve {
        run.order.refunds[index].state = RefundState::Failed;
        run.order.refunds[index].failure_code = Some(NOT_GRANTED.to_owned());
        let public = run.order.refunds[index].approvals.is_empty();
        run.log("refund_rejected", "The refund was not granted".to_owned(), id, public, MerchantView::Nobody);
        return Ok(());
    }
    let by = run.actor.id.clone();
    if run.order.refunds[index].approvals.contains(&by) {
        return Err(Refusal::SecondPerson);
    }
    let asked = &mut run.order.refunds[index];
    asked.approvals.push(by.clone());
    // A request of before there were approvals needs one.
    let open = usize::from(asked.approvals_needed.max(1)).saturating_sub(asked.approvals.len());
    if open > 0 {
        let message = format!("{by} approves the refund; it is beyond the limit for one, so somebody else must too");
        run.log("refund_approved", message, id, false, MerchantView::Nobody);
        return Ok(());
    }
    let asked = run.order.refunds.remove(index);
    let terms = asked.terms.as_deref().cloned().unwrap_or_default();
    let plan = measure::again(run, &asked, &terms)?;
    not_while_paying(run)?;
    dispute::not_while_charged_back(run)?;
    // The request keeps its id: who asked follows it.
    let made = Made {
        id: Some(asked.id),
        created_by: asked.created_by.clone(),
        created_at: asked.created_at,
        approvals: asked.approvals.clone(),
        needed: asked.approvals_needed,
        ..Made::now(run, &terms)
    };
    start(run, &plan, asked.by_item, &asked.reason, asked.initiate_payment_refund, made);
    run.order.refunds.sort_by_key(|r| r.id);
    Ok(())
}

/// Gives back what was captured for lines that became cancelled.
pub(super) fn cancelled(run: &mut Run<'_, '_>, lines: &[ItemId]) {
    let plan = measure::of_lines(run, |item| lines.contains(&item.id));
    if !plan.items.is_empty() && !dispute::holds_back(run, plan.amount()) {
        let reason = run.cause.reason.clone().unwrap_or_else(|| "cancelled".to_owned());
        let made = Made::now(run, &RefundTerms::default());
        start(run, &plan, true, &reason, true, made);
    }
}

/// A payment step that fails may give everything back; a refund that began meanwhile would go back twice.
fn not_while_paying(run: &Run<'_, '_>) -> Result<(), Refusal> {
    if run.is_paying()? { Err(Refusal::PaymentInProgress) } else { Ok(()) }
}

/// The limit for one person, if this refund goes beyond it together with what was given back of the order on one person's word before:
/// two halves are as much as the whole.
fn beyond(run: &Run<'_, '_>, policy: &RefundPolicy, amount: i64) -> Option<i64> {
    let runs = |r: &&Refund| matches!(r.state, RefundState::Pending | RefundState::Succeeded);
    let counts = |r: &&Refund| r.approvals.len() == 1 && runs(r);
    let before: i64 = run.order.refunds.iter().filter(counts).map(|r| r.amount).sum();
    policy.approval_limit.filter(|limit| amount.saturating_add(before) > *limit)
}
