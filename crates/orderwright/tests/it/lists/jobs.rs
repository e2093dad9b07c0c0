//! Background work as the platform sees it.

use crate::shop::lists::walk;
use crate::shop::{Json, PATIENCE, Shop, eventually};

scenarios! {
    shared:
        a_payment_in_doubt_is_a_job,
        only_what_gave_up_is_tried_again,
        jobs_are_the_platforms;
}

/// The job of an order whose payment is answered late.
fn slow(shop: &Shop) -> serde_json::Value {
    let order = shop.place("retail", &[(0, 1)], "pm_sandbox_slow");
    eventually("the payment's job is listed", PATIENCE, || {
        let rows = walk(&shop.admin(), "/admin/jobs", "limit=50&kind=payment");
        rows.into_iter().find(|job| job["orderId"] == order["id"]).ok_or_else(|| "no such job".to_owned())
    })
}

fn a_payment_in_doubt_is_a_job(shop: &Shop) {
    let job = slow(shop);
    assert_eq!((job.s("kind"), job.s("effect"), job.s("currency")), ("payment", "payment.charge", "INR"));
    assert!(job.n("amount") > 0 && job.n("attempts") >= 1, "{job:#}");
    for (query, wrong) in [("state=lost", "state"), ("kind=letter", "kind"), ("after=x", "after")] {
        shop.admin().get(&format!("/admin/jobs?{query}")).wrong(&[wrong]);
    }
    let dead = walk(&shop.admin(), "/admin/jobs", "state=dead");
    assert!(dead.iter().all(|job| job.s("state") == "dead"));
}

fn only_what_gave_up_is_tried_again(shop: &Shop) {
    let job = slow(shop);
    let path = format!("/admin/jobs/{}/retry", job.id());
    // It may be done by now, and then it is gone.
    let refused = shop.admin().post(&path, &serde_json::json!({})).problem_of(&[404, 409]);
    assert!(["job_not_dead", "not_found"].contains(&refused.s("code")), "{refused:#}");
    shop.admin().post("/admin/jobs/job_0000000000000/retry", &serde_json::json!({})).problem(404);
    shop.admin().post("/admin/jobs/nonsense/retry", &serde_json::json!({})).problem(404);
}

fn jobs_are_the_platforms(shop: &Shop) {
    shop.ops().get("/admin/jobs").expect(200);
    shop.retailer("retail").get("/admin/jobs").problem(403);
    shop.retailer("retail").post("/admin/jobs/job_0000000000000/retry", &serde_json::json!({})).problem(403);
}
