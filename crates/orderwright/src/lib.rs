//! The application of Orderwright.

pub mod store;
