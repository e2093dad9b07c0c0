//! `cargo xtask ci`: `test` as a build server should run it, on a clean checkout that must still be clean afterwards.
//!
//! What it adds to `test`: nobody forgot to commit a file that a chore writes, and no test leaves files in the tree.

use std::path::Path;

use anyhow::{Result, bail};

use crate::shell::{command, read, step};
use crate::test;

/// Checks that the tree is clean, runs everything, and checks again.
pub fn run(root: &Path) -> Result<()> {
    step("clean checkout", || clean(root))?;
    test::everything(root)?;
    step("still clean", || clean(root))
}

fn clean(root: &Path) -> Result<()> {
    let changed = read(&mut command(root, "git", &["status", "--porcelain"]))?;
    if !changed.is_empty() {
        bail!("files that are not committed:\n{changed}");
    }
    Ok(())
}
