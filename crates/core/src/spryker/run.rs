//! Steps one item through a process by the rules of its engine, with given answers of its conditions and a clock of its own.
//!
//! The order of things is the engine's: command, guard, state, timeouts, then what fires on entering, again and again. Everything that
//! happens is said, also what silently does not. One item and one process; two coupled ones are walked in `couple`.

mod step;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::finding::shown;
use super::interval;
use super::model::{Engine, Process, Transition};
pub use step::{Step, answer};

/// How often one event may fire in one run before the engine calls it a loop (`MAX_EVENT_REPEATS` is 10, and the tenth is refused).
const MAX_REPEATS: usize = 9;

/// A timeout that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Timer {
    /// The event that it fires.
    pub event: String,
    /// When, in seconds since the start.
    #[serde(rename = "dueS")]
    pub due_s: i64,
}

/// What one step did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Done {
    /// The step as it was given.
    pub step: String,
    /// What happened, one thing a line.
    pub log: Vec<String>,
    /// The state after it.
    pub state: String,
    /// The timeouts that run after it.
    pub timers: Vec<Timer>,
    /// The clock after it, in seconds since the start.
    #[serde(rename = "nowS")]
    pub now_s: i64,
}

/// An item under way.
#[derive(Clone, Debug)]
pub struct Run<'p> {
    engine: Engine,
    process: &'p Process,
    state: usize,
    now_s: i64,
    timers: Vec<(usize, i64)>,
    answers: BTreeMap<String, bool>,
    failing: BTreeSet<String>,
    /// How often each event fired in this run, for OMS for each state.
    fired: BTreeMap<(usize, usize), usize>,
    log: Vec<String>,
}

impl<'p> Run<'p> {
    /// An item before its first state is entered. The process must have states.
    pub fn new(engine: Engine, process: &'p Process, answers: BTreeMap<String, bool>) -> Self {
        Self {
            engine,
            process,
            state: process.initial,
            now_s: 0,
            timers: Vec::new(),
            answers,
            failing: BTreeSet::new(),
            fired: BTreeMap::new(),
            log: Vec::new(),
        }
    }

