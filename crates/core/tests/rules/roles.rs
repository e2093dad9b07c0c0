//! Every event of every channel in every state by every role, against api.md's tables as they stand there: a word that the workflow
//! does not know, a role that never may, not now, a payment step that runs, a field that is missing, and what is another's.

use orderwright_core::actor::{Actor, Role};
use orderwright_core::decide::{Command, Event, EventItem, Refusal};
use orderwright_core::workflow::Effect;

use crate::shop::{Shop, actor, all, bare, customer, done, full, importing, merchant, operator, order_in, retailer};

/// Who may fire an event, in which situations.
struct Rule {
    event: &'static str,
    allowed: &'static [(&'static str, &'static [&'static str])],
    /// Situations in which the answer is that a payment step runs.
    busy: &'static [&'static str],
    requires: &'static str,
}

const fn rule(event: &'static str, allowed: &'static [(&'static str, &'static [&'static str])]) -> Rule {
    Rule { event, allowed, busy: &[], requires: "" }
}

const fn needs(requires: &'static str, rule: Rule) -> Rule {
    Rule { requires, ..rule }
}

const fn busy(busy: &'static [&'static str], rule: Rule) -> Rule {
    Rule { busy, ..rule }
}

/// Everybody who could try, and the roles of api.md that they have.
fn everybody() -> Vec<(Actor, Vec<&'static str>)> {
    vec![
        (operator(), vec!["operator"]),
        (actor(Role::Ops), vec!["operator"]),
        (retailer(), vec!["retailer"]),
        (merchant(1), vec!["merchant"]),
        (actor(Role::Brand), vec![]),
        (customer(), vec!["customer"]),
        (actor(Role::Storefront), vec!["customer"]),
        (importing(operator()), vec!["operator", "import"]),
        (importing(retailer()), vec!["retailer", "import"]),
        (importing(merchant(1)), vec!["merchant", "merchant's import"]),
        (Actor::system(), vec![]),
    ]
}

/// Tries everything in every situation.
fn matrix(situations: &[(&'static str, Shop)], rules: &[Rule]) {
    for (at, shop) in situations {
        for rule in rules {
            for (who, roles) in everybody() {
                let told = format!("{} by {roles:?} at {at}", rule.event);
                let mine: Vec<_> = rule.allowed.iter().filter(|(role, _)| roles.contains(role)).collect();
                let now = mine.iter().any(|(_, states)| states.contains(at));
                let with = shop.would(&who, Command::Fire(full(rule.event)));
                let without = shop.would(&who, Command::Fire(bare(rule.event)));
                let named =
                    Event { items: Some(vec![EventItem { item: shop.id(0), quantity: None }]), ..full(rule.event) };
                let named = shop.would(&who, Command::Fire(named));
                if mine.is_empty() {
                    for result in [with, without, named] {
                        assert!(matches!(result, Err(Refusal::NotAllowed { .. })), "{told}: {result:?}");
                    }
                } else if rule.busy.contains(at) {
                    assert_eq!(with, Err(Refusal::PaymentInProgress), "{told}");
                    assert_eq!(named, Err(Refusal::PaymentInProgress), "{told}");
                } else if now {
                    assert_eq!((with, named), (Ok(()), Ok(())), "{told}");
                    match rule.requires {
                        "" => assert_eq!(without, Ok(()), "{told}"),
                        field => assert_eq!(
                            without,
                            Err(Refusal::MissingField { field, event: rule.event.to_owned() }),
                            "{told}"
                        ),
                    }
                } else {
                    for result in [with, without, named] {
                        assert!(matches!(result, Err(Refusal::NotPossible { .. })), "{told}: {result:?}");
                    }
                }
                // What the explanation says is what happens, and a refusal lists it.
                let said = shop.explain(&who);
                let listed = said
                    .items
                    .iter()
                    .chain([&said.payment])
                    .flat_map(|a| &a.events)
                    .any(|e| e.event == rule.event && e.allowed);
                assert_eq!(listed, !mine.is_empty() && now && !rule.busy.contains(at), "{told}: the explanation");
            }
            strangers(shop, rule, at);
        }
        for who in everybody() {
            let result = shop.would(&who.0, Command::Fire(full("teleport")));
            assert!(matches!(result, Err(Refusal::UnknownEvent { .. })), "{result:?}");
        }
    }
}

/// Another merchant has nothing here.
fn strangers(shop: &Shop, rule: &Rule, at: &str) {
    let told = format!("{} by another merchant at {at}", rule.event);
    let merchants = rule.allowed.iter().any(|(role, _)| *role == "merchant");
    let named = Event { items: Some(vec![EventItem { item: shop.id(0), quantity: None }]), ..full(rule.event) };
    let (all, named) =
        (shop.would(&merchant(2), Command::Fire(full(rule.event))), shop.would(&merchant(2), Command::Fire(named)));
    if merchants {
        assert!(matches!(all, Err(Refusal::NotPossible { .. } | Refusal::PaymentInProgress)), "{told}: {all:?}");
        assert_eq!(named, Err(Refusal::UnknownItem), "{told}");
    } else {
        assert!(matches!(all, Err(Refusal::NotAllowed { .. })), "{told}: {all:?}");
    }
    assert!(shop.explain(&merchant(2)).items.is_empty());
}

/// A situation after some events by the operator.
fn after(shop: Shop, who: &Actor, events: &[&str]) -> Shop {
    let mut shop = shop;
    events.iter().for_each(|e| {
        shop.fire(who, e);
    });
    shop
}

fn refunded(mut shop: Shop) -> Shop {
    shop.refund(all()).expect("left");
    shop
}

#[test]
fn made_to_order() {
    let paid = |events: &[&str]| after(order_in("made-to-order").go(), &operator(), events);
    let mut capturing = order_in("made-to-order").go();
    capturing.act(&operator(), Command::Fire(full("confirm"))).expect("possible");
    capturing.answer(Effect::CheckStock, done());
    let situations = [
        ("authorising", order_in("made-to-order").place()),
        ("payment_authorised", paid(&[])),
        ("capturing", capturing),
        ("confirmed", paid(&["confirm"])),
        ("in_production", paid(&["confirm", "start_production"])),
        ("dispatched", paid(&["confirm", "start_production", "dispatch"])),
        ("delivered", paid(&["confirm", "start_production", "dispatch", "deliver"])),
        ("cancelled", paid(&["cancel"])),
        ("refunded", refunded(paid(&["confirm"]))),
    ];
    const EARLY: &[&str] = &["payment_authorised", "confirmed"];
    matrix(
        &situations,
        &[
            rule("confirm", &[("merchant", &["payment_authorised"]), ("operator", &["payment_authorised"])]),
            needs(
                "reason",
                rule("refuse", &[("merchant", &["payment_authorised"]), ("operator", &["payment_authorised"])]),
            ),
            rule("start_production", &[("merchant", &["confirmed"]), ("operator", &["confirmed"])]),
            needs(
                "trackingNumber",
                rule("dispatch", &[("merchant", &["in_production"]), ("operator", &["in_production"])]),
            ),
            rule(
                "deliver",
                &[("customer", &["dispatched"]), ("merchant", &["dispatched"]), ("operator", &["dispatched"])],
            ),
            busy(
                &["authorising", "capturing"],
                rule(
                    "cancel",
                    &[
                        ("customer", EARLY),
                        ("retailer", EARLY),
                        ("merchant", &["in_production"]),
                        ("operator", &["payment_authorised", "confirmed", "in_production"]),
                    ],
                ),
            ),
        ],
    );
}

#[test]
fn retail() {
    let paid = |events: &[&str]| after(order_in("retail").go(), &operator(), events);
    let situations = [
        ("charging", order_in("retail").place()),
        ("pending", order_in("retail").method("pm_offline").go()),
        ("unpaid", order_in("retail").method("pm_card_chargeDeclined").go()),
        ("confirmed", paid(&[])),
        ("processing", paid(&["processing"])),
        ("shipped", paid(&["processing", "shipped"])),
        ("delivered", paid(&["processing", "shipped", "delivered"])),
        ("cancelled", paid(&["cancelled"])),
        ("refunded", refunded(paid(&[]))),
    ];
    const OPEN: &[&str] = &["pending", "unpaid", "confirmed", "processing"];
    const SHIPPED: &[&str] = &["pending", "unpaid", "confirmed", "processing", "shipped"];
    matrix(
        &situations,
        &[
            rule(
                "confirmed",
                &[("operator", &["charging", "pending", "unpaid"]), ("retailer", &["charging", "pending", "unpaid"])],
            ),
            rule("processing", &[("operator", &["confirmed"]), ("retailer", &["confirmed"])]),
            rule("shipped", &[("operator", &["processing"]), ("retailer", &["processing"])]),
            rule("delivered", &[("operator", &["shipped"]), ("retailer", &["shipped"])]),
            busy(&["charging"], rule("cancelled", &[("operator", SHIPPED), ("retailer", SHIPPED), ("customer", OPEN)])),
            rule("refunded", &[("operator", &[]), ("retailer", &[])]),
            rule("paid_outside", &[("import", &["pending", "unpaid"])]),
        ],
    );
}

#[test]
fn marketplace() {
    let paid = |events: &[&str]| after(order_in("marketplace").go(), &operator(), events);
    let situations = [
        ("charging", order_in("marketplace").place()),
        ("awaiting", order_in("marketplace").method("pm_offline").go()),
        ("pending", paid(&[])),
        ("processing", paid(&["acknowledge"])),
        ("shipped", paid(&["acknowledge", "ship"])),
        ("completed", paid(&["acknowledge", "ship", "complete"])),
        ("cancelled", paid(&["cancel"])),
        ("refunded", refunded(paid(&[]))),
    ];
    const OPEN: &[&str] = &["awaiting", "pending", "processing"];
    matrix(
        &situations,
        &[
            rule("acknowledge", &[("merchant", &["pending"]), ("operator", &["pending"])]),
            needs("trackingNumber", rule("ship", &[("merchant", &["processing"]), ("operator", &["processing"])])),
            rule("complete", &[("merchant", &["shipped"]), ("customer", &["shipped"]), ("operator", &["shipped"])]),
            busy(
                &["charging"],
                rule(
                    "cancel",
                    &[
                        ("customer", OPEN),
                        ("merchant", OPEN),
                        ("operator", &["awaiting", "pending", "processing", "shipped"]),
                    ],
                ),
            ),
            rule("paid_outside", &[("import", &["awaiting"])]),
        ],
    );
}

#[test]
fn store_request() {
    let good = |events: &[&str]| after(order_in("store-request").go(), &operator(), events);
    let mut charging = good(&[]);
    charging.act(&operator(), Command::Fire(full("accept"))).expect("possible");
    let situations = [
        ("verifying", order_in("store-request").place()),
        ("received", good(&[])),
        ("charging", charging),
        ("accepted", good(&["accept"])),
        (
            "pending_payment",
            after(order_in("store-request").method("pm_card_chargeCustomerFail").go(), &operator(), &["accept"]),
        ),
        ("declined", good(&["decline"])),
        ("canceled", after(good(&[]), &customer(), &["cancel"])),
        ("completed", good(&["accept", "complete"])),
    ];
    matrix(
        &situations,
        &[
            rule("accept", &[("merchant", &["received"]), ("operator", &["received"])]),
            busy(
                &["verifying"],
                needs("reason", rule("decline", &[("merchant", &["received"]), ("operator", &["received"])])),
            ),
            rule("complete", &[("merchant", &["accepted"]), ("operator", &["accepted"])]),
            busy(&["verifying", "charging"], rule("cancel", &[("customer", &["received"])])),
            rule("pay", &[("customer", &["pending_payment"])]),
        ],
    );
}

#[test]
fn mall() {
    let split = |events: &[&str]| after(order_in("marketplace-split").go(), &merchant(1), events);
    let window = || order_in("marketplace-split").cancel_window("2h").go();
    let mut closed = split(&["ship", "deliver"]);
    closed.wait("30d");
    let situations = [
        ("charging", order_in("marketplace-split").place()),
        ("new", order_in("marketplace-split").method("pm_offline").go()),
        ("unpaid", order_in("marketplace-split").method("pm_card_chargeDeclined").go()),
        ("paid", window()),
        ("sent", split(&[])),
        ("shipped", split(&["ship"])),
        ("delivered", split(&["ship", "deliver"])),
        ("closed", closed),
        ("canceled", after(order_in("marketplace-split").method("pm_offline").go(), &operator(), &["cancel"])),
        ("refunded", after(window(), &customer(), &["cancel"])),
        ("canceled_by_merchant", split(&["cancel"])),
    ];
    matrix(
        &situations,
        &[
            rule("pay", &[("operator", &["new", "unpaid"]), ("import", &["new", "unpaid"])]),
            busy(
                &["charging"],
                rule(
                    "cancel",
                    &[
                        ("customer", &["new", "unpaid", "paid"]),
                        ("operator", &["new", "unpaid", "paid", "sent"]),
                        ("merchant", &["sent"]),
                    ],
                ),
            ),
            needs(
                "expectedBy",
                rule("ship", &[("merchant", &["sent"]), ("import", &["sent"]), ("merchant's import", &["sent"])]),
            ),
            rule(
                "deliver",
                &[("merchant", &["shipped"]), ("import", &["shipped"]), ("merchant's import", &["shipped"])],
            ),
        ],
    );
}
