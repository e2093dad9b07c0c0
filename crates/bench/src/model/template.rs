//! An order that can be written again: its statements, with everything that differs from order to order cut out.

use orderwright::store::Val;
use sha2::{Digest, Sha256};

use super::text::{Part, push_id};

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Adds a row.
    Insert,
    /// Changes a row of this order.
    Update,
    /// Adds to the figures of a row that many orders share.
    Add,
    /// Removes a row.
    Delete,
}

/// One of the statements that all templates share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Place of its table.
    pub table: usize,
    /// What it does.
    pub verb: Verb,
    /// The columns that it sets, by place.
    pub set: Vec<usize>,
    /// Its text, with parameters `?N`: first those of `set`, then those of the key.
    pub text: String,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// The same for every order.
    Fixed(Val),
    /// A number that is an id, a contact or an instant.
    Number(Part),
    /// A text.
    Text(Vec<Part>),
    /// A text kept as bytes.
    Bytes(Vec<Part>),
    /// The digest by which a guest is found again.
    EmailDigest,
    /// The place in the feed of the order's n-th outbox row.
    Position(i64),
}

/// A statement with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Op {
    /// Place of the statement.
    pub statement: usize,
    /// Its parameters.
    pub pieces: Vec<Piece>,
    /// Whether it is there only because the buyer was new.
    pub of_person: bool,
}

/// What an entry of the timeline hashes, besides the hash before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The order of the fields is that of the hash.
    pub id: Part,
    /// Its place in the timeline.
    pub seq: i64,
    /// When.
    pub at: Part,
    /// Its type.
    pub kind: String,
    /// For people.
    pub message: Vec<Part>,
    /// JSON.
    pub metadata: Vec<Part>,
    /// Who.
    pub created_by: Vec<Part>,
}

/// An order that can be written again.
#[derive(Clone, Debug, Default)]
pub struct Template {
    /// The rows as they are at the end, each written once; the shared figures last.
    pub rows: Vec<Op>,
    /// What the engine did, changeset by changeset.
    pub steps: Vec<Vec<Op>>,
    /// The ids that were made for the order.
    pub ids: Vec<i64>,
    /// Which of them is the customer's, when the buyer was new.
    pub customer: Option<usize>,
    /// How many contacts the buyer has.
    pub contacts: usize,
    /// The instant that the order is of.
    pub base_us: i64,
    /// The entries of its timeline, for their hashes.
    pub entries: Vec<Entry>,
    /// What was bought.
    pub skus: Vec<String>,
    /// What the number begins with.
    pub prefix: String,
    /// Channel and status at the end.
    pub channel: String,
    /// The same.
    pub status: String,
    /// The next timer, after the order's instant.
    pub due_after_us: Option<i64>,
    /// Rows of the feed.
    pub positions: i64,
}

/// Bits of an id below its millisecond.
pub const ID_BITS: u32 = 22;

/// One order to be written.
#[derive(Clone, Debug, Default)]
pub struct Instance {
    /// When it is placed.
    pub base_us: i64,
    /// Ids are counted on from here; [`Template::ids`] says how many are used.
    pub first_id: u64,
    /// Its number.
    pub number: String,
    /// What is bought: as many as the template's.
    pub skus: Vec<String>,
    /// The buyer's e-mail address.
    pub email: String,
    /// The buyer, when somebody known buys in a template of a new buyer.
    pub customer: Option<i64>,
    /// The buyer's contacts: as many as the template's.
    pub contacts: Vec<i64>,
    /// The place in the feed of its first outbox row.
    pub position: i64,
}

/// An order's own values, ready to be put into its statements.
pub struct Filled<'a> {
    instance: &'a Instance,
    /// Its ids.
    pub ids: Vec<i64>,
    hashes: Vec<String>,
}

impl Template {
    /// Bytes of the values of an order's rows.
    pub fn bytes(&self) -> usize {
        let instance = Instance {
            skus: self.skus.clone(),
            contacts: vec![0; self.contacts],
            base_us: self.base_us,
            ..Instance::default()
        };
        let filled = self.fill(&instance);
        let size = |val: &Val| match val {
            Val::I(_) => 8,
            Val::T(text) => text.len(),
            Val::B(bytes) => bytes.len(),
            Val::Null => 0,
        };
        self.rows.iter().map(|op| filled.values(op).iter().map(size).sum::<usize>()).sum()
    }

