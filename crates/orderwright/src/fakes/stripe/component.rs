//! Stripe's component as a page sees it: `Stripe(key).elements(…).create('payment').mount(…)`, `confirmPayment`, `confirmSetup` and
//! `handleNextAction`. The field for the card is in the component's own frame, so the shop's page never has the number.

use super::super::server::{Answer, Request};

/// The script and the frame, if that is what is asked for.
pub fn answer(request: &Request) -> Option<Answer> {
    let of = |kind: &str, body: &str| Answer {
        status: 200,
        headers: vec![("content-type", kind.to_owned()), ("access-control-allow-origin", "*".to_owned())],
        body: body.to_owned(),
    };
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/v3") => Some(of("text/javascript; charset=utf-8", include_str!("component.js"))),
        ("GET", "/v3/frame") => Some(of("text/html; charset=utf-8", include_str!("frame.html"))),
        _ => None,
    }
}

/// Whether the browser asks, which has the intent's secret instead of a key.
pub fn is_browser(request: &Request) -> bool {
    let body = std::str::from_utf8(&request.body).unwrap_or_default();
    request.method == "POST" && request.path.ends_with("/confirm") && body.contains("client_secret=")
        || request.method == "POST" && request.path.ends_with("/authenticate")
}
