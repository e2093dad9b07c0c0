//! The one door to the providers: which there are, and what each can be asked, in the engine's words.
//!
//! The engine asks by effect ([`Provider::execute`], [`Provider::ask`]); webhooks, the payment page and operators ask by verb. A payment
//! stays with the provider that it began with, so the door is found by the name that the payment keeps. What is not here: how a provider
//! says any of it on the wire.

use std::collections::BTreeMap;

use orderwright_core::decide::EffectJob;
use orderwright_core::dispute::Standing;
use orderwright_core::id::{JobId, OrderId, PaymentId, PayoutId};
use orderwright_core::money::Currency;
use orderwright_core::order::SANDBOX;
use orderwright_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::config::{PayConfig, Secret};
use super::razorpay::Razorpay;
use super::sandbox::Sandbox;
use super::signature::Forged;
use super::stripe::Stripe;
use super::{Answer, ProviderError};
use crate::store::Store;

/// Names of the providers that move money.
pub const NAMES: &[&str] = &[SANDBOX, "stripe", "razorpay"];

/// A party's part of a transfer, with the account that it has at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Its place among the job's transfers: part of the idempotency key.
    pub number: usize,
    /// The party's ledger account, `party/merchant/mer_…`.
    pub party: String,
    /// The account at the provider.
    pub account: String,
    /// Minor units.
    pub amount: i64,
}

/// An effect to do, with what the job itself does not know.
#[derive(Clone, Debug)]
pub struct Work<'a> {
    /// The job.
    pub job: &'a EffectJob,
    /// Whom to transfer to. A party without an account at the provider is not here: it is paid another way.
    pub legs: &'a [Leg],
    /// The shop's time.
    pub now: Timestamp,
    /// Whether the customer's time for doing something ends with this call: what still waits is given up at the provider.
    pub give_up: bool,
}

/// What the customer's browser needs to go on with a payment. It holds a secret of that payment and is never stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CustomerAction {
    /// Stripe's component.
    Stripe {
        /// `pk_…`
        publishable_key: String,
        /// Of the PaymentIntent or SetupIntent.
        client_secret: Secret,
        /// Whether a card is verified rather than charged.
        setup: bool,
        /// Whether the card is known and only the bank's confirmation is missing.
        confirm_only: bool,
        /// Where the component comes from.
        script_url: String,
    },
    /// Razorpay's checkout.
    Razorpay {
        /// `rzp_…`
        key_id: String,
        /// `order_…`
        gateway_order: String,
        /// Where the checkout comes from.
        script_url: String,
    },
}

/// Kinds of objects that webhooks speak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// A payment: PaymentIntent, SetupIntent, Razorpay payment or order.
    Payment,
    /// Money that goes back.
    Refund,
    /// A chargeback.
    Dispute,
    /// Money that goes on to a party.
    Transfer,
    /// A party's account.
    Account,
    /// Nothing that we act on.
    Other,
}

/// An object at a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    /// What it is.
    pub kind: ObjectKind,
    /// The provider's id.
    pub id: String,
}

/// A webhook that was believed.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// The provider's id of the event.
    pub event_id: String,
    /// `payment_intent.succeeded`, `payment.captured`.
    pub kind: String,
    /// What it is about.
    pub object: ObjectRef,
    /// What may be kept of the body: nothing that is a person's ([`kept`]).
    pub kept: serde_json::Value,
    /// When it happened, by the provider's clock.
    pub created_at: Timestamp,
}

/// Whose an object is: what we wrote on it when we made it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// The order.
    pub order: Option<OrderId>,
    /// The payment.
    pub payment: Option<PaymentId>,
    /// The effect that made it.
    pub effect: Option<JobId>,
    /// The payout that it pays, which is of no order.
    pub payout: Option<PayoutId>,
}

