//! The floor: what the store can do at best with the rows of an order.
//!
//! A program without rules, HTTP or JSON writes the rows that were learnt from the engine with bare prepared statements, in
//! batches of the size that the server reached. Two floors are measured:
//! - *rows*: each row once, as it is at the end, all rows of an order in one transaction;
//! - *steps*: what the engine does to them, changeset by changeset: rows that are changed later or removed again, and the
//!   transactions that have to be durable before the payment provider may be asked.
//!
//! What is written is made before the clock starts.

pub mod postgres;
pub mod sqlite;

use std::time::Duration;

use orderwright::store::Val;

use crate::model::template::{Instance, Template};
use crate::shop::{family_of, scatter, turn};

/// Which floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Floor {
    /// Each row once.
    Rows,
    /// Changeset by changeset.
    Steps,
}

/// A statement and its parameters.
pub type Bound = (usize, Vec<Val>);

/// What a floor measured.
#[derive(Clone, Copy, Debug, Default)]
pub struct Written {
    /// Orders.
    pub orders: u64,
    /// In how many seconds.
    pub seconds: f64,
    /// Processor time of the writing program.
    pub cpu: Duration,
    /// Processor time of the database server.
    pub database: Option<Duration>,
}

impl Written {
    /// A second.
    pub fn rate(&self) -> f64 {
        self.orders as f64 / self.seconds.max(1e-9)
    }

    /// Adds another round.
    pub fn add(&mut self, other: Self) {
        self.orders += other.orders;
        self.seconds += other.seconds;
        self.cpu += other.cpu;
        self.database = match (self.database, other.database) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
    }
}

/// Makes orders for a floor: unique, of now, of SKUs like the load's.
#[derive(Clone, Debug)]
pub struct Source {
    next_id: u64,
    orders: i64,
    base_us: i64,
}

impl Source {
    /// From an instant on.
    pub fn new(base_us: i64) -> Self {
        Self { next_id: 0, orders: 0, base_us }
    }

    /// The transactions of the next order.
    pub fn next(&mut self, template: &Template, floor: Floor) -> Vec<Vec<Bound>> {
        self.orders += 1;
        let instance = Instance {
            // Five orders a millisecond, so that ids grow as a server's do.
            base_us: self.base_us + self.orders * 200,
            first_id: self.next_id,
            number: format!("{}-{:08}-{:06}", template.prefix, self.orders / 1_000_000, self.orders % 1_000_000),
            skus: template.skus.iter().map(|sku| another(sku)).collect(),
            email: format!("floor-{}@example.org", self.orders),
            customer: None,
            contacts: (0..template.contacts).map(|_| (scatter(turn()) >> 1).cast_signed()).collect(),
            position: self.orders * 16,
        };
        self.next_id += template.ids.len() as u64;
        let filled = template.fill(&instance);
        let bind =
            |ops: &[crate::model::template::Op]| ops.iter().map(|op| (op.statement, filled.values(op))).collect();
        match floor {
            Floor::Rows => vec![bind(&template.rows)],
            Floor::Steps => template.steps.iter().map(|step| bind(step)).collect(),
        }
    }
}

/// Another SKU of the same family.
pub fn another(sku: &str) -> String {
    match family_of(sku) {
        Some(family) => format!("{family}{:03}", scatter(turn()) as usize % crate::shop::FAMILY),
        None => sku.to_owned(),
    }
}
