//! The payment port: what the engine asks of a provider, and what a provider can answer.
//!
//! `port` is the one door: which providers there are and what each can be asked. `sandbox`, `stripe` and `razorpay` are the adapters behind
//! it, `http` is the only place that talks to the network, `config` is what an operator sets. Every call carries the job's id as its
//! idempotency key; where a provider has none, the adapter asks before it repeats. What is not here: what an answer does to an order.

pub mod config;
pub mod form;
pub mod http;
pub mod link;
pub mod port;
pub mod razorpay;
pub mod sandbox;
pub mod signature;
pub mod stripe;

use orderwright_core::decide::Transferred;
use orderwright_core::money::Currency;
use orderwright_core::time::{Span, Timestamp};

pub use port::{Provider, Providers};

/// How long a payment may wait for its customer. After that it is given up at the provider, and the order takes it for a decline, so that
/// nobody's stock is held by a page that was closed.
pub const ACTION_WINDOW: Span = Span::seconds(3600);

/// What a provider says of something that worked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// The provider's id.
    pub reference: Option<String>,
    /// Until when what is held can be taken.
    pub capture_before: Option<Timestamp>,
    /// What the provider kept, in minor units.
    pub fee: Option<i64>,
    /// What really moved, in minor units, where the provider says so. It is what was asked for, anything else is
    /// [`ProviderError::Mismatch`]; of a void, what somebody had taken at the provider before.
    pub moved: Option<i64>,
    /// The transfers that were made to parties' accounts.
    pub transfers: Vec<Transferred>,
}

/// A provider's answer to an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It worked.
    Done(Settled),
    /// It was refused for good.
    Declined {
        /// The provider's code.
        code: String,
    },
    /// The customer has to do something first: enter a card, confirm with the bank. The payment page knows how ([`port::CustomerAction`]).
    ActionRequired {
        /// The provider's id of the payment.
        reference: String,
    },
    /// It will be answered by webhook.
    Processing,
}

impl Answer {
    /// It worked, under that id.
    pub fn done(reference: impl Into<String>) -> Self {
        Self::Done(Settled { reference: Some(reference.into()), ..Settled::default() })
    }

    /// It was refused for good.
    pub fn declined(code: impl Into<String>) -> Self {
        Self::Declined { code: code.into() }
    }
}

/// An amount of a provider's object, for people. A currency that is none of ours leaves it in minor units, and says so.
pub(crate) fn shown(amount: i64, code: &str) -> String {
    let code = code.to_ascii_uppercase();
    match Currency::parse(&code) {
        _ if amount < 0 => format!("no amount of {code}"),
        Some(currency) => currency.show(amount),
        None => format!("{amount} {code} (minor units)"),
    }
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
    /// The provider's books and ours disagree: another amount, another currency, somebody else's object. Nothing is applied; somebody looks.
    #[error("the provider's books disagree with ours: {0}")]
    Mismatch(String),
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn minor_units_are_not_shown_as_whole_ones() {
        for (amount, code, wish) in [
            (10_000, "gbp", "GBP 100.00"),
            (500, "JPY", "JPY 500"),
            (5120, "KWD", "KWD 5.120"),
            (7, "zzz", "7 ZZZ (minor units)"),
            (-1, "EUR", "no amount of EUR"),
        ] {
            assert_eq!(shown(amount, code), wish);
        }
    }
}
