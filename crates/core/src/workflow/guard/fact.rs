//! The facts that guards ask about: their names, their types, and what an order answers.
//!
//! A fact is here only if the order itself knows it. Everything that can change an answer is a command on the order, so a guard is asked
//! again whenever its answer may have changed. That is why no fact speaks of the time (`after` does), of stock, or of other orders.

use std::fmt;

use super::super::complaint::{not_allowed, shown};
use super::super::model::TAGS;
use super::compare::Comparison;
use crate::money::Currency;

/// A fact that a guard can ask about: a question that is answered by yes or no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// `payment.<tag>`: the state of the payment machine has the tag.
    Payment(String),
    /// `payment.offline`: the current payment waits for money from outside.
    PaymentOffline,
    /// `items.all.<tag>`: every item's state has the tag.
    AllItems(String),
    /// `items.any.<tag>`: some item's state has the tag.
    AnyItem(String),
    /// `item.fully_refunded`: what was captured for this item went back.
    ItemFullyRefunded,
    /// `item.late_cancellation`: the supplier's policy lets this item be cancelled after work on it began.
    LateCancellation,
    /// `order.fully_refunded`: the whole captured sum went back.
    OrderFullyRefunded,
    /// `order.nothing_captured`: no money was taken.
    NothingCaptured,
    /// `order.total >= 500.00 EUR`: something of the order, compared with what the file says.
    Compare(Comparison),
}

/// What a fact is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// Yes or no; stands alone.
    Truth,
    /// An amount with its currency.
    Money,
    /// A whole number.
    Integer,
    /// A word, compared as it is written.
    Word,
}

impl Domain {
    /// What complaints and the book call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Truth => "yes or no",
            Self::Money => "money",
            Self::Integer => "a whole number",
            Self::Word => "a word",
        }
    }
}

/// Something of the order that guards compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// What the order costs.
    OrderTotal,
    /// How many items the order has.
    OrderItems,
    /// The channel that it was placed in.
    OrderChannel,
    /// The order's currency.
    OrderCurrency,
    /// The country that it goes to.
    ShippingCountry,
    /// What the item costs.
    ItemTotal,
    /// What one unit costs.
    ItemPrice,
    /// The item's units.
    ItemQuantity,
    /// The item's SKU.
    ItemSku,
    /// The item's merchant.
    ItemMerchant,
}

impl Subject {
    /// Whether it is of the order as a whole, and not of one item.
    pub fn of_order(self) -> bool {
        matches!(
            self,
            Self::OrderTotal | Self::OrderItems | Self::OrderChannel | Self::OrderCurrency | Self::ShippingCountry
        )
    }

    /// Every subject with its name in guards, its type, an example, and what it is.
    pub const ALL: &[(&str, Self, Domain, &str, &str)] = &[
        (
            "order.total",
            Self::OrderTotal,
            Domain::Money,
            "order.total >= 500.00 EUR",
            "what the order costs, with shipping; frozen at placement",
        ),
        (
            "order.items",
            Self::OrderItems,
            Domain::Integer,
            "order.items > 1",
            "how many items the order has; grows when a line is split",
        ),
        (
            "order.channel",
            Self::OrderChannel,
            Domain::Word,
            "order.channel == \"mall\"",
            "the channel that the order was placed in",
        ),
        (
            "order.currency",
            Self::OrderCurrency,
            Domain::Word,
            "order.currency == \"EUR\"",
            "the order's currency, as its ISO 4217 code",
        ),
        (
            "shipping.country",
            Self::ShippingCountry,
            Domain::Word,
            "shipping.country in [\"DE\", \"AT\"]",
            "the country that the order goes to, as its ISO 3166-1 code; nothing when the order goes nowhere",
        ),
        (
            "item.total",
            Self::ItemTotal,
            Domain::Money,
            "item.total < 20.00 EUR",
            "what the item costs, without shipping; a part of a line costs its part",
        ),
        ("item.price", Self::ItemPrice, Domain::Money, "item.price >= 100.00 EUR", "what one unit of the item costs"),
        (
            "item.quantity",
            Self::ItemQuantity,
            Domain::Integer,
            "item.quantity <= 3",
            "the units of the item; fewer after a part of it was split off",
        ),
        ("item.sku", Self::ItemSku, Domain::Word, "item.sku in [\"GIFT-1\", \"GIFT-2\"]", "the item's SKU"),
        (
            "item.merchant",
            Self::ItemMerchant,
            Domain::Word,
            "item.merchant != \"mer_0000000000001\"",
            "the item's merchant, as its id",
        ),
    ];

    /// The name in guards.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|row| row.1 == self).map_or("", |row| row.0)
    }

    /// Its type.
    pub fn domain(self) -> Domain {
        Self::ALL.iter().find(|row| row.1 == self).map_or(Domain::Word, |row| row.2)
    }

    /// A guard that asks it as it can be asked.
    pub fn example(self) -> &'static str {
        Self::ALL.iter().find(|row| row.1 == self).map_or("", |row| row.3)
    }

    /// Whether it is about one item, so that a payment cannot ask it.
    pub fn of_an_item(self) -> bool {
        match self {
            Self::OrderTotal | Self::OrderItems | Self::OrderChannel | Self::OrderCurrency | Self::ShippingCountry => {
                false
            }
            Self::ItemTotal | Self::ItemPrice | Self::ItemQuantity | Self::ItemSku | Self::ItemMerchant => true,
        }
    }
}

