//! What may be done now, by whom, and why not. The answer's shape is not part of the published interface: the scenarios
//! look for the events' names in it.

use serde_json::json;

use crate::shop::{Json, Shop};

scenarios! {
    shared:
        actions_name_every_event_of_the_moment,
        actions_change_with_the_order;
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
