//! Randomness of the operating system: secrets of tokens.

use orderwright_core::id::encode;

/// 26 characters of base 32 from 16 random bytes.
#[expect(clippy::disallowed_methods, reason = "the one place that asks for randomness")]
pub fn secret() -> Result<String, getrandom::Error> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes)?;
    let (a, b) = bytes.split_at(8);
    let mut text = String::with_capacity(26);
    for half in [a, b] {
        let number = half.iter().fold(0u64, |n, &byte| (n << 8) | u64::from(byte));
        text.extend(encode((number >> 1).cast_signed()).iter().map(|&c| c as char));
    }
    Ok(text)
}
