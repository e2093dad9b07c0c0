//! Endpoints, one file each: query, body, documentation, handler.

pub mod admin;
pub mod brand;
pub mod merchant;
pub mod public;
pub mod storefront;

mod disputes;
mod import_report;
pub mod order_query;
mod party;
mod shared;
