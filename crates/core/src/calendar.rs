//! Business days: Monday to Friday in the shop's time zone, without its holidays.
//!
//! Time zones come from the database that is compiled in, never from the machine's: two nodes count the same days.

use jiff::civil::{Date, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The most holidays that a channel keeps: ten years of a generous country.
pub const MAX_HOLIDAYS: usize = 400;
/// The most business days that a timer counts: about a year.
pub const MAX_BUSINESS_DAYS: u16 = 260;

/// On which days a shop works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Calendar {
    /// A name of the time zone database: `Europe/Berlin`.
    pub time_zone: String,
    /// Days on which nobody works, `YYYY-MM-DD`, sorted.
    #[serde(default)]
    pub holidays: Vec<String>,
}

impl Default for Calendar {
    fn default() -> Self {
        Self { time_zone: "UTC".to_owned(), holidays: Vec::new() }
    }
}

impl Calendar {
    /// Whether there is a time zone of that name.
    pub fn knows(time_zone: &str) -> bool {
        TimeZoneDatabase::bundled().get(time_zone).is_ok()
    }

    /// Sorts holidays, each once; the error is the first that is no date.
    pub fn holidays(days: &[String]) -> Result<Vec<String>, String> {
        let mut out = Vec::with_capacity(days.len());
        for day in days {
            let date = day.parse::<Date>().ok().filter(|date| date.to_string() == *day);
            out.push(date.ok_or_else(|| day.clone())?.to_string());
        }
        out.sort();
        out.dedup();
        Ok(out)
    }

    /// The same time of day on the `days`th business day after the day of `start`, by the clocks of the time zone. A time of day that
    /// the clocks skip is taken as after the gap.
    pub fn business_days_after(&self, start: Timestamp, days: u16) -> Timestamp {
        let zone = TimeZoneDatabase::bundled().get(&self.time_zone).unwrap_or(TimeZone::UTC);
        let local = start.to_jiff().to_zoned(zone.clone()).datetime();
        let mut date = local.date();
        let mut left = days;
        while left > 0 {
            let Ok(next) = date.tomorrow() else { break };
            date = next;
            if self.works(date) {
                left -= 1;
            }
        }
        let due = date.to_datetime(local.time()).to_zoned(zone);
        due.map_or(start, |due| Timestamp(due.timestamp().as_microsecond()))
    }

    fn works(&self, date: Date) -> bool {
        let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        !weekend && self.holidays.binary_search(&date.to_string()).is_err()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(zone: &str, holidays: &[&str], start: &str, days: u16) -> String {
        let calendar =
            Calendar { time_zone: zone.to_owned(), holidays: holidays.iter().map(|d| (*d).to_owned()).collect() };
        calendar.business_days_after(Timestamp::parse(start).expect("an instant"), days).to_string()
    }

    #[test]
    fn weekends_and_holidays_do_not_count() {
        // 2026-03-06 is a Friday.
        assert_eq!(after("UTC", &[], "2026-03-06T15:00:00Z", 1), "2026-03-09T15:00:00Z");
        assert_eq!(after("UTC", &[], "2026-03-06T15:00:00Z", 3), "2026-03-11T15:00:00Z");
        assert_eq!(after("UTC", &[], "2026-03-07T10:00:00Z", 1), "2026-03-09T10:00:00Z", "from a Saturday");
        assert_eq!(after("UTC", &["2026-03-09"], "2026-03-06T15:00:00Z", 1), "2026-03-10T15:00:00Z");
        assert_eq!(after("UTC", &["2026-03-07"], "2026-03-06T15:00:00Z", 1), "2026-03-09T15:00:00Z", "a day off twice");
    }

    #[test]
    fn days_are_those_of_the_time_zone() {
        // Friday evening in Berlin is Saturday in Auckland.
        assert_eq!(after("Europe/Berlin", &[], "2026-03-06T22:30:00Z", 1), "2026-03-09T22:30:00Z");
        assert_eq!(after("Pacific/Auckland", &[], "2026-03-06T22:30:00Z", 1), "2026-03-08T22:30:00Z");
        // Clocks go forward on 2026-03-29: noon stays noon, and half past two is taken after the gap.
        assert_eq!(after("Europe/Berlin", &[], "2026-03-27T11:00:00Z", 1), "2026-03-30T10:00:00Z");
        assert_eq!(after("Nowhere/Land", &[], "2026-03-06T15:00:00Z", 1), "2026-03-09T15:00:00Z");
    }

    #[test]
    fn names_and_dates_are_checked() {
        assert!(Calendar::knows("Europe/Berlin") && Calendar::knows("UTC"));
        assert!(!Calendar::knows("Berlin") && !Calendar::knows("../etc/passwd") && !Calendar::knows(""));
        let days = |days: &[&str]| Calendar::holidays(&days.iter().map(|d| (*d).to_owned()).collect::<Vec<_>>());
        assert_eq!(
            days(&["2026-12-26", "2026-12-25", "2026-12-26"]),
            Ok(vec!["2026-12-25".into(), "2026-12-26".into()])
        );
        assert_eq!(days(&["2026-12-25", "25.12.2026"]), Err("25.12.2026".to_owned()));
        assert_eq!(days(&["2026-02-30"]), Err("2026-02-30".to_owned()));
    }

    #[test]
    fn the_end_of_time_does_not_panic() {
        let late = Timestamp::parse("9999-12-29T00:00:00Z").expect("an instant");
        assert!(Calendar::default().business_days_after(late, MAX_BUSINESS_DAYS) >= late);
    }
}
