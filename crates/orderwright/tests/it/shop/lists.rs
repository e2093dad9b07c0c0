//! Reading lists: a walk by cursor, and how a cursor gets into an address.

use serde_json::Value;

use super::{Actor, Json};

/// Walks a list by cursor to its end; panics when it does not end.
pub fn walk(actor: &Actor, path: &str, query: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut after = String::new();
    for _ in 0..10_000 {
        let page = actor.get(&format!("{path}?{query}{after}")).expect(200);
        rows.extend_from_slice(page.list("data"));
        match page["nextCursor"].as_str() {
            Some(cursor) => after = format!("&after={}", encoded(cursor)),
            None => return rows,
        }
    }
    panic!("{path}?{query} never ends");
}

/// A cursor is opaque: it may hold characters that mean something in an address.
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}
