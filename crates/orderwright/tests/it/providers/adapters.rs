//! The adapters by themselves against the fakes: what no channel of the demo does.

use orderwright::fakes::server::Plays;
use orderwright::fakes::{Fake, Options, faults::Kind};
use orderwright::pay::config::{RazorpayConfig, Secret, StripeConfig, Verification};
use orderwright::pay::port::{Evidence, Facts, Leg, ObjectKind, ObjectRef, Reversal, Work};
use orderwright::pay::razorpay::Razorpay;
use orderwright::pay::stripe::Stripe;
use orderwright::pay::{Answer, ProviderError};
use orderwright_core::decide::{EffectJob, EffectName};
use orderwright_core::dispute::Standing;
use orderwright_core::id::{JobId, OrderId, PaymentId};
use orderwright_core::money::Currency;
use orderwright_core::time::Timestamp;
use orderwright_core::workflow::Effect;
use serde_json::json;

use super::house::{fake, runtime};
use crate::shop::Json;

/// 2026-01-01, and ids of that time.
const NOW: Timestamp = Timestamp(1_767_225_600_000_000);

pub fn job(n: i64, effect: Effect, amount: i64, currency: &str, reference: Option<&str>) -> EffectJob {
    let id = orderwright::kernel::Ids::new(n % 1024).next(NOW);
    EffectJob {
        id: JobId(id),
        effect: EffectName(effect),
        order: OrderId(7),
        payment: PaymentId(8),
        method: "pm_card_visa".to_owned(),
        provider: "stripe".to_owned(),
        reference: reference.map(str::to_owned),
        amount,
        currency: Currency::parse(currency).expect("a currency"),
        stock: Vec::new(),
        transfers: Vec::new(),
        transfer: None,
        capture_before: None,
        keeps_card: false,
    }
}

pub fn work<'a>(job: &'a EffectJob, legs: &'a [Leg]) -> Work<'a> {
    Work { job, legs, now: NOW, give_up: false }
}

pub fn stripe(fake: &Fake, verification: Verification) -> Stripe {
    let config = StripeConfig {
        api_base: fake.url.clone(),
        verification,
        timeout: std::time::Duration::from_secs(2),
        ..StripeConfig::new(Secret::new("sk_test_1"))
    };
    Stripe::new(config).expect("an adapter")
}

fn razorpay(fake: &Fake) -> Razorpay {
    let timeout = std::time::Duration::from_secs(2);
    let config =
        RazorpayConfig { api_base: fake.url.clone(), timeout, ..RazorpayConfig::new("rzp_1".into(), Secret::new("s")) };
    Razorpay::new(config).expect("an adapter")
}

#[track_caller]
fn reference(answer: Answer) -> String {
    let Answer::Done(settled) = answer else { panic!("{answer:?}") };
    settled.reference.expect("an id")
}

#[test]
fn stripe_verifies_by_a_hold_that_is_never_left_standing() {
    let fake = fake(Options::new(Plays::Stripe));
    let stripe = stripe(&fake, Verification::Hold);
    runtime().block_on(async {
        // The release is lost: asked again, the hold is found and released.
        fake.fault("/cancel", Kind::Error, 2);
        let verify = job(1, Effect::Verify, 100, "USD", None);
        let lost = stripe.execute(&work(&verify, &[])).await;
        assert!(matches!(lost, Err(ProviderError::Lost(_))), "{lost:?}");
        let held = reference(stripe.ask(&work(&verify, &[])).await.expect("asked").expect("known"));
        let intent = fake.books(|b| b.get(&held).cloned()).expect("the hold");
        assert_eq!((intent.s("status"), intent.n("amount_received")), ("canceled", 0), "{intent:#}");
        // The card is kept for the customer, and can be charged without them.
        let charge = job(2, Effect::Charge, 5000, "USD", Some(&held));
        let paid = reference(stripe.execute(&work(&charge, &[])).await.expect("charged"));
        assert_eq!(fake.books(|b| b.get(&paid).cloned()).expect("paid").n("amount_received"), 5000);
    });
}

