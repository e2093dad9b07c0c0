//! Orders in flight move to another version: rehearsed, refused as a whole, killed half-way and gone on with, and put back.
//!
//! `ORDERWRIGHT_MIGRATION_ORDERS=10000` makes the long one as long as the promise in `docs/workflow-versions.md`.

use std::process::Child;

use serde_json::{Value, json};

use super::books::Books;
use super::{MERCHANT, RETAIL, edited, picking, version_of, written};
use crate::shop::{Json, PATIENCE, Shop, at_once, eventually};

scenarios! {
    own:
        many_orders_move_though_the_work_is_killed,
        what_would_be_lost_is_refused_before_anything_changes,
        a_migration_is_undone_as_far_as_orders_have_not_moved,
        merchants_sides_move_by_themselves,
        the_api_rehearses_moves_and_undoes;
}

const MAP: &str = "[item]\nprocessing = \"picking\"\n";

/// Orders that the long scenario places.
fn many() -> usize {
    std::env::var("ORDERWRIGHT_MIGRATION_ORDERS").ok().and_then(|n| n.parse().ok()).unwrap_or(400)
}

/// Orders in every state on the way: paid, being prepared, shipped, unpaid with a running timer, waiting for a bank transfer.
fn placed(shop: &Shop, count: usize) -> Vec<String> {
    at_once(8, count, |n| {
        let method = ["pm_card_visa", "pm_card_visa", "pm_card_visa", "pm_card_chargeDeclined", "pm_offline"][n % 5];
        let basket = shop.guest_basket("retail", &[(n % 2, 1 + (n % 3) as i64)], method);
        let order = shop.storefront("retail").post("/storefront/orders", &basket).expect(201);
        let id = order.id().to_owned();
        if n % 5 < 3 {
            shop.wait_payment(&id, "captured");
        }
        if matches!(n % 5, 1 | 2) {
            shop.admin().set_status(&id, "processing").expect(200);
        }
        if n % 5 == 2 && n % 2 == 0 {
            shop.admin().set_status(&id, "shipped").expect(200);
        }
        id
    })
}

fn published(shop: &Shop, text: &str) -> String {
    let answer = shop.admin().post("/admin/workflows", &json!({ "text": text })).expect(201);
    answer["data"][0].s("version").to_owned()
}

fn version(shop: &Shop, id: &str) -> String {
    shop.view(id)["workflow"].s("version").to_owned()
}

fn many_orders_move_though_the_work_is_killed(shop: &mut Shop) {
    let old = version_of(shop, RETAIL);
    let ids = placed(shop, many());
    let new = published(shop, &picking());
    let map = written(shop, "map.toml", MAP);
    let map = map.to_str().expect("UTF-8").to_owned();
    let words = ["workflow", "migrate", "retail", "--from", &old, "--to", &new, "--map", &map];
    let before = Books::of(shop);
    before.agree();

    let rehearsed = shop.command(&[&words[..], &["--dry-run", "--json"]].concat());
    let lines: Vec<Value> = rehearsed.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    let (summary, orders) = lines.split_last().expect("a summary");
    assert!(orders.len() >= ids.len());
    assert_eq!(summary["orders"].n("would_move") as usize, orders.len());
    assert_eq!(Books::of(shop), before, "a rehearsal writes nothing");

    // Killed as soon as some orders have moved.
    let sample = &ids[ids.len() / 2];
    let mut work: Child = shop.start_command(&words);
    eventually("an order in the middle moves", PATIENCE * 10, || {
        if version(shop, sample) == new { Ok(()) } else { Err(old.clone()) }
    });
    work.kill().expect("killed");
    work.wait().expect("ended");
    let half = Books::of(shop);
    half.same_as(&before);
    let moved = half.versions.values().filter(|v| **v == new).count();
    assert!(moved > 0 && moved < orders.len(), "{moved} of {}: killed half-way", orders.len());
    let running = &shop.ops().get("/admin/workflow-migrations").expect(200)["data"][0];
    assert_eq!(running.s("state"), "running");
    // Another map is not this migration.
    let other = written(shop, "other.toml", "[item]\nprocessing = \"confirmed\"\n");
    let (good, _, errors) = shop.try_command(&[&words[..7], &["--map", other.to_str().expect("UTF-8")]].concat());
    assert!(!good && errors.contains("mig_") && errors.contains("is running"), "{errors}");

    // The server may be killed as well: what was moved stays moved.
    shop.restart();
    let told = shop.command(&words);
    assert!(told.contains(&format!("{} moved", orders.len())), "{told}");
    let after = Books::of(shop);
    after.same_as(&before);
    after.agree();
    for id in &ids {
        assert_eq!(version(shop, id), new);
    }
    for line in orders {
        let id = line.s("orderId");
        let timeline = shop.admin().get(&format!("/admin/orders/{id}/timeline?limit=200")).expect(200);
        let told: Vec<_> = timeline.list("data").iter().filter(|e| e.s("type") == "workflow_migrated").collect();
        assert_eq!(told.len(), 1, "moved once: {timeline:#}");
        assert_eq!((told[0]["metadata"].s("from"), told[0]["metadata"].s("to")), (old.as_str(), new.as_str()));
        assert!(told[0]["metadata"].get("command").is_none(), "records are not for readers");
        if orders.len() > 1_000 {
            break;
        }
    }
    let again = shop.command(&words);
    assert!(again.contains("orders: 0 moved"), "nothing is left to move: {again}");
    go_on(shop, &ids);
}

