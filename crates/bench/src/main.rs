//! The bench: load through HTTP on the released program, the floor beneath it, reads at two sizes, a flash sale, a storm of
//! refunds, the ledger, starts and memory, a bulk loader, and instruction counts. Run by `cargo xtask bench`, which builds everything and starts PostgreSQL.
//!
//! `docs/bench.md` says how to read the figures. Not here: tests; a bench fails only when the server does.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool: printing is its output")]

mod bulk;
mod callgrind;
mod database;
mod flash;
mod floor;
mod http;
mod import;
mod inprocess;
mod journey;
mod ledger;
mod lives;
mod load;
mod model;
mod options;
mod process;
mod reads;
mod report;
mod run;
mod server;
mod shop;
mod stopwatch;
mod storm;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Parser;

use options::{BenchArgs, Command, Options};
use server::{Place, Server};

/// The server's own allocator, because placements are also counted in this process.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match act(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn act(options: Options) -> Result<()> {
    match options.command {
        None => bench(options.bench).await,
        Some(Command::Load { data, database_url, orders, program }) => {
            load(&program_or_ours(program)?, Place { dir: data, database_url }, orders).await
        }
        Some(Command::Place { data, name, orders }) => {
            let journey = callgrind::COUNTED.iter().find(|j| j.name == name);
            let journey = journey.with_context(|| format!("no journey `{name}`"))?;
            for (statement, uses) in inprocess::place(&Place { dir: data, database_url: None }, journey, orders).await?
            {
                println!("{statement} {uses}");
            }
            Ok(())
        }
    }
}

async fn bench(args: BenchArgs) -> Result<()> {
    let program = program_or_ours(args.program.clone())?;
    let temporary = tempfile::Builder::new().prefix("orderwright-bench-").tempdir()?;
    let dir = args.dir.clone().unwrap_or_else(|| temporary.path().to_owned());
    if args.callgrind {
        print!("{}", callgrind::run(&program, dir, Path::new(callgrind::FILE)).await?);
        return Ok(());
    }
    let json = args.json.clone();
    let report = run::Bench::prepare(args, program, dir).await?.run().await?;
    print!("{}", report.text());
    if let Some(file) = json {
        std::fs::write(&file, serde_json::to_string_pretty(&report)?)
            .with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(())
}

async fn load(program: &Path, place: Place, orders: u64) -> Result<()> {
    let server = Server::start(program, &place)?;
    let demo = server.demo.clone();
    server.stop()?;
    shop::stock_up(&place, &demo)?;
    let temporary = tempfile::Builder::new().prefix("orderwright-bench-").tempdir()?;
    run::say("learning what the engine writes");
    let mut school = model::school::School::open(program, temporary.path().to_owned()).await?;
    let lives = school.learn_lives().await?;
    let statements = school.close()?;
    run::say("loading");
    let loaded = run::load_orders(&place, &statements, &lives, orders).await?;
    println!("{} orders, {} rows", loaded.orders, loaded.rows);
    Ok(())
}

/// The program that was named, or the one that was built beside this one.
fn program_or_ours(named: Option<PathBuf>) -> Result<PathBuf> {
    let program = match named {
        Some(program) => program,
        None => std::env::current_exe()?.with_file_name("orderwright"),
    };
    ensure!(program.is_file(), "{} is not there: run `cargo xtask bench`", program.display());
    Ok(program)
}
