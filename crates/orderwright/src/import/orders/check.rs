//! What an order of the format means, and everything that can be wrong with it: either a sale with what became of it, or all its faults.

use orderwright_core::catalog::Offer;
use orderwright_core::money::{Currency, MAX_AMOUNT};
use orderwright_core::pricing::Rate;
use orderwright_core::time::Timestamp;
use serde_json::json;

use super::raw::{Located, RawFate, RawLine};
use super::shop::{Known, ORDERS, Shop, channel, offer, source};
use crate::import::plan::{Fault, Goal, Plan, Planned};
use crate::kernel::ids::EPOCH_MS;
use crate::ops::sale::{Sale, SaleLine};

/// The longest id, SKU or name.
const MAX_TEXT: usize = 200;
const DAY_MS: i64 = 86_400_000;

/// Judges an order. What it needs (channel, merchants, offers) goes into the plan, unless it is refused.
pub fn order(located: &Located, known: &Known, plan: &mut Plan) -> Result<Planned, Vec<Fault>> {
    let mut shop = Shop { known, plan, added: Plan { channels: plan.channels.clone(), ..Plan::default() } };
    let planned = judge(located, &mut shop)?;
    let added = shop.added;
    plan.channels = added.channels;
    plan.merchants.extend(added.merchants);
    plan.offers.extend(added.offers);
    Ok(planned)
}

fn judge(located: &Located, shop: &mut Shop<'_>) -> Result<Planned, Vec<Fault>> {
    let known = shop.known;
    let raw = &located.order;
    let mut faults = Vec::new();
    text(located, &mut faults, "externalId", &raw.external_id);
    let currency = Currency::parse(&raw.currency);
    if currency.is_none() {
        faults.push(located.fault("currency", "currency", "must be an ISO 4217 code, like EUR"));
    }
    let channel = currency.and_then(|currency| channel(located, shop, currency, &mut faults));
    let placed = instant(located, known, &mut faults, ("placedAt", "placedAt"), &raw.placed_at);
    people(located, &mut faults);
    if raw.lines.is_empty() {
        faults.push(located.fault("lines", "sku", "an order has at least one line"));
    }
    let inside = raw.prices_include_tax.or(channel.as_ref().map(|c| c.prices_include_tax)).unwrap_or(false);
    let mut lines = Vec::new();
    let mut goals = Vec::new();
    for (n, line) in raw.lines.iter().enumerate() {
        let offer = channel.as_ref().and_then(|channel| offer(located, shop, channel, n, line, &mut faults));
        let before = faults.len();
        let (discount_amount, gst_amount, rate) = amounts(located, n, line, inside, &mut faults);
        if let Some(offer) = offer
            && faults.len() == before
        {
            lines.push(SaleLine {
                offer: Offer { price: line.unit_price, gst_rate: rate, ..offer },
                quantity: line.quantity,
                discount_amount,
                gst_amount,
                tax_inside: inside,
                metadata: json!({ "import": { "source": ORDERS, "order": raw.external_id, "line": n } }),
            });
        }
        goals.push(goal(located, known, n, line, placed, &mut faults));
    }
    let (Some(placed), Some(channel), true) = (placed, channel, faults.is_empty()) else { return Err(faults) };
    let sale = Sale {
        source: source(&channel.name),
        external_id: raw.external_id.clone(),
        customer: raw.customer.clone(),
        shipping_address: raw.shipping_address.clone(),
        billing_address: raw.billing_address.clone(),
        lines,
        shipping_cost: raw.shipping_cost,
        shipping_tax: raw.shipping_tax,
        shipping_provider: raw.shipping_provider.clone(),
        discount_code: raw.discount_code.clone(),
    };
    let mut oddities: Vec<String> = raw.note.iter().cloned().collect();
    let paid = payments(located, known, &sale, placed, channel.currency, &mut faults, &mut oddities);
    let refunded = refunds(located, known, paid, &sale, &mut faults);
    if !faults.is_empty() {
        return Err(faults);
    }
    let at = located.at.clone();
    let channel = channel.name;
    Ok(Planned { at, channel, sale, placed, paid, goals, refunded, oddities })
}

fn text(located: &Located, faults: &mut Vec<Fault>, field: &str, value: &str) {
    if let Some(what) = wrong_text(value) {
        faults.push(located.fault(field, field, what));
    }
}

/// Why a text cannot be kept.
pub fn wrong_text(value: &str) -> Option<String> {
    if value.trim().is_empty() {
        Some("is empty; fill it in".to_owned())
    } else if value.chars().count() > MAX_TEXT {
        Some(format!("must have at most {MAX_TEXT} characters"))
    } else {
        value.contains(char::is_control).then(|| "must not contain control characters".to_owned())
    }
}

