//! Documentation that works offline: `/` shows the way, `/docs` lists the API, `/docs/problems` explains every error code.

use std::fmt::Write as _;
use std::sync::Arc;

use super::reference::{self, escape};
use crate::app::App;
use crate::web::problem::{CODES, NOT_FOUND, Problem};
use axum::Router;
use axum::extract::Path;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use axum::routing::get;

/// The paths of the pages.
pub const ROUTES: [&str; 5] = ["/", "/openapi.json", "/docs", "/docs/problems", "/docs/problems/{code}"];

/// The pages.
pub fn routes(spec: Arc<String>) -> Router<Arc<App>> {
    let page = Arc::new(frame("Orderwright API", &reference::page(&spec)));
    let spec_route = move || {
        let spec = spec.clone();
        async move { ([(header::CONTENT_TYPE, "application/json")], spec.as_ref().clone()) }
    };
    Router::new()
        .route(ROUTES[0], get(|| async { Html(frame("Orderwright", HOME)) }))
        .route(ROUTES[1], get(spec_route))
        .route(
            ROUTES[2],
            get(move || {
                let page = page.clone();
                async move { Html(page.as_ref().clone()) }
            }),
        )
        .route(ROUTES[3], get(|| async { Html(problems()) }))
        .route(ROUTES[4], get(problem))
}

const HOME: &str = "<h1>Orderwright</h1><p>Order management for marketplaces, from placement to settlement.</p>\
<ul><li><a href=\"/docs\">The API</a> (<a href=\"/openapi.json\">OpenAPI 3.1</a>)</li>\
<li><a href=\"/docs/problems\">Error codes</a></li>\
<li><a href=\"/healthz\">Health</a>, <a href=\"/readyz\">readiness</a>, <a href=\"/metrics\">metrics</a></li></ul>\
<p>Every request to the API carries <code>Authorization: Bearer &lt;token&gt;</code>. The demo writes its tokens to <code>demo.json</code> in its data folder.</p>";

fn frame(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}}\
code{{background:#f2f4f7;padding:.1rem .3rem;border-radius:4px}}td,th{{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0}}\
.m{{font-weight:600;text-transform:uppercase;display:inline-block;width:4rem}}h2{{margin-top:2rem}}h3{{font-size:1rem;margin:.8rem 0 .2rem}}\
details{{border-bottom:1px solid #8884;padding:.4rem 0}}summary{{cursor:pointer}}details table{{margin-left:1rem;font-size:.9rem}}\
@media(prefers-color-scheme:dark){{body{{background:#14171a;color:#e6e8ea}}code{{background:#23282d}}a{{color:#8ab8ff}}}}</style>{body}"
    )
}

fn problems() -> String {
    let mut body = String::from(
        "<p><a href=\"/\">Orderwright</a></p><h1>Error codes</h1><table><tr><th>Status</th><th>Code</th><th></th></tr>",
    );
    for code in CODES {
        let _ = write!(
            body,
            "<tr><td>{}</td><td><a href=\"/docs/problems/{1}\"><code>{1}</code></a></td><td>{2}</td></tr>",
            code.status, code.name, code.title
        );
    }
    body.push_str("</table>");
    frame("Error codes", &body)
}

async fn problem(Path(name): Path<String>) -> Result<impl IntoResponse, Problem> {
    let code =
        CODES.iter().find(|c| c.name == name).ok_or_else(|| Problem::new(&NOT_FOUND, "there is no such code"))?;
    let body = format!(
        "<p><a href=\"/docs/problems\">Error codes</a></p><h1>{}</h1><p>Status {}, code <code>{}</code></p><p>{}</p>",
        escape(code.title),
        code.status,
        code.name,
        escape(code.help)
    );
    Ok(Html(frame(code.title, &body)))
}
