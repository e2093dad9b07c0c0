//! Money under fire: random orders of authorise, capture, refund, cancel, chargeback, payout, transfer and reversal, with answers that are
//! lost, told twice, out of order, or told after a crash; and at the end the provider's own books equal ours, nobody got back more than
//! was taken, and what every party was paid, owes and still has is what it earned.

use std::collections::BTreeMap;

use orderwright_core::actor::Actor;
use orderwright_core::decide::{Command, DisputeCommand, EffectJob, News, Outcome, RefundRequest, Refusal};
use orderwright_core::dispute::{Bearer, Standing};
use orderwright_core::id::PaymentId;
use orderwright_core::ledger::Account;
use orderwright_core::order::{PartyKind, PartyRef, PaymentState, Refund, RefundState};
use orderwright_core::payout::{Facts, OrderLine, Verdict, settle, standings};
use orderwright_core::refunds::{RefundMethod, RefundTerms};
use orderwright_core::time::{Span, Timestamp};
use orderwright_core::workflow::Effect;

use crate::provider::{BankDispute, Dice, Moods, Provider};
use crate::shop::{START, Shop, all, customer, full, line, merchant, operator, order_in, some, span};

/// An order, its provider, and what is between them.
struct Life {
    shop: Shop,
    provider: Provider,
    dice: Dice,
    /// Effects whose answer was lost: they are asked for, and never repeated under another key.
    in_doubt: Vec<EffectJob>,
    /// Answers that arrived, to be told once more.
    told: Vec<(EffectJob, Outcome)>,
    /// What banks did and nobody has told yet.
    news: Vec<BankDispute>,
    /// What was given back at the provider beside the order: the payment, the provider's id, how much, and whether the order has it.
    beside: Vec<(PaymentId, String, i64, bool)>,
    payouts: Payouts,
}

/// What was paid to parties beside the order.
#[derive(Default)]
struct Payouts {
    book: BTreeMap<String, i64>,
    /// How much of what the order is worth to a party was settled.
    settled: BTreeMap<PartyRef, i64>,
    /// Payouts that arrived.
    made: Vec<(PartyRef, i64)>,
    /// Payouts that came back.
    parked: BTreeMap<PartyRef, i64>,
}

impl Payouts {
    fn post(&mut self, lines: &[(Account, i64)]) {
        assert_eq!(lines.iter().map(|l| l.1).sum::<i64>(), 0, "{lines:?}");
        lines.iter().for_each(|(account, amount)| *self.book.entry(account.to_string()).or_default() += amount);
    }

    fn balance(&self, account: &str) -> i64 {
        self.book.get(account).copied().unwrap_or(0)
    }
}

impl Life {
    fn new(workflow: &'static str, seed: u64, moods: Moods) -> Self {
        let mut dice = Dice::new(seed);
        let lines: Vec<_> = (0..1 + dice.below(3)).map(|n| line(1 + n as i64 % 2, 1 + dice.below(3) as i64)).collect();
        let mut shop = order_in(workflow).lines(&lines).place();
        shop.quick = true;
        Self {
            shop,
            provider: Provider::new(moods),
            dice,
            in_doubt: Vec::new(),
            told: Vec::new(),
            news: Vec::new(),
            beside: Vec::new(),
            payouts: Payouts::default(),
        }
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
        let _ = match dice.below(22) {
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
            10 => return self.bank_acts(),
            11 => return self.refund_fails(),
            12 => return self.late_money(),
            13 => return self.refund_beside_the_card(),
            14 => return self.pay_out(),
            18 => return self.at_the_providers_page(),
            15 => return self.payout_comes_back(),
            16 | 17 => {
                // A merchant gets on with it: what can't be done now is refused.
                let who = merchant(1 + dice.below(2) as i64);
                for event in ["confirm", "accept", "acknowledge", "ship", "deliver", "complete"] {
                    if dice.percent(85) {
                        drop(shop.act(&who, Command::Fire(full(event))));
                    }
                }
                return;
            }
            _ => {
                let hours = 1 + if dice.percent(25) { dice.below(900) } else { dice.below(60) };
                shop.now = shop.now.plus(span(&format!("{hours}h")));
                shop.act(&Actor::system(), Command::Tick)
            }
        };
    }

