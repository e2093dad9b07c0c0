//! The integration tests: one binary, so that it links once. Black-box scenarios drive the real binary through HTTP,
//! each on both stores; they know of the server only what its published interface says.

#![expect(clippy::disallowed_methods, reason = "tests wait for real servers by the machine's clock")]

#[macro_use]
mod shop;
mod spryker;

mod access;
mod bulk;
mod crash;
mod demo;
mod disputes;
mod feed;
mod idempotency;
mod imports;
mod input;
mod lifecycle;
mod lists;
mod mail;
mod messages;
mod payments;
mod payouts;
mod pictures;
mod providers;
mod stock;
mod store;
mod workflows;
