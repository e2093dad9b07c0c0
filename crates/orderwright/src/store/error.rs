//! What the store can answer instead of success.
//!
//! A caller matches on [`Guard`], never on a database's message: the label says which promise of the changeset did not
//! hold. What is not here: how a driver's error becomes one of these (the drivers know).

/// Which promise of a changeset was broken.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Guard {
    /// The order is no longer at the version that was read.
    OrderVersion,
    /// Not enough stock of this SKU (or less reserved than is to be released).
    Stock {
        /// The SKU that fell short.
        sku: String,
    },
    /// The job is gone or leased again: its fence moved.
    Job,
    /// The idempotency key is taken.
    IdempotencyKey,
    /// This very changeset was committed before.
    ChangeId,
    /// The checkout is no longer open, or has expired.
    Checkout,
    /// The order's number is taken.
    OrderNumber,
    /// The channel has a customer with this e-mail.
    CustomerEmail,
    /// The outside id is known already.
    ExternalRef,
    /// Somebody published a workflow meanwhile.
    Publication,
    /// The migration has done this to the order already.
    MigrationOrder,
    /// Any other row: named by its table.
    Other(&'static str),
}

/// Why a changeset was not committed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// A guarded statement did not change the rows that it must.
    #[error("conflict: {what:?}")]
    Conflict {
        /// The guard that did not hold.
        what: Guard,
    },
    /// A row with this key is there already.
    #[error("duplicate: {what:?}")]
    Duplicate {
        /// What the row stands for.
        what: Guard,
    },
    /// The database can't be reached or is overloaded; nothing was changed, and the same changeset may be tried again.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// It could not be found out whether the changeset was committed. Commit the same changeset again:
    /// `Duplicate { what: ChangeId }` then means that it was.
    #[error("the outcome of the commit is unknown: {0}")]
    Unknown(String),
    /// The statement itself is wrong: a defect of this program.
    #[error("the changeset is invalid: {0}")]
    Invalid(String),
}

/// Why the store could not be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another server has this data folder open.
    #[error("another server is running on {0}; stop it first, or give this one a data folder of its own with --data")]
    Locked(String),
    /// The database can't be reached, or is overloaded.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// A statement, a row or a migration is wrong: a defect, or a schema of another version.
    #[error("the store is invalid: {0}")]
    Invalid(String),
}

impl From<super::value::RowError> for StoreError {
    fn from(e: super::value::RowError) -> Self {
        StoreError::Invalid(e.to_string())
    }
}

impl From<CommitError> for StoreError {
    fn from(e: CommitError) -> Self {
        match e {
            CommitError::Unavailable(m) | CommitError::Unknown(m) => StoreError::Unavailable(m),
            other => StoreError::Invalid(other.to_string()),
        }
    }
}

/// The store's results.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;
