//! What a command changed, written down when it is through: entries of the timeline, and the events of the whole order.
//!
//! Entries of money, parcels and notes are written where those happen; here are the statuses, derived from before and after.

use serde_json::json;

use super::MerchantView;
use super::run::{Before, Run};
use crate::id::{ItemId, MerchantId};
use crate::status;
use crate::workflow::State;

/// A change of status that lines of one merchant share.
struct Change<'c> {
    merchant: MerchantId,
    from: String,
    tags: Vec<String>,
    to: &'c State,
    items: Vec<ItemId>,
}

impl<'c> Run<'_, 'c> {
    /// One entry for each change of status that items of one merchant share, and the events that go with the whole order's.
    pub fn log_changes(&mut self) {
        let mut groups: Vec<Change<'c>> = Vec::new();
        for item in &self.order.items {
            let Some(state) = self.workflow.item.state(&item.machine.state) else { continue };
            let Some(before) = self.before.iter().find(|b| b.item == item.id) else { continue };
            if before.status == state.status {
                continue;
            }
            let same = |g: &&mut Change<'_>| {
                g.merchant == item.merchant_id && g.from == before.status && g.to.status == state.status
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.items.push(item.id),
                None => groups.push(Change {
                    merchant: item.merchant_id,
                    from: before.status.clone(),
                    tags: before.tags.clone(),
                    to: state,
                    items: vec![item.id],
                }),
            }
        }
        let cause = self.cause.clone();
        for Change { merchant, from, tags, to: state, items } in groups {
            let ids: Vec<String> = items.iter().map(ToString::to_string).collect();
            let mut metadata = json!({ "from": from, "to": state.status, "itemIds": ids });
            for (key, value) in [("event", &cause.event), ("reason", &cause.reason), ("note", &cause.note)] {
                if let Some(value) = value {
                    metadata[key] = json!(value);
                }
            }
            let what = if ids.len() == self.order.items.len() {
                "Order".to_owned()
            } else {
                format!("{} of {} items", ids.len(), self.order.items.len())
            };
            let why = cause.reason.as_deref().map(|r| format!(": {r}")).unwrap_or_default();
            let view = MerchantView::Only(merchant);
            self.log(
                "status_changed",
                format!("{what} changed from {from} to {}{why}", state.status),
                metadata.clone(),
                true,
                view,
            );
            let new = |tag: &str| state.has(tag) && !tags.iter().any(|t| t == tag);
            if new("cancelled") && !state.has("refunded") {
                self.log("cancelled", format!("{what} cancelled{why}"), metadata.clone(), true, view);
            }
            if new("delivered") {
                self.log("delivered", format!("{what} delivered"), metadata.clone(), true, view);
            }
            if new("shipped") && !new("delivered") && !self.timeline.iter().any(|e| e.kind == "shipped") {
                self.log("shipped", format!("{what} shipped"), metadata, true, view);
            }
            for moved in &mut self.order.merchant_orders {
                if moved.merchant_id == merchant {
                    moved.updated_at = self.now;
                }
            }
        }
        self.log_progress();
        self.emit_changes();
    }

    /// An event that moved items without changing what clients see (accepted, and waiting for the capture) is history too: who did it.
    fn log_progress(&mut self) {
        let Some(event) = self.cause.event.clone() else { return };
        let mut groups: Vec<(MerchantId, Vec<String>)> = Vec::new();
        for item in &self.order.items {
            let Some(before) = self.before.iter().find(|b| b.item == item.id) else { continue };
            let status = status::status_of(&self.workflow.item, &item.machine);
            if before.state == item.machine.state || before.status != status {
                continue;
            }
            match groups.iter_mut().find(|g| g.0 == item.merchant_id) {
                Some(group) => group.1.push(item.id.to_string()),
                None => groups.push((item.merchant_id, vec![item.id.to_string()])),
            }
        }
        for (merchant, items) in groups {
            let message = format!("{}: {} of {} items", event.replace('_', " "), items.len(), self.order.items.len());
            let mut metadata = json!({ "event": event, "itemIds": items });
            if let Some(note) = &self.cause.note {
                metadata["note"] = json!(note);
            }
            self.log("event", message, metadata, false, MerchantView::Only(merchant));
        }
    }

    fn emit_changes(&mut self) {
        let Some(from) = self.from_status.clone() else { return };
        let to = status::order_status(&self.order, self.workflow);
        let mut became: Vec<&'static str> = Vec::new();
        for (tag, kind) in
            [("shipped", "order.shipped"), ("delivered", "order.delivered"), ("completed", "order.completed")]
        {
            let now = self.live().count() > 0
                && self.live().all(|i| self.workflow.item.state(&i.machine.state).is_some_and(|s| s.has(tag)));
            let live_before: Vec<&Before> =
                self.before.iter().filter(|b| !b.tags.iter().any(|t| t == "cancelled")).collect();
            let before = !live_before.is_empty() && live_before.iter().all(|b| b.tags.iter().any(|t| t == tag));
            if now && !before {
                became.push(kind);
            }
        }
        let cancelled_now = self.live().count() == 0;
        let cancelled_before = self.before.iter().all(|b| b.tags.iter().any(|t| t == "cancelled"));
        if cancelled_now && !cancelled_before {
            became.push("order.canceled");
        }
        if from != to {
            let data = json!({ "from": from, "to": to, "reason": self.cause.reason });
            self.emit("order.status_changed", data);
        }
        for kind in became {
            self.emit(kind, json!({ "status": to }));
        }
    }
}
