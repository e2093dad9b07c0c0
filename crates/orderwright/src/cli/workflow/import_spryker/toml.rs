//! Processes written as workflow files into a folder.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use orderwright_core::spryker::to_toml::write;
use orderwright_core::spryker::{Engine, Import};
use serde::Serialize;

/// Writes into one folder, and nothing that is there already.
pub(super) struct Writer {
    folder: PathBuf,
}

/// A file that was made, or why not.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Made {
    /// The file.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// What has no equivalent.
    missing: Vec<String>,
    /// What our own check says about the file.
    complaints: Vec<String>,
    /// Why there is no file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Writer {
    pub fn new(folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Writes one process. What can't be written is told in what comes back; the others go on.
    pub fn write(&mut self, engine: Engine, import: &Import) -> Made {
        let refuse = |error: String| Made { error: Some(error), ..Made::default() };
        if !import.is_whole() {
            return refuse("not written, since the process can't be read in full".to_owned());
        }
        let written = match write(engine, &import.process) {
            Ok(written) => written,
            Err(why) => return refuse(format!("not written: {why}")),
        };
        let path = self.folder.join(format!("{}.toml", written.name));
        let file = path.display().to_string();
        let made = std::fs::File::create_new(&path).and_then(|mut f| f.write_all(written.text.as_bytes()));
        match made {
            Ok(()) => Made { file: Some(file), missing: written.missing, complaints: written.complaints, error: None },
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
                refuse(format!("{file} is there already and was not touched; remove it or name another folder"))
            }
            Err(e) => refuse(format!("cannot write {file}: {e}")),
        }
    }
}

impl Made {
    /// For people.
    pub fn lines(&self) -> Vec<String> {
        let mut out = Vec::new();
        if let Some(error) = &self.error {
            out.push(error.clone());
        }
        if let Some(file) = &self.file {
            out.push(format!("{file}: written; {} things to be done by hand", self.missing.len()));
            out.extend(self.missing.iter().map(|what| format!("  {what}")));
            out.extend(self.complaints.iter().map(|what| format!("  check: {what}")));
        }
        out
    }
}
