//! Retail: the table of transitions to the letter, payment retried until the window ends, refunds.

use orderwright_core::decide::{Command, Event, EventItem, Refusal};
use orderwright_core::order::Reservation;

use crate::shop::{Shop, actor, all, bare, customer, full, importing, line, merchant, operator, order_in, retailer};

const NAME: &str = "retail";
const STATUSES: [&str; 7] = ["pending", "confirmed", "processing", "shipped", "delivered", "cancelled", "refunded"];
/// The seed's ORDER_TRANSITIONS.
const TABLE: [(&str, &[&str]); 7] = [
    ("pending", &["confirmed", "cancelled"]),
    ("confirmed", &["processing", "cancelled"]),
    ("processing", &["shipped", "cancelled"]),
    ("shipped", &["delivered", "cancelled"]),
    ("delivered", &[]),
    ("cancelled", &[]),
    ("refunded", &[]),
];

/// A shop whose order shows that status.
fn at(status: &str) -> Shop {
    let mut shop = order_in(NAME)
        .method(if status == "pending" { "pm_offline" } else { "pm_card_visa" })
        .lines(&[line(1, 2), line(2, 1)])
        .go();
    match status {
        "cancelled" => drop(shop.fire(&customer(), "cancelled")),
        "refunded" => drop(shop.refund(all()).expect("refunded")),
        _ => STATUSES[2..5]
            .iter()
            .take(STATUSES.iter().position(|s| *s == status).unwrap_or(0).saturating_sub(1))
            .for_each(|e| {
                shop.fire(&operator(), e);
            }),
    }
    assert_eq!(shop.status(), status);
    shop
}

