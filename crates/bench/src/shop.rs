//! The shop that the bench buys in: the demo, with a hundred more SKUs of the first two offers of each channel.
//!
//! A real shop's orders spread over its catalogue. If all of them took one SKU, its stock row would be measured and little
//! else; that case has a scenario of its own (the flash sale). The new SKUs of one family have one price and one merchant, so
//! an order of one can stand for an order of another.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use orderwright::app::App;
use orderwright::ops::catalog::put_offer;
use orderwright::store::{Changeset, StockAdjustment, StockMovementRow, StoreConfig};
use orderwright_core::catalog::Offer;
use serde_json::Value;

use crate::server::{Place, Server};

/// The demo's channels.
pub const CHANNELS: [&str; 5] = ["blinds", "retail", "bazaar", "studio", "mall"];
/// SKUs of one family.
pub const FAMILY: usize = 100;
/// Units of each: more than any bench sells.
const UNITS: i64 = 1_000_000_000;
/// Behind the demo's own offers in every list.
const RANK: i64 = 1_000_000;

/// The n-th SKU of a family (0 or 1) of a channel.
pub fn sku(channel: &str, family: usize, n: usize) -> String {
    format!("BENCH-{}-{}-{n:03}", channel.to_ascii_uppercase(), ['A', 'B'][family])
}

/// The family that a SKU of [`sku`] belongs to, as the part of it that all of them share.
pub fn family_of(sku: &str) -> Option<&str> {
    sku.starts_with("BENCH-").then(|| &sku[..sku.len() - 3])
}

impl Place {
    /// The store of this place, opened beside or instead of a server.
    pub fn store(&self, inline: bool) -> StoreConfig {
        match &self.database_url {
            Some(url) => StoreConfig::Postgres { url: url.clone() },
            None => StoreConfig::Sqlite { dir: self.dir.clone(), exclusive: inline, inline },
        }
    }
}

/// Adds the bench's offers to a demo that has been made. No server may run on it: servers need not look for new offers.
pub fn stock_up(place: &Place, demo: &Value) -> Result<()> {
    apart(add_offers(place, demo))
}

/// Runs something that opens the store on a thread of its own: a thread that has read from a store keeps its connection,
/// and the bulk loader needs the store for itself.
pub fn apart<T: Send>(work: impl Future<Output = Result<T>> + Send) -> Result<T> {
    let run = || tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work);
    std::thread::scope(|scope| scope.spawn(run).join()).map_err(|_| anyhow::anyhow!("the thread panicked"))?
}

async fn add_offers(place: &Place, demo: &Value) -> Result<()> {
    let app = App::open(place.store(false), true).await?;
    let now = app.clock.now();
    for channel in CHANNELS {
        let items = demo["channels"][channel]["items"].as_array().context("demo.json lists no offers")?;
        let skus: Vec<&str> = items.iter().take(2).filter_map(|item| item["sku"].as_str()).collect();
        let rows = app.store.find_offers(&skus).await?;
        let mut cs = Changeset::new(app.ids.next(now), now.0);
        for (family, model) in skus.iter().enumerate() {
            let row = rows.iter().find(|row| row.sku == *model).context("an offer of demo.json is not in the store")?;
            let offer: Offer = serde_json::from_str(&row.body)?;
            for n in 0..FAMILY {
                let offer = Offer { sku: sku(channel, family, n), ..offer.clone() };
                put_offer(&mut cs, &offer, RANK + n as i64)?;
                cs.adjust(&offer.sku, "default", StockAdjustment::Set(UNITS), false);
                cs.insert_stock_movement(&StockMovementRow {
                    id: app.ids.next(now),
                    sku: offer.sku,
                    location: "default".to_owned(),
                    kind: "receive".to_owned(),
                    quantity: UNITS,
                    order_id: None,
                    reason: Some("opening stock".to_owned()),
                    at: now.0,
                });
            }
        }
        app.store.commit(cs).await?;
    }
    Ok(())
}

/// Who may do what in a shop: the tokens of `demo.json`, and who sells each family.
#[derive(Clone, Debug)]
pub struct Shop {
    /// The administrator's token.
    pub admin: String,
    customers: Vec<String>,
    storefronts: BTreeMap<String, String>,
    /// By channel: the tokens of the two families' merchants.
    merchants: BTreeMap<String, Vec<String>>,
}

impl Shop {
    /// Of a running server.
    pub fn of(server: &Server) -> Result<Self> {
        Self::new(&server.demo)
    }

    /// Of a `demo.json`.
    pub fn new(demo: &Value) -> Result<Self> {
        let tokens = &demo["tokens"];
        let named = |value: &Value| -> BTreeMap<String, String> {
            let entries = value.as_object().into_iter().flatten();
            entries.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect()
        };
        let keys = named(&tokens["merchants"]);
        let mut merchants = BTreeMap::new();
        for channel in CHANNELS {
            let items = demo["channels"][channel]["items"].as_array().into_iter().flatten().take(2);
            let of = items.map(|item| keys.get(item["merchantId"].as_str()?).cloned());
            let of: Option<Vec<String>> = of.collect();
            merchants.insert(channel.to_owned(), of.context("demo.json: a merchant without a token")?);
        }
        let admin = tokens["admin"].as_str().context("demo.json: no admin")?.to_owned();
        let customers: Vec<String> = named(&tokens["customers"]).into_values().collect();
        anyhow::ensure!(!customers.is_empty(), "demo.json: no customers");
        Ok(Self { admin, customers, storefronts: named(&tokens["storefronts"]), merchants })
    }

    /// A customer's token; they take turns.
    pub fn customer(&self) -> &str {
        &self.customers[turn() as usize % self.customers.len()]
    }

    /// A channel's server-side key.
    pub fn storefront(&self, channel: &str) -> &str {
        self.storefronts.get(channel).map_or("", String::as_str)
    }

    /// The token of the merchant who sells a family.
    pub fn merchant(&self, channel: &str, family: usize) -> &str {
        self.merchants.get(channel).and_then(|m| m.get(family)).map_or("", String::as_str)
    }
}

/// A number that no other call gets.
pub fn turn() -> u64 {
    static TURN: AtomicU64 = AtomicU64::new(0);
    TURN.fetch_add(1, Ordering::Relaxed)
}

/// A number that looks like none in particular, from one that counts (SplitMix64).
pub fn scatter(n: u64) -> u64 {
    let mut z = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
