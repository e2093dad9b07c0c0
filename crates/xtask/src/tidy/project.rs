//! The files around the code: dependencies say what they are for, both stores get the same migrations, and a checkout
//! builds from the public registry whatever machine it was made on.

use std::collections::BTreeSet;

use super::tree::Tree;
use super::{Complaints, complain};

const MANIFEST: &str = "Cargo.toml";
const CARGO_CONFIG: &str = ".cargo/config.toml";
const MIGRATIONS: [&str; 2] = ["migrations/sqlite/", "migrations/postgres/"];

/// The comment above a dependency says why we have it.
pub fn dependencies_are_explained(tree: &Tree, complaints: &mut Complaints) {
    let (mut inside, mut depth, mut above) = (false, 0, "");
    for (index, line) in tree.text(MANIFEST).unwrap_or_default().lines().map(str::trim).enumerate() {
        let mut entry = false;
        if depth == 0 && line.starts_with('[') {
            inside = line == "[workspace.dependencies]";
            entry = line.starts_with("[workspace.dependencies.");
        } else if inside && depth == 0 {
            // Our own crates need no reason to be there.
            entry = !line.is_empty() && !line.starts_with('#') && !line.contains("path =");
        }
        if entry && !(above.starts_with("# ") && above.len() > 2 && !above.starts_with("# --")) {
            complain(
                complaints,
                MANIFEST,
                index + 1,
                "a dependency without a comment above it that says what it is for",
            );
        }
        if inside && !line.starts_with('#') {
            depth += line.matches(['[', '{']).count();
            depth = depth.saturating_sub(line.matches([']', '}']).count());
        }
        above = line;
    }
}

/// The two folders of migrations hold the same names.
pub fn migrations_are_in_step(tree: &Tree, complaints: &mut Complaints) {
    let names =
        |folder: &str| tree.paths().filter_map(|p| p.strip_prefix(folder)).map(str::to_owned).collect::<BTreeSet<_>>();
    let [sqlite, postgres] = MIGRATIONS.map(names);
    for (mine, theirs, other) in [(&sqlite, &postgres, MIGRATIONS[1]), (&postgres, &sqlite, MIGRATIONS[0])] {
        for name in mine.difference(theirs) {
            complain(
                complaints,
                &format!("{other}{name}"),
                0,
                "missing: a migration has the same name for both stores",
            );
        }
    }
}

/// The repository names no mirror: where crates come from is a setting of a machine.
pub fn no_registry_but_the_default(tree: &Tree, complaints: &mut Complaints) {
    for (index, line) in tree.text(CARGO_CONFIG).unwrap_or_default().lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        let key = line.split('=').next().unwrap_or_default();
        let words = ["registry", "registries", "replace-with", "index", "source"];
        let named = key.split(['.', '[', ']', ' ', '"']).any(|word| words.contains(&word)) || line.contains("sparse+");
        if named {
            complain(
                complaints,
                CARGO_CONFIG,
                index + 1,
                "a registry's address belongs to a machine, not to the repository",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::sample::places;

    #[test]
    fn dependencies_without_a_reason_are_found() {
        let manifest = "[workspace.dependencies]\nown = { path = \"a\" }\n# --- data ---\nserde = \"1\"\n# Why.\njiff = { version = \"0.2\", features = [\n    \"std\",\n] }\ncsv = \"1\"\n\n[workspace.dependencies.tokio]\nversion = \"1\"\n\n[profile.dev]\ndebug = 1\n";
        assert_eq!(
            places(dependencies_are_explained, &[("Cargo.toml", manifest)]),
            ["Cargo.toml:4", "Cargo.toml:9", "Cargo.toml:11"]
        );
    }

    #[test]
    fn migrations_of_one_store_only_are_found() {
        let files = [
            ("migrations/sqlite/V1__a.sql", ""),
            ("migrations/postgres/V1__a.sql", ""),
            ("migrations/sqlite/V2__b.sql", ""),
        ];
        assert_eq!(places(migrations_are_in_step, &files), ["migrations/postgres/V2__b.sql:0"]);
        assert_eq!(places(migrations_are_in_step, &files[..2]), [""; 0]);
    }

    #[test]
    fn registries_are_found() {
        let fine = "# registry = \"x\"\n[alias]\nxtask = \"run --package xtask --\"\n[net]\nretry = 3\n";
        assert_eq!(places(no_registry_but_the_default, &[(CARGO_CONFIG, fine)]), [""; 0]);
        let bad = "[source.crates-io]\nreplace-with = \"mirror\"\n[registries.own]\nindex = \"sparse+https://x\"\n";
        assert_eq!(places(no_registry_but_the_default, &[(CARGO_CONFIG, bad)]).len(), 4);
    }
}
