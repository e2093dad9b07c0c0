//! `Idempotency-Key`: the same request is carried out once. Each row of the published table has its scenario.

mod concurrent;
mod replays;
mod scopes;
mod stored;
