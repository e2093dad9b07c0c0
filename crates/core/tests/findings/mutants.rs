//! Every single-edit mutant of a workflow file: what somebody may get wrong in one place.
//!
//! Dropped: transitions, labels, tags, roles, required fields, guards, sends, reasons, entry actions, `final`, and the keys at the top.
//! Changed: targets (to every other state of the machine), guards (negated, and to every other guard of the machine), the order of
//! transitions and of statuses, times, effects, statuses, the first state, and whether a send is optional.

use toml_edit::{DocumentMut, Item, Value};

/// One edit of a file.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// Where and what, as the list of harmless ones names it: `item.states.new.on.ship: to sent`.
    pub name: String,
    /// The file with the edit.
    pub text: String,
}

/// A way from the top of the file.
#[derive(Clone, Debug, PartialEq)]
enum Seg {
    Key(String),
    At(usize),
}

#[derive(Clone, Debug)]
enum Edit {
    Drop,
    Set(Value),
    /// The list's elements at this place and the next change places.
    Swap(usize),
    Rename(String),
}

const EFFECTS: &[&str] = &[
    "payment.verify",
    "payment.authorise",
    "payment.charge",
    "stock.check",
    "payment.capture",
    "payment.transfer",
    "payment.void",
    "payment.refund",
];
const POLICIES: &[&str] = &["cancel_window", "payment_window", "return_window", "refund_close_window"];

/// Every mutant of the file.
pub fn mutants(text: &str) -> Vec<Mutant> {
    let document: DocumentMut = text.parse().expect("a workflow file is TOML");
    let mut maker = Maker { document, out: Vec::new() };
    maker.top();
    for machine in ["item", "payment"] {
        if maker.document.contains_key(machine) {
            maker.machine(machine);
        }
    }
    maker.out
}

struct Maker {
    document: DocumentMut,
    out: Vec<Mutant>,
}

fn key(path: &[Seg], key: &str) -> Vec<Seg> {
    [path, &[Seg::Key(key.to_owned())]].concat()
}

fn at(path: &[Seg], n: usize) -> Vec<Seg> {
    [path, &[Seg::At(n)]].concat()
}

fn shown(path: &[Seg]) -> String {
    let mut out = String::new();
    for seg in path {
        match seg {
            Seg::Key(key) if out.is_empty() => out.push_str(key),
            Seg::Key(key) => out.push_str(&format!(".{key}")),
            Seg::At(n) => out.push_str(&format!("[{n}]")),
        }
    }
    out
}

fn get<'d>(mut item: &'d Item, path: &[Seg]) -> Option<&'d Item> {
    for seg in path {
        item = match seg {
            Seg::Key(key) => item.get(key.as_str())?,
            Seg::At(n) => item.get(*n)?,
        };
    }
    Some(item)
}

fn get_mut<'d>(mut item: &'d mut Item, path: &[Seg]) -> &'d mut Item {
    for seg in path {
        item = match seg {
            Seg::Key(key) => item.get_mut(key.as_str()),
            Seg::At(n) => item.get_mut(*n),
        }
        .expect("the path was found in this document");
    }
    item
}

impl Maker {
    fn make(&mut self, path: &[Seg], edit: Edit, what: &str) {
        let mut document = self.document.clone();
        let (last, parent) = path.split_last().expect("a path has an end");
        let root = document.as_item_mut();
        match (edit, last) {
            (Edit::Drop, Seg::Key(key)) => {
                get_mut(root, parent).as_table_like_mut().expect("a table").remove(key).expect("the key is there");
            }
            (Edit::Drop, Seg::At(n)) => {
                get_mut(root, parent).as_array_mut().expect("a list").remove(*n);
            }
            (Edit::Set(value), _) => *get_mut(root, path) = Item::Value(value),
            (Edit::Swap(n), _) => {
                let list = get_mut(root, path).as_array_mut().expect("a list");
                let first = list.remove(n);
                list.insert(n + 1, first);
            }
            (Edit::Rename(to), Seg::Key(key)) => {
                let table = get_mut(root, parent).as_table_like_mut().expect("a table");
                let item = table.remove(key).expect("the key is there");
                table.insert(&to, item);
            }
            (Edit::Rename(_), Seg::At(_)) => unreachable!("elements have no names"),
        }
        self.out.push(Mutant { name: format!("{}: {what}", shown(path)), text: document.to_string() });
    }

    fn drop(&mut self, path: &[Seg]) {
        if get(self.document.as_item(), path).is_some() {
            self.make(path, Edit::Drop, "dropped");
        }
    }

    fn set(&mut self, path: &[Seg], to: &str) {
        self.make(path, Edit::Set(Value::from(to)), &format!("to {to}"));
    }

    fn string(&self, path: &[Seg]) -> Option<String> {
        get(self.document.as_item(), path)?.as_str().map(str::to_owned)
    }

    fn strings(&self, path: &[Seg]) -> Vec<String> {
        let list = get(self.document.as_item(), path).and_then(Item::as_array);
        list.into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect()
    }

    fn keys(&self, path: &[Seg]) -> Vec<String> {
        let table = get(self.document.as_item(), path).and_then(Item::as_table_like);
        table.into_iter().flat_map(|t| t.iter().map(|(key, _)| key.to_owned())).collect()
    }