/// The facts that are yes or no, with what they mean. `<tag>` is a tag of the machine that is asked.
pub const TRUTHS: &[(&str, &str)] = &[
    ("payment.<tag>", "the state of the payment has the tag"),
    ("payment.offline", "the current payment waits for money from outside"),
    ("items.all.<tag>", "every item's state has the tag"),
    ("items.any.<tag>", "some item's state has the tag"),
    ("item.fully_refunded", "something was captured for this item, and all of it went back"),
    ("item.late_cancellation", "the supplier lets this item be cancelled after work on it began"),
    ("order.fully_refunded", "something was captured, and all of it went back"),
    ("order.nothing_captured", "no money was taken"),
];

/// What the order answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// To a question of yes or no.
    Truth(bool),
    /// Minor units.
    Money(i64, Currency),
    /// A whole number.
    Integer(i64),
    /// A word.
    Word(String),
    /// There is nothing to answer: no comparison with it holds.
    Nothing,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truth(true) => f.write_str("yes"),
            Self::Truth(false) => f.write_str("no"),
            Self::Money(amount, currency) => super::compare::money(f, *amount, *currency),
            Self::Integer(n) => n.fmt(f),
            Self::Word(word) => f.write_str(word),
            Self::Nothing => f.write_str("nothing"),
        }
    }
}

impl Fact {
    /// The type of what is asked: a comparison's is that of what is compared. Only what is not [`Domain::Truth`] says nothing about the
    /// states of machines, so that both answers must be thought possible.
    pub fn domain(&self) -> Domain {
        match self {
            Self::Compare(comparison) => comparison.subject.domain(),
            _ => Domain::Truth,
        }
    }

    /// Whether the fact is about one item, so that a payment cannot ask it.
    pub fn of_an_item(&self) -> bool {
        match self {
            Self::ItemFullyRefunded | Self::LateCancellation => true,
            Self::Compare(comparison) => comparison.subject.of_an_item(),
            Self::Payment(_)
            | Self::PaymentOffline
            | Self::AllItems(_)
            | Self::AnyItem(_)
            | Self::OrderFullyRefunded
            | Self::NothingCaptured => false,
        }
    }

    /// Whether the fact holds when the order answers that.
    pub fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Compare(comparison), value) => comparison.holds(value),
            (_, value) => *value == Value::Truth(true),
        }
    }

    /// Reads the name of a fact that is yes or no.
    pub(super) fn parse(word: &str) -> Result<Self, String> {
        let tag = |tag: &str| {
            // Nobody asks about the tags of disputes: they are of no item and no payment.
            let names: Vec<&str> =
                TAGS.iter().filter(|(_, what)| !what.starts_with("dispute:")).map(|(t, _)| *t).collect();
            if names.contains(&tag) { Ok(tag.to_owned()) } else { Err(not_allowed(tag, "a tag", &names)) }
        };
        match word {
            "payment.offline" => return Ok(Self::PaymentOffline),
            "item.fully_refunded" => return Ok(Self::ItemFullyRefunded),
            "item.late_cancellation" => return Ok(Self::LateCancellation),
            "order.fully_refunded" => return Ok(Self::OrderFullyRefunded),
            "order.nothing_captured" => return Ok(Self::NothingCaptured),
            _ => {}
        }
        if let Some(rest) = word.strip_prefix("items.all.") {
            tag(rest).map(Self::AllItems)
        } else if let Some(rest) = word.strip_prefix("items.any.") {
            tag(rest).map(Self::AnyItem)
        } else if let Some(rest) = word.strip_prefix("payment.") {
            tag(rest).map(Self::Payment)
        } else if ["order.age", "item.age", "now", "today"].contains(&word) {
            Err(format!("`{word}` is not a fact: no guard asks the time; use `after`"))
        } else {
            let truths = TRUTHS.iter().map(|(name, _)| *name);
            let names: Vec<&str> = truths.chain(Subject::ALL.iter().map(|row| row.0)).collect();
            Err(not_allowed(&shown(word), "a fact", &names))
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Payment(tag) => write!(f, "payment.{tag}"),
            Self::PaymentOffline => f.write_str("payment.offline"),
            Self::AllItems(tag) => write!(f, "items.all.{tag}"),
            Self::AnyItem(tag) => write!(f, "items.any.{tag}"),
            Self::ItemFullyRefunded => f.write_str("item.fully_refunded"),
            Self::LateCancellation => f.write_str("item.late_cancellation"),
            Self::OrderFullyRefunded => f.write_str("order.fully_refunded"),
            Self::NothingCaptured => f.write_str("order.nothing_captured"),
            Self::Compare(comparison) => comparison.fmt(f),
        }
    }
}
