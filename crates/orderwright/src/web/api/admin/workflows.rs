//! `GET /admin/workflows`, `GET /admin/workflows/{name}` and its picture, `GET /admin/workflows/{name}/graph.svg`

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use orderwright_core::graph::{self, Graph, Machines};
use orderwright_core::workflow::{Audience, Kind};
use serde::Serialize;
use utoipa::ToSchema;

use crate::ops::workflows::{self, Used};
use crate::web::api::shared;
use crate::web::caller::{Admin, Caller};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::Answer;
use crate::web::view::page::{List, Params};

/// A lifecycle.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Workflow)]
pub struct WorkflowView {
    /// The name that channels and orders carry.
    pub name: String,
    /// For people.
    pub title: String,
    /// The version that new orders get; it is named by what it does.
    pub version: String,
    /// order, or merchant for the merchant's side of another one.
    pub kind: &'static str,
    /// Public statuses, least advanced first.
    pub statuses: Vec<String>,
    /// The lifecycle of the merchant's side; null where there is none.
    pub partner: Option<String>,
    /// The channels that use it.
    pub channels: Vec<String>,
}

/// A lifecycle with its machines.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = WorkflowInFull)]
pub struct WorkflowInFullView {
    /// What the list says of it.
    #[serde(flatten)]
    pub workflow: WorkflowView,
    /// The machines: `item`, `payment`, `merchant`, each with `nodes` (the states) and `edges` (the transitions, `from` and `to` by position).
    #[schema(value_type = Vec<serde_json::Value>)]
    pub machines: Vec<graph::Machine>,
}

fn show(used: &Used) -> WorkflowView {
    let workflow = &used.workflow;
    WorkflowView {
        name: workflow.name.clone(),
        title: workflow.title.clone(),
        version: workflow.version.clone(),
        kind: match workflow.kind {
            Kind::Order => "order",
            Kind::Merchant => "merchant",
            Kind::Dispute => "dispute",
        },
        statuses: workflow.statuses.clone(),
        partner: workflow.partner.clone(),
        channels: used.channels.clone(),
    }
}

fn draw(used: &Used, machines: Machines, audience: Audience) -> Graph {
    graph::of_workflow(&used.workflow, used.partner.as_deref(), machines, audience)
}

/// The current lifecycles; for the owner of a channel, those of the channel.
#[utoipa::path(get, path = "/admin/workflows", tag = "admin", operation_id = "adminListWorkflows", security(("token" = [])),
    responses(
        (status = 200, body = List<WorkflowView>, description = "All of them"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn list(caller: Caller<Admin>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    Params::new(query.0).finish()?;
    let data: Vec<WorkflowView> = workflows::list(&caller.ctx).iter().map(show).collect();
    let total = Some(data.len() as i64);
    Ok(Answer::ok(&List { data, next_cursor: None, total }))
}

/// One lifecycle with its states and transitions.
#[utoipa::path(get, path = "/admin/workflows/{name}", tag = "admin", operation_id = "adminGetWorkflow", security(("token" = [])),
    params(("name" = String, Path)),
    responses(
        (status = 200, body = WorkflowInFullView, description = "The current version"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
    ))]
pub async fn get(caller: Caller<Admin>, Path(name): Path<String>) -> Result<impl IntoResponse, Problem> {
    let used = workflows::get(&caller.ctx, &name)?;
    let machines = draw(&used, Machines::All, Audience::Operator).machines;
    Ok(Answer::ok(&WorkflowInFullView { workflow: show(&used), machines }))
}

/// A lifecycle as a picture. It is light or dark as the reader's screen is, and holds no script.
#[utoipa::path(get, path = "/admin/workflows/{name}/graph.svg", tag = "admin", operation_id = "adminDrawWorkflow", security(("token" = [])),
    params(
        ("name" = String, Path),
        ("machine" = Option<String>, Query, description = "all (the default), item, payment, merchant"),
        ("audience" = Option<String>, Query, description = "Whose labels: operator (the default), merchant, customer"),
    ),
    responses(
        (status = 200, body = String, content_type = "image/svg+xml", description = "The picture"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours; or it has no such machine"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn picture(
    caller: Caller<Admin>,
    Path(name): Path<String>,
    query: shared::Query,
) -> Result<Response, Problem> {
    let mut params = Params::new(query.0);
    let machines = params.parsed("machine", "one of all, item, payment, merchant", |word| {
        Some(match word {
            "all" => Machines::All,
            "item" => Machines::Item,
            "payment" => Machines::Payment,
            "merchant" => Machines::Merchant,
            _ => return None,
        })
    });
    let audience = params.parsed("audience", "one of operator, merchant, customer", Audience::parse);
    params.finish()?;
    let used = workflows::get(&caller.ctx, &name)?;
    let graph = draw(&used, machines.unwrap_or(Machines::All), audience.unwrap_or(Audience::Operator));
    if graph.machines.is_empty() {
        return Err(crate::ops::OpError::NotFound.into());
    }
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml; charset=utf-8"),
        // Opened on its own it is a document: it may style itself and nothing else.
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
        (header::CACHE_CONTROL, "private, no-cache"),
    ];
    Ok((headers, graph::svg(&graph)).into_response())
}
