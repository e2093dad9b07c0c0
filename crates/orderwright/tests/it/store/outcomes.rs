//! What a commit may leave behind, and what its answer means.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::{
    engine::{Engine, Place, id},
    shop::*,
};
use orderwright::store::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

pub async fn a_refused_changeset_leaves_nothing(place: Place) {
    let store = place.open().await;
    super::shop::place(&store, &order(1)).await;
    done(&store, |cs| _ = cs.adjust("A", "main", StockAdjustment::Set(1), false)).await;
    let refused = id();
    let mut cs = Changeset::new(refused, 1);
    let mut next = order(1);
    next.version = 2;
    cs.outbox(Some(1), Some(2), Some("blinds"), Some("placed"), Some("shipped"), "[1]")
        .update_order(&next, 1)
        .insert_job(&job(5, 0))
        .put_setting("k", "v")
        .reserve("A", "main", 2);
    let beside: Vec<_> = (0..10)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move { done(&store, |cs| _ = cs.put_setting(&format!("beside {n}"), "v")).await })
        })
        .collect();
    assert_eq!(store.commit(cs).await, conflict(stock_guard("A")));
    for task in beside {
        task.await.expect("who is in the same batch is not hurt");
    }
    assert_eq!(store.find_order(&Scope::All, 1).await.expect("read").expect("there").version, 1);
    assert_eq!(store.find_job(5).await.expect("read"), None);
    assert_eq!(store.setting("k").await.expect("read"), None);
    assert_eq!(store.settings().await.expect("read").len(), 10);
    assert_eq!(store.count_orders(&[], &["shipped"]).await.expect("read"), 0);
    while store.sequence(100).await.expect("sequenced") > 0 {}
    let feed = store.events_after(0, 100).await.expect("read");
    assert!(feed.len() == 12 && feed.iter().all(|row| row.id != refused));
    // The id is still free, as nothing was committed under it.
    store.commit(Changeset::new(refused, 1)).await.expect("committed");
}

pub async fn a_changeset_counts_once(place: Place) {
    let store = place.open().await;
    done(&store, |cs| _ = cs.adjust("A", "main", StockAdjustment::Set(10), false)).await;
    let mut cs = changeset();
    cs.reserve("A", "main", 1);
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let (store, cs) = (store.clone(), cs.clone());
            tokio::spawn(async move { store.commit(cs).await })
        })
        .collect();
    let mut committed = 0;
    for task in tasks {
        match task.await.expect("no panic") {
            Ok(()) => committed += 1,
            refused => assert_eq!(refused, duplicate(Guard::ChangeId)),
        }
    }
    assert_eq!(committed, 1);
    assert_eq!(store.stock("A").await.expect("read")[0].reserved, 1);
}

pub async fn a_refusal_names_its_guard(place: Place) {
    let store = place.open().await;
    super::shop::place(&store, &order(1)).await;
    let mut same_number = order(2);
    same_number.number = "T-1".into();
    assert_eq!(commit(&store, |cs| _ = cs.insert_order(&same_number)).await, duplicate(Guard::OrderNumber));
    assert_eq!(commit(&store, |cs| _ = cs.update_order(&order(1), 9)).await, conflict(Guard::OrderVersion));
    assert_eq!(commit(&store, |cs| _ = cs.update_order(&order(9), 1)).await, conflict(Guard::OrderVersion));
    done(&store, |cs| _ = cs.insert_merchant_order(1, 2, 3, 4, 5)).await;
    let twice = commit(&store, |cs| _ = cs.insert_merchant_order(1, 2, 3, 4, 5)).await;
    assert_eq!(twice, duplicate(Guard::Other("merchant_order")));
    // Of several, the first that fails is named; stock comes last.
    done(&store, |cs| _ = cs.adjust("b", "main", StockAdjustment::Set(1), false)).await;
    let both = commit(&store, |cs| _ = cs.reserve("b", "main", 2).reserve("a", "main", 1).finish_job(1, 1)).await;
    assert_eq!(both, conflict(Guard::Job));
    let stock = commit(&store, |cs| _ = cs.reserve("b", "main", 2).reserve("a", "main", 1)).await;
    assert_eq!(stock, conflict(stock_guard("a")));
}

pub async fn a_reopened_store_has_everything(place: Place) {
    let store = place.open().await;
    super::shop::place(&store, &order(1)).await;
    drop(store);
    let store = place.open().await;
    assert_eq!(store.find_order(&Scope::All, 1).await.expect("read"), Some(order(1)));
    assert_eq!(store.count_orders(&["blinds"], &["placed"]).await.expect("read"), 1);
}

pub async fn every_opening_is_another_node(place: Place) {
    let first = place.open().await;
    let (second, third) = tokio::join!(place.open_beside(), place.open_beside());
    let mut ids = [first.node_id(), second.node_id(), third.node_id()];
    ids.sort_unstable();
    assert_eq!(ids, [1, 2, 3]);
}

