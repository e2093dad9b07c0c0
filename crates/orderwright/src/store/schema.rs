//! The schema as the engine sees it, in words of no engine, so that a test can compare both.

use super::{Driver, Result, Store, value::row};

row! {
    /// A column of a table.
    pub struct SchemaColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// integer, text or bytes.
        kind: String,
        /// Whether it is never NULL.
        required: bool,
    }
}

row! {
    /// An index of a table.
    pub struct SchemaIndex {
        /// The table.
        table: String,
        /// Its columns in order, separated by commas.
        columns: String,
        /// Whether its keys are unique.
        unique: bool,
        /// Whether it holds only a part of the rows.
        partial: bool,
    }
}

// SQLite has no index for an INTEGER PRIMARY KEY: the table itself is one.
const SQLITE_COLUMNS: &str = "SELECT t.name, c.name, \
    CASE c.type WHEN 'INTEGER' THEN 'integer' WHEN 'TEXT' THEN 'text' WHEN 'BLOB' THEN 'bytes' ELSE c.type END, \
    CASE WHEN c.\"notnull\" = 1 OR c.pk > 0 THEN 1 ELSE 0 END \
    FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE 'refinery%' ORDER BY 1, 2";
const SQLITE_INDEXES: &str = "SELECT t.name, (SELECT group_concat(k.name, ',') FROM pragma_index_info(i.name) k), \
    i.\"unique\", i.partial FROM sqlite_schema t JOIN pragma_index_list(t.name) i \
    WHERE t.type = 'table' AND t.name NOT LIKE 'refinery%' \
    UNION ALL SELECT t.name, c.name, 1, 0 FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
    WHERE t.type = 'table' AND t.name NOT LIKE 'refinery%' AND c.pk = 1 AND c.type = 'INTEGER' \
    AND (SELECT COUNT(*) FROM pragma_table_info(t.name) p WHERE p.pk > 0) = 1";
const POSTGRES_COLUMNS: &str = "SELECT table_name::text, column_name::text, \
    CASE data_type WHEN 'bigint' THEN 'integer' WHEN 'bytea' THEN 'bytes' ELSE data_type::text END, \
    CASE is_nullable WHEN 'NO' THEN 1::int8 ELSE 0::int8 END FROM information_schema.columns \
    WHERE table_schema = current_schema() AND table_name NOT LIKE 'refinery%' \
    ORDER BY table_name COLLATE \"C\", column_name COLLATE \"C\"";
const POSTGRES_INDEXES: &str = "SELECT t.relname::text, (SELECT string_agg(a.attname::text, ',' ORDER BY k.n) \
    FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(att, n) JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.att), \
    i.indisunique::int::int8, (i.indpred IS NOT NULL)::int::int8 \
    FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace s ON s.oid = t.relnamespace \
    WHERE s.nspname = current_schema() AND t.relname NOT LIKE 'refinery%'";

impl Store {
    /// Every column and every index of the schema.
    pub async fn dump_schema(&self) -> Result<(Vec<SchemaColumn>, Vec<SchemaIndex>)> {
        let (columns, indexes) = match self.inner.driver {
            Driver::Sqlite(_) => (SQLITE_COLUMNS, SQLITE_INDEXES),
            Driver::Postgres(_) => (POSTGRES_COLUMNS, POSTGRES_INDEXES),
        };
        let columns = self.inner.list(columns.to_owned(), vec![]).await?;
        let mut indexes: Vec<SchemaIndex> = self.inner.list(indexes.to_owned(), vec![]).await?;
        indexes.sort_by(|a, b| (&a.table, &a.columns, a.unique).cmp(&(&b.table, &b.columns, b.unique)));
        Ok((columns, indexes))
    }
}
