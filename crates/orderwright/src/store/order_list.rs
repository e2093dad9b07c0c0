//! Lists of orders: filters, sorts, keyset pages. The text varies with the filters that are set; every value is a
//! parameter. Nothing is counted here: whether there is a next page is known by asking for one row more.

use std::fmt::Write as _;

use super::{
    Result, Store, StoreError, in_list,
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
    pub async fn list_orders(&self, scope: &Scope, filter: &OrderFilter, sort: Sort, page: Page) -> Result<OrderPage> {
        let Some((text, vals)) = list_text(scope, filter, sort, &page)? else {
            return Ok(OrderPage { rows: Vec::new(), next: None });
        };
        let mut rows: Vec<OrderRow> = self.inner.list(text, vals).await?;
        let limit = page.limit() as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|last| cursor_after(last, sort));
        Ok(OrderPage { rows, next })
    }
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

/// Statuses that are looked up one by one; more of them are filtered out of the whole.
const SPLIT: usize = 8;

/// The query; None when nothing can be found.
fn list_text(scope: &Scope, filter: &OrderFilter, sort: Sort, page: &Page) -> Result<Option<(String, Vec<Val>)>> {
    let mut query =
        Query { text: concat!("SELECT ", order_columns!(), " FROM orders o WHERE 1 = 1").to_owned(), vals: vec![] };
    let (mut column, mut id) = (sort.key.column(), "o.id");
    match scope {
        Scope::All => {}
        Scope::None => return Ok(None),
        Scope::Channel(channel) => query.with(" AND o.channel = ", channel.as_str(), ""),
        Scope::Customer(id) => query.with(" AND o.customer_id = ", *id, ""),
        // A merchant may have few of many orders: the list runs along the merchant's own index.
        Scope::Merchant(merchant) if sort.key == SortKey::CreatedAt => {
            query.text = concat!(
                "SELECT ",
                order_columns!(),
                " FROM merchant_order s CROSS JOIN orders o WHERE o.id = s.order_id \
                AND NOT EXISTS (SELECT 1 FROM merchant_order t WHERE t.order_id = s.order_id \
                AND t.merchant_id = s.merchant_id AND t.id < s.id)"
            )
            .to_owned();
            query.with(" AND s.merchant_id = ", *merchant, "");
            (column, id) = ("s.placed_at", "s.order_id");
        }
        Scope::Merchant(merchant) => {
            query.with(" AND o.id IN (SELECT s.order_id FROM merchant_order s WHERE s.merchant_id = ", *merchant, ")");
        }
    }
    query.filter(filter);
    let (direction, beyond) = if sort.descending { ("DESC", "<") } else { ("ASC", ">") };
    if let Page::After { cursor, .. } = page {
        if cursor.sort != sort {
            return Err(StoreError::Invalid("a cursor of another sort".into()));
        }
        let begin = format!(" AND ({column}, {id}) {beyond} (");
        match &cursor.value {
            CursorValue::Int(value) => query.with(&begin, *value, ", "),
            CursorValue::Text(value) => query.with(&begin, value.as_str(), ", "),
            CursorValue::OfRow => {
                let looked_up = column.replacen("o.", "c.", 1);
                query.with(&format!("{begin}(SELECT {looked_up} FROM orders c WHERE c.id = "), cursor.id, "), ");
            }
        }
        query.with("", cursor.id, ")");
    }
    let offset = if let Page::Offset { offset, .. } = page { i64::from(*offset) } else { 0 };
    let limit = i64::from(page.limit()) + 1;

    let mut statuses: Vec<&str> = filter.status.iter().map(String::as_str).collect();
    statuses.sort_unstable();
    statuses.dedup();
    let along_status = sort.key == SortKey::CreatedAt && filter.q.is_none() && !matches!(scope, Scope::Merchant(_));
    if along_status && (2..=SPLIT).contains(&statuses.len()) {
        // An index knows the order within one status only: the beginning of each is read, and the beginnings are merged.
        query.vals.push((limit + offset).into());
        let end = format!(" ORDER BY {column} {direction}, {id} {direction} LIMIT ?{}", query.vals.len());
        let all = std::mem::take(&mut query.text);
        for (n, status) in statuses.into_iter().enumerate() {
            query.text.push_str(if n == 0 { "SELECT * FROM (" } else { " UNION ALL " });
            let _ = write!(query.text, "SELECT * FROM ({all}");
            query.with(" AND o.status = ", status, "");
            let _ = write!(query.text, "{end}) b{n}");
        }
        query.text.push_str(") o");
    } else {
        query.one_of("o.status", &statuses);
    }
    let _ = write!(query.text, " ORDER BY {column} {direction}, {id} {direction}");
    query.with(" LIMIT ", limit, "");
    if offset > 0 {
        query.with(" OFFSET ", offset, "");
    }
    Ok(Some((query.text, query.vals)))
}