/// What a provider's object says now. Amounts are in our minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Facts {
    /// A payment.
    Payment {
        /// Whose.
        owner: Owner,
        /// The provider's id.
        reference: String,
        /// What it is for.
        amount: i64,
        /// ISO 4217, upper case.
        currency: String,
        /// Held and not taken yet.
        held: i64,
        /// Taken.
        taken: i64,
    },
    /// A refund.
    Refund {
        /// Whose. Without an effect nobody here asked for it: somebody made it at the provider, and its payment says whose it is.
        owner: Owner,
        /// The provider's id.
        reference: String,
        /// What goes back.
        amount: i64,
        /// ISO 4217, upper case.
        currency: String,
        /// Why it failed, if it did.
        failed: Option<String>,
    },
    /// A chargeback.
    Dispute {
        /// Whose.
        owner: Owner,
        /// The provider's id.
        reference: String,
        /// What is disputed.
        amount: i64,
        /// ISO 4217, upper case.
        currency: String,
        /// How it stands.
        standing: Standing,
        /// The provider's word for that.
        status: String,
        /// What the bank has of it now.
        withdrawn: i64,
        /// What the provider charges for it.
        fee: i64,
        /// Until when it is to be answered.
        respond_by: Option<Timestamp>,
        /// The bank's reason.
        reason: Option<String>,
    },
    /// A transfer.
    Transfer {
        /// Whose.
        owner: Owner,
        /// The provider's id.
        reference: String,
        /// What goes on.
        amount: i64,
        /// Of that, what came back.
        reversed: i64,
    },
    /// A party's account.
    Account(AccountState),
}

/// How a party's account at the provider stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountState {
    /// The provider's id.
    pub account: String,
    /// Whether money can be transferred to it.
    pub can_receive: bool,
    /// Whether the provider pays it out.
    pub can_be_paid_out: bool,
    /// What the provider still wants to know.
    pub missing: Vec<String>,
    /// Why it is closed, if it is.
    pub disabled: Option<String>,
}

/// Money that goes to a party's account, from no payment in particular.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayOut<'a> {
    /// The idempotency key: 10 to 36 characters.
    pub key: &'a str,
    /// The account at the provider.
    pub account: &'a str,
    /// The party's ledger account.
    pub party: &'a str,
    /// Minor units.
    pub amount: i64,
    /// Of the amount.
    pub currency: Currency,
    /// Before which instant it was not asked for.
    pub since: Timestamp,
    /// The shop's time.
    pub now: Timestamp,
}

/// A transfer to take back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reversal {
    /// The idempotency key: 10 to 36 characters.
    pub key: String,
    /// The provider's id of the transfer.
    pub transfer: String,
    /// Minor units; at most what is left of it.
    pub amount: i64,
}

/// A refund as a provider's own books have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundSeen {
    /// The provider's id.
    pub reference: String,
    /// Minor units of the order's currency.
    pub amount: i64,
    /// Why it failed, if it did.
    pub failed: Option<String>,
    /// Whether we asked for it; otherwise somebody made it there.
    pub by_us: bool,
}

/// A chargeback as a provider's own books have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisputeSeen {
    /// The provider's id.
    pub reference: String,
    /// What is disputed, in minor units of the order's currency.
    pub amount: i64,
    /// How it stands.
    pub standing: Standing,
    /// What the bank has of it now.
    pub withdrawn: i64,
    /// What the provider charges for it, as far as it says.
    pub fee: i64,
}

/// Chargebacks by the provider's id of their payment.
pub type Disputes = BTreeMap<String, Vec<DisputeSeen>>;

/// A transfer as a provider's own books have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferSeen {
    /// The provider's id.
    pub reference: String,
    /// Minor units of the order's currency.
    pub amount: i64,
    /// Of that, what came back.
    pub reversed: i64,
}

/// What a provider's own books have of a payment. Amounts are minor units of the order's currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaymentBooks {
    /// ISO 4217, upper case.
    pub currency: String,
    /// Held and not taken.
    pub held: i64,
    /// Taken.
    pub taken: i64,
    /// Refunds, those that failed too.
    pub refunds: Vec<RefundSeen>,
    /// What went on to parties' accounts.
    pub transfers: Vec<TransferSeen>,
    /// Chargebacks. Where a provider lists them apart from payments, they are read by [`Provider::disputes`].
    pub disputes: Vec<DisputeSeen>,
}

impl PaymentBooks {
    /// What went back, or is on its way.
    pub fn refunded(&self) -> i64 {
        self.refunds.iter().filter(|r| r.failed.is_none()).map(|r| r.amount).sum()
    }
}

/// A payment that a provider has, as a list of them says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentSeen {
    /// The provider's id.
    pub reference: String,
    /// Whose, as far as it says.
    pub owner: Owner,
    /// ISO 4217, upper case.
    pub currency: String,
    /// Taken, in that currency's minor units.
    pub taken: i64,
}

