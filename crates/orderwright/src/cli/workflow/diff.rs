//! `orderwright workflow diff`: what changed between two lifecycles, for whom, and whether orders in flight need a migration.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use orderwright_core::workflow::diff::Concerns;
use orderwright_core::workflow::{Diff, Workflow, WorkflowSet, read};
use serde_json::json;

use super::publish::file;
use crate::cli::show;
use crate::cli::store::StoreArgs;
use crate::ops::OpError;
use crate::ops::versions::find;

/// Arguments of `workflow diff`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  orderwright workflow diff retail my-retail.toml --data /var/lib/orderwright\n  orderwright workflow diff retail@3f2a retail@current --json\n  orderwright workflow diff old.toml new.toml --map > retail.map.toml\n\nA word is a file, the name of a workflow (its current version), or name@version with the beginning of a version."
)]
pub struct Args {
    /// The one to begin with: a file, a name, or name@version
    #[arg(value_name = "A")]
    from: String,
    /// The one to compare it with
    #[arg(value_name = "B")]
    to: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print a map for `workflow migrate` to begin with
    #[arg(long, conflicts_with = "json")]
    map: bool,
    #[command(flatten)]
    store: StoreArgs,
}

/// Carries the command out. Nobody's exit code depends on whether there are differences.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let words = [&args.from, &args.to];
    // Files need no store.
    let set = if words.iter().all(|word| Path::new(word).is_file()) {
        None
    } else if args.store.database_url.is_some() || args.store.data.join("orderwright.db").is_file() {
        Some(find::fresh(&*args.store.open_existing().await?).await?)
    } else {
        let shipped = WorkflowSet::shipped();
        Some(Arc::new(shipped.map_err(|found| anyhow::anyhow!("a shipped workflow is wrong: {found:?}"))?))
    };
    let (from, to) = (one(&args.from, set.as_deref())?, one(&args.to, set.as_deref())?);
    let diff = Diff::of(&from, &to);
    if args.json {
        let mut found = json!(diff);
        found["needsMigration"] = json!(!diff.same_behaviour);
        show::line(serde_json::to_string_pretty(&found)?)?;
    } else if args.map {
        show::line(diff.suggested_map().trim_end())?;
    } else {
        show::line(told(&from, &to, &diff))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The lifecycle that a word means.
pub(super) fn one(word: &str, set: Option<&WorkflowSet>) -> anyhow::Result<Arc<Workflow>> {
    if Path::new(word).is_file() {
        let file = file(Path::new(word))?;
        return read(&file.text).map(Arc::new).map_err(|complaints| {
            let lines: Vec<String> =
                complaints.iter().map(|c| format!("{}:{}:{}: {}", file.name, c.line, c.column, c.message)).collect();
            anyhow::anyhow!("{} cannot be read:\n{}", file.name, lines.join("\n"))
        });
    }
    let Some(set) = set else { bail!("there is no file `{word}`") };
    let (name, version) = word.split_once('@').unwrap_or((word, "current"));
    find::named(set, name, version, word).map_err(|error| match error {
        OpError::Invalid(fields) => {
            let why: Vec<&str> = fields.iter().map(|f| f.detail.as_str()).collect();
            anyhow::anyhow!("`{word}` is neither a file nor a published workflow: {}", why.join("; "))
        }
        other => other.into(),
    })
}

fn told(from: &Workflow, to: &Workflow, diff: &Diff) -> String {
    let mut out = format!("{} {} → {} {}\n", from.name, diff.from, to.name, diff.to);
    if diff.changes.is_empty() {
        out.push_str("nothing changed\n");
    }
    for group in Concerns::ALL {
        let changes: Vec<_> = diff.changes.iter().filter(|c| c.concerns == *group).collect();
        if changes.is_empty() {
            continue;
        }
        out.push_str(&format!("\n{}\n", group.title()));
        for change in changes {
            let machine = change.machine.filter(|m| *m != "item").map(|m| format!("{m}: ")).unwrap_or_default();
            out.push_str(&format!("  - {machine}{}\n", change.message));
        }
    }
    out.push_str(match diff.same_behaviour {
        true => "\nThe version is the same: only words differ, and orders in flight show them without a migration.",
        false => "\nThe versions differ: orders in flight keep the old one until they are migrated (`orderwright workflow migrate`).",
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_is_told_by_whom_it_concerns() {
        let set = WorkflowSet::shipped().expect("shipped");
        let retail = set.get("retail").expect("shipped");
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("retail.toml");
        let text = set.text(&retail.version).expect("a text");
        std::fs::write(&path, text.replace("Being prepared", "We pack it")).expect("written");
        let other = one(&path.display().to_string(), None).expect("reads");
        let told = told(retail, &other, &Diff::of(retail, &other));
        assert!(told.contains("Customers\n  - `processing` reads “We pack it” instead of “Being prepared”"), "{told}");
        assert!(told.contains("without a migration"), "{told}");
    }

    #[test]
    fn words_that_mean_nothing_are_told_with_those_that_do() {
        let set = WorkflowSet::shipped().expect("shipped");
        let error = |word: &str| one(word, Some(&set)).expect_err("unknown").to_string();
        assert!(error("nothing").contains("there are made-to-order"), "{}", error("nothing"));
        assert!(error("retail@ffffffff").contains(&set.get("retail").expect("shipped").version));
        assert!(one("retail@current", Some(&set)).is_ok());
        assert!(one("no.toml", None).is_err());
    }
}
