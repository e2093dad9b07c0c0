//! How commands show things: lists as a table for people or as JSON for programs.
//!
//! A reader that has seen enough (`| head`) closes the pipe; that is no failure of the command.

use std::fmt::Display;
use std::io::Write;

use serde_json::Value;

/// Writes a line to standard output.
pub fn line(text: impl Display) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Prints rows: JSON (one array) when asked for, otherwise columns of the named fields.
pub fn rows(json: bool, fields: &[&str], rows: &[Value]) -> anyhow::Result<()> {
    if json {
        return line(serde_json::to_string_pretty(rows)?);
    }
    line(table(fields, rows).trim_end())
}

fn table(fields: &[&str], rows: &[Value]) -> String {
    let cells: Vec<Vec<String>> = rows.iter().map(|row| fields.iter().map(|f| cell(&row[*f])).collect()).collect();
    let widths: Vec<usize> = fields
        .iter()
        .enumerate()
        .map(|(n, field)| cells.iter().map(|row| row[n].chars().count()).chain([field.len()]).max().unwrap_or(0))
        .collect();
    let mut out = String::new();
    let head: Vec<String> = fields.iter().map(|f| f.to_uppercase()).collect();
    for row in std::iter::once(&head).chain(&cells) {
        let line: Vec<String> = row.iter().zip(&widths).map(|(text, width)| format!("{text:<width$}")).collect();
        out.push_str(line.join("  ").trim_end());
        out.push('\n');
    }
    out
}

/// A value in one line, without what a terminal would act on.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => return "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [json!({ "id": "a", "why": null }), json!({ "id": "long one", "why": "x\u{1b}[2Jy" })];
        assert_eq!(table(&["id", "why"], &rows), "ID        WHY\na         -\nlong one  x [2Jy\n");
    }
}
