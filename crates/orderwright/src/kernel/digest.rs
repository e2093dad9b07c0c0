//! SHA-256 digests.

use sha2::{Digest, Sha256};

/// The digest of parts, each with its length before it, so that no two lists of parts collide by where they are cut.
pub fn of(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// A positive 63-bit number from the digest of parts: the id of something that is named by its content.
pub fn id(parts: &[&[u8]]) -> i64 {
    let digest = of(parts);
    let number = digest[..8].iter().fold(0u64, |n, &byte| (n << 8) | u64::from(byte));
    (number >> 1).cast_signed()
}
