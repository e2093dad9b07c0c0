//! The files of the project: their paths, and the text of those that a rule reads.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};

/// Folders that are not the project's own: built, downloaded or made by a demo run.
const FOREIGN: &[&str] = &["target", "node_modules", "demo-data"];

/// Hidden folders that are part of the project; every other one belongs to a tool.
const HIDDEN: &[&str] = &[".cargo", ".ci", ".github"];

/// The kinds of file whose text the rules read.
const READ: &[&str] = &[".rs", ".md", ".toml"];

/// All files by path, relative to the root and with `/`; the text only of those that are read.
pub struct Tree {
    files: BTreeMap<String, Option<String>>,
}

impl Tree {
    /// Reads the tree under a folder.
    pub fn read(root: &Path) -> Result<Tree> {
        let mut tree = Tree { files: BTreeMap::new() };
        tree.walk(root, "")?;
        Ok(tree)
    }

    /// A tree from paths and texts.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Tree {
        Tree { files: files.iter().map(|(path, text)| (path.to_string(), Some(text.to_string()))).collect() }
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// The paths of all files, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The text of a file that is read.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.as_deref()
    }

    /// Paths and texts of the files with this ending (`".rs"`).
    pub fn texts(&self, ending: &str) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .filter(move |(path, _)| path.ends_with(ending))
            .filter_map(|(p, t)| Some((p.as_str(), t.as_deref()?)))
    }

    /// Whether there is such a file or folder.
    pub fn has(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        path.is_empty() || self.files.contains_key(path) || self.paths().any(|p| p.starts_with(&folder))
    }

    fn walk(&mut self, folder: &Path, prefix: &str) -> Result<()> {
        for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            let kind = entry.file_type()?;
            if kind.is_dir() {
                let hidden = name.starts_with('.') && !HIDDEN.contains(&name.as_str());
                if !hidden && !FOREIGN.contains(&name.as_str()) {
                    self.walk(&entry.path(), &format!("{path}/"))?;
                }
            } else if kind.is_file() {
                let text = match READ.iter().any(|ending| name.ends_with(ending)) {
                    true => Some(std::fs::read_to_string(entry.path()).with_context(|| format!("cannot read {path}"))?),
                    false => None,
                };
                self.files.insert(path, text);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Tree;
    use crate::tidy::sample::Folder;

    #[test]
    fn a_tree_is_read_without_what_is_not_ours() {
        let folder = Folder::with(&[
            ("Cargo.toml", "[workspace]"),
            (".cargo/config.toml", "[alias]"),
            (".git/config", "not ours"),
            ("target/debug/x.rs", "not ours"),
            ("e2e/node_modules/x/README.md", "not ours"),
            ("docs/openapi.json", "{}"),
        ]);
        let tree = Tree::read(folder.path()).expect("the folder is readable");
        assert_eq!(tree.paths().collect::<Vec<_>>(), [".cargo/config.toml", "Cargo.toml", "docs/openapi.json"]);
        assert_eq!(tree.text("Cargo.toml"), Some("[workspace]"));
        assert_eq!(tree.text("docs/openapi.json"), None);
        assert!(tree.has("docs") && tree.has("docs/openapi.json") && !tree.has("doc"));
    }
}
