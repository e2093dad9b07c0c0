//! Disputes: claims between the people around an order, and chargebacks by customers' banks.

mod claims;
mod sandbox;
