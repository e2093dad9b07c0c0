//! The published lifecycles as their readers see them: which there are, which channels use them, and one of them with its partner.

use std::sync::Arc;

use orderwright_core::workflow::Workflow;

use super::{Ctx, OpError};

/// A lifecycle and where it is used.
#[derive(Clone, Debug)]
pub struct Used {
    /// The current version.
    pub workflow: Arc<Workflow>,
    /// The current version of the merchant's side, where there is one.
    pub partner: Option<Arc<Workflow>>,
    /// The channels that new orders of it come from, by name.
    pub channels: Vec<String>,
}

/// The current lifecycles by name. The owner of a channel sees the one of that channel, and its partner.
pub fn list(ctx: &Ctx) -> Vec<Used> {
    let set = ctx.app.workflows();
    let channels = ctx.app.channels();
    let own = ctx.actor.channel.as_deref();
    let mut used: Vec<Used> = Vec::new();
    for workflow in set.iter() {
        let uses = |channel: &str| {
            let named = channels.get(channel).and_then(|c| set.get(&c.workflow));
            named.is_some_and(|w| w.name == workflow.name || w.partner.as_ref() == Some(&workflow.name))
        };
        let mut names: Vec<String> = channels.keys().filter(|c| uses(c)).cloned().collect();
        names.sort_unstable();
        if let Some(own) = own {
            names.retain(|c| c == own);
            if names.is_empty() {
                continue;
            }
        }
        used.push(Used { workflow: workflow.clone(), partner: set.partner_of(workflow).cloned(), channels: names });
    }
    used
}

/// One of them.
///
/// # Errors
/// [`OpError::NotFound`]: there is none of that name, or it is of a channel that is not the actor's.
pub fn get(ctx: &Ctx, name: &str) -> Result<Used, OpError> {
    list(ctx).into_iter().find(|used| used.workflow.name == name).ok_or(OpError::NotFound)
}
