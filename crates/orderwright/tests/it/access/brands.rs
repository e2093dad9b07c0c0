//! Brands, and other parties without items of their own: their shares, statements and payouts, and nothing else of the shop.

use serde_json::{Value, json};

use crate::shop::lists::walk;
use crate::shop::{Actor, Json, Shop};

scenarios! {
    shared:
        a_brand_reads_its_share_of_every_order,
        shares_are_filtered_and_paged,
        a_brands_statement_comes_to_its_shares,
        a_merchants_statement_is_a_file_too,
        a_brand_without_a_share_sees_empty_pages,
        a_supplier_without_a_shop_reads_its_own,
        a_brands_key_opens_nothing_else,
        only_brands_use_the_brand_endpoints,
        a_brands_key_is_made_for_one_party_and_taken_back;
}

/// An order of these lines of the blinds that is captured.
fn captured(shop: &Shop, lines: &[(usize, i64)]) -> String {
    let id = shop.ready_with("blinds", lines);
    shop.merchants_fire(&id, "confirm", &json!({}));
    shop.wait_payment(&id, "captured");
    id
}

/// The brands' splits of an order: of the first, and of the second offer.
fn of_brands(order: &Value) -> Vec<&Value> {
    order.list("splits").iter().filter(|s| s["party"].s("type") == "brand").collect()
}

fn share_of(brand: &Actor, order: &str) -> Option<Value> {
    let all = walk(brand, "/brand/splits", "limit=200");
    let mut own = all.into_iter().filter(|s| s.s("orderId") == order);
    let share = own.next();
    assert!(own.next().is_none(), "an order is there once");
    share
}

fn make_key(shop: &Shop, more: &[&str]) -> (String, Actor) {
    let printed = shop.command(&[&["key", "create", "--role", "brand", "--json"], more].concat());
    let key: Value = serde_json::from_str(printed.lines().last().unwrap_or_default()).expect("JSON");
    assert_eq!(key.s("role"), "brand");
    (key.s("id").to_owned(), shop.holder(key.s("token"), "/brand"))
}

fn a_brand_reads_its_share_of_every_order(shop: &Shop) {
    // The first two offers are of different brands.
    let id = captured(shop, &[(0, 2), (1, 1)]);
    let order = shop.view(&id);
    let splits = of_brands(&order);
    assert_eq!(splits.len(), 2, "{order:#}");
    for split in &splits {
        let share = share_of(&shop.brand(split["party"].s("id")), &id).expect("its share");
        let at = share.s("createdAt").to_owned();
        assert!(at.as_str() >= order.s("createdAt"), "{share:#}");
        let whole = json!({
            "orderId": id, "orderNumber": order["orderNumber"], "channel": "blinds", "currency": "GBP",
            "amount": split["amount"], "refunded": 0, "feesBorne": split["feesBorne"], "createdAt": at,
        });
        assert_eq!(share, whole, "nothing of people, goods, or other parties");
        assert!(split.n("amount") > 0);
    }
    // What goes back of one line is taken from that line's brand alone.
    let line = order.list("items").iter().find(|i| i.s("sku") == shop.sku("blinds", 1)).expect("a line").id();
    let body = json!({ "items": [{ "itemId": line }], "reason": "torn", "initiatePaymentRefund": true });
    let back = shop.admin().refund(&id, &body).expect(201).n("amount");
    let order = shop.wait_refunded(&id, back);
    let refunded: Vec<i64> = of_brands(&order).iter().map(|s| s.n("refunded")).collect();
    for split in of_brands(&order) {
        let share = share_of(&shop.brand(split["party"].s("id")), &id).expect("its share");
        assert_eq!((&share["amount"], &share["refunded"]), (&split["amount"], &split["refunded"]), "{share:#}");
    }
    assert_eq!((refunded.iter().filter(|r| **r > 0).count(), refunded.len()), (1, 2), "{order:#}");
    // Of an order that has none of its goods it sees nothing.
    let id = captured(shop, &[(0, 1)]);
    let (own, other) = (splits[0]["party"].s("id"), splits[1]["party"].s("id"));
    let brands = of_brands(&shop.view(&id)).iter().map(|s| s["party"].s("id").to_owned()).collect::<Vec<_>>();
    assert_eq!(brands.len(), 1);
    let stranger = if brands[0] == own { other } else { own };
    assert!(share_of(&shop.brand(&brands[0]), &id).is_some());
    assert_eq!(share_of(&shop.brand(stranger), &id), None);
    // Nothing is shared before it is taken.
    let id = shop.ready_with("blinds", &[(0, 1)]);
    assert_eq!(share_of(&shop.brand(&brands[0]), &id), None);
}

