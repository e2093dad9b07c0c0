//! The process itself, by the names that every dashboard knows: memory, processor time, open files. Read from `/proc`, so on Linux only;
//! elsewhere they stay zero.

use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// Linux tells processor time in hundredths of a second, whatever the machine (`USER_HZ`).
const TICKS: f64 = 100.0;
/// `VmRSS` is told in units of 1024 bytes.
const KIB: i64 = 1024;

#[derive(Debug)]
pub struct Process {
    cpu: Counter<f64, AtomicU64>,
    memory: Gauge,
    open_files: Gauge,
    threads: Gauge,
}

impl Process {
    /// Registers them.
    pub fn new(registry: &mut Registry) -> Self {
        let new = Self {
            cpu: Counter::default(),
            memory: Gauge::default(),
            open_files: Gauge::default(),
            threads: Gauge::default(),
        };
        registry.register_with_unit("process_cpu", "Processor time used", Unit::Seconds, new.cpu.clone());
        registry.register_with_unit("process_resident_memory", "Resident memory", Unit::Bytes, new.memory.clone());
        registry.register("process_open_fds", "Open file descriptors", new.open_files.clone());
        registry.register("process_threads", "Threads", new.threads.clone());
        new
    }

    /// Reads them.
    pub fn look(&self) {
        if let Some(seconds) = std::fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(cpu_seconds) {
            // A counter only grows; two that scrape at once may both have read.
            self.cpu.inc_by((seconds - self.cpu.get()).max(0.0));
        }
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        self.memory.set(field(&status, "VmRSS:").saturating_mul(KIB));
        self.threads.set(field(&status, "Threads:"));
        let files = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
        self.open_files.set(i64::try_from(files).unwrap_or(i64::MAX));
    }
}

/// User and system time: the 14th and 15th field of `/proc/self/stat`; the second, a name in brackets, may hold blanks.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let mut after_name = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let user: f64 = after_name.next()?.parse().ok()?;
    let system: f64 = after_name.next()?.parse().ok()?;
    Some((user + system) / TICKS)
}

fn field(status: &str, name: &str) -> i64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|l| l.split_ascii_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_is_read() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 9 0 1 1 1";
        assert_eq!(cpu_seconds(stat), Some(2.0));
        assert_eq!(cpu_seconds("nothing"), None);
        let status = "Name:\tx\nVmRSS:\t   1234 kB\nThreads:\t9\n";
        assert_eq!((field(status, "VmRSS:"), field(status, "Threads:"), field(status, "None:")), (1234, 9, 0));
    }
}
