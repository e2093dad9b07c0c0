//! `cargo xtask generate`: writes the files that are made from the code, so that they are in the repository, can be
//! reviewed, and cannot drift: `--check` fails when one is stale.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell::{cargo, read};

/// The `orderwright` program that is asked.
pub enum Binary {
    /// Built first, by cargo.
    Cargo,
    /// The one beside this program, just built with the tests. Asking cargo would build it again, because the features
    /// of the dependencies are not the same without the tests' own.
    Built,
}

/// Each generated file and the arguments with which `orderwright` writes it to standard output.
const FILES: &[(&str, &[&str])] = &[
    ("docs/openapi.json", &["openapi"]),
    ("docs/workflow.schema.json", &["workflow", "schema"]),
    ("docs/workflows/made-to-order.svg", &["workflow", "graph", "made-to-order"]),
    ("docs/workflows/marketplace-split.svg", &["workflow", "graph", "marketplace-split"]),
    ("docs/workflows/marketplace.svg", &["workflow", "graph", "marketplace"]),
    ("docs/workflows/merchant.svg", &["workflow", "graph", "merchant"]),
    ("docs/workflows/retail.svg", &["workflow", "graph", "retail"]),
    ("docs/workflows/store-request.svg", &["workflow", "graph", "store-request"]),
];

/// Writes every generated file, or only checks them all.
pub fn run(root: &Path, binary: Binary, check: bool) -> Result<()> {
    let mut stale = Vec::new();
    for (file, args) in FILES {
        let made = read(orderwright(root, &binary)?.args(*args))?;
        if made.trim().is_empty() {
            bail!("`orderwright {}` wrote nothing", args.join(" "));
        }
        let made = format!("{}\n", made.trim_end());
        let path = root.join(file);
        if std::fs::read_to_string(&path).is_ok_and(|old| old == made) {
            println!("{file}: up to date");
        } else if check {
            stale.push(*file);
        } else {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            }
            std::fs::write(&path, made).with_context(|| format!("cannot write {file}"))?;
            println!("{file}: written");
        }
    }
    if !stale.is_empty() {
        bail!("stale: {}; run `cargo xtask generate` and commit what it writes", stale.join(", "));
    }
    Ok(())
}

fn orderwright(root: &Path, binary: &Binary) -> Result<Command> {
    match binary {
        Binary::Cargo => Ok(cargo(root, &["run", "--quiet", "--locked", "--package", "orderwright", "--"])),
        Binary::Built => {
            let me: PathBuf = std::env::current_exe().context("where is this program?")?;
            let built = me.with_file_name("orderwright");
            if !built.is_file() {
                bail!("{} is not built", built.display());
            }
            let mut command = Command::new(built);
            command.current_dir(root);
            Ok(command)
        }
    }
}