fn shares_are_filtered_and_paged(shop: &Shop) {
    let first = captured(shop, &[(0, 1)]);
    let second = captured(shop, &[(0, 1)]);
    let brand = shop.brand(of_brands(&shop.view(&first))[0]["party"].s("id"));
    let (earlier, later) = (share_of(&brand, &first).expect("a share"), share_of(&brand, &second).expect("a share"));
    let since = |more: &str| {
        let rows = walk(&brand, "/brand/splits", &format!("from={}&limit=200{more}", earlier.s("createdAt")));
        rows.into_iter().filter(|s| [first.as_str(), &second].contains(&s.s("orderId"))).collect::<Vec<_>>()
    };
    assert_eq!(since(""), [later.clone(), earlier.clone()], "the newest first");
    assert_eq!(since("&channel=blinds"), [later.clone(), earlier.clone()]);
    assert_eq!(since(&format!("&to={}", later.s("createdAt"))), std::slice::from_ref(&earlier), "before, not at");
    for nothing in ["channel=mall", "channel=nowhere", "to=2020-01-01", "from=2200-01-01"] {
        assert_eq!(walk(&brand, "/brand/splits", nothing), Vec::<Value>::new(), "{nothing}");
    }
    // Others take shares meanwhile, so only what there was is compared.
    let upto = format!("to={}", later.s("createdAt"));
    let all = walk(&brand, "/brand/splits", &format!("{upto}&limit=200"));
    let some = &all[..all.len().min(7)];
    let mut paged = Vec::new();
    let mut after = String::new();
    while paged.len() < some.len() {
        let page = brand.get(&format!("/brand/splits?{upto}&limit=2{after}")).expect(200);
        paged.extend_from_slice(page.list("data"));
        after = match page["nextCursor"].as_str() {
            Some(cursor) => format!("&after={cursor}"),
            None => break,
        };
    }
    assert_eq!(&paged[..some.len()], some, "page by page");
    assert_eq!(brand.get(&format!("/brand/splits?{upto}&limit=1&page=2")).expect(200)["data"][0], all[1]);
    for (query, field) in [
        ("from=soon", "from"),
        ("to=soon", "to"),
        ("limit=201", "limit"),
        ("after=x", "after"),
        ("after=-1", "after"),
        ("page=0", "page"),
        ("status=paid", "status"),
        ("party=party/brand/other", "party"),
        ("merchantId=mer_0000000000000", "merchantId"),
    ] {
        brand.get(&format!("/brand/splits?{query}")).wrong(&[field]);
    }
    for (list, query, field) in [
        ("statements", "from=soon", "from"),
        ("statements", "party=party/brand/other", "party"),
        ("statements.csv", "to=soon", "to"),
        ("statements.csv", "limit=1", "limit"),
        ("payouts", "status=gone", "status"),
        ("payouts", "party=party/brand/other", "party"),
    ] {
        brand.get(&format!("/brand/{list}?{query}")).wrong(&[field]);
    }
}

