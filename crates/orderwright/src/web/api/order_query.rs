//! The filters of every list of orders (api.md, «Admin»).

use orderwright_core::id::{CustomerId, MerchantId, OrderId};

use crate::app::App;
use crate::store::{NumberFilter, OrderFilter};
use crate::web::view::page::Params;

/// The words of `paymentStatus`.
pub const PAYMENT_STATUSES: &[&str] = &[
    "pending",
    "authorised",
    "captured",
    "partially_refunded",
    "refunded",
    "failed",
    "voided",
    "in_doubt",
    "disputed",
];
/// The words of `shippingStatus`.
pub const SHIPPING_STATUSES: &[&str] =
    &["none", "pending", "partially_shipped", "shipped", "partially_delivered", "delivered", "returned"];

/// Takes the filters out of a query.
pub fn filter(params: &mut Params, app: &App) -> OrderFilter {
    let amount = |v: &str| v.parse::<i64>().ok();
    let q = params.take("q");
    let filter = OrderFilter {
        status: params.list("status"),
        channel: params.list("channel"),
        payment_status: params.list("paymentStatus"),
        shipping_status: params.list("shippingStatus"),
        customer_id: params.parsed("customerId", "a customer's id, cus_…", |v| CustomerId::parse(v).map(|c| c.0)),
        number: params.take("orderNumber").map(number),
        from: params.instant("from").map(|t| t.0),
        to: params.instant("to").map(|t| t.0),
        delivered_from: params.instant("deliveredFrom").map(|t| t.0),
        delivered_to: params.instant("deliveredTo").map(|t| t.0),
        min_total: params.number("minTotal", "an amount in minor units", amount),
        max_total: params.number("maxTotal", "an amount in minor units", amount),
        merchant_id: params.parsed("merchantId", "a merchant's id, mer_…", |v| MerchantId::parse(v).map(|m| m.0)),
        sku: params.take("sku"),
        q_id: q.as_deref().and_then(OrderId::parse).map(|o| o.0),
        q: q.map(|q| q.trim().trim_start_matches('#').to_owned()),
    };
    // A whole number is found by its index; only a part of one needs a search.
    let filter = match filter.q.as_deref().filter(|q| is_whole_number(q)).map(str::to_owned) {
        Some(whole) if filter.number.is_none() => {
            OrderFilter { q: None, number: Some(NumberFilter::Exact(whole)), ..filter }
        }
        _ => filter,
    };
    known(params, "paymentStatus", &filter.payment_status, PAYMENT_STATUSES);
    known(params, "shippingStatus", &filter.shipping_status, SHIPPING_STATUSES);
    let workflows = app.workflows();
    let statuses: Vec<&str> = workflows.iter().flat_map(|w| w.statuses.iter().map(String::as_str)).collect();
    known(params, "status", &filter.status, &statuses);
    filter
}

fn number(text: String) -> NumberFilter {
    if is_whole_number(&text) { NumberFilter::Exact(text) } else { NumberFilter::Contains(text) }
}

/// Whether the text is a number as orders have it: prefix, day, at least five digits.
fn is_whole_number(text: &str) -> bool {
    let mut parts = text.rsplitn(3, '-');
    let digits = |part: Option<&str>, least: usize| {
        part.is_some_and(|p| p.len() >= least && p.bytes().all(|b| b.is_ascii_digit()))
    };
    digits(parts.next(), 5)
        && digits(parts.next(), 8)
        && parts.next().is_some_and(|p| !p.is_empty() && p == p.to_uppercase())
}

/// A word that no order can have would silently find nothing.
fn known(params: &mut Params, name: &str, given: &[String], known: &[&str]) {
    if let Some(word) = given.iter().find(|g| !known.contains(&g.as_str())) {
        let mut all = known.to_vec();
        all.sort_unstable();
        all.dedup();
        params.complain(name, format!("`{word}` is none of {}", all.join(", ")));
    }
}
