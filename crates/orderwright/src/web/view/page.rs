//! Lists: the envelope, and the parameters that every list takes.

use std::str::FromStr;

use orderwright_core::time::Timestamp;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

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

/// The filters of every list of orders, as the document describes them. They are read by `order_query`.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct OrderFilterParams {
    /// Comma list
    pub status: Option<String>,
    /// Comma list
    pub channel: Option<String>,
    /// Comma list
    pub payment_status: Option<String>,
    /// Comma list
    pub shipping_status: Option<String>,
    /// `cus_…`
    pub customer_id: Option<String>,
    /// `mer_…`
    pub merchant_id: Option<String>,
    /// With a line of this offer
    pub sku: Option<String>,
    /// Whole, or a part: one that ends with the last five digits or more, or that has the day in it (`ORD-20260131`), finds every such
    /// order at once; any other part is looked for among 1,000 orders a page
    pub order_number: Option<String>,
    /// Number or a part of it that has a digit, id, e-mail, or the beginning of a name
    pub q: Option<String>,
    /// Placed at or after: instant or date
    pub from: Option<String>,
    /// Placed before
    pub to: Option<String>,
    /// Delivered at or after
    pub delivered_from: Option<String>,
    /// Delivered before
    pub delivered_to: Option<String>,
    /// Minor units, at least
    pub min_total: Option<i64>,
    /// Minor units, at most
    pub max_total: Option<i64>,
}

/// Which part of a list is wanted, as the document describes it. Read by [`Params::page`].
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// 1 to 200, default 20
    pub limit: Option<i64>,
    /// nextCursor of the page before
    pub after: Option<String>,
    /// From 1; page × limit at most 10,000
    pub page: Option<i64>,
}

/// Rows of a page when nothing is said.
pub const DEFAULT_LIMIT: u32 = 20;
/// The most rows of a page.
pub const MAX_LIMIT: u32 = 200;
/// The deepest row that `page` reaches.
pub const MAX_DEPTH: i64 = 10_000;

/// Which part is wanted of a list that runs along a key.
#[derive(Debug)]
pub struct Window<K> {
    /// Behind which key.
    pub after: Option<K>,
    skip: usize,
    limit: usize,
}

impl<K> Window<K> {
    /// How many rows are to be read: one more than is shown tells whether there is a next page.
    pub fn rows(&self) -> usize {
        self.skip.saturating_add(self.limit).saturating_add(1)
    }

    /// The page of the rows that were read; `cursor` names a row for the next page.
    pub fn list<R, T>(&self, rows: Vec<R>, cursor: impl Fn(&R) -> String, show: impl Fn(R) -> T) -> List<T> {
        let more = rows.len() > self.skip.saturating_add(self.limit);
        let page: Vec<R> = rows.into_iter().skip(self.skip).take(self.limit).collect();
        let next_cursor = page.last().filter(|_| more).map(cursor);
        List { data: page.into_iter().map(show).collect(), next_cursor, total: None }
    }
}

/// A text as a cursor: hexadecimal, so that nothing needs escaping and nobody is tempted to read it.
pub fn text_cursor(text: &str) -> String {
    text.bytes().map(|b| format!("{b:02x}")).collect()
}

