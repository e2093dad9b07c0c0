//! PaymentIntents and SetupIntents: authorise, charge, verify, confirm, capture, void.

use orderwright_core::decide::EffectJob;
use orderwright_core::time::Timestamp;
use orderwright_core::workflow::Effect;
use serde_json::Value;

use super::money::{from_stripe, to_stripe};
use super::{Stripe, answers, id_in, is_old, made_at, owner, text, with_owner};
use crate::pay::config::Verification;
use crate::pay::form::Form;
use crate::pay::port::{CHECKOUT, Facts, Work};
use crate::pay::{Answer, ProviderError, Settled, shown};

/// How far the clocks of the shop and of Stripe may differ when objects are looked for by their time, in seconds.
const CLOCKS_S: i64 = 3600;

/// Where an intent is.
pub fn path(reference: &str) -> String {
    match reference.starts_with("seti_") {
        true => format!("/v1/setup_intents/{reference}"),
        false => format!("/v1/payment_intents/{reference}?expand[]=latest_charge.balance_transaction"),
    }
}

impl Stripe {
    /// Holds an amount.
    pub async fn authorise(&self, work: &Work<'_>) -> Result<Answer, ProviderError> {
        self.begin(work, "manual").await
    }

    /// Takes an amount at once.
    pub async fn charge(&self, work: &Work<'_>) -> Result<Answer, ProviderError> {
        self.begin(work, "automatic").await
    }

    async fn begin(&self, work: &Work<'_>, capture: &str) -> Result<Answer, ProviderError> {
        let job = work.job;
        let Some(form) = self.with_method(payment_form(job, capture)?, job).await? else {
            return Ok(Answer::declined(NOT_RENEWABLE));
        };
        let reply = self.post("/v1/payment_intents", &form, &job.id.to_string()).await?;
        self.begun(reply, work).await
    }

    /// What the answer to a creation means. A kept answer may be old: the intent itself says how it stands.
    async fn begun(&self, reply: crate::pay::http::Reply, work: &Work<'_>) -> Result<Answer, ProviderError> {
        // A declined card comes as an error that carries the intent; the refusal itself is the answer.
        if !reply.is_success() {
            return answers::refusal(&reply);
        }
        let intent = match reply.replayed {
            true => self.get(&path(text(&reply.body, "id"))).await?.unwrap_or(reply.body),
            false => reply.body,
        };
        self.settle(&intent, work).await
    }

    /// The method: a token is confirmed at once, the payment page confirms by itself, a verified card is charged without its holder.
    /// `None` when a hold is to be renewed with a card that was not kept for that.
    async fn with_method(&self, form: Form, job: &EffectJob) -> Result<Option<Form>, ProviderError> {
        let form =
            form.add("allowed_payment_method_types[]", "card").add("expand[]", "latest_charge.balance_transaction");
        if let Some(verified) = &job.reference
            && matches!(job.effect.0, Effect::Charge | Effect::Authorise | Effect::Reauthorise)
            && let Some(intent) = self.get(&path(verified)).await?
            && let (Some(customer), Some(method)) = (id_in(&intent["customer"]), id_in(&intent["payment_method"]))
        {
            let form = form.add("customer", customer).add("payment_method", method);
            return Ok(Some(form.add("off_session", "true").add("confirm", "true")));
        }
        if job.effect.0 == Effect::Reauthorise {
            return Ok(None);
        }
        let form = match job.keeps_card {
            true => form.add("customer", self.new_customer(job).await?).add("setup_future_usage", "off_session"),
            false => form,
        };
        Ok(Some(match job.method.as_str() {
            CHECKOUT => form,
            token => form.add("payment_method", token).add("confirm", "true"),
        }))
    }

    /// A customer of the payment's own: only a card that belongs to one can be used later.
    async fn new_customer(&self, job: &EffectJob) -> Result<String, ProviderError> {
        let key = format!("{}-customer", job.id);
        let reply = self.post("/v1/customers", &with_owner(Form::new(), job), &key).await?;
        match reply.is_success() {
            true => Ok(text(&reply.body, "id").to_owned()),
            false => Err(answers::unexpected(&reply)),
        }
    }

