//! A provider in memory, with books of its own: every call takes effect once by its key, whoever loses which answer.
//!
//! It knows nothing of orders: what it is asked to do it does to its own sums, and refuses what its sums do not allow. The simulation holds
//! these books against those that the decisions made.

use std::collections::BTreeMap;

use orderwright_core::decide::{EffectJob, Outcome, Transferred};
use orderwright_core::dispute::Standing;
use orderwright_core::id::{JobId, PaymentId};
use orderwright_core::time::{Span, Timestamp};
use orderwright_core::workflow::Effect;

/// Numbers that a seed decides.
#[derive(Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5eed)
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.roll() % n.max(1)
    }

    /// True in so many of a hundred.
    pub fn percent(&mut self, n: u64) -> bool {
        self.below(100) < n
    }
}

/// What the provider knows of a payment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sums {
    pub held: i64,
    pub taken: i64,
    pub refunded: i64,
    /// What banks have of it.
    pub withdrawn: i64,
    /// Somebody took it at the provider's own page.
    pub by_hand: bool,
    /// The hold is gone there.
    pub lost: bool,
    /// Of what was refunded, what somebody gave back at the provider.
    pub given_back: i64,
}

#[derive(Clone, Debug)]
pub struct Moved {
    pub party: String,
    pub amount: i64,
    pub reversed: i64,
}

/// What a customer's bank did about a payment, as the provider knows it by now.
#[derive(Clone, Debug)]
pub struct BankDispute {
    pub payment: PaymentId,
    pub reference: String,
    pub standing: Standing,
    pub withdrawn: i64,
    pub fee: i64,
    /// The count of changes: a later one says more.
    pub change: i64,
}

/// How often it refuses what, in a hundred.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moods {
    pub declines: u64,
    pub refuses_refunds: u64,
    pub refuses_transfers: u64,
    pub empties_accounts: u64,
    pub rounds: u64,
}

#[derive(Clone, Debug, Default)]
pub struct Provider {
    pub moods: Moods,
    answers: BTreeMap<JobId, Outcome>,
    pub payments: BTreeMap<PaymentId, Sums>,
    pub transfers: BTreeMap<String, Moved>,
    pub disputes: Vec<BankDispute>,
    /// Payouts that it made, and those that came back.
    pub paid_out: BTreeMap<String, i64>,
    /// What it owes the platform.
    pub platform: i64,
    /// What it kept.
    pub fees: i64,
    /// Calls that took effect.
    pub calls: u64,
}

impl Provider {
    pub fn new(moods: Moods) -> Self {
        Self { moods, ..Self::default() }
    }

    /// What became of a key.
    pub fn ask(&self, key: JobId) -> Option<Outcome> {
        self.answers.get(&key).cloned()
    }

    /// Does it, once.
    pub fn execute(&mut self, job: &EffectJob, now: Timestamp, dice: &mut Dice) -> Outcome {
        if let Some(kept) = self.ask(job.id) {
            return kept;
        }
        self.calls += 1;
        let outcome = self.act(job, now, dice);
        self.answers.insert(job.id, outcome.clone());
        outcome
    }

    fn act(&mut self, job: &EffectJob, now: Timestamp, dice: &mut Dice) -> Outcome {
        let no = |code: &str| Outcome::Declined { code: code.to_owned() };
        let moods = self.moods;
        let done = || Outcome::done(Some(format!("ref-{}", job.id)));
        let sums = self.payments.entry(job.payment).or_default();
        match job.effect.0 {
            Effect::CheckStock if dice.percent(moods.declines) => no("SKU-0"),
            Effect::CheckStock | Effect::Verify => done(),
            Effect::Authorise | Effect::Reauthorise | Effect::Charge if dice.percent(moods.declines) => {
                no("insufficient_funds")
            }
            Effect::Authorise | Effect::Reauthorise => {
                assert_eq!((sums.held, sums.taken), (0, 0), "held once: {job:?}");
                sums.held = job.amount;
                let before = now.plus(Span::seconds(86_400 * (2 + dice.below(8) as i64)));
                Outcome::Done {
                    reference: Some(format!("ref-{}", job.id)),
                    capture_before: Some(before),
                    fee: None,
                    moved: None,
                    transfers: Vec::new(),
                }
            }
            Effect::Charge => {
                assert_eq!((sums.held, sums.taken), (0, 0), "charged once: {job:?}");
                sums.taken = job.amount;
                self.taken(job)
            }
            Effect::Capture if dice.percent(moods.declines) => no("card_declined"),
            Effect::Capture if sums.by_hand && sums.taken == job.amount => done(),
            Effect::Capture if sums.by_hand => no("captured_elsewhere"),
            Effect::Capture if sums.lost => no("authorisation_expired"),
            Effect::Capture => {
                assert!(
                    sums.taken == 0 && sums.held >= job.amount && job.amount > 0,
                    "captured once: {job:?} {sums:?}"
                );
                (sums.taken, sums.held) = (job.amount, 0);
                self.taken(job)
            }
            Effect::Void if sums.by_hand => Outcome::Done {
                reference: Some(format!("ref-{}", job.id)),
                capture_before: None,
                fee: None,
                moved: Some(sums.taken),
                transfers: Vec::new(),
            },
            Effect::Void => {
                assert_eq!(sums.taken, 0, "what was taken is not released: {job:?}");
                sums.held = 0;
                done()
            }
            Effect::Refund if dice.percent(moods.refuses_refunds) => no("declined"),
            Effect::Refund if sums.refunded + job.amount > sums.taken - sums.withdrawn && sums.withdrawn > 0 => {
                no("charge_disputed")
            }
            Effect::Refund if sums.refunded + job.amount > sums.taken && sums.given_back > 0 => no("amount_too_large"),
            Effect::Refund => {
                assert!(job.amount > 0 && sums.refunded + job.amount <= sums.taken, "over-refunded: {job:?} {sums:?}");
                sums.refunded += job.amount;
                self.platform -= job.amount;
                done()
            }
            Effect::Transfer if dice.percent(moods.refuses_transfers) => no("transfers_not_allowed"),
            Effect::Transfer => {
                let mut transfers = Vec::new();
                for (n, (party, amount)) in job.transfers.iter().enumerate() {
                    // The platform has no account with itself.
                    if party.starts_with("party/platform/") || *amount == 0 {
                        continue;
                    }
                    let reference = format!("tr-{}-{n}", job.id);
                    self.platform -= amount;
                    let moved = Moved { party: party.clone(), amount: *amount, reversed: 0 };
                    self.transfers.insert(reference.clone(), moved);
                    transfers.push(Transferred { party: party.clone(), reference, amount: *amount });
                }
                Outcome::Done { reference: None, capture_before: None, fee: None, moved: None, transfers }
            }
            Effect::Reverse if dice.percent(moods.empties_accounts) => no("balance_insufficient"),
            Effect::Reverse => {
                let reference = job.transfer.clone().expect("a reversal names its transfer");
                let transfer = self.transfers.get_mut(&reference).expect("a transfer that was made");
                assert!(
                    job.amount > 0 && transfer.reversed + job.amount <= transfer.amount,
                    "reversed beyond: {job:?}"
                );
                let back = if job.amount > 1 && dice.percent(moods.rounds) { job.amount - 1 } else { job.amount };
                transfer.reversed += back;
                self.platform += back;
                Outcome::Done {
                    reference: Some(format!("trr-{}", job.id)),
                    capture_before: None,
                    fee: None,
                    moved: Some(back),
                    transfers: Vec::new(),
                }
            }
        }
    }

