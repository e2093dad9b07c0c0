//! Reads the words for people: titles and labels.

use super::document::{Notes, Place};
use crate::workflow::code::Code;
use crate::workflow::complaint::{listed, shown};

/// The longest label or title, in characters.
const MAX_LABEL: usize = 200;
/// What a label may leave open until it is shown.
const PLACEHOLDERS: &[&str] = &["{expected_by}", "{delivered_on}"];

/// The label as it is, after complaints about its length, its characters and its placeholders.
pub(super) fn label(notes: &mut Notes<'_>, text: &str, place: &Place) -> String {
    let out = plain(notes, text, place);
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        rest = &rest[at..];
        if let Some(known) = PLACEHOLDERS.iter().find(|p| rest.starts_with(**p)) {
            rest = &rest[known.len()..];
            continue;
        }
        let end = rest.find('}').map_or(1, |end| end + 1);
        let message = format!("`{}` is not a placeholder; allowed: {}", shown(&rest[..end]), listed(PLACEHOLDERS));
        notes.complain_as(Code::UnknownWord, place, message);
        rest = &rest[end..];
    }
    out
}

/// A text of one line for people, without placeholders.
pub(super) fn plain(notes: &mut Notes<'_>, text: &str, place: &Place) -> String {
    if text.trim().is_empty() {
        notes.complain(place, "says nothing; write what people read here");
    }
    if text.chars().count() > MAX_LABEL {
        notes.complain_as(Code::TooLarge, place, format!("has at most {MAX_LABEL} characters"));
    }
    if text.chars().any(char::is_control) {
        notes.complain(place, "is one line of text, without control characters");
    }
    text.to_owned()
}