#[test]
fn stripe_takes_a_part_and_gives_transfers_back() {
    let fake = fake(Options::new(Plays::Stripe));
    let stripe = stripe(&fake, Verification::SetupIntent);
    runtime().block_on(async {
        let held =
            reference(stripe.execute(&work(&job(1, Effect::Authorise, 5000, "GBP", None), &[])).await.expect("held"));
        let capture = job(2, Effect::Capture, 3000, "GBP", Some(&held));
        let Answer::Done(taken) = stripe.execute(&work(&capture, &[])).await.expect("taken") else { panic!("taken") };
        assert_eq!((taken.moved, taken.fee), (Some(3000), Some(3000 * 29 / 1000 + 30)));
        // Another capture of another amount is not ours, and whoever releases the hold hears what was taken of it.
        let other = job(3, Effect::Capture, 2000, "GBP", Some(&held));
        assert_eq!(stripe.execute(&work(&other, &[])).await, Ok(Answer::declined("captured_elsewhere")));
        let void = stripe.ask(&work(&job(4, Effect::Void, 0, "GBP", Some(&held)), &[])).await;
        let Ok(Some(Answer::Done(settled))) = void else { panic!("{void:?}") };
        assert_eq!(settled.moved, Some(3000));

        let mut accounts = Vec::new();
        for party in ["party/merchant/a", "party/brand/b"] {
            let opened = stripe.open_account(party, Some("GB")).await.expect("opened");
            assert_eq!(stripe.open_account(party, Some("GB")).await.expect("the same").account, opened.account);
            accounts.push(opened.account);
        }
        let leg = |number: usize, amount| Leg {
            number,
            party: format!("p{number}"),
            account: accounts[number].clone(),
            amount,
        };
        let legs = [leg(0, 1000), leg(1, 500)];
        // One of the two cannot receive yet: the other's transfer comes back.
        fake.books(|b| orderwright::fakes::stripe::act(b, &accounts[0], "activate", &json!({})).expect("open"));
        let transfer = job(5, Effect::Transfer, 3000, "GBP", Some(&held));
        let refused = stripe.execute(&work(&transfer, &legs)).await;
        assert!(refused.is_err() || matches!(refused, Ok(Answer::Declined { .. })), "{refused:?}");
        fake.books(|b| orderwright::fakes::stripe::act(b, &accounts[1], "activate", &json!({})).expect("open"));
        let transfer = job(6, Effect::Transfer, 3000, "GBP", Some(&held));
        stripe.execute(&work(&transfer, &legs[1..])).await.expect("transferred");
        let made = fake.books(|b| b.list("object", "transfer").first().map(|t| (*t).clone())).expect("a transfer");
        let back = Reversal { key: "reversal-key-1".into(), transfer: made.id().to_owned(), amount: 200 };
        for _ in 0..2 {
            stripe.reverse_transfer(&back).await.expect("reversed");
        }
        let object = ObjectRef { kind: ObjectKind::Transfer, id: made.id().to_owned() };
        let facts = stripe.fetch(&object).await.expect("fetched").expect("there");
        assert!(matches!(facts, Facts::Transfer { amount: 500, reversed: 200, .. }), "once by its key: {facts:?}");
    });
}

#[test]
fn stripe_forgets_keys_and_is_asked_by_metadata() {
    let fake = fake(Options::new(Plays::Stripe));
    let stripe = stripe(&fake, Verification::SetupIntent);
    runtime().block_on(async {
        // Made now by the machine's clock, which the fake's objects have.
        let now = orderwright::kernel::clock::machine_now();
        let mut charge = job(1, Effect::Charge, 900, "EUR", None);
        charge.id = JobId(orderwright::kernel::Ids::new(9).next(now));
        let paid = reference(stripe.execute(&Work { now, ..work(&charge, &[]) }).await.expect("charged"));
        fake.state.keys.lock().expect("not poisoned").prune();
        let tomorrow = now.plus(orderwright_core::time::Span::seconds(25 * 3600));
        let asked = stripe.ask(&Work { now: tomorrow, ..work(&charge, &[]) }).await.expect("asked");
        assert_eq!(asked.map(reference), Some(paid), "found again, and not charged twice");
        assert_eq!(fake.calls("POST /v1/payment_intents"), 1);
    });
}

#[test]
fn stripe_takes_evidence_and_says_how_a_dispute_stands() {
    let fake = fake(Options::new(Plays::Stripe));
    let stripe = stripe(&fake, Verification::SetupIntent);
    runtime().block_on(async {
        let paid =
            reference(stripe.execute(&work(&job(1, Effect::Charge, 900, "EUR", None), &[])).await.expect("charged"));
        let dispute = fake.books(|b| orderwright::fakes::stripe::act(b, &paid, "dispute", &json!({})).expect("open"));
        let evidence =
            Evidence { tracking_number: Some("1Z".into()), summary: Some("Delivered".into()), ..Evidence::default() };
        stripe.submit_evidence(dispute.id(), &evidence, false).await.expect("a draft");
        stripe.submit_evidence(dispute.id(), &evidence, true).await.expect("sent");
        let there = fake.books(|b| b.get(dispute.id()).cloned()).expect("there");
        assert_eq!((there.s("status"), there["evidence"].s("shipping_tracking_number")), ("under_review", "1Z"));
        let object = ObjectRef { kind: ObjectKind::Dispute, id: dispute.id().to_owned() };
        let facts = stripe.fetch(&object).await.expect("fetched").expect("there");
        let Facts::Dispute { owner, standing: Standing::UnderReview, amount: 900, withdrawn: 900, fee: 1500, .. } =
            facts
        else {
            panic!("{facts:?}")
        };
        assert_eq!((owner.order, owner.payment), (Some(OrderId(7)), Some(PaymentId(8))));
    });
}

