//! What became of an exported order: paid or not, and where each of its lines ends.

use orderwright_core::time::Timestamp;

use super::plan::Reader;
use crate::import::plan::Goal;
use crate::import::table::CsvRow;

/// What an order's money came to at the source.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Paid {
    /// It came.
    Yes,
    /// It did not, or not all of it.
    No,
}

impl Reader<'_> {
    /// Whether the money came.
    pub(super) fn paid(&mut self, row: &CsvRow) -> Paid {
        match self.get(row, "Financial Status").to_lowercase().as_str() {
            "paid" | "partially_refunded" | "refunded" => Paid::Yes,
            "" | "pending" | "authorized" | "partially_paid" | "voided" | "unpaid" | "expired" => Paid::No,
            _ => {
                let what = "must be pending, authorized, partially_paid, paid, partially_refunded, refunded or voided";
                self.fault(row, "Financial Status", what);
                Paid::No
            }
        }
    }

    /// What a payment cannot say here.
    pub(super) fn about_payment(
        &self,
        row: &CsvRow,
        paid: Option<Timestamp>,
        paid_at: Option<Timestamp>,
        oddities: &mut Vec<String>,
    ) {
        let cancelled = !self.get(row, "Cancelled at").is_empty();
        let text = match self.get(row, "Financial Status").to_lowercase().as_str() {
            "authorized" if !cancelled => {
                "authorized: the money is held at the old provider and not taken; it is stored as unpaid: capture it there, then enter the payment"
            }
            "partially_paid" => {
                "partially paid: an order here is paid in full or not at all, so it is stored as unpaid: enter the payment when the rest is there"
            }
            "voided" | "expired" if !cancelled => {
                "voided: its payment was given up, and it was not cancelled; it is stored as unpaid: cancel it, or ask for the money"
            }
            _ if paid.is_some() && paid_at.is_none() => {
                "no payment date: it is paid, and the file does not say when; it is stored as paid when it was placed"
            }
            _ => return,
        };
        oddities.push(text.to_owned());
    }

    /// Where a line ends.
    pub(super) fn goal(
        &self,
        row: &CsvRow,
        head: &CsvRow,
        paid: Option<Timestamp>,
        (placed, fulfilled, cancelled): (Timestamp, Option<Timestamp>, Option<Timestamp>),
        whole: bool,
        oddities: &mut Vec<String>,
    ) -> Goal {
        let goal = |status: &str| Goal { status: Some(status.to_owned()), ..Goal::default() };
        if cancelled.is_some() {
            let reason = Some("cancelled in Shopify".to_owned());
            return Goal { cancelled, reason, ..goal("cancelled") };
        }
        let of_line = self.get(row, "Lineitem fulfillment status").to_lowercase();
        let of_order = self.get(head, "Fulfillment Status").to_lowercase();
        let status = if of_line.is_empty() { of_order.as_str() } else { of_line.as_str() };
        match status {
            "fulfilled" | "shipped" if whole => {
                // It left the house before its money went back.
                Goal { shipped: Some(fulfilled.or(paid).unwrap_or(placed).max(placed)), ..goal("refunded") }
            }
            _ if whole => goal("refunded"),
            "fulfilled" | "shipped" if paid.is_none() => {
                oddities.push(
                    "fulfilled and not paid: nothing ships unpaid here, so it is stored as pending: enter the payment, then ship it".to_owned(),
                );
                Goal::default()
            }
            "fulfilled" | "shipped" => {
                let shipped = fulfilled.or(paid).unwrap_or(placed).max(placed);
                let done = shipped.plus(self.terms.complete_after);
                if done <= self.known.now {
                    Goal { shipped: Some(shipped), delivered: Some(done), ..goal("completed") }
                } else {
                    Goal { shipped: Some(shipped), ..goal("shipped") }
                }
            }
            "partial" => {
                oddities.push(
                    "partly fulfilled: the file does not say how many units of a line left; such lines are stored as not shipped: ship what left by hand".to_owned(),
                );
                Goal::default()
            }
            "restocked" => {
                oddities.push(
                    "restocked: a line was taken back into stock; it is stored as not shipped: cancel it when its money went back".to_owned(),
                );
                Goal::default()
            }
            _ => Goal::default(),
        }
    }
}
