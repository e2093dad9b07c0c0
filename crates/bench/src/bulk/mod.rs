//! The bulk loader: a believable past of many orders, in minutes, with the rows that the engine would have written.
//!
//! Each order is one of the templates that the engine's own orders gave, with other ids, instants, numbers, SKUs and buyers.
//! The whole stays sound: stock and its reservations, kept counters, the feed's positions and the hashes of the timelines
//! agree with the orders. No timer of an order is due before the load is measured. Indexes are built at the end.

pub mod postgres;
pub mod sqlite;

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use orderwright::store::Val;

use crate::floor::{Bound, another};
use crate::model::capture::Table;
use crate::model::learn::Statements;
use crate::model::school::Weighted;
use crate::model::template::{Instance, Verb};
use crate::shop::{scatter, turn};

/// How far back the past reaches.
const DAYS: i64 = 400;
const DAY_US: i64 = 86_400_000_000;
/// No timer that is due earlier than this after now.
const QUIET_US: i64 = 7 * DAY_US;
/// Of a hundred orders, so many are of somebody who has bought before.
const RETURNING: u64 = 75;
/// People that are remembered for that.
const KNOWN: usize = 50_000;
/// Numbers of a day begin here and behind the number of orders there are, so that no order has them yet.
const NUMBERS: i64 = 50_000;
/// Orders that are handed over at once.
pub const SLICE: u64 = 4_000;

/// What was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Orders.
    pub orders: u64,
    /// Rows of all tables.
    pub rows: u64,
}

/// What is in the store already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// The last position of the feed.
    pub position: i64,
    /// How many orders there are.
    pub orders: i64,
}

/// Sums that are written when all orders are.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    /// By statement and key: what is added to rows that many orders share.
    pub added: BTreeMap<(usize, String), Vec<Val>>,
    /// Orders by channel and status.
    pub counters: BTreeMap<(String, String), i64>,
    /// What the ledger's lines add up to, by day (since 1970, UTC), account and currency.
    pub balances: BTreeMap<(i64, String, String), i64>,
    /// The last position of the feed.
    pub position: i64,
}

/// Makes the orders of the past, oldest first.
pub struct Past<'a> {
    statements: &'a Statements,
    templates: &'a [Weighted],
    now_us: i64,
    total: u64,
    made: u64,
    next_id: u64,
    numbers: BTreeMap<(String, i64), i64>,
    numbers_from: i64,
    /// By template, because a buyer belongs to a channel: customer and contacts.
    known: Vec<Vec<(i64, Vec<i64>, String)>>,
    day: (i64, i64),
    /// What is written at the end.
    pub sums: Sums,
}

impl<'a> Past<'a> {
    /// A past of `total` orders that ends at `now_us`, beside what is there.
    pub fn new(
        statements: &'a Statements,
        templates: &'a [Weighted],
        now_us: i64,
        total: u64,
        before: Before,
    ) -> Result<Self> {
        if templates.is_empty() || total == 0 {
            bail!("nothing to load");
        }
        let sums = Sums { position: before.position, ..Sums::default() };
        let known = templates.iter().map(|_| Vec::new()).collect();
        // Ids of another loader run on the same store must not meet these.
        let next_id = u64::try_from(before.position)?.wrapping_mul(31);
        let numbers = BTreeMap::new();
        let numbers_from = NUMBERS + before.orders;
        let day = (i64::MIN, 0);
        Ok(Self { statements, templates, now_us, total, made: 0, next_id, numbers, numbers_from, known, day, sums })
    }

    /// The statements of the next orders, by the statement; None when all are made.
    pub fn slice(&mut self) -> Result<Option<Vec<Bound>>> {
        let count = SLICE.min(self.total - self.made);
        if count == 0 {
            return Ok(None);
        }
        let mut bound = Vec::with_capacity(count as usize * 24);
        for _ in 0..count {
            self.order(&mut bound)?;
        }
        Ok(Some(bound))
    }

