//! A command on an order: load within the actor's scope, decide, commit, and run what it started.
//!
//! Two commands on one order at once: one commits, the other finds the version moved, loads again and decides anew.

use std::borrow::Cow;
use std::sync::Arc;

use orderwright_core::decide::{
    self, Command, Context, Decision, DisputeCommand, DisputeNote, Message, RefundRequest, Verdict,
};
use orderwright_core::id::{DisputeId, MerchantOrderId, OrderId, RefundId};
use orderwright_core::order::{Order, SANDBOX};
use orderwright_core::refunds::{RefundPolicy, RefundTerms};
use orderwright_core::time::{Span, Timestamp};
use orderwright_core::workflow::{Effect, Workflow};

use super::{Ctx, FIRST_OUTCOME, OpError, Wait, commit, versions};
use crate::effects;
use crate::store::{Changeset, CommitError, Guard, OrderRow, Scope};

/// An order as it was loaded.
#[derive(Clone)]
pub struct Loaded {
    /// The aggregate.
    pub order: Order,
    /// Its workflow.
    pub workflow: Arc<Workflow>,
    /// The merchant's side.
    pub partner: Option<Arc<Workflow>>,
}

/// An order after a command.
pub struct Applied {
    /// As committed last.
    pub loaded: Loaded,
    /// The refund that the command made.
    pub refund: Option<RefundId>,
    /// The message that the command wrote.
    pub message: Option<Message>,
    /// The dispute that the command is about.
    pub dispute: Option<DisputeId>,
    /// The last that the command wrote in a dispute.
    pub note: Option<DisputeNote>,
    /// When the command was decided.
    pub at: Timestamp,
}

/// How often a command is decided anew because the order moved, before it gives up.
const ATTEMPTS: u32 = 40;

/// An order or one of its merchant orders, as a path names it.
#[derive(Clone, Copy, Debug)]
pub enum OrderRef {
    /// The order.
    Order(OrderId),
    /// A merchant order.
    MerchantOrder(MerchantOrderId),
}

impl OrderRef {
    /// Reads `ord_…`.
    pub fn order(text: &str) -> Result<Self, OpError> {
        OrderId::parse(text).map(Self::Order).ok_or(OpError::NotFound)
    }

    /// Reads `ord_…` or `mor_…`, as merchants may write either.
    pub fn order_or_merchant_order(text: &str) -> Result<Self, OpError> {
        Self::order(text).or_else(|_| MerchantOrderId::parse(text).map(Self::MerchantOrder).ok_or(OpError::NotFound))
    }
}

/// Loads an order within a scope.
pub async fn load(ctx: &Ctx, scope: &Scope, which: OrderRef) -> Result<Loaded, OpError> {
    let row = match which {
        OrderRef::Order(id) => ctx.app.store.find_order(scope, id.0).await?,
        OrderRef::MerchantOrder(id) => ctx.app.store.find_order_of_merchant_order(scope, id.0).await?,
    };
    loaded(ctx, row.ok_or(OpError::NotFound)?).await
}

/// Makes the aggregate of a row. An order of a version that this node does not know yet was placed by another that does.
pub async fn loaded(ctx: &Ctx, row: OrderRow) -> Result<Loaded, OpError> {
    let order: Order =
        serde_json::from_str(&row.body).map_err(|e| OpError::Internal(format!("order {}: {e}", row.id)))?;
    let (workflow, partner) = match ctx.app.workflow_of(&order) {
        Ok(found) => found,
        Err(unknown) => {
            if !versions::follow::follow(&ctx.app).await? {
                return Err(unknown);
            }
            ctx.app.workflow_of(&order)?
        }
    };
    Ok(Loaded { order, workflow, partner })
}

/// Carries a command out and runs what it starts; the answer is the order as committed, after the first outcome of a payment step.
pub async fn run(ctx: &mut Ctx, which: OrderRef, command: &Command) -> Result<Applied, OpError> {
    let scope = ctx.scope();
    let key = ctx.key.take();
    let mut extra = |cs: &mut Changeset, order: &Order, now: Timestamp| {
        if let Some(key) = &key {
            key.start(cs, Some(order.id.0), now);
        }
    };
    let (decision, loaded) = Box::pin(apply(ctx, &scope, which, command, &mut extra)).await?;
    let (refund, message, at) = (decision.refund, decision.message.clone(), decision.order.updated_at);
    let (dispute, note) = (decision.disputes.subject, decision.disputes.notes.last().cloned());
    let loaded = Box::pin(settle(ctx, decision, loaded)).await?;
    Ok(Applied { loaded, refund, message, dispute, note, at })
}

/// Decides and commits, again when the order moved; runs nothing. `extra` adds to the changeset what must be committed with it.
pub async fn apply(
    ctx: &Ctx,
    scope: &Scope,
    which: OrderRef,
    command: &Command,
    extra: &mut (dyn FnMut(&mut Changeset, &Order, Timestamp) + Send),
) -> Result<(Decision, Loaded), OpError> {
    apply_to(ctx, scope, which, None, command, extra).await
}

