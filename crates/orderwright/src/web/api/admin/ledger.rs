//! `GET /admin/ledger`, `/admin/ledger.csv`, `/admin/ledger/balances`, `/admin/ledger/accounts`

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use orderwright_core::id::OrderId;
use orderwright_core::ledger::{Account, CHART};
use orderwright_core::money::Currency;
use orderwright_core::time::Timestamp;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::ops::{Ctx, ledger};
use crate::store::{LedgerFilter, LedgerRow};
use crate::web::api::shared;
use crate::web::caller::{Caller, Platform};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::Answer;
use crate::web::view::csv::{Cell, Rows};
use crate::web::view::page::{List, PageParams, Params};

/// A line of the book.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LedgerLine)]
pub struct LineView {
    /// The line's id, as text: it has more digits than a JavaScript number.
    pub id: String,
    /// The posting; its lines sum to zero.
    pub posting_id: String,
    /// `ord_…`, if it is about an order.
    pub order_id: Option<String>,
    /// authorise, capture, split, void, refund, ….
    pub cause: String,
    /// What it is about beside the order: the id of a refund, a dispute, a payout.
    pub about: Option<String>,
    /// The posting that it undoes.
    pub reverses: Option<String>,
    /// The account, as in the chart of accounts.
    pub account: String,
    /// ISO 4217.
    pub currency: String,
    /// Minor units; a debit is positive, a credit negative.
    pub amount: i64,
    /// RFC 3339.
    pub created_at: String,
}

fn show(row: LedgerRow) -> LineView {
    LineView {
        id: row.id.to_string(),
        posting_id: row.posting_id.to_string(),
        order_id: row.order_id.map(|o| OrderId(o).to_string()),
        cause: row.cause,
        about: row.about,
        reverses: row.reverses.map(|p| p.to_string()),
        account: row.account,
        currency: row.currency,
        amount: row.amount,
        created_at: Timestamp(row.at).to_string(),
    }
}

/// The filters of the book, as the document describes them.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "it describes the parameters; `filter` reads them")]
pub struct LedgerParams {
    /// A whole account, or the beginning of its name with a * at the end: `party/merchant/*`
    account: Option<String>,
    /// `ord_…`
    order_id: Option<String>,
    /// authorise, capture, split, void, refund, …
    cause: Option<String>,
    /// ISO 4217
    currency: Option<String>,
    /// Booked at or after: instant or date
    from: Option<String>,
    /// Booked before
    to: Option<String>,
}

fn filter(params: &mut Params) -> LedgerFilter {
    let mut filter = LedgerFilter::default();
    if let Some(text) = params.take("account") {
        match text.strip_suffix('*') {
            Some(prefix) => filter.account_prefix = Some(prefix.to_owned()),
            None if Account::parse(&text).is_some() => filter.accounts.push(text),
            None => params.complain(
                "account",
                "is no account; see GET /admin/ledger/accounts, or give the beginning of a name and a *",
            ),
        }
    }
    filter.order_id = params.parsed("orderId", "an order's id, ord_…", OrderId::parse).map(|o| o.0);
    filter.cause = params.take("cause");
    filter.currency =
        params.parsed("currency", "a currency of ISO 4217, like EUR", Currency::parse).map(|c| c.code().to_owned());
    filter.from = params.instant("from").map(|t| t.0);
    filter.to = params.instant("to").map(|t| t.0);
    filter
}

