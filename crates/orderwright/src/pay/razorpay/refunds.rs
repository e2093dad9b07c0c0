//! Refunds: the one call that takes an idempotency key (`X-Refund-Idempotency`, at least 10 characters).

use orderwright_core::decide::EffectJob;
use reqwest::Method;
use serde_json::{Value, json};

use super::payments::payment_of;
use super::{Razorpay, notes, owner, refusal, text};
use crate::pay::http::Reply;
use crate::pay::port::{Facts, Owner};
use crate::pay::{Answer, ProviderError, Settled, shown};

impl Razorpay {
    /// Gives money back.
    pub async fn refund(&self, job: &EffectJob) -> Result<Answer, ProviderError> {
        let id = payment_of(job)?;
        let body = json!({
            "amount": job.amount, "speed": "normal", "receipt": job.id.to_string(), "notes": notes(job),
        });
        let reply = self.refund_call(id, body, job.id.to_string()).await?;
        if reply.is_success() { settle(&reply.body, job) } else { refusal(&reply) }
    }

    pub(super) async fn refund_call(&self, payment: &str, body: Value, key: String) -> Result<Reply, ProviderError> {
        let headers = vec![("x-refund-idempotency", key)];
        self.call(Method::POST, &format!("/v1/payments/{payment}/refund"), body, headers, true).await
    }

    /// What became of a refund: the payment's refunds have our notes.
    pub async fn ask_refund(&self, job: &EffectJob) -> Result<Option<Answer>, ProviderError> {
        let refunds = self.items(&format!("/v1/payments/{}/refunds?count=100", payment_of(job)?)).await?;
        let found = refunds.iter().find(|r| owner(r).effect == Some(job.id));
        found.map(|refund| settle(refund, job)).transpose()
    }

    /// What a refund says now. One that was made in Razorpay's dashboard has nothing of ours on it: its payment's order has.
    pub(super) async fn refund_facts(&self, id: &str) -> Result<Option<Facts>, ProviderError> {
        let Some(refund) = self.get(&format!("/v1/refunds/{id}")).await? else { return Ok(None) };
        let mut whose = owner(&refund);
        if whose.effect.is_none()
            && let Some(payment) = refund["payment_id"].as_str()
        {
            whose = Owner { effect: None, ..self.owner_of_payment(payment).await? };
        }
        Ok(Some(Facts::Refund {
            owner: whose,
            reference: id.to_owned(),
            amount: refund["amount"].as_i64().unwrap_or(0),
            currency: text(&refund, "currency").to_owned(),
            failed: (text(&refund, "status") == "failed").then(|| "failed".to_owned()),
        }))
    }
}

fn settle(refund: &Value, job: &EffectJob) -> Result<Answer, ProviderError> {
    let (id, amount) = (text(refund, "id"), refund["amount"].as_i64().unwrap_or(-1));
    if amount != job.amount || text(refund, "currency") != job.currency.code() {
        let there = shown(amount, text(refund, "currency"));
        return Err(ProviderError::Mismatch(format!("{id} gives back {there}, not {}", job.currency.show(job.amount))));
    }
    Ok(match text(refund, "status") {
        "failed" => Answer::declined("refund_failed"),
        _ => Answer::Done(Settled { reference: Some(id.to_owned()), moved: Some(amount), ..Settled::default() }),
    })
}
