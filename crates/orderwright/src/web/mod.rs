//! HTTP: extract, authorise, call one operation, render.

pub mod metrics;
