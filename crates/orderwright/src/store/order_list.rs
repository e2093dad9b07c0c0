//! Lists of orders: filters, sorts, keyset pages. The text varies with the filters that are set; every value is a
//! parameter. Nothing is counted here: whether there is a next page is known by asking for one row more.

use std::fmt::Write as _;

use super::{
    Result, Store, StoreError, in_list,
    number_part::{Piece, is_part_of_numbers, pattern},
    orders::{OrderRow, Scope},
    page::{Cursor, CursorValue, Page, Sort, SortKey},
    people::search_key,
    registry::order_columns,
    value::Val,
};

/// What orders are wanted; what is empty or None does not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// One of these statuses.
    pub status: Vec<String>,
    /// One of these channels.
    pub channel: Vec<String>,
    /// One of these payment statuses.
    pub payment_status: Vec<String>,
    /// One of these shipping statuses.
    pub shipping_status: Vec<String>,
    /// Of this customer.
    pub customer_id: Option<i64>,
    /// With this number.
    pub number: Option<NumberFilter>,
    /// Placed at or after.
    pub from: Option<i64>,
    /// Placed before.
    pub to: Option<i64>,
    /// Delivered at or after.
    pub delivered_from: Option<i64>,
    /// Delivered before.
    pub delivered_to: Option<i64>,
    /// Total at least.
    pub min_total: Option<i64>,
    /// Total at most.
    pub max_total: Option<i64>,
    /// With an item of this merchant.
    pub merchant_id: Option<i64>,
    /// With an item of this SKU.
    pub sku: Option<String>,
    /// Free text: a part of the number, a whole e-mail, or the beginning of a name; upper and lower case are the same.
    pub q: Option<String>,
    /// The id that the free text turned out to be, if it is one.
    pub q_id: Option<i64>,
}

/// How an order's number is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NumberFilter {
    /// This number.
    Exact(String),
    /// A part of the number, in upper or lower case.
    Contains(String),
}

/// A page of orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderPage {
    /// The orders.
    pub rows: Vec<OrderRow>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

impl Store {
    /// A page of the orders in scope that pass the filter.
    ///
    /// A page looks at [`WINDOW`] orders at most (or [`SCATTERED`]). Where a filter has no index of its own, fewer orders than asked for, or none, may be found
    /// among them: then the page is short and `next` says where to go on.
    pub async fn list_orders(&self, scope: &Scope, filter: &OrderFilter, sort: Sort, page: Page) -> Result<OrderPage> {
        let found = self.people_found(filter).await?;
        let Some(mut list) = List::new(scope, filter, &found, sort, &page)? else {
            return Ok(OrderPage { rows: Vec::new(), next: None });
        };
        let mut edge = None;
        if list.is_scattered() {
            let (text, vals) = list.looked_at();
            let ids: Vec<i64> = self.inner.list(text, vals).await?;
            if ids.is_empty() {
                return Ok(OrderPage { rows: Vec::new(), next: None });
            }
            edge = ids.get(SCATTERED as usize - 1).copied();
            list.only(&ids);
        } else if list.is_windowed() {
            let (text, vals) = list.edge();
            edge = self.inner.list::<i64>(text, vals).await?.pop();
            list.within(edge);
        }
        let (text, vals) = list.rows();
        let mut rows: Vec<OrderRow> = self.inner.list(text, vals).await?;
        let limit = page.limit() as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = match (rows.last().filter(|_| more), edge) {
            (Some(last), _) => Some(cursor_after(last, sort)),
            // The window ended before the page was full.
            (None, Some(id)) => self.find_order(&Scope::All, id).await?.map(|last| cursor_after(&last, sort)),
            (None, None) => None,
        };
        Ok(OrderPage { rows, next })
    }

    /// Whom the free text names: nobody, some, or so many that they are looked for order by order.
    async fn people_found(&self, filter: &OrderFilter) -> Result<People> {
        let Some(q) = text_of(filter) else { return Ok(People::Some(Vec::new())) };
        // Nothing that begins with q sorts after q and the last character there is.
        let beyond = format!("{q}\u{10FFFF}");
        let vals = vec![q.as_str().into(), beyond.into(), (PEOPLE + 1).into()];
        let text = "SELECT e.subject FROM (SELECT subject FROM contact WHERE email_key = ?1 LIMIT ?3) e UNION \
            SELECT n.subject FROM (SELECT subject FROM contact WHERE name_key >= ?1 AND name_key < ?2 ORDER BY name_key LIMIT ?3) n";
        let subjects: Vec<i64> = self.inner.list(text.to_owned(), vals).await?;
        Ok(if subjects.len() as i64 > PEOPLE { People::Many(q) } else { People::Some(subjects) })
    }
}