    /// Verifies a card without taking anything: a SetupIntent, or a hold of 1.00 that is released at once.
    pub async fn verify(&self, work: &Work<'_>) -> Result<Answer, ProviderError> {
        let job = work.job;
        let key = job.id.to_string();
        let customer = self.new_customer(job).await?;
        let (path, form) = match self.config.verification {
            Verification::SetupIntent => {
                ("/v1/setup_intents", with_owner(Form::new().add("usage", "off_session"), job))
            }
            Verification::Hold => {
                ("/v1/payment_intents", payment_form(job, "manual")?.add("setup_future_usage", "off_session"))
            }
        };
        let form = form.add("customer", customer).add("allowed_payment_method_types[]", "card");
        let form = match job.method.as_str() {
            CHECKOUT => form,
            token => form.add("payment_method", token).add("confirm", "true"),
        };
        let reply = self.post(path, &form, &key).await?;
        self.begun(reply, work).await
    }

    /// Confirms a payment by a method's token, for callers who collected it themselves.
    pub async fn confirm(&self, reference: &str, method: &str, key: &str) -> Result<Value, ProviderError> {
        let form = Form::new().add("payment_method", method);
        let reply = self.post(&format!("/v1/payment_intents/{reference}/confirm"), &form, key).await?;
        if reply.is_success() { Ok(reply.body) } else { Err(answers::unexpected(&reply)) }
    }

    /// What became of authorise, charge or verify.
    pub async fn ask_intent(&self, work: &Work<'_>) -> Result<Option<Answer>, ProviderError> {
        if !is_old(work.job, work.now) {
            // The key says it: what was done is given again, what was not is done now, once.
            return match self.execute(work).await {
                Ok(answer) => Ok(Some(answer)),
                Err(error) => Err(error),
            };
        }
        let at = made_at(work.job).0 / 1_000_000;
        let kind = match (work.job.effect.0, self.config.verification) {
            (Effect::Verify, Verification::SetupIntent) => "setup_intents",
            _ => "payment_intents",
        };
        let list = format!("/v1/{kind}?created[gte]={}&created[lte]={}", at - CLOCKS_S, at + 24 * 3600 + CLOCKS_S);
        let found = self.find(&list, |row| owner(row).effect == Some(work.job.id)).await?;
        match found {
            Some(row) => {
                let Some(intent) = self.get(&path(text(&row, "id"))).await? else { return Ok(None) };
                self.settle(&intent, work).await.map(Some)
            }
            None => Ok(None),
        }
    }

    /// What an intent says to the effect that made it.
    async fn settle(&self, intent: &Value, work: &Work<'_>) -> Result<Answer, ProviderError> {
        let job = work.job;
        let reference = text(intent, "id").to_owned();
        let is_setup = reference.starts_with("seti_");
        if !is_setup {
            same_money(intent, job)?;
        }
        match (text(intent, "status"), job.effect.0) {
            ("succeeded", Effect::Verify) if is_setup => Ok(Answer::done(reference)),
            // The hold of a verification is never left standing, whoever died in between.
            ("requires_capture", Effect::Verify) => {
                let reply = self.cancel(&reference, "requested_by_customer", &format!("{}-void", job.id)).await?;
                if reply.is_success() || text(&reply.body["error"]["payment_intent"], "status") == "canceled" {
                    Ok(Answer::done(reference))
                } else {
                    Err(answers::unexpected(&reply))
                }
            }
            ("canceled", Effect::Verify) if !is_setup && text(intent, "cancellation_reason") != "abandoned" => {
                Ok(Answer::done(reference))
            }
            ("requires_capture", Effect::Authorise | Effect::Reauthorise) => {
                Ok(Answer::Done(Settled { moved: Some(job.amount), ..settled(intent, reference) }))
            }
            ("succeeded", Effect::Charge) => {
                let received = from_stripe(intent["amount_received"].as_i64().unwrap_or(0), text(intent, "currency"));
                if received != job.amount {
                    return Err(ProviderError::Mismatch(format!(
                        "{reference}: {} were taken instead of {}",
                        shown(received, text(intent, "currency")),
                        job.currency.show(job.amount)
                    )));
                }
                Ok(Answer::Done(Settled { moved: Some(received), ..settled(intent, reference) }))
            }
            ("succeeded", other) => Err(ProviderError::Mismatch(format!(
                "{reference} was captured, which {} did not ask for",
                other.name()
            ))),
            ("canceled", _) => Ok(Answer::declined(match text(intent, "cancellation_reason") {
                "" => "canceled",
                reason => reason,
            })),
            // A renewal is made without the customer: who is not there cannot do anything.
            ("requires_action" | "requires_confirmation", Effect::Reauthorise) => {
                Ok(Answer::declined("authentication_required"))
            }
            ("requires_payment_method", effect) if job.method != CHECKOUT || effect == Effect::Reauthorise => {
                let error = if is_setup { &intent["last_setup_error"] } else { &intent["last_payment_error"] };
                Ok(Answer::declined(answers::code(error)))
            }
            ("requires_payment_method" | "requires_confirmation" | "requires_action", _) if work.give_up => {
                self.give_up(&reference, work).await
            }
            ("requires_payment_method" | "requires_confirmation" | "requires_action", _) => {
                Ok(Answer::ActionRequired { reference })
            }
            // processing, and what Stripe may invent: it will tell us, and we ask again.
            _ => Ok(Answer::Processing),
        }
    }

