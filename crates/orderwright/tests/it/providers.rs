//! Payment providers: adapters, webhooks and the payment page against the fakes, and the fakes against the providers' own clients.

#[macro_use]
pub mod house;
pub mod adapters;
mod beside;
mod by_hand;
mod outcomes;
mod page;
mod payouts;
mod queue;
mod razorpay;
mod reconciliation;
mod route;
mod sdk;
mod stripe;
mod webhooks;
