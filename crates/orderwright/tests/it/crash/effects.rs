//! Killed while money moves: captures and refunds under way are taken up again, and take effect once.

use serde_json::json;

use super::all_orders;
use crate::shop::orders::{assert_sums, captured};
use crate::shop::{Json, Shop, at_once, eventually};

scenarios! {
    own:
        killed_while_capturing_each_order_is_captured_once,
        killed_while_refunding_each_order_is_refunded_once,
        a_clock_moved_and_killed_keeps_its_time;
}

/// Runs `act` for each id from several threads and kills the server when half of them are done; which were acknowledged.
fn act_and_kill(
    shop: &mut Shop,
    ids: &[String],
    act: impl Fn(&crate::shop::Actor, &str) -> Option<bool> + Sync,
) -> Vec<bool> {
    let done = std::sync::atomic::AtomicUsize::new(0);
    let admin = shop.admin();
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            at_once(6, ids.len(), |n| {
                let acknowledged = act(&admin, &ids[n]).unwrap_or(false);
                done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                acknowledged
            })
        });
        eventually("half of them are done", crate::shop::PATIENCE, || {
            let so_far = done.load(std::sync::atomic::Ordering::Relaxed);
            if so_far * 2 >= ids.len() { Ok(()) } else { Err(so_far.to_string()) }
        });
        shop.kill();
        worker.join().expect("no worker panics")
    })
}

fn killed_while_capturing_each_order_is_captured_once(shop: &mut Shop) {
    let ids: Vec<String> = (0..30).map(|_| shop.ready("blinds")).collect();
    let acknowledged = act_and_kill(shop, &ids, |admin, id| {
        let path = format!("/admin/orders/{id}/events");
        let sent = admin.call("POST", &path).json(&json!({ "event": "confirm" })).try_send();
        sent.ok().map(|reply| reply.status == 200)
    });
    shop.restart();
    for (id, acknowledged) in ids.iter().zip(acknowledged) {
        if !acknowledged && shop.view(id).s("status") == "payment_authorised" {
            // Not taken, or taken and on its way: asked again it is one of both.
            shop.admin().fire(id, "confirm", &json!({})).one_of(&[200, 409]);
        }
        shop.wait_status(id, "confirmed");
        let order = shop.wait_payment(id, "captured");
        assert_eq!(captured(&order), order.n("total"), "captured once: {order:#}");
        assert_sums(&order);
    }
    all_orders(shop, "blinds");
}

fn killed_while_refunding_each_order_is_refunded_once(shop: &mut Shop) {
    let ids: Vec<String> = (0..30).map(|_| shop.ready("retail")).collect();
    let body = json!({ "amount": 5, "reason": "late", "initiatePaymentRefund": true });
    let acknowledged = act_and_kill(shop, &ids, |admin, id| {
        let path = format!("/admin/orders/{id}/refund");
        let sent = admin.call("POST", &path).key(&format!("refund-{id}")).json(&body).try_send();
        sent.ok().map(|reply| reply.status == 201)
    });
    shop.restart();
    for (id, acknowledged) in ids.iter().zip(acknowledged) {
        // The same key again: the same refund, or the one that was not taken.
        eventually("the refund's key is answered", std::time::Duration::from_secs(60), || {
            let path = format!("/admin/orders/{id}/refund");
            let reply = shop.admin().call("POST", &path).key(&format!("refund-{id}")).json(&body).send();
            if reply.status == 409 {
                return Err(reply.text);
            }
            assert!(!acknowledged || reply.replayed(), "an acknowledged refund is replayed");
            Ok(reply.expect(201))
        });
        let order = shop.wait_refunded(id, 5);
        assert_eq!(order.list("refunds").len(), 1, "{order:#}");
        assert_sums(&order);
    }
}

fn a_clock_moved_and_killed_keeps_its_time(shop: &mut Shop) {
    let moved = shop.advance("36h");
    shop.restart();
    let order = shop.place("retail", &[(0, 1)], "pm_card_visa");
    let placed: jiff::Timestamp = order.s("createdAt").parse().expect("an instant");
    let moved: jiff::Timestamp = moved.parse().expect("an instant");
    assert!(placed >= moved, "{placed} is before {moved}");
}
