//! Use-cases, one file each: authorise, load, decide, commit, and again when the order moved meanwhile.
//!
//! Only here and in `effects` is anything committed. HTTP, command line, imports and timers all come through these functions.

pub mod accounts;
pub mod auth;
pub mod bulk;
pub mod catalog;
pub mod clock;
pub mod command;
pub mod commit;
pub mod csv;
pub mod customers;
pub mod disputes;
pub mod events;
pub mod idempotency;
pub mod import;
pub mod jobs;
pub mod languages;
pub mod ledger;
pub mod mail;
pub mod messages;
pub mod orders;
pub mod parties;
pub mod pay_page;
pub mod payouts;
pub mod people;
pub mod place;
pub mod reconcile;
pub mod sale;
pub mod sandbox;
pub mod settings;
pub mod setup;
pub mod split_rules;
pub mod standing;
pub mod stock;
pub mod verify;
pub mod versions;
pub mod webhooks;
pub mod workflows;

use std::sync::Arc;

use orderwright_core::actor::{Actor, Role};
use orderwright_core::decide::Refusal;

use self::languages::Languages;
use crate::app::App;
use crate::kernel::Clock;
use crate::store::{CommitError, Guard, Scope, StoreError};

/// What surrounds a use-case: the application, who acts, by which clock, and how long to wait for effects.
#[derive(Clone)]
pub struct Ctx {
    /// The application.
    pub app: Arc<App>,
    /// Who acts.
    pub actor: Actor,
    /// The time that counts.
    pub clock: Clock,
    /// What to do about effects that a command starts.
    pub wait: Wait,
    /// The idempotency key of the request, until a changeset has taken it.
    pub key: Option<idempotency::Key>,
    /// The version that the order must have (`If-Match`).
    pub if_version: Option<i64>,
    /// The languages that the one who asks reads, and those that they were answered in.
    pub languages: Languages,
}

/// How long a use-case waits for the effects that it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Until their outcome is known, for at most [`FIRST_OUTCOME`]; refunds are not waited for.
    FirstOutcome,
    /// Until everything that follows is through: imports and generated data.
    Full,
}

/// How long placement waits for the payment's first outcome (api.md, «Placement answers 201 …»).
pub const FIRST_OUTCOME: std::time::Duration = std::time::Duration::from_secs(2);

impl Ctx {
    /// For the engine's own work: timers, outcomes.
    pub fn system(app: &Arc<App>, clock: &Clock) -> Self {
        Self {
            app: app.clone(),
            actor: Actor::system(),
            clock: clock.clone(),
            wait: Wait::FirstOutcome,
            key: None,
            if_version: None,
            languages: Languages::default(),
        }
    }

    /// For somebody, by the application's clock.
    pub fn of(app: &Arc<App>, actor: Actor) -> Self {
        Self {
            app: app.clone(),
            actor,
            clock: app.clock.clone(),
            wait: Wait::FirstOutcome,
            key: None,
            if_version: None,
            languages: Languages::default(),
        }
    }

    /// What the actor may see of orders, and with that touch.
    pub fn scope(&self) -> Scope {
        match self.actor.role {
            Role::Admin | Role::Ops | Role::System => Scope::All,
            Role::Retailer | Role::Storefront => self.actor.channel.clone().map_or(Scope::None, Scope::Channel),
            Role::Merchant => self.actor.merchant.map_or(Scope::None, |m| Scope::Merchant(m.0)),
            Role::Customer => self.actor.customer.map_or(Scope::None, |c| Scope::Customer(c.0)),
            Role::Brand => Scope::None,
        }
    }
}

/// Why a use-case did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum OpError {
    /// It does not exist, or is not the actor's: indistinguishably.
    #[error("there is no such thing here")]
    NotFound,
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Fields that are wrong: JSON Pointer and what to do.
    #[error("the request has wrong fields")]
    Invalid(Vec<FieldError>),
    /// These SKUs are short.
    #[error("not enough stock of {}", .0.join(", "))]
    OutOfStock(Vec<String>),
    /// Workflows that cannot be published, and why.
    #[error("the workflow cannot be published: {}", versions::publish::lines(.0).join("; "))]
    Findings(Vec<versions::prove::Finding>),
    /// Something else stands in the way: a stable code and a sentence.
    #[error("{1}")]
    Conflict(&'static str, String),
    /// A checkout that is over.
    #[error("the checkout has expired or was completed; start a new one")]
    CheckoutClosed,
    /// The first request with this idempotency key is still running.
    #[error("a request with this Idempotency-Key is still running")]
    KeyInUse,
    /// The order is not at the version that the caller wants to change.
    #[error("it changed since you read it")]
    PreconditionFailed,
    /// The role may not.
    #[error("{0}")]
    Forbidden(String),
    /// Too much at once: try again.
    #[error("the store is busy; try again")]
    Busy(String),
    /// A defect. The text is for the log, not for the client.
    #[error("internal error: {0}")]
    Internal(String),
}

/// A wrong field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// JSON Pointer into the body, or the name of a query parameter.
    pub pointer: String,
    /// What to do about it.
    pub detail: String,
}

impl OpError {
    /// One wrong field.
    pub fn field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError { pointer: pointer.into(), detail: detail.into() }])
    }
}

impl From<StoreError> for OpError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(why) => Self::Busy(why),
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<CommitError> for OpError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Duplicate { what: Guard::IdempotencyKey } => Self::KeyInUse,
            CommitError::Conflict { what: Guard::Stock { sku } } => Self::OutOfStock(vec![sku]),
            CommitError::Duplicate { what: Guard::ExternalRef } => {
                Self::Conflict("imported_already", "this was imported already".to_owned())
            }
            CommitError::Conflict { what: Guard::Checkout } => Self::CheckoutClosed,
            CommitError::Unavailable(why) | CommitError::Unknown(why) => Self::Busy(why),
            other => Self::Internal(other.to_string()),
        }
    }
}
