//! Guards: small typed expressions over a documented set of facts, checked when the file is loaded, never a script.
//!
//! `not`, `and`, `or`, parentheses, and facts. `and` binds tighter than `or`. A fact is yes or no by itself (`payment.captured`), or by a
//! comparison (`order.total >= 500.00 EUR`). The facts are in [`fact`], comparisons in [`compare`].

mod compare;
mod fact;
mod token;

#[cfg(test)]
mod tests;

use std::fmt;

pub use self::compare::{Comparison, Literal, Operator};
pub use self::fact::{Domain, Fact, Subject, TRUTHS, Value};
use self::token::{Token, tokens};
use super::complaint::shown;

/// A guard's expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// A fact of the order.
    Fact(Fact),
    /// Does not hold.
    Not(Box<Guard>),
    /// Both hold.
    And(Box<Guard>, Box<Guard>),
    /// One of them holds.
    Or(Box<Guard>, Box<Guard>),
}

/// What the order says to one fact of a guard, for people who ask why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The fact, as the guard says it: `order.total >= 500.00 EUR`.
    pub fact: String,
    /// What the order has: `480.00 EUR`, `yes`.
    pub value: String,
    /// Whether the fact holds.
    pub holds: bool,
}

impl Guard {
    /// Reads an expression; the error says what was not understood and what would be.
    pub fn parse(text: &str) -> Result<Self, String> {
        let tokens = tokens(text)?;
        let mut at = 0;
        let guard = or(&tokens, &mut at)?;
        match tokens.get(at) {
            None => Ok(guard),
            Some(extra) => Err(format!("`{}` is one word too many; join facts by `and` or `or`", shown(extra.text()))),
        }
    }

    /// Whether the expression holds, given the answer to each fact.
    pub fn holds(&self, facts: &impl Fn(&Fact) -> bool) -> bool {
        match self {
            Self::Fact(f) => facts(f),
            Self::Not(a) => !a.holds(facts),
            Self::And(a, b) => a.holds(facts) && b.holds(facts),
            Self::Or(a, b) => a.holds(facts) || b.holds(facts),
        }
    }

    /// The facts that it asks about, in the order of the text, each once.
    pub fn facts(&self) -> Vec<&Fact> {
        let mut out = Vec::new();
        self.collect(&mut out);
        out
    }

    fn collect<'g>(&'g self, out: &mut Vec<&'g Fact>) {
        match self {
            Self::Fact(fact) if !out.contains(&fact) => out.push(fact),
            Self::Fact(_) => {}
            Self::Not(a) => a.collect(out),
            Self::And(a, b) | Self::Or(a, b) => {
                a.collect(out);
                b.collect(out);
            }
        }
    }

    /// Each fact with what the order says to it: why the guard holds or does not.
    pub fn explain(&self, values: &impl Fn(&Fact) -> Value) -> Vec<Answer> {
        let answer = |fact: &&Fact| {
            let value = values(fact);
            Answer { fact: fact.to_string(), holds: fact.holds(&value), value: value.to_string() }
        };
        self.facts().iter().map(answer).collect()
    }
}

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fact(fact) => fact.fmt(f),
            Self::Not(a) => write!(f, "not {a}"),
            Self::And(a, b) => write!(f, "({a} and {b})"),
            Self::Or(a, b) => write!(f, "({a} or {b})"),
        }
    }
}

fn or(tokens: &[Token], at: &mut usize) -> Result<Guard, String> {
    let mut left = and(tokens, at)?;
    while tokens.get(*at).is_some_and(|t| is(t, "or")) {
        *at += 1;
        left = Guard::Or(Box::new(left), Box::new(and(tokens, at)?));
    }
    Ok(left)
}

fn and(tokens: &[Token], at: &mut usize) -> Result<Guard, String> {
    let mut left = not(tokens, at)?;
    while tokens.get(*at).is_some_and(|t| is(t, "and")) {
        *at += 1;
        left = Guard::And(Box::new(left), Box::new(not(tokens, at)?));
    }
    Ok(left)
}

/// `not`s and parentheses nest at most this deep, so that a hostile file cannot exhaust the stack.
const MAX_TOKENS: usize = 200;

fn not(tokens: &[Token], at: &mut usize) -> Result<Guard, String> {
    if tokens.len() > MAX_TOKENS {
        return Err(format!("a guard has at most {MAX_TOKENS} words"));
    }
    let token = tokens.get(*at).ok_or("the guard ends where a fact is expected")?;
    *at += 1;
    match token.text() {
        text if token.is_quoted() => {
            Err(format!("\"{}\" stands where a fact is expected; words are compared with facts", shown(text)))
        }
        "not" => not(tokens, at).map(|g| Guard::Not(Box::new(g))),
        "(" => {
            let inner = or(tokens, at)?;
            if tokens.get(*at).is_none_or(|t| !is(t, ")")) {
                return Err("a `(` is never closed".to_owned());
            }
            *at += 1;
            Ok(inner)
        }
        word @ ("and" | "or" | ")") => Err(format!("`{word}` stands where a fact is expected")),
        word => match Subject::ALL.iter().find(|row| row.0 == word) {
            Some((_, subject, ..)) => {
                Comparison::parse(*subject, tokens, at).map(|comparison| Guard::Fact(Fact::Compare(comparison)))
            }
            None => truth(word, tokens.get(*at)),
        },
    }
}

/// A fact that is yes or no, and is not compared.
fn truth(word: &str, next: Option<&Token>) -> Result<Guard, String> {
    let fact = Fact::parse(word)?;
    let compared = next.filter(|t| Operator::ALL.iter().any(|(text, _)| is(t, text)));
    match compared {
        Some(_) => Err(format!("`{word}` is yes or no and is not compared; write `{word}` or `not {word}`")),
        None => Ok(Guard::Fact(fact)),
    }
}

fn is(token: &Token, text: &str) -> bool {
    !token.is_quoted() && token.text() == text
}
