//! `cargo xtask test`: everything that must hold before a change is merged, in one command, on a fresh machine too.
//!
//! The cheap checks come first, the tests last, so that the last lines on the screen are the results of the tests.
//! Not here: advisories (they change without a change of ours; see `deny.toml`), benchmarks, fuzzing.

use std::path::Path;

use anyhow::Result;

use crate::generate;
use crate::postgres::Server;
use crate::schemathesis;
use crate::shell::{cargo, run, step};
use crate::tidy;
use crate::tools::{self, DATABASE_URL, MAIL_PYTHON, NODE_MODULES};

/// All checks and all tests.
pub fn everything(root: &Path) -> Result<()> {
    step("tools", || {
        tools::rust_components(root)?;
        tools::cargo_deny(root)
    })?;
    step("format", || run(&mut cargo(root, &["fmt", "--all", "--check"])))?;
    step("tidy", || tidy::run(root))?;
    step("clippy", || {
        run(&mut cargo(root, &["clippy", "--locked", "--workspace", "--all-targets", "--", "--deny", "warnings"]))
    })?;
    step("licences", || run(&mut cargo(root, &["deny", "--locked", "check", "licenses", "bans", "sources"])))?;
    step("build", || run(&mut cargo(root, &["test", "--locked", "--workspace", "--no-run"])))?;
    step("generated files", || generate::run(root, generate::Binary::Built, true))?;
    tests(root, &[])?;
    schemathesis::check(root, None)
}

/// Only the check of the API against its document.
pub fn api(root: &Path, database_url: Option<&str>) -> Result<()> {
    step("build", || run(&mut cargo(root, &["build", "--locked", "--package", "orderwright"])))?;
    schemathesis::check(root, database_url)
}

/// Only the tests whose name contains a word, without the static checks.
pub fn filtered(root: &Path, harness: &[&str]) -> Result<()> {
    tests(root, harness)
}

/// Runs the tests with a server of their own, unless the environment names one.
fn tests(root: &Path, harness: &[&str]) -> Result<()> {
    let mut command = cargo(root, &["test", "--locked", "--workspace", "--no-fail-fast", "--"]);
    command.args(harness);
    let mut server = None;
    if std::env::var_os(DATABASE_URL).is_none() {
        step("PostgreSQL", || {
            let started = Server::start(&tools::postgres_programs(root)?)?;
            println!("{}", started.url());
            command.env(DATABASE_URL, started.url());
            server = Some(started);
            Ok(())
        })?;
    }
    if std::env::var_os(NODE_MODULES).is_none() {
        step("providers' clients", || {
            command.env(NODE_MODULES, tools::node_modules(root)?);
            Ok(())
        })?;
    }
    if std::env::var_os(MAIL_PYTHON).is_none() {
        step("mail server", || {
            command.env(MAIL_PYTHON, tools::mail_python(root)?);
            Ok(())
        })?;
    }
    step("tests", || run(&mut command))
}
