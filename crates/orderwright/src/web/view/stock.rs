//! Stock of a SKU, over all locations and by location.

use serde::Serialize;
use utoipa::ToSchema;

use crate::store::StockRow;

/// The figures of a SKU over all locations.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Stock {
    /// The offer.
    pub sku: String,
    /// Units in the house.
    pub on_hand: i64,
    /// Units promised to orders and open checkouts.
    pub reserved: i64,
    /// on hand − reserved.
    pub available: i64,
    /// The same by location.
    pub locations: Vec<StockLocation>,
}

/// The figures at one location.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockLocation {
    /// Its name.
    pub location: String,
    /// Units in the house.
    pub on_hand: i64,
    /// Units promised.
    pub reserved: i64,
    /// on hand − reserved.
    pub available: i64,
}

/// Shows the rows of a SKU.
pub fn stock(sku: &str, rows: &[StockRow]) -> Stock {
    let (on_hand, reserved) = rows.iter().fold((0, 0), |(h, r), row| (h + row.on_hand, r + row.reserved));
    let at = |row: &StockRow| StockLocation {
        location: row.location.clone(),
        on_hand: row.on_hand,
        reserved: row.reserved,
        available: row.on_hand - row.reserved,
    };
    Stock {
        sku: sku.to_owned(),
        on_hand,
        reserved,
        available: on_hand - reserved,
        locations: rows.iter().map(at).collect(),
    }
}
