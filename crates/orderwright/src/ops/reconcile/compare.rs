//! One payment in two books: what an order says of it, and what its provider says. Every difference comes with what to do about it.
//!
//! Pure: what the provider says was fetched before.

use orderwright_core::dispute::Standing;
use orderwright_core::order::{Order, Payment, Refund, RefundState};
use serde::{Deserialize, Serialize};

use crate::pay::port::{PaymentBooks, RefundSeen};

/// A difference between the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// payment_missing, payment_unknown, currency, taken, held, refunded, refund_missing, refund_amount, refund_failed, refund_unknown,
    /// transfer_missing, transfer_amount, transfer_reversed, transfer_unknown, dispute_missing, dispute_unknown, dispute_amount,
    /// dispute_status, not_asked.
    pub kind: String,
    /// The order's id, if it is about one of ours.
    pub order: Option<i64>,
    /// Its number.
    pub order_number: Option<String>,
    /// Our payment.
    pub payment: Option<String>,
    /// sandbox, stripe, razorpay.
    pub provider: String,
    /// The provider's id of what differs.
    pub reference: Option<String>,
    /// ISO 4217.
    pub currency: String,
    /// In our books, minor units.
    pub ours: Option<i64>,
    /// In the provider's, minor units.
    pub theirs: Option<i64>,
    /// What differs, in a sentence.
    pub message: String,
    /// What to do, in a sentence.
    pub what_to_do: String,
    /// Whether this reconciliation set it right by itself.
    pub settled: bool,
}

/// Every kind of difference, with what to do about it.
pub const KINDS: &[(&str, &str)] = &[
    (
        "payment_missing",
        "Look for the payment in the provider's dashboard, under the same account and in the same mode (test or live). Give nothing \
         back and ship nothing for it before it is found.",
    ),
    (
        "payment_unknown",
        "It was taken elsewhere with the same account, or by another shop. If it is this shop's, give it back in the provider's \
         dashboard, or find the order by the customer's word.",
    ),
    ("currency", "Nothing is booked in another currency. Find out in the provider's dashboard who changed it."),
    (
        "taken",
        "If the order had given the payment up, reconcile with `settle`: the money goes back by itself. Else look in the provider's \
         dashboard who took it, and book or give back what is missing.",
    ),
    (
        "held",
        "A hold that the provider does not have any more has ended: capture fails, and the order undoes itself. One that we do not \
         have can be released in the provider's dashboard.",
    ),
    (
        "refunded",
        "Compare the refunds in the provider's dashboard with the order's, and book what was made there only.",
    ),
    (
        "refund_missing",
        "The refund is in our books and not at the provider: make it again, and write the old one off with a note.",
    ),
    ("refund_amount", "Look in the provider's dashboard what went back, and refund the rest or book the surplus."),
    (
        "refund_failed",
        "The money came back to the provider, and the customer is owed it. Reconcile with `settle` to reverse the refund in the books, \
         then refund it another way.",
    ),
    (
        "refund_unknown",
        "It was made in the provider's dashboard. Reconcile with `settle` to take it into the order; if it stays, the order has less left \
         to give back than went back there: correct the refunds here that were never paid. Refund nothing else before.",
    ),
    (
        "transfer_missing",
        "The party was not paid by the provider: pay its share another way, and note it on the order.",
    ),
    ("transfer_amount", "Look in the provider's dashboard what the party got, and pay or take back the difference."),
    (
        "transfer_reversed",
        "Somebody reversed it in the provider's dashboard, or a reversal is under way: reconcile again; if it stays, pay the party \
         the difference, or note it as a receivable.",
    ),
    (
        "transfer_unknown",
        "It was made in the provider's dashboard: note it, and take it into account at the party's next payout.",
    ),
    (
        "dispute_missing",
        "Our books have a chargeback that the provider does not show for this payment. Look for it in the provider's dashboard by its \
         id; if it is not there, ask the provider what became of the money.",
    ),
    (
        "dispute_unknown",
        "The customer's bank disputes the payment, and its webhook did not arrive. Reconcile with `settle` to take it in as the webhook \
         would have been, answer it before its deadline, and see whether the webhook endpoint is set up.",
    ),
    (
        "dispute_amount",
        "The bank has taken or given back another sum, or the provider charged another fee. Reconcile with `settle`: the provider is \
         asked how it stands, and the books follow.",
    ),
    (
        "dispute_status",
        "It has moved on at the bank. Reconcile with `settle`: the provider is asked how it stands, and the order follows.",
    ),
    ("not_asked", "Turn the provider on with its keys, and reconcile again."),
];

