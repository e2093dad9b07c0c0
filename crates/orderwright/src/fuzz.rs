//! Everything that reads what strangers write, as functions from bytes, each with what must hold of whatever it reads.
//!
//! `fuzz/` runs them under libFuzzer; the test here runs them over the committed corpora and some mutations of each, so that they cannot
//! rot. What is not here: parsers themselves, and what needs a store.

use std::fmt::Display;

use orderwright_core::order::Order;
use orderwright_core::time::{Span, Timestamp};
use orderwright_core::workflow::guard::Guard;
use orderwright_core::workflow::read;

use crate::import::table::CsvFile;
use crate::import::{northwind, orders, shopify};
use crate::ops::csv::{file, merchant_orders, payments};
use crate::ops::events::FeedCursor;
use crate::ops::people::Address;
use crate::store::{Cursor, Sort};
use crate::web::api::storefront::NewCheckout;
use crate::web::view::page::{read_text_cursor, text_cursor};
use crate::web::{caller, request};

/// A parser: it may refuse anything, and must not panic.
pub type Target = fn(&[u8]);

/// Every parser by the name of its target and of its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("workflow", workflow),
    ("guard", guard),
    ("orders_csv", orders_csv),
    ("orders_json", orders_json),
    ("shopify_csv", shopify_csv),
    ("payments_csv", payments_csv),
    ("merchant_orders_csv", merchant_orders_csv),
    ("northwind_sql", northwind_sql),
    ("placement", placement),
    ("cursor", cursor),
    ("texts", texts),
    ("headers", headers),
];

