//! The steps of a run, as they are written on the command line and in script files.

use super::super::interval;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// `event:NAME`: somebody fires the event.
    Event(String),
    /// `check-condition`: the command that tries transitions without an event.
    CheckCondition,
    /// `check-timeout`: the command that fires what is over.
    CheckTimeout,
    /// `timeout:NAME`: the clock moves to the end of that timeout, and it fires.
    Timeout(String),
    /// `advance:7d`: the clock moves, and what is over on the way fires. Seconds.
    Advance(i64),
    /// `answer:CONDITION=true`: what a condition answers from now on.
    Answer(String, bool),
    /// `fail:COMMAND` and `succeed:COMMAND`: what a command does from now on; true when it fails.
    Command(String, bool),
}

impl Step {
    /// Reads a step. Names are taken as they are, blanks included.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (word, rest) = text.split_once(':').unwrap_or((text.trim(), ""));
        let named = |step: fn(String) -> Self| match rest {
            "" => Err(format!("`{text}`: a name is missing after `{word}:`")),
            name => Ok(step(name.to_owned())),
        };
        match word.trim() {
            "event" => named(Self::Event),
            "check-condition" => Ok(Self::CheckCondition),
            "check-timeout" => Ok(Self::CheckTimeout),
            "timeout" => named(Self::Timeout),
            "advance" => match interval::parse(rest) {
                Ok(seconds) if seconds > 0 => Ok(Self::Advance(seconds)),
                Ok(_) => Err(format!("`{text}`: the clock goes forward only")),
                Err(why) => Err(format!("`{text}`: {why}; short forms are 7d, 36h, 15m, 30s")),
            },
            "answer" => answer(rest).map(|(condition, answer)| Self::Answer(condition, answer)),
            "fail" => named(|name| Self::Command(name, true)),
            "succeed" => named(|name| Self::Command(name, false)),
            _ => Err(format!(
                "`{text}` is not a step; steps are event:NAME, check-condition, check-timeout, timeout:NAME, advance:TIME, answer:CONDITION=true|false, fail:COMMAND, succeed:COMMAND"
            )),
        }
    }
}

/// Reads `CONDITION=true` or `CONDITION=false`.
pub fn answer(text: &str) -> Result<(String, bool), String> {
    match text.rsplit_once('=') {
        Some((name, "true")) if !name.is_empty() => Ok((name.to_owned(), true)),
        Some((name, "false")) if !name.is_empty() => Ok((name.to_owned(), false)),
        _ => Err(format!("`{text}` is not an answer; write CONDITION=true or CONDITION=false")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_read() {
        for (text, step) in [
            ("event: pay", Step::Event(" pay".to_owned())),
            ("check-condition", Step::CheckCondition),
            ("check-timeout", Step::CheckTimeout),
            ("timeout:a:b", Step::Timeout("a:b".to_owned())),
            ("advance:2 hours", Step::Advance(7_200)),
            ("advance:7d", Step::Advance(604_800)),
            ("answer:A/B=true", Step::Answer("A/B".to_owned(), true)),
            ("fail:A/B", Step::Command("A/B".to_owned(), true)),
            ("succeed:A/B", Step::Command("A/B".to_owned(), false)),
        ] {
            assert_eq!(Step::parse(text), Ok(step), "{text}");
        }
        for (text, told) in [
            ("", "is not a step"),
            ("pay", "is not a step"),
            ("event:", "a name is missing"),
            ("advance:soon", "is not an interval"),
            ("advance:-1 day", "forward only"),
            ("answer:A/B", "is not an answer"),
            ("answer:A/B=yes", "is not an answer"),
        ] {
            assert!(Step::parse(text).is_err_and(|e| e.contains(told)), "{text}");
        }
    }
}
