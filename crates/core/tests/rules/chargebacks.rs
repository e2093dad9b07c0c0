//! Chargebacks: whatever order news comes in ends in the same books; who bears a loss; what is refused meanwhile; what the bank is told.

use orderwright_core::actor::Actor;
use orderwright_core::decide::{
    Command, DisputeCommand, Event, EventItem, News, OpenDispute, Readers, RefundRequest, Refusal,
};
use orderwright_core::dispute::{Bearer, Dispute, Reason, Standing, Wants};
use orderwright_core::order::RefundState;
use orderwright_core::payment_words::summary;
use orderwright_core::refunds::{RefundMethod, RefundTerms};
use orderwright_core::time::{Span, Timestamp};
use orderwright_core::workflow::Effect;
use proptest::prelude::*;
use serde_json::json;

use crate::disputes::{act, paid};
use crate::shop::{Line, START, Shop, all, customer, line, merchant, operator, order_in, some, span};

fn news(shop: &Shop, standing: Standing, withdrawn: i64, minute: i64) -> News {
    let start = Timestamp::parse(START).expect("an instant");
    News {
        payment: shop.order.payments[0].id,
        reference: "dp_1".to_owned(),
        standing,
        status: format!("{standing:?}"),
        as_of: start.plus(Span::seconds(60 * minute)),
        amount: shop.order.total,
        withdrawn,
        fee: if withdrawn > 0 { 1500 } else { 0 },
        respond_by: Some(start.plus(span("9d"))),
        reason_code: Some("fraudulent".to_owned()),
        remind: span("2d"),
        bearer: Bearer::Parties,
    }
}

fn tell(shop: &mut Shop, news: News) -> Result<(), Refusal> {
    act(shop, &Actor::system(), DisputeCommand::News(news))
}

fn the(shop: &Shop) -> &Dispute {
    shop.order.disputes.iter().find(|d| d.chargeback.is_some()).expect("a chargeback")
}

/// What counts at the end: where it stands, and every account.
fn end(shop: &Shop) -> (String, &'static str, [i64; 5], Vec<i64>) {
    let bank = the(shop).chargeback.clone().expect("a chargeback");
    let shares = shop.order.splits.iter().map(|s| s.amount - s.refunded - shop.order.borne_by(&s.party)).collect();
    let sums = [bank.withdrawn, bank.fee, bank.lost, shop.order.charged_back(), shop.order.borne_by_parties()];
    (the(shop).machine.state.clone(), shop.payment_status(), sums, shares)
}

#[test]
fn a_lost_one_is_borne_by_the_parties() {
    let mut shop = paid();
    let total = shop.order.total;
    let first = news(&shop, Standing::NeedsResponse, total, 1);
    tell(&mut shop, first.clone()).expect("news");
    assert_eq!(
        (shop.payment_status(), the(&shop).status(), shop.emitted("dispute.opened")),
        ("disputed", "needs_response", 1)
    );
    assert_eq!((shop.order.held_by_banks(), shop.order.charged_back()), (total, 0), "undecided");
    assert_eq!(tell(&mut shop, first), Err(Refusal::StaleOutcome), "told twice");
    let lost = news(&shop, Standing::Lost, total, 2);
    tell(&mut shop, lost).expect("news");
    assert_eq!((the(&shop).status(), shop.emitted("dispute.closed")), ("lost", 1));
    assert!(shop.order.splits.iter().all(|s| s.amount == shop.order.borne_by(&s.party) && s.refunded == 0));
    assert_eq!((shop.order.left(), shop.order.refunded(), shop.payment_status()), (0, 0, "captured"));
    assert!(matches!(shop.refund(some(1)), Err(Refusal::RefundTooLarge { .. })), "it is gone");
}

#[test]
fn the_platform_may_bear_it_and_the_rest_of_what_was_refunded() {
    let mut shop = paid();
    let total = shop.order.total;
    shop.refund(some(total - 100)).expect("left");
    let lost = News { bearer: Bearer::Parties, ..news(&shop, Standing::Lost, total, 1) };
    let ours = News { bearer: Bearer::Platform, ..lost.clone() };
    let mut other = shop.clone();
    tell(&mut shop, lost).expect("news");
    let counted = (shop.order.charged_back(), shop.order.borne_by_parties());
    assert_eq!(counted, (100, 100), "never more than was left; the rest is the platform's");
    assert!(shop.order.splits.iter().all(|s| s.amount == s.refunded + shop.order.borne_by(&s.party)));
    tell(&mut other, ours).expect("news");
    assert_eq!((other.order.charged_back(), other.order.borne_by_parties()), (100, 0));
    assert_eq!(other.order.left(), 0, "whoever bears it, the customer has it");
}

