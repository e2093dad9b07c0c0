//! A seller's money from delivery to the bank, and what happens when some of it goes back.

use serde_json::{Value, json};

use super::{
    IBAN, OTHER_IBAN, account, account_of, audited, balance, delivered, due, feed, get, one, run, say, settle_the_past,
    share, statement,
};
use crate::shop::{Json, PATIENCE, Shop, eventually};

scenarios! {
    own:
        from_delivery_to_the_bank_and_back,
        a_failed_and_a_returned_payout_go_out_again,
        a_provider_pays_who_has_an_account;
}

fn from_delivery_to_the_bank_and_back(shop: &mut Shop) {
    let seller = settle_the_past(shop);
    let admin = shop.admin();
    let (party, transit, bank) =
        (balance(shop, &seller.party), balance(shop, "payouts/transit"), balance(shop, "bank"));

    let id = delivered(shop, 2);
    let earned = share(shop, &id, &seller);
    assert!(earned > 0);
    let early = run(shop, &seller, false);
    assert_eq!(early["payouts"], json!([]), "it may still come back: {early:#}");
    shop.advance("61d");
    let dry = run(shop, &seller, true);
    assert_eq!((dry["payouts"][0].n("amount"), &dry["payouts"][0]["id"]), (earned, &Value::Null), "{dry:#}");
    let payout = one(shop, &seller);
    assert_eq!((payout.n("amount"), payout.n("orders"), payout.s("status")), (earned, earned, "pending"), "{payout:#}");
    assert_eq!(payout.n("opening") - payout.n("closing"), earned);
    assert_eq!(run(shop, &seller, false)["payouts"], json!([]), "nothing is paid twice");
    assert_eq!(balance(shop, &seller.party), party, "what was earned is not owed any more");
    assert_eq!(balance(shop, "payouts/transit"), transit - earned);

    // The bank's file: not before it is approved, the same each time, and with nothing of the number anywhere else.
    let batch = payout.s("batchId").to_owned();
    let file = format!("/admin/payouts/{batch}/file.xml");
    admin.get(&file).problem(409);
    say(shop, &batch, "approve", &json!({}));
    let xml = admin.get(&file);
    assert_eq!(xml.status, 200);
    let (whole, cents) = (earned / 100, earned % 100);
    for part in [
        format!("<MsgId>{batch}</MsgId>"),
        format!("<CtrlSum>{whole}.{cents:02}</CtrlSum>"),
        format!("<EndToEndId>{}</EndToEndId>", payout.id()),
        format!("<IBAN>{}</IBAN>", IBAN.replace(' ', "")),
    ] {
        assert!(xml.text.contains(&part), "{part} is not in {}", xml.text);
    }
    assert_eq!(admin.get(&file).text, xml.text);
    assert_eq!(shop.command(&["payouts", "file", &batch]).trim_end(), xml.text.trim_end());
    assert!(admin.get(&file.replace(".xml", ".csv")).text.contains(payout.id()));
    assert!(!get(shop, payout.id()).to_string().contains("37040044"), "only the end is shown");

    say(shop, payout.id(), "sent", &json!({}));
    let paid = say(shop, payout.id(), "paid", &json!({ "reference": "BANK-1" }));
    assert_eq!((paid.s("status"), paid.s("reference")), ("paid", "BANK-1"));
    assert_eq!((balance(shop, "payouts/transit"), balance(shop, "bank")), (transit, bank - earned));
    admin.post(&format!("/admin/payouts/{}/paid", payout.id()), &json!({})).problem(409);

    // The seller reads it; another does not, and cannot tell that it is there.
    let own = shop.merchant(&seller.id);
    assert_eq!(own.get("/merchant/payouts?limit=1").expect(200)["data"][0].id(), payout.id());
    assert_eq!(statement(&own, "/merchant", payout.id()), [("order".to_owned(), earned)]);
    let lines = own.get(&format!("/merchant/payouts/{}/lines", payout.id())).expect(200);
    assert_eq!((lines.list("data").len(), lines["data"][0].s("orderId")), (1, id.as_str()));
    let page = own.get(&format!("/merchant/payouts/{}/statement.html", payout.id()));
    assert!(page.status == 200 && page.text.contains(shop.view(&id).s("orderNumber")), "{}", page.text);
    let stranger = shop.merchant_of("mall", 1);
    assert_ne!(stranger.token(), own.token());
    for rest in ["", "/lines", "/statement.csv", "/statement.html"] {
        stranger.get(&format!("/merchant/payouts/{}{rest}", payout.id())).problem(404);
    }
    stranger.get("/admin/payouts").problem(403);

    // A refund of everything after the payout: the seller owes it, and the next payouts are less by it.
    let all = json!({ "reason": "broken", "initiatePaymentRefund": true });
    admin.refund(&id, &all).expect(201);
    shop.wait_refunded(&id, shop.view(&id).n("total"));
    let back = earned - share(shop, &id, &seller);
    assert!(back > 0);
    let settled = one(shop, &seller);
    assert_eq!((settled.s("status"), settled.n("amount"), settled.n("owed")), ("settled", 0, back), "{settled:#}");
    assert_eq!((settled.n("owedBefore"), settled.n("owedAfter")), (0, back));
    let receivable = account_of("receivable", &seller);
    assert_eq!((balance(shop, &receivable), balance(shop, &seller.party)), (back, party));
    assert_eq!(
        statement(&own, "/merchant", settled.id()),
        [("refund".to_owned(), -back), ("receivable".to_owned(), back)]
    );

    // Less than it owes: the rest stands on the statement, in each of its forms.
    let part = share(shop, &due(shop, 1), &seller);
    assert!(part < back);
    let less = one(shop, &seller);
    assert_eq!((less.n("netted"), less.n("amount"), less.s("status")), (part, 0, "settled"), "{less:#}");
    assert_eq!((less.n("owedBefore"), less.n("owedAfter")), (back, back - part));
    assert_eq!(balance(shop, &receivable), back - part);
    let rest = |minor: i64| format!("{}.{:02}", minor / 100, minor % 100);
    let page = own.get(&format!("/merchant/payouts/{}/statement.html", less.id())).text;
    for words in ["Owed by you before: ", "Owed by you after: ", "Against what you owed; you owe ", &rest(back - part)]
    {
        assert!(page.contains(words), "{words} is not in {page}");
    }
    let file = own.get(&format!("/merchant/payouts/{}/statement.csv", less.id())).text;
    let (head, row) = (file.lines().next().unwrap_or_default(), file.lines().nth(1).unwrap_or_default());
    assert!(
        head.ends_with("\"owedBefore\",\"owedAfter\"") && row.ends_with(&format!("{back},{}", back - part)),
        "{file}"
    );
    let said = crate::shop::lists::walk(&own, "/merchant/statements", "limit=200");
    let said: Vec<&str> = said.iter().filter(|l| l.s("cause") == "payout").map(|l| l.s("description")).collect();
    for (words, payout) in
        [("owed by you from now on: ", &settled), ("taken against what you owed: ", &less), ("Paid out: ", &payout)]
    {
        assert!(said.iter().any(|d| d.contains(words) && d.ends_with(payout.id())), "{words} is not in {said:#?}");
    }
    let back = back - part;

    let next = due(shop, 3);
    let more = share(shop, &next, &seller);
    let netted = one(shop, &seller);
    assert_eq!((netted.n("netted"), netted.n("amount")), (back, more - back), "{netted:#}");
    assert_eq!((netted.n("owedBefore"), netted.n("owedAfter")), (back, 0));
    assert_eq!((balance(shop, &receivable), balance(shop, &seller.party)), (0, party));
    let rows = statement(&own, "/merchant", netted.id());
    assert_eq!(rows.iter().map(|r| r.1).sum::<i64>(), netted.n("amount"), "{rows:?}");
    audited(shop);

    assert_eq!(told(shop, payout.id()), ["payout.created", "payout.sent", "payout.paid"]);
}