/// The moved orders go on in the new version, to the timer that was kept.
fn go_on(shop: &mut Shop, ids: &[String]) {
    shop.admin().set_status(&ids[0], "processing").expect(200);
    shop.admin().set_status(&ids[1], "shipped").expect(200);
    assert_eq!(shop.view(&ids[3]).s("status"), "pending");
    shop.advance("90d");
    shop.wait_status(&ids[3], "cancelled");
    shop.wait_status(&ids[4], "cancelled");
    // The other timers fire meanwhile, and the books are not read at one instant.
    let books = eventually("the books agree", PATIENCE * 10, || {
        let books = Books::of(shop);
        books.reservations_agree().map(|()| books)
    });
    books.agree();
}

fn what_would_be_lost_is_refused_before_anything_changes(shop: &mut Shop) {
    let old = version_of(shop, RETAIL);
    let ids = placed(shop, 10);
    let new = published(shop, &picking());
    let before = Books::of(shop);
    let run = |map: &str, more: &[&str]| {
        let map = written(shop, "map.toml", map);
        let map = map.to_str().expect("UTF-8").to_owned();
        shop.try_command(
            &[&["workflow", "migrate", "retail", "--from", &old, "--to", &new, "--map", &map], more].concat(),
        )
    };
    for (map, wanted) in [
        ("", "say where it goes: under [item], processing ="),
        (
            "[item]\nprocessing = \"pikking\"",
            "map.toml: line 2: item.processing: `pikking` is not a state of the new version",
        ),
        ("[item]\nprocesing = \"picking\"\nprocessing = \"picking\"", "did you mean `processing`?"),
        ("[items]\n", "`items` is not a key of a map"),
    ] {
        let (good, printed, errors) = run(map, &[]);
        assert!(!good && errors.contains(wanted), "{map}: {printed}{errors}");
    }
    for (map, wanted) in [
        ("[item]\nprocessing = \"cancelled\"", "the reservation would be lost"),
        ("[item]\nprocessing = \"picking\"\n[payment]\ncaptured = \"closed\"", "the money would be stranded"),
        ("[item]\nprocessing = \"picking\"\n[payment]\nunpaid = \"closed\"", "has no counterpart in `closed`"),
    ] {
        let (good, printed, _) = run(map, &[]);
        assert!(!good && printed.contains(wanted) && printed.contains("nothing was changed"), "{map}: {printed}");
    }
    let (good, _, errors) = shop.try_command(&["workflow", "migrate", "retail", "--from", "beef0000", "--to", &new]);
    assert!(!good && errors.contains("must be one of the versions of retail") && errors.contains(&old), "{errors}");
    let (good, _, errors) = shop.try_command(&["workflow", "migrate", "retail", "--from", &old, "--to", &old]);
    assert!(!good && errors.contains("those need no migration"), "{errors}");
    assert_eq!(Books::of(shop), before, "nothing was changed");
    assert_eq!(shop.admin().get("/admin/workflow-migrations").expect(200).list("data").len(), 0);

    // Those that cannot be moved are left where they are, on request.
    let (good, printed, errors) = run("[item]\nprocessing = \"cancelled\"", &["--skip-refused"]);
    assert!(good && printed.contains("refused"), "{printed}{errors}");
    assert_eq!((version(shop, &ids[0]), version(shop, &ids[1])), (new, old));
    Books::of(shop).same_as(&before);
}

fn a_migration_is_undone_as_far_as_orders_have_not_moved(shop: &mut Shop) {
    let old = version_of(shop, RETAIL);
    let ids = placed(shop, 10);
    let new = published(shop, &picking());
    let before = Books::of(shop);
    let map = written(shop, "map.toml", MAP);
    let map = map.to_str().expect("UTF-8").to_owned();
    let told = shop.command(&["workflow", "migrate", "retail", "--from", &old, "--to", "current", "--map", &map]);
    let id = told.split_whitespace().find(|w| w.starts_with("mig_")).expect("an id").to_owned();
    shop.admin().set_status(&ids[0], "processing").expect(200);
    // A note moves nothing.
    shop.admin()
        .post(&format!("/admin/orders/{}/notes", ids[1]), &json!({ "note": "n", "isPublic": false }))
        .expect(201);
    let (good, told, _) = shop.try_command(&["workflow", "migrate", "--undo", &id]);
    assert!(!good, "one order stays: {told}");
    assert!(told.contains("moved since") && told.contains("now `picking`"), "{told}");
    assert_eq!((version(shop, &ids[0]), version(shop, &ids[1])), (new.clone(), old.clone()));
    let after = Books::of(shop);
    let stays = after.versions.values().filter(|v| **v == new).count();
    assert_eq!(stays, 1);
    assert_eq!((&after.stock, &after.ledger, &after.timers), (&before.stock, &before.ledger, &before.timers));
    shop.admin().set_status(&ids[1], "shipped").expect(200);
    let (good, _, errors) = shop.try_command(&["workflow", "migrate", "--undo", &id]);
    assert!(!good && errors.contains("undone already"), "{errors}");
    let (good, _, errors) = shop.try_command(&["workflow", "migrate", "--undo", "mig_0000000000000"]);
    assert!(!good && errors.contains("there is no migration"), "{errors}");
}

