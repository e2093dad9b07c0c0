//! What the explored joint states mean: findings with their places, each with a shortest way that shows it.
//!
//! One finding for each rule and place, from the shape that shows it in the fewest steps. What can only be said when everything was
//! explored (never taken, never ends) is not said when a limit ended the search.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::mem::discriminant;

use crate::decide::watch::address;
use crate::workflow::code::Code;
use crate::workflow::complaint::Complaint;
use crate::workflow::model::State;
use crate::workflow::validate::graph::Cause;

use super::atlas::{Atlas, Entry, Scope, scope_key};
use super::ground::Ground;
use super::search::{Explored, Spot};
use super::sight::Sight;
use super::step::Step;
use super::words::Teller;

/// The most pairs that can never end that one file is told about; mending one often mends the others.
const MAX_STUCK: usize = 5;

/// What was found, by the file in which it stands.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub of_order: Vec<Complaint>,
    pub of_merchant: Vec<Complaint>,
    /// The merchant's transitions and states that this order's workflow never uses; another one may.
    pub unused: Vec<Complaint>,
}

/// Two transitions of a list: whether only the first, only the second, or both could be taken; and where both could.
type Pair = ([bool; 3], Option<(usize, u32)>);

/// Names a finding among those of one check: a rule at a place.
type Place = (Scope, usize, String);

struct Judge<'j, 'w> {
    ground: &'j Ground<'w>,
    atlas: Atlas<'w>,
    explored: &'j [Explored],
    found: BTreeMap<(Code, Place), Complaint>,
}

/// Judges what was explored of one order's workflow with its partner.
pub(super) fn judge(ground: &Ground<'_>, explored: &[Explored]) -> Judged {
    let atlas = Atlas::new(ground.workflow, ground.partner);
    let mut judge = Judge { ground, atlas, explored, found: BTreeMap::new() };
    for explored in explored {
        judge.ways(explored);
        judge.sights(explored);
    }
    judge.drops();
    judge.choices();
    let mut out = Judged::default();
    // Behind what was not walked may be anything.
    if explored.iter().all(Explored::is_whole) {
        for explored in explored {
            judge.stuck(explored);
        }
        judge.coverage(&mut out.unused);
        judge.given_back();
    }
    for ((_, (scope, ..)), complaint) in judge.found {
        match scope {
            Scope::Payment | Scope::Item => out.of_order.push(complaint),
            Scope::Merchant => out.of_merchant.push(complaint),
        }
    }
    out
}

