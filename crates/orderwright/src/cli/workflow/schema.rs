//! `orderwright workflow schema`: the JSON Schema of workflow files, for editors.

use std::process::ExitCode;

use crate::cli::show;

/// Prints it.
pub fn run() -> anyhow::Result<ExitCode> {
    show::line(serde_json::to_string_pretty(&orderwright_core::workflow::schema::schema())?)?;
    Ok(ExitCode::SUCCESS)
}
