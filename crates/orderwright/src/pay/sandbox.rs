//! The sandbox provider: shipped, with durable state of its own, every method of api.md, and faults that can be scripted.
//!
//! It keeps one row for each operation, by its idempotency key. The row of an operation that is answered at once is committed together with
//! the outcome; one whose answer is lost or comes later is committed before. So an operation takes effect once, whatever is killed when:
//! what was never committed never happened, and what was is found again by its key.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use orderwright_core::decide::{DisputeJob, EffectJob, USUAL_HOLD};
use orderwright_core::dispute::Standing;
use orderwright_core::id::{JobId, OrderId, PaymentId};
use orderwright_core::order::OFFLINE;
use orderwright_core::time::{Span, Timestamp};
use orderwright_core::workflow::Effect;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::port::{PayOut, PaymentBooks, RefundSeen};
use super::{Answer, ProviderError, Settled};
use crate::store::{Changeset, JobRow, Store};

/// The provider.
#[derive(Clone)]
pub struct Sandbox {
    store: Store,
    /// Whether a fault may be scripted: taking one is a write, and most of the time there is none.
    scripted: Arc<AtomicBool>,
    /// How long a hold lasts, in microseconds.
    hold_us: Arc<AtomicI64>,
}

/// An operation as the provider remembers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// `payment.charge` and the like.
    pub effect: String,
    /// The provider's id of the payment.
    pub reference: String,
    /// Minor units.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// Why it was declined; `None` when it worked.
    pub declined: Option<String>,
    /// When it is answered, for methods that answer late.
    pub settles_at: Option<Timestamp>,
    /// Until when what is held can be taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture_before: Option<Timestamp>,
}

impl Operation {
    fn answer(&self) -> Answer {
        match &self.declined {
            Some(code) => Answer::Declined { code: code.clone() },
            None => Answer::Done(Settled {
                reference: Some(self.reference.clone()),
                capture_before: self.capture_before,
                ..Settled::default()
            }),
        }
    }
}

/// What the sandbox says in a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Webhook {
    /// An effect has its answer.
    Effect {
        /// Of which order.
        order: OrderId,
        /// Which effect.
        effect: JobId,
    },
    /// The cardholder's bank speaks about a payment.
    Dispute {
        /// Of which order.
        order: OrderId,
        /// Which payment.
        payment: PaymentId,
        /// What it says.
        says: BankSays,
    },
}

/// What the sandbox's bank says of a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BankSays {
    /// It disputes the payment.
    Opened,
    /// It decided for the merchant.
    Won,
    /// It decided for its customer.
    Lost,
}

impl BankSays {
    const ALL: &[(&str, Self)] = &[("needs_response", Self::Opened), ("won", Self::Won), ("lost", Self::Lost)];

    /// Its word for that: Stripe's.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, s)| *s == self).map_or("", |(name, _)| name)
    }

    /// How the dispute then stands.
    pub fn standing(self) -> Standing {
        match self {
            Self::Opened => Standing::NeedsResponse,
            Self::Won => Standing::Won,
            Self::Lost => Standing::Lost,
        }
    }
}

/// Words in the operator's own text by which the sandbox's bank decides at once, as Stripe's test mode does.
const WINS: &str = "winning_evidence";
const LOSES: &str = "losing_evidence";

/// The methods, and for whom each is.
pub const METHODS: &[(&str, &str)] = &[
    ("pm_card_visa", "succeeds"),
    ("pm_card_chargeDeclined", "is declined"),
    ("pm_card_chargeDeclinedInsufficientFunds", "is declined: insufficient funds"),
    ("pm_card_chargeDeclinedExpiredCard", "is declined: expired card"),
    ("pm_card_chargeCustomerFail", "passes verification or authorisation and is declined when charged"),
    ("pm_card_createDispute", "succeeds and is disputed afterwards"),
    ("pm_sandbox_timeout", "succeeds, but the answer is lost"),
    ("pm_sandbox_slow", "is answered by webhook only, late and twice"),
    (OFFLINE, "waits for money from outside"),
];

/// Operations that are read at once.
const PAGE: i64 = 5_000;
/// How late `pm_sandbox_slow` is answered; the second time comes a second after that.
const SLOW: Span = Span::seconds(3);
/// How long after the charge `pm_card_createDispute` is disputed.
const DISPUTED_AFTER: Span = Span::seconds(2);

/// The setting that says how long a hold lasts: `7d`, `36h`.
pub const HOLD: &str = "sandbox.authorisation_life";
/// The shortest and the longest hold.
pub const HOLDS: (Span, Span) = (Span::seconds(3600), Span::seconds(90 * 86_400));

