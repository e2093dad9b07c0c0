//! Orders and payments: authorise, charge, verify, capture, void.

use orderwright_core::decide::EffectJob;
use orderwright_core::time::{Span, Timestamp};
use orderwright_core::workflow::Effect;
use serde_json::{Value, json};

use super::{Razorpay, notes, owner, refusal, text, unexpected};
use crate::pay::port::{Facts, Owner, Work};
use crate::pay::{Answer, ProviderError, Settled, shown, signature};

/// How long an authorised payment may wait for its capture, in minutes, as we ask it of each order: five days.
const EXPIRY_MIN: i64 = 7200;
/// Currencies with three decimals, of which the last must be zero.
const LAST_IS_ZERO: &[&str] = &["BHD", "IQD", "JOD", "KWD", "OMR", "TND"];

impl Razorpay {
    /// Opens an order that the customer pays in the checkout, and says how it stands.
    pub async fn authorise(&self, work: &Work<'_>) -> Result<Answer, ProviderError> {
        let job = work.job;
        if LAST_IS_ZERO.contains(&job.currency.code()) && job.amount % 10 != 0 {
            let shown = job.currency.show(job.amount);
            return Err(ProviderError::Mismatch(format!("razorpay cannot move {shown}: the last digit must be 0")));
        }
        let body = json!({
            "amount": job.amount, "currency": job.currency.code(), "receipt": job.id.to_string(), "notes": notes(job),
            "payment": { "capture": "manual", "capture_options": { "manual_expiry_period": EXPIRY_MIN, "refund_speed": "normal" } },
        });
        let reply = self.post("/v1/orders", body).await?;
        if !reply.is_success() {
            return refusal(&reply);
        }
        self.settle(&reply.body, work).await
    }

    /// What became of an order: our receipt finds it.
    pub async fn ask_authorise(&self, work: &Work<'_>) -> Result<Option<Answer>, ProviderError> {
        let found = self.items(&format!("/v1/orders?receipt={}", work.job.id)).await?;
        match found.into_iter().find(|order| text(order, "receipt") == work.job.id.to_string()) {
            Some(order) => self.settle(&order, work).await.map(Some),
            None => Ok(None),
        }
    }

    /// What an order's payments say to the effect that opened it.
    async fn settle(&self, order: &Value, work: &Work<'_>) -> Result<Answer, ProviderError> {
        let job = work.job;
        let id = text(order, "id");
        same_money(order, job)?;
        let mut payments = self.items(&format!("/v1/orders/{id}/payments")).await?;
        payments.sort_by_key(|p| p["created_at"].as_i64());
        let of = |status: &str| payments.iter().find(|p| text(p, "status") == status);
        // Captured, or given back after it was.
        let taken = of("captured")
            .or_else(|| payments.iter().find(|p| text(p, "status") == "refunded" && p["captured"] == true));
        if let Some(payment) = taken {
            same_money(payment, job)?;
            return match job.effect.0 {
                Effect::Charge => Ok(settled(payment, job.amount)),
                other => Err(ProviderError::Mismatch(format!(
                    "{} was captured, which {} did not ask for",
                    text(payment, "id"),
                    other.name()
                ))),
            };
        }
        if let Some(payment) = of("authorized") {
            same_money(payment, job)?;
            if job.effect.0 == Effect::Charge {
                return self.take(payment, job).await;
            }
            return Ok(held(payment, job.amount));
        }
        if of("created").is_some() {
            // The bank has not answered; Razorpay goes on asking it for days.
            return Ok(Answer::Processing);
        }
        if work.give_up {
            // The order cannot be closed. Who pays it after this is not captured, and gets the money back by itself.
            return Ok(Answer::declined("abandoned"));
        }
        Ok(Answer::ActionRequired { reference: id.to_owned() })
    }

    /// Captures a payment that is authorised, as was just read.
    async fn take(&self, payment: &Value, job: &EffectJob) -> Result<Answer, ProviderError> {
        let id = text(payment, "id");
        let body = json!({ "amount": payment["amount"], "currency": payment["currency"] });
        let reply = self.post(&format!("/v1/payments/{id}/capture"), body).await?;
        let captured = match reply.is_success() {
            true => reply.body,
            // Somebody else was quicker: the payment says what became of it.
            false => match self.get(&format!("/v1/payments/{id}")).await? {
                Some(now) if text(&now, "status") == "captured" => now,
                _ => return refusal(&reply),
            },
        };
        let authorised = captured["amount"].as_i64().unwrap_or(-1);
        if authorised > job.amount {
            self.give_back_rest(id, authorised - job.amount, job).await?;
        }
        Ok(settled(&captured, job.amount))
    }

    /// Takes what is held. Only the whole can be captured: what is too much goes back at once.
    pub async fn capture(&self, job: &EffectJob) -> Result<Answer, ProviderError> {
        let id = payment_of(job)?;
        let Some(payment) = self.get(&format!("/v1/payments/{id}")).await? else {
            return Ok(Answer::declined("resource_missing"));
        };
        let authorised = payment["amount"].as_i64().unwrap_or(-1);
        if authorised < job.amount || text(&payment, "currency") != job.currency.code() {
            let (there, wanted) = (shown(authorised, text(&payment, "currency")), job.currency.show(job.amount));
            return Err(ProviderError::Mismatch(format!("{id} is for {there}, too little for {wanted}")));
        }
        match text(&payment, "status") {
            "authorized" => self.take(&payment, job).await,
            "captured" => {
                if authorised > job.amount {
                    self.give_back_rest(id, authorised - job.amount, job).await?;
                }
                Ok(settled(&payment, job.amount))
            }
            // Not captured in time, so the money went back.
            "refunded" | "failed" => Ok(Answer::declined("authorisation_expired")),
            _ => Ok(Answer::Processing),
        }
    }

