//! Placement without a network: the server's own routes, called in this process on the inline SQLite store, so that an
//! instruction counter sees all of it and nothing else. Also says which statements an order costs.

use anyhow::{Context, Result, ensure};
use axum::body::{Body, to_bytes};
use axum::http::Request;
use orderwright::app::App;
use tower::ServiceExt;

use crate::journey::Journey;
use crate::server::Place;
use crate::shop::Shop;

/// The largest answer that is read.
const MAX_ANSWER: usize = 1 << 20;

/// Places so many orders on the store of a demo; answers with how often each statement was asked for.
pub async fn place(place: &Place, journey: &Journey, orders: u64) -> Result<Vec<(&'static str, u64)>> {
    let demo = std::fs::read_to_string(place.dir.join("demo.json")).context("the folder holds no demo")?;
    let shop = Shop::new(&serde_json::from_str(&demo)?)?;
    let app = App::open(place.store(true), true).await?;
    let router = orderwright::web::router(app.clone());
    let before = app.store.statement_uses();
    for _ in 0..orders {
        let placement = journey.placement(&shop);
        let request = Request::post("/storefront/orders")
            .header("authorization", format!("Bearer {}", placement.token))
            .header("content-type", "application/json")
            .body(Body::from(placement.body))?;
        let answer = router.clone().oneshot(request).await?;
        let status = answer.status();
        let body = to_bytes(answer.into_body(), MAX_ANSWER).await?;
        ensure!(status == 201, "{status}: {}", String::from_utf8_lossy(&body));
    }
    let uses =
        app.store.statement_uses().into_iter().zip(before).map(|((name, after), (_, before))| (name, after - before));
    Ok(uses.filter(|(_, uses)| *uses > 0).collect())
}
