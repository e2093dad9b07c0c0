//! Claims between people: who is asked, who decides, what goes back, who sees what; deadlines; and where a claim cannot be raised.

use orderwright_core::actor::Actor;
use orderwright_core::decide::{
    Command, DisputeCommand, Event, EventItem, MerchantView, NewEvidence, OpenDispute, Outcome as Answer, Readers,
    Refusal, Verdict, sees,
};
use orderwright_core::dispute::{Outcome, Reason, Wants};
use orderwright_core::id::DisputeId;
use orderwright_core::order::RefundState;
use orderwright_core::refunds::{NOT_GRANTED, RefundMethod, RefundPolicy};
use orderwright_core::workflow::Effect;

use crate::shop::{Shop, actor, all, bare, customer, done, line, merchant, operator, order_in, retailer, some, span};

pub fn paid() -> Shop {
    let mut shop = order_in("marketplace").lines(&[line(1, 2), line(2, 1)]).go();
    shop.fire(&operator(), "acknowledge");
    shop
}

pub fn act(shop: &mut Shop, actor: &Actor, command: DisputeCommand) -> Result<(), Refusal> {
    shop.act(actor, Command::Dispute(command))?;
    shop.run();
    Ok(())
}

fn about(shop: &Shop, item: usize) -> OpenDispute {
    OpenDispute {
        reason: Reason::DamagedGoods,
        description: "it arrived in pieces".to_owned(),
        items: Some(vec![EventItem { item: shop.id(item), quantity: None }]),
        wants: Wants::Refund,
        amount: None,
        respond_within: span("3d"),
    }
}

fn raised(shop: &mut Shop, actor: &Actor, item: usize) -> DisputeId {
    let request = about(shop, item);
    act(shop, actor, DisputeCommand::Open(request)).expect("raised");
    shop.last.disputes.subject.unwrap_or_else(|| shop.order.disputes.last().expect("a dispute").id)
}

fn status(shop: &Shop, id: DisputeId) -> &'static str {
    shop.order.dispute(id).expect("there").status()
}

fn decides(id: DisputeId, outcome: Outcome, amount: Option<i64>) -> DisputeCommand {
    let reason = Some("seen the photos".to_owned());
    DisputeCommand::Decide {
        dispute: id,
        verdict: Verdict {
            outcome,
            amount,
            reason,
            initiate_payment_refund: true,
            method: Default::default(),
            policy: Default::default(),
        },
    }
}

fn says(id: DisputeId, readers: Readers) -> DisputeCommand {
    DisputeCommand::Say { dispute: id, message: "hello".to_owned(), readers }
}

#[test]
fn the_merchant_is_asked_and_the_operator_decides() {
    let mut shop = paid();
    let id = raised(&mut shop, &customer(), 0);
    assert_eq!((status(&shop, id), shop.emitted("dispute.opened")), ("awaiting_merchant", 1));
    assert_eq!(shop.payment_status(), "captured", "a claim between people is no chargeback");
    let entry = shop.books.timeline.iter().find(|e| e.kind == "dispute_opened").expect("told").clone();
    assert!(entry.is_public && entry.message.contains("damaged goods"), "{entry:?}");
    assert_eq!(entry.merchants, MerchantView::Only(crate::shop::merchant_id(1)), "the other merchant reads nothing");
    act(&mut shop, &merchant(1), says(id, Readers::All)).expect("an answer");
    assert_eq!(status(&shop, id), "awaiting_operator");
    let left = shop.order.left_of(&shop.order.items[0].clone());
    act(&mut shop, &operator(), decides(id, Outcome::Refund, None)).expect("decided");
    assert_eq!(status(&shop, id), "refunded");
    let dispute = shop.order.dispute(id).expect("there").clone();
    let ruling = dispute.ruling.expect("decided");
    assert_eq!((ruling.amount, ruling.refund_id), (Some(left), Some(shop.order.refunds[0].id)));
    assert_eq!((shop.order.refunded(), shop.emitted("dispute.closed")), (left, 1));
    assert!(shop.order.refunds[0].reason.contains("damaged goods"));
    let again = act(&mut shop, &operator(), decides(id, Outcome::Reject, None));
    assert!(matches!(again, Err(Refusal::DisputeNotPossible { .. })), "{again:?}");
}