#[test]
fn the_table_to_the_letter() {
    for (from, targets) in TABLE {
        for to in STATUSES {
            for who in [operator(), retailer()] {
                let set = Command::SetStatus { status: to.to_owned(), note: Some("why".to_owned()), reason: None };
                for command in [set, Command::Fire(bare(to))] {
                    let mut shop = at(from);
                    let result = shop.act(&who, command.clone());
                    if targets.contains(&to) {
                        assert_eq!(result, Ok(()), "{from} → {to}");
                        assert_eq!(shop.status(), to);
                    } else {
                        assert!(
                            matches!(result, Err(Refusal::NotPossible { .. })),
                            "{from} → {to} by {command:?}: {result:?}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn what_is_possible_now_is_told() {
    let shop = at("processing");
    let Err(Refusal::NotPossible { event, status, possible }) =
        shop.would(&operator(), Command::Fire(bare("delivered")))
    else {
        panic!("refused")
    };
    assert_eq!((event.as_str(), status.as_str()), ("delivered", "processing"));
    assert_eq!(possible, ["cancelled", "shipped"]);
    let Err(Refusal::NotPossible { possible, .. }) = at("delivered").would(&operator(), Command::Fire(bare("shipped")))
    else {
        panic!("refused")
    };
    assert!(possible.is_empty());
}

#[test]
fn words_and_roles() {
    let shop = at("confirmed");
    for word in ["on_hold", "cancel", "Shipped", ""] {
        assert!(
            matches!(shop.would(&operator(), Command::Fire(bare(word))), Err(Refusal::UnknownEvent { .. })),
            "{word}"
        );
        let set = Command::SetStatus { status: word.to_owned(), note: None, reason: None };
        assert!(matches!(shop.would(&operator(), set), Err(Refusal::UnknownStatus { .. })), "{word}");
    }
    for word in ["processing", "shipped", "refunded", "pending"] {
        for who in [customer(), merchant(1), actor(orderwright_core::actor::Role::Brand)] {
            assert!(
                matches!(shop.would(&who, Command::Fire(bare(word))), Err(Refusal::NotAllowed { .. })),
                "{word} by {}",
                who.id
            );
        }
    }
}

#[test]
fn the_order_moves_by_its_own_status() {
    // One line is ahead; the order's status is that of the other, and the table is asked about the order.
    let mut shop = at("processing");
    shop.fire_some(&operator(), "shipped", 1, 1);
    assert_eq!(shop.status(), "processing");
    assert!(matches!(shop.set_status(&operator(), "delivered"), Err(Refusal::NotPossible { .. })));
    shop.set_status(&operator(), "shipped").expect("the other line follows");
    assert_eq!((shop.status(), shop.shipping_status()), ("shipped", "shipped"));
    shop.set_status(&operator(), "delivered").expect("both");
    assert_eq!((shop.item_status(0), shop.item_status(1)), ("delivered", "delivered"));
}

#[test]
fn confirmation_commits_and_shipping_lowers() {
    let mut shop = order_in(NAME).place();
    assert_eq!(shop.order.items[0].reservation, Reservation::Held);
    shop.run();
    assert_eq!(shop.order.items[0].reservation, Reservation::Committed);
    shop.fire(&operator(), "processing").fire(&operator(), "shipped");
    assert_eq!(shop.order.items[0].reservation, Reservation::Shipped);
    shop.fire(&operator(), "cancelled");
    assert_eq!(shop.order.items[0].reservation, Reservation::Shipped, "what left the house is not released");
    assert_eq!((shop.status(), shop.payment_status()), ("cancelled", "refunded"));
}

#[test]
fn staff_confirms_before_the_money_came() {
    let mut shop = at("pending");
    shop.set_status(&retailer(), "confirmed").expect("records the fact");
    assert_eq!((shop.status(), shop.payment_status()), ("confirmed", "pending"));
    shop.act(&customer(), Command::Pay { method: "pm_card_visa".to_owned() }).expect("payable");
    shop.run();
    assert_eq!((shop.status(), shop.payment_status()), ("confirmed", "captured"));
}

#[test]
fn declined_and_paid_later() {
    let mut shop = order_in(NAME).method("pm_card_chargeDeclined").go();
    assert_eq!((shop.status(), shop.payment_status()), ("pending", "failed"));
    shop.act(&customer(), Command::Pay { method: "pm_card_chargeDeclined".to_owned() }).expect("payable");
    assert_eq!(shop.payment_status(), "pending");
    assert_eq!(
        shop.would(&customer(), Command::Pay { method: "pm_card_visa".to_owned() }),
        Err(Refusal::PaymentInProgress)
    );
    assert_eq!(shop.would(&customer(), Command::Fire(full("cancelled"))), Err(Refusal::PaymentInProgress));
    shop.run();
    shop.wait("2d");
    for who in [operator(), merchant(1)] {
        assert!(matches!(
            shop.would(&who, Command::Pay { method: "pm_card_visa".to_owned() }),
            Err(Refusal::NotAllowed { .. })
        ));
    }
    shop.act(&customer(), Command::Pay { method: "pm_card_visa".to_owned() }).expect("payable");
    shop.run();
    assert_eq!((shop.status(), shop.payment_status(), shop.order.payments.len()), ("confirmed", "captured", 3));
    shop.refund(all()).expect("left");
    assert_eq!(shop.reason_of("refunded"), None, "the old decline is not why");
    assert!(matches!(
        shop.would(&customer(), Command::Pay { method: "pm_card_visa".to_owned() }),
        Err(Refusal::NotPossible { .. })
    ));
}

#[test]
fn the_payment_window_ends() {
    for method in ["pm_card_chargeDeclined", "pm_offline"] {
        let mut shop = order_in(NAME).method(method).go();
        shop.wait("71h");
        assert_eq!(shop.status(), "pending");
        // Trying again buys no time: the window counts from placement.
        shop.act(&customer(), Command::Pay { method: method.to_owned() }).expect("payable");
        shop.run();
        shop.wait("1h");
        assert_eq!(shop.status(), "cancelled", "{method}");
        assert_eq!(shop.reason_of("cancelled").as_deref(), Some("payment_window_ended"));
        assert!(matches!(
            shop.would(&customer(), Command::Pay { method: "pm_card_visa".to_owned() }),
            Err(Refusal::NotPossible { .. })
        ));
    }
}

#[test]
fn a_charge_that_runs_when_the_window_ends() {
    let mut shop = order_in(NAME).method("pm_card_chargeDeclined").place();
    let job = shop.jobs.remove(0);
    shop.wait("10d");
    assert_eq!(shop.status(), "pending", "nothing is guessed");
    shop.outcome(job.id, orderwright_core::decide::Outcome::Declined { code: "card_declined".to_owned() })
        .expect("waited for");
    assert_eq!(shop.status(), "cancelled");
}

#[test]
fn money_from_outside_is_an_attempt_of_its_own() {
    let mut shop = order_in(NAME).method("pm_card_chargeDeclined").go();
    assert!(matches!(shop.would(&operator(), Command::Fire(bare("paid_outside"))), Err(Refusal::NotAllowed { .. })));
    assert!(
        matches!(
            shop.would(&importing(merchant(1)), Command::Fire(bare("paid_outside"))),
            Err(Refusal::NotAllowed { .. })
        ),
        "a seller says nothing about money"
    );
    shop.fire(&importing(operator()), "paid_outside");
    assert_eq!((shop.status(), shop.payment_status()), ("confirmed", "captured"));
    let methods: Vec<&str> = shop.order.payments.iter().map(|p| p.method.as_str()).collect();
    assert_eq!(methods, ["pm_card_chargeDeclined", "pm_offline"], "the card that was declined did not pay");
    assert_eq!((shop.order.payments[0].captured, shop.order.payments[1].captured), (0, shop.order.total));

    let mut shop = order_in(NAME).method("pm_offline").go();
    shop.fire(&importing(retailer()), "paid_outside");
    assert_eq!((shop.status(), shop.order.payments.len()), ("confirmed", 1));
}

#[test]
fn customers_cancel_until_shipping() {
    for status in ["pending", "confirmed", "processing"] {
        let mut shop = at(status);
        shop.fire(&customer(), "cancelled");
        assert_eq!(shop.status(), "cancelled");
        assert_eq!(shop.order.refunded(), shop.order.captured());
    }
    assert!(matches!(
        at("shipped").would(&customer(), Command::Fire(full("cancelled"))),
        Err(Refusal::NotPossible { .. })
    ));
}

#[test]
fn refunded_from_every_paid_state() {
    for status in ["confirmed", "processing", "shipped", "delivered"] {
        let mut shop = at(status);
        shop.refund(all()).expect("left");
        assert_eq!((shop.status(), shop.payment_status()), ("refunded", "refunded"));
    }
    assert!(matches!(at("pending").refund(all()), Err(Refusal::RefundTooLarge { .. })));
    assert!(matches!(at("cancelled").refund(all()), Err(Refusal::RefundTooLarge { .. })));
}

#[test]
fn all_named_lines_or_none() {
    let mut shop = at("processing");
    shop.fire_some(&operator(), "shipped", 0, 2);
    let items =
        Some(vec![EventItem { item: shop.id(0), quantity: None }, EventItem { item: shop.id(1), quantity: None }]);
    assert!(matches!(
        shop.would(&operator(), Command::Fire(Event { items, ..bare("shipped") })),
        Err(Refusal::NotPossible { .. })
    ));
    shop.fire(&operator(), "shipped");
    assert_eq!(shop.status(), "shipped", "without names: those that can");
}
