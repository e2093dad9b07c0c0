//! What is simulated: how many orders, which chances, which delays; and what a scenario may not say.

use std::collections::BTreeMap;
use std::fmt;

use super::random::Random;
use crate::time::Span;
use crate::workflow::{Effect, Machine, Party, Policy, Workflow};

/// A scenario. Chances are from 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// How many orders.
    pub orders: u64,
    /// What everything is drawn from.
    pub seed: u64,
    /// The time over which the orders come in, evenly at random.
    pub over: Span,
    /// When the simulation ends, from its beginning; none: when nothing moves any more.
    pub until: Option<Span>,
    /// The most lines of an order.
    pub lines: i64,
    /// The chance that an order waits for money from outside.
    pub offline: f64,
    /// The chance that the provider declines a verification, an authorisation or a charge.
    pub decline: f64,
    /// The same for one effect, by its name: `payment.capture`.
    pub declines: BTreeMap<String, f64>,
    /// The chance that an answer of the provider is lost at first.
    pub doubt: f64,
    /// The chance that whoever could act in a state never does.
    pub no_show: f64,
    /// The same for one party, by its name: `merchant`.
    pub no_shows: BTreeMap<String, f64>,
    /// The chance that an order is to be cancelled, at a time of its own.
    pub cancel: f64,
    /// The chance that staff refunds an order once it is paid, all of it or a part.
    pub refund: f64,
    /// The chance that in a state that knows this event somebody fires it instead of what usually comes next.
    pub rates: BTreeMap<String, f64>,
    /// How long it takes until an event is fired, an effect answers, `cancel`, `refund` or `doubt` (how long an answer is lost).
    pub delays: BTreeMap<String, Delay>,
    /// How long people take where nothing else is said.
    pub act: Delay,
    /// How long effects take where nothing else is said.
    pub answer: Delay,
    /// The channel's times, by the name that they have in files: `return_window`.
    pub windows: BTreeMap<String, Span>,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            orders: 1_000,
            seed: 1,
            over: Span::seconds(30 * DAY),
            until: None,
            lines: 3,
            offline: 0.0,
            decline: 0.05,
            declines: BTreeMap::new(),
            doubt: 0.0,
            no_show: 0.02,
            no_shows: BTreeMap::new(),
            cancel: 0.03,
            refund: 0.04,
            rates: BTreeMap::new(),
            delays: BTreeMap::new(),
            act: Delay::Between(Span::seconds(3_600), Span::seconds(2 * DAY)),
            answer: Delay::Between(Span::seconds(1), Span::seconds(5)),
            windows: BTreeMap::new(),
        }
    }
}

const DAY: i64 = 86_400;

/// How long something takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// Always as long: `2d`.
    Fixed(Span),
    /// Evenly between the two: `2d..5d`.
    Between(Span, Span),
    /// Mostly short and now and then very long, on average that (exponentially distributed): `~2d`.
    About(Span),
}

impl Delay {
    /// Reads `2d`, `2d..5d`, `~2d`.
    pub fn parse(text: &str) -> Option<Self> {
        let span = |text: &str| Span::parse(text.trim());
        if let Some(mean) = text.trim().strip_prefix('~') {
            return span(mean).map(Self::About);
        }
        match text.split_once("..") {
            Some((low, high)) => {
                let (low, high) = (span(low)?, span(high)?);
                (low <= high).then_some(Self::Between(low, high))
            }
            None => span(text).map(Self::Fixed),
        }
    }

    pub(super) fn draw(self, random: &mut Random) -> Span {
        match self {
            Self::Fixed(span) => span,
            Self::Between(low, high) => Span(random.within(low.0, high.0)),
            Self::About(mean) => {
                let drawn = -(1.0 - random.unit()).ln() * mean.0 as f64;
                Span((drawn as i64).clamp(0, Span::MAX.0))
            }
        }
    }
}

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(span) => span.fmt(f),
            Self::Between(low, high) => write!(f, "{low}..{high}"),
            Self::About(mean) => write!(f, "~{mean}"),
        }
    }
}

