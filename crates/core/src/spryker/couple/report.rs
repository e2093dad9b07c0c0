//! What a walk of two coupled processes found, for people and for programs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::super::graph::clipped;
use super::super::map::Map;
use super::super::model::Process;
use super::fire::Record;
use super::{Joint, Options, Walked, ending, told};

/// The most stuck pairs that are listed.
const MAX_STUCK: usize = 5_000;

/// The report of two coupled processes.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// How many pairs of states an item can rest in.
    pub joint_states: usize,
    /// What counted as an end.
    pub end_rule: &'static str,
    /// The pairs that can never end.
    pub stuck: Vec<Pair>,
    /// Pairs that could end by what is written, and can't in the engine because a state is declared twice (see the finding of that name).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stuck_by_declaration: Vec<Pair>,
    /// Sends that the partner does not take while the sender goes on as if it had.
    pub silent_drops: Vec<Send>,
    /// Sends that the partner does not take and that fail the command, so that the sender stays where it is.
    pub failing_sends: Vec<Send>,
    /// Steps after which the two would go on by themselves for ever.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub endless: Vec<Vec<String>>,
    /// Commands that the map does not name; they are taken to touch nothing.
    pub unmapped_commands: Vec<String>,
    /// Whether the merchant's item is made by a command of the marketplace; otherwise both begin together.
    pub created: bool,
    /// Whether not everything was walked.
    pub bounded: bool,
    /// What was left out then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
}

/// A pair of states.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// The marketplace's state.
    pub marketplace: String,
    /// The merchant's state; none before its item exists.
    pub merchant: Option<String>,
    /// The shortest way there, one step an entry.
    pub trace: Vec<String>,
    /// The sends that fail there, and with them the events that could have led on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failing: Vec<String>,
}

/// A send that the partner did not take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Send {
    /// Who sends: `marketplace` or `merchant`.
    pub from: &'static str,
    /// The command that sends.
    pub command: String,
    /// The event that the partner gets.
    pub event: String,
    /// The marketplace's state when it is sent.
    pub marketplace: String,
    /// The merchant's state when it is sent.
    pub merchant: Option<String>,
    /// What becomes of it.
    pub message: String,
    /// The shortest way there; the last step is the one that sends.
    pub trace: Vec<String>,
}

pub(super) fn report(
    marketplace: &Process,
    merchant: &Process,
    map: &Map,
    options: &Options,
    walked: &Walked,
) -> Report {
    let trace = |at: usize| {
        let mut steps: Vec<&String> = Vec::new();
        let mut at = at;
        while let Some((before, step)) = &walked.states[at].1 {
            steps.push(step);
            at = *before;
        }
        steps.reverse();
        clipped(&steps, |step| (*step).clone())
    };
    let names = |joint: Joint| {
        let of_merchant = joint.merchant.map(|state| merchant.name_of(state).to_owned());
        (marketplace.name_of(joint.marketplace).to_owned(), of_merchant)
    };
    let send = |record: &Record, becomes: &str| {
        let (of_marketplace, of_merchant) = names(record.joint);
        let mut trace = record.before.map(trace).unwrap_or_default();
        trace.push(record.step.clone());
        let partner = record.from.other().name();
        let why = match record.why {
            Some(why) => why.to_owned(),
            None => format!("the {partner}'s state has no such event"),
        };
        Send {
            from: record.from.name(),
            command: record.command.clone(),
            event: record.event.clone(),
            marketplace: of_marketplace,
            merchant: of_merchant,
            message: format!(
                "at {} `{}` sends `{}` to the {partner}: {why}; {becomes}",
                told(marketplace, merchant, record.joint),
                record.command,
                record.event
            ),
            trace,
        }
    };
    let ending = ending(marketplace, options, walked);
    let stuck: Vec<usize> = (0..walked.states.len()).filter(|&at| !ending[at]).collect();
    let mut failures: BTreeMap<Joint, BTreeSet<String>> = BTreeMap::new();
    for record in &walked.failures {
        failures.entry(record.joint).or_default().insert(format!("{} → {}", record.command, record.event));
    }
    let failing = |joint: Joint| failures.get(&joint).into_iter().flatten().cloned().collect();
    let mut left_out = Vec::new();
    if walked.left > 0 {
        left_out.push(format!(
            "the walk stopped at {} joint states; what follows from {} of them was not looked at, and they count as able to end",
            walked.states.len(),
            walked.left
        ));
    }
    if stuck.len() > MAX_STUCK {
        left_out.push(format!("{} stuck pairs more than the {MAX_STUCK} that are listed", stuck.len() - MAX_STUCK));
    }
    let unmapped = |process: &Process, known: &dyn Fn(&str) -> bool| {
        process.events.iter().filter_map(|e| e.command.clone()).filter(|c| !known(c)).collect::<BTreeSet<_>>()
    };
    let create = |command: &str| map.create.iter().any(|c| c == command);
    let mut unmapped_commands = unmapped(marketplace, &|c| map.marketplace.contains_key(c) || create(c));
    unmapped_commands.extend(unmapped(merchant, &|c| map.merchant.contains_key(c)));
    Report {
        joint_states: walked.states.len(),
        end_rule: options.end_rule.name(),
        stuck: stuck
            .iter()
            .take(MAX_STUCK)
            .map(|&at| {
                let joint = walked.states[at].0;
                let (marketplace, merchant) = names(joint);
                Pair { marketplace, merchant, trace: trace(at), failing: failing(joint) }
            })
            .collect(),
        stuck_by_declaration: Vec::new(),
        silent_drops: walked.drops.iter().map(|r| send(r, "nobody is told, and the sender goes on")).collect(),
        failing_sends: walked.failures.iter().map(|r| send(r, "the command fails, and the sender stays")).collect(),
        endless: walked
            .endless
            .iter()
            .map(|(before, step)| {
                let mut steps = trace(*before);
                steps.push(step.clone());
                steps
            })
            .collect(),
        unmapped_commands: unmapped_commands.into_iter().collect(),
        created: walked.created,
        bounded: !left_out.is_empty(),
        left_out: (!left_out.is_empty()).then(|| left_out.join("; ")),
    }
}