/// What to do about a kind.
pub fn what_to_do(kind: &str) -> &'static str {
    KINDS.iter().find(|(k, _)| *k == kind).map_or("", |(_, what)| what)
}

/// A difference of a payment of ours; the sums are minor units of the order's currency.
pub fn of_payment(
    order: &Order,
    payment: &Payment,
    kind: &str,
    reference: Option<&str>,
    sums: (Option<i64>, Option<i64>),
    message: String,
) -> Difference {
    Difference {
        kind: kind.to_owned(),
        order: Some(order.id.0),
        order_number: Some(order.number.clone()),
        payment: Some(payment.id.to_string()),
        provider: payment.provider.clone(),
        reference: reference.or(payment.reference.as_deref()).map(str::to_owned),
        currency: order.currency.code().to_owned(),
        ours: sums.0,
        theirs: sums.1,
        message,
        what_to_do: what_to_do(kind).to_owned(),
        settled: false,
    }
}

/// Whether something about the payment is under way, so that the two books may differ for a moment.
pub fn is_under_way(order: &Order, payment: &Payment) -> bool {
    let current = order.current_payment().is_some_and(|p| p.id == payment.id);
    let paying = order.payment.effect.is_some() && (current || payment.held() > 0 || payment.captured > 0);
    let refunding = order.refunds.iter().any(|r| r.payment_id == Some(payment.id) && r.effect.is_some());
    let errands = order.errands.iter().any(|e| e.payment_id == payment.id && e.effect.is_some());
    paying || refunding || errands || payment.awaits_customer
}

/// Everything that differs about a payment; `exact` says whether the provider's ids of refunds are those of our books.
pub fn compare(order: &Order, payment: &Payment, books: Option<&PaymentBooks>, exact: bool) -> Vec<Difference> {
    let show = |amount: i64| order.currency.show(amount);
    let (taken, held) = (payment.captured + payment.late, payment.held());
    let Some(books) = books else {
        if taken + held == 0 {
            return Vec::new();
        }
        let message =
            format!("our books have {} taken and {} held, the provider has no such payment", show(taken), show(held));
        return vec![of_payment(order, payment, "payment_missing", None, (Some(taken + held), None), message)];
    };
    let mut out = Vec::new();
    if !books.currency.is_empty() && books.currency != order.currency.code() {
        let message = format!("the order is in {}, the payment in {}", order.currency, books.currency);
        out.push(of_payment(order, payment, "currency", None, (None, None), message));
        return out;
    }
    let mut sums = |kind: &str, ours: i64, theirs: i64, what: &str| {
        if ours != theirs {
            let message = format!("{what}: {} in our books, {} at the provider", show(ours), show(theirs));
            out.push(of_payment(order, payment, kind, None, (Some(ours), Some(theirs)), message));
        }
    };
    sums("taken", taken, books.taken, "taken");
    // A hold ends by itself when money is taken; what the provider still shows of it says nothing.
    if taken == 0 && books.taken == 0 {
        sums("held", held, books.held, "held");
    }
    refunds(order, payment, books, exact, &mut out);
    transfers(order, payment, books, &mut out);
    // The sandbox's bank speaks for itself, and keeps no books.
    if exact {
        disputes(order, payment, books, &mut out);
    }
    out
}

