//! Connect: a party's account, the link by which the party makes itself known to Stripe, and how the account stands.

use super::{Stripe, answers, text};
use crate::pay::ProviderError;
use crate::pay::form::Form;
use crate::pay::port::AccountState;

impl Stripe {
    /// Opens an account for a party (its ledger account, `party/merchant/mer_…`); asked twice, it is the same account.
    pub async fn open_account(&self, party: &str, country: Option<&str>) -> Result<AccountState, ProviderError> {
        let form = Form::new()
            .add("type", "express")
            .add_some("country", country)
            .add("capabilities[transfers][requested]", "true")
            .add("metadata[orderwright_party]", party);
        let reply = self.post("/v1/accounts", &form, &format!("account-{party}")).await?;
        if !reply.is_success() {
            return Err(answers::unexpected(&reply));
        }
        Ok(state(&reply.body))
    }

    /// A link that works once and for some minutes.
    pub async fn account_link(&self, account: &str, back: &str, key: &str) -> Result<String, ProviderError> {
        let form = Form::new()
            .add("account", account)
            .add("refresh_url", back)
            .add("return_url", back)
            .add("type", "account_onboarding");
        let reply = self.post("/v1/account_links", &form, key).await?;
        if !reply.is_success() {
            return Err(answers::unexpected(&reply));
        }
        Ok(text(&reply.body, "url").to_owned())
    }

    /// How an account stands; `None` when there is none.
    pub async fn account_state(&self, account: &str) -> Result<Option<AccountState>, ProviderError> {
        Ok(self.get(&format!("/v1/accounts/{account}")).await?.map(|a| state(&a)))
    }
}

fn state(account: &serde_json::Value) -> AccountState {
    let requirements = &account["requirements"];
    let missing = requirements["currently_due"].as_array().into_iter().flatten();
    AccountState {
        account: text(account, "id").to_owned(),
        can_receive: account["capabilities"]["transfers"] == "active",
        can_be_paid_out: account["payouts_enabled"] == true,
        missing: missing.filter_map(|m| m.as_str()).map(str::to_owned).collect(),
        disabled: requirements["disabled_reason"].as_str().map(str::to_owned),
    }
}
