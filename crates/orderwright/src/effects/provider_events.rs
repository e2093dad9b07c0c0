//! Acts on what a provider told: fetches the object and lets the order catch up with it.
//!
//! An event is only a hint that something may have changed. What it says is never applied: the object is fetched, so order of arrival,
//! repetition and delay make no difference. If the order waits for an effect on that payment, the effect's own question is asked now instead
//! of later, and its answer goes the one way that answers go. Otherwise books are compared, and what does not agree is refused and told.

use orderwright_core::decide::{Command, DisputeCommand, EffectJob, Refusal};
use orderwright_core::id::JobId;
use orderwright_core::order::{Order, Payment, PaymentState, RefundState};

use super::payouts::Told;
use super::{disputes, runner};
use crate::ops::command::{OrderRef, apply, load};
use crate::ops::{Ctx, OpError};
use crate::pay::port::{Facts, ObjectKind, ObjectRef, Owner};
use crate::pay::{Provider, ProviderError};
use crate::store::{Changeset, JobRow, ProviderEventRow, Scope};

/// What became of an event.
struct Verdict {
    state: &'static str,
    note: Option<String>,
    order: Option<i64>,
}

impl Verdict {
    fn done(order: &Order) -> Self {
        Self { state: "done", note: None, order: Some(order.id.0) }
    }

    /// Nothing that we act on.
    fn ignored(note: &str) -> Self {
        Self { state: "ignored", note: Some(note.to_owned()), order: None }
    }

    /// We do not know whose it is: kept for somebody.
    fn parked(note: impl Into<String>) -> Self {
        Self { state: "parked", note: Some(note.into()), order: None }
    }

    /// It contradicts our books: not applied, told to somebody.
    fn refused(note: impl Into<String>, order: Option<&Order>) -> Self {
        Self { state: "refused", note: Some(note.into()), order: order.map(|o| o.id.0) }
    }
}

/// Why an event has no verdict yet.
enum Later {
    /// The provider did not answer.
    Provider(String),
    /// The store did not.
    Ours(OpError),
}

impl From<OpError> for Later {
    fn from(error: OpError) -> Self {
        Self::Ours(error)
    }
}

/// Acts on the event of a job.
pub async fn run(ctx: &Ctx, row: &JobRow) {
    let id = serde_json::from_str::<serde_json::Value>(&row.payload).ok().and_then(|p| p["event"].as_i64());
    let event = match id {
        Some(id) => ctx.app.store.find_provider_event(id).await,
        None => Ok(None),
    };
    let event = match event {
        Ok(Some(event)) => event,
        Ok(None) => return runner::end(ctx, row.id, row.fence).await,
        Err(error) => return again(ctx, row, &error.to_string()).await,
    };
    match act(ctx, &event).await {
        Ok(verdict) => {
            let now = ctx.clock.now();
            if matches!(verdict.state, "parked" | "refused") {
                let (provider, event_id) = (&event.provider, &event.event_id);
                let why = verdict.note.as_deref().unwrap_or_default();
                tracing::error!(provider, event_id, kind = event.kind, why, "an event of a provider needs attention");
                ctx.app.metrics.provider_events_refused.inc();
            }
            let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
            cs.settle_provider_event(event.id, verdict.state, verdict.note.as_deref(), verdict.order);
            cs.finish_job(row.id, row.fence);
            if let Err(error) = ctx.app.store.commit(cs).await {
                tracing::warn!(%error, "an event's row could not be written; its lease will run out");
            }
        }
        Err(Later::Provider(why)) => again(ctx, row, &why).await,
        Err(Later::Ours(error)) => again(ctx, row, &error.to_string()).await,
    }
}

async fn again(ctx: &Ctx, row: &JobRow, why: &str) {
    let next = runner::backoff(ctx.clock.now(), row.attempts);
    runner::again(ctx, JobId(row.id), row.fence, row.attempts, "ready", next, why).await;
}

