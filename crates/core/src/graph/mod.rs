//! Pictures of lifecycles: a neutral graph of states and transitions, and the forms in which it is written.
//!
//! A graph knows nothing of the engine: whatever has states and transitions can be turned into one. `workflow` makes one from our own
//! lifecycles; `svg`, `mermaid` and `dot` write it; `happy` finds the path that is taken when all goes well. Placing boxes and lines is
//! `layout`'s. What is not here: reading files, and who may see a picture.

mod dot;
mod happy;
mod layout;
mod mermaid;
mod svg;
mod workflow;

use serde::Serialize;

use crate::time::Span;

pub use dot::dot;
pub use mermaid::mermaid;
pub use svg::svg;
pub(crate) use workflow::transitions;
pub use workflow::{Machines, of_workflow};

/// A picture: one or more machines, side by side.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Graph {
    /// For people: `Made to order`.
    pub title: String,
    /// Under the title: the name, the version.
    pub subtitle: String,
    /// Left to right.
    pub machines: Vec<Machine>,
}

/// One machine of a picture.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Machine {
    /// Short and unique in the picture: `item`, `payment`, `merchant`.
    pub name: String,
    /// For people: `Each item`.
    pub title: String,
    /// The states.
    pub nodes: Vec<Node>,
    /// The transitions.
    pub edges: Vec<Edge>,
}

/// A state.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// Unique in its machine.
    pub name: String,
    /// For people.
    pub label: String,
    /// What clients see instead, when that is another word than the name.
    pub shows_as: Option<String>,
    /// Words for programs, shown when the pointer rests on the state.
    pub tags: Vec<String>,
    /// Where the machine begins.
    pub initial: bool,
    /// May rest here for good.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// Whether the state is an end that nobody hoped for: cancelled, refunded, failed.
    pub unhappy: bool,
    /// On the happy path.
    pub happy: bool,
    /// The effect that runs while the state lasts.
    pub invoke: Option<String>,
    /// What is done on entering.
    pub entry: Vec<String>,
    /// What is there now, when it was counted.
    pub live: Option<Live>,
}

/// How many are in a state now, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Live {
    /// How many.
    pub count: u64,
    /// How long the one has been there that came first; zero when there is none.
    #[serde(rename = "oldestUs")]
    pub oldest: Span,
    /// How long half of them have been there at least; zero when there is none.
    #[serde(rename = "medianUs")]
    pub median: Span,
}

/// A transition.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Edge {
    /// Index of the state that it leaves.
    pub from: usize,
    /// Index of the state that it enters.
    pub to: usize,
    /// What sets it off.
    pub trigger: Trigger,
    /// The event, where there is one.
    pub event: Option<String>,
    /// Who may fire the event.
    pub by: Vec<String>,
    /// Taken only when this holds.
    pub guard: Option<String>,
    /// Fields that the event must carry.
    pub requires: Vec<String>,
    /// What else it does: `→ merchant.close`.
    pub does: Vec<String>,
    /// On the happy path.
    pub happy: bool,
}

/// What sets a transition off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Trigger {
    /// Somebody fires the event, or another machine sends it.
    #[default]
    Event,
    /// Nothing: it is taken as soon as it can be.
    Always,
    /// The state has lasted that long: `7d`, or the name of a time that the order knows.
    After(String),
    /// The effect of the state succeeded.
    Done,
    /// The effect of the state failed.
    Error,
}

impl Machine {
    /// A machine without states.
    pub fn new(name: &str, title: &str) -> Self {
        Self { name: name.to_owned(), title: title.to_owned(), ..Self::default() }
    }

    /// The state of that name, added if need be; its index.
    pub fn state(&mut self, name: &str) -> usize {
        self.nodes.iter().position(|n| n.name == name).unwrap_or_else(|| {
            self.nodes.push(Node { name: name.to_owned(), label: name.to_owned(), ..Node::default() });
            self.nodes.len() - 1
        })
    }

    /// Marks the happy path: the transitions that are marked already, and when none is, the shortest way from the beginning to a
    /// final state that somebody hoped for, over transitions that are no failures (see docs/workflow-graph.md).
    pub fn mark_happy_path(&mut self) {
        happy::mark(self);
    }

    /// Transitions of the same two states, in order: they are drawn as one line.
    fn lines(&self) -> Vec<(usize, usize, Vec<&Edge>)> {
        let mut lines: Vec<(usize, usize, Vec<&Edge>)> = Vec::new();
        for edge in self.edges.iter().filter(|e| e.from < self.nodes.len() && e.to < self.nodes.len()) {
            match lines.iter_mut().find(|(from, to, _)| (*from, *to) == (edge.from, edge.to)) {
                Some((.., edges)) => edges.push(edge),
                None => lines.push((edge.from, edge.to, vec![edge])),
            }
        }
        lines
    }
}

impl Edge {
    /// The transition in one line of plain text: `cancel (customer, operator) if payment.captured`.
    pub fn text(&self) -> String {
        let mut text = match (&self.trigger, &self.event) {
            (Trigger::Event, Some(event)) => event.clone(),
            (Trigger::Event, None) => String::new(),
            (Trigger::Always, Some(event)) => event.clone(),
            (Trigger::Always, None) if self.guard.is_some() => String::new(),
            (Trigger::Always, None) => "at once".to_owned(),
            (Trigger::After(time), None) => format!("after {time}"),
            (Trigger::After(time), Some(event)) => format!("after {time}: {event}"),
            (Trigger::Done, _) => "done".to_owned(),
            (Trigger::Error, _) => "error".to_owned(),
        };
        if !self.by.is_empty() {
            text.push_str(&format!(" ({})", self.by.join(", ")));
        }
        if let Some(guard) = &self.guard {
            let word = if text.is_empty() { "when" } else { " if" };
            text.push_str(&format!("{word} {guard}"));
        }
        if !self.requires.is_empty() {
            text.push_str(&format!(" with {}", self.requires.join(", ")));
        }
        for done in &self.does {
            text.push_str(&format!(", {done}"));
        }
        text.trim().to_owned()
    }
}

impl Live {
    /// From the instants since which each has been there.
    pub fn of(mut ages: Vec<Span>) -> Self {
        ages.sort_unstable();
        let median = ages.get(ages.len() / 2).copied().unwrap_or(Span::ZERO);
        Self { count: ages.len() as u64, oldest: ages.last().copied().unwrap_or(Span::ZERO), median }
    }
}

#[cfg(test)]
mod tests;
