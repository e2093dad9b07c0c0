//! Codes and pages agree.

use std::collections::BTreeSet;
use std::path::Path;

use orderwright_core::workflow::Code;

/// Pages of codes that only an import knows begin so; another list holds those.
const FOREIGN: &str = "spryker-";

fn pages() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/findings")
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let codes: BTreeSet<String> = Code::ALL.iter().map(|code| code.name().to_owned()).collect();
    assert_eq!(codes.len(), Code::ALL.len(), "a code names one rule");
    let files = std::fs::read_dir(pages()).expect("the folder of pages").map(|file| file.expect("a file").file_name());
    let found: BTreeSet<String> = files
        .filter_map(|name| name.to_string_lossy().strip_suffix(".md").map(str::to_owned))
        .filter(|name| name != "README" && !name.starts_with(FOREIGN))
        .collect();
    assert_eq!(found, codes);
    let index = std::fs::read_to_string(pages().join("README.md")).expect("the index of pages");
    for code in codes {
        let page = std::fs::read_to_string(pages().join(format!("{code}.md"))).expect("a page");
        assert!(page.starts_with(&format!("# {code}\n")), "{code}");
        for part in ["## For example", "## What to do"] {
            assert!(page.contains(part), "{code} has no {part}");
        }
        assert!(index.contains(&format!("[`{code}`]({code}.md)")), "{code} is not in the index");
    }
}

#[test]
fn a_code_is_small_letters_and_dashes() {
    for code in Code::ALL {
        let name = code.name();
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') && !name.starts_with(FOREIGN), "{name}");
        assert_eq!(serde_json::to_value(code).expect("a string"), name);
    }
}
