//! The `orderwright` command.

use std::process::ExitCode;

/// Steadier memory under load than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    orderwright::cli::run()
}
