//! The rules of Orderwright.
