//! `GET /storefront/orders/{id}/payment`

use axum::extract::Path;
use axum::response::IntoResponse;
use orderwright_core::payment_words;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ops::pay_page;
use crate::web::caller::{Caller, Storefront};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::Answer;

/// How the order's payment stands, and where its customer goes on.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentLink {
    /// `pay_…`
    pub payment_id: Option<String>,
    /// sandbox, stripe, razorpay
    pub provider: Option<String>,
    /// Whether the provider waits for the customer.
    pub awaits_customer: bool,
    /// The page, as a path of this server. Whoever has it may pay the order.
    pub page: String,
    /// What the customer can do after a decline, in plain words.
    pub next_step: Option<String>,
}

/// Where the customer pays: the page that collects a card in the provider's own component.
#[utoipa::path(get, path = "/storefront/orders/{id}/payment", tag = "storefront", operation_id = "storefrontPaymentLink",
    security(("token" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = PaymentLink, description = "The page and how the payment stands"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
    ))]
pub async fn handler(Path(id): Path<String>, caller: Caller<Storefront>) -> Result<impl IntoResponse, Problem> {
    let (page, loaded) = pay_page::path(&caller.ctx, &id).await?;
    let payment = loaded.order.current_payment();
    let payable = pay_page::payable(&loaded);
    Ok(Answer::ok(&PaymentLink {
        payment_id: payment.map(|p| p.id.to_string()),
        provider: payment.map(|p| p.provider.clone()),
        awaits_customer: payment.is_some_and(|p| p.awaits_customer),
        page,
        next_step: payment.and_then(|p| payment_words::next_step(p, payable)),
    }))
}