#[test]
fn razorpay_captures_the_whole_and_gives_the_rest_back() {
    let fake = fake(Options::new(Plays::Razorpay));
    let razorpay = razorpay(&fake);
    runtime().block_on(async {
        let authorise = job(1, Effect::Authorise, 5000, "INR", None);
        let Answer::ActionRequired { reference: order } =
            razorpay.execute(&work(&authorise, &[])).await.expect("opened")
        else {
            panic!("the customer is to pay")
        };
        fake.books(|b| orderwright::fakes::razorpay::act(b, &order, "pay", &json!({})).expect("paid"));
        let asked = razorpay.ask(&work(&authorise, &[])).await.expect("asked").expect("known");
        let Answer::Done(held) = asked else { panic!("{asked:?}") };
        assert!(held.capture_before.is_some());
        let id = held.reference.expect("an id");
        let capture = job(2, Effect::Capture, 3000, "INR", Some(&id));
        // The capture's answer is lost, and then that of the refund of the rest.
        fake.fault("/capture", Kind::Lost, 1);
        assert!(matches!(razorpay.execute(&work(&capture, &[])).await, Err(ProviderError::Lost(_))));
        fake.fault("/refund", Kind::ErrorAfter, 2);
        assert!(matches!(razorpay.execute(&work(&capture, &[])).await, Err(ProviderError::Lost(_))));
        for _ in 0..2 {
            assert_eq!(reference(razorpay.execute(&work(&capture, &[])).await.expect("taken")), id);
        }
        let payment = fake.books(|b| b.get(&id).cloned()).expect("the payment");
        assert_eq!((payment.s("status"), payment.n("amount_refunded")), ("captured", 2000), "{payment:#}");
        let object = ObjectRef { kind: ObjectKind::Payment, id: id.clone() };
        let facts = razorpay.fetch(&object).await.expect("fetched").expect("there");
        assert!(matches!(facts, Facts::Payment { taken: 3000, held: 0, .. }), "{facts:?}");

        fake.books(|b| orderwright::fakes::razorpay::act(b, "acc_1", "open_account", &json!({})).expect("open"));
        let legs = [Leg { number: 0, party: "party/merchant/a".into(), account: "acc_1".into(), amount: 1200 }];
        let transfer = job(3, Effect::Transfer, 3000, "INR", Some(&id));
        fake.fault("/transfers", Kind::Slow, 1);
        fake.fault("POST /v1/payments", Kind::Lost, 1);
        assert!(matches!(razorpay.execute(&work(&transfer, &legs)).await, Err(ProviderError::Lost(_))));
        razorpay.execute(&work(&transfer, &legs)).await.expect("found");
        let made = fake.books(|b| b.list("entity", "transfer").into_iter().cloned().collect::<Vec<_>>());
        assert_eq!(made.len(), 1, "once, although there is no key: {made:#?}");
        let back = Reversal { key: "reversal-key-1".into(), transfer: made[0].id().to_owned(), amount: 200 };
        for _ in 0..2 {
            razorpay.reverse_transfer(&back).await.expect("reversed");
        }
        assert_eq!(fake.books(|b| b.get(made[0].id()).cloned()).expect("there").n("amount_reversed"), 200);
    });
}

#[test]
fn a_hold_that_ran_out_is_a_declined_capture() {
    runtime().block_on(async {
        let plays_stripe = async {
            let fake = fake_here(Plays::Stripe).await;
            let stripe = stripe(&fake, Verification::SetupIntent);
            let held = reference(
                stripe.execute(&work(&job(1, Effect::Authorise, 900, "EUR", None), &[])).await.expect("held"),
            );
            let week = orderwright_core::time::Span::seconds(8 * 86_400);
            fake.state.clock.set_offset(week);
            fake.books(orderwright::fakes::stripe::expire);
            let capture = job(2, Effect::Capture, 900, "EUR", Some(&held));
            assert_eq!(stripe.execute(&work(&capture, &[])).await, Ok(Answer::declined("authorisation_expired")));
        };
        plays_stripe.await;
    });
}

async fn fake_here(plays: Plays) -> Fake {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    Fake::start(listener, Options::new(plays)).expect("a fake")
}
