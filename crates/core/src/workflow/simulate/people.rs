//! The people around an order, as far as a simulation needs them: who may act in a state, what they do there, and when, or never.

use super::random::Random;
use super::scenario::{Delay, Scenario};
use super::{Drawn, Map, Part};
use crate::actor::{Actor, Role};
use crate::id::{CustomerId, MerchantId};
use crate::time::Span;
use crate::workflow::{Action, Party};

/// What somebody decided to do about a state.
#[derive(Clone, Debug, PartialEq)]
pub struct Intent {
    /// The event.
    pub event: String,
    /// Who fires it.
    pub party: Party,
    /// After how long.
    pub after: Span,
    /// Whether the event books money from outside, and is a command of its own.
    pub books_money: bool,
}

/// What is done in that state: nothing when nobody may act there, or when nobody shows up.
///
/// The events with a rate are drawn one after the other; if none comes, it is the event of the happy path, and where the happy path fires none, the first
/// of those without a rate that do not cancel. Cancelling is drawn for the whole order, not state by state.
pub fn intent(map: &Map<'_>, scenario: &Scenario, part: Part, state: usize, random: &mut Random) -> Option<Intent> {
    let drawn = map.part(part)?;
    let cancel = map.workflow.cancel_event.as_deref();
    let of_state = || drawn.transitions.iter().filter(|(e, t)| e.from == state && !t.by.is_empty());
    let named = |event: &str| of_state().find(|(e, _)| e.event.as_deref() == Some(event));
    let rated = scenario.rates.iter().find(|(event, rate)| named(event).is_some() && random.chance(**rate));
    let usual = || {
        let unrated = |event: &Option<String>| event.as_ref().is_none_or(|e| !scenario.rates.contains_key(e));
        let cancels = |to: usize| drawn.machine.states[to].has("cancelled");
        let open = || of_state().filter(|(e, _)| unrated(&e.event) && e.event.as_deref() != cancel && !cancels(e.to));
        // Who waits for a bank transfer waits for it; who was declined tries again.
        let awaits = drawn.machine.states[state].has("awaiting");
        let likely = || open().find(|(e, _)| part == Part::Payment && enters_money(drawn, e.to) == awaits);
        of_state().find(|(e, _)| e.happy && unrated(&e.event)).or_else(likely).or_else(|| open().next())
    };
    let (edge, transition) = match rated {
        Some((event, _)) => named(event),
        None => usual(),
    }?;
    // On the way through, the item goes on by itself: staff need not help.
    let automatic = drawn.transitions.iter().any(|(e, _)| e.from == state && e.happy && e.event.is_none());
    if rated.is_none() && automatic && part == Part::Item {
        return None;
    }
    let party = transition.by.iter().find(|p| **p != Party::Import).or(transition.by.first())?;
    let no_show = scenario.no_shows.get(party.name()).copied().unwrap_or(scenario.no_show);
    if random.chance(no_show) {
        return None;
    }
    let event = edge.event.clone()?;
    let after = scenario.delay(&event, scenario.act).draw(random);
    let books_money = part == Part::Payment && enters_money(drawn, edge.to);
    Some(Intent { event, party: *party, after, books_money })
}

fn enters_money(drawn: &Drawn<'_>, state: usize) -> bool {
    drawn.machine.states[state].entry.contains(&Action::RecordPayment)
}

/// Whether, and after how long, the order is to be cancelled.
pub fn cancel(scenario: &Scenario, random: &mut Random) -> Option<Span> {
    let soon = Delay::Between(Span::ZERO, Span::seconds(3 * 86_400));
    random.chance(scenario.cancel).then(|| scenario.delay("cancel", soon).draw(random))
}

/// Whether, after how long from the capture, and in which part (0 to 1; 1 is all) the order is refunded.
pub fn refund(scenario: &Scenario, random: &mut Random) -> Option<(Span, f64)> {
    let later = Delay::Between(Span::seconds(86_400), Span::seconds(20 * 86_400));
    random.chance(scenario.refund).then(|| {
        let after = scenario.delay("refund", later).draw(random);
        let part = if random.chance(0.5) { 1.0 } else { 0.1 + 0.8 * random.unit() };
        (after, part)
    })
}

/// Somebody of that party; merchants are the item's own.
pub fn actor(party: Party, merchant: MerchantId) -> Actor {
    let (role, import) = match party {
        Party::Operator => (Role::Admin, false),
        Party::Retailer => (Role::Retailer, false),
        Party::Merchant => (Role::Merchant, false),
        Party::Customer => (Role::Customer, false),
        Party::Import => (Role::Admin, true),
    };
    Actor {
        role,
        merchant: (role == Role::Merchant).then_some(merchant),
        customer: (role == Role::Customer).then_some(CustomerId(1)),
        party: None,
        channel: None,
        id: role.name().to_owned(),
        import,
    }
}
