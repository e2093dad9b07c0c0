//! What the API shows: shapes of api.md, made from aggregates for the role that asks.

pub mod event;
pub mod order;
pub mod page;