/// Runs the target of that name.
///
/// # Panics
/// When there is no such target, or when it finds a fault.
pub fn run(name: &str, bytes: &[u8]) {
    let (_, target) = TARGETS.iter().find(|(n, _)| *n == name).expect("a target of that name");
    target(bytes);
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

fn workflow(bytes: &[u8]) {
    if let Err(complaints) = read(text(bytes)) {
        assert!(!complaints.is_empty(), "refused without a complaint");
    }
}

fn guard(bytes: &[u8]) {
    if let Ok(guard) = Guard::parse(text(bytes)) {
        // Whatever was read can be asked.
        let _ = guard.holds(&|_| true);
    }
}

fn orders_csv(bytes: &[u8]) {
    let _ = orders::read_csv(bytes);
}

fn orders_json(bytes: &[u8]) {
    let _ = orders::read_json(bytes);
}

fn shopify_csv(bytes: &[u8]) {
    let Ok(file) = CsvFile::read(bytes, shopify::plan::REQUIRED, None) else { return };
    let _ = shopify::plan::skus(&file);
    let terms = shopify::Terms { channel: "shop".to_owned(), complete_after: Span::seconds(14 * 86_400) };
    let known = shopify::plan::Known {
        offers: std::collections::HashMap::new(),
        currency: None,
        now: Timestamp(1_767_225_600_000_000),
    };
    let _ = shopify::plan::plan(&file, &terms, &known);
}

fn payments_csv(bytes: &[u8]) {
    for line in file::read(bytes, payments::COLUMNS, payments::COLUMNS).into_iter().flatten() {
        if let Ok(fields) = line.fields {
            let _ = payments::money(&fields);
        }
    }
}

fn merchant_orders_csv(bytes: &[u8]) {
    let columns = merchant_orders::COLUMNS;
    for line in file::read(bytes, columns, &["orderNumber", "event"]).into_iter().flatten() {
        if let Ok(fields) = line.fields {
            let _ = merchant_orders::event(&fields);
        }
    }
}

fn northwind_sql(bytes: &[u8]) {
    let _ = northwind::plan::plan(text(bytes));
}

fn placement(bytes: &[u8]) {
    if let Ok(body) = request::parse::<NewCheckout>(bytes) {
        let _ = body.into_request();
    }
    // What the store holds is read by the same library; a document of ours that was tampered with is an error, too.
    let _ = serde_json::from_slice::<Order>(bytes);
    if let Ok(address) = serde_json::from_slice::<Address>(bytes) {
        let _ = address.check("/a");
    }
}

/// What was read is written as something that reads the same.
fn comes_back<T: Display + PartialEq + std::fmt::Debug>(value: Option<T>, read: impl Fn(&str) -> Option<T>) {
    if let Some(value) = value {
        assert_eq!(read(&value.to_string()).as_ref(), Some(&value));
    }
}

fn cursor(bytes: &[u8]) {
    let given = text(bytes);
    comes_back(given.parse::<Cursor>().ok(), |t| t.parse().ok());
    comes_back(FeedCursor::parse(given).map(|c| c.to_string()), |t| FeedCursor::parse(t).map(|c| c.to_string()));
    let _ = given.parse::<Sort>();
    if let Some(found) = read_text_cursor(given) {
        assert_eq!(read_text_cursor(&text_cursor(&found)), Some(found));
    }
}

fn texts(bytes: &[u8]) {
    let given = text(bytes);
    comes_back(Span::parse(given), Span::parse);
    comes_back(Timestamp::parse(given), Timestamp::parse);
    comes_back(Timestamp::parse_instant_or_date(given), Timestamp::parse_instant_or_date);
    comes_back(orderwright_core::id::OrderId::parse(given), orderwright_core::id::OrderId::parse);
}

fn headers(bytes: &[u8]) {
    let given = text(bytes);
    if let Some(Some(version)) = caller::if_match(given) {
        assert!(version == -1 || given.trim() == format!("\"{version}\""), "{given:?} is read as {version}");
    }
    if let Some(key) = request::idempotency_key(given) {
        assert_eq!(request::idempotency_key(&key), Some(key));
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::path::{Path, PathBuf};

    use super::TARGETS;

    /// Mutations of each file of a corpus; the variable asks for more.
    const MUTATIONS: u64 = 200;
    const MORE: &str = "ORDERWRIGHT_FUZZ_MUTATIONS";
    /// Words that parsers look for.
    const WORDS: &[&[u8]] = &[
        b"\"",
        b",",
        b"\r",
        b"\n",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
        b"-1",
        b"99999999999999999999",
        b"1e400",
        b"''",
        b"{",
        b"[",
        b"=",
    ];

    fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name);
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        paths.into_iter().map(|path| (path.clone(), std::fs::read(&path).expect("a file"))).collect()
    }

    /// The same in every run: a number for each step.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as usize % sides.max(1)
        }

        fn mutate(&mut self, bytes: &mut Vec<u8>) {
            let at = self.roll(bytes.len() + 1);
            match self.roll(5) {
                0 if at < bytes.len() => bytes[at] ^= 1 << self.roll(8),
                1 => bytes.truncate(at),
                2 if at < bytes.len() => {
                    bytes.drain(at..(at + 1 + self.roll(16)).min(bytes.len()));
                }
                3 => {
                    let part = bytes[at.saturating_sub(1 + self.roll(64))..at].to_vec();
                    bytes.splice(at..at, part);
                }
                _ => drop(bytes.splice(at..at, WORDS[self.roll(WORDS.len())].iter().copied())),
            }
        }
    }

    #[test]
    fn no_parser_panics() {
        let rounds = std::env::var(MORE).ok().and_then(|n| n.parse().ok()).unwrap_or(MUTATIONS);
        for (name, target) in TARGETS {
            let files = corpus(name);
            assert!(!files.is_empty(), "{name} has a corpus");
            for (path, seed) in files {
                let mut dice = Dice(seed.len() as u64);
                for round in 0..=rounds {
                    let mut bytes = seed.clone();
                    for _ in 0..round.min(8) {
                        dice.mutate(&mut bytes);
                    }
                    let run = catch_unwind(AssertUnwindSafe(|| target(&bytes)));
                    assert!(
                        run.is_ok(),
                        "{name}, {}, round {round}: {:?}",
                        path.display(),
                        String::from_utf8_lossy(&bytes)
                    );
                }
            }
        }
    }
}
