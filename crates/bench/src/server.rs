//! The server that is measured: the released program, started as a demo on a folder or a database, and ended again.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process::{self, Memory};
use crate::stopwatch::Stopwatch;

/// How long a start may take: the first one on an empty store makes the demo's past.
const PATIENCE: Duration = Duration::from_secs(300);

/// Where a server keeps its data.
#[derive(Clone, Debug)]
pub struct Place {
    /// The folder of `demo.json` and of the embedded store.
    pub dir: PathBuf,
    /// The database, when it is PostgreSQL.
    pub database_url: Option<String>,
}

/// A running server. It ends when this is dropped, and when this program is killed.
pub struct Server {
    child: Child,
    watchdog: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// From its start to the first 200 of `/readyz`.
    pub ready: Duration,
    /// What `demo.json` says.
    pub demo: Value,
}

impl Server {
    /// Starts the program on a place and waits until it is ready.
    pub fn start(program: &Path, place: &Place) -> Result<Self> {
        std::fs::create_dir_all(&place.dir)?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let log_path = place.dir.join("server.log");
        let log = File::options().create(true).append(true).open(&log_path)?;
        let mut command = Command::new(program);
        // What the environment says about a server here must not reach the one that is measured.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ORDERWRIGHT_")) {
            command.env_remove(name);
        }
        command.arg("demo").arg("--data").arg(&place.dir).arg("--listen").arg(address.to_string());
        if let Some(url) = &place.database_url {
            command.args(["--database-url", url]);
        }
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let watch = Stopwatch::start();
        let child = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        let watchdog = watchdog(&child)?;
        let mut server = Self { child, watchdog, address, ready: Duration::ZERO, demo: Value::Null };
        while !ready(address) {
            if let Some(status) = server.child.try_wait()? {
                let log = std::fs::read_to_string(&log_path).unwrap_or_default();
                bail!("the server ended with {status}\n{log}");
            }
            if watch.elapsed() > PATIENCE {
                bail!("the server was not ready after {PATIENCE:?}; its log is {}", log_path.display());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        server.ready = watch.elapsed();
        let demo = std::fs::read_to_string(place.dir.join("demo.json")).context("the server wrote no demo.json")?;
        server.demo = serde_json::from_str(&demo).context("demo.json cannot be understood")?;
        Ok(server)
    }

    /// The id of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its processor time so far.
    pub fn cpu(&self) -> Result<Duration> {
        process::cpu(self.pid())
    }

    /// Its resident memory.
    pub fn memory(&self) -> Result<Memory> {
        process::memory(self.pid())
    }

    /// Tells it to end, and waits until it has.
    pub fn stop(mut self) -> Result<()> {
        // A signal in the very moment in which the server begins to listen for signals is lost: it is sent again.
        for _ in 0..3 {
            Command::new("kill").arg(self.pid().to_string()).status().context("no `kill`")?;
            let watch = Stopwatch::start();
            while watch.elapsed() < Duration::from_secs(15) {
                if self.child.try_wait()?.is_some() {
                    return Ok(());
                }
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        bail!("the server does not end")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An error here means that it has ended already.
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A shell that kills the server when its input ends, which it does however this program ends.
fn watchdog(child: &Child) -> Result<Child> {
    Command::new("sh")
        .args(["-c", r#"read _; kill -9 "$1" 2>/dev/null"#, "sh", &child.id().to_string()])
        .stdin(Stdio::piped())
        .spawn()
        .context("cannot start the watchdog")
}

/// Asks `/readyz` once; connections wait in the listener's queue until the server accepts.
fn ready(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n")?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer)?;
        Ok(answer == *b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}