    /// Somebody takes or releases a hold at the provider; the order hears of it now, or at the latest when it acts on the hold.
    fn at_the_providers_page(&mut self) {
        let Some(payment) = self.shop.order.payments.iter().rev().find(|p| p.held() > 0).map(|p| p.id) else { return };
        if self.dice.percent(50) {
            let part = if self.dice.percent(50) { 100 } else { 1 + self.dice.below(99) };
            self.provider.takes_by_hand(payment, part);
        } else if self.provider.loses_hold(payment) && self.dice.percent(60) {
            self.hold_lost(payment);
        }
    }

    fn hold_lost(&mut self, payment: PaymentId) {
        let command = Command::HoldLost { payment };
        match self.shop.act(&Actor::system(), command.clone()) {
            Ok(()) => assert_eq!(self.shop.act(&Actor::system(), command), Err(Refusal::StaleOutcome), "told twice"),
            Err(Refusal::StaleOutcome) => {}
            Err(other) => panic!("{other}"),
        }
    }

    /// What the provider has otherwise than the order and the order has had no occasion to hear of.
    fn catch_up(&mut self) {
        let is_lost = |id: &PaymentId| self.provider.payments.get(id).is_some_and(|s| s.lost);
        let held = self.shop.order.payments.iter().filter(|p| p.held() > 0).map(|p| p.id);
        let lost: Vec<_> = held.filter(is_lost).collect();
        for payment in lost {
            self.hold_lost(payment);
            self.shop.act(&Actor::system(), Command::Tick).expect("time passes");
        }
        let by_hand = |p: &&orderwright_core::order::Payment| {
            p.held() > 0 && self.provider.payments.get(&p.id).is_some_and(|s| s.by_hand)
        };
        // Taken, and neither wanted nor given up yet: whoever cancels gives it back, whoever confirms keeps it.
        if self.shop.order.payments.iter().any(|p| by_hand(&p)) {
            drop(self.shop.act(&operator(), Command::Fire(full("cancel"))));
        }
        self.drain();
    }

    /// A customer's bank does something; it is told now, or some time after what comes later.
    fn bank_acts(&mut self) {
        let Some(payment) = self.shop.order.payments.last().map(|p| p.id) else { return };
        let Some(change) = self.provider.bank_acts(payment, &mut self.dice) else { return };
        self.news.push(change);
        if self.dice.percent(60) {
            self.tell_news();
        }
    }

    fn tell_news(&mut self) {
        if self.news.is_empty() {
            return;
        }
        let told = self.news.swap_remove(self.dice.below(self.news.len() as u64) as usize);
        let command = |d: &BankDispute| {
            Command::Dispute(DisputeCommand::News(News {
                payment: d.payment,
                reference: d.reference.clone(),
                standing: d.standing,
                status: format!("{:?}", d.standing),
                as_of: Timestamp::parse(START).expect("an instant").plus(Span::seconds(60 * d.change)),
                amount: d.withdrawn,
                withdrawn: d.withdrawn,
                fee: d.fee,
                respond_by: None,
                reason_code: None,
                remind: span("2d"),
                bearer: Bearer::Parties,
            }))
        };
        match self.shop.act(&Actor::system(), command(&told)) {
            // Told once more, it changes nothing; and what is older than what is known says nothing.
            Ok(()) => assert_eq!(self.shop.act(&Actor::system(), command(&told)), Err(Refusal::StaleOutcome)),
            Err(Refusal::StaleOutcome) => {}
            Err(other) => panic!("{told:?}: {other}"),
        }
    }

