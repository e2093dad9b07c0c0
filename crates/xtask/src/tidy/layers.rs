//! The layers: rules never touch IO, SQL is the store's, the web asks operations, and only operations commit.
//!
//! Tests may look behind the layers (a test of durability opens the database itself), so they are left out.

use super::source::{Source, has};
use super::tree::Tree;
use super::{Complaints, complain};

const APPLICATION: &str = "crates/orderwright/src/";
const CORE: &str = "crates/core/src/";
const CORE_MANIFEST: &str = "crates/core/Cargo.toml";

/// What the pure crate must not name, and what it would bring in.
const IMPURE: &[(&str, &str)] = &[
    ("std::fs", "files"),
    ("std::net", "the network"),
    ("std::env", "the environment"),
    ("std::process", "processes"),
    ("std::thread", "threads"),
    ("SystemTime", "the clock"),
    ("Instant::now", "the clock"),
    ("Timestamp::now", "the clock"),
    ("Zoned::now", "the clock"),
    ("getrandom", "randomness"),
    ("tokio", "a runtime"),
    ("rusqlite", "a database"),
    ("tokio_postgres", "a database"),
    ("async fn", "asynchrony"),
    (".await", "asynchrony"),
];

/// What the pure crate must not depend on.
const IMPURE_CRATES: &[&str] =
    &["tokio", "rusqlite", "tokio-postgres", "deadpool-postgres", "axum", "getrandom", "rand", "ureq"];

/// Each folder of the application and the folders above it, which it must not know.
const ABOVE: &[(&str, &[&str])] = &[
    ("ops", &["web", "cli"]),
    ("effects", &["web", "cli"]),
    ("pay", &["web", "cli", "ops"]),
    ("ship", &["web", "cli", "ops"]),
    ("tell", &["web", "cli", "ops"]),
    ("store", &["web", "cli", "ops", "effects"]),
    ("kernel", &["web", "cli", "ops", "effects", "store"]),
];

/// The folders that may commit: operations and outcomes of effects; the store ends its drivers' transactions; the sandbox provider in
/// `pay` keeps books of its own, as a provider outside would.
const COMMITTERS: &[&str] = &["ops", "effects", "store", "pay"];

/// SQL is written in `store/` only.
pub fn sql_lives_in_the_store(tree: &Tree, complaints: &mut Complaints) {
    for (path, text) in production(tree, &[CORE, APPLICATION]).filter(|(path, _)| !within(path, "store")) {
        for (line, _) in Source::parse(text).literals().filter(|(_, literal)| is_sql(literal)) {
            complain(complaints, path, line, "SQL outside crates/orderwright/src/store");
        }
    }
}

/// The core has no IO, clock, randomness, runtime or database.
pub fn core_is_pure(tree: &Tree, complaints: &mut Complaints) {
    for (path, text) in production(tree, &[CORE]) {
        let source = Source::parse(text);
        for (word, brings) in IMPURE {
            for line in source.uses(word) {
                complain(complaints, path, line, format!("the core is pure: `{word}` brings in {brings}"));
            }
        }
    }
    let mut section = "";
    for (index, line) in tree.text(CORE_MANIFEST).unwrap_or_default().lines().enumerate() {
        if line.starts_with('[') {
            section = line.trim();
        }
        let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
        if section == "[dependencies]" && IMPURE_CRATES.contains(&name) {
            complain(complaints, CORE_MANIFEST, index + 1, format!("the core is pure: it can't depend on {name}"));
        }
    }
}

/// web → ops → core: no layer knows the one above it, and the web does not write to the store.
pub fn nothing_reaches_upward(tree: &Tree, complaints: &mut Complaints) {
    for (path, text) in production(tree, &[APPLICATION]) {
        let source = Source::parse(text);
        for (layer, above) in ABOVE.iter().filter(|(layer, _)| within(path, layer)) {
            for upper in *above {
                for line in source.uses(&format!("crate::{upper}")) {
                    complain(complaints, path, line, format!("{layer} is below {upper} and must not know it"));
                }
            }
        }
        if within(path, "web") {
            for (line, _) in source.production().filter(|(_, code)| has(code, "Changeset")) {
                complain(
                    complaints,
                    path,
                    line,
                    "the web asks an operation to change something; it makes no Changeset",
                );
            }
        }
    }
}

/// One way in: operations and outcomes of effects commit, nobody else.
pub fn only_operations_commit(tree: &Tree, complaints: &mut Complaints) {
    for (path, text) in production(tree, &[APPLICATION]) {
        if COMMITTERS.iter().any(|layer| within(path, layer)) {
            continue;
        }
        for (line, _) in Source::parse(text).production().filter(|(_, code)| has(code, ".commit(")) {
            complain(complaints, path, line, "only ops and effects commit");
        }
    }
}

/// The Rust files under these folders that are not tests.
fn production<'a>(tree: &'a Tree, folders: &[&str]) -> impl Iterator<Item = (&'a str, &'a str)> {
    tree.texts(".rs").filter(|(path, _)| {
        folders.iter().any(|folder| path.starts_with(folder))
            && !path.ends_with("/tests.rs")
            && !path.contains("/tests/")
    })
}

