//! Undoing a migration: every order that still stands where the migration left it goes back; the others stay, and are told.

use orderwright_core::actor::Role;
use orderwright_core::decide::migrate;
use orderwright_core::decide::migrate::{Obstacle, Places, Plan, Terms};
use orderwright_core::order::Order;
use orderwright_core::workflow::{Sides, StateMap};

use super::run::{advance, cancel_window, instant};
use super::{Fate, Migration, Summary, Told, Trace, body};
use crate::ops::versions::find;
use crate::ops::{Ctx, OpError, commit};
use crate::store::{CommitError, Guard, MigrationOrderRow, Scope};

/// Orders that are looked at between two notes.
const BATCH: i64 = 256;
/// How often an order is decided anew because it moved meanwhile.
const ATTEMPTS: u32 = 20;

/// Puts back what a migration moved. Killed and run again, it goes on.
///
/// # Errors
/// [`OpError::Forbidden`] unless the actor is an administrator; [`OpError::NotFound`]; `migration_unfinished` when it was undone already.
pub async fn undo(ctx: &Ctx, id: i64, told: &mut (dyn FnMut(Told) + Send)) -> Result<(Migration, Summary), OpError> {
    if ctx.actor.role != Role::Admin {
        return Err(OpError::Forbidden("only an administrator migrates orders".to_owned()));
    }
    let mut row = ctx.app.store.find_migration(id).await?.ok_or(OpError::NotFound)?;
    let before = body(&row)?;
    if row.state == "undone" {
        let detail = format!("migration {} was undone already", super::id_text(id));
        return Err(OpError::Conflict("migration_unfinished", detail));
    }
    // From here on no run of the migration itself goes on.
    advance(ctx, &mut row, "undoing", &before.request, &before.summary).await?;
    let mut summary = Summary::default();
    let mut after = 0;
    loop {
        let rows = ctx.app.store.migration_orders(id, after, BATCH).await?;
        let Some(last) = rows.last().map(|row| row.order_id) else { break };
        after = last;
        for moved in rows {
            let result = one(ctx, &moved).await?;
            summary.add(&result);
            told(result);
        }
    }
    let mut all = before.summary;
    all.orders = summary.orders.clone();
    advance(ctx, &mut row, "undone", &before.request, &all).await?;
    Ok((Migration::try_from(row)?, summary))
}

async fn one(ctx: &Ctx, moved: &MigrationOrderRow) -> Result<Told, OpError> {
    let mut told = Told {
        order_id: moved.order_id,
        number: String::new(),
        fate: Fate::PutBack,
        obstacles: Vec::new(),
        preview: None,
    };
    let trace: Trace = serde_json::from_str(&moved.body)
        .map_err(|e| OpError::Internal(format!("migration of order {}: {e}", moved.order_id)))?;
    for _ in 0..ATTEMPTS {
        let _mine = ctx.app.order_lock(moved.order_id).lock().await;
        let row = ctx.app.store.find_order(&Scope::All, moved.order_id).await?;
        let row = row.ok_or_else(|| OpError::Internal(format!("order {} is gone", moved.order_id)))?;
        told.number.clone_from(&row.number);
        if moved.outcome == "undone" {
            return Ok(told);
        }
        let order: Order =
            serde_json::from_str(&row.body).map_err(|e| OpError::Internal(format!("order {}: {e}", row.id)))?;
        if Places::of(&order) != trace.after {
            let obstacles = vec![since(&order, &trace.after)];
            return Ok(Told { fate: Fate::MovedSince, obstacles, ..told });
        }
        let set = find::fresh(&ctx.app).await?;
        let known = |version: &str| {
            let missing = || OpError::Internal(format!("version {version} is not in the store"));
            set.by_version(version).cloned().ok_or_else(missing)
        };
        let pair = |places: &Places| {
            let partner = places.partner_version.as_deref().map(known).transpose()?;
            Ok::<_, OpError>((known(&places.workflow_version)?, partner))
        };
        let (from, to) = (pair(&trace.after)?, pair(&trace.before)?);
        let map = StateMap::default();
        let sides = |pair| -> Sides<'_> { super::sides(pair) };
        let plan = Plan::new(sides(&from), sides(&to), &map);
        let now = instant(ctx, &order);
        let mut ids = ctx.app.ids.at(now);
        let migration = super::id_text(moved.migration_id);
        let cancel_window = cancel_window(ctx, &order);
        let terms = Terms { migration: &migration, actor: &ctx.actor, now, cancel_window, ids: &mut ids };
        let decision = match migrate::undo(&order, &trace.before, &plan, terms) {
            Ok(decision) => decision,
            Err(obstacles) => return Ok(Told { fate: Fate::Refused, obstacles, ..told }),
        };
        let mut cs = commit::changeset(ctx, &decision, &to.0, Some(order.version), now)?;
        cs.undo_migration_order(moved.migration_id, moved.order_id);
        match ctx.app.store.commit(cs).await {
            Ok(()) | Err(CommitError::Conflict { what: Guard::MigrationOrder }) => return Ok(told),
            Err(CommitError::Conflict { what: Guard::OrderVersion }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(OpError::Busy(format!("order {} keeps changing", told.number)))
}

/// Which machine is no longer where it was left.
fn since(order: &Order, after: &Places) -> Obstacle {
    let now = Places::of(order);
    if now.payment != after.payment {
        return Obstacle::Moved { machine: format!("payment (now `{}`)", now.payment.state) };
    }
    let moved = now.items.iter().find(|place| !after.items.contains(place));
    let machine = moved
        .map_or_else(|| "the order".to_owned(), |place| format!("item {} (now `{}`)", place.item, place.machine.state));
    Obstacle::Moved { machine }
}
