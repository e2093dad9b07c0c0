//! `POST /webhooks/stripe` and `POST /webhooks/razorpay`

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::app::App;
use crate::ops::webhooks::{Delivery, NotTaken, receive};
use crate::pay::signature::Forged;
use crate::web::problem::{BUSY, FORGED, Problem, ProblemBody, TOO_LARGE};
use crate::web::request::{Answer, MAX_BODY};

/// Events of Stripe. The signature is checked over the raw body; an event is kept once, and acted on afterwards.
#[utoipa::path(post, path = "/webhooks/stripe", tag = "operations", operation_id = "stripeWebhook",
    params(("Stripe-Signature" = String, Header)),
    request_body = serde_json::Value,
    responses(
        (status = 200, body = serde_json::Value, description = "Kept, or known already"),
        (status = 400, body = ProblemBody, description = "Not Stripe's, or too old"),
        (status = 404, body = ProblemBody, description = "Stripe is not set up on this server"),
        (status = 413, body = ProblemBody, description = "Too large"),
        (status = 503, body = ProblemBody, description = "Not kept: send it again"),
    ))]
pub async fn stripe(State(app): State<Arc<App>>, headers: HeaderMap, body: Body) -> Response {
    take(&app, "stripe", header(&headers, "stripe-signature"), None, body).await
}

/// Events of Razorpay. The signature is checked over the raw body; an event is kept once, by the id in its header, and acted on afterwards.
#[utoipa::path(post, path = "/webhooks/razorpay", tag = "operations", operation_id = "razorpayWebhook",
    params(("X-Razorpay-Signature" = String, Header), ("x-razorpay-event-id" = Option<String>, Header)),
    request_body = serde_json::Value,
    responses(
        (status = 200, body = serde_json::Value, description = "Kept, or known already"),
        (status = 400, body = ProblemBody, description = "Not Razorpay's"),
        (status = 404, body = ProblemBody, description = "Razorpay is not set up on this server"),
        (status = 413, body = ProblemBody, description = "Too large"),
        (status = 503, body = ProblemBody, description = "Not kept: send it again"),
    ))]
pub async fn razorpay(State(app): State<Arc<App>>, headers: HeaderMap, body: Body) -> Response {
    let signature = header(&headers, "x-razorpay-signature");
    take(&app, "razorpay", signature, header(&headers, "x-razorpay-event-id"), body).await
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

async fn take(app: &Arc<App>, provider: &str, signature: Option<&str>, event_id: Option<&str>, body: Body) -> Response {
    if signature.is_none() {
        app.metrics.webhooks_forged.inc();
        return Problem::new(&FORGED, "the header with the signature is missing").into_response();
    }
    let Ok(body) = axum::body::to_bytes(body, MAX_BODY).await else {
        return Problem::new(&TOO_LARGE, "an event has at most 1 MiB").into_response();
    };
    match receive(app, Delivery { provider, signature, event_id, body: &body }).await {
        Ok(new) => (StatusCode::OK, Answer::ok(&json!({ "received": true, "new": new }))).into_response(),
        Err(NotTaken::Forged(why)) => {
            tracing::warn!(provider, %why, "a webhook was not believed");
            app.metrics.webhooks_forged.inc();
            let problem = match why {
                Forged::NoSecret => Problem::new(&BUSY, "no webhook secret is configured for this provider"),
                _ => Problem::new(&FORGED, why.to_string()),
            };
            problem.into_response()
        }
        Err(NotTaken::Ours(error)) => Problem::from(error).into_response(),
    }
}
