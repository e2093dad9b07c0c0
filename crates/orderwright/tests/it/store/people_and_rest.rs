//! The small tables: catalogue, people, tokens, keys, settings, outside ids, the sandbox's books.

use super::shop::*;
use orderwright::store::*;

/// Writes and reads every one of them.
pub async fn walk(store: &Store) {
    catalogue(store).await;
    people(store).await;
    keys(store).await;
    sandbox(store).await;
    providers(store).await;
    reconciliations(store).await;
}

async fn catalogue(store: &Store) {
    let channel = |body: &str| ChannelRow { name: "blinds".into(), body: body.into() };
    done(store, |cs| _ = cs.put_channel(&channel("1"))).await;
    done(store, |cs| _ = cs.put_channel(&channel("2"))).await;
    assert_eq!(store.channels().await.expect("read"), [channel("2")]);

    let merchant = |id, name: &str| MerchantRow { id, name: name.into(), body: "{}".into() };
    done(store, |cs| _ = cs.put_merchant(&merchant(9, "old")).put_merchant(&merchant(10, "ten"))).await;
    done(store, |cs| _ = cs.put_merchant(&merchant(9, "nine"))).await;
    assert_eq!(store.find_merchant(9).await.expect("read"), Some(merchant(9, "nine")));
    assert_eq!(store.find_merchant(11).await.expect("read"), None);
    assert_eq!(store.list_merchants(0, 10, None).await.expect("read"), [merchant(9, "nine"), merchant(10, "ten")]);
    assert_eq!(store.list_merchants(9, 10, None).await.expect("read"), [merchant(10, "ten")]);

    let offer = |sku: &str, rank, merchant_id| OfferRow {
        sku: sku.into(),
        channel: "studio".into(),
        merchant_id,
        rank,
        body: "{}".into(),
    };
    let offers = [offer("z", 1, 21), offer("x", 2, 22), offer("y", 2, 21)];
    done(store, |cs| offers.iter().for_each(|offer| _ = cs.put_offer(offer))).await;
    let skus = |rows: Vec<OfferRow>| -> Vec<String> { rows.into_iter().map(|o| o.sku).collect() };
    assert_eq!(skus(store.list_offers_of_channel("studio", (i64::MIN, ""), 10).await.expect("read")), ["z", "x", "y"]);
    assert_eq!(skus(store.list_offers_of_channel("studio", (2, "x"), 10).await.expect("read")), ["y"]);
    assert_eq!(skus(store.list_offers_of_merchant(21, "", 10).await.expect("read")), ["y", "z"]);
    assert_eq!(skus(store.list_offers("", 10, None, None).await.expect("read")), ["S", "a", "x", "y", "z"]);
    assert_eq!(skus(store.list_offers("x", 1, None, None).await.expect("read")), ["y"]);
    assert_eq!(skus(store.list_offers("", 10, Some(21), Some("studio")).await.expect("read")), ["y", "z"]);
    assert_eq!(skus(store.list_offers("", 10, Some(21), Some("blinds")).await.expect("read")), Vec::<String>::new());
    let sells_in = async |channel| store.list_merchants(0, 10, Some(channel)).await.expect("read");
    assert_eq!((sells_in("blinds").await, sells_in("studio").await), (vec![merchant(9, "nine")], vec![]));
    assert_eq!(store.find_offers(&["y", "gone", "x"]).await.expect("read"), [offers[1].clone(), offers[2].clone()]);
    assert_eq!(store.find_offers(&[]).await.expect("read"), []);

    let version =
        |body: &str| WorkflowRow { version: "h1".into(), name: "mall".into(), body: body.into(), created_at: 1 };
    done(store, |cs| _ = cs.insert_workflow(&version("first"))).await;
    done(store, |cs| _ = cs.insert_workflow(&version("second"))).await;
    assert_eq!(store.find_workflow("h1").await.expect("read"), Some(version("first")), "a version never changes");
    assert_eq!(store.workflows().await.expect("read"), [version("first")]);

    let publication = |seq: i64, body: &str| PublicationRow {
        seq,
        version: "h1".into(),
        name: "mall".into(),
        digest: format!("d{seq}"),
        body: body.into(),
        published_by: "command-line".into(),
        note: (seq == 2).then(|| "wörtlich".into()),
        at: 5,
    };
    assert_eq!(store.publication_head().await.expect("read"), 0);
    let history = [publication(1, "first"), publication(2, "second")];
    done(store, |cs| history.iter().for_each(|row| _ = cs.insert_publication(row))).await;
    let again = commit(store, |cs| _ = cs.insert_publication(&publication(2, "third"))).await;
    assert_eq!(again, duplicate(Guard::Publication), "two who publish at once cannot both be right");
    assert_eq!(store.publication_head().await.expect("read"), 2);
    assert_eq!(store.publications_after(0).await.expect("read"), history);
    assert_eq!(store.publications_after(1).await.expect("read"), history[1..]);
    migrations(store).await;

    done(store, |cs| _ = cs.put_setting("b", "1").put_setting("a", "2")).await;
    done(store, |cs| _ = cs.put_setting("b", "3")).await;
    assert_eq!(store.setting("b").await.expect("read").as_deref(), Some("3"));
    assert_eq!(store.setting("c").await.expect("read"), None);
    assert_eq!(store.settings().await.expect("read"), [("a".into(), "2".into()), ("b".into(), "3".into())]);
}