/// What the feed tells of a payout.
fn told(shop: &Shop, id: &str) -> Vec<String> {
    feed(shop, |e| e["data"]["payoutId"] == id).iter().map(|e| e.s("type").to_owned()).collect()
}

fn a_failed_and_a_returned_payout_go_out_again(shop: &mut Shop) {
    let seller = settle_the_past(shop);
    let admin = shop.admin();
    let party = balance(shop, &seller.party);
    let earned = share(shop, &due(shop, 1), &seller);
    let first = one(shop, &seller);
    say(shop, first.id(), "approve", &json!({}));
    say(shop, first.id(), "sent", &json!({}));
    admin.post(&format!("/admin/payouts/{}/failed", first.id()), &json!({ "reason": "" })).wrong(&["/reason"]);
    let failed = say(shop, first.id(), "failed", &json!({ "reason": "account closed" }));
    assert_eq!((failed.s("status"), failed["needsAccount"].as_bool()), ("failed", Some(true)));
    assert_eq!(balance(shop, &seller.party), party - earned, "the money is the seller's again");
    let batch = first.s("batchId");
    admin.get(&format!("/admin/payouts/{batch}/file.xml")).problem(409);

    // Parked until the details are mended.
    let waits = run(shop, &seller, false);
    assert_eq!((waits.list("payouts").len(), waits["waiting"][0].s("reason")), (0, "account_refused"), "{waits:#}");
    account(&admin, &seller.party, OTHER_IBAN);
    let second = one(shop, &seller);
    assert_eq!((second.n("amount"), second.n("carried")), (earned, earned), "{second:#}");
    assert_eq!(second["carriedPayouts"], json!([first.id()]));
    assert_eq!(get(shop, first.id()).s("carriedBy"), second.id());
    say(shop, second.id(), "approve", &json!({}));
    say(shop, second.id(), "paid", &json!({}));
    let bank = balance(shop, "bank");
    say(shop, second.id(), "returned", &json!({ "reason": "account frozen", "accountRefused": false }));
    assert_eq!(balance(shop, "bank"), bank + earned);
    let third = one(shop, &seller);
    assert_eq!(third.n("amount"), earned, "the account is not to blame: it goes out again");
    // Refused once more; this time somebody says that the account is right.
    let failed = say(shop, third.id(), "failed", &json!({ "reason": "the bank's mistake" }));
    assert_eq!(failed.s("status"), "failed");
    admin.post(&format!("/admin/payouts/{}/retry", third.id()), &json!({})).expect(200);
    let fourth = one(shop, &seller);
    assert_eq!(fourth.n("amount"), earned);
    admin.post(&format!("/admin/payouts/{}/retry", third.id()), &json!({})).problem(409);
    assert_eq!(balance(shop, &seller.party), party);
    audited(shop);
}

