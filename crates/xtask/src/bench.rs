//! `cargo xtask bench`: builds the program and the bench as they are released, and runs the bench, with a PostgreSQL of its
//! own unless the environment names one.
//!
//! The bench is a crate of its own (`crates/bench`), because it needs the drivers of both stores, and chores are compiled in
//! seconds. Not here: what is measured.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::postgres::Server;
use crate::shell::{cargo, run};
use crate::tools::{self, DATABASE_URL};

/// Runs the bench with these arguments.
pub fn run_bench(root: &Path, args: &[&str]) -> Result<()> {
    let packages = ["--package", "orderwright", "--package", "orderwright-bench"];
    run(cargo(root, &["build", "--release", "--locked"]).args(packages))?;
    let mut command = Command::new(released(root)?.join("orderwright-bench"));
    command.args(args).current_dir(root);
    let mut server = None;
    if std::env::var_os(DATABASE_URL).is_none() && needs_postgres(args) {
        let started = Server::start(&tools::postgres_programs(root)?)?;
        command.env(DATABASE_URL, started.url());
        server = Some(started);
    }
    let done = run(&mut command);
    drop(server);
    done
}

/// Whether anything in the arguments leaves PostgreSQL in.
fn needs_postgres(args: &[&str]) -> bool {
    let sqlite_only = args.windows(2).any(|pair| pair == ["--store", "sqlite"]) || args.contains(&"--store=sqlite");
    let without = ["--callgrind", "--help", "-h"];
    let command = args.first().is_some_and(|first| ["load", "place"].contains(first));
    !sqlite_only && !command && !args.iter().any(|arg| without.contains(arg))
}

/// The folder of released programs: beside that of this one.
fn released(root: &Path) -> Result<PathBuf> {
    let me = std::env::current_exe().context("where is this program?")?;
    let target = me.ancestors().nth(2).unwrap_or(root);
    Ok(target.join("release"))
}

#[cfg(test)]
mod tests {
    use super::needs_postgres;

    #[test]
    fn postgres_is_started_only_when_it_is_measured() {
        for args in [&["--store", "sqlite"][..], &["--store=sqlite"], &["--quick", "--callgrind"], &["load"], &["-h"]] {
            assert!(!needs_postgres(args), "{args:?}");
        }
        for args in [&[][..], &["--quick"], &["--store", "postgres"], &["--only", "place"]] {
            assert!(needs_postgres(args), "{args:?}");
        }
    }
}
