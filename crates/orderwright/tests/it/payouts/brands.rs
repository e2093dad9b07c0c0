//! A brand's payout as the brand reads it: list, lines, statements; read only, and nothing of another party's.

use serde_json::json;

use super::{IBAN, Seller, account, audited, debtor, get, statement};
use crate::shop::{Json, Shop};

scenarios! {
    own:
        a_brand_reads_its_payouts;
}

fn a_brand_reads_its_payouts(shop: &mut Shop) {
    let admin = shop.admin();
    debtor(shop, "blinds");
    let id = shop.ready_with("blinds", &[(0, 2), (1, 1)]);
    for (event, more) in
        [("confirm", json!({})), ("start_production", json!({})), ("dispatch", json!({ "trackingNumber": "BL-1" }))]
    {
        shop.merchants_fire(&id, event, &more);
        if event == "confirm" {
            shop.wait_payment(&id, "captured");
        }
    }
    shop.customer(0).fire(&id, "deliver", &json!({})).expect(200);
    shop.advance("61d");
    let order = shop.view(&id);
    let brands: Vec<Seller> = order
        .list("splits")
        .iter()
        .filter(|s| s["party"].s("type") == "brand")
        .map(|s| s["party"].s("id").to_owned())
        .map(|id| Seller { party: format!("party/brand/{id}"), id })
        .collect();
    assert_eq!(brands.len(), 2, "{order:#}");
    for brand in &brands {
        account(&admin, &brand.party, IBAN);
    }
    let made = admin.post("/admin/payouts", &json!({ "channel": "blinds" })).expect(200);
    let of = |party: &str| {
        let own: Vec<_> = made.list("payouts").iter().filter(|p| p.s("party") == party).collect();
        assert_eq!(own.len(), 1, "{made:#}");
        get(shop, own[0].id())
    };
    let (payout, others) = (of(&brands[0].party), of(&brands[1].party));
    let amount = payout.n("amount");
    assert!(amount > 0, "{payout:#}");

    let own = shop.brand(&brands[0].id);
    let list = own.get("/brand/payouts").expect(200);
    assert_eq!(list.list("data").len(), 1, "its own only: {list:#}");
    let seen = own.get(&format!("/brand/payouts/{}", payout.id())).expect(200);
    assert_eq!(list["data"][0], seen);
    assert_eq!((seen.n("amount"), seen.s("party"), seen.s("status")), (amount, brands[0].party.as_str(), "pending"));
    assert!(seen["batchId"].is_null() && seen["approvedBy"].is_null(), "the platform's own affairs: {seen:#}");
    assert!(!seen.to_string().contains("37040044"), "only the end of the account's number");
    assert_eq!(own.get("/brand/payouts?status=paid").expect(200)["data"], json!([]));

    // The lines come to the amount, and this order's is the brand's share of it.
    let lines = own.get(&format!("/brand/payouts/{}/lines?limit=200", payout.id())).expect(200);
    assert_eq!(lines.list("data").iter().map(|l| l.n("amount")).sum::<i64>(), amount);
    let line = lines.list("data").iter().find(|l| l.s("orderId") == id).expect("its line");
    let split = order.list("splits").iter().find(|s| s["party"].s("id") == brands[0].id).expect("its split");
    assert_eq!(line["share"], split["amount"]);
    let rows = statement(&own, "/brand", payout.id());
    assert_eq!(rows.iter().map(|(_, amount)| amount).sum::<i64>(), amount);
    let page = own.get(&format!("/brand/payouts/{}/statement.html", payout.id()));
    assert!(page.status == 200 && page.text.contains(order.s("orderNumber")), "{}", page.text);

    // Another's is as if it were not there, for brands, and for the merchant of the same goods.
    let merchant = shop.merchant_of("blinds", 0);
    for rest in ["", "/lines", "/statement.csv", "/statement.html"] {
        own.get(&format!("/brand/payouts/{}{rest}", others.id())).problem(404);
        own.get(&format!("/brand/payouts/pyo_0000000000000{rest}")).problem(404);
        own.get(&format!("/merchant/payouts/{}{rest}", payout.id())).problem(403);
        own.get(&format!("/admin/payouts/{}{rest}", payout.id())).problem(403);
        merchant.get(&format!("/merchant/payouts/{}{rest}", payout.id())).problem(404);
    }
    for what in ["approve", "sent", "paid", "failed", "returned", "retry"] {
        own.post(&format!("/admin/payouts/{}/{what}", payout.id()), &json!({})).problem(403);
    }
    // Paid out, the statement of all its money has the payout.
    let paid = own.get("/brand/statements?limit=200").expect(200);
    let line = paid.list("data").iter().find(|l| l.s("cause") == "payout" && l.n("amount") == -amount);
    assert!(line.is_some_and(|l| l.s("description").contains(payout.id())), "{paid:#}");
    audited(shop);
}