fn merchants_sides_move_by_themselves(shop: &mut Shop) {
    let order = shop.ready("mall");
    let old = version_of(shop, MERCHANT);
    let text = edited(
        MERCHANT,
        &[
            ("item.states.shipped]", "item.states.sent]"),
            ("target = \"shipped\"", "target = \"sent\""),
            ("requires = [\"expectedBy\"]", "requires = [\"expectedBy\", \"carrier\"]"),
        ],
    );
    let new = published(shop, &text);
    shop.merchant_of("mall", 0).fire(&order, "ship", &json!({})).wrong(&["/expectedBy"]);
    let map = written(shop, "map.toml", "[merchant]\nshipped = \"sent\"\n");
    let map = map.to_str().expect("UTF-8").to_owned();
    let before = Books::of(shop);
    let told = shop.command(&["workflow", "migrate", "merchant", "--from", &old, "--to", &new, "--map", &map]);
    assert!(told.contains("moved"), "{told}");
    let after = Books::of(shop);
    after.same_as(&before);
    assert!(after.versions.values().any(|v| v.ends_with(&format!("/{new}"))));
    let day = json!({ "expectedBy": "2031-02-03" });
    shop.merchant_of("mall", 0).fire(&order, "ship", &day).wrong(&["/carrier"]);
    let both = json!({ "expectedBy": "2031-02-03", "carrier": "Post" });
    shop.merchant_of("mall", 0).fire(&order, "ship", &both).expect(200);
    shop.wait_status(&order, "shipped_by_merchant");
}

fn the_api_rehearses_moves_and_undoes(shop: &mut Shop) {
    let old = version_of(shop, RETAIL);
    let ids = placed(shop, 5);
    let new = published(shop, &picking());
    let body = |more: Value| {
        let mut body = json!({ "name": "retail", "from": old, "to": "current", "map": MAP });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        body
    };
    let post = |body: &Value| shop.admin().post("/admin/workflow-migrations", body);
    let rehearsed = post(&body(json!({ "dryRun": true }))).expect(200);
    assert_eq!((rehearsed.s("state"), &rehearsed["id"], rehearsed.s("to")), ("rehearsed", &Value::Null, new.as_str()));
    let one = rehearsed.list("data").iter().find(|o| o.s("orderId") == ids[1]).expect("it is shown");
    let item = one["preview"].list("machines").iter().find(|m| m.s("machine") == "item").expect("an item");
    assert_eq!(item["state"], json!(["processing", "picking"]));
    assert_eq!(item["status"], json!(["processing", "processing"]));
    assert_eq!(item["events"]["retailer"], json!(["cancelled", "shipped"]));
    let refused = post(&body(json!({ "map": "[item]\nprocessing = \"cancelled\"" }))).expect(200);
    assert_eq!(refused.s("state"), "refused");
    assert_eq!(refused["data"][0].s("outcome"), "refused");
    assert!(refused["reasons"].n("reservation") > 0);
    assert_eq!(version(shop, &ids[0]), old);
    post(&body(json!({ "map": "[item]\n" }))).wrong(&["/map"]);
    post(&body(json!({ "from": "nothing" }))).wrong(&["/from"]);
    post(&body(json!({ "partnerTo": "current" }))).wrong(&["/partnerTo"]);

    let done = post(&body(json!({}))).expect(201);
    assert_eq!(done.s("state"), "done");
    assert_eq!(version(shop, &ids[0]), new);
    let path = format!("/admin/workflow-migrations/{}", done.id());
    assert_eq!(shop.ops().get(&path).expect(200)["orders"], done["orders"]);
    let undone = shop.admin().post(&format!("{path}/undo"), &json!({})).expect(200);
    assert_eq!((undone.s("state"), undone["orders"].n("put_back")), ("undone", done["orders"].n("moved")));
    assert_eq!(version(shop, &ids[0]), old);
    shop.admin().post(&format!("{path}/undo"), &json!({})).problem(409);
    shop.admin().get("/admin/workflow-migrations/mig_0000000000000").problem(404);
}
