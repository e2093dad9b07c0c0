//! Timeouts as PHP reads them (`DateInterval::createFromDateString`): `1 second`, `3minutes`, ` 1 minute`, `1 day 2 hours`.
//!
//! What is not an interval is refused here with a sentence; in the engines it fails when the first item enters the state. A month is 30
//! days and a year 365, since there is no calendar here: the clock of a run starts at zero.

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Names of units and how many seconds each has; parts of a second count as none.
const UNITS: &[(&[&str], i64)] = &[
    (&["ms", "msec", "msecs", "millisecond", "milliseconds", "µs", "usec", "usecs", "microsecond", "microseconds"], 0),
    (&["s", "sec", "secs", "second", "seconds"], 1),
    (&["m", "min", "mins", "minute", "minutes"], 60),
    (&["h", "hour", "hours"], 3_600),
    (&["d", "day", "days", "weekday", "weekdays"], DAY),
    (&["w", "week", "weeks"], 7 * DAY),
    (&["fortnight", "fortnights", "forthnight", "forthnights"], 14 * DAY),
    (&["month", "months"], 30 * DAY),
    (&["year", "years"], 365 * DAY),
];

/// Words for numbers.
const WORDS: &[(&str, i64)] = &[
    ("first", 1),
    ("second", 2),
    ("third", 3),
    ("fourth", 4),
    ("fifth", 5),
    ("sixth", 6),
    ("seventh", 7),
    ("eighth", 8),
    ("ninth", 9),
    ("tenth", 10),
    ("eleventh", 11),
    ("twelfth", 12),
    ("next", 1),
    ("last", -1),
    ("previous", -1),
    ("this", 0),
];

/// Reads an interval; seconds. The engines refuse one whose parts add up to zero, and so does this.
pub fn parse(text: &str) -> Result<i64, String> {
    let lower = text.to_lowercase();
    let mut rest = lower.as_str();
    let (mut seconds, mut sum, mut found) = (0_i64, 0_i64, false);
    let range = || format!("`{}` is longer than can be counted", super::finding::shown(text));
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
        if rest.is_empty() {
            break;
        }
        if let Some(after) = word(rest, "ago") {
            (seconds, sum, rest) = (-seconds, -sum, after);
            continue;
        }
        let Some((count, after)) = number(rest) else { return Err(refused(text)) };
        let count = count.ok_or_else(range)?;
        let after = after.trim_start_matches(|c: char| c.is_ascii_whitespace());
        let letters = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let Some((_, unit)) = UNITS.iter().find(|(names, _)| names.contains(&&after[..letters])) else {
            return Err(refused(text));
        };
        seconds = unit.checked_mul(count).and_then(|s| s.checked_add(seconds)).ok_or_else(range)?;
        sum = sum.checked_add(count).ok_or_else(range)?;
        found = true;
        rest = &after[letters..];
    }
    match (found, sum) {
        (false, _) => Err(refused(text)),
        (true, 0) => Err(format!(
            "`{}` adds up to nothing; the engine refuses it when an item gets there",
            super::finding::shown(text)
        )),
        _ => Ok(seconds),
    }
}

fn refused(text: &str) -> String {
    format!("`{}` is not an interval; write for example `30 minutes` or `1 day 2 hours`", super::finding::shown(text))
}

/// What follows the word, if the text begins with it.
fn word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    text.strip_prefix(word).filter(|rest| !rest.starts_with(char::is_alphabetic))
}

/// A number with any signs, or a word for one; `None` inside when it is too large.
fn number(text: &str) -> Option<(Option<i64>, &str)> {
    if let Some((count, rest)) = WORDS.iter().find_map(|(w, n)| word(text, w).map(|rest| (*n, rest))) {
        return Some((Some(count), rest));
    }
    let digits = text.find(|c: char| c != '+' && c != '-').unwrap_or(text.len());
    let negative = text[..digits].matches('-').count() % 2 == 1;
    let rest = &text[digits..];
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    if end == 0 {
        return None;
    }
    let count = rest[..end].parse::<i64>().ok().map(|n| if negative { -n } else { n });
    Some((count, &rest[end..]))
}

/// A number of seconds as people say it: `2h`, `90s`, `7d`.
pub fn shown(seconds: i64) -> String {
    match seconds {
        s if s != 0 && s % DAY == 0 => format!("{}d", s / DAY),
        s if s != 0 && s % 3_600 == 0 => format!("{}h", s / 3_600),
        s if s != 0 && s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shops_write_is_read() {
        for (text, seconds) in [
            ("1 second", 1),
            ("3 second", 3),
            ("1 minute", 60),
            (" 1 minute", 60),
            ("3minutes", 180),
            ("20min", 1_200),
            ("60min", 3_600),
            ("1hour", 3_600),
            ("2 hour", 7_200),
            ("14days", 14 * DAY),
            ("90 day", 90 * DAY),
            ("1 day 2 hours", DAY + 7_200),
            ("1 day, 2 hours", DAY + 7_200),
            ("+1 week", 7 * DAY),
            ("2weeks 1day", 15 * DAY),
            ("1 month", 30 * DAY),
            ("next year", 365 * DAY),
            ("1 DAY -1 hour 1 second", DAY - 3_599),
            ("second day", 2 * DAY),
            ("-1 day ago", DAY),
            ("--5 min", 300),
            ("500 msec 1 s", 1),
        ] {
            assert_eq!(parse(text), Ok(seconds), "{text}");
        }
    }

    #[test]
    fn what_is_no_interval_is_refused() {
        for text in ["", " ", "soon", "5", "1 dayish", "1 day and 2 hours", "P1D", "1.5 days", "ago", "- day"] {
            assert!(parse(text).is_err_and(|e| e.contains("is not an interval")), "{text}");
        }
        for text in ["0 seconds", "1 day -1 day", "this week"] {
            assert!(parse(text).is_err_and(|e| e.contains("adds up to nothing")), "{text}");
        }
        for text in ["99999999999999999999 days", "9223372036854775807 years"] {
            assert!(parse(text).is_err_and(|e| e.contains("longer than")), "{text}");
        }
    }

    #[test]
    fn spans_are_short() {
        assert_eq!([3_600, 90, 120, 14 * DAY, 0].map(shown), ["1h", "90s", "2m", "14d", "0s"]);
    }
}
