//! What a run did and what the store holds after it: by status, by seller, line by line, and what a person should look at.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use orderwright_core::id::{MerchantId, OrderId};
use orderwright_core::money::Currency;
use orderwright_core::order::{PartyKind, RefundState};
use orderwright_core::status;
use serde::Serialize;

use super::plan::{Key, Plan, Planned};
use super::replay::{Outcome, Replayed};
use crate::ops::command::{self, OrderRef};
use crate::ops::import::known;
use crate::ops::{Ctx, OpError};
use crate::store::Scope;

/// The summary. As JSON it has the fields of every import and no time; all but `created` describe the store after the run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Orders of this source in the store.
    pub orders: usize,
    /// How many of them this run placed; of a dry run, would place.
    pub created: usize,
    /// Orders by public status.
    pub by_status: BTreeMap<String, usize>,
    /// The balance of each seller in the ledger, by the seller's id in the source.
    pub money_by_seller: BTreeMap<String, i64>,
    /// What was not imported, or not as its source has it, by outside id.
    pub reported: Vec<Reported>,
    /// What became of each line of the file.
    #[serde(skip)]
    pub lines: Vec<LineOutcome>,
    /// What the sums come to.
    #[serde(skip)]
    pub totals: Totals,
    /// How many orders were refused.
    #[serde(skip)]
    pub refused: usize,
    /// Whether nothing was to be written.
    #[serde(skip)]
    pub dry_run: bool,
}

/// An order that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reported {
    /// Its id in the source.
    pub order_id: String,
    /// The status that it is stored with; `null` when it is not stored.
    pub stored: Option<String>,
    /// Why, and what to do.
    pub reason: String,
}

impl Summary {
    /// Tells of what was not imported.
    pub fn leave_out(&mut self, plan: &Plan) {
        self.refused += plan.left_out.len();
        for left in &plan.left_out {
            let reason = left.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ");
            self.reported.push(Reported { order_id: left.order_id.clone(), stored: None, reason });
            self.lines.extend(refused(left));
        }
    }

    /// Brings everything into an order that does not depend on the run.
    pub fn sort(&mut self) {
        self.lines.sort_by(|a, b| (a.line, &a.column).cmp(&(b.line, &b.column)));
        self.reported.sort_by(|a, b| (&a.order_id, &a.reason).cmp(&(&b.order_id, &b.reason)));
    }
}

/// What became of a line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LineOutcome {
    /// Which line, from 1.
    pub line: u64,
    /// The order that it tells of; empty when that cannot be read.
    pub order_id: String,
    /// `created`, `continued`, `unchanged` or `refused`.
    pub outcome: &'static str,
    /// The column that is wrong, or the path within the line.
    pub column: Option<String>,
    /// What is wrong and what to do.
    pub reason: Option<String>,
}

/// Sums over the planned orders that are stored, in minor units of any currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// What the paid orders of the file come to.
    pub due: i64,
    /// Captured in the ledger for these.
    pub captured: i64,
    /// Refunded in the ledger for these.
    pub refunded: i64,
    /// Σ of all entries of all orders of this source: zero.
    pub imbalance: i64,
    /// Orders whose parties' balances are not what was captured less what went back.
    pub parties_off: usize,
    /// Orders whose captured sum is not what the file comes to.
    pub orders_off: usize,
}

impl Totals {
    /// Whether the books balance, and agree with the file to the cent.
    pub fn balance(&self) -> bool {
        self.imbalance == 0 && self.parties_off == 0 && self.orders_off == 0
    }
}

/// What the store has of one order.
struct Stored {
    status: String,
    currency: Currency,
    captured: i64,
    refunded: i64,
    imbalance: i64,
    open_refund: bool,
    sellers: Vec<(String, i64)>,
    parties: i64,
}

