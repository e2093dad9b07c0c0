//! Brings a database to this program's schema. The files lie in `migrations/{sqlite,postgres}`, same names in both, and
//! are embedded; their checksums are kept in the database, so that an edited migration is refused.
//! What is not here: the schema itself.

use super::error::{Result, StoreError};

#[allow(missing_docs)]
mod sqlite_files {
    refinery::embed_migrations!("../../migrations/sqlite");
}
#[allow(missing_docs)]
mod postgres_files {
    refinery::embed_migrations!("../../migrations/postgres");
}

/// One node migrates at a time; the number only has to be the same everywhere.
const ADVISORY_LOCK: i64 = 0x6f72_6465_7277_7274;

/// Migrates a SQLite file. The caller holds a lock against other processes.
pub(super) fn sqlite(conn: &mut rusqlite::Connection) -> Result<()> {
    sqlite_files::migrations::runner().run(conn).map_err(refused).map(|_| ())
}

/// Migrates a PostgreSQL database under an advisory lock. The connection must have no statement timeout.
pub(super) async fn postgres(client: &mut tokio_postgres::Client) -> Result<()> {
    let failed =
        |e: tokio_postgres::Error| StoreError::Unavailable(format!("migration: {}", super::postgres::reason(&e)));
    client.execute("SELECT pg_advisory_lock($1)", &[&ADVISORY_LOCK]).await.map_err(failed)?;
    // If this fails, the connection is closed and the lock goes with it.
    postgres_files::migrations::runner().run_async(client).await.map_err(refused)?;
    client.execute("SELECT pg_advisory_unlock($1)", &[&ADVISORY_LOCK]).await.map_err(failed)?;
    Ok(())
}

fn refused(e: refinery::Error) -> StoreError {
    StoreError::Invalid(format!("migration: {e}"))
}
