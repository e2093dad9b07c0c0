//! Payment providers that are true to the wire and move no money: what tests and rehearsals talk to instead of the real ones.
//!
//! Each is an HTTP server with books of its own in memory, driven by the official clients in a test, so that an adapter which works here
//! speaks the provider's language. Faults can be ordered: refusals, errors, answers lost before or after the effect. Every change becomes an
//! event, sent by signed webhook, on wish twice, late and out of order. They answer under `/_fake` to whoever tests.
//! What is not here: the sandbox provider of the shop itself, which needs no network.

pub mod books;
pub mod control;
pub mod faults;
pub mod params;
pub mod razorpay;
pub mod server;
pub mod stripe;
pub mod webhooks;

pub use server::{Fake, Options};
