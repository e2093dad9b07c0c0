//! `orderwright openapi`: the contract of the HTTP API, without a server.

use std::process::ExitCode;

/// Print the OpenAPI document of the HTTP API.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  orderwright openapi > openapi.json")]
pub struct Args {}

/// Prints the document.
pub fn run(_: &Args) -> anyhow::Result<ExitCode> {
    super::show::line(crate::web::openapi())?;
    Ok(ExitCode::SUCCESS)
}
