//! Why is it waiting? What each side is told, word for word, at the moments that people ask about. That everybody is told something whatever has
//! happened is asked after every decision of every test (`audit`), the random walks among them.

use orderwright_core::actor::Actor;
use orderwright_core::decide::Outcome;
use orderwright_core::workflow::Effect;

use crate::shop::{Shop, line, merchant, operator, order_in, retailer};

fn told(shop: &Shop, actor: &Actor) -> String {
    shop.explain(actor).items[0].summary.clone()
}

#[test]
fn a_running_payment_step() {
    let mut shop = order_in("retail").place();
    let start = "It waits for the operator or the retailer: “confirmed”. It becomes “Confirmed” as soon as the payment is taken. \
                 It becomes “Cancelled” as soon as the time to pay is over.";
    let step =
        "The payment: It waits for the answer to its request to charge the money, made on 2026-03-01 at 12:00 UTC.";
    assert_eq!(told(&shop, &operator()), format!("{start} {step}"));
    assert_eq!(told(&shop, &merchant(1)), format!("{start} The payment is not through yet."));
    let charge = shop.explain(&operator()).payment;
    assert_eq!(charge.waits_for_effect.as_deref(), Some("payment.charge"));
    let job = charge.job.expect("a job");
    shop.outcome(job, Outcome::InDoubt).expect("waited for");
    let doubt =
        "The answer to its request to charge the money was lost; the provider is being asked what became of it.";
    assert_eq!(shop.explain(&operator()).payment.summary, doubt);
}

#[test]
fn people_who_could_act() {
    let shop = order_in("made-to-order").lines(&[line(1, 2), line(2, 1)]).go();
    assert_eq!(
        told(&shop, &operator()),
        "It waits for the merchant or the operator: “confirm” or “refuse (with a reason)”. It becomes “Hold on the card lost, \
         waiting for the customer” as soon as the payment is open to another attempt. It becomes “Cancelled” as soon as the payment has \
         failed. The hold on the card is renewed on 2026-03-07 at 12:00 UTC. The operator, the retailer or the customer can cancel it."
    );
    let mut split = order_in("marketplace-split").go();
    let ship = "It waits for the merchant or an import: “ship (with the day it should arrive)”. The operator or the merchant can cancel it.";
    assert_eq!(told(&split, &merchant(1)), ship);
    split.fire(&merchant(1), "ship").fire(&merchant(1), "deliver");
    assert_eq!(told(&split, &operator()), "If nothing happens, it becomes “Delivered” on 2026-03-31 at 12:00 UTC.");
}

#[test]
fn items_that_wait_for_others() {
    let mut shop = order_in("made-to-order").lines(&[line(1, 2), line(2, 1)]).go();
    shop.fire(&merchant(1), "confirm");
    let said = told(&shop, &operator());
    assert!(
        said.starts_with("It becomes “Confirmed” as soon as the payment is taken. It becomes “Cancelled” as soon as"),
        "{said}"
    );
    assert!(said.contains("as soon as every item is accepted or refused (not yet: SKU-1)."), "{said}");
    let said = told(&shop, &merchant(1));
    assert!(
        said.contains("The payment is not through yet.") && !said.contains("SKU-1"),
        "others are not theirs: {said}"
    );
}

#[test]
fn guards_that_do_not_hold() {
    let shop = order_in("marketplace").place();
    let said = told(&shop, &merchant(1));
    assert!(said.contains("“acknowledge” becomes possible when the payment is taken."), "{said}");
    let found = shop.explain(&merchant(1)).items[0].clone();
    let acknowledge = found.events.iter().find(|e| e.event == "acknowledge").expect("declared");
    assert!(!acknowledge.possible && !acknowledge.allowed);
    let facts: Vec<_> = acknowledge.facts.iter().map(|f| (f.fact.as_str(), f.value.as_str(), f.holds)).collect();
    assert_eq!(facts, [("payment.captured", "no", false)]);
}

#[test]
fn the_time_to_pay() {
    let shop = order_in("retail").declining(&[Effect::Charge]).go();
    let payment = shop.explain(&retailer()).payment;
    assert_eq!(
        payment.summary,
        "It waits for an import: “paid outside”. It waits for the customer: “retry”. It becomes “closed” as soon as \
         every item is cancelled (not yet: SKU-0). If nothing happens, it becomes “expired” on 2026-03-04 at 12:00 UTC."
    );
    assert!(told(&shop, &retailer()).contains("The payment's time ends on 2026-03-04 at 12:00 UTC."));
}

#[test]
fn what_is_done_may_rest() {
    let shop = order_in("marketplace").declining(&[Effect::Charge]).go();
    assert_eq!(told(&shop, &operator()), "It may rest here.");
    assert_eq!(shop.explain(&operator()).payment.summary, "Nothing is left to be done.");
}