async fn act(ctx: &Ctx, event: &ProviderEventRow) -> Result<Verdict, Later> {
    let Ok(object) = serde_json::from_str::<ObjectRef>(&event.object) else {
        return Ok(Verdict::parked("what it is about cannot be read"));
    };
    if object.kind == ObjectKind::Other {
        return Ok(Verdict::ignored("nothing here depends on it"));
    }
    let provider = ctx.app.pay.door(&event.provider).map_err(|e| Later::Provider(e.to_string()))?;
    // Before it is asked: what it says is at least as new as this.
    let asked_at = ctx.clock.now();
    let facts = match provider.fetch(&object).await {
        Ok(Some(facts)) => facts,
        Ok(None) => return Ok(Verdict::parked(format!("{} has no {}", event.provider, object.id))),
        Err(ProviderError::Mismatch(why)) => return Ok(Verdict::refused(why, None)),
        Err(error) => return Err(Later::Provider(error.to_string())),
    };
    match facts {
        Facts::Payment { owner, reference, amount, currency, held, taken } => {
            let Some((order, payment)) = ours(ctx, &owner).await? else { return Ok(unknown(&reference)) };
            if let Some(wrong) = foreign(provider, &payment, &currency, &order) {
                return Ok(wrong);
            }
            if let Some(verdict) = look(ctx, provider, &order, &owner).await? {
                return Ok(verdict);
            }
            if taken > 0 && payment.captured == 0 && payment.late == 0 {
                // Taken although it had been given up: it goes back by itself. If it had not, that is refused and told below.
                let command = Command::LateMoney { payment: payment.id, amount: taken };
                if apply_if_new(ctx, &order, command).await? {
                    return Ok(Verdict::done(&order));
                }
            }
            if held == 0 && taken == 0 && payment.held() > 0 && payment.reference.as_deref() == Some(&*reference) {
                return apply_once(ctx, &order, Command::HoldLost { payment: payment.id }).await;
            }
            Ok(compare(&order, &payment, &reference, amount, held, taken))
        }
        Facts::Refund { owner, reference, amount, currency, failed } => {
            let Some((order, payment)) = ours(ctx, &owner).await? else { return Ok(unknown(&reference)) };
            if let Some(wrong) = foreign(provider, &payment, &currency, &order) {
                return Ok(wrong);
            }
            // What was waited for has its answer now, if there is one; the refund itself may still be another.
            let looked = match look(ctx, provider, &order, &owner).await? {
                Some(verdict) if verdict.state != "done" => return Ok(verdict),
                looked => looked.is_some(),
            };
            let Some((order, payment)) = ours(ctx, &owner).await? else { return Ok(unknown(&reference)) };
            let ours = if owner.effect.is_some() { Ours::Asked { looked } } else { Ours::Not };
            refund(ctx, &order, &payment, (&reference, amount), failed, ours).await
        }
        Facts::Dispute { ref owner, ref reference, ref currency, .. } => {
            let Some((order, payment)) = ours(ctx, owner).await? else { return Ok(unknown(reference)) };
            if let Some(wrong) = foreign(provider, &payment, currency, &order) {
                return Ok(wrong);
            }
            match disputes::news(ctx, &order, payment.id, &facts, asked_at) {
                Some(news) => apply_once(ctx, &order, Command::Dispute(DisputeCommand::News(news))).await,
                None => Ok(Verdict::done(&order)),
            }
        }
        Facts::Transfer { owner: Owner { payout: Some(payout), .. }, reference, amount, reversed } => {
            let told = super::payouts::told(ctx, payout, amount, reversed).await?;
            Ok(match told {
                Told::Done => Verdict { state: "done", note: None, order: None },
                Told::Unknown => unknown(&reference),
                Told::Refused(why) => Verdict::refused(why, None),
            })
        }
        Facts::Transfer { owner, reference, .. } => {
            let Some((order, _)) = ours(ctx, &owner).await? else { return Ok(unknown(&reference)) };
            Ok(look(ctx, provider, &order, &owner).await?.unwrap_or_else(|| Verdict::done(&order)))
        }
        Facts::Account(state) => match crate::ops::accounts::update(ctx, provider.name(), &state).await {
            Ok(()) => Ok(Verdict { state: "done", note: None, order: None }),
            Err(OpError::NotFound) => Ok(Verdict::parked(format!("{} is no party's account here", state.account))),
            Err(error) => Err(error.into()),
        },
    }
}

fn unknown(reference: &str) -> Verdict {
    Verdict::parked(format!("{reference} is not about any order here: it was made elsewhere, or by another shop"))
}

