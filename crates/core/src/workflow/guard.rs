//! Guards: small typed expressions over a documented set of facts, checked when the file is loaded, never a script.
//!
//! `not`, `and`, `or`, parentheses, and facts. `and` binds tighter than `or`.

use std::fmt;

use super::model::TAGS;

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

/// A fact that a guard can ask about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// `payment.<tag>`: the state of the payment machine has the tag.
    Payment(String),
    /// `payment.offline`: the current payment waits for money from outside.
    PaymentOffline,
    /// `items.all.<tag>`: every item's state has the tag.
    AllItems(String),
    /// `items.any.<tag>`: some item's state has the tag.
    AnyItem(String),
    /// `item.fully_refunded`: what was captured for this item went back.
    ItemFullyRefunded,
    /// `item.late_cancellation`: the supplier's policy lets this item be cancelled after work on it began.
    LateCancellation,
    /// `order.fully_refunded`: the whole captured sum went back.
    OrderFullyRefunded,
    /// `order.nothing_captured`: no money was taken.
    NothingCaptured,
}

impl Guard {
    /// Reads an expression; the error says what was not understood and what would be.
    pub fn parse(text: &str) -> Result<Self, String> {
        let tokens = tokens(text);
        let mut at = 0;
        let guard = or(&tokens, &mut at)?;
        match tokens.get(at) {
            None => Ok(guard),
            Some(extra) => Err(format!("`{extra}` is one word too many; join facts by `and` or `or`")),
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
}

impl Fact {
    fn parse(word: &str) -> Result<Self, String> {
        let tag = |tag: &str| {
            TAGS.iter()
                .any(|(t, _)| *t == tag)
                .then(|| tag.to_owned())
                .ok_or_else(|| format!("`{tag}` is not a tag; see the list of tags"))
        };
        match word {
            "payment.offline" => return Ok(Self::PaymentOffline),
            "item.fully_refunded" => return Ok(Self::ItemFullyRefunded),
            "item.late_cancellation" => return Ok(Self::LateCancellation),
            "order.fully_refunded" => return Ok(Self::OrderFullyRefunded),
            "order.nothing_captured" => return Ok(Self::NothingCaptured),
            _ => {}
        }
        if let Some(rest) = word.strip_prefix("items.all.") {
            tag(rest).map(Self::AllItems)
        } else if let Some(rest) = word.strip_prefix("items.any.") {
            tag(rest).map(Self::AnyItem)
        } else if let Some(rest) = word.strip_prefix("payment.") {
            tag(rest).map(Self::Payment)
        } else {
            Err(format!(
                "`{word}` is not a fact; facts are payment.<tag>, payment.offline, items.all.<tag>, items.any.<tag>, item.fully_refunded, item.late_cancellation, order.fully_refunded, order.nothing_captured"
            ))
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Payment(tag) => write!(f, "payment.{tag}"),
            Self::PaymentOffline => f.write_str("payment.offline"),
            Self::AllItems(tag) => write!(f, "items.all.{tag}"),
            Self::AnyItem(tag) => write!(f, "items.any.{tag}"),
            Self::ItemFullyRefunded => f.write_str("item.fully_refunded"),
            Self::LateCancellation => f.write_str("item.late_cancellation"),
            Self::OrderFullyRefunded => f.write_str("order.fully_refunded"),
            Self::NothingCaptured => f.write_str("order.nothing_captured"),
        }
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

fn tokens(text: &str) -> Vec<String> {
    text.replace('(', " ( ").replace(')', " ) ").split_whitespace().map(str::to_owned).collect()
}

fn or(tokens: &[String], at: &mut usize) -> Result<Guard, String> {
    let mut left = and(tokens, at)?;
    while tokens.get(*at).is_some_and(|t| t == "or") {
        *at += 1;
        left = Guard::Or(Box::new(left), Box::new(and(tokens, at)?));
    }
    Ok(left)
}

fn and(tokens: &[String], at: &mut usize) -> Result<Guard, String> {
    let mut left = not(tokens, at)?;
    while tokens.get(*at).is_some_and(|t| t == "and") {
        *at += 1;
        left = Guard::And(Box::new(left), Box::new(not(tokens, at)?));
    }
    Ok(left)
}

/// `not`s and parentheses nest at most this deep, so that a hostile file cannot exhaust the stack.
const MAX_TOKENS: usize = 200;

fn not(tokens: &[String], at: &mut usize) -> Result<Guard, String> {
    if tokens.len() > MAX_TOKENS {
        return Err(format!("a guard has at most {MAX_TOKENS} words"));
    }
    let word = tokens.get(*at).ok_or("the guard ends where a fact is expected")?;
    *at += 1;
    match word.as_str() {
        "not" => not(tokens, at).map(|g| Guard::Not(Box::new(g))),
        "(" => {
            let inner = or(tokens, at)?;
            if tokens.get(*at).is_none_or(|t| t != ")") {
                return Err("a `(` is never closed".to_owned());
            }
            *at += 1;
            Ok(inner)
        }
        "and" | "or" | ")" => Err(format!("`{word}` stands where a fact is expected")),
        fact => Fact::parse(fact).map(Guard::Fact),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_evaluates() {
        let guard = Guard::parse("items.all.decided and not (items.all.cancelled or payment.failed)").expect("valid");
        assert_eq!(guard.to_string(), "(items.all.decided and not (items.all.cancelled or payment.failed))");
        let decided = |f: &Fact| matches!(f, Fact::AllItems(t) if t == "decided");
        assert!(guard.holds(&decided));
        assert!(!guard.holds(&|f: &Fact| decided(f) || matches!(f, Fact::Payment(_))));
        assert!(!guard.holds(&|_: &Fact| false));
    }

    #[test]
    fn says_what_is_wrong() {
        for text in [
            "",
            "and",
            "payment.rich",
            "weather",
            "not",
            "( payment.failed",
            "payment.failed payment.failed",
            "payment.failed )",
            "items.all.",
        ] {
            assert!(Guard::parse(text).is_err(), "{text}");
        }
        assert!(Guard::parse(&"(".repeat(100_000)).is_err());
    }
}