/// An instant, or a date as its first moment in UTC; neither in the future nor before ids can be made.
fn moment(known: &Known, text: &str) -> Result<Timestamp, String> {
    let shown: String = text.chars().take(40).collect();
    match Timestamp::parse_instant_or_date(text) {
        None => Err(format!("`{shown}` is no instant or date; write it like 2026-01-31T12:00:00Z or 2026-01-31")),
        Some(at) if at > known.now => Err(format!("`{shown}` is in the future; what has not happened is not imported")),
        Some(at) if at.millis() < EPOCH_MS + DAY_MS => Err(format!("`{shown}` is before 1990; leave such orders out")),
        Some(at) => Ok(at),
    }
}

fn instant(
    located: &Located,
    known: &Known,
    faults: &mut Vec<Fault>,
    (json, csv): (&str, &str),
    text: &str,
) -> Option<Timestamp> {
    match moment(known, text) {
        Ok(at) => Some(at),
        Err(what) => {
            faults.push(located.fault(json, csv, what));
            None
        }
    }
}

fn people(located: &Located, faults: &mut Vec<Fault>) {
    let raw = &located.order;
    let mut add = |prefix: &str, kind: &str, wrong: Vec<crate::ops::FieldError>| {
        for error in wrong {
            let field = error.pointer.trim_start_matches('/');
            let mut letters = field.chars();
            let capital: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
            faults.push(located.fault(&format!("{prefix}.{field}"), &format!("{kind}{capital}"), error.detail));
        }
    };
    add("customer", "customer", raw.customer.check(""));
    for (address, prefix, kind) in
        [(&raw.shipping_address, "shippingAddress", "shipping"), (&raw.billing_address, "billingAddress", "billing")]
    {
        if let Some(address) = address {
            add(prefix, kind, address.check(""));
        }
    }
    for (value, field) in [(&raw.shipping_provider, "shippingProvider"), (&raw.discount_code, "discountCode")] {
        if let Some(what) = value.as_deref().and_then(wrong_text) {
            faults.push(located.fault(field, field, what));
        }
    }
    if raw.note.as_ref().is_some_and(|n| n.chars().count() > 5000) {
        faults.push(located.fault("note", "note", "must have at most 5,000 characters"));
    }
}

/// Discount, tax and rate of a line.
fn amounts(located: &Located, n: usize, line: &RawLine, inside: bool, faults: &mut Vec<Fault>) -> (i64, i64, String) {
    let mut bad = |field: &str, what: &str| faults.push(located.line_fault(n, field, what));
    if !(1..=orderwright_core::pricing::MAX_QUANTITY).contains(&line.quantity) {
        bad("quantity", &format!("must be between 1 and {}", orderwright_core::pricing::MAX_QUANTITY));
    }
    if !(0..=MAX_AMOUNT).contains(&line.unit_price) {
        bad("unitPrice", &format!("must be between 0 and {MAX_AMOUNT} minor units"));
    }
    let gross = line.unit_price.checked_mul(line.quantity).filter(|g| (0..=MAX_AMOUNT).contains(g));
    let Some(gross) = gross else {
        bad("unitPrice", &format!("the line comes to more than {MAX_AMOUNT} minor units"));
        return (0, 0, String::new());
    };
    if !(0..=gross).contains(&line.discount) {
        bad("discount", &format!("must be between 0 and {gross}, price × quantity"));
        return (0, 0, String::new());
    }
    let net = gross - line.discount;
    let text = line.tax_rate.clone().unwrap_or_else(|| "0".to_owned());
    let Some(rate) = Rate::parse(&text) else {
        bad("taxRate", "must be a percentage like 18 or 12.5");
        return (0, 0, String::new());
    };
    let by_rate = if inside { rate.inside(net) } else { rate.of(net) };
    let tax = line.tax_amount.unwrap_or(by_rate);
    let most = if inside { net } else { MAX_AMOUNT };
    if !(0..=most).contains(&tax) {
        bad(
            "taxAmount",
            if inside { "is inside the price: it must be between 0 and that" } else { "must not be negative" },
        );
    }
    (line.discount, tax, text)
}

