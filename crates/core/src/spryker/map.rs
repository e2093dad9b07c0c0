//! Which commands of a marketplace's and a merchant's process fire which events at each other: in Spryker that is PHP, here a small file.
//!
//! The format is in `docs/spryker.md`. A wrong key is refused with its place and what is allowed, as in workflow files.

use std::collections::BTreeMap;

use toml_edit::{Document, Item, TableLike};

use super::finding::shown;

/// The map of Spryker's marketplace demo shops, built in.
pub const BUILT_IN: &[(&str, &str)] =
    &[("spryker-b2c-marketplace", include_str!("../../../../docs/examples/spryker-b2c-marketplace.toml"))];

/// The largest map file, in bytes.
const MAX_FILE: usize = 256 * 1024;

/// What happens to a command when its partner's state has no such event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The command succeeds, and nobody hears of it.
    Drop,
    /// The command fails, and its own item stays where it is.
    Fail,
}

/// An event for the partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The event at the partner.
    pub event: String,
    /// What happens when the partner can't take it.
    pub refused: Refused,
}

/// How the two processes of an item talk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map {
    /// Commands of the merchant's process → events at the marketplace's item.
    pub merchant: BTreeMap<String, Sent>,
    /// Commands of the marketplace's process → events at the merchant's item.
    pub marketplace: BTreeMap<String, Sent>,
    /// Commands of the marketplace's process that make the merchant's item.
    pub create: Vec<String>,
    /// The marketplace's first state, when it is not the engine's.
    pub initial_marketplace: Option<String>,
    /// The merchant's first state, when it is not the engine's.
    pub initial_merchant: Option<String>,
}

impl Map {
    /// The built-in map of that name.
    pub fn built_in(name: &str) -> Option<Self> {
        let (_, text) = BUILT_IN.iter().find(|(n, _)| *n == name)?;
        Self::read(text).ok()
    }

    /// Reads a map file. The errors are sentences with the key.
    pub fn read(text: &str) -> Result<Self, Vec<String>> {
        if text.len() > MAX_FILE {
            return Err(vec![format!("the map has {} KiB; at most {} are read", text.len() / 1024, MAX_FILE / 1024)]);
        }
        let document =
            Document::parse(text).map_err(|error| vec![format!("the map is not TOML: {}", error.message())])?;
        let mut reader = Reader { errors: Vec::new() };
        let map = reader.map(document.as_table());
        if reader.errors.is_empty() { Ok(map) } else { Err(reader.errors) }
    }
}

struct Reader {
    errors: Vec<String>,
}

impl Reader {
    fn only(&mut self, table: &dyn TableLike, place: &str, allowed: &[&str]) {
        for (key, _) in table.iter().filter(|(key, _)| !allowed.contains(key)) {
            let at = if place.is_empty() { String::new() } else { format!("{place}: ") };
            self.errors.push(format!("{at}`{}` is not a key here; allowed: {}", shown(key), allowed.join(", ")));
        }
    }

