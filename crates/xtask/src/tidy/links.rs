//! Links in the documents lead somewhere: to a file or folder of the project, and to a heading that exists.
//!
//! Addresses outside the project are not visited: a check that needs other people's servers fails for their reasons.

use super::tree::Tree;
use super::{Complaints, complain};

/// Every relative link in a Markdown file resolves.
pub fn links_resolve(tree: &Tree, complaints: &mut Complaints) {
    for (path, text) in tree.texts(".md") {
        for (line, target) in links(text) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, heading) = target.split_once('#').unwrap_or((&target, ""));
            let Some(file) = resolve(path, file) else {
                complain(complaints, path, line, format!("`{target}` leads out of the project"));
                continue;
            };
            if !tree.has(&file) {
                complain(complaints, path, line, format!("`{target}` leads nowhere: there is no {file}"));
            } else if !heading.is_empty()
                && tree.text(&file).is_some_and(|text| !headings(text).any(|slug| slug == heading))
            {
                complain(complaints, path, line, format!("`{target}` leads nowhere: {file} has no such heading"));
            }
        }
    }
}

/// The targets of `[text](target)` and `[name]: target`, with their lines; what is code is no link.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        let mut rest = line.as_str();
        while let Some(at) = rest.find("](") {
            rest = &rest[at + 2..];
            let target = rest.split([')', ' ']).next().unwrap_or_default();
            found.push((number, target.trim_matches(['<', '>']).to_owned()));
        }
        if let Some((name, target)) = line.split_once("]: ")
            && name.starts_with('[')
        {
            found.push((number, target.split(' ').next().unwrap_or_default().trim_matches(['<', '>']).to_owned()));
        }
    }
    found
}

/// The lines outside of code blocks, without their inline code.
fn prose(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            return None;
        }
        (!fenced).then(|| (index + 1, line.split('`').step_by(2).collect()))
    })
}

/// The anchors of a document's headings, as GitHub makes them.
fn headings(text: &str) -> impl Iterator<Item = String> {
    let mut fenced = false;
    text.lines().filter_map(move |line| {
        fenced ^= line.trim_start().starts_with("```");
        let title = line.trim_start_matches('#');
        let heading = !fenced && line.starts_with('#') && title.starts_with(' ');
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        heading.then(|| title.trim().to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-"))
    })
}

/// A link's target as a path from the root; `None` when it leads out of the project.
fn resolve(from: &str, target: &str) -> Option<String> {
    if target.is_empty() {
        return Some(from.to_owned());
    }
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let start = if target.starts_with('/') { "" } else { folder };
    let mut parts: Vec<&str> = start.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match part {
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::sample::places;

    #[test]
    fn links_that_lead_nowhere_are_found() {
        let readme = "# One\n[a](docs/a.md) [b](docs/b.md) [d](docs)\n[c](https://example.org/x) [here](#one) [not](#two)\n```\n[x](y)\n```\n`[x](y)` [o](../out.md)\n[ref]: docs/gone.md\n";
        let a = "# What it is: *a* test\n[up](../README.md#one) [self](#what-it-is-a-test) [off](../README.md#three)\n";
        let found = places(links_resolve, &[("README.md", readme), ("docs/a.md", a)]);
        assert_eq!(found, ["README.md:2", "README.md:3", "README.md:7", "README.md:8", "docs/a.md:2"]);
    }
}
