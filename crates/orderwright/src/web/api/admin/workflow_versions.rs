//! `POST /admin/workflows`, `GET /admin/workflows/{name}/versions` and `GET /admin/workflows/{name}/versions/{version}`

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use orderwright_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ops::versions::find;
use crate::ops::versions::prove::File;
use crate::ops::versions::publish::{Published, publish};
use crate::ops::{Ctx, OpError};
use crate::store::PublicationRow;
use crate::web::caller::{Caller, Platform};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::{Answer, Incoming};
use crate::web::view::page::List;

/// The most texts of one request.
pub const MAX_TEXTS: usize = 20;

/// Workflows to be published.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Publish {
    /// The text of a workflow file.
    pub text: Option<String>,
    /// The texts of several that are published together, or none of them: both sides of a coupled pair.
    pub texts: Option<Vec<String>>,
    /// Why, for the history.
    pub note: Option<String>,
}

/// A workflow as it was published.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PublishedView {
    /// The name that channels and orders carry.
    pub name: String,
    /// The version that new orders get from now on.
    pub version: String,
    /// The version that they got until now; null when it is the same, or there was none.
    pub replaces: Option<String>,
    /// published, words_changed (the same version in other words), published_again (an earlier version), unchanged
    pub outcome: &'static str,
}

/// What was published.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PublishedListView {
    /// In the order of the request.
    pub data: Vec<PublishedView>,
}

/// An act of publishing.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WorkflowVersion)]
pub struct VersionView {
    /// The version: a hash of what the workflow does.
    pub version: String,
    /// Whether new orders get it.
    pub current: bool,
    /// RFC 3339.
    pub published_at: String,
    /// Who; `orderwright` for what comes with the program.
    pub published_by: String,
    /// Why, if that was said.
    pub note: Option<String>,
}

/// A version with its text.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WorkflowText)]
pub struct TextView {
    /// The name that channels and orders carry.
    pub name: String,
    /// The version: a hash of what the workflow does.
    pub version: String,
    /// Whether new orders get it.
    pub current: bool,
    /// The file.
    pub text: String,
}

fn show(published: Published) -> PublishedView {
    let Published { name, version, replaces, outcome } = published;
    PublishedView { name, version, replaces, outcome: outcome.name() }
}

fn entry(row: PublicationRow, newest: bool) -> VersionView {
    VersionView {
        version: row.version,
        current: newest,
        published_at: Timestamp(row.at).to_string(),
        published_by: row.published_by,
        note: row.note,
    }
}

/// Publishes workflows: they are checked, and new orders of the channels that use them get them. Orders in flight keep their version.
#[utoipa::path(post, path = "/admin/workflows", tag = "admin", operation_id = "adminPublishWorkflows", security(("token" = [])),
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body = Publish,
    responses(
        (status = 201, body = PublishedListView, description = "Published"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "Only administrators publish"),
        (status = 422, body = ProblemBody, description = "Wrong fields, or the checker found something: `findings`"),
    ))]
pub async fn add(incoming: Incoming<Platform>) -> Response {
    incoming
        .run(None, |mut ctx: Ctx, body: Publish| async move {
            let files = files(body.text, body.texts)?;
            let published = publish(&mut ctx, &files, body.note.as_deref()).await?;
            Ok(Answer::created(&PublishedListView { data: published.into_iter().map(show).collect() }))
        })
        .await
}

fn files(text: Option<String>, texts: Option<Vec<String>>) -> Result<Vec<File>, Problem> {
    let file = |name: String, text: String| File { name, text, table: None };
    match (text, texts) {
        (Some(text), None) => Ok(vec![file("text".to_owned(), text)]),
        (None, Some(texts)) if (1..=MAX_TEXTS).contains(&texts.len()) => {
            Ok(texts.into_iter().enumerate().map(|(n, text)| file(format!("texts/{n}"), text)).collect())
        }
        (None, Some(_)) => Err(Problem::field("/texts", format!("must hold between 1 and {MAX_TEXTS} texts"))),
        (None, None) => Err(Problem::field("/text", "the text of a workflow file is missing")),
        (Some(_), Some(_)) => Err(Problem::field("/texts", "give either text or texts")),
    }
}

/// Every act of publishing of a name, newest first.
#[utoipa::path(get, path = "/admin/workflows/{name}/versions", tag = "admin", operation_id = "adminListWorkflowVersions",
    security(("token" = [])),
    params(("name" = String, Path)),
    responses(
        (status = 200, body = List<VersionView>, description = "All of them"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Nothing of that name was ever published"),
    ))]
pub async fn list(caller: Caller<Platform>, Path(name): Path<String>) -> Result<impl IntoResponse, Problem> {
    let rows = find::history(&caller.ctx.app, &name).await?;
    let total = Some(rows.len() as i64);
    let data: Vec<VersionView> = rows.into_iter().enumerate().map(|(n, row)| entry(row, n == 0)).collect();
    Ok(Answer::ok(&List { data, next_cursor: None, total }))
}

/// A version with its text: publish that again to go back to it.
#[utoipa::path(get, path = "/admin/workflows/{name}/versions/{version}", tag = "admin", operation_id = "adminGetWorkflowVersion",
    security(("token" = [])),
    params(("name" = String, Path), ("version" = String, Path, description = "A whole version")),
    responses(
        (status = 200, body = TextView, description = "The version"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "No such workflow, or no such version"),
    ))]
pub async fn get(
    caller: Caller<Platform>,
    Path((name, version)): Path<(String, String)>,
) -> Result<impl IntoResponse, Problem> {
    let app = &caller.ctx.app;
    let (workflow, text) = find::version(app, &name, &version).await?;
    let current = app.workflows().get(&name).ok_or(OpError::NotFound)?.version == workflow.version;
    Ok(Answer::ok(&TextView { name, version, current, text }))
}