    fn table<'d>(&mut self, root: &'d dyn TableLike, key: &str) -> Option<&'d dyn TableLike> {
        let item = root.get(key)?;
        let table = item.as_table_like();
        if table.is_none() {
            self.errors.push(format!("{key}: must be a table"));
        }
        table
    }

    fn string(&mut self, item: &Item, place: &str) -> Option<String> {
        let text = item.as_str().filter(|text| !text.is_empty());
        if text.is_none() {
            self.errors.push(format!("{place}: must be a string that is not empty"));
        }
        text.map(str::to_owned)
    }

    fn refused(&mut self, item: Option<&Item>, place: &str, otherwise: Refused) -> Refused {
        let Some(item) = item else { return otherwise };
        match item.as_str() {
            Some("drop") => Refused::Drop,
            Some("fail") => Refused::Fail,
            _ => {
                self.errors.push(format!("{place}: must be \"drop\" or \"fail\""));
                otherwise
            }
        }
    }

    fn map(&mut self, root: &dyn TableLike) -> Map {
        self.only(root, "", &["merchant_commands", "marketplace_commands", "refused", "create", "initial"]);
        let refused = self.table(root, "refused");
        if let Some(table) = refused {
            self.only(table, "refused", &["merchant_commands", "marketplace_commands"]);
        }
        let mut out = Map::default();
        for (key, otherwise) in [("merchant_commands", Refused::Drop), ("marketplace_commands", Refused::Fail)] {
            let rule = self.refused(refused.and_then(|t| t.get(key)), &format!("refused.{key}"), otherwise);
            let sends = self.sends(root, key, rule);
            if key == "merchant_commands" { out.merchant = sends } else { out.marketplace = sends }
        }
        if let Some(create) = self.table(root, "create") {
            self.only(create, "create", &["commands"]);
            match create.get("commands").and_then(Item::as_array) {
                Some(list) => {
                    for value in list {
                        match value.as_str() {
                            Some(command) => out.create.push(command.to_owned()),
                            None => self.errors.push("create.commands: must be a list of strings".to_owned()),
                        }
                    }
                }
                None => self.errors.push("create.commands: must be a list of strings".to_owned()),
            }
        }
        if let Some(initial) = self.table(root, "initial") {
            self.only(initial, "initial", &["marketplace", "merchant"]);
            out.initial_marketplace = initial.get("marketplace").and_then(|i| self.string(i, "initial.marketplace"));
            out.initial_merchant = initial.get("merchant").and_then(|i| self.string(i, "initial.merchant"));
        }
        for command in &out.create {
            if out.marketplace.contains_key(command) {
                self.errors.push(format!("create.commands: `{}` stands in marketplace_commands too", shown(command)));
            }
        }
        out
    }

    /// A table of command = "event" or command = { event = …, refused = … }.
    fn sends(&mut self, root: &dyn TableLike, key: &str, rule: Refused) -> BTreeMap<String, Sent> {
        let mut out = BTreeMap::new();
        let Some(table) = self.table(root, key) else { return out };
        for (command, item) in table.iter() {
            let place = format!("{key}.\"{}\"", shown(command));
            let sent = match item.as_table_like() {
                Some(table) => {
                    self.only(table, &place, &["event", "refused"]);
                    let refused = self.refused(table.get("refused"), &format!("{place}.refused"), rule);
                    match table.get("event") {
                        Some(event) => {
                            self.string(event, &format!("{place}.event")).map(|event| Sent { event, refused })
                        }
                        None => {
                            self.errors.push(format!("{place}: `event` is missing"));
                            None
                        }
                    }
                }
                None => self.string(item, &place).map(|event| Sent { event, refused: rule }),
            };
            out.extend(sent.map(|sent| (command.to_owned(), sent)));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_map_is_read() {
        for (name, text) in BUILT_IN {
            assert_eq!(Map::read(text).map(Some), Ok(Map::built_in(name)), "{name}");
        }
        let map = Map::built_in("spryker-b2c-marketplace").expect("built in");
        assert_eq!((map.merchant.len(), map.marketplace.len(), map.create.len()), (8, 2, 1));
        assert_eq!(
            map.merchant["MarketplaceOrder/Refund"],
            Sent { event: "refund".to_owned(), refused: Refused::Drop }
        );
        assert_eq!(map.marketplace["MerchantOms/CloseOrderItem"].refused, Refused::Fail);
        // The engines' own: a shop whose merchants begin elsewhere can use the map too.
        assert_eq!((map.initial_marketplace, map.initial_merchant), (None, None));
        let other = Map::read("[initial]\nmerchant = \"begun\"").expect("read");
        assert_eq!(other.initial_merchant.as_deref(), Some("begun"));
    }

    #[test]
    fn one_command_may_differ_from_the_rule() {
        let map =
            Map::read("[merchant_commands]\n\"a/b\" = { event = \"x\", refused = \"fail\" }\nc = \"y\"").expect("read");
        assert_eq!([&map.merchant["a/b"].refused, &map.merchant["c"].refused], [&Refused::Fail, &Refused::Drop]);
    }

    #[test]
    fn wrong_maps_are_told_with_their_keys() {
        for (text, told) in [
            ("x = 1", "`x` is not a key here; allowed: merchant_commands"),
            ("merchant_commands = 1", "merchant_commands: must be a table"),
            ("[merchant_commands]\na = 1", "merchant_commands.\"a\": must be a string"),
            ("[merchant_commands]\na = {}", "merchant_commands.\"a\": `event` is missing"),
            ("[merchant_commands]\na = { event = \"e\", when = 1 }", "`when` is not a key here"),
            ("[refused]\nmerchant_commands = \"ask\"", "refused.merchant_commands: must be \"drop\" or \"fail\""),
            ("[create]\ncommands = \"a\"", "create.commands: must be a list"),
            ("[initial]\nmerchant = \"\"", "initial.merchant: must be a string"),
            ("[create]\ncommands = [\"a\"]\n[marketplace_commands]\na = \"e\"", "stands in marketplace_commands too"),
            ("= =", "the map is not TOML"),
        ] {
            let errors = Map::read(text).expect_err(text);
            assert!(errors.iter().any(|e| e.contains(told)), "{text}: {errors:?}");
        }
        assert!(Map::read(&"#".repeat(MAX_FILE + 1)).is_err());
    }
}
