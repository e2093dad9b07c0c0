//! Files that somebody gives: read whole, up to a bound.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail};

/// The bytes of a file that is not larger than that.
pub fn read(path: &Path, max_bytes: u64) -> anyhow::Result<Vec<u8>> {
    let file = File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    let mut bytes = Vec::new();
    file.take(max_bytes + 1).read_to_end(&mut bytes).with_context(|| format!("{} cannot be read", path.display()))?;
    if bytes.len() as u64 > max_bytes {
        bail!("{} is larger than {} MiB: split it, orders kept whole", path.display(), max_bytes / 1024 / 1024);
    }
    Ok(bytes)
}
