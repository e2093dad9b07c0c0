//! What the store holds after the run, held against the files: by state, by seller, and what did not fit.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Write as _};
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use orderwright_core::id::{MerchantId, OrderId};
use orderwright_core::money::Currency;
use orderwright_core::order::{PartyKind, PartyRef, RefundState};
use orderwright_core::status;
use serde::Serialize;

use super::oddity::Oddity;
use super::plan::{Plan, PlannedOrder};
use super::replay::Replayed;
use super::setup::actor;
use super::{ORDERS, SELLERS};
use crate::app::App;
use crate::ops::command::{self, OrderRef};
use crate::ops::import::known;
use crate::ops::{Ctx, OpError};
use crate::store::Scope;

/// The summary. As JSON it has the fields of api.md's conventions and no time; all but `created` describe the store after the run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Orders of this source in the store.
    pub orders: usize,
    /// How many of them this run placed.
    pub created: usize,
    /// Orders by public status.
    pub by_status: BTreeMap<String, usize>,
    /// The balance of each seller in the ledger, by the seller's id in the files: what was captured for them less what went back.
    pub money_by_seller: BTreeMap<String, i64>,
    /// What could not be represented, or not as it is in the files, by order id.
    pub reported: Vec<Reported>,
    /// What the sums come to.
    #[serde(skip)]
    pub totals: Totals,
    /// Headings of what is reported, and how many orders each has.
    #[serde(skip)]
    pub kinds: BTreeMap<&'static str, Vec<String>>,
}

/// An order that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reported {
    /// Its id in the files.
    pub order_id: String,
    /// The status that it is stored with; `null` when it is not stored.
    pub stored: Option<String>,
    /// Why, and what to do.
    pub reason: String,
}

/// Sums over the orders of the files that are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Payments in the files.
    pub paid: i64,
    /// Of those, for orders cancelled before approval: never captured.
    pub never_taken: i64,
    /// Of those, beyond what the lines cost.
    pub beyond: i64,
    /// Captured in the ledger.
    pub captured: i64,
    /// Refunded in the ledger.
    pub refunded: i64,
    /// Σ of all entries of these orders: zero.
    pub imbalance: i64,
    /// Sellers whose balance is not what the files come to.
    pub sellers_off: usize,
}

impl Totals {
    /// Whether the books agree with the files, to the cent.
    pub fn balance(&self) -> bool {
        self.imbalance == 0 && self.sellers_off == 0 && self.paid == self.captured + self.beyond + self.never_taken
    }
}

/// What the store has of one order.
struct Stored {
    status: String,
    captured: i64,
    refunded: i64,
    imbalance: i64,
    open_refund: bool,
    by_account: Vec<(String, i64)>,
}

/// Reads the store and compares.
pub async fn summarise(
    app: &Arc<App>,
    plan: &Plan,
    replayed: &HashMap<String, Replayed>,
    window: usize,
) -> Result<Summary, OpError> {
    let ctx = Ctx::of(app, actor(orderwright_core::actor::Role::Ops));
    let sellers: HashMap<String, String> =
        known(&ctx, SELLERS).await?.into_iter().map(|(seller, id)| (account(id), seller)).collect();
    let refs = known(&ctx, ORDERS).await?;
    let stored: HashMap<String, Stored> = stream::iter(refs)
        .map(|(external, id)| {
            let ctx = ctx.clone();
            async move { Ok::<_, OpError>((external, read(&ctx, OrderId(id)).await?)) }
        })
        .buffer_unordered(window.max(1))
        .try_collect()
        .await?;
    let mut summary = Summary { orders: stored.len(), ..Summary::default() };
    summary.created = replayed
        .values()
        .filter(|r| matches!(r, Replayed::Done { created: true } | Replayed::Refused { created: true, .. }))
        .count();
    for order in stored.values() {
        *summary.by_status.entry(order.status.clone()).or_default() += 1;
        summary.totals.captured += order.captured;
        summary.totals.refunded += order.refunded;
        summary.totals.imbalance += order.imbalance;
        for (account, amount) in &order.by_account {
            if let Some(seller) = sellers.get(account) {
                *summary.money_by_seller.entry(seller.clone()).or_default() -= amount;
            }
        }
    }
    let mut reported: BTreeMap<&str, Vec<Oddity>> = BTreeMap::new();
    for (id, oddity) in &plan.left_out {
        reported.insert(id, vec![oddity.clone()]);
    }
    let mut of_files: BTreeMap<&str, i64> = BTreeMap::new();
    for planned in &plan.orders {
        let oddities = compare(planned, stored.get(&planned.id), replayed.get(&planned.id));
        if let Some(stored) = stored.get(&planned.id) {
            add_up(planned, stored, &sellers, &mut summary.totals, &mut of_files);
        }
        if !oddities.is_empty() {
            reported.entry(&planned.id).or_default().extend(oddities);
        }
    }
    // Orders of other folders are in the store as well: only those of this one can be held against its files.
    if plan.orders.len() >= stored.len() {
        summary.totals.sellers_off = sellers
            .values()
            .filter(|s| {
                summary.money_by_seller.get(*s).copied().unwrap_or(0) != of_files.get(s.as_str()).copied().unwrap_or(0)
            })
            .count();
    }
    for (id, oddities) in reported {
        for oddity in &oddities {
            summary.kinds.entry(oddity.kind()).or_default().push(id.to_owned());
        }
        summary.reported.push(Reported {
            order_id: id.to_owned(),
            stored: stored.get(id).map(|s| s.status.clone()),
            reason: oddities.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | "),
        });
    }
    Ok(summary)
}

