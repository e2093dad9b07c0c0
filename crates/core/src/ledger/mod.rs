//! The book: which accounts there are, what a posting is, and the proof that a book is right.
//!
//! Double entry, per currency, append-only. A debit is positive, a credit negative, and the lines of one posting sum to zero. What went
//! wrong is reversed by a posting of its own, never edited. What is not here: who posts what (`decide`), and where lines are kept.

mod account;
mod proof;

pub use account::{Account, CHART, Chart, Normal};
pub use proof::{Claim, Finding, Line, PayoutClaim, Proof};
