//! Two processes walked together, and what was found said to people or programs.

use std::process::ExitCode;

use anyhow::{Context, bail};
use orderwright_core::spryker::couple::{Options, Pair, Report, Send, couple};
use orderwright_core::spryker::map::BUILT_IN;
use orderwright_core::spryker::{Engine, Import, Map};
use serde_json::json;

use super::files::{Files, Main};
use super::list::plain;
use super::{Args, name_of, read};
use crate::cli::show;

/// Carries the command out.
pub(super) fn run(args: &Args, names: &[String], files: &mut Files) -> anyhow::Result<ExitCode> {
    let [marketplace, merchant] = names else { bail!("--couple takes two names: MARKETPLACE MERCHANT") };
    let map = map(&args.map)?;
    let marketplace = side(files, marketplace, Engine::Oms, map.initial_marketplace.as_deref())?;
    let merchant = side(files, merchant, Engine::StateMachine, map.initial_merchant.as_deref())?;
    let errors: Vec<String> = [&marketplace, &merchant]
        .into_iter()
        .filter_map(|(name, import)| {
            let empty = import.process.states.is_empty().then(|| "the process has no states".to_owned());
            import.error().or(empty).map(|error| format!("{name}: {error}"))
        })
        .collect();
    if !errors.is_empty() {
        let error = errors.join("; ");
        if args.json {
            let nothing =
                json!({ "jointStates": 0, "stuck": [], "silentDrops": [], "failingSends": [], "error": error });
            show::line(serde_json::to_string_pretty(&nothing)?)?;
            return Ok(ExitCode::FAILURE);
        }
        bail!("{error}");
    }
    let options = Options {
        end_rule: args.end_rule.into(),
        ends: args.end.clone(),
        any_event: args.any_event,
        max_joint_states: args.max_joint_states,
    };
    if let Some(end) = options.ends.iter().find(|end| !marketplace.1.process.index.contains_key(*end)) {
        bail!("--end {end}: {} has no such state", marketplace.0);
    }
    let report = couple(&marketplace.1.process, &merchant.1.process, &map, &options);
    if args.json {
        show::line(serde_json::to_string_pretty(&report)?)?;
    } else {
        tell(&marketplace.0, &merchant.0, &report)?;
    }
    let found = !report.stuck.is_empty() || !report.silent_drops.is_empty() || !report.failing_sends.is_empty();
    Ok(if args.lint && found { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A built-in map by its name, or a file.
fn map(name: &str) -> anyhow::Result<Map> {
    if let Some(map) = Map::built_in(name) {
        return Ok(map);
    }
    let built_in: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
    let text = std::fs::read_to_string(name)
        .with_context(|| format!("cannot read the map {name}; built in are: {}", built_in.join(", ")))?;
    Map::read(&text).map_err(|errors| anyhow::anyhow!("{name}: {}", errors.join("; ")))
}

/// The process of that name, or of that file.
fn side(files: &mut Files, name: &str, engine: Engine, initial: Option<&str>) -> anyhow::Result<(String, Import)> {
    let path = std::path::Path::new(name);
    let main = if path.is_file() { files.main(path) } else { by_name(files, name, engine)? };
    let (_, import) = read(files, &main, Some(engine), initial);
    Ok((name_of(&main, &import), import))
}

/// Looks among all processes; one in a folder of the engine goes before others.
fn by_name(files: &mut Files, name: &str, engine: Engine) -> anyhow::Result<Main> {
    let all = files.mains(None)?;
    let mut named: Vec<(Main, String)> = Vec::new();
    let mut known = Vec::new();
    for main in all {
        let (_, import) = read(files, &main, None, None);
        let of_main = name_of(&main, &import);
        if of_main == name || main.stem == name {
            named.push((main, of_main));
        } else {
            known.push(of_main);
        }
    }
    // The name of a process goes before that of a file, and the engine's own folder before any other.
    let best = |(main, of_main): &(Main, String)| {
        (of_main == name, main.is_sure && main.engine == engine, main.engine == engine)
    };
    let Some(most) = named.iter().map(best).max() else {
        known.sort();
        bail!("there is no main process `{name}` here; there are: {}", known.join(", "));
    };
    named.retain(|found| best(found) == most);
    match named.as_slice() {
        [(main, _)] => Ok(main.clone()),
        several => {
            let files: Vec<&str> = several.iter().map(|(main, _)| main.label.as_str()).collect();
            bail!("`{name}` is in several files; name one of them: {}", files.join(", "))
        }
    }
}

fn tell(marketplace: &str, merchant: &str, report: &Report) -> anyhow::Result<()> {
    show::line(format_args!(
        "{marketplace} × {merchant}: {} joint states; an end is, by the rule {}: {}",
        report.joint_states,
        report.end_rule,
        match report.end_rule {
            "no-way-out" => "a marketplace state without a transition to another state",
            _ => "a marketplace state without a transition to another state, or `cancelled`",
        }
    ))?;
    if !report.created {
        show::line("no command of the marketplace makes the merchant's item, so both begin together")?;
    }
    if let Some(left_out) = &report.left_out {
        show::line(format_args!("bounded: {left_out}"))?;
    }
    pairs("stuck-pair", &report.stuck, "can never end")?;
    pairs(
        "stuck-pair",
        &report.stuck_by_declaration,
        "could end by what is written, and can't in the engine: a state is declared twice (spryker-state-declared-twice)",
    )?;
    sends("silent-drop", &report.silent_drops)?;
    sends("failing-send", &report.failing_sends)?;
    for steps in &report.endless {
        show::line("endless-cycle: the two go on by themselves for ever")?;
        trace(steps)?;
    }
    if !report.unmapped_commands.is_empty() {
        show::line(format_args!(
            "not in the map, taken to succeed and to touch nothing: {}",
            plain(&report.unmapped_commands.join(", "))
        ))?;
    }
    show::line(format_args!(
        "{} stuck pairs, {} silent drops, {} failing sends",
        report.stuck.len() + report.stuck_by_declaration.len(),
        report.silent_drops.len(),
        report.failing_sends.len()
    ))
}

fn pairs(code: &str, pairs: &[Pair], why: &str) -> anyhow::Result<()> {
    for pair in pairs {
        let merchant = pair.merchant.as_deref().unwrap_or("-");
        let failing =
            if pair.failing.is_empty() { String::new() } else { format!("; fails there: {}", pair.failing.join(", ")) };
        show::line(plain(&format!("{code}: ({}, {merchant}) {why}{failing}", pair.marketplace)))?;
        trace(&pair.trace)?;
    }
    Ok(())
}

fn sends(code: &str, sends: &[Send]) -> anyhow::Result<()> {
    for send in sends {
        show::line(format_args!("{code}: {}", plain(&send.message)))?;
        trace(&send.trace)?;
    }
    Ok(())
}

fn trace(steps: &[String]) -> anyhow::Result<()> {
    for step in steps {
        show::line(format_args!("    {}", plain(step)))?;
    }
    Ok(())
}
