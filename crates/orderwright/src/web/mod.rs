//! HTTP: extract, authorise, call one operation, render.

pub mod api;
pub mod caller;
pub mod cards;
pub mod language;
mod limits;
pub mod metrics;
mod objects;
mod pay;
pub mod problem;
pub mod request;
mod sealed;
pub mod view;

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::TraceLayer;
use utoipa::OpenApi;
use utoipa::openapi::RefOr;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::ops::csv::file::MAX_FILE;
use problem::{INTERNAL, METHOD_NOT_ALLOWED, NO_ROUTE, Problem};

/// Everything that is served.
pub fn router(app: Arc<App>) -> Router {
    let (router, spec) = api().split_for_parts();
    let documented = spec.paths.paths.keys().cloned();
    app.metrics.http.know(documented.chain(api::public::docs::ROUTES.iter().map(|r| (*r).to_owned())));
    let spec = Arc::new(finished(spec).to_pretty_json().unwrap_or_default());
    router
        .merge(api::public::docs::routes(spec))
        .merge(pay::routes())
        .fallback(|| async { Problem::new(&NO_ROUTE, "there is no such path; /openapi.json lists all of them") })
        .method_not_allowed_fallback(|| async {
            Problem::new(&METHOD_NOT_ALLOWED, "this path does not take this method")
        })
        .layer(axum::middleware::from_fn(language::negotiate))
        .layer(CatchPanicLayer::custom(panicked))
        // Whoever reads a body has a limit of its own; this one is for those that nobody reads.
        .layer(RequestBodyLimitLayer::new(2 * MAX_FILE))
        .layer(axum::middleware::map_response(problem::as_problem))
        .layer(axum::middleware::from_fn_with_state(app.clone(), metrics::http::measure))
        .layer(TraceLayer::new_for_http())
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .with_state(app)
}

/// The OpenAPI document, without a running application.
pub fn openapi() -> String {
    described().to_pretty_json().unwrap_or_default()
}

fn described() -> utoipa::openapi::OpenApi {
    finished(api().split_for_parts().1)
}

fn api() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(Description::openapi())
        .merge(api::admin::routes())
        .merge(api::storefront::routes())
        .merge(api::merchant::routes())
        .merge(api::brand::routes())
        .merge(api::public::routes())
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Orderwright",
        description = "Order management for marketplaces: from placement to settlement. Amounts are integers in minor units; instants are RFC 3339 in UTC.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    tags(
        (name = "storefront", description = "Customers, and servers of channels"),
        (name = "admin", description = "The platform, and owners of channels inside their channel"),
        (name = "merchant", description = "Sellers, suppliers, makers: own items only"),
        (name = "brand", description = "Brands, and other parties of splits without items of their own: read only"),
        (name = "operations", description = "Running it")
    )
)]
struct Description;

/// Adds what the macro cannot say: the bounds of values, the bearer token, and that errors are problem details.
fn finished(mut spec: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    limits::add(&mut spec);
    for item in spec.paths.paths.values_mut() {
        for operation in
            [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete, &mut item.put].into_iter().flatten()
        {
            for (status, response) in &mut operation.responses.responses {
                if let RefOr::T(response) = response
                    && status.starts_with(['4', '5'])
                    && let Some(content) = response.content.shift_remove("application/json")
                {
                    response.content.insert("application/problem+json".to_owned(), content);
                }
            }
        }
    }
    let components = spec.components.get_or_insert_default();
    components.add_security_scheme("token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    spec
}

fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    Problem::new(&INTERNAL, "something went wrong on our side").into_response()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    /// What OpenAPI 3.1 asks for and a macro can forget.
    #[test]
    fn the_document_is_complete() {
        let spec: Value = serde_json::from_str(&super::openapi()).expect("JSON");
        assert!(spec["openapi"].as_str().is_some_and(|v| v.starts_with("3.1")));
        assert_eq!(spec["info"]["license"]["name"], "MIT OR Apache-2.0");
        let mut ids = Vec::new();
        for (path, methods) in spec["paths"].as_object().expect("paths") {
            for (method, operation) in methods.as_object().expect("methods") {
                let place = format!("{method} {path}");
                assert!(operation["summary"].as_str().is_some_and(|s| !s.is_empty()), "{place} has no summary");
                ids.push(operation["operationId"].as_str().expect("an id").to_owned());
                for (status, response) in operation["responses"].as_object().expect("responses") {
                    assert!(
                        response["description"].as_str().is_some_and(|d| !d.is_empty()),
                        "{place} {status} has no description"
                    );
                }
            }
        }
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count, "operation ids are unique");
        assert!(count > 30, "{count} operations");
    }
}