/// Who is meant by a free text.
enum People {
    /// These customers.
    Some(Vec<i64>),
    /// So many that nobody needs an index to find their orders; the text again.
    Many(String),
}

/// The free text to compare with keys; None when there is none.
fn text_of(filter: &OrderFilter) -> Option<String> {
    filter.q.as_deref().map(search_key).filter(|q| !q.is_empty())
}

fn cursor_after(last: &OrderRow, sort: Sort) -> Cursor {
    let value = match sort.key {
        SortKey::CreatedAt => CursorValue::Int(last.created_at),
        SortKey::UpdatedAt => CursorValue::Int(last.updated_at),
        SortKey::Total => CursorValue::Int(last.total),
        SortKey::Status => CursorValue::Text(last.status.clone()),
        SortKey::ItemName => CursorValue::OfRow,
        SortKey::TransactionId => CursorValue::Text(last.payment_reference.clone()),
    };
    Cursor { sort, value, id: last.id }
}

/// Orders that a page looks at when a filter has no index: what a page costs must not depend on the size of the shop.
pub const WINDOW: i64 = 1_000;
/// The same where a list does not run along time: its orders are scattered over the whole table, and each is read from another place.
pub const SCATTERED: i64 = 160;
/// Customers whose orders are looked up one customer after the other.
const PEOPLE: i64 = 50;
/// Statuses that are looked up one by one; more of them are filtered out of the whole.
const SPLIT: usize = 8;

/// A list on its way to its texts. What an index finds is in `lead`, everything else in `rest`.
struct List<'a> {
    from: &'static str,
    /// The columns that the list runs along, the id last.
    keys: Vec<&'static str>,
    sort: Sort,
    lead: String,
    rest: String,
    /// Statuses, each of which has a stretch of its own in the index.
    split: Vec<&'a str>,
    vals: Vec<Val>,
    limit: i64,
    offset: i64,
}

/// An order's line, or its part for a merchant, that is the first of several: the order is listed once.
macro_rules! from_part {
    ($table:literal, $column:literal) => {
        concat!(
            $table,
            " s CROSS JOIN orders o WHERE o.id = s.order_id AND NOT EXISTS (SELECT 1 FROM ",
            $table,
            " t WHERE t.",
            $column,
            " = s.",
            $column,
            " AND t.placed_at = s.placed_at AND t.order_id = s.order_id AND t.id < s.id)"
        )
    };
}

