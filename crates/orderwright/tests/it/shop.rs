//! A running demo shop for the scenarios: starts the real binary on a fresh store, waits until it is ready, kills it when
//! it is dropped, and starts it again on the same data. Who may use which server is in `venue`; what is done through
//! HTTP is in `client` and `orders`. Nothing here looks into the server or its database.

pub mod client;
pub mod database;
pub mod json;
pub mod lists;
pub mod orders;
#[macro_use]
pub mod venue;

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use orderwright::store::StoreConfig;
use serde_json::Value;
use tempfile::TempDir;

pub use client::{Actor, Client, Reply};
use database::Database;
pub use json::Json;

/// How long anything asynchronous may take before a scenario fails. Generous: the machines that run this are busy.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// A debug build on a busy machine generates its demo orders slowly.
const START_PATIENCE: Duration = Duration::from_secs(120);

/// The two stores that every scenario runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    Sqlite,
    Postgres,
}

/// One demo shop: its data, its server process, and what `demo.json` says.
pub struct Shop {
    dir: TempDir,
    database: Option<Database>,
    server: Option<Server>,
    demo: Value,
    client: Client,
    unique: AtomicUsize,
    /// Further arguments of the server.
    args: Vec<String>,
}

/// The server process and the watchdog that outlives us: servers in a `static` are never dropped, and a test run that
/// is itself killed must leave no server behind either.
struct Server {
    child: Child,
    watchdog: Child,
}

