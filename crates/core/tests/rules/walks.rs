//! Random walks: whoever does whatever in whatever order, and the provider answers as it likes, every audit holds after each step.

use orderwright_core::actor::Actor;
use orderwright_core::decide::{Command, Event, EventItem, Outcome, RefundRequest, RefundRequestItem, Refusal};
use orderwright_core::order::RefundState;
use orderwright_core::workflow::Machine;
use proptest::prelude::*;

use crate::shop::{
    Shop, all, bare, customer, done, full, held_until, importing, line, merchant, operator, order_in, retailer, some,
    span,
};

pub const WORKFLOWS: [&str; 5] = ["made-to-order", "retail", "marketplace", "store-request", "marketplace-split"];
pub const METHODS: [&str; 5] =
    ["pm_card_visa", "pm_card_visa", "pm_offline", "pm_card_chargeDeclined", "pm_card_chargeCustomerFail"];

fn actors() -> Vec<Actor> {
    vec![operator(), retailer(), merchant(1), merchant(2), customer(), importing(operator()), importing(merchant(1))]
}

/// Every word that a machine of the workflow reacts to, and one that none does.
fn words(shop: &Shop) -> Vec<String> {
    let events = |m: &Machine| m.states.iter().flat_map(|s| s.on.keys().cloned()).collect::<Vec<_>>();
    let mut words = vec!["teleport".to_owned()];
    words.extend(events(&shop.workflow.item));
    words.extend(shop.workflow.payment.iter().flat_map(events));
    words.extend(shop.partner.iter().flat_map(|p| events(&p.item)));
    words.sort();
    words.dedup();
    words
}

/// One step, by four numbers.
pub fn step(shop: &mut Shop, (kind, a, b, c): (u8, usize, usize, i64)) {
    let actors = actors();
    let who = &actors[a % actors.len()];
    let item = b % shop.order.items.len();
    let id = shop.id(item);
    let result = match kind % 18 {
        0..=5 => {
            let said = shop.explain(who);
            let open = said.items.iter().chain([&said.payment]).flat_map(|i| i.events.iter().map(|e| (i.item, e)));
            // Mostly on: a walk that ends at the first cancel sees little.
            let off = |event: &str| event.starts_with("cancel") || ["refuse", "decline"].contains(&event);
            let open: Vec<_> = open.filter(|(_, e)| e.allowed && (c % 6 == 0 || !off(&e.event))).collect();
            let Some((item, event)) = open.get(b % open.len().max(1)) else { return };
            let items = item.filter(|_| c % 2 == 0).map(|item| vec![EventItem { item, quantity: Some(1) }]);
            let result = shop.act(who, Command::Fire(Event { items, ..full(&event.event) }));
            assert_eq!(result, Ok(()), "{} was said to be possible", event.event);
            result
        }
        6 | 7 => {
            let words = words(shop);
            let items = (kind % 2 == 0).then(|| vec![EventItem { item: id, quantity: Some(c % 4) }]);
            let event = &words[a.wrapping_mul(31).wrapping_add(b) % words.len()];
            shop.act(who, Command::Fire(Event { items, ..if c % 3 == 0 { bare(event) } else { full(event) } }))
        }
        8 => {
            let status = shop.workflow.statuses[b % shop.workflow.statuses.len()].clone();
            if status.starts_with("cancel") && c % 6 > 0 {
                return;
            }
            shop.act(&actors[a % 2], Command::SetStatus { status, note: None, reason: None })
        }
        9 | 10 if !shop.jobs.is_empty() => {
            let at = a % shop.jobs.len();
            let outcome = match c % 12 {
                0 => Outcome::InDoubt,
                1 => Outcome::Declined { code: "declined".to_owned() },
                2 => held_until(shop.now.plus(span(["1h", "2d", "6d", "20d"][b % 4]))),
                _ => done(),
            };
            let id = shop.jobs[at].id;
            if outcome != Outcome::InDoubt {
                shop.jobs.remove(at);
            }
            let result = shop.outcome(id, outcome.clone());
            assert_eq!(result, Ok(()), "every effect is waited for until it is answered");
            if outcome != Outcome::InDoubt {
                assert_eq!(
                    shop.would(&Actor::system(), Command::Outcome { effect: id, outcome }),
                    Err(Refusal::StaleOutcome)
                );
            }
            result
        }
        9 | 10 => return,
        15 if a % 2 == 0 => {
            shop.run();
            return;
        }
        11 => {
            let wish = match c % 4 {
                0 => all(),
                1 => some(1 + c * 7),
                2 => RefundRequest {
                    items: Some(vec![RefundRequestItem { item: id, quantity: Some(1), amount: None }]),
                    ..all()
                },
                _ => RefundRequest {
                    items: Some(vec![RefundRequestItem { item: id, quantity: None, amount: Some(1 + c) }]),
                    initiate_payment_refund: false,
                    ..all()
                },
            };
            shop.act(who, if a % 3 == 0 { Command::RequestRefund(wish) } else { Command::Refund(wish) })
        }
        12 => {
            let Some(refund) = shop.order.refunds.iter().find(|r| r.state == RefundState::Requested).map(|r| r.id)
            else {
                return;
            };
            shop.act(&operator(), Command::DecideRefund { refund, approve: c % 3 > 0 })
        }
        13 => {
            let items = (c % 2 == 0).then(|| vec![EventItem { item: id, quantity: Some(1) }]);
            shop.act(who, Command::AddShipment(Event { items, ..full("") }))
        }
        14 => {
            shop.now = shop.now.plus(span(["1h", "2h", "12h", "1d", "2d", "4d", "31d"][b % 7]));
            shop.act(&Actor::system(), Command::Tick)
        }
        15 => {
            let payment = shop.order.payments[a % shop.order.payments.len()].id;
            let reference = format!("re-{}", b % 3);
            shop.act(&Actor::system(), Command::RefundSeen { payment, reference, amount: 1 + c })
        }
        16 => {
            let payment = shop.order.payments[a % shop.order.payments.len()].id;
            shop.act(&Actor::system(), Command::HoldLost { payment })
        }
        _ => shop.act(&customer(), Command::Pay { method: METHODS[b % METHODS.len()].to_owned() }),
    };
    assert!(
        !matches!(result, Err(Refusal::Endless | Refusal::ForeignState(_) | Refusal::SendFailed { .. })),
        "{result:?}"
    );
}