async fn migrations(store: &Store) {
    let migration = |id, state: &str, cursor_id| MigrationRow {
        id,
        name: "mall".into(),
        state: state.into(),
        cursor_version: if cursor_id == 0 { String::new() } else { "h1/h2".into() },
        cursor_id,
        body: "{}".into(),
        created_by: "command-line".into(),
        created_at: 5,
        updated_at: 5 + cursor_id,
    };
    done(store, |cs| _ = cs.insert_migration(&migration(1, "done", 0)).insert_migration(&migration(2, "running", 0)))
        .await;
    done(store, |cs| _ = cs.advance_migration(&migration(2, "done", 7), "running")).await;
    let late = commit(store, |cs| _ = cs.advance_migration(&migration(2, "undoing", 8), "running")).await;
    assert_eq!(late, conflict(Guard::Other("workflow_migration")), "it has ended");
    assert_eq!(store.find_migration(2).await.expect("read"), Some(migration(2, "done", 7)));
    assert_eq!(store.find_migration(3).await.expect("read"), None);
    let listed = async |before, limit| -> Vec<i64> {
        store.list_migrations(before, limit).await.expect("read").into_iter().map(|row| row.id).collect()
    };
    assert_eq!(
        (listed(i64::MAX, 10).await, listed(2, 10).await, listed(i64::MAX, 1).await),
        (vec![2, 1], vec![1], vec![2])
    );

    let order = |order_id, outcome: &str| MigrationOrderRow {
        migration_id: 2,
        order_id,
        outcome: outcome.into(),
        body: r#"{"after":"ü"}"#.into(),
    };
    done(store, |cs| _ = cs.insert_migration_order(&order(7, "moved")).insert_migration_order(&order(8, "moved")))
        .await;
    let twice = commit(store, |cs| _ = cs.insert_migration_order(&order(7, "moved"))).await;
    assert_eq!(twice, duplicate(Guard::MigrationOrder), "nothing is moved twice");
    done(store, |cs| _ = cs.undo_migration_order(2, 7)).await;
    let twice = commit(store, |cs| _ = cs.undo_migration_order(2, 7)).await;
    assert_eq!(twice, conflict(Guard::MigrationOrder), "nor put back twice");
    assert_eq!(store.migration_orders(2, 0, 10).await.expect("read"), [order(7, "undone"), order(8, "moved")]);
    assert_eq!(store.migration_orders(2, 7, 10).await.expect("read"), [order(8, "moved")]);
    assert_eq!(store.migration_orders(1, 0, 10).await.expect("read"), []);
}

