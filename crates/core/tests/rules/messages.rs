//! Messages between the people around an order, and a merchant who asks to be let off.

use orderwright_core::actor::Actor;
use orderwright_core::decide::{Command, MerchantView, Refusal};
use orderwright_core::id::MerchantId;
use orderwright_core::workflow::Audience;

use crate::shop::{Shop, customer, line, merchant, merchant_id, operator, order_in, retailer};

fn write(shop: &mut Shop, actor: &Actor, to: Option<MerchantId>) -> Result<(), Refusal> {
    shop.act(actor, Command::AddMessage { merchant: to, message: "Where is it?".to_owned() })
}

fn ask(shop: &mut Shop, actor: &Actor) -> Result<(), Refusal> {
    shop.act(actor, Command::RequestCancellation { reason: "out of cloth".to_owned() })
}

#[test]
fn each_merchant_has_a_thread_and_the_operator_one_more() {
    let mut shop = order_in("marketplace").lines(&[line(1, 1), line(2, 1)]).go();
    let (one, two) = (Some(merchant_id(1)), Some(merchant_id(2)));
    for (actor, to, thread, from) in [
        (customer(), one, one, Audience::Customer),
        (customer(), None, None, Audience::Customer),
        (operator(), two, two, Audience::Operator),
        (retailer(), None, None, Audience::Operator),
        // A merchant writes into their own thread, whatever is asked.
        (merchant(1), None, one, Audience::Merchant),
        (merchant(1), two, one, Audience::Merchant),
    ] {
        let status = shop.status().to_owned();
        write(&mut shop, &actor, to).expect("anybody of the order may write");
        let message = shop.last.message.clone().expect("a message");
        assert_eq!((message.merchant, message.from, message.message.as_str()), (thread, from, "Where is it?"));
        assert_eq!(message.created_by, actor.id);
        let entry = shop.last.timeline.last().expect("an entry");
        let seen_by = thread.map_or(MerchantView::Nobody, MerchantView::Only);
        assert_eq!((entry.kind, entry.merchants, entry.is_public), ("message_added", seen_by, true));
        assert!(!entry.metadata.to_string().contains("Where"), "the text is in the thread only");
        assert_eq!(shop.status(), status);
    }
    let refusal = write(&mut shop, &customer(), Some(merchant_id(3))).expect_err("no merchant of this order");
    assert!(matches!(refusal, Refusal::Invalid { .. }), "{refusal:?}");
}

#[test]
fn a_merchant_asks_once_for_what_can_still_be_cancelled() {
    let mut shop = order_in("marketplace").lines(&[line(1, 1), line(1, 2), line(2, 1)]).go();
    shop.fire_some(&merchant(1), "cancel", 0, 1);
    ask(&mut shop, &merchant(1)).expect("one line is left");
    let asked = shop.order.cancellation_requests[0].clone();
    assert_eq!(
        (asked.merchant_id, asked.items, asked.reason.as_str()),
        (merchant_id(1), vec![shop.id(1)], "out of cloth")
    );
    let entry = shop.last.timeline.last().expect("an entry");
    let only = MerchantView::Only(merchant_id(1));
    assert_eq!((entry.kind, entry.merchants, entry.is_public), ("cancellation_requested", only, false));
    assert_eq!(ask(&mut shop, &merchant(1)), Err(Refusal::CancellationRequested));
    ask(&mut shop, &merchant(2)).expect("another merchant has their own");
    for actor in [operator(), customer()] {
        assert_eq!(ask(&mut shop, &actor), Err(Refusal::NoMerchant));
    }
    let open = |shop: &Shop, actor: &Actor| shop.explain(actor).cancellation_requests.len();
    assert_eq!((open(&shop, &operator()), open(&shop, &merchant(2))), (2, 1), "each merchant sees their own");
    shop.fire(&operator(), "cancel");
    assert_eq!(open(&shop, &operator()), 0, "what was cancelled is answered");
    for n in [1, 2] {
        let refusal = ask(&mut shop, &merchant(n)).expect_err("nothing is left");
        assert!(matches!(refusal, Refusal::NotPossible { .. }), "{refusal:?}");
    }
}