/// Lets the provider answer, all time pass and everybody do what they may: the order comes to its end.
pub fn comes_to_an_end(mut shop: Shop) {
    shop.run();
    for _ in 0..60 {
        shop.wait("40d");
        let is_final = |name: &str| shop.workflow.item.state(name).is_some_and(|s| s.is_final);
        if shop.order.items.iter().all(|i| is_final(&i.machine.state)) {
            break;
        }
        let next = actors().into_iter().find_map(|who| {
            let open = shop.explain(&who).items.into_iter().filter(|i| !i.is_final).flat_map(|i| i.events);
            open.filter(|e| e.allowed).map(|e| (who.clone(), e.event)).next()
        });
        let Some((who, event)) = next else { panic!("nobody can do anything: {:?}", shop.order) };
        shop.fire(&who, &event);
    }
    assert!(shop.order.due_at().is_none() && shop.order.payment.effect.is_none(), "{:?}", shop.order);
    for (n, item) in shop.order.items.iter().enumerate() {
        assert!(
            shop.workflow.item.state(&item.machine.state).is_some_and(|s| s.is_final),
            "line {n} of {:?}",
            shop.order
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_audit_holds(
        workflow in 0usize..5, method in 0usize..5, window in any::<bool>(), reserved in any::<bool>(), inclusive in any::<bool>(),
        lines in prop::collection::vec((1i64..3, 1i64..4), 1..4),
        steps in prop::collection::vec((any::<u8>(), 0usize..64, 0usize..64, 0i64..600), 1..60),
    ) {
        let lines: Vec<_> = lines.into_iter().map(|(m, q)| line(m, q)).collect();
        let placement = order_in(WORKFLOWS[workflow]).lines(&lines).method(METHODS[method]).cancel_window(if window { "2h" } else { "0m" });
        let mut shop = crate::shop::Placement { reserved, inclusive, ..placement }.place();
        // Most walks begin with an order that is paid for, or not, as the method says.
        if steps.len() % 5 > 0 {
            shop.run();
        }
        for s in steps {
            step(&mut shop, s);
        }
        comes_to_an_end(shop);
    }
}
