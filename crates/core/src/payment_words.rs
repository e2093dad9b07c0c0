//! Payments in plain words: why one was declined, what the customer can do about it, and how each attempt stands.
//!
//! One table from the providers' codes to sentences, for the order's JSON, the payment page, events and mails alike. A customer is not
//! told that a card was reported stolen or that a payment looked like fraud: the bank alone may say so. What is not here: what a
//! decline does to an order (the workflow's), and other languages.
//!
//! Codes: Stripe's decline codes and error codes (docs.stripe.com/declines/codes), Razorpay's `reason` (razorpay.com/docs/errors), ours.

use crate::order::{Order, Payment, PaymentState};

/// What a decline means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decline {
    /// The codes that mean it; the last row of the table stands for every other.
    pub codes: &'static [&'static str],
    /// Why, in a sentence.
    pub why: &'static str,
    /// What the customer can do, in a sentence.
    pub next_step: &'static str,
}

/// Every decline that is told apart.
pub const DECLINES: &[Decline] = &[
    Decline {
        codes: &["insufficient_funds", "card_velocity_exceeded", "withdrawal_count_limit_exceeded"],
        why: "The card has not enough funds for this.",
        next_step: "Pay with another card, or again when there is enough on this one.",
    },
    Decline {
        codes: &["expired_card", "card_expired"],
        why: "The card has expired.",
        next_step: "Pay with another card.",
    },
    Decline {
        codes: &[
            "incorrect_cvc",
            "invalid_cvc",
            "incorrect_cvv",
            "incorrect_number",
            "invalid_number",
            "invalid_expiry_month",
            "invalid_expiry_year",
            "incorrect_card_details",
            "incorrect_card_expiry_date",
            "incorrect_zip",
        ],
        why: "A number of the card was wrong.",
        next_step: "Pay again, and look at each number once more.",
    },
    Decline {
        codes: &[
            "authentication_required",
            "payment_intent_authentication_failure",
            "setup_intent_authentication_failure",
            "authentication_failed",
            "incorrect_otp",
            "otp_expired",
        ],
        why: "The bank wants the payment to be confirmed, and it was not.",
        next_step: "Pay again, and confirm it when the bank asks.",
    },
    Decline {
        codes: &["hold_not_renewable"],
        why: "The bank's hold on the card ends, and this way of paying cannot be held again without you.",
        next_step: "Pay again, so that the order can go on.",
    },
    Decline {
        codes: &[
            "processing_error",
            "try_again_later",
            "reenter_transaction",
            "issuer_not_available",
            "approve_with_id",
            "bank_technical_error",
            "gateway_technical_error",
            "server_error",
        ],
        why: "The bank could not process the payment.",
        next_step: "Pay again in a few minutes.",
    },
    Decline {
        codes: &[
            "card_not_supported",
            "currency_not_supported",
            "transaction_not_allowed",
            "not_permitted",
            "service_not_allowed",
            "invalid_account",
            "new_account_information_available",
            "restricted_card",
            "international_transaction_not_allowed",
            "card_not_enrolled",
        ],
        why: "The card cannot be used for this payment.",
        next_step: "Pay with another card.",
    },
    Decline {
        codes: &["amount_too_large", "amount_too_small", "amount_not_authorised"],
        why: "The sum is not one that the card may be charged with.",
        next_step: "Pay with another card, or ask your bank for its limits.",
    },
    Decline {
        codes: &["authorisation_expired", "charge_expired_for_capture", "expired", "automatic"],
        why: "The bank's hold on the card had ended before the money was taken.",
        next_step: "Pay again.",
    },
    Decline {
        codes: &["captured_elsewhere"],
        why: "Another amount was taken at the payment provider; it goes back by itself.",
        next_step: "Pay again.",
    },
    Decline {
        codes: &["abandoned", "payment_timed_out", "payment_cancelled", "payment_session_expired"],
        why: "The payment was not completed in time.",
        next_step: "Go back to the shop to pay again.",
    },
    Decline {
        codes: &["canceled", "requested_by_customer", "duplicate", "void_invoice", "failed_invoice"],
        why: "The payment was called off before the money was taken.",
        next_step: "Pay again.",
    },
    // Everything else, and what only the bank may explain: lost, stolen, fraudulent, do_not_honor, generic_decline, ….
    Decline {
        codes: &[
            "card_declined",
            "generic_decline",
            "do_not_honor",
            "call_issuer",
            "fraudulent",
            "lost_card",
            "stolen_card",
            "pickup_card",
            "merchant_blacklist",
            "payment_failed",
            "payment_risk_check_failed",
        ],
        why: "The bank declined the payment, and it alone knows why.",
        next_step: "Pay with another card, or ask your bank.",
    },
];

/// What a provider's code means.
pub fn decline(code: &str) -> &'static Decline {
    DECLINES.iter().find(|d| d.codes.contains(&code)).unwrap_or(&DECLINES[DECLINES.len() - 1])
}