/// The rows of the file, by the names of its columns.
fn file(actor: &Actor, path: &str) -> Vec<Value> {
    let reply = actor.get(path);
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(reply.header("content-type").is_some_and(|kind| kind.starts_with("text/csv")));
    assert!(reply.header("content-disposition").is_some_and(|d| d.starts_with("attachment")));
    let mut reader = csv::Reader::from_reader(reply.text.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let row = |record: csv::StringRecord| {
        let fields = header.iter().zip(record.iter()).map(|(name, text)| {
            let value = match name {
                "amount" => json!(text.parse::<i64>().expect("a number")),
                _ if text.is_empty() => Value::Null,
                _ => json!(text),
            };
            (name.to_owned(), value)
        });
        Value::Object(fields.collect())
    };
    reader.records().map(|r| row(r.expect("a row"))).collect()
}

/// A statement of a time that is over: its lines, which are those of the file too, and lie between its balances.
fn statement(actor: &Actor, home: &str, currency: &str) -> Vec<Value> {
    let all = walk(actor, &format!("{home}/statements"), "limit=200");
    let to = format!("to={}", all.last().expect("a line").s("createdAt"));
    let lines = walk(actor, &format!("{home}/statements"), &format!("{to}&limit=2"));
    assert_eq!(file(actor, &format!("{home}/statements.csv?{to}")), lines, "the file has the same lines");
    let page = actor.get(&format!("{home}/statements?{to}&limit=1")).expect(200);
    assert_eq!(page["opening"], json!({}));
    let sum: i64 = lines.iter().filter(|l| l.s("currency") == currency).map(|l| l.n("amount")).sum();
    assert_eq!(page["closing"].n(currency), sum, "{page:#}");
    all
}

fn a_brands_statement_comes_to_its_shares(shop: &Shop) {
    let id = captured(shop, &[(0, 3)]);
    shop.admin().refund(&id, &json!({ "amount": 500, "reason": "late", "initiatePaymentRefund": true })).expect(201);
    let order = shop.wait_refunded(&id, 500);
    captured(shop, &[(0, 1)]);
    let split = of_brands(&order)[0];
    let brand = shop.brand(split["party"].s("id"));
    let lines = statement(&brand, "/brand", "GBP");
    let own: Vec<_> = lines.iter().filter(|l| l["orderId"] == json!(id)).collect();
    let causes: Vec<_> = own.iter().map(|l| (l.s("cause"), l.n("amount"))).collect();
    assert_eq!(causes, [("split", split.n("amount")), ("refund", -split.n("refunded"))]);
    assert!(own.iter().all(|l| l.s("description").contains(order.s("orderNumber"))), "{own:#?}");
    // Every line is of this brand's own account.
    let account = format!("account=party/brand/{}&limit=200", split["party"].s("id"));
    let book = walk(&shop.admin(), "/admin/ledger", &account);
    assert!(lines.iter().all(|l| book.iter().any(|b| b["id"] == l["id"] && b.n("amount") == -l.n("amount"))));
}

fn a_merchants_statement_is_a_file_too(shop: &Shop) {
    let order = shop.view(&shop.ready("bazaar"));
    shop.ready("bazaar");
    statement(&shop.merchant(order["items"][0].s("merchantId")), "/merchant", "USD");
    shop.merchant_of("bazaar", 0).get("/merchant/statements.csv?from=soon").wrong(&["from"]);
}

/// All that there is to read for a party is empty, and no error.
fn reads_nothing(brand: &Actor) {
    for list in ["splits", "statements", "payouts"] {
        let page = brand.get(&format!("/brand/{list}")).expect(200);
        assert_eq!((&page["data"], &page["nextCursor"]), (&json!([]), &Value::Null), "{list}: {page:#}");
    }
    assert_eq!(file(brand, "/brand/statements.csv"), Vec::<Value>::new());
}

fn a_brand_without_a_share_sees_empty_pages(shop: &Shop) {
    let (_, brand) = make_key(shop, &["--brand", "nobody's / brand"]);
    reads_nothing(&brand);
    // A brand of the same name as a supplier or retailer is another party.
    let retailer = shop.view(&captured(shop, &[(0, 1)]));
    let retailer = retailer.list("splits").iter().find(|s| s["party"].s("type") == "retailer").expect("a retailer");
    reads_nothing(&make_key(shop, &["--brand", retailer["party"].s("id")]).1);
}

fn a_supplier_without_a_shop_reads_its_own(shop: &Shop) {
    let id = captured(shop, &[(0, 1)]);
    let order = shop.view(&id);
    for kind in ["supplier", "retailer"] {
        let split = order.list("splits").iter().find(|s| s["party"].s("type") == kind).expect("its split");
        let party = format!("party/{kind}/{}", split["party"].s("id"));
        let (_, reader) = make_key(shop, &["--party", &party]);
        assert_eq!(share_of(&reader, &id).expect("its share")["amount"], split["amount"], "{kind}");
        let lines = walk(&reader, "/brand/statements", "limit=200");
        assert!(lines.iter().any(|l| l["orderId"] == json!(id) && l["amount"] == split["amount"]), "{kind}");
    }
}

/// Every endpoint of the document that wants a token: method, path with ids that are well-formed, and its tag.
fn endpoints(shop: &Shop) -> Vec<(&'static str, String, String)> {
    let document = shop.anyone().get("/openapi.json").expect(200);
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            if operation["security"].as_array().is_none_or(Vec::is_empty) {
                continue;
            }
            let method = match method.as_str() {
                "get" => "GET",
                "post" => "POST",
                "patch" => "PATCH",
                "put" => "PUT",
                "delete" => "DELETE",
                other => panic!("{other} {path}"),
            };
            let mut filled = String::new();
            for part in path.split_inclusive('}') {
                let (fixed, hole) = part.split_once('{').unwrap_or((part, ""));
                filled += fixed;
                filled += if hole.is_empty() { "" } else { "ord_0000000000000" };
            }
            found.push((method, filled, operation["tags"][0].as_str().unwrap_or_default().to_owned()));
        }
    }
    assert!(found.len() > 100, "{}", found.len());
    found
}

