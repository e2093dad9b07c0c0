//! PostgreSQL from the outside: databases of the bench's own on the server that the environment names, plain connections,
//! and the processor time of that server.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio_postgres::{Client, NoTls};

use crate::process;

/// The variable that names the server: the one that `cargo xtask test` uses too.
pub const VARIABLE: &str = "ORDERWRIGHT_TEST_DATABASE_URL";

/// A database that is dropped at the end.
pub struct Database {
    server: String,
    name: String,
    /// Where it is.
    pub url: String,
}

impl Database {
    /// Makes an empty database; `name` is told apart from others by the process.
    pub async fn create(name: &str) -> Result<Self> {
        let server = std::env::var(VARIABLE)
            .with_context(|| format!("{VARIABLE} is not set, so there is no PostgreSQL: run `cargo xtask bench`"))?;
        let name = format!("bench_{}_{name}", std::process::id());
        let url = with_database(&server, &name)?;
        let client = connect(&server).await?;
        client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
        client.batch_execute(&format!("CREATE DATABASE {name}")).await?;
        Ok(Self { server, name, url })
    }

    /// Drops it.
    pub async fn remove(self) -> Result<()> {
        let client = connect(&self.server).await?;
        Ok(client.batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).await?)
    }
}

/// Connects; the connection is driven in the background.
pub async fn connect(url: &str) -> Result<Client> {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.with_context(|| format!("cannot connect to {url}"))?;
    // It ends with the client; an error of it is an error of the client's next call.
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}

/// The processor time of the whole server, if it runs on this machine.
pub struct ServerCpu(Option<u32>);

impl ServerCpu {
    /// Of the server behind a connection that stays open.
    pub async fn of(client: &Client) -> Result<Self> {
        let pid: i32 = client.query_one("SELECT pg_backend_pid()", &[]).await?.try_get(0)?;
        Ok(Self(u32::try_from(pid).ok()))
    }

    /// None of a store without a server.
    pub fn none() -> Self {
        Self(None)
    }

    /// So far.
    pub fn read(&self) -> Option<Duration> {
        self.0.and_then(process::family_cpu)
    }
}

/// The same server, another database: `postgres://user@host:port/NAME?options`.
fn with_database(server: &str, name: &str) -> Result<String> {
    let (address, options) = server.split_once('?').map_or((server, None), |(a, o)| (a, Some(o)));
    let scheme = address.find("://").with_context(|| format!("{VARIABLE} is not a URL"))? + 3;
    let end = address[scheme..].find('/').map_or(address.len(), |at| scheme + at);
    let options = options.map(|o| format!("?{o}")).unwrap_or_default();
    Ok(format!("{}/{name}{options}", &address[..end]))
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn only_the_database_of_a_url_changes() {
        for (url, expected) in [
            ("postgres://u@h:1/postgres", "postgres://u@h:1/x"),
            ("postgres://u@h:1", "postgres://u@h:1/x"),
            ("postgres://u@h/a?sslmode=disable", "postgres://u@h/x?sslmode=disable"),
        ] {
            assert_eq!(with_database(url, "x").expect("a URL"), expected);
        }
        assert!(with_database("nonsense", "x").is_err());
    }
}
