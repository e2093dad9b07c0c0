//! Each rule has a small file that breaks exactly it. What is expected stands at the top of the file: the place, the beginning of the
//! message, and the steps that show it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use orderwright_core::workflow::explore::Limits;
use orderwright_core::workflow::{Code, Complaint, WorkflowSet};

/// Codes that no workflow file can break: a fault of the engine, and those of the tables beside a file.
const WITHOUT: &[Code] = &[Code::BrokenInvariant, Code::StoryFails, Code::WrongTable];
/// The partner that the files of two machines name.
const MAKER: &str = include_str!("rules/maker.toml");
/// Files that break nothing: what the others are made from.
const RIGHT: &[&str] = &["maker", "right"];

fn files() -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/findings/rules");
    let entries = std::fs::read_dir(folder).expect("the folder of files").map(|entry| entry.expect("a file").path());
    let mut files: Vec<_> =
        entries.map(|path| (path.file_stem().expect("a name").to_string_lossy().into_owned(), path)).collect();
    files.sort();
    files
}

fn found(text: &str) -> Vec<Complaint> {
    let mut set = WorkflowSet::new();
    set.insert(MAKER).unwrap_or_else(|complaints| panic!("{complaints:?}"));
    let checked = set.explore(text, Limits::default());
    assert!(checked.extent.left_out.is_empty(), "{:?}", checked.extent);
    checked.complaints
}

/// As the top of a file says it.
fn told(complaint: &Complaint) -> String {
    let mut out = format!(
        "# {}:{} {}: {}: {}\n",
        complaint.line, complaint.column, complaint.path, complaint.code, complaint.message
    );
    for (n, step) in complaint.trace.iter().enumerate() {
        out.push_str(&format!("# {}. {step}\n", n + 1));
    }
    out
}

#[test]
fn every_rule_bites_and_alone() {
    let mut wrong = Vec::new();
    for (name, path) in files() {
        let text = std::fs::read_to_string(&path).expect("readable");
        let found = found(&text);
        if RIGHT.contains(&name.as_str()) {
            assert!(found.is_empty(), "{name}: {found:?}");
            continue;
        }
        let code = name.split('.').next().unwrap_or_default();
        let expected: String = text.lines().take_while(|l| l.starts_with('#')).map(|l| format!("{l}\n")).collect();
        let told: String = found.iter().map(told).collect();
        if found.len() != 1 || found[0].code.name() != code || told != expected {
            wrong.push(format!("{name}.toml\nfound\n{told}expected\n{expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_its_file() {
    let files = files();
    let names: BTreeSet<&str> = files.iter().filter_map(|(name, _)| name.split('.').next()).collect();
    for code in Code::ALL {
        assert_eq!(names.contains(code.name()), !WITHOUT.contains(code), "{code}");
    }
}
