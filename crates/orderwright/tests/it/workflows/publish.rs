//! Publishing: proved, once, for new orders only, on every node; and who may.

use serde_json::{Value, json};

use super::{MERCHANT, RETAIL, SPLIT, edited, picking, version_of, written};
use crate::shop::{Json, PATIENCE, Shop, eventually};

scenarios! {
    own:
        a_version_is_for_new_orders_and_the_others_keep_theirs,
        the_command_line_publishes_beside_a_running_server,
        what_the_checker_finds_is_not_published,
        words_change_without_a_version,
        both_sides_of_a_pair_keep_their_versions;
    shared:
        only_administrators_publish;
}

fn version(order: &Value) -> String {
    order["workflow"]["version"].as_str().expect("a version").to_owned()
}

fn a_version_is_for_new_orders_and_the_others_keep_theirs(shop: &mut Shop) {
    let old = shop.ready("retail");
    let before = version(&shop.view(&old));
    let body = json!({ "text": picking(), "note": "we say picking" });
    let published = shop.admin().post("/admin/workflows", &body).expect(201);
    let first = &published["data"][0];
    assert_eq!((first.s("outcome"), first.s("replaces")), ("published", before.as_str()));
    let after = first.s("version").to_owned();
    assert_eq!(after, version_of(shop, &picking()));
    assert_ne!(after, before);
    let again = shop.admin().post("/admin/workflows", &body).expect(201);
    assert_eq!(again["data"][0].s("outcome"), "unchanged");

    let new = shop.ready("retail");
    assert_eq!(version(&shop.view(&new)), after);
    assert_eq!(version(&shop.view(&old)), before, "an order keeps its version");
    for id in [&old, &new] {
        shop.admin().set_status(id, "processing").expect(200);
    }
    shop.restart();
    assert_eq!(version(&shop.view(&shop.ready("retail"))), after, "it is still current after a restart");
    assert_eq!(version(&shop.view(&old)), before);
    shop.admin().set_status(&old, "shipped").expect(200);

    let history = shop.ops().get("/admin/workflows/retail/versions").expect(200);
    let rows = history.list("data");
    assert_eq!((rows.len(), rows[0].s("version"), rows[0].s("note")), (2, after.as_str(), "we say picking"));
    assert_eq!((rows[1].s("publishedBy"), &rows[1]["current"]), ("orderwright", &json!(false)));
    let text = shop.ops().get(&format!("/admin/workflows/retail/versions/{before}")).expect(200);
    assert_eq!((text.s("text"), &text["current"]), (RETAIL, &json!(false)));
    // Undoing is publishing the earlier text.
    let undone = shop.admin().post("/admin/workflows", &json!({ "text": text["text"] })).expect(201);
    assert_eq!((undone["data"][0].s("outcome"), undone["data"][0].s("version")), ("published_again", before.as_str()));
    assert_eq!(version(&shop.view(&shop.ready("retail"))), before);
    shop.anyone().get("/admin/workflows/retail/versions").problem(401);
    shop.admin().get("/admin/workflows/nothing/versions").problem(404);
    shop.admin().get("/admin/workflows/retail/versions/0000000000000000").problem(404);
}

fn the_command_line_publishes_beside_a_running_server(shop: &mut Shop) {
    let path = written(shop, "retail.toml", &picking());
    let wanted = version_of(shop, &picking());
    let file = path.to_str().expect("UTF-8");
    let told = shop.command(&["workflow", "diff", "retail", file]);
    assert!(
        told.contains("`processing` looks renamed to `picking`") && told.contains("until they are migrated"),
        "{told}"
    );
    let map = shop.command(&["workflow", "diff", "retail", file, "--map"]);
    assert_eq!(map, "[item]\nprocessing = \"picking\"\n");
    let told = shop.command(&["workflow", "publish", file]);
    assert!(told.contains(&wanted) && told.contains("published"), "{told}");
    eventually("the server takes the new version", PATIENCE, || {
        let found = version(&shop.view(&shop.ready("retail")));
        if found == wanted { Ok(()) } else { Err(found) }
    });
    let diff = shop.command(&["workflow", "diff", &format!("retail@{}", version_of(shop, RETAIL)), "retail", "--json"]);
    let diff: Value = serde_json::from_str(&diff).expect("JSON");
    assert_eq!((&diff["needsMigration"], diff["renamed"][0].s("to")), (&json!(true), "picking"));
}

