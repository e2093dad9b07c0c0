//! From what the engine wrote for one order to a [`Template`]: the rows are folded and everything that differs from order to
//! order is cut out of them.
//!
//! What many orders share and what is written once for many of them (the feed's head, kept counters and balances, blocks of
//! order numbers) is left out: it is not the cost of an order.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use orderwright::store::Val;

use super::capture::{Change, Kind, Table};
use super::template::{Entry, ID_BITS, Op, Piece, Statement, Template, Verb, chain};
use super::text::{Part, Vocabulary, ids_in};

/// Tables that the engine writes for many orders at once.
const AMORTISED: &[&str] =
    &["counter", "feed_head", "ledger_balance", "ledger_day", "order_number", "node", "lease", "setting"];
/// Tables of people.
const PEOPLE: &[&str] = &["customer", "contact"];
/// How far ahead an order's timers may look.
const HORIZON_US: i64 = 400 * 86_400_000_000;
const HOUR_US: i64 = 3_600_000_000;

/// The statements that all templates share, over the tables of the store.
#[derive(Clone, Debug, Default)]
pub struct Statements {
    /// The tables.
    pub tables: Vec<Table>,
    /// The statements.
    pub list: Vec<Statement>,
}

/// An operation before its values are cut.
#[derive(Clone, Debug)]
struct Raw {
    table: usize,
    verb: Verb,
    set: Vec<(usize, Val)>,
    key: Vec<Val>,
    of_person: bool,
}

impl Statements {
    /// Without statements yet.
    pub fn new(tables: Vec<Table>) -> Self {
        Self { tables, list: Vec::new() }
    }

    /// The statement that does this; it is made when it is not there yet.
    fn intern(&mut self, table: usize, verb: Verb, set: &[usize]) -> usize {
        if let Some(at) = self.list.iter().position(|s| s.table == table && s.verb == verb && s.set == set) {
            return at;
        }
        let Table { name, columns, key } = &self.tables[table];
        let names: Vec<String> = set.iter().map(|&c| format!("\"{}\"", columns[c])).collect();
        let wheres: Vec<String> =
            key.iter().enumerate().map(|(n, &c)| format!("\"{}\" = ?{}", columns[c], set.len() + n + 1)).collect();
        let wheres = wheres.join(" AND ");
        let assigned = |with: &dyn Fn(&str, usize) -> String| {
            names.iter().enumerate().map(|(n, name)| with(name, n + 1)).collect::<Vec<_>>().join(", ")
        };
        let text = match verb {
            Verb::Insert => {
                format!("INSERT INTO \"{name}\" ({}) VALUES ({})", names.join(", "), assigned(&|_, n| format!("?{n}")))
            }
            Verb::Update => {
                format!("UPDATE \"{name}\" SET {} WHERE {wheres}", assigned(&|c, n| format!("{c} = ?{n}")))
            }
            Verb::Add => {
                format!("UPDATE \"{name}\" SET {} WHERE {wheres}", assigned(&|c, n| format!("{c} = {c} + ?{n}")))
            }
            Verb::Delete => format!("DELETE FROM \"{name}\" WHERE {wheres}"),
        };
        self.list.push(Statement { table, verb, set: set.to_vec(), text });
        self.list.len() - 1
    }

    /// How many rows of each table an order leaves; rows that it only adds figures to are among them.
    pub fn rows_by_table(&self, template: &Template) -> Vec<(String, usize)> {
        let mut count = vec![0; self.tables.len()];
        for op in &template.rows {
            count[self.list[op.statement].table] += 1;
        }
        let names = self.tables.iter().map(|table| table.name.clone());
        names.zip(count).filter(|(_, rows)| *rows > 0).collect()
    }

    fn column(&self, table: &str, column: &str) -> Result<(usize, usize)> {
        let at = self.tables.iter().position(|t| t.name == table).with_context(|| format!("no table {table}"))?;
        let of = self.tables[at].columns.iter().position(|c| c == column);
        Ok((at, of.with_context(|| format!("no column {table}.{column}"))?))
    }

