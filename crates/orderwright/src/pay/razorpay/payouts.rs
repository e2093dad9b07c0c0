//! Payouts: a direct transfer from the platform's balance to a party's linked account. The one transfer that takes an idempotency key.

use reqwest::Method;
use serde_json::json;

use super::{Razorpay, refusal, text};
use crate::pay::port::PayOut;
use crate::pay::{Answer, ProviderError, Settled};

impl Razorpay {
    /// Transfers once for each key, which has 4 to 36 characters.
    pub async fn pay_out(&self, what: &PayOut<'_>) -> Result<Answer, ProviderError> {
        if what.currency.code() != "INR" {
            return Ok(Answer::declined("currency_not_supported"));
        }
        let body = json!({
            "account": what.account, "amount": what.amount, "currency": "INR",
            "notes": { "orderwright_payout": what.key, "orderwright_party": what.party },
        });
        let headers = vec![("x-transfer-idempotency", what.key.to_owned())];
        let reply = self.call(Method::POST, "/v1/transfers", body, headers, true).await?;
        if !reply.is_success() {
            return refusal(&reply);
        }
        let reference = Some(text(&reply.body, "id").to_owned());
        Ok(Answer::Done(Settled { reference, moved: Some(what.amount), ..Settled::default() }))
    }
}
