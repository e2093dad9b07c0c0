//! Parties' accounts at payment providers: opened, noted, and kept as the provider says that they stand.

use super::{Ctx, OpError, parties};
use crate::pay::port::AccountState;
use crate::pay::{Provider, ProviderError};
use crate::store::{Changeset, ProviderAccountRow};

/// Which party, and where.
#[derive(Clone, Debug)]
pub struct Request {
    /// The party's ledger account, `party/merchant/mer_…`.
    pub party: String,
    /// `stripe`, `razorpay`.
    pub provider: String,
    /// The account, if the party has one there already.
    pub account: Option<String>,
    /// Country of a new account (ISO 3166).
    pub country: Option<String>,
    /// Where the provider sends the party back to.
    pub return_url: Option<String>,
}

/// An account, and the link by which its party goes on with what the provider wants to know.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The account.
    pub row: ProviderAccountRow,
    /// Works once and for some minutes.
    pub link: Option<String>,
}

/// Opens an account for a party, or notes one that it has. Asked twice for one party, it is the same account and a new link.
///
/// # Errors
/// [`OpError::Invalid`] when the party is not there, or the provider is not set up, has no such account, or needs one to be named.
pub async fn open(ctx: &mut Ctx, request: &Request) -> Result<Opened, OpError> {
    parties::known(ctx, &request.party).await?;
    let known = ctx.app.store.find_provider_account(&request.party, &request.provider).await?;
    let Some(provider) = ctx.app.pay.get(&request.provider).cloned() else {
        let names = ctx.app.pay.names().join(", ");
        return Err(OpError::field("/provider", format!("must be one of those that are set up: {names}")));
    };
    let account = request.account.clone().or_else(|| known.map(|row| row.account));
    let (state, link) = match (&provider, account) {
        // The sandbox asks nothing: whoever wants an account has one.
        (Provider::Sandbox(_), account) => {
            let account = account.unwrap_or_else(|| format!("acct_{}", ctx.app.ids.next(ctx.clock.now())));
            let state =
                AccountState { account, can_receive: true, can_be_paid_out: true, missing: Vec::new(), disabled: None };
            (state, false)
        }
        (Provider::Stripe(stripe), None) => {
            (stripe.open_account(&request.party, request.country.as_deref()).await.map_err(unreachable)?, true)
        }
        (Provider::Razorpay(_), None) => {
            let how = "name the linked account (acc_…): Razorpay makes them in its dashboard";
            return Err(OpError::field("/account", how));
        }
        (Provider::Stripe(stripe), Some(account)) => (found(stripe.account_state(&account).await)?, true),
        (Provider::Razorpay(razorpay), Some(account)) => (found(razorpay.account_state(&account).await)?, false),
    };
    let link = match (&provider, &request.return_url) {
        (Provider::Stripe(stripe), Some(back)) if link => {
            let key = format!("link-{}", ctx.app.ids.next(ctx.clock.now()));
            Some(stripe.account_link(&state.account, back, &key).await.map_err(unreachable)?)
        }
        _ => None,
    };
    let row = keep(ctx, &request.party, &request.provider, &state).await?;
    Ok(Opened { row, link })
}

/// Keeps what a provider says of an account.
///
/// # Errors
/// [`OpError::NotFound`] when it is no party's account here.
pub async fn update(ctx: &Ctx, provider: &str, state: &AccountState) -> Result<(), OpError> {
    let row = ctx.app.store.provider_account_of(provider, &state.account).await?.ok_or(OpError::NotFound)?;
    let mut ctx = Ctx { key: None, ..ctx.clone() };
    keep(&mut ctx, &row.party, provider, state).await.map(|_| ())
}

/// Accounts after one of them.
pub async fn list(ctx: &Ctx, after: (&str, &str), limit: i64) -> Result<Vec<ProviderAccountRow>, OpError> {
    Ok(ctx.app.store.list_provider_accounts(after, limit).await?)
}

async fn keep(ctx: &mut Ctx, party: &str, provider: &str, state: &AccountState) -> Result<ProviderAccountRow, OpError> {
    let now = ctx.clock.now();
    let row = ProviderAccountRow {
        party: party.to_owned(),
        provider: provider.to_owned(),
        account: state.account.clone(),
        state: serde_json::to_string(state).map_err(|e| OpError::Internal(e.to_string()))?,
        updated_at: now.0,
    };
    let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
    cs.put_provider_account(&row);
    if let Some(key) = ctx.key.take() {
        key.start(&mut cs, None, now);
    }
    ctx.app.store.commit(cs).await?;
    Ok(row)
}

fn found(answer: Result<Option<AccountState>, ProviderError>) -> Result<AccountState, OpError> {
    answer.map_err(unreachable)?.ok_or_else(|| OpError::field("/account", "the provider has no such account"))
}

fn unreachable(error: ProviderError) -> OpError {
    match error {
        ProviderError::Mismatch(why) => OpError::field("/provider", why),
        other => OpError::Busy(other.to_string()),
    }
}