/// What a merchant's side says against a chargeback. The texts are for the bank; no field may hold more of the customer than it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// What happened, in plain words.
    pub summary: Option<String>,
    /// What was sold.
    pub product: Option<String>,
    /// The carrier.
    pub carrier: Option<String>,
    /// The carrier's number.
    pub tracking_number: Option<String>,
    /// When it was delivered, `YYYY-MM-DD`.
    pub delivered_on: Option<String>,
    /// Files at the provider, by the provider's name of the field: `shipping_documentation`, `shipping_proof`.
    pub files: Vec<(String, String)>,
}

/// Fields of events that are kept: ids, kinds, states, money and times. Names, addresses, cards and free text have no field here, so they
/// are not kept, whatever a provider adds.
const KEPT: &[&str] = &[
    "id",
    "object",
    "entity",
    "type",
    "event",
    "api_version",
    "livemode",
    "account",
    "account_id",
    "contains",
    "created",
    "created_at",
    "data",
    "payload",
    "payment",
    "order",
    "refund",
    "transfer",
    "dispute",
    "amount",
    "amount_capturable",
    "amount_received",
    "amount_refunded",
    "amount_reversed",
    "amount_transferred",
    "amount_paid",
    "amount_due",
    "amount_deducted",
    "base_amount",
    "currency",
    "status",
    "captured",
    "refunded",
    "disputed",
    "paid",
    "payment_intent",
    "charge",
    "latest_charge",
    "payment_id",
    "order_id",
    "refund_status",
    "failure_code",
    "failure_reason",
    "cancellation_reason",
    "decline_code",
    "code",
    "error_code",
    "error_reason",
    "error_source",
    "error_step",
    "reason_code",
    "reason",
    "respond_by",
    "phase",
    "fee",
    "tax",
    "late_authorized",
    "transfer_group",
    "destination",
    "source",
    "recipient",
    "settlement_status",
    "speed_processed",
    "speed_requested",
    "metadata",
    "notes",
    "orderwright_order",
    "orderwright_payment",
    "orderwright_effect",
    "orderwright_party",
    "orderwright_leg",
    "orderwright_payout",
    "last_payment_error",
    "last_setup_error",
    "charges_enabled",
    "payouts_enabled",
    "receipt",
];
/// The longest text that is kept.
const KEPT_TEXT: usize = 255;

/// What may be kept of an event: the fields of [`KEPT`], and of those only what is no free text.
pub fn kept(event: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match event {
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(name, _)| KEPT.contains(&name.as_str()));
            Value::Object(fields.map(|(name, value)| (name.clone(), kept(value))).collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(kept).collect()),
        // Ids and words of the provider have no blanks and no @.
        Value::String(text) if text.len() > KEPT_TEXT || text.contains([' ', '@']) => Value::Null,
        other => other.clone(),
    }
}

/// A provider.
#[derive(Clone)]
pub enum Provider {
    /// The one that moves no money.
    Sandbox(Sandbox),
    /// Stripe.
    Stripe(Stripe),
    /// Razorpay.
    Razorpay(Razorpay),
}

