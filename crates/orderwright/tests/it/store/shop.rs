//! Rows to test with.

use orderwright::store::*;

use super::engine::id;

/// A new order.
pub fn order(id: i64) -> OrderRow {
    OrderRow {
        id,
        number: format!("T-{id}"),
        channel: "blinds".into(),
        customer_id: 1,
        status: "placed".into(),
        payment_status: "pending".into(),
        shipping_status: "none".into(),
        total: 50_000,
        created_at: id * 10,
        updated_at: id * 10,
        delivered_at: None,
        due_at: None,
        item_name: format!("Thing {id}"),
        payment_reference: String::new(),
        in_flight: None,
        version: 1,
        body: r#"{"grüße":"<ok>"}"#.into(),
    }
}

/// A changeset that nobody else has.
pub fn changeset() -> Changeset {
    Changeset::new(id(), 5)
}

/// Commits what `fill` puts into a changeset.
pub async fn commit(store: &Store, fill: impl FnOnce(&mut Changeset)) -> Result<(), CommitError> {
    let mut cs = changeset();
    fill(&mut cs);
    store.commit(cs).await
}

/// The same, when it must succeed.
pub async fn done(store: &Store, fill: impl FnOnce(&mut Changeset)) {
    commit(store, fill).await.expect("committed");
}

/// Puts a new order into the store, with its outbox row.
pub async fn place(store: &Store, order: &OrderRow) {
    done(store, |cs| {
        cs.outbox(Some(order.id), Some(1), Some(&order.channel), None, Some(&order.status), "[]").insert_order(order);
    })
    .await;
}

pub fn job(id: i64, run_at: i64) -> JobRow {
    JobRow {
        id,
        kind: "payment.capture".into(),
        order_id: Some(7),
        state: "ready".into(),
        run_at,
        lease_owner: 0,
        lease_until: 0,
        fence: 0,
        attempts: 0,
        payload: "{}".into(),
        last_error: None,
        created_at: 1,
    }
}

pub fn conflict(what: Guard) -> Result<(), CommitError> {
    Err(CommitError::Conflict { what })
}

pub fn duplicate(what: Guard) -> Result<(), CommitError> {
    Err(CommitError::Duplicate { what })
}

pub fn stock_guard(sku: &str) -> Guard {
    Guard::Stock { sku: sku.into() }
}
