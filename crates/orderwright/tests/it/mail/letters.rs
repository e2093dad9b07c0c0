//! What customers read: headers, both parts, links.

use orderwright_core::time::Timestamp;
use serde_json::{Value, json};

use super::house::{House, PUBLIC};
use crate::providers::house::taken_after_release;
use crate::shop::Json;

mail_scenarios! {
    a_declined_charge_is_mailed_with_all_details_and_reminded_of,
    a_hold_that_is_not_renewed_is_mailed,
    money_that_came_too_late_is_mailed_when_it_went_back,
    the_link_in_a_mail_leads_to_another_attempt,
    a_name_makes_no_header_and_no_recipient,
}

/// What a sum looks like in a mail.
fn shown(order: &Value, amount: i64) -> String {
    format!("{} {}.{:02}", order.s("currency"), amount / 100, amount % 100)
}

/// `29 November 2026` of an instant.
fn day(instant: &str) -> String {
    let at = Timestamp::parse(instant).expect("an instant").to_jiff();
    at.to_zoned(jiff::tz::TimeZone::UTC).strftime("%-d %B %Y").to_string()
}

/// Both parts say it.
#[track_caller]
fn says(mail: &Value, words: &[&str]) {
    for part in ["text", "html"] {
        for word in words {
            assert!(mail.s(part).contains(word), "{word} is missing in the {part}:\n{}", mail.s(part));
        }
    }
}

/// Seed 3: «Should the card have insufficient funds or be expired, they will be given the opportunity to retry in 7 days. They will receive
/// an email containing all necessary details once more.»
fn a_declined_charge_is_mailed_with_all_details_and_reminded_of(house: &mut House) {
    let address = house.address("ada");
    let mut body = house.shop.basket("studio", &[(0, 2)], "pm_card_chargeCustomerFail");
    body["customer"] = json!({ "email": address, "name": "Ada \"Countess\" Lövelace <b>" });
    let order = house.shop.customer(0).post("/storefront/orders", &body).expect(201);
    house.shop.wait_status(order.id(), "received");
    house.shop.merchants_fire(order.id(), "accept", &json!({}));
    let order = house.shop.wait_status(order.id(), "pending_payment");

    let mail = house.post.wait(&address, 1);
    assert_eq!((mail.n("answer"), mail.s("sender")), (250, "orders@shop.example"));
    assert_eq!(mail["headers"]["From"], "The Shop <orders@shop.example>");
    assert_eq!(mail["to"], json!([address]));
    assert_eq!(mail["parts"], json!(["multipart/alternative", "text/plain", "text/html"]));
    assert_eq!(mail["headers"]["Auto-Submitted"], "auto-generated");
    assert_eq!(mail.s("greeted"), "shop.example", "the server is greeted by the sender's domain");
    let number = order.s("orderNumber");
    let subject = format!("Your payment for order {number} did not go through");
    assert_eq!(mail["headers"]["Subject"], subject.as_str());
    let (sum, item) = (shown(&order, order.n("total")), order["items"][0].s("name"));
    says(&mail, &[number, &sum, item, "2 ×", "go to the shop where you ordered", "The Shop", "Lövelace"]);
    let payment = house.shop.customer(0).view(order.id())["payments"][0].clone();
    let (why, next) = payment.s("nextStep").split_once(". ").expect("two sentences");
    says(&mail, &[why, next]);
    assert!(
        mail.s("html").contains("&lt;b&gt;") && !mail.s("html").contains("<b>"),
        "a name is only text: {}",
        mail.s("html")
    );
    assert!(!mail.s("text").contains("/pay/"), "the sandbox has no payment page");

    // Named by the entry that it tells of, which staff finds on the timeline; until when is seven days after it.
    let entries = house.shop.timeline_as(&house.shop.admin(), order.id());
    let failed = entries.iter().find(|e| e["type"] == "payment_failed").expect("an entry");
    assert_eq!(mail["headers"]["Message-ID"], format!("<{}@shop.example>", failed.id()).as_str());
    let created = Timestamp::parse(failed.s("createdAt")).expect("an instant");
    let until = created.plus(orderwright_core::time::Span::parse("7d").expect("a span")).to_string();
    says(&mail, &[&day(&until), "UTC"]);
    let noted = house.noted(order.id(), 1).remove(0);
    assert_eq!((noted.s("type"), noted["metadata"].s("mail")), ("mail_sent", "payment_declined"));
    assert_eq!(noted["metadata"]["about"], failed["id"]);
    let theirs = house.shop.timeline_as(&house.shop.customer(0), order.id());
    assert!(theirs.iter().all(|e| e["type"] != "mail_sent"), "it is for staff");
    house.assert_address_is_kept_once(order.id(), &address);

    house.shop.advance("3d");
    let reminder = house.post.wait(&address, 2);
    assert_eq!(reminder["headers"]["Subject"], format!("Reminder: order {number} is not paid yet").as_str());
    says(&reminder, &[&sum, why, next, &day(&until), item]);
    assert_ne!(reminder["headers"]["Message-ID"], mail["headers"]["Message-ID"]);

    house.shop.customer(0).pay(order.id(), "pm_card_visa").expect(200);
    house.shop.wait_status(order.id(), "accepted");
    house.shop.advance("4d");
    house.noted(order.id(), 2);
    assert_eq!(house.post.to(&address).len(), 2, "who has paid is not reminded");
}

