//! History through another version: which orders would have gone another way, and where they would have parted. Nothing is written.

use std::collections::BTreeMap;
use std::sync::Arc;

use orderwright_core::actor::Role;
use orderwright_core::decide::recall::Record;
use orderwright_core::decide::replay::{Difference, Verdict, shadow};
use orderwright_core::id::OrderId;
use orderwright_core::time::Timestamp;
use orderwright_core::workflow::{Sides, StateMap, Workflow};
use serde::Deserialize;
use serde_json::Value;

use crate::ops::command::{Loaded, loaded};
use crate::ops::{Ctx, OpError};
use crate::store::{OrderFilter, Page, Scope, Sort, SortKey};

/// Orders that are read at once.
const BATCH: u32 = 200;
/// Timeline entries that are read at once.
const ENTRIES: i64 = 500;

/// What to play, and through what.
#[derive(Clone, Debug)]
pub struct Request {
    /// The other version.
    pub to: Arc<Workflow>,
    /// Its merchant's side.
    pub partner: Option<Arc<Workflow>>,
    /// Only orders that run this version.
    pub from: Option<String>,
    /// Only orders that were placed from then on.
    pub since: Option<Timestamp>,
    /// States that have another name there.
    pub map: StateMap,
}

/// An order that would have gone another way.
#[derive(Clone, Debug)]
pub struct Parted {
    /// Its id.
    pub order: OrderId,
    /// Its number.
    pub number: String,
    /// Where.
    pub difference: Difference,
}

/// How many went which way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Orders that would have gone the same way.
    pub same: u64,
    /// Orders that would not.
    pub other: u64,
    /// Orders of which it cannot be said, by the reason.
    pub unknown: BTreeMap<String, u64>,
}

impl Summary {
    /// Orders of which it cannot be said.
    pub fn unknown(&self) -> u64 {
        self.unknown.values().sum()
    }
}

/// Plays every order of the workflow through the other version; `parted` hears of those that would have gone another way, and `looked`
/// of every order that was read.
///
/// # Errors
/// [`OpError::Forbidden`] unless the actor is of the platform.
pub async fn run(
    ctx: &Ctx,
    request: &Request,
    parted: &mut (dyn FnMut(Parted) + Send),
    looked: &mut (dyn FnMut() + Send),
) -> Result<Summary, OpError> {
    if !matches!(ctx.actor.role, Role::Admin | Role::Ops) {
        return Err(OpError::Forbidden("only the platform plays history".to_owned()));
    }
    let mut summary = Summary::default();
    let filter = OrderFilter { from: request.since.map(|t| t.0), ..OrderFilter::default() };
    let sort = Sort { key: SortKey::CreatedAt, descending: false };
    let mut page = Page::First { limit: BATCH };
    loop {
        let found = ctx.app.store.list_orders(&Scope::All, &filter, sort, page).await?;
        for row in found.rows {
            looked();
            let order = loaded(ctx, row).await?;
            let from = |version: &String| *version == order.order.workflow_version;
            if order.order.workflow != request.to.name || !request.from.as_ref().is_none_or(from) {
                continue;
            }
            match one(ctx, &order, request).await? {
                Verdict::Same { .. } => summary.same += 1,
                Verdict::Other(difference) => {
                    summary.other += 1;
                    parted(Parted { order: order.order.id, number: order.order.number.clone(), difference });
                }
                Verdict::Unknown(why) => *summary.unknown.entry(why).or_default() += 1,
            }
        }
        tokio::task::yield_now().await;
        match found.next {
            Some(cursor) => page = Page::After { cursor, limit: BATCH },
            None => return Ok(summary),
        }
    }
}

async fn one(ctx: &Ctx, loaded: &Loaded, request: &Request) -> Result<Verdict, OpError> {
    let records = match records(ctx, loaded).await? {
        Ok(records) => records,
        Err(why) => return Ok(Verdict::Unknown(why)),
    };
    let own = Sides { workflow: &loaded.workflow, partner: loaded.partner.as_deref() };
    let other = Sides { workflow: &request.to, partner: request.partner.as_deref() };
    Ok(shadow(&loaded.order, &records, own, other, &request.map))
}

/// The commands that an order's timeline recorded, oldest first; the text says why they cannot be read.
async fn records(ctx: &Ctx, loaded: &Loaded) -> Result<Result<Vec<Record>, String>, OpError> {
    let unreadable = |error: serde_json::Error| format!("a record cannot be read: {error}");
    let (mut records, mut after) = (Vec::new(), 0);
    loop {
        let rows = ctx.app.store.list_timeline(loaded.order.id.0, after, ENTRIES, false, None).await?;
        let Some(last) = rows.last().map(|row| row.seq) else { break };
        after = last;
        for row in &rows {
            let Some(text) = &row.metadata else { continue };
            let found = serde_json::from_str::<Value>(text).and_then(|metadata| Record::of_entry(&metadata));
            match found {
                Ok(found) => records.extend(found),
                Err(error) => return Ok(Err(unreadable(error))),
            }
        }
    }
    match Vec::<Record>::deserialize(&Value::Array(loaded.order.unrecorded.clone())) {
        Ok(waiting) => records.extend(waiting),
        Err(error) => return Ok(Err(unreadable(error))),
    }
    Ok(Ok(records))
}
