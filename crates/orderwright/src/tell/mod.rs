//! Telling people: the ports to the outside by which customers hear of their orders. Mail is the only one so far.
//!
//! `config` is what an operator sets, `letter` the words, `mail` the way out through an SMTP server. What is not here: when somebody is
//! told and of what (`orderwright_core::mail`, `ops::mail`), and doing it again after a failure (`effects::mail`).

pub mod config;
pub mod letter;
pub mod mail;