/// The order and payment that the object was made for.
async fn ours(ctx: &Ctx, owner: &Owner) -> Result<Option<(Order, Payment)>, Later> {
    let (Some(order), Some(payment)) = (owner.order, owner.payment) else { return Ok(None) };
    let loaded = match load(ctx, &Scope::All, OrderRef::Order(order)).await {
        Ok(loaded) => loaded,
        Err(OpError::NotFound) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let found = loaded.order.payments.iter().find(|p| p.id == payment).cloned();
    Ok(found.map(|payment| (loaded.order, payment)))
}

/// Another provider's payment, or another currency than the order's.
fn foreign(provider: &Provider, payment: &Payment, currency: &str, order: &Order) -> Option<Verdict> {
    if payment.provider != provider.name() {
        let why = format!("the payment {} is with {}, not with {}", payment.id, payment.provider, provider.name());
        return Some(Verdict::refused(why, Some(order)));
    }
    if currency != order.currency.code() {
        let why = format!("it is in {currency}, the order in {}", order.currency);
        return Some(Verdict::refused(why, Some(order)));
    }
    None
}

/// If the order waits for an effect on this payment, asks for its answer. `None` when nothing is waited for.
async fn look(ctx: &Ctx, provider: &Provider, order: &Order, owner: &Owner) -> Result<Option<Verdict>, Later> {
    let current = order.current_payment().map(|p| p.id);
    let mut waiting: Vec<JobId> = Vec::new();
    if current == owner.payment {
        waiting.extend(order.payment.effect);
    }
    waiting.extend(order.refunds.iter().filter(|r| r.payment_id == owner.payment).filter_map(|r| r.effect));
    waiting.extend(order.errands.iter().filter(|e| Some(e.payment_id) == owner.payment).filter_map(|e| e.effect));
    let mut looked = false;
    for effect in waiting {
        let row = ctx.app.store.find_job(effect.0).await.map_err(OpError::from)?;
        // Its outcome is being written at this moment.
        let Some(row) = row else { continue };
        let Ok(job) = serde_json::from_str::<EffectJob>(&row.payload) else { continue };
        if job.effect.0 == orderwright_core::workflow::Effect::CheckStock {
            continue;
        }
        looked = true;
        let answer = match runner::look(ctx, provider, &job).await {
            Ok(answer) => answer,
            Err(ProviderError::Mismatch(why)) => return Ok(Some(Verdict::refused(why, Some(order)))),
            Err(error) => return Err(Later::Provider(error.to_string())),
        };
        if let Some(outcome) = answer.as_ref().and_then(runner::final_outcome) {
            runner::deliver(ctx, order.id, Command::Outcome { effect, outcome }, Some(effect)).await;
        }
    }
    Ok(looked.then(|| Verdict::done(order)))
}

/// Somebody says that the order's payment may have its answer: asks now. Whatever goes wrong is left to the job, which asks by itself.
pub async fn look_now(ctx: &Ctx, order: &Order) {
    let Some(payment) = order.current_payment() else { return };
    let Some(provider) = ctx.app.pay.get(&payment.provider) else { return };
    let owner = Owner { order: Some(order.id), payment: Some(payment.id), ..Owner::default() };
    if let Err(Later::Provider(why)) = look(ctx, provider, order, &owner).await {
        tracing::debug!(order = %order.id, why, "the provider could not be asked now; the job asks later");
    }
}

/// Compares what the provider holds and took with our books, when nothing is under way.
fn compare(order: &Order, payment: &Payment, reference: &str, amount: i64, held: i64, taken: i64) -> Verdict {
    let show = |amount: i64| order.currency.show(amount);
    let is_check = payment.captured == 0 && payment.authorised == 0 && taken == 0;
    if payment.reference.as_deref() == Some(reference) && !is_check && amount < payment.authorised.max(payment.captured)
    {
        let why = format!(
            "{reference} is for {}, our books have {}",
            show(amount),
            show(payment.authorised.max(payment.captured))
        );
        return Verdict::refused(why, Some(order));
    }
    let known = payment.captured + payment.late;
    if taken != 0 && taken != known {
        let why = format!("{} were taken by {reference}, our books have {}", show(taken), show(known));
        return Verdict::refused(why, Some(order));
    }
    if held != 0 && matches!(payment.state, PaymentState::Failed | PaymentState::Voided) {
        let note =
            format!("{} are held by {reference} for a payment that was given up; they are not captured", show(held));
        return Verdict { order: Some(order.id.0), ..Verdict::parked(note) };
    }
    Verdict::done(order)
}

/// Whether we asked for a refund.
#[derive(Clone, Copy)]
enum Ours {
    /// Yes; and whether its answer, or that of another effect of the payment, was asked for just now.
    Asked { looked: bool },
    /// Somebody made it at the provider.
    Not,
}

/// A refund that our books have as through may have failed since; one that they do not have may have been made at the provider.
async fn refund(
    ctx: &Ctx,
    order: &Order,
    payment: &Payment,
    (reference, amount): (&str, i64),
    failed: Option<String>,
    ours: Ours,
) -> Result<Verdict, Later> {
    let Some(refund) = order.refunds.iter().find(|r| r.reference.as_deref() == Some(reference)) else {
        return match (failed, ours) {
            (None, Ours::Not) => beside(ctx, order, payment, reference, amount).await,
            (Some(code), Ours::Not) if payment.seen.iter().any(|s| s.reference == reference && s.booked) => {
                let note =
                    format!("{reference}, which gave late money back, failed ({code}): give it back another way");
                Ok(Verdict { order: Some(order.id.0), ..Verdict::parked(note) })
            }
            // Made there and failed there: the money never left.
            (Some(_), Ours::Not) | (None, Ours::Asked { .. }) | (Some(_), Ours::Asked { looked: true }) => {
                Ok(Verdict::done(order))
            }
            (Some(code), Ours::Asked { looked: false }) => {
                let why = format!("{reference} failed ({code}) and is no refund of our books");
                Ok(Verdict::refused(why, Some(order)))
            }
        };
    };
    if refund.amount != amount {
        let (there, here) = (order.currency.show(amount), order.currency.show(refund.amount));
        return Ok(Verdict::refused(format!("{reference} gives back {there}, our books have {here}"), Some(order)));
    }
    match failed {
        Some(code) if refund.state == RefundState::Succeeded => {
            apply_once(ctx, order, Command::RefundFailed { refund: refund.id, code }).await
        }
        _ => Ok(Verdict::done(order)),
    }
}

/// A refund that was made at the provider beside us: the order follows it, or somebody is told why it cannot.
async fn beside(ctx: &Ctx, order: &Order, payment: &Payment, reference: &str, amount: i64) -> Result<Verdict, Later> {
    if take_refund(ctx, order, payment, reference, amount).await? != Taken::Waits {
        return Ok(Verdict::done(order));
    }
    let shown = order.currency.show(amount);
    let note = format!(
        "{reference} gave back {shown} of order {} beside us, which is more than the order has left: nothing was booked",
        order.number
    );
    Ok(Verdict { order: Some(order.id.0), ..Verdict::parked(note) })
}

/// What became of a refund that was made at the provider.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is in the books now.
    Now,
    /// It was before, or there is nothing to book.
    Before,
    /// The order does not have so much: somebody was told.
    Waits,
}

