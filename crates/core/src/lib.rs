//! The rules of Orderwright, pure: money, orders, workflows and `decide`.
//!
//! No async, no IO, no clock, no randomness, no database: the same inputs give the same decision (invariant 1).
//! The application in `crates/orderwright` brings the outside in and carries decisions out.

pub mod actor;
pub mod audit;
pub mod calendar;
pub mod catalog;
pub mod decide;
pub mod dispute;
pub mod graph;
pub mod id;
pub mod ledger;
pub mod mail;
pub mod money;
pub mod order;
pub mod payment_words;
pub mod payout;
pub mod pricing;
pub mod refunds;
pub mod split;
pub mod spryker;
pub mod status;
pub mod time;
pub mod workflow;
