//! What the API shows: shapes of api.md, made from aggregates for the role that asks.

pub mod bank_account;
pub mod csv;
pub mod dispute;
pub mod event;
pub mod message;
pub mod money;
pub mod order;
pub mod order_csv;
pub mod page;
pub mod payout;
pub mod share;
pub mod statement;
pub mod stock;