/// Why a scenario cannot be simulated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It has no payment and is never placed.
    #[error("`{0}` is the merchant's side of another workflow; simulate the workflow that names it as its partner")]
    MerchantSide(String),
    /// A name that the lifecycle does not have.
    #[error("{field}: the workflow has no {what} `{name}`; it has {}", known.join(", "))]
    Unknown {
        /// Of the scenario.
        field: &'static str,
        /// Which kind of name.
        what: &'static str,
        /// As given.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A number out of its range.
    #[error("{field} must be {must}")]
    Range {
        /// Of the scenario.
        field: &'static str,
        /// What is right.
        must: &'static str,
    },
}

impl Scenario {
    /// Refuses names that the lifecycle does not have, and chances that are none: a slip would otherwise simulate something else.
    pub(super) fn check(&self, workflow: &Workflow, partner: Option<&Workflow>) -> Result<(), Fault> {
        let machines =
            || [Some(&workflow.item), workflow.payment.as_ref(), partner.map(|p| &p.item)].into_iter().flatten();
        let mut events: Vec<String> = machines().flat_map(fired).collect();
        let mut effects: Vec<String> = machines()
            .flat_map(|m| &m.states)
            .filter_map(|s| s.invoke.as_ref())
            .map(|i| i.effect.name().to_owned())
            .collect();
        effects.push(Effect::Refund.name().to_owned());
        for list in [&mut events, &mut effects] {
            list.sort();
            list.dedup();
        }
        let own: Vec<String> = ["cancel", "refund", "doubt"].map(str::to_owned).to_vec();
        let delays: Vec<String> = events.iter().chain(&effects).chain(&own).cloned().collect();
        let parties: Vec<String> = Party::ALL.iter().map(|(n, _)| (*n).to_owned()).collect();
        // The end of a hold is the provider's, not the channel's.
        let channels = Policy::ALL.iter().filter(|(_, policy)| *policy != Policy::AuthorisationEnds);
        let policies: Vec<String> = channels.map(|(n, _)| (*n).to_owned()).collect();
        known("decline", "effect", self.declines.keys(), &effects)?;
        known("no-show", "party", self.no_shows.keys(), &parties)?;
        known("rate", "event that somebody fires", self.rates.keys(), &events)?;
        known("delay", "event or effect", self.delays.keys(), &delays)?;
        known("window", "time of the channel", self.windows.keys(), &policies)?;
        let single = [
            ("offline", self.offline),
            ("decline", self.decline),
            ("doubt", self.doubt),
            ("no-show", self.no_show),
            ("cancel", self.cancel),
            ("refund", self.refund),
        ];
        let lists = [("decline", &self.declines), ("no-show", &self.no_shows), ("rate", &self.rates)];
        let all = single.into_iter().chain(lists.into_iter().flat_map(|(f, m)| m.values().map(move |v| (f, *v))));
        for (field, chance) in all {
            if !(0.0..=1.0).contains(&chance) {
                return Err(Fault::Range { field, must: "between 0% and 100%" });
            }
        }
        match self {
            _ if self.orders == 0 => Err(Fault::Range { field: "orders", must: "at least 1" }),
            _ if !(1..=20).contains(&self.lines) => Err(Fault::Range { field: "lines", must: "between 1 and 20" }),
            _ => Ok(()),
        }
    }

    /// How long the thing of that name takes.
    pub(super) fn delay(&self, name: &str, otherwise: Delay) -> Delay {
        self.delays.get(name).copied().unwrap_or(otherwise)
    }

    /// A time of the channel.
    pub(super) fn window(&self, policy: Policy, otherwise: Span) -> Span {
        let name = Policy::ALL.iter().find(|(_, p)| *p == policy).map_or("", |(n, _)| n);
        self.windows.get(name).copied().unwrap_or(otherwise)
    }
}

/// Events that somebody may fire in some state.
fn fired(machine: &Machine) -> Vec<String> {
    let states = machine.states.iter().flat_map(|s| &s.on);
    states.filter(|(_, ts)| ts.iter().any(|t| !t.by.is_empty())).map(|(event, _)| event.clone()).collect()
}

fn known<'n>(
    field: &'static str,
    what: &'static str,
    names: impl Iterator<Item = &'n String>,
    known: &[String],
) -> Result<(), Fault> {
    for name in names {
        if !known.contains(name) {
            return Err(Fault::Unknown { field, what, name: name.clone(), known: known.to_vec() });
        }
    }
    Ok(())
}