impl Server {
    /// kill -9: nothing is flushed, nothing is said goodbye to.
    fn kill(mut self) {
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Shop {
    /// Starts a shop on a fresh store; the reason, with the end of the server's log, when it does not come up.
    pub fn start(store: Store) -> Result<Shop, String> {
        Shop::start_with(store, Vec::new())
    }

    /// The same with further arguments of the server.
    pub fn start_with(store: Store, args: Vec<String>) -> Result<Shop, String> {
        let dir = TempDir::with_prefix("orderwright-it-").map_err(|e| format!("no temporary folder: {e}"))?;
        let database = match store {
            Store::Sqlite => None,
            Store::Postgres => Some(Database::create()?),
        };
        let unique = AtomicUsize::new(0);
        let client = Client::new("http://127.0.0.1:0");
        let mut shop = Shop { dir, database, server: None, demo: Value::Null, client, unique, args };
        shop.boot()?;
        Ok(shop)
    }

    /// Kills the server (SIGKILL) and leaves its data as they are.
    pub fn kill(&mut self) {
        if let Some(server) = self.server.take() {
            server.kill();
        }
    }

    /// Starts the server again on the same data.
    pub fn restart(&mut self) {
        self.kill();
        if let Err(why) = self.boot() {
            panic!("the server does not start again: {why}");
        }
    }

    fn boot(&mut self) -> Result<(), String> {
        let data = self.dir.path().join("data");
        let written_before = modified(&data.join("demo.json"));
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_path())
            .map_err(|e| format!("cannot open the log: {e}"))?;
        let log_too = log.try_clone().map_err(|e| format!("cannot share the log: {e}"))?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_orderwright"));
        command.arg("demo").arg("--data").arg(&data).args(["--listen", "127.0.0.1:0"]).args(&self.args);
        if let Some(database) = &self.database {
            command.args(["--database-url", database.url()]);
        }
        // What the environment says about a server here must not reach the one under test.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ORDERWRIGHT_")) {
            command.env_remove(name);
        }
        command.stdin(Stdio::null()).stdout(log).stderr(log_too);
        let child = command.spawn().map_err(|e| format!("cannot start the server: {e}"))?;
        // Its input ends when we do, however we end.
        let watchdog = Command::new("sh")
            .args(["-c", r#"read _; kill -9 "$1" 2>/dev/null; rm -rf "$2""#, "sh"])
            .arg(child.id().to_string())
            .arg(self.dir.path())
            .stdin(Stdio::piped())
            .spawn()
            .map_err(|e| format!("cannot start the watchdog: {e}"))?;
        self.server = Some(Server { child, watchdog });

        let deadline = Instant::now() + START_PATIENCE;
        loop {
            if let Some(server) = &mut self.server
                && let Ok(Some(code)) = server.child.try_wait()
            {
                return Err(format!("the server ended with {code}\n{}", self.log_tail()));
            }
            // The real port is known from demo.json, which a restart writes anew.
            if modified(&data.join("demo.json")) != written_before
                && let Ok(text) = fs::read_to_string(data.join("demo.json"))
                && let Ok(demo) = serde_json::from_str::<Value>(&text)
                && let Some(base) = demo["baseUrl"].as_str()
            {
                let client = Client::new(base);
                if client.anyone().call("GET", "/readyz").try_send().is_ok_and(|reply| reply.status == 200) {
                    self.demo = demo;
                    self.client = client;
                    return Ok(());
                }
            }
            if Instant::now() > deadline {
                return Err(format!("the server is not ready after {START_PATIENCE:?}\n{}", self.log_tail()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Runs the command line on this shop's data, beside the running server; what it printed.
    pub fn command(&self, words: &[&str]) -> String {
        let (good, printed, errors) = self.try_command(words);
        assert!(good, "{words:?}: {printed}{errors}");
        printed
    }

    /// The same for a command that may fail: whether it succeeded, what it printed, and what it said of errors.
    pub fn try_command(&self, words: &[&str]) -> (bool, String, String) {
        let output = self.beside(words).stdin(Stdio::null()).output().expect("the command runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        (output.status.success(), text(output.stdout), text(output.stderr))
    }

    /// Runs a command that needs no store; what it printed.
    pub fn command_alone(&self, words: &[&str]) -> String {
        let output = clean(words).stdin(Stdio::null()).output().expect("the command runs");
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Starts a command that the caller ends.
    pub fn start_command(&self, words: &[&str]) -> Child {
        let mut command = self.beside(words);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the command starts")
    }

    fn beside(&self, words: &[&str]) -> Command {
        let mut command = clean(words);
        command.arg("--data").arg(self.dir.path().join("data"));
        if let Some(database) = &self.database {
            command.args(["--database-url", database.url()]);
        }
        command
    }

    /// Where the data is, for a scenario that looks behind the interface.
    pub fn store_config(&self) -> StoreConfig {
        match &self.database {
            Some(database) => StoreConfig::Postgres { url: database.url().to_owned() },
            None => StoreConfig::Sqlite { dir: self.dir.path().join("data"), exclusive: false, inline: false },
        }
    }

    /// A folder for the scenario's own files.
    pub fn folder(&self) -> &std::path::Path {
        self.dir.path()
    }

    fn log_path(&self) -> PathBuf {
        self.dir.path().join("server.log")
    }

    /// The end of what the server wrote, for the message of a failed scenario.
    pub fn log_tail(&self) -> String {
        let log = fs::read(self.log_path()).unwrap_or_default();
        let text = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = text.lines().collect();
        let tail = &lines[lines.len().saturating_sub(60)..];
        format!("--- the server's log, its last {} lines ---\n{}", tail.len(), tail.join("\n"))
    }

    /// What `demo.json` says.
    pub fn demo(&self) -> &Value {
        &self.demo
    }

    /// Nobody: requests without a token.
    pub fn anyone(&self) -> Actor {
        self.client.anyone()
    }

    /// Whoever holds this token, on the endpoints under `home` (`/admin`, `/merchant`, `/storefront`).
    pub fn holder(&self, token: &str, home: &'static str) -> Actor {
        self.client.holder(token, home)
    }

    /// The platform's administrator.
    #[track_caller]
    pub fn admin(&self) -> Actor {
        self.holder(self.demo["tokens"].s("admin"), "/admin")
    }

    /// The platform's staff.
    #[track_caller]
    pub fn ops(&self) -> Actor {
        self.holder(self.demo["tokens"].s("ops"), "/admin")
    }

    /// The owner of a channel.
    #[track_caller]
    pub fn retailer(&self, channel: &str) -> Actor {
        self.holder(self.demo["tokens"]["retailers"].s(channel), "/admin")
    }

    /// A channel's server-side key, which places orders for guests.
    #[track_caller]
    pub fn storefront(&self, channel: &str) -> Actor {
        self.holder(self.demo["tokens"]["storefronts"].s(channel), "/storefront")
    }

    /// A merchant by id.
    #[track_caller]
    pub fn merchant(&self, id: &str) -> Actor {
        self.holder(self.demo["tokens"]["merchants"].s(id), "/merchant")
    }

    /// A brand, by its name in splits.
    #[track_caller]
    pub fn brand(&self, id: &str) -> Actor {
        self.holder(self.demo["tokens"]["brands"].s(id), "/brand")
    }

    /// The merchant who offers the channel's n-th SKU.
    #[track_caller]
    pub fn merchant_of(&self, channel: &str, n: usize) -> Actor {
        self.merchant(self.offer(channel, n).s("merchantId"))
    }

    /// The n-th customer, counted in the order of their ids.
    #[track_caller]
    pub fn customer(&self, n: usize) -> Actor {
        let customers = self.demo["tokens"]["customers"].as_object().expect("demo.json has customers");
        let token = customers.values().nth(n).and_then(Value::as_str).expect("so many customers");
        self.holder(token, "/storefront")
    }

    /// An entry of a channel's list of offers: `sku`, `merchantId`, `price`.
    #[track_caller]
    pub fn offer(&self, channel: &str, n: usize) -> &Value {
        &self.demo["channels"][channel].list("items")[n]
    }

    /// The channel's n-th SKU. The first two have 100,000 units that no generated order touches.
    #[track_caller]
    pub fn sku(&self, channel: &str, n: usize) -> &str {
        self.offer(channel, n).s("sku")
    }

    /// A word that no other scenario on this shop uses: for keys, e-mail addresses, notes.
    pub fn unique(&self, prefix: &str) -> String {
        format!("{prefix}-{}", self.unique.fetch_add(1, Ordering::Relaxed))
    }
}

/// The program with these words. What the environment says about a server here must not reach it.
fn clean(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orderwright"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ORDERWRIGHT_")) {
        command.env_remove(name);
    }
    command.args(words);
    command
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.kill();
    }
}

fn modified(path: &std::path::Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|m| m.modified()).ok()
}

/// Asks again and again until `ask` has an answer; panics with `ask`'s last word when the deadline passes.
#[track_caller]
pub fn eventually<T>(what: &str, patience: Duration, mut ask: impl FnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + patience;
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(last) if Instant::now() > deadline => panic!("{what}: not within {patience:?}; last seen: {last}"),
            Err(_) => std::thread::sleep(Duration::from_millis(25)),
        }
    }
}

/// Runs `job` for 0..jobs on so many threads that start together, and answers in the order of the jobs.
pub fn at_once<T: Send>(threads: usize, jobs: usize, job: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = Arc::new(AtomicUsize::new(0));
    let start = std::sync::Barrier::new(threads);
    let mut answers: Vec<(usize, T)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut mine = Vec::new();
                    start.wait();
                    loop {
                        let i = next.fetch_add(1, Ordering::Relaxed);
                        if i >= jobs {
                            return mine;
                        }
                        mine.push((i, job(i)));
                    }
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker panicked")).collect()
    });
    answers.sort_by_key(|(i, _)| *i);
    answers.into_iter().map(|(_, answer)| answer).collect()
}
