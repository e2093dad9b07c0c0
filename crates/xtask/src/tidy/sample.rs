//! Small trees for the tests of the rules.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::tree::Tree;
use super::{Complaints, Rule};

/// What a rule says about a tree, as `path:line`.
pub fn places(rule: Rule, files: &[(&str, &str)]) -> Vec<String> {
    let mut complaints = Complaints::new();
    rule(&Tree::of(files), &mut complaints);
    complaints.into_iter().map(|c| format!("{}:{}", c.file, c.line)).collect()
}

/// A folder with files that is removed when it is dropped.
pub struct Folder(PathBuf);

impl Folder {
    /// Writes the files into a new folder.
    pub fn with(files: &[(&str, &str)]) -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("orderwright-tidy-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = Folder(std::env::temp_dir().join(name));
        for (path, text) in files {
            let path = folder.0.join(path);
            std::fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a temporary folder");
            std::fs::write(path, text).expect("a temporary file");
        }
        folder
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing depends on it: it is in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