/// Reads what [`text_cursor`] wrote.
pub fn read_text_cursor(cursor: &str) -> Option<String> {
    if !cursor.len().is_multiple_of(2) || !cursor.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let bytes = (0..cursor.len()).step_by(2).map(|at| u8::from_str_radix(&cursor[at..at + 2], 16).ok());
    String::from_utf8(bytes.collect::<Option<_>>()?).ok().filter(|text| !text.contains('\0'))
}

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
        if value.contains('\0') {
            // One of the stores cannot even compare it.
            self.complain(name, "must not contain NUL");
            return None;
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

    /// Takes a number: unlike a text, one that is given without a value is not left out.
    pub fn number<T>(&mut self, name: &str, what: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        if self.pairs.iter().any(|(n, value)| n == name && value.is_empty()) {
            self.complain(name, format!("must be {what}"));
        }
        self.parsed(name, what, read)
    }

    /// Takes an instant, or a date as its first instant.
    pub fn instant(&mut self, name: &str) -> Option<Timestamp> {
        let what = "an instant or a date, like 2026-01-31T12:00:00Z or 2026-01-31";
        self.parsed(name, what, Timestamp::parse_instant_or_date)
    }

    /// Takes `limit`.
    pub fn limit(&mut self) -> u32 {
        let what = format!("a number between 1 and {MAX_LIMIT}");
        self.number("limit", &what, |v| v.parse().ok().filter(|n| (1..=MAX_LIMIT).contains(n))).unwrap_or(DEFAULT_LIMIT)
    }

    /// Takes `sort` of a list of orders.
    pub fn sort(&mut self) -> Sort {
        let sorts =
            "one of createdAt, updatedAt, total, status, itemName, transactionId, with - before it for descending";
        self.parsed("sort", sorts, |v| Sort::from_str(v).ok()).unwrap_or_default()
    }

    /// Takes `page` as the number of rows before it, of a list without `after`.
    fn offset(&mut self, limit: u32, after: bool) -> Option<u32> {
        let number = self.number("page", "a number from 1", |v| v.parse::<i64>().ok().filter(|n| *n >= 1))?;
        if after {
            self.complain("page", "give either page or after");
        }
        if number.saturating_mul(i64::from(limit)) > MAX_DEPTH {
            self.complain("page", format!("page × limit is at most {MAX_DEPTH}; go on with after"));
        }
        Some(u32::try_from((number - 1).saturating_mul(i64::from(limit))).unwrap_or(u32::MAX))
    }

    /// Takes `limit`, `after`, `page` and `sort` of a list of orders.
    pub fn page(&mut self) -> (Sort, Page) {
        let limit = self.limit();
        let sort = self.sort();
        let after = self.parsed("after", "a nextCursor of the same list", |v| v.parse::<Cursor>().ok());
        let page = match (self.offset(limit, after.is_some()), after) {
            (Some(offset), None) => Page::Offset { offset, limit },
            (_, Some(cursor)) => Page::After { cursor, limit },
            (None, None) => Page::First { limit },
        };
        (sort, page)
    }

    /// Takes `limit`, `after` and `page` of a list that runs along a key; `read` understands the key.
    pub fn window<K>(&mut self, read: impl Fn(&str) -> Option<K>) -> Window<K> {
        let limit = self.limit();
        let after = self.parsed("after", "a nextCursor of the same list", read);
        let skip = self.offset(limit, after.is_some()).unwrap_or(0);
        Window { after, skip: skip as usize, limit: limit as usize }
    }

    /// Takes a yes or no; no when it is left out.
    pub fn flag(&mut self, name: &str) -> bool {
        self.parsed(name, "true or false", |v| v.parse::<bool>().ok()).unwrap_or(false)
    }

    /// Ends the reading: whatever was wrong or unknown is an error.
    pub fn finish(mut self) -> Result<(), Problem> {
        for (name, _) in std::mem::take(&mut self.pairs) {
            self.complain(&name, "is not a parameter of this list");
        }
        if self.wrong.is_empty() { Ok(()) } else { Err(Problem::fields(self.wrong)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_survives_as_a_cursor() {
        for text in ["", "SKU-1", "größe 😀 /&"] {
            assert_eq!(read_text_cursor(&text_cursor(text)).as_deref(), Some(text));
        }
        for cursor in ["0", "zz", "+1", "ff", "é0", "00"] {
            assert_eq!(read_text_cursor(cursor), None, "{cursor}");
        }
    }

    #[test]
    fn a_window_shows_its_part_and_knows_of_more() {
        let list = |after: Option<i64>, skip, limit, rows: Vec<i64>| {
            let window = Window { after, skip, limit };
            assert!(rows.len() <= window.rows());
            let list = window.list(rows, ToString::to_string, |n| n);
            (list.data, list.next_cursor)
        };
        assert_eq!(list(None, 0, 2, vec![1, 2, 3]), (vec![1, 2], Some("2".to_owned())));
        assert_eq!(list(Some(2), 0, 2, vec![3, 4]), (vec![3, 4], None));
        assert_eq!(list(None, 2, 2, vec![1, 2, 3, 4, 5]), (vec![3, 4], Some("4".to_owned())));
        assert_eq!(list(None, 4, 2, vec![1, 2]), (vec![], None));
    }
}
