//! The command line: one file a command, each a thin coat over the operations.
//!
//! What every command shares is here: the parser, the log, the runtime, and how an error is told (one sentence on stderr, exit code 1;
//! a wrong usage is told by the parser, exit code 2). Standard output carries only what was asked for.

#![expect(clippy::print_stderr, reason = "the command line talks to people on standard error")]

mod audit;
mod demo;
mod jobs;
mod key;
mod mail;
mod openapi;
mod payments;
mod payouts;
mod reconcile;
mod sandbox;
mod serve;
mod show;
mod store;
mod threads;
mod workflow;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use tokio::runtime::Builder;
use tracing_subscriber::EnvFilter;

/// The environment variable that says what is logged: `info`, `orderwright=debug`.
const LOG: &str = "ORDERWRIGHT_LOG";
/// How long work in the background may take to end after a command is done.
const END: Duration = Duration::from_secs(5);

/// Order management for marketplaces: one binary from placement to settlement.
#[derive(Debug, Parser)]
#[command(
    name = "orderwright",
    version,
    propagate_version = true,
    after_help = "Try it:  orderwright demo\nThe log goes to standard error; ORDERWRIGHT_LOG=debug says more."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a shop with five example channels, sandbox payments and a movable clock
    Demo(demo::Args),
    /// Run the server
    Serve(serve::Args),
    /// Print the OpenAPI document of the HTTP API
    Openapi(openapi::Args),
    /// Make, list and revoke API keys
    #[command(subcommand)]
    Key(key::Command),
    /// Check, draw, compare, publish and migrate lifecycle files
    #[command(subcommand)]
    Workflow(workflow::Command),
    /// Import orders from elsewhere, replayed through the engine on a virtual clock
    Import(crate::import::Args),
    /// Prove that the books are right
    #[command(subcommand)]
    Audit(audit::Command),
    /// Compare every payment with its provider's own books
    Reconcile(reconcile::Args),
    /// Play a payment provider, to rehearse with: its protocol, no money
    #[command(subcommand)]
    Sandbox(sandbox::Command),
    /// Pay parties what they earned, and write the bank's files
    #[command(subcommand)]
    Payouts(payouts::Command),
    /// Look at background work, and try again what gave up
    #[command(subcommand)]
    Jobs(jobs::Command),
}

/// Runs the command of the process's arguments.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    log(if matches!(cli.command, Command::Serve(_)) { "info" } else { "warn" });
    let mut runtime = match &cli.command {
        Command::Demo(args) => many(Some(args.threads())),
        Command::Serve(args) => many(Some(args.threads())),
        Command::Import(_) | Command::Sandbox(_) => many(None),
        _ => Builder::new_current_thread(),
    };
    let result = match runtime.enable_all().build() {
        Ok(runtime) => {
            let result = runtime.block_on(dispatch(cli.command));
            runtime.shutdown_timeout(END);
            result
        }
        Err(error) => Err(anyhow::Error::new(error).context("the runtime could not be started")),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("orderwright: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A runtime of several threads; one for each core unless told.
fn many(threads: Option<usize>) -> Builder {
    let mut runtime = Builder::new_multi_thread();
    if let Some(threads) = threads {
        runtime.worker_threads(threads);
    }
    runtime
}

async fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Demo(args) => demo::run(args).await,
        Command::Serve(args) => serve::run(args).await,
        Command::Openapi(args) => openapi::run(&args),
        Command::Key(command) => key::run(command).await,
        Command::Workflow(command) => workflow::run(command).await,
        Command::Import(args) => crate::import::main(args).await,
        Command::Audit(command) => audit::run(command).await,
        Command::Reconcile(args) => reconcile::run(args).await,
        Command::Sandbox(command) => sandbox::run(command).await,
        Command::Payouts(command) => payouts::run(command).await,
        Command::Jobs(command) => jobs::run(command).await,
    }
}

/// Logs to stderr, so that what a command prints can be piped. A filter that cannot be read is told by the subscriber itself.
fn log(default: &str) {
    let filter = match std::env::var(LOG) {
        Ok(words) if !words.trim().is_empty() => EnvFilter::new(words),
        _ => EnvFilter::new(default),
    };
    let ansi = std::io::stderr().is_terminal();
    // A second start within one process (tests) keeps the first subscriber.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(ansi).try_init();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_command_explains_itself_with_an_example() {
        fn leaves(command: &clap::Command, path: &str, out: &mut Vec<(String, clap::Command)>) {
            let subs: Vec<_> = command.get_subcommands().filter(|c| c.get_name() != "help").collect();
            if subs.is_empty() {
                out.push((path.to_owned(), command.clone()));
            }
            for sub in subs {
                leaves(sub, &format!("{path} {}", sub.get_name()), out);
            }
        }
        Cli::command().debug_assert();
        let mut all = Vec::new();
        leaves(&Cli::command(), "orderwright", &mut all);
        assert!(all.len() >= 9, "{}", all.len());
        for (path, command) in all {
            let help = command.clone().render_long_help().to_string();
            assert!(command.get_about().is_some(), "{path} says what it does");
            assert!(help.contains("Example"), "{path} has an example:\n{help}");
            assert!(help.contains(&path), "{path}: the example shows the whole command:\n{help}");
        }
    }
}
