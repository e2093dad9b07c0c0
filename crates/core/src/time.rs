//! Instants and durations as the engine counts them: whole microseconds, UTC.
//!
//! There is no clock here: every instant comes from the caller. RFC 3339 text is made and read at the edges.

use std::fmt;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// An instant: microseconds since 1970-01-01T00:00:00Z. Stored as that integer, shown as RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Reads RFC 3339 (`2026-01-31T12:00:00Z`, any offset).
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|t| Self(t.as_microsecond()))
    }

    /// Reads an instant, or a date as the start of that day in UTC.
    pub fn parse_instant_or_date(text: &str) -> Option<Self> {
        Self::parse(text).or_else(|| {
            let date = text.parse::<jiff::civil::Date>().ok()?;
            let zoned = date.to_zoned(TimeZone::UTC).ok()?;
            (text.len() == 10).then(|| Self(zoned.timestamp().as_microsecond()))
        })
    }

    /// The instant as jiff's type, for calendar arithmetic. Instants outside jiff's range are clamped.
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }

    /// The UTC date, `YYYY-MM-DD`.
    pub fn date(self) -> String {
        self.to_jiff().to_zoned(TimeZone::UTC).date().to_string()
    }

    /// The UTC day as the number YYYYMMDD, as order numbers carry it.
    pub fn day_number(self) -> i64 {
        let date = self.to_jiff().to_zoned(TimeZone::UTC).date();
        i64::from(date.year()) * 10_000 + i64::from(date.month()) * 100 + i64::from(date.day())
    }

    /// This instant moved on by `span`, clamped at the end of time.
    #[must_use]
    pub fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// Whole milliseconds since 1970.
    pub fn millis(self) -> i64 {
        self.0.div_euclid(1000)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_jiff().fmt(f)
    }
}

/// A length of time in microseconds, written `7d`, `36h`, `15m`, `30s` (api.md, conventions).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(pub i64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The longest span that can be written: a hundred years.
    pub const MAX: Self = Self(100 * 366 * 86_400 * 1_000_000);

    /// `n` seconds.
    pub const fn seconds(n: i64) -> Self {
        Self(n * 1_000_000)
    }

    /// Reads `7d`, `36h`, `15m`, `30s`: a whole number and one unit.
    pub fn parse(text: &str) -> Option<Self> {
        let unit_s = match text.as_bytes().last()? {
            b'd' => 86_400,
            b'h' => 3_600,
            b'm' => 60,
            b's' => 1,
            _ => return None,
        };
        let digits = &text[..text.len() - 1];
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let span = Self(digits.parse::<i64>().ok()?.checked_mul(unit_s * 1_000_000)?);
        (span <= Self::MAX).then_some(span)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = self.0 / 1_000_000;
        match s {
            0 => write!(f, "0m"),
            s if s % 86_400 == 0 => write!(f, "{}d", s / 86_400),
            s if s % 3_600 == 0 => write!(f, "{}h", s / 3_600),
            s if s % 60 == 0 => write!(f, "{}m", s / 60),
            s => write!(f, "{s}s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_and_write() {
        for text in ["7d", "36h", "15m", "30s", "0m"] {
            assert_eq!(Span::parse(text).map(|s| s.to_string()).as_deref(), Some(text));
        }
        for text in ["", "d", "7", "-7d", "7 d", "1w", "9999999999999d", "٣d"] {
            assert_eq!(Span::parse(text), None, "{text}");
        }
    }

    #[test]
    fn dates_and_instants() {
        let t = Timestamp::parse("2026-01-31T12:00:00.25Z").expect("valid");
        assert_eq!(t.to_string(), "2026-01-31T12:00:00.25Z");
        assert_eq!((t.date().as_str(), t.day_number()), ("2026-01-31", 20_260_131));
        assert_eq!(
            Timestamp::parse_instant_or_date("2026-01-31").map(|t| t.to_string()).as_deref(),
            Some("2026-01-31T00:00:00Z")
        );
        assert_eq!(Timestamp::parse_instant_or_date("2026-13-31"), None);
    }
}
