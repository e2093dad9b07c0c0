//! Payouts: when what a party earned is paid, how much of it, and what the book says of that.
//!
//! Pure: what an order is worth to a party by now ([`standings`]), what a run pays of it ([`settle`]), when runs are due ([`Schedule`]), how a
//! payout goes on ([`PayoutState`]), and the file for the bank ([`pain001`]). What is not here: reading, storing, sending.

mod bank;
mod pain001;
mod schedule;
mod settle;
mod standing;
mod state;
mod terms;

pub use bank::{BankAccount, bic, country_of, iban, mask};
pub use pain001::{Creditor, File, Transfer, decimal};
pub use schedule::Schedule;
pub use settle::{Facts, Settlement, Verdict, settle};
pub use standing::{OrderLine, Parts, Standing, next_look, standings};
pub use state::{Act, Method, PayoutState};
pub use terms::{Approval, COOLING_HOURS, Change, Debtor, Terms};
