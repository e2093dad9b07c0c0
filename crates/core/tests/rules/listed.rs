//! The checker and the engine agree: a random walk never reaches a joint state that the checker did not list.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use orderwright_core::workflow::explore::{Exploration, Limits, explore};
use proptest::prelude::*;

use crate::shop::{Line, Placement, SHIPPED, line, order_in};
use crate::walks::{METHODS, WORKFLOWS, step};

/// What the checker lists for each workflow.
static LISTED: LazyLock<BTreeMap<&str, Exploration<'static>>> = LazyLock::new(|| {
    let listed = |name: &'static str| {
        let workflow = SHIPPED.get(name).expect("shipped");
        explore(workflow, SHIPPED.partner_of(workflow).map(|p| &**p), Limits::default())
    };
    WORKFLOWS.iter().map(|name| (*name, listed(name))).collect()
});

/// Orders as the checker places them, but with prices, taxes, discounts and shipping of their own.
fn shape(n: usize) -> Vec<Line> {
    match n {
        0 => vec![line(1, 1)],
        1 => vec![line(1, 2)],
        2 => vec![line(1, 1), Line { late: false, ..line(2, 1) }],
        _ => vec![line(1, 1), Line { late: false, ..line(1, 1) }],
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_walk_stays_on_the_list(
        workflow in 0usize..5, method in 0usize..5, window in any::<bool>(), shaped in 0usize..4,
        steps in prop::collection::vec((any::<u8>(), 0usize..64, 0usize..64, 0i64..600), 1..40),
    ) {
        let placement = order_in(WORKFLOWS[workflow]).lines(&shape(shaped)).method(METHODS[method]);
        let mut shop = Placement { ..placement.cancel_window(if window { "2h" } else { "0m" }) }.place();
        let listed = &LISTED[WORKFLOWS[workflow]];
        let mut way = vec![format!("{} {}", WORKFLOWS[workflow], METHODS[method])];
        for s in steps {
            step(&mut shop, s);
            let item = |i: &orderwright_core::order::Item| (i.machine.state.clone(), i.merchant.clone().map(|m| m.state), i.captured, i.refunding, i.refunded);
            way.push(format!("{s:?}: {} {:?}", shop.order.payment.state, shop.order.items.iter().map(item).collect::<Vec<_>>()));
            prop_assert!(listed.knows(&shop.order, shop.now), "not on the list: {}\n{:?}", way.join("\n"), shop.order);
        }
    }
}