#[test]
fn a_part_goes_back_and_never_more_than_is_left() {
    let mut shop = paid();
    let id = raised(&mut shop, &customer(), 0);
    let left = shop.order.left_of(&shop.order.items[0].clone());
    let pointer = |result| match result {
        Err(Refusal::Invalid { pointer, .. }) => pointer,
        other => panic!("{other:?}"),
    };
    for (outcome, amount) in
        [(Outcome::Partial, None), (Outcome::Partial, Some(0)), (Outcome::Refund, Some(1)), (Outcome::Reject, Some(1))]
    {
        assert_eq!(pointer(act(&mut shop.clone(), &operator(), decides(id, outcome, amount))), "/amount");
    }
    let over = act(&mut shop.clone(), &operator(), decides(id, Outcome::Partial, Some(left + 1)));
    assert!(matches!(over, Err(Refusal::RefundTooLarge { .. })), "{over:?}");
    shop.refund(some(shop.order.left() - 10)).expect("left");
    let over = act(&mut shop.clone(), &operator(), decides(id, Outcome::Partial, Some(11)));
    assert!(matches!(over, Err(Refusal::RefundTooLarge { .. })), "{over:?}");
    let left = shop.order.left_of(&shop.order.items[0].clone());
    act(&mut shop, &operator(), decides(id, Outcome::Partial, Some(left))).expect("what is left of the item");
    assert_eq!(status(&shop, id), "partially_refunded");
}

#[test]
fn who_is_silent_is_passed_over_in_time() {
    let mut shop = paid();
    let id = raised(&mut shop, &customer(), 0);
    shop.wait("2d");
    assert_eq!(status(&shop, id), "awaiting_merchant");
    shop.wait("1d");
    assert_eq!((status(&shop, id), shop.emitted("dispute.updated")), ("awaiting_operator", 1));
    assert!(shop.order.due_at().is_none(), "nothing is waited for by the clock");
    assert!(act(&mut shop, &merchant(1), says(id, Readers::All)).is_ok(), "late words are heard");
}

#[test]
fn a_merchant_raises_one_and_the_customer_is_asked() {
    let mut shop = paid();
    let id = raised(&mut shop, &merchant(2), 1);
    assert_eq!(status(&shop, id), "awaiting_customer");
    act(&mut shop, &customer(), says(id, Readers::All)).expect("an answer");
    assert_eq!(status(&shop, id), "awaiting_operator");
    let foreign = about(&shop, 0);
    assert_eq!(act(&mut shop, &merchant(2), DisputeCommand::Open(foreign)), Err(Refusal::UnknownItem));
    assert_eq!(act(&mut shop, &merchant(1), says(id, Readers::All)), Err(Refusal::UnknownDispute));
    assert!(!sees(shop.order.dispute(id).expect("there"), merchant(1).role, merchant(1).merchant));
}

#[test]
fn a_replacement_is_sent_or_is_late() {
    let mut shop = paid();
    shop.fire(&merchant(1), "ship");
    let id = raised(&mut shop, &customer(), 0);
    let sent = || DisputeCommand::Replace {
        dispute: id,
        parcel: Event { tracking_number: Some("R-1".to_owned()), ..bare("") },
    };
    let early = act(&mut shop.clone(), &merchant(1), sent());
    assert!(matches!(early, Err(Refusal::DisputeNotPossible { .. })), "{early:?}");
    act(&mut shop, &operator(), decides(id, Outcome::Replace, None)).expect("decided");
    assert_eq!((status(&shop, id), shop.order.refunded()), ("replacing", 0));
    let mut late = shop.clone();
    late.wait("7d");
    assert_eq!(late.emitted("dispute.due_soon"), 1);
    assert!(late.kinds().contains(&"needs_attention"));
    act(&mut late, &operator(), decides(id, Outcome::Refund, None)).expect("decided anew");
    assert_eq!(status(&late, id), "refunded");
    let parcels = shop.order.shipments.len();
    act(&mut shop, &merchant(1), sent()).expect("sent");
    assert_eq!((status(&shop, id), shop.order.shipments.len()), ("replaced", parcels + 1));
    assert_eq!(shop.order.dispute(id).expect("there").replacements, [shop.order.shipments[parcels].id]);
}

