//! Razorpay's own books of a payment, for the reconciliation: read, never written.

use orderwright_core::time::Timestamp;
use serde_json::Value;

use super::{Razorpay, disputes, owner, text};
use crate::pay::ProviderError;
use crate::pay::port::{Disputes, Facts, PaymentBooks, PaymentSeen, RefundSeen, TransferSeen};

/// Payments or disputes that one page of a list has.
const PAGE: usize = 100;
/// How many pages of disputes are looked through.
const DISPUTE_PAGES: usize = 200;

impl Razorpay {
    /// What Razorpay has of a payment. What a smaller capture gave back at once was never ours, and is left out.
    pub async fn payment_books(&self, reference: &str) -> Result<Option<PaymentBooks>, ProviderError> {
        let Some(Facts::Payment { held, taken, currency, .. }) = self.payment_facts(reference).await? else {
            return Ok(None);
        };
        if reference.starts_with("order_") {
            return Ok(Some(PaymentBooks { currency, held, taken, ..PaymentBooks::default() }));
        }
        let refunds = self.items(&format!("/v1/payments/{reference}/refunds?count=100")).await?;
        let transfers = self.items(&format!("/v1/payments/{reference}/transfers")).await?;
        let own = refunds.iter().filter(|r| !r["notes"]["orderwright_rest"].is_string());
        let refund = |row: &Value| RefundSeen {
            reference: text(row, "id").to_owned(),
            amount: row["amount"].as_i64().unwrap_or(0),
            failed: (text(row, "status") == "failed").then(|| "failed".to_owned()),
            by_us: owner(row).effect.is_some(),
        };
        let transfer = |row: &Value| TransferSeen {
            reference: text(row, "id").to_owned(),
            amount: row["amount"].as_i64().unwrap_or(0),
            reversed: row["amount_reversed"].as_i64().unwrap_or(0),
        };
        Ok(Some(PaymentBooks {
            currency,
            held,
            taken,
            refunds: own.map(refund).collect(),
            transfers: transfers.iter().map(transfer).collect(),
            disputes: Vec::new(),
        }))
    }

    /// All disputes, by their payment: Razorpay has no list of those of one payment, and none of a time.
    pub async fn disputes(&self) -> Result<Disputes, ProviderError> {
        let mut all = Disputes::new();
        for page in 0..DISPUTE_PAGES {
            let rows = self.items(&format!("/v1/disputes?count={PAGE}&skip={}", page * PAGE)).await?;
            for row in &rows {
                let of = all.entry(text(row, "payment_id").to_owned()).or_default();
                // One that came between two pages moves another onto the next page once more.
                let seen = disputes::seen(row);
                of.retain(|d| d.reference != seen.reference);
                of.push(seen);
            }
            if rows.len() < PAGE {
                return Ok(all);
            }
        }
        Err(ProviderError::Unavailable(format!(
            "razorpay: more than {} disputes to look through",
            DISPUTE_PAGES * PAGE
        )))
    }

    /// A page of the payments of a time. Razorpay pages by how many were read.
    pub async fn payments_between(
        &self,
        from: Timestamp,
        to: Timestamp,
        page: Option<&str>,
    ) -> Result<(Vec<PaymentSeen>, Option<String>), ProviderError> {
        let (from, to) = (from.0.div_euclid(1_000_000), to.0.div_euclid(1_000_000));
        let skip: usize = page.and_then(|p| p.parse().ok()).unwrap_or(0);
        let rows = self.items(&format!("/v1/payments?from={from}&to={to}&count={PAGE}&skip={skip}")).await?;
        let next = (rows.len() == PAGE).then(|| (skip + rows.len()).to_string());
        let mut seen = Vec::with_capacity(rows.len());
        for row in rows.iter().filter(|row| row["captured"] == true) {
            seen.push(PaymentSeen {
                reference: text(row, "id").to_owned(),
                owner: self.owner_of(row).await?,
                currency: text(row, "currency").to_owned(),
                taken: row["amount"].as_i64().unwrap_or(0),
            });
        }
        Ok((seen, next))
    }
}
