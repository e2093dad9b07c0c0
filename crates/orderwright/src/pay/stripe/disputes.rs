//! Chargebacks: how one stands, and what is said against it.

use super::money::from_stripe;
use super::{Stripe, answers, id_in, owner, text};
use crate::pay::form::Form;
use crate::pay::port::{Evidence, Facts, Owner};
use crate::pay::{Answer, ProviderError};

impl Stripe {
    /// What a dispute says now. It has no metadata of ours: the payment has.
    pub async fn dispute_facts(&self, id: &str) -> Result<Option<Facts>, ProviderError> {
        let Some(dispute) = self.get(&format!("/v1/disputes/{id}")).await? else { return Ok(None) };
        let owner = match id_in(&dispute["payment_intent"]) {
            Some(intent) => {
                self.get(&format!("/v1/payment_intents/{intent}")).await?.map_or_else(Owner::default, |i| owner(&i))
            }
            None => Owner::default(),
        };
        let currency = text(&dispute, "currency").to_ascii_uppercase();
        let status = text(&dispute, "status").to_owned();
        Ok(Some(Facts::Dispute {
            owner,
            reference: id.to_owned(),
            amount: from_stripe(dispute["amount"].as_i64().unwrap_or(0), &currency),
            currency,
            // What Stripe may invent is undecided until it says won, lost, prevented or closed.
            open: !matches!(status.as_str(), "won" | "lost" | "warning_closed" | "prevented"),
            status,
        }))
    }

    /// Puts evidence; `submit` sends it to the bank.
    pub async fn submit_evidence(
        &self,
        dispute: &str,
        evidence: &Evidence,
        submit: bool,
    ) -> Result<Answer, ProviderError> {
        let mut form = Form::new()
            .add_some("evidence[uncategorized_text]", evidence.summary.as_deref())
            .add_some("evidence[product_description]", evidence.product.as_deref())
            .add_some("evidence[shipping_carrier]", evidence.carrier.as_deref())
            .add_some("evidence[shipping_tracking_number]", evidence.tracking_number.as_deref())
            .add_some("evidence[shipping_date]", evidence.delivered_on.as_deref());
        for (field, file) in &evidence.files {
            form = form.add(&format!("evidence[{field}]"), file);
        }
        let form = form.add("submit", submit);
        // The same evidence put twice is the same evidence: its content is its key.
        let digest = crate::kernel::digest::id(&[dispute.as_bytes(), form.text().as_bytes()]);
        let reply = self.post(&format!("/v1/disputes/{dispute}"), &form, &format!("evidence-{digest}")).await?;
        if reply.is_success() { Ok(Answer::done(dispute)) } else { answers::refusal(&reply) }
    }
}
