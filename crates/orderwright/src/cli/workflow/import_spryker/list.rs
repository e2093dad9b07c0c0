//! The list of processes with their counts, what is wrong with them, and the workflow files made of them.

use std::process::ExitCode;

use orderwright_core::spryker::{Engine, Finding};
use serde::Serialize;
use serde_json::json;

use super::files::Files;
use super::{Args, name_of, read, toml};
use crate::cli::show;

/// One main process, as programs read it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    process: String,
    file: String,
    engine: &'static str,
    /// With its subprocesses, each name once.
    states: usize,
    /// With its subprocesses.
    transitions: usize,
    /// Declared, each name once.
    events: usize,
    findings: Vec<Finding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// The workflow file made of it, when one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    toml: Option<toml::Made>,
}

/// Carries the command out.
pub(super) fn run(args: &Args, files: &mut Files) -> anyhow::Result<ExitCode> {
    let engine = args.engine.map(Engine::from);
    let mut writer = args.to_toml.as_deref().map(toml::Writer::new).transpose()?;
    let mut rows = Vec::new();
    for main in files.mains(engine)? {
        let (engine, import) = read(files, &main, engine, args.initial.as_deref());
        let process = name_of(&main, &import);
        let made = writer.as_mut().map(|writer| writer.write(engine, &import));
        let error = import.error();
        rows.push(Row {
            process,
            file: main.label,
            engine: engine.name(),
            states: import.process.states.len(),
            transitions: import.process.declared_transitions,
            events: import.process.events.len(),
            findings: import.findings,
            error,
            toml: made,
        });
    }
    if args.json {
        show::line(serde_json::to_string_pretty(&rows)?)?;
    } else if args.lint {
        findings(&rows)?;
    } else {
        table(args, &rows)?;
    }
    let wrong = |row: &Row| {
        row.error.is_some()
            || args.lint && !row.findings.is_empty()
            || row.toml.as_ref().is_some_and(|made| made.error.is_some())
    };
    Ok(if rows.iter().any(wrong) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn table(args: &Args, rows: &[Row]) -> anyhow::Result<()> {
    if rows.is_empty() {
        return show::line(nothing(args));
    }
    let shown: Vec<_> = rows
        .iter()
        .map(|r| {
            json!({
                "process": r.process, "engine": r.engine, "states": r.states, "transitions": r.transitions, "events": r.events,
                "findings": r.findings.len(), "file": r.file,
            })
        })
        .collect();
    show::rows(false, &["process", "engine", "states", "transitions", "events", "findings", "file"], &shown)?;
    for row in rows {
        if let Some(error) = &row.error {
            show::line(format_args!("{}: error: {}", row.process, plain(error)))?;
        }
    }
    for made in rows.iter().filter_map(|row| row.toml.as_ref()) {
        for line in made.lines() {
            show::line(plain(&line))?;
        }
    }
    if args.to_toml.is_none() && rows.iter().any(|row| !row.findings.is_empty()) {
        show::line("--lint says what was found")?;
    }
    Ok(())
}

/// What is said when there is nothing.
fn nothing(args: &Args) -> String {
    let path = args.path.as_deref().map(|p| p.display().to_string()).unwrap_or_default();
    let engine = args.engine.map_or(String::new(), |e| format!(" of the engine {}", Engine::from(e).name()));
    format!("no main process{engine} below {path}: no XML file there has a process with main=\"true\"")
}

/// `file: code: message`, and below it the way there.
fn findings(rows: &[Row]) -> anyhow::Result<()> {
    let mut count = 0;
    for row in rows {
        if let Some(error) = &row.error {
            show::line(format_args!("{}: {}: error: {}", row.file, row.process, plain(error)))?;
        }
        for finding in &row.findings {
            count += 1;
            show::line(format_args!("{}: {}: {}: {}", row.file, row.process, finding.code, plain(&finding.message)))?;
            if let Some(trace) = finding.trace.as_ref().filter(|trace| !trace.is_empty()) {
                show::line("    the shortest way there:")?;
                for step in trace {
                    show::line(format_args!("      {}", plain(step)))?;
                }
            }
        }
    }
    let of = if rows.len() == 1 { "process" } else { "processes" };
    show::line(format_args!("{count} findings in {} {of}; each code has a page in docs/findings", rows.len()))
}

/// Without what a terminal would act on.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
