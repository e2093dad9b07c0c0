//! One event of one side, carried out to the end as the engines do it: command, guard, state, entering, and the partner within.

use std::collections::BTreeSet;

use super::super::graph::winners;
use super::super::map::{Map, Refused, Sent};
use super::super::model::{Engine, Process, Transition};
use super::{Joint, Side, Walked};

/// How deep sends may lie in each other before they count as going round for ever.
const MAX_DEPTH: usize = 12;
/// The most single transitions of one walk.
const MAX_WORK: usize = 1_000_000;
/// The most drops, and the most failures, of one walk that are kept.
const MAX_RECORDS: usize = 2_000;

/// A send that the partner did not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub from: Side,
    pub command: String,
    pub event: String,
    /// Where the item was on both sides when it was sent.
    pub joint: Joint,
    /// The joint state before the step, and the step.
    pub before: Option<usize>,
    pub step: String,
    /// Why, when it is not that the partner's state lacks the event.
    pub why: Option<&'static str>,
}

/// What a command does, as far as it is known.
enum Act<'m> {
    Nothing,
    Create,
    Send(&'m str, &'m Sent),
}

/// What came of one event.
enum Came {
    /// The state has no such event.
    NotThere,
    /// The command failed, or the target is not there: nothing moved.
    Failed,
    /// It was taken, and the state is as before.
    Stayed,
    /// A state was entered.
    Entered,
}

type Key = (Side, String, String, Joint);

pub(super) struct Walk<'a> {
    marketplace: &'a Process,
    merchant: &'a Process,
    map: &'a Map,
    /// Events that only the partner sends do not fire by themselves: (side, event).
    only_partner: BTreeSet<(Side, usize)>,
    /// Whether split states are taken as the engine runs them.
    split: bool,
    work: usize,
    drops: Vec<Record>,
    failures: Vec<Record>,
    endless: Option<Joint>,
    known: BTreeSet<(bool, Key)>,
    endless_known: BTreeSet<Joint>,
}

impl<'a> Walk<'a> {
    pub fn new(marketplace: &'a Process, merchant: &'a Process, map: &'a Map, any_event: bool, split: bool) -> Self {
        let mut out = Self {
            marketplace,
            merchant,
            map,
            only_partner: BTreeSet::new(),
            split,
            work: 0,
            drops: Vec::new(),
            failures: Vec::new(),
            endless: None,
            known: BTreeSet::new(),
            endless_known: BTreeSet::new(),
        };
        for from in [Side::Marketplace, Side::Merchant].into_iter().filter(|_| !any_event) {
            let to = out.process(from.other());
            for event in &out.process(from).events {
                let Act::Send(_, sent) = out.act(from, event.command.as_deref()) else { continue };
                let Some(&target) = to.event_index.get(&sent.event) else { continue };
                let e = &to.events[target];
                if !e.manual && !e.on_enter && e.timeout.is_none() {
                    out.only_partner.insert((from.other(), target));
                }
            }
        }
        out
    }

