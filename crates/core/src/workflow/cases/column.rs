//! The columns of a case table: what each shows of an order, and how a cell of it is written.
//!
//! A cell is text that is compared with the text that the order shows, both in one canonical form: lists are sorted, white space is
//! single. Where lines differ, each is named: `A shipped; B cancelled`.

use crate::workflow::model::{Audience, Party};

/// What a cell says when there is nothing: no reservation, no timer, nobody may do anything.
pub const NOTHING: &str = "-";

/// What a column shows after its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// The state of the item's machine.
    Item,
    /// The state of the merchant's machine.
    Merchant,
    /// The first merchant's status of their part.
    MerchantStatus,
    /// The state of the payment machine.
    Payment,
    /// The order's status.
    Status,
    /// The order's payment status.
    Paid,
    /// The order's shipping status.
    Shipping,
    /// Money held at the provider and not taken.
    Held,
    /// Money taken.
    Captured,
    /// Money that went back.
    Refunded,
    /// Units reserved.
    Reserved,
    /// Of those, units whose reservation is firm.
    Firm,
    /// Units that left the house.
    Left,
    /// When the next timer is due, counted from the placement.
    Timer,
    /// Whether every line may rest where it is for good, on both sides.
    Ends,
    /// What an audience reads.
    Reads(Audience),
    /// What somebody may do now, with the fields that it takes.
    May(Who),
    /// The reason that the timeline gained with the row.
    Reason,
    /// Why the row was refused.
    Refused,
    /// The domain events that the row made.
    Feed,
}

/// Somebody in a table. Merchants are numbered; the first is the seller of line A.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// That party; an import is the operator's.
    Party(Party),
    /// The merchant of that number, from 2.
    OtherMerchant(i64),
    /// A CSV import by the first merchant.
    MerchantImport,
    /// A CSV import by the retailer.
    RetailerImport,
}

impl Who {
    /// The parties that have a column, with their names.
    pub const ALL: &[(&str, Self)] = &[
        ("operator", Self::Party(Party::Operator)),
        ("retailer", Self::Party(Party::Retailer)),
        ("merchant", Self::Party(Party::Merchant)),
        ("customer", Self::Party(Party::Customer)),
        ("import", Self::Party(Party::Import)),
        ("merchant import", Self::MerchantImport),
        ("retailer import", Self::RetailerImport),
        ("merchant 2", Self::OtherMerchant(2)),
        ("merchant 3", Self::OtherMerchant(3)),
    ];
}

/// How the cells of a column are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One value, or one for each line: `A x; B y`.
    OfLines,
    /// One value.
    One,
    /// A list, in any order: `cancel, ship(trackingNumber)`.
    List,
}

impl Column {
    /// Every column with its heading and what it shows.
    pub const ALL: &[(&str, Self, &str)] = &[
        ("item", Self::Item, "the state of the item's machine"),
        ("merchant", Self::Merchant, "the state of the merchant's machine, `-` before the item is sent"),
        ("merchant status", Self::MerchantStatus, "the status that the first merchant sees of their part of the order"),
        ("payment", Self::Payment, "the state of the payment machine"),
        ("status", Self::Status, "the order's status, as clients see it"),
        ("paid", Self::Paid, "the order's payment status: pending, authorised, captured, …"),
        ("shipping", Self::Shipping, "the order's shipping status: none, pending, shipped, delivered, …"),
        ("held", Self::Held, "money that the provider holds on the card and did not take"),
        ("captured", Self::Captured, "money that was taken"),
        ("refunded", Self::Refunded, "money that went back"),
        ("reserved", Self::Reserved, "units that are reserved"),
        ("firm", Self::Firm, "units among them whose reservation no longer expires (`stock.commit`)"),
        ("left", Self::Left, "units that left the house"),
        ("timer", Self::Timer, "when the next timer runs out, counted from the placement: `7d`"),
        ("ends", Self::Ends, "`yes` when every line may rest where it is for good, on both sides, else `no`"),
        ("operator reads", Self::Reads(Audience::Operator), "the label in the back office"),
        ("merchant reads", Self::Reads(Audience::Merchant), "the label in the merchant portal"),
        ("customer reads", Self::Reads(Audience::Customer), "the label in the shop"),
        ("operator may", Self::May(Who::Party(Party::Operator)), "events that the operator may fire now"),
        ("retailer may", Self::May(Who::Party(Party::Retailer)), "events that the retailer may fire now"),
        ("merchant may", Self::May(Who::Party(Party::Merchant)), "events that the first merchant may fire now"),
        ("customer may", Self::May(Who::Party(Party::Customer)), "events that the customer may fire now"),
        ("import may", Self::May(Who::Party(Party::Import)), "events that the operator's import may fire now"),
        ("merchant import may", Self::May(Who::MerchantImport), "events that the merchant's import may fire now"),
        ("retailer import may", Self::May(Who::RetailerImport), "events that the retailer's import may fire now"),
        ("reason", Self::Reason, "the reason that the timeline gained with this row"),
        ("refused", Self::Refused, "why the row was refused; nothing changed then"),
        ("feed", Self::Feed, "the domain events that this row made"),
    ];

    /// The heading.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, c, _)| *c == self).map_or("", |(name, ..)| name)
    }

    /// Whether the column speaks of its row alone, so that an empty cell means nothing instead of no change.
    pub fn of_the_row(self) -> bool {
        matches!(self, Self::Reason | Self::Refused | Self::Feed)
    }

    /// How its cells are written.
    pub fn shape(self) -> Shape {
        match self {
            Self::Item | Self::Merchant | Self::Reads(_) => Shape::OfLines,
            Self::May(_) | Self::Feed => Shape::List,
            Self::Payment
            | Self::Status
            | Self::Paid
            | Self::Shipping
            | Self::Held
            | Self::Captured
            | Self::Refunded
            | Self::MerchantStatus
            | Self::Reserved
            | Self::Firm
            | Self::Left
            | Self::Timer
            | Self::Ends
            | Self::Reason
            | Self::Refused => Shape::One,
        }
    }

    /// The canonical form of what a cell says.
    pub fn canonical(self, text: &str) -> String {
        let single = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        match self.shape() {
            _ if text.trim() == NOTHING => String::new(),
            Shape::One => single(text),
            Shape::OfLines => text.split(';').map(single).collect::<Vec<_>>().join("; "),
            Shape::List => {
                let mut words: Vec<String> = text.split(',').map(single).filter(|w| !w.is_empty()).collect();
                words.sort();
                words.join(", ")
            }
        }
    }
}
