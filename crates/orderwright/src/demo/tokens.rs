//! The demo's keys: read back from `demo.json` when they are still good, made anew for the same people otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use orderwright_core::actor::Role;
use orderwright_core::catalog::Offer;
use orderwright_core::id::{CustomerId, MerchantId};
use orderwright_core::order::{PartyKind, PartyRef};

use super::file::{ChannelEntry, DemoFile, ItemEntry, Tokens};
use super::{catalog, people};
use crate::app::App;
use crate::ops::auth::{self, Grant};
use crate::ops::people::email_digest;

/// Whom a key is for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Holder {
    Admin,
    Ops,
    Retailer(String),
    Storefront(String),
    Merchant(MerchantId),
    Brand(String),
    Customer(CustomerId),
}

impl Holder {
    fn grant(&self) -> Grant {
        let (role, subject, channel) = match self {
            Self::Admin => (Role::Admin, None, None),
            Self::Ops => (Role::Ops, None, None),
            Self::Retailer(channel) => (Role::Retailer, None, Some(channel.clone())),
            Self::Storefront(channel) => (Role::Storefront, None, Some(channel.clone())),
            Self::Merchant(id) => (Role::Merchant, Some(id.0), None),
            Self::Brand(_) => (Role::Brand, None, None),
            Self::Customer(id) => (Role::Customer, Some(id.0), None),
        };
        let party = match self {
            Self::Brand(id) => Some(PartyRef { kind: PartyKind::Brand, id: id.clone() }),
            _ => None,
        };
        // No end: the clock of the demo may be moved by years.
        Grant { role, subject, party, channel, label: format!("demo {}", role.name()), expires_at: None }
    }

    /// Where the key is in the file.
    fn slot<'a>(&self, tokens: &'a mut Tokens) -> &'a mut String {
        match self {
            Self::Admin => &mut tokens.admin,
            Self::Ops => &mut tokens.ops,
            Self::Retailer(channel) => tokens.retailers.entry(channel.clone()).or_default(),
            Self::Storefront(channel) => tokens.storefronts.entry(channel.clone()).or_default(),
            Self::Merchant(id) => tokens.merchants.entry(id.to_string()).or_default(),
            Self::Brand(id) => tokens.brands.entry(id.clone()).or_default(),
            Self::Customer(id) => tokens.customers.entry(id.to_string()).or_default(),
        }
    }
}

/// Writes the file for the demo as it is in the store. Keys of the file that is there are kept as long as they are good; the others are
/// made anew.
pub async fn write(app: &Arc<App>, dir: &Path, base_url: &str) -> anyhow::Result<DemoFile> {
    let before = DemoFile::read(dir)?;
    let logins = before.as_ref().map(|file| file.logins.clone()).unwrap_or_default();
    let mut kept = before.map(|file| file.tokens).unwrap_or_default();
    // Only of those who are in the store: the file may have been of another one.
    let mut tokens = Tokens::default();
    let mut missing = Vec::new();
    for holder in holders(app).await? {
        let key = std::mem::take(holder.slot(&mut kept));
        match is_good(app, &holder, &key).await? {
            true => *holder.slot(&mut tokens) = key,
            false => missing.push(holder),
        }
    }
    let grants: Vec<Grant> = missing.iter().map(Holder::grant).collect();
    if !grants.is_empty() {
        for (holder, (_, text)) in missing.iter().zip(auth::issue_all(app, &grants).await?) {
            *holder.slot(&mut tokens) = text;
        }
    }
    let file = DemoFile { base_url: base_url.to_owned(), tokens, logins, channels: channels(app).await? };
    file.write(dir)?;
    Ok(file)
}

/// Whether a key is of this store, and speaks for whom it should.
async fn is_good(app: &App, holder: &Holder, key: &str) -> anyhow::Result<bool> {
    let wanted = holder.grant();
    let actor = auth::authenticate(app, key).await?;
    Ok(actor.is_some_and(|actor| {
        let subject = actor.merchant.map(|m| m.0).or(actor.customer.map(|c| c.0));
        (actor.role, subject, actor.party, actor.channel) == (wanted.role, wanted.subject, wanted.party, wanted.channel)
    }))
}

/// Everybody who has a key.
async fn holders(app: &App) -> anyhow::Result<Vec<Holder>> {
    let mut holders = vec![Holder::Admin, Holder::Ops];
    for row in app.store.channels().await? {
        holders.push(Holder::Retailer(row.name.clone()));
        holders.push(Holder::Storefront(row.name));
    }
    let mut after = 0;
    loop {
        let merchants = app.store.list_merchants(after, 200, None).await?;
        let Some(last) = merchants.last() else { break };
        after = last.id;
        holders.extend(merchants.iter().map(|m| Holder::Merchant(MerchantId(m.id))));
    }
    holders.extend(brands(app).await?.into_iter().map(Holder::Brand));
    holders.extend(customers(app).await?.into_iter().map(Holder::Customer));
    Ok(holders)
}

/// The brands that offers belong to.
async fn brands(app: &App) -> anyhow::Result<BTreeSet<String>> {
    let mut brands = BTreeSet::new();
    for channel in app.channels().keys() {
        brands.extend(offers(app, channel).await?.into_iter().filter_map(|offer| offer.brand));
    }
    Ok(brands)
}

/// The customers with a key of their own, in the order of the list of people.
pub async fn customers(app: &App) -> anyhow::Result<Vec<CustomerId>> {
    let mut found = Vec::new();
    for person in people::regulars() {
        let row = app.store.find_customer_by_email(catalog::EVERYWHERE, &email_digest(&person.email())).await?;
        found.extend(row.map(|row| CustomerId(row.id)));
    }
    Ok(found)
}

/// What each channel sells, in the order of its list.
async fn channels(app: &App) -> anyhow::Result<BTreeMap<String, ChannelEntry>> {
    let mut channels = BTreeMap::new();
    for (name, channel) in app.channels().iter() {
        let items = offers(app, name).await?.into_iter().map(|offer| ItemEntry {
            sku: offer.sku,
            merchant_id: offer.merchant_id.to_string(),
            price: offer.price,
        });
        let entry = ChannelEntry { currency: channel.currency.code().to_owned(), items: items.collect() };
        channels.insert(name.clone(), entry);
    }
    Ok(channels)
}

/// The offers of a channel, in the order of its list.
pub async fn offers(app: &App, channel: &str) -> anyhow::Result<Vec<Offer>> {
    let mut offers: Vec<Offer> = Vec::new();
    let mut after = (i64::MIN, String::new());
    loop {
        let rows = app.store.list_offers_of_channel(channel, (after.0, &after.1), 200).await?;
        let Some(last) = rows.last() else { return Ok(offers) };
        after = (last.rank, last.sku.clone());
        for row in &rows {
            offers.push(serde_json::from_str(&row.body)?);
        }
    }
}