/// The same on an order that the caller has just committed: it is loaded only if it has moved since.
pub async fn apply_to(
    ctx: &Ctx,
    scope: &Scope,
    which: OrderRef,
    mut known: Option<Loaded>,
    command: &Command,
    extra: &mut (dyn FnMut(&mut Changeset, &Order, Timestamp) + Send),
) -> Result<(Decision, Loaded), OpError> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let lock_id = match which {
            OrderRef::Order(id) => id.0,
            OrderRef::MerchantOrder(id) => id.0,
        };
        let _mine = ctx.app.order_lock(lock_id).lock().await;
        let from_memory = known.is_some();
        let Loaded { order, workflow, partner } = match known.take() {
            Some(known) => known,
            None => load(ctx, scope, which).await?,
        };
        if ctx.if_version.is_some_and(|wanted| wanted != order.version) {
            return Err(OpError::PreconditionFailed);
        }
        let now = ctx.clock.now();
        let decision = match decided(ctx, &order, &workflow, partner.as_deref(), command, now) {
            // Only the store knows whether it is still so.
            Err(_) if from_memory => continue,
            decided => decided?,
        };
        let mut cs = commit::changeset(ctx, &decision, &workflow, Some(order.version), now)?;
        extra(&mut cs, &order, now);
        match ctx.app.store.commit(cs).await {
            Ok(_) => {
                let loaded = Loaded { order: decision.order.clone(), workflow, partner };
                ctx.app.wake.notify_one();
                ctx.app.metrics.command(command);
                return Ok((decision, loaded));
            }
            Err(CommitError::Conflict { what: Guard::OrderVersion }) if attempt < ATTEMPTS => {
                ctx.app.metrics.conflicts.inc();
            }
            Err(CommitError::Conflict { what: Guard::OrderVersion }) => {
                return Err(OpError::Busy("the order keeps changing".to_owned()));
            }
            Err(other) => return Err(other.into()),
        }
    }
}

/// Decides and commits nothing: the order as it would be.
pub fn rehearse(ctx: &Ctx, loaded: &Loaded, command: &Command) -> Result<Loaded, OpError> {
    let Loaded { order, workflow, partner } = loaded;
    let decision = decided(ctx, order, workflow, partner.as_deref(), command, ctx.clock.now())?;
    Ok(Loaded { order: decision.order, workflow: workflow.clone(), partner: partner.clone() })
}

fn decided(
    ctx: &Ctx,
    order: &Order,
    workflow: &Workflow,
    partner: Option<&Workflow>,
    command: &Command,
    now: Timestamp,
) -> Result<Decision, OpError> {
    let channel = ctx.app.channel(&order.channel);
    let cancel_window = channel.as_ref().map_or(Span::ZERO, |c| c.cancel_window);
    let provider = channel.as_ref().map_or(SANDBOX, |c| c.payment_provider.as_str());
    let refunds = channel.as_ref().map(|c| &c.refunds);
    let command = refunds.map_or(Cow::Borrowed(command), |policy| by_policy(command, policy));
    let mut ids = ctx.app.ids.at(now);
    let mut context = Context { workflow, partner, now, provider, cancel_window, ids: &mut ids };
    Ok(decide::decide(order, &command, &ctx.actor, &mut context)?)
}

/// A refund is decided by the policy that the channel has when it is asked for.
fn by_policy<'a>(command: &'a Command, policy: &RefundPolicy) -> Cow<'a, Command> {
    let with = |request: &RefundRequest| {
        let terms = RefundTerms { policy: policy.clone(), ..request.terms.clone() };
        RefundRequest { terms, ..request.clone() }
    };
    match command {
        Command::Dispute(DisputeCommand::Decide { dispute, verdict }) => {
            let verdict = Verdict { policy: policy.clone(), ..verdict.clone() };
            Cow::Owned(Command::Dispute(DisputeCommand::Decide { dispute: *dispute, verdict }))
        }
        Command::Refund(request) => Cow::Owned(Command::Refund(with(request))),
        Command::RequestRefund(request) => Cow::Owned(Command::RequestRefund(with(request))),
        other => Cow::Borrowed(other),
    }
}

/// Runs the effects of a decision, waits as the context says, and answers with the order as it then is.
pub async fn settle(ctx: &Ctx, decision: Decision, loaded: Loaded) -> Result<Loaded, OpError> {
    if decision.effects.is_empty() {
        return Ok(loaded);
    }
    let waits = ctx.wait == Wait::Full || decision.effects.iter().any(|e| e.effect.0 != Effect::Refund);
    let order = OrderRef::Order(loaded.order.id);
    let as_committed = (!waits).then(|| loaded.clone());
    let work = Box::pin(effects::runner::run_from(ctx.clone(), decision.effects, Some(loaded)));
    let last = match ctx.wait {
        Wait::Full => work.await,
        Wait::FirstOutcome => {
            let task = tokio::spawn(work);
            if let Some(loaded) = as_committed {
                return Ok(loaded);
            }
            // The work goes on when the time is over, or when the client goes away.
            tokio::time::timeout(FIRST_OUTCOME, task).await.ok().and_then(Result::ok).flatten()
        }
    };
    if let Some(last) = last {
        return Ok(last);
    }
    load(ctx, &Scope::All, order).await
}
