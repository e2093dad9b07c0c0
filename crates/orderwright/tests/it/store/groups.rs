//! Changesets that wait at the same moment: one transaction, and nobody notices.

use std::{collections::BTreeSet, sync::atomic::Ordering};

use super::{
    engine::{Place, id},
    outcomes::{Cut, behind_proxy},
    shop::*,
};
use orderwright::store::*;

/// Changesets at once.
const CROWD: usize = 120;

/// What a cart writes: a row of its own, a piece of a hot SKU, and a setting now and then, which is no part of any group.
fn cart(n: usize, sku: &str) -> Changeset {
    let mut cs = changeset();
    cs.reserve(sku, "main", 1).insert_job(&job(1_000 + n as i64, 0));
    if n.is_multiple_of(10) {
        cs.put_setting(&format!("cart {n}"), "v");
    }
    cs
}

async fn crowd(store: &Store, changesets: Vec<Changeset>) -> Vec<Result<(), CommitError>> {
    let tasks: Vec<_> = changesets
        .into_iter()
        .map(|cs| {
            let store = store.clone();
            tokio::spawn(async move { store.commit(cs).await })
        })
        .collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.expect("no panic"));
    }
    results
}

/// The transactions that the rows of the outbox were written by.
async fn transactions(place: &Place) -> usize {
    let (client, connection) =
        tokio_postgres::connect(place.url(), tokio_postgres::NoTls).await.expect("the server answers");
    tokio::spawn(connection);
    let rows = client.query("SELECT xmin::text FROM outbox", &[]).await.expect("read");
    rows.iter().map(|row| row.get::<_, String>(0)).collect::<BTreeSet<_>>().len()
}

pub async fn who_waits_shares_a_transaction(place: Place) {
    let store = place.open().await;
    done(&store, |cs| _ = cs.adjust("A", "main", StockAdjustment::Set(1_000), false)).await;
    for round in 0..4 {
        let carts = (0..CROWD).map(|n| cart(round * CROWD + n, "A")).collect();
        assert!(crowd(&store, carts).await.into_iter().all(|result| result.is_ok()));
    }
    let all = 4 * CROWD;
    assert_eq!(store.stock("A").await.expect("read")[0].reserved, all as i64);
    assert_eq!(store.list_jobs(None, None, 0, 1_000).await.expect("read").len(), all);
    let transactions = transactions(&place).await;
    assert!(transactions < all / 2, "{transactions} transactions of {all} changesets");
}

pub async fn who_is_refused_hurts_nobody(place: Place) {
    let store = place.open().await;
    done(&store, |cs| _ = cs.adjust("A", "main", StockAdjustment::Set(70), false)).await;
    done(&store, |cs| _ = cs.adjust("B", "main", StockAdjustment::Set(1_000), false)).await;
    // Every second one wants a hot SKU of which there is too little, every tenth is there twice.
    let mut carts: Vec<Changeset> = (0..CROWD).map(|n| cart(n, if n.is_multiple_of(2) { "A" } else { "B" })).collect();
    let twice: Vec<Changeset> = carts.iter().skip(1).step_by(10).cloned().collect();
    let double = twice.len();
    carts.extend(twice);
    for _ in 0..20 {
        let mut late = changeset();
        late.reserve("A", "main", 1).update_order(&order(77), 1);
        carts.push(late);
    }
    let results = crowd(&store, carts).await;
    let of = |result: &Result<(), CommitError>| results.iter().filter(|r| *r == result).count();
    assert_eq!(of(&conflict(Guard::OrderVersion)), 20);
    assert_eq!(of(&duplicate(Guard::ChangeId)), double);
    assert_eq!(of(&Ok(())), CROWD);
    assert_eq!(store.stock("A").await.expect("read")[0].reserved, CROWD as i64 / 2);
    assert_eq!(store.stock("B").await.expect("read")[0].reserved, CROWD as i64 / 2);
    // Now there are ten left of A, and sixty who want one.
    let results =
        crowd(&store, (0..CROWD).map(|n| cart(5_000 + n, if n.is_multiple_of(2) { "A" } else { "B" })).collect());
    let results = results.await;
    assert_eq!(results.iter().filter(|r| **r == conflict(stock_guard("A"))).count(), CROWD / 2 - 10);
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), CROWD / 2 + 10);
    assert_eq!(store.stock("A").await.expect("read")[0].reserved, 70);
}

pub async fn a_lost_group_counts_once(place: Place) {
    // The SKU is sent by groups and by who flies alone.
    let (store, cut, cuts) = behind_proxy(&place, b"hot-sku").await;
    done(&store, |cs| _ = cs.adjust("hot-sku", "main", StockAdjustment::Set(100_000), false)).await;
    let mut expected = 0;
    for round in 0..12 {
        let how = if round % 2 == 0 { Cut::AfterCommit } else { Cut::BeforeCommit };
        let carts: Vec<Changeset> = (0..40)
            .map(|_| {
                let mut cs = changeset();
                cs.reserve("hot-sku", "main", 1).insert_job(&job(id(), 0));
                cs
            })
            .collect();
        let waiting = crowd(&store, carts);
        let arm = async {
            // The first of them are on their way; the others form groups behind them.
            tokio::task::yield_now().await;
            cut.store(how as u8, Ordering::SeqCst);
        };
        let (results, ()) = tokio::join!(waiting, arm);
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        expected += 40;
        assert_eq!(store.stock("hot-sku").await.expect("read")[0].reserved, expected, "round {round}");
        cut.store(Cut::No as u8, Ordering::SeqCst);
    }
    assert_eq!(store.list_jobs(None, None, 0, 1_000).await.expect("read").len() as i64, expected);
    assert!(cuts.load(Ordering::SeqCst) >= 6, "{cuts:?} connections were cut");
}