/// What the customer can do about an attempt that failed; `payable` says whether the order can still be paid.
pub fn next_step(payment: &Payment, payable: bool) -> Option<String> {
    if payment.state != PaymentState::Failed {
        return payment.awaits_customer.then(|| "Complete the payment on the payment page.".to_owned());
    }
    let decline = decline(payment.failure_code.as_deref().unwrap_or_default());
    let why = decline.why;
    Some(match payable {
        true => format!("{why} {}", decline.next_step),
        false => format!("{why} This order cannot be paid any more. Order again if you still want it."),
    })
}

/// How an attempt to pay stands, in a sentence that customers may read.
pub fn summary(order: &Order, payment: &Payment) -> String {
    let show = |amount: i64| order.currency.show(amount);
    if payment.late > payment.late_refunded {
        let rest = show(payment.late - payment.late_refunded);
        return format!("{rest} arrived after the payment had been given up, and are on their way back.");
    }
    if payment.late > 0 {
        return format!("{} arrived after the payment had been given up, and went back.", show(payment.late));
    }
    match payment.state {
        PaymentState::Pending if payment.awaits_customer => "The provider waits for the customer.".to_owned(),
        PaymentState::Pending => "Nothing was held or taken yet.".to_owned(),
        PaymentState::InDoubt => {
            "The provider's answer was lost; it is being asked, and nothing is done twice.".to_owned()
        }
        PaymentState::Authorised => {
            let until = payment.capture_before.map(|at| format!(" until {}", at.date())).unwrap_or_default();
            format!("{} are held on the card{until}; nothing was taken yet.", show(payment.held()))
        }
        PaymentState::Captured => taken(order, payment),
        PaymentState::Failed => {
            let decline = decline(payment.failure_code.as_deref().unwrap_or_default());
            format!("{} Nothing was taken.", decline.why)
        }
        PaymentState::Voided => "What was held was released; nothing was taken.".to_owned(),
    }
}

/// What became of money that was taken: what went back, by whichever way, what the customer's bank took, and what is left.
fn taken(order: &Order, payment: &Payment) -> String {
    let show = |amount: i64| order.currency.show(amount);
    let (whole, by_bank) = (payment.captured, order.refunded_by_bank_of(payment.id));
    let back = payment.refunded + by_bank;
    let way = match by_bank {
        0 => String::new(),
        all if all == back => " by bank transfer".to_owned(),
        part => format!(", {} of that by bank transfer", show(part)),
    };
    let mut said = match back {
        0 => format!("{} were taken.", show(whole)),
        back if back >= whole => format!("{} were taken and went back{way}.", show(whole)),
        back => format!("{} were taken, {} of it went back{way}.", show(whole), show(back)),
    };
    let of = order.chargebacks().filter(|c| c.payment_id == payment.id);
    let (lost, held) = of.fold((0, 0), |(lost, held), c| (lost + c.lost, held + c.held()));
    match held {
        0 if payment.disputed => said.push_str(" The customer disputes the payment with the bank, which decides."),
        0 => {}
        held => said.push_str(&format!(" The customer's bank took {} back while it decides a dispute.", show(held))),
    }
    if lost > 0 {
        said.push_str(&format!(" The customer's bank took {} back for good: the dispute was lost.", show(lost)));
    }
    let left = whole - back - lost - held;
    if left < whole && left > 0 {
        said.push_str(&format!(" {} are left.", show(left)));
    } else if left <= 0 && back < whole {
        said.push_str(" Nothing is left.");
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_means_one_thing_and_every_sentence_ends() {
        for (n, row) in DECLINES.iter().enumerate() {
            for code in row.codes {
                let elsewhere = DECLINES[n + 1..].iter().any(|other| other.codes.contains(code));
                assert!(!elsewhere, "{code} stands in two rows");
                assert_eq!(decline(code), row);
            }
            assert!(row.why.ends_with('.') && row.next_step.ends_with('.'), "{row:?}");
            // The summary of an attempt says it after the reason.
            assert!(!row.why.contains("nothing was taken"), "said twice: {row:?}");
        }
        assert!(decline("something_new").next_step.contains("ask your bank"));
    }

    #[test]
    fn what_only_the_bank_may_say_is_not_said() {
        for code in ["stolen_card", "lost_card", "fraudulent", "pickup_card"] {
            let said = format!("{} {}", decline(code).why, decline(code).next_step).to_lowercase();
            assert!(["stolen", "lost", "fraud"].iter().all(|word| !said.contains(word)), "{said}");
        }
    }

    #[test]
    fn the_page_has_the_table() {
        let page = include_str!("../../../docs/payments.md");
        for row in DECLINES {
            let codes: Vec<String> = row.codes.iter().map(|code| format!("`{code}`")).collect();
            let line = format!("| {} | {} | {} |", codes.join(", "), row.why, row.next_step);
            assert!(page.contains(&line), "docs/payments.md misses: {line}");
        }
    }
}
