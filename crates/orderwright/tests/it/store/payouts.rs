//! Payouts: what is due is taken once, by who has the turn; payouts, batches, reserves, terms and accounts are kept as they were written.

use super::shop::*;
use orderwright::store::*;

/// Writes and reads every one of them.
pub async fn walk(store: &Store) {
    turns(store).await;
    dues(store).await;
    payouts(store).await;
    terms(store).await;
}

async fn turns(store: &Store) {
    assert_eq!(store.payout_head().await.expect("read"), (0, 0));
    done(store, |cs| _ = cs.take_payout_head(0)).await;
    let lost = conflict(Guard::Other("payout_head"));
    assert_eq!(commit(store, |cs| _ = cs.take_payout_head(0)).await, lost, "somebody else was quicker");
    done(store, |cs| _ = cs.hold_payout_head(1)).await;
    assert_eq!(commit(store, |cs| _ = cs.hold_payout_head(0)).await, lost, "overtaken");
    done(store, |cs| _ = cs.advance_payout_head(1, 7)).await;
    assert_eq!(commit(store, |cs| _ = cs.advance_payout_head(1, 6)).await, lost, "the feed is read forward only");
    assert_eq!(store.payout_head().await.expect("read"), (7, 1));
    store.sequence(1_000).await.expect("sequenced");
    let changes = store.order_changes_after(0, 2).await.expect("read");
    assert!(changes.iter().all(|(position, order)| *position > 0 && *order > 0), "{changes:?}");
    let watch = |order_id, look_at| WatchRow { order_id, look_at };
    done(store, |cs| _ = cs.watch_for_payout(5, 0).watch_for_payout(6, 90).watch_for_payout(5, 80)).await;
    assert_eq!(store.payout_watch(80, 9).await.expect("read"), [watch(5, 80)]);
    assert_eq!(store.payout_watch(90, 9).await.expect("read"), [watch(5, 80), watch(6, 90)]);
    done(store, |cs| _ = cs.unwatch_for_payout(5)).await;
    assert_eq!(store.payout_watch(90, 9).await.expect("read"), [watch(6, 90)]);
}

fn due(order_id: i64, share: i64, refund: i64) -> PayoutDueRow {
    PayoutDueRow {
        party: "party/merchant/a".into(),
        order_id,
        channel: "mall".into(),
        currency: "EUR".into(),
        number: format!("N-{order_id}"),
        share,
        refund,
        fee: 0,
        other: 0,
        paid_share: 0,
        paid_refund: 0,
        paid_fee: 0,
        paid_other: 0,
        open: share + refund != 0,
    }
}

async fn dues(store: &Store) {
    let open = async || store.open_payout_dues("mall", "party/merchant/a", 0, 9).await.expect("read");
    done(store, |cs| _ = cs.put_payout_due(&due(1, 100, 0), false).put_payout_due(&due(2, 0, 0), false)).await;
    let read = open().await;
    assert_eq!(read, [due(1, 100, 0)], "what comes to nothing is not open");
    assert_eq!(store.open_payout_dues("mall", "party/merchant/a", 1, 9).await.expect("read"), []);
    done(store, |cs| _ = cs.take_payout_due(&read[0])).await;
    assert_eq!(
        commit(store, |cs| _ = cs.take_payout_due(&read[0])).await,
        conflict(Guard::Other("payout_due")),
        "twice"
    );
    assert_eq!(open().await, []);
    // The same again is not open; less is, also of what is held; more is, but not of what is held.
    done(store, |cs| _ = cs.put_payout_due(&due(1, 100, 0), false)).await;
    assert_eq!(open().await, []);
    done(store, |cs| _ = cs.put_payout_due(&due(1, 130, 0), true)).await;
    assert_eq!(open().await, []);
    done(store, |cs| _ = cs.put_payout_due(&due(1, 100, -30), true)).await;
    let less = open().await;
    assert_eq!((less[0].refund, less[0].paid_share, less[0].open), (-30, 100, true));
    let stale = PayoutDueRow { refund: -20, ..less[0].clone() };
    assert_eq!(commit(store, |cs| _ = cs.take_payout_due(&stale)).await, conflict(Guard::Other("payout_due")));
    done(store, |cs| _ = cs.put_payout_due(&due(1, 130, 0), false)).await;
    assert_eq!(store.payout_parties("mall", "", 0, 9).await.expect("read"), ["party/merchant/a"]);
    assert_eq!(store.payout_parties("mall", "party/merchant/a", 0, 9).await.expect("read"), Vec::<String>::new());
    assert_eq!(store.payout_parties("elsewhere", "", 0, 9).await.expect("read"), Vec::<String>::new());
}

