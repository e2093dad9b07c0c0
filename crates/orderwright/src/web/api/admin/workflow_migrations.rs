//! `POST /admin/workflow-migrations`, `GET /admin/workflow-migrations` and `/{id}`, `POST /admin/workflow-migrations/{id}/undo`

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use orderwright_core::decide::migrate::Preview;
use orderwright_core::id::{MigrationId, OrderId};
use orderwright_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ops::versions::migrate::{self, Fate, Migration, Prepared, Request, Summary, Told};
use crate::ops::{Ctx, OpError, idempotency};
use crate::web::caller::{Caller, Platform};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::{Answer, Incoming};
use crate::web::view::page::List;

/// Orders that one answer shows; the counts are of all.
const SHOWN: usize = 200;

/// A migration that is wanted.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Migrate {
    /// The workflow.
    pub name: String,
    /// The version that the orders run: a version, its beginning, or `current`.
    pub from: String,
    /// The version that they are to run.
    pub to: String,
    /// The version of the merchant's side that they are to run with it, if not the one they have.
    pub partner_to: Option<String>,
    /// Where each state goes, as the TOML text of a map; what is not named keeps its name.
    pub map: Option<String>,
    /// Only say what would become of each order.
    pub dry_run: Option<bool>,
    /// Leave orders that cannot be moved where they are, and move the others.
    pub skip_refused: Option<bool>,
}

/// Nothing is asked for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Undo {}

/// Why an order cannot be moved.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ObstacleView {
    /// A stable word: reservation, money, running_effect, …
    pub code: &'static str,
    /// A sentence.
    pub message: String,
}

/// What would become, or became, of an order.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MigratedOrderView {
    /// `ord_…`
    pub order_id: String,
    /// The number that people use.
    pub order_number: String,
    /// would_move, refused, finished; moved_since after an undo.
    pub outcome: &'static str,
    /// What stands in its way.
    pub reasons: Vec<ObstacleView>,
    /// Statuses, states, timers and possible events, before and after; null where it is not moved.
    #[schema(value_type = Option<serde_json::Value>)]
    pub preview: Option<Preview>,
}

/// A migration.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WorkflowMigration)]
pub struct MigrationView {
    /// `mig_…`; null when nothing was begun: a dry run, or orders that cannot be moved.
    pub id: Option<String>,
    /// The workflow.
    pub name: String,
    /// The version that the orders ran.
    pub from: String,
    /// The version that they are to run.
    pub to: String,
    /// rehearsed, refused, running, done, undoing, undone
    pub state: String,
    /// Orders by what became of them.
    pub orders: std::collections::BTreeMap<String, u64>,
    /// Reasons of refusals, and how many orders have each.
    pub reasons: std::collections::BTreeMap<String, u64>,
    /// Orders one by one, at most 200: those that cannot be moved first. Empty for a migration that is looked up.
    pub data: Vec<MigratedOrderView>,
    /// Who began it.
    pub created_by: Option<String>,
    /// RFC 3339.
    pub created_at: Option<String>,
    /// RFC 3339.
    pub updated_at: Option<String>,
}

fn order(told: Told) -> MigratedOrderView {
    let reason =
        |o: &orderwright_core::decide::migrate::Obstacle| ObstacleView { code: o.code(), message: o.to_string() };
    MigratedOrderView {
        order_id: OrderId(told.order_id).to_string(),
        order_number: told.number,
        outcome: told.fate.name(),
        reasons: told.obstacles.iter().map(reason).collect(),
        preview: told.preview,
    }
}

fn show(migration: Migration) -> MigrationView {
    MigrationView {
        id: Some(migrate::id_text(migration.id)),
        name: migration.request.name,
        from: migration.request.from,
        to: migration.request.to,
        state: migration.state,
        orders: migration.summary.orders,
        reasons: migration.summary.reasons,
        data: Vec::new(),
        created_by: Some(migration.created_by),
        created_at: Some(Timestamp(migration.created_at).to_string()),
        updated_at: Some(Timestamp(migration.updated_at).to_string()),
    }
}

/// Orders to show: those in the way first.
#[derive(Default)]
struct Listing {
    refused: Vec<Told>,
    others: Vec<Told>,
}

impl Listing {
    fn add(&mut self, told: Told) {
        let list = if told.obstacles.is_empty() { &mut self.others } else { &mut self.refused };
        if list.len() < SHOWN {
            list.push(told);
        }
    }

    fn data(self) -> Vec<MigratedOrderView> {
        self.refused.into_iter().chain(self.others).take(SHOWN).map(order).collect()
    }
}

fn rehearsed(prepared: &Prepared, state: &str, summary: Summary, listing: Listing) -> MigrationView {
    MigrationView {
        id: None,
        name: prepared.request.name.clone(),
        from: prepared.request.from.clone(),
        to: prepared.request.to.clone(),
        state: state.to_owned(),
        orders: summary.orders,
        reasons: summary.reasons,
        data: listing.data(),
        created_by: None,
        created_at: None,
        updated_at: None,
    }
}

