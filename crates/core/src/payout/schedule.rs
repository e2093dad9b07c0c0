//! When runs are due: at the beginning of days in the shop's time zone.

use std::fmt;

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::Timestamp;

/// How often a party is paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Schedule {
    /// Only when somebody asks for it.
    #[default]
    Manual,
    /// Every day.
    Daily,
    /// On that day of each week.
    Weekly(Weekday),
    /// On that day of each month, 1 to 31; a shorter month has its last day instead.
    Monthly(i8),
}

/// The days of the week by their names in settings.
const WEEKDAYS: &[(&str, Weekday)] = &[
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

impl Schedule {
    /// What [`Schedule::parse`] reads, as a regular expression.
    pub const PATTERN: &'static str = "^(manual|daily|weekly:(monday|tuesday|wednesday|thursday|friday|saturday|sunday)|\
         monthly:([1-9]|[12][0-9]|3[01]))$";

    /// Reads `manual`, `daily`, `weekly:friday`, `monthly:15`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None if text == "manual" => Some(Self::Manual),
            None if text == "daily" => Some(Self::Daily),
            Some(("weekly", name)) => {
                WEEKDAYS.iter().find(|(known, _)| *known == name).map(|(_, day)| Self::Weekly(*day))
            }
            Some(("monthly", day)) => {
                let number = day.parse::<i8>().ok().filter(|n| (1..=31).contains(n) && n.to_string() == day);
                number.map(Self::Monthly)
            }
            _ => None,
        }
    }

    /// The last instant, at or before `now`, at which a run was due by the clocks of the time zone; `None` for runs by hand.
    pub fn last_due(self, now: Timestamp, time_zone: &str) -> Option<Timestamp> {
        let zone = TimeZoneDatabase::bundled().get(time_zone).unwrap_or(TimeZone::UTC);
        let today = now.to_jiff().to_zoned(zone.clone()).date();
        let day = match self {
            Self::Manual => return None,
            Self::Daily => today,
            Self::Weekly(weekday) => {
                let back = i64::from(today.weekday().to_monday_zero_offset() - weekday.to_monday_zero_offset());
                today.checked_sub(back.rem_euclid(7).days()).ok()?
            }
            Self::Monthly(day) => {
                let this = in_month(today, day)?;
                if this <= today { this } else { in_month(today.first_of_month().yesterday().ok()?, day)? }
            }
        };
        // A midnight that the clocks skip is taken as the first instant after it.
        Some(Timestamp(day.to_zoned(zone).ok()?.timestamp().as_microsecond()))
    }
}

/// That day of the month that `date` is in, or the month's last.
fn in_month(date: Date, day: i8) -> Option<Date> {
    Date::new(date.year(), date.month(), day.min(date.days_in_month())).ok()
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manual => f.write_str("manual"),
            Self::Daily => f.write_str("daily"),
            Self::Weekly(day) => {
                let name = WEEKDAYS.iter().find(|(_, known)| known == day).map_or("", |(name, _)| name);
                write!(f, "weekly:{name}")
            }
            Self::Monthly(day) => write!(f, "monthly:{day}"),
        }
    }
}

impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no schedule")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(schedule: &str, now: &str, zone: &str) -> String {
        let schedule = Schedule::parse(schedule).expect("a schedule");
        schedule.last_due(Timestamp::parse(now).expect("an instant"), zone).map_or("-".to_owned(), |t| t.to_string())
    }

    #[test]
    fn runs_are_due_at_the_beginning_of_days() {
        // 2026-03-06 is a Friday.
        for (schedule, now, zone, expected) in [
            ("manual", "2026-03-06T15:00:00Z", "UTC", "-"),
            ("daily", "2026-03-06T15:00:00Z", "UTC", "2026-03-06T00:00:00Z"),
            ("daily", "2026-03-06T00:00:00Z", "UTC", "2026-03-06T00:00:00Z"),
            ("daily", "2026-03-06T23:30:00Z", "Europe/Berlin", "2026-03-06T23:00:00Z"),
            ("weekly:friday", "2026-03-06T15:00:00Z", "UTC", "2026-03-06T00:00:00Z"),
            ("weekly:saturday", "2026-03-06T15:00:00Z", "UTC", "2026-02-28T00:00:00Z"),
            ("weekly:monday", "2026-03-08T15:00:00Z", "UTC", "2026-03-02T00:00:00Z"),
            // Friday evening in Berlin is Saturday in Auckland.
            ("weekly:saturday", "2026-03-06T15:00:00Z", "Pacific/Auckland", "2026-03-06T11:00:00Z"),
            ("monthly:15", "2026-03-15T00:00:00Z", "UTC", "2026-03-15T00:00:00Z"),
            ("monthly:15", "2026-03-14T23:59:59Z", "UTC", "2026-02-15T00:00:00Z"),
            ("monthly:31", "2026-03-01T12:00:00Z", "UTC", "2026-02-28T00:00:00Z"),
            ("monthly:31", "2026-04-30T12:00:00Z", "UTC", "2026-04-30T00:00:00Z"),
            ("monthly:1", "2026-01-01T00:00:00Z", "UTC", "2026-01-01T00:00:00Z"),
            // The clocks of Havana skip midnight on 2026-03-08.
            ("daily", "2026-03-08T12:00:00Z", "America/Havana", "2026-03-08T05:00:00Z"),
        ] {
            assert_eq!(due(schedule, now, zone), expected, "{schedule} {now} {zone}");
        }
    }

    #[test]
    fn words_are_read_and_written() {
        for text in ["manual", "daily", "weekly:sunday", "monthly:1", "monthly:31"] {
            assert_eq!(Schedule::parse(text).map(|s| s.to_string()).as_deref(), Some(text));
        }
        for text in [
            "",
            "Daily",
            "weekly",
            "weekly:",
            "weekly:Friday",
            "monthly:0",
            "monthly:32",
            "monthly:07",
            "daily:1",
            "monthly:+3",
        ] {
            assert_eq!(Schedule::parse(text), None, "{text}");
        }
        let pattern = regex_lite::Regex::new(Schedule::PATTERN).expect("a pattern");
        for text in ["manual", "daily", "weekly:sunday", "monthly:9", "monthly:10", "monthly:31"] {
            assert!(pattern.is_match(text), "{text}");
        }
        for text in ["monthly:0", "monthly:32", "weekly:day", "daily "] {
            assert!(!pattern.is_match(text), "{text}");
        }
    }
}
