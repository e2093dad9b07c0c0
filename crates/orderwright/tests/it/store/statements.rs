//! Every statement of the registry, prepared and executed. What it executes is checked where it is executed.

use super::{disputes, engine::Place, payouts, people_and_rest, shop::*, work};
use orderwright::store::*;

pub async fn every_statement_prepares(place: Place) {
    let store = place.open().await;
    store.check_statements().await.expect("every text fits the schema");
}

pub async fn every_statement_executes(place: Place) {
    let store = place.open().await;
    orders(&store).await;
    stock(&store).await;
    money(&store).await;
    people_and_rest::walk(&store).await;
    work::walk(&store).await;
    payouts::walk(&store).await;
    disputes::walk(&store).await;
    store.sequence(1_000).await.expect("sequenced");
    store.feed_lag().await.expect("read");
    let last = store.feed_position().await.expect("a position");
    assert_eq!(store.events_after(last - 1, 10).await.expect("read").len(), 1);
    let unused: Vec<_> =
        store.statement_uses().into_iter().filter(|(_, uses)| *uses == 0).map(|(name, _)| name).collect();
    // Only asked when an answer was lost, which has a case of its own; freed leases are SQLite's alone.
    let elsewhere = if store.is_shared() { vec!["OutboxHas", "JobReleaseOthers"] } else { vec!["OutboxHas"] };
    assert_eq!(unused, elsewhere, "statements that no case executes");
}

async fn orders(store: &Store) {
    let mut order = order(7);
    order.due_at = Some(500);
    place(store, &order).await;
    assert_eq!(store.find_order(&Scope::All, 7).await.expect("read"), Some(order.clone()));
    assert_eq!(store.order_bodies(&Scope::All, 0, 9).await.expect("read"), [(7, order.body.clone())]);
    assert_eq!(store.order_bodies(&Scope::All, 7, 9).await.expect("read"), []);
    assert_eq!(store.order_bodies(&Scope::Channel("elsewhere".into()), 0, 9).await.expect("read"), []);
    assert_eq!(store.find_order_by_number(&Scope::All, "T-7").await.expect("read"), Some(order.clone()));
    done(store, |cs| {
        cs.insert_merchant_order(70, 9, 7, 5, 70).insert_order_item(71, 7, "sku", 9, 70);
    })
    .await;
    assert_eq!(store.find_order_of_merchant_order(&Scope::All, 70).await.expect("read"), Some(order.clone()));
    assert_eq!(store.due_orders(499, 10).await.expect("read"), Vec::<i64>::new());
    assert_eq!(store.due_orders(500, 10).await.expect("read"), [7]);
    assert_eq!(store.next_due().await.expect("read"), Some(500));

    let in_flight = async |versions, after| -> Vec<i64> {
        store.orders_in_flight(versions, after, 10).await.expect("read").into_iter().map(|row| row.id).collect()
    };
    order.version = 2;
    order.in_flight = Some("h1/h2".into());
    let mut second = order.clone();
    (second.id, second.number, second.version) = (8, "T-8".into(), 1);
    done(store, |cs| _ = cs.update_order(&order, 1).insert_order(&second)).await;
    second.in_flight = Some("h0".into());
    second.version = 2;
    assert_eq!(
        (in_flight("h1/h2", 0).await, in_flight("h1/h2", 7).await, in_flight("h1", 0).await),
        (vec![7, 8], vec![8], vec![])
    );
    assert_eq!(store.count_in_flight("h1/h2").await.expect("read"), 2);
    done(store, |cs| _ = cs.update_order(&second, 1)).await;
    assert_eq!(store.versions_in_flight().await.expect("read"), ["h0", "h1/h2"]);
    second.in_flight = None;
    second.due_at = None;
    second.version = 3;
    done(store, |cs| _ = cs.update_order(&second, 2)).await;
    assert_eq!(store.versions_in_flight().await.expect("read"), ["h1/h2"], "what is finished is not in flight");

    order.version = 3;
    order.in_flight = None;
    order.status = "shipped".into();
    order.delivered_at = Some(i64::MAX);
    order.due_at = None;
    order.payment_reference = "BANK 7".into();
    order.total = i64::MIN;
    order.body = "{}".into();
    done(store, |cs| {
        cs.update_order(&order, 2);
    })
    .await;
    assert_eq!(store.find_order(&Scope::All, 7).await.expect("read"), Some(order));
    assert_eq!(store.next_due().await.expect("read"), None);
    assert_eq!(store.take_order_numbers("BL", 20_261_121, 10).await.expect("taken"), 1);
    assert_eq!(store.take_order_numbers("BL", 20_261_121, 5).await.expect("taken"), 11);
    assert_eq!(store.take_order_numbers("BL", 20_261_122, 5).await.expect("taken"), 1);

    let entry = |seq: i64, is_public, merchant_id| TimelineRow {
        order_id: 7,
        seq,
        id: 700 + seq,
        at: 9,
        kind: "note_added".into(),
        message: "geprüft".into(),
        metadata: (seq == 1).then(|| "{}".into()),
        created_by: None,
        is_public,
        merchant_id,
        hash: vec![0, 255, u8::try_from(seq).expect("small")],
    };
    let entries = [entry(1, true, None), entry(2, false, None), entry(3, true, Some(9)), entry(4, true, Some(10))];
    assert_eq!(store.timeline_head(7).await.expect("read"), None);
    done(store, |cs| entries.iter().for_each(|entry| _ = cs.insert_timeline(entry))).await;
    let seen = async |after, limit, public_only, merchant| -> Vec<i64> {
        let rows = store.list_timeline(7, after, limit, public_only, merchant).await.expect("read");
        rows.iter().for_each(|row| assert_eq!(row, &entries[row.seq as usize - 1]));
        rows.into_iter().map(|row| row.seq).collect()
    };
    assert_eq!(seen(0, 10, false, None).await, [1, 2, 3, 4]);
    assert_eq!(seen(1, 2, false, None).await, [2, 3]);
    assert_eq!(seen(0, 10, true, None).await, [1, 3, 4]);
    assert_eq!(seen(0, 10, false, Some(9)).await, [1, 2, 3]);
    assert_eq!(seen(0, 10, true, Some(10)).await, [1, 4]);
    assert_eq!(store.timeline_head(7).await.expect("read"), Some((4, vec![0, 255, 4])));

    let message = |id, merchant_id| MessageRow {
        id,
        order_id: if id == 4 { 8 } else { 7 },
        merchant_id,
        side: "customer".into(),
        message: "Wo bleibt es? ü".into(),
        created_by: "cus_1".into(),
        at: 9,
    };
    let messages = [message(1, None), message(2, Some(9)), message(3, Some(10)), message(4, None)];
    done(store, |cs| messages.iter().for_each(|message| _ = cs.insert_message(message))).await;
    let listed = async |after, limit, merchant| store.list_messages(7, after, limit, merchant).await.expect("read");
    assert_eq!(listed(0, 10, None).await, messages[..3]);
    assert_eq!(listed(1, 1, None).await, messages[1..2]);
    assert_eq!(listed(0, 10, Some(9)).await, messages[1..2]);
}

