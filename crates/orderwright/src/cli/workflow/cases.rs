//! `orderwright workflow cases`: plays the tables of a lifecycle, and fills in the cells that ask.
//!
//! `workflow check` plays the table beside each file too, through [`beside`]. The form of a table is in `docs/workflow-cases.md`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use orderwright_core::workflow::cases::{self, CaseOutcome};
use orderwright_core::workflow::{Code, Complaint, Workflow, WorkflowSet, is_fragment};
use serde_json::{Value, json};

use crate::cli::show;

/// Arguments of `workflow cases`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  orderwright workflow cases workflows/retail.cases\n  orderwright workflow cases --fill my-shop.cases"
)]
pub struct Args {
    /// The tables; the workflow of each stands beside it (`my-shop.toml`) or comes with the program
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Write what happens into the cells that say `?`, and align the columns
    #[arg(long)]
    fill: bool,
    /// Print JSON
    #[arg(long, conflicts_with = "fill")]
    json: bool,
}

/// Carries the command out. A story came out otherwise, or a table cannot be read: exit code 1.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let shipped = WorkflowSet::shipped().map_err(|found| anyhow::anyhow!("a shipped workflow is wrong: {found:?}"))?;
    let (mut played, mut failures) = (0, Vec::new());
    for path in &args.files {
        let text = text(path)?;
        let mut set = shipped.clone();
        let name = workflow_beside(path, &mut set)?;
        let workflow = set.get(&name).with_context(|| format!("there is no workflow `{name}`"))?.clone();
        if args.fill {
            let (order, partner) = match cases::sides(&workflow, &text, &set) {
                Ok(sides) => sides,
                Err(complaint) => {
                    failures.push(Failure::of_complaint(path, &complaint));
                    continue;
                }
            };
            match cases::fill(&text, &order, partner.as_deref()) {
                Ok(filled) => {
                    std::fs::write(path, filled).with_context(|| format!("cannot write {}", path.display()))?
                }
                Err(complaints) => {
                    failures.extend(complaints.iter().map(|c| Failure::of_complaint(path, c)));
                    continue;
                }
            }
        }
        let report = play(path, &self::text(path)?, &workflow, &set);
        played += report.played;
        failures.extend(report.failures);
    }
    if args.json {
        let found: Vec<Value> = failures.iter().map(Failure::json).collect();
        show::line(serde_json::to_string_pretty(&found)?)?;
    } else {
        for failure in &failures {
            show::line(failure.lines())?;
        }
        show::line(format_args!("{played} stories, {} not as told", failures.len()))?;
    }
    Ok(if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What a table came to.
#[derive(Debug, Default)]
pub struct Report {
    /// Stories that were played.
    pub played: usize,
    /// What is wrong.
    pub failures: Vec<Failure>,
}

/// A story that came out otherwise, or a mistake in a table.
#[derive(Debug)]
pub struct Failure {
    file: String,
    line: usize,
    column: usize,
    /// The story.
    title: String,
    message: String,
    outcome: Option<CaseOutcome>,
}

impl Failure {
    fn of_complaint(file: &Path, complaint: &Complaint) -> Self {
        Self {
            file: file.display().to_string(),
            line: complaint.line,
            column: complaint.column,
            title: complaint.path.clone(),
            message: complaint.message.clone(),
            outcome: None,
        }
    }

    fn of_outcome(file: &Path, outcome: CaseOutcome) -> Self {
        let message = format!("after `{}` expected {}, found {}", outcome.row, outcome.expected, outcome.found);
        let (line, column, title) = (outcome.line, outcome.column, outcome.title.clone());
        Self { file: file.display().to_string(), line, column, title, message, outcome: Some(outcome) }
    }

    /// `file:line:col: story: message`, as editors read it, and below it what happened up to there.
    pub fn lines(&self) -> String {
        let title = if self.title.is_empty() { String::new() } else { format!("{}: ", self.title) };
        let mut out = format!("{}:{}:{}: {title}{}", self.file, self.line, self.column, self.message);
        for step in self.outcome.iter().flat_map(|o| &o.trace) {
            out.push_str("\n    ");
            out.push_str(step);
        }
        out
    }

    /// The same for programs; the first five keys are those of a complaint about a workflow.
    pub fn json(&self) -> Value {
        let code = if self.outcome.is_some() { Code::StoryFails } else { Code::WrongTable };
        let mut out = json!({
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "path": self.title,
            "code": code,
            "message": self.message,
            "trace": [],
        });
        if let Some(outcome) = &self.outcome {
            out["expected"] = json!(outcome.expected);
            out["found"] = json!(outcome.found);
            out["trace"] = json!(outcome.trace);
        }
        out
    }
}

/// Plays the table beside a workflow file, `<name>.cases` beside `<name>.toml`; `None` when there is none.
pub fn beside(file: &Path, workflow: &Workflow, set: &WorkflowSet) -> anyhow::Result<Option<Report>> {
    let path = file.with_extension("cases");
    if !path.is_file() {
        return Ok(None);
    }
    Ok(Some(play(&path, &text(&path)?, workflow, set)))
}

fn play(path: &Path, text: &str, workflow: &Workflow, set: &WorkflowSet) -> Report {
    let played = cases::sides(workflow, text, set).map_err(|c| vec![c]).and_then(|(order, partner)| {
        let cases = cases::read(text, &order, partner.as_deref())?;
        Ok(cases::run(&cases, &order, partner.as_deref()))
    });
    match played {
        Ok(outcomes) => Report {
            played: outcomes.len(),
            failures: outcomes.into_iter().filter(|o| !o.passed).map(|o| Failure::of_outcome(path, o)).collect(),
        },
        Err(complaints) => {
            let failures = complaints.iter().map(|c| Failure::of_complaint(path, c)).collect();
            Report { played: 0, failures }
        }
    }
}

/// Takes the workflow beside a table into the set, if there is one; gives its name.
fn workflow_beside(path: &Path, set: &mut WorkflowSet) -> anyhow::Result<String> {
    let file = path.with_extension("toml");
    if !file.is_file() {
        let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        return Ok(stem);
    }
    let told = |complaints: &[Complaint]| complaints.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    for (path, fragment) in fragments_beside(&file)? {
        if let Err(complaints) = set.insert_fragment(&fragment) {
            bail!("{} is wrong; mend it first:\n{}", path.display(), told(&complaints))
        }
    }
    match set.insert(&text(&file)?) {
        Ok(workflow) => Ok(workflow.name.clone()),
        Err(complaints) => {
            bail!("{} is wrong; mend it first (orderwright workflow check):\n{}", file.display(), told(&complaints))
        }
    }
}

/// The fragments in the folder of a workflow, by name.
pub fn fragments_beside(file: &Path) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = entries.map(|entry| entry.map(|e| e.path())).collect::<Result<Vec<_>, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|e| e == "toml") && path != file);
    paths.sort();
    let mut out = Vec::new();
    for path in paths {
        // What is no text is no fragment either.
        let Ok(body) = std::fs::read_to_string(&path) else { continue };
        if is_fragment(&body) {
            out.push((path, body));
        }
    }
    Ok(out)
}

