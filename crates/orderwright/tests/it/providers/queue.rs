//! The manual queue: a job whose answer contradicts the books stops, somebody is told, sets it right and lets it run again.

use orderwright::fakes::faults::Kind;
use serde_json::json;

use super::house::House;
use crate::shop::lists::walk;
use crate::shop::{Json, PATIENCE, eventually};

provider_scenarios! {
    a_job_that_contradicts_the_books_stops_alerts_and_is_retried,
}

/// Jobs that gave up, as `/metrics` counts them.
fn counted(house: &House) -> f64 {
    let metrics = house.shop.anyone().get("/metrics").text;
    let line = metrics.lines().find(|l| l.starts_with("orderwright_jobs_dead")).expect("it is counted");
    line.rsplit(' ').next().and_then(|n| n.parse().ok()).expect("a number")
}

fn a_job_that_contradicts_the_books_stops_alerts_and_is_retried(house: &House) {
    let (shop, admin) = (&house.shop, house.shop.admin());
    let id = shop.ready("bazaar");
    let before = counted(house);
    // The refund is made and its answer lost; while nobody can ask, it becomes another one.
    house.stripe.fault("POST /v1/refunds", Kind::Lost, 1);
    house.stripe.fault("GET /v1/refunds", Kind::Error, 1_000);
    let wish = json!({ "amount": 100, "reason": "late", "initiatePaymentRefund": true });
    admin.refund(&id, &wish).expect(201);
    let made = eventually("Stripe has the refund", PATIENCE, || {
        house.at_stripe("refund", &id).first().cloned().ok_or_else(|| "not yet".to_owned())
    });
    let becomes = |amount: i64| house.stripe.books(|books| drop(books.change(made.id(), json!({ "amount": amount }))));
    becomes(99);
    house.stripe.fault("GET /v1/refunds", Kind::Error, 0);
    shop.advance("2h");
    let dead = || walk(&admin, "/admin/jobs", "state=dead").into_iter().find(|job| job.s("orderId") == id);
    let job = eventually("the job stops", PATIENCE, || dead().ok_or_else(|| "not yet".to_owned()));
    assert!(job.to_string().contains("gives back USD 0.99"), "why it stopped: {job:#}");
    assert!(counted(house) > before, "an alert rule looks at it");
    let told = shop.timeline_as(&admin, &id);
    let told = told.iter().find(|e| e.s("type") == "needs_attention").expect("staff is told on the order");
    assert!(told.s("message").contains("retry its job"), "{told:#}");
    assert!(shop.log_tail().contains("a job needs attention"), "{}", shop.log_tail());
    shop.advance("2d");
    assert!(dead().is_some() && shop.view(&id).n("refundedTotal") == 0, "nothing is guessed, nothing is tried again");

    becomes(100);
    let retry = format!("/admin/jobs/{}/retry", job.id());
    shop.retailer("bazaar").post(&retry, &json!({})).problem(403);
    admin.post(&retry, &json!({})).expect(200);
    shop.wait_refunded(&id, 100);
    assert!(dead().is_none());
    house.assert_books_agree(&id);
}
