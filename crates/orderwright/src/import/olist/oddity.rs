//! What the files say and an order here cannot: each with a reason that a person can act on.

use std::fmt;

use orderwright_core::money::Currency;

/// Something that could not be represented, or not as it is in the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// There is nothing on the order.
    NoItems {
        /// The state in the file.
        status: String,
        /// What the file says was paid.
        paid: i64,
    },
    /// Rows of items or payments without an order.
    NoOrder,
    /// A value cannot be read.
    Unreadable(String),
    /// The orders file has it more than once.
    Repeated,
    /// The customers file does not have the customer.
    UnknownCustomer,
    /// Several payments on one order.
    SeveralPayments(String),
    /// The file has no payment.
    NoPayment,
    /// What was paid is not what the lines cost.
    SumDiffers {
        /// By the payments file.
        paid: i64,
        /// By the items file.
        due: i64,
        /// By how many parts it was paid, when that may explain it.
        installments: u32,
    },
    /// Cancelled without an approval, but there is a payment.
    NeverApproved {
        /// By the payments file.
        paid: i64,
    },
    /// It went on without an approval.
    NoApproval,
    /// Approved before it was bought.
    ApprovedBeforePurchase(String, String),
    /// The carrier had it before the payment was approved.
    ShippedBeforeApproved(String, String),
    /// The customer had it before the carrier.
    DeliveredBeforeShipped(String, String),
    /// Shipped or delivered, and no date of the carrier.
    NoCarrierDate,
    /// Delivered, and no date of it.
    NoDeliveryDate,
    /// Cancelled after the carrier, or the customer, had it.
    CancelledAfterPickup {
        /// When the carrier had it.
        carrier: String,
        /// When the customer had it, if they ever did.
        delivered: String,
    },
    /// A date of a later state than the file's.
    DateBeyondState {
        /// Of the file.
        status: String,
        /// Which date.
        date: &'static str,
    },
    /// The engine refused a step.
    Refused {
        /// Which.
        step: &'static str,
        /// Why.
        why: String,
    },
    /// The order here is not where the files say; somebody moved it, or a step was refused.
    Differs {
        /// By the files.
        expected: &'static str,
        /// In the store.
        found: String,
    },
    /// The order's books are not what its lines come to.
    Books {
        /// By the files.
        expected: i64,
        /// In the ledger.
        found: i64,
    },
    /// A refund that the cancellation caused is not through.
    RefundOpen,
}

impl Oddity {
    /// What orders with this oddity have in common: a heading.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NoItems { .. } => "no items",
            Self::NoOrder => "items or payments without an order",
            Self::Unreadable(_) => "unreadable values",
            Self::Repeated => "order id more than once",
            Self::UnknownCustomer => "unknown customer",
            Self::SeveralPayments(_) => "several payments",
            Self::NoPayment => "no payment",
            Self::SumDiffers { .. } => "payments differ from items and freight",
            Self::NeverApproved { .. } => "cancelled before its payment was approved",
            Self::NoApproval => "no approval date",
            Self::ApprovedBeforePurchase(..) => "approved before purchase",
            Self::ShippedBeforeApproved(..) => "shipped before approved",
            Self::DeliveredBeforeShipped(..) => "delivered before shipped",
            Self::NoCarrierDate => "no carrier date",
            Self::NoDeliveryDate => "delivered without a date",
            Self::CancelledAfterPickup { .. } => "cancelled after pickup",
            Self::DateBeyondState { .. } => "date beyond the state",
            Self::Refused { .. } => "a step was refused",
            Self::Differs { .. } => "the store differs from the files",
            Self::Books { .. } => "the books differ from the files",
            Self::RefundOpen => "refund still open",
        }
    }
}

