//! Comparisons: something of the order, an operator, and what the file says. Types are checked when the file is loaded.

use std::fmt;

use super::super::complaint::shown;
use super::fact::{Domain, Subject, Value};
use super::token::Token;
use crate::money::Currency;

/// A comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// What of the order.
    pub subject: Subject,
    /// How.
    pub operator: Operator,
    /// With what; several for `in`, at least one.
    pub literals: Vec<Literal>,
}

/// How two things are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
    /// `in [ … ]`
    In,
}

impl Operator {
    /// Every operator as it is written.
    pub const ALL: &[(&str, Self)] = &[
        ("==", Self::Equal),
        ("!=", Self::NotEqual),
        ("<", Self::Less),
        ("<=", Self::AtMost),
        (">", Self::More),
        (">=", Self::AtLeast),
        ("in", Self::In),
    ];

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(t, _)| *t == text).map(|(_, o)| *o)
    }

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, o)| *o == self).map_or("", |(t, _)| t)
    }

    /// Whether things of that type can be compared so.
    pub fn fits(self, domain: Domain) -> bool {
        match domain {
            Domain::Truth => false,
            Domain::Money => self != Self::In,
            Domain::Integer => true,
            Domain::Word => matches!(self, Self::Equal | Self::NotEqual | Self::In),
        }
    }
}

/// What a file compares with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// `500.00 EUR`, in minor units.
    Money(i64, Currency),
    /// `3`
    Integer(i64),
    /// `"DE"`
    Word(String),
}

impl Comparison {
    /// Whether it holds when the order answers that.
    ///
    /// An amount in another currency is neither more nor less nor equal nor different: no comparison with it holds. Neither does one with
    /// nothing.
    pub fn holds(&self, value: &Value) -> bool {
        let compared = self.literals.iter().filter_map(|literal| match (value, literal) {
            (Value::Money(a, has), Literal::Money(b, wants)) if has == wants => Some(a.cmp(b)),
            (Value::Integer(a), Literal::Integer(b)) => Some(a.cmp(b)),
            (Value::Word(a), Literal::Word(b)) => Some(a.as_str().cmp(b.as_str())),
            _ => None,
        });
        let mut compared = compared.map(|order| match self.operator {
            Operator::Equal | Operator::In => order.is_eq(),
            Operator::NotEqual => order.is_ne(),
            Operator::Less => order.is_lt(),
            Operator::AtMost => order.is_le(),
            Operator::More => order.is_gt(),
            Operator::AtLeast => order.is_ge(),
        });
        compared.any(|holds| holds)
    }

    /// Reads what stands behind a subject.
    pub(super) fn parse(subject: Subject, tokens: &[Token], at: &mut usize) -> Result<Self, String> {
        let (name, domain, example) = (subject.name(), subject.domain(), subject.example());
        let operator = tokens.get(*at).and_then(|t| Operator::parse(t.text()).filter(|_| !t.is_quoted()));
        let Some(operator) = operator else {
            return Err(format!("`{name}` is {}: compare it, as in `{example}`", domain.name()));
        };
        *at += 1;
        if !operator.fits(domain) {
            return Err(format!(
                "`{name}` is {}: `{}` does not compare it; write `{example}`",
                domain.name(),
                operator.name()
            ));
        }
        let literals =
            if operator == Operator::In { list(subject, tokens, at)? } else { vec![literal(subject, tokens, at)?] };
        Ok(Self { subject, operator, literals })
    }
}

fn list(subject: Subject, tokens: &[Token], at: &mut usize) -> Result<Vec<Literal>, String> {
    let wrong = || {
        format!(
            "`in` takes a list: write `{} in {}`",
            subject.name(),
            match subject.domain() {
                Domain::Integer => "[1, 2]",
                _ => "[\"…\", \"…\"]",
            }
        )
    };
    let mark = |at: &mut usize, text: &str| {
        let found = tokens.get(*at).is_some_and(|t| !t.is_quoted() && t.text() == text);
        *at += usize::from(found);
        found
    };
    if !mark(at, "[") {
        return Err(wrong());
    }
    let mut out = vec![literal(subject, tokens, at)?];
    while mark(at, ",") {
        out.push(literal(subject, tokens, at)?);
    }
    if mark(at, "]") { Ok(out) } else { Err(wrong()) }
}

fn literal(subject: Subject, tokens: &[Token], at: &mut usize) -> Result<Literal, String> {
    let (name, domain, example) = (subject.name(), subject.domain(), subject.example());
    let Some(token) = tokens.get(*at) else {
        return Err(format!("the guard ends where `{name}` is compared; write `{example}`"));
    };
    *at += 1;
    let wrong = |what: String| Err(format!("`{name}` is {}, not {what}; write `{example}`", domain.name()));
    let text = token.text();
    match domain {
        Domain::Word if token.is_quoted() => return Ok(Literal::Word(text.to_owned())),
        Domain::Word => return wrong(format!("`{}` without quotes", shown(text))),
        _ if token.is_quoted() => return wrong(format!("the word \"{}\"", shown(text))),
        Domain::Integer => {
            return match text.parse() {
                Ok(number) => Ok(Literal::Integer(number)),
                Err(_) => wrong(format!("`{}`", shown(text))),
            };
        }
        Domain::Money | Domain::Truth => {}
    }
    let code = tokens.get(*at).filter(|t| !t.is_quoted()).map(Token::text);
    let Some(currency) = code.and_then(Currency::parse) else {
        return wrong(format!("`{}` without a currency", shown(text)));
    };
    *at += 1;
    match currency.parse_amount(text) {
        Some(amount) => Ok(Literal::Money(amount, currency)),
        None => wrong(format!("`{} {currency}`, which is no amount of that currency", shown(text))),
    }
}

/// An amount as guards write it: `500.00 EUR`.
pub(super) fn money(f: &mut fmt::Formatter<'_>, amount: i64, currency: Currency) -> fmt::Result {
    let shown = currency.show(amount);
    let digits = shown.split_once(' ').map_or(shown.as_str(), |(_, digits)| digits);
    write!(f, "{digits} {currency}")
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Money(amount, currency) => money(f, *amount, *currency),
            Self::Integer(n) => n.fmt(f),
            Self::Word(word) => write!(f, "\"{word}\""),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.subject.name(), self.operator.name())?;
        match (self.operator, self.literals.as_slice()) {
            (Operator::In, literals) => {
                let words: Vec<String> = literals.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", words.join(", "))
            }
            (_, literals) => literals.iter().try_for_each(|l| l.fmt(f)),
        }
    }
}