    /// Drops each element of a list of words, named by the word; the only one with its key.
    fn each(&mut self, path: &[Seg]) {
        let words = self.strings(path);
        if words.len() == 1 {
            self.make(path, Edit::Drop, "dropped");
            return;
        }
        for (n, word) in words.iter().enumerate() {
            let mut document = self.document.clone();
            get_mut(document.as_item_mut(), path).as_array_mut().expect("a list").remove(n);
            self.out.push(Mutant { name: format!("{}: without {word}", shown(path)), text: document.to_string() });
        }
    }

    fn swaps(&mut self, path: &[Seg], count: usize) {
        for n in 1..count {
            self.make(path, Edit::Swap(n - 1), &format!("{n} and {} swapped", n + 1));
        }
    }

    fn top(&mut self) {
        let statuses = key(&[], "statuses");
        let count = self.strings(&statuses).len();
        self.each(&statuses);
        self.swaps(&statuses, count);
        for name in ["cancel_event", "ship_event", "credit", "partner"] {
            self.drop(&key(&[], name));
        }
    }

    fn machine(&mut self, machine: &str) {
        let path = key(&[], machine);
        let states = key(&path, "states");
        let names = self.keys(&states);
        let initial = key(&path, "initial");
        let first = self.string(&initial).expect("a first state");
        for name in names.iter().filter(|name| **name != first) {
            self.set(&initial, name);
        }
        let guards = self.guards(&states, &names);
        for name in &names {
            self.state(&key(&states, name), &names, &guards);
        }
    }

    /// Every guard of the machine once.
    fn guards(&self, states: &[Seg], names: &[String]) -> Vec<String> {
        let transitions = names.iter().flat_map(|name| self.transitions(&key(states, name)));
        let mut guards: Vec<String> = transitions.filter_map(|t| self.string(&key(&t, "guard"))).collect();
        guards.sort();
        guards.dedup();
        guards
    }

    /// The places of a state's transitions.
    fn transitions(&self, state: &[Seg]) -> Vec<Vec<Seg>> {
        let mut lists = vec![key(state, "always")];
        for kind in ["on", "after"] {
            let path = key(state, kind);
            lists.extend(self.keys(&path).iter().map(|name| key(&path, name)));
        }
        let mut out = Vec::new();
        for list in lists {
            match get(self.document.as_item(), &list) {
                Some(item) if item.is_array() => {
                    let count = item.as_array().map_or(0, toml_edit::Array::len);
                    out.extend((0..count).map(|n| at(&list, n)));
                }
                Some(_) => out.push(list),
                None => {}
            }
        }
        out
    }

    fn state(&mut self, path: &[Seg], names: &[String], guards: &[String]) {
        if let Some(status) = self.string(&key(path, "status")) {
            let statuses = self.strings(&key(&[], "statuses"));
            for other in statuses.iter().filter(|other| **other != status) {
                self.set(&key(path, "status"), other);
            }
        }
        self.each(&key(path, "tags"));
        self.each(&key(path, "entry"));
        self.drop(&key(path, "final"));
        for role in self.keys(&key(path, "labels")) {
            self.drop(&key(&key(path, "labels"), &role));
        }
        if let Some(effect) = self.string(&key(path, "invoke")) {
            for other in EFFECTS.iter().filter(|other| **other != effect) {
                self.set(&key(path, "invoke"), other);
            }
        }
        let always = key(path, "always");
        let count = get(self.document.as_item(), &always).and_then(Item::as_array).map_or(0, toml_edit::Array::len);
        self.swaps(&always, count);
        let on = key(path, "on");
        for event in self.keys(&on) {
            let list = key(&on, &event);
            let count = get(self.document.as_item(), &list).and_then(Item::as_array).map_or(0, toml_edit::Array::len);
            self.swaps(&list, count);
        }
        self.times(&key(path, "after"));
        for transition in self.transitions(path) {
            self.transition(&transition, names, guards);
        }
    }

    fn times(&mut self, after: &[Seg]) {
        for time in self.keys(after) {
            let others: Vec<String> = match POLICIES.contains(&time.as_str()) {
                true => POLICIES.iter().filter(|p| **p != time).map(|p| (*p).to_owned()).collect(),
                false => vec!["6d".to_owned(), "8d".to_owned()],
            };
            for other in others {
                self.make(&key(after, &time), Edit::Rename(other.clone()), &format!("at {other}"));
            }
        }
    }

    fn transition(&mut self, path: &[Seg], names: &[String], guards: &[String]) {
        self.make(path, Edit::Drop, "dropped");
        if let Some(target) = self.string(&key(path, "target")) {
            for other in names.iter().filter(|other| **other != target) {
                self.make(&key(path, "target"), Edit::Set(Value::from(other.as_str())), &format!("to {other}"));
            }
        }
        self.each(&key(path, "by"));
        self.each(&key(path, "requires"));
        self.each(&key(path, "send"));
        self.drop(&key(path, "reason"));
        let sends = self.strings(&key(path, "send"));
        for (n, send) in sends.iter().enumerate() {
            let other = send.strip_suffix('?').map_or_else(|| format!("{send}?"), str::to_owned);
            self.set(&at(&key(path, "send"), n), &other);
        }
        let guard = key(path, "guard");
        if let Some(own) = self.string(&guard) {
            self.make(&guard, Edit::Drop, "dropped");
            self.set(&guard, &format!("not ({own})"));
            for other in guards.iter().filter(|other| **other != own) {
                self.set(&guard, other);
            }
        }
    }
}
