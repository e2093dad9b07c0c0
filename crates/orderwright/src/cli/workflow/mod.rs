//! `orderwright workflow …`: the tools for lifecycle files, one file a command.

mod cases;
mod check;
mod schema;

use std::process::ExitCode;

/// What can be done with lifecycle files.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Check files and say what is wrong, with the place and what would be right
    Check(check::Args),
    /// Play the tables of a workflow: given, event, expected
    Cases(cases::Args),
    /// Print the JSON Schema of workflow files, for editors
    Schema,
}

/// Carries the command out.
pub async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check(args) => check::run(&args),
        Command::Cases(args) => cases::run(&args),
        Command::Schema => schema::run(),
    }
}
