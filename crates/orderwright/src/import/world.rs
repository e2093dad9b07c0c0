//! The order that a replay works on: the real one in the store, or a rehearsal that nobody else will ever see.
//!
//! Both are moved by the same rules (`decide`), so what a rehearsal refuses the real thing would refuse too, before anything is written.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use orderwright_core::actor::Actor;
use orderwright_core::decide::{self, Command, Context, EffectJob, Outcome, Refusal};
use orderwright_core::id::IdSource;
use orderwright_core::order::{Order, RefundState};
use orderwright_core::time::{Span, Timestamp};
use orderwright_core::workflow::Workflow;

use crate::effects::runner;
use crate::ops::command::{self, Loaded, OrderRef};
use crate::ops::{Ctx, OpError};
use crate::store::Scope;

/// How often a busy store is asked again, a little later each time.
const ATTEMPTS: u32 = 8;
/// Outcomes that one command may lead to in a rehearsal.
const OUTCOMES: usize = 64;

/// The milliseconds that are in use: every command of a run has one of its own, because the ids of one millisecond are few.
#[derive(Debug, Default)]
pub struct Instants(Mutex<HashSet<i64>>);

impl Instants {
    /// The first free millisecond at or after that instant.
    pub fn take(&self, at: Timestamp) -> Timestamp {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ms = at.millis() + i64::from(at.0.rem_euclid(1000) != 0);
        while !taken.insert(ms) {
            ms += 1;
        }
        Timestamp(ms * 1000)
    }
}

/// Ids that only a rehearsal sees.
#[derive(Debug, Default)]
pub struct Imagined(i64);

impl IdSource for Imagined {
    fn next_id(&mut self) -> i64 {
        self.0 += 1;
        self.0
    }
}

/// Where the commands go.
enum Stage {
    Real { ctx: Box<Ctx>, instants: Arc<Instants> },
    Rehearsal { ids: Imagined },
}

/// An order on its way.
pub struct World {
    /// As it stands.
    pub order: Order,
    /// Its workflow.
    pub workflow: Arc<Workflow>,
    /// The merchant's side.
    pub partner: Option<Arc<Workflow>>,
    /// Who acts.
    pub actor: Actor,
    /// How long a paid order rests before it goes to merchants.
    pub cancel_window: Span,
    /// When it last moved.
    pub now: Timestamp,
    stage: Stage,
}

impl World {
    /// The real order; `ctx` has a clock of its own.
    pub fn real(ctx: Ctx, loaded: Loaded, cancel_window: Span, instants: Arc<Instants>) -> Self {
        let now = ctx.clock.now().max(loaded.order.updated_at);
        let actor = ctx.actor.clone();
        let Loaded { order, workflow, partner } = loaded;
        Self {
            order,
            workflow,
            partner,
            actor,
            cancel_window,
            now,
            stage: Stage::Real { ctx: Box::new(ctx), instants },
        }
    }

    /// A rehearsal of an order that was just imagined.
    pub fn rehearsal(actor: Actor, loaded: Loaded, cancel_window: Span, ids: Imagined) -> Self {
        let Loaded { order, workflow, partner } = loaded;
        let now = order.created_at;
        Self { order, workflow, partner, actor, cancel_window, now, stage: Stage::Rehearsal { ids } }
    }

    /// Carries a command out at that instant, or right after what was last, and what it starts.
    pub async fn run(&mut self, at: Timestamp, command: &Command) -> Result<(), OpError> {
        let after = Timestamp(self.now.0 + 1000);
        match &mut self.stage {
            Stage::Real { ctx, instants } => {
                self.now = instants.take(at.max(after));
                ctx.clock.set(self.now);
                self.order = persist(ctx, instants, &self.order, command).await?;
                self.now = ctx.clock.now();
                Ok(())
            }
            Stage::Rehearsal { ids } => {
                self.now = at.max(after);
                let terms = Terms {
                    workflow: &self.workflow,
                    partner: self.partner.as_deref(),
                    cancel_window: self.cancel_window,
                };
                let mut becomes = imagine(&self.order, command, &self.actor, self.now, terms, ids)?;
                self.order = becomes.pop().unwrap_or_else(|| self.order.clone());
                Ok(())
            }
        }
    }

