//! Payouts: a transfer from the platform's balance to a party's account, tied to no charge. Stripe then pays the account out on its own terms.

use super::money::to_stripe;
use super::{KEY_KEPT, Stripe, answers, text};
use crate::pay::form::Form;
use crate::pay::port::PayOut;
use crate::pay::{Answer, ProviderError, Settled};

impl Stripe {
    /// Transfers once for each key. When Stripe may have forgotten the key, the transfers of the payout are looked through first.
    pub async fn pay_out(&self, what: &PayOut<'_>) -> Result<Answer, ProviderError> {
        if what.since.plus(KEY_KEPT) <= what.now {
            let list = format!("/v1/transfers?transfer_group={}", what.key);
            let ours = |row: &serde_json::Value| row["metadata"]["orderwright_payout"].as_str() == Some(what.key);
            if let Some(found) = self.find(&list, ours).await? {
                return Ok(Answer::Done(Settled { moved: Some(what.amount), ..done(&found) }));
            }
        }
        let form = Form::new()
            .add("amount", to_stripe(what.amount, what.currency)?)
            .add("currency", what.currency.code().to_ascii_lowercase())
            .add("destination", what.account)
            .add("transfer_group", what.key)
            .add("metadata[orderwright_party]", what.party)
            .add("metadata[orderwright_payout]", what.key);
        let reply = self.post("/v1/transfers", &form, what.key).await?;
        if !reply.is_success() {
            return answers::refusal(&reply);
        }
        Ok(Answer::Done(Settled { moved: Some(what.amount), ..done(&reply.body) }))
    }
}

fn done(transfer: &serde_json::Value) -> Settled {
    Settled { reference: Some(text(transfer, "id").to_owned()), ..Settled::default() }
}