    /// Makes a template of the changes of one order. `skus` is what was bought, `email` who bought.
    pub fn learn(&mut self, changes: &[Change], order: i64, skus: &[String], email: &str) -> Result<Template> {
        let changes = self.own(changes, order)?;
        let steps = self.steps(&changes)?;
        let rows = self.fold(&steps)?;
        let mut template = self.facts(&rows, skus)?;
        let words = self.vocabulary(&rows, &steps, &template, email)?;
        self.timeline(&mut template, &rows, &words)?;
        template.ids.clone_from(&words.ids);
        template.contacts = words.contacts.len();
        let (customers, customer_id) = self.column("customer", "id")?;
        template.customer = rows.iter().filter(|r| r.table == customers).find_map(|r| {
            let id = r.set.iter().find(|(c, _)| *c == customer_id)?;
            words.ids.binary_search(&int(&id.1)?).ok()
        });
        let mut position = 0;
        for raw in &rows {
            let op = self.compile(raw, &words, &mut position)?;
            template.rows.push(op);
        }
        template.positions = position;
        let mut position = 0;
        for step in &steps {
            let ops = step.iter().map(|raw| self.compile(raw, &words, &mut position)).collect::<Result<_>>()?;
            template.steps.push(ops);
        }
        Ok(template)
    }

