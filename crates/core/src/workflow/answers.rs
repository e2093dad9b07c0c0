//! The answers that guards can tell apart: just below, at and above each number that a file compares with, each word and another.

use crate::money::Currency;

use super::guard::{Comparison, Domain, Literal, Subject, Value};

/// One answer for each way in which the comparisons of a subject can come out together.
pub(super) fn answers(subject: Subject, comparisons: &[Comparison]) -> Vec<Value> {
    let mut tried: Vec<Value> = Vec::new();
    for literal in comparisons.iter().flat_map(|c| &c.literals) {
        match literal {
            Literal::Money(amount, currency) => {
                tried.extend([-1, 0, 1].map(|by| Value::Money(amount.saturating_add(by), *currency)));
                // An order can have another currency than the file compares with; no comparison holds of it.
                let other = ["EUR", "USD"].into_iter().find(|code| *code != currency.code());
                tried.extend(other.and_then(Currency::parse).map(|other| Value::Money(*amount, other)));
            }
            Literal::Integer(number) => tried.extend([-1, 0, 1].map(|by| Value::Integer(number.saturating_add(by)))),
            Literal::Word(word) => tried.push(Value::Word(word.clone())),
        }
    }
    match subject.domain() {
        Domain::Word => tried.push(Value::Word(String::new())),
        Domain::Money | Domain::Integer | Domain::Truth => {}
    }
    // An order need not go anywhere.
    if subject == Subject::ShippingCountry {
        tried.push(Value::Nothing);
    }
    let mut seen: Vec<Vec<bool>> = Vec::new();
    tried.retain(|value| {
        let outcome: Vec<bool> = comparisons.iter().map(|c| c.holds(value)).collect();
        let new = !seen.contains(&outcome);
        if new {
            seen.push(outcome);
        }
        new
    });
    tried
}