async fn people(store: &Store) {
    let customer =
        |id, channel: &str| CustomerRow { id, channel: channel.into(), email_digest: vec![0, 1, 255], created_at: 4 };
    done(store, |cs| _ = cs.insert_customer(&customer(1, "blinds")).insert_customer(&customer(2, "retail"))).await;
    let second = commit(store, |cs| _ = cs.insert_customer(&customer(3, "blinds"))).await;
    assert_eq!(second, duplicate(Guard::CustomerEmail));
    assert_eq!(store.find_customer(2).await.expect("read"), Some(customer(2, "retail")));
    let found = store.find_customer_by_email("retail", &[0, 1, 255]).await.expect("read");
    assert_eq!(found, Some(customer(2, "retail")));
    assert_eq!(store.find_customer_by_email("retail", &[0, 1]).await.expect("read"), None);

    let contact = |id, name: &str, email: Option<&str>| ContactRow {
        id,
        subject: 1,
        name: name.into(),
        email: email.map(Into::into),
        phone: None,
        address: Some("{}".into()),
    };
    done(store, |cs| {
        cs.insert_contact(&contact(1, "Ärzte", Some("A@b.C"))).insert_contact(&contact(2, "O'Neil", None));
    })
    .await;
    done(store, |cs| _ = cs.insert_contact(&contact(1, "other", None))).await;
    let of_customer = async |id, limit| -> Vec<i64> {
        store.contacts_of_customer(id, limit).await.expect("read").into_iter().map(|c| c.id).collect()
    };
    assert_eq!(
        (of_customer(1, 10).await, of_customer(1, 1).await, of_customer(2, 10).await),
        (vec![1, 2], vec![1], vec![])
    );
    let found = store.find_contacts(&[2, 1, 3]).await.expect("read");
    assert_eq!(found.len(), 2);
    assert_eq!(found[&1], contact(1, "Ärzte", Some("A@b.C")), "a contact that is there stays");
    assert_eq!(found[&2], contact(2, "O'Neil", None));
    let many: Vec<i64> = (0..1_200).collect();
    assert_eq!(store.find_contacts(&many).await.expect("read").len(), 2);
}

async fn keys(store: &Store) {
    let token = TokenRow {
        id: 5,
        digest: vec![9; 32],
        role: "merchant".into(),
        subject: Some(9),
        channel: None,
        label: "till".into(),
        created_at: 1,
        expires_at: None,
        revoked_at: None,
        party: Some("party/brand/élan".into()),
    };
    done(store, |cs| _ = cs.insert_token(&token)).await;
    assert_eq!(store.find_token(5).await.expect("read"), Some(token.clone()));
    done(store, |cs| _ = cs.revoke_token(5, 8)).await;
    assert_eq!(commit(store, |cs| _ = cs.revoke_token(5, 9)).await, conflict(Guard::Other("token")));
    assert_eq!(store.list_tokens(4, 10).await.expect("read"), [TokenRow { revoked_at: Some(8), ..token }]);
    assert_eq!(store.list_tokens(5, 10).await.expect("read"), []);

    let key = |n: u8, created_at| IdempotencyRow {
        digest: vec![n; 32],
        request: vec![1],
        order_id: Some(7),
        status: None,
        response: None,
        created_at,
    };
    done(store, |cs| _ = cs.insert_idempotency(&key(1, 10)).insert_idempotency(&key(2, 20))).await;
    assert_eq!(commit(store, |cs| _ = cs.insert_idempotency(&key(1, 30))).await, duplicate(Guard::IdempotencyKey));
    assert!(store.complete_idempotency(&[1; 32], 201, "{}").await.expect("written"));
    assert!(!store.complete_idempotency(&[3; 32], 201, "{}").await.expect("written"));
    let found = store.find_idempotency(&[1; 32]).await.expect("read").expect("there");
    assert_eq!((found.status, found.response.as_deref()), (Some(201), Some("{}")));
    store.delete_idempotency(&[1; 32]).await.expect("written");
    assert_eq!(store.find_idempotency(&[1; 32]).await.expect("read"), None);
    assert_eq!(store.expire_idempotency(20, 10).await.expect("written"), 0);
    assert_eq!(store.expire_idempotency(21, 10).await.expect("written"), 1);

    done(store, |cs| _ = cs.insert_external_ref("csv", "a-1", 7).insert_external_ref("csv", "B-2", 8)).await;
    assert_eq!(commit(store, |cs| _ = cs.insert_external_ref("csv", "a-1", 9)).await, duplicate(Guard::ExternalRef));
    assert_eq!(store.external_ref("csv", "a-1").await.expect("read"), Some(7));
    assert_eq!(store.external_ref("xml", "a-1").await.expect("read"), None);
    let listed = store.list_external_refs("csv", "", 10).await.expect("read");
    assert_eq!(listed.iter().map(|r| r.id).collect::<Vec<_>>(), [8, 7]);
}

