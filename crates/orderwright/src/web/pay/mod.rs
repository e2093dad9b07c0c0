//! The payment page, for channels without a storefront of their own: `GET /pay/{orderId}/{token}`.
//!
//! The card is entered in the provider's own component, in the provider's own frame; no number ever reaches this page or this server. It is
//! the one page whose Content-Security-Policy names a provider's host. What is not here: what a payment's state means (`ops::pay_page`).

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State as FromApp};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;

use crate::app::App;
use crate::ops::OpError;
use crate::ops::pay_page::{self, CheckoutAnswer, Page, State};
use crate::pay::port::CustomerAction;
use crate::web::problem::{MALFORMED, Problem};
use crate::web::request::Answer;

/// The page and what it loads.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/pay/{order}/{token}", get(show))
        .route("/pay/{order}/{token}/check", post(check))
        .route("/pay/{order}/{token}/again", post(again))
        .route("/pay/assets/pay.js", get(|| asset("text/javascript; charset=utf-8", include_str!("pay.js"))))
        .route("/pay/assets/pay.css", get(|| asset("text/css; charset=utf-8", include_str!("pay.css"))))
}

async fn asset(kind: &'static str, body: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=300")];
    (headers, body).into_response()
}

async fn show(FromApp(app): FromApp<Arc<App>>, Path((order, token)): Path<(String, String)>) -> Response {
    match pay_page::page(&app, &order, &token).await {
        Ok(page) => html(StatusCode::OK, &page),
        Err(OpError::NotFound) => message(
            StatusCode::NOT_FOUND,
            "There is no payment here",
            "The link is not complete, or it is not ours. Open it again from the shop's message.",
        ),
        Err(error) => {
            tracing::warn!(%error, "the payment page could not be made");
            message(
                StatusCode::SERVICE_UNAVAILABLE,
                "The payment cannot be shown now",
                "The payment provider does not answer. Nothing was taken. Load this page again in a minute.",
            )
        }
    }
}

/// What the browser tells: all of it only a hint.
#[derive(Debug, Default, Deserialize)]
struct Told {
    razorpay_order_id: Option<String>,
    razorpay_payment_id: Option<String>,
    razorpay_signature: Option<String>,
}

