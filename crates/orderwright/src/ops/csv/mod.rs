//! Imports of CSV files that staff and merchants send: what each line asks for, and what became of it.
//!
//! Each order is commanded on its own, with its own transactions; lines of one order are taken in the order of the file. A line that fails
//! changes nothing and stops no other. What is not here: moving a whole shop in (`import`), and how outcomes are shown.

pub mod file;
pub mod merchant_orders;
pub mod payments;

use std::collections::HashMap;

use futures_util::{StreamExt, stream};
use orderwright_core::id::OrderId;

use super::command::{self, Loaded};
use super::{Ctx, OpError};
use file::{Fields, Line};

/// What became of a line.
#[derive(Debug)]
pub struct LineOutcome {
    /// Its number in the file, from 1.
    pub line: u64,
    /// The order that it names.
    pub order_number: Option<String>,
    /// What was done, or why nothing was.
    pub result: Result<LineDone, LineError>,
}

/// A line that was carried out, or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineDone {
    /// The order.
    pub order: OrderId,
    /// Its status afterwards.
    pub status: String,
    /// Whether an earlier line or file did it.
    pub already: bool,
}

impl LineDone {
    fn of(loaded: &Loaded, already: bool) -> Self {
        let status = orderwright_core::status::order_status(&loaded.order, &loaded.workflow).to_owned();
        Self { order: loaded.order.id, status, already }
    }
}

/// Why a line was not carried out.
#[derive(Debug)]
pub struct LineError {
    /// The column that it is about, where one is to blame; wrong fields name theirs themselves.
    pub column: Option<&'static str>,
    /// The reason.
    pub error: OpError,
}

impl LineError {
    fn at(column: &'static str, error: OpError) -> Self {
        Self { column: Some(column), error }
    }

    fn field(column: &str, detail: impl Into<String>) -> Self {
        Self { column: None, error: OpError::field(format!("/{column}"), detail) }
    }
}

/// The column that every import has.
const ORDER_NUMBER: &str = "orderNumber";
/// The longest text in a field that is kept.
const MAX_FIELD: usize = 200;

/// Lines of one order, each with its place among the outcomes.
struct Group {
    order_number: String,
    lines: Vec<(usize, Fields)>,
}

/// Lines that can be read, by order in the order of their first lines; and an outcome for each line, failed where it cannot be read.
fn grouped(lines: Vec<Line>) -> (Vec<Group>, Vec<LineOutcome>) {
    let mut groups: Vec<Group> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut outcomes = Vec::with_capacity(lines.len());
    for Line { number, fields } in lines {
        let fields = fields.and_then(|f| match f.get(ORDER_NUMBER) {
            "" => Err(LineError::field(ORDER_NUMBER, "must not be empty")),
            _ => Ok(f),
        });
        let (order_number, result) = match fields {
            Err(error) => (None, Err(error)),
            Ok(fields) => {
                let order_number = fields.get(ORDER_NUMBER).to_owned();
                let place = *places.entry(order_number.clone()).or_insert_with(|| {
                    groups.push(Group { order_number: order_number.clone(), lines: Vec::new() });
                    groups.len() - 1
                });
                groups[place].lines.push((outcomes.len(), fields));
                let waiting = OpError::Internal("a line of an import was left out".to_owned());
                (Some(order_number), Err(LineError { column: None, error: waiting }))
            }
        };
        outcomes.push(LineOutcome { line: number, order_number, result });
    }
    (groups, outcomes)
}

/// Works through the groups, some at the same time, and puts what became of each line into its place.
async fn each_order<W>(groups: Vec<Group>, outcomes: &mut [LineOutcome], at_once: usize, work: impl Fn(Group) -> W)
where
    W: Future<Output = Vec<(usize, Result<LineDone, LineError>)>>,
{
    let mut done = stream::iter(groups.into_iter().map(work)).buffer_unordered(at_once);
    while let Some(results) = done.next().await {
        for (place, result) in results {
            outcomes[place].result = result;
        }
    }
}

/// The order of that number, if it is in the actor's scope.
async fn find(ctx: &Ctx, order_number: &str) -> Result<Loaded, LineError> {
    let found = ctx.app.store.find_order_by_number(&ctx.scope(), order_number).await;
    let row = found.map_err(OpError::from).and_then(|row| row.ok_or(OpError::NotFound));
    let loaded = match row {
        Ok(row) => command::loaded(ctx, row).await,
        Err(error) => Err(error),
    };
    loaded.map_err(|error| LineError::at(ORDER_NUMBER, error))
}

/// The actor with the import's word.
fn importing(ctx: &Ctx) -> Ctx {
    let mut ctx = Ctx { key: None, if_version: None, ..ctx.clone() };
    ctx.actor.import = true;
    ctx
}
