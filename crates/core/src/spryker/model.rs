//! A process in memory: states, transitions and events after all its files were merged.
//!
//! Words are Spryker's: process, subprocess, state, transition, event, condition, command, flag.

use std::collections::{BTreeMap, BTreeSet};

/// The engine whose rules hold for a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Engine {
    /// `spryker/oms`: items of orders.
    Oms,
    /// `spryker/state-machine`: everything else, items of merchant orders among it.
    StateMachine,
}

impl Engine {
    /// Every engine with its name on the command line and in reports.
    pub const ALL: &[(&str, Self)] = &[("oms", Self::Oms), ("state-machine", Self::StateMachine)];

    /// The name on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Oms => "oms",
            Self::StateMachine => "state-machine",
        }
    }
}

/// A main process with its subprocesses.
#[derive(Clone, Debug, Default)]
pub struct Process {
    /// The main process's name; empty when the file has none.
    pub name: String,
    /// Its first state, as an index; 0 also for a process without states.
    pub initial: usize,
    /// The states of the main process and its direct subprocesses, each name once.
    pub states: Vec<State>,
    /// State name → index.
    pub index: BTreeMap<String, usize>,
    /// The transitions from these states, in the order in which the engine reads them.
    pub transitions: Vec<Transition>,
    /// How many transitions the main process and its direct subprocesses declare.
    pub declared_transitions: usize,
    /// Every declared event, each name once; the last declaration counts.
    pub events: Vec<Event>,
    /// Event name → index.
    pub event_index: BTreeMap<String, usize>,
}

/// A state.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The name, as written.
    pub name: String,
    /// The key of its label in the glossary.
    pub display: Option<String>,
    /// Whether items in it count as reserved stock. OMS only.
    pub reserved: bool,
    /// Its flags, free text.
    pub flags: Vec<String>,
    /// Its transitions, as indices, in order.
    pub outgoing: Vec<usize>,
    /// Two processes declare it, and the engine puts its transitions on one copy and its items into the other: its events never fire.
    pub split: bool,
}

/// A transition.
#[derive(Clone, Debug)]
pub struct Transition {
    /// From, as an index.
    pub source: usize,
    /// To, as an index; `None` for a state of a process that is not among the subprocesses: the engine fails when it gets there.
    pub target: Option<usize>,
    /// To, by name.
    pub target_name: String,
    /// The event, as an index; without one it is tried by `oms:check-condition`.
    pub event: Option<usize>,
    /// The condition's name.
    pub condition: Option<String>,
    /// Drawn as the happy path; no effect.
    pub happy: bool,
    /// The rank of its process: 0 for the main one, then the subprocesses in order; `None` for a process that is not among them.
    pub rank: Option<usize>,
}

/// An event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// The name, as written.
    pub name: String,
    /// The command's name.
    pub command: Option<String>,
    /// A person may fire it.
    pub manual: bool,
    /// Fires when an item enters a state that has it.
    pub on_enter: bool,
    /// After how long it fires by itself, as written.
    pub timeout: Option<String>,
    /// The same in seconds, when it can be read.
    pub timeout_s: Option<i64>,
    /// The plugin that computes the time instead.
    pub timeout_processor: Option<String>,
}

impl Process {
    /// The state's name.
    pub fn name_of(&self, state: usize) -> &str {
        self.states.get(state).map_or("", |s| s.name.as_str())
    }

    /// The transitions of a state that an event takes, in the order of the file.
    pub fn by_event(&self, state: usize, event: usize) -> impl Iterator<Item = &Transition> + Clone {
        self.outgoing(state).filter(move |t| t.event == Some(event))
    }

    /// The transitions of a state that need no event, in the order in which `check-condition` tries them.
    pub fn by_check(&self, state: usize) -> Vec<&Transition> {
        let mut out: Vec<&Transition> =
            self.outgoing(state).filter(|t| t.event.is_none() && t.rank.is_some()).collect();
        out.sort_by_key(|t| t.rank);
        out
    }

    /// Every transition of a state.
    pub fn outgoing(&self, state: usize) -> impl Iterator<Item = &Transition> + Clone {
        self.states.get(state).into_iter().flat_map(|s| &s.outgoing).map(|&t| &self.transitions[t])
    }

    /// The events that a state has, each once, in the order of its transitions.
    pub fn events_of(&self, state: usize) -> Vec<usize> {
        let mut seen = BTreeSet::new();
        self.outgoing(state).filter_map(|t| t.event).filter(|&event| seen.insert(event)).collect()
    }

    /// The event that fires when the state is entered: the first one, whatever others there are.
    pub fn on_enter(&self, state: usize) -> Option<usize> {
        self.outgoing(state).filter_map(|t| t.event).find(|&e| self.events[e].on_enter)
    }

    /// Whether the state has no transition to another one: items end here.
    pub fn is_end(&self, state: usize) -> bool {
        self.outgoing(state).all(|t| t.target == Some(state) || t.target.is_none())
    }
}
