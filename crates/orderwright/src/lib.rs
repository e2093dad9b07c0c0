//! Orderwright: order management for marketplaces, one binary from placement to settlement.
//!
//! The way through the house: `web`, `cli` and the loops of `effects` call `ops`; `ops` load through `store`, decide in
//! `orderwright_core`, and commit through `store`; `effects` do outside what was decided, and their outcomes are commands again.

pub mod app;
pub mod cli;
pub mod demo;
pub mod effects;
pub mod fakes;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
pub mod import;
pub mod kernel;
pub mod ops;
pub mod pay;
pub mod store;
pub mod tell;
pub mod web;
