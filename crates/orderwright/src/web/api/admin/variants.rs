//! `GET /admin/variants` and `PATCH /admin/variants/{sku}`

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use orderwright_core::catalog::Offer;
use orderwright_core::id::MerchantId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::ops::catalog;
use crate::web::api::shared;
use crate::web::caller::{Admin, Caller};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::{Answer, Incoming};
use crate::web::view::page::{List, Params, read_text_cursor, text_cursor};

/// A product variant as one merchant offers it: several may offer the same.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Variant)]
pub struct VariantView {
    /// `var_…`
    pub id: String,
    /// Names the offer.
    pub sku: String,
    /// The channel that lists it.
    pub channel: String,
    /// `mer_…`
    pub merchant_id: String,
    /// For people.
    pub name: String,
    /// Of one unit.
    pub price: i64,
    /// ISO 4217; null when the channel is gone.
    pub currency: Option<String>,
    /// Percent.
    pub gst_rate: String,
    /// The brand that it belongs to.
    pub brand: Option<String>,
    /// The kind of goods; rules of splits may be for one.
    pub category: Option<String>,
    /// Whether an item may be cancelled after work on it began.
    pub late_cancellation: bool,
}

fn show(app: &App, offer: Offer) -> VariantView {
    VariantView {
        id: offer.variant_id.to_string(),
        currency: app.channel(&offer.channel).map(|c| c.currency.code().to_owned()),
        sku: offer.sku,
        channel: offer.channel,
        merchant_id: offer.merchant_id.to_string(),
        name: offer.name,
        price: offer.price,
        gst_rate: offer.gst_rate,
        brand: offer.brand,
        category: offer.category,
        late_cancellation: offer.late_cancellation,
    }
}

/// Offers by SKU.
#[utoipa::path(get, path = "/admin/variants", tag = "admin", operation_id = "adminListVariants", security(("token" = [])),
    params(
        ("channel" = Option<String>, Query),
        ("merchantId" = Option<String>, Query),
        ("limit" = Option<i64>, Query, description = "1 to 200, default 20"),
        ("after" = Option<String>, Query, description = "nextCursor of the page before"),
        ("page" = Option<i64>, Query, description = "From 1; page × limit at most 10,000"),
    ),
    responses(
        (status = 200, body = List<VariantView>, description = "A page"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn handler(caller: Caller<Admin>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    let mut params = Params::new(query.0);
    let window = params.window(read_text_cursor);
    let channel = params.take("channel");
    let merchant = params.parsed("merchantId", "a merchant's id, mer_…", MerchantId::parse);
    params.finish()?;
    let (ctx, after) = (&caller.ctx, window.after.as_deref().unwrap_or(""));
    let offers = catalog::list_offers(ctx, after, window.rows() as i64, merchant, channel.as_deref()).await?;
    Ok(Answer::ok(&window.list(offers, |o| text_cursor(&o.sku), |o| show(&ctx.app, o))))
}

/// The longest name of a category.
pub const MAX_CATEGORY: usize = 100;

/// What to change about an offer.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeVariant {
    /// The kind of goods; null sorts it out of any.
    pub category: Option<String>,
}

/// Sorts an offer into a category; orders that were placed keep their split.
#[utoipa::path(patch, path = "/admin/variants/{sku}", tag = "admin", operation_id = "adminChangeVariant", security(("token" = [])),
    params(("sku" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = ChangeVariant,
    responses(
        (status = 200, body = VariantView, description = "As it is now"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 412, body = ProblemBody, description = "Changed meanwhile (If-Match)"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn patch(Path(sku): Path<String>, incoming: Incoming<Admin>) -> Response {
    let work = |mut ctx: crate::ops::Ctx, body: ChangeVariant| async move {
        let named =
            |name: &String| !name.trim().is_empty() && name.chars().count() <= MAX_CATEGORY && !name.contains('\0');
        if body.category.as_ref().is_some_and(|name| !named(name)) {
            let detail = format!("must have between 1 and {MAX_CATEGORY} characters, or be null");
            return Err(Problem::field("/category", detail));
        }
        let offer = catalog::set_category(&mut ctx, &sku, body.category).await?;
        Ok(Answer::ok(&show(&ctx.app, offer)))
    };
    incoming.run(None, work).await
}
