//! `cargo xtask tidy`: the rules of the house that no compiler checks, each with a test that shows it bite.
//!
//! A rule reads a [`Tree`] and complains with a place and a reason. It looks at words and not at types: it keeps an honest
//! author from slipping, it is no proof.
//! Not here: what clippy can say (`clippy.toml`, the lints in `Cargo.toml`) and what the type system can.

mod layers;
mod links;
mod project;
mod requirements;
#[cfg(test)]
mod sample;
mod source;
mod style;
mod tree;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Result, bail};

use tree::Tree;

/// What a rule found: a file, a line (0 when it is about the whole file) and what is wrong, in this order when sorted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Complaint {
    file: String,
    line: usize,
    what: String,
}

/// Everything that the rules found; a set, because two ways to see one mistake are one complaint.
pub type Complaints = BTreeSet<Complaint>;

/// A rule of the house.
type Rule = fn(&Tree, &mut Complaints);

const RULES: &[Rule] = &[
    layers::sql_lives_in_the_store,
    layers::core_is_pure,
    layers::nothing_reaches_upward,
    layers::only_operations_commit,
    style::files_are_short,
    style::files_begin_with_their_doc,
    style::no_leftovers,
    style::only_command_lines_print,
    project::dependencies_are_explained,
    project::migrations_are_in_step,
    project::no_registry_but_the_default,
    requirements::requirements_are_shown_by_tests,
    links::links_resolve,
];

/// Checks the tree under `root`; prints every complaint and fails when there is one.
pub fn run(root: &Path) -> Result<()> {
    let tree = Tree::read(root)?;
    let complaints = check(&tree);
    for Complaint { file, line, what } in &complaints {
        eprintln!("{file}:{line}: {what}");
    }
    if !complaints.is_empty() {
        bail!("tidy has {} complaints", complaints.len());
    }
    println!("tidy: {} files, {} rules, no complaint", tree.len(), RULES.len());
    Ok(())
}

fn check(tree: &Tree) -> Complaints {
    let mut complaints = Complaints::new();
    for rule in RULES {
        rule(tree, &mut complaints);
    }
    complaints
}

fn complain(complaints: &mut Complaints, file: &str, line: usize, what: impl Into<String>) {
    complaints.insert(Complaint { file: file.to_owned(), line, what: what.into() });
}
