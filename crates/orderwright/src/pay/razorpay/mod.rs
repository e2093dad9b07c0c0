//! Razorpay: orders that the customer pays in its checkout, manual capture, Route transfers, refunds, disputes.
//!
//! There is no idempotency key on orders, captures, transfers of a payment and reversals: whatever was asked before is looked for first, by
//! the receipt or the notes that we wrote, and only what is not there is made. Refunds have a key. A capture is of the whole amount; a
//! smaller one is that and a refund of the rest. Nothing can be voided: what is not captured goes back to the customer by itself.
//! Source of the rules: razorpay.com/docs/api.

mod books;
mod disputes;
mod payments;
mod payouts;
mod refunds;
mod transfers;
mod webhook;

use orderwright_core::decide::EffectJob;
use orderwright_core::id::{JobId, OrderId, PaymentId, PayoutId};
use orderwright_core::workflow::Effect;
use reqwest::Method;
use serde_json::{Value, json};

use super::config::RazorpayConfig;
use super::http::{Auth, Body, Call, Http, Reply};
use super::port::{AccountState, CustomerAction, Facts, ObjectKind, ObjectRef, Owner, Work};
use super::{Answer, ProviderError};

/// The adapter.
#[derive(Clone)]
pub struct Razorpay {
    http: Http,
    config: RazorpayConfig,
}

impl Razorpay {
    /// The adapter with these settings.
    pub fn new(config: RazorpayConfig) -> anyhow::Result<Self> {
        let auth = Auth::Basic(config.key_id.clone(), config.key_secret.clone());
        Ok(Self { http: Http::new("razorpay", &config.api_base, auth, config.timeout)?, config })
    }

    /// Does an effect.
    pub async fn execute(&self, work: &Work<'_>) -> Result<Answer, ProviderError> {
        match work.job.effect.0 {
            Effect::Authorise | Effect::Charge | Effect::Verify => self.authorise(work).await,
            Effect::Capture => self.capture(work.job).await,
            Effect::Void => self.void(work.job).await,
            Effect::Refund => self.refund(work.job).await,
            Effect::Transfer => self.transfer(work).await,
            Effect::Reverse => self.reverse(work.job).await,
            // Nothing can be held again without the customer.
            Effect::Reauthorise => Ok(Answer::declined("hold_not_renewable")),
            Effect::CheckStock => Ok(Answer::Processing),
        }
    }

    /// What became of an effect.
    pub async fn ask(&self, work: &Work<'_>) -> Result<Option<Answer>, ProviderError> {
        match work.job.effect.0 {
            Effect::Authorise | Effect::Charge | Effect::Verify => self.ask_authorise(work).await,
            Effect::Refund => self.ask_refund(work.job).await,
            // These look first by themselves.
            Effect::Capture
            | Effect::Void
            | Effect::Transfer
            | Effect::Reverse
            | Effect::Reauthorise
            | Effect::CheckStock => Ok(None),
        }
    }

    /// What an object says now.
    pub async fn fetch(&self, object: &ObjectRef) -> Result<Option<Facts>, ProviderError> {
        match object.kind {
            ObjectKind::Payment => self.payment_facts(&object.id).await,
            ObjectKind::Refund => self.refund_facts(&object.id).await,
            ObjectKind::Dispute => self.dispute_facts(&object.id).await,
            ObjectKind::Transfer => self.transfer_facts(&object.id).await,
            ObjectKind::Account => Ok(self.account_state(&object.id).await?.map(Facts::Account)),
            ObjectKind::Other => Ok(None),
        }
    }

    /// What the browser needs.
    pub async fn customer_action(&self, reference: &str) -> Result<Option<CustomerAction>, ProviderError> {
        if !reference.starts_with("order_") {
            return Ok(None);
        }
        let Some(order) = self.get(&format!("/v1/orders/{reference}")).await? else { return Ok(None) };
        if text(&order, "status") == "paid" {
            return Ok(None);
        }
        Ok(Some(CustomerAction::Razorpay {
            key_id: self.config.key_id.clone(),
            gateway_order: reference.to_owned(),
            script_url: self.config.script_url.clone(),
        }))
    }

