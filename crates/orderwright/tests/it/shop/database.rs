//! A fresh PostgreSQL database for one shop, made on the server that the test command started and dropped with the shop.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_postgres::NoTls;

/// Where the test command says that PostgreSQL is.
const VARIABLE: &str = "ORDERWRIGHT_TEST_DATABASE_URL";
static COUNT: AtomicUsize = AtomicUsize::new(0);
/// PostgreSQL refuses to copy its template twice at once.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The database of one shop.
pub struct Database {
    server: String,
    name: String,
    url: String,
}

impl Database {
    /// Makes an empty database.
    pub fn create() -> Result<Database, String> {
        let server = std::env::var(VARIABLE).map_err(|_| {
            format!("{VARIABLE} is not set, so there is no PostgreSQL to test on: run `cargo xtask test`")
        })?;
        let name = format!("scenario_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let url = with_database(&server, &name)?;
        execute(&server, &format!("CREATE DATABASE {name}"))?;
        Ok(Database { server, name, url })
    }

    /// Where the shop's server connects to.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // The throw-away server goes anyway; a database that stays until then hurts nobody.
        let _ = execute(&self.server, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

/// The same server, another database: `postgres://user@host:port/<name>?options`.
fn with_database(server: &str, name: &str) -> Result<String, String> {
    let (address, options) = server.split_once('?').map_or((server, None), |(a, o)| (a, Some(o)));
    let scheme = address.find("://").ok_or_else(|| format!("{VARIABLE} is not a URL: {server}"))? + 3;
    let end = address[scheme..].find('/').map_or(address.len(), |at| scheme + at);
    let options = options.map(|o| format!("?{o}")).unwrap_or_default();
    Ok(format!("{}/{name}{options}", &address[..end]))
}

/// Runs one statement, blocking.
fn execute(url: &str, statement: &str) -> Result<(), String> {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| format!("no runtime for the database client: {e}"))?;
    runtime.block_on(async {
        let (client, connection) =
            tokio_postgres::connect(url, NoTls).await.map_err(|e| format!("cannot reach PostgreSQL at {url}: {e}"))?;
        let connection = tokio::spawn(connection);
        let answer = client.batch_execute(statement).await.map_err(|e| format!("{statement}: {e}"));
        drop(client);
        let _ = connection.await;
        answer
    })
}
