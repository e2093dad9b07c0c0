//! The feed of domain events, gap-free.

use serde_json::Value;

use super::{Ctx, OpError};

/// An event of the feed.
#[derive(Clone, Debug)]
pub struct FeedEvent {
    /// The cursor behind it.
    pub cursor: FeedCursor,
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

/// Where a reader stands: behind this event of this position. A position whose events were all read has the index of the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedCursor {
    /// Position of the changeset.
    pub position: i64,
    /// Events of it that were read.
    pub read: usize,
}

impl FeedCursor {
    /// Before everything.
    pub const START: Self = Self { position: 0, read: 0 };

    /// Reads `position.events-read`, or a whole position.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let (position, read) = match text.split_once('.') {
            Some((position, read)) => (position, Some(read).filter(|r| digits(r))?.parse().ok()?),
            None => (text, usize::MAX),
        };
        let position = Some(position).filter(|p| digits(p))?.parse().ok()?;
        Some(Self { position, read })
    }
}

impl std::fmt::Display for FeedCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.read {
            usize::MAX => write!(f, "{}", self.position),
            read => write!(f, "{}.{read}", self.position),
        }
    }
}

/// Changesets read at once.
const BATCH: i64 = 200;

/// At most `limit` events after a cursor, and the cursor behind them. Fewer than `limit` means that there are no more yet.
pub async fn after(ctx: &Ctx, cursor: FeedCursor, limit: usize) -> Result<(Vec<FeedEvent>, FeedCursor), OpError> {
    let mut events = Vec::new();
    let mut at = cursor;
    let mut from = (cursor.position - 1).max(0);
    loop {
        let rows = ctx.app.store.events_after(from, BATCH).await?;
        let more = rows.len() as i64 == BATCH;
        for row in rows {
            from = row.position;
            let parsed: Vec<Value> = serde_json::from_str(&row.events).map_err(|e| OpError::Internal(e.to_string()))?;
            let skip = if row.position == at.position { at.read.min(parsed.len()) } else { 0 };
            let count = parsed.len();
            for (index, event) in parsed.into_iter().enumerate().skip(skip) {
                if events.len() == limit {
                    return Ok((events, at));
                }
                at = FeedCursor { position: row.position, read: index + 1 };
                events.push(FeedEvent {
                    cursor: at,
                    change: row.id,
                    index,
                    kind: event["type"].as_str().unwrap_or_default().to_owned(),
                    at: row.at,
                    data: event["data"].clone(),
                });
            }
            at = FeedCursor { position: row.position, read: count };
        }
        if !more {
            return Ok((events, at));
        }
    }
}