async fn stock(store: &Store) {
    use StockAdjustment::{Add, Set};
    let now = async |sku: &str| -> Vec<(String, i64, i64)> {
        let rows = store.stock(sku).await.expect("read");
        rows.into_iter().map(|s| (s.location, s.on_hand, s.reserved)).collect()
    };
    done(store, |cs| _ = cs.adjust("S", "main", Add(10), false).adjust("S", "annex", Set(3), false)).await;
    assert_eq!(now("S").await, [("annex".into(), 3, 0), ("main".into(), 10, 0)]);
    done(store, |cs| _ = cs.reserve("S", "main", 8)).await;
    assert_eq!(commit(store, |cs| _ = cs.reserve("S", "main", 3)).await, conflict(stock_guard("S")));
    assert_eq!(commit(store, |cs| _ = cs.reserve("S", "nowhere", 1)).await, conflict(stock_guard("S")));
    done(store, |cs| _ = cs.release("S", "main", 2)).await;
    assert_eq!(commit(store, |cs| _ = cs.release("S", "main", 7)).await, conflict(stock_guard("S")));
    done(store, |cs| _ = cs.ship("S", "main", 4)).await;
    assert_eq!(commit(store, |cs| _ = cs.ship("S", "main", 3)).await, conflict(stock_guard("S")));
    done(store, |cs| _ = cs.restock("S", "main", 1)).await;
    assert_eq!(now("S").await[1], ("main".into(), 7, 2));
    // Below what is reserved only by name, and below nothing never.
    assert_eq!(commit(store, |cs| _ = cs.adjust("S", "main", Set(1), false)).await, conflict(stock_guard("S")));
    assert_eq!(commit(store, |cs| _ = cs.adjust("S", "main", Add(-6), false)).await, conflict(stock_guard("S")));
    done(store, |cs| _ = cs.adjust("S", "main", Add(-6), true)).await;
    assert_eq!(commit(store, |cs| _ = cs.adjust("S", "main", Add(-2), true)).await, conflict(stock_guard("S")));
    assert_eq!(commit(store, |cs| _ = cs.adjust("S", "main", Set(-1), true)).await, conflict(stock_guard("S")));
    assert_eq!(now("S").await[1], ("main".into(), 1, 2));
    assert_eq!(commit(store, |cs| _ = cs.adjust("new", "main", Add(-1), true)).await, conflict(stock_guard("new")));
    assert_eq!(now("new").await, [], "a refused adjustment opens nothing");

    let lines = [("none", "main", 1), ("S", "annex", 2), ("S", "annex", 1), ("S", "main", 1), ("S", "main", 1)];
    assert_eq!(store.stock_short(&lines).await.expect("read"), ["none", "S"], "main holds less than is promised");
    assert_eq!(store.stock_short(&lines[1..3]).await.expect("read"), Vec::<String>::new());

    let movement = StockMovementRow {
        id: 90,
        sku: "S".into(),
        location: "main".into(),
        kind: "ship".into(),
        quantity: -4,
        order_id: None,
        reason: Some("sold".into()),
        at: 3,
    };
    done(store, |cs| _ = cs.insert_stock_movement(&movement)).await;
    assert_eq!(store.list_stock_movements("S", 0, 10).await.expect("read"), [movement]);
    assert_eq!(store.list_stock_movements("S", 90, 10).await.expect("read"), []);

    let offer = |sku: &str, channel: &str, merchant_id| OfferRow {
        sku: sku.into(),
        channel: channel.into(),
        merchant_id,
        rank: 1,
        body: "{}".into(),
    };
    done(store, |cs| {
        cs.put_offer(&offer("S", "blinds", 9)).put_offer(&offer("a", "retail", 10));
        cs.adjust("a", "main", Set(1), false).adjust("B", "main", Set(1), false);
    })
    .await;
    let listed = async |after, limit, merchant, channel| -> Vec<String> {
        let rows = store.list_stock(after, limit, merchant, channel).await.expect("read");
        rows.into_iter().map(|s| format!("{} {}", s.sku, s.location)).collect()
    };
    assert_eq!(
        listed(("", ""), 10, None, None).await,
        ["B main", "S annex", "S main", "a main"],
        "in the order of bytes"
    );
    assert_eq!(listed(("S", "annex"), 1, None, None).await, ["S main"]);
    assert_eq!(listed(("", ""), 10, Some(9), None).await, ["S annex", "S main"]);
    assert_eq!(listed(("", ""), 10, None, Some("retail")).await, ["a main"]);
    assert_eq!(listed(("", ""), 10, Some(9), Some("retail")).await, Vec::<String>::new());
}

