//! `demo.json`: what a person or a script needs to use the demo (address, keys, what can be bought).
//!
//! It holds keys, so only its owner may read it; it is replaced whole, so nobody reads half of it.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

/// The file's name in the data folder.
pub const NAME: &str = "demo.json";

/// The file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoFile {
    /// Where the server listens, as this machine reaches it.
    pub base_url: String,
    /// API keys.
    pub tokens: Tokens,
    /// E-mail addresses and passwords of the portals. Empty until there are portals to sign in to.
    pub logins: BTreeMap<String, String>,
    /// What each channel sells.
    pub channels: BTreeMap<String, ChannelEntry>,
}

/// API keys by whom they speak for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// Platform administration.
    pub admin: String,
    /// Platform operations.
    pub ops: String,
    /// By channel.
    pub retailers: BTreeMap<String, String>,
    /// By channel.
    pub storefronts: BTreeMap<String, String>,
    /// By merchant id.
    pub merchants: BTreeMap<String, String>,
    /// By the brand's name in splits. Files of before there were such keys have none.
    #[serde(default)]
    pub brands: BTreeMap<String, String>,
    /// By customer id.
    pub customers: BTreeMap<String, String>,
}

/// A channel's offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelEntry {
    /// ISO 4217.
    pub currency: String,
    /// In the order of the channel's list.
    pub items: Vec<ItemEntry>,
}

/// An offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemEntry {
    /// Stock keeping unit.
    pub sku: String,
    /// Who sells it.
    pub merchant_id: String,
    /// Of one unit, in minor units.
    pub price: i64,
}

impl DemoFile {
    /// Where the file is in a data folder.
    pub fn path(dir: &Path) -> PathBuf {
        dir.join(NAME)
    }

    /// Reads the file of a folder; `None` when there is none.
    pub fn read(dir: &Path) -> anyhow::Result<Option<Self>> {
        let path = Self::path(dir);
        match std::fs::read(&path) {
            Ok(bytes) => {
                let file = serde_json::from_slice(&bytes);
                file.map(Some)
                    .with_context(|| format!("{} cannot be understood; delete it for a fresh one", path.display()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
        }
    }

    /// Writes the file: beside, to the disk, then in place of the old one.
    pub fn write(&self, dir: &Path) -> anyhow::Result<()> {
        let path = Self::path(dir);
        let write = || -> std::io::Result<()> {
            std::fs::create_dir_all(dir)?;
            let beside = dir.join(format!("{NAME}.tmp"));
            // A file of an earlier try may have other permissions: it goes first.
            if let Err(error) = std::fs::remove_file(&beside)
                && error.kind() != std::io::ErrorKind::NotFound
            {
                return Err(error);
            }
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&beside)?;
            file.write_all(&serde_json::to_vec_pretty(self)?)?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            std::fs::rename(&beside, &path)
        };
        write().with_context(|| format!("{} cannot be written", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> DemoFile {
        let one = |k: &str, v: &str| BTreeMap::from([(k.to_owned(), v.to_owned())]);
        let item = ItemEntry { sku: "A".into(), merchant_id: "mer_1".into(), price: 5 };
        DemoFile {
            base_url: "http://127.0.0.1:1".into(),
            tokens: Tokens {
                admin: "a".into(),
                ops: "o".into(),
                retailers: one("mall", "r"),
                storefronts: one("mall", "s"),
                merchants: one("mer_1", "m"),
                brands: one("acme", "b"),
                customers: one("cus_1", "c"),
            },
            logins: BTreeMap::new(),
            channels: BTreeMap::from([("mall".into(), ChannelEntry { currency: "EUR".into(), items: vec![item] })]),
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let dir = tempfile::tempdir().expect("a folder");
        let inner = dir.path().join("new");
        assert_eq!(DemoFile::read(&inner).expect("no file is no error"), None);
        let mut file = sample();
        file.write(&inner).expect("written");
        file.base_url = "http://127.0.0.1:2".into();
        file.write(&inner).expect("replaced");
        assert_eq!(DemoFile::read(&inner).expect("read"), Some(file));
        let names: Vec<_> = std::fs::read_dir(&inner).expect("a folder").flatten().map(|e| e.file_name()).collect();
        assert_eq!(names, [NAME], "nothing is left beside it");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(DemoFile::path(&inner)).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        std::fs::write(DemoFile::path(&inner), "{").expect("spoilt");
        assert!(format!("{:#}", DemoFile::read(&inner).expect_err("spoilt")).contains("delete it"));
    }

    #[test]
    fn the_names_are_those_of_the_contract() {
        let expected = serde_json::json!({
            "baseUrl": "http://127.0.0.1:1",
            "tokens": {
                "admin": "a", "ops": "o", "retailers": { "mall": "r" }, "storefronts": { "mall": "s" },
                "merchants": { "mer_1": "m" }, "brands": { "acme": "b" }, "customers": { "cus_1": "c" }
            },
            "logins": {},
            "channels": { "mall": { "currency": "EUR", "items": [{ "sku": "A", "merchantId": "mer_1", "price": 5 }] } }
        });
        assert_eq!(serde_json::to_value(sample()).expect("JSON"), expected);
    }
}
