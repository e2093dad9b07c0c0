//! How a file looks: short, its doc first, nothing left over from the work on it, and silent unless it is a command line.

use super::source::{Source, has};
use super::tree::Tree;
use super::{Complaints, complain};

/// The most lines that a file may have. New files aim at 500; beyond this one, a file is two.
const MAX_LINES: usize = 800;

/// Macros that stand for work not done; they are in no file, tests included.
const LEFTOVERS: &[&str] = &["todo!", "unimplemented!", "dbg!"];

/// Macros that write to the terminal.
const PRINTS: &[&str] = &["println!", "eprintln!", "print!", "eprint!"];

/// Where the terminal is the interface, by the beginning of the path.
const COMMAND_LINES: &[&str] = &[
    "crates/bench/",
    "crates/orderwright/src/cli/",
    "crates/orderwright/src/cli.rs",
    "crates/orderwright/src/main.rs",
    "crates/xtask/",
];

/// A file is read in one go.
pub fn files_are_short(tree: &Tree, complaints: &mut Complaints) {
    for (path, text) in tree.texts(".rs") {
        let lines = text.lines().count();
        if lines > MAX_LINES {
            complain(complaints, path, MAX_LINES, format!("{lines} lines; at most {MAX_LINES}: split the file"));
        }
    }
}

/// What a file is for comes first in it.
pub fn files_begin_with_their_doc(tree: &Tree, complaints: &mut Complaints) {
    for (path, text) in tree.texts(".rs") {
        let doc = text.lines().next().and_then(|line| line.strip_prefix("//!"));
        if doc.is_none_or(|doc| doc.trim().is_empty()) {
            complain(complaints, path, 1, "begins without a module doc (`//! what this is for`)");
        }
    }
}

/// Nothing is left to be done later.
pub fn no_leftovers(tree: &Tree, complaints: &mut Complaints) {
    for (path, text) in tree.texts(".rs") {
        for (line, code) in Source::parse(text).lines() {
            for word in LEFTOVERS.iter().filter(|word| has(code, word)) {
                complain(complaints, path, line, format!("`{word}` is not for the repository"));
            }
        }
    }
}

/// A server logs; only a command line prints. Tests print what helps to understand a failure.
pub fn only_command_lines_print(tree: &Tree, complaints: &mut Complaints) {
    for (path, text) in tree.texts(".rs") {
        if COMMAND_LINES.iter().any(|begin| path.starts_with(begin)) || path.contains("/tests/") {
            continue;
        }
        for (line, code) in Source::parse(text).production() {
            for word in PRINTS.iter().filter(|word| has(code, word)) {
                complain(complaints, path, line, format!("`{word}` outside the command line: use tracing"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::sample::places;

    const OP: &str = "crates/orderwright/src/ops/place.rs";

    #[test]
    fn long_files_are_found() {
        let (short, long) = ("//! x\n".repeat(MAX_LINES), "//! x\n".repeat(MAX_LINES + 1));
        assert_eq!(places(files_are_short, &[("a.rs", &short), ("b.rs", &long), ("c.md", &long)]), ["b.rs:800"]);
    }

    #[test]
    fn files_without_a_doc_are_found() {
        let files =
            [("a.rs", "//! What it is for.\n"), ("b.rs", "use a;\n//! late\n"), ("c.rs", "//!\n"), ("d.rs", "")];
        assert_eq!(places(files_begin_with_their_doc, &files), ["b.rs:1", "c.rs:1", "d.rs:1"]);
    }

    #[test]
    fn leftovers_are_found() {
        let text = "//! todo!\nfn a() { todo!() }\nconst B: &str = \"dbg!\"; // unimplemented!\nfn c() { dbg!(1); }\n";
        assert_eq!(places(no_leftovers, &[(OP, text), ("crates/xtask/src/a.rs", text)]).len(), 4);
    }

    #[test]
    fn prints_are_found_outside_the_command_line() {
        let text =
            "//! x\nfn a() { println!(\"b\"); }\n#[cfg(test)]\nmod tests {\n    fn a() { eprintln!(\"b\"); }\n}\n";
        let quiet = [("crates/orderwright/src/cli/demo.rs", text), ("crates/orderwright/src/main.rs", text)];
        assert_eq!(places(only_command_lines_print, &quiet), [""; 0]);
        assert_eq!(places(only_command_lines_print, &[(OP, text)]), [format!("{OP}:2")]);
    }
}