impl<'w> Judge<'_, 'w> {
    /// Keeps the finding unless a shorter way shows the same.
    fn find(&mut self, code: Code, place: Place, line: usize, message: String, trace: Vec<String>) {
        let path = format!("{}.{}", scope_key(place.0), place.2);
        let complaint = Complaint::on_line(code, line, path, message).shown_by(trace);
        let known = self.found.entry((code, place)).or_insert_with(|| complaint.clone());
        if complaint.trace.len() < known.trace.len() {
            *known = complaint;
        }
    }

    fn state(&self, scope: Scope, state: usize) -> Option<&'w State> {
        let ground = self.ground;
        let machine = match scope {
            Scope::Payment => ground.payment.as_ref()?.machine,
            Scope::Item => ground.item.machine,
            Scope::Merchant => ground.merchant.as_ref()?.machine,
        };
        machine.states.get(state)
    }

    fn at_state(&mut self, code: Code, scope: Scope, at: usize, message: String, trace: Vec<String>) {
        let Some(state) = self.state(scope, at) else { return };
        self.find(code, (scope, at, format!("states.{}", state.name)), state.line, message, trace);
    }

    fn at_transition(&mut self, code: Code, of: usize, key: &str, message: String, trace: Vec<String>) {
        let Some(entry) = self.atlas.at(of) else { return };
        let place = (entry.scope, entry.state, format!("{}{key}", entry.path));
        let line = entry.transition.line;
        self.find(code, place, line, message, trace);
    }

    /// What happened on the ways: commands that do not rest, events that are refused, sums that do not agree.
    fn ways(&mut self, explored: &Explored) {
        let teller = Teller::new(explored, self.ground);
        for (spot, round) in &explored.seen.endless {
            // In the order of the files: where they are in memory is chance.
            let mut states: Vec<(Scope, usize)> =
                round.iter().filter_map(|of| self.atlas.at(*of)).map(|entry| (entry.scope, entry.state)).collect();
            states.sort_unstable();
            states.dedup();
            let Some(&(scope, state)) = states.first() else { continue };
            let names: Vec<&str> = states.iter().map(|(scope, state)| self.name(*scope, *state)).collect();
            let message = format!(
                "goes round by itself without end, through {}; let an event or a guard break the round",
                names.join(", ")
            );
            let trace = teller.way_and(*spot, "never comes to rest");
            self.at_state(Code::EndlessCycle, scope, state, message, trace);
        }
        for (&(of, n, partner), spot) in &explored.seen.failed {
            let Some((sent, whose, stands)) = self.sent(of, n, partner) else { continue };
            let message = format!(
                "`{sent}` is refused, since {whose} is {stands} and does not take it; so whoever starts this is refused, too"
            );
            let trace = teller.way_and(*spot, &format!("refused, because {whose} is {stands}"));
            self.at_transition(Code::FailingSend, of, ".send", message, trace);
        }
        for (spot, wrong) in &explored.seen.broken {
            let message = format!("{wrong}. This is a fault of Orderwright: please report it");
            let trace = teller.way_and(*spot, "does not add up");
            let initial = self.ground.item.machine.initial;
            self.at_state(Code::BrokenInvariant, Scope::Item, initial, message, trace);
        }
    }

    /// An event that was sent, the machine that it was sent to, and where that stands.
    fn sent(&self, of: usize, n: usize, partner: Option<usize>) -> Option<(String, &'static str, String)> {
        let entry = self.atlas.at(of)?;
        let send = entry.transition.send.get(n)?;
        let (scope, key, whose) = match entry.scope {
            Scope::Merchant => (Scope::Item, "item", "the item's machine"),
            Scope::Item | Scope::Payment => (Scope::Merchant, "merchant", "the merchant's machine"),
        };
        let stands = match partner.and_then(|state| self.state(scope, state)) {
            Some(state) => format!("in `{}`", state.name),
            None => "not there yet".to_owned(),
        };
        Some((format!("{key}.{}", send.event), whose, stands))
    }

    /// What joint states show by themselves, where it begins: those that only inherit a fault are not told apart.
    fn sights(&mut self, explored: &Explored) {
        let teller = Teller::new(explored, self.ground);
        let found: Vec<Option<Spot>> = explored.nodes.iter().map(|node| Some((node.parent, node.step))).collect();
        let unrefused = unrefused_ways(explored);
        let of_kind = |sight: Sight| {
            let alike = explored.sights.iter().filter(move |(other, _)| discriminant(*other) == discriminant(&sight));
            alike.flat_map(|(_, nodes)| nodes.iter().copied()).collect::<BTreeSet<u32>>()
        };
        for (&sight, nodes) in &explored.sights {
            let Some((code, scope, state, what)) = fault(sight) else { continue };
            if code == Code::ShippedUnpaid && self.ground.workflow.credit {
                continue;
            }
            // A provider that refuses to give money back is nobody's fault here, and somebody is told.
            let ways =
                if matches!(code, Code::MoneyStranded | Code::FinalStateHoldsMoney) { &unrefused } else { &found };
            let inherited = of_kind(sight);
            let begins = |n: &&u32| {
                let before = ways[**n as usize].map(|(before, _)| before);
                before.is_some_and(|before| before == **n || !inherited.contains(&before))
            };
            if let Some(&n) = nodes.iter().find(begins) {
                let trace = teller.tell(steps(explored, ways, n).into_iter());
                self.at_state(code, scope, state, what.to_owned(), trace);
            }
        }
    }

    /// Events with `?` that were ignored where that says something.
    fn drops(&mut self) {
        let explored = self.explored;
        let arrived: BTreeSet<(usize, usize)> =
            explored.iter().flat_map(|e| e.seen.delivered.keys().copied()).collect();
        for explored in explored {
            let teller = Teller::new(explored, self.ground);
            for (&(of, n, partner), spot) in &explored.seen.dropped {
                let Some(entry) = self.atlas.at(of) else { continue };
                let to = if entry.scope == Scope::Merchant { Scope::Item } else { Scope::Merchant };
                let goes_on = partner.and_then(|state| self.state(to, state)).is_some_and(|state| !state.is_final);
                if !goes_on && arrived.contains(&(of, n)) {
                    continue;
                }
                let Some((sent, whose, stands)) = self.sent(of, n, partner) else { continue };
                let message = match goes_on {
                    true => format!(
                        "`{sent}` is ignored while {whose} is {stands}, which is not final: it is not told, and goes on"
                    ),
                    false => format!("`{sent}` is always ignored: no joint state in which it is sent takes it"),
                };
                let trace = teller.way_and(*spot, &format!("`{sent}` is ignored, because {whose} is {stands}"));
                self.at_transition(Code::SilentDrop, of, ".send", message, trace);
            }
        }
    }

    /// Lists in which only the order of the file says what is taken.
    fn choices(&mut self) {
        let mut pairs: BTreeMap<(usize, usize, usize), Pair> = BTreeMap::new();
        for (n, explored) in self.explored.iter().enumerate() {
            for (choice, &at) in &explored.seen.choices {
                for first in (0..32).filter(|first| choice.open >> first & 1 == 1) {
                    for second in (first + 1..32).filter(|second| choice.open >> second & 1 == 1) {
                        let (a, b) = (choice.hold >> first & 1 == 1, choice.hold >> second & 1 == 1);
                        let (seen, both) = pairs.entry((choice.list, first, second)).or_default();
                        seen[0] |= a && !b;
                        seen[1] |= b && !a;
                        seen[2] |= a && b;
                        if a && b && both.is_none() {
                            *both = Some((n, at));
                        }
                    }
                }
            }
        }
        for ((list, first, second), (seen, both)) in pairs {
            let (Some(one), Some(other)) = (self.atlas.after(list, first), self.atlas.after(list, second)) else {
                continue;
            };
            let same = one.transition.target == other.transition.target;
            let Some((n, at)) = both.filter(|_| seen == [true; 3] && !same) else { continue };
            let target = |entry: &Entry<'_>| entry.machine.states[entry.transition.target].name.clone();
            let message = format!(
                "this and the one to `{}` before it can both be taken, and neither is the special case of the other: say in this guard that the other does not hold",
                target(one)
            );
            let of = address(other.transition);
            let trace = Teller::new(&self.explored[n], self.ground).way(at);
            self.at_transition(Code::AmbiguousTransition, of, "", message, trace);
        }
        for explored in self.explored {
            let teller = Teller::new(explored, self.ground);
            for (&(event, item, merchant), &at) in &explored.seen.twice {
                let Some(name) = teller.event(event) else { continue };
                let Some(state) = self.state(Scope::Item, item) else { continue };
                let with = self.state(Scope::Merchant, merchant).map_or("", |s| s.name.as_str());
                let message = format!(
                    "while the merchant's machine is in `{with}`, the same person can fire `{name}` at both machines of the item, and this one takes it"
                );
                let (line, path) = (state.line, format!("states.{}.on.{name}", state.name));
                let trace = teller.way(at);
                self.find(Code::AmbiguousTransition, (Scope::Item, item, path), line, message, trace);
            }
        }
    }

    /// Joint states from which nothing leads to an end, where the way there loses it.
    fn stuck(&mut self, explored: &Explored) {
        let ends = ending(explored);
        let teller = Teller::new(explored, self.ground);
        let mut told: BTreeSet<Vec<u16>> = BTreeSet::new();
        for (n, node) in explored.nodes.iter().enumerate() {
            let lost_here = node.parent as usize == n || ends[node.parent as usize];
            if ends[n] || !lost_here {
                continue;
            }
            let places = &node.places;
            // The line that cannot rest, or the first if it is the payment that cannot.
            let open = (0..places.len() / 2).find(|&line| !self.line_rests(places, line)).unwrap_or(0);
            let Some(pair) = places.get(1 + 2 * open..3 + 2 * open) else { continue };
            if !told.insert(vec![places[0], pair[0], pair[1]]) || told.len() > MAX_STUCK {
                continue;
            }
            let mut where_all = vec![format!("item in `{}`", self.name(Scope::Item, usize::from(pair[0])))];
            if pair[1] > 0 {
                where_all.push(format!("merchant side in `{}`", self.name(Scope::Merchant, usize::from(pair[1]) - 1)));
            }
            where_all.push(format!("payment in `{}`", self.name(Scope::Payment, usize::from(places[0]))));
            let message = format!(
                "{}: nothing that anybody, the provider or the clock can do leads to an end of them all",
                where_all.join(", ")
            );
            let trace = teller.way(u32::try_from(n).unwrap_or(u32::MAX));
            let state = usize::from(pair[0]);
            let Some(line) = self.state(Scope::Item, state).map(|s| s.line) else { continue };
            // One finding for each joint state, at the item's state.
            let path = format!("states.{}", self.name(Scope::Item, state));
            let key = (Scope::Item, (usize::from(places[0]) << 32) | (usize::from(pair[1]) << 16) | state, path);
            self.find(Code::StuckPair, key, line, message, trace);
        }
    }

    fn name(&self, scope: Scope, state: usize) -> &'w str {
        self.state(scope, state).map_or("", |s| s.name.as_str())
    }

    fn line_rests(&self, places: &[u16], line: usize) -> bool {
        let item = self.state(Scope::Item, usize::from(places[1 + 2 * line])).is_some_and(|s| s.is_final);
        let merchant = usize::from(places[2 + 2 * line]).checked_sub(1);
        item && merchant.is_none_or(|state| self.state(Scope::Merchant, state).is_some_and(|s| s.is_final))
    }

    /// States that no order is ever in, and transitions that none ever takes.
    fn coverage(&mut self, unused: &mut Vec<Complaint>) {
        let taken: BTreeSet<usize> = self.explored.iter().flat_map(|e| e.seen.taken.keys().copied()).collect();
        let mut visited: BTreeSet<(Scope, usize)> = BTreeSet::new();
        visited.insert((Scope::Item, self.ground.item.machine.initial));
        visited.extend(self.ground.payment.iter().map(|part| (Scope::Payment, part.machine.initial)));
        visited.extend(self.ground.merchant.iter().map(|part| (Scope::Merchant, part.machine.initial)));
        let entries = taken.iter().filter_map(|of| self.atlas.at(*of));
        visited.extend(entries.map(|entry| (entry.scope, entry.transition.target)));
        let mut found: Vec<(Scope, Complaint)> = Vec::new();
        for (scope, machine) in self.machines() {
            for (n, state) in machine.states.iter().enumerate().filter(|(n, _)| !visited.contains(&(scope, *n))) {
                let message = "no order ever comes here: the ways that lead here are never taken".to_owned();
                let path = format!("{}.states.{}", scope_key(scope), state.name);
                let _ = n;
                found.push((scope, Complaint::on_line(Code::UnreachableState, state.line, path, message)));
            }
        }
        let offered: BTreeSet<usize> = self.explored.iter().flat_map(|e| e.seen.offered.iter().copied()).collect();
        for entry in &self.atlas.entries {
            let of = address(entry.transition);
            if taken.contains(&of) || offered.contains(&of) || !visited.contains(&(entry.scope, entry.state)) {
                continue;
            }
            let (code, message) = match (entry.cause, entry.event) {
                (Cause::Event, Some(event)) => (
                    Code::EventNeverFires,
                    format!(
                        "`{event}` can never be taken here: its guard never holds when an order rests in this state, or none ever rests in it"
                    ),
                ),
                _ => (
                    Code::NeverTaken,
                    "never taken: its guard never holds here, or something before it always comes first".to_owned(),
                ),
            };
            found.push((entry.scope, Complaint::on_line(code, entry.transition.line, entry.full_path(), message)));
        }
        for (scope, complaint) in found {
            match scope {
                Scope::Merchant => unused.push(complaint),
                Scope::Item | Scope::Payment => {
                    let place = (scope, 0, complaint.path.clone());
                    self.found.entry((complaint.code, place)).or_insert(complaint);
                }
            }
        }
    }

    /// States in which an item's money always went back say so.
    fn given_back(&mut self) {
        let shows = |sight: Sight| self.explored.iter().any(|e| e.sights.contains_key(&sight));
        let machine = self.ground.item.machine;
        let always =
            (0..machine.states.len()).filter(|&n| shows(Sight::GivenBack(n)) && !shows(Sight::NotGivenBack(n)));
        for n in always.filter(|&n| !machine.states[n].has("refunded")).collect::<Vec<_>>() {
            let message = "items are only here when all their money went back: say so by the tag `refunded`".to_owned();
            self.at_state(Code::MissingTag, Scope::Item, n, message, Vec::new());
        }
    }

    fn machines(&self) -> Vec<(Scope, &'w crate::workflow::model::Machine)> {
        let ground = self.ground;
        let mut out = vec![(Scope::Item, ground.item.machine)];
        out.extend(ground.payment.as_ref().map(|part| (Scope::Payment, part.machine)));
        out.extend(ground.merchant.as_ref().map(|part| (Scope::Merchant, part.machine)));
        out
    }
}

