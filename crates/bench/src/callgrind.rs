//! Instructions that a placement costs, counted by callgrind and kept in `bench/callgrind.txt`, so that a change shows in
//! review. Unlike times they hardly depend on the machine or on what else it does.
//!
//! The same placement is counted twice with different numbers of orders: the difference is what the orders cost, without the
//! start and the opening of the store.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::journey::{FOUR_PARTY, Journey, PAID, PAID_BY_GUEST, SPLIT};
use crate::server::{Place, Server};
use crate::shop;

/// Where the counts are kept, from the root of the project.
pub const FILE: &str = "bench/callgrind.txt";
/// The journeys whose placement is counted.
pub const COUNTED: &[&Journey] = &[&PAID, &PAID_BY_GUEST, &SPLIT, &FOUR_PARTY];
/// Orders of the two runs.
const FEW: u64 = 20;
const MANY: u64 = 120;
/// Functions that are shown of each.
const SHOWN: usize = 15;

/// Counts, prints the costliest functions, and writes the file.
pub async fn run(program: &Path, dir: PathBuf, file: &Path) -> Result<String> {
    if !Command::new("valgrind").arg("--version").stdout(Stdio::null()).status().is_ok_and(|s| s.success()) {
        bail!("valgrind is not installed");
    }
    let place = Place { dir: dir.join("data"), database_url: None };
    let server = Server::start(program, &place)?;
    let demo = server.demo.clone();
    server.stop()?;
    shop::stock_up(&place, &demo)?;
    let mut counts = String::from(
        "# Instructions that one placement costs in the server's own code, SQLite's included (thousands; HTTP parsing and\n\
         # the kernel are not in it). Written by `cargo xtask bench --callgrind`.\n",
    );
    let mut shown = String::new();
    for journey in COUNTED {
        let few = count(&place, journey, FEW, &dir.join("few.out"))?;
        let out = dir.join("many.out");
        let many = count(&place, journey, MANY, &out)?;
        let each = many.checked_sub(few).context("more orders cost less")? / (MANY - FEW);
        counts.push_str(&format!("{:<32}{:>8}\n", journey.name, each.div_ceil(1_000)));
        shown.push_str(&format!(
            "\n{}: {each} instructions an order; of the whole run, its start included:\n{}",
            journey.name,
            costliest(&out)?
        ));
    }
    std::fs::create_dir_all(file.parent().context("the file has a folder")?)?;
    std::fs::write(file, &counts)?;
    Ok(format!("{counts}{shown}"))
}

/// All instructions of a run with so many orders.
fn count(place: &Place, journey: &Journey, orders: u64, out: &Path) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(std::env::current_exe()?)
        .args(["place", "--name", journey.name, "--orders", &orders.to_string(), "--data"])
        .arg(&place.dir)
        .stdout(Stdio::null())
        .output()?;
    ensure!(output.status.success(), "valgrind: {}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(out)?;
    let total = text.lines().find_map(|line| line.strip_prefix("summary:").or_else(|| line.strip_prefix("totals:")));
    total.context("callgrind wrote no sum")?.trim().parse().context("callgrind's sum is no number")
}

/// The functions that most instructions were spent in.
fn costliest(out: &Path) -> Result<String> {
    let output = Command::new("callgrind_annotate").arg(out).output().context("no callgrind_annotate")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let begins = |line: &&str| line.trim_start().starts_with(|c: char| c.is_ascii_digit()) && line.contains('%');
    let lines: Vec<&str> =
        text.lines().filter(begins).filter(|line| !line.contains("PROGRAM TOTALS")).take(SHOWN).collect();
    let short = |line: &str| line.chars().take(140).collect::<String>();
    Ok(lines.into_iter().map(|line| format!("  {}\n", short(line.trim()))).collect())
}