async fn payouts(store: &Store) {
    let batch = PayoutBatchRow {
        id: 40,
        channel: "mall".into(),
        currency: "EUR".into(),
        method: "bank".into(),
        body: "{}".into(),
        created_at: 3,
    };
    let payout = PayoutRow {
        id: 41,
        batch_id: Some(40),
        party: "party/merchant/b".into(),
        channel: "mall".into(),
        currency: "EUR".into(),
        amount: 90,
        state: "pending".into(),
        method: "bank".into(),
        destination: "bnk_1".into(),
        parked: false,
        carried_by: None,
        version: 1,
        body: "{}".into(),
        created_at: 3,
        updated_at: 3,
    };
    let line =
        PayoutLineRow { payout_id: 41, order_id: 1, number: "N-1".into(), share: 100, refund: -3, fee: -2, other: -5 };
    let reserve = PayoutReserveRow {
        payout_id: 41,
        party: "party/merchant/b".into(),
        channel: "mall".into(),
        currency: "EUR".into(),
        amount: 10,
        release_at: 50,
        released_by: None,
    };
    done(store, |cs| {
        cs.insert_payout_batch(&batch).insert_payout(&payout).insert_payout_line(&line).insert_payout_reserve(&reserve);
    })
    .await;
    assert_eq!(store.find_payout_batch(40).await.expect("read"), Some(batch));
    assert_eq!(store.find_payout(41).await.expect("read"), Some(payout.clone()));
    assert_eq!(store.payouts_of_batch(40).await.expect("read"), std::slice::from_ref(&payout));
    assert_eq!(store.audit_payouts(40, 9).await.expect("read"), std::slice::from_ref(&payout));
    assert_eq!(store.payout_lines(41, 0, 9).await.expect("read"), [line]);
    assert_eq!(store.payout_lines(41, 1, 9).await.expect("read"), []);
    let listed = async |filter: PayoutFilter, before| -> Vec<i64> {
        store.list_payouts(&filter, before, 9).await.expect("read").iter().map(|p| p.id).collect()
    };
    let all = PayoutFilter::default;
    assert_eq!(listed(all(), None).await, [41]);
    assert_eq!(listed(all(), Some(41)).await, Vec::<i64>::new());
    let b = PayoutFilter { parties: vec!["x".into(), "party/merchant/b".into()], ..all() };
    assert_eq!(listed(b, None).await, [41]);
    assert_eq!(listed(PayoutFilter { state: Some("paid".into()), ..all() }, None).await, Vec::<i64>::new());
    let own = PayoutFilter { batch_id: Some(40), channel: Some("mall".into()), state: Some("pending".into()), ..all() };
    assert_eq!(listed(own, None).await, [41]);

    let kept = [("party/merchant/b".to_owned(), "EUR".to_owned(), 10)];
    assert_eq!(store.kept_payout_reserves().await.expect("read"), kept);
    assert_eq!(store.due_payout_reserves("mall", "party/merchant/b", 49).await.expect("read"), []);
    assert_eq!(store.due_payout_reserves("mall", "party/merchant/b", 50).await.expect("read"), [reserve]);
    assert_eq!(store.payout_parties("mall", "party/merchant/a", 50, 9).await.expect("read"), ["party/merchant/b"]);
    done(store, |cs| _ = cs.release_payout_reserve(41, 42)).await;
    let gone = conflict(Guard::Other("payout_reserve"));
    assert_eq!(commit(store, |cs| _ = cs.release_payout_reserve(41, 43)).await, gone, "released once");
    assert_eq!(store.kept_payout_reserves().await.expect("read"), []);

    let failed = PayoutRow { state: "failed".into(), parked: true, version: 2, updated_at: 9, ..payout };
    done(store, |cs| _ = cs.update_payout(&failed, 1)).await;
    assert_eq!(commit(store, |cs| _ = cs.update_payout(&failed, 1)).await, conflict(Guard::Other("payout")));
    assert_eq!(store.parked_payouts("mall", "party/merchant/b").await.expect("read"), [failed]);
    assert_eq!(store.payout_parties("mall", "party/merchant/a", 0, 9).await.expect("read"), ["party/merchant/b"]);
    done(store, |cs| _ = cs.carry_payout(41, 42)).await;
    assert_eq!(commit(store, |cs| _ = cs.carry_payout(41, 43)).await, conflict(Guard::Other("payout")), "carried once");
    let carried = store.find_payout(41).await.expect("read").expect("there");
    assert_eq!((carried.parked, carried.carried_by, carried.version), (false, Some(42), 3));
}

async fn terms(store: &Store) {
    let row = |party: &str, body: &str| PayoutTermsRow {
        channel: "mall".into(),
        party: party.into(),
        body: body.into(),
        since: 4,
    };
    done(store, |cs| _ = cs.put_payout_terms(&row("party/merchant/a", "1")).put_payout_terms(&row("", "2"))).await;
    done(store, |cs| _ = cs.put_payout_terms(&row("", "3"))).await;
    assert_eq!(store.payout_terms().await.expect("read"), [row("", "3"), row("party/merchant/a", "1")]);
    done(store, |cs| _ = cs.put_payout_slot("mall", "daily", 1)).await;
    done(store, |cs| _ = cs.put_payout_slot("mall", "daily", 2)).await;
    assert_eq!(store.payout_slots().await.expect("read"), [("mall".into(), "daily".into(), 2)]);
    let account = |id, party: &str| BankAccountRow {
        id,
        party: party.into(),
        holder: "Ä".into(),
        iban: (id == 2).then(|| "NO9386011117947".into()),
        account_number: (id != 2).then(|| "1".into()),
        bank_code: None,
        bic: None,
        created_by: "admin".into(),
        created_at: 5,
    };
    let accounts = [account(1, "a"), account(2, "a"), account(3, "b")];
    done(store, |cs| accounts.iter().for_each(|account| _ = cs.insert_bank_account(account))).await;
    assert_eq!(store.find_bank_account(1).await.expect("read"), Some(accounts[0].clone()), "it stays for its payouts");
    assert_eq!(store.bank_account_of("a").await.expect("read"), Some(accounts[1].clone()));
    assert_eq!(store.bank_account_of("c").await.expect("read"), None);
    assert_eq!(store.list_bank_accounts("", 9).await.expect("read"), accounts[1..]);
    assert_eq!(store.list_bank_accounts("a", 9).await.expect("read"), accounts[2..]);
    assert!(!format!("{:?}", accounts[1]).contains("NO93"), "it prints nothing of itself");
}
