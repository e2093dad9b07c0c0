//! Stores to test with: a fresh one for each case, gone afterwards.

use std::{
    future::Future,
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
};

use orderwright::store::{Store, StoreConfig};

/// What a case runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Inline,
    Postgres,
}

/// A place for a store.
pub struct Place {
    pub engine: Engine,
    dir: tempfile::TempDir,
    url: String,
}

impl Place {
    /// Opens the store as a server does.
    pub async fn open(&self) -> Store {
        Store::open(self.config()).await.expect("the store opens")
    }

    /// Opens it once more, beside the first: as another node, or on SQLite as another process without the server's lock.
    pub async fn open_beside(&self) -> Store {
        let config = match self.config() {
            StoreConfig::Sqlite { dir, inline, .. } => StoreConfig::Sqlite { dir, inline, exclusive: false },
            postgres => postgres,
        };
        Store::open(config).await.expect("the store opens once more")
    }

    pub fn config(&self) -> StoreConfig {
        let dir = self.dir.path().to_owned();
        match self.engine {
            Engine::Sqlite => StoreConfig::Sqlite { dir, exclusive: true, inline: false },
            Engine::Inline => StoreConfig::Sqlite { dir, exclusive: true, inline: true },
            Engine::Postgres => StoreConfig::Postgres { url: self.url.clone() },
        }
    }

    pub fn url(&self) -> &str {
        &self.url
    }
}

/// Runs a case on a fresh place.
pub fn run<F: Future<Output = ()>>(engine: Engine, case: impl FnOnce(Place) -> F) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let dir = tempfile::tempdir().expect("a folder");
    if engine != Engine::Postgres {
        runtime.block_on(case(Place { engine, dir, url: String::new() }));
        return;
    }
    let Ok(server) = std::env::var("ORDERWRIGHT_TEST_DATABASE_URL") else {
        panic!(
            "set ORDERWRIGHT_TEST_DATABASE_URL to a PostgreSQL server whose user may create databases, \
             for example postgres://postgres@localhost:5432/postgres"
        );
    };
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("orderwright_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    // A collation that sorts as people do: text must compare as bytes all the same.
    runtime.block_on(admin(
        &server,
        &format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"),
    ));
    let _drop = DropDatabase { server: server.clone(), name: name.clone() };
    let (base, parameters) = server.split_once('?').map_or((server.as_str(), ""), |(b, p)| (b, p));
    let (base, _) = base.rsplit_once('/').expect("a URL with a database");
    let url = if parameters.is_empty() { format!("{base}/{name}") } else { format!("{base}/{name}?{parameters}") };
    runtime.block_on(case(Place { engine, dir, url }));
    drop(runtime);
}

struct DropDatabase {
    server: String,
    name: String,
}

impl Drop for DropDatabase {
    fn drop(&mut self) {
        let (server, text) = (self.server.clone(), format!("DROP DATABASE {} WITH (FORCE)", self.name));
        // On a thread of its own: this may run while a failed case unwinds through a runtime.
        let done = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime")
                .block_on(admin(&server, &text));
        });
        if done.join().is_err() && !std::thread::panicking() {
            panic!("{} could not be dropped", self.name);
        }
    }
}

async fn admin(server: &str, text: &str) {
    let (client, connection) =
        tokio_postgres::connect(server, tokio_postgres::NoTls).await.expect("the PostgreSQL server answers");
    let connection = tokio::spawn(connection);
    client.batch_execute(text).await.unwrap_or_else(|e| panic!("{text}: {e:?}"));
    drop(client);
    connection.await.expect("no panic").expect("the connection closes");
}

/// A new id.
pub fn id() -> i64 {
    static NEXT: AtomicU64 = AtomicU64::new(1_000);
    NEXT.fetch_add(1, Ordering::Relaxed).cast_signed()
}

/// Numbers that look random and are the same in every run.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n
    }

    pub fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}
