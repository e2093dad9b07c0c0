//! Texts of a captured order, cut into what stays and what is another in the next order: ids, instants, the number, SKUs,
//! the e-mail address, hashes of the timeline.

use orderwright_core::id::{decode, encode};

/// Characters of an id in text.
const ID_WIDTH: usize = 13;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Stays.
    Fixed(String),
    /// The n-th id, as a number.
    Id(usize),
    /// The n-th id, as text.
    IdText(usize),
    /// The n-th contact, as a number.
    Contact(usize),
    /// The n-th contact, as text.
    ContactText(usize),
    /// An instant, in microseconds after the order's own.
    Instant(i64),
    /// The order's number.
    Number,
    /// The n-th SKU.
    Sku(usize),
    /// The buyer's e-mail address.
    Email,
    /// The hash of the n-th entry of the timeline.
    Hash(usize),
}

/// What is looked for in texts.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    /// Ids that were made for the order, in ascending order.
    pub ids: Vec<i64>,
    /// Ids of contacts, which are digests.
    pub contacts: Vec<i64>,
    /// The instant that the order is of.
    pub base_us: i64,
    /// Instants that belong to the order, from and to.
    pub instants: (i64, i64),
    /// The order's number.
    pub number: String,
    /// What was bought.
    pub skus: Vec<String>,
    /// The buyer's e-mail address.
    pub email: String,
    /// Hashes of the timeline's entries, as hexadecimal text.
    pub hashes: Vec<String>,
}

impl Vocabulary {
    /// What a number stands for.
    pub fn number_part(&self, value: i64) -> Option<Part> {
        if let Ok(at) = self.ids.binary_search(&value) {
            return Some(Part::Id(at));
        }
        if let Some(at) = self.contacts.iter().position(|&c| c == value) {
            return Some(Part::Contact(at));
        }
        (self.instants.0..=self.instants.1).contains(&value).then(|| Part::Instant(value - self.base_us))
    }

    /// Cuts a text.
    pub fn cut(&self, text: &str) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut fixed = String::new();
        let mut at = 0;
        while at < text.len() {
            let found = self.find(text, at);
            if let Some((part, length)) = found {
                if !fixed.is_empty() {
                    parts.push(Part::Fixed(std::mem::take(&mut fixed)));
                }
                parts.push(part);
                at += length;
            } else {
                let c = text[at..].chars().next().unwrap_or_default();
                fixed.push(c);
                at += c.len_utf8();
            }
        }
        if !fixed.is_empty() {
            parts.push(Part::Fixed(fixed));
        }
        parts
    }

    fn find(&self, text: &str, at: usize) -> Option<(Part, usize)> {
        let rest = &text[at..];
        let word = |word: &str| !word.is_empty() && rest.starts_with(word);
        if word(&self.number) {
            return Some((Part::Number, self.number.len()));
        }
        if word(&self.email) {
            return Some((Part::Email, self.email.len()));
        }
        if let Some(n) = self.skus.iter().position(|sku| word(sku)) {
            return Some((Part::Sku(n), self.skus[n].len()));
        }
        if let Some(n) = self.hashes.iter().position(|hash| word(hash)) {
            return Some((Part::Hash(n), self.hashes[n].len()));
        }
        let before = text[..at].chars().next_back();
        if before == Some('_') {
            let id = id_at(rest)?;
            let part = match self.ids.binary_search(&id) {
                Ok(n) => Part::IdText(n),
                Err(_) => Part::ContactText(self.contacts.iter().position(|&c| c == id)?),
            };
            return Some((part, ID_WIDTH));
        }
        if before.is_some_and(|c| c.is_ascii_alphanumeric()) {
            return None;
        }
        let digits = number_at(rest)?;
        Some((self.number_part(digits.parse().ok()?)?, digits.len()))
    }
}

/// Every number in a text that may be an id, whichever way it is written.
pub fn ids_in(text: &str) -> Vec<i64> {
    let mut found = Vec::new();
    for (at, c) in text.char_indices() {
        let before = text[..at].chars().next_back();
        if before == Some('_') {
            found.extend(id_at(&text[at..]));
        } else if c.is_ascii_digit() && !before.is_some_and(|c| c.is_ascii_alphanumeric()) {
            found.extend(number_at(&text[at..]).and_then(|digits| digits.parse::<i64>().ok()));
        }
    }
    found
}

/// The id that a text begins with, as a word of its own.
fn id_at(rest: &str) -> Option<i64> {
    let word = rest.get(..ID_WIDTH)?;
    let ends = !rest[ID_WIDTH..].starts_with(|c: char| c.is_ascii_alphanumeric());
    if ends { decode(word) } else { None }
}

/// The digits that a text begins with, as a word of its own.
fn number_at(rest: &str) -> Option<&str> {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let ends = !rest[end..].starts_with(|c: char| c.is_ascii_alphabetic());
    if end > 0 && ends { Some(&rest[..end]) } else { None }
}

/// Writes an id as text.
pub fn push_id(out: &mut String, id: i64) {
    out.extend(encode(id).iter().map(|&c| c as char));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Vocabulary {
        Vocabulary {
            ids: vec![2_000_000_000_000_000_001, 2_000_000_000_000_000_005],
            contacts: vec![77_777_777],
            base_us: 1_000_000_000_000_000,
            instants: (999_000_000_000_000, 1_001_000_000_000_000),
            number: "BZR-20260131-00001".to_owned(),
            skus: vec!["BENCH-MALL-A-007".to_owned()],
            email: "a@example.org".to_owned(),
            hashes: vec!["00ff".repeat(16)],
        }
    }

    #[test]
    fn what_varies_is_cut_out() {
        let mut id = String::new();
        push_id(&mut id, 2_000_000_000_000_000_005);
        let text = format!(
            r#"{{"id":2000000000000000001,"ref":"sbx_{id}","at":1000000000000009,"n":"BZR-20260131-00001","total":500}}"#
        );
        let parts = words().cut(&text);
        let varying: Vec<&Part> = parts.iter().filter(|p| !matches!(p, Part::Fixed(_))).collect();
        assert_eq!(varying, [&Part::Id(0), &Part::IdText(1), &Part::Instant(9), &Part::Number]);
        assert!(parts.iter().any(|p| matches!(p, Part::Fixed(text) if text.contains("\"total\":500"))));
    }

    #[test]
    fn what_only_looks_alike_stays() {
        for text in
            ["12000000000000000001", "x2000000000000000001", "2000000000000000001e5", "1000", "é_abc", "77777778"]
        {
            assert_eq!(words().cut(text), [Part::Fixed(text.to_owned())]);
        }
    }

    #[test]
    fn ids_are_found_however_they_are_written() {
        let mut text = "[2000000000000000001,\"ord_".to_owned();
        push_id(&mut text, 2_000_000_000_000_000_005);
        text.push_str("\",12]");
        let found = ids_in(&text);
        assert!(found.contains(&2_000_000_000_000_000_001) && found.contains(&2_000_000_000_000_000_005));
    }
}
