//! What may be done now, by whom, and why not. The answer's shape is not part of the published interface: the scenarios
//! look for the events' names in it.

use serde_json::json;

use crate::shop::{Json, Shop};

scenarios! {
    shared:
        actions_name_every_event_of_the_moment,
        actions_change_with_the_order,
        everybody_is_told_what_an_item_waits_for;
}

fn words(shop: &Shop, id: &str) -> Vec<String> {
    crate::shop::json::texts(&shop.admin().get(&format!("/admin/orders/{id}/actions")).expect(200))
}

fn actions_name_every_event_of_the_moment(shop: &Shop) {
    let moments: [(&str, &[&str]); 5] = [
        ("blinds", &["confirm", "refuse", "cancel"]),
        ("retail", &["processing", "cancelled"]),
        ("bazaar", &["acknowledge", "cancel"]),
        ("studio", &["accept", "decline", "cancel"]),
        ("mall", &["ship", "cancel"]),
    ];
    for (channel, events) in moments {
        let id = shop.ready(channel);
        let words = words(shop, &id);
        for event in events {
            assert!(words.iter().any(|word| word == event), "{channel}: `{event}` is not in {words:?}");
        }
    }
}

fn actions_change_with_the_order(shop: &Shop) {
    let id = shop.ready("bazaar");
    let path = format!("/admin/orders/{id}/actions");
    let before = shop.admin().get(&path).expect(200);
    shop.merchants_fire(&id, "acknowledge", &json!({}));
    let after = shop.admin().get(&path).expect(200);
    assert_ne!(before, after);
    assert!(words(shop, &id).iter().any(|word| word == "ship"));
    assert_eq!(shop.view(&id).s("status"), "processing", "asking does nothing");
}

/// The shape is ours to change; that there is an answer in words is not.
fn everybody_is_told_what_an_item_waits_for(shop: &Shop) {
    for channel in crate::shop::orders::CHANNELS {
        let id = shop.ready(channel);
        let told = shop.admin().get(&format!("/admin/orders/{id}/actions")).expect(200);
        for item in told.list("items") {
            assert!(item["final"] == true || item.s("summary").ends_with('.'), "{channel}: {item:#}");
            assert!(!item.s("since").is_empty());
        }
        assert!(told["payment"].s("summary").ends_with('.'), "{told:#}");
        assert!(told.list("effects").is_empty(), "nothing runs: {told:#}");
        let merchant = shop.merchant_of(channel, 0);
        let own = merchant.get(&format!("/merchant/orders/{id}/actions")).expect(200);
        assert!(own["payment"].is_null() && own.list("effects").is_empty(), "{own:#}");
        assert!(!own.list("items").is_empty());
        assert!(own.list("items").iter().all(|i| i.s("summary").ends_with('.')), "{own:#}");
        shop.customer(0).get(&format!("/merchant/orders/{id}/actions")).problem(403);
    }
}
