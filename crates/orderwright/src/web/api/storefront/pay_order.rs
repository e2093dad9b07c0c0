//! `POST /storefront/orders/{id}/payment`

use axum::extract::Path;
use axum::response::Response;
use orderwright_core::decide::Command;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::ops::command::OrderRef;
use crate::ops::command::{Applied, load, run};
use crate::ops::place;
use crate::web::api::shared;
use crate::web::caller::Storefront;
use crate::web::problem::ProblemBody;
use crate::web::request::Answer;
use crate::web::request::Incoming;
use crate::web::view::order::OrderView;

/// A method.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPayment {
    /// The method's token at the provider.
    pub payment_method: String,
}

/// Pays (again) by a method, while the order may be paid.
#[utoipa::path(post, path = "/storefront/orders/{id}/payment", tag = "storefront", operation_id = "storefrontPayOrder", security(("token" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    request_body = NewPayment,
    responses(
        (status = 200, body = OrderView, description = "Done"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 412, body = ProblemBody, description = "Changed meanwhile (If-Match)"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn handler(Path(id): Path<String>, incoming: Incoming<Storefront>) -> Response {
    let again = Some(shared::again_order as crate::web::request::Again);
    incoming
        .run(again, |ctx, body: NewPayment| async move {
            let mut ctx = ctx;
            let loaded = load(&ctx, &ctx.scope(), OrderRef::order(&id)?).await?;
            place::check_method_of(&ctx, &loaded.order.channel, &body.payment_method)?;
            let command = Command::Pay { method: body.payment_method };
            let Applied { loaded, .. } = run(&mut ctx, OrderRef::order(&id)?, &command).await?;
            Ok(Answer::ok(&shared::show(&ctx, &loaded).await?).version(loaded.order.version))
        })
        .await
}
