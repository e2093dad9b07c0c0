//! Tokens: who is calling? `owt_<id>_<secret>`, of which only the secret's digest is kept.

use orderwright_core::actor::{Actor, Role};
use orderwright_core::id::{CustomerId, MerchantId, TokenId, decode, encode};
use orderwright_core::order::PartyRef;
use orderwright_core::time::Timestamp;
use subtle::ConstantTimeEq;

use super::{OpError, payouts};
use crate::app::App;
use crate::kernel::{digest, random};
use crate::store::{Changeset, TokenRow};

/// What a new token is for.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Which role.
    pub role: Role,
    /// The merchant or customer that it speaks for.
    pub subject: Option<i64>,
    /// The party whose money it reads (brand).
    pub party: Option<PartyRef>,
    /// The channel that it is bound to (retailer, storefront).
    pub channel: Option<String>,
    /// What people call it.
    pub label: String,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// Adds a token to a changeset; the text is shown once and kept by nobody here.
pub fn issue(app: &App, cs: &mut Changeset, grant: &Grant, now: Timestamp) -> Result<(TokenId, String), OpError> {
    let id = TokenId(app.ids.next(now));
    let secret = random::secret().map_err(|e| OpError::Internal(format!("no randomness: {e}")))?;
    let text = format!("owt_{}_{secret}", String::from_utf8_lossy(&encode(id.0)));
    cs.insert_token(&TokenRow {
        id: id.0,
        digest: digest::of(&[secret.as_bytes()]).to_vec(),
        role: grant.role.name().to_owned(),
        subject: grant.subject,
        channel: grant.channel.clone(),
        label: grant.label.clone(),
        created_at: now.0,
        expires_at: grant.expires_at.map(|t| t.0),
        revoked_at: None,
        party: grant.party.as_ref().map(PartyRef::account),
    });
    Ok((id, text))
}

/// Makes tokens, all or none; their texts are shown once.
pub async fn issue_all(app: &App, grants: &[Grant]) -> Result<Vec<(TokenId, String)>, OpError> {
    let now = app.clock.now();
    let mut cs = Changeset::new(app.ids.next(now), now.0);
    let issued = grants.iter().map(|grant| issue(app, &mut cs, grant, now)).collect::<Result<Vec<_>, _>>()?;
    app.store.commit(cs).await?;
    Ok(issued)
}

/// Takes a token back: it is refused from the next request on.
pub async fn revoke(app: &App, id: TokenId) -> Result<(), OpError> {
    app.store.find_token(id.0).await?.ok_or(OpError::NotFound)?;
    let now = app.clock.now();
    let mut cs = Changeset::new(app.ids.next(now), now.0);
    cs.revoke_token(id.0, now.0);
    Ok(app.store.commit(cs).await?)
}

/// Who a bearer token speaks for; `None` for forged, expired and revoked ones alike.
pub async fn authenticate(app: &App, bearer: &str) -> Result<Option<Actor>, OpError> {
    let Some((id, secret)) = bearer.strip_prefix("owt_").and_then(|rest| rest.split_once('_')) else { return Ok(None) };
    let Some(id) = decode(id) else { return Ok(None) };
    let Some(row) = app.store.find_token(id).await? else { return Ok(None) };
    let same: bool = digest::of(&[secret.as_bytes()]).as_slice().ct_eq(&row.digest).into();
    let now = app.clock.now();
    if !same || row.revoked_at.is_some() || row.expires_at.is_some_and(|end| end <= now.0) {
        return Ok(None);
    }
    let Some(role) = Role::parse(&row.role) else { return Ok(None) };
    let merchant = (role == Role::Merchant).then_some(row.subject).flatten().map(MerchantId);
    let customer = (role == Role::Customer).then_some(row.subject).flatten().map(CustomerId);
    let party = row.party.as_deref().filter(|_| role == Role::Brand).and_then(payouts::party);
    let id = match (merchant, customer, &party) {
        (Some(merchant), ..) => merchant.to_string(),
        (_, Some(customer), _) => customer.to_string(),
        (.., Some(party)) => party.account(),
        _ => format!("{}:{}", role.name(), TokenId(row.id)),
    };
    Ok(Some(Actor { role, merchant, customer, party, channel: row.channel, id, import: false }))
}