    fn order(&mut self, bound: &mut Vec<Bound>) -> Result<()> {
        let span = DAYS * DAY_US;
        let base_us = self.now_us - span + (span as f64 * (self.made as f64 / self.total as f64)) as i64;
        self.made += 1;
        let at = self.pick(base_us)?;
        let template = &self.templates[at].template;
        let number = self.number(&template.prefix, base_us)?;
        let chance = scatter(turn());
        let known = &mut self.known[at];
        let returning =
            (chance % 100 < RETURNING).then(|| known.get((chance >> 8) as usize % known.len().max(1))).flatten();
        let (customer, contacts, email) = match returning {
            Some((customer, contacts, email)) => (Some(*customer), contacts.clone(), email.clone()),
            None => {
                let contacts = (0..template.contacts).map(|_| (scatter(turn()) >> 1).cast_signed()).collect();
                (None, contacts, format!("buyer-{:x}@example.org", scatter(turn())))
            }
        };
        let instance = Instance {
            base_us,
            first_id: self.next_id,
            number,
            skus: template.skus.iter().map(|sku| another(sku)).collect(),
            email,
            customer,
            contacts,
            position: self.sums.position + 1,
        };
        self.next_id += template.ids.len() as u64;
        let filled = template.fill(&instance);
        let mut position = 0;
        for op in &template.rows {
            // The positions of rows that are left out stay gaps otherwise.
            if op.of_person && customer.is_some() {
                continue;
            }
            let vals = filled.values(op);
            let statement = &self.statements.list[op.statement];
            if statement.verb == Verb::Add {
                self.sums.add(op.statement, statement.set.len(), vals);
                continue;
            }
            let table = &self.statements.tables[statement.table];
            position += i64::from(table.name == "outbox");
            if table.name == "ledger_entry" {
                self.sums.book(table, &statement.set, &vals)?;
            }
            bound.push((op.statement, vals));
        }
        if position < template.positions {
            self.close_gaps(bound, position)?;
        }
        self.sums.position += position;
        *self.sums.counters.entry((template.channel.clone(), template.status.clone())).or_default() += 1;
        if let (None, Some(slot)) = (customer, template.customer) {
            let person = (filled.ids[slot], instance.contacts.clone(), instance.email.clone());
            let known = &mut self.known[at];
            if known.len() < KNOWN {
                known.push(person);
            } else {
                known[(chance >> 16) as usize % KNOWN] = person;
            }
        }
        Ok(())
    }

    /// Gives the last outbox rows that were made positions without a gap.
    fn close_gaps(&self, bound: &mut [Bound], rows: i64) -> Result<()> {
        let tables = &self.statements.tables;
        let outbox = tables.iter().position(|t| t.name == "outbox").context("no outbox")?;
        let column = tables[outbox].columns.iter().position(|c| c == "position").context("no position")?;
        let mine = bound.iter_mut().rev().filter(|(s, _)| self.statements.list[*s].table == outbox);
        for ((_, vals), n) in mine.take(usize::try_from(rows)?).zip((1..=rows).rev()) {
            vals[column] = Val::I(self.sums.position + n);
        }
        Ok(())
    }

    /// A template by its share, whose timer is not due soon.
    fn pick(&self, base_us: i64) -> Result<usize> {
        let fits = |w: &Weighted| w.template.due_after_us.is_none_or(|due| base_us + due > self.now_us + QUIET_US);
        let sum: u64 = self.templates.iter().filter(|w| fits(w)).map(|w| u64::from(w.share)).sum();
        let mut draw = scatter(turn()) % sum.max(1);
        for (at, weighted) in self.templates.iter().enumerate().filter(|(_, w)| fits(w)) {
            let share = u64::from(weighted.share);
            if draw < share {
                return Ok(at);
            }
            draw -= share;
        }
        bail!("every kind of order has a timer that would be due")
    }

    /// The next number of that day.
    fn number(&mut self, prefix: &str, base_us: i64) -> Result<String> {
        let days = base_us.div_euclid(DAY_US);
        if self.day.0 != days {
            let date = Timestamp::from_microsecond(base_us)?.to_zoned(TimeZone::UTC).date();
            self.day = (days, i64::from(date.year()) * 10_000 + i64::from(date.month()) * 100 + i64::from(date.day()));
        }
        let day = self.day.1;
        let count = self.numbers.entry((prefix.to_owned(), day)).or_insert(self.numbers_from);
        *count += 1;
        Ok(format!("{prefix}-{day}-{count:05}"))
    }
}