    fn taken(&mut self, job: &EffectJob) -> Outcome {
        let fee = job.amount / 50;
        self.platform += job.amount - fee;
        self.fees += fee;
        Outcome::Done {
            reference: Some(format!("ref-{}", job.id)),
            capture_before: None,
            fee: Some(fee),
            moved: None,
            transfers: Vec::new(),
        }
    }

    /// A refund that had gone through comes back.
    pub fn refund_fails(&mut self, payment: PaymentId, amount: i64) {
        self.payments.entry(payment).or_default().refunded -= amount;
        self.platform += amount;
    }

    /// Staff gives money back at the provider's own page, if there is as much.
    pub fn refunds_by_hand(&mut self, payment: PaymentId, amount: i64) -> bool {
        let sums = self.payments.entry(payment).or_default();
        let possible = sums.refunded + amount + sums.withdrawn <= sums.taken;
        if possible {
            sums.refunded += amount;
            sums.given_back += amount;
            self.platform -= amount;
        }
        possible
    }

    /// Staff takes what is held, or a part of it, at the provider's own page.
    pub fn takes_by_hand(&mut self, payment: PaymentId, part: u64) -> bool {
        let Some(sums) = self.payments.get_mut(&payment).filter(|s| s.held > 0) else { return false };
        (sums.taken, sums.held, sums.by_hand) = ((sums.held * part as i64 / 100).max(1), 0, true);
        self.platform += sums.taken;
        true
    }

    /// The provider releases a hold that nobody here released.
    pub fn loses_hold(&mut self, payment: PaymentId) -> bool {
        let Some(sums) = self.payments.get_mut(&payment).filter(|s| s.held > 0) else { return false };
        (sums.held, sums.lost) = (0, true);
        true
    }

    /// A customer's bank asks for money, gives it back or keeps it.
    pub fn bank_acts(&mut self, payment: PaymentId, dice: &mut Dice) -> Option<BankDispute> {
        let known = self.disputes.iter().position(|d| d.payment == payment && dice.percent(60));
        let change = self.calls as i64;
        self.calls += 1;
        let sums = self.payments.get_mut(&payment)?;
        let Some(n) = known else {
            let left = sums.taken - sums.refunded - sums.withdrawn;
            if left <= 0 || self.disputes.len() >= 3 {
                return None;
            }
            let (withdrawn, fee) = (1 + dice.below(left as u64) as i64, 1500);
            sums.withdrawn += withdrawn;
            self.platform -= withdrawn + fee;
            self.fees += fee;
            let reference = format!("dp-{}", self.disputes.len());
            let made = BankDispute { payment, reference, standing: Standing::NeedsResponse, withdrawn, fee, change };
            self.disputes.push(made.clone());
            return Some(made);
        };
        let dispute = &mut self.disputes[n];
        if matches!(dispute.standing, Standing::Won | Standing::Lost) {
            return None;
        }
        dispute.change = change;
        dispute.standing = match dice.below(3) {
            0 => Standing::UnderReview,
            1 => Standing::Lost,
            _ => Standing::Won,
        };
        if dispute.standing == Standing::Won {
            sums.withdrawn -= dispute.withdrawn;
            self.platform += dispute.withdrawn;
            dispute.withdrawn = 0;
        }
        Some(dispute.clone())
    }

    /// Pays a party, or takes a payout back that did not arrive.
    pub fn pays_out(&mut self, party: &str, amount: i64) {
        *self.paid_out.entry(party.to_owned()).or_default() += amount;
        self.platform -= amount;
    }

    /// Somebody takes money at the provider that nobody asked for.
    pub fn takes_late(&mut self, payment: PaymentId, amount: i64) {
        let sums = self.payments.entry(payment).or_default();
        (sums.taken, sums.held) = (amount, 0);
        self.platform += amount;
    }

    /// What it holds on cards.
    pub fn held(&self) -> i64 {
        self.payments.values().map(|p| p.held).sum()
    }
}