fn refunds(order: &Order, payment: &Payment, books: &PaymentBooks, exact: bool, out: &mut Vec<Difference>) {
    let show = |amount: i64| order.currency.show(amount);
    let through =
        || order.refunds.iter().filter(|r| r.state == RefundState::Succeeded && r.payment_id == Some(payment.id));
    let (mut named, mut unnamed) = (Vec::new(), payment.late_refunded);
    for refund in through() {
        match refund.reference.as_deref().filter(|_| exact) {
            Some(reference) => named.push((reference, refund.amount)),
            None => unnamed += refund.amount,
        }
    }
    for (reference, amount) in &named {
        let there = books.refunds.iter().find(|r| r.reference == *reference);
        let (kind, theirs, message) = match there {
            None => (
                "refund_missing",
                None,
                format!("{} went back by our books, the provider has no such refund", show(*amount)),
            ),
            Some(r) if r.failed.is_some() => {
                let why = r.failed.as_deref().unwrap_or_default().replace('_', " ");
                ("refund_failed", Some(0), format!("the refund of {} failed at the provider: {why}", show(*amount)))
            }
            Some(r) if r.amount != *amount => (
                "refund_amount",
                Some(r.amount),
                format!("{} went back by our books, {} at the provider", show(*amount), show(r.amount)),
            ),
            Some(_) => continue,
        };
        out.push(of_payment(order, payment, kind, Some(reference), (Some(*amount), theirs), message));
    }
    // Refunds that the order's own books have no reference of: late money, undone captures, what was booked as made outside.
    let known = |reference: &str| named.iter().any(|(r, _)| *r == reference);
    let failed = |reference: &str| order.refunds.iter().any(|r| r.reference.as_deref() == Some(reference));
    let others = books.refunds.iter().filter(|r| r.failed.is_none() && !known(&r.reference));
    let others: Vec<_> = others.filter(|r| !exact || !failed(&r.reference)).collect();
    let sum: i64 = others.iter().map(|r| r.amount).sum();
    let outside = |r: &&Refund| r.reference.is_none() && !r.initiate_payment_refund;
    let mut written: Vec<i64> = if exact { through().filter(outside).map(|r| r.amount).collect() } else { Vec::new() };
    // Of those that somebody made there, one of a sum that was written down here is taken for that one.
    let mut unheard: Vec<&RefundSeen> = Vec::new();
    for refund in others.iter().filter(|r| !r.by_us) {
        match written.iter().position(|amount| *amount == refund.amount) {
            Some(at) => drop(written.swap_remove(at)),
            None => unheard.push(refund),
        }
    }
    if sum > unnamed && unheard.iter().map(|r| r.amount).sum::<i64>() == sum - unnamed {
        for refund in unheard {
            let message = format!("{} went back at the provider that our books do not have", show(refund.amount));
            let sums = (None, Some(refund.amount));
            out.push(of_payment(order, payment, "refund_unknown", Some(&refund.reference), sums, message));
        }
    } else if sum > unnamed {
        let reference = others.first().map(|r| r.reference.as_str()).filter(|_| exact);
        let message = format!("{} went back at the provider that our books do not have", show(sum - unnamed));
        out.push(of_payment(order, payment, "refund_unknown", reference, (Some(unnamed), Some(sum)), message));
    } else if sum < payment.late_refunded {
        let message = format!(
            "late money: {} went back by our books, {} at the provider",
            show(payment.late_refunded),
            show(sum)
        );
        out.push(of_payment(order, payment, "refunded", None, (Some(payment.late_refunded), Some(sum)), message));
    }
}

