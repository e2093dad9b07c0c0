//! Money under fire: random orders of authorise, capture, refund, cancel, dispute, transfer and reversal, with answers that are lost, told
//! twice, or told after a crash; and at the end the provider's own books equal ours, and nobody got back more than was taken.

use orderwright_core::actor::Actor;
use orderwright_core::decide::{Command, EffectJob, Outcome, Refusal};
use orderwright_core::order::{PaymentState, RefundState};
use orderwright_core::workflow::Effect;

use crate::provider::{Dice, Moods, Provider};
use crate::shop::{Shop, all, customer, full, line, merchant, operator, order_in, some};

/// An order, its provider, and what is between them.
struct Life {
    shop: Shop,
    provider: Provider,
    dice: Dice,
    /// Effects whose answer was lost: they are asked for, and never repeated under another key.
    in_doubt: Vec<EffectJob>,
    /// Answers that arrived, to be told once more.
    told: Vec<(EffectJob, Outcome)>,
}

impl Life {
    fn new(workflow: &'static str, seed: u64, moods: Moods) -> Self {
        let mut dice = Dice::new(seed);
        let lines: Vec<_> = (0..1 + dice.below(3)).map(|n| line(1 + n as i64 % 2, 1 + dice.below(3) as i64)).collect();
        let mut shop = order_in(workflow).lines(&lines).place();
        shop.quick = true;
        Self { shop, provider: Provider::new(moods), dice, in_doubt: Vec::new(), told: Vec::new() }
    }

    /// One effect on its way: it may be done and answered, done and not answered, or not done at all because the node died.
    fn deliver(&mut self) {
        if self.shop.jobs.is_empty() {
            return self.settle_doubt();
        }
        let at = self.dice.below(self.shop.jobs.len() as u64) as usize;
        let job = self.shop.jobs.remove(at);
        match self.dice.below(10) {
            // Killed before the call: the job is still there.
            0 => self.shop.jobs.push(job),
            // Killed after the call, before the answer was kept: the job runs again, with its key.
            1 => {
                self.provider.execute(&job, self.shop.now, &mut self.dice);
                self.shop.jobs.push(job);
            }
            // The answer is lost, and whether the call arrived is not known.
            2 | 3 => {
                if self.dice.percent(50) {
                    self.provider.execute(&job, self.shop.now, &mut self.dice);
                }
                self.tell(&job, Outcome::InDoubt);
                self.in_doubt.push(job);
            }
            _ => {
                let outcome = self.provider.execute(&job, self.shop.now, &mut self.dice);
                self.tell(&job, outcome);
            }
        }
    }

    /// The provider is asked what became of a key; what it never saw is done now, under the same key.
    fn settle_doubt(&mut self) {
        if self.in_doubt.is_empty() {
            return;
        }
        let at = self.dice.below(self.in_doubt.len() as u64) as usize;
        let job = self.in_doubt.remove(at);
        let outcome = match self.provider.ask(job.id) {
            Some(outcome) => outcome,
            None => self.provider.execute(&job, self.shop.now, &mut self.dice),
        };
        self.tell(&job, outcome);
    }

    fn tell(&mut self, job: &EffectJob, outcome: Outcome) {
        match self.shop.outcome(job.id, outcome.clone()) {
            Ok(()) => self.told.push((job.clone(), outcome)),
            Err(Refusal::StaleOutcome) => {}
            Err(other) => panic!("{} {outcome:?}: {other}", job.effect.0.name()),
        }
    }

    /// A webhook says again what was said: nothing moves.
    fn tell_again(&mut self) {
        let final_ones = self.told.iter().filter(|(_, o)| !matches!(o, Outcome::InDoubt)).count() as u64;
        if final_ones == 0 {
            return;
        }
        let nth = self.dice.below(final_ones) as usize;
        let again = self.told.iter().filter(|(_, o)| !matches!(o, Outcome::InDoubt)).nth(nth).cloned();
        let (job, outcome) = again.expect("counted");
        assert_eq!(self.shop.outcome(job.id, outcome), Err(Refusal::StaleOutcome), "{}", job.effect.0.name());
    }

