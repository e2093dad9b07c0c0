//! What merchants and brands read of their own money alike: statements and payouts. An endpoint says whose they are; nothing here asks
//! for what is not the party's own.

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use orderwright_core::id::PayoutId;
use orderwright_core::order::{PartyKind, PartyRef};
use orderwright_core::payout::PayoutState;
use orderwright_core::time::Timestamp;

use super::shared::{self, Query};
use crate::ops::ledger::{self, StatementLine};
use crate::ops::payouts::{self, Payout, statement};
use crate::ops::{Ctx, OpError};
use crate::store::PayoutFilter;
use crate::web::problem::Problem;
use crate::web::request::Answer;
use crate::web::view::csv::{Cell, Rows};
use crate::web::view::page::Params;
use crate::web::view::payout::{self as payout_view, Document};
use crate::web::view::statement::{self as view, StatementView};

/// The parties that a merchant is: a maker is a supplier in one channel and a merchant in another.
pub fn of_merchant(ctx: &Ctx) -> Result<Vec<PartyRef>, OpError> {
    let merchant = ctx.actor.merchant.ok_or(OpError::NotFound)?;
    Ok([PartyKind::Merchant, PartyKind::Supplier].map(|kind| PartyRef { kind, id: merchant.to_string() }).into())
}

/// The party that a brand's token reads.
pub fn of_brand(ctx: &Ctx) -> Result<PartyRef, OpError> {
    ctx.actor.party.clone().ok_or(OpError::NotFound)
}

/// A page of payouts, the newest first. Without a party there are none: an empty list would mean everybody's.
pub async fn payouts(ctx: &Ctx, parties: &[PartyRef], query: Query) -> Result<Answer, Problem> {
    if parties.is_empty() {
        return Err(OpError::NotFound.into());
    }
    let mut params = Params::new(query.0);
    let state = params.parsed("status", "a status of payouts", PayoutState::parse);
    let window = params.window(|v| PayoutId::parse(v).map(|p| p.0));
    params.finish()?;
    let filter = PayoutFilter {
        parties: parties.iter().map(PartyRef::account).collect(),
        state: state.map(|s| s.name().to_owned()),
        ..PayoutFilter::default()
    };
    let rows = payouts::list(ctx, &filter, window.after, window.rows() as i64).await?;
    Ok(Answer::ok(&window.list(rows, |p| p.id().to_string(), |p| payout_view::payout(p, true))))
}

/// One payout.
pub async fn payout(ctx: &Ctx, parties: &[PartyRef], id: &str) -> Result<Answer, Problem> {
    Ok(Answer::ok(&payout_view::payout(found(ctx, parties, id).await?, true)))
}

/// What a payout has of which order: a page, by order.
pub async fn payout_lines(ctx: &Ctx, parties: &[PartyRef], id: &str, query: Query) -> Result<Answer, Problem> {
    shared::payout_lines(ctx, found(ctx, parties, id), query).await
}

/// The statement of a payout as CSV.
pub async fn payout_csv(ctx: &Ctx, parties: &[PartyRef], id: &str) -> Result<Document, Problem> {
    Ok(payout_view::csv(&statement::statement(ctx, found(ctx, parties, id).await?).await?))
}

/// The statement of a payout as a page to print.
pub async fn payout_html(ctx: &Ctx, parties: &[PartyRef], id: &str) -> Result<Document, Problem> {
    Ok(payout_view::html(&statement::statement(ctx, found(ctx, parties, id).await?).await?))
}

/// A payout of one of the parties; as above.
async fn found(ctx: &Ctx, parties: &[PartyRef], id: &str) -> Result<Payout, OpError> {
    if parties.is_empty() {
        return Err(OpError::NotFound);
    }
    payouts::find(ctx, id, parties).await
}

/// A statement: a page of its lines, oldest first, between two balances.
pub async fn statement(ctx: &Ctx, parties: &[PartyRef], query: Query) -> Result<Answer, Problem> {
    let mut params = Params::new(query.0);
    let (from, to) = (params.instant("from"), params.instant("to"));
    let window = params.window(|v| v.parse::<i64>().ok().filter(|id| *id >= 0));
    params.finish()?;
    let found = ledger::statement(ctx, parties, from, to, window.after, window.rows() as i64).await?;
    let page = window.list(found.lines, |line| line.id.to_string(), view::line);
    Ok(Answer::ok(&StatementView {
        opening: found.opening,
        closing: found.closing,
        data: page.data,
        next_cursor: page.next_cursor,
        total: None,
    }))
}

/// Lines that are in memory at the same time.
const PAGE: i64 = 1_000;

/// Where an export stands.
struct Export {
    ctx: Ctx,
    parties: Vec<PartyRef>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    page: Option<Vec<StatementLine>>,
    first: bool,
}

impl Export {
    async fn read(&self, after: Option<i64>) -> Result<Vec<StatementLine>, OpError> {
        ledger::statement_lines(&self.ctx, &self.parties, self.from, self.to, after, PAGE).await
    }
}

/// The lines of a statement as CSV for accounting, oldest first, as long as it likes: one row a line, amounts as numbers of minor units.
pub async fn statement_csv(ctx: Ctx, parties: Vec<PartyRef>, query: Query) -> Result<Response, Problem> {
    let mut params = Params::new(query.0);
    let (from, to) = (params.instant("from"), params.instant("to"));
    params.finish()?;
    let name = format!("attachment; filename=\"statement-{}.csv\"", ctx.clock.now().date());
    let mut export = Export { ctx, parties, from, to, page: None, first: true };
    export.page = Some(export.read(None).await?);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    Ok((headers, Body::from_stream(stream::try_unfold(export, next))).into_response())
}

async fn next(mut export: Export) -> Result<Option<(Bytes, Export)>, std::io::Error> {
    let Some(page) = export.page.take() else { return Ok(None) };
    let mut rows = Rows::default();
    if export.first {
        rows.push(&view::COLUMNS.iter().map(|c| Cell::from(*c)).collect::<Vec<_>>());
        export.first = false;
    }
    let last = page.last().map(|line| line.id).filter(|_| page.len() as i64 == PAGE);
    for line in page {
        rows.push(&view::cells(&view::line(line)));
    }
    if let Some(last) = last {
        let read = export.read(Some(last)).await.map_err(|error| {
            tracing::warn!(%error, "a statement broke off");
            std::io::Error::other("a statement broke off")
        })?;
        export.page = Some(read);
    }
    Ok(Some((Bytes::from(rows.into_bytes()), export)))
}
