//! On which terms parties are paid: read, and said anew.

use std::collections::BTreeMap;

use orderwright_core::payout::{Change, Schedule, Terms};

use crate::ops::{Ctx, OpError, parties};
use crate::store::{Changeset, PayoutTermsRow};

/// All terms that were said.
#[derive(Clone, Debug, Default)]
pub struct Book {
    /// By channel and party; the empty party is the channel.
    said: BTreeMap<(String, String), (Change, i64)>,
}

/// The terms of a channel or of a party in it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The channel.
    pub channel: String,
    /// The party's ledger account; `None` for the channel.
    pub party: Option<String>,
    /// What follows.
    pub terms: Terms,
}

impl Book {
    /// Reads them.
    pub async fn load(ctx: &Ctx) -> Result<Self, OpError> {
        let mut said = BTreeMap::new();
        for row in ctx.app.store.payout_terms().await? {
            let change = serde_json::from_str(&row.body)
                .map_err(|e| OpError::Internal(format!("the payout terms of {}: {e}", row.channel)))?;
            said.insert((row.channel, row.party), (change, row.since));
        }
        Ok(Self { said })
    }

    fn change(&self, channel: &str, party: &str) -> Change {
        self.said.get(&(channel.to_owned(), party.to_owned())).map(|(change, _)| change.clone()).unwrap_or_default()
    }

    /// The terms of a party in a channel.
    pub fn terms(&self, channel: &str, party: &str) -> Terms {
        self.change(channel, "").and(self.change(channel, party)).terms()
    }

    /// The schedules that are in use in a channel, and since when each is.
    pub fn schedules(&self, channel: &str) -> Vec<(Schedule, i64)> {
        let mut all: Vec<(Schedule, i64)> = Vec::new();
        for ((_, _), (change, since)) in self.said.iter().filter(|((name, _), _)| name == channel) {
            let Some(schedule) = change.schedule else { continue };
            match all.iter_mut().find(|(known, _)| *known == schedule) {
                Some((_, first)) => *first = (*first).min(*since),
                None => all.push((schedule, *since)),
            }
        }
        all
    }

    /// Everything as it is shown: a channel's own terms before those of its parties.
    pub fn entries(&self, channels: &[String]) -> Vec<Entry> {
        let mut out = Vec::new();
        for channel in channels {
            out.push(Entry { channel: channel.clone(), party: None, terms: self.terms(channel, "") });
            for ((_, party), _) in self.said.iter().filter(|((name, party), _)| name == channel && !party.is_empty()) {
                out.push(Entry {
                    channel: channel.clone(),
                    party: Some(party.clone()),
                    terms: self.terms(channel, party),
                });
            }
        }
        out
    }
}

/// The terms of all channels, or of one.
pub async fn list(ctx: &Ctx, channel: Option<&str>) -> Result<Vec<Entry>, OpError> {
    let channels = ctx.app.channels();
    let mut names: Vec<String> = channels.keys().filter(|n| channel.is_none_or(|c| c == n.as_str())).cloned().collect();
    if names.is_empty() {
        return Err(OpError::NotFound);
    }
    names.sort();
    Ok(Book::load(ctx).await?.entries(&names))
}

/// Says terms anew; what is not said stays.
pub async fn change(ctx: &mut Ctx, channel: &str, of: Option<&str>, change: Change) -> Result<Entry, OpError> {
    if ctx.app.channel(channel).is_none() {
        return Err(OpError::field("/channel", "there is no such channel"));
    }
    if let Some(account) = of {
        parties::known(ctx, account).await?;
    }
    if of.is_some() && change.debtor.is_some() {
        return Err(OpError::field("/debtor", "is the channel's: leave party out"));
    }
    let book = Book::load(ctx).await?;
    let key = (channel.to_owned(), of.unwrap_or_default().to_owned());
    let (before, since) = book.said.get(&key).cloned().unwrap_or_default();
    let now = ctx.clock.now();
    let after = before.clone().and(change);
    // Runs of before a schedule was set are not made up for.
    let since = if after.schedule == before.schedule { since } else { now.0 };
    let body = serde_json::to_string(&after).map_err(|e| OpError::Internal(e.to_string()))?;
    let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
    cs.put_payout_terms(&PayoutTermsRow { channel: key.0.clone(), party: key.1.clone(), body, since });
    if let Some(key) = ctx.key.take() {
        key.start(&mut cs, None, now);
    }
    ctx.app.store.commit(cs).await?;
    let terms = Book::load(ctx).await?.terms(channel, &key.1);
    Ok(Entry { channel: key.0, party: of.map(str::to_owned), terms })
}
