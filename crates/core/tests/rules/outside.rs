//! Money that arrives outside the provider: booked in full, once, by staff's imports, in every workflow that waits for it.

use orderwright_core::actor::Actor;
use orderwright_core::decide::{Command, MoneyFromOutside, Refusal};
use orderwright_core::money::Currency;
use orderwright_core::time::Timestamp;

use crate::shop::{Shop, customer, importing, line, merchant, operator, order_in, retailer};

fn money(shop: &Shop, amount: i64) -> MoneyFromOutside {
    MoneyFromOutside {
        amount,
        currency: shop.order.currency,
        paid_at: Timestamp::parse("2026-02-28T09:30:00Z").expect("an instant"),
        reference: "BANK-7".to_owned(),
    }
}

fn book(shop: &mut Shop, actor: &Actor, money: MoneyFromOutside) -> Result<(), Refusal> {
    shop.act(actor, Command::BookPayment(money))
}

#[test]
fn it_is_booked_with_its_reference_and_date() {
    for (workflow, resting) in
        [("retail", "confirmed"), ("marketplace", "pending"), ("marketplace-split", "sent_to_merchant")]
    {
        let mut shop = order_in(workflow).method("pm_offline").go();
        let total = shop.order.total;
        let money = money(&shop, total);
        book(&mut shop, &importing(operator()), money.clone()).expect("it is waited for");
        assert_eq!((shop.status(), shop.payment_status()), (resting, "captured"));
        let payment = shop.order.current_payment().expect("an attempt");
        assert_eq!((payment.reference.as_deref(), payment.captured), (Some("BANK-7"), total));
        let entry = shop.books.timeline.iter().find(|e| e.kind == "payment_received").expect("on the timeline");
        assert_eq!(entry.metadata["paidAt"], "2026-02-28T09:30:00Z");
        assert_eq!(entry.metadata["reference"], "BANK-7");
        // A second time there is nothing that it could be for.
        let again = book(&mut shop, &importing(operator()), money);
        assert!(matches!(again, Err(Refusal::NotPossible { .. })), "{again:?}");
    }
}

#[test]
fn it_must_be_what_is_owed() {
    let mut shop = order_in("marketplace").method("pm_offline").lines(&[line(1, 1), line(2, 1)]).go();
    shop.fire_some(&customer(), "cancel", 0, 1);
    let owed = shop.order.items[1].due();
    let (total, one_less) = (money(&shop, shop.order.total), money(&shop, owed - 1));
    let yen = MoneyFromOutside { currency: Currency::parse("JPY").expect("listed"), ..money(&shop, owed) };
    for (wrong, at) in [(total, "/amount"), (one_less, "/amount"), (yen, "/currency")] {
        let refusal = book(&mut shop, &importing(operator()), wrong).expect_err("not what is owed");
        assert!(matches!(&refusal, Refusal::Invalid { pointer, .. } if pointer == at), "{refusal:?}");
    }
    let right = money(&shop, owed);
    book(&mut shop, &importing(operator()), right).expect("what is still wanted");
    assert_eq!(shop.order.captured(), owed);
}

#[test]
fn only_imports_of_staff_book_it() {
    let mut shop = order_in("retail").method("pm_offline").go();
    let right = money(&shop, shop.order.total);
    for actor in [operator(), retailer(), customer(), merchant(1), importing(merchant(1)), importing(customer())] {
        let refusal = book(&mut shop, &actor, right.clone()).expect_err("not theirs to say");
        assert!(matches!(refusal, Refusal::NotAllowed { .. }), "{} {refusal:?}", actor.id);
    }
    book(&mut shop, &importing(retailer()), right).expect("the owner's import");
}

#[test]
fn not_where_it_is_not_waited_for() {
    // A store request is charged, never paid from outside; a made-to-order order is authorised.
    for workflow in ["store-request", "made-to-order", "marketplace", "retail"] {
        let mut shop = order_in(workflow).go();
        let right = money(&shop, shop.order.total);
        let refusal = book(&mut shop, &importing(operator()), right).expect_err("nothing is awaited");
        assert!(matches!(refusal, Refusal::NotPossible { .. }), "{workflow} {refusal:?}");
    }
    // While the card is being charged nobody knows yet what is owed.
    let mut shop = order_in("retail").place();
    let right = money(&shop, shop.order.total);
    assert_eq!(book(&mut shop, &importing(operator()), right), Err(Refusal::PaymentInProgress));
}