#[test]
fn nothing_is_refunded_while_the_bank_decides() {
    let mut shop = paid();
    let total = shop.order.total;
    let first = news(&shop, Standing::NeedsResponse, total, 1);
    tell(&mut shop, first).expect("news");
    for wish in [some(1), all()] {
        assert!(matches!(shop.refund(wish), Err(Refusal::PaymentDisputed { .. })));
    }
    let mut cancelled = shop.clone();
    cancelled.fire(&merchant(1), "cancel");
    assert_eq!((cancelled.order.refunds.len(), cancelled.kinds().contains(&"needs_attention")), (0, true));
    let won = news(&shop, Standing::Won, 0, 2);
    tell(&mut shop, won).expect("news");
    assert_eq!((the(&shop).status(), shop.payment_status(), shop.order.left()), ("won", "captured", total));
    shop.refund(all()).expect("it is ours again");
    // An inquiry moves no money: a refund may end it.
    let mut asked = paid();
    let inquiry = news(&asked, Standing::Inquiry, 0, 1);
    tell(&mut asked, inquiry).expect("news");
    assert_eq!((the(&asked).status(), asked.payment_status()), ("inquiry", "disputed"));
    asked.refund(some(10)).expect("a refund in time");
}

#[test]
fn evidence_is_sent_and_the_bank_decides() {
    let mut shop = paid();
    let total = shop.order.total;
    let first = news(&shop, Standing::NeedsResponse, total, 1);
    tell(&mut shop, first).expect("news");
    let id = the(&shop).id;
    shop.wait("7d");
    assert_eq!((the(&shop).machine.state.as_str(), shop.emitted("dispute.due_soon")), ("needs_response_urgent", 1));
    let submit = || DisputeCommand::Submit { dispute: id, evidence: json!({ "summary": "sent" }) };
    for role in [customer(), merchant(1)] {
        assert_eq!(act(&mut shop.clone(), &role, submit()), Err(Refusal::UnknownDispute), "staff's alone");
    }
    act(&mut shop, &operator(), submit()).expect("sent off");
    let job = shop.last_job();
    assert_eq!((job.reference.as_str(), job.evidence.is_some()), ("dp_1", true));
    assert!(act(&mut shop.clone(), &operator(), submit()).is_err(), "once");
    let mut refused = shop.clone();
    let told = |refused: Option<&str>| DisputeCommand::Told { effect: job.id, refused: refused.map(str::to_owned) };
    act(&mut refused, &Actor::system(), told(Some("too_late"))).expect("known");
    assert_eq!(the(&refused).status(), "needs_response");
    assert!(refused.kinds().contains(&"needs_attention"));
    act(&mut shop, &Actor::system(), told(None)).expect("known");
    assert_eq!(
        (the(&shop).status(), the(&shop).chargeback.as_ref().and_then(|c| c.submitted_at)),
        ("under_review", Some(shop.now))
    );
    assert_eq!(act(&mut shop, &Actor::system(), told(None)), Err(Refusal::StaleOutcome));
    let won = news(&shop, Standing::Won, 0, 20_000);
    tell(&mut shop, won).expect("news");
    assert_eq!(the(&shop).status(), "won");
}

#[test]
fn who_gives_in_loses_when_the_provider_says_so() {
    let mut shop = paid();
    let total = shop.order.total;
    let first = news(&shop, Standing::NeedsResponse, total, 1);
    tell(&mut shop, first).expect("news");
    let id = the(&shop).id;
    act(&mut shop, &operator(), DisputeCommand::Accept { dispute: id }).expect("given in");
    let job = shop.last_job();
    assert_eq!(job.evidence, None);
    // The bank may be quicker than the answer.
    let lost = news(&shop, Standing::Lost, total, 2);
    tell(&mut shop, lost).expect("news");
    assert_eq!(the(&shop).status(), "lost");
    act(&mut shop, &Actor::system(), DisputeCommand::Told { effect: job.id, refused: None }).expect("known");
    assert_eq!(the(&shop).status(), "lost");
}

#[test]
fn notes_in_a_chargeback_are_for_staff_and_it_hides_from_others() {
    let mut shop = paid();
    let first = news(&shop, Standing::NeedsResponse, 10, 1);
    tell(&mut shop, first).expect("news");
    let id = the(&shop).id;
    let said = |readers| DisputeCommand::Say { dispute: id, message: "looks like fraud".to_owned(), readers };
    assert_eq!(act(&mut shop.clone(), &customer(), said(Readers::All)), Err(Refusal::UnknownDispute));
    act(&mut shop, &operator(), said(Readers::All)).expect("noted");
    assert!(shop.books.timeline.iter().filter(|e| e.kind.starts_with("dispute")).all(|e| !e.is_public));
    // A claim about the same items is another matter.
    let claim = OpenDispute {
        reason: Reason::NotReceived,
        description: "where is it?".to_owned(),
        items: Some(vec![EventItem { item: shop.id(0), quantity: None }]),
        wants: Wants::Other,
        amount: None,
        respond_within: span("1d"),
    };
    act(&mut shop, &customer(), DisputeCommand::Open(claim)).expect("raised");
}

