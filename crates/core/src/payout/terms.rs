//! On which terms parties are paid: those of a channel, and exceptions for single parties.

use serde::{Deserialize, Serialize};

use super::Schedule;

/// Whether somebody approves a payout before money leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Approval {
    /// Somebody does.
    #[default]
    Manual,
    /// It leaves by itself.
    Automatic,
}

impl Approval {
    /// Both, by their names in settings.
    pub const ALL: &[(&str, Self)] = &[("manual", Self::Manual), ("automatic", Self::Automatic)];

    /// Its name in settings.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, a)| *a == self).map_or("", |(name, _)| name)
    }
}

/// The account from which a channel's payouts are paid by the bank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Debtor {
    /// The account's holder.
    pub name: String,
    /// Checked, without blanks.
    pub iban: String,
    /// Of the bank, where it wants one.
    pub bic: Option<String>,
}

/// Terms that are complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// When runs are due.
    pub schedule: Schedule,
    /// Less than this is not paid but waits for more. Minor units of the channel's currency.
    pub minimum: i64,
    /// How much of what orders bring is kept back: of 10,000.
    pub reserve_basis_points: i64,
    /// After how many days it is released.
    pub reserve_days: i64,
    /// Whether somebody approves payouts.
    pub approval: Approval,
    /// From which account the bank pays.
    pub debtor: Option<Debtor>,
    /// How many hours nothing goes to a bank account that the party itself gave: so long its owner has time to notice.
    pub account_cooling_hours: i64,
}

/// Hours that a new bank account cools where nobody said otherwise: a day.
pub const COOLING_HOURS: i64 = 24;

impl Default for Terms {
    fn default() -> Self {
        Change::default().terms()
    }
}

/// What is said of terms; what is `None` is as it was, or as the channel has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Change {
    /// When runs are due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// Minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<i64>,
    /// Of 10,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserve_basis_points: Option<i64>,
    /// Days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserve_days: Option<i64>,
    /// Whether somebody approves payouts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// From which account the bank pays; a channel's alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub debtor: Option<Debtor>,
    /// Hours that nothing goes to a bank account that the party itself gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_cooling_hours: Option<i64>,
}

impl Change {
    /// What was said before, and now this.
    #[must_use]
    pub fn and(self, later: Self) -> Self {
        Self {
            schedule: later.schedule.or(self.schedule),
            minimum: later.minimum.or(self.minimum),
            reserve_basis_points: later.reserve_basis_points.or(self.reserve_basis_points),
            reserve_days: later.reserve_days.or(self.reserve_days),
            approval: later.approval.or(self.approval),
            debtor: later.debtor.or(self.debtor),
            account_cooling_hours: later.account_cooling_hours.or(self.account_cooling_hours),
        }
    }

    /// The terms that follow.
    pub fn terms(self) -> Terms {
        Terms {
            schedule: self.schedule.unwrap_or_default(),
            minimum: self.minimum.unwrap_or(0),
            reserve_basis_points: self.reserve_basis_points.unwrap_or(0),
            reserve_days: self.reserve_days.unwrap_or(0),
            approval: self.approval.unwrap_or_default(),
            debtor: self.debtor,
            account_cooling_hours: self.account_cooling_hours.unwrap_or(COOLING_HOURS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_changes_only_what_it_says() {
        let channel = Change { schedule: Some(Schedule::Daily), minimum: Some(1000), ..Change::default() };
        let exception = Change { minimum: Some(0), reserve_basis_points: Some(500), ..Change::default() };
        let terms = channel.clone().and(exception).terms();
        assert_eq!((terms.schedule, terms.minimum, terms.reserve_basis_points), (Schedule::Daily, 0, 500));
        assert_eq!(Terms::default().account_cooling_hours, COOLING_HOURS, "nobody has to ask for it");
        assert_eq!(Terms::default().schedule, Schedule::Manual, "nobody is paid by a schedule that nobody set");
    }

    #[test]
    fn what_is_kept_is_read_again() {
        let change = Change { schedule: Schedule::parse("monthly:31"), reserve_days: Some(90), ..Change::default() };
        let text = serde_json::to_string(&change).expect("JSON");
        assert_eq!(serde_json::from_str::<Change>(&text).expect("read"), change);
        assert_eq!(text, r#"{"schedule":"monthly:31","reserveDays":90}"#);
    }
}
