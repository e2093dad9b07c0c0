//! What the outside gives us (time, randomness, ids), in one place, so that tests and imports can own it.

pub mod clock;
pub mod digest;
pub mod ids;
pub mod meter;
pub mod random;

pub use clock::Clock;
pub use ids::Ids;
