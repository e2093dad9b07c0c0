//! HTTP: extract, authorise, call one operation, render.

pub mod api;
pub mod caller;
pub mod metrics;
pub mod problem;
pub mod request;
pub mod view;
