//! `POST /storefront/checkouts`

use axum::response::Response;
use orderwright_core::catalog::Wish;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::ops::people::{Address, Contact};
use crate::ops::place::{self, Request};
use crate::ops::{Ctx, FieldError};
use crate::web::caller::Storefront;
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::{Answer, Incoming};

/// What a checkout is asked for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewCheckout {
    /// Which channel.
    pub channel: String,
    /// Who buys; with a customer's token this is contact only.
    pub customer: Contact,
    /// What.
    pub items: Vec<NewItem>,
    /// Where to.
    #[serde(default)]
    pub shipping_address: Option<Address>,
    /// Who is billed; the shipping address unless said.
    #[serde(default)]
    pub billing_address: Option<Address>,
    /// A code.
    #[serde(default)]
    pub discount_code: Option<String>,
}

/// A line.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewItem {
    /// Which offer.
    pub sku: String,
    /// How many.
    pub quantity: i64,
    /// Bundle selections, customisations: an object.
    #[serde(default)]
    pub metadata: Option<Value>,
}

/// An open checkout.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckoutView {
    /// `chk_…`
    pub id: String,
    /// The channel.
    pub channel: String,
    /// `cus_…`
    pub customer_id: String,
    /// ISO 4217.
    pub currency: String,
    /// The lines: sku, name, merchantId, quantity, price, gstRate, gstAmount, discountAmount, total, metadata.
    pub items: Vec<Value>,
    /// Σ price × quantity.
    pub subtotal: i64,
    /// Tax in all.
    pub gst_amount: i64,
    /// The code given.
    pub discount_code: Option<String>,
    /// Discount in all.
    pub discount_amount: i64,
    /// Shipping with its tax.
    pub shipping_cost: i64,
    /// What rounding added.
    pub rounding_amount: i64,
    /// What the order will cost.
    pub total: i64,
    /// Frozen discount rules.
    pub discount_snapshot: Value,
    /// Frozen prices.
    pub pricing_snapshot: Value,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339; the stock is reserved until then.
    pub expires_at: String,
}

/// The largest metadata of a line.
const MAX_METADATA: usize = 16 * 1024;

impl NewCheckout {
    /// Checked, as an operation's request.
    pub fn into_request(self) -> Result<Request, Problem> {
        let mut wrong = self.customer.check("/customer");
        for (pointer, address) in
            [("/shippingAddress", &self.shipping_address), ("/billingAddress", &self.billing_address)]
        {
            wrong.extend(address.iter().flat_map(|a| a.check(pointer)));
        }
        for (n, item) in self.items.iter().enumerate() {
            wrong.extend(item.check(n));
        }
        if !wrong.is_empty() {
            return Err(Problem::fields(wrong));
        }
        let wish =
            |i: NewItem| Wish { sku: i.sku, quantity: i.quantity, metadata: i.metadata.unwrap_or_else(|| json!({})) };
        Ok(Request {
            channel: self.channel,
            customer: self.customer,
            items: self.items.into_iter().map(wish).collect(),
            shipping_address: self.shipping_address,
            billing_address: self.billing_address,
            discount_code: self.discount_code,
        })
    }
}

impl NewItem {
    fn check(&self, n: usize) -> Option<FieldError> {
        let metadata = self.metadata.as_ref()?;
        let text = metadata.to_string();
        let detail = if !metadata.is_object() {
            "must be an object".to_owned()
        } else if text.len() > MAX_METADATA {
            format!("must have at most {MAX_METADATA} bytes")
        } else if text.contains("\\u0000") {
            "must not contain NUL".to_owned()
        } else {
            return None;
        };
        Some(FieldError { pointer: format!("/items/{n}/metadata"), detail })
    }
}

/// Prices a cart and reserves its units until `expiresAt`.
#[utoipa::path(post, path = "/storefront/checkouts", tag = "storefront", operation_id = "storefrontOpenCheckout", security(("token" = [])),
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body = NewCheckout,
    responses(
        (status = 201, body = CheckoutView, description = "Priced and reserved"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 412, body = ProblemBody, description = "Changed meanwhile (If-Match)"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn handler(incoming: Incoming<Storefront>) -> Response {
    incoming.run(None, |ctx, body: NewCheckout| open(ctx, body)).await
}

async fn open(mut ctx: Ctx, body: NewCheckout) -> Result<Answer, Problem> {
    let (checkout, channel, priced) = place::open_checkout(&mut ctx, body.into_request()?).await?;
    let items = priced.items.iter().map(|i| {
        json!({
            "sku": i.sku, "name": i.name, "merchantId": i.merchant_id.to_string(), "productVariantId": i.product_variant_id.to_string(),
            "quantity": i.quantity, "price": i.price, "gstRate": i.gst_rate, "gstAmount": i.gst_amount,
            "discountAmount": i.discount_amount, "total": i.total, "metadata": i.metadata,
        })
    });
    Ok(Answer::created(&CheckoutView {
        id: checkout.id.to_string(),
        channel: checkout.channel,
        customer_id: checkout.customer_id.to_string(),
        currency: channel.currency.code().to_owned(),
        items: items.collect(),
        subtotal: priced.items.iter().map(|i| i.price * i.quantity).sum(),
        gst_amount: priced.items.iter().map(|i| i.gst_amount).sum::<i64>() + priced.shipping_tax,
        discount_code: checkout.discount_code,
        discount_amount: priced.items.iter().map(|i| i.discount_amount).sum(),
        shipping_cost: channel.shipping_cost,
        rounding_amount: 0,
        total: priced.items.iter().map(|i| i.total).sum::<i64>() + channel.shipping_cost,
        discount_snapshot: priced.discount_snapshot,
        pricing_snapshot: priced.pricing_snapshot,
        created_at: checkout.created_at.to_string(),
        expires_at: checkout.expires_at.to_string(),
    }))
}
