//! Mail to customers about payments, read as it arrives at a mail server of its own (`e2e/smtp.py`).

#[macro_use]
mod house;
mod letters;
mod troubles;
