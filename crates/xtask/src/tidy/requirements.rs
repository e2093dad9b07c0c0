//! The table of requirements names tests that exist, and leaves no sentence without an answer.
//!
//! It looks for the function in a file of that name; whether the test shows what the table says is for people to judge.

use super::tree::Tree;
use super::{Complaints, complain};

const TABLE: &str = "docs/requirements.md";
/// What a row says as long as nothing shows it.
const OPEN: &str = "open";

/// Every row of the table names tests, `file::function`, each of which is there; or says that it is open.
pub fn requirements_are_shown_by_tests(tree: &Tree, complaints: &mut Complaints) {
    for (index, line) in tree.text(TABLE).unwrap_or_default().lines().enumerate() {
        let Some(row) = line.strip_prefix("| ").and_then(|l| l.strip_suffix(" |")) else { continue };
        let Some((sentence, shown)) = row.rsplit_once(" | ") else { continue };
        if sentence == "sentence" || sentence.starts_with("---") || shown == OPEN {
            continue;
        }
        let names: Vec<&str> = shown.split('`').skip(1).step_by(2).collect();
        if names.is_empty() {
            complain(complaints, TABLE, index + 1, "a sentence that no test shows: name one, or say that it is open");
        }
        for name in names.into_iter().filter(|name| !exists(tree, name)) {
            complain(complaints, TABLE, index + 1, format!("there is no test `{name}`"));
        }
    }
}

fn exists(tree: &Tree, name: &str) -> bool {
    let Some((file, function)) = name.rsplit_once("::") else { return false };
    let (ending, definition) = (format!("/{file}.rs"), format!("fn {function}("));
    tree.texts(&ending).any(|(_, text)| text.contains(&definition))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::sample::places;

    #[test]
    fn tests_that_are_not_there_are_found() {
        let table = "| sentence | shown by |\n| --- | --- |\n| a | `here::it_is` |\n| b | open |\n| c | `here::it_is_not` |\n| d | nothing |\n| e | `there::it_is` |\n";
        let files = [(TABLE, table), ("crates/x/tests/here.rs", "fn it_is() {}\n")];
        let lines = ["docs/requirements.md:5", "docs/requirements.md:6", "docs/requirements.md:7"];
        assert_eq!(places(requirements_are_shown_by_tests, &files), lines);
    }
}
