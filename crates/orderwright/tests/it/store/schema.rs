//! The two folders of migrations make one schema.

use super::engine::Place;
use orderwright::store::{Store, StoreConfig};

pub async fn schemas_are_equal(place: Place) {
    let dir = tempfile::tempdir().expect("a folder");
    let sqlite = Store::open(StoreConfig::Sqlite { dir: dir.path().to_owned(), exclusive: true, inline: true })
        .await
        .expect("opened");
    let (sqlite_columns, sqlite_indexes) = sqlite.dump_schema().await.expect("dumped");
    let (columns, indexes) = place.open().await.dump_schema().await.expect("dumped");
    assert!(columns.len() > 100 && indexes.len() > 40, "{} columns, {} indexes", columns.len(), indexes.len());
    for (sqlite, postgres) in sqlite_columns.iter().zip(&columns) {
        assert_eq!(sqlite, postgres);
    }
    for (sqlite, postgres) in sqlite_indexes.iter().zip(&indexes) {
        assert_eq!(sqlite, postgres);
    }
    assert_eq!((sqlite_columns.len(), sqlite_indexes.len()), (columns.len(), indexes.len()));
}
