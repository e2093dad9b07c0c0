//! Lifecycles as their owners see them: the list, the picture, and what is in each state now.

use serde_json::Value;

use crate::shop::orders::CHANNELS;
use crate::shop::{Json, Shop};

scenarios! {
    shared:
        lifecycles_are_listed_and_drawn,
        an_owner_sees_the_channels_own,
        a_wrong_wish_is_told,
        the_counts_are_those_of_the_orders;
}

fn names(list: &Value) -> Vec<&str> {
    list.list("data").iter().map(|w| w.s("name")).collect()
}

fn lifecycles_are_listed_and_drawn(shop: &Shop) {
    let list = shop.admin().get("/admin/workflows").expect(200);
    let shipped = ["made-to-order", "marketplace", "marketplace-split", "merchant", "retail", "store-request"];
    assert_eq!(names(&list), shipped);
    let split = &list.list("data")[2];
    assert_eq!((split.s("partner"), split.s("kind")), ("merchant", "order"));
    assert_eq!(split.list("channels"), ["mall"]);
    for name in shipped {
        let whole = shop.admin().get(&format!("/admin/workflows/{name}")).expect(200);
        let reply = shop.admin().get(&format!("/admin/workflows/{name}/graph.svg"));
        assert_eq!(reply.status, 200, "{}", reply.text);
        assert!(reply.header("content-type").is_some_and(|t| t.starts_with("image/svg+xml")));
        assert!(reply.header("content-security-policy").is_some_and(|p| p.contains("default-src 'none'")));
        assert!(reply.text.starts_with("<svg ") && reply.text.contains(whole.s("title")));
        for machine in whole.list("machines") {
            assert!(reply.text.contains(&machine.s("title").replace('\'', "&#39;")), "{name}");
        }
    }
    let one = shop.admin().get("/admin/workflows/marketplace-split/graph.svg?machine=item&audience=customer");
    assert!(one.text.contains("In Progress") && !one.text.contains("Charging"), "{}", one.text);
}

fn an_owner_sees_the_channels_own(shop: &Shop) {
    let list = shop.retailer("mall").get("/admin/workflows").expect(200);
    assert_eq!(names(&list), ["marketplace-split", "merchant"]);
    assert_eq!(names(&shop.retailer("retail").get("/admin/workflows").expect(200)), ["retail"]);
    shop.retailer("retail").get("/admin/workflows/made-to-order").problem(404);
    shop.retailer("retail").get("/admin/workflows/made-to-order/graph.svg").problem(404);
    shop.customer(0).get("/admin/workflows").problem(403);
    shop.anyone().get("/admin/workflows/retail/graph.svg").problem(401);
}

fn a_wrong_wish_is_told(shop: &Shop) {
    let admin = shop.admin();
    admin.get("/admin/workflows/nothing").problem(404);
    admin.get("/admin/workflows/retail/graph.svg?machine=merchant").problem(404);
    admin.get("/admin/workflows/retail/graph.svg?machine=wheel&colour=red").wrong(&["machine", "colour"]);
    admin.get("/admin/workflows?limit=x").wrong(&["limit"]);
}

/// The orders of the channel, by the list.
fn orders_of(shop: &Shop, channel: &str) -> Vec<Value> {
    crate::shop::lists::walk(&shop.admin(), "/admin/orders", &format!("channel={channel}&limit=200"))
}

fn the_counts_are_those_of_the_orders(shop: &Shop) {
    for channel in CHANNELS {
        let name = shop.admin().get("/admin/workflows").expect(200);
        let name = name
            .list("data")
            .iter()
            .find(|w| w.list("channels").iter().any(|c| c == channel) && w.s("kind") == "order");
        let name = name.expect("in use").s("name").to_owned();
        // Other scenarios place orders meanwhile: at least those before, at most those after.
        let before = orders_of(shop, channel);
        let counts = shop.command(&["workflow", "graph", &name, "--counts", "--json"]);
        let counts: Value = serde_json::from_str(&counts).expect("JSON");
        let after = orders_of(shop, channel);
        let between = |what: &str, n: i64, of: &dyn Fn(&Value) -> i64| {
            let sum = |orders: &[Value]| orders.iter().map(of).sum::<i64>();
            assert!(
                sum(&before) <= n && n <= sum(&after),
                "{channel} {what}: {} ≤ {n} ≤ {}",
                sum(&before),
                sum(&after)
            );
        };
        between("orders", counts.n("orders"), &|_| 1);
        assert_eq!(counts.n("inOtherStates"), 0);
        for machine in counts.list("machines") {
            let all: i64 = machine.list("states").iter().map(|s| s.n("count")).sum();
            match machine.s("machine") {
                "item" => between("items", all, &|o| o.list("items").len() as i64),
                "payment" => between("payments", all, &|_| 1),
                _ => {}
            }
            for state in machine.list("states") {
                let (oldest, median) = (state["oldestSeconds"].as_i64(), state["medianSeconds"].as_i64());
                assert_eq!(state.n("count") > 0, oldest.is_some(), "{state}");
                assert!(median <= oldest, "{state}");
            }
        }
    }
    let drawn = shop.command(&["workflow", "graph", "retail", "--counts", "--format", "mermaid"]);
    assert!(drawn.contains("stateDiagram-v2") && drawn.contains("Delivered · "), "{drawn}");
}
