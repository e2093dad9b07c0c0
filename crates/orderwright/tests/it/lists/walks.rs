//! Walks by cursor and by page: nothing twice, nothing missing, in order, also while orders come in.

use super::ids;
use crate::shop::lists::walk;
use crate::shop::{Json, Shop};

scenarios! {
    shared:
        a_walk_while_orders_come_in_has_no_duplicates_and_no_gaps;
    quiet:
        twenty_rows_without_a_limit,
        a_walk_is_the_same_whatever_the_limit,
        pages_are_the_same_as_the_walk,
        a_total_is_what_a_walk_counts,
        every_sort_is_a_sort,
        a_sorted_walk_has_every_row_once,
        a_cursor_holds_when_its_row_changes;
}

fn twenty_rows_without_a_limit(shop: &Shop) {
    let page = shop.admin().get("/admin/orders").expect(200);
    assert_eq!(page.list("data").len(), 20);
    assert!(page["nextCursor"].is_string());
    assert!(page.as_object().expect("a list").contains_key("total"));
}

fn a_walk_is_the_same_whatever_the_limit(shop: &Shop) {
    let all = walk(&shop.admin(), "/admin/orders", "limit=200");
    let mut unique = ids(&all);
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), all.len(), "nothing twice");
    let small = walk(&shop.admin(), "/admin/orders", "limit=17");
    assert_eq!(ids(&small), ids(&all));
    for pair in all.windows(2) {
        assert!(pair[0].s("createdAt") >= pair[1].s("createdAt"), "the newest first");
    }
}

fn pages_are_the_same_as_the_walk(shop: &Shop) {
    let all = walk(&shop.admin(), "/admin/orders", "limit=200");
    for (page, chunk) in ids(&all).chunks(50).enumerate() {
        let rows = shop.admin().get(&format!("/admin/orders?limit=50&page={}", page + 1)).expect(200);
        assert_eq!(ids(rows.list("data")), chunk);
    }
    let beyond = shop.admin().get("/admin/orders?limit=50&page=200").expect(200);
    assert_eq!(beyond.list("data").len(), 0);
}

fn a_total_is_what_a_walk_counts(shop: &Shop) {
    let mut counted = 0;
    for query in
        ["limit=200", "limit=200&channel=retail", "limit=200&status=confirmed", "limit=200&channel=mall&status=closed"]
    {
        let total = shop.admin().get(&format!("/admin/orders?{query}")).expect(200)["total"].as_i64();
        // Null where no counter is kept.
        if let Some(total) = total {
            assert_eq!(total, walk(&shop.admin(), "/admin/orders", query).len() as i64, "{query}");
            counted += 1;
        }
    }
    assert!(counted > 0, "no counter is kept for any of the plain lists");
    // And it follows at once.
    let total = || shop.admin().get("/admin/orders?channel=retail&limit=1").expect(200)["total"].as_i64();
    if let Some(before) = total() {
        shop.ready("retail");
        assert_eq!(total(), Some(before + 1));
    }
}

fn every_sort_is_a_sort(shop: &Shop) {
    for sort in ["createdAt", "-createdAt"] {
        let rows = walk(&shop.admin(), "/admin/orders", &format!("limit=100&sort={sort}"));
        let mut keys: Vec<&str> = rows.iter().map(|order| order.s("createdAt")).collect();
        if sort.starts_with('-') {
            keys.reverse();
        }
        assert!(keys.is_sorted(), "{sort}");
    }
    for sort in ["total", "-total"] {
        let rows = walk(&shop.admin(), "/admin/orders", &format!("limit=100&sort={sort}"));
        let mut keys: Vec<i64> = rows.iter().map(|order| order.n("total")).collect();
        if sort.starts_with('-') {
            keys.reverse();
        }
        assert!(keys.is_sorted(), "{sort}");
    }
    let rows = walk(&shop.admin(), "/admin/orders", "limit=100&sort=status");
    let keys: Vec<&str> = rows.iter().map(|order| order.s("status")).collect();
    assert!(keys.is_sorted(), "by status, byte by byte on either store");
    for sort in ["itemName", "-itemName", "transactionId", "-transactionId"] {
        let rows = walk(&shop.admin(), "/admin/orders", &format!("limit=100&sort={sort}"));
        let mut keys: Vec<&str> = rows
            .iter()
            .map(|order| match sort.trim_start_matches('-') {
                "itemName" => order["items"][0].s("name"),
                _ => order["paymentReference"].as_str().unwrap_or(""),
            })
            .collect();
        if sort.starts_with('-') {
            keys.reverse();
        }
        assert!(keys.is_sorted(), "{sort}");
        assert!(keys.first() != keys.last(), "{sort} sorts nothing");
    }
    shop.customer(0).get("/storefront/orders?sort=transactionId").expect(200);
    let seller = shop.merchant_of("mall", 0);
    seller.get("/merchant/orders?sort=itemName").expect(200);
    seller.get("/merchant/orders?sort=transactionId").wrong(&["sort"]);
}

fn a_sorted_walk_has_every_row_once(shop: &Shop) {
    let mut expected: Vec<String> =
        walk(&shop.admin(), "/admin/orders", "limit=200").iter().map(|order| order.id().to_owned()).collect();
    expected.sort_unstable();
    // Many rows share a total or a status: the cursor has to tell them apart.
    for sort in ["total", "-total", "status", "createdAt", "itemName", "-itemName", "transactionId"] {
        let rows = walk(&shop.admin(), "/admin/orders", &format!("limit=13&sort={sort}"));
        let mut found = ids(&rows);
        found.sort_unstable();
        assert_eq!(found, expected, "{sort}");
    }
}

fn a_cursor_holds_when_its_row_changes(shop: &Shop) {
    let made: Vec<String> = (0..5).map(|_| shop.ready("retail")).collect();
    let first = shop.admin().get("/admin/orders?channel=retail&limit=2").expect(200);
    assert_eq!(ids(first.list("data")), [&made[4], &made[3]]);
    shop.admin().set_status(&made[3], "processing").expect(200);
    let after = crate::shop::lists::encoded(first.s("nextCursor"));
    let second = shop.admin().get(&format!("/admin/orders?channel=retail&limit=3&after={after}")).expect(200);
    assert_eq!(ids(second.list("data")), [&made[2], &made[1], &made[0]]);
}

fn a_walk_while_orders_come_in_has_no_duplicates_and_no_gaps(shop: &Shop) {
    let before = walk(&shop.admin(), "/admin/orders", "limit=200&sort=createdAt");
    let answers = crate::shop::at_once(4, 4, |n| {
        if n < 3 {
            (0..10).map(|_| shop.place("retail", &[(0, 1)], "pm_card_visa").id().to_owned()).collect()
        } else {
            walk(&shop.admin(), "/admin/orders", "limit=7")
                .iter()
                .map(|order| order.id().to_owned())
                .collect::<Vec<_>>()
        }
    });
    let walked = &answers[3];
    let mut unique = walked.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), walked.len(), "nothing twice");
    for order in &before {
        assert!(unique.binary_search(&order.id().to_owned()).is_ok(), "{} was there all the time", order.id());
    }
    // Afterwards all of them are there.
    let after = walk(&shop.admin(), "/admin/orders", "limit=200");
    for id in answers[..3].iter().flatten() {
        assert!(after.iter().any(|order| order.id() == id));
    }
}
