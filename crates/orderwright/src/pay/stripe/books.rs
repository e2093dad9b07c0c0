//! Stripe's own books of a payment, for the reconciliation: read, never written.

use orderwright_core::id::OrderId;
use orderwright_core::time::Timestamp;
use serde_json::Value;

use super::money::from_stripe;
use super::{Stripe, owner, text};
use crate::pay::ProviderError;
use crate::pay::port::{Facts, PaymentBooks, PaymentSeen, RefundSeen, TransferSeen};

impl Stripe {
    /// What Stripe has of a payment: the intent, its refunds and disputes, and the transfers of its order's group that were made from it.
    pub async fn payment_books(&self, order: OrderId, reference: &str) -> Result<Option<PaymentBooks>, ProviderError> {
        // A verified card holds and takes nothing.
        if reference.starts_with("seti_") {
            return Ok(Some(PaymentBooks::default()));
        }
        let Some(Facts::Payment { owner: whose, held, taken, currency, .. }) = self.payment_facts(reference).await?
        else {
            return Ok(None);
        };
        let refunds = self.all(&format!("/v1/refunds?payment_intent={reference}")).await?;
        let transfers = self.all(&format!("/v1/transfers?transfer_group={order}")).await?;
        let disputes = self.all(&format!("/v1/disputes?payment_intent={reference}")).await?;
        let money = |row: &Value, field: &str| from_stripe(row[field].as_i64().unwrap_or(0), text(row, "currency"));
        let refund = |row: &Value| RefundSeen {
            reference: text(row, "id").to_owned(),
            amount: money(row, "amount"),
            failed: matches!(text(row, "status"), "failed" | "canceled").then(|| match text(row, "failure_reason") {
                "" => text(row, "status").to_owned(),
                reason => reason.to_owned(),
            }),
            by_us: owner(row).effect.is_some(),
        };
        let transfer = |row: &Value| TransferSeen {
            reference: text(row, "id").to_owned(),
            amount: money(row, "amount"),
            reversed: money(row, "amount_reversed"),
        };
        let own = transfers.iter().filter(|row| owner(row).payment == whose.payment);
        Ok(Some(PaymentBooks {
            currency,
            held,
            taken,
            refunds: refunds.iter().map(refund).collect(),
            transfers: own.map(transfer).collect(),
            disputes: disputes.iter().map(super::disputes::seen).collect(),
        }))
    }

    /// A page of the intents of a time.
    pub async fn payments_between(
        &self,
        from: Timestamp,
        to: Timestamp,
        page: Option<&str>,
    ) -> Result<(Vec<PaymentSeen>, Option<String>), ProviderError> {
        let (from, to) = (from.0.div_euclid(1_000_000), to.0.div_euclid(1_000_000));
        let after = page.map(|id| format!("&starting_after={id}")).unwrap_or_default();
        let path = format!("/v1/payment_intents?created[gte]={from}&created[lte]={to}&limit=100{after}");
        let list = self.get(&path).await?.unwrap_or_default();
        let rows = list["data"].as_array().cloned().unwrap_or_default();
        let next = rows.last().filter(|_| list["has_more"] == true).map(|last| text(last, "id").to_owned());
        let seen = |row: &Value| PaymentSeen {
            reference: text(row, "id").to_owned(),
            owner: owner(row),
            currency: text(row, "currency").to_ascii_uppercase(),
            taken: from_stripe(row["amount_received"].as_i64().unwrap_or(0), text(row, "currency")),
        };
        Ok((rows.iter().map(seen).collect(), next))
    }
}
