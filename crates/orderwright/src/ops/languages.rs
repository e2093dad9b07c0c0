//! The languages of a reader: which ones they want, and which ones they were answered in.
//!
//! The wish comes from outside (`Accept-Language`), the answer from the workflow of each order: one list can show orders of several.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use orderwright_core::workflow::Workflow;

/// The most languages of a wish that are looked at.
const MAX_WISHES: usize = 16;

/// What a reader wants, and got. Copies share what was got.
#[derive(Clone, Debug, Default)]
pub struct Languages(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    wanted: Vec<String>,
    used: Mutex<BTreeSet<String>>,
}

impl Languages {
    /// Reads the value of an `Accept-Language` header (RFC 9110, 12.5.4), dearest first. What is no language is passed over, as is what
    /// the reader does not want (`q=0`); `*` asks for nothing in particular.
    pub fn of_header(value: &str) -> Self {
        let mut wishes: Vec<(u32, &str)> = Vec::new();
        for part in value.split(',').take(MAX_WISHES) {
            let (range, weight) = part.split_once(';').unwrap_or((part, ""));
            let weight = match weight.trim().strip_prefix("q=").or_else(|| weight.trim().strip_prefix("Q=")) {
                None => 1000,
                Some(text) => thousandths(text.trim()),
            };
            let range = range.trim();
            let fits = !range.is_empty() && range.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            if weight > 0 && fits {
                wishes.push((weight, range));
            }
        }
        wishes.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        let wanted = wishes.into_iter().map(|(_, range)| range.to_owned()).collect();
        Self(Arc::new(Inner { wanted, used: Mutex::default() }))
    }

    /// The language of that workflow's labels for this reader; it counts as one that was answered in.
    pub fn of<'w>(&self, workflow: &'w Workflow) -> &'w str {
        let locale = workflow.locale_for(&self.0.wanted);
        let mut used = self.0.used.lock().unwrap_or_else(PoisonError::into_inner);
        if !used.contains(locale) {
            used.insert(locale.to_owned());
        }
        locale
    }

    /// Every language that was answered in: the value of a `Content-Language` header, empty when there was nothing to read.
    pub fn used(&self) -> String {
        let used = self.0.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

/// A weight between 0 and 1 with at most three digits, in thousandths; what is none counts as no wish.
fn thousandths(text: &str) -> u32 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.len() <= 3 && fraction.bytes().all(|b| b.is_ascii_digit());
    match whole {
        "1" if digits && fraction.bytes().all(|b| b == b'0') => 1000,
        "0" if digits => format!("{fraction:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_in_order() {
        for (header, expected) in [
            ("de", &["de"][..]),
            ("en;q=0.8, de-AT, de;q=0.9", &["de-AT", "de", "en"]),
            ("fr;q=0, en", &["en"]),
            ("*, de;q=0.5", &["de"]),
            ("", &[]),
            ("de;q=2, x y, en;q=1.001, fr;q=0.0001", &[]),
            ("de ; q=0.5,en ;Q=0.7", &["en", "de"]),
        ] {
            assert_eq!(Languages::of_header(header).0.wanted, expected, "{header}");
        }
        assert_eq!(Languages::of_header(&"de,".repeat(1000)).0.wanted.len(), MAX_WISHES);
    }

    #[test]
    fn remembers_what_was_answered() {
        let set = orderwright_core::workflow::WorkflowSet::shipped().expect("shipped");
        let languages = Languages::of_header("de");
        assert_eq!(languages.used(), "");
        let copy = languages.clone();
        assert_eq!(copy.of(set.get("retail").expect("shipped")), "en");
        assert_eq!(languages.used(), "en");
    }
}
