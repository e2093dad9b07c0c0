//! kill -9 at any moment: what was acknowledged is there, nothing is there twice, nothing stays stuck.

mod effects;
mod placing;

use std::collections::HashSet;

use serde_json::Value;

use crate::shop::lists::walk;
use crate::shop::{Json, Shop};

/// Every order of a channel, by a walk; no number and no id twice.
fn all_orders(shop: &Shop, channel: &str) -> Vec<Value> {
    let rows = walk(&shop.admin(), "/admin/orders", &format!("limit=200&channel={channel}"));
    let ids: HashSet<&str> = rows.iter().map(|order| order.id()).collect();
    let numbers: HashSet<&str> = rows.iter().map(|order| order.s("orderNumber")).collect();
    assert_eq!((ids.len(), numbers.len()), (rows.len(), rows.len()), "no order and no number twice");
    rows
}
