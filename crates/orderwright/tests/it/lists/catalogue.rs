//! What is sold and what is there: merchants, variants, stock, each within one's own.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::shop::lists::walk;
use crate::shop::orders::CHANNELS;
use crate::shop::{Json, Shop};

scenarios! {
    shared:
        merchants_are_all_there_and_an_owner_sees_their_own,
        variants_are_those_of_the_channels,
        stock_is_what_each_sku_says,
        a_merchants_stock_is_of_their_own_offers,
        pages_and_cursors_agree,
        who_may_not_is_told_so;
}

fn set<'a>(rows: &'a [Value], field: &str) -> BTreeSet<&'a str> {
    let set: BTreeSet<&str> = rows.iter().map(|row| row.s(field)).collect();
    assert_eq!(set.len(), rows.len(), "nothing twice");
    set
}

/// The offers of a channel as `demo.json` lists them.
fn offered<'a>(shop: &'a Shop, channel: &str, field: &str) -> BTreeSet<&'a str> {
    shop.demo()["channels"][channel].list("items").iter().map(|offer| offer.s(field)).collect()
}

fn merchants_are_all_there_and_an_owner_sees_their_own(shop: &Shop) {
    let all = walk(&shop.admin(), "/admin/merchants", "limit=3");
    let known: BTreeSet<&str> =
        shop.demo()["tokens"]["merchants"].as_object().expect("merchants").keys().map(String::as_str).collect();
    assert_eq!(set(&all, "id"), known);
    assert!(all.iter().all(|m| !m.s("name").is_empty()));
    for channel in CHANNELS {
        let own = walk(&shop.retailer(channel), "/admin/merchants", "limit=200");
        assert!(offered(shop, channel, "merchantId").is_subset(&set(&own, "id")));
        assert!(own.len() < all.len(), "{channel} sees everybody");
    }
}

fn variants_are_those_of_the_channels(shop: &Shop) {
    let all = walk(&shop.admin(), "/admin/variants", "limit=17");
    assert!(all.windows(2).all(|pair| pair[0].s("sku") < pair[1].s("sku")), "by SKU");
    for channel in CHANNELS {
        let own = walk(&shop.retailer(channel), "/admin/variants", "limit=200");
        assert!(offered(shop, channel, "sku").is_subset(&set(&own, "sku")));
        assert!(own.iter().all(|v| v.s("channel") == channel));
        assert_eq!(walk(&shop.admin(), "/admin/variants", &format!("channel={channel}")), own);
        let offer = shop.offer(channel, 0);
        let shown = own.iter().find(|v| v.s("sku") == offer.s("sku")).expect("the first offer");
        assert_eq!((shown.n("price"), shown.s("merchantId")), (offer.n("price"), offer.s("merchantId")));
        assert_eq!(shown.s("currency"), shop.demo()["channels"][channel].s("currency"));
        let merchant = offer.s("merchantId");
        let theirs = walk(&shop.admin(), "/admin/variants", &format!("merchantId={merchant}"));
        assert!(!theirs.is_empty() && theirs.iter().all(|v| v.s("merchantId") == merchant));
    }
    let none = shop.retailer("retail").get("/admin/variants?channel=bazaar").expect(200);
    assert_eq!(none.list("data").len(), 0, "another channel's are none of theirs");
}

fn stock_is_what_each_sku_says(shop: &Shop) {
    let sku = shop.sku("studio", 4);
    let body = serde_json::json!({ "onHand": 7, "location": "annex" });
    let corrected = shop.admin().patch(&format!("/admin/stock/{sku}"), &body).expect(200);
    let rows = walk(&shop.admin(), "/admin/stock", "limit=7&channel=studio");
    set(&rows, "sku");
    let row = rows.iter().find(|row| row.s("sku") == sku).expect("the SKU");
    assert_eq!(row, &corrected, "all locations in one row");
    assert_eq!(row.list("locations").len(), 2);
    assert!(offered(shop, "studio", "sku").is_subset(&set(&rows, "sku")));
    assert_eq!(
        walk(&shop.retailer("studio"), "/admin/stock", "limit=200"),
        walk(&shop.admin(), "/admin/stock", "limit=200&channel=studio")
    );
}

fn a_merchants_stock_is_of_their_own_offers(shop: &Shop) {
    let seller = shop.merchant_of("mall", 0);
    let merchant = shop.offer("mall", 0).s("merchantId");
    let rows = walk(&seller, "/merchant/stock", "limit=1");
    let theirs = walk(&shop.admin(), "/admin/variants", &format!("merchantId={merchant}&limit=200"));
    assert_eq!(set(&rows, "sku"), set(&theirs, "sku"));
    let other = shop.offer("mall", 1).s("merchantId");
    seller.get(&format!("/merchant/stock?merchantId={other}")).wrong(&["merchantId"]);
}

fn pages_and_cursors_agree(shop: &Shop) {
    for list in ["/admin/merchants", "/admin/variants", "/admin/stock"] {
        let all = walk(&shop.admin(), list, "limit=200");
        let key = if list == "/admin/merchants" { "id" } else { "sku" };
        let keys: Vec<&str> = all.iter().map(|row| row.s(key)).collect();
        let page = shop.admin().get(&format!("{list}?limit=3&page=2")).expect(200);
        assert_eq!(page.each("data", key), keys[3..6], "{list}");
        let beyond = shop.admin().get(&format!("{list}?limit=50&page=200")).expect(200);
        assert_eq!((beyond.list("data").len(), &beyond["nextCursor"]), (0, &Value::Null));
        shop.admin().get(&format!("{list}?limit=50&page=201")).wrong(&["page"]);
        shop.admin().get(&format!("{list}?after=xyz")).wrong(&["after"]);
        shop.admin().get(&format!("{list}?limit=0")).wrong(&["limit"]);
        shop.admin().get(&format!("{list}?colour=blue")).wrong(&["colour"]);
    }
}

fn who_may_not_is_told_so(shop: &Shop) {
    for list in ["/admin/merchants", "/admin/variants", "/admin/stock", "/admin/jobs"] {
        for other in [shop.customer(0), shop.merchant_of("mall", 0), shop.storefront("mall")] {
            other.get(list).problem(403);
        }
        shop.anyone().get(list).problem(401);
    }
    shop.admin().get("/merchant/stock").problem(403);
}
