//! Lists: the envelope, and the parameters that every list takes.

use std::str::FromStr;

use serde::Serialize;
use utoipa::ToSchema;

use crate::ops::FieldError;
use crate::store::{Cursor, Page, Sort};
use crate::web::problem::Problem;

/// A page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct List<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Give it as `after` for the next page; null on the last.
    pub next_cursor: Option<String>,
    /// How many there are in all, where a counter is kept; else null.
    pub total: Option<i64>,
}

/// Rows of a page when nothing is said.
pub const DEFAULT_LIMIT: u32 = 20;
/// The most rows of a page.
pub const MAX_LIMIT: u32 = 200;
/// The deepest row that `page` reaches.
pub const MAX_DEPTH: i64 = 10_000;

/// Parameters of a query, each taken once; what is left over at the end is unknown.
#[derive(Debug)]
pub struct Params {
    pairs: Vec<(String, String)>,
    wrong: Vec<FieldError>,
}

impl Params {
    /// Of a query string.
    pub fn new(pairs: Vec<(String, String)>) -> Self {
        Self { pairs, wrong: Vec::new() }
    }

    /// Notes a wrong parameter.
    pub fn complain(&mut self, name: &str, detail: impl Into<String>) {
        self.wrong.push(FieldError { pointer: name.to_owned(), detail: detail.into() });
    }

    /// Takes a parameter.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let at = self.pairs.iter().position(|(n, _)| n == name)?;
        let (_, value) = self.pairs.remove(at);
        if self.pairs.iter().any(|(n, _)| n == name) {
            self.complain(name, "is given twice; separate several values by commas");
            self.pairs.retain(|(n, _)| n != name);
        }
        (!value.is_empty()).then_some(value)
    }

    /// Takes a comma list.
    pub fn list(&mut self, name: &str) -> Vec<String> {
        let value = self.take(name).unwrap_or_default();
        value.split(',').map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned).collect()
    }

    /// Takes a parameter that `read` understands; `what` says what it must be.
    pub fn parsed<T>(&mut self, name: &str, what: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let value = self.take(name)?;
        let parsed = read(&value);
        if parsed.is_none() {
            self.complain(name, format!("must be {what}"));
        }
        parsed
    }

    /// Takes `limit`.
    pub fn limit(&mut self) -> u32 {
        let what = format!("a number between 1 and {MAX_LIMIT}");
        self.parsed("limit", &what, |v| v.parse().ok().filter(|n| (1..=MAX_LIMIT).contains(n))).unwrap_or(DEFAULT_LIMIT)
    }

    /// Takes `limit`, `after`, `page` and `sort` of a list of orders.
    pub fn page(&mut self) -> (Sort, Page) {
        let limit = self.limit();
        let sorts = "one of createdAt, updatedAt, total, status, with - before it for descending";
        let sort = self.parsed("sort", sorts, |v| Sort::from_str(v).ok()).unwrap_or_default();
        let after = self.parsed("after", "a nextCursor of the same list", |v| v.parse::<Cursor>().ok());
        let number = self.parsed("page", "a number from 1", |v| v.parse::<i64>().ok().filter(|n| *n >= 1));
        let page = match (after, number) {
            (Some(_), Some(_)) => {
                self.complain("page", "give either page or after");
                Page::First { limit }
            }
            (Some(cursor), None) => Page::After { cursor, limit },
            (None, Some(number)) => {
                if number.saturating_mul(i64::from(limit)) > MAX_DEPTH {
                    self.complain("page", format!("page × limit is at most {MAX_DEPTH}; go on with after"));
                }
                Page::Offset {
                    offset: u32::try_from((number - 1).saturating_mul(i64::from(limit))).unwrap_or(u32::MAX),
                    limit,
                }
            }
            (None, None) => Page::First { limit },
        };
        (sort, page)
    }

    /// Ends the reading: whatever was wrong or unknown is an error.
    pub fn finish(mut self) -> Result<(), Problem> {
        for (name, _) in std::mem::take(&mut self.pairs) {
            self.complain(&name, "is not a parameter of this list");
        }
        if self.wrong.is_empty() { Ok(()) } else { Err(Problem::fields(self.wrong)) }
    }
}