    /// Makes the ids and the hashes of an order.
    pub fn fill<'a>(&self, instance: &'a Instance) -> Filled<'a> {
        let later_ms = instance.base_us.div_euclid(1_000) - self.base_us.div_euclid(1_000);
        let mut ids: Vec<i64> = self
            .ids
            .iter()
            .zip(instance.first_id..)
            .map(|(id, count)| (((id >> ID_BITS) + later_ms) << ID_BITS) | (count & ((1 << ID_BITS) - 1)).cast_signed())
            .collect();
        if let (Some(at), Some(customer)) = (self.customer, instance.customer) {
            ids[at] = customer;
        }
        let mut filled = Filled { instance, ids, hashes: Vec::with_capacity(self.entries.len()) };
        for entry in &self.entries {
            let hash = filled.hash(entry);
            filled.hashes.push(hash);
        }
        filled
    }
}

impl Filled<'_> {
    /// The parameters of an operation.
    pub fn values(&self, op: &Op) -> Vec<Val> {
        op.pieces.iter().map(|piece| self.value(piece)).collect()
    }

    fn value(&self, piece: &Piece) -> Val {
        match piece {
            Piece::Fixed(val) => val.clone(),
            Piece::Number(part) => Val::I(self.number(part)),
            Piece::Text(parts) => Val::T(self.text(parts)),
            Piece::Bytes(parts) => Val::B(self.text(parts).into_bytes()),
            Piece::EmailDigest => Val::B(orderwright::ops::people::email_digest(&self.instance.email)),
            Piece::Position(n) => Val::I(self.instance.position + n),
        }
    }

    fn number(&self, part: &Part) -> i64 {
        match part {
            Part::Id(n) | Part::IdText(n) => self.ids[*n],
            Part::Contact(n) | Part::ContactText(n) => self.instance.contacts[*n],
            Part::Instant(after) => self.instance.base_us + after,
            Part::Fixed(_) | Part::Number | Part::Sku(_) | Part::Email | Part::Hash(_) => 0,
        }
    }

    /// The text of these parts.
    pub fn text(&self, parts: &[Part]) -> String {
        let mut out = String::with_capacity(parts.len() * 40);
        for part in parts {
            match part {
                Part::Fixed(text) => out.push_str(text),
                Part::IdText(_) | Part::ContactText(_) => push_id(&mut out, self.number(part)),
                Part::Id(_) | Part::Contact(_) | Part::Instant(_) => {
                    use std::fmt::Write as _;
                    let _ = write!(out, "{}", self.number(part));
                }
                Part::Number => out.push_str(&self.instance.number),
                Part::Sku(n) => out.push_str(&self.instance.skus[*n]),
                Part::Email => out.push_str(&self.instance.email),
                Part::Hash(n) => out.push_str(&self.hashes[*n]),
            }
        }
        out
    }

    fn hash(&self, entry: &Entry) -> String {
        let mut id = "evn_".to_owned();
        push_id(&mut id, self.number(&entry.id));
        chain(
            self.hashes.last().map_or("", String::as_str),
            &id,
            entry.seq,
            self.number(&entry.at),
            &entry.kind,
            &self.text(&entry.message),
            &self.text(&entry.metadata),
            &self.text(&entry.created_by),
        )
    }
}

/// The hash of an entry of the timeline, as the engine chains it.
#[expect(clippy::too_many_arguments, reason = "the fields of the hash, in its order")]
pub fn chain(
    before: &str,
    id: &str,
    seq: i64,
    at: i64,
    kind: &str,
    message: &str,
    metadata: &str,
    created_by: &str,
) -> String {
    let quote = |text: &str| serde_json::Value::from(text).to_string();
    let (id, kind, message, by) = (quote(id), quote(kind), quote(message), quote(created_by));
    let mut hash = Sha256::new();
    hash.update(before.as_bytes());
    hash.update(format!("[{id},{seq},{at},{kind},{message},{metadata},{by}]").as_bytes());
    hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        use std::fmt::Write as _;
        let _ = write!(text, "{byte:02x}");
        text
    })
}
