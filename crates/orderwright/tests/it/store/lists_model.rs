//! A naive model of lists: every order in a vector, every filter a plain condition.

use orderwright::store::*;

use super::engine::Dice;

/// An order with what filters look at beside it.
#[derive(Clone)]
pub struct Known {
    pub row: OrderRow,
    /// (SKU, merchant) of its items.
    pub items: Vec<(String, i64)>,
    /// The merchants who see it.
    pub merchants: Vec<i64>,
}

pub const CHANNELS: [&str; 3] = ["blinds", "retail", "Mall"];
pub const STATUSES: [&str; 4] = ["placed", "shipped", "Zurück", "cancelled"];
const PAYMENTS: [&str; 3] = ["pending", "captured", "refunded"];
const SHIPPINGS: [&str; 3] = ["none", "shipped", "delivered"];
const NAMES: [&str; 4] = ["Blind", "blind", "Ärmel", ""];
const REFERENCES: [&str; 4] = ["", "sbx_1", "BANK 7", "Zahlung – ü"];
const SKUS: [&str; 3] = ["sku-a", "SKU-A", "sku_b"];
/// Customer, name, e-mail.
pub const PEOPLE: [(i64, &str, &str); 5] = [
    (1, "Anna Özil", "Anna@Example.com"),
    (2, "ÖZGE 100%", "ozge_1@example.com"),
    (3, "anna b", "ozgex1@example.com"),
    (4, "Zoë", "ZOE@example.com"),
    (5, "zoé", "z@example.com"),
];

/// Random orders; some share what they are sorted by.
pub fn orders(dice: &mut Dice, count: i64) -> Vec<Known> {
    (1..=count)
        .map(|n| {
            let delivered = dice.chance(3);
            let items: Vec<_> =
                (0..=dice.below(2)).map(|_| ((*dice.pick(&SKUS)).to_owned(), dice.below(3) as i64)).collect();
            let merchants = items.iter().map(|(_, merchant)| *merchant).filter(|_| !dice.chance(4)).collect();
            let number = format!("{}-2026{:03}_{}%", dice.pick(&["BL", "rt"]), n, dice.below(10));
            let row = OrderRow {
                id: n * 3,
                number,
                channel: (*dice.pick(&CHANNELS)).into(),
                customer_id: dice.below(PEOPLE.len()) as i64 + 1,
                status: (*dice.pick(&STATUSES)).into(),
                payment_status: (*dice.pick(&PAYMENTS)).into(),
                shipping_status: (*dice.pick(&SHIPPINGS)).into(),
                total: dice.below(8) as i64 * 100,
                created_at: dice.below(60) as i64,
                updated_at: dice.below(60) as i64,
                delivered_at: delivered.then(|| dice.below(60) as i64),
                due_at: None,
                item_name: (*dice.pick(&NAMES)).into(),
                payment_reference: (*dice.pick(&REFERENCES)).into(),
                in_flight: None,
                version: 1,
                body: format!("{{\"n\":{n}}}"),
            };
            Known { row, items, merchants }
        })
        .collect()
}

/// A random filter; most fields are left open, or nothing would ever be found.
pub fn filter(dice: &mut Dice, orders: &[Known]) -> OrderFilter {
    let mut filter = OrderFilter::default();
    let some = |dice: &mut Dice, of: &[&str]| -> Vec<String> {
        (0..=dice.below(2)).map(|_| (*dice.pick(of)).to_owned()).collect()
    };
    for _ in 0..1 + dice.below(3) {
        let example = &dice.pick(orders).row.clone();
        match dice.below(14) {
            0 => filter.status = some(dice, &STATUSES),
            1 => filter.channel = some(dice, &CHANNELS),
            2 => filter.payment_status = some(dice, &PAYMENTS),
            3 => filter.shipping_status = some(dice, &SHIPPINGS),
            4 => filter.customer_id = Some(example.customer_id),
            5 => {
                filter.number = Some(match dice.below(3) {
                    0 => NumberFilter::Exact(example.number.clone()),
                    1 => NumberFilter::Exact(example.number.to_lowercase()),
                    _ => NumberFilter::Contains((*dice.pick(&["bl", "RT-2026", "_3", "%", "1_", "\\"])).into()),
                });
            }
            6 => filter.from = Some(example.created_at),
            7 => filter.to = Some(example.created_at),
            8 => filter.delivered_from = Some(example.created_at),
            9 => filter.delivered_to = Some(example.created_at),
            10 => filter.min_total = Some(example.total),
            11 => filter.max_total = Some(example.total),
            12 => filter.merchant_id = Some(dice.below(3) as i64),
            _ => filter.sku = Some((*dice.pick(&SKUS)).into()),
        }
    }
    if dice.chance(3) {
        let words = [
            "anna",
            "ANNA",
            "öz",
            "ÖZGE 1",
            "zo",
            "ZOË",
            "zoe@EXAMPLE.com",
            "ozge_1@example.com",
            " bl-20",
            "100%",
            "%",
            "nobody",
            "",
        ];
        filter.q = Some((*dice.pick(&words)).into());
        filter.q_id = dice.chance(2).then(|| dice.pick(orders).row.id);
    }
    filter
}