impl Provider {
    /// Its name in payments and settings.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sandbox(_) => SANDBOX,
            Self::Stripe(_) => "stripe",
            Self::Razorpay(_) => "razorpay",
        }
    }

    /// Does an effect.
    pub async fn execute(&self, work: &Work<'_>) -> Result<Answer, ProviderError> {
        match self {
            Self::Sandbox(p) => p.execute(work.job, work.now).await,
            Self::Stripe(p) => p.execute(work).await,
            Self::Razorpay(p) => p.execute(work).await,
        }
    }

    /// What became of an effect that may have been asked for before? `None` when it never took effect.
    pub async fn ask(&self, work: &Work<'_>) -> Result<Option<Answer>, ProviderError> {
        match self {
            Self::Sandbox(p) => p.fetch(work.job.id, work.now).await,
            Self::Stripe(p) => p.ask(work).await,
            Self::Razorpay(p) => p.ask(work).await,
        }
    }

    /// What an object says now; `None` when the provider has no such object.
    pub async fn fetch(&self, object: &ObjectRef) -> Result<Option<Facts>, ProviderError> {
        match self {
            Self::Sandbox(_) => Ok(None),
            Self::Stripe(p) => p.fetch(object).await,
            Self::Razorpay(p) => p.fetch(object).await,
        }
    }

    /// What the customer's browser needs to go on with that payment; `None` when nothing is waited for.
    pub async fn customer_action(&self, reference: &str) -> Result<Option<CustomerAction>, ProviderError> {
        match self {
            Self::Sandbox(_) => Ok(None),
            Self::Stripe(p) => p.customer_action(reference).await,
            Self::Razorpay(p) => p.customer_action(reference).await,
        }
    }

    /// Whether the payment page can take a payment: its component is set up.
    pub fn has_page(&self) -> bool {
        match self {
            Self::Sandbox(_) => false,
            Self::Stripe(p) => p.has_page(),
            Self::Razorpay(_) => true,
        }
    }

    /// What the provider's own books have of a payment of ours; `None` when it has no such payment. The sandbox's books are read by
    /// [`super::sandbox::Sandbox::books`], all at once.
    pub async fn payment_books(&self, order: OrderId, reference: &str) -> Result<Option<PaymentBooks>, ProviderError> {
        match self {
            Self::Sandbox(_) => Ok(None),
            Self::Stripe(p) => p.payment_books(order, reference).await,
            Self::Razorpay(p) => p.payment_books(reference).await,
        }
    }

    /// All chargebacks, of a provider that cannot be asked for those of one payment; `None` of the others.
    pub async fn disputes(&self) -> Result<Option<Disputes>, ProviderError> {
        match self {
            Self::Sandbox(_) | Self::Stripe(_) => Ok(None),
            Self::Razorpay(p) => p.disputes().await.map(Some),
        }
    }

    /// A page of the payments that the provider has of a time, by its own clock, and where the next page begins.
    pub async fn payments_between(
        &self,
        from: Timestamp,
        to: Timestamp,
        page: Option<&str>,
    ) -> Result<(Vec<PaymentSeen>, Option<String>), ProviderError> {
        match self {
            Self::Sandbox(_) => Ok((Vec::new(), None)),
            Self::Stripe(p) => p.payments_between(from, to, page).await,
            Self::Razorpay(p) => p.payments_between(from, to, page).await,
        }
    }

    /// Pays a party. The same key again gives the first answer again, and pays nothing more.
    pub async fn pay_out(&self, what: &PayOut<'_>) -> Result<Answer, ProviderError> {
        match self {
            Self::Sandbox(p) => p.pay_out(what).await,
            Self::Stripe(p) => p.pay_out(what).await,
            Self::Razorpay(p) => p.pay_out(what).await,
        }
    }

    /// Takes a transfer back. A key that was used gives the first answer again, where the provider has keys; where it has none, it is asked.
    pub async fn reverse_transfer(&self, reversal: &Reversal) -> Result<Answer, ProviderError> {
        match self {
            Self::Sandbox(_) => Ok(Answer::done(format!("{}_reversed", reversal.transfer))),
            Self::Stripe(p) => p.reverse_transfer(reversal).await,
            Self::Razorpay(p) => p.reverse_transfer(reversal).await,
        }
    }

    /// Puts evidence to a chargeback; `submit` sends it to the bank, after which nothing can be added.
    pub async fn submit_evidence(
        &self,
        dispute: &str,
        evidence: &Evidence,
        submit: bool,
    ) -> Result<Answer, ProviderError> {
        match self {
            Self::Sandbox(_) => Ok(Answer::done(dispute)),
            Self::Stripe(p) => p.submit_evidence(dispute, evidence, submit).await,
            Self::Razorpay(p) => p.submit_evidence(dispute, evidence, submit).await,
        }
    }

    /// Does not contest a chargeback. Given in twice, it is still given in.
    pub async fn accept_dispute(&self, dispute: &str) -> Result<Answer, ProviderError> {
        match self {
            Self::Sandbox(_) => Ok(Answer::done(dispute)),
            Self::Stripe(p) => p.accept_dispute(dispute).await,
            Self::Razorpay(p) => p.accept_dispute(dispute).await,
        }
    }

    /// Whether a webhook comes from the provider, and what it is about.
    pub fn verify_webhook(
        &self,
        signature: Option<&str>,
        event_id: Option<&str>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Notice, Forged> {
        match self {
            Self::Sandbox(_) => Err(Forged::NoSecret),
            Self::Stripe(p) => p.verify_webhook(signature, body, now),
            Self::Razorpay(p) => p.verify_webhook(signature, event_id, body),
        }
    }

    /// Whether an order may be paid by that method there; what may be said instead, if not.
    pub fn takes(&self, method: &str) -> Result<(), String> {
        match self {
            Self::Sandbox(_) => {
                let known: Vec<&str> = super::sandbox::METHODS.iter().map(|(name, _)| *name).collect();
                if known.contains(&method) { Ok(()) } else { Err(known.join(", ")) }
            }
            Self::Stripe(_) if method == CHECKOUT || is_token(method, "pm_") => Ok(()),
            Self::Stripe(_) => Err(format!("{CHECKOUT} (the payment page), or pm_… of Stripe's component")),
            Self::Razorpay(_) if method == CHECKOUT => Ok(()),
            Self::Razorpay(_) => Err(format!("{CHECKOUT} (the payment page)")),
        }
    }
}

