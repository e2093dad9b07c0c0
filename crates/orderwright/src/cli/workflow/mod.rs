//! `orderwright workflow …`: the tools for lifecycle files, one file a command.

mod cases;
mod check;
mod graph;
mod import_spryker;
mod simulate;
mod source;

use std::process::ExitCode;

/// What can be done with lifecycle files.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Check files and say what is wrong, with the place and what would be right
    Check(check::Args),
    /// Draw a lifecycle, with what is in each state now if you like
    Graph(graph::Args),
    /// Send many orders through a lifecycle in virtual time, with chosen rates and delays
    Simulate(Box<simulate::Args>),
    /// Play the tables of a workflow: given, event, expected
    Cases(cases::Args),
    /// Read the processes of a Spryker shop: list, check, walk in pairs, step, write as workflow files
    ImportSpryker(Box<import_spryker::Args>),
}

/// Carries the command out.
pub async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check(args) => check::run(&args),
        Command::Graph(args) => graph::run(&args).await,
        Command::Simulate(args) => simulate::run(&args),
        Command::Cases(args) => cases::run(&args),
        Command::ImportSpryker(args) => import_spryker::run(&args),
    }
}
