//! `orderwright workflow check`: is a lifecycle file right, before an order meets it?
//!
//! The files are checked together: a partner is looked for among them first, then among the workflows that come with the program, and a
//! shipped workflow that names one of them as its partner must still fit. Fragments are looked for among the files, then in their folders.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use orderwright_core::workflow::explore::{Extent, Limits};
use orderwright_core::workflow::{Code, Complaint, Fragment, Kind, Workflow, WorkflowSet, is_fragment, read_with};
use serde_json::{Value, json};

use super::cases::{self, Failure};
use crate::cli::show;
use crate::kernel::clock::stopwatch;

/// Arguments of `workflow check`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  orderwright workflow check workflows/retail.toml\n  orderwright workflow check --json my-shop.toml my-merchant.toml"
)]
pub struct Args {
    /// The files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Joint states to walk at most, for each shape of order
    #[arg(long, value_name = "N")]
    max_states: Option<usize>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Carries the command out. Something was found, or a story of a table beside a file comes out otherwise: exit code 1.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut files = Vec::with_capacity(args.files.len());
    for path in &args.files {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {name}"))?;
        let text = String::from_utf8(bytes).with_context(|| format!("{name} is not UTF-8 text"))?;
        files.push((name, text));
    }
    for path in &args.files {
        for (path, text) in cases::fragments_beside(path)? {
            let known = |given: &PathBuf| given.file_name() == path.file_name() && same_folder(given, &path);
            let name = path.display().to_string();
            if !args.files.iter().any(known) && files.iter().all(|(file, _)| *file != name) {
                files.push((name, text));
            }
        }
    }
    let begun = stopwatch();
    let limits = args.max_states.map_or_else(Limits::default, Limits::of_states);
    let checked = check(&files, limits)?;
    let told_otherwise = tables(&checked)?;
    if args.json {
        let mut found: Vec<Value> = checked.complaints.iter().map(|(file, c)| as_json(file, c)).collect();
        found.extend(told_otherwise.iter().map(Failure::json));
        show::line(serde_json::to_string_pretty(&found)?)?;
        for what in &checked.extent.left_out {
            eprintln!("not everything was walked: {what}");
        }
    } else {
        for text in told(&checked) {
            show::line(text)?;
        }
        for failure in &told_otherwise {
            show::line(failure.lines())?;
        }
        show::line(format_args!("{}, {:.2} s", summary(&checked), begun.elapsed().as_secs_f64()))?;
    }
    Ok(if checked.complaints.is_empty() && told_otherwise.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn same_folder(a: &Path, b: &Path) -> bool {
    let folder =
        |path: &Path| path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).canonicalize().ok();
    folder(a) == folder(b)
}

/// Plays the table beside each file that is fine.
fn tables(checked: &Checked) -> anyhow::Result<Vec<Failure>> {
    let mut out = Vec::new();
    for (file, workflow) in &checked.fine {
        out.extend(cases::beside(Path::new(file), workflow, &checked.set)?.into_iter().flat_map(|r| r.failures));
    }
    Ok(out)
}

fn as_json(file: &str, c: &Complaint) -> Value {
    json!({
        "file": file,
        "line": c.line,
        "column": c.column,
        "path": c.path,
        "code": c.code,
        "message": c.message,
        "trace": c.trace,
    })
}

/// What is said of each file and of each finding.
fn told(checked: &Checked) -> Vec<String> {
    let mut out = Vec::new();
    for (file, fragment) in &checked.fragments {
        let (states, exits) = (fragment.states.len(), fragment.exits.len());
        out.push(format!("{file}: fine: fragment {}, {states} states, {exits} exits", fragment.name));
    }
    for (file, workflow) in &checked.fine {
        out.push(format!(
            "{file}: fine: workflow {}, version {}, {} states",
            workflow.name,
            workflow.version,
            workflow.item.states.len()
        ));
    }
    for (file, complaint) in &checked.complaints {
        out.push(line(file, complaint));
        let numbered = complaint.trace.iter().enumerate();
        out.extend(numbered.map(|(n, step)| format!("    {:>2}. {step}", n + 1)));
    }
    out.extend(checked.extent.left_out.iter().map(|what| format!("not everything was walked: {what}")));
    out
}

/// `2 findings; 1138 joint states walked in 4738 steps`.
fn summary(checked: &Checked) -> String {
    let found = match checked.complaints.len() {
        0 => "no finding".to_owned(),
        1 => "1 finding".to_owned(),
        n => format!("{n} findings"),
    };
    match checked.extent.joint_states {
        0 => found,
        states => format!("{found}; {states} joint states walked in {} steps", checked.extent.steps),
    }
}

/// `file:line:col: code: path: message`, as editors read it.
fn line(file: &str, complaint: &Complaint) -> String {
    let path = if complaint.path.is_empty() { String::new() } else { format!("{}: ", complaint.path) };
    format!("{file}:{}:{}: {}: {path}{}", complaint.line, complaint.column, complaint.code, complaint.message)
}

/// What a check came to.
#[derive(Debug, Default)]
struct Checked {
    fine: Vec<(String, Workflow)>,
    fragments: Vec<(String, Fragment)>,
    complaints: Vec<(String, Complaint)>,
    extent: Extent,
    /// Everything that was loaded: the files and what is shipped.
    set: WorkflowSet,
}

/// Checks files beside the shipped workflows that they do not replace.
fn check(files: &[(String, String)], limits: Limits) -> anyhow::Result<Checked> {
    let shipped = WorkflowSet::shipped().map_err(|found| anyhow::anyhow!("a shipped workflow is wrong: {found:?}"))?;
    let mut checked = Checked::default();
    let mut given: Vec<(&str, &str, Workflow)> = Vec::new();
    // Fragments first: the workflows use them.
    let mut set = WorkflowSet::new();
    for (file, text) in files.iter().filter(|(_, text)| is_fragment(text)) {
        match set.insert_fragment(text) {
            Ok(fragment) => checked.fragments.push((file.clone(), fragment)),
            Err(complaints) => checked.complaints.extend(complaints.into_iter().map(|c| (file.clone(), c))),
        }
    }
    for (file, text) in files.iter().filter(|(_, text)| !is_fragment(text)) {
        match read_with(text, set.fragments()) {
            Err(complaints) => checked.complaints.extend(complaints.into_iter().map(|c| (file.clone(), c))),
            Ok(workflow) => match given.iter().find(|(_, _, other)| other.name == workflow.name) {
                Some((other, ..)) => {
                    let line = workflow.lines.get("name").copied().unwrap_or(1);
                    let message = format!("`{}` is the name of the workflow in {other} too", workflow.name);
                    checked
                        .complaints
                        .push((file.clone(), Complaint::on_line(Code::ListedTwice, line, "name", message)));
                }
                None => given.push((file, text, workflow)),
            },
        }
    }
    // Merchant sides first, since the others are checked against them.
    let kept = |name: &str| given.iter().all(|(_, _, workflow)| workflow.name != name);
    let rest: Vec<(String, &str, &Workflow)> = shipped
        .texts()
        .filter(|(workflow, _)| kept(&workflow.name))
        .map(|(workflow, text)| (format!("{} (shipped)", workflow.name), text, &**workflow))
        .collect();
    let all = || {
        rest.iter()
            .map(|(file, text, w)| (file.as_str(), *text, *w, false))
            .chain(given.iter().map(|(file, text, w)| (*file, *text, w, true)))
    };
    let mut loaded: Vec<(&str, &str)> = Vec::new();
    for kind in [Kind::Merchant, Kind::Order, Kind::Dispute] {
        for (file, text, _, is_given) in all().filter(|(_, _, workflow, _)| workflow.kind == kind) {
            match set.insert(text) {
                Ok(_) if is_given => loaded.push((file, text)),
                Ok(_) => {}
                Err(complaints) => checked.complaints.extend(complaints.into_iter().map(|c| (file.to_owned(), c))),
            }
        }
    }
    // All are there now, so that each can be walked with those that it lives with.
    for (file, text) in loaded {
        let found = set.explore(text, limits);
        checked.extent.add(found.extent);
        match found.workflow {
            Some(workflow) if found.complaints.is_empty() => checked.fine.push((file.to_owned(), workflow)),
            _ => checked.complaints.extend(found.complaints.into_iter().map(|c| (file.to_owned(), c))),
        }
    }
    // In the order of the files; what no longer fits of the shipped ones comes first.
    checked.fine.sort_by_key(|(file, _)| files.iter().position(|(f, _)| f == file));
    checked.complaints.sort_by_key(|(file, c)| (files.iter().position(|(f, _)| f == file), c.line, c.column));
    checked.set = set;
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MERCHANT: &str = include_str!("../../../../../workflows/merchant.toml");
    const SPLIT: &str = include_str!("../../../../../workflows/marketplace-split.toml");
    const RETAIL: &str = include_str!("../../../../../workflows/retail.toml");

    fn found(files: &[(&str, String)]) -> (usize, Vec<String>) {
        let files: Vec<_> = files.iter().map(|(f, t)| ((*f).to_owned(), t.clone())).collect();
        let checked = check(&files, Limits::default()).expect("shipped workflows are right");
        (checked.fine.len(), checked.complaints.iter().map(|(f, c)| line(f, c)).collect())
    }

    #[test]
    fn shipped_files_are_fine_alone_and_together() {
        let text = str::to_owned;
        assert_eq!(found(&[("s.toml", text(SPLIT))]), (1, vec![]));
        assert_eq!(
            found(&[("s.toml", text(SPLIT)), ("m.toml", text(MERCHANT)), ("r.toml", text(RETAIL))]),
            (3, vec![])
        );
    }

    #[test]
    fn lifecycles_of_disputes_are_checked_by_themselves() {
        let text = include_str!("../../../../../workflows/dispute.toml");
        let bank = include_str!("../../../../../workflows/chargeback.toml").to_owned();
        assert_eq!(found(&[("d.toml", text.to_owned()), ("c.toml", bank)]), (2, vec![]));
        let trapped = text.replace("on.sent = { target = \"replaced\"", "on.sent = { target = \"replacing\"");
        let (fine, complaints) = found(&[("d.toml", trapped)]);
        assert_eq!(fine, 0);
        assert!(
            complaints.iter().any(|c| c.contains("dispute.states.replaced") && c.contains("nothing leads here")),
            "{complaints:?}"
        );
    }

    #[test]
    fn a_complaint_has_its_place() {
        let wrong = RETAIL.replace("status = \"shipped\"", "status = \"sipped\"");
        let at = 1 + wrong.lines().position(|l| l == "status = \"sipped\"").expect("replaced");
        let (fine, complaints) = found(&[("shop/retail.toml", wrong)]);
        assert_eq!(fine, 0);
        assert!(complaints[0].starts_with(&format!("shop/retail.toml:{at}:")), "{complaints:?}");
        assert!(complaints[0].contains("item.states.shipped.status: `sipped` is not"), "{complaints:?}");
    }

    #[test]
    fn partners_are_looked_for_among_the_files_first() {
        // Both sides renamed their event alike: right together, wrong against what is shipped.
        let merchant = MERCHANT.replace("on.withdraw", "on.take_back");
        let split = SPLIT.replace("merchant.withdraw", "merchant.take_back");
        assert_eq!(found(&[("s.toml", split.clone()), ("m.toml", merchant.clone())]), (2, vec![]));
        let (_, complaints) = found(&[("s.toml", split)]);
        assert!(complaints.iter().any(|c| c.starts_with("s.toml:") && c.contains("take_back")), "{complaints:?}");
        let (_, complaints) = found(&[("m.toml", merchant)]);
        assert!(complaints.iter().any(|c| c.starts_with("marketplace-split (shipped):")), "{complaints:?}");
    }

    #[test]
    fn fragments_are_looked_for_among_the_files() {
        let returns = include_str!("../../../../../docs/examples/workflows/returns.toml").to_owned();
        let shop = include_str!("../../../../../docs/examples/workflows/bookshop.toml").to_owned();
        assert_eq!(found(&[("shop.toml", shop.clone()), ("returns.toml", returns.clone())]), (1, vec![]));
        let (_, complaints) = found(&[("shop.toml", shop.clone())]);
        assert!(
            complaints.iter().any(|c| c.starts_with("shop.toml:11:") && c.contains("`returns` is not a fragment")),
            "{complaints:?}"
        );
        let broken = returns.replacen("target = \"granted\", by", "target = \"grnted\", by", 1);
        let (_, complaints) = found(&[("shop.toml", shop), ("returns.toml", broken)]);
        assert!(
            complaints.iter().any(|c| c.starts_with("returns.toml:15:") && c.contains("`grnted`")),
            "{complaints:?}"
        );
    }

    #[test]
    fn two_files_of_one_name_are_told() {
        let (fine, complaints) = found(&[("a.toml", RETAIL.to_owned()), ("b.toml", RETAIL.to_owned())]);
        assert_eq!((fine, complaints.len()), (1, 1));
        assert!(complaints[0].starts_with("b.toml:") && complaints[0].contains("a.toml"), "{complaints:?}");
    }
}
