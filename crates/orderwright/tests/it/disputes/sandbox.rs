//! Chargebacks by the sandbox's bank: booked, defended with what was gathered, given in, won, lost, borne.

use std::time::Duration;

use serde_json::{Value, json};

use crate::shop::lists::walk;
use crate::shop::{Json, Shop, eventually};

scenarios! {
    shared:
        a_chargeback_is_held_and_won_with_evidence,
        a_lost_one_is_borne_by_the_parties,
        giving_in_loses_it,
        nothing_is_refunded_meanwhile,
        the_bundle_has_everything_and_is_staffs_alone;
    clock:
        staff_is_reminded_before_the_bank_stops_waiting;
    own:
        the_platform_bears_it_where_it_is_set_so_and_the_audit_agrees;
}

const PATIENCE: Duration = Duration::from_secs(30);

/// An order whose payment is disputed, and the dispute.
fn disputed(shop: &Shop, channel: &str) -> (String, Value) {
    let order = shop.place(channel, &[(0, 1)], "pm_card_createDispute").id().to_owned();
    shop.wait_payment(&order, "disputed");
    let all = walk(&shop.admin(), "/admin/disputes", "limit=100&kind=chargeback");
    let dispute = all.into_iter().find(|d| d.s("orderId") == order).expect("a chargeback");
    (order, dispute)
}

fn at(dispute: &Value, rest: &str) -> String {
    format!("/admin/disputes/{}{rest}", dispute.id())
}

#[track_caller]
fn wait(shop: &Shop, dispute: &Value, status: &str) -> Value {
    eventually(&format!("the dispute is {status}"), PATIENCE, || {
        let now = shop.admin().get(&at(dispute, "")).expect(200);
        if now.s("status") == status { Ok(now) } else { Err(format!("{now:#}")) }
    })
}

fn balance(shop: &Shop, order: &str, account: &str) -> i64 {
    let lines = walk(&shop.admin(), "/admin/ledger", &format!("orderId={order}"));
    assert_eq!(lines.iter().map(|l| l.n("amount")).sum::<i64>(), 0, "{lines:#?}");
    lines.iter().filter(|l| l.s("account").starts_with(account)).map(|l| l.n("amount")).sum()
}

fn a_chargeback_is_held_and_won_with_evidence(shop: &Shop) {
    let (order, dispute) = disputed(shop, "retail");
    let total = shop.view(&order).n("total");
    let bank = &dispute["chargeback"];
    assert_eq!((dispute.s("status"), dispute.s("raisedBy"), bank.s("provider")), ("needs_response", "bank", "sandbox"));
    assert_eq!((bank.n("amount"), bank.n("withdrawn"), bank.n("lost")), (total, total, 0));
    let fee = bank.n("fee");
    assert_eq!((balance(shop, &order, "disputes/held"), balance(shop, &order, "platform/fees")), (total, fee));
    assert_eq!(balance(shop, &order, "provider/clearing"), -fee);
    let body = json!({ "summary": "winning_evidence: the customer signed for it" });
    let sent = shop.admin().post(&at(&dispute, "/submit"), &body).expect(200);
    assert!(["needs_response", "under_review"].contains(&sent.s("status")), "{sent:#}");
    let won = wait(shop, &dispute, "won");
    assert!(won["chargeback"]["submittedAt"].is_string());
    assert_eq!((won["chargeback"].n("withdrawn"), won["chargeback"].n("fee")), (0, fee), "the fee stays");
    assert_eq!((balance(shop, &order, "disputes/held"), balance(shop, &order, "provider/clearing")), (0, total - fee));
    shop.wait_payment(&order, "captured");
    shop.admin().post(&at(&dispute, "/submit"), &body).problem(409);
    let told: Vec<String> =
        shop.timeline_as(&shop.customer(0), &order).iter().map(|e| e.s("type").to_owned()).collect();
    assert!(!told.iter().any(|t| t.starts_with("disput")), "the customer is told by the bank: {told:?}");
}

fn a_lost_one_is_borne_by_the_parties(shop: &Shop) {
    let (order, dispute) = disputed(shop, "bazaar");
    let total = shop.view(&order).n("total");
    shop.admin().post(&at(&dispute, "/submit"), &json!({ "summary": "losing_evidence" })).expect(200);
    let lost = wait(shop, &dispute, "lost");
    let bank = &lost["chargeback"];
    assert_eq!((bank.n("lost"), bank.n("borneByParties"), bank.n("borneByPlatform")), (total, total, 0));
    assert_eq!((balance(shop, &order, "party/"), balance(shop, &order, "disputes/")), (0, 0));
    let order = shop.wait_payment(&order, "captured");
    assert_eq!((order.n("refundedTotal"), order.n("chargedBackTotal")), (0, total));
    let payment = &order["payments"][0];
    assert_eq!((payment.n("refunded"), payment.n("chargedBack")), (0, total));
    let words = payment.s("summary");
    assert!(words.contains("back for good") && words.ends_with("Nothing is left."), "{words}");
    assert!(
        order.list("splits").iter().all(|s| s.n("chargedBack") == s.n("amount") && s.n("refunded") == 0),
        "{order:#}"
    );
    let more = json!({ "amount": 1, "reason": "kindness", "initiatePaymentRefund": true });
    let refused = shop.admin().refund(order.id(), &more).problem(409);
    assert_eq!(refused.s("code"), "refund_exceeds_remaining", "refunds and chargebacks share one bound");
}

