//! Parts of order numbers, as people read them out: `PREFIX-20260131-00042`.
//!
//! A part that ends with the counter is found by an index on the last five characters, and one with a day by the day's orders. Any other
//! part is looked for order by order (`order_list`). What is not here: who makes numbers (`ops::place`).

/// Whether a free text may be a part of a number: it has a digit, and nothing that only people and addresses have.
pub(super) fn is_part_of_numbers(q: &str) -> bool {
    q.bytes().any(|b| b.is_ascii_digit()) && !q.contains('@') && !q.contains(char::is_whitespace)
}

/// What a part of a number says beyond its letters.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    /// Its last five characters, when it ends as a number does: with the counter, of at least five digits.
    pub tail: Option<&'a str>,
    /// The day in it, from and to: numbers carry the day of their order (UTC).
    pub day: Option<(i64, i64)>,
}

impl<'a> Piece<'a> {
    pub(super) fn of(part: &'a str) -> Self {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let mut words: Vec<&str> = part.split('-').collect();
        let is_day = |word: &str| word.len() == 8 && digits(word);
        let day = words.iter().rev().find(|word| is_day(word)).and_then(|word| day_of(word));
        let last = words.pop().unwrap_or("");
        // A day alone is no counter.
        let ends = digits(last) && last.len() >= 5 && !(is_day(last) && day_of(last).is_some());
        Piece { tail: ends.then(|| &part[part.len() - 5..]), day }
    }
}

/// `20260131` as an interval of instants.
fn day_of(word: &str) -> Option<(i64, i64)> {
    let day = format!("{}-{}-{}", &word[..4], &word[4..6], &word[6..]);
    let from = orderwright_core::time::Timestamp::parse_instant_or_date(&day)?.0;
    Some((from, from + orderwright_core::time::Span::seconds(86_400).0))
}

/// A pattern that finds `part` at the end, or anywhere; numbers are ASCII, and so is the lower() of both engines.
pub(super) fn pattern(part: &str, anywhere: bool) -> String {
    let mut pattern = String::with_capacity(part.len() + 4);
    pattern.push('%');
    for c in part.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c.to_ascii_lowercase());
    }
    if anywhere {
        pattern.push('%');
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_its_wildcards_literally() {
        assert_eq!(pattern("A_1%\\", true), "%a\\_1\\%\\\\%");
        assert_eq!(pattern("-00042", false), "%-00042");
    }

    #[test]
    fn a_piece_of_a_number_says_what_it_can() {
        let day = day_of("20260131");
        assert!(day.is_some_and(|(from, to)| to - from == 86_400_000_000));
        for (part, tail, day) in [
            ("00042", Some("00042"), None),
            ("-00042", Some("00042"), None),
            ("123456", Some("23456"), None),
            ("20260131", None, day),
            ("ORD-20260131", None, day),
            ("20260131-00042", Some("00042"), day),
            ("rd-20260131-000", None, day),
            ("0042", None, None),
            ("20261331", Some("61331"), None),
            ("ORD", None, None),
            ("", None, None),
        ] {
            assert_eq!(Piece::of(part), Piece { tail, day }, "{part}");
        }
    }
}