/// The method of a customer who enters the card in the provider's component.
pub const CHECKOUT: &str = "checkout";

/// Whether it is one of the provider's tokens of methods.
fn is_token(method: &str, prefix: &str) -> bool {
    let rest = method.strip_prefix(prefix).unwrap_or_default();
    (1..=250).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The providers of this server.
#[derive(Clone)]
pub struct Providers {
    /// Always there; whether its methods may be used is the operator's choice of channel settings.
    pub sandbox: Sandbox,
    stripe: Option<Provider>,
    razorpay: Option<Provider>,
    sandbox_door: Provider,
}

impl Providers {
    /// Builds the adapters that are set up.
    pub fn new(store: &Store, config: PayConfig) -> anyhow::Result<Self> {
        let sandbox = Sandbox::new(store.clone());
        Ok(Self {
            stripe: config.stripe.map(Stripe::new).transpose()?.map(Provider::Stripe),
            razorpay: config.razorpay.map(Razorpay::new).transpose()?.map(Provider::Razorpay),
            sandbox_door: Provider::Sandbox(sandbox.clone()),
            sandbox,
        })
    }

    /// The provider of that name, if it is set up here.
    pub fn get(&self, name: &str) -> Option<&Provider> {
        match name {
            SANDBOX => Some(&self.sandbox_door),
            "stripe" => self.stripe.as_ref(),
            "razorpay" => self.razorpay.as_ref(),
            _ => None,
        }
    }

    /// The provider of that name, or why nothing can be asked of it.
    pub fn door(&self, name: &str) -> Result<&Provider, ProviderError> {
        self.get(name)
            .ok_or_else(|| ProviderError::Unavailable(format!("{name} is not set up on this server: give it its keys")))
    }

    /// The names of those that are set up.
    pub fn names(&self) -> Vec<&'static str> {
        NAMES.iter().copied().filter(|name| self.get(name).is_some()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_person_is_kept_of_an_event() {
        let event = serde_json::json!({
            "entity": "event", "event": "payment.captured", "contains": ["payment"],
            "payload": { "payment": { "entity": {
                "id": "pay_1", "amount": 100, "status": "captured", "email": "gaurav@example.com", "contact": "+919900000000",
                "vpa": "gaurav@upi", "card": { "last4": "4242", "name": "Gaurav" }, "description": "for Gaurav", "order_id": "order_1",
                "notes": { "orderwright_order": "ord_1", "comment": "call Gaurav" }, "reason": "Gaurav said so"
            } } }
        });
        let kept = kept(&event);
        let entity = &kept["payload"]["payment"]["entity"];
        assert_eq!(
            (&entity["id"], &entity["amount"], &entity["order_id"]),
            (&"pay_1".into(), &100.into(), &"order_1".into())
        );
        assert_eq!(entity["notes"]["orderwright_order"], "ord_1");
        let text = kept.to_string();
        for word in ["aurav", "9900", "4242"] {
            assert!(!text.contains(word), "{text}");
        }
    }

    #[test]
    fn tokens_are_told_from_anything_else() {
        assert!(is_token("pm_1MqLiJLkdIwHu7ixUEgbFdYF", "pm_") && is_token("pm_card_visa", "pm_"));
        for wrong in ["pm_", "4242424242424242", "pm_a b", "pm_a/../b", "card_1", ""] {
            assert!(!is_token(wrong, "pm_"), "{wrong}");
        }
    }
}