pub async fn a_second_server_is_refused(place: Place) {
    let first = place.open().await;
    match Store::open(place.config()).await.map(|_| ()) {
        Err(e @ StoreError::Locked(_)) => assert!(e.to_string().contains("another server is running"), "{e}"),
        other => panic!("{other:?}"),
    }
    place.open_beside().await;
    drop(first);
    place.open().await;
}

/// What stands between a store and its server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    No = 0,
    /// What is cut arrives, its answer does not.
    AfterCommit = 1,
    /// What is cut does not arrive.
    BeforeCommit = 2,
}

/// A proxy that breaks the connection on which `marked` is sent next, as it is told; returns its port.
async fn proxy(server: String, marked: &'static [u8], cut: Arc<AtomicU8>, cuts: Arc<AtomicUsize>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.expect("a client");
            let (server, cut, cuts) = (server.clone(), cut.clone(), cuts.clone());
            tokio::spawn(async move {
                let mut server = TcpStream::connect(server).await.expect("the server answers");
                let (mut up, mut down) = (vec![0; 1 << 16], vec![0; 1 << 16]);
                loop {
                    tokio::select! {
                        n = client.read(&mut up) => {
                            let Ok(n @ 1..) = n else { return };
                            let marks = up[..n].windows(marked.len()).any(|w| w == marked);
                            let now = if marks { cut.swap(Cut::No as u8, Ordering::SeqCst) } else { 0 };
                            if now != 0 { cuts.fetch_add(1, Ordering::SeqCst); }
                            if now == Cut::BeforeCommit as u8 { return }
                            if server.write_all(&up[..n]).await.is_err() { return }
                            if now == Cut::AfterCommit as u8 {
                                tokio::time::sleep(Duration::from_millis(300)).await;
                                return;
                            }
                        }
                        n = server.read(&mut down) => {
                            let Ok(n @ 1..) = n else { return };
                            if client.write_all(&down[..n]).await.is_err() { return }
                        }
                    }
                }
            });
        }
    });
    port
}

/// A store behind such a proxy, warmed up so that a commit needs no further preparation.
pub async fn behind_proxy(place: &Place, marked: &'static [u8]) -> (Store, Arc<AtomicU8>, Arc<AtomicUsize>) {
    assert_eq!(place.engine, Engine::Postgres);
    let config: tokio_postgres::Config = place.url().parse().expect("a URL");
    let host = match config.get_hosts().first() {
        Some(tokio_postgres::config::Host::Tcp(host)) => host.clone(),
        other => panic!("this case needs a server that listens on TCP, not {other:?}"),
    };
    let server = format!("{host}:{}", config.get_ports().first().copied().unwrap_or(5432));
    let (cut, cuts) = (Arc::new(AtomicU8::new(0)), Arc::new(AtomicUsize::new(0)));
    let port = proxy(server, marked, cut.clone(), cuts.clone()).await;
    let user = config.get_user().unwrap_or("postgres");
    let password = config.get_password().map(|p| format!(":{}", String::from_utf8_lossy(p))).unwrap_or_default();
    let database = config.get_dbname().expect("a database");
    let url = format!("postgres://{user}{password}@127.0.0.1:{port}/{database}");
    let store = Store::open(StoreConfig::Postgres { url }).await.expect("the store opens");
    done(&store, |cs| _ = cs.adjust("A", "main", StockAdjustment::Set(100), false)).await;
    done(&store, |cs| _ = cs.reserve("A", "main", 1)).await;
    (store, cut, cuts)
}

pub async fn a_lost_answer_is_settled(place: Place) {
    let (store, cut, cuts) = behind_proxy(&place, b"COMMIT").await;
    for n in 1..=5 {
        cut.store(Cut::AfterCommit as u8, Ordering::SeqCst);
        done(&store, |cs| _ = cs.reserve("A", "main", 1)).await;
        assert_eq!(store.stock("A").await.expect("read")[0].reserved, 1 + n, "once, not twice");
    }
    // A refusal whose answer is lost is still a refusal.
    cut.store(Cut::AfterCommit as u8, Ordering::SeqCst);
    assert_eq!(commit(&store, |cs| _ = cs.reserve("A", "main", 1_000)).await, conflict(stock_guard("A")));
    assert_eq!(cuts.load(Ordering::SeqCst), 6);
}

pub async fn a_lost_flight_is_repeated(place: Place) {
    let (store, cut, cuts) = behind_proxy(&place, b"COMMIT").await;
    for n in 1..=5 {
        cut.store(Cut::BeforeCommit as u8, Ordering::SeqCst);
        done(&store, |cs| _ = cs.reserve("A", "main", 1)).await;
        assert_eq!(store.stock("A").await.expect("read")[0].reserved, 1 + n, "once, not never");
    }
    assert_eq!(cuts.load(Ordering::SeqCst), 5);
}