fn a_provider_pays_who_has_an_account(shop: &mut Shop) {
    let seller = settle_the_past(shop);
    let admin = shop.admin();
    let body = json!({ "party": seller.party, "provider": "sandbox" });
    let opened = admin.post("/admin/payment-accounts", &body).expect(201);
    assert_eq!(opened["canReceive"], true);
    let clearing = balance(shop, "provider/clearing");
    let order = due(shop, 1);
    let earned = share(shop, &order, &seller);
    let total = shop.view(&order).n("total");
    let wait = |id: &str, status: &str| {
        eventually(&format!("{id} becomes {status}"), PATIENCE, || {
            let payout = get(shop, id);
            if payout.s("status") == status { Ok(payout) } else { Err(format!("{payout:#}")) }
        })
    };
    // The answer is lost once, and it is paid once.
    let fault = json!({ "operation": "payment.transfer", "outcome": "lost", "times": 1 });
    admin.post("/admin/sandbox/faults", &fault).one_of(&[200, 201]);
    let payout = one(shop, &seller);
    assert_eq!((payout.s("method"), payout.n("amount")), ("sandbox", earned));
    admin.get(&format!("/admin/payouts/{}/file.xml", payout.s("batchId"))).problem(409);
    assert_eq!(say(shop, payout.id(), "approve", &json!({})).s("status"), "sent");
    admin.post(&format!("/admin/payouts/{}/failed", payout.id()), &json!({ "reason": "impatience" })).problem(409);
    shop.advance("1m");
    let paid = wait(payout.id(), "paid");
    assert!(paid.s("reference").starts_with("sbx_"), "{paid:#}");
    assert_eq!(balance(shop, "provider/clearing"), clearing + total - earned);
    // Refused: the money is the seller's again, and goes out with the next run.
    let fault = json!({ "operation": "payment.transfer", "outcome": "declined", "times": 1 });
    admin.post("/admin/sandbox/faults", &fault).one_of(&[200, 201]);
    let more = share(shop, &due(shop, 2), &seller);
    let refused = one(shop, &seller);
    say(shop, refused.id(), "approve", &json!({}));
    let failed = wait(refused.id(), "failed");
    assert_eq!(failed["needsAccount"], false);
    let again = one(shop, &seller);
    assert_eq!(again.n("amount"), more);
    say(shop, again.id(), "approve", &json!({}));
    wait(again.id(), "paid");
    audited(shop);
}
