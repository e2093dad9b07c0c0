//! The demo on a store of its own: what is there, that it is always the same, and that a start that was killed is made good.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use orderwright_core::actor::Role;
use orderwright_core::order::{OFFLINE, Order, RefundState};
use orderwright_core::status;

use super::products::PLENTY;
use super::{ANCHOR, COMPLETE, DemoFile, catalog, generate, prepare, system};
use crate::app::App;
use crate::ops::{auth, setup};
use crate::store::{OrderFilter, Page, Scope, Sort, SortKey, StoreConfig};

async fn open(dir: &Path) -> Arc<App> {
    let config = StoreConfig::Sqlite { dir: dir.to_owned(), exclusive: true, inline: false };
    App::open(config, true).await.expect("opens")
}

/// All orders, oldest first.
async fn orders(app: &App) -> Vec<(Order, String, String)> {
    let sort = Sort { key: SortKey::CreatedAt, descending: false };
    let mut all = Vec::new();
    let mut page = Page::First { limit: 100 };
    loop {
        let found = app.store.list_orders(&Scope::All, &OrderFilter::default(), sort, page).await.expect("a page");
        for row in found.rows {
            all.push((serde_json::from_str(&row.body).expect("an order"), row.status, row.payment_status));
        }
        match found.next {
            Some(cursor) => page = Page::After { cursor, limit: 100 },
            None => return all,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_status_has_an_order_and_the_books_are_right() {
    let dir = tempfile::tempdir().expect("a folder");
    let app = open(dir.path()).await;
    let before = app.clock.now();
    let file = prepare(&app, dir.path(), "http://127.0.0.1:1").await.expect("prepared");
    let orders = orders(&app).await;
    assert!((290..=340).contains(&orders.len()), "{}", orders.len());

    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut payment: BTreeSet<&str> = BTreeSet::new();
    for (order, status, payment_status) in &orders {
        found.entry(&order.channel).or_default().insert(status);
        payment.insert(payment_status);
        let context = format!("{} {}", order.channel, order.number);
        assert!(order.updated_at <= app.clock.now() && order.created_at < before, "{context}: of the past");
        assert!(before.0 - order.created_at.0 <= 61 * 86_400 * 1_000_000, "{context}: of the last 60 days");
        assert!(order.due_at().is_none_or(|due| due > before), "{context}: a timer is left due: {:?}", order.payment);
        let captured = order.captured();
        assert_eq!(order.splits.iter().map(|s| s.amount).sum::<i64>(), captured, "{context}");
        assert_eq!(order.splits.iter().map(|s| s.refunded).sum::<i64>(), order.refunded(), "{context}");
        assert!(order.refunds.iter().all(|r| r.state != RefundState::Pending), "{context}: no refund is left running");
        let (workflow, _) = app.workflow_of(order).expect("known");
        assert_eq!(status::order_status(order, &workflow), status);
        assert!(order.payment.effect.is_none(), "{context}: no effect is left running");
    }
    // Of every public status but those that nothing rests in (the doc of `stories`).
    for (name, channel) in app.channels().iter() {
        let set = app.workflows();
        let workflow = set.get(&channel.workflow).expect("shipped");
        let mut expected: BTreeSet<&str> = workflow.statuses.iter().map(String::as_str).collect();
        expected.retain(|status| !matches!((name.as_str(), *status), ("blinds", "pending") | ("mall", "paid")));
        assert_eq!(found[name.as_str()], expected, "{name}");
    }
    for status in
        ["pending", "authorised", "captured", "partially_refunded", "refunded", "failed", "voided", "disputed"]
    {
        assert!(payment.contains(status), "{status} of {payment:?}");
    }
    let some = |what: &str, is: fn(&Order) -> bool| assert!(orders.iter().any(|(o, ..)| is(o)), "{what}");
    some("a discount", |o| o.discount_amount > 0);
    some("several merchants", |o| o.merchant_orders.len() > 1);
    some("several lines", |o| o.items.len() > 2);
    some("a split line", |o| o.shipments.iter().any(|s| s.items.iter().any(|i| i.quantity < 3)) && o.items.len() > 1);
    some("a note", |o| !o.notes.is_empty());
    some("an offline payment", |o| o.payments.iter().any(|p| p.method == OFFLINE && p.captured > 0));
    some("a second attempt to pay", |o| o.payments.len() > 1);
    some("an open refund request", |o| o.refunds.iter().any(|r| r.state == RefundState::Requested));
    some("a refund booked outside", |o| o.refunds.iter().any(|r| !r.initiate_payment_refund));

    // The feed is numbered and the counters are folded.
    assert_eq!(app.store.count_orders(&[], &[]).await.expect("counted"), orders.len() as i64);
    assert_eq!(app.store.list_jobs(None, None, 0, 10).await.expect("jobs").len(), 0, "no work is left for the start");

    // Stock: what generated orders hold is what is reserved, and the first two lines of each channel are untouched.
    for (channel, entry) in &file.channels {
        for (n, item) in entry.items.iter().enumerate() {
            let rows = app.store.stock(&item.sku).await.expect("stock");
            let [row] = &rows[..] else { panic!("{}: one location", item.sku) };
            let held: i64 = orders
                .iter()
                .flat_map(|(o, ..)| &o.items)
                .filter(|i| i.sku == item.sku)
                .filter(|i| {
                    use orderwright_core::order::Reservation::{Committed, Held};
                    matches!(i.reservation, Held | Committed)
                })
                .map(|i| i.quantity)
                .sum();
            assert_eq!(row.reserved, held, "{}", item.sku);
            assert!(row.on_hand - row.reserved > 20, "{} of {channel} is nearly sold out", item.sku);
            if n < 2 {
                assert_eq!((row.on_hand, row.reserved), (PLENTY, 0), "{}", item.sku);
            }
        }
    }
}

/// What the plan decides: which goods, by whom, for how much, ended how. Ids, numbers and the tick of a clock are not in it.
fn fingerprint(orders: &[(Order, String, String)]) -> Vec<String> {
    let line = |(o, status, payment): &(Order, String, String)| {
        let skus: Vec<String> = o.items.iter().map(|i| format!("{}×{}", i.sku, i.quantity)).collect();
        format!("{} {} {} {} {status} {payment} {}", o.created_at, o.updated_at, o.channel, skus.join(","), o.total)
    };
    orders.iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_anchor_gives_the_same_past_also_after_a_kill() {
    let (dir, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let app = open(dir.path()).await;
    let file = prepare(&app, dir.path(), "http://127.0.0.1:1").await.expect("prepared");
    let first = fingerprint(&orders(&app).await);
    let anchor: i64 = app.store.setting(ANCHOR).await.expect("read").expect("there").parse().expect("a number");

    // The other one has the same anchor, and was killed when a third of its orders were there.
    let second = open(other.path()).await;
    let anchor = orderwright_core::time::Timestamp(anchor);
    let mut shop = catalog::shop(&second, anchor);
    shop.settings.push((ANCHOR.to_owned(), anchor.0.to_string()));
    setup::put(&system(&second), &shop).await.expect("put");
    let third = generate::plans(anchor).len() / 3;
    let made = generate::generate_some(&second, anchor, third).await.expect("made");
    assert_eq!((made.orders, made.troubled), (third, 0));
    drop(second);
    let second = open(other.path()).await;
    let made = generate::generate(&second, anchor).await.expect("made");
    assert_eq!((made.orders, made.troubled), (first.len() - third, 0));
    assert_eq!(fingerprint(&orders(&second).await), first);

    // Started again, the first goes on with the same keys; without its file, with new ones for the same people.
    let moved = prepare(&app, dir.path(), "http://127.0.0.1:2").await.expect("again");
    assert_eq!(moved, DemoFile { base_url: "http://127.0.0.1:2".to_owned(), ..file.clone() });
    assert_eq!(DemoFile::read(dir.path()).expect("read"), Some(moved));
    std::fs::remove_file(DemoFile::path(dir.path())).expect("removed");
    let fresh = prepare(&app, dir.path(), "http://127.0.0.1:2").await.expect("fresh keys");
    assert!(fresh.tokens.customers.keys().eq(file.tokens.customers.keys()));
    assert!(fresh.tokens.merchants.keys().eq(file.tokens.merchants.keys()));
    assert_ne!(fresh.tokens.admin, file.tokens.admin);
    assert_eq!(fingerprint(&orders(&app).await), first);
    // A file of another store gives nothing away, and what is spoilt in it is made good.
    let foreign = prepare(&second, other.path(), "http://127.0.0.1:3").await.expect("its own");
    fresh.write(other.path()).expect("written over");
    let again = prepare(&second, other.path(), "http://127.0.0.1:3").await.expect("made good");
    assert!(again.tokens.customers.keys().eq(foreign.tokens.customers.keys()));
    assert_ne!(again.tokens.admin, fresh.tokens.admin);
    assert_eq!(second.store.setting(COMPLETE).await.expect("read").as_deref(), Some("true"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_key_speaks_for_the_right_one() {
    let dir = tempfile::tempdir().expect("a folder");
    let app = open(dir.path()).await;
    let file = prepare(&app, dir.path(), "http://127.0.0.1:1").await.expect("prepared");
    let who = async |key: &str| auth::authenticate(&app, key).await.expect("asked").expect("known");
    assert_eq!(who(&file.tokens.admin).await.role, Role::Admin);
    assert_eq!(who(&file.tokens.ops).await.role, Role::Ops);
    assert_eq!(file.channels.keys().collect::<Vec<_>>(), ["bazaar", "blinds", "mall", "retail", "studio"]);
    assert!(file.logins.is_empty());
    for (role, keys) in [(Role::Retailer, &file.tokens.retailers), (Role::Storefront, &file.tokens.storefronts)] {
        assert!(keys.keys().eq(file.channels.keys()));
        for (channel, key) in keys {
            let actor = who(key).await;
            assert_eq!((actor.role, actor.channel.as_ref()), (role, Some(channel)));
        }
    }
    assert_eq!((file.tokens.merchants.len(), file.tokens.customers.len()), (14, 12));
    for (id, key) in &file.tokens.merchants {
        assert_eq!(who(key).await.merchant.map(|m| m.to_string()).as_ref(), Some(id));
    }
    for (id, key) in &file.tokens.customers {
        assert_eq!(who(key).await.customer.map(|c| c.to_string()).as_ref(), Some(id));
    }
    assert_eq!(file.tokens.brands.len(), 2);
    for (id, key) in &file.tokens.brands {
        let actor = who(key).await;
        assert_eq!((actor.role, actor.party.map(|p| p.account())), (Role::Brand, Some(format!("party/brand/{id}"))));
    }
    for entry in file.channels.values() {
        assert!(entry.items.iter().all(|i| file.tokens.merchants.contains_key(&i.merchant_id)));
    }
    let mall = &file.channels["mall"].items;
    assert_ne!(mall[0].merchant_id, mall[1].merchant_id);
}

#[tokio::test]
async fn a_shop_of_its_own_is_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let app = open(dir.path()).await;
    let shop = catalog::shop(&app, app.clock.now());
    setup::put(&system(&app), &shop).await.expect("put");
    let error = prepare(&app, dir.path(), "http://127.0.0.1:1").await.expect_err("not the demo's").to_string();
    assert!(error.contains("a shop of its own"), "{error}");
    assert!(!DemoFile::path(dir.path()).exists());
}