    /// Somebody does something; most of it is refused, as it should be.
    fn somebody(&mut self) {
        let shop = &mut self.shop;
        let dice = &mut self.dice;
        let _ = match dice.below(14) {
            0 => shop.act(&merchant(1), Command::Fire(full("confirm"))),
            1 => shop.act(&operator(), Command::Fire(full("confirm"))),
            2 => shop.act(&operator(), Command::Fire(full("acknowledge"))),
            3 => shop.act(&customer(), Command::Fire(full("cancel"))),
            4 => shop.act(&operator(), Command::Fire(full("cancel"))),
            5 => shop.act(&merchant(2), Command::Fire(full("refuse"))),
            6..=8 => {
                let left = shop.order.captured() - shop.order.refunding();
                let wish = if dice.percent(30) { all() } else { some(1 + dice.below(left.max(1) as u64) as i64) };
                shop.act(&operator(), Command::Refund(wish))
            }
            9 => shop.act(&customer(), Command::Pay { method: "pm_card_visa".to_owned() }),
            10 => {
                let Some(payment) = shop.order.payments.last() else { return };
                let (payment, open) = (payment.id, !payment.disputed);
                shop.act(&Actor::system(), Command::Dispute { payment, open })
            }
            11 => return self.refund_fails(),
            12 => return self.late_money(),
            _ => {
                let hours = 1 + dice.below(60);
                shop.now = shop.now.plus(crate::shop::span(&format!("{hours}h")));
                shop.act(&Actor::system(), Command::Tick)
            }
        };
    }

    fn refund_fails(&mut self) {
        let done = self.shop.order.refunds.iter().find(|r| r.state == RefundState::Succeeded && r.reference.is_some());
        let Some(refund) = done.filter(|r| r.initiate_payment_refund).cloned() else { return };
        let Some(payment) = refund.payment_id else { return };
        let code = "expired_or_canceled_card".to_owned();
        self.shop
            .act(&Actor::system(), Command::RefundFailed { refund: refund.id, code: code.clone() })
            .expect("it was through");
        self.provider.refund_fails(payment, refund.amount);
        let again = Command::RefundFailed { refund: refund.id, code };
        assert_eq!(self.shop.act(&Actor::system(), again), Err(Refusal::StaleOutcome), "told twice");
    }

    /// Somebody takes at the provider what the order has given up.
    fn late_money(&mut self) {
        let given_up = |p: &&orderwright_core::order::Payment| {
            matches!(p.state, PaymentState::Failed | PaymentState::Voided)
                && p.captured == 0
                && p.late == 0
                && p.held() == 0
        };
        let Some(payment) = self.shop.order.payments.iter().find(given_up).map(|p| p.id) else { return };
        let amount = 1 + self.dice.below(5000) as i64;
        let command = Command::LateMoney { payment, amount };
        if self.shop.act(&Actor::system(), command.clone()).is_ok() {
            self.provider.takes_late(payment, amount);
            assert_eq!(self.shop.act(&Actor::system(), command), Err(Refusal::StaleOutcome), "told twice");
        }
    }

    /// Everything on its way arrives.
    fn drain(&mut self) {
        for _ in 0..10_000 {
            if self.shop.jobs.is_empty() && self.in_doubt.is_empty() {
                return;
            }
            self.deliver();
        }
        panic!("the order never comes to rest: {:?}", self.shop.jobs);
    }

    /// The reconciliation: the provider's books against the decisions'.
    fn reconcile(&self) {
        let (order, books, provider) = (&self.shop.order, &self.shop.books, &self.provider);
        assert_eq!(
            books.account("provider/clearing"),
            provider.platform,
            "what the provider owes the platform: {order:?}"
        );
        assert_eq!(books.account("provider/held"), provider.held(), "what is held: {order:?}");
        assert_eq!(books.account("platform/fees"), provider.fees, "what it kept");
        for payment in &order.payments {
            let theirs = provider.payments.get(&payment.id).copied().unwrap_or_default();
            assert_eq!(payment.captured + payment.late, theirs.taken, "{payment:?}");
            assert_eq!(payment.refunded + payment.late_refunded, theirs.refunded, "{payment:?}");
            assert!(theirs.refunded <= theirs.taken, "given back beyond what was taken");
        }
        assert_eq!(order.transfers.len(), provider.transfers.len());
        for transfer in &order.transfers {
            let theirs = &provider.transfers[&transfer.reference];
            assert_eq!((transfer.amount, transfer.reversed), (theirs.amount, theirs.reversed), "{transfer:?}");
            assert_eq!(transfer.party, theirs.party);
        }
        // Nobody keeps at the provider what the order took from them, unless it is on the book as owed.
        for split in &order.splits {
            let own = order.transfers.iter().filter(|t| t.party == split.party.account());
            let left: i64 = own.map(|t| t.left()).sum();
            assert!(left <= split.amount - split.refunded, "{split:?} keeps {left}");
        }
    }

    fn taken_for_good(&self) -> i64 {
        self.provider.payments.values().map(|p| p.taken - p.refunded).sum()
    }
}