/// Where a line ends: what it says itself goes before what the order says.
fn goal(
    located: &Located,
    known: &Known,
    n: usize,
    line: &RawLine,
    placed: Option<Timestamp>,
    faults: &mut Vec<Fault>,
) -> Goal {
    let (own, all) = (&line.fate, &located.order.fate);
    let pick = |get: fn(&RawFate) -> &Option<String>| get(own).clone().or_else(|| get(all).clone());
    let mut at = |field: &str, get: fn(&RawFate) -> &Option<String>| {
        let text = pick(get)?;
        match moment(known, &text) {
            Ok(at) if placed.is_some_and(|placed| at < placed) && text.len() > 10 => {
                faults.push(located.line_fault(n, field, "is before placedAt; correct one of them"));
                None
            }
            // A date means some time of that day: not before the order was placed.
            Ok(at) => Some(placed.map_or(at, |placed| at.max(placed))),
            Err(what) => {
                faults.push(located.line_fault(n, field, what));
                None
            }
        }
    };
    let goal = Goal {
        shipped: at("shippedAt", |f| &f.shipped_at),
        delivered: at("deliveredAt", |f| &f.delivered_at),
        cancelled: at("cancelledAt", |f| &f.cancelled_at),
        status: pick(|f| &f.status),
        reason: pick(|f| &f.cancel_reason),
        carrier: pick(|f| &f.carrier),
        tracking_number: pick(|f| &f.tracking_number),
        expected_by: pick(|f| &f.expected_by),
    };
    if let (Some(shipped), Some(delivered)) = (goal.shipped, goal.delivered)
        && delivered < shipped
    {
        faults.push(located.line_fault(n, "deliveredAt", "is before shippedAt; correct one of them"));
    }
    if goal.status.is_none() && (goal.shipped.is_some() || goal.delivered.is_some() || goal.cancelled.is_some()) {
        faults.push(located.line_fault(
            n,
            "status",
            "is empty, and there is a date of something after the payment; say where it ended",
        ));
    }
    if goal.expected_by.as_ref().is_some_and(|d| d.len() != 10 || d.parse::<jiff::civil::Date>().is_err()) {
        faults.push(located.line_fault(n, "expectedBy", "must be a date like 2026-01-31"));
    }
    for (field, value) in
        [("carrier", &goal.carrier), ("trackingNumber", &goal.tracking_number), ("cancelReason", &goal.reason)]
    {
        if let Some(what) = value.as_deref().and_then(wrong_text) {
            faults.push(located.line_fault(n, field, what));
        }
    }
    goal
}

/// When the order was paid, if it was, and in full.
fn payments(
    located: &Located,
    known: &Known,
    sale: &Sale,
    placed: Timestamp,
    currency: Currency,
    faults: &mut Vec<Fault>,
    oddities: &mut Vec<String>,
) -> Option<Timestamp> {
    let raw = &located.order;
    if !(0..=MAX_AMOUNT).contains(&raw.shipping_cost) {
        faults.push(located.fault(
            "shippingCost",
            "shippingCost",
            format!("must be between 0 and {MAX_AMOUNT} minor units"),
        ));
        return None;
    }
    let total = sale.total();
    if let Some(said) = raw.total.filter(|said| *said != total) {
        let what = format!(
            "is {}, and lines and shipping come to {}; correct the amounts, or leave it empty",
            currency.show(said),
            currency.show(total)
        );
        faults.push(located.fault("total", "total", what));
    }
    let last = raw.payments.len().saturating_sub(1);
    let mut paid: Option<Timestamp> = None;
    for (n, payment) in raw.payments.iter().enumerate() {
        let place = |field: &str| format!("payments[{n}].{field}");
        if !(0..=MAX_AMOUNT).contains(&payment.amount) {
            faults.push(located.fault(
                &place("amount"),
                "paidAmount",
                "must not be negative, nor beyond what an order can hold",
            ));
            return None;
        }
        let at = instant(located, known, faults, (&place("paidAt"), "paidAt"), &payment.paid_at)?;
        if at < placed && payment.paid_at.len() > 10 {
            faults.push(located.fault(&place("paidAt"), "paidAt", "is before placedAt; correct one of them"));
        }
        paid = paid.max(Some(at.max(placed)));
    }
    let sum: i64 = raw.payments.iter().map(|p| p.amount).sum();
    if !raw.payments.is_empty() && sum != total {
        let what = format!(
            "payments come to {}, and the order to {}: an order is paid in full or not at all; correct the amounts, or leave the payments out until the rest is there",
            currency.show(sum),
            currency.show(total)
        );
        faults.push(located.fault(&format!("payments[{last}].amount"), "paidAmount", what));
    }
    let told = raw.payments.iter().filter(|p| p.method.is_some() || p.reference.is_some() || raw.payments.len() > 1);
    let told: Vec<String> = told
        .map(|p| {
            let parts = [p.method.clone(), Some(currency.show(p.amount)), p.reference.clone()];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
        })
        .collect();
    if told.len() > 1 {
        oddities.push(format!(
            "several payments: {}; an order here has one payment at a time, so one of their sum is stored: refund the parts by hand",
            told.join(", ")
        ));
    }
    paid
}

fn refunds(
    located: &Located,
    known: &Known,
    paid: Option<Timestamp>,
    sale: &Sale,
    faults: &mut Vec<Fault>,
) -> Option<(Timestamp, i64)> {
    let mut refunded: Option<(Timestamp, i64)> = None;
    for (n, refund) in located.order.refunds.iter().enumerate() {
        let place = |field: &str| format!("refunds[{n}].{field}");
        if !(1..=MAX_AMOUNT).contains(&refund.amount) {
            faults.push(located.fault(&place("amount"), "refundedAmount", "must be at least 1 (minor units)"));
            return None;
        }
        let at = instant(located, known, faults, (&place("refundedAt"), "refundedAt"), &refund.refunded_at)?;
        let before = refunded.map_or((at, 0), |r| r);
        refunded = Some((at.max(before.0), before.1 + refund.amount));
    }
    let (_, sum) = refunded?;
    if paid.is_none() || sum > sale.total() {
        let what = "more went back than came: there must be payments, and refunds at most their sum";
        faults.push(located.fault("refunds", "refundedAmount", what));
    }
    refunded
}
