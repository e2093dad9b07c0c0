//! The whole check of a file, as publishing runs it: reading, what the machines show, and what exploring them together shows.
//!
//! Exploring begins only when the rest is right: what a broken machine does is no news. What is stored or shipped was checked before it
//! became so, and is loaded without exploring, so that a server starts at once.

use std::sync::Arc;

use super::complaint::Complaint;
use super::explore::{Extent, Limits, explore};
use super::model::{Kind, Workflow};
use super::set::{WorkflowSet, in_its_file};
use super::validate::graph::exits;

/// What a check came to.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The workflow; `None` when the text cannot be read as one.
    pub workflow: Option<Workflow>,
    /// Everything that is wrong, first line first. Only a file without any may be published.
    pub complaints: Vec<Complaint>,
    /// How much was walked; nothing if there was something wrong before that.
    pub extent: Extent,
}

/// Checks a text beside the workflows of a set.
pub(super) fn check(set: &WorkflowSet, text: &str, limits: Limits) -> Checked {
    let (workflow, mut complaints) = set.examine(text);
    let mut extent = Extent::default();
    if let (Some(workflow), true) = (&workflow, complaints.is_empty()) {
        extent = match workflow.kind {
            Kind::Order => order(set, workflow, limits, &mut complaints),
            Kind::Merchant => merchant(set, workflow, limits, &mut complaints),
            Kind::Dispute => dispute(workflow),
        };
    }
    for complaint in &mut complaints {
        place(text, complaint);
    }
    complaints.sort();
    complaints.dedup();
    Checked { workflow, complaints, extent }
}

fn order(set: &WorkflowSet, workflow: &Workflow, limits: Limits, out: &mut Vec<Complaint>) -> Extent {
    let partner = set.partner_of(workflow).map(Arc::as_ref);
    let exploration = explore(workflow, partner, limits);
    let found = exploration.findings();
    out.extend(found.of_order.into_iter().map(|c| in_its_file(workflow, c)));
    let other = partner.map_or("", |p| p.name.as_str());
    out.extend(found.of_merchant.into_iter().map(|c| c.in_file(other)));
    exploration.extent()
}

/// A merchant's machine lives only with an order's: it is walked with each that names it.
fn merchant(set: &WorkflowSet, workflow: &Workflow, limits: Limits, out: &mut Vec<Complaint>) -> Extent {
    let mut extent = Extent::default();
    let mut unused: Option<Vec<Complaint>> = None;
    for order in set.iter().filter(|w| w.partner.as_ref() == Some(&workflow.name)) {
        let exploration = explore(order, Some(workflow), limits);
        let found = exploration.findings();
        out.extend(found.of_order.into_iter().map(|c| c.in_file(&order.name)));
        out.extend(found.of_merchant.into_iter().map(|c| in_its_file(workflow, c)));
        let walked = exploration.extent();
        if walked.left_out.is_empty() {
            // What one of them uses is used.
            let here = found.unused_by_merchant;
            unused = Some(match unused {
                None => here,
                Some(known) => known.into_iter().filter(|c| here.contains(c)).collect(),
            });
        } else {
            unused = Some(Vec::new());
        }
        extent.add(walked);
    }
    out.extend(unused.unwrap_or_default().into_iter().map(|c| in_its_file(workflow, c)));
    extent
}

/// A dispute's machine runs alone, and whatever it asks, it has no more places than states: what can be reached, what ends and what loops
/// was looked at in the machine itself.
fn dispute(workflow: &Workflow) -> Extent {
    let steps = workflow.item.states.iter().flat_map(exits).count();
    Extent { joint_states: workflow.item.states.len(), steps, ..Extent::default() }
}

/// Where only the line is known, the column is that of the line's first character that is not a space.
fn place(text: &str, complaint: &mut Complaint) {
    let elsewhere = complaint.path.contains(": ");
    if complaint.column == 1 && !elsewhere {
        let line = complaint.line.checked_sub(1).and_then(|n| text.lines().nth(n)).unwrap_or_default();
        let indent = line.chars().take_while(|c| c.is_whitespace()).count();
        complaint.column = if indent == line.chars().count() { 1 } else { indent + 1 };
    }
}
