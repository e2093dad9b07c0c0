//! Money: what each sandbox payment method leads to, that sums agree, and that nobody gets back more than was paid.

mod ledger;
mod methods;
mod refund_races;
mod refund_rules;
mod refunds;
mod splits;
mod totals;
