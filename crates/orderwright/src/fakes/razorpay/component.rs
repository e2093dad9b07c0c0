//! Razorpay's checkout as a page sees it: `new Razorpay({ key, order_id, handler }).open()`. The card is typed into the checkout's own frame,
//! and the handler gets the payment's id with a signature.

use serde_json::json;

use super::super::params;
use super::super::server::{Answer, Insides, Request, lock};
use super::orders;
use crate::pay::signature;

/// The script, the frame, and the payment that the frame makes.
pub fn answer(state: &Insides, request: &Request) -> Option<Answer> {
    let of = |kind: &str, body: String| Answer {
        status: 200,
        headers: vec![("content-type", kind.to_owned()), ("access-control-allow-origin", "*".to_owned())],
        body,
    };
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/v1/checkout.js") => {
            Some(of("text/javascript; charset=utf-8", include_str!("component.js").to_owned()))
        }
        ("GET", "/v1/checkout/frame") => Some(of("text/html; charset=utf-8", include_str!("frame.html").to_owned())),
        ("POST", "/v1/checkout/pay") => {
            let form = params::parse(std::str::from_utf8(&request.body).unwrap_or_default());
            let card = match form["number"].as_str().map(|n| n.replace(' ', "")).as_deref() {
                Some("4111111111111111" | "4242424242424242") => "good",
                Some("4000000000000119") => "late",
                _ => "declined",
            };
            let order = form["order_id"].as_str().unwrap_or_default();
            let paid = orders::pay(&mut lock(&state.books), order, card);
            let body = match paid {
                Some(payment) if payment["status"] == "authorized" || payment["status"] == "captured" => {
                    let id = payment["id"].as_str().unwrap_or_default();
                    let key = lock(&state.options).key.clone().unwrap_or_default();
                    let secret = key.split_once(':').map_or("", |(_, secret)| secret);
                    json!({
                        "razorpay_payment_id": id, "razorpay_order_id": order,
                        "razorpay_signature": signature::hmac_hex(secret, &[order.as_bytes(), b"|", id.as_bytes()]),
                    })
                }
                Some(payment) => {
                    json!({ "error": { "description": payment["error_description"], "reason": payment["error_reason"] } })
                }
                None => json!({ "error": { "description": "The order cannot be paid.", "reason": "order_paid" } }),
            };
            Some(of("application/json", body.to_string()))
        }
        _ => None,
    }
}