#[test]
fn whoever_raised_it_may_withdraw_it_and_a_rejection_has_a_reason() {
    let mut shop = paid();
    let id = raised(&mut shop, &customer(), 0);
    let refused = act(&mut shop.clone(), &merchant(1), DisputeCommand::Withdraw { dispute: id });
    assert!(matches!(refused, Err(Refusal::NotAllowed { .. })), "{refused:?}");
    let mut withdrawn = shop.clone();
    act(&mut withdrawn, &customer(), DisputeCommand::Withdraw { dispute: id }).expect("withdrawn");
    assert_eq!(status(&withdrawn, id), "withdrawn");
    assert!(act(&mut withdrawn, &customer(), says(id, Readers::All)).is_err(), "it is over");
    let other = raised(&mut withdrawn, &customer(), 0);
    assert_ne!(other, id, "and can be raised anew");
    let verdict = Verdict {
        outcome: Outcome::Reject,
        amount: None,
        reason: None,
        initiate_payment_refund: true,
        method: Default::default(),
        policy: Default::default(),
    };
    let silent = act(&mut shop, &operator(), DisputeCommand::Decide { dispute: id, verdict });
    assert!(matches!(silent, Err(Refusal::MissingField { field: "reason", .. })), "{silent:?}");
    for role in [customer(), merchant(1)] {
        let refused = act(&mut shop.clone(), &role, decides(id, Outcome::Refund, None));
        assert!(matches!(refused, Err(Refusal::NotAllowed { .. })), "{refused:?}");
    }
    act(&mut shop, &retailer(), decides(id, Outcome::Reject, None)).expect("the channel's owner decides, too");
    assert_eq!(status(&shop, id), "rejected");
}

#[test]
fn where_a_dispute_cannot_be_raised() {
    let mut unpaid = order_in("marketplace").method("pm_card_chargeDeclined").go();
    let request = about(&unpaid, 0);
    assert!(matches!(act(&mut unpaid, &customer(), DisputeCommand::Open(request)), Err(Refusal::NotDisputable { .. })));
    let mut shop = paid();
    let id = raised(&mut shop, &customer(), 0);
    let twice = about(&shop, 0);
    let refused = act(&mut shop.clone(), &customer(), DisputeCommand::Open(twice));
    assert!(matches!(&refused, Err(Refusal::NotDisputable { why }) if why.contains(&id.to_string())), "{refused:?}");
    let both = OpenDispute { items: None, ..about(&shop, 0) };
    let refused = act(&mut shop.clone(), &customer(), DisputeCommand::Open(both));
    assert!(matches!(&refused, Err(Refusal::Invalid { pointer, .. }) if pointer == "/items"), "{refused:?}");
    let much = OpenDispute { amount: Some(i64::MAX), ..about(&shop, 1) };
    let refused = act(&mut shop, &customer(), DisputeCommand::Open(much));
    assert!(matches!(&refused, Err(Refusal::Invalid { pointer, .. }) if pointer == "/amount"), "{refused:?}");
}