struct Query {
    text: String,
    vals: Vec<Val>,
}

impl Query {
    fn with(&mut self, before: &str, val: impl Into<Val>, after: &str) {
        self.vals.push(val.into());
        let _ = write!(self.text, "{before}?{}{after}", self.vals.len());
    }

    fn with_some(&mut self, before: &str, val: Option<impl Into<Val>>, after: &str) {
        if let Some(val) = val {
            self.with(before, val, after);
        }
    }

    fn one_of<S: AsRef<str>>(&mut self, column: &str, values: &[S]) {
        match values {
            [] => {}
            // The engines plan an equality better than a list of one.
            [value] => self.with(&format!(" AND {column} = "), value.as_ref(), ""),
            values => {
                let list = in_list(&mut self.vals, values.iter().map(|v| v.as_ref().into()));
                let _ = write!(self.text, " AND {column} IN {list}");
            }
        }
    }

    /// Everything but the status.
    fn filter(&mut self, filter: &OrderFilter) {
        self.one_of("o.channel", &filter.channel);
        self.one_of("o.payment_status", &filter.payment_status);
        self.one_of("o.shipping_status", &filter.shipping_status);
        self.with_some(" AND o.customer_id = ", filter.customer_id, "");
        match &filter.number {
            None => {}
            Some(NumberFilter::Exact(number)) => self.with(" AND o.number = ", number.as_str(), ""),
            Some(NumberFilter::Contains(part)) => {
                self.with(" AND lower(o.number) LIKE ", contains(part), " ESCAPE '\\'")
            }
        }
        self.with_some(" AND o.created_at >= ", filter.from, "");
        self.with_some(" AND o.created_at < ", filter.to, "");
        self.with_some(" AND o.delivered_at >= ", filter.delivered_from, "");
        self.with_some(" AND o.delivered_at < ", filter.delivered_to, "");
        self.with_some(" AND o.total >= ", filter.min_total, "");
        self.with_some(" AND o.total <= ", filter.max_total, "");
        // A merchant tends to be in many orders, a SKU in few: one is looked for in each order, the other's orders are.
        let of_merchant = " AND EXISTS (SELECT 1 FROM order_item i WHERE i.order_id = o.id AND i.merchant_id = ";
        self.with_some(of_merchant, filter.merchant_id, ")");
        let of_sku = " AND o.id IN (SELECT j.order_id FROM order_item j WHERE j.sku = ";
        self.with_some(of_sku, filter.sku.as_deref(), ")");
        self.search(filter);
    }

    /// Each way to match is a query of its own, so that each can use its own index.
    fn search(&mut self, filter: &OrderFilter) {
        let Some(q) = filter.q.as_deref().map(search_key).filter(|q| !q.is_empty()) else {
            self.with_some(" AND o.id = ", filter.q_id, "");
            return;
        };
        self.with(" AND o.id IN (SELECT n.id FROM orders n WHERE lower(n.number) LIKE ", contains(&q), " ESCAPE '\\'");
        let of_contact = " UNION SELECT c.id FROM contact k JOIN orders c ON c.customer_id = k.subject WHERE ";
        self.with(&format!("{of_contact}k.email_key = "), q.as_str(), "");
        // Nothing that begins with q sorts after q and the last character there is.
        self.with(&format!("{of_contact}k.name_key >= "), q.as_str(), "");
        self.with(" AND k.name_key < ", format!("{q}\u{10FFFF}"), "");
        self.with_some(" UNION SELECT d.id FROM orders d WHERE d.id = ", filter.q_id, "");
        self.text.push(')');
    }
}

/// A pattern that finds `part` anywhere; numbers are ASCII, and so is the lower() of both engines.
fn contains(part: &str) -> String {
    let mut pattern = String::with_capacity(part.len() + 4);
    pattern.push('%');
    for c in part.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c.to_ascii_lowercase());
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_its_wildcards_literally() {
        assert_eq!(contains("A_1%\\"), "%a\\_1\\%\\\\%");
    }

    #[test]
    fn the_scope_is_in_the_text_of_every_list() {
        let text = |scope| list_text(&scope, &OrderFilter::default(), Sort::default(), &Page::First { limit: 1 });
        assert!(matches!(text(Scope::None), Ok(None)));
        for (scope, predicate) in [
            (Scope::Channel("c".into()), "o.channel = ?1"),
            (Scope::Merchant(1), "s.merchant_id = ?1"),
            (Scope::Customer(1), "o.customer_id = ?1"),
        ] {
            let (text, _) = text(scope).expect("a query").expect("a text");
            assert!(text.contains(predicate), "{text}");
        }
    }
}
