//! Finds process files as the engines do: OMS anywhere below its folder by base name, the state machine at one fixed place.
//!
//! Nothing outside of the folders at hand is read, whatever a reference says, and links to folders are not followed.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use orderwright_core::spryker::import::has_main;
use orderwright_core::spryker::xml::{self, Element};
use orderwright_core::spryker::{Engine, Found, Missing};

/// The folder of OMS processes in a project.
const OMS: &str = "oms";
/// The folder of state machines in a project; each machine has a folder in it.
const STATE_MACHINE: &str = "StateMachine";
/// The deepest folder that is looked into.
const MAX_DEPTH: usize = 32;
/// The most files that a folder may have.
const MAX_FILES: usize = 100_000;
/// The most bytes of XML that are read in one call; three hundred real files have one million.
const MAX_TOTAL: u64 = 64 * 1024 * 1024;
/// The most places that a message lists.
const TOLD: usize = 3;

/// A file that may be a process of its own.
#[derive(Clone, Debug)]
pub struct Main {
    /// Where it is.
    pub path: PathBuf,
    /// How it is shown.
    pub label: String,
    /// The file name without its extension.
    pub stem: String,
    /// The engine that its folder belongs to.
    pub engine: Engine,
    /// Whether its folder says so, or it is only the usual one.
    pub is_sure: bool,
    /// Its root element, or why it can't be read.
    pub root: Result<Arc<Element>, String>,
}

/// What is known of the files so far.
#[derive(Debug)]
pub struct Files {
    path: PathBuf,
    roots: Vec<PathBuf>,
    read: BTreeMap<PathBuf, Result<Arc<Element>, String>>,
    /// How many bytes were read.
    total: u64,
    /// A root → the files below it, relative, with `/`.
    below: BTreeMap<PathBuf, Arc<[String]>>,
}

impl Files {
    /// `path` is a folder or a file; `roots` are where subprocesses are looked for, when not at the usual places.
    pub fn new(path: &Path, roots: &[PathBuf]) -> anyhow::Result<Self> {
        std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
        for root in roots {
            if !root.is_dir() {
                bail!("--root {}: there is no such folder", root.display());
            }
        }
        Ok(Self {
            path: path.to_owned(),
            roots: roots.to_vec(),
            read: BTreeMap::new(),
            total: 0,
            below: BTreeMap::new(),
        })
    }

    /// Whether one file was asked for.
    pub fn is_single(&self) -> bool {
        !self.path.is_dir()
    }

    /// Every file that is a process of its own, or can't be read; for a single file that one, whatever it is. With an engine, what lies in
    /// the other one's folder is left out.
    pub fn mains(&mut self, engine: Option<Engine>) -> anyhow::Result<Vec<Main>> {
        if self.is_single() {
            let path = self.path.clone();
            return Ok(vec![self.main(&path)]);
        }
        let root = self.path.clone();
        let below = self.below(&root)?;
        let mut out = Vec::new();
        for relative in below.iter().filter(|r| r.to_ascii_lowercase().ends_with(".xml")) {
            let main = self.main(&root.join(relative));
            // The folder counts only below what was asked for: who names a folder means all that is in it.
            let of_folder = engine_of(Path::new(relative));
            if engine.is_some_and(|engine| of_folder.is_some_and(|other| other != engine)) {
                continue;
            }
            match main.root.as_ref().map(|root| has_main(root)) {
                Ok(Some(true)) | Err(_) => out.push(main),
                Ok(Some(false) | None) => {}
            }
        }
        Ok(out)
    }

    /// A file by its path.
    pub fn main(&mut self, path: &Path) -> Main {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let of_folder = engine_of(&absolute);
        Main {
            label: path.display().to_string(),
            stem: path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default(),
            engine: of_folder.unwrap_or(Engine::Oms),
            is_sure: of_folder.is_some(),
            root: self.root(path),
            path: path.to_owned(),
        }
    }

    /// The file that a reference means.
    pub fn lookup(&mut self, main: &Main, engine: Engine, reference: &str) -> Result<Found, Missing> {
        let path = match engine {
            Engine::Oms => self.in_oms(main, reference)?,
            Engine::StateMachine => self.in_machine(main, reference)?,
        };
        let root = self.root(&path).map_err(|why| Missing::Unreadable(format!("{}: {why}", path.display())))?;
        Ok(Found { file: path.display().to_string(), root })
    }

