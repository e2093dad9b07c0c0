//! Refunds. One that succeeded can fail days later: the webhook tells, and [`Facts::Refund`] says why.

use orderwright_core::decide::EffectJob;
use serde_json::Value;

use super::intents::reference_of;
use super::money::{from_stripe, to_stripe};
use super::{Stripe, answers, id_in, owner, text, with_owner};
use crate::pay::form::Form;
use crate::pay::port::{Facts, Owner};
use crate::pay::{Answer, ProviderError, Settled, shown};

impl Stripe {
    /// Gives money back.
    pub async fn refund(&self, job: &EffectJob) -> Result<Answer, ProviderError> {
        let form =
            Form::new().add("payment_intent", reference_of(job)?).add("amount", to_stripe(job.amount, job.currency)?);
        let reply = self.post("/v1/refunds", &with_owner(form, job), &job.id.to_string()).await?;
        if !reply.is_success() {
            return answers::refusal(&reply);
        }
        let refund = match reply.replayed {
            true => self.get(&format!("/v1/refunds/{}", text(&reply.body, "id"))).await?.unwrap_or(reply.body),
            false => reply.body,
        };
        settle(&refund, job)
    }

    /// What became of a refund: Stripe lists the payment's refunds, and ours has the job's id on it.
    pub async fn ask_refund(&self, job: &EffectJob) -> Result<Option<Answer>, ProviderError> {
        let list = format!("/v1/refunds?payment_intent={}", reference_of(job)?);
        let found = self.find(&list, |row| owner(row).effect == Some(job.id)).await?;
        found.map(|refund| settle(&refund, job)).transpose()
    }

    /// What a refund says now. One that was made in Stripe's dashboard has nothing of ours on it: its payment has.
    pub async fn refund_facts(&self, id: &str) -> Result<Option<Facts>, ProviderError> {
        let Some(refund) = self.get(&format!("/v1/refunds/{id}")).await? else { return Ok(None) };
        let currency = text(&refund, "currency").to_ascii_uppercase();
        let mut whose = owner(&refund);
        if whose.effect.is_none()
            && let Some(intent) = id_in(&refund["payment_intent"])
        {
            let paid = self.get(&format!("/v1/payment_intents/{intent}")).await?.map(|i| owner(&i)).unwrap_or_default();
            whose = Owner { effect: None, ..paid };
        }
        Ok(Some(Facts::Refund {
            owner: whose,
            reference: id.to_owned(),
            amount: from_stripe(refund["amount"].as_i64().unwrap_or(0), &currency),
            currency,
            failed: matches!(text(&refund, "status"), "failed" | "canceled").then(|| failure(&refund)),
        }))
    }
}

fn failure(refund: &Value) -> String {
    match (text(refund, "failure_reason"), text(refund, "status")) {
        ("", status) => status.to_owned(),
        (reason, _) => reason.to_owned(),
    }
}

fn settle(refund: &Value, job: &EffectJob) -> Result<Answer, ProviderError> {
    let id = text(refund, "id");
    let amount = from_stripe(refund["amount"].as_i64().unwrap_or(-1), text(refund, "currency"));
    if amount != job.amount || !text(refund, "currency").eq_ignore_ascii_case(job.currency.code()) {
        let there = shown(amount, text(refund, "currency"));
        return Err(ProviderError::Mismatch(format!("{id} gives back {there}, not {}", job.currency.show(job.amount))));
    }
    Ok(match text(refund, "status") {
        // Pending is on its way: Stripe has taken it from the balance.
        "succeeded" | "pending" => {
            Answer::Done(Settled { reference: Some(id.to_owned()), moved: Some(amount), ..Settled::default() })
        }
        "failed" | "canceled" => Answer::declined(failure(refund)),
        _ => Answer::Processing,
    })
}