#[test]
fn whatever_happens_the_providers_books_equal_ours() {
    let moods = Moods { declines: 12, refuses_refunds: 10, refuses_transfers: 8, empties_accounts: 15, rounds: 10 };
    let mut seen = Seen::default();
    for (n, workflow) in
        ["made-to-order", "marketplace", "retail", "store-request"].iter().cycle().take(1_600).enumerate()
    {
        let mut life = Life::new(workflow, n as u64, moods);
        for _ in 0..12 + life.dice.below(40) {
            match life.dice.below(10) {
                0..=4 => life.deliver(),
                5 => life.tell_again(),
                6 => life.settle_doubt(),
                _ => life.somebody(),
            }
        }
        life.drain();
        life.reconcile();
        seen.note(&life);
    }
    // What was to be shown did happen.
    assert!(seen.is_complete(), "{seen:?}");
}

/// What the simulation came across: a run that never met a thing proves nothing about it.
#[derive(Debug, Default)]
struct Seen {
    refunds: u32,
    reversals: u32,
    receivables: u32,
    rounding: u32,
    renewed: u32,
    late: u32,
    disputed: u32,
}

impl Seen {
    fn note(&mut self, life: &Life) {
        let order = &life.shop.order;
        let transfers = || order.transfers.iter();
        self.refunds += u32::from(order.refunded() > 0);
        self.reversals += u32::from(transfers().any(|t| t.reversed > 0));
        self.receivables += u32::from(transfers().any(|t| t.owed > 0));
        self.rounding += u32::from(transfers().any(|t| t.rounding > 0));
        self.renewed += u32::from(life.shop.emitted("payment.reauthorised") > 0);
        self.late += u32::from(order.payments.iter().any(|p| p.late > 0));
        self.disputed += u32::from(order.payments.iter().any(|p| p.disputed));
    }

    fn is_complete(&self) -> bool {
        [self.refunds, self.reversals, self.receivables, self.rounding, self.renewed, self.late, self.disputed]
            .iter()
            .all(|n| *n > 0)
    }
}

#[test]
fn cancel_against_capture_ten_thousand_times_is_never_paid_and_cancelled() {
    let (mut cancelled, mut paid, mut met) = (0, 0, 0);
    for seed in 0..10_000 {
        let mut life = Life::new("made-to-order", seed, Moods::default());
        while life.shop.order.payments[0].state != PaymentState::Authorised {
            life.deliver();
        }
        let (mut confirmed, mut tried) = (false, false);
        for _ in 0..24 {
            match life.dice.below(4) {
                0 if !confirmed => confirmed = life.shop.act(&operator(), Command::Fire(full("confirm"))).is_ok(),
                1 if !tried || life.dice.percent(20) => {
                    let who = if life.dice.percent(50) { customer() } else { operator() };
                    let result = life.shop.act(&who, Command::Fire(full("cancel")));
                    met += u32::from(result == Err(Refusal::PaymentInProgress));
                    tried = true;
                }
                _ => life.deliver(),
            }
        }
        life.drain();
        life.reconcile();
        let taken = life.taken_for_good();
        match life.shop.status() {
            "cancelled" => {
                assert_eq!((taken, life.provider.held()), (0, 0), "seed {seed}: cancelled, and the money is here");
                cancelled += 1;
            }
            "confirmed" => {
                assert_eq!(taken, life.shop.order.total, "seed {seed}: confirmed, and not paid");
                paid += 1;
            }
            "payment_authorised" => assert_eq!(taken, 0, "seed {seed}: nothing was taken yet"),
            other => panic!("seed {seed}: {other}"),
        }
    }
    assert!(cancelled > 1_000 && paid > 1_000 && met > 100, "cancelled {cancelled}, paid {paid}, met {met}");
}

#[test]
fn a_refund_takes_the_shares_back_from_whoever_has_them() {
    let mut life = Life::new("made-to-order", 7, Moods::default());
    life.drain();
    life.shop.act(&operator(), Command::Fire(full("confirm"))).expect("possible");
    life.drain();
    assert_eq!(
        life.shop.order.transferred()
            + life
                .shop
                .order
                .splits
                .iter()
                .filter(|s| s.party.kind == orderwright_core::order::PartyKind::Platform)
                .map(|s| s.amount)
                .sum::<i64>(),
        life.shop.order.captured()
    );
    // Three parts and the rest: each party ends at zero exactly.
    for amount in [1, 777, 333] {
        life.shop.act(&operator(), Command::Refund(some(amount))).expect("there is enough");
        life.drain();
        life.reconcile();
        for split in &life.shop.order.splits {
            let own: i64 =
                life.shop.order.transfers.iter().filter(|t| t.party == split.party.account()).map(|t| t.left()).sum();
            assert!(own == 0 || own == split.amount - split.refunded, "{split:?} has {own}");
        }
    }
    life.shop.act(&operator(), Command::Refund(all())).expect("the rest");
    life.drain();
    life.reconcile();
    assert_eq!(life.shop.order.transferred(), 0);
    assert_eq!(life.provider.platform, -life.provider.fees, "the fee is what is left of the sale");
}

