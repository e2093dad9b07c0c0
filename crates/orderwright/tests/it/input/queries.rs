//! Query parameters that are wrong.

use crate::shop::{Json, Shop};

scenarios! {
    shared:
        pages_end_at_ten_thousand,
        a_limit_is_between_one_and_two_hundred,
        a_bad_cursor_is_refused,
        filters_must_be_of_their_type,
        a_sort_must_be_known,
        nul_is_an_answer_and_no_error_of_ours;
}

fn pages_end_at_ten_thousand(shop: &Shop) {
    let admin = shop.admin();
    admin.get("/admin/orders?page=100&limit=100").expect(200);
    admin.get("/admin/orders?page=500&limit=20").expect(200);
    for query in ["page=101&limit=100", "page=501&limit=20", "page=501", "page=9223372036854775807&limit=200"] {
        admin.get(&format!("/admin/orders?{query}")).problem(422);
    }
    for page in ["0", "-1", "one", "99999999999999999999999"] {
        admin.get(&format!("/admin/orders?page={page}")).problem_of(&[400, 422]);
    }
}

fn a_limit_is_between_one_and_two_hundred(shop: &Shop) {
    let admin = shop.admin();
    assert_eq!(admin.get("/admin/orders?limit=200").expect(200).list("data").len(), 200, "the demo has that many");
    // Beyond the most: refused, or given as many as there may be.
    let reply = admin.get("/admin/orders?limit=201");
    if reply.status == 200 {
        assert!(reply.body.list("data").len() <= 200);
    } else {
        reply.problem(422);
    }
    for limit in ["0", "-1", "many", "1.5"] {
        admin.get(&format!("/admin/orders?limit={limit}")).problem_of(&[400, 422]);
    }
}

fn a_bad_cursor_is_refused(shop: &Shop) {
    let id = shop.ready("retail");
    for path in ["/admin/orders", "/storefront/orders", "/merchant/orders", "/events"] {
        let actor = match path {
            "/storefront/orders" => shop.customer(0),
            "/merchant/orders" => shop.merchant_of("bazaar", 0),
            _ => shop.admin(),
        };
        for cursor in ["nonsense", "%00", "AAAA", "eyJhIjoxfQ", "'%20OR%201=1"] {
            actor.get(&format!("{path}?after={cursor}")).problem_of(&[400, 422]);
        }
    }
    shop.admin().get(&format!("/admin/orders/{id}/timeline?after=nonsense")).problem_of(&[400, 422]);
}

fn filters_must_be_of_their_type(shop: &Shop) {
    for query in ["from=yesterday", "to=2024-13-01", "minTotal=cheap", "maxTotal=1.5", "deliveredFrom=x"] {
        shop.admin().get(&format!("/admin/orders?{query}")).problem_of(&[400, 422]);
    }
    // What matches nothing is an empty list, not an error.
    let none = shop.admin().get("/admin/orders?orderNumber=ORD-19700101-99999").expect(200);
    assert_eq!(none.list("data").len(), 0);
    assert!(none["nextCursor"].is_null());
    let quote = shop.admin().get("/admin/orders?q=%27%22%3B--%25_").expect(200);
    assert_eq!(quote.list("data").len(), 0);
}

fn a_sort_must_be_known(shop: &Shop) {
    for sort in ["colour", "-", "createdAt;drop", "--createdAt"] {
        shop.admin().get(&format!("/admin/orders?sort={sort}")).problem_of(&[400, 422]);
    }
}

fn nul_is_an_answer_and_no_error_of_ours(shop: &Shop) {
    for list in ["/admin/orders", "/admin/orders.csv"] {
        for name in ["q", "sku", "channel", "orderNumber", "status", "after"] {
            shop.admin().get(&format!("{list}?{name}=a%00b")).problem(422);
        }
    }
    for list in ["/admin/variants", "/admin/stock"] {
        shop.admin().get(&format!("{list}?channel=a%00b")).wrong(&["channel"]);
    }
    shop.admin().get("/admin/stock/a%00b").problem(404);
    let nowhere = serde_json::json!({ "adjust": 1, "location": "a\u{0}b" });
    shop.admin().patch(&format!("/admin/stock/{}", shop.sku("studio", 5)), &nowhere).wrong(&["/location"]);
    let mut body = shop.basket("retail", &[(0, 1)], "pm_card_visa");
    body["items"][0]["sku"] = serde_json::json!("a\u{0}b");
    shop.customer(0).post("/storefront/orders", &body).problem(422);
}
