//! The books of a fake: objects as JSON by id, in the order in which they were made, and the events that they led to.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use crate::kernel::Clock;

/// What a fake knows.
#[derive(Debug)]
pub struct Books {
    objects: HashMap<String, Value>,
    made: Vec<String>,
    /// Events, oldest first.
    pub events: Vec<Event>,
    counter: u64,
    clock: Clock,
    /// Money by account and currency, in minor units: what the provider owes each.
    pub balances: BTreeMap<(String, String), i64>,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// The provider's id.
    pub id: String,
    /// Its type.
    pub kind: String,
    /// The body of the webhook.
    pub body: Value,
    /// When it happened, in seconds of the fake's clock.
    pub at_s: i64,
    /// When it is sent: some things are told late.
    pub due_s: i64,
}

impl Books {
    /// Empty books.
    pub fn new(clock: Clock) -> Self {
        Self {
            objects: HashMap::new(),
            made: Vec::new(),
            events: Vec::new(),
            counter: 0,
            clock,
            balances: BTreeMap::new(),
        }
    }

    /// The fake's time, in seconds.
    pub fn now_s(&self) -> i64 {
        self.clock.now().0 / 1_000_000
    }

    /// A new id.
    pub fn id(&mut self, prefix: &str) -> String {
        self.counter += 1;
        // Fourteen characters, as Razorpay's; Stripe's are of any length.
        format!("{prefix}_{:0>14}", radix(self.counter.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 4, self.counter))
    }

    /// Keeps an object under its `id`.
    pub fn put(&mut self, object: Value) -> Value {
        let id = object["id"].as_str().unwrap_or_default().to_owned();
        if self.objects.insert(id.clone(), object.clone()).is_none() {
            self.made.push(id);
        }
        object
    }

    /// The object of that id.
    pub fn get(&self, id: &str) -> Option<&Value> {
        self.objects.get(id)
    }

    /// Changes fields of an object, and gives it as it is now.
    pub fn change(&mut self, id: &str, fields: Value) -> Value {
        let Some(object) = self.objects.get_mut(id) else { return Value::Null };
        if let (Some(object), Value::Object(fields)) = (object.as_object_mut(), fields) {
            merge(object, fields);
        }
        object.clone()
    }

    /// Objects of a kind (`field` says what they are), newest first, as providers list them.
    pub fn list(&self, field: &str, kind: &str) -> Vec<&Value> {
        let all = self.made.iter().rev().filter_map(|id| self.objects.get(id));
        all.filter(|o| o[field] == kind).collect()
    }

    /// Adds to what is owed to an account.
    pub fn pay(&mut self, account: &str, currency: &str, amount: i64) {
        *self.balances.entry((account.to_owned(), currency.to_owned())).or_default() += amount;
    }

    /// What is owed to an account.
    pub fn balance(&self, account: &str, currency: &str) -> i64 {
        self.balances.get(&(account.to_owned(), currency.to_owned())).copied().unwrap_or(0)
    }
}

fn merge(object: &mut Map<String, Value>, fields: Map<String, Value>) {
    for (name, value) in fields {
        object.insert(name, value);
    }
}

/// Letters and digits that look like a provider's id and differ for every counter.
fn radix(mixed: u64, counter: u64) -> String {
    const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut out = Vec::new();
    let mut rest = mixed;
    for _ in 0..8 {
        out.push(LETTERS[(rest % 62) as usize]);
        rest /= 62;
    }
    let mut rest = counter;
    for _ in 0..6 {
        out.push(LETTERS[(rest % 62) as usize]);
        rest /= 62;
    }
    out.reverse();
    String::from_utf8_lossy(&out).into_owned()
}