/// Which rule a sight breaks, at which state, in words.
fn fault(sight: Sight) -> Option<(Code, Scope, usize, &'static str)> {
    Some(match sight {
        Sight::Rest | Sight::GivenBack(_) | Sight::NotGivenBack(_) => return None,
        Sight::MerchantUnsaid(s) => (
            Code::MissingTag,
            Scope::Merchant,
            s,
            "the units of the item have left the house: say so by the tag `shipped` on the merchant's side, too",
        ),
        Sight::MerchantNotOff(s) => (
            Code::MissingTag,
            Scope::Merchant,
            s,
            "the item is off the order, and the merchant's side may rest here: say so by the tag `cancelled`",
        ),
        Sight::Gap(s) => (
            Code::ReservationGap,
            Scope::Item,
            s,
            "the units of an item in this state were released, and it is neither `cancelled` nor `refunded`: somebody else can buy what is still promised",
        ),
        Sight::NotShipped(s) => (
            Code::StockNotShipped,
            Scope::Item,
            s,
            "this state has the tag `shipped`, and the units are still reserved: nothing on the way has the entry action `stock.ship`",
        ),
        Sight::Unsaid(s) => (
            Code::MissingTag,
            Scope::Item,
            s,
            "the units of an item in this state have left the house: say so by the tag `shipped`",
        ),
        Sight::Awaits(s) => (
            Code::MissingTag,
            Scope::Payment,
            s,
            "the payment waits for money from outside here: say so by the tag `awaiting`",
        ),
        Sight::Reserves(s) => (
            Code::FinalStateReservesStock,
            Scope::Item,
            s,
            "an item may rest here for good with its units reserved: let the entry of this state, or of one before it, say `stock.release` or `stock.ship`",
        ),
        Sight::Unpaid(s) => (
            Code::ShippedUnpaid,
            Scope::Item,
            s,
            "the units leave before anything was paid for them; guard the way with `payment.captured`, or say `credit = true` at the top of the file if the shop sells on account",
        ),
        Sight::Stranded(s) => (
            Code::MoneyStranded,
            Scope::Item,
            s,
            "money was taken for an item that is off the order, and nothing gives it back: the entry action `refund.item` does",
        ),
        Sight::Again(s) => (
            Code::ChargedTwice,
            Scope::Payment,
            s,
            "money is asked for although it was taken already: lead no way from a captured payment to a state that authorises, charges, captures or records one",
        ),
        Sight::Denied(s) => (
            Code::MoneyStranded,
            Scope::Payment,
            s,
            "money was taken, and this state says that it was not: nothing goes on with it, and it may be taken again",
        ),
        Sight::Holds(s) => (
            Code::FinalStateHoldsMoney,
            Scope::Payment,
            s,
            "the payment may rest here for good while money is held at the provider: lead it through `payment.capture` or `payment.void`",
        ),
    })
}

