//! Stripe: PaymentIntents with manual capture, SetupIntents, separate charges and transfers, Connect accounts, refunds, disputes.
//!
//! Every write carries the job's id as `Idempotency-Key`, which Stripe keeps for 24 hours: within that time a call is simply made again with
//! its key, and then the object is fetched, because a kept answer is the answer of then. After it the objects of the time are looked
//! through for our metadata. Source of the rules: docs.stripe.com/api, version [`super::config::STRIPE_VERSION`].

mod accounts;
mod answers;
mod books;
mod disputes;
mod intents;
mod money;
mod payouts;
mod refunds;
mod transfers;
mod webhook;

use orderwright_core::decide::EffectJob;
use orderwright_core::id::{JobId, OrderId, PaymentId, PayoutId};
use orderwright_core::time::{Span, Timestamp};
use orderwright_core::workflow::Effect;
use reqwest::Method;
use serde_json::Value;

use super::config::{Secret, StripeConfig};
use super::form::Form;
use super::http::{Auth, Body, Call, Http, Reply};
use super::port::{CustomerAction, Facts, ObjectKind, ObjectRef, Owner, Work};
use super::{Answer, ProviderError};

/// Stripe keeps keys for at least 24 hours; an hour less is ours.
const KEY_KEPT: Span = Span::seconds(23 * 3600);

/// The adapter.
#[derive(Clone)]
pub struct Stripe {
    http: Http,
    config: StripeConfig,
}

impl Stripe {
    /// The adapter with these settings.
    pub fn new(config: StripeConfig) -> anyhow::Result<Self> {
        let auth = Auth::Bearer(config.secret_key.clone());
        Ok(Self { http: Http::new("stripe", &config.api_base, auth, config.timeout)?, config })
    }

    /// Does an effect.
    pub async fn execute(&self, work: &Work<'_>) -> Result<Answer, ProviderError> {
        match work.job.effect.0 {
            Effect::Authorise | Effect::Reauthorise => self.authorise(work).await,
            Effect::Charge => self.charge(work).await,
            Effect::Verify => self.verify(work).await,
            Effect::Capture => self.capture(work.job).await,
            Effect::Void => self.void(work.job).await,
            Effect::Refund => self.refund(work.job).await,
            Effect::Transfer => self.transfer(work).await,
            Effect::Reverse => self.reverse(work.job).await,
            Effect::CheckStock => Ok(Answer::Processing),
        }
    }

    /// What became of an effect.
    pub async fn ask(&self, work: &Work<'_>) -> Result<Option<Answer>, ProviderError> {
        match work.job.effect.0 {
            Effect::Authorise | Effect::Reauthorise | Effect::Charge | Effect::Verify => self.ask_intent(work).await,
            Effect::Capture => self.ask_capture(work.job).await,
            Effect::Void => self.ask_void(work.job).await,
            Effect::Refund => self.ask_refund(work.job).await,
            Effect::Reverse => self.ask_reverse(work.job).await,
            // Each leg has a key of its own, and those that are done are found first.
            Effect::Transfer | Effect::CheckStock => Ok(None),
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

    /// Whether the browser can be given what it needs.
    pub fn has_page(&self) -> bool {
        self.config.publishable_key.is_some()
    }

    /// What the browser needs.
    pub async fn customer_action(&self, reference: &str) -> Result<Option<CustomerAction>, ProviderError> {
        let Some(publishable_key) = self.config.publishable_key.clone() else { return Ok(None) };
        let setup = reference.starts_with("seti_");
        let Some(intent) = self.get(&intents::path(reference)).await? else { return Ok(None) };
        let status = text(&intent, "status");
        if !matches!(status, "requires_payment_method" | "requires_confirmation" | "requires_action") {
            return Ok(None);
        }
        Ok(Some(CustomerAction::Stripe {
            publishable_key,
            client_secret: Secret::new(text(&intent, "client_secret")),
            setup,
            confirm_only: status == "requires_action",
            script_url: self.config.script_url.clone(),
        }))
    }

    /// An object; `None` when there is none.
    async fn get(&self, path: &str) -> Result<Option<Value>, ProviderError> {
        let headers = vec![("stripe-version", self.config.api_version.clone())];
        let call = Call { method: Method::GET, path, headers, body: Body::Empty, repeatable: true };
        let reply = self.http.send(call).await?;
        match reply.status {
            404 => Ok(None),
            _ if reply.is_success() => Ok(Some(reply.body)),
            _ => Err(answers::unexpected(&reply)),
        }
    }

    /// All objects of a list.
    async fn all(&self, path: &str) -> Result<Vec<Value>, ProviderError> {
        let mut all = Vec::new();
        self.find(path, |row| {
            all.push(row.clone());
            false
        })
        .await?;
        Ok(all)
    }

    /// The first object of a list that fits, page by page.
    async fn find(&self, path: &str, mut fits: impl FnMut(&Value) -> bool) -> Result<Option<Value>, ProviderError> {
        let mut after = String::new();
        for _ in 0..LIST_PAGES {
            let Some(page) = self.get(&format!("{path}&limit=100{after}")).await? else { return Ok(None) };
            let rows = page["data"].as_array().cloned().unwrap_or_default();
            if let Some(found) = rows.iter().find(|row| fits(row)) {
                return Ok(Some(found.clone()));
            }
            match rows.last() {
                Some(last) if page["has_more"] == true => after = format!("&starting_after={}", text(last, "id")),
                _ => return Ok(None),
            }
        }
        Err(ProviderError::Unavailable(format!("stripe: more than {} objects to look through", LIST_PAGES * 100)))
    }

    /// A write with a key.
    async fn post(&self, path: &str, form: &Form, key: &str) -> Result<Reply, ProviderError> {
        let headers = vec![("stripe-version", self.config.api_version.clone()), ("idempotency-key", key.to_owned())];
        let body = Body::Form(form.text().to_owned());
        self.http.send(Call { method: Method::POST, path, headers, body, repeatable: true }).await
    }
}

/// How many pages of a list are looked through.
const LIST_PAGES: usize = 50;

/// Whether Stripe has forgotten the job's key.
fn is_old(job: &EffectJob, now: Timestamp) -> bool {
    made_at(job).plus(KEY_KEPT) <= now
}

/// When the job was made.
fn made_at(job: &EffectJob) -> Timestamp {
    crate::kernel::ids::made_at(job.id.0)
}

/// Writes on an object whose it is.
fn with_owner(form: Form, job: &EffectJob) -> Form {
    form.add("metadata[orderwright_order]", job.order)
        .add("metadata[orderwright_payment]", job.payment)
        .add("metadata[orderwright_effect]", job.id)
}

/// Reads it again.
fn owner(object: &Value) -> Owner {
    let read = |name: &str| object["metadata"][name].as_str();
    Owner {
        order: read("orderwright_order").and_then(OrderId::parse),
        payment: read("orderwright_payment").and_then(PaymentId::parse),
        effect: read("orderwright_effect").and_then(JobId::parse),
        payout: read("orderwright_payout").and_then(PayoutId::parse),
    }
}

/// A text field; empty when it is none.
fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object[field].as_str().unwrap_or_default()
}

/// The id in a field that is an id, or an object when it was expanded.
fn id_in(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value["id"].as_str())
}
