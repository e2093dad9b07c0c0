//! Where orders stand: how many items are in each state of a lifecycle now, and since when.
//!
//! A state is in the order's document only, so the orders are read through once, page by page; nothing of them is kept but the ages. That is work
//! for a command, not for a request.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use orderwright_core::graph::{Graph, Live};
use orderwright_core::time::{Span, Timestamp};
use serde::Deserialize;

use super::OpError;
use crate::app::{App, CLOCK_OFFSET};
use crate::store::Scope;

/// Orders that are read at once.
const PAGE: i64 = 500;

/// What is in each state.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The lifecycle.
    pub workflow: String,
    /// When it was counted, by the shop's clock.
    pub now: Timestamp,
    /// Orders of that lifecycle, in any version.
    pub orders: u64,
    /// By machine (`item`, `payment`, `merchant`) and state: how long each has been there.
    pub ages: BTreeMap<(&'static str, String), Vec<Span>>,
}

/// The part of an order's document that is looked at.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(borrow)]
    workflow: Cow<'a, str>,
    #[serde(borrow)]
    partner_version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    payment: At<'a>,
    #[serde(borrow)]
    items: Vec<Item<'a>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    machine: At<'a>,
    #[serde(borrow)]
    merchant: Option<At<'a>>,
}

#[derive(Deserialize)]
struct At<'a> {
    #[serde(borrow)]
    state: Cow<'a, str>,
    since: Timestamp,
}

/// Counts the orders in scope. `progress` hears how many were read so far.
pub async fn standing(
    app: &App,
    scope: &Scope,
    workflow: &str,
    mut progress: impl FnMut(u64),
) -> Result<Standing, OpError> {
    // A command beside a shop with a moved clock counts ages by that clock.
    let offset: i64 = app.store.setting(CLOCK_OFFSET).await?.and_then(|v| v.parse().ok()).unwrap_or(0);
    let now = if app.sandbox_mode { app.clock.now() } else { app.clock.now().plus(Span(offset)) };
    // A merchant's side is known by its version only.
    let sides: BTreeSet<String> =
        app.workflows().texts().filter(|(w, _)| w.name == workflow).map(|(w, _)| w.version.clone()).collect();
    let mut found = Standing { workflow: workflow.to_owned(), now, orders: 0, ages: BTreeMap::new() };
    let (mut after, mut read) = (0, 0);
    loop {
        let page = app.store.order_bodies(scope, after, PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(found) };
        after = *last;
        read += page.len() as u64;
        for (id, body) in &page {
            found.add(*id, body, &sides)?;
        }
        progress(read);
        if (page.len() as i64) < PAGE {
            return Ok(found);
        }
    }
}

impl Standing {
    fn add(&mut self, id: i64, body: &str, sides: &BTreeSet<String>) -> Result<(), OpError> {
        let body: Body<'_> = serde_json::from_str(body).map_err(|e| OpError::Internal(format!("order {id}: {e}")))?;
        let is_side = body.partner_version.as_deref().is_some_and(|v| sides.contains(v));
        if body.workflow != self.workflow && !is_side {
            return Ok(());
        }
        self.orders += 1;
        self.count("payment", &body.payment);
        for item in &body.items {
            self.count("item", &item.machine);
            item.merchant.iter().for_each(|merchant| self.count("merchant", merchant));
        }
        Ok(())
    }

    fn count(&mut self, machine: &'static str, at: &At<'_>) {
        let age = Span((self.now.0 - at.since.0).max(0));
        self.ages.entry((machine, at.state.clone().into_owned())).or_default().push(age);
    }

    /// Writes the counts into a picture. How many are in states that the picture's machines do not have: of other versions.
    pub fn fill(&self, graph: &mut Graph) -> u64 {
        let mut elsewhere = 0;
        for machine in &mut graph.machines {
            for node in &mut machine.nodes {
                node.live = Some(Live::of(Vec::new()));
            }
            for ((_, state), ages) in self.ages.iter().filter(|((of, _), _)| *of == machine.name) {
                match machine.nodes.iter_mut().find(|n| n.name == *state) {
                    Some(node) => node.live = Some(Live::of(ages.clone())),
                    None => elsewhere += ages.len() as u64,
                }
            }
        }
        elsewhere
    }
}