/// Lines of the book, oldest first.
#[utoipa::path(get, path = "/admin/ledger", tag = "admin", operation_id = "adminListLedger", security(("token" = [])),
    params(LedgerParams, ("sort" = Option<String>, Query, description = "createdAt (default) or -createdAt"), PageParams),
    responses(
        (status = 200, body = List<LineView>, description = "A page"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn list(caller: Caller<Platform>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    let mut params = Params::new(query.0);
    let filter = filter(&mut params);
    let newest = params
        .parsed("sort", "createdAt or -createdAt", |v| match v {
            "createdAt" => Some(false),
            "-createdAt" => Some(true),
            _ => None,
        })
        .unwrap_or(false);
    let window = params.window(|v| v.parse::<i64>().ok().filter(|id| *id >= 0));
    params.finish()?;
    let rows = ledger::lines(&caller.ctx, &filter, window.after, newest, window.rows() as i64).await?;
    Ok(Answer::ok(&window.list(rows, |row| row.id.to_string(), show)))
}

/// Balances of all accounts.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrialBalance {
    /// The instant, RFC 3339.
    pub at: String,
    /// Accounts with a balance.
    pub data: Vec<BalanceView>,
    /// The sum of each currency: zero.
    pub sums: Vec<SumView>,
}

/// The balance of an account in a currency.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AccountBalance)]
pub struct BalanceView {
    /// As in the chart of accounts.
    pub account: String,
    /// asset, liability, income, expense, memorandum.
    pub class: Option<String>,
    /// ISO 4217.
    pub currency: String,
    /// Minor units; a debit is positive, a credit negative.
    pub balance: i64,
}

/// The sum of a currency.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CurrencySum)]
pub struct SumView {
    /// ISO 4217.
    pub currency: String,
    /// Minor units: zero in every sound book.
    pub sum: i64,
}

/// The trial balance, now or at any instant, from kept balances.
#[utoipa::path(get, path = "/admin/ledger/balances", tag = "admin", operation_id = "adminTrialBalance", security(("token" = [])),
    params(("at" = Option<String>, Query, description = "After all that was booked up to this instant (or to the end of the day before this date); by default now")),
    responses(
        (status = 200, body = TrialBalance, description = "Balances by account and currency"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn balances(caller: Caller<Platform>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    let mut params = Params::new(query.0);
    let at = params.instant("at");
    params.finish()?;
    let found = ledger::balances(&caller.ctx, at).await?;
    let mut sums: Vec<SumView> = Vec::new();
    for (_, currency, amount) in &found {
        match sums.iter_mut().find(|s| s.currency == *currency) {
            Some(sum) => sum.sum += amount,
            None => sums.push(SumView { currency: currency.clone(), sum: *amount }),
        }
    }
    sums.sort_by(|a, b| a.currency.cmp(&b.currency));
    let data = found.into_iter().map(|(account, currency, balance)| BalanceView {
        class: Account::parse(&account).map(|a| a.entry().class.to_owned()),
        account,
        currency,
        balance,
    });
    let at = at.unwrap_or_else(|| caller.ctx.clock.now()).to_string();
    Ok(Answer::ok(&TrialBalance { at, data: data.collect(), sums }))
}

/// An entry of the chart of accounts.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChartEntry)]
pub struct ChartView {
    /// Its name; `<type>/<id>` stands for a party.
    pub account: String,
    /// asset, liability, income, expense, memorandum.
    pub class: String,
    /// debit or credit.
    pub normal: String,
    /// What it is for.
    pub description: String,
}

/// The chart of accounts.
#[utoipa::path(get, path = "/admin/ledger/accounts", tag = "admin", operation_id = "adminChartOfAccounts", security(("token" = [])),
    responses(
        (status = 200, body = List<ChartView>, description = "All of them"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn accounts(_: Caller<Platform>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    Params::new(query.0).finish()?;
    let chart = CHART.iter().map(|entry| ChartView {
        account: entry.name.to_owned(),
        class: entry.class.to_owned(),
        normal: entry.normal.name().to_owned(),
        description: entry.about.to_owned(),
    });
    let data: Vec<ChartView> = chart.collect();
    let total = Some(data.len() as i64);
    Ok(Answer::ok(&List { data, next_cursor: None, total }))
}

/// Lines that are in memory at the same time.
const PAGE: i64 = 1_000;
/// The columns of the file.
const COLUMNS: &[&str] = &[
    "id",
    "postingId",
    "createdAt",
    "orderId",
    "cause",
    "about",
    "reverses",
    "account",
    "class",
    "currency",
    "amount",
];

/// Where the export stands.
struct Export {
    ctx: Ctx,
    filter: LedgerFilter,
    page: Option<Vec<LedgerRow>>,
    first: bool,
}

/// The book as CSV for accounting, oldest first: one row a line, amounts as numbers of minor units.
#[utoipa::path(get, path = "/admin/ledger.csv", tag = "admin", operation_id = "adminExportLedger", security(("token" = [])),
    params(LedgerParams),
    responses(
        (status = 200, body = String, content_type = "text/csv", description = "The file (RFC 4180, UTF-8, with a header)"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn export(caller: Caller<Platform>, query: shared::Query) -> Result<Response, Problem> {
    let mut params = Params::new(query.0);
    let filter = filter(&mut params);
    params.finish()?;
    let ctx = caller.ctx;
    let page = ledger::lines(&ctx, &filter, None, false, PAGE).await?;
    let name = format!("attachment; filename=\"ledger-{}.csv\"", ctx.clock.now().date());
    let body = Body::from_stream(stream::try_unfold(Export { ctx, filter, page: Some(page), first: true }, next));
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    Ok((headers, body).into_response())
}

async fn next(mut export: Export) -> Result<Option<(Bytes, Export)>, std::io::Error> {
    let Some(page) = export.page.take() else { return Ok(None) };
    let mut rows = Rows::default();
    if export.first {
        rows.push(&COLUMNS.iter().map(|c| Cell::from(*c)).collect::<Vec<_>>());
        export.first = false;
    }
    let last = page.last().map(|row| row.id).filter(|_| page.len() as i64 == PAGE);
    for row in page {
        rows.push(&cells(show(row)));
    }
    if let Some(last) = last {
        let read = ledger::lines(&export.ctx, &export.filter, Some(last), false, PAGE).await;
        export.page = Some(read.map_err(|error| {
            tracing::warn!(%error, "an export broke off");
            std::io::Error::other("the export broke off")
        })?);
    }
    Ok(Some((Bytes::from(rows.into_bytes()), export)))
}

fn cells(line: LineView) -> [Cell; 11] {
    let class = Account::parse(&line.account).map(|a| a.entry().class.to_owned());
    [
        Cell::from(&line.id),
        Cell::from(&line.posting_id),
        Cell::from(&line.created_at),
        Cell::from(&line.order_id),
        Cell::from(&line.cause),
        Cell::from(&line.about),
        Cell::from(&line.reverses),
        Cell::from(&line.account),
        Cell::from(&class),
        Cell::from(&line.currency),
        Cell::from(line.amount),
    ]
}
