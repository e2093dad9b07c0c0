//! A party's statement as it is shown: JSON, and the rows of the file for accounting.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::csv::Cell;
use crate::ops::ledger::StatementLine;

/// A statement: a page of its lines between two balances.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Statement)]
pub struct StatementView {
    /// Balances before the period, minor units by currency; what the party gets is positive.
    pub opening: BTreeMap<String, i64>,
    /// Balances at its end.
    pub closing: BTreeMap<String, i64>,
    /// Lines, oldest first.
    pub data: Vec<StatementLineView>,
    /// Give it as `after` for the next page; null on the last.
    pub next_cursor: Option<String>,
    /// Always null: lines are not counted.
    pub total: Option<i64>,
}

/// A line of a statement.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StatementLine)]
pub struct StatementLineView {
    /// Its id.
    pub id: String,
    /// RFC 3339.
    pub created_at: String,
    /// `ord_…`
    pub order_id: Option<String>,
    /// The number that people use.
    pub order_number: Option<String>,
    /// split, refund, payout, ….
    pub cause: String,
    /// In plain words.
    pub description: String,
    /// ISO 4217.
    pub currency: String,
    /// Minor units; what the party gets is positive.
    pub amount: i64,
}

/// Shows a line.
pub fn line(line: StatementLine) -> StatementLineView {
    let (order_id, order_number) = line.order.map(|(id, number)| (id.to_string(), number)).unzip();
    StatementLineView {
        id: line.id.to_string(),
        created_at: line.at.to_string(),
        order_id,
        order_number,
        cause: line.cause,
        description: line.description,
        currency: line.currency,
        amount: line.amount,
    }
}

/// The columns of the file: the fields of a line.
pub const COLUMNS: &[&str] =
    &["id", "createdAt", "orderId", "orderNumber", "cause", "description", "currency", "amount"];

/// A line as a row of the file.
pub fn cells(line: &StatementLineView) -> [Cell; 8] {
    [
        Cell::from(&line.id),
        Cell::from(&line.created_at),
        Cell::from(&line.order_id),
        Cell::from(&line.order_number),
        Cell::from(&line.cause),
        Cell::from(&line.description),
        Cell::from(&line.currency),
        Cell::from(line.amount),
    ]
}