#[test]
fn evidence_and_words_for_one_side_alone() {
    let mut shop = paid();
    let id = raised(&mut shop, &customer(), 0);
    let proof = |readers| DisputeCommand::Prove {
        dispute: id,
        evidence: NewEvidence {
            kind: "photo".to_owned(),
            text: "the box".to_owned(),
            links: vec!["https://photos.example.com/1".to_owned()],
            readers,
        },
    };
    act(&mut shop, &customer(), proof(Readers::Operator)).expect("for the platform");
    let entry = shop.books.timeline.last().expect("told").clone();
    assert_eq!((entry.kind, entry.is_public, entry.merchants), ("dispute_evidence_added", false, MerchantView::Nobody));
    assert_eq!(status(&shop, id), "awaiting_merchant", "a customer's evidence is no merchant's answer");
    let refused = act(&mut shop.clone(), &customer(), proof(Readers::Merchant));
    assert!(matches!(&refused, Err(Refusal::Invalid { pointer, .. }) if pointer == "/readers"), "{refused:?}");
    act(&mut shop, &operator(), says(id, Readers::Merchant)).expect("for the merchant");
    let entry = shop.books.timeline.last().expect("told").clone();
    assert_eq!((entry.is_public, entry.merchants), (false, MerchantView::Only(crate::shop::merchant_id(1))));
    assert_eq!(shop.order.dispute(id).expect("there").notes, 3);
}

#[test]
fn a_claim_outlives_the_refund_of_everything() {
    let mut shop = paid();
    let id = raised(&mut shop, &customer(), 0);
    shop.refund(all()).expect("left");
    let refused = act(&mut shop, &operator(), decides(id, Outcome::Refund, None));
    assert!(matches!(refused, Err(Refusal::RefundTooLarge { .. })), "{refused:?}");
    act(&mut shop, &operator(), decides(id, Outcome::Reject, None)).expect("decided");
}

/// A claim about the first item, and what is left of that.
fn claimed() -> (Shop, DisputeId, i64) {
    let mut shop = paid();
    let id = raised(&mut shop, &customer(), 0);
    let left = shop.order.left_of(&shop.order.items[0].clone());
    (shop, id, left)
}

fn failure(shop: &Shop, id: DisputeId) -> Option<String> {
    shop.order.dispute(id).and_then(|d| d.ruling.as_ref()).and_then(|r| r.failure.clone())
}

/// Decides without letting the provider answer.
fn decided(shop: &mut Shop, id: DisputeId, outcome: Outcome, amount: Option<i64>) -> Result<(), Refusal> {
    shop.act(&operator(), Command::Dispute(decides(id, outcome, amount)))
}

#[test]
fn that_it_was_opened_stands_before_its_first_message() {
    let (shop, _, _) = claimed();
    let kinds = shop.kinds();
    let at = |kind| kinds.iter().position(|k| *k == kind).expect(kind);
    assert!(at("dispute_opened") < at("dispute_message_added"), "{kinds:?}");
    assert_eq!(kinds.iter().filter(|k| **k == "dispute_opened").count(), 1);
    assert_eq!(shop.emitted("dispute.opened"), 1);
}

#[test]
fn a_claim_waits_until_its_refund_went_back() {
    let (mut shop, id, left) = claimed();
    decided(&mut shop, id, Outcome::Refund, None).expect("decided");
    assert_eq!((status(&shop, id), shop.order.refunded(), shop.emitted("dispute.closed")), ("refunding", 0, 0));
    assert!(shop.order.dispute(id).expect("there").is_undecided());
    for outcome in [Outcome::Refund, Outcome::Reject, Outcome::Replace] {
        let again = decided(&mut shop.clone(), id, outcome, None).expect_err("it is decided");
        let said = again.to_string();
        assert!(
            said.contains(&format!("`{}` is not possible now: the dispute is refunding", outcome.name())),
            "{said}"
        );
    }
    let refused = shop.would(&customer(), Command::Dispute(DisputeCommand::Withdraw { dispute: id }));
    assert!(refused.is_err(), "the money is on its way");
    shop.answer(Effect::Refund, Answer::InDoubt);
    assert_eq!(status(&shop, id), "refunding", "a lost answer is no answer");
    let job = shop.order.refunds[0].effect.expect("it runs");
    shop.outcome(job, done()).expect("the answer");
    assert_eq!((status(&shop, id), shop.order.refunded(), shop.emitted("dispute.closed")), ("refunded", left, 1));
    let again = decided(&mut shop, id, Outcome::Refund, None).expect_err("it is over").to_string();
    assert!(again.contains("`refund` is not possible now: the dispute is refunded"), "{again}");
}

