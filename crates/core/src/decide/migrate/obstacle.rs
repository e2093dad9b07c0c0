//! Why an order cannot go on in another version: each reason with what it is about, and what would help.

use crate::decide::Refusal;
use crate::time::Timestamp;

/// What stands in the way of an order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// It runs another version by now.
    #[error("the order runs version {version}, not the one that this migration is from")]
    OtherVersion {
        /// Which.
        version: String,
    },
    /// Its document and its own version disagree.
    #[error("{machine} is in `{state}`, which its own version does not have")]
    UnknownState {
        /// Which machine.
        machine: String,
        /// The state.
        state: String,
    },
    /// The map leads nowhere.
    #[error("{machine} is in `{state}`, and the new version has no such state; say in the map where it goes")]
    Unmapped {
        /// Which machine.
        machine: String,
        /// The state.
        state: String,
    },
    /// The new version has no such machine.
    #[error("{machine}: the new version has no machine for it")]
    MachineGone {
        /// Which machine.
        machine: String,
    },
    /// An effect runs, and the new state would not take its outcome.
    #[error(
        "{machine} waits for the outcome of {effect}; `{state}` does not, so the outcome would be lost; map it to a state that invokes {effect}"
    )]
    EffectLost {
        /// Which machine.
        machine: String,
        /// The running effect.
        effect: &'static str,
        /// The new state.
        state: String,
    },
    /// The new state waits for an effect that nobody runs.
    #[error("{machine} would wait in `{state}` for {effect}, which nobody runs; map it to a state without an invoke")]
    EffectMissing {
        /// Which machine.
        machine: String,
        /// The effect that the state waits for.
        effect: &'static str,
        /// The new state.
        state: String,
    },
    /// The units would be promised and free at once, or held for nobody.
    #[error(
        "{machine}: {quantity} of {sku} {are}, but in `{state}` of the new version they never are: the reservation would {harm}"
    )]
    Reservation {
        /// Which machine.
        machine: String,
        /// Of which offer.
        sku: String,
        /// Units.
        quantity: i64,
        /// What they are.
        are: &'static str,
        /// The new state.
        state: String,
        /// What would come of it.
        harm: &'static str,
    },
    /// The two machines of an item would stand where they never stand together.
    #[error(
        "{machine} would be in `{state}` while its merchant's side {merchant}: the new version never has the two together"
    )]
    Apart {
        /// Which machine.
        machine: String,
        /// The new state.
        state: String,
        /// Where the merchant's side would be.
        merchant: String,
    },
    /// The money would be where the new version does not look for it.
    #[error("{machine}: {amount} {was}, but in `{state}` of the new version it never is: the money would be stranded")]
    Money {
        /// Which machine.
        machine: String,
        /// Shown with its currency.
        amount: String,
        /// What became of it.
        was: &'static str,
        /// The new state.
        state: String,
    },
    /// The new state says something that did not happen, or no longer says what did.
    #[error(
        "{machine}: `{from}` is {tag_from}, `{to}` is {tag_to}; a migration moves names, not facts: fire the event that makes it so"
    )]
    Fact {
        /// Which machine.
        machine: String,
        /// The old state.
        from: String,
        /// What it says.
        tag_from: String,
        /// The new state.
        to: String,
        /// What that would say.
        tag_to: String,
    },
    /// No final state can be reached from there.
    #[error("{machine} would be in `{state}`, from which no final state can be reached")]
    NoWayOut {
        /// Which machine.
        machine: String,
        /// The new state.
        state: String,
    },
    /// Nobody could move it any more.
    #[error(
        "{machine} would be in `{state}`, where nothing on this order can move it: no event, no timer, no running effect"
    )]
    Stuck {
        /// Which machine.
        machine: String,
        /// The new state.
        state: String,
    },
    /// A running timer would be gone.
    #[error(
        "{machine}: the timer that is over at {due} has no counterpart in `{state}`; map it with timers = \"drop\", or to a state with a timer"
    )]
    TimerLost {
        /// Which machine.
        machine: String,
        /// When it would have been over.
        due: Timestamp,
        /// The new state.
        state: String,
    },
    /// It would not stay where the map puts it.
    #[error("{machine} would go on at once from `{from}` to `{to}`; say go_on = true in the map if that is meant")]
    GoesOn {
        /// Which machine.
        machine: String,
        /// The new state.
        from: String,
        /// Where it would go.
        to: String,
    },
    /// It moved since the migration that is to be undone.
    #[error("{machine} has moved since")]
    Moved {
        /// Which machine.
        machine: String,
    },
    /// The rules refuse what follows.
    #[error("what follows is refused: {0}")]
    Refused(Refusal),
}

impl Obstacle {
    /// A stable word for programs and for counting.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OtherVersion { .. } => "other_version",
            Self::UnknownState { .. } => "unknown_state",
            Self::Unmapped { .. } => "unmapped_state",
            Self::MachineGone { .. } => "machine_gone",
            Self::EffectLost { .. } => "running_effect",
            Self::EffectMissing { .. } => "effect_not_running",
            Self::Reservation { .. } => "reservation",
            Self::Apart { .. } => "machines_apart",
            Self::Money { .. } => "money",
            Self::Fact { .. } => "fact",
            Self::NoWayOut { .. } => "no_way_out",
            Self::Stuck { .. } => "stuck",
            Self::TimerLost { .. } => "timer_lost",
            Self::GoesOn { .. } => "goes_on",
            Self::Moved { .. } => "moved",
            Self::Refused(_) => "refused",
        }
    }
}
