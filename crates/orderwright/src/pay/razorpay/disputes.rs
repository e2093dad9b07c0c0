//! Chargebacks: how one stands, and what is said against it.

use orderwright_core::dispute::Standing;
use orderwright_core::time::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Razorpay, refusal, text};
use crate::pay::port::{DisputeSeen, Evidence, Facts, Owner};
use crate::pay::{Answer, ProviderError};

impl Razorpay {
    /// Puts evidence to a chargeback.
    pub async fn submit_evidence(
        &self,
        dispute: &str,
        evidence: &Evidence,
        submit: bool,
    ) -> Result<Answer, ProviderError> {
        let mut body = json!({ "action": if submit { "submit" } else { "draft" } });
        if let Some(summary) = &evidence.summary {
            body["summary"] = json!(summary);
        }
        for (field, file) in &evidence.files {
            if !body[field].is_array() {
                body[field] = json!([]);
            }
            body[field].as_array_mut().expect("made above").push(json!(file));
        }
        // A draft may be written over; what was submitted cannot be submitted again, and says so.
        let reply =
            self.call(Method::PATCH, &format!("/v1/disputes/{dispute}/contest"), body, Vec::new(), true).await?;
        if reply.is_success() { Ok(Answer::done(dispute)) } else { refusal(&reply) }
    }

    /// What a dispute says now. The payment that it is about says whose it is.
    pub(super) async fn dispute_facts(&self, id: &str) -> Result<Option<Facts>, ProviderError> {
        let Some(dispute) = self.get(&format!("/v1/disputes/{id}")).await? else { return Ok(None) };
        let owner = match dispute["payment_id"].as_str() {
            Some(payment) => self.owner_of_payment(payment).await?,
            None => Owner::default(),
        };
        let DisputeSeen { amount, standing, withdrawn, fee, .. } = seen(&dispute);
        Ok(Some(Facts::Dispute {
            owner,
            reference: id.to_owned(),
            amount,
            currency: text(&dispute, "currency").to_owned(),
            standing,
            status: text(&dispute, "status").to_owned(),
            withdrawn,
            fee,
            respond_by: dispute["respond_by"].as_i64().filter(|s| *s > 0).map(|s| Timestamp(s * 1_000_000)),
            reason: dispute["reason_code"].as_str().map(str::to_owned),
        }))
    }

    /// Does not contest a dispute.
    pub async fn accept_dispute(&self, dispute: &str) -> Result<Answer, ProviderError> {
        let path = format!("/v1/disputes/{dispute}/accept");
        let reply = self.call(Method::POST, &path, json!({}), Vec::new(), true).await?;
        if reply.is_success() { Ok(Answer::done(dispute)) } else { refusal(&reply) }
    }
}

/// What a dispute's own object says of its money. Razorpay says nothing of a fee.
pub(super) fn seen(dispute: &Value) -> DisputeSeen {
    let amount = dispute["amount"].as_i64().unwrap_or(0);
    let deducted = dispute["amount_deducted"].as_i64().unwrap_or(0);
    let (standing, withdrawn) = match (text(dispute, "status"), text(dispute, "phase")) {
        ("won", _) => (Standing::Won, 0),
        ("lost", _) => (Standing::Lost, if deducted > 0 { deducted } else { amount }),
        ("closed", _) if deducted > 0 => (Standing::Lost, deducted),
        ("closed", _) => (Standing::Closed, 0),
        ("under_review", "retrieval") => (Standing::InquiryReview, deducted),
        ("under_review", _) => (Standing::UnderReview, deducted),
        (_, "retrieval") => (Standing::Inquiry, deducted),
        (_, _) => (Standing::NeedsResponse, deducted),
    };
    DisputeSeen { reference: text(dispute, "id").to_owned(), amount, standing, withdrawn, fee: 0 }
}
