//! Versions of workflows through the whole program: publishing, comparing, moving orders in flight, replaying history.

mod books;
mod migrate;
mod publish;
mod shadow;

use std::path::PathBuf;

use crate::shop::Shop;

const RETAIL: &str = include_str!("../../../../workflows/retail.toml");
const MERCHANT: &str = include_str!("../../../../workflows/merchant.toml");
const SPLIT: &str = include_str!("../../../../workflows/marketplace-split.toml");

/// A text with one edit that must apply.
fn edited(text: &str, edits: &[(&str, &str)]) -> String {
    let mut text = text.to_owned();
    for (from, to) in edits {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    text
}

/// The retail workflow whose `processing` is called `picking` inside; clients see what they saw.
fn picking() -> String {
    edited(
        RETAIL,
        &[("item.states.processing", "item.states.picking"), ("target = \"processing\"", "target = \"picking\"")],
    )
}

/// Writes a file of the scenario's own.
fn written(shop: &Shop, name: &str, text: &str) -> PathBuf {
    let path = shop.folder().join(name);
    std::fs::write(&path, text).expect("written");
    path
}

/// The version that a workflow file has, as the program says it.
fn version_of(shop: &Shop, text: &str) -> String {
    let path = written(shop, "version.toml", text);
    let said = shop.command_alone(&["workflow", "check", path.to_str().expect("UTF-8")]);
    let (_, rest) = said.split_once("version ").expect("a version");
    rest.chars().take_while(char::is_ascii_hexdigit).collect()
}
