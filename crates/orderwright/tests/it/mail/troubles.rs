//! Mail servers that want it later, refuse, or never answer; channels that do not mail; nodes that die.

use serde_json::json;

use super::house::House;
use crate::shop::{Json, eventually};

mail_scenarios! {
    a_mail_that_has_to_wait_is_sent_again,
    a_mail_that_is_refused_is_given_up_with_a_reason,
    a_channel_that_does_not_mail_sends_nothing,
    who_paid_meanwhile_is_not_asked_to_pay,
    a_node_that_dies_before_it_has_noted_a_mail_sends_it_under_the_same_name,
}

fn a_mail_that_has_to_wait_is_sent_again(house: &mut House) {
    let address = house.address("later");
    let order = house.declined("retail", &address);
    let second = house.post.wait(&address, 2);
    let first = house.post.wait(&address, 1);
    assert_eq!((first.n("answer"), second.n("answer")), (451, 250));
    assert_eq!(first["headers"]["Message-ID"], second["headers"]["Message-ID"]);
    let noted = house.noted(order.id(), 1).remove(0);
    assert_eq!(noted.s("type"), "mail_sent", "{noted:#}");
    assert!(house.jobs(order.id()).is_empty(), "it is done");
    house.assert_address_is_kept_once(order.id(), &address);
}

fn a_mail_that_is_refused_is_given_up_with_a_reason(house: &mut House) {
    for (word, code, why) in
        [("unknown", 550, "does not know the address (550 5.1.1)"), ("full", 552, "mailbox (552 5.2.2)")]
    {
        let address = house.address(word);
        let order = house.declined("retail", &address);
        let noted = house.noted(order.id(), 1).remove(0);
        assert_eq!((noted.s("type"), noted["metadata"].s("mail")), ("mail_failed", "payment_declined"));
        assert!(noted["metadata"].s("reason").ends_with(why) && noted.s("message").ends_with(why), "{noted:#}");
        let theirs = house.shop.timeline_as(&house.shop.customer(0), order.id());
        assert!(theirs.iter().all(|e| e["type"] != "mail_failed"), "it is for staff");
        assert!(house.jobs(order.id()).is_empty(), "it is over");
        let tried = house.post.to(&address);
        assert_eq!(tried.iter().map(|t| t.n("answer")).collect::<Vec<_>>(), [code], "once");
        house.assert_address_is_kept_once(order.id(), &address);
    }
}

fn a_channel_that_does_not_mail_sends_nothing(house: &mut House) {
    assert_eq!(house.set("retail", &json!({ "customerMail": false }))["customerMail"], false);
    let (silent, told) = (house.address("flo"), house.address("flo"));
    let order = house.declined("retail", &silent);
    assert_eq!(house.set("retail", &json!({ "customerMail": true }))["customerMail"], true);
    house
        .shop
        .admin()
        .patch("/admin/settings", &json!({ "channel": "retail", "customerMail": "no" }))
        .wrong(&["/customerMail"]);
    // What came later has arrived, so what came before would have.
    house.declined("retail", &told);
    house.post.wait(&told, 1);
    assert!(house.post.to(&silent).is_empty());
    house.noted(order.id(), 0);
    assert!(house.jobs(order.id()).is_empty());

    // Turned off while a mail waits.
    let address = house.address("later");
    let order = house.declined("retail", &address);
    house.post.wait(&address, 1);
    house.set("retail", &json!({ "customerMail": false }));
    eventually("the mail is dropped", super::house::PATIENCE, || match house.jobs(order.id()).len() {
        0 => Ok(()),
        n => Err(format!("{n} jobs")),
    });
    house.noted(order.id(), 0);
    assert_eq!(house.post.to(&address).len(), 1);
    house.set("retail", &json!({ "customerMail": true }));
}

fn who_paid_meanwhile_is_not_asked_to_pay(house: &mut House) {
    let address = house.address("later");
    let order = house.declined("retail", &address);
    house.post.wait(&address, 1);
    house.shop.customer(0).pay(order.id(), "pm_card_visa").expect(200);
    house.shop.wait_payment(order.id(), "captured");
    eventually("the mail is dropped", super::house::PATIENCE, || match house.jobs(order.id()).len() {
        0 => Ok(()),
        n => Err(format!("{n} jobs")),
    });
    // It may have gone in the moment before the payment: then it was right.
    let sent = house.post.to(&address).len() - 1;
    assert_eq!(house.noted(order.id(), sent).len(), sent);
}

fn a_node_that_dies_before_it_has_noted_a_mail_sends_it_under_the_same_name(house: &mut House) {
    let address = house.address("silent");
    let order = house.declined("retail", &address);
    // The mail server has it, and we do not know.
    let first = house.post.wait(&address, 1);
    assert_eq!(first.n("answer"), 0);
    house.shop.kill();
    house.shop.restart();
    house.listen();
    let second = house.post.wait(&address, 2);
    assert_eq!(second["headers"]["Message-ID"], first["headers"]["Message-ID"]);
    assert_eq!(
        (second["headers"]["Subject"].clone(), second.s("text")),
        (first["headers"]["Subject"].clone(), first.s("text"))
    );
    let noted = house.noted(order.id(), 1).remove(0);
    assert_eq!(noted.s("type"), "mail_sent");
    assert!(house.jobs(order.id()).is_empty());
    assert_eq!(house.post.to(&address).len(), 2, "and never again");
}