/// Reads the store and compares.
pub async fn summarise(
    ctx: &Ctx,
    plan: &Plan,
    replayed: &HashMap<Key, Replayed>,
    window: usize,
) -> Result<Summary, OpError> {
    let sellers: HashMap<i64, String> =
        known(ctx, &merchants_of(&plan.source)).await?.into_iter().map(|(name, id)| (id, name)).collect();
    let sellers = Arc::new(sellers);
    let mut refs: Vec<(Key, i64)> = Vec::new();
    for source in plan.sources() {
        refs.extend(known(ctx, source).await?.into_iter().map(|(id, order)| ((source.to_owned(), id), order)));
    }
    let stored: HashMap<Key, Stored> = stream::iter(refs)
        .map(|(key, id)| {
            let (ctx, sellers) = (ctx.clone(), sellers.clone());
            async move { Ok::<_, OpError>((key, read(&ctx, OrderId(id), &sellers).await?)) }
        })
        .buffer_unordered(window.max(1))
        .try_collect()
        .await?;
    let mut summary = Summary { orders: stored.len(), ..Summary::default() };
    summary.created = replayed.values().filter(|r| r.outcome == Outcome::Created).count();
    let several = stored.values().any(|s| stored.values().next().is_some_and(|first| first.currency != s.currency));
    for order in stored.values() {
        *summary.by_status.entry(order.status.clone()).or_default() += 1;
        summary.totals.imbalance += order.imbalance;
        summary.totals.parties_off += usize::from(order.parties != order.captured - order.refunded);
        for (seller, amount) in &order.sellers {
            let name = if several { format!("{seller} {}", order.currency) } else { seller.clone() };
            *summary.money_by_seller.entry(name).or_default() += amount;
        }
    }
    for planned in &plan.orders {
        let (here, run) = (stored.get(&planned.key()), replayed.get(&planned.key()));
        let reasons = compare(planned, here, run, &mut summary.totals);
        summary.refused += usize::from(here.is_none());
        if !reasons.is_empty() {
            let (order_id, reason) = (planned.sale.external_id.clone(), reasons.join(" | "));
            summary.reported.push(Reported { order_id, stored: here.map(|s| s.status.clone()), reason });
        }
        if let Some(run) = run {
            summary.lines.extend(outcomes(planned, run));
        }
    }
    summary.leave_out(plan);
    summary.sort();
    Ok(summary)
}

/// Whose ids the merchants' outside ids of a source are.
pub fn merchants_of(source: &str) -> String {
    format!("{source}.merchant")
}

/// Whose ids the offers' outside ids of a source are.
pub fn offers_of(source: &str) -> String {
    format!("{source}.offer")
}

async fn read(ctx: &Ctx, id: OrderId, names: &HashMap<i64, String>) -> Result<Stored, OpError> {
    let loaded = command::load(ctx, &Scope::All, OrderRef::Order(id)).await?;
    let entries = ctx.app.store.ledger_of_order(id.0).await?;
    let sum = |cause: &str| -> i64 {
        entries
            .iter()
            .filter(|e| e.cause == cause && ["provider/clearing", "bank"].contains(&e.account.as_str()))
            .map(|e| e.amount)
            .sum()
    };
    let merchant = |account: &str| -> Option<MerchantId> {
        [PartyKind::Merchant, PartyKind::Supplier]
            .into_iter()
            .find_map(|kind| MerchantId::parse(account.strip_prefix(&format!("party/{}/", kind.name()))?))
    };
    let sellers = entries
        .iter()
        .filter_map(|e| merchant(&e.account).map(|m| (m, -e.amount)))
        .map(|(m, amount)| (names.get(&m.0).cloned().unwrap_or_else(|| m.to_string()), amount))
        .collect();
    Ok(Stored {
        status: status::order_status(&loaded.order, &loaded.workflow).to_owned(),
        currency: loaded.order.currency,
        captured: sum("capture"),
        refunded: -sum("refund"),
        imbalance: entries.iter().map(|e| e.amount).sum(),
        open_refund: loaded.order.refunds.iter().any(|r| r.state == RefundState::Pending),
        sellers,
        parties: entries.iter().filter(|e| e.account.starts_with("party/")).map(|e| -e.amount).sum(),
    })
}

/// What there is to say about an order: what the plan knew, and what came of it.
fn compare(planned: &Planned, stored: Option<&Stored>, run: Option<&Replayed>, totals: &mut Totals) -> Vec<String> {
    let mut reasons = planned.oddities.clone();
    reasons.extend(run.and_then(|r| r.short.clone()));
    let Some(stored) = stored else { return reasons };
    let due = if planned.paid.is_some() { planned.sale.total() } else { 0 };
    totals.due += due;
    totals.captured += stored.captured;
    totals.refunded += stored.refunded;
    let stopped = run.is_some_and(|r| r.short.is_some());
    if stored.captured != due && !stopped {
        totals.orders_off += usize::from(planned.paid.is_some());
        let (file, books) = (stored.currency.show(due), stored.currency.show(stored.captured));
        reasons.push(format!(
            "books differ: by the file {file} was paid, by the books {books}; it was paid since, or the file changed after it was imported: look at its timeline"
        ));
    }
    if stored.open_refund {
        reasons.push("refund open: a refund is still on its way: look at the order's jobs".to_owned());
    }
    if let Some((_, amount)) = planned.refunded
        && stored.refunded != amount
        && !stopped
    {
        let (file, books) = (stored.currency.show(amount), stored.currency.show(stored.refunded));
        reasons.push(format!(
            "refunds differ: the file says {file}, the books {books}: a cancelled line gives back all that was paid for it, and more may have gone back since; decide whose the difference is"
        ));
    }
    reasons
}

