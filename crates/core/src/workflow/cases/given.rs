//! How the order of a story is placed: what a `given` line may say.

use crate::calendar::Calendar;
use crate::money::Currency;
use crate::time::{Span, Timestamp};
use crate::workflow::model::Effect;

/// What a `given` line may say: its form and what it means. Phrases are separated by commas.
pub const PHRASES: &[(&str, &str)] = &[
    ("pm_card_visa", "the payment method, by the sandbox's names"),
    ("2 of A at 10.00", "a line: so many units of the offer A at that price; `from merchant 2` says whose it is"),
    ("late cancellation refused", "the supplier does not let an item go once work on it began"),
    ("shipping 5.00", "what shipping costs"),
    ("cancel window 2h", "how long the order rests before it goes to merchants (none)"),
    ("payment window 3d", "how long the customer has to pay (3d)"),
    ("return window 30d", "how long delivered goods may be returned (30d)"),
    ("refund close window 14d", "how long after a refund the item is closed (14d)"),
    ("provider waits", "effects are answered by rows, not at once"),
    ("provider declines payment.capture", "that effect is declined whatever the method"),
    ("currency EUR", "the order's currency (EUR)"),
    ("channel retail", "the channel that it is placed in (test)"),
    ("to AT", "the country that it goes to (DE); `to nowhere` for none"),
    ("time zone Europe/Berlin", "whose days business days are (UTC)"),
    ("holiday 2026-03-04", "a day on which nobody works"),
    ("language de", "the language that everybody reads (that of the labels without one)"),
    ("on 2026-03-02T12:00:00Z", "when it is placed (a Monday, midday)"),
];

/// The most lines of an order: each is named by a letter.
const MAX_LINES: usize = 26;
/// The most units of a line, and the highest price in minor units: sums stay far from overflow.
const MAX_UNITS: i64 = 1_000_000;

/// An order to place.
#[derive(Clone, Debug)]
pub struct Given {
    pub(super) method: String,
    pub(super) lines: Vec<Line>,
    pub(super) late_cancellation: bool,
    pub(super) shipping: i64,
    pub(super) cancel_window: Span,
    pub(super) payment_window: Span,
    pub(super) return_window: Span,
    pub(super) refund_close_window: Span,
    pub(super) waits: bool,
    pub(super) declines: Vec<Effect>,
    pub(super) currency: Currency,
    pub(super) channel: String,
    pub(super) country: Option<String>,
    pub(super) calendar: Calendar,
    pub(super) language: Option<String>,
    pub(super) at: Timestamp,
}

/// A line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub name: char,
    pub quantity: i64,
    pub price: i64,
    pub merchant: i64,
}

impl Default for Given {
    fn default() -> Self {
        Self {
            method: "pm_card_visa".to_owned(),
            lines: Vec::new(),
            late_cancellation: true,
            shipping: 0,
            cancel_window: Span::ZERO,
            payment_window: Span::seconds(3 * 86_400),
            return_window: Span::seconds(30 * 86_400),
            refund_close_window: Span::seconds(14 * 86_400),
            waits: false,
            declines: Vec::new(),
            currency: Currency::parse("EUR").unwrap_or_else(|| unreachable!("EUR is in the table of currencies")),
            channel: "test".to_owned(),
            country: Some("DE".to_owned()),
            calendar: Calendar::default(),
            language: None,
            // 2026-03-02T12:00:00Z, a Monday.
            at: Timestamp(1_772_452_800_000_000),
        }
    }
}

