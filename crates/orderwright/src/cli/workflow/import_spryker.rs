//! `orderwright workflow import-spryker`: the processes of a Spryker shop, listed, checked, walked in pairs, stepped and written as ours.
//!
//! The rules are in the core (`orderwright_core::spryker`); here are the files, the arguments and what is printed.

mod couple;
mod files;
mod list;
mod run;
mod toml;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;
use orderwright_core::spryker::couple::EndRule;
use orderwright_core::spryker::{Engine, Import, import, lint};

use files::{Files, Main};

/// Arguments of `workflow import-spryker`.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = false,
    after_help = "Exit code: 1 when a process has an error, and with --lint when there is a finding; 2 for wrong usage.\n\
Examples:\n  orderwright workflow import-spryker config/Zed\n  \
orderwright workflow import-spryker config/Zed/oms --engine oms --lint\n  \
orderwright workflow import-spryker config/Zed --couple MarketplacePayment01 MainMerchantStateMachine\n  \
orderwright workflow import-spryker config/Zed/oms/DummyPayment01.xml --to-toml workflows\n  \
orderwright workflow import-spryker config/Zed/oms/DummyPayment01.xml run --step event:authorize"
)]
pub struct Args {
    /// A folder, of which every main process is taken, or the file of one
    #[arg(value_name = "DIR|FILE", required = true)]
    path: Option<PathBuf>,
    /// By which engine's rules; without it those in a folder StateMachine by the state machine's, all others by OMS's
    #[arg(long, global = true, value_enum)]
    engine: Option<EngineName>,
    /// Where subprocess files are looked for, instead of the nearest folder `oms` or the machine's folder; may be given several times
    #[arg(long, global = true, value_name = "DIR")]
    root: Vec<PathBuf>,
    /// The first state, where it is not the engine's (new; created or new)
    #[arg(long, global = true, value_name = "STATE")]
    initial: Option<String>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    /// Say what is wrong with the processes
    #[arg(long)]
    lint: bool,
    /// Walk a marketplace's and a merchant's process together; names of processes under DIR, or files
    #[arg(long, num_args = 2, value_names = ["MARKETPLACE", "MERCHANT"])]
    couple: Option<Vec<String>>,
    /// How the two talk: a file (docs/spryker.md), or a built-in map
    #[arg(long, value_name = "FILE|NAME", default_value = "spryker-b2c-marketplace", requires = "couple")]
    map: String,
    /// Which marketplace states are an end
    #[arg(long, value_enum, default_value = "no-way-out-or-cancelled", requires = "couple")]
    end_rule: EndRuleName,
    /// A further marketplace state that is an end; may be given several times
    #[arg(long, value_name = "STATE", requires = "couple")]
    end: Vec<String>,
    /// Let events fire by themselves that only the partner sends
    #[arg(long, requires = "couple")]
    any_event: bool,
    /// The most pairs of states that are walked
    #[arg(long, value_name = "N", default_value_t = 200_000, requires = "couple")]
    max_joint_states: usize,
    /// Write each process as a workflow file into this folder; a file that is there is not touched
    #[arg(long, value_name = "DIR", conflicts_with = "couple")]
    to_toml: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Step one item through a process
    Run(run::Args),
}

/// The engines by their names on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum EngineName {
    Oms,
    StateMachine,
}

impl From<EngineName> for Engine {
    fn from(name: EngineName) -> Self {
        match name {
            EngineName::Oms => Self::Oms,
            EngineName::StateMachine => Self::StateMachine,
        }
    }
}

/// The end rules by their names on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum EndRuleName {
    NoWayOut,
    NoWayOutOrCancelled,
}

impl From<EndRuleName> for EndRule {
    fn from(name: EndRuleName) -> Self {
        match name {
            EndRuleName::NoWayOut => Self::NoWayOut,
            EndRuleName::NoWayOutOrCancelled => Self::NoWayOutOrCancelled,
        }
    }
}

/// Carries the command out.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let path = args.path.as_deref().ok_or_else(|| anyhow::anyhow!("say which folder or file to read"))?;
    let mut files = Files::new(path, &args.root)?;
    match (&args.command, &args.couple) {
        (Some(Command::Run(run)), _) => run::run(args, run, &mut files),
        (None, Some(names)) => couple::run(args, names, &mut files),
        (None, None) => list::run(args, &mut files),
    }
}

/// Reads one process, by the rules of `engine` or of the folder that it is in.
fn read(files: &mut Files, main: &Main, engine: Option<Engine>, initial: Option<&str>) -> (Engine, Import) {
    let engine = engine.unwrap_or(main.engine);
    let options = import::Options { engine, file: &main.label, initial };
    let root = main.root.as_deref().map_err(String::as_str);
    let mut out = import::import(&options, root, &mut |reference| files.lookup(main, engine, reference));
    // Half a process behaves in ways that the whole one does not.
    if out.is_whole() {
        out.findings.extend(lint(engine, &out.process));
        out.findings.sort();
        out.findings.dedup();
    }
    (engine, out)
}

/// The process's name, or that of its file when it can't be read.
fn name_of(main: &Main, import: &Import) -> String {
    if import.process.name.is_empty() { main.stem.clone() } else { import.process.name.clone() }
}