    /// Goodwill, money by bank, and money that staff gave back at the provider's own page.
    fn refund_beside_the_card(&mut self) {
        let left = self.shop.order.left();
        if left <= 0 {
            return;
        }
        let wish = some(1 + self.dice.below(left as u64) as i64);
        let terms = match self.dice.below(4) {
            3 => return self.refund_at_the_provider(left),
            0 => RefundTerms {
                goodwill: Some(PartyRef { kind: PartyKind::Platform, id: "platform".to_owned() }),
                ..RefundTerms::default()
            },
            1 => RefundTerms { method: RefundMethod::Bank, ..RefundTerms::default() },
            _ => {
                let payment = self.shop.order.payments.iter().rev().find(|p| p.captured - p.refunded > 0).map(|p| p.id);
                let (Some(payment), Some(amount)) = (payment, wish.amount) else { return };
                let mut would = self.provider.clone();
                let request = RefundRequest { initiate_payment_refund: false, ..wish };
                // What staff can't do there it does not write down here.
                let before: Vec<_> = self.shop.order.refunds.iter().map(|r| r.id).collect();
                if would.refunds_by_hand(payment, amount)
                    && self.shop.would(&operator(), Command::Refund(request.clone())).is_ok()
                {
                    self.shop.act(&operator(), Command::Refund(request)).expect("it would");
                    for refund in self.shop.order.refunds.iter().filter(|r| !before.contains(&r.id)) {
                        let payment = refund.payment_id.expect("of a payment");
                        assert!(self.provider.refunds_by_hand(payment, refund.amount), "{refund:?}");
                    }
                }
                return;
            }
        };
        drop(self.shop.act(&operator(), Command::Refund(RefundRequest { terms, ..wish })));
    }

    /// Somebody gives money back at the provider and tells nobody; a webhook may, now or later.
    fn refund_at_the_provider(&mut self, left: i64) {
        let paid = self.shop.order.payments.iter().rev().find(|p| p.captured - p.refunded > 0).map(|p| p.id);
        let Some(payment) = paid else { return };
        let amount = 1 + self.dice.below(left as u64) as i64;
        if self.provider.refunds_by_hand(payment, amount) {
            self.beside.push((payment, format!("re-{}", self.beside.len()), amount, false));
        }
        if self.dice.percent(50) {
            self.tell_beside();
        } else if self.dice.percent(30) {
            // Staff does not know of it, and gives the rest back by bank: then there is more than the order has the money for.
            let terms = RefundTerms { method: RefundMethod::Bank, ..RefundTerms::default() };
            drop(self.shop.act(&operator(), Command::Refund(RefundRequest { terms, ..all() })));
        }
    }

    /// Everything that was given back at the provider is told, what is known as well; the order takes what it has the money for.
    fn tell_beside(&mut self) {
        for (payment, reference, amount, known) in &mut self.beside {
            let command = Command::RefundSeen { payment: *payment, reference: reference.clone(), amount: *amount };
            match self.shop.act(&Actor::system(), command.clone()) {
                Ok(()) => {
                    let again = self.shop.act(&Actor::system(), command);
                    assert_eq!(again, Err(Refusal::StaleOutcome), "told twice");
                    let paid = self.shop.order.payments.iter().find(|p| p.id == *payment).expect("it was paid");
                    *known = !paid.seen.iter().any(|s| s.reference == *reference);
                }
                Err(Refusal::StaleOutcome | Refusal::PaymentInProgress) => {}
                Err(other) => panic!("{reference}: {other}"),
            }
        }
    }

    /// What was given back there and the order could not take.
    fn unbooked(&self, payment: Option<PaymentId>) -> i64 {
        let of = |p: &PaymentId| payment.is_none_or(|payment| payment == *p);
        self.beside.iter().filter(|(p, .., known)| of(p) && !known).map(|(_, _, amount, _)| amount).sum()
    }