impl Given {
    /// Takes one phrase; the error says what was not understood.
    pub(super) fn phrase(&mut self, text: &str) -> Result<(), String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let span =
            |text: &str| Span::parse(text).ok_or_else(|| format!("`{text}` is not a time; write 7d, 36h or 15m"));
        match words.as_slice() {
            [method] if method.starts_with("pm_") => self.method = (*method).to_owned(),
            ["late", "cancellation", "refused"] => self.late_cancellation = false,
            ["shipping", amount] => self.shipping = self.amount(amount)?,
            ["cancel", "window", time] => self.cancel_window = span(time)?,
            ["payment", "window", time] => self.payment_window = span(time)?,
            ["return", "window", time] => self.return_window = span(time)?,
            ["refund", "close", "window", time] => self.refund_close_window = span(time)?,
            ["provider", "waits"] => self.waits = true,
            ["provider", "declines", effect] => self.declines.push(Effect::parse(effect).ok_or_else(|| {
                let names: Vec<&str> = Effect::ALL.iter().map(|(n, _)| *n).collect();
                super::super::complaint::not_allowed(effect, "an effect", &names)
            })?),
            ["currency", code] => {
                self.currency = Currency::parse(code).ok_or_else(|| format!("`{code}` is not an ISO 4217 currency"))?;
            }
            ["channel", name] => self.channel = (*name).to_owned(),
            ["to", "nowhere"] => self.country = None,
            ["to", code] if code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase()) => {
                self.country = Some((*code).to_owned());
            }
            ["time", "zone", name] if Calendar::knows(name) => self.calendar.time_zone = (*name).to_owned(),
            ["time", "zone", name] => {
                return Err(format!(
                    "`{}` is not a time zone; write Europe/Berlin",
                    super::super::complaint::shown(name)
                ));
            }
            ["holiday", day] => {
                self.calendar.holidays.push((*day).to_owned());
                let sorted = Calendar::holidays(&self.calendar.holidays);
                self.calendar.holidays = sorted.map_err(|day| {
                    format!("`{}` is not a date; write 2026-03-04", super::super::complaint::shown(&day))
                })?;
            }
            ["language", tag] => {
                let tag = crate::workflow::locale::canonical(tag);
                self.language = Some(tag.ok_or("languages are BCP 47 tags: de, de-AT, zh-Hant")?);
            }
            ["on", at] => {
                self.at = Timestamp::parse(at)
                    .ok_or_else(|| format!("`{at}` is not an instant; write 2026-03-02T12:00:00Z"))?;
            }
            [quantity, "of", name, rest @ ..] => self.line(quantity, name, rest)?,
            _ => return Err(not_understood(text)),
        }
        Ok(())
    }

    fn line(&mut self, quantity: &str, name: &str, rest: &[&str]) -> Result<(), String> {
        let expected = u32::try_from(self.lines.len()).ok().and_then(|n| char::from_u32('A' as u32 + n)).unwrap_or('A');
        if self.lines.len() == MAX_LINES {
            return Err(format!("an order of a table has at most {MAX_LINES} lines"));
        }
        if name != expected.to_string() {
            return Err(format!("lines are named A, B, C in that order; this one is {expected}, not `{name}`"));
        }
        let quantity = quantity.parse().ok().filter(|q| (1..=MAX_UNITS).contains(q));
        let quantity = quantity.ok_or_else(|| format!("units are a whole number from 1 to {MAX_UNITS}"))?;
        let mut line = Line { name: expected, quantity, price: 10 * 10_i64.pow(self.currency.exponent()), merchant: 1 };
        let mut rest = rest;
        loop {
            rest = match rest {
                [] => break,
                ["at", price, more @ ..] => {
                    line.price = self.amount(price)?;
                    more
                }
                ["from", "merchant", number, more @ ..] => {
                    let number = number.parse().ok().filter(|n| (1..=9).contains(n));
                    line.merchant = number.ok_or("merchants are numbered from 1 to 9")?;
                    more
                }
                [other, ..] => return Err(not_understood(other)),
            };
        }
        self.lines.push(line);
        Ok(())
    }

    /// An amount of the order's currency in minor units.
    pub(super) fn amount(&self, text: &str) -> Result<i64, String> {
        amount(self.currency, text)
    }

    /// What holds when the lines say nothing: two units of one offer.
    pub(super) fn complete(mut self) -> Self {
        if self.lines.is_empty() {
            self.lines.push(Line {
                name: 'A',
                quantity: 2,
                price: 10 * 10_i64.pow(self.currency.exponent()),
                merchant: 1,
            });
        }
        self
    }
}

/// An amount in minor units.
pub(super) fn amount(currency: Currency, text: &str) -> Result<i64, String> {
    let parsed = currency.parse_amount(text).filter(|a| (0..=MAX_UNITS * 100).contains(a));
    parsed.ok_or_else(|| format!("`{text}` is not an amount of {currency}; write 10 or 10.00"))
}

fn not_understood(text: &str) -> String {
    let forms: Vec<String> = PHRASES.iter().map(|(form, _)| format!("`{form}`")).collect();
    format!(
        "`{}` is nothing that `given` says; it says, with commas between: {}",
        super::super::complaint::shown(text),
        forms.join(", ")
    )
}