#[test]
fn a_party_that_has_nothing_left_owes_it() {
    let moods = Moods { empties_accounts: 100, ..Moods::default() };
    let mut life = Life::new("made-to-order", 3, moods);
    life.drain();
    life.shop.act(&operator(), Command::Fire(full("confirm"))).expect("possible");
    life.drain();
    life.shop.act(&operator(), Command::Refund(all())).expect("possible");
    life.drain();
    life.reconcile();
    let order = &life.shop.order;
    for transfer in &order.transfers {
        assert_eq!((transfer.owed, transfer.reversed), (transfer.amount, 0));
        let owes = transfer.party.replacen("party/", "receivable/", 1);
        assert_eq!(
            life.shop.books.account(&owes),
            order.transfers.iter().filter(|t| t.party == transfer.party).map(|t| t.owed).sum::<i64>()
        );
    }
    assert!(life.shop.kinds().contains(&"needs_attention"));
    assert_eq!(life.shop.status(), "refunded", "the customer does not wait for the parties");
}

#[test]
fn reminders_come_when_the_workflow_says() {
    let mut shop = order_in("store-request").method("pm_card_chargeCustomerFail").go();
    shop.fire(&merchant(1), "accept");
    assert_eq!((shop.status(), shop.emitted("payment.reminder")), ("pending_payment", 0));
    shop.wait("2d").wait("23h");
    assert_eq!(shop.emitted("payment.reminder"), 0);
    shop.wait("1h");
    assert_eq!(shop.emitted("payment.reminder"), 1);
    // A failed attempt in between brings no reminder anew, and no time.
    shop.act(&customer(), Command::Pay { method: "pm_card_chargeDeclined".to_owned() }).expect("payable");
    shop.run();
    shop.wait("2d");
    assert_eq!(shop.emitted("payment.reminder"), 1);
    shop.wait("1d");
    assert_eq!((shop.emitted("payment.reminder"), shop.status()), (2, "pending_payment"));
    let entry = shop.books.timeline.iter().rfind(|e| e.kind == "payment_reminder").expect("on the timeline");
    assert!(entry.is_public && entry.metadata["nextReminderAt"].is_null(), "{entry:?}");
    shop.wait("1d");
    assert_eq!((shop.status(), shop.emitted("payment.reminder")), ("expired", 2));

    let mut slept = order_in("store-request").method("pm_card_chargeCustomerFail").go();
    slept.fire(&merchant(1), "accept").wait("6d");
    assert_eq!(slept.emitted("payment.reminder"), 1, "what was slept through is said once");
    let mut paid = order_in("store-request").method("pm_card_chargeCustomerFail").go();
    paid.fire(&merchant(1), "accept");
    paid.act(&customer(), Command::Pay { method: "pm_card_visa".to_owned() }).expect("payable");
    paid.run();
    paid.wait("6d");
    assert_eq!((paid.status(), paid.emitted("payment.reminder")), ("accepted", 0));
}

#[test]
fn money_that_comes_too_late_goes_back_by_itself() {
    let mut life = Life::new("made-to-order", 11, Moods::default());
    life.drain();
    life.shop.act(&customer(), Command::Fire(full("cancel"))).expect("possible");
    life.drain();
    let (payment, total) = (life.shop.order.payments[0].id, life.shop.order.total);
    life.provider.takes_late(payment, total);
    life.shop.act(&Actor::system(), Command::LateMoney { payment, amount: total }).expect("given up");
    assert_eq!(life.shop.order.late(), total);
    life.drain();
    life.reconcile();
    assert_eq!((life.shop.status(), life.taken_for_good(), life.shop.order.late()), ("cancelled", 0, 0));
    assert_eq!(life.shop.order.captured(), 0, "it never was the order's money");

    let mut running = Life::new("made-to-order", 12, Moods::default());
    let payment = running.shop.order.payments[0].id;
    let early = Command::LateMoney { payment, amount: 5 };
    assert_eq!(running.shop.act(&Actor::system(), early.clone()), Err(Refusal::StaleOutcome), "it is being paid");
    running.drain();
    assert_eq!(running.shop.act(&Actor::system(), early), Err(Refusal::StaleOutcome), "it waits for its capture");
    assert!(running.shop.jobs.iter().all(|j| j.effect.0 != Effect::Refund));
}
