//! Webhooks of payment providers, taken in: checked, kept once, and left to a job. What they mean is found out afterwards, by asking.
//!
//! The event and the job that acts on it are one changeset, committed before the provider is told that it came: a webhook that was
//! acknowledged is acted on, whatever is killed when. Nothing that is a person's is kept.

use std::sync::Arc;

use crate::app::App;
use crate::effects::PROVIDER_EVENT;
use crate::kernel::digest;
use crate::pay::port::Notice;
use crate::pay::signature::Forged;
use crate::store::{Changeset, CommitError, Guard, JobRow, ProviderEventRow};

use super::{Ctx, OpError};

/// States of events.
pub const STATES: &[&str] = &["received", "done", "ignored", "parked", "refused"];

/// A webhook as it came.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// `stripe`, `razorpay`.
    pub provider: &'a str,
    /// The header with the signature.
    pub signature: Option<&'a str>,
    /// The header with the event's id, where the provider sends one.
    pub event_id: Option<&'a str>,
    /// The raw body, which is what was signed.
    pub body: &'a [u8],
}

/// Why a webhook is not taken in.
#[derive(Debug)]
pub enum NotTaken {
    /// It is not the provider's.
    Forged(Forged),
    /// We could not keep it: the provider is to send it again.
    Ours(OpError),
}

impl From<OpError> for NotTaken {
    fn from(error: OpError) -> Self {
        Self::Ours(error)
    }
}

/// Takes a webhook in; whether it is new. An event that came before is acknowledged and changes nothing.
pub async fn receive(app: &Arc<App>, delivery: Delivery<'_>) -> Result<bool, NotTaken> {
    let provider = app.pay.get(delivery.provider).ok_or(NotTaken::Ours(OpError::NotFound))?;
    // Signatures are checked by the machine's time: a shop's clock that was moved for a rehearsal does not make them old.
    let real_now = app.clock.real_now();
    let checked = provider.verify_webhook(delivery.signature, delivery.event_id, delivery.body, real_now);
    let notice = checked.map_err(NotTaken::Forged)?;
    let known = app.store.knows_provider_event(delivery.provider, &notice.event_id).await.map_err(OpError::from)?;
    if known {
        return Ok(false);
    }
    let cs = changeset(app, &delivery, &notice).map_err(NotTaken::Ours)?;
    match app.store.commit(cs).await {
        Ok(()) => {
            app.wake.notify_one();
            Ok(true)
        }
        Err(CommitError::Duplicate { what: Guard::Other("provider_event") }) => Ok(false),
        Err(error) => Err(NotTaken::Ours(error.into())),
    }
}

fn changeset(app: &App, delivery: &Delivery<'_>, notice: &Notice) -> Result<Changeset, OpError> {
    let now = app.clock.now();
    let id = app.ids.next(now);
    let mut cs = Changeset::new(app.ids.next(now), now.0);
    cs.insert_provider_event(&ProviderEventRow {
        id,
        provider: delivery.provider.to_owned(),
        event_id: notice.event_id.clone(),
        kind: notice.kind.clone(),
        object: serde_json::to_string(&notice.object).map_err(|e| OpError::Internal(e.to_string()))?,
        digest: digest::of(&[delivery.body]).to_vec(),
        body: notice.kept.to_string(),
        state: "received".to_owned(),
        note: None,
        order_id: None,
        created_at: notice.created_at.0,
        received_at: now.0,
    });
    cs.insert_job(&job(app, id));
    Ok(cs)
}

/// The job that acts on an event.
fn job(app: &App, event: i64) -> JobRow {
    let now = app.clock.now();
    JobRow {
        id: app.ids.next(now),
        kind: PROVIDER_EVENT.to_owned(),
        order_id: None,
        state: "ready".to_owned(),
        run_at: now.0,
        lease_owner: 0,
        lease_until: 0,
        fence: 0,
        attempts: 0,
        payload: serde_json::json!({ "event": event }).to_string(),
        last_error: None,
        created_at: now.0,
    }
}

/// Events after an id, in the order in which they came.
pub async fn list(
    ctx: &Ctx,
    state: Option<&str>,
    provider: Option<&str>,
    after: i64,
    limit: i64,
) -> Result<Vec<ProviderEventRow>, OpError> {
    Ok(ctx.app.store.list_provider_events(state, provider, after, limit).await?)
}

/// Acts on an event again that was parked or refused, after somebody mended what was wrong.
pub async fn retry(ctx: &Ctx, id: i64) -> Result<ProviderEventRow, OpError> {
    let row = ctx.app.store.find_provider_event(id).await?.ok_or(OpError::NotFound)?;
    if !matches!(row.state.as_str(), "parked" | "refused") {
        let why = format!("the event is {}: only one that was parked or refused can be acted on again", row.state);
        return Err(OpError::Conflict("event_settled", why));
    }
    let now = ctx.clock.now();
    let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
    cs.settle_provider_event(id, "received", None, row.order_id);
    cs.insert_job(&job(&ctx.app, id));
    if let Some(key) = &ctx.key {
        key.start(&mut cs, None, now);
    }
    ctx.app.store.commit(cs).await?;
    ctx.app.wake.notify_one();
    Ok(ProviderEventRow { state: "received".to_owned(), note: None, ..row })
}
