//! What a workflow must pass before it is published: the checker and the table beside it, with everything that would be current with it.
//!
//! The files of one publishing are proved together, so that both sides of a coupled pair can change their words at once. This is the one
//! place that decides what proof publishing asks for.

use std::sync::Arc;

use orderwright_core::workflow::{Code, Complaint, Kind, Workflow, WorkflowSet, cases, is_fragment, read_with};

/// A text to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// What findings call it: its path, or its place in the request.
    pub name: String,
    /// The text of a workflow, or of a fragment that the others use.
    pub text: String,
    /// The table beside it, if there is one: stories that must come out as told.
    pub table: Option<Table>,
}

/// A table of stories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What findings call it.
    pub name: String,
    /// The text.
    pub text: String,
}

/// A workflow that may be published.
#[derive(Clone, Debug)]
pub struct Proved {
    /// The place of its file.
    pub file: usize,
    /// The workflow.
    pub workflow: Arc<Workflow>,
    /// The text to keep: with the fragments that it uses, so that it can be read wherever it is.
    pub text: String,
}

/// Something that keeps a workflow from being published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// In which file; a workflow that is published already is called by its name.
    pub file: String,
    /// What and where.
    pub complaint: Complaint,
}

/// Proves files beside what is current. The workflows come back with the place of their file, in an order in which they can be published.
pub fn prove(current: &WorkflowSet, files: &[File]) -> Result<Vec<Proved>, Vec<Finding>> {
    let mut findings = Vec::new();
    let mut given: Vec<(usize, Workflow)> = Vec::new();
    let mut set = WorkflowSet::new();
    for file in files.iter().filter(|file| is_fragment(&file.text)) {
        if let Err(complaints) = set.insert_fragment(&file.text) {
            findings.extend(complaints.into_iter().map(|complaint| Finding { file: file.name.clone(), complaint }));
        }
    }
    for (n, file) in files.iter().enumerate().filter(|(_, file)| !is_fragment(&file.text)) {
        let found = |complaint| Finding { file: file.name.clone(), complaint };
        match read_with(&file.text, set.fragments()) {
            Err(complaints) => findings.extend(complaints.into_iter().map(found)),
            Ok(workflow) if workflow.kind == Kind::Dispute => {
                let line = workflow.lines.get("kind").copied().unwrap_or(1);
                let message =
                    "lifecycles of disputes come with the program, and no other version of them can be published yet";
                findings.push(found(Complaint::on_line(Code::WrongValue, line, "kind", message)));
            }
            Ok(workflow) => match given.iter().find(|(_, other)| other.name == workflow.name) {
                Some((other, _)) => {
                    let line = workflow.lines.get("name").copied().unwrap_or(1);
                    let message =
                        format!("`{}` is the name of the workflow in {} too", workflow.name, files[*other].name);
                    findings.push(found(Complaint::on_line(Code::WrongName, line, "name", message)));
                }
                None => given.push((n, workflow)),
            },
        }
    }
    if !findings.is_empty() {
        return Err(findings);
    }
    let replaced = |name: &str| given.iter().any(|(_, workflow)| workflow.name == name);
    let kept: Vec<(Arc<Workflow>, String)> = current
        .iter()
        .filter(|w| !replaced(&w.name))
        .filter_map(|w| Some((w.clone(), current.text(&w.version)?.to_owned())))
        .collect();
    let mut proved: Vec<Proved> = Vec::new();
    // Merchants' sides first: the others are checked against them.
    for kind in [Kind::Merchant, Kind::Order] {
        for (workflow, text) in kept.iter().filter(|(w, _)| w.kind == kind) {
            if let Err(complaints) = set.insert(text) {
                let file = format!("{} (published)", workflow.name);
                findings.extend(complaints.into_iter().map(|complaint| Finding { file: file.clone(), complaint }));
            }
        }
        for (n, _) in given.iter().filter(|(_, w)| w.kind == kind) {
            match set.insert(&files[*n].text) {
                Ok(workflow) => {
                    let text = set.text(&workflow.version).unwrap_or(&files[*n].text).to_owned();
                    proved.push(Proved { file: *n, workflow, text });
                }
                Err(complaints) => {
                    let file = files[*n].name.clone();
                    findings.extend(complaints.into_iter().map(|complaint| Finding { file: file.clone(), complaint }));
                }
            }
        }
    }
    if !findings.is_empty() {
        return Err(findings);
    }
    // All together, as orders will meet them: what is given, and what is published and runs with it.
    let partner_is_given = |w: &Workflow| w.partner.as_deref().is_some_and(replaced);
    let beside = kept.iter().filter(|(w, _)| partner_is_given(w));
    let beside = beside.map(|(w, text)| (format!("{} (published)", w.name), text.as_str()));
    let given = files.iter().filter(|file| !is_fragment(&file.text));
    let given = given.map(|file| (file.name.clone(), file.text.as_str()));
    for (file, text) in given.chain(beside) {
        if let Err(complaints) = set.check(text) {
            findings.extend(complaints.into_iter().map(|complaint| Finding { file: file.clone(), complaint }));
        }
    }
    for found in &proved {
        if let Some(table) = &files[found.file].table {
            let complaints = cases::check(&table.text, &found.workflow, &set).into_iter();
            findings.extend(complaints.map(|complaint| Finding { file: table.name.clone(), complaint }));
        }
    }
    if findings.is_empty() { Ok(proved) } else { Err(findings) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MERCHANT: &str = include_str!("../../../../../workflows/merchant.toml");
    const SPLIT: &str = include_str!("../../../../../workflows/marketplace-split.toml");
    const RETAIL: &str = include_str!("../../../../../workflows/retail.toml");

    fn tried(files: &[(&str, String)]) -> Result<Vec<String>, Vec<String>> {
        let files: Vec<File> = files
            .iter()
            .map(|(name, text)| File { name: (*name).to_owned(), text: text.clone(), table: None })
            .collect();
        let set = WorkflowSet::shipped().expect("shipped");
        match prove(&set, &files) {
            Ok(proved) => Ok(proved.iter().map(|p| p.workflow.name.clone()).collect()),
            Err(found) => Err(found.iter().map(|f| format!("{}: {}", f.file, f.complaint)).collect()),
        }
    }

    #[test]
    fn both_sides_change_their_words_together_or_not_at_all() {
        let merchant = MERCHANT.replace("on.withdraw", "on.take_back");
        let split = SPLIT.replace("merchant.withdraw", "merchant.take_back");
        let both = tried(&[("s.toml", split.clone()), ("m.toml", merchant.clone())]);
        assert_eq!(both, Ok(vec!["merchant".to_owned(), "marketplace-split".to_owned()]));
        let alone = tried(&[("m.toml", merchant)]).expect_err("the other side would break");
        assert!(alone.iter().any(|f| f.starts_with("marketplace-split (published):")), "{alone:?}");
        let alone = tried(&[("s.toml", split)]).expect_err("the other side cannot take it");
        assert!(alone.iter().any(|f| f.starts_with("s.toml:")), "{alone:?}");
    }

    #[test]
    fn findings_name_the_file_and_the_line() {
        let wrong = RETAIL.replace("status = \"shipped\"", "status = \"sipped\"");
        let found = tried(&[("retail.toml", wrong)]).expect_err("a wrong status");
        assert!(found[0].starts_with("retail.toml: line "), "{found:?}");
        let twice = tried(&[("a.toml", RETAIL.to_owned()), ("b.toml", RETAIL.to_owned())]).expect_err("one name");
        assert!(twice[0].starts_with("b.toml:") && twice[0].contains("a.toml"), "{twice:?}");
    }

    #[test]
    fn a_table_that_is_told_otherwise_and_a_fragment_that_is_not_given_keep_a_file_back() {
        let set = WorkflowSet::shipped().expect("shipped");
        let table = include_str!("../../../../../workflows/retail.cases");
        let with = |text: &str| {
            let table = Some(Table { name: "retail.cases".to_owned(), text: text.to_owned() });
            prove(&set, &[File { name: "retail.toml".to_owned(), text: RETAIL.to_owned(), table }])
        };
        assert_eq!(with(table).expect("as told").len(), 1);
        let found = with(&table.replace("confirmed", "processing")).expect_err("told otherwise");
        assert!(found.iter().all(|f| f.file == "retail.cases" && f.complaint.line > 1), "{found:?}");

        const RETURNS: &str = include_str!("../../../../../docs/examples/workflows/returns.toml");
        const SHOP: &str = include_str!("../../../../../docs/examples/workflows/bookshop.toml");
        let file = |name: &str, text: &str| File { name: name.to_owned(), text: text.to_owned(), table: None };
        assert!(prove(&set, &[file("shop.toml", SHOP)]).is_err());
        let proved = prove(&set, &[file("shop.toml", SHOP), file("returns.toml", RETURNS)]).expect("both are given");
        assert_eq!((proved.len(), proved[0].file), (1, 0));
        let mut other = WorkflowSet::new();
        let kept = other.adopt(&proved[0].text).expect("the text brings its fragment along");
        assert_eq!(kept.version, proved[0].workflow.version);
    }
}
