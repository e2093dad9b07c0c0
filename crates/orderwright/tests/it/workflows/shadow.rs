//! History through a version that is not published: what would have gone another way, and that nothing is written.

use serde_json::{Value, json};

use super::books::Books;
use super::{RETAIL, edited, picking, written};
use crate::shop::{Json, Shop};

scenarios! {
    own:
        history_shows_where_versions_part;
}

fn history_shows_where_versions_part(shop: &mut Shop) {
    let quiet = shop.ready("retail");
    let cancelled = shop.ready("retail");
    shop.admin().set_status(&cancelled, "processing").expect(200);
    shop.customer(0).cancel(&cancelled).expect(200);
    shop.wait_payment(&cancelled, "refunded");
    let before = Books::of(shop);
    let play = |text: &str, more: &[&str]| -> (Vec<Value>, Value) {
        let path = written(shop, "other.toml", text);
        let words = ["workflow", "shadow", "retail", "--to", path.to_str().expect("UTF-8"), "--since", "1h", "--json"];
        let said = shop.command(&[&words[..], more].concat());
        let mut lines: Vec<Value> = said.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
        let summary = lines.pop().expect("a summary");
        (lines, summary)
    };
    let (parted, summary) = play(RETAIL, &[]);
    assert_eq!(parted, Vec::<Value>::new());
    assert_eq!((summary.n("other"), &summary["unknown"]), (0, &json!({})), "every history can be replayed");
    assert!(summary.n("same") >= 2);

    // From processing on the customer may no longer cancel.
    let stricter = edited(
        RETAIL,
        &[(
            "on.shipped = { target = \"shipped\", by = [\"operator\", \"retailer\"] }\non.cancelled = { target = \"cancelled\", by = [\"customer\", ",
            "on.shipped = { target = \"shipped\", by = [\"operator\", \"retailer\"] }\non.cancelled = { target = \"cancelled\", by = [",
        )],
    );
    let (parted, summary) = play(&stricter, &[]);
    let found = parted.iter().find(|p| p.s("orderId") == cancelled).expect("it would have gone another way");
    assert_eq!(
        (found.s("what"), found.s("old"), found.s("new")),
        ("`cancelled` by customer", "cancelled", "processing")
    );
    assert!(found.s("refused").contains("not possible now"), "{found:#}");
    assert!(parted.iter().all(|p| p.s("orderId") != quiet));
    assert_eq!(summary.n("other") as usize, parted.len());

    let map = written(shop, "map.toml", "[item]\nprocessing = \"picking\"\n");
    let (parted, _) = play(&picking(), &["--map", map.to_str().expect("UTF-8")]);
    assert_eq!(parted, Vec::<Value>::new(), "another name is the same way");
    let (parted, _) = play(&picking(), &[]);
    assert!(parted.iter().any(|p| p.s("orderId") == cancelled && p.s("new") == "picking"), "{parted:#?}");
    assert_eq!(Books::of(shop), before, "nothing was written");
}
