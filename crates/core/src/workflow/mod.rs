//! Lifecycles as data: the model, its reader, its checks and its guards.

pub mod guard;
pub mod model;

pub use model::*;