/// Whether an order is in scope.
pub fn in_scope(scope: &Scope, order: &Known) -> bool {
    match scope {
        Scope::All => true,
        Scope::Channel(channel) => order.row.channel == *channel,
        Scope::Merchant(id) => order.merchants.contains(id),
        Scope::Customer(id) => order.row.customer_id == *id,
        Scope::None => false,
    }
}

fn one_of(list: &[String], word: &str) -> bool {
    list.is_empty() || list.iter().any(|w| w == word)
}

/// Whether an order passes a filter.
pub fn passes(filter: &OrderFilter, order: &Known) -> bool {
    let row = &order.row;
    one_of(&filter.status, &row.status)
        && one_of(&filter.channel, &row.channel)
        && one_of(&filter.payment_status, &row.payment_status)
        && one_of(&filter.shipping_status, &row.shipping_status)
        && filter.customer_id.is_none_or(|id| id == row.customer_id)
        && filter.number.as_ref().is_none_or(|number| match number {
            NumberFilter::Exact(number) => *number == row.number,
            NumberFilter::Contains(part) => row.number.to_lowercase().contains(&part.to_lowercase()),
        })
        && filter.from.is_none_or(|at| row.created_at >= at)
        && filter.to.is_none_or(|at| row.created_at < at)
        && filter.delivered_from.is_none_or(|at| row.delivered_at.is_some_and(|d| d >= at))
        && filter.delivered_to.is_none_or(|at| row.delivered_at.is_some_and(|d| d < at))
        && filter.min_total.is_none_or(|total| row.total >= total)
        && filter.max_total.is_none_or(|total| row.total <= total)
        && filter.merchant_id.is_none_or(|id| order.items.iter().any(|(_, merchant)| *merchant == id))
        && filter.sku.as_ref().is_none_or(|sku| order.items.iter().any(|(s, _)| s == sku))
        && found(filter, row)
}

fn found(filter: &OrderFilter, row: &OrderRow) -> bool {
    let q = filter.q.as_deref().unwrap_or_default().trim().to_lowercase();
    let by_id = filter.q_id == Some(row.id);
    if q.is_empty() {
        return filter.q_id.is_none() || by_id;
    }
    let (_, name, email) = PEOPLE[row.customer_id as usize - 1];
    // What has no digit is no part of a number.
    let of_number = q.contains(|c: char| c.is_ascii_digit()) && !q.contains(['@', ' ']);
    by_id
        || (of_number && row.number.to_lowercase().contains(&q))
        || email.to_lowercase() == q
        || name.to_lowercase().starts_with(&q)
}

/// Sorts as the list should.
pub fn sort(orders: &mut [&Known], sort: Sort) {
    orders.sort_by(|a, b| {
        let (a, b) = (&a.row, &b.row);
        let by_key = match sort.key {
            SortKey::CreatedAt => a.created_at.cmp(&b.created_at),
            SortKey::UpdatedAt => a.updated_at.cmp(&b.updated_at),
            SortKey::Total => a.total.cmp(&b.total),
            SortKey::Status => a.status.cmp(&b.status).then(a.created_at.cmp(&b.created_at)),
            SortKey::ItemName => a.item_name.cmp(&b.item_name),
            SortKey::TransactionId => a.payment_reference.cmp(&b.payment_reference),
        };
        let ascending = by_key.then(a.id.cmp(&b.id));
        if sort.descending { ascending.reverse() } else { ascending }
    });
}
