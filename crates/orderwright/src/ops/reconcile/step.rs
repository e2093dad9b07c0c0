//! A step of a reconciliation: some orders against their providers' books, or a page of a provider's list against ours.

use std::collections::BTreeMap;

use orderwright_core::decide::{Command, Refusal};
use orderwright_core::id::JobId;
use orderwright_core::order::{OFFLINE, Order, Payment, RefundState, SANDBOX};
use orderwright_core::time::Timestamp;

use super::compare::{Difference, compare, is_under_way, of_payment, what_to_do};
use super::{Body, Counts, Place, Request, body, lists, next_job, text};
use crate::effects::{provider_events, runner};
use crate::ops::command::{OrderRef, load};
use crate::ops::{Ctx, OpError};
use crate::pay::port::{DisputeSeen, Disputes, PaymentBooks, PaymentSeen};
use crate::pay::{Provider, ProviderError};
use crate::store::{Changeset, CommitError, DifferenceRow, JobRow, Scope};

/// Orders of one step: each payment is a call or two to a provider, and a step stays well inside a job's lease.
const ORDERS: i64 = 50;
/// How often a payment that differs is compared again because its order moved meanwhile.
const AGAIN: u32 = 3;

/// The work of a job: a step, and the job of the next one. A provider that does not answer is asked again later.
pub async fn run_job(ctx: &Ctx, row: &JobRow) {
    let id = serde_json::from_str::<serde_json::Value>(&row.payload).ok().and_then(|p| p["run"].as_i64());
    let Some(id) = id else { return runner::end(ctx, row.id, row.fence).await };
    match step(ctx, id, Some(row)).await {
        Ok(()) => ctx.app.wake.notify_one(),
        Err(OpError::NotFound) => runner::end(ctx, row.id, row.fence).await,
        Err(error) => {
            let next = runner::backoff(ctx.clock.now(), row.attempts);
            runner::again(ctx, JobId(row.id), row.fence, row.attempts, "ready", next, &error.to_string()).await;
        }
    }
}

/// What a step found.
#[derive(Default)]
struct Found {
    counts: Counts,
    differences: Vec<Difference>,
}

