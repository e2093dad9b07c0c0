//! Chargebacks: what a customer's bank does, followed as the provider tells it, and booked.
//!
//! News says how a chargeback stands, never what changed: what is booked is the difference to what was booked before. So news may come twice,
//! late, or in any order, and ends in the same books. What a bank takes is held (`disputes/held`) until it decides; what is lost is borne by
//! the parties in proportion to their shares, as a refund is, or by the platform. What is beyond what was left of the order is the
//! platform's, so that refunds and chargebacks together never take more from the parties than was captured.

use serde_json::{Value, json};

use super::super::{MerchantView, Refusal, outcome::CLEARING, shares};
use super::claim::unentered;
use super::{DisputeJob, News, begin, engine, fire, own, touch};
use crate::decide::Event;
use crate::decide::run::{Run, Which};
use crate::dispute::{Bearer, Borne, Chargeback, Dispute, Kind, Reason, Side, Standing};
use crate::id::{DisputeId, JobId};
use crate::money::allocate;
use crate::order::RefundItem;
use crate::time::Timestamp;

/// Money that a bank has while it decides.
const HELD_BY_BANK: &str = "disputes/held";
/// What disputes cost the platform for good.
const LOST: &str = "disputes/lost";
/// What providers charge.
const FEES: &str = "platform/fees";

/// Applies news; news that is known, or older than what is known, changes nothing.
pub(super) fn news(run: &mut Run<'_, '_>, news: &News) -> Result<(), Refusal> {
    let payment = run.order.payments.iter().find(|p| p.id == news.payment);
    let provider = payment.ok_or(Refusal::StaleOutcome)?.provider.clone();
    let same = |c: &Chargeback| c.reference == news.reference && c.provider == provider;
    let known = run.order.disputes.iter().position(|d| d.chargeback.as_ref().is_some_and(same));
    let i = match known {
        Some(i) => {
            if !is_later(&run.order.disputes[i], news) {
                return Err(Refusal::StaleOutcome);
            }
            i
        }
        None => begin_chargeback(run, news, provider)?,
    };
    let moved = run.order.disputes[i].respond_by != news.respond_by;
    let dispute = &mut run.order.disputes[i];
    dispute.respond_by = news.respond_by;
    if let Some(bank) = &mut dispute.chargeback {
        bank.standing = news.standing;
        bank.status.clone_from(&news.status);
        bank.as_of = news.as_of;
        bank.amount = news.amount;
        bank.reason_code.clone_from(&news.reason_code);
    }
    book(run, i, news);
    follow(run, i)?;
    if let (true, Some(state)) = (moved, run.state(Which::Dispute(i))?) {
        run.set_timer(Which::Dispute(i), state);
    }
    touch(run, i);
    Ok(())
}

/// Whether the news says more than what is known.
fn is_later(dispute: &Dispute, news: &News) -> bool {
    let Some(bank) = &dispute.chargeback else { return false };
    let known = (bank.standing, &bank.status, bank.amount, bank.withdrawn, bank.fee, dispute.respond_by);
    let told = (news.standing, &news.status, news.amount, news.withdrawn, news.fee, news.respond_by);
    if known == told {
        return false;
    }
    // Of two that were asked for at one instant, any rule will do that does not depend on which came first.
    let rest = |w: i64, f: i64, a: i64, at: Option<Timestamp>| (w, f, a, at);
    (news.standing.later(news.as_of), rest(news.withdrawn, news.fee, news.amount, news.respond_by), &news.status)
        > (
            bank.standing.later(bank.as_of),
            rest(bank.withdrawn, bank.fee, bank.amount, dispute.respond_by),
            &bank.status,
        )
}

fn begin_chargeback(run: &mut Run<'_, '_>, news: &News, provider: String) -> Result<usize, Refusal> {
    let (id, now) = (DisputeId(run.next_id()), run.now);
    begin(
        run,
        Dispute {
            id,
            kind: Kind::Chargeback,
            version: Kind::Chargeback.workflow().version.clone(),
            machine: unentered(now),
            raised_by: Side::Bank,
            merchant_id: None,
            reason: Reason::Bank,
            wants: None,
            wanted_amount: None,
            items: Vec::new(),
            respond_by: news.respond_by,
            remind: news.remind,
            ruling: None,
            replacements: Vec::new(),
            chargeback: Some(Chargeback {
                payment_id: news.payment,
                provider,
                reference: news.reference.clone(),
                standing: news.standing,
                status: news.status.clone(),
                as_of: news.as_of,
                amount: news.amount,
                withdrawn: 0,
                fee: 0,
                lost: 0,
                bearer: news.bearer,
                borne: Vec::new(),
                parts: Vec::new(),
                taken: Vec::new(),
                reason_code: news.reason_code.clone(),
                effect: None,
                submitted_at: None,
            }),
            notes: 0,
            created_by: run.actor.id.clone(),
            created_at: now,
            updated_at: now,
        },
    )
}