impl Sums {
    /// Adds a line of the ledger to the kept balances.
    fn book(&mut self, table: &Table, set: &[usize], vals: &[Val]) -> Result<()> {
        let of = |name: &str| set.iter().position(|&c| table.columns[c] == name).map(|at| &vals[at]);
        let (Some(Val::T(account)), Some(Val::T(currency)), Some(Val::I(amount)), Some(Val::I(at))) =
            (of("account"), of("currency"), of("amount"), of("at"))
        else {
            bail!("a line of the ledger without account, currency, amount or instant");
        };
        *self.balances.entry((at.div_euclid(DAY_US), account.clone(), currency.clone())).or_default() += amount;
        Ok(())
    }

    /// Adds the figures of one statement to what is there of the same row.
    fn add(&mut self, statement: usize, figures: usize, vals: Vec<Val>) {
        let key = format!("{:?}", &vals[figures..]);
        match self.added.entry((statement, key)) {
            std::collections::btree_map::Entry::Vacant(entry) => drop(entry.insert(vals)),
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                for (sum, val) in entry.get_mut()[..figures].iter_mut().zip(vals) {
                    if let (Val::I(sum), Val::I(val)) = (sum, val) {
                        *sum += val;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::template::{Op, Piece, Statement, Template};
    use crate::model::text::Part;

    fn weighted(share: u32, due_after_us: Option<i64>) -> Weighted {
        let outbox = Op { statement: 0, pieces: vec![Piece::Number(Part::Id(0)), Piece::Position(0)], of_person: true };
        let second =
            Op { pieces: vec![Piece::Number(Part::Id(1)), Piece::Position(1)], of_person: false, ..outbox.clone() };
        let stock = Op {
            statement: 1,
            pieces: vec![Piece::Fixed(Val::I(2)), Piece::Text(vec![Part::Sku(0)])],
            of_person: false,
        };
        let template = Template {
            rows: vec![outbox, second, stock],
            ids: vec![1 << 61, (1 << 61) + 1],
            customer: Some(0),
            base_us: 1_790_000_000_000_000,
            skus: vec!["X".to_owned()],
            prefix: "P".to_owned(),
            channel: "c".to_owned(),
            status: "s".to_owned(),
            due_after_us,
            positions: 2,
            ..Template::default()
        };
        Weighted { template, share }
    }

    fn statements() -> Statements {
        let table = |name: &str, columns: &[&str]| Table {
            name: name.to_owned(),
            columns: columns.iter().map(|&c| c.to_owned()).collect(),
            key: vec![0],
        };
        let statement = |table, verb, set| Statement { table, verb, set, text: String::new() };
        Statements {
            tables: vec![table("outbox", &["id", "position"]), table("stock", &["sku", "reserved"])],
            list: vec![statement(0, Verb::Insert, vec![0, 1]), statement(1, Verb::Add, vec![1])],
        }
    }

    #[test]
    fn positions_have_no_gaps_and_ids_are_unique() {
        let (statements, templates) = (statements(), [weighted(1_000, None)]);
        let mut past =
            Past::new(&statements, &templates, 1_795_000_000_000_000, 5_000, Before { position: 7, orders: 0 })
                .expect("a past");
        let (mut positions, mut ids) = (Vec::new(), Vec::new());
        while let Some(bound) = past.slice().expect("a slice") {
            for (_, vals) in bound {
                if let [Val::I(id), Val::I(position)] = vals[..] {
                    ids.push(id);
                    positions.push(position);
                }
            }
        }
        assert_eq!(positions, (8..8 + positions.len() as i64).collect::<Vec<_>>());
        assert_eq!(past.sums.position, *positions.last().expect("some"));
        assert!(positions.len() > 5_000 && positions.len() < 10_000, "most buyers return");
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
        assert_eq!(past.sums.added.values().next(), Some(&vec![Val::I(10_000), Val::T("X".to_owned())]));
        assert_eq!(past.sums.counters.values().sum::<i64>(), 5_000);
    }

    #[test]
    fn no_timer_is_due() {
        let statements = statements();
        let templates = [weighted(999, Some(30 * DAY_US)), weighted(1, None)];
        let now = 1_795_000_000_000_000;
        let past = Past::new(&statements, &templates, now, 10, Before::default()).expect("a past");
        for _ in 0..100 {
            assert_eq!(past.pick(now - 24 * DAY_US).expect("one"), 1);
        }
        assert!((0..100).any(|_| past.pick(now).expect("one") == 0));
    }
}