/// Outcomes that a scripted fault can force.
pub const FAULTS: &[&str] = &["declined", "lost", "unavailable", CARD_GONE];

/// A decline with the code that providers give when the card of a refund is gone.
const CARD_GONE: &str = "expired_or_canceled_card";

impl Sandbox {
    /// How long a merchant has to answer its bank.
    pub const ANSWER_WITHIN: Span = Span::seconds(9 * 86_400);
    /// What a dispute costs, won or lost, in minor units.
    pub const DISPUTE_FEE: i64 = 1500;

    /// What its bank does with what it was told: whoever gives in loses, and evidence with one of two words in it decides at once. The row of
    /// the job that will say so.
    pub fn bank_decides(job: &DisputeJob, now: Timestamp) -> Option<JobRow> {
        let summary = job.evidence.as_ref().map(|e| e["summary"].as_str().unwrap_or_default());
        let says = match summary {
            None => BankSays::Lost,
            Some(text) if text.contains(WINS) => BankSays::Won,
            Some(text) if text.contains(LOSES) => BankSays::Lost,
            Some(_) => return None,
        };
        let body = json!({ "order": job.order.to_string(), "payment": job.payment.to_string(), "says": says.name() });
        Some(JobRow {
            id: crate::kernel::digest::id(&[b"sandbox bank", &job.id.0.to_be_bytes()]),
            kind: crate::effects::SANDBOX_WEBHOOK.to_owned(),
            order_id: Some(job.order.0),
            state: "ready".to_owned(),
            run_at: now.plus(DISPUTED_AFTER).0,
            lease_owner: 0,
            lease_until: 0,
            fence: 0,
            attempts: 0,
            payload: body.to_string(),
            last_error: None,
            created_at: now.0,
        })
    }

    /// The provider on that store.
    pub fn new(store: Store) -> Self {
        let hold_us = Arc::new(AtomicI64::new(USUAL_HOLD.0));
        Self { store, scripted: Arc::new(AtomicBool::new(true)), hold_us }
    }

    /// How long a hold lasts that is made from now on.
    pub fn set_hold(&self, hold: Span) {
        self.hold_us.store(hold.0, Ordering::Relaxed);
    }

    /// A fault was scripted on this node.
    pub fn expect_faults(&self) {
        self.scripted.store(true, Ordering::Relaxed);
    }

    /// Looks whether faults are scripted and how long holds last, here or on another node. The loops call it.
    pub async fn look_for_faults(&self) -> Result<(), crate::store::StoreError> {
        let any = self.store.sandbox_faults().await?.iter().any(|f| f.remaining > 0);
        self.scripted.store(any, Ordering::Relaxed);
        let hold = self.store.setting(HOLD).await?.and_then(|text| Span::parse(&text));
        self.set_hold(hold.unwrap_or(USUAL_HOLD));
        Ok(())
    }

    /// The fault that this call comes to, if one is scripted for it.
    async fn take_fault(&self, effect: Effect) -> Result<Option<String>, ProviderError> {
        if !self.scripted.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let taken = self.store.take_sandbox_fault(effect.name()).await;
        taken.map_err(|e| ProviderError::Unavailable(e.to_string()))
    }

    /// Does an effect. An operation that is to be kept with the outcome is returned by [`Sandbox::record`].
    pub async fn execute(&self, job: &EffectJob, now: Timestamp) -> Result<Answer, ProviderError> {
        match self.take_fault(job.effect.0).await?.as_deref() {
            Some("declined") => return Ok(Answer::Declined { code: "scripted_fault".to_owned() }),
            Some(CARD_GONE) => return Ok(Answer::Declined { code: CARD_GONE.to_owned() }),
            Some("unavailable") => return Err(ProviderError::Unavailable("scripted fault".to_owned())),
            Some("lost") => {
                self.keep(job, &self.operation(job, declines(job, now), None, now), now, &[]).await?;
                return Err(ProviderError::Lost("scripted fault".to_owned()));
            }
            _ => {}
        }
        let asks_cardholder =
            matches!(job.effect.0, Effect::Verify | Effect::Authorise | Effect::Reauthorise | Effect::Charge);
        match job.method.as_str() {
            "pm_sandbox_timeout" if asks_cardholder => {
                self.keep(job, &self.operation(job, None, None, now), now, &[]).await?;
                Err(ProviderError::Lost("no answer within the time limit".to_owned()))
            }
            "pm_sandbox_slow" if asks_cardholder => {
                let at = now.plus(SLOW);
                let body = json!({ "order": job.order.to_string(), "effect": job.id.to_string() }).to_string();
                let hooks = [(at, body.clone()), (at.plus(Span::seconds(1)), body)];
                self.keep(job, &self.operation(job, None, Some(at), now), now, &hooks).await?;
                Ok(Answer::Processing)
            }
            "pm_card_createDispute" if matches!(job.effect.0, Effect::Charge | Effect::Capture) => {
                let body = json!({ "order": job.order.to_string(), "payment": job.payment.to_string() }).to_string();
                let op = self.operation(job, declines(job, now), None, now);
                self.keep(job, &op, now, &[(now.plus(DISPUTED_AFTER), body)]).await?;
                Ok(op.answer())
            }
            _ => Ok(self.operation(job, declines(job, now), None, now).answer()),
        }
    }

