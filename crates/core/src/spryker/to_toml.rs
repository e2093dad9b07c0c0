//! Writes a process as one of our workflow files, as far as there is an equivalent, and says what there is none for.
//!
//! States, events, timeouts and what happens on entering carry over. What a condition or a command does is PHP that nobody can read from
//! its name, so each answer of a condition becomes an event of its own that somebody fires, and commands become comments. The file is read
//! back by our reader and checked; what it complains about is said too.

mod names;

use std::fmt::Write;

use super::finding::shown;
use super::graph::{groups, winners};
use super::interval;
use super::model::{Engine, Event, Process, Transition};
use crate::time::Span;
use crate::workflow::{Kind, read, validate};
use names::Names;

/// The most states that a machine of a workflow file may have.
const MAX_STATES: usize = 500;
/// The most transitions that are written: with more, the file would be longer than our reader takes.
const MAX_TRANSITIONS: usize = 5_000;

/// A workflow file made of a process.
#[derive(Clone, Debug)]
pub struct Written {
    /// The workflow's name, fit for a file name.
    pub name: String,
    /// The file.
    pub text: String,
    /// What has no equivalent, or needs a person's decision, one thing a line.
    pub missing: Vec<String>,
    /// What our reader and checks complain about in it; empty when it can be loaded as it is.
    pub complaints: Vec<String>,
}

/// Writes the process. An OMS process becomes an order's workflow, any other the merchant's side of one. The error says why it can't be
/// represented at all.
pub fn write(engine: Engine, process: &Process) -> Result<Written, String> {
    if process.states.is_empty() {
        return Err("the process has no states".to_owned());
    }
    if process.states.len() > MAX_STATES {
        return Err(format!("the process has {} states; a workflow has at most {MAX_STATES}", process.states.len()));
    }
    if process.transitions.len() > MAX_TRANSITIONS {
        return Err(format!(
            "the process has {} transitions; at most {MAX_TRANSITIONS} are written",
            process.transitions.len()
        ));
    }
    let mut writer = Writer { engine, process, names: Names::new(process), missing: Vec::new() };
    let states: String = (0..process.states.len()).map(|state| writer.state(state)).collect();
    writer.whole();
    let name = names::workflow(&process.name);
    let head = writer.head(&name);
    let text = head + &states + writer.payment();
    let complaints = match read(&text) {
        Ok(workflow) => validate(&workflow, None).into_iter().map(|c| c.to_string()).collect(),
        Err(complaints) => complaints.into_iter().map(|c| c.to_string()).collect(),
    };
    Ok(Written { name, text, missing: writer.missing, complaints })
}

struct Writer<'p> {
    engine: Engine,
    process: &'p Process,
    names: Names,
    missing: Vec<String>,
}

