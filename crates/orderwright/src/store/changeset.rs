//! A changeset: everything that one decision changes, as data.
//!
//! The first operation inserts the outbox row whose id is the changeset's id: the key by which a commit whose answer was
//! lost is looked up. Operations are made by the typed methods in the files of their nouns (`orders`, `stock`, …); this
//! file only knows how they are kept and ordered. What is not here: how they are executed.

use super::{error::Guard, registry::Stmt, value::Val};

/// One statement of a changeset. Its values lie in the changeset's own list, so an operation costs no allocation, and a
/// driver may merge neighbours of one statement into one.
#[derive(Clone, Debug)]
pub(super) struct Op {
    pub stmt: Stmt,
    /// Where its values begin.
    from: usize,
    /// How many they are, the expected number of rows not counted.
    len: usize,
    /// The number of rows that it must change. It is kept once more as the value after the last one, because
    /// PostgreSQL checks it itself.
    pub expect: Option<u64>,
    /// Whether its rows are counted into the answer of the commit.
    pub counted: bool,
    pub label: Label,
}

/// The guard of an operation; the values of it are looked up only when it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    OrderVersion,
    /// The SKU is the first value, the location the second.
    Stock,
    Job,
    IdempotencyKey,
    ChangeId,
    Checkout,
    OrderNumber,
    CustomerEmail,
    ExternalRef,
    Publication,
    MigrationOrder,
    Other(&'static str),
}

/// The columns of the outbox row, which op 0 inserts.
const OUTBOX: usize = 9;
/// Those of them that [`Changeset::outbox`] sets: from the third, and not the last.
const TOLD: std::ops::Range<usize> = 2..OUTBOX - 1;

/// Everything that one decision changes; committed whole or not at all.
#[derive(Clone, Debug)]
pub struct Changeset {
    id: i64,
    ops: Vec<Op>,
    vals: Vec<Val>,
    /// What is added to which account in which currency.
    balances: Vec<(String, String, i64)>,
}

impl Changeset {
    /// An empty changeset; `id` is its outcome key and the id of its outbox row, `at` the instant of the decision.
    pub fn new(id: i64, at: i64) -> Self {
        let mut new =
            Changeset { id, ops: Vec::with_capacity(16), vals: Vec::with_capacity(128), balances: Vec::new() };
        let outbox: [Val; OUTBOX] =
            [id.into(), at.into(), Val::Null, Val::Null, Val::Null, Val::Null, Val::Null, "[]".into(), Val::Null];
        new.push(Stmt::OutboxInsert, Label::ChangeId, outbox);
        new
    }

    /// A transaction without an outcome key, for the store's own upkeep: it may be repeated without harm.
    pub(super) fn upkeep() -> Self {
        Changeset { id: 0, ops: Vec::new(), vals: Vec::new(), balances: Vec::new() }
    }

    /// The outcome key.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Says what this changeset tells the world: the domain events (a JSON array) and the change of an order's status
    /// that the kept counters fold (`from_status` is None for a new order; both None when the status stays).
    pub fn outbox(
        &mut self,
        order_id: Option<i64>,
        order_version: Option<i64>,
        channel: Option<&str>,
        from_status: Option<&str>,
        to_status: Option<&str>,
        events: &str,
    ) -> &mut Self {
        let row: [Val; TOLD.end - TOLD.start] = [
            order_id.into(),
            order_version.into(),
            channel.into(),
            from_status.into(),
            to_status.into(),
            events.into(),
        ];
        for (slot, val) in self.vals[TOLD].iter_mut().zip(row) {
            *slot = val;
        }
        self
    }

    /// Counts a line of the ledger, for the kept balances.
    pub(super) fn add_to_account(&mut self, account: &str, currency: &str, amount: i64) {
        match self.balances.iter_mut().find(|(a, c, _)| a == account && c == currency) {
            Some((_, _, sum)) => *sum += amount,
            None => self.balances.push((account.to_owned(), currency.to_owned(), amount)),
        }
    }

    /// Writes what was counted into the outbox row, where the sequencer finds it.
    fn tell_balances(&mut self) {
        self.balances.retain(|(_, _, sum)| *sum != 0);
        if !self.balances.is_empty() {
            let text = serde_json::to_string(&self.balances).unwrap_or_default();
            self.vals[OUTBOX - 1] = text.into();
        }
    }