fn what_the_checker_finds_is_not_published(shop: &mut Shop) {
    let wrong = edited(RETAIL, &[("status = \"shipped\"", "status = \"sipped\"")]);
    let line = 1 + wrong.lines().position(|l| l == "status = \"sipped\"").expect("replaced");
    let problem = shop.admin().post("/admin/workflows", &json!({ "text": wrong })).problem(422);
    assert_eq!(problem.s("code"), "workflow_refused");
    assert_eq!((problem["findings"][0].n("line"), problem["findings"][0].s("file")), (line as i64, "text"));
    let path = written(shop, "wrong.toml", &wrong);
    let (good, printed, _) = shop.try_command(&["workflow", "publish", path.to_str().expect("UTF-8")]);
    assert!(!good && printed.contains(&format!("wrong.toml:{line}:")), "{printed}");
    // One side of a pair alone would break the other.
    let merchant = edited(MERCHANT, &[("on.withdraw", "on.take_back")]);
    let problem = shop.admin().post("/admin/workflows", &json!({ "text": merchant })).problem(422);
    assert!(problem["findings"][0].s("file").starts_with("marketplace-split"), "{problem:#}");
    let split = edited(SPLIT, &[("merchant.withdraw", "merchant.take_back")]);
    let both = shop.admin().post("/admin/workflows", &json!({ "texts": [split, merchant] })).expect(201);
    let names: Vec<&str> = both.list("data").iter().map(|p| p.s("name")).collect();
    assert_eq!(names, ["marketplace-split", "merchant"]);
    let order = shop.ready("mall");
    shop.admin().fire(&order, "cancel", &json!({})).expect(200);
    for (body, pointer) in [
        (json!({}), "/text"),
        (json!({ "text": "a", "texts": ["b"] }), "/texts"),
        (json!({ "texts": [] }), "/texts"),
        (json!({ "text": "a", "comment": 1 }), "/comment"),
    ] {
        shop.admin().post("/admin/workflows", &body).wrong(&[pointer]);
    }
    let history = shop.admin().get("/admin/workflows/retail/versions").expect(200);
    assert_eq!(history.list("data").len(), 1, "what is refused leaves no trace");
}

fn words_change_without_a_version(shop: &mut Shop) {
    let order = shop.ready("retail");
    shop.admin().set_status(&order, "processing").expect(200);
    let before = version(&shop.view(&order));
    let words = edited(RETAIL, &[("customer = \"Being prepared\"", "customer = \"We pack it\"")]);
    let published = shop.admin().post("/admin/workflows", &json!({ "text": words })).expect(201);
    assert_eq!(
        (published["data"][0].s("outcome"), published["data"][0].s("version")),
        ("words_changed", before.as_str())
    );
    let seen = |shop: &Shop| shop.customer(0).view(&order).s("displayStatus").to_owned();
    assert_eq!(seen(shop), "We pack it", "orders in flight show them at once");
    shop.restart();
    assert_eq!(seen(shop), "We pack it", "and after a restart");
}

fn both_sides_of_a_pair_keep_their_versions(shop: &mut Shop) {
    let old = shop.ready("mall");
    // The new side asks the merchant for the carrier, too.
    let merchant = edited(MERCHANT, &[("requires = [\"expectedBy\"]", "requires = [\"expectedBy\", \"carrier\"]")]);
    shop.admin().post("/admin/workflows", &json!({ "text": merchant })).expect(201);
    let new = shop.ready("mall");
    shop.restart();
    shop.merchant_of("mall", 0).fire(&old, "ship", &json!({})).wrong(&["/expectedBy"]);
    shop.merchant_of("mall", 0).fire(&old, "ship", &json!({ "expectedBy": "2031-02-03" })).expect(200);
    let day = json!({ "expectedBy": "2031-02-03" });
    shop.merchant_of("mall", 0).fire(&new, "ship", &day).wrong(&["/carrier"]);
    let both = json!({ "expectedBy": "2031-02-03", "carrier": "Post" });
    shop.merchant_of("mall", 0).fire(&new, "ship", &both).expect(200);
}

fn only_administrators_publish(shop: &Shop) {
    let body = json!({ "text": RETAIL });
    shop.ops().post("/admin/workflows", &body).problem(403);
    shop.retailer("retail").post("/admin/workflows", &body).problem(403);
    shop.retailer("retail").get("/admin/workflows/retail/versions").problem(403);
    shop.anyone().post("/admin/workflows", &body).problem(401);
    let migration = json!({ "name": "retail", "from": "current", "to": "current" });
    shop.ops().post("/admin/workflow-migrations", &migration).problem(403);
    assert_eq!(shop.admin().post("/admin/workflows", &body).expect(201)["data"][0].s("outcome"), "unchanged");
}
