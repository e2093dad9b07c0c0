//! Which store a command works on: `--data` or `--database-url`, the same words for every command.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;

use crate::app::App;
use crate::store::StoreConfig;

/// Where the data is.
#[derive(Clone, Debug, clap::Args)]
pub struct StoreArgs {
    /// Folder of the embedded store
    #[arg(long, value_name = "DIR", env = "ORDERWRIGHT_DATA", default_value = "./data")]
    pub data: PathBuf,
    /// PostgreSQL database to use instead, as postgres://user:password@host/database
    #[arg(long, value_name = "URL", env = "ORDERWRIGHT_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
}

impl StoreArgs {
    /// The store for a server (which takes an embedded store for itself) or for a command beside it.
    pub fn config(&self, exclusive: bool) -> StoreConfig {
        config(&self.data, self.database_url.as_deref(), exclusive)
    }

    /// Opens the application for a command that looks at what is there; it makes no new store.
    pub async fn open_existing(&self) -> anyhow::Result<Arc<App>> {
        self.check_existing()?;
        self.open().await
    }

    /// Says so when there is no store.
    pub fn check_existing(&self) -> anyhow::Result<()> {
        if self.database_url.is_none() && !self.data.join("orderwright.db").is_file() {
            let dir = self.data.display();
            bail!("there is no store in {dir}; name its folder with --data, or start a server there first");
        }
        Ok(())
    }

    /// Opens the application beside a server that may be running; makes the store if there is none.
    pub async fn open(&self) -> anyhow::Result<Arc<App>> {
        App::open(self.config(false), false).await
    }
}

/// The store of these arguments.
pub fn config(dir: &std::path::Path, database_url: Option<&str>, exclusive: bool) -> StoreConfig {
    match database_url {
        Some(url) => StoreConfig::Postgres { url: url.to_owned() },
        None => StoreConfig::Sqlite { dir: dir.to_owned(), exclusive, inline: false },
    }
}