    /// A run of payouts: each party that is owed something is paid, each that got too much owes it.
    fn pay_out(&mut self) {
        let lines: Vec<(&str, &str, i64)> = (self.shop.books.postings.iter())
            .flat_map(|p| p.lines.iter().map(|(a, n)| (a.as_str(), p.cause, *n)))
            .collect();
        let lines: Vec<OrderLine<'_>> =
            lines.iter().map(|(account, cause, amount)| OrderLine { account, cause, amount: *amount }).collect();
        for standing in standings(&self.shop.order, &lines, self.shop.now).into_iter().filter(|s| !s.is_held) {
            let party = standing.party;
            let settled = self.payouts.settled.get(&party).copied().unwrap_or(0);
            let owes = Account::Receivable(party.clone()).to_string();
            let facts = Facts {
                orders: standing.due.sum() - settled,
                carried: self.payouts.parked.get(&party).copied().unwrap_or(0),
                receivable: self.shop.books.account(&owes) + self.payouts.balance(&owes),
                ..Facts::default()
            };
            let Verdict::Settle(made) = settle(&facts) else { continue };
            self.payouts.settled.insert(party.clone(), standing.due.sum());
            self.payouts.parked.remove(&party);
            self.payouts.post(&made.settling(&party));
            self.payouts.post(&made.paying(&party));
            if made.amount > 0 {
                self.payouts.post(&[(Account::PayoutsInTransit, made.amount), (Account::Clearing, -made.amount)]);
                self.provider.pays_out(&party.account(), made.amount);
                self.payouts.made.push((party, made.amount));
            }
        }
    }

