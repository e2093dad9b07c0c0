//! What the endpoints of disputes share: reading, listing, writing, and how a dispute is answered.

use orderwright_core::decide::DisputeCommand;
use orderwright_core::dispute::Kind;
use orderwright_core::id::{DisputeId, EvidenceId, MessageId};
use orderwright_core::order::Order;

use super::shared::Query;
use crate::ops::command::OrderRef;
use crate::ops::disputes::{self, Found};
use crate::ops::{Ctx, OpError};
use crate::store::{DisputeFilter, DisputeRow};
use crate::web::problem::Problem;
use crate::web::request::Answer;
use crate::web::view;
use crate::web::view::dispute::{
    DisputeView, NewDisputeBody, NewDisputeMessageBody, NewEvidenceBody, ReplacementBody, row,
};
use crate::web::view::page::{List, Params, Window};

/// Reads `dsp_…`.
pub fn id(text: &str) -> Result<DisputeId, Problem> {
    Ok(DisputeId::parse(text).ok_or(OpError::NotFound)?)
}

/// The order that a dispute was found in.
pub fn order(found: &Found) -> OrderRef {
    OrderRef::Order(found.loaded.order.id)
}

fn show(ctx: &Ctx, found: &Found) -> Result<DisputeView, Problem> {
    view::dispute::dispute(found, ctx.actor.role.audience())
}

fn version(order: &Order) -> i64 {
    order.version
}

/// A dispute, 200.
pub fn get(ctx: &Ctx, found: &Found) -> Result<Answer, Problem> {
    Ok(Answer::ok(&show(ctx, found)?).version(version(&found.loaded.order)))
}

/// A dispute that was made, 201.
pub fn made(ctx: &Ctx, found: &Found) -> Result<Answer, Problem> {
    Ok(Answer::created(&show(ctx, found)?).version(version(&found.loaded.order)))
}

/// The filters of a list; staff may ask for a channel and a merchant.
pub async fn list(ctx: &Ctx, query: Query, staff: bool) -> Result<Answer, Problem> {
    let mut params = Params::new(query.0);
    let window = params.window(|v| DisputeId::parse(v).map(|d| d.0));
    let mut filter = DisputeFilter {
        kind: params.parsed("kind", "claim or chargeback", |v| Kind::parse(v).map(|k| k.name().to_owned())),
        status: params.parsed("state", &format!("one of {}", Kind::statuses().join(", ")), |v| {
            Kind::statuses().contains(&v).then(|| v.to_owned())
        }),
        undecided: params.parsed("undecided", "true or false", |v| v.parse().ok()),
        respond_before: params.instant("respondBy").map(|t| t.0),
        ..DisputeFilter::default()
    };
    if staff {
        filter.channel = params.take("channel");
        let merchant = params.parsed("merchantId", "a merchant's id, mer_…", orderwright_core::id::MerchantId::parse);
        filter.merchant_id = merchant.map(|m| m.0);
    }
    params.finish()?;
    let before = window.after.unwrap_or(i64::MAX);
    let rows = disputes::list(ctx, filter, before, window.rows() as i64).await?;
    page(ctx, &window, rows)
}

/// The disputes of one order.
pub async fn list_of(ctx: &Ctx, which: OrderRef, query: Query) -> Result<Answer, Problem> {
    let mut params = Params::new(query.0);
    let window = params.window(|v| DisputeId::parse(v).map(|d| d.0));
    params.finish()?;
    let before = window.after.unwrap_or(i64::MAX);
    let rows = disputes::list_of(ctx, which, before, window.rows() as i64).await?;
    page(ctx, &window, rows)
}

fn page(ctx: &Ctx, window: &Window<i64>, rows: Vec<DisputeRow>) -> Result<Answer, Problem> {
    let audience = ctx.actor.role.audience();
    let List { data, next_cursor, total } = window.list(rows, |r| DisputeId(r.id).to_string(), |r| row(&r, audience));
    let data = data.into_iter().collect::<Result<Vec<DisputeView>, Problem>>()?;
    Ok(Answer::ok(&List { data, next_cursor, total }))
}

/// What was said in a dispute, oldest first.
pub async fn messages(ctx: &Ctx, found: &Found, query: Query) -> Result<Answer, Problem> {
    let mut params = Params::new(query.0);
    let window = params.window(|v| MessageId::parse(v).map(|m| m.0));
    params.finish()?;
    let rows = disputes::notes(ctx, found, false, window.after.unwrap_or(0), window.rows() as i64).await?;
    Ok(Answer::ok(&window.list(rows, |n| MessageId(n.id).to_string(), view::dispute::message)))
}

/// The evidence in a dispute, oldest first.
pub async fn evidence(ctx: &Ctx, found: &Found, query: Query) -> Result<Answer, Problem> {
    let mut params = Params::new(query.0);
    let window = params.window(|v| EvidenceId::parse(v).map(|e| e.0));
    params.finish()?;
    let rows = disputes::notes(ctx, found, true, window.after.unwrap_or(0), window.rows() as i64).await?;
    Ok(Answer::ok(&window.list(rows, |n| EvidenceId(n.id).to_string(), view::dispute::evidence)))
}

/// Raises a claim, 201 with it.
pub async fn open(mut ctx: Ctx, which: OrderRef, body: NewDisputeBody) -> Result<Answer, Problem> {
    let found = disputes::open(&mut ctx, which, body.read()?).await?;
    made(&ctx, &found)
}

/// Writes a message, 201 with it.
pub async fn say(
    mut ctx: Ctx,
    which: OrderRef,
    dispute: DisputeId,
    body: NewDisputeMessageBody,
) -> Result<Answer, Problem> {
    let (message, readers) = body.read()?;
    let row = disputes::write(&mut ctx, which, DisputeCommand::Say { dispute, message, readers }).await?;
    Ok(Answer::created(&view::dispute::message(row)))
}

/// Adds evidence, 201 with it.
pub async fn prove(
    mut ctx: Ctx,
    which: OrderRef,
    dispute: DisputeId,
    body: NewEvidenceBody,
) -> Result<Answer, Problem> {
    let evidence = body.read()?;
    let row = disputes::write(&mut ctx, which, DisputeCommand::Prove { dispute, evidence }).await?;
    Ok(Answer::created(&view::dispute::evidence(row)))
}

/// Takes a claim back, 200 with it.
pub async fn withdraw(mut ctx: Ctx, which: OrderRef, dispute: DisputeId) -> Result<Answer, Problem> {
    let found = disputes::carry_on(&mut ctx, which, DisputeCommand::Withdraw { dispute }).await?;
    get(&ctx, &found)
}

/// Records a replacement, 200 with the dispute.
pub async fn replace(
    mut ctx: Ctx,
    which: OrderRef,
    dispute: DisputeId,
    body: ReplacementBody,
) -> Result<Answer, Problem> {
    let parcel = body.read()?;
    let found = disputes::carry_on(&mut ctx, which, DisputeCommand::Replace { dispute, parcel }).await?;
    get(&ctx, &found)
}
