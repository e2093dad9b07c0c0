//! Card numbers are refused wherever people write freely: notes, messages, reasons, metadata. They belong into the provider's component, and
//! what never comes in need not be found and erased later.

use serde_json::Value;

use super::problem::Problem;

/// Fields of free text. Numbers of parcels, accounts and phones have fields of their own and may look like anything.
const FREE_TEXT: &[&str] = &[
    "note",
    "notes",
    "message",
    "reason",
    "metadata",
    "comment",
    "description",
    "name",
    "line1",
    "line2",
    "label",
    "email",
    "text",
    "summary",
    "refundPolicy",
];
/// How many digits card numbers have.
const SHORTEST: usize = 13;
const LONGEST: usize = 19;

/// Where a body holds something that is a card number, as a JSON Pointer.
pub fn find(body: &[u8]) -> Option<String> {
    // Nearly all bodies have no such number anywhere: they are not taken apart. Digits can hide behind escapes only.
    let text = std::str::from_utf8(body).ok()?;
    if !text.contains("\\u") && !holds_card(text) {
        return None;
    }
    walk(&serde_json::from_slice(body).ok()?, "", false)
}

/// The refusal. It does not repeat the number.
pub fn refused(pointer: String) -> Problem {
    Problem::field(
        pointer,
        "looks like a card number, which must never be sent here: leave it out, and let the customer enter it on the payment page",
    )
}

fn walk(value: &Value, pointer: &str, free: bool) -> Option<String> {
    match value {
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
            if free && holds_card(name) {
                return Some(pointer.rsplit_once('/').map_or(String::new(), |(parent, _)| parent.to_owned()));
            }
            walk(value, &pointer, free || FREE_TEXT.contains(&name.as_str()))
        }),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(n, item)| walk(item, &format!("{pointer}/{n}"), free))
        }
        Value::String(text) if free && holds_card(text) => Some(pointer.to_owned()),
        Value::Number(number) if free && holds_card(&number.to_string()) => Some(pointer.to_owned()),
        _ => None,
    }
}

/// Whether a text holds 13 to 19 digits, with single blanks or hyphens between them, that pass Luhn's check.
fn holds_card(text: &str) -> bool {
    let mut digits: Vec<u8> = Vec::with_capacity(LONGEST);
    let mut gap = false;
    for c in text.chars().chain(std::iter::once('.')) {
        match c {
            '0'..='9' => {
                digits.push(c as u8 - b'0');
                gap = false;
            }
            ' ' | '-' if !digits.is_empty() && !gap => gap = true,
            _ => {
                if is_card(&digits) {
                    return true;
                }
                digits.clear();
                gap = false;
            }
        }
    }
    false
}

/// Cards of people begin with 2 (Mastercard), 3 (American Express, Diners, JCB), 4 (Visa), 5 (Mastercard), 6 (Discover, RuPay, UnionPay).
fn is_card(digits: &[u8]) -> bool {
    if !(SHORTEST..=LONGEST).contains(&digits.len()) || !(2..=6).contains(&digits[0]) {
        return false;
    }
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(n, &digit)| {
            let doubled = u32::from(digit) << (n % 2);
            if doubled > 9 { doubled - 9 } else { doubled }
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn card_numbers_are_found_in_free_text_only() {
        for (body, wish) in [
            (r#"{"note":"card 4242 4242 4242 4242 please"}"#, Some("/note")),
            (r#"{"note":"4242-4242-4242-4242"}"#, Some("/note")),
            (r#"{"message":"378282246310005"}"#, Some("/message")),
            (r#"{"items":[{"metadata":{"a":{"b":"6304000000000000"}}}]}"#, Some("/items/0/metadata/a/b")),
            (r#"{"metadata":{"n":4242424242424242}}"#, Some("/metadata/n")),
            (r#"{"metadata":{"4242424242424242":1}}"#, Some("/metadata")),
            (r#"{"customer":{"name":"5555555555554444"}}"#, Some("/customer/name")),
            // One digit wrong, too short, too long, another beginning, a parcel.
            (r#"{"note":"4242 4242 4242 4241"}"#, None),
            (r#"{"note":"424242424242"}"#, None),
            (r#"{"note":"42424242424242424242"}"#, None),
            (r#"{"note":"9999999999999995"}"#, None),
            (r#"{"trackingNumber":"4242424242424242"}"#, None),
            (r#"{"note":"call 4242  4242  4242  4242"}"#, None),
            ("not JSON 4242424242424242", None),
        ] {
            assert_eq!(find(body.as_bytes()).as_deref(), wish, "{body}");
        }
        assert!(!refused("/note".to_owned()).0.detail.contains("4242"));
    }
}
