//! What a process does that its author cannot have meant.
//!
//! Codes that the checker of workflow files has too mean the same here. What is wrong with how the files are written is found while they
//! are read (`import`); here items move: every event at any time, every answer of every condition.

mod automatic;
mod stock;
mod transitions;

use super::finding::{Finding, shown};
use super::graph::{Reach, groups, leads_to, winners};
use super::model::{Engine, Process};

/// The most states and transitions that are walked; the largest public process has 58 states. A file with more was made to hurt.
const MAX_STATES: usize = 5_000;
/// See `MAX_STATES`.
const MAX_TRANSITIONS: usize = 50_000;

/// One process under its checks.
struct Check<'p> {
    engine: Engine,
    process: &'p Process,
    reach: Reach<'p>,
    /// (from, to) of every transition that may be taken, within what can be reached.
    edges: Vec<(usize, usize)>,
    out: Vec<Finding>,
}

/// Every finding about the behaviour of a process, in the order of their codes.
pub fn lint(engine: Engine, process: &Process) -> Vec<Finding> {
    if process.states.is_empty() {
        return Vec::new();
    }
    if process.states.len() > MAX_STATES || process.transitions.len() > MAX_TRANSITIONS {
        let message = format!(
            "the process has {} states and {} transitions; its behaviour is checked up to {MAX_STATES} and {MAX_TRANSITIONS}, so nothing is said about reachability, ends, circles and stock",
            process.states.len(),
            process.transitions.len()
        );
        return vec![Finding::new("spryker-too-large", message)];
    }
    let reach = Reach::walk(engine, process);
    let mut edges = Vec::new();
    for state in (0..process.states.len()).filter(|&state| reach.has(state)) {
        for (_, candidates) in groups(process, state) {
            edges.extend(winners(engine, &candidates).0.iter().filter_map(|t| t.target).map(|target| (state, target)));
        }
    }
    let mut check = Check { engine, process, reach, edges, out: Vec::new() };
    check.reachable();
    check.ends();
    check.events();
    transitions::check(&mut check);
    automatic::check(&mut check);
    stock::check(&mut check);
    check.out.sort();
    check.out.dedup();
    check.out
}

impl Check<'_> {
    /// The states that items can be in.
    fn states(&self) -> Vec<usize> {
        (0..self.process.states.len()).filter(|&state| self.reach.has(state)).collect()
    }

    fn say(&mut self, finding: Finding) {
        self.out.push(finding);
    }

    /// A finding about a state that items get to, with the way there.
    fn at(&self, code: &'static str, state: usize, message: String) -> Finding {
        Finding::new(code, message).state(self.process.name_of(state)).trace(self.reach.trace(state))
    }

    fn reachable(&mut self) {
        let first = shown(self.process.name_of(self.process.initial));
        for state in 0..self.process.states.len() {
            if self.reach.has(state) {
                continue;
            }
            let name = self.process.name_of(state);
            let message = format!("nothing leads from the first state `{first}` to `{}`", shown(name));
            self.out.push(Finding::new("unreachable-state", message).state(name));
        }
    }

    fn ends(&mut self) {
        let ends: Vec<usize> = self.states().into_iter().filter(|&s| self.process.is_end(s)).collect();
        let ending = leads_to(self.process.states.len(), &self.edges, ends.iter().copied());
        for state in self.states().into_iter().filter(|&s| !ending[s]) {
            let name = shown(self.process.name_of(state));
            let why = if ends.is_empty() {
                "the process has no state that items could end in"
            } else {
                "an item that got here never ends"
            };
            let message = format!("no way leads from `{name}` to a state without a way out: {why}");
            let finding = self.at("trap", state, message);
            self.say(finding);
        }
    }

    fn events(&mut self) {
        let mut used = vec![false; self.process.events.len()];
        let mut fires = vec![false; self.process.events.len()];
        for t in &self.process.transitions {
            t.event.into_iter().for_each(|event| used[event] = true);
        }
        for state in self.states() {
            groups(self.process, state).iter().filter_map(|(event, _)| *event).for_each(|event| fires[event] = true);
        }
        for (i, event) in self.process.events.iter().enumerate() {
            let name = shown(&event.name);
            let message = match (used[i], fires[i]) {
                (_, true) => continue,
                (false, _) => format!("the event `{name}` is declared, and no transition has it"),
                (true, _) => format!("the event `{name}` stands only at transitions from states that no item reaches"),
            };
            self.out.push(Finding::new("event-never-fires", message).event(&event.name));
        }
        for state in self.states() {
            for t in self.process.outgoing(state).filter(|t| t.target.is_none()) {
                let message = format!(
                    "`{}` leads to `{}`, whose process is not among the subprocesses: the engine fails with \"Unknown state\", and the item stays",
                    shown(self.process.name_of(state)),
                    shown(&t.target_name)
                );
                let mut finding = self.at("spryker-target-not-listed", state, message);
                finding.event = t.event.map(|e| self.process.events[e].name.clone());
                self.out.push(finding);
            }
        }
    }
}