fn giving_in_loses_it(shop: &Shop) {
    let (_, dispute) = disputed(shop, "retail");
    let given = shop.admin().post(&at(&dispute, "/accept"), &json!({})).expect(200);
    assert!(["accepted", "lost"].contains(&given.s("status")), "{given:#}");
    wait(shop, &dispute, "lost");
    shop.admin().post(&at(&dispute, "/accept"), &json!({})).problem(409);
    shop.admin().post(&at(&dispute, "/decide"), &json!({ "outcome": "replace" })).problem(403);
}

fn nothing_is_refunded_meanwhile(shop: &Shop) {
    let (order, dispute) = disputed(shop, "retail");
    let one = json!({ "amount": 1, "reason": "late", "initiatePaymentRefund": true });
    let refused = shop.admin().refund(&order, &one).problem(409);
    assert_eq!(refused.s("code"), "payment_disputed");
    assert!(refused.s("detail").contains(dispute.id()), "{refused:#}");
    shop.admin().post(&at(&dispute, "/submit"), &json!({ "summary": "winning_evidence" })).expect(200);
    wait(shop, &dispute, "won");
    shop.admin().refund(&order, &one).expect(201);
    shop.wait_refunded(&order, 1);
}

fn the_bundle_has_everything_and_is_staffs_alone(shop: &Shop) {
    let admin = shop.admin();
    let policy = json!({ "channel": "retail", "refundPolicy": "Within thirty days, unused." });
    admin.patch("/admin/settings", &policy).expect(200);
    let (order, dispute) = disputed(shop, "retail");
    let customer = shop.customer(0);
    customer.post(&customer.path(&order, "/messages"), &json!({ "message": "Where is it?" })).expect(201);
    for status in ["processing", "shipped"] {
        admin.set_status(&order, status).expect(200);
    }
    let parcel = json!({ "carrier": "DHL", "trackingNumber": "T-77" });
    admin.post(&admin.path(&order, "/shipments"), &parcel).expect(201);
    let proof = json!({ "kind": "tracking", "text": "signed by the neighbour" });
    admin.post(&at(&dispute, "/evidence"), &proof).expect(201);
    let bundle = admin.get(&at(&dispute, "/bundle.json")).expect(200);
    let text = bundle.to_string();
    let seen = shop.view(&order);
    for part in [
        seen.s("orderNumber"),
        seen["customer"].s("email"),
        "T-77",
        "Where is it?",
        "signed by the neighbour",
        "Within thirty days, unused.",
    ] {
        assert!(text.contains(part), "{part} is missing in {bundle:#}");
    }
    assert!(!bundle.list("timeline").is_empty() && bundle["order"].n("captured") == seen.n("total"));
    let paper = admin.get(&at(&dispute, "/bundle.pdf"));
    assert_eq!(paper.header("content-type"), Some("application/pdf"));
    assert!(paper.header("cache-control").is_some_and(|c| c.contains("no-store")));
    assert!(paper.text.starts_with("%PDF-") && paper.text.contains("T-77"), "text that can be read");
    for stranger in [shop.customer(0), shop.merchant_of("retail", 0)] {
        stranger.get(&at(&dispute, "/bundle.json")).problem(403);
    }
    shop.retailer("bazaar").get(&at(&dispute, "/bundle.pdf")).problem(404);
}

fn staff_is_reminded_before_the_bank_stops_waiting(shop: &Shop) {
    let (order, dispute) = disputed(shop, "retail");
    let told = || shop.timeline_as(&shop.admin(), &order).iter().any(|e| e.s("type") == "needs_attention");
    shop.advance("6d");
    assert!(!told());
    shop.advance("25h");
    eventually("staff is told", PATIENCE, || if told() { Ok(()) } else { Err("not yet".to_owned()) });
    let seen = shop.admin().get(&at(&dispute, "")).expect(200);
    assert!(seen.s("displayStatus").contains("ends soon"), "{seen:#}");
}

fn the_platform_bears_it_where_it_is_set_so_and_the_audit_agrees(shop: &mut Shop) {
    let platform = json!({ "channel": "bazaar", "chargebackBearer": "platform" });
    shop.admin().patch("/admin/settings", &platform).expect(200);
    let (order, dispute) = disputed(shop, "bazaar");
    let total = shop.view(&order).n("total");
    let (_, open) = disputed(shop, "mall");
    assert_eq!(open.s("status"), "needs_response");
    shop.admin().post(&at(&dispute, "/accept"), &json!({})).expect(200);
    let lost = wait(shop, &dispute, "lost");
    assert_eq!((lost["chargeback"].n("borneByParties"), lost["chargeback"].n("borneByPlatform")), (0, total));
    assert_eq!((balance(shop, &order, "party/"), balance(shop, &order, "disputes/lost")), (-total, total));
    let (sound, out, errors) = shop.try_command(&["audit", "ledger", "--json"]);
    assert!(sound, "{out}\n{errors}");
}
