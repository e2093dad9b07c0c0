//! The payment port: what the engine asks of a provider, and what a provider can answer.
//!
//! Sandbox is the one adapter so far; others answer in the same words. Every call carries the job's id as its idempotency key.

pub mod sandbox;

/// A provider's answer to an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It worked.
    Done {
        /// The provider's id.
        reference: Option<String>,
    },
    /// It was refused for good.
    Declined {
        /// The provider's code.
        code: String,
    },
    /// It will be answered by webhook.
    Processing,
}

/// A call that has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// The call may have taken effect: ask before anything else.
    #[error("the answer was lost: {0}")]
    Lost(String),
    /// The call took no effect: try again later.
    #[error("the provider cannot be reached: {0}")]
    Unavailable(String),
}
