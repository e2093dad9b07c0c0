//! How a payout goes on: who may do what when.

use serde::{Deserialize, Serialize};

/// Where a payout stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PayoutState {
    /// Made; somebody is to approve it.
    Pending,
    /// Approved; the bank's file has it.
    Approved,
    /// On its way: given to the bank, or to the provider.
    Sent,
    /// It arrived.
    Paid,
    /// It did not leave, or was refused. The money is the party's again.
    Failed,
    /// It arrived and came back. The money is the party's again.
    Returned,
    /// There was nothing to send: what the party earned went against what it owes, or into its reserve.
    Settled,
}

impl PayoutState {
    /// Every state.
    pub const ALL: &[Self] =
        &[Self::Pending, Self::Approved, Self::Sent, Self::Paid, Self::Failed, Self::Returned, Self::Settled];

    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Sent => "sent",
            Self::Paid => "paid",
            Self::Failed => "failed",
            Self::Returned => "returned",
            Self::Settled => "settled",
        }
    }

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|s| s.name() == name)
    }

    /// Whether money is on its way: booked as left, and not as arrived.
    pub fn is_in_transit(self) -> bool {
        match self {
            Self::Pending | Self::Approved | Self::Sent => true,
            Self::Paid | Self::Failed | Self::Returned | Self::Settled => false,
        }
    }

    /// Where this leads. What a provider pays is sent by the engine and answered by the provider: people do not say that it arrived.
    ///
    /// # Errors
    /// What is possible instead, in words.
    pub fn after(self, act: Act, method: Method) -> Result<Self, String> {
        let by_provider = !matches!(method, Method::Bank);
        let next = match (self, act) {
            (Self::Pending, Act::Approve) => Some(if by_provider { Self::Sent } else { Self::Approved }),
            (Self::Approved, Act::Send) if !by_provider => Some(Self::Sent),
            (Self::Approved | Self::Sent, Act::Pay) if !by_provider => Some(Self::Paid),
            (Self::Sent, Act::Answer(true)) => Some(Self::Paid),
            (Self::Sent, Act::Answer(false)) => Some(Self::Failed),
            // What a provider has in hand is not taken back by a word of ours: it may still pay.
            (Self::Sent, Act::Fail) if by_provider => None,
            (Self::Pending | Self::Approved | Self::Sent, Act::Fail) => Some(Self::Failed),
            (Self::Paid, Act::Return) => Some(Self::Returned),
            (Self::Sent, Act::Return) if !by_provider => Some(Self::Returned),
            _ => None,
        };
        next.ok_or_else(|| {
            let words = match self {
                Self::Pending => "it can be approved, or be marked as failed",
                Self::Approved => "it can be marked as sent, paid or failed",
                Self::Sent if by_provider => "the provider is paying it; its answer says how it ends",
                Self::Sent => "it can be marked as paid, failed or returned",
                Self::Paid => "it can only be marked as returned",
                Self::Failed | Self::Returned => "its money goes out with the next payout",
                Self::Settled => "there was nothing to send",
            };
            format!("the payout is {}: {words}", self.name())
        })
    }
}

/// Something that is said of a payout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// It may leave.
    Approve,
    /// The bank has it.
    Send,
    /// It arrived.
    Pay,
    /// It did not leave, or was refused.
    Fail,
    /// It came back.
    Return,
    /// The provider's answer: whether it paid.
    Answer(bool),
}

/// Who pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// The platform's bank, by a file.
    Bank,
    /// A payment provider, by that name.
    Sandbox,
    /// A payment provider, by that name.
    Stripe,
    /// A payment provider, by that name.
    Razorpay,
    /// Nobody: there is nothing to pay.
    None,
}

impl Method {
    /// Every way.
    pub const ALL: &[Self] = &[Self::Bank, Self::Sandbox, Self::Stripe, Self::Razorpay, Self::None];

    /// Its name in the API; a provider's is the provider's.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bank => "bank",
            Self::Sandbox => "sandbox",
            Self::Stripe => "stripe",
            Self::Razorpay => "razorpay",
            Self::None => "none",
        }
    }

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|m| m.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTS: &[Act] =
        &[Act::Approve, Act::Send, Act::Pay, Act::Fail, Act::Return, Act::Answer(true), Act::Answer(false)];

    #[test]
    fn each_step_of_a_bank_payout() {
        use PayoutState as S;
        for (from, act, to) in [
            (S::Pending, Act::Approve, S::Approved),
            (S::Pending, Act::Fail, S::Failed),
            (S::Approved, Act::Send, S::Sent),
            (S::Approved, Act::Pay, S::Paid),
            (S::Approved, Act::Fail, S::Failed),
            (S::Sent, Act::Pay, S::Paid),
            (S::Sent, Act::Fail, S::Failed),
            (S::Sent, Act::Return, S::Returned),
            (S::Paid, Act::Return, S::Returned),
        ] {
            assert_eq!(from.after(act, Method::Bank), Ok(to), "{from:?} {act:?}");
        }
    }

    #[test]
    fn what_is_over_stays_over() {
        for method in Method::ALL {
            for act in ACTS {
                for over in [PayoutState::Failed, PayoutState::Returned, PayoutState::Settled] {
                    assert!(over.after(*act, *method).is_err(), "{over:?} {act:?}");
                }
                if *act != Act::Return {
                    assert!(PayoutState::Paid.after(*act, *method).is_err(), "{act:?}");
                }
            }
        }
    }

    #[test]
    fn nobody_says_for_a_provider_how_it_ended() {
        for act in [Act::Send, Act::Pay, Act::Fail, Act::Return] {
            assert!(PayoutState::Sent.after(act, Method::Stripe).is_err(), "{act:?}");
        }
        assert_eq!(PayoutState::Pending.after(Act::Approve, Method::Stripe), Ok(PayoutState::Sent));
        assert_eq!(PayoutState::Sent.after(Act::Answer(true), Method::Stripe), Ok(PayoutState::Paid));
        assert_eq!(PayoutState::Sent.after(Act::Answer(false), Method::Stripe), Ok(PayoutState::Failed));
        assert_eq!(PayoutState::Paid.after(Act::Return, Method::Stripe), Ok(PayoutState::Returned));
    }

    #[test]
    fn names_are_read_again() {
        assert!(PayoutState::ALL.iter().all(|s| PayoutState::parse(s.name()) == Some(*s)));
        assert!(Method::ALL.iter().all(|m| Method::parse(m.name()) == Some(*m)));
    }
}