/// Moves orders in flight to another version, or says what would become of each. Orders that cannot be moved refuse the whole migration,
/// unless they are to be left out: then `state` is `refused`, and nothing was changed. A migration that was killed goes on when the same
/// is asked for again.
#[utoipa::path(post, path = "/admin/workflow-migrations", tag = "admin", operation_id = "adminMigrateWorkflow", security(("token" = [])),
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body = Migrate,
    responses(
        (status = 200, body = MigrationView, description = "Rehearsed or refused; nothing was changed"),
        (status = 201, body = MigrationView, description = "Done"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "Only administrators migrate orders"),
        (status = 409, body = ProblemBody, description = "Another migration of this workflow has not ended"),
        (status = 422, body = ProblemBody, description = "Wrong fields: a version that is not there, a map that does not fit"),
    ))]
pub async fn add(incoming: Incoming<Platform>) -> Response {
    incoming
        .run(None, |mut ctx: Ctx, body: Migrate| async move {
            let request = Request {
                name: body.name,
                from: body.from,
                to: body.to,
                partner_to: body.partner_to,
                map: body.map.unwrap_or_default(),
                skip_refused: body.skip_refused.unwrap_or(false),
            };
            let prepared = migrate::prepare(&ctx, &request).await?;
            let mut listing = Listing::default();
            let summary = migrate::rehearse(&ctx, &prepared, &mut |told| listing.add(told)).await?;
            let refused = summary.count(Fate::Refused) > 0 && !request.skip_refused;
            if refused || body.dry_run == Some(true) {
                let state = if body.dry_run == Some(true) { "rehearsed" } else { "refused" };
                return Ok(Answer::ok(&rehearsed(&prepared, state, summary, listing)));
            }
            idempotency::claim(&mut ctx).await?;
            // The work goes on when the client goes away.
            let work = tokio::spawn(async move {
                let mut listing = Listing::default();
                let result = migrate::apply(&ctx, &prepared, &mut |told| listing.add(told)).await;
                result.map(|(migration, summary)| (prepared, migration, summary, listing))
            });
            let ended = work.await.map_err(|e| OpError::Internal(format!("a migration ended in a panic: {e}")))?;
            let (prepared, migration, summary, listing) = ended?;
            Ok(match migration {
                Some(migration) => Answer::created(&MigrationView { data: listing.data(), ..show(migration) }),
                None => Answer::ok(&rehearsed(&prepared, "refused", summary, listing)),
            })
        })
        .await
}

/// The latest migrations, the newest first.
#[utoipa::path(get, path = "/admin/workflow-migrations", tag = "admin", operation_id = "adminListWorkflowMigrations",
    security(("token" = [])),
    responses(
        (status = 200, body = List<MigrationView>, description = "At most 200"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
    ))]
pub async fn list(caller: Caller<Platform>) -> Result<impl IntoResponse, Problem> {
    let data: Vec<MigrationView> = migrate::list(&caller.ctx.app).await?.into_iter().map(show).collect();
    Ok(Answer::ok(&List { data, next_cursor: None, total: None }))
}

/// How far a migration has come.
#[utoipa::path(get, path = "/admin/workflow-migrations/{id}", tag = "admin", operation_id = "adminGetWorkflowMigration",
    security(("token" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = MigrationView, description = "The migration"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "No such migration"),
    ))]
pub async fn get(caller: Caller<Platform>, Path(id): Path<String>) -> Result<impl IntoResponse, Problem> {
    let id = MigrationId::parse(&id).ok_or(OpError::NotFound)?;
    Ok(Answer::ok(&show(migrate::get(&caller.ctx.app, id.0).await?)))
}

/// Puts back what a migration moved, as far as it has not moved since.
#[utoipa::path(post, path = "/admin/workflow-migrations/{id}/undo", tag = "admin", operation_id = "adminUndoWorkflowMigration",
    security(("token" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = Undo,
    responses(
        (status = 200, body = MigrationView, description = "Undone; `data` has the orders that stay"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "Only administrators migrate orders"),
        (status = 404, body = ProblemBody, description = "No such migration"),
        (status = 409, body = ProblemBody, description = "It was undone already"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn undo(Path(id): Path<String>, incoming: Incoming<Platform>) -> Response {
    incoming
        .run(None, |ctx: Ctx, _: Undo| async move {
            let id = MigrationId::parse(&id).ok_or(OpError::NotFound)?;
            let work = tokio::spawn(async move {
                let mut listing = Listing::default();
                let result = migrate::undo(&ctx, id.0, &mut |told| {
                    if told.fate != Fate::PutBack {
                        listing.add(told);
                    }
                })
                .await;
                result.map(|(migration, _)| (migration, listing))
            });
            let ended = work.await.map_err(|e| OpError::Internal(format!("an undo ended in a panic: {e}")))?;
            let (migration, listing) = ended?;
            Ok(Answer::ok(&MigrationView { data: listing.data(), ..show(migration) }))
        })
        .await
}