fn money(amount: i64) -> String {
    Currency::parse("BRL").map_or_else(|| amount.to_string(), |c| c.show(amount))
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoItems { status, paid } => write!(
                f,
                "no items: the items file has no row of this order, which is {status} with payments of {}; nothing can be sold or given back, so it is not stored: find the items, or settle the payment by hand",
                money(*paid)
            ),
            Self::NoOrder => write!(
                f,
                "no order: there are rows of items or payments, and the orders file does not have it; it is not stored: add its row and import again"
            ),
            Self::Unreadable(what) => {
                write!(f, "unreadable: {what}; it is not stored: correct the file and import again")
            }
            Self::Repeated => {
                write!(
                    f,
                    "repeated: the orders file has this id more than once; the first row counts: look which is right"
                )
            }
            Self::UnknownCustomer => write!(
                f,
                "unknown customer: the customers file has no row of this order's customer_id, which was taken as the person; there is no address"
            ),
            Self::SeveralPayments(parts) => write!(
                f,
                "several payments: {parts}; an order here has one payment at a time, so one of their sum is stored: refund the parts by hand"
            ),
            Self::NoPayment => write!(
                f,
                "no payment: the payments file has no row of this order; it is stored as paid in full from outside: find out whether the money came"
            ),
            Self::SumDiffers { paid, due, installments } => {
                write!(
                    f,
                    "sum differs: payments of {} for items and freight of {}, {} {}",
                    money(*paid),
                    money(*due),
                    money((paid - due).abs()),
                    if paid > due { "too much" } else { "too little" }
                )?;
                if *installments > 1 && paid > due {
                    write!(f, " (paid in {installments} instalments: most likely their interest)")?;
                }
                write!(f, "; the books hold {}: decide whose the difference is", money(*due))
            }
            Self::NeverApproved { paid } => write!(
                f,
                "never approved: cancelled before its payment of {} was approved; it is stored as cancelled and unpaid: make sure that nothing was taken",
                money(*paid)
            ),
            Self::NoApproval => {
                write!(f, "no approval: it went on without one; it is stored as paid at the next date that is known")
            }
            Self::ApprovedBeforePurchase(approved, purchased) => {
                write!(f, "approved before purchase: on {approved}, bought on {purchased}; stored as approved then")
            }
            Self::ShippedBeforeApproved(carrier, approved) => write!(
                f,
                "shipped before approved: the carrier had it on {carrier}, the payment was approved on {approved}; nothing ships unpaid here, so it is stored as shipped after the approval"
            ),
            Self::DeliveredBeforeShipped(delivered, carrier) => write!(
                f,
                "delivered before shipped: on {delivered}, and the carrier had it on {carrier}; it is stored as delivered right after shipping: one of the dates is wrong"
            ),
            Self::NoCarrierDate => {
                write!(f, "no carrier date: stored as shipped at the last date known before: ask the carrier")
            }
            Self::NoDeliveryDate => {
                write!(
                    f,
                    "delivered without a date: stored as delivered at the last date that is known: ask the carrier"
                )
            }
            Self::CancelledAfterPickup { carrier, delivered } if delivered.is_empty() => write!(
                f,
                "cancelled after pickup: the carrier had it on {carrier}; it is stored as shipped, then cancelled and refunded: look whether the goods came back"
            ),
            Self::CancelledAfterPickup { carrier, delivered } => write!(
                f,
                "cancelled after delivery: the carrier had it on {carrier}, the customer on {delivered}; it is stored as shipped, then cancelled and refunded on delivery: look whether the goods came back"
            ),
            Self::DateBeyondState { status, date } => {
                write!(
                    f,
                    "date beyond the state: it is {status} and has a {date}, which is not stored: look which is right"
                )
            }
            Self::Refused { step, why } => write!(f, "refused at `{step}`: {why}"),
            Self::Differs { expected, found } => write!(
                f,
                "differs: the files say {expected}, the store says {found}; somebody moved it since, or a step was refused: look at its timeline"
            ),
            Self::Books { expected, found } => write!(
                f,
                "books differ: the files come to {}, the ledger to {}: look at the order's refunds",
                money(*expected),
                money(*found)
            ),
            Self::RefundOpen => {
                write!(f, "refund open: the money of this cancellation is not back yet: look at the jobs")
            }
        }
    }
}