/// What banks did: each chargeback, how it stands, what the bank has of it and what the provider charged.
fn disputes(order: &Order, payment: &Payment, books: &PaymentBooks, out: &mut Vec<Difference>) {
    let show = |amount: i64| order.currency.show(amount);
    for there in &books.disputes {
        let reference = Some(there.reference.as_str());
        let taken = there.withdrawn + there.fee;
        let Some(ours) = order.chargebacks().find(|c| c.reference == there.reference) else {
            let message = format!(
                "the customer's bank disputes {}, and has taken {} (fee {}): our books do not have it",
                show(there.amount),
                show(there.withdrawn),
                show(there.fee)
            );
            out.push(of_payment(order, payment, "dispute_unknown", reference, (None, Some(taken)), message));
            continue;
        };
        let known = ours.withdrawn + ours.fee;
        if (ours.withdrawn, ours.fee) != (there.withdrawn, there.fee) {
            let message = format!(
                "taken by the bank: {} in our books, {} at the provider; fee: {} and {}",
                show(ours.withdrawn),
                show(there.withdrawn),
                show(ours.fee),
                show(there.fee)
            );
            out.push(of_payment(order, payment, "dispute_amount", reference, (Some(known), Some(taken)), message));
        } else if ours.standing != there.standing {
            let message = format!(
                "the dispute is {} in our books, {} at the provider",
                words(ours.standing),
                words(there.standing)
            );
            out.push(of_payment(order, payment, "dispute_status", reference, (Some(known), Some(taken)), message));
        }
    }
    for ours in order.chargebacks().filter(|c| c.payment_id == payment.id) {
        if !books.disputes.iter().any(|d| d.reference == ours.reference) {
            let message =
                format!("our books have a dispute of {}, the provider has no such dispute", show(ours.amount));
            let sums = (Some(ours.withdrawn + ours.fee), None);
            out.push(of_payment(order, payment, "dispute_missing", Some(&ours.reference), sums, message));
        }
    }
}

/// How a dispute stands, in a word or two.
fn words(standing: Standing) -> &'static str {
    match standing {
        Standing::Inquiry => "an inquiry",
        Standing::InquiryReview => "an inquiry under review",
        Standing::InquiryClosed => "an inquiry that was closed",
        Standing::NeedsResponse => "waiting for an answer",
        Standing::UnderReview => "under review",
        Standing::Closed => "closed",
        Standing::Won => "won",
        Standing::Lost => "lost",
    }
}

fn transfers(order: &Order, payment: &Payment, books: &PaymentBooks, out: &mut Vec<Difference>) {
    let show = |amount: i64| order.currency.show(amount);
    for transfer in order.transfers.iter().filter(|t| t.payment_id == payment.id) {
        let there = books.transfers.iter().find(|t| t.reference == transfer.reference);
        let reference = Some(transfer.reference.as_str());
        let (kind, ours, theirs) = match there {
            None => ("transfer_missing", transfer.amount, None),
            Some(t) if t.amount != transfer.amount => ("transfer_amount", transfer.amount, Some(t.amount)),
            Some(t) if t.reversed != transfer.reversed => ("transfer_reversed", transfer.reversed, Some(t.reversed)),
            Some(_) => continue,
        };
        let theirs_shown = theirs.map_or_else(|| "nothing".to_owned(), show);
        let what = if kind == "transfer_reversed" { "came back" } else { "went" };
        let message =
            format!("to {}: {} {what} by our books, {theirs_shown} at the provider", transfer.party, show(ours));
        out.push(of_payment(order, payment, kind, reference, (Some(ours), theirs), message));
    }
    for there in &books.transfers {
        // One that was reversed in full at once (the parts of a transfer that was refused) moved nothing.
        if there.reversed < there.amount && !order.transfers.iter().any(|t| t.reference == there.reference) {
            let message =
                format!("{} went on to a party that our books do not have", show(there.amount - there.reversed));
            let sums = (None, Some(there.amount - there.reversed));
            out.push(of_payment(order, payment, "transfer_unknown", Some(&there.reference), sums, message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_says_what_to_do_and_is_on_the_page() {
        let page = include_str!("../../../../../docs/reconciliation.md");
        for (kind, what) in KINDS {
            assert!(what.ends_with('.') && what.len() > 20, "{kind}");
            assert!(page.contains(&format!("| `{kind}` |")), "docs/reconciliation.md misses `{kind}`");
        }
    }
}
