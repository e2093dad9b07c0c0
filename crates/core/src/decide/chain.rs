//! The chain of an order's timeline: each entry has a hash that is made with the one before it, so that an entry which was changed, left
//! out or put in afterwards breaks the chain at its place.
//!
//! One rule, for who writes an entry and for who proves a history. What is not here: reading the entries, and what a broken chain means.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::id::EntryId;
use crate::time::Timestamp;

/// What of an entry its hash is made of.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// Its id.
    pub id: EntryId,
    /// Its place on the order's timeline, from 1.
    pub seq: i64,
    /// When it was written.
    pub at: Timestamp,
    /// Its kind.
    pub kind: &'a str,
    /// What people read.
    pub message: &'a str,
    /// What programs read, with the records of the commands.
    pub metadata: &'a Value,
    /// Who did it.
    pub created_by: &'a str,
}

/// The hash of an entry: SHA-256, in lower-case hexadecimal digits, of the hash before it in such digits (nothing for the first entry),
/// followed by this JSON without spaces: `[id, seq, at, kind, message, metadata, created_by]`, with the id as it is shown, the time in
/// microseconds since 1970, and the keys of objects in the metadata in alphabetical order.
pub fn entry_hash(before: &str, link: &Link<'_>) -> String {
    let Link { id, seq, at, kind, message, metadata, created_by } = link;
    let facts = json!([id.to_string(), seq, at.0, kind, message, metadata, created_by]);
    let digest = Sha256::new().chain_update(before).chain_update(facts.to_string()).finalize();
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is stored was made by this rule: it cannot change.
    #[test]
    fn the_rule_is_as_documented() {
        let metadata = json!({ "b": 1, "a": null });
        let link = Link {
            id: EntryId(1),
            seq: 2,
            at: Timestamp(3),
            kind: "note",
            message: "Größe",
            metadata: &metadata,
            created_by: "usr_1",
        };
        let text = format!(r#"ff["{}",2,3,"note","Größe",{{"a":null,"b":1}},"usr_1"]"#, EntryId(1));
        let wanted: String = Sha256::digest(text).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(entry_hash("ff", &link), wanted);
        assert_ne!(entry_hash("", &link), wanted);
    }
}
