//! The words of mails: `templates/mail/KIND.txt` and `.html`, rendered with what a mail tells.
//!
//! The first line of a text is the mail's subject. A template that names what is not there is an error, and every template is rendered with
//! samples by a test, so that no customer is the first to read it. What is not here: how a mail is sent, and in other languages.

use std::sync::OnceLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use orderwright_core::mail::MailKind;
use serde::Serialize;

/// What a mail tells.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Facts {
    /// Whom it greets.
    pub name: String,
    /// The order's number.
    pub number: String,
    /// What is to be paid or went back, with its currency.
    pub amount: String,
    /// Why it was declined, in a sentence.
    pub why: Option<String>,
    /// What the customer can do, in a sentence.
    pub next_step: Option<String>,
    /// Until when it can be paid.
    pub until: Option<String>,
    /// The payment page. It stands in the HTML as it is: nothing of it is anybody's but the operator's.
    pub link: Option<String>,
    /// What was ordered.
    pub lines: Vec<Line>,
    /// Who signs.
    pub sender: Option<String>,
}

/// A line of the order.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// Units.
    pub quantity: i64,
    /// What it is.
    pub name: String,
}

/// A mail as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// One line.
    pub subject: String,
    /// For those who read text.
    pub text: String,
    /// For those who read HTML.
    pub html: String,
}

/// What a template's name, the text and the HTML of it are.
macro_rules! templates {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../../../templates/mail/", $name)))),+]
    };
}

/// Every template.
const TEMPLATES: &[(&str, &str)] = templates![
    "layout.html",
    "details.html",
    "details.txt",
    "payment_declined.html",
    "payment_declined.txt",
    "hold_not_renewed.html",
    "hold_not_renewed.txt",
    "payment_reminder.html",
    "payment_reminder.txt",
    "late_money_returned.html",
    "late_money_returned.txt",
];

/// What the first line of a text begins with.
const SUBJECT: &str = "Subject: ";

fn environment() -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    for (name, source) in TEMPLATES {
        environment.add_template(name, source)?;
    }
    Ok(environment)
}

/// Writes a mail.
///
/// # Errors
/// When a template is wrong; a test renders all of them.
pub fn write(kind: MailKind, facts: &Facts) -> Result<Letter, String> {
    static ENVIRONMENT: OnceLock<Result<Environment<'static>, String>> = OnceLock::new();
    let environment = ENVIRONMENT.get_or_init(|| environment().map_err(|e| format!("{e:#}")));
    let environment = environment.as_ref().map_err(Clone::clone)?;
    let render = |ending: &str| {
        let template = environment.get_template(&format!("{}.{ending}", kind.name()));
        template.and_then(|t| t.render(Serde(facts))).map_err(|e| format!("{e:#}"))
    };
    let text = render("txt")?;
    let (first, body) = text.split_once('\n').unwrap_or((&text, ""));
    let subject = first.strip_prefix(SUBJECT).ok_or("the first line of the text is no subject")?;
    Ok(Letter { subject: plain(subject), text: body.trim().to_owned() + "\n", html: render("html")? })
}

/// A text of somebody else's as part of a line: without breaks and other control characters, which could make lines of their own.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            name: "Robin Ray".to_owned(),
            number: "ORD-20261122-00001".to_owned(),
            amount: "GBP 84.50".to_owned(),
            why: Some("The card has not enough funds for this.".to_owned()),
            next_step: Some("Pay with another card, or again when there is enough on this one.".to_owned()),
            until: Some("29 November 2026, 10:05 UTC".to_owned()),
            link: Some("https://shop.example/pay/ord_1/3f2a".to_owned()),
            lines: vec![
                Line { quantity: 2, name: "Linen blind, 120 cm".to_owned() },
                Line { quantity: 1, name: "Brackets".to_owned() },
            ],
            sender: Some("The Shop".to_owned()),
        }
    }

    /// With and without each of what may be missing.
    fn samples() -> Vec<Facts> {
        let mut all = Vec::new();
        for bits in 0..32u8 {
            let has = |n: u8| bits & (1 << n) != 0;
            let full = facts();
            all.push(Facts {
                why: full.why.clone().filter(|_| has(0)),
                next_step: full.next_step.clone().filter(|_| has(0)),
                until: full.until.clone().filter(|_| has(1)),
                link: full.link.clone().filter(|_| has(2)),
                lines: if has(3) { full.lines.clone() } else { Vec::new() },
                sender: full.sender.clone().filter(|_| has(4)),
                ..full
            });
        }
        all
    }

    #[test]
    fn every_template_is_rendered_and_tells_the_same_in_both_parts() {
        for kind in MailKind::ALL {
            for facts in samples() {
                let letter = write(*kind, &facts).unwrap_or_else(|e| panic!("{kind:?}: {e}"));
                assert!(letter.subject.contains(&facts.number), "{letter:?}");
                let told = |fact: &Option<String>| fact.clone().filter(|_| kind.asks_to_pay());
                let wanted = [Some(facts.name.clone()), Some(facts.amount.clone()), facts.sender.clone()];
                let asked = [told(&facts.until), told(&facts.link), told(&facts.why), told(&facts.next_step)];
                for part in [&letter.text, &letter.html] {
                    for word in wanted.iter().chain(&asked).flatten() {
                        assert!(part.contains(word.as_str()), "{word} is missing in {part}");
                    }
                    assert!(!part.contains("{{") && !part.contains("None") && !part.contains("none"), "{part}");
                }
                assert!(!letter.text.contains("\n\n\n") && !letter.text.contains('<'), "{:?}", letter.text);
                for tag in ["p", "ul", "li", "body"] {
                    let open = letter.html.matches(&format!("<{tag}>")).count()
                        + letter.html.matches(&format!("<{tag} ")).count();
                    assert_eq!(open, letter.html.matches(&format!("</{tag}>")).count(), "{tag}: {}", letter.html);
                }
            }
        }
    }

    #[test]
    fn what_people_write_is_only_text() {
        let evil = "<script>alert(1)</script>\r\nBcc: eve@evil.example & \"co\"";
        let mut facts = Facts { name: plain(evil), number: plain(evil), ..facts() };
        facts.lines[0].name = plain(evil);
        for kind in MailKind::ALL {
            let letter = write(*kind, &facts).expect("a letter");
            assert!(!letter.html.contains("<script") && letter.html.contains("&lt;script&gt;"), "{}", letter.html);
            assert!(!letter.subject.contains(['\r', '\n']), "{}", letter.subject);
            assert!(letter.text.contains("<script>"), "text is text: {}", letter.text);
            assert!(!letter.text.lines().any(|line| line.starts_with("Bcc")), "{}", letter.text);
        }
    }

    /// The page shows each mail as it is read.
    #[test]
    fn the_page_has_the_mails() {
        let page = include_str!("../../../../docs/mail.md");
        let mut missing = Vec::new();
        for kind in MailKind::ALL {
            let sample = match kind {
                MailKind::HoldNotRenewed => Facts {
                    why: Some("The bank declined the payment, and it alone knows why.".to_owned()),
                    next_step: Some("Pay with another card, or ask your bank.".to_owned()),
                    ..facts()
                },
                _ => facts(),
            };
            let letter = write(*kind, &sample).expect("a letter");
            let shown = format!("```text\n{SUBJECT}{}\n\n{}```", letter.subject, letter.text);
            missing.extend(Some(shown).filter(|shown| !page.contains(shown)));
        }
        assert!(missing.is_empty(), "docs/mail.md misses:\n{}", missing.join("\n\n"));
    }
}