async fn sandbox(store: &Store) {
    done(store, |cs| _ = cs.insert_sandbox_payment("pay", "1").insert_sandbox_operation("key", "pay", "ok")).await;
    done(store, |cs| _ = cs.insert_sandbox_operation("key", "pay", "other")).await;
    let kept = store.sandbox_operation("key").await.expect("read");
    assert_eq!(kept, Some(("pay".to_owned(), "ok".to_owned())), "the first stays");
    done(store, |cs| _ = cs.replace_sandbox_payment("pay", "2", "1")).await;
    let stale = commit(store, |cs| _ = cs.replace_sandbox_payment("pay", "3", "1")).await;
    assert_eq!(stale, conflict(Guard::Other("sandbox_payment")));
    assert_eq!(store.sandbox_payment("pay").await.expect("read").as_deref(), Some("2"));
    assert_eq!(store.sandbox_operation("key").await.expect("read"), Some(("pay".into(), "ok".into())));
    assert_eq!(store.sandbox_operation("no").await.expect("read"), None);
}

async fn reconciliations(store: &Store) {
    let run = |id, state: &str, cursor: &str| ReconciliationRow {
        id,
        state: state.into(),
        cursor: cursor.into(),
        body: r#"{"counts":"ü"}"#.into(),
        created_by: "tok_1".into(),
        created_at: 5,
        updated_at: 6,
    };
    done(store, |cs| {
        _ = cs.insert_reconciliation(&run(1, "running", "a")).insert_reconciliation(&run(2, "running", "a"))
    })
    .await;
    done(store, |cs| _ = cs.advance_reconciliation(&run(2, "running", "b"), "a")).await;
    let twice = commit(store, |cs| _ = cs.advance_reconciliation(&run(2, "running", "c"), "a")).await;
    assert_eq!(twice, conflict(Guard::Other("reconciliation_run")), "no step is taken twice");
    done(store, |cs| _ = cs.advance_reconciliation(&run(2, "done", "c"), "b")).await;
    let late = commit(store, |cs| _ = cs.advance_reconciliation(&run(2, "done", "d"), "c")).await;
    assert_eq!(late, conflict(Guard::Other("reconciliation_run")), "it has ended");
    assert_eq!(store.find_reconciliation(2).await.expect("read"), Some(run(2, "done", "c")));
    assert_eq!(store.find_reconciliation(3).await.expect("read"), None);
    let listed = store.list_reconciliations(i64::MAX, 10).await.expect("read");
    assert_eq!(listed.iter().map(|row| row.id).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(store.list_reconciliations(2, 10).await.expect("read").len(), 1);
    let found = |seq, order_id| DifferenceRow { run_id: 2, seq, order_id, body: "{}".into() };
    done(store, |cs| _ = cs.insert_difference(&found(1, Some(7))).insert_difference(&found(2, None))).await;
    assert_eq!(store.reconciliation_differences(2, 0, 10).await.expect("read"), [found(1, Some(7)), found(2, None)]);
    assert_eq!(store.reconciliation_differences(2, 1, 10).await.expect("read"), [found(2, None)]);
    assert_eq!(store.reconciliation_differences(1, 0, 10).await.expect("read"), []);
    done(store, |cs| {
        _ = cs.insert_sandbox_operation("job_a", "pay_1", "{}").insert_sandbox_operation("job_b", "pay_1", "ü")
    })
    .await;
    let all = store.sandbox_operations_after("job_a", 1).await.expect("read");
    assert_eq!(all, [("job_b".into(), "pay_1".into(), "ü".into())]);
}

async fn providers(store: &Store) {
    let event = |id: i64, event_id: &str, state: &str| ProviderEventRow {
        id,
        provider: "stripe".into(),
        event_id: event_id.into(),
        kind: "payment_intent.succeeded".into(),
        object: "{}".into(),
        digest: vec![0, 255],
        body: "{}".into(),
        state: state.into(),
        note: None,
        order_id: None,
        created_at: 1,
        received_at: 2,
    };
    let (first, second) = (event(1, "evt_1", "received"), event(2, "evt_2", "parked"));
    done(store, |cs| _ = cs.insert_provider_event(&first).insert_provider_event(&second)).await;
    let again = commit(store, |cs| _ = cs.insert_provider_event(&event(3, "evt_1", "received"))).await;
    assert_eq!(again, Err(CommitError::Duplicate { what: Guard::Other("provider_event") }), "each event once");
    assert!(store.knows_provider_event("stripe", "evt_1").await.expect("read"));
    assert!(!store.knows_provider_event("razorpay", "evt_1").await.expect("read"), "ids are the provider's own");
    let listed = async |state, provider, after, limit| -> Vec<i64> {
        let rows = store.list_provider_events(state, provider, after, limit).await.expect("read");
        rows.into_iter().map(|row| row.id).collect()
    };
    assert_eq!(listed(None, None, 0, 10).await, [1, 2]);
    assert_eq!(listed(Some("parked"), Some("stripe"), 0, 10).await, [2]);
    assert_eq!(listed(None, Some("razorpay"), 0, 10).await, Vec::<i64>::new());
    assert_eq!(listed(None, None, 1, 1).await, [2]);
    done(store, |cs| _ = cs.settle_provider_event(1, "done", Some("as it should"), Some(7))).await;
    let settled =
        ProviderEventRow { state: "done".into(), note: Some("as it should".into()), order_id: Some(7), ..first };
    assert_eq!(store.find_provider_event(1).await.expect("read"), Some(settled));

    let account = |party: &str, account: &str, state: &str| ProviderAccountRow {
        party: party.into(),
        provider: "stripe".into(),
        account: account.into(),
        state: state.into(),
        updated_at: 3,
    };
    let (brand, merchant) = (account("party/brand/a", "acct_1", "{}"), account("party/merchant/b", "acct_2", "{}"));
    done(store, |cs| _ = cs.put_provider_account(&brand).put_provider_account(&merchant)).await;
    let moved = account("party/brand/a", "acct_3", "[]");
    done(store, |cs| _ = cs.put_provider_account(&moved)).await;
    assert_eq!(store.find_provider_account("party/brand/a", "stripe").await.expect("read"), Some(moved.clone()));
    assert_eq!(store.provider_account_of("stripe", "acct_2").await.expect("read"), Some(merchant.clone()));
    assert_eq!(store.provider_account_of("stripe", "acct_1").await.expect("read"), None);
    assert_eq!(store.list_provider_accounts(("", ""), 10).await.expect("read"), [moved, merchant.clone()]);
    assert_eq!(store.list_provider_accounts(("party/brand/a", "stripe"), 10).await.expect("read"), [merchant]);

    store.put_setting_once("once", "1").await.expect("set");
    store.put_setting_once("once", "2").await.expect("nothing changes");
    assert_eq!(store.setting("once").await.expect("read").as_deref(), Some("1"));
}