    /// The customer did not come back: nothing more may be paid there.
    async fn give_up(&self, reference: &str, work: &Work<'_>) -> Result<Answer, ProviderError> {
        let reply = self.cancel(reference, "abandoned", &format!("{}-abandon", work.job.id)).await?;
        if reply.is_success() {
            return Ok(Answer::declined("abandoned"));
        }
        // They did, at the last moment: the intent says how it ended.
        match self.get(&path(reference)).await? {
            Some(intent) => Box::pin(self.settle(&intent, &Work { give_up: false, ..work.clone() })).await,
            None => Err(answers::unexpected(&reply)),
        }
    }

    async fn cancel(&self, reference: &str, reason: &str, key: &str) -> Result<crate::pay::http::Reply, ProviderError> {
        let kind = if reference.starts_with("seti_") { "setup_intents" } else { "payment_intents" };
        let form = Form::new().add("cancellation_reason", reason);
        self.post(&format!("/v1/{kind}/{reference}/cancel"), &form, key).await
    }

    /// Takes what is held, or a part of it; the rest is released by Stripe.
    pub async fn capture(&self, job: &EffectJob) -> Result<Answer, ProviderError> {
        let reference = reference_of(job)?;
        let form = Form::new()
            .add("amount_to_capture", to_stripe(job.amount, job.currency)?)
            .add("expand[]", "latest_charge.balance_transaction");
        let reply = self.post(&format!("/v1/payment_intents/{reference}/capture"), &form, &job.id.to_string()).await?;
        if reply.is_success() {
            return captured(&reply.body, job);
        }
        if text(&reply.body["error"], "code") == "payment_intent_unexpected_state" {
            return match self.ask_capture(job).await? {
                Some(answer) => Ok(answer),
                None => Err(answers::unexpected(&reply)),
            };
        }
        answers::refusal(&reply)
    }

    /// What became of a capture.
    pub async fn ask_capture(&self, job: &EffectJob) -> Result<Option<Answer>, ProviderError> {
        let Some(intent) = self.get(&path(reference_of(job)?)).await? else {
            return Ok(Some(Answer::declined("resource_missing")));
        };
        match text(&intent, "status") {
            "succeeded" => captured(&intent, job).map(Some),
            "canceled" => Ok(Some(Answer::declined("authorisation_expired"))),
            "processing" => Ok(Some(Answer::Processing)),
            _ => Ok(None),
        }
    }

    /// Releases what is held.
    pub async fn void(&self, job: &EffectJob) -> Result<Answer, ProviderError> {
        let Some(reference) = &job.reference else { return Ok(Answer::Done(Settled::default())) };
        if reference.starts_with("seti_") {
            return Ok(Answer::done(reference.as_str()));
        }
        let reply = self.cancel(reference, "requested_by_customer", &job.id.to_string()).await?;
        if reply.is_success() {
            return Ok(Answer::done(reference.as_str()));
        }
        match self.ask_void(job).await? {
            Some(answer) => Ok(answer),
            None => answers::refusal(&reply),
        }
    }

