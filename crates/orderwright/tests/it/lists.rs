//! Lists: filters, sorting, pages and cursors, timelines, notes, actions.

mod actions;
mod catalogue;
mod customers;
mod export;
mod filters;
mod jobs;
mod notes;
mod timeline;
mod walks;

use serde_json::Value;

use crate::shop::Json;

/// The ids of the rows.
fn ids(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row.id()).collect()
}
