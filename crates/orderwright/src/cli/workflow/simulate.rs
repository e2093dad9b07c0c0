//! `orderwright workflow simulate`: many orders through a lifecycle in virtual time, and what came of them.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use orderwright_core::time::Span;
use orderwright_core::workflow::simulate::{self, Delay, Flow, Report, Scenario, Stay};
use orderwright_core::workflow::validate;
use serde_json::{Value, json};

use super::source;
use crate::cli::show;

/// Orders from which on a progress bar is worth its line.
const LONG: u64 = 2_000;
/// States that are named as the fullest ones.
const FULLEST: usize = 3;

/// Arguments of `workflow simulate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  orderwright workflow simulate retail --orders 10000 --seed 7\n  \
    orderwright workflow simulate my-shop.toml my-merchant.toml --decline 8% --no-show merchant=5% --delay ship=2d..5d\n  \
    orderwright workflow simulate made-to-order --rate refuse=10% --delay confirm=~1d --until 90d --json")]
pub struct Args {
    /// A file or the name of a workflow that comes with the program; further ones are looked through for its partner
    #[arg(value_name = "FILE|NAME", required = true)]
    workflow: Vec<String>,
    /// How many orders
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    orders: u64,
    /// What everything is drawn from: the same seed gives the same report
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// The time over which the orders come in
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = span)]
    over: Span,
    /// When to stop; without it, when nothing moves any more
    #[arg(long, value_name = "TIME", value_parser = span)]
    until: Option<Span>,
    /// The most lines of an order
    #[arg(long, value_name = "N", default_value_t = 3)]
    lines: i64,
    /// The provider declines a check, an authorisation or a charge; or EFFECT=RATE for one effect. May be repeated
    #[arg(long, value_name = "RATE|EFFECT=RATE", value_parser = rate)]
    decline: Vec<Rate>,
    /// The provider's answer is lost at first
    #[arg(long, value_name = "RATE", default_value = "0%", value_parser = chance)]
    doubt: f64,
    /// Whoever could act in a state never does; or PARTY=RATE for one party. May be repeated
    #[arg(long, value_name = "RATE|PARTY=RATE", value_parser = rate)]
    no_show: Vec<Rate>,
    /// An order is to be cancelled
    #[arg(long, value_name = "RATE", default_value = "3%", value_parser = chance)]
    cancel: f64,
    /// A paid order is refunded, all of it or a part
    #[arg(long, value_name = "RATE", default_value = "4%", value_parser = chance)]
    refund: f64,
    /// An order waits for money from outside
    #[arg(long, value_name = "RATE", default_value = "0%", value_parser = chance)]
    offline: f64,
    /// Where the event is possible, it is fired instead of what usually comes next. May be repeated
    #[arg(long, value_name = "EVENT=RATE", value_parser = named_rate)]
    rate: Vec<(String, f64)>,
    /// How long an event or an effect takes, or `cancel`, `refund`, `doubt`: 2d, 2d..5d, ~2d (on average). May be repeated
    #[arg(long, value_name = "NAME=TIME", value_parser = named_delay)]
    delay: Vec<(String, Delay)>,
    /// A time of the channel: cancel_window, payment_window, return_window, refund_close_window. May be repeated
    #[arg(long, value_name = "NAME=TIME", value_parser = named_span)]
    window: Vec<(String, Span)>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A rate for one name, or for all.
type Rate = (Option<String>, f64);

fn span(text: &str) -> Result<Span, String> {
    Span::parse(text).ok_or_else(|| "write it like 30d, 36h or 15m".to_owned())
}

/// `5%` or `0.05`.
fn chance(text: &str) -> Result<f64, String> {
    let read = match text.trim().strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map(|p| p / 100.0),
        None => text.trim().parse::<f64>(),
    };
    read.ok().filter(|c| (0.0..=1.0).contains(c)).ok_or_else(|| "write it like 5%, between 0% and 100%".to_owned())
}

fn rate(text: &str) -> Result<Rate, String> {
    match text.split_once('=') {
        Some((name, rate)) => Ok((Some(name.trim().to_owned()), chance(rate)?)),
        None => Ok((None, chance(text)?)),
    }
}

fn named_rate(text: &str) -> Result<(String, f64), String> {
    let (name, rate) = text.split_once('=').ok_or("write it like refuse=5%")?;
    Ok((name.trim().to_owned(), chance(rate)?))
}

fn named_delay(text: &str) -> Result<(String, Delay), String> {
    let (name, delay) = text.split_once('=').ok_or("write it like ship=2d..5d")?;
    let delay = Delay::parse(delay).ok_or("write the time like 2d, 2d..5d (the shorter first) or ~2d")?;
    Ok((name.trim().to_owned(), delay))
}