/// Whether a file belongs to a layer: `ops/…` or `ops.rs`.
fn within(path: &str, layer: &str) -> bool {
    path.strip_prefix(APPLICATION)
        .and_then(|path| path.strip_prefix(layer))
        .is_some_and(|rest| rest.starts_with('/') || rest == ".rs")
}

/// Whether a literal is a statement. In capitals it is one wherever it begins, so that a text that is put together is
/// seen too; in small letters only when it begins as one, because prose says "select" and "update" as well.
fn is_sql(literal: &str) -> bool {
    let flat = literal.split_whitespace().collect::<Vec<_>>().join(" ");
    let capitals = [
        "INSERT INTO ",
        "DELETE FROM ",
        "CREATE TABLE ",
        "CREATE INDEX ",
        "CREATE UNIQUE INDEX ",
        "ALTER TABLE ",
        "DROP TABLE ",
        "DROP INDEX ",
        "ORDER BY ",
        "GROUP BY ",
        "PRAGMA ",
        "BEGIN IMMEDIATE",
        "FOR UPDATE SKIP LOCKED",
    ];
    if capitals.iter().any(|words| flat.contains(words)) {
        return true;
    }
    if has(&flat, "SELECT") && (has(&flat, "FROM") || flat.starts_with("SELECT "))
        || has(&flat, "UPDATE") && has(&flat, "SET")
    {
        return true;
    }
    let small = flat.to_lowercase();
    let begins = |words: &str| small.starts_with(words);
    ["insert into ", "delete from ", "create table ", "alter table ", "drop table ", "pragma "].into_iter().any(begins)
        || begins("update ") && small.contains(" set ") && small.contains('=')
        || begins("select ") && small.contains(" from ") && (small.contains('*') || small.contains(" where "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::sample::places;

    const OP: &str = "crates/orderwright/src/ops/order/place.rs";
    const PAGE: &str = "crates/orderwright/src/web/api/orders.rs";
    const RULE: &str = "crates/core/src/money.rs";
    const STORE: &str = "crates/orderwright/src/store/orders.rs";

    #[test]
    fn sql_is_found_outside_the_store() {
        let sql = "//! x\nconst A: &str = \"SELECT id FROM ord WHERE id = ?1\";\n";
        let files = [(OP, sql), (RULE, sql), (STORE, sql), ("crates/orderwright/tests/it/store.rs", sql)];
        assert_eq!(places(sql_lives_in_the_store, &files), [format!("{RULE}:2"), format!("{OP}:2")]);
    }

    #[test]
    fn sql_is_told_from_prose() {
        for sql in [
            "SELECT 1",
            "select * from ord",
            "insert into ord values (1)",
            "UPDATE stock\n  SET on_hand = 1",
            " ORDER BY id",
            "update ord set version = 2",
            "r SELECT id FROM ord",
            "delete from job",
            "PRAGMA journal_mode",
        ] {
            assert!(is_sql(sql), "{sql}");
        }
        for prose in [
            "select a channel from the list",
            "update the order",
            "Delete the endpoint",
            "the UPDATE was refused",
            "from",
            "SET",
            "cannot delete from a closed order",
            "create",
        ] {
            assert!(!is_sql(prose), "{prose}");
        }
    }

    #[test]
    fn the_core_is_kept_pure() {
        let impure = "//! x\nuse std::{\n    fs,\n    fmt,\n};\nasync fn a() {}\nlet now = Instant::now();\n// tokio\n";
        let manifest =
            "[dependencies]\nserde.workspace = true\ntokio.workspace = true\n\n[dev-dependencies]\nrand = \"1\"\n";
        let files = [(RULE, impure), (CORE_MANIFEST, manifest), (OP, impure)];
        let expected = [format!("{CORE_MANIFEST}:3"), format!("{RULE}:2"), format!("{RULE}:6"), format!("{RULE}:7")];
        assert_eq!(places(core_is_pure, &files), expected);
    }

    #[test]
    fn tests_of_the_core_may_read_files() {
        let text = "//! x\n#[cfg(test)]\nmod tests {\n    fn a() { std::fs::read(\"b\"); }\n}\n";
        assert_eq!(places(core_is_pure, &[(RULE, text)]), [""; 0]);
    }

    #[test]
    fn nobody_reaches_upward() {
        let files = [
            (OP, "//! x\nuse crate::{kernel::clock, web::page};\n"),
            (STORE, "//! x\nfn a() { crate::ops::order::place() }\n"),
            (PAGE, "//! x\nuse crate::ops::order;\nuse crate::store::{Changeset, Reader};\n"),
        ];
        assert_eq!(
            places(nothing_reaches_upward, &files),
            [format!("{OP}:2"), format!("{STORE}:2"), format!("{PAGE}:3")]
        );
    }

    #[test]
    fn only_the_ways_in_commit() {
        let text = "//! x\nasync fn a(store: &Store) { store.commit(b).await }\n";
        let cli = "crates/orderwright/src/cli/demo.rs";
        let files =
            [(OP, text), (PAGE, text), (cli, text), (STORE, text), ("crates/orderwright/src/effects/lease.rs", text)];
        assert_eq!(places(only_operations_commit, &files), [format!("{cli}:2"), format!("{PAGE}:2")]);
    }
}
