//! Many tasks on few rows.

use std::collections::BTreeMap;

use super::{
    engine::{Dice, Engine, Place, id},
    shop::*,
};
use orderwright::store::*;

/// 32 tasks advance 8 orders, each step takes one of 500 pieces: 640 steps are tried, and all but 140 succeed.
pub async fn contended_orders_lose_no_update(place: Place) {
    let store = place.open().await;
    for n in 0..8 {
        super::shop::place(&store, &order(n)).await;
    }
    done(&store, |cs| _ = cs.adjust("A", "main", StockAdjustment::Set(500), false)).await;
    let tasks: Vec<_> = (0..32)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                let (mut committed, mut refused) = (0, 0);
                for n in 0..20 {
                    match step(&store, (task + n) % 8).await {
                        Ok(()) => committed += 1,
                        Err(guard) => {
                            assert_eq!(guard, stock_guard("A"));
                            refused += 1;
                        }
                    }
                }
                (committed, refused)
            })
        })
        .collect();
    let (mut committed, mut refused) = (0, 0);
    for task in tasks {
        let (c, r) = task.await.expect("no panic");
        committed += c;
        refused += r;
    }
    let (mut versions, mut entries) = (0, 0);
    for n in 0..8 {
        let order = store.find_order(&Scope::All, n).await.expect("read").expect("there");
        let timeline = store.list_timeline(n, 0, 1_000, false, None).await.expect("read");
        assert!(timeline.iter().map(|entry| entry.seq).eq(2..=order.version), "one entry for each version");
        versions += order.version - 1;
        entries += timeline.len();
    }
    assert_eq!((committed, refused, versions, entries), (500, 140, 500, 500), "no lost update, no half changeset");
    assert_eq!(store.stock("A").await.expect("read")[0].reserved, 500);
}

/// Loads an order, reserves a piece for it and writes its next version, until that is not refused for the version.
async fn step(store: &Store, order_id: i64) -> Result<(), Guard> {
    loop {
        let mut order = store.find_order(&Scope::All, order_id).await.expect("read").expect("there");
        order.version += 1;
        let entry = TimelineRow {
            order_id,
            seq: order.version,
            id: id(),
            at: 1,
            kind: "status_changed".into(),
            message: "next".into(),
            metadata: None,
            created_by: None,
            is_public: true,
            merchant_id: None,
            hash: vec![],
        };
        let result = commit(store, |cs| {
            cs.reserve("A", "main", 1).update_order(&order, order.version - 1).insert_timeline(&entry);
        })
        .await;
        match result {
            Err(CommitError::Conflict { what: Guard::OrderVersion }) => {}
            Err(CommitError::Conflict { what }) => return Err(what),
            other => return other.map_err(|e| panic!("{e}")),
        }
    }
}

pub async fn nothing_is_sold_twice(place: Place) {
    let store = place.open().await;
    done(&store, |cs| _ = cs.adjust("A", "main", StockAdjustment::Set(100), false)).await;
    let tasks: Vec<_> = (0..64)
        .map(|task: i64| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut sold = 0;
                for _ in 0..4 {
                    let quantity = task % 3 + 1;
                    match commit(&store, |cs| _ = cs.reserve("A", "main", quantity)).await {
                        Ok(()) => sold += quantity,
                        refused => assert_eq!(refused, conflict(stock_guard("A"))),
                    }
                }
                sold
            })
        })
        .collect();
    let mut sold = 0;
    for task in tasks {
        sold += task.await.expect("no panic");
    }
    let stock = store.stock("A").await.expect("read");
    assert_eq!((stock[0].on_hand, stock[0].reserved), (100, sold));
    // What is wanted is far more than there is, in pieces of at most three.
    assert!((98..=100).contains(&sold), "{sold}");
}

pub async fn carts_in_any_order_never_deadlock(place: Place) {
    let store = place.open().await;
    let skus: Vec<String> = (0..20).map(|n| format!("sku-{n}")).collect();
    done(&store, |cs| skus.iter().for_each(|sku| _ = cs.adjust(sku, "main", StockAdjustment::Set(1_000_000), false)))
        .await;
    let carts = if place.engine == Engine::Postgres { 15 } else { 40 };
    let started = std::time::Instant::now();
    let tasks: Vec<_> = (0..24)
        .map(|task| {
            let (store, skus) = (store.clone(), skus.clone());
            tokio::spawn(async move {
                let mut dice = Dice::new(task + 1);
                let mut reserved: BTreeMap<String, i64> = BTreeMap::new();
                for _ in 0..carts {
                    let mut cs = changeset();
                    for _ in 0..12 {
                        let (sku, quantity) = (dice.pick(&skus), dice.below(5) as i64 + 1);
                        cs.reserve(sku, "main", quantity);
                        *reserved.entry(sku.clone()).or_default() += quantity;
                    }
                    store.commit(cs).await.expect("there is enough for everyone");
                }
                reserved
            })
        })
        .collect();
    let mut reserved: BTreeMap<String, i64> = BTreeMap::new();
    for task in tasks {
        for (sku, quantity) in task.await.expect("no panic") {
            *reserved.entry(sku).or_default() += quantity;
        }
    }
    for (sku, quantity) in reserved {
        assert_eq!(store.stock(&sku).await.expect("read")[0].reserved, quantity, "{sku}");
    }
    if place.engine == Engine::Postgres {
        let (client, connection) =
            tokio_postgres::connect(place.url(), tokio_postgres::NoTls).await.expect("the server answers");
        tokio::spawn(connection);
        let text = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
        let deadlocks: i64 = client.query_one(text, &[]).await.expect("read").get(0);
        assert_eq!(deadlocks, 0, "after {:?}", started.elapsed());
    }
}

pub async fn order_numbers_are_taken_once(place: Place) {
    let stores = [place.open().await, place.open_beside().await];
    let tasks: Vec<_> = (0..16usize)
        .map(|n| {
            let store = stores[n % 2].clone();
            tokio::spawn(async move { store.take_order_numbers("RT", 20_261_121, n as i64 + 1).await.expect("taken") })
        })
        .collect();
    let mut blocks = Vec::new();
    for (n, task) in tasks.into_iter().enumerate() {
        blocks.push((task.await.expect("no panic"), n as i64 + 1));
    }
    blocks.sort();
    let mut next = 1;
    for (first, count) in blocks {
        assert_eq!(first, next);
        next += count;
    }
}