    async fn give_back_rest(&self, payment: &str, rest: i64, job: &EffectJob) -> Result<(), ProviderError> {
        let mut marks = notes(job);
        marks["orderwright_rest"] = json!(job.id.to_string());
        let body = json!({ "amount": rest, "speed": "normal", "notes": marks });
        let reply = self.refund_call(payment, body, format!("{}-rest", job.id)).await?;
        if reply.is_success() { Ok(()) } else { Err(unexpected(&reply)) }
    }

    /// Releases what is held. There is no such call: what is not captured goes back by itself when its time is over. If it was captured
    /// meanwhile, it is refunded.
    pub async fn void(&self, job: &EffectJob) -> Result<Answer, ProviderError> {
        let Some(id) = job.reference.as_deref().filter(|r| r.starts_with("pay_")) else {
            return Ok(Answer::Done(Settled::default()));
        };
        let payment = self.get(&format!("/v1/payments/{id}")).await?;
        if payment.as_ref().is_some_and(|p| text(p, "status") == "captured") {
            let body = json!({ "speed": "normal", "notes": notes(job) });
            let reply = self.refund_call(id, body, job.id.to_string()).await?;
            if !reply.is_success() {
                return refusal(&reply);
            }
        }
        Ok(Answer::done(id))
    }

    /// Whether the checkout's answer in the customer's browser is Razorpay's.
    pub fn is_checkout_answer(&self, order: &str, payment: &str, signature: &str) -> bool {
        let parts: [&[u8]; 3] = [order.as_bytes(), b"|", payment.as_bytes()];
        signature::matches(self.config.key_secret.expose(), &parts, signature)
    }

    /// What a payment says now. Its order says whose it is.
    pub(super) async fn payment_facts(&self, id: &str) -> Result<Option<Facts>, ProviderError> {
        if id.starts_with("order_") {
            let Some(order) = self.get(&format!("/v1/orders/{id}")).await? else { return Ok(None) };
            return Ok(Some(Facts::Payment {
                owner: owner(&order),
                reference: id.to_owned(),
                amount: order["amount"].as_i64().unwrap_or(0),
                currency: text(&order, "currency").to_owned(),
                held: 0,
                taken: order["amount_paid"].as_i64().unwrap_or(0),
            }));
        }
        let Some(payment) = self.get(&format!("/v1/payments/{id}")).await? else { return Ok(None) };
        let amount = payment["amount"].as_i64().unwrap_or(0);
        // What a smaller capture gave back at once was never ours.
        let refunds = self.items(&format!("/v1/payments/{id}/refunds?count=100")).await?;
        let rest = refunds.iter().filter(|r| r["notes"]["orderwright_rest"].is_string());
        let rest: i64 = rest.filter_map(|r| r["amount"].as_i64()).sum();
        let taken = if payment["captured"] == true { amount - rest } else { 0 };
        Ok(Some(Facts::Payment {
            owner: self.owner_of(&payment).await?,
            reference: id.to_owned(),
            amount,
            currency: text(&payment, "currency").to_owned(),
            held: if text(&payment, "status") == "authorized" { amount } else { 0 },
            taken,
        }))
    }

    /// Whose a payment is.
    pub(super) async fn owner_of_payment(&self, id: &str) -> Result<Owner, ProviderError> {
        match self.get(&format!("/v1/payments/{id}")).await? {
            Some(payment) => self.owner_of(&payment).await,
            None => Ok(Owner::default()),
        }
    }

    pub(super) async fn owner_of(&self, payment: &Value) -> Result<Owner, ProviderError> {
        let Some(order) = payment["order_id"].as_str() else { return Ok(Owner::default()) };
        Ok(self.get(&format!("/v1/orders/{order}")).await?.map_or_else(Owner::default, |o| owner(&o)))
    }
}

/// Refuses an order or a payment that is not about the job's money.
fn same_money(object: &Value, job: &EffectJob) -> Result<(), ProviderError> {
    let (amount, currency) = (object["amount"].as_i64().unwrap_or(-1), text(object, "currency"));
    if amount == job.amount && currency == job.currency.code() {
        return Ok(());
    }
    let (id, there) = (text(object, "id"), shown(amount, currency));
    Err(ProviderError::Mismatch(format!("{id} is for {there}, not for {}", job.currency.show(job.amount))))
}

fn held(payment: &Value, amount: i64) -> Answer {
    let created = Timestamp(payment["created_at"].as_i64().unwrap_or(0) * 1_000_000);
    Answer::Done(Settled {
        reference: Some(text(payment, "id").to_owned()),
        capture_before: Some(created.plus(Span::seconds(EXPIRY_MIN * 60))),
        fee: None,
        moved: Some(amount),
        ..Settled::default()
    })
}

fn settled(payment: &Value, amount: i64) -> Answer {
    Answer::Done(Settled {
        reference: Some(text(payment, "id").to_owned()),
        capture_before: None,
        // The tax on the fee is inside it.
        fee: payment["fee"].as_i64(),
        moved: Some(amount),
        ..Settled::default()
    })
}

/// The payment's id at Razorpay.
pub(super) fn payment_of(job: &EffectJob) -> Result<&str, ProviderError> {
    job.reference.as_deref().filter(|r| r.starts_with("pay_")).ok_or_else(|| {
        ProviderError::Mismatch(format!("{} has no payment at razorpay that it could act on", job.effect.0.name()))
    })
}