#[test]
fn a_line_that_is_divided_takes_its_losses_along() {
    let mut shop = order_in("marketplace").lines(&[crate::shop::line(1, 3)]).go();
    shop.fire(&operator(), "acknowledge");
    let lost = news(&shop, Standing::Lost, 777, 1);
    tell(&mut shop, lost).expect("news");
    let items = Some(vec![EventItem { item: shop.id(0), quantity: Some(1) }]);
    shop.act(&operator(), Command::Fire(Event { items, ..crate::shop::full("ship") })).expect("a part is sent");
    assert_eq!((shop.order.items.len(), shop.order.charged_back()), (2, 777));
    shop.refund(all()).expect("the rest");
    assert_eq!((shop.order.left(), shop.jobs.iter().filter(|j| j.effect.0 == Effect::Refund).count()), (0, 0));
}

/// A life of a chargeback as providers tell it: each step says the whole.
fn life() -> impl Strategy<Value = Vec<(Standing, bool)>> {
    use Standing::{Closed, Inquiry, InquiryClosed, InquiryReview, Lost, NeedsResponse, UnderReview, Won};
    let inquiry =
        prop::sample::subsequence(vec![(Inquiry, false), (InquiryReview, false), (InquiryClosed, false)], 0..=3);
    // Money may leave after the dispute began, and come back after it was won.
    let dispute =
        prop::sample::subsequence(vec![(NeedsResponse, false), (NeedsResponse, true), (UnderReview, true)], 1..=3);
    let ends = prop::sample::select(vec![
        vec![],
        vec![(Won, true)],
        vec![(Won, true), (Won, false)],
        vec![(Lost, true)],
        vec![(Won, false), (Lost, true)],
        vec![(Lost, true), (Won, false)],
        vec![(Closed, false)],
        vec![(Closed, false), (Lost, true)],
    ]);
    (inquiry, dispute, ends).prop_map(|(inquiry, dispute, ends)| [inquiry, dispute, ends].concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_arrival_ends_alike(
        life in life(),
        part in 1i64..100,
        refunded in 0i64..100,
        platform in any::<bool>(),
        order in prop::collection::vec(any::<prop::sample::Index>(), 1..24),
    ) {
        let mut shop = paid();
        let total = shop.order.total;
        if refunded > 0 {
            shop.refund(some((total * refunded / 100).max(1))).expect("left");
        }
        let amount = (total * part / 100).max(1);
        let bearer = if platform { Bearer::Platform } else { Bearer::Parties };
        let told: Vec<News> = life
            .iter()
            .enumerate()
            .map(|(n, (standing, taken))| News { bearer, ..news(&shop, *standing, if *taken { amount } else { 0 }, n as i64) })
            .map(|n| News { fee: if n.withdrawn > 0 || n.standing.is_final() { 1500 } else { 0 }, ..n })
            .collect();
        let mut straight = shop.clone();
        for news in &told {
            // The same again is nothing new.
            drop(tell(&mut straight, news.clone()));
        }
        let mut shuffled = shop.clone();
        for at in &order {
            drop(tell(&mut shuffled, at.get(&told).clone()));
        }
        // What was lost on the way comes three days late, backwards.
        shuffled.wait("3d");
        for news in told.iter().rev() {
            drop(tell(&mut shuffled, news.clone()));
        }
        prop_assert_eq!(end(&shuffled), end(&straight), "{:?}", life);
        let order = &shuffled.order;
        prop_assert!(order.refunding() + order.charged_back() <= order.captured());
        if order.left() > 0 && shuffled.payment_status() != "disputed" {
            shuffled.refund(all()).expect("what is left");
            prop_assert!(shuffled.order.splits.iter().all(|s| platform || s.amount == s.refunded + shuffled.order.borne_by(&s.party)));
        }
    }

    /// Whatever the parties agreed on: refunds, chargebacks of several references, decisions that are changed and refunds that fail later
    /// leave books and shares in agreement (the shop's audit, after each), and all of it together ends every party at zero.
    #[test]
    fn any_rules_refunds_and_chargebacks_end_exactly_at_zero(
        agreement in crate::splits::agreements(),
        lines in prop::collection::vec((1i64..3, 1i64..4, 1i64..3000, 0i64..200), 1..4),
        shipping in 0i64..900,
        steps in prop::collection::vec((0usize..7, 1i64..1500, 1usize..4), 1..16),
    ) {
        let lines: Vec<Line> = lines
            .into_iter()
            .map(|(m, quantity, price, discount)| {
                Line { price, gst: price / 5, discount: discount.min(price * quantity), ..line(m, quantity) }
            })
            .collect();
        let mut shop = crate::splits::sold(agreement, &lines, shipping);
        prop_assume!(shop.order.captured() > 0);
        for (minute, (kind, cut, reference)) in (1i64..).zip(steps) {
            let says = |shop: &Shop, standing, withdrawn| News {
                reference: format!("dp_{reference}"),
                ..news(shop, standing, withdrawn, minute)
            };
            // A decision stays at what it took; another one may take something else.
            match kind {
                0 | 1 => drop(shop.refund(some(cut.min(shop.order.left()).max(1)))),
                2 => {
                    let next = says(&shop, Standing::NeedsResponse, cut);
                    drop(tell(&mut shop, next));
                }
                3 | 4 => {
                    let next = says(&shop, Standing::Lost, cut);
                    drop(tell(&mut shop, next));
                }
                5 => {
                    let next = says(&shop, Standing::Won, 0);
                    drop(tell(&mut shop, next));
                }
                _ => {
                    let refund = shop.order.refunds.iter().rev().find(|r| r.state == RefundState::Succeeded);
                    if let Some(refund) = refund.map(|r| r.id) {
                        let code = "expired_or_canceled_card".to_owned();
                        let failed = Command::RefundFailed { refund, code };
                        shop.act(&Actor::system(), failed).expect("it had gone through");
                    }
                }
            }
            prop_assert!(shop.order.refunding() + shop.order.charged_back() <= shop.order.captured());
        }
        for reference in 1..4 {
            let open = |d: &&Dispute| {
                d.is_undecided() && d.chargeback.as_ref().is_some_and(|c| c.reference == format!("dp_{reference}"))
            };
            if shop.order.disputes.iter().any(|d| open(&d)) {
                let won = News { reference: format!("dp_{reference}"), ..news(&shop, Standing::Won, 0, 1000) };
                tell(&mut shop, won).expect("news");
            }
        }
        if shop.order.left() > 0 {
            shop.refund(all()).expect("what is left");
        }
        for split in &shop.order.splits {
            prop_assert_eq!(split.amount, split.refunded + shop.order.borne_by(&split.party), "{:?}", split);
        }
    }
}

#[test]
fn a_payment_says_what_went_back_what_the_bank_took_and_what_is_left() {
    let words = |shop: &Shop| summary(&shop.order, &shop.order.payments[0]);
    let mut shop = paid();
    let total = shop.order.total;
    let show = |amount: i64| shop.order.currency.show(amount);
    let (whole, part, rest) = (show(total), show(100), show(total - 100));
    assert_eq!(words(&shop), format!("{whole} were taken."));
    let by_bank = |amount| RefundRequest {
        terms: RefundTerms { method: RefundMethod::Bank, ..RefundTerms::default() },
        ..some(amount)
    };
    let mut refunded = shop.clone();
    refunded.refund(by_bank(100)).expect("left");
    assert_eq!(
        words(&refunded),
        format!("{whole} were taken, {part} of it went back by bank transfer. {rest} are left.")
    );
    refunded.refund(all()).expect("left");
    assert_eq!(words(&refunded), format!("{whole} were taken and went back, {part} of that by bank transfer."));
    let mut bank = shop.clone();
    bank.refund(by_bank(total)).expect("left");
    assert_eq!(words(&bank), format!("{whole} were taken and went back by bank transfer."));
    assert_eq!(bank.order.refunded_by_bank_of(bank.order.payments[0].id), total);

    shop.refund(some(100)).expect("left");
    let inquiry = news(&shop, Standing::Inquiry, 0, 1);
    tell(&mut shop, inquiry).expect("news");
    assert!(words(&shop).contains("disputes the payment with the bank"), "{}", words(&shop));
    let held = news(&shop, Standing::NeedsResponse, total - 300, 2);
    tell(&mut shop, held).expect("news");
    let (held, left) = (show(total - 300), show(200));
    let taken = format!("{whole} were taken, {part} of it went back.");
    assert_eq!(
        words(&shop),
        format!("{taken} The customer's bank took {held} back while it decides a dispute. {left} are left.")
    );
    let lost = news(&shop, Standing::Lost, total - 300, 3);
    tell(&mut shop, lost).expect("news");
    let gone = format!("The customer's bank took {held} back for good: the dispute was lost.");
    assert_eq!(words(&shop), format!("{taken} {gone} {left} are left."));
    assert_eq!(shop.order.charged_back_of_payment(shop.order.payments[0].id), total - 300);
    shop.refund(all()).expect("left");
    assert!(words(&shop).ends_with("Nothing is left."), "{}", words(&shop));
}
