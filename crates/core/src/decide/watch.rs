//! Deciding under observation, for the checker: the very steps of `decide`, without the history, and with notes on the way.
//!
//! What is left out is what nothing decides on: timeline, domain events, and the status before. Everything else is the same code, so that
//! what the checker explores is what the engine does. What is not here: which commands are tried, and what the notes mean.

use super::run::{Run, Which};
use super::{Command, Context, Decision, Draft, Refusal, apply, fire, owns, place};
use crate::actor::Actor;
use crate::order::Order;
use crate::workflow::guard::{Subject, Value};
use crate::workflow::{Party, Transition};

/// Names a transition or a list of them for as long as the workflow is in memory.
pub(crate) fn address<T>(of: *const T) -> usize {
    of.addr()
}

/// What is assumed of the order, and what was seen on the way of one command.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    /// What is answered to guards, whatever the order says: what explored orders do not vary by themselves.
    pub assume: Vec<(Subject, Value)>,
    /// Transitions in the order in which they were taken.
    pub taken: Vec<(Which, usize)>,
    /// Events that arrived: the transition that sent them, and which of its events.
    pub delivered: Vec<(usize, usize)>,
    /// Events that were ignored: the same, and the machine that ignored them.
    pub dropped: Vec<(usize, usize, Which)>,
    /// The event that could not be taken, so that the command was refused: the same.
    pub failed: Option<(usize, usize, Which)>,
    /// Lists of which more than one transition could be taken, with those that could.
    pub choices: Vec<Choice>,
}

/// A list of transitions that are tried in order, and which of them could be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Choice {
    /// The list.
    pub list: usize,
    /// Those that are for whoever fires: one bit each.
    pub open: u32,
    /// Those whose guards hold.
    pub hold: u32,
}

impl Watch {
    /// What is assumed of a subject of guards.
    pub fn assumed(&self, subject: Subject) -> Option<&Value> {
        self.assume.iter().find(|(known, _)| *known == subject).map(|(_, value)| value)
    }

    /// Notes what became of an event for a coupled machine; of refusals, the innermost.
    pub(super) fn sent(&mut self, transition: usize, n: usize, to: Which, arrived: &Result<bool, Refusal>) {
        match arrived {
            Ok(true) => self.delivered.push((transition, n)),
            Ok(false) => self.dropped.push((transition, n, to)),
            Err(_) if self.failed.is_none() => self.failed = Some((transition, n, to)),
            Err(_) => {}
        }
    }

    /// Forgets what was seen.
    pub fn clear(&mut self) {
        self.taken.clear();
        self.delivered.clear();
        self.dropped.clear();
        self.failed = None;
        self.choices.clear();
    }
}

/// Decides like `decide`.
pub(crate) fn watched<'c>(
    order: &Order,
    command: &Command,
    actor: &Actor,
    context: &mut Context<'c>,
    watch: &mut Watch,
) -> Result<Decision, Refusal> {
    let mut run = Run::fresh(order.clone(), actor, context);
    run.watch = Some(watch);
    apply(&mut run, command)?;
    run.finish()
}

/// Places like `place`.
pub(crate) fn placed(
    draft: Draft,
    actor: &Actor,
    context: &mut Context<'_>,
    watch: &mut Watch,
) -> Result<Decision, Refusal> {
    place::place_watched(draft, actor, context, Some(watch))
}

/// An event that an actor could fire now, at one machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer {
    /// Which of the actors.
    pub actor: usize,
    /// The event, by its place in the caller's sorted list.
    pub event: usize,
    /// The machine that would take it.
    pub which: Which,
    /// What would be taken.
    pub transition: usize,
    /// Whether the item's other machine would take it, too.
    pub twice: bool,
}

/// Every event that one of the actors could fire now, with the machine and the transition that `decide` would choose for it; a required
/// field is taken to be given. Lists with several open transitions are noted in `watch`. An event that is not in the sorted list
/// `events` is passed over.
pub(crate) fn offers(
    order: &Order,
    events: &[&str],
    actors: &[Actor],
    context: &mut Context<'_>,
    watch: &mut Watch,
) -> Result<Vec<Offer>, Refusal> {
    let Some(first) = actors.first() else { return Ok(Vec::new()) };
    let mut run = Run::fresh(order.clone(), first, context);
    run.watch = Some(watch);
    let mut out = Vec::new();
    for (n, actor) in actors.iter().enumerate() {
        run.actor = actor;
        of_payment(&mut run, n, events, &mut out)?;
        let parties = run.parties(Which::Item(0));
        for i in 0..run.order.items.len() {
            if owns(actor, run.order.items[i].merchant_id) {
                of_line(&mut run, (n, i), &parties, events, &mut out)?;
            }
        }
    }
    Ok(out)
}

fn of_payment(run: &mut Run<'_, '_>, actor: usize, events: &[&str], out: &mut Vec<Offer>) -> Result<(), Refusal> {
    let parties = run.parties(Which::Payment);
    let Some(state) = run.state(Which::Payment)? else { return Ok(()) };
    for (name, list) in &state.on {
        if let Some(transition) = choose(run, Which::Payment, list, &parties)
            && !fire::item_machines_let(run, name)
            && let Ok(event) = events.binary_search(&name.as_str())
        {
            out.push(Offer { actor, event, which: Which::Payment, transition, twice: false });
        }
    }
    Ok(())
}

fn of_line(
    run: &mut Run<'_, '_>,
    (actor, line): (usize, usize),
    parties: &[Party],
    events: &[&str],
    out: &mut Vec<Offer>,
) -> Result<(), Refusal> {
    let begin = out.len();
    for which in [Which::Item(line), Which::Merchant(line)] {
        let Some(state) = run.state(which)? else { continue };
        for (name, list) in &state.on {
            let Some(transition) = choose(run, which, list, parties) else { continue };
            let Ok(event) = events.binary_search(&name.as_str()) else { continue };
            match out[begin..].iter_mut().find(|offer| offer.event == event) {
                Some(offer) => offer.twice = true,
                None => out.push(Offer { actor, event, which, transition, twice: false }),
            }
        }
    }
    Ok(())
}

/// The transition of the list that is taken for these parties.
fn choose(run: &mut Run<'_, '_>, which: Which, list: &[Transition], parties: &[Party]) -> Option<usize> {
    let open = |t: &Transition| t.by.iter().any(|p| parties.contains(p));
    if list.len() > 1 {
        run.note_choice(which, list, open);
    }
    list.iter().filter(|t| open(t)).find(|t| run.guard_holds(which, t)).map(|t| address(t))
}

impl Run<'_, '_> {
    /// Notes which transitions of a list could be taken; those beyond the 32nd are not looked at.
    pub(super) fn note_choice(&mut self, which: Which, list: &[Transition], open: impl Fn(&Transition) -> bool) {
        if self.watch.is_none() || list.len() < 2 {
            return;
        }
        let mut choice = Choice { list: address(list.as_ptr()), open: 0, hold: 0 };
        for (n, transition) in list.iter().enumerate().take(32).filter(|(_, t)| open(t)) {
            choice.open |= 1 << n;
            if self.guard_holds(which, transition) {
                choice.hold |= 1 << n;
            }
        }
        if let Some(watch) = self.watch.as_deref_mut() {
            watch.choices.push(choice);
        }
    }
}