impl Writer<'_> {
    fn kind(&self) -> Kind {
        match self.engine {
            Engine::Oms => Kind::Order,
            Engine::StateMachine => Kind::Merchant,
        }
    }

    fn miss(&mut self, what: String) {
        if !self.missing.contains(&what) {
            self.missing.push(what);
        }
    }

    /// What is about the process as a whole.
    fn whole(&mut self) {
        let names = |pick: &dyn Fn(&super::State) -> bool| {
            let of: Vec<String> =
                self.process.states.iter().filter(|s| pick(s)).map(|s| format!("`{}`", shown(&s.name))).collect();
            of.join(", ")
        };
        let reserved = names(&|s| s.reserved);
        let flagged = names(&|s| !s.flags.is_empty());
        if !reserved.is_empty() {
            self.miss(format!(
                "reserved stock: an order reserves when it is placed; say `entry = [\"stock.release\"]` or `[\"stock.ship\"]` where it ends. Reserved were {reserved}"
            ));
        }
        if !flagged.is_empty() {
            self.miss(format!("flags stand as comments; give the states tags of ours: {flagged}"));
        }
        if self.engine == Engine::Oms {
            self.miss(
                "payment: Spryker has no machine for it; the file has one with a single state, to be replaced"
                    .to_owned(),
            );
        }
        for event in &self.process.events {
            if let Some(command) = &event.command {
                let what = format!(
                    "command `{}` of the event `{}`: write what it does as entry, send or invoke",
                    shown(command),
                    shown(&event.name)
                );
                if !self.missing.contains(&what) {
                    self.missing.push(what);
                }
            }
            if let Some(processor) = &event.timeout_processor {
                let what = format!(
                    "timeout processor `{}` of the event `{}`: the fixed time is written",
                    shown(processor),
                    shown(&event.name)
                );
                self.missing.push(what);
            }
        }
    }

    fn head(&self, name: &str) -> String {
        let mut out = format!(
            "# Made of Spryker's process {} ({}). To be looked through by a person:\n",
            quoted(&self.process.name),
            self.engine.name()
        );
        for what in &self.missing {
            let _ = writeln!(out, "# - {}", comment(what));
        }
        let title = if self.process.name.trim().is_empty() { name } else { &self.process.name };
        let _ = write!(out, "\nname = {}\ntitle = {}\n", quoted(name), label(title));
        if self.kind() == Kind::Merchant {
            out.push_str("kind = \"merchant\"\n");
        }
        let statuses: Vec<String> = (0..self.process.states.len()).map(|s| quoted(self.names.state(s))).collect();
        let _ = writeln!(out, "statuses = [{}]", statuses.join(", "));
        for (key, event) in [("cancel_event", "cancel"), ("ship_event", "ship")] {
            if self.names.written().contains(event) {
                let _ = writeln!(out, "{key} = {}", quoted(event));
            }
        }
        let _ = write!(out, "\n[item]\ninitial = {}\n", quoted(self.names.state(self.process.initial)));
        out
    }

    fn payment(&self) -> &'static str {
        match self.kind() {
            Kind::Order => "\n[payment]\ninitial = \"outside\"\n\n[payment.states.outside]\nfinal = true\n",
            Kind::Merchant | Kind::Dispute => "",
        }
    }

    fn state(&mut self, state: usize) -> String {
        let process = self.process;
        let s = &process.states[state];
        let mut out = format!("\n# {}", comment(&s.name));
        if let Some(display) = &s.display {
            let _ = write!(out, " ({})", comment(display));
        }
        for flag in &s.flags {
            let _ = write!(out, "; flag: {}", comment(flag));
        }
        if s.reserved {
            out.push_str("; reserved");
        }
        let name = self.names.state(state).to_owned();
        let _ = write!(out, "\n[item.states.{name}]\nstatus = {}\n", quoted(&name));
        let label = label(&s.name);
        let _ = match self.kind() {
            Kind::Order => writeln!(out, "labels = {{ operator = {label}, merchant = {label}, customer = {label} }}"),
            Kind::Merchant | Kind::Dispute => writeln!(out, "labels = {{ merchant = {label} }}"),
        };
        let mut always: Option<usize> = None;
        let mut delays = Vec::new();
        for (event, candidates) in groups(process, state) {
            let (taken, _) = winners(self.engine, &candidates);
            let conditional = taken.iter().any(|t| t.condition.is_some());
            for t in taken {
                let Some(target) = t.target else {
                    let what = format!(
                        "the transition from `{}` to `{}`, a state that is not there",
                        shown(&s.name),
                        shown(&t.target_name)
                    );
                    self.miss(what);
                    continue;
                };
                let automatic = !conditional && event.is_none_or(|e| process.events[e].on_enter);
                if automatic && target != state {
                    match always {
                        None => {
                            always = Some(target);
                            let by = event.map_or("check-condition", |e| &process.events[e].name);
                            let _ = writeln!(
                                out,
                                "always = {{ target = {} }}   # {}",
                                quoted(self.names.state(target)),
                                self.note(event, by)
                            );
                        }
                        Some(_) => {
                            let what = format!(
                                "`{}` has several transitions that need nobody; the one to `{}` is left out",
                                shown(&s.name),
                                shown(&t.target_name)
                            );
                            self.miss(what);
                        }
                    }
                    continue;
                }
                self.on(&mut out, conditional, event, t, target);
                if let Some(e) = event.filter(|_| !conditional) {
                    self.after(&mut out, &mut delays, state, &process.events[e], target);
                }
            }
            if conditional {
                self.decision(state, event, &candidates);
            }
        }
        if process.is_end(state) {
            out.push_str("final = true\n");
        }
        out
    }

    /// `pay, command Payment/Pay`.
    fn note(&self, event: Option<usize>, name: &str) -> String {
        let command = event
            .and_then(|e| self.process.events[e].command.as_ref())
            .map_or(String::new(), |c| format!(", command {c}"));
        comment(&format!("{name}{command}"))
    }

    fn on(&mut self, out: &mut String, conditional: bool, event: Option<usize>, t: &Transition, target: usize) {
        let e = event.map(|e| &self.process.events[e]);
        // A timeout that nobody may hurry has no event of ours; a condition's answer always needs somebody who gives it.
        if !conditional && e.is_some_and(|e| e.timeout.is_some() && !e.manual) && target != t.source {
            return;
        }
        let name = self.names.event(self.process, event, t.condition.as_deref());
        let by = match self.kind() {
            Kind::Order => "operator",
            Kind::Merchant | Kind::Dispute => "merchant",
        };
        let spoken = e.map_or("check-condition", |e| &e.name);
        let condition = t.condition.as_ref().map_or(String::new(), |c| format!(" if {c}"));
        let note = self.note(event, &format!("{spoken}{condition}"));
        let _ = writeln!(
            out,
            "on.{name} = {{ target = {}, by = [\"{by}\"] }}   # {note}",
            quoted(self.names.state(target))
        );
    }

    fn after(&mut self, out: &mut String, delays: &mut Vec<String>, state: usize, event: &Event, target: usize) {
        let Some(seconds) = event.timeout_s else { return };
        let from = shown(self.process.name_of(state));
        let delay = interval::shown(seconds);
        if target == state || seconds <= 0 || Span::parse(&delay).is_none() {
            self.miss(format!(
                "the timeout of `{}` in `{from}` ({delay}) leads nowhere else or is no time of ours",
                shown(&event.name)
            ));
        } else if delays.contains(&delay) {
            self.miss(format!("`{from}` has two timeouts of {delay}; the one of `{}` is left out", shown(&event.name)));
        } else {
            let _ = writeln!(
                out,
                "after.\"{delay}\" = {{ target = {} }}   # {}",
                quoted(self.names.state(target)),
                comment(&event.name)
            );
            delays.push(delay);
        }
    }

    fn decision(&mut self, state: usize, event: Option<usize>, candidates: &[&Transition]) {
        let spoken = event.map_or("check-condition", |e| &self.process.events[e].name);
        let conditions: Vec<String> =
            candidates.iter().filter_map(|t| t.condition.as_ref()).map(|c| format!("`{}`", shown(c))).collect();
        let by_itself = match event.map(|e| &self.process.events[e]) {
            None => " (it was asked every minute)",
            Some(e) if e.on_enter => " (it fired on entering)",
            Some(e) if e.timeout.is_some() => " (it fired by time)",
            Some(_) => "",
        };
        self.miss(format!(
            "condition {} of `{}` in `{}`{by_itself}: each answer is an event of its own; fire it, or write a guard",
            conditions.join(", "),
            shown(spoken),
            shown(self.process.name_of(state))
        ));
    }
}

/// A string as TOML writes it: as JSON does, once there is no control character in it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(comment(text)).to_string()
}

/// A label: one line, without what our labels use for placeholders.
fn label(text: &str) -> String {
    /// The longest label of a workflow file, in characters.
    const MAX_LABEL: usize = 200;
    let plain: String =
        text.chars().map(|c| if c.is_control() || matches!(c, '{' | '}') { ' ' } else { c }).take(MAX_LABEL).collect();
    quoted(if plain.trim().is_empty() { "-" } else { plain.trim() })
}

/// A text as it may stand in a comment of one line.
fn comment(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(1_000).collect()
}
