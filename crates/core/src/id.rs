//! Ids: 63-bit time-ordered integers inside, prefixed text outside (`ord_…`).
//!
//! The text is fixed-width base 32 whose alphabet is in ASCII order, so that the sort order of the text is the order of creation (api.md).
//! Making an id needs a clock and a node number, so that is the application's business; core takes an [`IdSource`].

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where new ids come from. The same source in the same state gives the same ids: `decide` stays deterministic.
pub trait IdSource {
    /// The next id, never given before.
    fn next_id(&mut self) -> i64;
}

/// Crockford's base 32, lower case: digits before letters, no i, l, o, u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 13 × 5 bits hold 63.
const WIDTH: usize = 13;

/// Writes an id as 13 characters of base 32.
pub fn encode(id: i64) -> [u8; WIDTH] {
    let mut out = [b'0'; WIDTH];
    let mut rest = id.unsigned_abs();
    for slot in out.iter_mut().rev() {
        *slot = ALPHABET[(rest & 31) as usize];
        rest >>= 5;
    }
    out
}

/// Reads what [`encode`] wrote; anything else is `None`.
pub fn decode(text: &str) -> Option<i64> {
    if text.len() != WIDTH {
        return None;
    }
    let mut id: u64 = 0;
    for byte in text.bytes() {
        let digit = ALPHABET.iter().position(|&a| a == byte)? as u64;
        id = id.checked_mul(32)?.checked_add(digit)?;
    }
    i64::try_from(id).ok()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl $name {
            /// What the text form begins with.
            pub const PREFIX: &'static str = $prefix;
            /// Reads the text form.
            pub fn parse(text: &str) -> Option<Self> {
                decode(text.strip_prefix($prefix)?).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                f.write_str(std::str::from_utf8(&encode(self.0)).map_err(|_| fmt::Error)?)
            }
        }
    )*};
}

ids! {
    /// An order.
    OrderId = "ord_";
    /// A line of an order.
    ItemId = "itm_";
    /// The part of an order that one merchant fulfils.
    MerchantOrderId = "mor_";
    /// A merchant: seller, supplier, maker.
    MerchantId = "mer_";
    /// A customer.
    CustomerId = "cus_";
    /// One attempt to pay.
    PaymentId = "pay_";
    /// A refund.
    RefundId = "ref_";
    /// A shipment.
    ShipmentId = "shp_";
    /// A note on an order.
    NoteId = "not_";
    /// A message in an order's thread.
    MessageId = "msg_";
    /// A merchant's wish that their part of an order be cancelled.
    CancellationRequestId = "cnr_";
    /// A dispute.
    DisputeId = "dsp_";
    /// A piece of evidence in a dispute.
    EvidenceId = "evd_";
    /// A timeline entry.
    EntryId = "evn_";
    /// A checkout.
    CheckoutId = "chk_";
    /// A durable effect.
    JobId = "job_";
    /// A contact or a postal address.
    AddressId = "adr_";
    /// A product variant.
    VariantId = "var_";
    /// An API token.
    TokenId = "tok_";
    /// A migration of orders in flight.
    MigrationId = "mig_";
    /// A domain event of the feed.
    EventId = "evt_";
    /// A payout.
    PayoutId = "pyo_";
    /// Payouts that were made together.
    BatchId = "pob_";
    /// A party's account at a bank.
    BankAccountId = "bnk_";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_sorts_as_ids_do() {
        let ids = [0, 1, 31, 32, 1 << 40, i64::MAX - 1, i64::MAX];
        let texts: Vec<String> = ids.iter().map(|&i| OrderId(i).to_string()).collect();
        assert!(texts.is_sorted());
        for (id, text) in ids.iter().zip(&texts) {
            assert_eq!(OrderId::parse(text), Some(OrderId(*id)));
        }
    }

    #[test]
    fn foreign_text_is_no_id() {
        for text in [
            "",
            "ord_",
            "itm_0000000000000",
            "ord_000000000000",
            "ord_00000000000000",
            "ord_zzzzzzzzzzzzz",
            "ord_000000000000O",
            "ord_0000000000é",
        ] {
            assert_eq!(OrderId::parse(text), None, "{text}");
        }
    }
}
