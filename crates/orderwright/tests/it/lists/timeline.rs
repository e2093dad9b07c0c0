//! Timelines: the oldest first, in pages, with who did it, and in everybody's own view.

use serde_json::{Value, json};

use super::ids;
use crate::shop::lists::walk;
use crate::shop::{Json, Shop};

scenarios! {
    shared:
        the_oldest_entry_comes_first,
        a_timeline_is_read_in_pages,
        an_entry_says_who_did_it,
        a_merchant_sees_no_other_merchants_entries;
}

fn the_oldest_entry_comes_first(shop: &Shop) {
    for channel in crate::shop::orders::CHANNELS {
        let id = shop.ready(channel);
        for actor in [shop.admin(), shop.customer(0)] {
            let timeline = shop.timeline_as(&actor, &id);
            assert_eq!(timeline[0].s("type"), "created", "{timeline:#?}");
            let times: Vec<&str> = timeline.iter().map(|entry| entry.s("createdAt")).collect();
            assert!(times.is_sorted(), "{times:?}");
        }
    }
}

fn a_timeline_is_read_in_pages(shop: &Shop) {
    let id = shop.ready("retail");
    for n in 0..7 {
        let note = json!({ "note": format!("note {n}"), "isPublic": true });
        shop.admin().post(&format!("/admin/orders/{id}/notes"), &note).expect(201);
    }
    let whole = shop.timeline_as(&shop.admin(), &id);
    assert!(whole.len() >= 8);
    let stepwise = walk(&shop.admin(), &format!("/admin/orders/{id}/timeline"), "limit=1");
    assert_eq!(ids(&stepwise), ids(&whole));
    let stepwise = walk(&shop.customer(0), &format!("/storefront/orders/{id}/timeline"), "limit=3");
    assert_eq!(ids(&stepwise), ids(&shop.timeline_as(&shop.customer(0), &id)));
}

fn an_entry_says_who_did_it(shop: &Shop) {
    let id = shop.ready("retail");
    shop.ops().set_status(&id, "processing").expect(200);
    shop.customer(0).cancel(&id).expect(200);
    let timeline = shop.timeline_as(&shop.admin(), &id);
    // The cancellation itself; what the refund does afterwards nobody asked for by hand.
    let of = |wish: &dyn Fn(&Value) -> bool| {
        timeline
            .iter()
            .rfind(|entry| wish(entry))
            .and_then(|entry| entry["createdBy"].as_str())
            .unwrap_or_else(|| panic!("nobody did it: {timeline:#?}"))
            .to_owned()
    };
    let staff = of(&|entry| entry.s("type") == "status_changed" && entry["metadata"]["to"] == "processing");
    let customer = of(&|entry| entry.s("type") == "cancelled");
    assert_ne!(staff, customer);
}

fn a_merchant_sees_no_other_merchants_entries(shop: &Shop) {
    let id = shop.ready_with("mall", &[(0, 1), (1, 1)]);
    let first = shop.merchant_of("mall", 0);
    let body =
        json!({ "expectedBy": "2031-02-03", "trackingNumber": "FIRST-ONLY", "note": "left the FIRST-ONLY house" });
    first.fire(&id, "ship", &body).expect(200);
    // Merchants need no timeline of their own by the published interface; if there is one, it keeps to the wall.
    let second = shop.merchant_of("mall", 1);
    let reply = second.get(&second.path(&id, "/timeline"));
    if reply.status == 200 {
        assert!(!reply.text.contains("FIRST-ONLY"), "{}", reply.text);
    } else {
        reply.one_of(&[404, 405]);
    }
}