fn named_span(text: &str) -> Result<(String, Span), String> {
    let (name, time) = text.split_once('=').ok_or("write it like return_window=30d")?;
    Ok((name.trim().to_owned(), span(time)?))
}

/// The rate for all, and those for single names.
fn split(rates: &[Rate], usual: f64) -> (f64, BTreeMap<String, f64>) {
    let all = rates.iter().rev().find(|(name, _)| name.is_none()).map_or(usual, |(_, rate)| *rate);
    (all, rates.iter().filter_map(|(name, rate)| name.clone().map(|n| (n, *rate))).collect())
}

impl Args {
    fn scenario(&self) -> Scenario {
        let usual = Scenario::default();
        let (decline, declines) = split(&self.decline, usual.decline);
        let (no_show, no_shows) = split(&self.no_show, usual.no_show);
        Scenario {
            orders: self.orders,
            seed: self.seed,
            over: self.over,
            until: self.until,
            lines: self.lines,
            offline: self.offline,
            decline,
            declines,
            doubt: self.doubt,
            no_show,
            no_shows,
            cancel: self.cancel,
            refund: self.refund,
            rates: self.rate.iter().cloned().collect(),
            delays: self.delay.iter().cloned().collect(),
            windows: self.window.iter().cloned().collect(),
            ..usual
        }
    }
}