#[test]
fn a_refund_that_the_provider_refuses_makes_it_the_operators_again() {
    let (mut shop, id, left) = claimed();
    decided(&mut shop, id, Outcome::Partial, Some(7)).expect("decided");
    shop.answer(Effect::Refund, Answer::Declined { code: "expired_or_canceled_card".to_owned() });
    assert_eq!((status(&shop, id), shop.order.refunded()), ("awaiting_operator", 0));
    assert_eq!(failure(&shop, id).as_deref(), Some("expired_or_canceled_card"));
    let told = shop.books.timeline.iter().rfind(|e| e.kind == "needs_attention").expect("staff is told").clone();
    assert!(told.message.contains("card has expired") && told.message.contains("Decide the dispute again"), "{told:?}");
    let told = shop.books.timeline.iter().rfind(|e| e.kind == "dispute_updated").expect("both are told").clone();
    assert!(told.is_public && told.message.contains("did not go through"), "{told:?}");
    assert_eq!(shop.emitted("dispute.closed"), 0);
    // The card is gone: by the bank, at once.
    let DisputeCommand::Decide { dispute, verdict } = decides(id, Outcome::Refund, None) else { unreachable!() };
    let verdict = Verdict { method: RefundMethod::Bank, ..verdict };
    act(&mut shop, &operator(), DisputeCommand::Decide { dispute, verdict }).expect("decided again");
    assert_eq!((status(&shop, id), shop.order.refunded(), failure(&shop, id)), ("refunded", left, None));
    assert_eq!(shop.emitted("dispute.closed"), 1);
}

#[test]
fn a_refund_that_a_second_person_rejects_makes_it_the_operators_again() {
    let (mut shop, id, left) = claimed();
    let policy = RefundPolicy { approval_limit: Some(10), ..RefundPolicy::default() };
    let limited = |outcome| {
        let DisputeCommand::Decide { dispute, verdict } = decides(id, outcome, None) else { unreachable!() };
        Command::Dispute(DisputeCommand::Decide { dispute, verdict: Verdict { policy: policy.clone(), ..verdict } })
    };
    let second = actor(orderwright_core::actor::Role::Ops);
    shop.act(&operator(), limited(Outcome::Refund)).expect("decided");
    let refund = shop.order.refunds[0].id;
    assert_eq!((status(&shop, id), shop.order.refunds[0].state), ("refunding", RefundState::Requested));
    let mut rejected = shop.clone();
    rejected.act(&second, Command::DecideRefund { refund, approve: false }).expect("rejected");
    assert_eq!((status(&rejected, id), failure(&rejected, id).as_deref()), ("awaiting_operator", Some(NOT_GRANTED)));
    rejected.act(&operator(), limited(Outcome::Reject)).expect("decided again");
    assert_eq!((status(&rejected, id), failure(&rejected, id)), ("rejected", None));
    shop.act(&second, Command::DecideRefund { refund, approve: true }).expect("approved");
    assert_eq!(status(&shop, id), "refunding", "the provider has not answered");
    shop.run();
    assert_eq!((status(&shop, id), shop.order.refunded()), ("refunded", left));
}

#[test]
fn a_refund_that_fails_afterwards_opens_the_claim_again() {
    for (outcome, amount, ended) in
        [(Outcome::Refund, None, "refunded"), (Outcome::Partial, Some(9), "partially_refunded")]
    {
        let (mut shop, id, _) = claimed();
        act(&mut shop, &operator(), decides(id, outcome, amount)).expect("decided");
        assert_eq!(status(&shop, id), ended);
        let (refund, code) = (shop.order.refunds[0].id, "lost_or_stolen_card".to_owned());
        shop.act(&Actor::system(), Command::RefundFailed { refund, code }).expect("it had gone");
        assert_eq!((status(&shop, id), shop.order.refunded()), ("awaiting_operator", 0));
        act(&mut shop, &operator(), decides(id, outcome, amount)).expect("decided again");
        assert_eq!((status(&shop, id), shop.emitted("dispute.closed")), (ended, 2));
    }
}