    /// The state that the item is in.
    pub fn state(&self) -> &'p str {
        self.process.name_of(self.state)
    }

    /// Makes a command fail, or succeed again.
    pub fn set_failing(&mut self, command: &str, fails: bool) {
        if fails {
            self.failing.insert(command.to_owned());
        } else {
            self.failing.remove(command);
        }
    }

    /// A new item: what fires on entering the first state, then its timeouts.
    pub fn begin(&mut self) -> Done {
        self.say(format!("a new item in `{}`", shown(self.state())));
        self.on_enter();
        // OMS sets the timeouts of a new item that is still there; the state machine sets them on transitions only.
        if self.engine == Engine::Oms
            && self.state == self.process.initial
            && self.timers.is_empty()
            && let Err(why) = self.set_timers(self.state)
        {
            self.say(why);
        }
        self.done("start")
    }

    /// Does one step. The error says what is wrong with the step; then nothing happened.
    pub fn step(&mut self, text: &str) -> Result<Done, String> {
        let step = Step::parse(text)?;
        self.fired.clear();
        match step {
            Step::Event(name) => {
                let event = self.event(&name)?;
                self.trigger(event);
            }
            Step::CheckCondition => self.check_condition(),
            Step::CheckTimeout => self.check_timeout(),
            Step::Timeout(name) => {
                let event = self.event(&name)?;
                let Some((_, due)) = self.timers.iter().find(|(e, _)| *e == event).copied() else {
                    let running: Vec<&str> =
                        self.timers.iter().map(|(e, _)| self.process.events[*e].name.as_str()).collect();
                    let running = if running.is_empty() { "none".to_owned() } else { running.join(", ") };
                    return Err(format!("no timeout of `{name}` runs in `{}`; running: {running}", self.state()));
                };
                self.now_s = self.now_s.max(due);
                self.say(format!("the timeout of `{}` is over", shown(&name)));
                self.trigger(event);
            }
            Step::Advance(seconds) => self.advance(seconds),
            Step::Answer(condition, answer) => {
                self.say(format!("from now on `{}` is {answer}", shown(&condition)));
                self.answers.insert(condition, answer);
            }
            Step::Command(command, fails) => {
                self.say(format!(
                    "from now on the command `{}` {}",
                    shown(&command),
                    if fails { "fails" } else { "succeeds" }
                ));
                self.set_failing(&command, fails);
            }
        }
        Ok(self.done(text))
    }

    fn event(&self, name: &str) -> Result<usize, String> {
        self.process.event_index.get(name).copied().ok_or_else(|| {
            let known: Vec<&str> = self.process.event_index.keys().map(String::as_str).collect();
            format!("the process has no event `{}`; it has: {}", shown(name), known.join(", "))
        })
    }

    fn say(&mut self, line: String) {
        self.log.push(line);
    }

    fn done(&mut self, step: &str) -> Done {
        let timers = self
            .timers
            .iter()
            .map(|(event, due_s)| Timer { event: self.process.events[*event].name.clone(), due_s: *due_s });
        Done {
            step: step.to_owned(),
            timers: timers.collect(),
            log: std::mem::take(&mut self.log),
            state: self.state().to_owned(),
            now_s: self.now_s,
        }
    }

    /// Fires an event, and then what fires on entering.
    fn trigger(&mut self, event: usize) {
        if self.once(event) {
            self.on_enter();
        }
    }

    /// What fires on entering the state, until nothing does.
    fn on_enter(&mut self) {
        while let Some(event) = self.process.on_enter(self.state) {
            if self.process.states[self.state].split {
                break;
            }
            self.say(format!("`{}` fires on entering", shown(&self.process.events[event].name)));
            if !self.once(event) {
                break;
            }
        }
    }

    /// The event alone. Whether another state was entered.
    fn once(&mut self, event: usize) -> bool {
        let process = self.process;
        let (name, state) = (shown(&process.events[event].name), shown(self.state()));
        if process.by_event(self.state, event).next().is_none() {
            self.say(format!("ignored: `{state}` has no event `{name}`"));
            return false;
        }
        if process.states[self.state].split {
            self.say(format!(
                "ignored: `{state}` is declared in two processes, and the engine looks for `{name}` on the copy without transitions"
            ));
            return false;
        }
        let key = (event, if self.engine == Engine::Oms { self.state } else { 0 });
        let fired = self.fired.entry(key).or_default();
        *fired += 1;
        if *fired > MAX_REPEATS {
            self.say(format!(
                "skipped: `{name}` fired {MAX_REPEATS} times in this run, which the engine takes for a loop"
            ));
            return false;
        }
        if let Some(command) = &process.events[event].command {
            if self.failing.contains(command) {
                let then = match self.engine {
                    Engine::Oms => "the engine logs it, and the item stays",
                    Engine::StateMachine => "the engine passes it on, the run stops, and the item stays",
                };
                self.say(format!("command `{}` fails: {then}", shown(command)));
                return false;
            }
            self.say(format!("command `{}`", shown(command)));
        }
        let candidates: Vec<&Transition> = process.by_event(self.state, event).collect();
        self.go(&candidates)
    }

    fn check_condition(&mut self) {
        let candidates = self.process.by_check(self.state);
        if candidates.is_empty() {
            self.say(format!("`{}` has no transition without an event", shown(self.state())));
        } else if self.go(&candidates) {
            self.on_enter();
        }
    }

    /// Evaluates the guards and changes the state. Whether another one was entered.
    fn go(&mut self, candidates: &[&'p Transition]) -> bool {
        let Some(t) = self.guard(candidates) else {
            let runs = if self.timers.is_empty() { "" } else { "; timeouts run on" };
            self.say(format!("stays in `{}`: no condition is true{runs}", shown(self.state())));
            return false;
        };
        let Some(target) = t.target else {
            self.say(format!("fails: \"Unknown state: {}\"; the item stays", shown(&t.target_name)));
            return false;
        };
        if target == self.state {
            self.say(format!("stays in `{}`: to itself is no entering", shown(self.state())));
            return false;
        }
        let before = (self.state, self.timers.clone());
        if self.process.events_of(self.state).iter().any(|&e| self.process.events[e].timeout.is_some()) {
            self.timers.clear();
        }
        self.state = target;
        if let Err(why) = self.set_timers(target) {
            (self.state, self.timers) = before;
            self.say(why);
            return false;
        }
        let reserved = |state: usize| self.process.states[state].reserved;
        let stock = match (reserved(before.0), reserved(target)) {
            (false, true) => ", stock is reserved",
            (true, false) => ", the reservation ends",
            _ => "",
        };
        self.say(format!(
            "`{}` → `{}`{stock}",
            shown(self.process.name_of(before.0)),
            shown(self.process.name_of(target))
        ));
        true
    }

    /// OMS: the last true condition, else the first without one. State machine: the first that is true or has none.
    fn guard(&mut self, candidates: &[&'p Transition]) -> Option<&'p Transition> {
        let mut chosen: Option<&Transition> = None;
        let mut other: Option<&Transition> = None;
        for t in candidates {
            match (&t.condition, self.engine) {
                (Some(condition), engine) => {
                    let answer = self.answers.get(condition).copied();
                    let told = if answer.is_none() { " (no answer given, taken as false)" } else { "" };
                    let holds = answer.unwrap_or(false);
                    self.say(format!("condition `{}` is {holds}{told}", shown(condition)));
                    // The state machine asks them all too, and takes the first.
                    if holds && (engine == Engine::Oms || chosen.is_none()) {
                        chosen = Some(t);
                    }
                }
                (None, Engine::Oms) => other = other.or(Some(t)),
                (None, Engine::StateMachine) => chosen = chosen.or(Some(t)),
            }
        }
        chosen.or(other)
    }

    /// Sets the timeouts of a state. The error says why the engine can't, and then the item does not get there.
    fn set_timers(&mut self, state: usize) -> Result<(), String> {
        let process = self.process;
        if process.states[state].split {
            return Ok(());
        }
        let timed: Vec<usize> =
            process.events_of(state).into_iter().filter(|&e| process.events[e].timeout.is_some()).collect();
        if self.engine == Engine::Oms && timed.len() > 1 {
            let name = shown(process.name_of(state));
            return Err(format!(
                "fails: `{name}` has several timeouts, and the table holds one for each item and state; the item stays"
            ));
        }
        let mut due_s = self.now_s;
        for event in timed {
            let e = &process.events[event];
            let Some(seconds) = e.timeout_s else {
                return Err(format!("fails: the timeout of `{}` can't be read; the item stays", shown(&e.name)));
            };
            // With several, the state machine adds each to the same clock and keeps the last.
            due_s = due_s.saturating_add(seconds);
            self.timers = vec![(event, due_s)];
            let by =
                e.timeout_processor.as_ref().map_or(String::new(), |p| format!(" (or as `{}` computes)", shown(p)));
            self.say(format!("timeout: `{}` fires after {}{by}", shown(&e.name), interval::shown(seconds)));
        }
        Ok(())
    }

    fn check_timeout(&mut self) {
        let due: Vec<usize> =
            self.timers.iter().filter(|(_, due)| *due <= self.now_s).map(|(event, _)| *event).collect();
        if due.is_empty() {
            self.say("no timeout is over".to_owned());
        }
        for event in due {
            self.say(format!("the timeout of `{}` is over", shown(&self.process.events[event].name)));
            self.trigger(event);
        }
    }

    /// Moves the clock, and fires what is over on the way. What leaves the item where it is fires once: it would again at every check.
    fn advance(&mut self, seconds: i64) {
        let end_s = self.now_s.saturating_add(seconds);
        let mut polled: BTreeSet<(usize, usize)> = BTreeSet::new();
        // A circle of timeouts with no end in sight is cut; each is at least a second, so this is a bound on real time too.
        for _ in 0..1_000 {
            let state = self.state;
            let next = self
                .timers
                .iter()
                .filter(|(e, due)| *due <= end_s && !polled.contains(&(state, *e)))
                .min_by_key(|(_, due)| *due);
            let Some(&(event, due)) = next else { break };
            self.now_s = self.now_s.max(due);
            self.fired.clear();
            self.say(format!(
                "after {} the timeout of `{}` is over",
                interval::shown(self.now_s),
                shown(&self.process.events[event].name)
            ));
            self.trigger(event);
            if self.state == state {
                polled.insert((state, event));
                self.say("it fires again at every check-timeout from here on".to_owned());
            }
        }
        self.now_s = end_s;
        self.say(format!("the clock is at {}", interval::shown(self.now_s)));
    }
}
