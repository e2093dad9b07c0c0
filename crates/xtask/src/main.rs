//! Chores of the house, as `cargo xtask <command>`: one file a command.
//!
//! A chore is a program and not a script, so that it runs wherever the project builds. It needs nothing but the standard
//! library and `anyhow`, so that it is compiled in seconds before anything else is.
//! Not here: whatever an operator of a shop needs; that is the `orderwright` command.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool: printing is its output")]

mod bench;
mod ci;
mod generate;
mod postgres;
mod schemathesis;
mod shell;
mod test;
mod tidy;
mod tools;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "Chores of the house.

usage: cargo xtask <command>

  test                everything that must hold before a change is merged: format, tidy, clippy, licences, generated
                      files, all tests on both stores (a PostgreSQL of its own is started and removed)
  test -- NAME [ARG]  only the tests whose name contains NAME, without the static checks; ARGs go to the test harness
  tidy                the rules of the house that no compiler checks
  generate [--check]  writes the generated files; with --check, fails when one of them is stale
  api [--database-url URL]  only the check of the API against its document, on a demo shop; part of `test`
  bench [ARG]...      measures the released program on both stores; `bench --help` says what can be chosen
  ci                  `test` on a clean checkout, which must still be clean afterwards
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let root = root();
    let done = match args.as_slice() {
        ["test"] => test::everything(&root),
        ["test", "--", rest @ ..] if !rest.is_empty() => test::filtered(&root, rest),
        ["tidy"] => tidy::run(&root),
        ["generate"] => generate::run(&root, generate::Binary::Cargo, false),
        ["generate", "--check"] => generate::run(&root, generate::Binary::Cargo, true),
        ["api"] => test::api(&root, None),
        ["api", "--database-url", url] => test::api(&root, Some(url)),
        ["bench", rest @ ..] => bench::run_bench(&root, rest),
        ["ci"] => ci::run(&root),
        ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the workspace: two levels above this crate.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("crates/xtask is two levels below the root").to_owned()
}