/// Takes a run a step further, and its job with it.
///
/// # Errors
/// [`OpError::Busy`] when a provider does not answer: nothing was written, and the step can be taken again.
pub async fn step(ctx: &Ctx, id: i64, job: Option<&JobRow>) -> Result<(), OpError> {
    let row = ctx.app.store.find_reconciliation(id).await?.ok_or(OpError::NotFound)?;
    let Body { request, mut counts } = body(&row)?;
    let place: Place = serde_json::from_str(&row.cursor).map_err(|e| OpError::Internal(format!("run {id}: {e}")))?;
    let (found, next) = match (row.state.as_str(), place) {
        ("running", Place::Orders { after }) => orders(ctx, &request, after).await?,
        ("running", Place::Provider { name, page, n }) => provider(ctx, &request, &name, page, n).await?,
        _ => (Found::default(), Place::End),
    };
    let now = ctx.clock.now();
    let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
    for (seq, difference) in (counts.differences as i64 + 1..).zip(&found.differences) {
        cs.insert_difference(&DifferenceRow { run_id: id, seq, order_id: difference.order, body: text(difference)? });
    }
    add(&mut counts, &found);
    let mut after = row.clone();
    after.state = if next == Place::End { "done" } else { "running" }.to_owned();
    after.cursor = text(&next)?;
    after.body = text(&Body { request, counts })?;
    after.updated_at = now.0;
    if row.state == "running" {
        cs.advance_reconciliation(&after, &row.cursor);
    }
    if let Some(job) = job {
        cs.finish_job(job.id, job.fence);
        if next != Place::End {
            cs.insert_job(&next_job(ctx, id, now));
        }
    }
    match ctx.app.store.commit(cs).await {
        // Another worker took this step: its job goes on.
        Ok(()) | Err(CommitError::Conflict { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn add(counts: &mut Counts, found: &Found) {
    counts.orders += found.counts.orders;
    counts.payments += found.counts.payments;
    counts.under_way += found.counts.under_way;
    counts.looked_for += found.counts.looked_for;
    counts.differences += found.differences.len() as u64;
    counts.settled += found.differences.iter().filter(|d| d.settled).count() as u64;
}

/// What is asked of providers in one step.
struct Asker<'a> {
    ctx: &'a Ctx,
    request: &'a Request,
    /// The sandbox's books since the first order of the step.
    sandbox: Option<BTreeMap<String, PaymentBooks>>,
    /// Chargebacks of providers that list them all at once, by provider, as they were asked for in this step.
    disputes: BTreeMap<&'static str, Disputes>,
}

async fn orders(ctx: &Ctx, request: &Request, after: i64) -> Result<(Found, Place), OpError> {
    let rows = ctx.app.store.order_bodies(&Scope::All, after, ORDERS).await?;
    let mut found = Found::default();
    let mut asker = Asker { ctx, request, sandbox: None, disputes: BTreeMap::new() };
    let mut last = after;
    let mut ended = rows.len() < ORDERS as usize;
    for (id, document) in rows {
        let order: Order =
            serde_json::from_str(&document).map_err(|e| OpError::Internal(format!("order {id}: {e}")))?;
        if order.created_at >= request.to {
            ended = true;
            break;
        }
        last = id;
        if order.created_at < request.from || request.channel.as_ref().is_some_and(|c| *c != order.channel) {
            continue;
        }
        found.counts.orders += 1;
        asker.order(order, &mut found).await?;
    }
    let next = match (ended, lists(ctx, request).into_iter().next()) {
        (false, _) => Place::Orders { after: last },
        (true, Some(name)) => Place::Provider { name, page: None, n: 0 },
        (true, None) => Place::End,
    };
    Ok((found, next))
}

impl Asker<'_> {
    async fn order(&mut self, mut order: Order, found: &mut Found) -> Result<(), OpError> {
        let ids: Vec<_> = order.payments.iter().map(|p| p.id).collect();
        for id in ids {
            for attempt in 1.. {
                let Some(payment) = order.payments.iter().find(|p| p.id == id).cloned() else { break };
                let wanted = self.request.provider.as_ref().is_none_or(|p| *p == payment.provider);
                if !wanted || payment.method == OFFLINE {
                    break;
                }
                if is_under_way(&order, &payment) {
                    found.counts.under_way += 1;
                    break;
                }
                let differences = self.payment(&order, &payment).await?;
                if differences.is_empty() || attempt == AGAIN {
                    found.counts.payments += 1;
                    found.differences.extend(self.settle(&order, &payment, differences).await?);
                    break;
                }
                // The order may have moved between the two looks: what differs is told only when it did not.
                let now = load(self.ctx, &Scope::All, OrderRef::Order(order.id)).await?.order;
                if now.version == order.version {
                    found.counts.payments += 1;
                    found.differences.extend(self.settle(&order, &payment, differences).await?);
                    break;
                }
                order = now;
                self.sandbox = None;
                self.disputes.clear();
            }
        }
        Ok(())
    }

    async fn payment(&mut self, order: &Order, payment: &Payment) -> Result<Vec<Difference>, OpError> {
        let Some(provider) = self.ctx.app.pay.get(&payment.provider) else {
            let message = format!("{} is not set up here, so nothing was compared", payment.provider);
            return Ok(vec![of_payment(order, payment, "not_asked", None, (None, None), message)]);
        };
        if payment.provider == SANDBOX {
            let books = self.sandbox(order.created_at).await?.get(&payment.id.to_string()).cloned();
            return Ok(compare(order, payment, books.as_ref(), false));
        }
        let Some(reference) = &payment.reference else { return Ok(compare(order, payment, None, true)) };
        let mut books = provider.payment_books(order.id, reference).await.map_err(unanswered)?;
        if let Some(books) = &mut books {
            books.disputes.extend(self.disputes(provider, reference).await?);
        }
        Ok(compare(order, payment, books.as_ref(), true))
    }

    /// Chargebacks of a payment, where they are not listed with it.
    async fn disputes(&mut self, provider: &Provider, reference: &str) -> Result<Vec<DisputeSeen>, OpError> {
        let name = provider.name();
        if !self.disputes.contains_key(name) {
            let all = provider.disputes().await.map_err(unanswered)?;
            self.disputes.insert(name, all.unwrap_or_default());
        }
        Ok(self.disputes.get(name).and_then(|all| all.get(reference)).cloned().unwrap_or_default())
    }

    async fn sandbox(&mut self, since: Timestamp) -> Result<&BTreeMap<String, PaymentBooks>, OpError> {
        if self.sandbox.is_none() {
            let after = JobId(crate::kernel::ids::first_at(since) - 1).to_string();
            self.sandbox = Some(self.ctx.app.pay.sandbox.books(&after).await?);
        }
        Ok(self.sandbox.get_or_insert_with(BTreeMap::new))
    }

    /// Sets right what needs no decision, if that was asked for.
    async fn settle(
        &self,
        order: &Order,
        payment: &Payment,
        mut differences: Vec<Difference>,
    ) -> Result<Vec<Difference>, OpError> {
        for difference in differences.iter_mut().filter(|_| self.request.settle) {
            let reference = difference.reference.as_deref();
            let command = match (difference.kind.as_str(), difference.theirs) {
                ("taken", Some(amount)) if payment.captured == 0 && payment.late == 0 && amount > 0 => {
                    Command::LateMoney { payment: payment.id, amount }
                }
                ("refund_failed", _) => {
                    let through = |r: &&orderwright_core::order::Refund| {
                        r.state == RefundState::Succeeded && r.reference.as_deref() == reference
                    };
                    let Some(refund) = order.refunds.iter().find(through) else { continue };
                    Command::RefundFailed { refund: refund.id, code: "failed_at_provider".to_owned() }
                }
                // A refund of its own, not a sum that differs.
                ("refund_unknown", Some(amount)) if difference.ours.is_none() => {
                    let Some(reference) = reference else { continue };
                    let taken = provider_events::take_refund(self.ctx, order, payment, reference, amount).await;
                    difference.settled = match taken {
                        Ok(taken) => taken == provider_events::Taken::Now,
                        // A step began meanwhile: the next reconciliation takes it.
                        Err(OpError::Refused(Refusal::PaymentInProgress)) => false,
                        Err(error) => return Err(error),
                    };
                    continue;
                }
                ("dispute_unknown" | "dispute_amount" | "dispute_status", _) => {
                    let (Some(reference), Some(provider)) = (reference, self.ctx.app.pay.get(&payment.provider)) else {
                        continue;
                    };
                    difference.settled =
                        provider_events::follow_dispute(self.ctx, provider, order, payment, reference).await?;
                    continue;
                }
                _ => continue,
            };
            difference.settled = provider_events::apply_if_new(self.ctx, order, command).await?;
        }
        Ok(differences)
    }
}

/// A page of what a provider has, looked for in our books: what was taken and nobody here knows.
async fn provider(
    ctx: &Ctx,
    request: &Request,
    name: &str,
    page: Option<String>,
    n: u64,
) -> Result<(Found, Place), OpError> {
    let mut found = Found::default();
    let all = lists(ctx, request);
    let after = all.iter().position(|p| p == name).map_or(all.len(), |at| at + 1);
    let following = match all.get(after) {
        Some(next) => Place::Provider { name: next.clone(), page: None, n: n + 1 },
        None => Place::End,
    };
    let Some(door) = ctx.app.pay.get(name) else { return Ok((found, following)) };
    let (seen, next) = door.payments_between(request.from, request.to, page.as_deref()).await.map_err(unanswered)?;
    for payment in seen.iter().filter(|p| p.taken > 0) {
        found.counts.looked_for += 1;
        let Some(message) = unknown(ctx, request, payment).await? else { continue };
        found.differences.push(Difference {
            kind: "payment_unknown".to_owned(),
            order: payment.owner.order.map(|o| o.0),
            order_number: None,
            payment: payment.owner.payment.map(|p| p.to_string()),
            provider: name.to_owned(),
            reference: Some(payment.reference.clone()),
            currency: payment.currency.clone(),
            ours: None,
            theirs: Some(payment.taken),
            message,
            what_to_do: what_to_do("payment_unknown").to_owned(),
            settled: false,
        });
    }
    let next = match next {
        Some(page) => Place::Provider { name: name.to_owned(), page: Some(page), n: n + 1 },
        None => following,
    };
    Ok((found, next))
}

/// Why nobody here knows a payment; `None` when somebody does.
async fn unknown(ctx: &Ctx, request: &Request, seen: &PaymentSeen) -> Result<Option<String>, OpError> {
    let taken = format!("{} {} (minor units) were taken", seen.taken, seen.currency);
    let (Some(order), Some(payment)) = (seen.owner.order, seen.owner.payment) else {
        return Ok(Some(format!("{taken} by a payment that names no order of this shop")));
    };
    let loaded = match load(ctx, &Scope::All, OrderRef::Order(order)).await {
        Ok(loaded) => loaded,
        Err(OpError::NotFound) => return Ok(Some(format!("{taken} for {order}, which is not here"))),
        Err(error) => return Err(error),
    };
    if request.channel.as_ref().is_some_and(|c| *c != loaded.order.channel) {
        return Ok(None);
    }
    let Some(ours) = loaded.order.payments.iter().find(|p| p.id == payment) else {
        return Ok(Some(format!("{taken} for {payment}, which order {} does not have", loaded.order.number)));
    };
    let known = ours.reference.as_deref() == Some(seen.reference.as_str()) || is_under_way(&loaded.order, ours);
    Ok((!known).then(|| format!("{taken} for {payment}, which our books know under another id")))
}

fn unanswered(error: ProviderError) -> OpError {
    OpError::Busy(format!("a provider did not say what its books have: {error}"))
}