async fn check(
    FromApp(app): FromApp<Arc<App>>,
    Path((order, token)): Path<(String, String)>,
    body: axum::body::Bytes,
) -> Response {
    let told: Told = match body.is_empty() {
        true => Told::default(),
        false => match serde_json::from_slice(&body) {
            Ok(told) => told,
            Err(error) => return Problem::new(&MALFORMED, format!("the body is not JSON: {error}")).into_response(),
        },
    };
    let answer = match (told.razorpay_order_id, told.razorpay_payment_id, told.razorpay_signature) {
        (Some(order), Some(payment), Some(signature)) => Some(CheckoutAnswer { order, payment, signature }),
        _ => None,
    };
    match pay_page::check(&app, &order, &token, answer).await {
        Ok(page) => standing(&page),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// The customer wants to pay again; the page is loaded anew then.
async fn again(FromApp(app): FromApp<Arc<App>>, Path((order, token)): Path<(String, String)>) -> Response {
    match pay_page::again(&app, &order, &token).await {
        Ok(page) => standing(&page),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// How a payment stands, for the page's script.
fn standing(page: &Page) -> Response {
    let text = match &page.state {
        State::Failed { next, .. } => next,
        _ => "",
    };
    Answer::ok(&json!({ "state": page.state.word(), "message": text })).into_response()
}

/// The page as HTML.
fn html(status: StatusCode, page: &Page) -> Response {
    let (title, body, action) = match &page.state {
        State::Open(action) => ("Payment", form(action), Some(action.as_ref())),
        State::Processing => (
            "The payment is being processed",
            "<p id=\"status\" role=\"status\">One moment, please.</p>".to_owned(),
            None,
        ),
        State::Paid => (
            "Thank you",
            "<p id=\"status\" role=\"status\">The payment is complete. You can close this page.</p>".to_owned(),
            None,
        ),
        State::Verified => ("Thank you", "<p id=\"status\" role=\"status\">The card was verified, and nothing was taken. You can close this page.</p>".to_owned(), None),
        State::Failed { next, again } => {
            let button = if *again { "<button id=\"again\" type=\"button\">Pay again</button>" } else { "" };
            let text = format!("<p id=\"status\" role=\"alert\">{}</p>{button}", escape(next));
            ("The payment was not completed", text, None)
        }
        State::Nothing => (
            "There is nothing to pay",
            "<p id=\"status\" role=\"status\">This order waits for no payment.</p>".to_owned(),
            None,
        ),
    };
    let heading =
        format!("<h1>{title}</h1><p>Order {} · <strong>{}</strong></p>", escape(&page.number), escape(&page.sum));
    document(status, title, page.state.word(), &format!("{heading}{body}"), action)
}

fn message(status: StatusCode, title: &str, text: &str) -> Response {
    let body = format!("<h1>{}</h1><p id=\"status\" role=\"alert\">{}</p>", escape(title), escape(text));
    document(status, title, "nothing", &body, None)
}

/// The place where the provider's component goes; what it needs is in attributes, since no script may be written into the page.
fn form(action: &CustomerAction) -> String {
    let data = match action {
        CustomerAction::Stripe { publishable_key, client_secret, setup, confirm_only, .. } => format!(
            "data-provider=\"stripe\" data-key=\"{}\" data-secret=\"{}\" data-setup=\"{setup}\" data-confirm-only=\"{confirm_only}\"",
            escape(publishable_key),
            escape(client_secret.expose()),
        ),
        CustomerAction::Razorpay { key_id, gateway_order, .. } => format!(
            "data-provider=\"razorpay\" data-key=\"{}\" data-order=\"{}\"",
            escape(key_id),
            escape(gateway_order)
        ),
    };
    format!(
        "<form id=\"pay\" {data}><div id=\"card\"></div><button id=\"submit\" type=\"submit\">Pay</button></form>\
         <p id=\"status\" role=\"status\" aria-live=\"polite\"></p><noscript><p>To enter a card, turn JavaScript on.</p></noscript>"
    )
}

fn document(status: StatusCode, title: &str, state: &str, body: &str, action: Option<&CustomerAction>) -> Response {
    let script = match action {
        Some(CustomerAction::Stripe { script_url, .. } | CustomerAction::Razorpay { script_url, .. }) => {
            Some(script_url.as_str())
        }
        None => None,
    };
    let provider = script.map(|url| format!("<script src=\"{}\"></script>", escape(url))).unwrap_or_default();
    let text = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"referrer\" content=\"no-referrer\"><title>{}</title><link rel=\"stylesheet\" href=\"/pay/assets/pay.css\"></head>\
         <body data-state=\"{state}\"><main>{body}</main>{provider}<script src=\"/pay/assets/pay.js\"></script></body></html>",
        escape(title)
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy(script)),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
    ];
    (status, headers, text).into_response()
}

/// What the page may load: its own files, and the provider's component with its frames and calls.
fn policy(script: Option<&str>) -> String {
    let Some(origin) = script.and_then(origin) else {
        return "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                frame-ancestors 'none'"
            .to_owned();
    };
    // The providers' components load frames and call home on other hosts of theirs.
    let family = ["stripe.com", "razorpay.com"].into_iter().find(|host| origin.ends_with(&format!(".{host}")));
    let hosts = family.map_or_else(|| origin.clone(), |host| format!("{origin} https://*.{host}"));
    format!(
        "default-src 'none'; script-src 'self' {hosts}; frame-src {hosts}; connect-src 'self' {hosts}; img-src {hosts} data:; \
         style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

/// `https://js.stripe.com` of `https://js.stripe.com/v3/`.
fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split('/').next().filter(|h| !h.is_empty())?;
    Some(format!("{scheme}://{host}"))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_providers_hosts_are_named() {
        let policy_of = |url| policy(Some(url));
        let stripe = policy_of("https://js.stripe.com/v3/");
        assert!(stripe.contains("script-src 'self' https://js.stripe.com https://*.stripe.com;"), "{stripe}");
        let fake = policy_of("http://127.0.0.1:4242/v3/");
        assert!(fake.contains("frame-src http://127.0.0.1:4242;") && !fake.contains("*."), "{fake}");
        assert!(!policy_of("https://evilstripe.com/v3").contains("*."), "a host that only looks like it");
        assert!(policy(None).contains("script-src 'self';"));
    }

    #[test]
    fn attributes_cannot_be_broken_out_of() {
        assert_eq!(escape("a\"><script>'&"), "a&quot;&gt;&lt;script&gt;&#39;&amp;");
    }
}