/// Takes a refund that was made at the provider into the order.
///
/// # Errors
/// [`Refusal::PaymentInProgress`] while something of the payment is under way.
pub(crate) async fn take_refund(
    ctx: &Ctx,
    order: &Order,
    payment: &Payment,
    reference: &str,
    amount: i64,
) -> Result<Taken, OpError> {
    let command = Command::RefundSeen { payment: payment.id, reference: reference.to_owned(), amount };
    let changed = apply_if_new(ctx, order, command).await?;
    let now = load(ctx, &Scope::All, OrderRef::Order(order.id)).await?.order;
    let waits = now.payments.iter().flat_map(|p| &p.seen).any(|s| s.reference == reference && !s.booked);
    Ok(match (waits, changed) {
        (true, _) => Taken::Waits,
        (false, true) => Taken::Now,
        (false, false) => Taken::Before,
    })
}

/// How a chargeback stands, asked for now and taken into the order; whether that was news.
///
/// # Errors
/// [`OpError::Busy`] when the provider does not answer.
pub(crate) async fn follow_dispute(
    ctx: &Ctx,
    provider: &Provider,
    order: &Order,
    payment: &Payment,
    reference: &str,
) -> Result<bool, OpError> {
    // Before it is asked: what it says is at least as new as this.
    let asked_at = ctx.clock.now();
    let object = ObjectRef { kind: ObjectKind::Dispute, id: reference.to_owned() };
    let facts = match provider.fetch(&object).await {
        Ok(Some(facts)) => facts,
        Ok(None) | Err(ProviderError::Mismatch(_)) => return Ok(false),
        Err(error) => return Err(OpError::Busy(format!("a provider did not say how {reference} stands: {error}"))),
    };
    match disputes::news(ctx, order, payment.id, &facts, asked_at) {
        Some(news) => apply_if_new(ctx, order, Command::Dispute(DisputeCommand::News(news))).await,
        None => Ok(false),
    }
}

/// Applies a command that may have been applied before.
async fn apply_once(ctx: &Ctx, order: &Order, command: Command) -> Result<Verdict, Later> {
    apply_if_new(ctx, order, command).await?;
    Ok(Verdict::done(order))
}

/// The same; whether it changed anything.
pub(crate) async fn apply_if_new(ctx: &Ctx, order: &Order, command: Command) -> Result<bool, OpError> {
    match apply(ctx, &Scope::All, OrderRef::Order(order.id), &command, &mut |_, _, _| {}).await {
        Ok((decision, _)) => {
            Box::pin(runner::run_new(ctx.clone(), decision.effects)).await;
            Ok(true)
        }
        Err(OpError::Refused(Refusal::StaleOutcome)) => Ok(false),
        Err(error) => Err(error),
    }
}
