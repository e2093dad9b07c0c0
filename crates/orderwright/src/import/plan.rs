//! What every source comes to: sales with what became of them, and the merchants and offers that they need. Pure data.
//!
//! What is not here: reading files (each source's business), and doing any of it (`replay`).

use std::collections::{BTreeMap, BTreeSet};

use orderwright_core::catalog::Channel;
use orderwright_core::time::Timestamp;

use crate::kernel::digest;
use crate::ops::import::{NewMerchant, NewOffer};
use crate::ops::sale::Sale;

/// Everything that a run is going to do.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Whose outside ids the merchants' and offers' are.
    pub source: String,
    /// Channels that the orders need; those that are there already stay as they are.
    pub channels: Vec<Channel>,
    /// Merchants by the source's id.
    pub merchants: BTreeMap<String, NewMerchant>,
    /// Offers by SKU.
    pub offers: BTreeMap<String, NewOffer>,
    /// Orders, in the order in which they were placed.
    pub orders: Vec<Planned>,
    /// What is not imported, and why.
    pub left_out: Vec<LeftOut>,
}

/// An order's source and its id there.
pub type Key = (String, String);

/// An order: the sale, and what became of it.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The lines of the file that tell of it.
    pub at: Vec<u64>,
    /// The channel.
    pub channel: String,
    /// What was sold.
    pub sale: Sale,
    /// When.
    pub placed: Timestamp,
    /// When it was paid; `None` when it was not.
    pub paid: Option<Timestamp>,
    /// Where each line ends.
    pub goals: Vec<Goal>,
    /// What was given back in the end, and when.
    pub refunded: Option<(Timestamp, i64)>,
    /// What a person should look at.
    pub oddities: Vec<String>,
}

/// Where a line ends, and what is known of its way there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Goal {
    /// The public status; `None` leaves it where it is once it is paid.
    pub status: Option<String>,
    /// When it was shipped.
    pub shipped: Option<Timestamp>,
    /// When it was delivered.
    pub delivered: Option<Timestamp>,
    /// When it was called off.
    pub cancelled: Option<Timestamp>,
    /// Why it was called off.
    pub reason: Option<String>,
    /// Who carried it.
    pub carrier: Option<String>,
    /// The carrier's number.
    pub tracking_number: Option<String>,
    /// `YYYY-MM-DD`.
    pub expected_by: Option<String>,
}

/// Something of the file that is not imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The order's outside id, as far as it has one.
    pub order_id: String,
    /// All lines that go with it.
    pub at: Vec<u64>,
    /// What is wrong.
    pub faults: Vec<Fault>,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Which line of the file, from 1.
    pub line: u64,
    /// Which column, or the path within the line.
    pub column: String,
    /// What is wrong and what to do.
    pub what: String,
}

impl Fault {
    /// A fault.
    pub fn new(line: u64, column: impl Into<String>, what: impl Into<String>) -> Self {
        Self { line, column: column.into(), what: what.into() }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, {}: {}", self.line, self.column, self.what)
    }
}

impl Plan {
    /// Whose outside ids the orders' are.
    pub fn sources(&self) -> BTreeSet<&str> {
        self.orders.iter().map(|p| p.sale.source.as_str()).collect()
    }
}

impl Planned {
    /// What tells it from all other orders of the run.
    pub fn key(&self) -> Key {
        (self.sale.source.clone(), self.sale.external_id.clone())
    }

    /// Names what the source says of this order now: a later export that says more has another name.
    pub fn done_key(&self) -> String {
        let all = format!("{:?}", (self.placed, self.paid, &self.goals, self.refunded, &self.oddities));
        let name = digest::id(&[all.as_bytes()]);
        format!("{}#{name:016x}", self.sale.external_id)
    }
}
