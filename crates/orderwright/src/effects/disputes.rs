//! Chargebacks and providers: what one tells becomes news for the order, and what staff wants said is told to it.
//!
//! Telling is a durable job. It is asked before it is said again: a provider that has the evidence already is not told twice. What is not here:
//! what news does to an order (`decide::dispute`), and what evidence is made of (`ops::disputes`).

use orderwright_core::decide::{Command, DisputeCommand, DisputeJob, News, Refusal};
use orderwright_core::dispute::Standing;
use orderwright_core::id::{JobId, OrderId, PaymentId};
use orderwright_core::order::Order;
use orderwright_core::time::Timestamp;

use super::runner;
use crate::ops::command::{OrderRef, apply};
use crate::ops::{Ctx, OpError};
use crate::pay::port::{Evidence, Facts, ObjectKind, ObjectRef};
use crate::pay::sandbox::{BankSays, Sandbox};
use crate::pay::{Answer, Provider, ProviderError};
use crate::store::{Changeset, JobRow, Scope};

/// What a provider's object says of a chargeback, for the order; `None` when it is about something else. The channel's terms as they are
/// now go with it, for one that is new.
pub fn news(ctx: &Ctx, order: &Order, payment: PaymentId, facts: &Facts, as_of: Timestamp) -> Option<News> {
    let Facts::Dispute { reference, amount, standing, status, withdrawn, fee, respond_by, reason, .. } = facts else {
        return None;
    };
    let terms = ctx.app.channel(&order.channel).map(|c| c.disputes.clone()).unwrap_or_default();
    Some(News {
        payment,
        reference: reference.clone(),
        standing: *standing,
        status: status.clone(),
        as_of,
        amount: *amount,
        withdrawn: *withdrawn,
        fee: *fee,
        respond_by: *respond_by,
        reason_code: reason.clone(),
        remind: terms.remind_before,
        bearer: terms.chargeback_bearer,
    })
}

/// What the sandbox's bank says of a payment, as a provider's object would say it.
pub fn sandbox_facts(order: &Order, payment: PaymentId, says: BankSays, now: Timestamp) -> Option<Facts> {
    let paid = order.payments.iter().find(|p| p.id == payment)?;
    let reference = format!("sbx_dispute_{payment}");
    let known = order.chargebacks().find(|c| c.reference == reference);
    let taken = known.map_or(paid.captured - paid.refunded, |c| c.withdrawn);
    let standing = says.standing();
    let dispute = order.disputes.iter().find(|d| d.chargeback.as_ref().is_some_and(|c| c.reference == reference));
    let respond_by = dispute.map_or(Some(now.plus(Sandbox::ANSWER_WITHIN)), |d| d.respond_by);
    Some(Facts::Dispute {
        owner: Default::default(),
        reference,
        amount: known.map_or(taken, |c| c.amount),
        currency: order.currency.code().to_owned(),
        standing,
        status: says.name().to_owned(),
        withdrawn: if standing == Standing::Won { 0 } else { taken },
        fee: Sandbox::DISPUTE_FEE,
        respond_by,
        reason: Some("fraudulent".to_owned()),
    })
}

/// Does what a job says, and gives what came of it to the order.
pub async fn run(ctx: &Ctx, row: &JobRow) {
    let job = match serde_json::from_str::<DisputeJob>(&row.payload) {
        Ok(job) => job,
        Err(error) => {
            return runner::bury(ctx, row.id, row.fence, &format!("the payload cannot be read: {error}")).await;
        }
    };
    let refused = match tell(ctx, &job, row.attempts > 1).await {
        Ok(Answer::Done(_)) => None,
        Ok(Answer::Declined { code }) => Some(code),
        Ok(Answer::ActionRequired { .. } | Answer::Processing) => Some("unexpected_answer".to_owned()),
        Err(ProviderError::Mismatch(why)) => Some(why),
        Err(ProviderError::Lost(why) | ProviderError::Unavailable(why)) => {
            let next = runner::backoff(ctx.clock.now(), row.attempts);
            return runner::again(ctx, JobId(row.id), row.fence, row.attempts, "ready", next, &why).await;
        }
    };
    let bank = match &refused {
        None if job.provider == orderwright_core::order::SANDBOX => Sandbox::bank_decides(&job, ctx.clock.now()),
        _ => None,
    };
    let command = Command::Dispute(DisputeCommand::Told { effect: job.id, refused });
    let mut extra = |cs: &mut Changeset, _: &Order, _: Timestamp| {
        cs.finish_job(row.id, row.fence);
        if let Some(row) = &bank {
            cs.insert_job(row);
        }
    };
    match apply(ctx, &Scope::All, OrderRef::Order(job.order), &command, &mut extra).await {
        Ok(_) => {}
        Err(OpError::Refused(Refusal::StaleOutcome)) => runner::end(ctx, row.id, row.fence).await,
        Err(error) => {
            tracing::warn!(job = %job.id, %error, "what the provider said could not be committed; its lease will run out")
        }
    }
}

/// Tells the provider. `again`: it may have been told before.
async fn tell(ctx: &Ctx, job: &DisputeJob, again: bool) -> Result<Answer, ProviderError> {
    let provider = ctx.app.pay.door(&job.provider)?;
    if again && has_it(provider, job).await? {
        return Ok(Answer::done(job.reference.as_str()));
    }
    match &job.evidence {
        None => provider.accept_dispute(&job.reference).await,
        Some(evidence) => {
            let evidence: Evidence = serde_json::from_value(evidence.clone())
                .map_err(|e| ProviderError::Mismatch(format!("the evidence cannot be read: {e}")))?;
            provider.submit_evidence(&job.reference, &evidence, true).await
        }
    }
}

/// Whether the dispute is beyond waiting for us.
async fn has_it(provider: &Provider, job: &DisputeJob) -> Result<bool, ProviderError> {
    let object = ObjectRef { kind: ObjectKind::Dispute, id: job.reference.clone() };
    Ok(match provider.fetch(&object).await? {
        Some(Facts::Dispute { standing, .. }) => {
            matches!(standing, Standing::InquiryReview | Standing::UnderReview) || standing.is_final()
        }
        _ => false,
    })
}

/// The sandbox's bank speaks: opens a dispute, or decides one.
pub async fn sandbox_bank(ctx: &Ctx, order: OrderId, payment: PaymentId, says: BankSays) {
    let loaded = match crate::ops::command::load(ctx, &Scope::All, OrderRef::Order(order)).await {
        Ok(loaded) => loaded,
        Err(error) => return tracing::warn!(%order, %error, "the sandbox's bank found no order"),
    };
    let now = ctx.clock.now();
    let facts = sandbox_facts(&loaded.order, payment, says, now);
    if let Some(news) = facts.and_then(|facts| news(ctx, &loaded.order, payment, &facts, now)) {
        runner::deliver(ctx, order, Command::Dispute(DisputeCommand::News(news)), None).await;
    }
}
