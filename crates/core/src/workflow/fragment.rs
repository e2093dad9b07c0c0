//! Fragments: parts of a lifecycle that several workflows use, each in a file of its own.
//!
//! A fragment has states and named exits. A workflow takes it in under a prefix and says which of its own states each exit is; what it then
//! runs is one machine like any other. Its version covers what the fragment does, and what is stored of it holds the fragment's text, so a
//! fragment that changes later changes no order. How a file is read is in `read::fragment`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::complaint::Complaint;
use super::read;

/// A fragment as its file says it.
#[derive(Clone, Debug)]
pub struct Fragment {
    /// The name that workflows use it by.
    pub name: String,
    /// For people.
    pub title: String,
    /// Public statuses that its states show.
    pub statuses: Vec<String>,
    /// The names of its ways out: a workflow says which of its states each is.
    pub exits: Vec<String>,
    /// Names of its states, without a prefix.
    pub states: Vec<String>,
}

/// Fragments by name, as texts.
#[derive(Clone, Debug, Default)]
pub struct Fragments {
    texts: BTreeMap<String, Arc<str>>,
}

impl Fragments {
    /// Reads a fragment and takes it in; one of the same name is replaced.
    pub fn insert(&mut self, text: &str) -> Result<Fragment, Vec<Complaint>> {
        let fragment = read::fragment(text)?;
        self.texts.insert(fragment.name.clone(), text.into());
        Ok(fragment)
    }

    /// The text of the fragment of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<str>> {
        self.texts.get(name)
    }

    /// The names, sorted.
    pub fn names(&self) -> Vec<&str> {
        self.texts.keys().map(String::as_str).collect()
    }

    /// Takes a text in under a name without a look at it.
    pub(super) fn embed(&mut self, name: &str, text: &str) {
        self.texts.insert(name.to_owned(), text.into());
    }
}

/// The workflow's text with the fragments that it uses beside it, so that it can be read again without them: what is stored of a version.
pub(super) fn bundle(text: &str, used: &[String], fragments: &Fragments) -> String {
    let mut out = text.to_owned();
    let missing: Vec<&String> = used.iter().filter(|name| fragments.get(name).is_some()).collect();
    if !missing.is_empty() {
        out.push_str("\n\n[fragments]\n");
    }
    for name in missing {
        let body = fragments.get(name).map_or("", |text| text);
        // A JSON string is a basic string of TOML, but for DEL.
        let quoted = serde_json::Value::from(body).to_string().replace('\u{7f}', "\\u007f");
        out.push_str(&format!("{name} = {quoted}\n"));
    }
    out
}