fn a_hold_that_is_not_renewed_is_mailed(house: &mut House) {
    let address = house.address("bea");
    let mut body = house.shop.basket("blinds", &[(0, 1)], "pm_card_visa");
    body["customer"]["email"] = json!(address);
    let order = house.shop.customer(0).post("/storefront/orders", &body).expect(201);
    house.shop.wait_status(order.id(), "payment_authorised");
    // Orders of the demo have holds that end then, too.
    let fault = json!({ "operation": "payment.reauthorise", "outcome": "declined", "times": 50 });
    house.shop.admin().post("/admin/sandbox/faults", &fault).expect(201);
    house.shop.advance("6d");
    let order = house.shop.wait_status(order.id(), "pending");
    let mail = house.post.wait(&address, 1);
    assert_eq!(mail["headers"]["Subject"], format!("Please pay again for order {}", order.s("orderNumber")).as_str());
    says(&mail, &[&shown(&order, order.n("total")), "hold", "Nothing was taken", "You can pay until"]);
    assert_eq!(house.noted(order.id(), 1)[0]["metadata"]["mail"], "hold_not_renewed");
    house.shop.customer(0).cancel(order.id()).expect(200);
}

fn money_that_came_too_late_is_mailed_when_it_went_back(house: &mut House) {
    let address = house.address("cleo");
    house.set("blinds", &json!({ "paymentProvider": "stripe" }));
    let mut body = house.shop.basket("blinds", &[(0, 1)], "pm_card_visa");
    body["customer"]["email"] = json!(address);
    let order = house.shop.customer(0).post("/storefront/orders", &body).expect(201);
    house.shop.wait_status(order.id(), "payment_authorised");
    house.shop.customer(0).cancel(order.id()).expect(200);
    let cancelled = house.shop.wait_payment(order.id(), "voided");
    let taken = taken_after_release(&house.stripe, &cancelled);
    let mail = house.post.wait(&address, 1);
    let sum = shown(&order, taken);
    let subject = format!("{sum} for order {} is on its way back to you", order.s("orderNumber"));
    assert_eq!(mail["headers"]["Subject"], subject.as_str());
    says(&mail, &[&sum, "You need not do anything"]);
    assert!(!mail.s("text").contains("Pay here"), "nothing is asked for: {}", mail.s("text"));
    let entries = house.shop.timeline_as(&house.shop.admin(), order.id());
    let back = entries.iter().find(|e| e["type"] == "late_payment_refunded").expect("an entry");
    assert_eq!(house.noted(order.id(), 1)[0]["metadata"]["about"], back["id"]);
    house.set("blinds", &json!({ "paymentProvider": "sandbox" }));
}

fn the_link_in_a_mail_leads_to_another_attempt(house: &mut House) {
    let address = house.address("dora");
    let order = house.declined("mall", &address);
    let mail = house.post.wait(&address, 1);
    let link = mail.s("text").lines().find_map(|line| line.strip_prefix("Pay here: ")).expect("a link");
    assert!(mail.s("html").contains(&format!("href=\"{link}\"")), "{}", mail.s("html"));
    let path = link.strip_prefix(PUBLIC).expect("the public address");
    let anyone = house.shop.anyone();
    let page = anyone.get(path);
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("id=\"again\"") && page.text.contains("not enough funds"), "{}", page.text);
    // Looking begins nothing; the button does, once.
    assert_eq!(house.shop.view(order.id()).list("payments").len(), 1);
    let again = anyone.post(&format!("{path}/again"), &json!({})).expect(200);
    assert_eq!(again.s("state"), "open", "{again:#}");
    anyone.post(&format!("{path}/again"), &json!({})).problem(409);
    let page = anyone.get(path).text;
    assert!(page.contains("id=\"pay\"") && !page.contains("id=\"again\""), "{page}");
    let now = house.shop.view(order.id());
    assert_eq!((now.list("payments").len(), now["payments"][1]["awaitsCustomer"].clone()), (2, json!(true)), "{now:#}");
    assert_eq!(house.post.to(&address).len(), 1);
    // Only whoever has the link.
    for wrong in [format!("/pay/{}/x/again", order.id()), "/pay/ord_0000000000000/x/again".to_owned()] {
        anyone.post(&wrong, &json!({})).problem(404);
    }
}

fn a_name_makes_no_header_and_no_recipient(house: &mut House) {
    let plain = house.address("eve");
    house.declined("retail", &plain);
    let wanted = house.post.wait(&plain, 1);
    let place = |name: &str, address: &str| {
        let mut body = house.shop.basket("retail", &[(0, 1)], "pm_card_chargeDeclined");
        body["customer"] = json!({ "email": address, "name": name });
        house.shop.customer(0).post("/storefront/orders", &body)
    };
    for name in ["Eve\r\nBcc: mallory@evil.example", "Eve\nSubject: You have won", "Eve\u{0}"] {
        place(name, &house.address("eve")).wrong(&["/customer/name"]);
    }
    for address in ["eve@example.org\r\nBcc: mallory@evil.example", "eve@example.org, mallory@evil.example"] {
        place("Eve", address).wrong(&["/customer/email"]);
    }
    for name in [
        "Eve\" <mallory@evil.example>, \"x",
        "=?utf-8?q?Eve=0D=0ABcc:_mallory@evil.example?=",
        "Eve\u{2028}Bcc: mallory@evil.example",
        "{{ 7 * 7 }} {% include \"layout.html\" %}",
    ] {
        let address = house.address("eve");
        place(name, &address).expect(201);
        let mail = house.post.wait(&address, 1);
        assert_eq!(mail["names"], wanted["names"], "no header more: {}", mail.s("raw"));
        assert_eq!((&mail["to"], &mail["recipients"]), (&json!([address]), &json!([address])), "{}", mail.s("raw"));
        assert!(!mail.s("text").contains("49"), "a name is no template: {}", mail.s("text"));
    }
    assert!(house.post.to("mallory@evil.example").is_empty());
}
