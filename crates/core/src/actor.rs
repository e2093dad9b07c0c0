//! Who acts: a role, the subject that the role is bound to, and the name that the history shows.

use serde::{Deserialize, Serialize};

use crate::id::{CustomerId, MerchantId};
use crate::order::PartyRef;
use crate::workflow::{Audience, Party};

/// A role of api.md, plus the engine itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Platform administration.
    Admin,
    /// Platform operations.
    Ops,
    /// Owner of a channel.
    Retailer,
    /// Seller, supplier, maker.
    Merchant,
    /// Reads its shares: a party of splits that has no items of its own.
    Brand,
    /// Buyer.
    Customer,
    /// A channel's server-side key.
    Storefront,
    /// Timers, outcomes, the engine.
    System,
}

impl Role {
    /// Every role with its name in tokens and on the command line.
    pub const ALL: &[(&str, Self)] = &[
        ("admin", Self::Admin),
        ("ops", Self::Ops),
        ("retailer", Self::Retailer),
        ("merchant", Self::Merchant),
        ("brand", Self::Brand),
        ("customer", Self::Customer),
        ("storefront", Self::Storefront),
        ("system", Self::System),
    ];

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, r)| *r)
    }

    /// The name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, r)| *r == self).map_or("", |(n, _)| n)
    }

    /// Whose labels this role reads.
    pub fn audience(self) -> Audience {
        match self {
            Self::Merchant => Audience::Merchant,
            Self::Customer | Self::Storefront => Audience::Customer,
            Self::Admin | Self::Ops | Self::Retailer | Self::Brand | Self::System => Audience::Operator,
        }
    }
}

/// Somebody, or something, that gives a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// In which role.
    pub role: Role,
    /// The merchant whose items alone the actor can touch.
    pub merchant: Option<MerchantId>,
    /// The customer, when the role is one.
    pub customer: Option<CustomerId>,
    /// The party whose money alone the actor reads; of the role brand.
    pub party: Option<PartyRef>,
    /// The channel that the actor is confined to.
    pub channel: Option<String>,
    /// What `createdBy` shows: an id, never a name.
    pub id: String,
    /// Whether the command comes from a CSV import.
    pub import: bool,
}

impl Actor {
    /// The engine itself: timers and outcomes.
    pub fn system() -> Self {
        Self {
            role: Role::System,
            merchant: None,
            customer: None,
            party: None,
            channel: None,
            id: "system".to_owned(),
            import: false,
        }
    }

    /// The parties in whose name the actor may fire events.
    pub fn parties(&self) -> Vec<Party> {
        let own = match self.role {
            Role::Admin | Role::Ops => Some(Party::Operator),
            Role::Retailer => Some(Party::Retailer),
            Role::Merchant => Some(Party::Merchant),
            Role::Customer | Role::Storefront => Some(Party::Customer),
            Role::Brand | Role::System => None,
        };
        own.into_iter().chain(self.import.then_some(Party::Import)).collect()
    }
}