async fn money(store: &Store) {
    // An id begins with its millisecond since 1990: these are of the sixth.
    const AT: i64 = (631_152_000_000 + 5) * 1_000;
    const ID: i64 = 5 << 22;
    let line = |id, account: &str, amount| LedgerRow {
        id: ID + id,
        posting_id: ID,
        order_id: Some(7),
        cause: "payment.captured".into(),
        about: None,
        reverses: None,
        account: account.into(),
        currency: "INR".into(),
        amount,
        at: AT,
    };
    let lines =
        [line(1, "provider", 700), line(2, "merchant:9", -700), line(3, "provider", 5), line(4, "merchant:9", -5)];
    let mut cs = Changeset::new(ID, AT);
    lines.iter().for_each(|line| _ = cs.insert_ledger_entry(line));
    store.commit(cs).await.expect("committed");
    assert_eq!(store.ledger_of_order(7).await.expect("read"), lines);
    assert_eq!(store.ledger_of_posting(ID).await.expect("read"), lines);
    assert_eq!(store.ledger_of_posting(ID + 1).await.expect("read"), vec![]);
    assert_eq!(store.ledger_after(ID + 1, ID + 3, 10).await.expect("read"), lines[1..3]);
    let balance = [("merchant:9".into(), "INR".into(), -705), ("provider".into(), "INR".into(), 705)];
    assert_eq!(store.trial_balance().await.expect("read"), balance, "not folded yet");
    store.sequence(1_000).await.expect("sequenced");
    assert_eq!(store.trial_balance().await.expect("read"), balance, "folded, once");
    assert_eq!(store.account_balance("provider").await.expect("read"), [("INR".into(), 705)]);
    assert_eq!(store.account_balance("nobody").await.expect("read"), vec![]);
    assert_eq!(store.trial_balance_at(AT - 1).await.expect("read"), vec![]);
    assert_eq!(store.trial_balance_at(AT).await.expect("read"), balance, "by the lines of the day");
    assert_eq!(store.trial_balance_at(i64::MAX / 4).await.expect("read"), balance, "by the kept days");

    let listed = async |filter: LedgerFilter, after, newest| -> Vec<i64> {
        let rows = store.list_ledger(&filter, after, newest, 10).await.expect("read");
        rows.into_iter().map(|row| row.id - ID).collect()
    };
    let all = LedgerFilter::default;
    assert_eq!(listed(all(), None, false).await, [1, 2, 3, 4]);
    assert_eq!(listed(all(), Some(ID + 3), true).await, [2, 1]);
    assert_eq!(listed(LedgerFilter { accounts: vec!["provider".into()], ..all() }, None, false).await, [1, 3]);
    assert_eq!(
        listed(LedgerFilter { account_prefix: Some("merchant:".into()), ..all() }, Some(ID + 2), false).await,
        [4]
    );
    assert_eq!(listed(LedgerFilter { order_id: Some(8), ..all() }, None, false).await, Vec::<i64>::new());
    assert_eq!(listed(LedgerFilter { cause: Some("payment.captured".into()), ..all() }, None, false).await.len(), 4);
    assert_eq!(listed(LedgerFilter { currency: Some("EUR".into()), ..all() }, None, false).await, Vec::<i64>::new());
    assert_eq!(listed(LedgerFilter { from: Some(AT), to: Some(AT + 1), ..all() }, None, false).await.len(), 4);
    assert_eq!(listed(LedgerFilter { from: Some(AT + 1), ..all() }, None, false).await, Vec::<i64>::new());
    assert_eq!(listed(LedgerFilter { to: Some(AT), ..all() }, None, false).await, Vec::<i64>::new());
    assert_eq!(store.audit_orders(6, 1).await.expect("read")[0].0, 7);

    // Shares: of 7 in two captures, of 8 in one; what went back is no share, and what is another's is not listed.
    const BRAND: &str = "party/brand/élan";
    let share = |id, order: i64, cause: &str, account: &str| LedgerRow {
        order_id: Some(order),
        cause: cause.into(),
        ..line(id, account, -1)
    };
    let mut cs = Changeset::new(ID + 20, AT);
    for row in [
        share(11, 7, "split", BRAND),
        share(12, 8, "split", BRAND),
        share(13, 7, "split", BRAND),
        share(14, 8, "refund", BRAND),
        share(15, 8, "split", "party/brand/elan"),
    ] {
        cs.insert_ledger_entry(&row);
    }
    store.commit(cs).await.expect("committed");
    let shares = async |filter: ShareFilter, before, limit| -> Vec<i64> {
        let rows = store.list_shares(&filter, before, limit).await.expect("read");
        assert!(
            rows.iter().all(|(_, at, body)| *at == AT && body.as_ref().is_none_or(|b| b.starts_with('{'))),
            "{rows:?}"
        );
        rows.into_iter().map(|(id, _, body)| if body.is_some() { id - ID } else { ID - id }).collect()
    };
    let own = || ShareFilter { account: BRAND.into(), ..ShareFilter::default() };
    assert_eq!(shares(own(), None, 10).await, [12, 11], "an order once, the newest first");
    assert_eq!(shares(own(), None, 1).await, [12]);
    assert_eq!(shares(own(), Some(ID + 12), 1).await, [11]);
    assert_eq!(shares(own(), Some(ID + 11), 1).await, Vec::<i64>::new());
    assert_eq!(shares(ShareFilter { account: "party/brand/nobody".into(), ..own() }, None, 9).await, Vec::<i64>::new());
    assert_eq!(shares(ShareFilter { channel: Some("blinds".into()), ..own() }, None, 9).await, [12, 11]);
    assert_eq!(
        shares(ShareFilter { channel: Some("mall".into()), ..own() }, None, 9).await,
        [-12, -11],
        "no documents"
    );
    assert_eq!(shares(ShareFilter { from: Some(AT), to: Some(AT + 1), ..own() }, None, 9).await, [12, 11]);
    assert_eq!(shares(ShareFilter { from: Some(AT + 1), ..own() }, None, 9).await, Vec::<i64>::new());
    assert_eq!(shares(ShareFilter { to: Some(AT), ..own() }, None, 9).await, Vec::<i64>::new());
}
