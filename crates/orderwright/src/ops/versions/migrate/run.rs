//! The work of a migration: every order once without writing, then in batches for good.

use futures_util::StreamExt;
use futures_util::stream;
use orderwright_core::decide::Decision;
use orderwright_core::decide::migrate::{Places, Plan, Terms, migrate, preview};
use orderwright_core::id::IdSource;
use orderwright_core::order::Order;
use orderwright_core::time::{Span, Timestamp};
use serde_json::json;

use super::{Body, Fate, Leg, Migration, Prepared, Request, Summary, Told, Trace, body, sides};
use crate::effects::runner;
use crate::ops::bulk::AT_ONCE;
use crate::ops::{Ctx, OpError, commit};
use crate::store::{Changeset, CommitError, Guard, MigrationOrderRow, MigrationRow, OrderRow, Scope};

/// Orders between two notes of how far the work has come.
const BATCH: i64 = 256;
/// How often an order is decided anew because it moved meanwhile, before it is left where it is.
const ATTEMPTS: u32 = 20;
/// Unfinished migrations are looked for among so many.
const RECENT: i64 = 200;

/// Ids that only a rehearsal sees.
struct Imagined(i64);

impl IdSource for Imagined {
    fn next_id(&mut self) -> i64 {
        self.0 += 1;
        self.0
    }
}

/// Says what would become of each order in flight; nothing is written.
pub async fn rehearse(ctx: &Ctx, prepared: &Prepared, told: &mut (dyn FnMut(Told) + Send)) -> Result<Summary, OpError> {
    let mut summary = Summary::default();
    for leg in &prepared.legs {
        let plan = Plan::new(sides(&leg.from), sides(&leg.to), &prepared.map);
        let mut after = 0;
        loop {
            let rows = ctx.app.store.orders_in_flight(&leg.versions, after, BATCH).await?;
            let Some(last) = rows.last().map(|row| row.id) else { break };
            after = last;
            for row in rows {
                let one = rehearse_one(ctx, leg, &plan, &row)?;
                summary.add(&one);
                told(one);
            }
            tokio::task::yield_now().await;
        }
    }
    Ok(summary)
}

fn rehearse_one(ctx: &Ctx, leg: &Leg, plan: &Plan<'_>, row: &OrderRow) -> Result<Told, OpError> {
    let order = parsed(row)?;
    let mut one = Told {
        order_id: row.id,
        number: row.number.clone(),
        fate: Fate::Finished,
        obstacles: Vec::new(),
        preview: None,
    };
    if commit::in_flight(&order, &leg.from.0).is_none() {
        return Ok(one);
    }
    match decided(ctx, &order, plan, "rehearsal", &mut Imagined(0)) {
        Ok(decision) => {
            one.fate = Fate::WouldMove;
            one.preview = Some(preview(&order, &decision, plan, &mut Imagined(0)));
        }
        Err(obstacles) => (one.fate, one.obstacles) = (Fate::Refused, obstacles),
    }
    Ok(one)
}

fn parsed(row: &OrderRow) -> Result<Order, OpError> {
    serde_json::from_str(&row.body).map_err(|e| OpError::Internal(format!("order {}: {e}", row.id)))
}

/// The instant of a decision on an order: never before what happened to it last.
pub(super) fn instant(ctx: &Ctx, order: &Order) -> Timestamp {
    ctx.clock.now().max(order.updated_at)
}

pub(super) fn cancel_window(ctx: &Ctx, order: &Order) -> Span {
    ctx.app.channel(&order.channel).map_or(Span::ZERO, |c| c.cancel_window)
}

fn decided(
    ctx: &Ctx,
    order: &Order,
    plan: &Plan<'_>,
    migration: &str,
    ids: &mut dyn IdSource,
) -> Result<Decision, Vec<orderwright_core::decide::migrate::Obstacle>> {
    let (now, cancel_window) = (instant(ctx, order), cancel_window(ctx, order));
    migrate(order, plan, Terms { migration, actor: &ctx.actor, now, cancel_window, ids })
}

/// Moves the orders. A migration of the same request that was begun and not ended is gone on with; `told` hears of every order that this
/// run looked at.
///
/// # Errors
/// [`OpError::Refused`] by no order: when one cannot be moved and those are not to be left out, the answer has no migration, and
/// nothing was changed. `migration_unfinished` when another migration of these orders has not ended.
pub async fn apply(
    ctx: &Ctx,
    prepared: &Prepared,
    told: &mut (dyn FnMut(Told) + Send),
) -> Result<(Option<Migration>, Summary), OpError> {
    let mut row = match unfinished(ctx, &prepared.request).await? {
        Some(row) => row,
        None => {
            let rehearsed = rehearse(ctx, prepared, &mut |one| {
                if one.fate == Fate::Refused {
                    told(one);
                }
            })
            .await?;
            if rehearsed.count(Fate::Refused) > 0 && !prepared.request.skip_refused {
                return Ok((None, rehearsed));
            }
            begin(ctx, prepared).await?
        }
    };
    let migration = super::id_text(row.id);
    let mut summary = body(&row)?.summary;
    let begun = row.cursor_version.clone();
    for leg in prepared.legs.iter().filter(|leg| leg.versions >= begun) {
        if leg.versions != row.cursor_version {
            row.cursor_version.clone_from(&leg.versions);
            row.cursor_id = 0;
        }
        let plan = Plan::new(sides(&leg.from), sides(&leg.to), &prepared.map);
        loop {
            let rows = ctx.app.store.orders_in_flight(&leg.versions, row.cursor_id, BATCH).await?;
            let Some(last) = rows.last().map(|row| row.id) else { break };
            let (plan, migration, id) = (&plan, migration.as_str(), row.id);
            let mut work =
                stream::iter(rows.into_iter().map(|row| one(ctx, leg, plan, migration, id, row))).buffered(AT_ONCE);
            while let Some(result) = work.next().await {
                let result = result?;
                if !matches!(result.fate, Fate::Moved) {
                    summary.add(&result);
                }
                told(result);
            }
            drop(work);
            row.cursor_id = last;
            advance(ctx, &mut row, "running", &prepared.request, &summary).await?;
        }
    }
    // What was moved is counted where it was written, so that no kill can make it wrong.
    let moved = count(ctx, row.id).await?;
    summary.orders.insert(Fate::Moved.name().to_owned(), moved);
    advance(ctx, &mut row, "done", &prepared.request, &summary).await?;
    Ok((Some(Migration::try_from(row)?), summary))
}

