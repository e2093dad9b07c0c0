//! `orderwright workflow …`: the tools for lifecycle files, one file a command.

mod cases;
mod check;
mod diff;
mod graph;
mod import_spryker;
mod migrate;
mod progress;
mod publish;
mod schema;
mod shadow;
mod simulate;
mod source;

use std::process::ExitCode;

use orderwright_core::actor::{Actor, Role};

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
    /// Say what changed between two lifecycles, for whom, and whether orders in flight need a migration
    Diff(diff::Args),
    /// Move orders in flight from one version to another, with a rehearsal before and a way back
    Migrate(migrate::Args),
    /// Check files and make them current for new orders
    Publish(publish::Args),
    /// Play recorded history through another version, and list the orders that would have gone another way
    Shadow(shadow::Args),
    /// Print the JSON Schema of workflow files, for editors
    #[command(after_help = "Example:\n  orderwright workflow schema > workflow.schema.json")]
    Schema,
}

/// Carries the command out.
pub async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check(args) => check::run(&args),
        Command::Graph(args) => graph::run(&args).await,
        Command::Simulate(args) => simulate::run(&args),
        Command::Cases(args) => cases::run(&args),
        Command::ImportSpryker(args) => import_spryker::run(&args),
        Command::Diff(args) => diff::run(args).await,
        Command::Migrate(args) => migrate::run(args).await,
        Command::Publish(args) => publish::run(args).await,
        Command::Shadow(args) => shadow::run(args).await,
        Command::Schema => schema::run(),
    }
}

/// Whoever can run a command on the store's own machine may do what an administrator may.
fn operator() -> Actor {
    Actor {
        role: Role::Admin,
        merchant: None,
        customer: None,
        party: None,
        channel: None,
        id: "command-line".to_owned(),
        import: false,
    }
}
