//! Mails to customers: which decisions call for one, and what is noted of it.

use orderwright_core::decide::{Command, Mailed, MerchantView};
use orderwright_core::mail::{MailKind, due};
use orderwright_core::workflow::Effect;

use crate::shop::{Shop, customer, merchant, operator, order_in};

/// The mails of the last decision.
fn mails(shop: &Shop) -> Vec<MailKind> {
    due(&shop.last, &shop.workflow).into_iter().map(|mail| mail.kind).collect()
}

#[test]
fn a_decline_that_can_be_mended_is_mailed_with_its_code() {
    let mut shop = order_in("store-request").method("pm_card_chargeCustomerFail").go();
    assert_eq!(mails(&shop), []);
    shop.fire(&merchant(1), "accept");
    assert_eq!(shop.status(), "pending_payment");
    let mail = due(&shop.last, &shop.workflow).remove(0);
    let entry = shop.last.timeline.iter().find(|e| e.kind == "payment_failed").expect("an entry");
    assert_eq!((mail.kind, mail.about, mail.amount), (MailKind::PaymentDeclined, entry.id, None));
    assert!(mail.code.is_some_and(|code| !code.is_empty()));
    shop.wait("3d");
    assert_eq!(mails(&shop), [MailKind::PaymentReminder]);
    shop.wait("4d");
    assert_eq!((shop.status(), mails(&shop)), ("expired", vec![]));
}

#[test]
fn a_decline_that_ends_the_order_is_not() {
    for workflow in ["made-to-order", "marketplace", "store-request"] {
        let shop = order_in(workflow).method("pm_card_chargeDeclined").go();
        assert_eq!((shop.payment_status(), mails(&shop)), ("failed", vec![]), "{workflow}");
    }
}

#[test]
fn a_hold_that_could_not_be_renewed_is_told_as_such() {
    let mut shop = order_in("made-to-order").declining(&[Effect::Reauthorise]).go();
    shop.wait("6d");
    assert_eq!(mails(&shop), [MailKind::HoldNotRenewed]);
    shop.wait("1d");
    assert_eq!(mails(&shop), [MailKind::PaymentReminder]);
}

#[test]
fn what_became_of_a_mail_is_for_staff_and_moves_nothing() {
    let mut shop = order_in("store-request").method("pm_card_chargeCustomerFail").go();
    shop.fire(&merchant(1), "accept");
    let mail = due(&shop.last, &shop.workflow).remove(0);
    let before = shop.order.clone();
    for (refused, kind) in [(None, "mail_sent"), (Some("the mail server refused it (550)".to_owned()), "mail_failed")] {
        let mailed = Mailed { kind: mail.kind, about: mail.about, refused: refused.clone() };
        shop.act(&operator(), Command::Mailed(mailed)).expect("a note");
        let entry = shop.last.timeline.last().expect("an entry");
        assert_eq!((entry.kind, entry.is_public, entry.merchants), (kind, false, MerchantView::Nobody));
        assert_eq!(entry.metadata["mail"], "payment_declined");
        assert_eq!(entry.metadata["about"], mail.about.to_string());
        assert_eq!(entry.metadata["reason"].as_str(), refused.as_deref());
        assert_eq!((shop.last.events.len(), shop.last.effects.len(), mails(&shop).len()), (0, 0, 0));
    }
    assert_eq!(shop.order.payment, before.payment);
    shop.act(&customer(), Command::Pay { method: "pm_card_visa".to_owned() }).expect("still payable");
}