/// Carries the command out. Something did not hold that always must: exit code 1.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let source = source::find(&args.workflow)?;
    let complaints = validate(&source.workflow, source.partner.as_deref());
    if let Some(first) = complaints.first() {
        anyhow::bail!(
            "`{}` has {} complaints, which `orderwright workflow check` lists; the first: line {}: {}",
            source.workflow.name,
            complaints.len(),
            first.line,
            first.message
        );
    }
    let progress = match args.orders > LONG && std::io::stderr().is_terminal() {
        true => ProgressBar::new(args.orders).with_style(
            ProgressStyle::with_template("{bar:40} {pos}/{len} orders, {eta} left")
                .unwrap_or_else(|_| ProgressStyle::default_bar()),
        ),
        false => ProgressBar::hidden(),
    };
    let report = simulate::simulate(&source.workflow, source.partner.as_deref(), &args.scenario(), |done| {
        if done % 64 == 0 {
            progress.set_position(done);
        }
    })?;
    progress.finish_and_clear();
    if args.json {
        show::line(serde_json::to_string_pretty(&report)?)?;
    } else {
        tell(&source.workflow.title, &report)?;
    }
    Ok(if report.audit.violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(title: &str, report: &Report) -> anyhow::Result<()> {
    show::line(format_args!(
        "{title} ({}, version {:.12}): {} orders, {} items, {} decisions, {} of virtual time, seed {}",
        report.workflow,
        report.version,
        report.orders,
        report.items,
        report.decisions,
        time(report.lasted_seconds),
        report.seed
    ))?;
    heading("Where items ended")?;
    let ends: Vec<Value> = report
        .ends
        .iter()
        .map(|e| {
            let note = if e.is_final { "" } else { "left behind" };
            json!({ "state": e.state, "status": e.status, "items": e.items, "share": format!("{:.1}%", e.percent), "note": note })
        })
        .collect();
    show::rows(false, &["state", "status", "items", "share", "note"], &ends)?;
    heading("How often each transition was taken")?;
    let flows: Vec<Value> = report
        .flows
        .iter()
        .filter(|f| f.count > 0)
        .map(|f| json!({ "machine": f.machine, "from": f.from, "to": f.to, "by": f.by, "times": f.count }))
        .collect();
    show::rows(false, &["machine", "from", "to", "times", "by"], &flows)?;
    let never: Vec<&Flow> = report.flows.iter().filter(|f| f.count == 0).collect();
    if !never.is_empty() {
        let names: Vec<String> =
            never.iter().map(|f| format!("{} {} → {} ({})", f.machine, f.from, f.to, f.by)).collect();
        show::line(format_args!("never: {}", names.join("; ")))?;
    }
    heading("How long each state lasted")?;
    let states: Vec<Value> = report.states.iter().filter(|s| s.visits > 0).map(row).collect();
    let columns = ["machine", "state", "visits", "median", "p90", "p99", "max", "peak", "left"];
    show::rows(false, &columns, &states)?;
    heading("Where orders pile up")?;
    for line in piles(report) {
        show::line(line)?;
    }
    heading("Money, in minor units")?;
    let m = &report.money;
    show::line(format_args!(
        "ordered {}, captured {}, refunded {}, kept {}, still held {}, kept of orders that were never shipped {}",
        m.ordered,
        m.captured,
        m.refunded,
        m.captured - m.refunded,
        m.still_held,
        m.kept_unshipped
    ))?;
    if !report.refused.is_empty() {
        heading("Tried in vain")?;
        for refused in &report.refused {
            show::line(format_args!("{}×: {}", refused.count, refused.what))?;
        }
    }
    heading("Audit")?;
    if report.audit.violations == 0 {
        return show::line("after every decision the books balanced, and so did reservations");
    }
    show::line(format_args!("{} decisions broke what must always hold:", report.audit.violations))?;
    report.audit.first.iter().try_for_each(show::line)
}

fn heading(text: &str) -> anyhow::Result<()> {
    show::line(format_args!("\n{text}"))
}

fn row(stay: &Stay) -> Value {
    let shown = |seconds: Option<i64>| seconds.map_or_else(|| "-".to_owned(), time);
    json!({
        "machine": stay.machine,
        "state": stay.state,
        "visits": stay.visits,
        "median": shown(stay.median_seconds),
        "p90": shown(stay.p90_seconds),
        "p99": shown(stay.p99_seconds),
        "max": shown(stay.max_seconds),
        "peak": stay.peak,
        "left": stay.left,
    })
}

/// What is stuck, and what was fullest on the way.
fn piles(report: &Report) -> Vec<String> {
    let mut waiting: Vec<&Stay> = report.states.iter().filter(|s| !s.is_final).collect();
    waiting.sort_by_key(|s| std::cmp::Reverse(s.left));
    let mut lines: Vec<String> = waiting
        .iter()
        .filter(|s| s.left > 0)
        .map(|s| format!("left behind: {} in {} {}", s.left, s.machine, s.state))
        .collect();
    waiting.sort_by_key(|s| std::cmp::Reverse(s.peak));
    let full = waiting.iter().filter(|s| s.peak > 0).take(FULLEST);
    lines.extend(full.map(|s| {
        let median = s.median_seconds.map_or(String::new(), |m| format!(", half of them for at most {}", time(m)));
        format!("fullest: {} {}, {} at once{median}", s.machine, s.state, s.peak)
    }));
    lines
}

/// Two units at most: `2d 5h`, `15m`, `3s`.
fn time(seconds: i64) -> String {
    let parts = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let first = parts.iter().position(|(unit, _)| seconds >= *unit).unwrap_or(parts.len() - 1);
    let (unit, name) = parts[first];
    let rest = parts.get(first + 1).map(|(next, name)| (seconds % unit / next, name)).filter(|(n, _)| *n > 0);
    match rest {
        Some((n, next)) => format!("{}{name} {n}{next}", seconds / unit),
        None => format!("{}{name}", seconds / unit),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn scenario(words: &[&str]) -> Result<Scenario, String> {
        let line = ["simulate", "retail"].iter().chain(words);
        Line::try_parse_from(line).map(|l| l.args.scenario()).map_err(|e| e.to_string())
    }

    #[test]
    fn rates_and_delays_are_read() {
        let words = ["--decline", "8%", "--decline", "payment.charge=0.5", "--no-show", "customer=100%"];
        let read = scenario(&words).expect("right");
        assert_eq!((read.decline, read.declines["payment.charge"]), (0.08, 0.5));
        assert_eq!((read.no_show, read.no_shows["customer"]), (Scenario::default().no_show, 1.0));
        let read = scenario(&["--delay", "shipped=2d..5d", "--window", "return_window=14d", "--rate", "cancelled=1%"]);
        let read = read.expect("right");
        assert_eq!(read.delays["shipped"].to_string(), "2d..5d");
        assert_eq!((read.windows["return_window"].to_string(), read.rates["cancelled"]), ("14d".to_owned(), 0.01));
        assert_eq!(scenario(&[]).expect("right"), Scenario::default());
    }

    #[test]
    fn slips_are_told() {
        for (words, told) in [
            (["--decline", "150%"], "between 0% and 100%"),
            (["--rate", "5%"], "refuse=5%"),
            (["--delay", "ship=5d..2d"], "the shorter first"),
            (["--until", "soon"], "30d, 36h"),
            (["--orders", "0"], "1..=10000000"),
        ] {
            let error = scenario(&words).expect_err("wrong");
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn times_are_short() {
        let shown: Vec<String> = [0, 59, 60, 3_661, 90_000, 86_400 * 30].into_iter().map(time).collect();
        assert_eq!(shown, ["0s", "59s", "1m", "1h 1m", "1d 1h", "30d"]);
    }
}