    fn operation(
        &self,
        job: &EffectJob,
        declined: Option<&str>,
        settles_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Operation {
        let holds = declined.is_none() && matches!(job.effect.0, Effect::Authorise | Effect::Reauthorise);
        let hold = Span(self.hold_us.load(Ordering::Relaxed));
        operation(job, declined, settles_at, holds.then(|| now.plus(hold)))
    }

    /// What the sandbox has of every payment that an operation was asked for after a key: its own books, for the reconciliation.
    pub async fn books(&self, after: &str) -> Result<BTreeMap<String, PaymentBooks>, crate::store::StoreError> {
        let mut books: BTreeMap<String, PaymentBooks> = BTreeMap::new();
        let mut last = after.to_owned();
        loop {
            let rows = self.store.sandbox_operations_after(&last, PAGE).await?;
            for (key, payment, body) in &rows {
                if let Ok(op) = serde_json::from_str::<Operation>(body) {
                    add(books.entry(payment.clone()).or_default(), key, &op);
                }
            }
            match rows.last() {
                Some((key, ..)) if rows.len() as i64 == PAGE => last.clone_from(key),
                _ => return Ok(books),
            }
        }
    }

    /// What became of an effect that was asked for by that key? `None` when it never was.
    pub async fn fetch(&self, key: JobId, now: Timestamp) -> Result<Option<Answer>, ProviderError> {
        let found = self.find(&key.to_string()).await?;
        Ok(found.map(|op| if op.settles_at.is_some_and(|at| at > now) { Answer::Processing } else { op.answer() }))
    }

    /// The final answer of an effect whose webhook came.
    pub async fn settle(&self, key: JobId) -> Result<Option<Answer>, ProviderError> {
        Ok(self.find(&key.to_string()).await?.map(|op| op.answer()))
    }

    /// Pays a party: its memory of that is committed before it answers. Faults are scripted for it as for `payment.transfer`.
    pub async fn pay_out(&self, what: &PayOut<'_>) -> Result<Answer, ProviderError> {
        if let Some(op) = self.find(what.key).await? {
            return Ok(op.answer());
        }
        let fault = self.take_fault(Effect::Transfer).await?;
        match fault.as_deref() {
            Some("declined") => return Ok(Answer::declined("scripted_fault")),
            Some("unavailable") => return Err(ProviderError::Unavailable("scripted fault".to_owned())),
            _ => {}
        }
        let op = Operation {
            effect: "payout".to_owned(),
            reference: format!("sbx_{}", what.key),
            amount: what.amount,
            currency: what.currency.code().to_owned(),
            declined: None,
            settles_at: None,
            capture_before: None,
        };
        let mut cs = Changeset::new(crate::kernel::digest::id(&[b"sandbox", what.key.as_bytes()]), what.now.0);
        cs.insert_sandbox_operation(what.key, what.account, &json!(op).to_string());
        match self.store.commit(cs).await {
            // The same key again: it was kept before.
            Ok(()) | Err(crate::store::CommitError::Duplicate { .. }) => {}
            Err(error) => return Err(ProviderError::Unavailable(error.to_string())),
        }
        if fault.as_deref() == Some("lost") {
            return Err(ProviderError::Lost("scripted fault".to_owned()));
        }
        Ok(op.answer())
    }

    async fn find(&self, key: &str) -> Result<Option<Operation>, ProviderError> {
        let body = self.store.sandbox_operation(key).await.map_err(|e| ProviderError::Unavailable(e.to_string()))?;
        Ok(body.and_then(|(_, b)| serde_json::from_str(&b).ok()))
    }

    /// Adds the provider's memory of an effect to the changeset of its outcome. A row that is there already stays.
    pub fn record(cs: &mut Changeset, job: &EffectJob, answer: &Answer) {
        let (declined, before) = match answer {
            Answer::Declined { code } => (Some(code.as_str()), None),
            Answer::Done(settled) => (None, settled.capture_before),
            Answer::ActionRequired { .. } | Answer::Processing => (None, None),
        };
        cs.insert_sandbox_operation(
            &job.id.to_string(),
            &job.payment.to_string(),
            &json!(operation(job, declined, None, before)).to_string(),
        );
    }

    /// Commits an operation before it is answered, with the webhooks that will tell of it.
    async fn keep(
        &self,
        job: &EffectJob,
        op: &Operation,
        now: Timestamp,
        webhooks: &[(Timestamp, String)],
    ) -> Result<(), ProviderError> {
        let mut cs = Changeset::new(keyed(job, 0), now.0);
        cs.insert_sandbox_operation(&job.id.to_string(), &job.payment.to_string(), &json!(op).to_string());
        for (n, (at, body)) in webhooks.iter().enumerate() {
            cs.insert_job(&JobRow {
                id: keyed(job, n as i64 + 1),
                kind: crate::effects::SANDBOX_WEBHOOK.to_owned(),
                order_id: Some(job.order.0),
                state: "ready".to_owned(),
                run_at: at.0,
                lease_owner: 0,
                lease_until: 0,
                fence: 0,
                attempts: 0,
                payload: body.clone(),
                last_error: None,
                created_at: now.0,
            });
        }
        match self.store.commit(cs).await {
            // The same key again: it was kept before.
            Ok(_) | Err(crate::store::CommitError::Duplicate { .. }) => Ok(()),
            Err(error) => Err(ProviderError::Unavailable(error.to_string())),
        }
    }
}

/// An id that belongs to this operation for good, so that keeping it twice is found out.
fn keyed(job: &EffectJob, n: i64) -> i64 {
    crate::kernel::digest::id(&[b"sandbox", &job.id.0.to_be_bytes(), &n.to_be_bytes()])
}

/// Adds an operation to what is known of its payment.
fn add(books: &mut PaymentBooks, key: &str, op: &Operation) {
    if op.declined.is_some() {
        return;
    }
    books.currency.clone_from(&op.currency);
    match Effect::parse(&op.effect) {
        Some(Effect::Authorise | Effect::Reauthorise) => books.held = op.amount,
        Some(Effect::Charge | Effect::Capture) => (books.taken, books.held) = (op.amount, 0),
        Some(Effect::Void) => books.held = 0,
        Some(Effect::Refund) => {
            books.refunds.push(RefundSeen { reference: key.to_owned(), amount: op.amount, failed: None, by_us: true })
        }
        Some(Effect::Verify | Effect::CheckStock | Effect::Transfer | Effect::Reverse) | None => {}
    }
}

fn operation(
    job: &EffectJob,
    declined: Option<&str>,
    settles_at: Option<Timestamp>,
    capture_before: Option<Timestamp>,
) -> Operation {
    Operation {
        effect: job.effect.0.name().to_owned(),
        reference: job.reference.clone().unwrap_or_else(|| job.payment.to_string().replace("pay_", "sbx_")),
        amount: job.amount,
        currency: job.currency.code().to_owned(),
        declined: declined.map(str::to_owned),
        settles_at,
        capture_before,
    }
}

/// Why the method declines this effect, if it does.
fn declines(job: &EffectJob, now: Timestamp) -> Option<&'static str> {
    let asks_cardholder =
        matches!(job.effect.0, Effect::Verify | Effect::Authorise | Effect::Reauthorise | Effect::Charge);
    if job.effect.0 == Effect::Capture && job.capture_before.is_some_and(|before| before <= now) {
        return Some("authorisation_expired");
    }
    match job.method.as_str() {
        "pm_card_chargeDeclined" if asks_cardholder => Some("card_declined"),
        "pm_card_chargeDeclinedInsufficientFunds" if asks_cardholder => Some("insufficient_funds"),
        "pm_card_chargeDeclinedExpiredCard" if asks_cardholder => Some("expired_card"),
        "pm_card_chargeCustomerFail" if matches!(job.effect.0, Effect::Charge | Effect::Capture) => {
            Some("card_declined")
        }
        _ => None,
    }
}

/// Reads the body of a webhook that [`Sandbox`] sent.
pub fn webhook(payload: &str) -> Option<Webhook> {
    let value: serde_json::Value = serde_json::from_str(payload).ok()?;
    let order = OrderId::parse(value["order"].as_str()?)?;
    if let Some(effect) = value["effect"].as_str() {
        return JobId::parse(effect).map(|effect| Webhook::Effect { order, effect });
    }
    let payment = PaymentId::parse(value["payment"].as_str()?)?;
    // One that was sent off before banks said more than that they dispute.
    let says = value["says"].as_str().and_then(|s| BankSays::ALL.iter().find(|(name, _)| *name == s));
    Some(Webhook::Dispute { order, payment, says: says.map_or(BankSays::Opened, |(_, says)| *says) })
}
