//! One item stepped through a process; every step says what happened.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use orderwright_core::spryker::Engine;
use orderwright_core::spryker::interval;
use orderwright_core::spryker::run::{Done, Run, answer};
use serde_json::json;

use super::files::Files;
use super::list::plain;
use super::{Args as Common, name_of, read};
use crate::cli::show;

/// Arguments of `workflow import-spryker FILE run`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Steps, in the order in which they are given, first those of --step, then those of --script:\n  \
event:NAME                      somebody fires the event\n  \
check-condition                 transitions without an event are tried\n  \
check-timeout                   timeouts that are over fire\n  \
timeout:NAME                    the clock moves to the end of that timeout, and it fires\n  \
advance:7d                      the clock moves, and what is over on the way fires\n  \
answer:CONDITION=true|false     what the condition answers from now on\n  \
fail:COMMAND, succeed:COMMAND   what the command does from now on\n\
Examples:\n  \
orderwright workflow import-spryker run --help\n  \
orderwright workflow import-spryker DummyPayment01.xml --engine oms run --step event:authorize --answer DummyPayment/IsAuthorized=true\n  \
orderwright workflow import-spryker config/Zed run --process Nopayment01 --script steps.txt --json"
)]
pub struct Args {
    /// The process, when the path is a folder with several
    #[arg(long, value_name = "NAME")]
    process: Option<String>,
    /// A step; may be given several times
    #[arg(long = "step", value_name = "STEP")]
    steps: Vec<String>,
    /// A file with a step on each line; empty lines and those that begin with # are left out
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// What a condition answers, CONDITION=true or =false; unanswered ones are false. May be given several times
    #[arg(long = "answer", value_name = "CONDITION=BOOL")]
    answers: Vec<String>,
    /// A command that fails; may be given several times
    #[arg(long = "fail", value_name = "COMMAND")]
    failing: Vec<String>,
}

/// Carries the command out. A step that can't be done ends the run: exit code 1.
pub(super) fn run(common: &Common, args: &Args, files: &mut Files) -> anyhow::Result<ExitCode> {
    let engine = common.engine.map(Engine::from);
    let mut found = Vec::new();
    let mut names = Vec::new();
    for main in files.mains(engine)? {
        let (engine, import) = read(files, &main, engine, common.initial.as_deref());
        let name = name_of(&main, &import);
        if args.process.as_ref().is_none_or(|wanted| *wanted == name || *wanted == main.stem) {
            found.push((name.clone(), main.label, engine, import));
        }
        names.push(name);
    }
    let (name, file, engine, import) = match found.len() {
        0 => bail!("there is no such main process; there are: {}", names.join(", ")),
        1 => found.remove(0),
        _ => bail!("which process? Name one with --process, or its file: {}", names.join(", ")),
    };
    if let Some(error) = import.error() {
        bail!("{name}: {error}");
    }
    if import.process.states.is_empty() {
        bail!("{name}: the process has no states");
    }
    let answers: BTreeMap<String, bool> = args
        .answers
        .iter()
        .map(|text| answer(text))
        .collect::<Result<_, _>>()
        .map_err(|e| anyhow::anyhow!("--answer: {e}"))?;
    let known = |condition: &String| import.process.transitions.iter().any(|t| t.condition.as_ref() == Some(condition));
    if let Some(condition) = answers.keys().find(|condition| !known(condition)) {
        bail!("--answer {condition}: no transition of {name} has this condition");
    }
    let steps = steps(args)?;
    let mut run = Run::new(engine, &import.process, answers);
    for command in &args.failing {
        if !import.process.events.iter().any(|e| e.command.as_ref() == Some(command)) {
            bail!("--fail {command}: no event of {name} has this command");
        }
        run.set_failing(command, true);
    }
    let mut done = vec![run.begin()];
    let mut error = None;
    for (place, step) in steps {
        match run.step(&step) {
            Ok(step) => done.push(step),
            Err(why) => {
                error = Some(format!("{place}: {why}"));
                break;
            }
        }
    }
    if common.json {
        let mut out =
            json!({ "process": name, "file": file, "engine": engine.name(), "steps": done, "state": run.state() });
        if let Some(error) = &error {
            out["error"] = json!(error);
        }
        show::line(serde_json::to_string_pretty(&out)?)?;
    } else {
        for step in &done {
            tell(step)?;
        }
    }
    match error {
        Some(error) if !common.json => bail!("{error}"),
        Some(_) => Ok(ExitCode::FAILURE),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// Every step with where it was given.
fn steps(args: &Args) -> anyhow::Result<Vec<(String, String)>> {
    let mut out: Vec<(String, String)> =
        args.steps.iter().enumerate().map(|(i, step)| (format!("--step number {}", i + 1), step.clone())).collect();
    if let Some(path) = &args.script {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
        let lines =
            text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
        out.extend(lines.map(|(i, line)| (format!("{name}:{}", i + 1), line.to_owned())));
    }
    Ok(out)
}

fn tell(done: &Done) -> anyhow::Result<()> {
    show::line(plain(&done.step))?;
    for line in &done.log {
        show::line(format_args!("  {}", plain(line)))?;
    }
    let timers: Vec<String> =
        done.timers.iter().map(|t| format!("{} at {}", t.event, interval::shown(t.due_s))).collect();
    let timers = if timers.is_empty() { String::new() } else { format!("   (runs: {})", timers.join(", ")) };
    show::line(format_args!("  = {}{}", plain(&done.state), plain(&timers)))
}