    pub fn process(&self, side: Side) -> &'a Process {
        match side {
            Side::Marketplace => self.marketplace,
            Side::Merchant => self.merchant,
        }
    }

    /// Whether an event can come from somebody else than the partner: a person, the time, entering, or a program that we do not see.
    pub fn may_fire(&self, side: Side, event: usize) -> bool {
        !self.only_partner.contains(&(side, event))
    }

    /// Whether the marketplace's process makes the merchant's item; otherwise both begin together.
    pub fn creates(&self) -> bool {
        self.marketplace.events.iter().any(|e| matches!(self.act(Side::Marketplace, e.command.as_deref()), Act::Create))
    }

    pub fn exhausted(&self) -> bool {
        self.work > MAX_WORK
    }

    fn act(&self, side: Side, command: Option<&'a str>) -> Act<'a> {
        let Some(command) = command else { return Act::Nothing };
        let sends = match side {
            Side::Marketplace if self.map.create.iter().any(|c| c == command) => return Act::Create,
            Side::Marketplace => &self.map.marketplace,
            Side::Merchant => &self.map.merchant,
        };
        sends.get(command).map_or(Act::Nothing, |sent| Act::Send(command, sent))
    }

    /// Moves what was recorded since the last time to the walk's result, with the step that led to it.
    pub fn keep(&mut self, out: &mut Walked, before: Option<usize>, step: &str) {
        for (from, to, is_drop) in
            [(&mut self.drops, &mut out.drops, true), (&mut self.failures, &mut out.failures, false)]
        {
            for mut record in from.drain(..) {
                let key = (record.from, record.command.clone(), record.event.clone(), record.joint);
                if to.len() < MAX_RECORDS && self.known.insert((is_drop, key)) {
                    (record.before, record.step) = (before, step.to_owned());
                    to.push(record);
                }
            }
        }
        if let Some(joint) = self.endless.take()
            && self.endless_known.insert(joint)
            && let Some(before) = before
        {
            out.endless.push((before, step.to_owned()));
        }
    }

    /// Fires an event from outside. Answers every joint state in which the item may then rest.
    pub fn fire(&mut self, side: Side, event: usize, joint: Joint) -> Vec<Joint> {
        let mut out = BTreeSet::new();
        for (joint, came) in self.once(side, event, joint, 0) {
            match came {
                Came::Entered => out.extend(self.settle(side, joint, 0)),
                Came::NotThere | Came::Failed | Came::Stayed => {
                    out.insert(joint);
                }
            }
        }
        out.into_iter().collect()
    }

    /// What fires on entering, until the item rests. A state met twice in one run rests there: the engine gives up after nine rounds.
    pub fn settle(&mut self, side: Side, joint: Joint, depth: usize) -> Vec<Joint> {
        let mut rests = BTreeSet::new();
        let mut seen = BTreeSet::from([joint]);
        let mut open = vec![joint];
        while let Some(joint) = open.pop() {
            let process = self.process(side);
            let on_enter =
                joint.on(side).and_then(|state| process.on_enter(state).filter(|_| !self.lost(process, state)));
            let Some(event) = on_enter.filter(|_| !self.exhausted()) else {
                rests.insert(joint);
                continue;
            };
            for (next, came) in self.once(side, event, joint, depth) {
                match came {
                    Came::Entered if seen.insert(next) => open.push(next),
                    Came::Entered => {
                        self.endless = Some(next);
                        rests.insert(next);
                    }
                    Came::NotThere | Came::Failed | Came::Stayed => {
                        rests.insert(next);
                    }
                }
            }
        }
        rests.into_iter().collect()
    }

    fn lost(&self, process: &Process, state: usize) -> bool {
        self.split && process.states[state].split
    }

    /// The command and the change of state, without what fires on entering the new state.
    fn once(&mut self, side: Side, event: usize, joint: Joint, depth: usize) -> Vec<(Joint, Came)> {
        self.work += 1;
        let process = self.process(side);
        let Some(source) = joint.on(side) else { return vec![(joint, Came::NotThere)] };
        if self.lost(process, source) || process.by_event(source, event).next().is_none() {
            return vec![(joint, Came::NotThere)];
        }
        let mut out = Vec::new();
        for (after, succeeded) in self.command(side, process.events[event].command.as_deref(), joint, depth) {
            if !succeeded {
                out.push((after, Came::Failed));
                continue;
            }
            // OMS reads the item's state again after the command, the state machine goes on with the one that it knew.
            let from = match side.engine() {
                Engine::Oms => after.on(side).unwrap_or(source),
                Engine::StateMachine => source,
            };
            let candidates: Vec<&Transition> = process.by_event(from, event).collect();
            let (taken, stays) = winners(side.engine(), &candidates);
            for t in taken {
                out.push(match t.target {
                    None => (after, Came::Failed),
                    Some(target) if target == from => (after.with(side, from), Came::Stayed),
                    Some(target) => (after.with(side, target), Came::Entered),
                });
            }
            if stays {
                out.push((after.with(side, from), Came::Stayed));
            }
        }
        out
    }

    /// What the command does to the other side, and whether it succeeds.
    fn command(&mut self, side: Side, command: Option<&'a str>, joint: Joint, depth: usize) -> Vec<(Joint, bool)> {
        match self.act(side, command) {
            Act::Nothing => vec![(joint, true)],
            Act::Create if joint.merchant.is_some() => vec![(joint, true)],
            Act::Create => {
                let made = joint.with(Side::Merchant, self.merchant.initial);
                self.settle(Side::Merchant, made, depth + 1).into_iter().map(|joint| (joint, true)).collect()
            }
            Act::Send(command, sent) => self.send(side, command, sent, joint, depth),
        }
    }

    fn send(&mut self, side: Side, command: &str, sent: &Sent, joint: Joint, depth: usize) -> Vec<(Joint, bool)> {
        let to = side.other();
        if joint.on(to).is_none() {
            // No merchant's item yet: the command looks for one, finds none and is content.
            return vec![(joint, true)];
        }
        let record = |why| Record {
            from: side,
            command: command.to_owned(),
            event: sent.event.clone(),
            joint,
            before: None,
            step: String::new(),
            why,
        };
        if depth >= MAX_DEPTH || self.exhausted() {
            self.failures.push(record(Some("the two sides answer each other without end")));
            return vec![(joint, false)];
        }
        let came = match self.process(to).event_index.get(&sent.event) {
            Some(&event) => self.once(to, event, joint, depth + 1),
            None => vec![(joint, Came::NotThere)],
        };
        let mut out = BTreeSet::new();
        for (next, came) in came {
            match (came, sent.refused, to.engine()) {
                (Came::NotThere, Refused::Drop, _) => {
                    self.drops.push(record(None));
                    out.insert((joint, true));
                }
                (Came::NotThere, Refused::Fail, _) => {
                    self.failures.push(record(None));
                    out.insert((joint, false));
                }
                // OMS logs the failure of a command and goes on; whoever sent hears nothing of it.
                (Came::Failed, _, Engine::Oms) => {
                    self.drops.push(record(Some("the partner's own command fails, and its engine only logs that")));
                    out.insert((next, true));
                }
                (Came::Failed, _, Engine::StateMachine) => {
                    self.failures.push(record(Some("the partner's own command fails")));
                    out.insert((next, false));
                }
                (Came::Stayed, ..) => {
                    out.insert((next, true));
                }
                (Came::Entered, ..) => {
                    out.extend(self.settle(to, next, depth + 1).into_iter().map(|next| (next, true)))
                }
            }
        }
        out.into_iter().collect()
    }
}