    /// How a linked account of Route stands.
    pub async fn account_state(&self, account: &str) -> Result<Option<AccountState>, ProviderError> {
        let Some(found) = self.get(&format!("/v2/accounts/{account}")).await? else { return Ok(None) };
        let active = matches!(text(&found, "status"), "created" | "activated");
        Ok(Some(AccountState {
            account: account.to_owned(),
            can_receive: active,
            can_be_paid_out: active,
            missing: Vec::new(),
            disabled: (!active).then(|| text(&found, "status").to_owned()),
        }))
    }

    /// An object; `None` when there is none. Razorpay says so by 400 as well as by 404.
    async fn get(&self, path: &str) -> Result<Option<Value>, ProviderError> {
        let call = Call { method: Method::GET, path, headers: Vec::new(), body: Body::Empty, repeatable: true };
        let reply = self.http.send(call).await?;
        let missing = text(&reply.body["error"], "description").contains("does not exist");
        match reply.status {
            404 => Ok(None),
            400 if missing => Ok(None),
            _ if reply.is_success() => Ok(Some(reply.body)),
            _ => Err(unexpected(&reply)),
        }
    }

    /// A list's items.
    async fn items(&self, path: &str) -> Result<Vec<Value>, ProviderError> {
        let list = self.get(path).await?;
        Ok(list.and_then(|l| l["items"].as_array().cloned()).unwrap_or_default())
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Value,
        headers: Vec<(&'static str, String)>,
        repeatable: bool,
    ) -> Result<Reply, ProviderError> {
        self.http.send(Call { method, path, headers, body: Body::Json(body), repeatable }).await
    }

    /// A write without a key: an answer that is lost is asked for, never repeated.
    async fn post(&self, path: &str, body: Value) -> Result<Reply, ProviderError> {
        self.call(Method::POST, path, body, Vec::new(), false).await
    }
}

/// What we write on an object.
fn notes(job: &EffectJob) -> Value {
    json!({
        "orderwright_order": job.order.to_string(),
        "orderwright_payment": job.payment.to_string(),
        "orderwright_effect": job.id.to_string(),
    })
}

/// Reads it again. Notes without entries are an empty list there.
fn owner(object: &Value) -> Owner {
    let read = |name: &str| object["notes"][name].as_str();
    Owner {
        order: read("orderwright_order").and_then(OrderId::parse),
        payment: read("orderwright_payment").and_then(PaymentId::parse),
        effect: read("orderwright_effect").and_then(JobId::parse),
        payout: read("orderwright_payout").and_then(PayoutId::parse),
    }
}

fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object[field].as_str().unwrap_or_default()
}

/// A refusal in the engine's words. Razorpay says to act on `reason`; the known sentences stand for codes that it does not give.
fn refusal(reply: &Reply) -> Result<Answer, ProviderError> {
    const SENTENCES: &[(&str, &str)] = &[
        ("greater than the available amount", "amount_too_large"),
        ("greater than the captured amount", "amount_too_large"),
        ("must be equal to the amount authorized", "amount_not_authorised"),
        ("insufficient balance", "balance_insufficient"),
        ("does not have sufficient balance", "balance_insufficient"),
        ("fully refunded already", "charge_already_refunded"),
        ("more than 6 months", "payment_too_old"),
        ("currency should be INR", "currency_not_supported"),
    ];
    let error = &reply.body["error"];
    let description = text(error, "description");
    if description.contains("idempotency key has already been processed") {
        return Err(unexpected(reply));
    }
    if let Some((_, code)) = SENTENCES.iter().find(|(sentence, _)| description.contains(sentence)) {
        return Ok(Answer::declined(*code));
    }
    match text(error, "reason") {
        "" | "NA" | "input_validation_failed" => Err(unexpected(reply)),
        reason => Ok(Answer::declined(reason)),
    }
}

/// An answer that the adapter did not expect.
fn unexpected(reply: &Reply) -> ProviderError {
    let error = &reply.body["error"];
    let words: Vec<&str> = ["code", "reason", "field", "description"]
        .into_iter()
        .map(|f| text(error, f))
        .filter(|w| !w.is_empty())
        .collect();
    ProviderError::Mismatch(format!("razorpay answered {}: {}", reply.status, words.join(" · ")))
}
