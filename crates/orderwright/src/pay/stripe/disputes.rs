//! Chargebacks: how one stands, and what is said against it.

use orderwright_core::dispute::Standing;
use orderwright_core::time::Timestamp;
use serde_json::Value;

use super::money::from_stripe;
use super::{Stripe, answers, id_in, owner, text};
use crate::pay::form::Form;
use crate::pay::port::{DisputeSeen, Evidence, Facts, Owner};
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
        let DisputeSeen { amount, standing, withdrawn, fee, .. } = seen(&dispute);
        let due = dispute["evidence_details"]["due_by"].as_i64();
        Ok(Some(Facts::Dispute {
            owner,
            reference: id.to_owned(),
            amount,
            withdrawn,
            fee,
            currency: text(&dispute, "currency").to_ascii_uppercase(),
            standing,
            status: text(&dispute, "status").to_owned(),
            respond_by: due.map(|s| Timestamp(s * 1_000_000)),
            reason: dispute["reason"].as_str().map(str::to_owned),
        }))
    }

    /// Does not contest a dispute.
    pub async fn accept_dispute(&self, dispute: &str) -> Result<Answer, ProviderError> {
        let reply =
            self.post(&format!("/v1/disputes/{dispute}/close"), &Form::new(), &format!("close-{dispute}")).await?;
        if reply.is_success() { Ok(Answer::done(dispute)) } else { answers::refusal(&reply) }
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

/// What a dispute's own object says of its money.
pub(super) fn seen(dispute: &Value) -> DisputeSeen {
    let currency = text(dispute, "currency");
    let amount = from_stripe(dispute["amount"].as_i64().unwrap_or(0), currency);
    let standing = standing(text(dispute, "status"));
    // Money that went and came, and what Stripe kept each time.
    let moves = dispute["balance_transactions"].as_array();
    let sum = |field: &str| -> i64 { moves.into_iter().flatten().filter_map(|m| m[field].as_i64()).sum() };
    let told = moves.is_some_and(|m| m.iter().any(|m| m.is_object()));
    let withdrawn = match (told, standing) {
        (true, _) => -from_stripe(sum("amount"), currency),
        (false, Standing::Lost) => amount,
        (false, _) => 0,
    };
    let fee = from_stripe(sum("fee"), currency);
    DisputeSeen { reference: text(dispute, "id").to_owned(), amount, standing, withdrawn, fee }
}

/// Stripe's word for how a dispute stands. One that it may invent is undecided.
fn standing(status: &str) -> Standing {
    match status {
        "warning_needs_response" => Standing::Inquiry,
        "warning_under_review" => Standing::InquiryReview,
        "warning_closed" => Standing::InquiryClosed,
        "under_review" => Standing::UnderReview,
        "won" => Standing::Won,
        "lost" => Standing::Lost,
        "prevented" => Standing::Closed,
        _ => Standing::NeedsResponse,
    }
}
