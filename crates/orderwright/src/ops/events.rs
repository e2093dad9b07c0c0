//! The feed of domain events, gap-free.

use serde_json::Value;

use super::{Ctx, OpError};

/// An event of the feed.
#[derive(Clone, Debug)]
pub struct FeedEvent {
    /// Where it stands: `position.index`.
    pub cursor: String,
    /// The changeset that it is of.
    pub change: i64,
    /// Its place in the changeset.
    pub index: usize,
    /// `order.created`, …
    pub kind: String,
    /// When.
    pub at: i64,
    /// Facts.
    pub data: Value,
}

/// The events of the changesets after a position, and the position after them. A changeset's events stay together.
pub async fn after(ctx: &Ctx, position: i64, limit: i64) -> Result<(Vec<FeedEvent>, i64), OpError> {
    let rows = ctx.app.store.events_after(position, limit).await?;
    let mut events = Vec::new();
    let mut last = position;
    for row in rows {
        last = row.position;
        let parsed: Vec<Value> = serde_json::from_str(&row.events).map_err(|e| OpError::Internal(e.to_string()))?;
        for (index, event) in parsed.into_iter().enumerate() {
            events.push(FeedEvent {
                cursor: format!("{}.{index}", row.position),
                change: row.id,
                index,
                kind: event["type"].as_str().unwrap_or_default().to_owned(),
                at: row.at,
                data: event["data"].clone(),
            });
        }
    }
    Ok((events, last))
}