fn outcomes(planned: &Planned, run: &Replayed) -> Vec<LineOutcome> {
    let outcome = match run.outcome {
        Outcome::Created => "created",
        Outcome::Continued => "continued",
        Outcome::Unchanged if run.short.is_some() => "refused",
        Outcome::Unchanged => "unchanged",
    };
    let line = |&line| LineOutcome {
        line,
        order_id: planned.sale.external_id.clone(),
        outcome,
        column: None,
        reason: run.short.clone(),
    };
    planned.at.iter().map(line).collect()
}

/// A refused order's lines: what is wrong where it is wrong, and on the others that nothing of the order is imported.
fn refused(left: &super::plan::LeftOut) -> Vec<LineOutcome> {
    let mut lines: Vec<LineOutcome> = left
        .faults
        .iter()
        .map(|fault| LineOutcome {
            line: fault.line,
            order_id: left.order_id.clone(),
            outcome: "refused",
            column: Some(fault.column.clone()),
            reason: Some(fault.what.clone()),
        })
        .collect();
    let bad = left.faults.first().map_or(0, |f| f.line);
    for &line in left.at.iter().filter(|line| !left.faults.iter().any(|f| f.line == **line)) {
        lines.push(LineOutcome {
            line,
            order_id: left.order_id.clone(),
            outcome: "refused",
            column: None,
            reason: Some(format!("nothing of the order is imported: line {bad} of it is wrong")),
        });
    }
    lines
}

impl fmt::Display for LineOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {} {}", self.line, shown(&self.order_id), self.outcome)?;
        if let Some(column) = &self.column {
            write!(f, ": {}", shown(column))?;
        }
        match &self.reason {
            Some(reason) => write!(f, ": {}", shown(reason)),
            None => Ok(()),
        }
    }
}

/// Text of a file, without what a terminal would act on.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.dry_run {
            writeln!(
                f,
                "Dry run: {} orders would be imported, {} are refused; nothing was written",
                self.created, self.refused
            )?;
        } else {
            writeln!(f, "{} orders in the store, {} of them new; {} refused", self.orders, self.created, self.refused)?;
        }
        for (status, count) in &self.by_status {
            writeln!(f, "  {status:<22} {count:>8}")?;
        }
        if !self.dry_run {
            let t = &self.totals;
            writeln!(f, "\nMoney, in minor units")?;
            for (label, amount) in [
                ("paid by the file", t.due),
                ("captured in the ledger", t.captured),
                ("  refunded", -t.refunded),
                ("left with the sellers", self.money_by_seller.values().sum()),
            ] {
                writeln!(f, "  {label:<36} {amount:>16}")?;
            }
            let verdict =
                if t.balance() { "the books agree with the file" } else { "THE BOOKS DO NOT AGREE WITH THE FILE" };
            writeln!(f, "  {verdict}")?;
            let mut sellers: Vec<(&String, &i64)> = self.money_by_seller.iter().collect();
            sellers.sort_by_key(|(id, amount)| (std::cmp::Reverse(**amount), *id));
            writeln!(f, "\nSellers ({}; the first {})", sellers.len(), sellers.len().min(10))?;
            for (seller, amount) in sellers.into_iter().take(10) {
                writeln!(f, "  {:<36} {amount:>16}", shown(seller))?;
            }
        }
        writeln!(f, "\nTo look at: {} orders", self.reported.len())?;
        for row in self.reported.iter().take(20) {
            let stored = row.stored.as_deref().unwrap_or("not stored");
            writeln!(f, "  {} ({stored}): {}", shown(&row.order_id), shown(&row.reason))?;
        }
        if self.reported.len() > 20 {
            writeln!(f, "  … (--report FILE or --json have all)")?;
        }
        Ok(())
    }
}
