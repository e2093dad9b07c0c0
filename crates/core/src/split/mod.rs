//! How the money of a line is divided: the operator's rules, which of them is for a line, and the agreement that the line freezes.
//!
//! A rule is a channel's, for a merchant, a category, a SKU, or all of them. The most specific one wins: SKU before merchant and category,
//! before merchant, before category, before a rule for the whole channel, before the channel's own `split`. What it says is resolved at
//! placement and kept on the line, so a rule that changes later changes no order. What is not here: booking (`decide/shares`), and who may
//! change rules (the application).

mod agreement;
mod rule;

pub use agreement::{Agreement, Shared, words_of_shares};
pub(crate) use rule::party;
pub use rule::{
    FixedPart, Known, MAX_PARTIES, MAX_RULES, Per, RuleParty, RuleShare, Terms, Wrong, agree, choose, validate,
};