/// Brings the machine to where the bank is.
fn follow(run: &mut Run<'_, '_>, i: usize) -> Result<(), Refusal> {
    let standing = run.order.disputes[i].chargeback.as_ref().map(|c| c.standing);
    if let Some(standing) = standing {
        engine(run, i, standing.event())?;
    }
    Ok(())
}

/// Books the difference between what was booked and what the provider says.
fn book(run: &mut Run<'_, '_>, i: usize, news: &News) {
    let about = Some(run.order.disputes[i].id.to_string());
    let is_lost = news.standing == Standing::Lost;
    let Some(bank) = &run.order.disputes[i].chargeback else { return };
    let (withdrawn, fee, lost) = (bank.withdrawn, bank.fee, bank.lost);
    if lost > 0 && (!is_lost || lost != news.withdrawn) {
        undo_loss(run, i, about.clone());
    }
    let taken = news.withdrawn - withdrawn;
    let cause = if taken > 0 { "dispute_withdrawn" } else { "dispute_reinstated" };
    run.post_about(cause, about.clone(), vec![(HELD_BY_BANK.to_owned(), taken), (CLEARING.to_owned(), -taken)]);
    let charged = news.fee - fee;
    run.post_about("dispute_fee", about.clone(), vec![(FEES.to_owned(), charged), (CLEARING.to_owned(), -charged)]);
    if let Some(bank) = &mut run.order.disputes[i].chargeback {
        (bank.withdrawn, bank.fee) = (news.withdrawn, news.fee);
    }
    let undecided = run.order.disputes[i].chargeback.as_ref().is_some_and(|c| c.lost == 0);
    if is_lost && undecided && news.withdrawn > 0 {
        lose(run, i, about);
    }
}

/// What the bank has is lost: counted against the lines by what is left of each, and borne.
fn lose(run: &mut Run<'_, '_>, i: usize, about: Option<String>) {
    let Some(bank) = &run.order.disputes[i].chargeback else { return };
    let (loss, bearer) = (bank.withdrawn, bank.bearer);
    let lefts: Vec<i64> = run.order.items.iter().map(|item| run.order.left_of(item).max(0)).collect();
    let counted = loss.min(lefts.iter().sum());
    let amounts = allocate(counted, &lefts);
    let parts: Vec<RefundItem> = run
        .order
        .items
        .iter()
        .zip(amounts)
        .filter(|(_, amount)| *amount > 0)
        .map(|(item, amount)| RefundItem { item_id: item.id, quantity: None, amount, shipping: 0, kept: 0 })
        .collect();
    let mut lines = vec![(HELD_BY_BANK.to_owned(), -loss)];
    let (mut borne, mut taken) = (Vec::new(), Vec::new());
    if bearer == Bearer::Parties {
        let before: Vec<i64> = run.order.splits.iter().map(|s| s.refunded).collect();
        let (given, of_pools) = shares::take(&mut run.order, &parts, &Vec::new());
        lines.extend(given);
        taken = of_pools;
        // It is no refund: what a split says of those stays.
        for (n, split) in run.order.splits.iter_mut().enumerate() {
            let before = before.get(n).copied().unwrap_or(0);
            let amount = std::mem::replace(&mut split.refunded, before) - before;
            if amount != 0 {
                borne.push(Borne { party: split.party.clone(), amount });
            }
        }
    }
    let by_parties: i64 = borne.iter().map(|b| b.amount).sum();
    lines.push((LOST.to_owned(), loss - by_parties));
    run.post_about("dispute_lost", about, lines);
    if let Some(bank) = &mut run.order.disputes[i].chargeback {
        bank.lost = loss;
        bank.parts = parts;
        bank.borne = borne;
        bank.taken = taken;
    }
}