    /// The changes that belong to the order: while the shop's clock is moved, timers of others fire in between.
    fn own<'a>(&self, changes: &'a [Change], order: i64) -> Result<Vec<&'a Change>> {
        let amortised: BTreeSet<usize> = self.places(AMORTISED);
        let (outbox, outbox_order) = self.column("outbox", "order_id")?;
        let (orders, orders_id) = self.column("orders", "id")?;
        let names_order = |table: usize| match table {
            _ if table == orders => Some(orders_id),
            _ => self.tables[table].columns.iter().position(|c| c == "order_id"),
        };
        let mut mine = false;
        let mut own = Vec::new();
        for change in changes.iter().filter(|c| !amortised.contains(&c.table)) {
            let row = if change.kind == Kind::Insert { &change.after } else { &change.before };
            // The writer writes one changeset after the other, and each begins with its outbox row.
            if change.table == outbox && change.kind == Kind::Insert {
                mine = matches!(&row[outbox_order], Val::Null) || row[outbox_order] == Val::I(order);
            }
            let numbering = change.table == outbox && change.kind == Kind::Update;
            let other =
                names_order(change.table).is_some_and(|c| !matches!(&row[c], Val::Null) && row[c] != Val::I(order));
            if (mine || numbering) && !other {
                own.push(change);
            }
        }
        Ok(own)
    }

    fn places(&self, names: &[&str]) -> BTreeSet<usize> {
        self.tables.iter().enumerate().filter(|(_, t)| names.contains(&t.name.as_str())).map(|(at, _)| at).collect()
    }

    /// Changeset by changeset: each begins with its outbox row. Numbering the feed is done afterwards, for many at once.
    fn steps(&self, changes: &[&Change]) -> Result<Vec<Vec<Raw>>> {
        let (outbox, order_id) = self.column("outbox", "order_id")?;
        let people = self.places(PEOPLE);
        let mut inserted: Vec<(usize, Vec<Val>)> = Vec::new();
        let mut steps: Vec<Vec<Raw>> = Vec::new();
        let mut numbering = Vec::new();
        for change in changes {
            let table = &self.tables[change.table];
            let row = if change.kind == Kind::Insert { &change.after } else { &change.before };
            let key: Vec<Val> = table.key.iter().map(|&c| row[c].clone()).collect();
            let own = inserted.contains(&(change.table, key.clone()));
            let changed = change.before.iter().zip(&change.after).enumerate().filter(|(_, (b, a))| b != a);
            let (verb, set) = match change.kind {
                Kind::Insert => {
                    inserted.push((change.table, key.clone()));
                    (Verb::Insert, change.after.iter().cloned().enumerate().collect())
                }
                Kind::Delete => (Verb::Delete, Vec::new()),
                Kind::Update if own => (Verb::Update, changed.map(|(c, (_, a))| (c, a.clone())).collect()),
                // The feed of what came before is numbered meanwhile.
                Kind::Update if change.table == outbox => continue,
                Kind::Update => {
                    let added = changed.map(|(c, (b, a))| Some((c, Val::I(int(a)? - int(b)?))));
                    let added: Option<Vec<_>> = added.collect();
                    (
                        Verb::Add,
                        added.with_context(|| format!("a row of {} that was there already changed", table.name))?,
                    )
                }
            };
            let raw = Raw { table: change.table, verb, set, key, of_person: people.contains(&change.table) };
            if change.table == outbox && verb == Verb::Insert {
                steps.push(Vec::new());
            }
            match (change.table == outbox && verb == Verb::Update, steps.last_mut()) {
                (true, _) => numbering.push(raw),
                (false, Some(step)) => step.push(raw),
                (false, None) => bail!("a change of {} before any outbox row", table.name),
            }
        }
        // A changeset that is of no order and left nothing but its outbox row: the clock was moved.
        steps.retain(|step| {
            step.len() > 1 || step.iter().any(|raw| raw.set.iter().any(|(c, val)| *c == order_id && *val != Val::Null))
        });
        numbering.retain(|raw| steps.iter().flatten().any(|r| r.table == outbox && r.key == raw.key));
        for step in &mut steps {
            // The changeset that made the customer is there only because the customer is new.
            let alone = step.iter().all(|raw| raw.of_person || raw.table == outbox);
            if alone && step.len() > 1 {
                step.iter_mut().for_each(|raw| raw.of_person = true);
            }
        }
        if let Some(last) = steps.last_mut() {
            last.extend(numbering);
        }
        Ok(steps)
    }

    /// Each row once, as it is at the end; what changes shared rows is summed and comes last.
    fn fold(&self, steps: &[Vec<Raw>]) -> Result<Vec<Raw>> {
        let mut rows: Vec<Raw> = Vec::new();
        let mut shared: Vec<Raw> = Vec::new();
        for raw in steps.iter().flatten() {
            let found = |rows: &[Raw]| rows.iter().position(|r| r.table == raw.table && r.key == raw.key);
            match raw.verb {
                Verb::Insert => rows.push(raw.clone()),
                Verb::Update => {
                    let at = found(&rows).context("an update of a row that is not the order's")?;
                    for (column, val) in &raw.set {
                        rows[at].set[*column].1 = val.clone();
                    }
                }
                Verb::Delete => {
                    let at = found(&rows).context("a deletion of a row that is not the order's")?;
                    rows.remove(at);
                }
                Verb::Add => match found(&shared) {
                    None => shared.push(raw.clone()),
                    Some(at) => {
                        for (column, val) in &raw.set {
                            match shared[at].set.iter_mut().find(|(c, _)| c == column) {
                                Some((_, sum)) => *sum = Val::I(int(sum).unwrap_or(0) + int(val).unwrap_or(0)),
                                None => shared[at].set.push((*column, val.clone())),
                            }
                        }
                    }
                },
            }
        }
        rows.extend(shared);
        Ok(rows)
    }

    /// The figures of a row's column.
    fn of<'a>(&self, rows: &'a [Raw], table: &str, column: &str) -> Result<Vec<&'a Val>> {
        let (table, column) = self.column(table, column)?;
        let inserted = rows.iter().filter(|r| r.table == table && r.verb == Verb::Insert);
        Ok(inserted.map(|r| &r.set[column].1).collect())
    }

    /// What is known of the order from its own row.
    fn facts(&self, rows: &[Raw], skus: &[String]) -> Result<Template> {
        let one = |column: &str| -> Result<Val> {
            let found = self.of(rows, "orders", column)?;
            ensure!(found.len() == 1, "{} orders were written, not one", found.len());
            Ok(found[0].clone())
        };
        let text = |column: &str| match one(column)? {
            Val::T(text) => Ok(text),
            other => bail!("orders.{column} is {other:?}"),
        };
        let base_us = int(&one("created_at")?).context("an order without an instant")?;
        let number = text("number")?;
        Ok(Template {
            base_us,
            skus: skus.to_vec(),
            prefix: number.split('-').next().unwrap_or_default().to_owned(),
            channel: text("channel")?,
            status: text("status")?,
            due_after_us: int(&one("due_at")?).map(|due| due - base_us),
            ..Template::default()
        })
    }

    fn vocabulary(&self, rows: &[Raw], steps: &[Vec<Raw>], template: &Template, email: &str) -> Result<Vocabulary> {
        let outbox: Vec<i64> = self.of(rows, "outbox", "id")?.into_iter().filter_map(int).collect();
        let orders: Vec<i64> = self.of(rows, "orders", "id")?.into_iter().filter_map(int).collect();
        let ms = |id: &i64| id >> ID_BITS;
        let first = outbox.iter().chain(&orders).map(ms).min().context("nothing was written")?;
        let last = outbox.iter().map(ms).max().unwrap_or(first);
        let contacts: Vec<i64> = self.of(rows, "contact", "id")?.into_iter().filter_map(int).collect();
        let mut ids: BTreeSet<i64> = BTreeSet::new();
        // Not of the rows alone: a job that is done by the end had its id, too.
        for (_, val) in steps.iter().flatten().flat_map(|r| &r.set) {
            match val {
                Val::I(n) => drop(ids.insert(*n)),
                Val::T(text) => ids.extend(ids_in(text)),
                Val::B(_) | Val::Null => {}
            }
        }
        // A second before and after: an id is made before the changeset that holds it.
        ids.retain(|id| (first - 1_000..=last + 1_000).contains(&ms(id)) && !contacts.contains(id));
        let at = self.of(rows, "outbox", "at")?.into_iter().filter_map(int).max().unwrap_or(template.base_us);
        let number = self.of(rows, "orders", "number")?;
        let number = match number.first() {
            Some(Val::T(text)) => text.clone(),
            _ => bail!("an order without a number"),
        };
        Ok(Vocabulary {
            ids: ids.into_iter().collect(),
            contacts,
            base_us: template.base_us,
            instants: (template.base_us - HOUR_US, at + HORIZON_US),
            number,
            skus: template.skus.clone(),
            email: email.to_owned(),
            hashes: self
                .of(rows, "timeline", "hash")?
                .into_iter()
                .filter_map(|hash| match hash {
                    Val::B(bytes) => String::from_utf8(bytes.clone()).ok(),
                    _ => None,
                })
                .collect(),
        })
    }

    /// The entries of the timeline; fails when the engine chains them in another way than we would.
    fn timeline(&self, template: &mut Template, rows: &[Raw], words: &Vocabulary) -> Result<()> {
        let columns = ["id", "seq", "at", "type", "message", "metadata", "created_by"];
        let columns: Vec<Vec<&Val>> = columns.iter().map(|c| self.of(rows, "timeline", c)).collect::<Result<_>>()?;
        let mut before = "";
        for (n, hash) in words.hashes.iter().enumerate() {
            let number = |c: usize| int(columns[c][n]).context("an entry without a number");
            let text = |c: usize| match columns[c][n] {
                Val::T(text) => text.as_str(),
                _ => "",
            };
            let (id, seq, at) = (number(0)?, number(1)?, number(2)?);
            let mut id_text = "evn_".to_owned();
            super::text::push_id(&mut id_text, id);
            let ours = chain(before, &id_text, seq, at, text(3), text(4), text(5), text(6));
            ensure!(ours == *hash, "the timeline's hashes are made in another way now: change `template::chain`");
            before = hash;
            template.entries.push(Entry {
                id: words.number_part(id).context("an entry's id is not the order's")?,
                seq,
                at: words.number_part(at).context("an entry's instant is not the order's")?,
                kind: text(3).to_owned(),
                message: words.cut(text(4)),
                metadata: words.cut(text(5)),
                created_by: words.cut(text(6)),
            });
        }
        Ok(())
    }

    fn compile(&mut self, raw: &Raw, words: &Vocabulary, position: &mut i64) -> Result<Op> {
        let set: Vec<usize> = raw.set.iter().map(|(column, _)| *column).collect();
        let statement = self.intern(raw.table, raw.verb, &set);
        let table = &self.tables[raw.table];
        let mut pieces = Vec::with_capacity(raw.set.len() + raw.key.len());
        for (column, val) in &raw.set {
            let name = table.columns[*column].as_str();
            pieces.push(match (table.name.as_str(), name, val) {
                ("outbox", "position", Val::I(_)) => {
                    *position += 1;
                    Piece::Position(*position - 1)
                }
                ("customer", "email_digest", _) => Piece::EmailDigest,
                // Figures that are added are no ids.
                _ if raw.verb == Verb::Add => Piece::Fixed(val.clone()),
                _ => piece(val, words),
            });
        }
        if raw.verb != Verb::Insert {
            pieces.extend(raw.key.iter().map(|val| piece(val, words)));
        }
        Ok(Op { statement, pieces, of_person: raw.of_person })
    }
}

fn piece(val: &Val, words: &Vocabulary) -> Piece {
    let varies = |parts: &[Part]| parts.iter().any(|part| !matches!(part, Part::Fixed(_)));
    match val {
        Val::I(n) => words.number_part(*n).map_or(Piece::Fixed(val.clone()), Piece::Number),
        Val::T(text) => Some(words.cut(text)).filter(|p| varies(p)).map_or(Piece::Fixed(val.clone()), Piece::Text),
        Val::B(bytes) => {
            let parts = std::str::from_utf8(bytes).ok().map(|text| words.cut(text)).filter(|p| varies(p));
            parts.map_or(Piece::Fixed(val.clone()), Piece::Bytes)
        }
        Val::Null => Piece::Fixed(Val::Null),
    }
}

fn int(val: &Val) -> Option<i64> {
    match val {
        Val::I(n) => Some(*n),
        Val::T(_) | Val::B(_) | Val::Null => None,
    }
}
