//! Route: each party's share goes from the payment to its linked account. No key here: what is there is looked for first.

use orderwright_core::decide::{EffectJob, Transferred};
use serde_json::{Value, json};

use super::payments::payment_of;
use super::{Razorpay, notes, owner, refusal, text};
use crate::pay::port::{Facts, Reversal, Work};
use crate::pay::{Answer, ProviderError, Settled};

impl Razorpay {
    /// Transfers the legs that are not there yet, in one call: all of them, or none.
    pub async fn transfer(&self, work: &Work<'_>) -> Result<Answer, ProviderError> {
        let job = work.job;
        if work.legs.is_empty() {
            return Ok(Answer::Done(Settled { reference: job.reference.clone(), ..Settled::default() }));
        }
        if job.currency.code() != "INR" {
            return Ok(Answer::declined("currency_not_supported"));
        }
        let id = payment_of(job)?;
        let there = self.items(&format!("/v1/payments/{id}/transfers")).await?;
        let is_there = |number: usize| {
            let number = number.to_string();
            there.iter().any(|t| owner(t).effect == Some(job.id) && t["notes"]["orderwright_leg"] == number.as_str())
        };
        let missing: Vec<Value> = work
            .legs
            .iter()
            .filter(|leg| leg.amount > 0 && !is_there(leg.number))
            .map(|leg| {
                let mut notes = notes(job);
                notes["orderwright_leg"] = json!(leg.number.to_string());
                notes["orderwright_party"] = json!(leg.party);
                json!({ "account": leg.account, "amount": leg.amount, "currency": "INR", "notes": notes })
            })
            .collect();
        let made = match missing.is_empty() {
            true => there,
            false => {
                let reply = self.post(&format!("/v1/payments/{id}/transfers"), json!({ "transfers": missing })).await?;
                if !reply.is_success() {
                    return refusal(&reply);
                }
                self.items(&format!("/v1/payments/{id}/transfers")).await?
            }
        };
        let transferred = |t: &Value| Transferred {
            party: text(&t["notes"], "orderwright_party").to_owned(),
            reference: text(t, "id").to_owned(),
            amount: t["amount"].as_i64().unwrap_or(0),
        };
        let transfers: Vec<_> = made.iter().filter(|t| owner(t).effect == Some(job.id)).map(transferred).collect();
        let moved = Some(transfers.iter().map(|t| t.amount).sum());
        Ok(Answer::Done(Settled { reference: job.reference.clone(), moved, transfers, ..Settled::default() }))
    }

    /// Takes a part of a transfer back, because a party's share became less. Asked twice, it is the same reversal.
    pub async fn reverse(&self, job: &EffectJob) -> Result<Answer, ProviderError> {
        let none = || ProviderError::Mismatch(format!("{} names no transfer to take back", job.id));
        let transfer = job.transfer.clone().ok_or_else(none)?;
        self.reverse_transfer(&Reversal { key: job.id.to_string(), transfer, amount: job.amount }).await
    }

    /// Takes a transfer back, or a part of it; a reversal with the same key in its notes is the one that was asked for.
    pub async fn reverse_transfer(&self, reversal: &Reversal) -> Result<Answer, ProviderError> {
        let path = format!("/v1/transfers/{}/reversals", reversal.transfer);
        let there = self.items(&path).await?;
        let made = match there.into_iter().find(|r| r["notes"]["orderwright_key"] == reversal.key.as_str()) {
            Some(found) => found,
            None => {
                let body = json!({ "amount": reversal.amount, "notes": { "orderwright_key": reversal.key } });
                let reply = self.post(&path, body).await?;
                if !reply.is_success() {
                    return refusal(&reply);
                }
                reply.body
            }
        };
        let (reference, moved) = (Some(text(&made, "id").to_owned()), made["amount"].as_i64());
        Ok(Answer::Done(Settled { reference, moved, ..Settled::default() }))
    }

    /// What a transfer says now.
    pub(super) async fn transfer_facts(&self, id: &str) -> Result<Option<Facts>, ProviderError> {
        let Some(transfer) = self.get(&format!("/v1/transfers/{id}")).await? else { return Ok(None) };
        Ok(Some(Facts::Transfer {
            owner: owner(&transfer),
            reference: id.to_owned(),
            amount: transfer["amount"].as_i64().unwrap_or(0),
            reversed: transfer["amount_reversed"].as_i64().unwrap_or(0),
        }))
    }
}
