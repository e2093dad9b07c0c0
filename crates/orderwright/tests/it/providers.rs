//! Payment providers: adapters, webhooks and the payment page against the fakes, and the fakes against the providers' own clients.

#[macro_use]
mod house;
mod adapters;
mod beside;
mod by_hand;
mod outcomes;
mod page;
mod payouts;
mod razorpay;
mod reconciliation;
mod route;
mod sdk;
mod stripe;
mod webhooks;