    fn payout_comes_back(&mut self) {
        if self.payouts.made.is_empty() {
            return;
        }
        let at = self.dice.below(self.payouts.made.len() as u64) as usize;
        let (party, amount) = self.payouts.made.swap_remove(at);
        self.provider.pays_out(&party.account(), -amount);
        self.payouts.post(&[(Account::Clearing, amount), (Account::Party(party.clone()), -amount)]);
        *self.payouts.parked.entry(party).or_default() += amount;
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
    fn come_to_rest(&mut self) {
        self.drain();
        for _ in 0..3 {
            self.catch_up();
        }
    }

    fn drain(&mut self) {
        for _ in 0..10_000 {
            if self.shop.jobs.is_empty() && self.in_doubt.is_empty() && self.news.is_empty() {
                return self.tell_beside_and_rest();
            }
            self.tell_news();
            self.deliver();
        }
        panic!("the order never comes to rest: {:?}", self.shop.jobs);
    }

    /// A reconciliation that settles: whatever was given back beside the order is told, until nothing moves.
    fn tell_beside_and_rest(&mut self) {
        self.tell_beside();
        if !self.shop.jobs.is_empty() {
            self.drain();
        }
    }

    /// The reconciliation: the provider's books against the decisions'.
    fn reconcile(&self) {
        let (order, books, provider) = (&self.shop.order, &self.shop.books, &self.provider);
        // Taken or released at the provider's page, and the order rests on what was a hold: told to staff, and not ours to decide.
        let unknown = |p: &&orderwright_core::order::Payment| {
            p.held() > 0 && provider.payments.get(&p.id).is_some_and(|s| s.by_hand || s.lost)
        };
        let unknown: Vec<_> = order.payments.iter().filter(unknown).collect();
        let taken: i64 = unknown.iter().map(|p| provider.payments[&p.id].taken).sum();
        let believed: i64 = unknown.iter().map(|p| p.held()).sum();
        assert_eq!(
            books.account("provider/clearing") + self.payouts.balance("provider/clearing"),
            provider.platform - taken + self.unbooked(None),
            "what the provider owes the platform: {order:?}"
        );
        assert_eq!(books.account("provider/held"), provider.held() + believed, "what is held: {order:?}");
        assert_eq!(books.account("platform/fees"), provider.fees, "what it kept");
        for payment in order.payments.iter().filter(|p| !unknown.iter().any(|u| u.id == p.id)) {
            let theirs = provider.payments.get(&payment.id).copied().unwrap_or_default();
            assert_eq!(payment.captured + payment.late, theirs.taken, "{payment:?}");
            let there = theirs.refunded - self.unbooked(Some(payment.id));
            assert_eq!(payment.refunded + payment.late_refunded, there, "{payment:?}");
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
            let earned = split.amount - split.refunded - order.borne_by(&split.party);
            assert!(left <= earned.max(0), "{split:?} keeps {left}");
        }
        for (reference, theirs) in provider.disputes.iter().map(|d| (&d.reference, d)) {
            let ours = order.chargebacks().find(|c| c.reference == *reference).expect("it was told");
            assert_eq!((ours.withdrawn, ours.fee), (theirs.withdrawn, theirs.fee), "{theirs:?}");
        }
        self.parties_have_what_they_earned();
    }

    /// Paid out, passed on, still to be paid, less what is owed: what is left of the share.
    fn parties_have_what_they_earned(&self) {
        let (order, books) = (&self.shop.order, &self.shop.books);
        for split in order.splits.iter().filter(|s| s.party.kind != PartyKind::Platform) {
            let account = split.party.account();
            let owes = Account::Receivable(split.party.clone()).to_string();
            let of = |account: &str| books.account(account) + self.payouts.balance(account);
            let transfers = order.transfers.iter().filter(|t| t.party == account);
            let passed_on: i64 = transfers.map(|t| t.amount - t.reversed - t.rounding).sum();
            let paid = self.provider.paid_out.get(&account).copied().unwrap_or(0);
            let earned = split.amount - split.refunded - order.borne_by(&split.party);
            assert_eq!(paid + passed_on - of(&account) - of(&owes), earned, "{split:?}: {order:?}");
            assert!(of(&owes) >= 0, "nobody owes less than nothing: {split:?}");
        }
    }

    fn taken_for_good(&self) -> i64 {
        self.provider.payments.values().map(|p| p.taken - p.refunded - p.withdrawn).sum()
    }
}

#[test]
fn whatever_happens_the_providers_books_equal_ours() {
    let moods = Moods { declines: 12, refuses_refunds: 10, refuses_transfers: 8, empties_accounts: 15, rounds: 10 };
    let mut seen = Seen::default();
    for (n, workflow) in ["made-to-order", "marketplace", "retail", "store-request", "marketplace-split"]
        .iter()
        .cycle()
        .take(2_000)
        .enumerate()
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
        life.come_to_rest();
        life.reconcile();
        // Goods stay where they are: what is due is paid, some of it comes back, and is paid again.
        for _ in 0..3 {
            life.shop.now = life.shop.now.plus(span("31d"));
            life.pay_out();
            if life.dice.percent(50) {
                life.payout_comes_back();
            }
            life.somebody();
            life.come_to_rest();
            life.reconcile();
        }
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
    won: u32,
    lost: u32,
    taken_by_hand: u32,
    holds_lost: u32,
    goodwill: u32,
    by_bank: u32,
    by_hand: u32,
    beside: u32,
    beyond: u32,
    paid_out: u32,
    came_back: u32,
    netted: u32,
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
        self.taken_by_hand += u32::from(life.provider.payments.values().any(|p| p.by_hand && p.refunded == p.taken));
        self.holds_lost += u32::from(life.shop.emitted("payment.hold_lost") > 0);
        let ended = |standing| life.provider.disputes.iter().any(|d| d.standing == standing);
        self.won += u32::from(ended(Standing::Won));
        self.lost += u32::from(ended(Standing::Lost));
        let refunds =
            |is: fn(&Refund) -> bool| order.refunds.iter().any(|r| r.state == RefundState::Succeeded && is(r));
        self.goodwill += u32::from(refunds(|r| r.items.is_empty() && r.adjust.iter().any(|(_, a)| *a > 0)));
        self.by_bank += u32::from(refunds(|r| r.payment_id.is_none()));
        self.by_hand += u32::from(refunds(|r| !r.initiate_payment_refund));
        self.beside += u32::from(life.beside.iter().any(|(.., known)| *known));
        self.beyond += u32::from(life.unbooked(None) > 0);
        self.paid_out += u32::from(!life.payouts.made.is_empty());
        self.came_back += u32::from(!life.payouts.parked.is_empty());
        self.netted += u32::from(life.payouts.book.keys().any(|account| account.starts_with("receivable/")));
    }

    fn is_complete(&self) -> bool {
        let money = [
            self.refunds,
            self.goodwill,
            self.by_bank,
            self.by_hand,
            self.beside,
            self.beyond,
            self.late,
            self.renewed,
        ];
        let banks = [self.won, self.lost, self.taken_by_hand, self.holds_lost];
        let parties = [self.reversals, self.receivables, self.rounding, self.paid_out, self.came_back, self.netted];
        money.iter().chain(&banks).chain(&parties).all(|n| *n > 0)
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