    /// What became of a void.
    pub async fn ask_void(&self, job: &EffectJob) -> Result<Option<Answer>, ProviderError> {
        let Some(reference) = &job.reference else { return Ok(None) };
        let Some(intent) = self.get(&path(reference)).await? else { return Ok(None) };
        Ok(match text(&intent, "status") {
            "canceled" => Some(Answer::done(reference.as_str())),
            // Somebody took it at Stripe: there is nothing to release, and the order gives it back.
            "succeeded" if !reference.starts_with("seti_") => {
                let taken = from_stripe(intent["amount_received"].as_i64().unwrap_or(0), text(&intent, "currency"));
                Some(Answer::Done(Settled {
                    reference: Some(reference.clone()),
                    moved: Some(taken),
                    ..Settled::default()
                }))
            }
            _ => None,
        })
    }

    /// What a payment says now.
    pub async fn payment_facts(&self, id: &str) -> Result<Option<Facts>, ProviderError> {
        let Some(intent) = self.get(&path(id)).await? else { return Ok(None) };
        let currency = text(&intent, "currency").to_ascii_uppercase();
        let money = |field: &str| from_stripe(intent[field].as_i64().unwrap_or(0), &currency);
        Ok(Some(Facts::Payment {
            owner: owner(&intent),
            reference: id.to_owned(),
            amount: money("amount"),
            held: money("amount_capturable"),
            taken: money("amount_received"),
            currency,
        }))
    }
}

/// Why a hold cannot be renewed without the customer.
const NOT_RENEWABLE: &str = "hold_not_renewable";

/// The fields that every PaymentIntent of ours has.
fn payment_form(job: &EffectJob, capture: &str) -> Result<Form, ProviderError> {
    let form = Form::new()
        .add("amount", to_stripe(job.amount, job.currency)?)
        .add("currency", job.currency.code().to_ascii_lowercase())
        .add("capture_method", capture)
        .add("transfer_group", job.order);
    Ok(with_owner(form, job))
}

/// Refuses an intent that is not about the job's money.
fn same_money(intent: &Value, job: &EffectJob) -> Result<(), ProviderError> {
    let (amount, currency) = (intent["amount"].as_i64().unwrap_or(-1), text(intent, "currency"));
    let wanted = to_stripe(job.amount, job.currency)?;
    if amount != wanted || !currency.eq_ignore_ascii_case(job.currency.code()) {
        let id = text(intent, "id");
        let there = shown(from_stripe(amount, currency), currency);
        return Err(ProviderError::Mismatch(format!("{id} is for {there}, not for {}", job.currency.show(job.amount))));
    }
    Ok(())
}

/// What a captured intent says to the capture.
fn captured(intent: &Value, job: &EffectJob) -> Result<Answer, ProviderError> {
    let currency = text(intent, "currency");
    let received = from_stripe(intent["amount_received"].as_i64().unwrap_or(0), currency);
    let reference = text(intent, "id").to_owned();
    match text(intent, "status") {
        "processing" => Ok(Answer::Processing),
        _ if !currency.eq_ignore_ascii_case(job.currency.code()) => {
            let there = shown(received, currency);
            Err(ProviderError::Mismatch(format!(
                "{reference}: {there} were taken instead of {}",
                job.currency.show(job.amount)
            )))
        }
        // Somebody took another amount at Stripe. It is not what the order is paid with: releasing the hold finds it and gives it back.
        _ if received != job.amount => Ok(Answer::declined("captured_elsewhere")),
        _ => Ok(Answer::Done(Settled { moved: Some(received), capture_before: None, ..settled(intent, reference) })),
    }
}

/// Id, the end of the hold, and the fee, as far as Stripe says them.
fn settled(intent: &Value, reference: String) -> Settled {
    let charge = &intent["latest_charge"];
    let before = charge["payment_method_details"]["card"]["capture_before"].as_i64();
    let fee = &charge["balance_transaction"];
    // A fee in the currency of the account's balance says nothing in the order's.
    let same = text(fee, "currency") == text(intent, "currency");
    Settled {
        reference: Some(reference),
        capture_before: before.map(|s| Timestamp(s * 1_000_000)),
        fee: fee["fee"].as_i64().filter(|_| same).map(|fee| from_stripe(fee, text(intent, "currency"))),
        ..Settled::default()
    }
}

/// The payment's id at Stripe.
pub fn reference_of(job: &EffectJob) -> Result<&str, ProviderError> {
    job.reference.as_deref().ok_or_else(|| {
        ProviderError::Mismatch(format!("{} has no payment at stripe that it could act on", job.effect.0.name()))
    })
}
