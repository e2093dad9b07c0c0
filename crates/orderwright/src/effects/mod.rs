//! Effects: what decisions want done outside, as durable jobs. Leased, run, retried with backoff, in doubt when an answer is lost, and put
//! before somebody when nothing helps. An outcome is again a command.

pub mod disputes;
pub mod loops;
mod mail;
mod payouts;
pub mod provider_events;
pub mod runner;

/// The kind of jobs that do a payment effect.
pub const PAYMENT: &str = "payment";
/// The kind of jobs that tell a provider something about a chargeback.
pub const DISPUTE: &str = "dispute";
/// The kind of jobs that act on what a provider told.
pub const PROVIDER_EVENT: &str = "provider.event";
/// The kind of jobs that take a reconciliation a step further.
pub const RECONCILIATION: &str = "reconciliation";
/// The kind of jobs that have a provider pay a party.
pub const PAYOUT: &str = "payout";
/// The kind of jobs that mail a customer.
pub const MAIL: &str = "mail";
/// The kind of jobs by which the sandbox provider sends its webhooks.
pub const SANDBOX_WEBHOOK: &str = "sandbox.webhook";