/// The migration of this request that was begun and not ended.
async fn unfinished(ctx: &Ctx, request: &Request) -> Result<Option<MigrationRow>, OpError> {
    for row in ctx.app.store.list_migrations(i64::MAX, RECENT).await? {
        if row.name != request.name || matches!(row.state.as_str(), "done" | "undone") {
            continue;
        }
        if row.state == "running" && body(&row)?.request == *request {
            return Ok(Some(row));
        }
        let id = super::id_text(row.id);
        let detail = format!(
            "migration {id} of {} is {}: end it first, by running it again as it was begun or by undoing it",
            row.name, row.state
        );
        return Err(OpError::Conflict("migration_unfinished", detail));
    }
    Ok(None)
}

async fn begin(ctx: &Ctx, prepared: &Prepared) -> Result<MigrationRow, OpError> {
    let now = ctx.clock.now();
    let row = MigrationRow {
        id: ctx.app.ids.next(now),
        name: prepared.request.name.clone(),
        state: "running".to_owned(),
        cursor_version: String::new(),
        cursor_id: 0,
        body: json!(Body { request: prepared.request.clone(), summary: Summary::default() }).to_string(),
        created_by: ctx.actor.id.clone(),
        created_at: now.0,
        updated_at: now.0,
    };
    let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
    cs.insert_migration(&row);
    ctx.app.store.commit(cs).await?;
    Ok(row)
}

/// Writes down how far it has come; when somebody ended or undoes it meanwhile, the work stops.
pub(super) async fn advance(
    ctx: &Ctx,
    row: &mut MigrationRow,
    state: &str,
    request: &Request,
    summary: &Summary,
) -> Result<(), OpError> {
    let now = ctx.clock.now();
    let expected = std::mem::replace(&mut row.state, state.to_owned());
    row.body = json!(Body { request: request.clone(), summary: summary.clone() }).to_string();
    row.updated_at = now.0;
    let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
    cs.advance_migration(row, &expected);
    match ctx.app.store.commit(cs).await {
        Err(CommitError::Conflict { .. }) => {
            let id = super::id_text(row.id);
            let detail = format!("migration {id} was taken over by somebody else, who ends or undoes it");
            Err(OpError::Conflict("migration_unfinished", detail))
        }
        other => Ok(other?),
    }
}

/// How many orders a migration has moved and not put back.
pub(super) async fn count(ctx: &Ctx, id: i64) -> Result<u64, OpError> {
    let (mut after, mut sum) = (0, 0);
    loop {
        let rows = ctx.app.store.migration_orders(id, after, BATCH * 4).await?;
        let Some(last) = rows.last() else { return Ok(sum) };
        after = last.order_id;
        sum += rows.iter().filter(|row| row.outcome == "moved").count() as u64;
    }
}

/// Moves one order, in a changeset of its own.
async fn one(
    ctx: &Ctx,
    leg: &Leg,
    plan: &Plan<'_>,
    migration: &str,
    id: i64,
    mut row: OrderRow,
) -> Result<Told, OpError> {
    let mut told = Told {
        order_id: row.id,
        number: row.number.clone(),
        fate: Fate::Elsewhere,
        obstacles: Vec::new(),
        preview: None,
    };
    for _ in 0..ATTEMPTS {
        let _mine = ctx.app.order_lock(row.id).lock().await;
        let order = parsed(&row)?;
        let runs = commit::versions(&order.workflow_version, order.partner_version.as_deref());
        if runs != leg.versions {
            return Ok(told);
        }
        if commit::in_flight(&order, &leg.from.0).is_none() {
            return Ok(Told { fate: Fate::Finished, ..told });
        }
        let now = instant(ctx, &order);
        let decision = match decided(ctx, &order, plan, migration, &mut ctx.app.ids.at(now)) {
            Ok(decision) => decision,
            Err(obstacles) => return Ok(Told { fate: Fate::Refused, obstacles, ..told }),
        };
        let trace = Trace { before: Places::of(&order), after: Places::of(&decision.order) };
        let mut cs = commit::changeset(ctx, &decision, plan.to.workflow, Some(order.version), now)?;
        cs.insert_migration_order(&MigrationOrderRow {
            migration_id: id,
            order_id: row.id,
            outcome: "moved".to_owned(),
            body: json!(trace).to_string(),
        });
        match ctx.app.store.commit(cs).await {
            Ok(()) => {
                ctx.app.wake.notify_one();
                runner::run_new(ctx.clone(), decision.effects).await;
                return Ok(Told { fate: Fate::Moved, ..told });
            }
            Err(CommitError::Duplicate { what: Guard::MigrationOrder }) => return Ok(told),
            Err(CommitError::Conflict { what: Guard::OrderVersion }) => {
                let Some(now) = ctx.app.store.find_order(&Scope::All, row.id).await? else { return Ok(told) };
                row = now;
            }
            Err(error) => return Err(error.into()),
        }
    }
    told.fate = Fate::Refused;
    Err(OpError::Busy(format!("order {} keeps changing", told.number)))
}