/// What was lost is the bank's again: it decides anew, or gave it back.
fn undo_loss(run: &mut Run<'_, '_>, i: usize, about: Option<String>) {
    let Some(bank) = &mut run.order.disputes[i].chargeback else { return };
    let (loss, borne, taken) = (bank.lost, std::mem::take(&mut bank.borne), std::mem::take(&mut bank.taken));
    bank.lost = 0;
    bank.parts.clear();
    let by_parties: i64 = borne.iter().map(|b| b.amount).sum();
    let mut lines = vec![(HELD_BY_BANK.to_owned(), loss), (LOST.to_owned(), by_parties - loss)];
    if !taken.is_empty() {
        lines.extend(shares::give_back(&mut run.order, &taken, &Vec::new()));
        // What a split says of refunds stays.
        for split in &mut run.order.splits {
            let own = borne.iter().find(|b| b.party == split.party);
            split.refunded += own.map_or(0, |b| b.amount);
        }
    }
    run.post_about("dispute_loss_undone", about, lines);
}

/// Refuses a refund while a bank decides about the same money.
pub(in crate::decide) fn not_while_charged_back(run: &Run<'_, '_>) -> Result<(), Refusal> {
    let order = &run.order;
    let bank = order.disputes.iter().find(|d| {
        let payment = d.chargeback.as_ref().map(|c| c.payment_id);
        d.is_undecided() && payment.is_some_and(|p| order.is_charged_back(p))
    });
    match bank {
        Some(dispute) => Err(Refusal::PaymentDisputed { dispute: dispute.id.to_string() }),
        None => Ok(()),
    }
}

/// Whether what was cancelled is not refunded by itself, because a bank decides about the same money; staff is told.
pub(in crate::decide) fn holds_back(run: &mut Run<'_, '_>, amount: i64) -> bool {
    let Err(Refusal::PaymentDisputed { dispute }) = not_while_charged_back(run) else { return false };
    let shown = run.order.currency.show(amount);
    let message = format!(
        "{shown} of what was cancelled were not refunded: the bank is deciding about this payment. When it has decided, refund what is left"
    );
    let facts = json!({ "disputeId": dispute, "amount": amount });
    run.log("needs_attention", message, facts, false, MerchantView::Nobody);
    true
}

/// Sends evidence to the provider, or tells it that the chargeback is not contested.
pub(super) fn tell(run: &mut Run<'_, '_>, id: DisputeId, evidence: Option<&Value>) -> Result<(), Refusal> {
    let i = own(run, id)?;
    let event = if evidence.is_some() { "submit" } else { "accept" };
    fire(run, i, &Event { event: event.to_owned(), ..Event::default() })?;
    let (effect, order) = (JobId(run.next_id()), run.order.id);
    let Some(bank) = &mut run.order.disputes[i].chargeback else { return Err(Refusal::UnknownDispute) };
    bank.effect = Some(effect);
    let job = DisputeJob {
        id: effect,
        order,
        dispute: id,
        payment: bank.payment_id,
        provider: bank.provider.clone(),
        reference: bank.reference.clone(),
        evidence: evidence.cloned(),
    };
    run.disputes.jobs.push(job);
    touch(run, i);
    Ok(())
}

/// What telling the provider came to.
pub(super) fn told(run: &mut Run<'_, '_>, effect: JobId, refused: Option<&str>) -> Result<(), Refusal> {
    let waits = |d: &Dispute| d.chargeback.as_ref().is_some_and(|c| c.effect == Some(effect));
    let i = run.order.disputes.iter().position(waits).ok_or(Refusal::StaleOutcome)?;
    let id = run.order.disputes[i].id;
    run.disputes.subject = Some(id);
    let submits = run.order.disputes[i].machine.state == "submitting";
    let now = run.now;
    if let Some(bank) = &mut run.order.disputes[i].chargeback {
        bank.effect = None;
        if refused.is_none() && submits {
            bank.submitted_at = Some(now);
        }
    }
    match refused {
        None => {
            // Where the bank was quicker, its news has moved the dispute on, and this changes nothing.
            for event in ["submitted", "accepted"] {
                if engine(run, i, event)? {
                    break;
                }
            }
        }
        Some(code) => {
            let words = code.replace('_', " ");
            let message = format!(
                "The provider did not take what it was told about the dispute: {words}. Somebody must look at it"
            );
            let facts = json!({ "disputeId": id.to_string(), "code": code });
            run.log("needs_attention", message, facts, false, MerchantView::Nobody);
            engine(run, i, "refused")?;
            follow(run, i)?;
        }
    }
    touch(run, i);
    Ok(())
}
