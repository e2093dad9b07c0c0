//! Payouts as they are shown: JSON, the statement as CSV, and as a page to print.

use axum::http::{HeaderName, header};
use orderwright_core::id::{BatchId, OrderId, PayoutId};
use orderwright_core::payout::decimal;
use orderwright_core::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::csv::{Cell, Rows};
use crate::ops::payouts::Payout;
use crate::ops::payouts::file::Batch;
use crate::ops::payouts::statement::Statement;
use crate::store::PayoutLineRow;

/// A payout. Amounts are minor units of its currency;
/// `amount = orders + reserveReleased + carried + owed − reserveHeld − netted`, and `closing = opening − orders − carried`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Payout)]
pub struct PayoutView {
    /// `pyo_…`
    pub id: String,
    /// The payouts that it was made with, `pob_…`; null when nothing is sent.
    pub batch_id: Option<String>,
    /// The party's ledger account: `party/merchant/mer_…`.
    pub party: String,
    /// The channel of its orders.
    pub channel: String,
    /// ISO 4217.
    pub currency: String,
    /// What is paid.
    pub amount: i64,
    /// pending (to be approved), approved, sent, paid, failed, returned, settled (nothing was to be sent).
    pub status: String,
    /// bank, a provider, or none.
    pub method: String,
    /// The end of the account's number.
    pub account: Option<String>,
    /// Shares of orders less refunds, fees and chargebacks.
    pub orders: i64,
    /// How many orders it has.
    pub order_count: i64,
    /// Kept back against later refunds.
    pub reserve_held: i64,
    /// When that is released.
    pub reserve_release_at: Option<String>,
    /// Released of what was kept back before.
    pub reserve_released: i64,
    /// Of payouts that failed or came back.
    pub carried: i64,
    /// Those payouts.
    pub carried_payouts: Vec<String>,
    /// Against what the party owed.
    pub netted: i64,
    /// What the party owes from then on.
    pub owed: i64,
    /// The balance of the party's account before it, in all channels of the currency: what the platform owes it, negative where more went
    /// back than was there. What the party owes from before is not in it but in `owedBefore`.
    pub opening: i64,
    /// The same after it: not due yet, or less than the minimum.
    pub closing: i64,
    /// What the party owed the platform before it, in all channels of the currency; null for payouts of before this was written down.
    pub owed_before: Option<i64>,
    /// What it owes after it: `owedBefore + owed − netted`. Later payouts are less by it.
    pub owed_after: Option<i64>,
    /// Why it failed or came back.
    pub reason: Option<String>,
    /// The bank's or the provider's word for it.
    pub reference: Option<String>,
    /// Whether another account must be given before its money goes out again.
    pub needs_account: bool,
    /// The later payout that has its money.
    pub carried_by: Option<String>,
    /// Who made it.
    pub created_by: String,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
}

/// A payout, as staff see it (`own` is false) or the party itself.
pub fn payout(payout: Payout, own: bool) -> PayoutView {
    let (row, body) = (payout.row, payout.body);
    let made = body.settlement;
    let id = |id: i64| PayoutId(id).to_string();
    PayoutView {
        id: id(row.id),
        batch_id: row.batch_id.filter(|_| !own).map(|b| BatchId(b).to_string()),
        party: row.party,
        channel: row.channel,
        currency: row.currency,
        amount: row.amount,
        status: row.state,
        method: row.method,
        account: body.account,
        orders: made.orders,
        order_count: body.orders,
        reserve_held: made.held,
        reserve_release_at: body.release_at.map(|at| Timestamp(at).to_string()),
        reserve_released: made.released,
        carried: made.carried,
        carried_payouts: body.carried.into_iter().map(id).collect(),
        netted: made.netted,
        owed: made.owed,
        opening: body.opening,
        closing: body.closing,
        owed_before: body.owed_before,
        owed_after: body.owed_after,
        reason: body.reason,
        reference: body.reference,
        needs_account: row.parked && body.needs_details,
        carried_by: row.carried_by.map(id),
        created_by: body.created_by,
        approved_by: body.approved_by.filter(|_| !own),
        created_at: Timestamp(row.created_at).to_string(),
        updated_at: Timestamp(row.updated_at).to_string(),
    }
}

/// What a payout has of an order. Minor units; what the party gets is positive.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PayoutLine)]
pub struct PayoutLineView {
    /// `ord_…`
    pub order_id: String,
    /// The number that people use.
    pub order_number: String,
    /// The party's share.
    pub share: i64,
    /// Its part of refunds.
    pub refund: i64,
    /// Fees.
    pub fee: i64,
    /// Chargebacks and corrections.
    pub other: i64,
    /// All together.
    pub amount: i64,
}

/// A line.
pub fn line(row: PayoutLineRow) -> PayoutLineView {
    PayoutLineView {
        order_id: OrderId(row.order_id).to_string(),
        order_number: row.number,
        share: row.share,
        refund: row.refund,
        fee: row.fee,
        other: row.other,
        amount: row.share + row.refund + row.fee + row.other,
    }
}

/// A file with its headers.
pub type Document = ([(HeaderName, String); 4], Vec<u8>);

/// A document that is not kept by anybody on the way, and runs nothing.
pub fn document(kind: &str, disposition: String, body: Vec<u8>) -> Document {
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
        (header::CONTENT_SECURITY_POLICY, POLICY.to_owned()),
    ];
    (headers, body)
}