    /// OMS: the base name anywhere below the roots, at a path in which the folder of the reference stands as a word.
    fn in_oms(&mut self, main: &Main, reference: &str) -> Result<PathBuf, Missing> {
        let roots = self.roots_of(main, |path| nearest(path, OMS));
        let (folder, name) =
            reference.rsplit_once('/').map_or((None, reference), |(folder, name)| (Some(folder), name));
        let mut hits = Vec::new();
        for root in &roots {
            let below = self.below(root).map_err(|e| Missing::Unreadable(format!("{e:#}")))?;
            let fits = |relative: &&String| {
                relative.rsplit('/').next() == Some(name)
                    && folder.is_none_or(|folder| stands_as_word(relative, folder))
            };
            hits.extend(below.iter().filter(fits).map(|relative| root.join(relative)));
        }
        hits.sort();
        hits.dedup();
        match hits.as_slice() {
            [] => Err(Missing::None(format!("there is no such file below {}", shown(&roots)))),
            [hit] => Ok(hit.clone()),
            hits => Err(Missing::Several(format!("the engine does not choose among several files: {}", shown(hits)))),
        }
    }

    /// State machine: `<machine>/<reference>.xml`, and never outside of the folder of the machines.
    fn in_machine(&mut self, main: &Main, reference: &str) -> Result<PathBuf, Missing> {
        let mut roots = self.roots_of(main, machine);
        // A machine that is not where machines are (a module's tests) has its files beside it.
        if self.roots.is_empty() {
            roots.extend(self.roots_of(main, |_| None));
            roots.dedup();
        }
        let mut looked = Vec::new();
        for root in &roots {
            let fence = nearest(root, STATE_MACHINE).unwrap_or_else(|| root.clone());
            let Some(path) = plain(&root.join(format!("{reference}.xml")))
                .filter(|path| plain(&fence).is_some_and(|f| path.starts_with(f)))
            else {
                return Err(Missing::Unreadable(format!(
                    "it would be outside of {}, which is not read",
                    fence.display()
                )));
            };
            if path.is_file() {
                return Ok(path);
            }
            looked.push(path);
        }
        let hint = if reference.to_ascii_lowercase().ends_with(".xml") {
            "; this engine adds .xml itself: write the name without it"
        } else {
            ""
        };
        Err(Missing::None(format!("there is no {}{hint}", shown(&looked))))
    }

    /// The roots that were given, else the one that `usual` finds from the file, else the file's folder.
    fn roots_of(&self, main: &Main, usual: impl Fn(&Path) -> Option<PathBuf>) -> Vec<PathBuf> {
        if !self.roots.is_empty() {
            return self.roots.clone();
        }
        let folder = main.path.parent().map(Path::to_owned).unwrap_or_default();
        let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
        vec![usual(&folder).unwrap_or(folder)]
    }

    fn root(&mut self, path: &Path) -> Result<Arc<Element>, String> {
        if let Some(known) = self.read.get(path) {
            return known.clone();
        }
        let read = if self.total > MAX_TOTAL {
            Err(format!("more than {} MiB were read already; name a smaller folder", MAX_TOTAL / 1024 / 1024))
        } else {
            self.total += std::fs::metadata(path).map_or(0, |meta| meta.len().min(xml::MAX_FILE as u64));
            read(path)
        };
        self.read.insert(path.to_owned(), read.clone());
        read
    }

    fn below(&mut self, root: &Path) -> anyhow::Result<Arc<[String]>> {
        if let Some(known) = self.below.get(root) {
            return Ok(known.clone());
        }
        let mut out = Vec::new();
        walk(root, "", 0, &mut out)?;
        out.sort();
        let out: Arc<[String]> = out.into();
        self.below.insert(root.to_owned(), out.clone());
        Ok(out)
    }
}

fn read(path: &Path) -> Result<Arc<Element>, String> {
    let meta = std::fs::metadata(path).map_err(|e| format!("cannot be read: {e}"))?;
    if !meta.is_file() {
        return Err("is no file".to_owned());
    }
    if meta.len() > xml::MAX_FILE as u64 {
        return Err(format!("the file has {} KiB; at most {} are read", meta.len() / 1024, xml::MAX_FILE / 1024));
    }
    let bytes = std::fs::read(path).map_err(|e| format!("cannot be read: {e}"))?;
    xml::read(&bytes).map(Arc::new)
}