impl<'a> List<'a> {
    /// None when nothing can be found.
    fn new(scope: &Scope, filter: &'a OrderFilter, people: &People, sort: Sort, page: &Page) -> Result<Option<Self>> {
        let offset = if let Page::Offset { offset, .. } = page { i64::from(*offset) } else { 0 };
        let limit = i64::from(page.limit()) + 1;
        let (lead, rest) = (String::new(), String::new());
        let mut keys: Vec<&'static str> = sort.key.columns().to_vec();
        keys.push("o.id");
        let (from, split, vals) = ("orders o WHERE 1 = 1", Vec::new(), Vec::new());
        let mut list = List { from, keys, sort, lead, rest, split, vals, limit, offset };
        let by_date = sort.key == SortKey::CreatedAt;
        let picked = list.picked(filter, people);
        // What the list runs along: the index of one filter, so that it does not matter how few of the shop's orders pass it.
        let customer = match scope {
            Scope::Customer(id) => Some(*id),
            _ => None,
        };
        let mut open = !picked;
        let (mut own_merchant, mut own_sku) = (false, false);
        match scope {
            Scope::None => return Ok(None),
            Scope::All | Scope::Channel(_) => {}
            Scope::Customer(id) => {
                list.lead(" AND o.customer_id = ", *id, "");
                open = false;
            }
            Scope::Merchant(merchant) if by_date && open => {
                list.along(from_part!("merchant_order", "merchant_id"));
                list.lead(" AND s.merchant_id = ", *merchant, "");
                open = false;
            }
            Scope::Merchant(merchant) => {
                let part = " AND EXISTS (SELECT 1 FROM merchant_order m WHERE m.order_id = o.id AND m.merchant_id = ";
                list.rest(part, *merchant, ")");
            }
        }
        if let Some(id) = filter.customer_id {
            match customer {
                Some(_) => list.rest(" AND o.customer_id = ", id, ""),
                None if open => {
                    list.lead(" AND o.customer_id = ", id, "");
                    open = false;
                }
                None => list.rest(" AND +o.customer_id = ", id, ""),
            }
        }
        if let (Some(sku), true, true) = (&filter.sku, open, by_date) {
            list.along(from_part!("order_item", "sku"));
            list.lead(" AND s.sku = ", sku.as_str(), "");
            (own_sku, open) = (true, false);
        } else if let (Some(merchant), true, true) = (filter.merchant_id, open, by_date) {
            list.along(from_part!("order_item", "merchant_id"));
            list.lead(" AND s.merchant_id = ", merchant, "");
            (own_merchant, open) = (true, false);
        }
        if !own_sku && let Some(sku) = &filter.sku {
            let part = " AND EXISTS (SELECT 1 FROM order_item j WHERE j.placed_at = o.created_at AND j.order_id = o.id AND j.sku = ";
            list.rest(part, sku.as_str(), ")");
        }
        if !own_merchant && let Some(merchant) = filter.merchant_id {
            let part = " AND EXISTS (SELECT 1 FROM order_item i WHERE i.placed_at = o.created_at AND i.order_id = o.id AND i.merchant_id = ";
            list.rest(part, merchant, ")");
        }
        list.residual(filter, open);
        list.channels_and_statuses(scope, filter, open && by_date);
        list.after(page)?;
        Ok(Some(list))
    }

    /// Runs along another table.
    fn along(&mut self, from: &'static str) {
        self.from = from;
        self.keys = vec!["s.placed_at", "s.order_id"];
    }

    fn text(target: &mut String, vals: &mut Vec<Val>, before: &str, val: impl Into<Val>, after: &str) {
        vals.push(val.into());
        let _ = write!(target, "{before}?{}{after}", vals.len());
    }

    fn lead(&mut self, before: &str, val: impl Into<Val>, after: &str) {
        Self::text(&mut self.lead, &mut self.vals, before, val, after);
    }

    fn rest(&mut self, before: &str, val: impl Into<Val>, after: &str) {
        Self::text(&mut self.rest, &mut self.vals, before, val, after);
    }

    fn one_of<S: AsRef<str>>(&mut self, column: &str, values: &[S]) {
        match values {
            [] => {}
            [value] => self.rest(&format!(" AND {column} = "), value.as_ref(), ""),
            values => {
                let list = in_list(&mut self.vals, values.iter().map(|v| v.as_ref().into()));
                let _ = write!(self.rest, " AND {column} IN {list}");
            }
        }
    }