/// A page that loads nothing and runs nothing; its one style is in it.
const POLICY: &str = "default-src 'none'; style-src 'sha256-Usqr7LiCO/JOuPOBBil1dpogNHIVyqjNU2MfSVfIrsc='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The statement as CSV: a row a line, amounts as numbers of minor units, no text that a spreadsheet takes for a formula.
pub fn csv(statement: &Statement) -> Document {
    let mut rows = Rows::default();
    // What is owed beside the payout stands in each row, since a row of its own would be counted into the amount.
    let names = [
        "payoutId",
        "type",
        "orderId",
        "orderNumber",
        "relatedPayoutId",
        "description",
        "currency",
        "amount",
        "owedBefore",
        "owedAfter",
    ];
    rows.push(&names.map(Cell::from));
    let payout = &statement.payout;
    let owed = |amount: Option<i64>| amount.map_or_else(|| Cell::from(""), Cell::from);
    for line in &statement.lines {
        let (order, number) = line.order.as_ref().map(|(id, number)| (id.to_string(), number.clone())).unzip();
        rows.push(&[
            Cell::from(&payout.id().to_string()),
            Cell::from(line.kind),
            Cell::from(&order),
            Cell::from(&number),
            Cell::from(&line.payout.map(|p| p.to_string())),
            Cell::from(&line.description),
            Cell::from(&payout.row.currency),
            Cell::from(line.amount),
            owed(payout.body.owed_before),
            owed(payout.body.owed_after),
        ]);
    }
    let name = format!("attachment; filename=\"payout-{}.csv\"", payout.id());
    document("text/csv; charset=utf-8; header=present", name, rows.into_bytes())
}

/// The transfers of a batch as CSV for a bank, one a row. No text in it begins like a formula.
pub fn transfers(batch: &Batch) -> Vec<u8> {
    let mut rows = Rows::default();
    let names = [
        "batchId",
        "payoutId",
        "holder",
        "iban",
        "accountNumber",
        "bankCode",
        "bic",
        "currency",
        "amountMinor",
        "amount",
        "remittance",
    ];
    rows.push(&names.map(Cell::from));
    for transfer in &batch.transfers {
        let to = &transfer.to;
        rows.push(&[
            Cell::from(&batch.id.to_string()),
            Cell::from(&transfer.id),
            Cell::from(&to.holder),
            Cell::from(&to.iban),
            Cell::from(&to.account_number),
            Cell::from(&to.bank_code),
            Cell::from(&to.bic),
            Cell::from(batch.currency.code()),
            Cell::from(transfer.amount),
            Cell::from(&decimal(batch.currency, transfer.amount)),
            Cell::from(&transfer.remittance),
        ]);
    }
    rows.into_bytes()
}

const STYLE: &str = "body{font:14px/1.4 system-ui,sans-serif;margin:2em auto;max-width:50em;color:#111}\
table{border-collapse:collapse;width:100%}th,td{padding:.3em .5em;text-align:left;border-bottom:1px solid #ccc}\
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}tfoot td{font-weight:bold;border:0}";

/// The statement as a page to print.
pub fn html(statement: &Statement) -> Document {
    let (payout, currency) = (&statement.payout, statement.currency);
    let body = &payout.body;
    let mut out = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Payout {id}</title><style>{STYLE}</style></head>\
         <body><h1>Payout {id}</h1><p>{channel} · {party} · {day} · {state}</p>",
        id = payout.id(),
        channel = escape(&payout.row.channel),
        party = escape(&payout.row.party),
        day = Timestamp(payout.row.created_at).date(),
        state = escape(&payout.row.state),
    );
    if let Some(account) = &body.account {
        out.push_str(&format!("<p>To the account {}</p>", escape(account)));
    }
    if let Some(reason) = &body.reason {
        out.push_str(&format!("<p>{}</p>", escape(reason)));
    }
    out.push_str("<table><thead><tr><th scope=\"col\">Order</th><th scope=\"col\">For</th><th scope=\"col\" class=\"n\">Amount</th></tr></thead><tbody>");
    for line in &statement.lines {
        let number = line.order.as_ref().map(|(_, number)| escape(number)).unwrap_or_default();
        let (words, amount) = (escape(&line.description), currency.show(line.amount));
        out.push_str(&format!("<tr><td>{number}</td><td>{words}</td><td class=\"n\">{amount}</td></tr>"));
    }
    let total = currency.show(payout.row.amount);
    out.push_str(&format!(
        "</tbody><tfoot><tr><td></td><td>Paid out</td><td class=\"n\">{total}</td></tr></tfoot></table>"
    ));
    out.push_str(&format!(
        "<p>Your balance before: {} · Your balance after: {}</p>",
        currency.show(body.opening),
        currency.show(body.closing)
    ));
    if let (Some(before), Some(after)) = (body.owed_before, body.owed_after) {
        let (before, after) = (currency.show(before), currency.show(after));
        out.push_str(&format!("<p>Owed by you before: {before} · Owed by you after: {after}</p>"));
    }
    out.push_str("</body></html>");
    document("text/html; charset=utf-8", "inline".to_owned(), out.into_bytes())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_lets_in_the_pages_own_style_and_nothing_else() {
        use sha2::Digest as _;
        let digest = sha2::Sha256::digest(STYLE.as_bytes());
        let mut text = String::new();
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for chunk in digest.chunks(3) {
            let bits = chunk.iter().fold(0u32, |bits, b| bits << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
            for n in 0..4 {
                let digit = ALPHABET[(bits >> (18 - 6 * n)) as usize & 63];
                text.push(if n <= chunk.len() { char::from(digit) } else { '=' });
            }
        }
        assert!(POLICY.contains(&format!("'sha256-{text}'")), "the style's digest is {text}");
    }

    #[test]
    fn nothing_breaks_out_of_the_page() {
        assert_eq!(escape("<script>\"&'"), "&lt;script&gt;&quot;&amp;&#39;");
    }
}