/// Every file below a folder but hidden ones, as the engines' finder sees them.
fn walk(folder: &Path, prefix: &str, depth: usize, out: &mut Vec<String>) -> anyhow::Result<()> {
    if depth > MAX_DEPTH {
        return Ok(());
    }
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read the folder {}", folder.display()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let relative = format!("{prefix}{name}");
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&entry.path(), &format!("{relative}/"), depth + 1, out)?;
        } else if entry.path().is_file() {
            if out.len() >= MAX_FILES {
                bail!("there are more than {MAX_FILES} files below the folder; name the one with the processes");
            }
            out.push(relative);
        }
    }
    Ok(())
}

/// The nearest folder of that name on the way up, the path itself included. A relative path is looked at from the root of the disk.
fn nearest(path: &Path, name: &str) -> Option<PathBuf> {
    let up = |path: &Path| path.ancestors().find(|a| a.file_name().is_some_and(|n| n == name)).map(Path::to_owned);
    up(path).or_else(|| up(&plain(path)?))
}

/// The folder of the machine that a file belongs to: the one just below `StateMachine`.
fn machine(folder: &Path) -> Option<PathBuf> {
    let all = nearest(folder, STATE_MACHINE)?;
    // A relative path may say nothing of `StateMachine`; then `nearest` has answered with an absolute one.
    let first = |folder: &Path| folder.strip_prefix(&all).ok()?.components().next().map(|c| all.join(c));
    first(folder).or_else(|| first(&plain(folder)?))
}

/// The engine whose folder is nearest on the way up.
fn engine_of(path: &Path) -> Option<Engine> {
    path.parent()?.ancestors().find_map(|a| match a.file_name()?.to_str()? {
        OMS => Some(Engine::Oms),
        STATE_MACHINE => Some(Engine::StateMachine),
        _ => None,
    })
}

/// The absolute path without `.` and `..`; links are not looked at.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut out = PathBuf::new();
    for component in std::path::absolute(path).ok()?.components() {
        match component {
            Component::ParentDir => {
                if !out.pop() {
                    return None;
                }
            }
            Component::CurDir => {}
            other => out.push(other),
        }
    }
    Some(out)
}

/// Whether `word` stands in the path with a word boundary on both sides (`\b` of regular expressions).
fn stands_as_word(path: &str, word: &str) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    let boundary = |at: usize| is_word(path[..at].chars().next_back()) != is_word(path[at..].chars().next());
    !word.is_empty() && path.match_indices(word).any(|(at, _)| boundary(at) && boundary(at + word.len()))
}

fn shown(paths: &[PathBuf]) -> String {
    let mut out: Vec<String> = paths.iter().take(TOLD).map(|p| p.display().to_string()).collect();
    if paths.len() > TOLD {
        out.push(format!("{} more", paths.len() - TOLD));
    }
    out.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_stand_as_words() {
        for (path, word, yes) in [
            ("DummySubprocess/A.xml", "DummySubprocess", true),
            ("x/DummySubprocess/A.xml", "DummySubprocess", true),
            ("DummySubprocess2/A.xml", "DummySubprocess", false),
            ("Dummy-Sub/A.xml", "Sub", true),
            ("A/B/C.xml", "A/B", true),
            ("A.xml", ".", true),
            ("A.xml", "", false),
        ] {
            assert_eq!(stands_as_word(path, word), yes, "{word} in {path}");
        }
    }

    #[test]
    fn engines_and_machines_are_told_by_folders() {
        let of = |path: &str| engine_of(Path::new(path));
        assert_eq!(of("config/Zed/oms/A.xml"), Some(Engine::Oms));
        assert_eq!(of("config/Zed/StateMachine/Merchant/Sub/A.xml"), Some(Engine::StateMachine));
        assert_eq!((of("A.xml"), of("oms.xml")), (None, None));
        assert_eq!(machine(Path::new("/a/StateMachine/Merchant/Sub")), Some(PathBuf::from("/a/StateMachine/Merchant")));
        assert_eq!(machine(Path::new("/a/StateMachine")), None);
        assert_eq!(nearest(Path::new("/a/oms/b/oms/c"), OMS), Some(PathBuf::from("/a/oms/b/oms")));
    }
}