    /// Adds a statement that is not guarded; a duplicate key is told by its label.
    pub(super) fn push(&mut self, stmt: Stmt, label: Label, vals: impl IntoIterator<Item = Val>) -> &mut Self {
        self.add(stmt, label, None, vals)
    }

    /// Adds a statement that must change exactly one row.
    pub(super) fn guard(&mut self, stmt: Stmt, label: Label, vals: impl IntoIterator<Item = Val>) -> &mut Self {
        self.add(stmt, label, Some(1), vals)
    }

    /// Adds an unguarded statement whose rows the commit counts.
    pub(super) fn counted(&mut self, stmt: Stmt, vals: impl IntoIterator<Item = Val>) -> &mut Self {
        self.push(stmt, Label::Other("upkeep"), vals);
        if let Some(op) = self.ops.last_mut() {
            op.counted = true;
        }
        self
    }

    fn add(&mut self, stmt: Stmt, label: Label, expect: Option<u64>, vals: impl IntoIterator<Item = Val>) -> &mut Self {
        let from = self.vals.len();
        self.vals.extend(vals);
        let len = self.vals.len() - from;
        if let Some(rows) = expect {
            self.vals.push(Val::I(rows.cast_signed()));
        }
        self.ops.push(Op { stmt, from, len, expect, counted: false, label });
        self
    }

    /// Brings the operations into the order in which every node executes them: stock last (its rows are the hot ones)
    /// and sorted by SKU and location, so that two carts can't wait for each other in a circle.
    pub(super) fn arrange(&mut self) {
        self.tell_balances();
        let Changeset { ops, vals, .. } = self;
        if ops.iter().any(|op| op.label == Label::Stock) {
            ops.sort_by(|a, b| stock_key(a, vals).cmp(&stock_key(b, vals)));
        }
    }

    /// The operations, in the order of execution.
    pub(super) fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// The values of an operation.
    pub(super) fn vals(&self, op: &Op) -> &[Val] {
        &self.vals[op.from..op.from + op.len]
    }

    /// The values of an operation and, when it is guarded, the number of rows after them.
    pub(super) fn vals_and_expect(&self, op: &Op) -> &[Val] {
        &self.vals[op.from..op.from + op.len + usize::from(op.expect.is_some())]
    }

    /// The guard that an operation stands for.
    pub(super) fn guard_of(&self, op: &Op) -> Guard {
        match op.label {
            Label::OrderVersion => Guard::OrderVersion,
            Label::Stock => Guard::Stock { sku: self.text(op, 0).to_owned() },
            Label::Job => Guard::Job,
            Label::IdempotencyKey => Guard::IdempotencyKey,
            Label::ChangeId => Guard::ChangeId,
            Label::Checkout => Guard::Checkout,
            Label::OrderNumber => Guard::OrderNumber,
            Label::CustomerEmail => Guard::CustomerEmail,
            Label::ExternalRef => Guard::ExternalRef,
            Label::Publication => Guard::Publication,
            Label::MigrationOrder => Guard::MigrationOrder,
            Label::Other(table) => Guard::Other(table),
        }
    }

    fn text(&self, op: &Op, at: usize) -> &str {
        text(op, &self.vals, at)
    }
}

fn text<'a>(op: &Op, vals: &'a [Val], at: usize) -> &'a str {
    match vals.get(op.from + at) {
        Some(Val::T(text)) => text,
        _ => "",
    }
}

/// None for everything but stock, so that the rest keeps its order before it.
fn stock_key<'a>(op: &Op, vals: &'a [Val]) -> Option<(&'a str, &'a str)> {
    (op.label == Label::Stock).then(|| (text(op, vals, 0), text(op, vals, 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stock_goes_last_in_one_global_order() {
        let mut cs = Changeset::new(1, 2);
        cs.reserve("b", "x", 1).reserve("a", "y", 1).release("a", "x", 1).revive_job(5, 6);
        cs.arrange();
        let order: Vec<_> =
            cs.ops().iter().map(|op| (op.label == Label::Stock, cs.text(op, 0), cs.text(op, 1))).collect();
        assert_eq!(
            order,
            [(false, "", ""), (false, "", ""), (true, "a", "x"), (true, "a", "y"), (true, "b", "x")],
            "op 0 stays first"
        );
    }
}