    /// What would become of the order, one outcome of an effect after the other; nothing changes.
    pub fn imagine(&self, order: &Order, command: &Command, now: Timestamp) -> Result<Vec<Order>, Refusal> {
        let terms =
            Terms { workflow: &self.workflow, partner: self.partner.as_deref(), cancel_window: self.cancel_window };
        // Ids of imagined parts only have to differ from those that are there.
        imagine(order, command, &self.actor, now, terms, &mut Imagined(1 << 40))
    }

    /// Refunds whose effect was ordered by a run that was killed before it could be run.
    pub async fn finish_refunds(&mut self) -> Result<(), OpError> {
        let Stage::Real { ctx, instants } = &self.stage else { return Ok(()) };
        let open: Vec<_> = self.order.refunds.iter().filter(|r| r.state == RefundState::Pending).collect();
        if open.is_empty() {
            return Ok(());
        }
        for refund in open {
            let Some(job) = refund.effect else { continue };
            if let Some(row) = ctx.app.store.find_job(job.0).await?
                && let Ok(job) = serde_json::from_str::<EffectJob>(&row.payload)
            {
                ctx.clock.set(instants.take(Timestamp(refund.created_at.0 + 1000)));
                runner::run_new((**ctx).clone(), vec![job]).await;
            }
        }
        self.order = command::load(ctx, &Scope::All, OrderRef::Order(self.order.id)).await?.order;
        Ok(())
    }
}

/// What surrounds an imagined decision.
#[derive(Clone, Copy)]
struct Terms<'a> {
    workflow: &'a Workflow,
    partner: Option<&'a Workflow>,
    cancel_window: Span,
}

/// Decides, and lets every effect succeed: the order after each decision, the last one last.
fn imagine(
    order: &Order,
    command: &Command,
    actor: &Actor,
    now: Timestamp,
    terms: Terms<'_>,
    ids: &mut dyn IdSource,
) -> Result<Vec<Order>, Refusal> {
    let mut decide = |order: &Order, command: &Command, actor: &Actor| {
        let Terms { workflow, partner, cancel_window } = terms;
        decide::decide(
            order,
            command,
            actor,
            &mut Context { workflow, partner, now, provider: "sandbox", cancel_window, ids },
        )
    };
    let mut decision = decide(order, command, actor)?;
    let mut effects = std::mem::take(&mut decision.effects);
    let mut becomes = Vec::new();
    for _ in 0..OUTCOMES {
        let Some(job) = effects.pop() else { break };
        let done = Command::Outcome { effect: job.id, outcome: Outcome::done(None) };
        match decide(&decision.order, &done, &Actor::system()) {
            Ok(next) => {
                effects.extend(next.effects.iter().cloned());
                becomes.push(std::mem::replace(&mut decision, next).order);
            }
            Err(Refusal::StaleOutcome) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    becomes.push(decision.order);
    Ok(becomes)
}

/// Carries a command out, and what it starts a moment later; a busy store is asked again.
async fn persist(ctx: &Ctx, instants: &Instants, order: &Order, command: &Command) -> Result<Order, OpError> {
    let which = OrderRef::Order(order.id);
    let mut attempt = 0;
    loop {
        match command::apply(ctx, &Scope::All, which, command, &mut |_, _, _| {}).await {
            Ok((decision, loaded)) if decision.effects.is_empty() => return Ok(loaded.order),
            Ok((decision, _)) => {
                ctx.clock.set(instants.take(Timestamp(ctx.clock.now().0 + 1000)));
                runner::run_new(ctx.clone(), decision.effects).await;
                return Ok(command::load(ctx, &Scope::All, which).await?.order);
            }
            // After a commit whose answer was lost, the step is taken already.
            Err(OpError::Refused(Refusal::NotPossible { .. })) if attempt > 0 => {
                return Ok(command::load(ctx, &Scope::All, which).await?.order);
            }
            Err(OpError::Busy(_)) if attempt < ATTEMPTS => rest(attempt).await,
            Err(error) => return Err(error),
        }
        attempt += 1;
    }
}

/// Waits a little, longer each time.
pub async fn rest(attempt: u32) {
    tokio::time::sleep(Duration::from_millis(20 << attempt.min(ATTEMPTS))).await;
}