fn text(path: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    String::from_utf8(bytes).with_context(|| format!("{} is not UTF-8 text", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: &str = include_str!("../../../../../docs/examples/workflows/bookshop.toml");
    const RETURNS: &str = include_str!("../../../../../docs/examples/workflows/returns.toml");

    /// A folder with a shop, its fragment and a table.
    fn folder(table: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in [("bookshop.toml", SHOP), ("returns.toml", RETURNS), ("bookshop.cases", table)] {
            std::fs::write(folder.path().join(name), text).expect("written");
        }
        let path = folder.path().join("bookshop.cases");
        (folder, path)
    }

    fn args(path: &Path, fill: bool) -> Args {
        Args { files: vec![path.to_owned()], fill, json: false }
    }

    #[test]
    fn fragments_beside_are_found_and_cells_are_filled_in() {
        let (_folder, path) =
            folder("# A\ngiven pm_card_visa, 1 of A\nwho | event | with | item\ncustomer | place | | ?\n");
        assert_eq!(run(&args(&path, false)).expect("read"), ExitCode::FAILURE, "a cell that asks is no answer");
        assert_eq!(run(&args(&path, true)).expect("filled"), ExitCode::SUCCESS);
        let text = std::fs::read_to_string(&path).expect("written");
        assert!(text.ends_with("customer | place |      | accepted\n"), "{text}");
        assert_eq!(run(&args(&path, false)).expect("read"), ExitCode::SUCCESS);
    }

    #[test]
    fn a_failure_has_its_place_and_what_happened() {
        let (_folder, path) = folder("# A\nwho | event | with | item\ncustomer | place | | sent\n");
        let mut set = WorkflowSet::shipped().expect("shipped");
        let name = workflow_beside(&path, &mut set).expect("right");
        let workflow = set.get(&name).expect("taken in").clone();
        let report = beside(&path.with_extension("toml"), &workflow, &set).expect("read").expect("a table");
        let [failure] = &report.failures[..] else { panic!("{report:?}") };
        let told = failure.lines();
        assert!(
            told.contains("bookshop.cases:3:22: A: after `customer place` expected item sent, found item accepted"),
            "{told}"
        );
        assert!(told.contains("\n    line 3: customer place → Order placed"), "{told}");
        assert_eq!(failure.json()["found"], "item accepted");
        assert!(beside(Path::new("no/such.toml"), &workflow, &set).expect("no table is no mistake").is_none());
    }

    #[test]
    fn a_merchants_table_says_whose_order_it_is() {
        let set = WorkflowSet::shipped().expect("shipped");
        let merchant = set.get("merchant").expect("shipped");
        let told = |text: &str| play(Path::new("m.cases"), text, merchant, &set).failures.remove(0).lines();
        assert!(told("# A").contains("`with marketplace-split`"));
        assert!(told("with nothing\n# A").contains("there is no workflow `nothing`"));
    }
}