/// For each joint state, whether an end can be reached from it.
fn ending(explored: &Explored) -> Vec<bool> {
    let mut before: Vec<Vec<u32>> = vec![Vec::new(); explored.nodes.len()];
    for edge in &explored.edges {
        before[edge.to as usize].push(edge.from);
    }
    let mut ends = vec![false; explored.nodes.len()];
    let mut open: Vec<u32> = explored.sights.get(&Sight::Rest).cloned().unwrap_or_default();
    while let Some(at) = open.pop() {
        if !std::mem::replace(&mut ends[at as usize], true) {
            open.extend(&before[at as usize]);
        }
    }
    ends
}

/// For each joint state, the joint state before it and the step on a shortest way on which the provider never refuses to give money
/// back; none where every way has such a refusal.
fn unrefused_ways(explored: &Explored) -> Vec<Option<Spot>> {
    let mut next: Vec<Vec<(u32, Step)>> = vec![Vec::new(); explored.nodes.len()];
    for edge in explored.edges.iter().filter(|edge| !edge.refused) {
        next[edge.from as usize].push((edge.to, edge.step));
    }
    let mut ways: Vec<Option<Spot>> = vec![None; explored.nodes.len()];
    let mut open = VecDeque::new();
    for (n, node) in explored.nodes.iter().enumerate() {
        if node.parent as usize == n {
            ways[n] = Some((node.parent, node.step));
            open.push_back(node.parent);
        }
    }
    while let Some(at) = open.pop_front() {
        for &(to, step) in &next[at as usize] {
            if ways[to as usize].is_none() {
                ways[to as usize] = Some((at, step));
                open.push_back(to);
            }
        }
    }
    ways
}

fn steps(explored: &Explored, ways: &[Option<Spot>], to: u32) -> Vec<(u32, Step, u32)> {
    let mut out = Vec::new();
    let mut at = to;
    // No way is longer than there are joint states.
    for _ in 0..explored.nodes.len() {
        let Some((from, step)) = ways[at as usize] else { break };
        out.push((from, step, at));
        if from == at {
            break;
        }
        at = from;
    }
    out.reverse();
    out
}