    /// Numbers and the free text. Whether they pick so few orders that these are sorted as they are, whatever the list runs along.
    fn picked(&mut self, filter: &OrderFilter, people: &People) -> bool {
        let mut picked = false;
        match &filter.number {
            None => {}
            Some(NumberFilter::Exact(number)) => {
                self.lead(" AND o.number = ", number.as_str(), "");
                picked = true;
            }
            Some(NumberFilter::Contains(part)) => picked |= self.number(part),
        }
        let Some(q) = text_of(filter) else {
            if let Some(id) = filter.q_id {
                self.lead(" AND o.id = ", id, "");
                picked = true;
            }
            return picked;
        };
        // Each way to match is a query of its own, so that each can use its own index; where one has none, all are tried order by order.
        let number = Some(q).filter(|q| is_part_of_numbers(q));
        let indexed = number.as_deref().is_none_or(|q| Piece::of(q).tail.is_some());
        if let (Some(q), People::Some(subjects), None) = (&number, people, filter.q_id)
            && subjects.is_empty()
        {
            return self.number(q) | picked;
        }
        match people {
            People::Some(subjects) if indexed => {
                let mut ways = Vec::new();
                if let Some(q) = number {
                    let mut way = String::from("SELECT n.id FROM orders n WHERE 1 = 1");
                    Self::numbered(&mut way, &mut self.vals, "n", &q);
                    ways.push(way);
                }
                if !subjects.is_empty() {
                    let list = in_list(&mut self.vals, subjects.iter().map(|&id| id.into()));
                    ways.push(format!("SELECT c.id FROM orders c WHERE c.customer_id IN {list}"));
                }
                if let Some(id) = filter.q_id {
                    self.vals.push(id.into());
                    ways.push(format!("SELECT d.id FROM orders d WHERE d.id = ?{}", self.vals.len()));
                }
                let ways = if ways.is_empty() { "NULL".to_owned() } else { ways.join(" UNION ") };
                let _ = write!(self.lead, " AND o.id IN ({ways})");
                true
            }
            people => {
                let mut ways = Vec::new();
                if let Some(q) = number {
                    let mut way = String::from("(1 = 1");
                    Self::numbered(&mut way, &mut self.vals, "o", &q);
                    way.push(')');
                    ways.push(way);
                }
                match people {
                    People::Some(subjects) if subjects.is_empty() => {}
                    People::Some(subjects) => {
                        let list = in_list(&mut self.vals, subjects.iter().map(|&id| id.into()));
                        ways.push(format!("+o.customer_id IN {list}"));
                    }
                    People::Many(q) => {
                        self.vals.push(q.as_str().into());
                        self.vals.push(format!("{q}\u{10FFFF}").into());
                        let (q, beyond) = (self.vals.len() - 1, self.vals.len());
                        ways.push(format!(
                            "EXISTS (SELECT 1 FROM contact k WHERE k.subject = o.customer_id \
                             AND (k.email_key = ?{q} OR (k.name_key >= ?{q} AND k.name_key < ?{beyond})))"
                        ));
                    }
                }
                if let Some(id) = filter.q_id {
                    self.vals.push(id.into());
                    ways.push(format!("+o.id = ?{}", self.vals.len()));
                }
                let _ = write!(self.rest, " AND ({})", ways.join(" OR "));
                picked
            }
        }
    }

    /// A part of the number as a filter of its own. Whether it picks few orders.
    fn number(&mut self, part: &str) -> bool {
        let Piece { tail, day } = Piece::of(part);
        let indexed = tail.is_some();
        if let (Some((from, to)), SortKey::CreatedAt) = (day, self.sort.key) {
            self.lead(" AND o.created_at >= ", from, "");
            self.lead(" AND o.created_at < ", to, "");
        }
        let target = if indexed { &mut self.lead } else { &mut self.rest };
        Self::numbered(target, &mut self.vals, "o", part);
        indexed
    }

    /// The conditions of a part of a number on a table.
    fn numbered(text: &mut String, vals: &mut Vec<Val>, table: &str, part: &str) {
        let piece = Piece::of(part);
        if let Some(tail) = piece.tail {
            Self::text(text, vals, &format!(" AND substr({table}.number, length({table}.number) - 4) = "), tail, "");
        }
        if let Some((from, to)) = piece.day {
            Self::text(text, vals, &format!(" AND {table}.created_at >= "), from, "");
            Self::text(text, vals, &format!(" AND {table}.created_at < "), to, "");
        }
        let pattern = pattern(part, piece.tail.is_none());
        Self::text(text, vals, &format!(" AND lower({table}.number) LIKE "), pattern, " ESCAPE '\\'");
    }

    /// What has no index, or not in this list: the columns are written so that no engine is tempted to run along one of theirs.
    fn residual(&mut self, filter: &OrderFilter, open: bool) {
        self.one_of("(o.payment_status || '')", &filter.payment_status);
        self.one_of("(o.shipping_status || '')", &filter.shipping_status);
        let by = |key| open && self.sort.key == key;
        let (by_date, by_total) = (by(SortKey::CreatedAt), by(SortKey::Total));
        let by_date = by_date || self.keys.first() == Some(&"o.created_at");
        let along_date = self.keys.first() == Some(&"s.placed_at");
        for (column, key, condition, val) in [
            ("o.created_at", by_date, ">=", filter.from),
            ("o.created_at", by_date, "<", filter.to),
            ("o.total", by_total, ">=", filter.min_total),
            ("o.total", by_total, "<=", filter.max_total),
            ("o.delivered_at", false, ">=", filter.delivered_from),
            ("o.delivered_at", false, "<", filter.delivered_to),
        ] {
            let Some(val) = val else { continue };
            if key {
                self.lead(&format!(" AND {column} {condition} "), val, "");
            } else if along_date && column == "o.created_at" {
                self.lead(&format!(" AND s.placed_at {condition} "), val, "");
            } else {
                self.rest(&format!(" AND +{column} {condition} "), val, "");
            }
        }
    }