fn account(merchant: i64) -> String {
    PartyRef { kind: PartyKind::Merchant, id: MerchantId(merchant).to_string() }.account()
}

async fn read(ctx: &Ctx, id: OrderId) -> Result<Stored, OpError> {
    let loaded = command::load(ctx, &Scope::All, OrderRef::Order(id)).await?;
    let entries = ctx.app.store.ledger_of_order(id.0).await?;
    let sum = |cause: &str| -> i64 {
        entries
            .iter()
            .filter(|e| e.cause == cause && ["provider/clearing", "bank"].contains(&e.account.as_str()))
            .map(|e| e.amount)
            .sum()
    };
    Ok(Stored {
        status: status::order_status(&loaded.order, &loaded.workflow).to_owned(),
        captured: sum("capture"),
        refunded: -sum("refund"),
        imbalance: entries.iter().map(|e| e.amount).sum(),
        open_refund: loaded.order.refunds.iter().any(|r| r.state == RefundState::Pending),
        by_account: entries.iter().map(|e| (e.account.clone(), e.amount)).collect(),
    })
}

/// What there is to say about an order: what the plan knew, and what came of it.
fn compare(planned: &PlannedOrder, stored: Option<&Stored>, replayed: Option<&Replayed>) -> Vec<Oddity> {
    let mut oddities = planned.oddities.clone();
    if let Some(Replayed::Refused { step, why, .. }) = replayed {
        oddities.push(Oddity::Refused { step, why: why.clone() });
    }
    let Some(stored) = stored else { return oddities };
    if stored.status != planned.ends {
        oddities.push(Oddity::Differs { expected: planned.ends, found: stored.status.clone() });
        return oddities;
    }
    if stored.open_refund {
        oddities.push(Oddity::RefundOpen);
        return oddities;
    }
    let (captured, kept) = expected(planned);
    if stored.captured != captured {
        oddities.push(Oddity::Books { expected: captured, found: stored.captured });
    } else if stored.captured - stored.refunded != kept {
        oddities.push(Oddity::Books { expected: kept, found: stored.captured - stored.refunded });
    }
    oddities
}

/// What the plan captures, and what of it stays with the sellers.
fn expected(planned: &PlannedOrder) -> (i64, i64) {
    let captured = if planned.pays() { planned.due() } else { 0 };
    (captured, if planned.ends == "cancelled" { 0 } else { captured })
}

fn add_up<'a>(
    planned: &'a PlannedOrder,
    stored: &Stored,
    accounts: &'a HashMap<String, String>,
    totals: &mut Totals,
    sellers: &mut BTreeMap<&'a str, i64>,
) {
    totals.paid += planned.paid;
    let (captured, kept) = expected(planned);
    let beyond = if planned.pays() { &mut totals.beyond } else { &mut totals.never_taken };
    if (stored.captured, stored.captured - stored.refunded) == (captured, kept) {
        *beyond += planned.paid - captured;
        for line in planned.lines.iter().filter(|_| kept > 0) {
            *sellers.entry(&line.seller_id).or_default() += line.due();
        }
        return;
    }
    // Somebody moved it since. That is reported, and the sums follow what it is.
    *beyond += planned.paid - stored.captured;
    for (account, amount) in &stored.by_account {
        if let Some(seller) = accounts.get(account) {
            *sellers.entry(seller).or_default() -= amount;
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |amount: i64| Currency::parse("BRL").map_or_else(|| amount.to_string(), |c| c.show(amount));
        writeln!(f, "{} orders in the store, {} of them new", self.orders, self.created)?;
        for (status, count) in &self.by_status {
            writeln!(f, "  {status:<12} {count:>8}")?;
        }
        let t = &self.totals;
        writeln!(f, "\nMoney")?;
        for (label, amount) in [
            ("payments in the files", t.paid),
            ("  never approved, so never taken", -t.never_taken),
            ("  beyond items and freight", -t.beyond),
            ("captured in the ledger", t.captured),
            ("  refunded with cancellations", -t.refunded),
            ("left with the sellers", self.money_by_seller.values().sum()),
        ] {
            writeln!(f, "  {label:<36} {:>20}", show(amount))?;
        }
        let verdict = if t.balance() {
            "the books agree with the files to the cent"
        } else {
            "THE BOOKS DO NOT AGREE WITH THE FILES"
        };
        writeln!(f, "  {verdict}")?;
        let mut sellers: Vec<(&String, &i64)> = self.money_by_seller.iter().collect();
        sellers.sort_by_key(|(id, amount)| (std::cmp::Reverse(**amount), *id));
        writeln!(f, "\nSellers ({}; the first {})", sellers.len(), sellers.len().min(10))?;
        for (seller, amount) in sellers.into_iter().take(10) {
            writeln!(f, "  {seller:<36} {:>20}", show(*amount))?;
        }
        writeln!(f, "\nTo look at: {} orders", self.reported.len())?;
        for (kind, ids) in &self.kinds {
            let mut some = String::new();
            for id in ids.iter().take(3) {
                write!(some, " {id}")?;
            }
            let more = if ids.len() > 3 { " …" } else { "" };
            writeln!(f, "  {:>6} {kind}:{some}{more}", ids.len())?;
        }
        if !self.reported.is_empty() {
            writeln!(f, "  (--report FILE or --json say for each what is stored and why)")?;
        }
        Ok(())
    }
}
