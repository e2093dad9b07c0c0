//! What the system says of a process: processor time and resident memory, from `/proc`.
//!
//! Client, server and database share the machine, so a rate alone says little: the processor time that an order costs is
//! given for each of them. Linux only, as the bench is.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// Clock ticks a second in `/proc`; the same on every Linux that Rust runs on.
const TICKS: u64 = 100;

/// Resident memory in KiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Now.
    pub now_kib: u64,
    /// At most, since the process began.
    pub peak_kib: u64,
}

/// The fields of `/proc/PID/stat` that are of use here.
struct Stat {
    parent: u32,
    /// User and system time of the process, in ticks.
    own: u64,
    /// The same of its children that have ended.
    children: u64,
}

/// Processor time of a process so far.
pub fn cpu(pid: u32) -> Result<Duration> {
    Ok(ticks(stat(pid)?.own))
}

/// Processor time of this process so far.
pub fn own_cpu() -> Result<Duration> {
    cpu(std::process::id())
}

/// Processor time of a database server on this machine, by the id of one of its processes: of the process that started it
/// and all that this one started, those included that have ended. None when the process runs elsewhere.
pub fn family_cpu(member: u32) -> Option<Duration> {
    let name = fs::read_to_string(format!("/proc/{member}/comm")).ok()?;
    if !name.starts_with("postgres") {
        return None;
    }
    let head = stat(member).ok()?.parent;
    let mine = stat(head).ok()?;
    let mut sum = mine.own + mine.children;
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // A process may end while we look.
        if let Ok(stat) = stat(pid)
            && stat.parent == head
        {
            sum += stat.own;
        }
    }
    Some(ticks(sum))
}

/// Resident memory of a process.
pub fn memory(pid: u32) -> Result<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).with_context(|| format!("process {pid} is gone"))?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    Ok(Memory { now_kib: field("VmRSS:").context("no VmRSS")?, peak_kib: field("VmHWM:").context("no VmHWM")? })
}

fn stat(pid: u32) -> Result<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("process {pid} is gone"))?;
    parse(&text).with_context(|| format!("/proc/{pid}/stat cannot be understood"))
}

/// The name of the process stands in brackets and may hold anything, so the fields are counted from the last bracket.
fn parse(text: &str) -> Option<Stat> {
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |n: usize| fields.get(n)?.parse::<u64>().ok();
    Some(Stat {
        parent: u32::try_from(number(1)?).ok()?,
        own: number(11)? + number(12)?,
        children: number(13)? + number(14)?,
    })
}

fn ticks(ticks: u64) -> Duration {
    Duration::from_millis(ticks * 1_000 / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_process_does_not_confuse() {
        let stat = parse("7 (a b) c) S 3 7 7 0 -1 4194304 1 2 3 4 100 20 5 6 20 0 1").expect("a stat");
        assert_eq!((stat.parent, stat.own, stat.children), (3, 120, 11));
    }

    #[test]
    fn this_process_has_memory_and_time() {
        let memory = memory(std::process::id()).expect("memory");
        assert!(memory.now_kib > 100 && memory.peak_kib >= memory.now_kib);
        let before = own_cpu().expect("time");
        let mut x = 1u64;
        while own_cpu().expect("time") == before {
            x = x.wrapping_mul(31);
        }
        assert_ne!(x, 0);
    }
}