    /// Channel and status share indexes with the date.
    fn channels_and_statuses(&mut self, scope: &Scope, filter: &'a OrderFilter, open: bool) {
        let mut statuses: Vec<&str> = filter.status.iter().map(String::as_str).collect();
        statuses.sort_unstable();
        statuses.dedup();
        let mut channels: Vec<&str> = filter.channel.iter().map(String::as_str).collect();
        channels.sort_unstable();
        channels.dedup();
        if let Scope::Channel(own) = scope {
            if open {
                self.lead(" AND o.channel = ", own.as_str(), "");
            } else {
                self.rest(" AND (o.channel || '') = ", own.as_str(), "");
            }
        }
        let own_channel = matches!(scope, Scope::Channel(_));
        match channels.as_slice() {
            [one] if open && !own_channel => self.lead(" AND o.channel = ", *one, ""),
            some => self.one_of("(o.channel || '')", some),
        }
        let by_status = self.sort.key == SortKey::Status && self.keys[0] == "o.status";
        match statuses.as_slice() {
            [one] if open || by_status => self.lead(" AND o.status = ", *one, ""),
            some if open && self.rest.is_empty() && (2..=SPLIT).contains(&some.len()) => self.split = statuses,
            some => self.one_of("(o.status || '')", some),
        }
    }

    /// Begins where the page before ended.
    fn after(&mut self, page: &Page) -> Result<()> {
        let Page::After { cursor, .. } = page else { return Ok(()) };
        if cursor.sort != self.sort {
            return Err(StoreError::Invalid("a cursor of another sort".into()));
        }
        let beyond = if self.sort.descending { "<" } else { ">" };
        self.vals.push(cursor.id.into());
        let id = self.vals.len();
        let first = match &cursor.value {
            CursorValue::Int(value) => Some(Val::I(*value)),
            CursorValue::Text(value) => Some(Val::T(value.clone())),
            CursorValue::OfRow => None,
        };
        let mut of_row = self.of_row(id);
        if let Some(first) = first {
            self.vals.push(first);
            of_row[0] = format!("?{}", self.vals.len());
        }
        let _ = write!(self.lead, " AND ({}) {beyond} ({})", self.keys.join(", "), of_row.join(", "));
        Ok(())
    }

    /// The keys of the order whose id is parameter `id`.
    fn of_row(&self, id: usize) -> Vec<String> {
        let (_, keys) = self.keys.split_last().unwrap_or((&"o.id", &[]));
        let column = |key: &str| match key {
            "s.placed_at" => "c.created_at".to_owned(),
            key => key.replacen("o.", "c.", 1),
        };
        let looked_up = keys.iter().map(|key| format!("(SELECT {} FROM orders c WHERE c.id = ?{id})", column(key)));
        looked_up.chain([format!("?{id}")]).collect()
    }

    /// Whether orders are looked at that may not be listed.
    fn is_windowed(&self) -> bool {
        !self.rest.is_empty()
    }

    fn order(&self) -> String {
        let direction = if self.sort.descending { "DESC" } else { "ASC" };
        let keys: Vec<String> = self.keys.iter().map(|key| format!("{key} {direction}")).collect();
        format!(" ORDER BY {}", keys.join(", "))
    }

    /// Whether those orders lie all over the table.
    fn is_scattered(&self) -> bool {
        self.is_windowed() && matches!(self.sort.key, SortKey::Total | SortKey::ItemName | SortKey::TransactionId)
    }

    /// The orders that the page looks at, where they are scattered. Many of them may have the same key (a price, a name), and SQLite finds
    /// its way by the key alone: to look for those behind an edge it would walk through all that have the edge's.
    fn looked_at(&self) -> (String, Vec<Val>) {
        self.ids(SCATTERED, 0)
    }

    /// Restricts the page to these orders.
    fn only(&mut self, ids: &[i64]) {
        let list = in_list(&mut self.vals, ids.iter().map(|&id| id.into()));
        let _ = write!(self.lead, " AND o.id IN {list}");
    }

