//! Who may do what, and that what is not yours does not exist.

mod brands;
mod roles;
mod strangers;
mod tokens;

use crate::shop::Shop;

/// An order of each channel, resting after a good card.
fn one_of_each(shop: &Shop) -> Vec<(&'static str, String)> {
    crate::shop::orders::CHANNELS.iter().map(|channel| (*channel, shop.ready(channel))).collect()
}
