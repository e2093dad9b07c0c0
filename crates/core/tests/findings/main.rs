//! The checker: every code has its page, every rule a file that breaks exactly it, and no mutation of a shipped workflow goes unnoticed.

mod mutants;
mod mutations;
mod pages;
mod rules;
mod shipped;