    /// The last order that the page looks at; none when it can look at all that are left.
    fn edge(&self) -> (String, Vec<Val>) {
        self.ids(1, WINDOW - 1)
    }

    /// The ids of so many orders along the list, after so many.
    fn ids(&self, limit: i64, offset: i64) -> (String, Vec<Val>) {
        let mut vals = self.vals.clone();
        vals.extend([limit.into(), offset.into()]);
        let id = self.keys.last().unwrap_or(&"o.id");
        let (from, lead, order, n) = (self.from, &self.lead, self.order(), vals.len());
        renumbered(&format!("SELECT {id} FROM {from}{lead}{order} LIMIT ?{} OFFSET ?{n}", n - 1), &vals)
    }

    /// Leaves out what is behind the edge.
    fn within(&mut self, edge: Option<i64>) {
        let Some(edge) = edge else { return };
        let within = if self.sort.descending { ">=" } else { "<=" };
        self.vals.push(edge.into());
        let of_row = self.of_row(self.vals.len());
        let _ = write!(self.lead, " AND ({}) {within} ({})", self.keys.join(", "), of_row.join(", "));
    }

    /// The orders of the page.
    fn rows(&mut self) -> (String, Vec<Val>) {
        let order = self.order();
        let List { from, lead, rest, split, vals, limit, offset, .. } = self;
        let mut text = format!(concat!("SELECT ", order_columns!(), " FROM {}{}{}"), from, lead, rest);
        if !split.is_empty() {
            // An index knows the order within one status only: the beginning of each is read, and the beginnings are merged.
            vals.push((*limit + *offset).into());
            let end = format!("{order} LIMIT ?{}", vals.len());
            let all = std::mem::take(&mut text);
            for (n, status) in split.iter().enumerate() {
                text.push_str(if n == 0 { "SELECT * FROM (" } else { " UNION ALL " });
                let _ = write!(text, "SELECT * FROM ({all}");
                Self::text(&mut text, vals, " AND o.status = ", *status, "");
                let _ = write!(text, "{end}) b{n}");
            }
            text.push_str(") o");
        }
        text.push_str(&order);
        Self::text(&mut text, vals, " LIMIT ", *limit, "");
        if *offset > 0 {
            Self::text(&mut text, vals, " OFFSET ", *offset, "");
        }
        (text, std::mem::take(vals))
    }
}

/// Leaves out the parameters that a text does not use: PostgreSQL refuses to guess their types.
fn renumbered(text: &str, vals: &[Val]) -> (String, Vec<Val>) {
    let mut out = String::with_capacity(text.len());
    let mut used: Vec<usize> = Vec::new();
    for (n, part) in text.split('?').enumerate() {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        match part[..digits].parse::<usize>() {
            Ok(number) if n > 0 => {
                let at = used.iter().position(|&u| u == number).unwrap_or_else(|| {
                    used.push(number);
                    used.len() - 1
                });
                let _ = write!(out, "?{}{}", at + 1, &part[digits..]);
            }
            _ => out.push_str(part),
        }
    }
    let vals = used.into_iter().filter_map(|number| vals.get(number - 1).cloned()).collect();
    (out, vals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_that_are_not_used_go() {
        let vals: Vec<Val> = (1..=4).map(Val::I).collect();
        let (text, vals) = renumbered("a = ?4 AND b = ?2 OR ?4", &vals);
        assert_eq!((text.as_str(), vals), ("a = ?1 AND b = ?2 OR ?1", vec![Val::I(4), Val::I(2)]));
    }

    #[test]
    fn the_scope_is_in_the_text_of_every_list() {
        let filter = OrderFilter::default();
        let list =
            |scope| List::new(&scope, &filter, &People::Some(Vec::new()), Sort::default(), &Page::First { limit: 1 });
        assert!(matches!(list(Scope::None), Ok(None)));
        for (scope, predicate) in [
            (Scope::Channel("c".into()), "o.channel = ?1"),
            (Scope::Merchant(1), "s.merchant_id = ?1"),
            (Scope::Customer(1), "o.customer_id = ?1"),
        ] {
            let (text, _) = list(scope).expect("a list").expect("something").rows();
            assert!(text.contains(predicate), "{text}");
        }
    }
}
