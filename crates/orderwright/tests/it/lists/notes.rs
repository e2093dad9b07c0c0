//! Notes: public ones are the customer's to read, private ones are not, wherever they could show.

use serde_json::json;

use crate::shop::{Json, Shop};

scenarios! {
    shared:
        a_private_note_is_hidden_from_the_customer,
        a_public_note_is_shown_to_the_customer,
        staff_see_both_and_who_wrote_them;
}

fn note(shop: &Shop, id: &str, text: &str, public: bool) {
    let body = json!({ "note": text, "isPublic": public });
    shop.admin().post(&format!("/admin/orders/{id}/notes"), &body).expect(201);
}

/// Everything that the customer can read of the order.
fn customer_reads(shop: &Shop, id: &str) -> String {
    let customer = shop.customer(0);
    let order = customer.view(id).to_string();
    let timeline = customer.get(&customer.path(id, "/timeline")).text;
    let list = customer.get("/storefront/orders?limit=200").text;
    format!("{order}\n{timeline}\n{list}")
}

fn a_private_note_is_hidden_from_the_customer(shop: &Shop) {
    let id = shop.ready("retail");
    let text = shop.unique("suspected fraud");
    note(shop, &id, &text, false);
    assert!(!customer_reads(shop, &id).contains(&text));
    assert_eq!(shop.customer(0).view(&id).list("notes").len(), 0);
    // Nor does it come with the answer to something that the customer does.
    let reply = shop.customer(0).cancel(&id);
    assert!(!reply.text.contains(&text), "{}", reply.text);
}

fn a_public_note_is_shown_to_the_customer(shop: &Shop) {
    let id = shop.ready("retail");
    let text = shop.unique("we will ring the bell");
    note(shop, &id, &text, true);
    let order = shop.customer(0).view(&id);
    assert_eq!(order.list("notes").len(), 1);
    assert_eq!(order["notes"][0].s("note"), text);
    assert_eq!(order["notes"][0]["isPublic"], true);
    assert!(shop.timeline_as(&shop.customer(0), &id).iter().any(|entry| entry.s("type") == "note_added"));
}

fn staff_see_both_and_who_wrote_them(shop: &Shop) {
    let id = shop.ready("retail");
    note(shop, &id, "for us", false);
    note(shop, &id, "for all", true);
    for staff in [shop.admin(), shop.ops(), shop.retailer("retail")] {
        let order = staff.view(&id);
        assert_eq!(order.each("notes", "note"), ["for us", "for all"]);
    }
    let entries = shop.timeline_as(&shop.admin(), &id);
    let notes: Vec<_> = entries.iter().filter(|entry| entry.s("type") == "note_added").collect();
    assert_eq!(notes.len(), 2);
    assert!(notes.iter().all(|entry| entry["createdBy"].is_string()), "{notes:#?}");
}
