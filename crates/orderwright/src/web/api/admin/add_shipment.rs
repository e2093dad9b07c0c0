//! `POST /admin/orders/{id}/shipments`

use axum::extract::Path;
use axum::response::Response;

use crate::ops::command::OrderRef;
use crate::web::api::shared;
use crate::web::caller::Admin;
use crate::web::problem::ProblemBody;
use crate::web::request::Incoming;
use crate::web::view::event::ShipmentBody;
use crate::web::view::order::ShipmentView;

/// Records a parcel, and ships what is in it where the workflow allows.
#[utoipa::path(post, path = "/admin/orders/{id}/shipments", tag = "admin", operation_id = "adminAddShipment", security(("token" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    request_body = ShipmentBody,
    responses(
        (status = 201, body = ShipmentView, description = "Done"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 412, body = ProblemBody, description = "Changed meanwhile (If-Match)"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn handler(Path(id): Path<String>, incoming: Incoming<Admin>) -> Response {
    let again = Some(shared::again_order as crate::web::request::Again);
    incoming
        .run(again, |ctx, body: ShipmentBody| async move { shared::ship(ctx, OrderRef::order(&id)?, body).await })
        .await
}
