//! Versions of workflows: proving and publishing them, how nodes learn of them, moving orders in flight from one to another, and playing
//! history through one that is not published yet.

pub mod find;
pub mod follow;
pub mod migrate;
pub mod prove;
pub mod publish;
pub mod shadow;

/// What tells texts apart, in hex.
fn digest(text: &str) -> String {
    crate::kernel::digest::of(&[text.as_bytes()]).iter().map(|b| format!("{b:02x}")).collect()
}