fn a_brands_key_opens_nothing_else(shop: &Shop) {
    let id = captured(shop, &[(0, 1)]);
    let order = shop.view(&id);
    let brand = shop.brand(of_brands(&order)[0]["party"].s("id"));
    shop.unchanged(&id, || {
        for (method, path, tag) in endpoints(shop) {
            if tag == "brand" {
                continue;
            }
            // Of an order that it has a share of, too.
            for path in [path.replace("ord_0000000000000", &id), path] {
                let call = brand.call(method, &path);
                let reply = if method == "GET" { call } else { call.json(&json!({})) }.send();
                assert_eq!(reply.status, 403, "{method} {path}: {}", reply.text);
                assert_eq!(reply.problem(403).s("code"), "forbidden");
            }
        }
    });
    // The order is not there under its own endpoints either, by any id.
    for id in [id.as_str(), order.s("orderNumber"), "ord_nothing"] {
        brand.get(&format!("/brand/splits/{id}")).problem(404);
        brand.get(&format!("/brand/orders/{id}")).problem(404);
        brand.get(&format!("/brand/payouts/{id}")).problem(404);
    }
}

fn only_brands_use_the_brand_endpoints(shop: &Shop) {
    let others = [
        shop.admin(),
        shop.ops(),
        shop.retailer("blinds"),
        shop.merchant_of("blinds", 0),
        shop.storefront("blinds"),
        shop.customer(0),
    ];
    let own: Vec<_> = endpoints(shop).into_iter().filter(|(.., tag)| tag == "brand").collect();
    assert_eq!(own.len(), 8, "{own:?}");
    for (method, path, _) in own {
        assert_eq!(method, "GET", "{path}: read only");
        for other in &others {
            other.get(&path).problem(403);
        }
        shop.anyone().get(&path).problem(401);
        let brand = shop.demo()["tokens"]["brands"].as_object().expect("brands").keys().next().expect("one").clone();
        shop.brand(&brand).post(&path, &json!({})).problem(405);
    }
}

fn a_brands_key_is_made_for_one_party_and_taken_back(shop: &Shop) {
    let create = |more: &[&str]| shop.try_command(&[&["key", "create", "--role", "brand"], more].concat());
    for (more, says) in [
        (&[] as &[&str], "--brand ID"),
        (&["--brand", ""], "between 1 and"),
        (&["--brand", "a", "--party", "party/brand/a"], "cannot be used with"),
        (&["--party", "acme"], "ledger account"),
        (&["--party", "party/thief/acme"], "ledger account"),
        (&["--party", "party/merchant/mer_0000000000000"], "--role merchant"),
        (&["--party", "party/platform/platform"], "admin or ops"),
        (&["--brand", "a", "--channel", "blinds"], "--channel is for"),
        (&["--brand", "a", "--subject", "mer_0000000000000"], "--subject is for"),
    ] {
        let (good, printed, errors) = create(more);
        assert!(!good && errors.contains(says), "{more:?}: {printed}{errors}");
    }
    let name = shop.unique("label");
    let (id, brand) = make_key(shop, &["--brand", "acme", "--label", &name]);
    let keys = shop.command(&["key", "list", "--json"]);
    let keys: Value = serde_json::from_str(&keys).expect("JSON");
    let listed = keys.as_array().expect("a list").iter().find(|k| k.s("label") == name).expect("listed");
    assert_eq!((listed.s("role"), listed.s("party"), &listed["subject"]), ("brand", "party/brand/acme", &Value::Null));
    brand.get("/brand/splits").expect(200);
    shop.command(&["key", "revoke", &id]);
    brand.get("/brand/splits").problem(401);
}
