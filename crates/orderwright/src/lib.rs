//! The application of Orderwright.
