//! What the export means: sales with what became of them, or all that is wrong with an order's rows. Pure.

use std::collections::{BTreeSet, HashMap};

use jiff::fmt::strtime;
use orderwright_core::catalog::Offer;
use orderwright_core::id::{MerchantId, VariantId};
use orderwright_core::money::{Currency, MAX_AMOUNT};
use orderwright_core::pricing::MAX_QUANTITY;
use orderwright_core::time::Timestamp;
use serde_json::json;

use super::amounts::{self, Amounts};
use super::fate::Paid;
use super::{CHANNEL, Terms};
use crate::import::orders::shop::{RANK, new_channel};
use crate::import::plan::{Fault, LeftOut, Plan, Planned};
use crate::import::table::{CsvFile, CsvRow};
use crate::kernel::digest;
use crate::kernel::ids::EPOCH_MS;
use crate::ops::import::{NewMerchant, NewOffer};
use crate::ops::people::{Address, Contact};
use crate::ops::sale::{Sale, SaleLine};

/// Columns without which it is no export of orders.
pub const REQUIRED: &[&str] = &[
    "Name",
    "Financial Status",
    "Currency",
    "Total",
    "Created at",
    "Lineitem quantity",
    "Lineitem name",
    "Lineitem price",
];
/// The lifecycle of orders with several sellers.
const WORKFLOW: &str = "marketplace";
const DAY_MS: i64 = 86_400_000;

/// What is there already.
pub struct Known {
    /// Offers by SKU.
    pub offers: HashMap<String, Offer>,
    /// The channel's currency, if the channel is there.
    pub currency: Option<Currency>,
    /// When the import runs.
    pub now: Timestamp,
}

/// The SKUs of a file, and what they become when somebody else has them.
pub fn skus(file: &CsvFile) -> Vec<String> {
    let mut skus = BTreeSet::new();
    for row in &file.rows {
        let vendor = file.get(row, "Vendor");
        skus.extend(candidates(file.get(row, "Lineitem sku"), file.get(row, "Lineitem name"), vendor));
    }
    skus.into_iter().collect()
}

/// The SKU, or one made of the name; then the same with its vendor, for when it is taken.
fn candidates(sku: &str, name: &str, vendor: &str) -> [String; 2] {
    let first = if sku.is_empty() {
        let id = digest::id(&[b"shopify", b"name", vendor.as_bytes(), name.as_bytes()]);
        format!("SHOPIFY-{:010x}", id & 0xff_ffff_ffff)
    } else {
        sku.to_owned()
    };
    let slug: String = vendor.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).take(40).collect();
    let second = format!("{first}@{}", if slug.is_empty() { CHANNEL } else { &slug });
    [first, second]
}

/// Makes the plan.
pub fn plan(file: &CsvFile, terms: &Terms, known: &Known) -> Plan {
    let mut plan = Plan { source: source(terms), ..Plan::default() };
    let mut groups: Vec<(&str, Vec<&CsvRow>)> = Vec::new();
    let mut at: HashMap<&str, usize> = HashMap::new();
    for row in &file.rows {
        let name = file.get(row, "Name");
        let n = *at.entry(name).or_insert_with(|| {
            groups.push((name, Vec::new()));
            groups.len() - 1
        });
        groups[n].1.push(row);
    }
    for (name, rows) in groups {
        let mut reader = Reader { file, terms, known, plan: &plan, added: Plan::default(), faults: Vec::new() };
        let planned = reader.order(name, &rows);
        let Reader { added, mut faults, .. } = reader;
        match planned.filter(|_| faults.is_empty()) {
            Some(planned) => {
                plan.channels.extend(added.channels);
                plan.merchants.extend(added.merchants);
                plan.offers.extend(added.offers);
                plan.orders.push(planned);
            }
            None => {
                faults.sort();
                let at = rows.iter().map(|r| r.line).collect();
                plan.left_out.push(LeftOut { order_id: name.to_owned(), at, faults });
            }
        }
    }
    plan.orders.sort_by(|a, b| (a.placed, &a.sale.external_id).cmp(&(b.placed, &b.sale.external_id)));
    plan
}

/// Whose outside ids a channel's orders have.
pub fn source(terms: &Terms) -> String {
    format!("{CHANNEL}/{}", terms.channel)
}

/// Reads one order.
pub(super) struct Reader<'a> {
    file: &'a CsvFile,
    pub(super) terms: &'a Terms,
    pub(super) known: &'a Known,
    plan: &'a Plan,
    added: Plan,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    pub(super) fn get(&self, row: &CsvRow, column: &str) -> String {
        // Line breaks in an address are blanks here.
        let text = self.file.get(row, column);
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(1000).collect()
    }

    fn optional(&self, row: &CsvRow, column: &str) -> Option<String> {
        Some(self.get(row, column)).filter(|t| !t.is_empty())
    }

    pub(super) fn fault(&mut self, row: &CsvRow, column: &str, what: impl Into<String>) {
        self.faults.push(Fault::new(row.line, column, what));
    }

    fn money(&mut self, row: &CsvRow, column: &str, currency: Currency) -> Option<i64> {
        let text = self.optional(row, column)?;
        let amount = currency.parse_amount(&text).filter(|a| (0..=MAX_AMOUNT).contains(a));
        if amount.is_none() {
            let text: String = text.chars().take(40).collect();
            self.fault(row, column, format!("`{text}` is not an amount in {currency}; write it like 12.34"));
        }
        amount
    }

    fn instant(&mut self, row: &CsvRow, column: &str) -> Option<Timestamp> {
        let text = self.optional(row, column)?;
        let read = strtime::parse("%Y-%m-%d %H:%M:%S %z", &text).and_then(|t| t.to_timestamp()).ok();
        let read = read.map(|t| Timestamp(t.as_microsecond())).or_else(|| Timestamp::parse_instant_or_date(&text));
        let shown: String = text.chars().take(40).collect();
        let what = match read {
            None => format!("`{shown}` is not a date and time; write it like 2026-01-31 12:00:00 +0100"),
            Some(at) if at > self.known.now => {
                format!("`{shown}` is in the future; what has not happened is not imported")
            }
            Some(at) if at.millis() < EPOCH_MS + DAY_MS => format!("`{shown}` is before 1990; leave such orders out"),
            Some(at) => return Some(at),
        };
        self.fault(row, column, what);
        None
    }

    fn order(&mut self, name: &str, rows: &[&'a CsvRow]) -> Option<Planned> {
        let head = rows.first()?;
        for row in rows {
            if let Some(what) = row.wrong.clone() {
                self.fault(row, "(row)", what);
            }
        }
        if name.is_empty() {
            self.fault(head, "Name", "is empty; every row has the name of its order");
        } else if name.chars().count() > 200 || name.contains(char::is_control) {
            self.fault(head, "Name", "must have at most 200 characters, and no control characters");
        }
        if !self.faults.is_empty() {
            return None;
        }
        let currency = self.currency(head)?;
        let created = self.instant(head, "Created at");
        if created.is_none() && self.faults.is_empty() {
            self.fault(head, "Created at", "is empty; fill it in");
        }
        let raw: Vec<amounts::Line> = rows.iter().map(|row| self.line(row, currency)).collect();
        let order = amounts::Order {
            subtotal: self.money(head, "Subtotal", currency),
            shipping: self.money(head, "Shipping", currency).unwrap_or_default(),
            taxes: self.money(head, "Taxes", currency).unwrap_or_default(),
            duties: self.money(head, "Duties", currency).unwrap_or_default(),
            discount: self.money(head, "Discount Amount", currency).unwrap_or_default(),
            total: self.money(head, "Total", currency).unwrap_or_default(),
        };
        let refunded = self.money(head, "Refunded Amount", currency).unwrap_or_default();
        let paid = self.paid(head);
        let fulfilled = self.instant(head, "Fulfilled at");
        let cancelled = self.instant(head, "Cancelled at");
        let paid_at = self.instant(head, "Paid at");
        let customer = self.customer(head, name);
        let shipping = self.address(head, "Shipping");
        let billing = self.address(head, "Billing");
        if !self.faults.is_empty() {
            return None;
        }
        let amounts = match amounts::divide(&raw, order, currency) {
            Ok(amounts) => amounts,
            Err((column, what)) => {
                self.fault(head, column, what);
                return None;
            }
        };
        let placed = created?;
        let mut oddities = Vec::new();
        let paid = (paid == Paid::Yes).then(|| paid_at.unwrap_or(placed).max(placed));
        self.about_payment(head, paid, paid_at, &mut oddities);
        let lines = self.sold(rows, &raw, &amounts, name);
        let back = if refunded > order.total { order.total } else { refunded };
        if refunded > order.total || (refunded > 0 && paid.is_none()) {
            oddities.push(format!(
                "refunded: {} went back by the file, which is more than was paid; no more than that is stored: look at the order's refunds",
                currency.show(refunded)
            ));
        }
        let whole = paid.is_some() && back == order.total && back > 0;
        if cancelled.is_some() && paid.is_some() && back != order.total {
            oddities.push(format!(
                "cancelled, and only {} of {} went back by the file; it is stored as refunded in full: decide whose the difference is",
                currency.show(back),
                currency.show(order.total)
            ));
        }
        if order.duties > 0 {
            oddities.push(format!("duties of {} are stored as part of the shipping", currency.show(order.duties)));
        }
        let last = [paid, fulfilled].into_iter().flatten().fold(placed, Timestamp::max);
        let goals = rows
            .iter()
            .map(|row| self.goal(row, head, paid, (placed, fulfilled, cancelled), whole, &mut oddities))
            .collect();
        oddities.dedup();
        let sale = Sale {
            source: source(self.terms),
            external_id: name.to_owned(),
            customer,
            shipping_address: shipping,
            billing_address: billing,
            lines,
            shipping_cost: amounts.shipping,
            shipping_tax: amounts.shipping_tax,
            shipping_provider: self.optional(head, "Shipping Method").map(|t| t.chars().take(200).collect()),
            discount_code: self.optional(head, "Discount Code").map(|t| t.chars().take(200).collect()),
        };
        let partial = (back > 0 && paid.is_some() && cancelled.is_none()).then_some((last, back));
        let at = rows.iter().map(|r| r.line).collect();
        let channel = self.terms.channel.clone();
        Some(Planned { at, channel, sale, placed, paid, goals, refunded: partial, oddities })
    }

    /// One currency for the channel: the store's, or that of the first order.
    fn currency(&mut self, row: &CsvRow) -> Option<Currency> {
        let text = self.get(row, "Currency");
        let Some(currency) = Currency::parse(&text) else {
            self.fault(row, "Currency", "must be an ISO 4217 code, like EUR; on the first row of each order");
            return None;
        };
        let planned = self.plan.channels.first().map(|c| c.currency);
        match self.known.currency.or(planned) {
            Some(other) if other != currency => {
                let what = format!(
                    "the channel `{}` sells in {other}; import these orders with another --channel",
                    self.terms.channel
                );
                self.fault(row, "Currency", what);
                return None;
            }
            Some(_) => {}
            None => self.added.channels.push(new_channel(&self.terms.channel, WORKFLOW, currency, false)),
        }
        // One that is there is checked against this one before anything is written.
        if self.known.currency.is_some() && self.plan.channels.is_empty() {
            self.added.channels.push(new_channel(&self.terms.channel, WORKFLOW, currency, false));
        }
        Some(currency)
    }

    fn line(&mut self, row: &CsvRow, currency: Currency) -> amounts::Line {
        let text = self.get(row, "Lineitem quantity");
        let quantity = text.parse().ok().filter(|q| (1..=MAX_QUANTITY).contains(q));
        if quantity.is_none() {
            self.fault(row, "Lineitem quantity", format!("must be a whole number between 1 and {MAX_QUANTITY}"));
        }
        let price = self.money(row, "Lineitem price", currency);
        if price.is_none() && self.optional(row, "Lineitem price").is_none() {
            self.fault(row, "Lineitem price", "is empty; fill it in");
        }
        let (price, quantity) = (price.unwrap_or_default(), quantity.unwrap_or_default());
        if price.checked_mul(quantity).is_none_or(|gross| gross > MAX_AMOUNT) {
            self.fault(row, "Lineitem price", format!("the line comes to more than {MAX_AMOUNT} minor units"));
            return amounts::Line::default();
        }
        let taxable = !self.get(row, "Lineitem taxable").eq_ignore_ascii_case("false");
        let discount = self.money(row, "Lineitem discount", currency).unwrap_or_default();
        if self.get(row, "Lineitem name").is_empty() {
            self.fault(row, "Lineitem name", "is empty; fill it in");
        }
        for column in ["Lineitem name", "Lineitem sku", "Vendor"] {
            if self.get(row, column).chars().count() > 200 {
                self.fault(row, column, "must have at most 200 characters");
            }
        }
        amounts::Line { price, quantity, discount, taxable }
    }

    fn customer(&mut self, row: &CsvRow, name: &str) -> Contact {
        let digits: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        // `.invalid` never reaches anybody (RFC 2606).
        let email = self
            .optional(row, "Email")
            .unwrap_or_else(|| format!("order-{}@{}.invalid", digits.to_lowercase(), self.terms.channel));
        let person = ["Billing Name", "Shipping Name"].into_iter().find_map(|c| self.optional(row, c));
        let phone = ["Phone", "Billing Phone", "Shipping Phone"].into_iter().find_map(|c| self.optional(row, c));
        let contact = Contact { name: person.unwrap_or_else(|| email.clone()), email, phone };
        for error in contact.check("") {
            let column = match error.pointer.as_str() {
                "/email" => "Email",
                "/phone" => "Phone",
                _ => "Billing Name",
            };
            self.fault(row, column, error.detail);
        }
        contact
    }

    fn address(&mut self, row: &CsvRow, kind: &str) -> Option<Address> {
        let get = |part: &str| self.get(row, &format!("{kind} {part}"));
        let optional = |part: &str| Some(get(part)).filter(|t| !t.is_empty());
        let line1 = optional("Address1").or_else(|| optional("Street"));
        if line1.is_none() && get("City").is_empty() && get("Zip").is_empty() {
            return None;
        }
        let address = Address {
            name: get("Name"),
            company: optional("Company"),
            line1: line1.unwrap_or_default(),
            line2: optional("Address2"),
            city: get("City"),
            state: optional("Province"),
            // Spreadsheets are told by an apostrophe that it is text.
            postal_code: get("Zip").trim_start_matches('\'').to_owned(),
            country: get("Country"),
            phone: optional("Phone"),
        };
        // Shopify takes addresses without some of these; only what cannot be kept is wrong.
        for error in address.check("").into_iter().filter(|e| e.detail != "must not be empty") {
            let column = match error.pointer.as_str() {
                "/line1" => "Address1",
                "/line2" => "Address2",
                "/postalCode" => "Zip",
                "/state" => "Province",
                "/country" => "Country",
                "/company" => "Company",
                "/city" => "City",
                "/phone" => "Phone",
                _ => "Name",
            };
            self.fault(row, &format!("{kind} {column}"), error.detail);
        }
        Some(address)
    }

    fn sold(&mut self, rows: &[&CsvRow], raw: &[amounts::Line], amounts: &Amounts, name: &str) -> Vec<SaleLine> {
        let head = rows.first().copied();
        let of_order = |column: &str| head.and_then(|row| self.optional(row, column));
        let about = json!({
            "id": of_order("Id"),
            "name": name,
            "paymentMethod": of_order("Payment Method"),
            "paymentReference": of_order("Payment Reference"),
        });
        let mut lines = Vec::new();
        for (n, ((row, raw), part)) in rows.iter().zip(raw).zip(&amounts.parts).enumerate() {
            let Some(offer) = self.offer(row, raw.price, &part.rate) else { continue };
            lines.push(SaleLine {
                offer: Offer { price: raw.price, gst_rate: part.rate.clone(), ..offer },
                quantity: raw.quantity,
                discount_amount: part.discount,
                gst_amount: part.tax,
                tax_inside: amounts.tax_inside,
                metadata: json!({ "import": { "source": CHANNEL, "order": name, "line": n }, "shopify": about }),
            });
        }
        lines
    }

    /// The offer of a line: known, planned, or new. A SKU of two vendors is two offers.
    fn offer(&mut self, row: &CsvRow, price: i64, rate: &str) -> Option<Offer> {
        let (vendor, name) = (self.get(row, "Vendor"), self.get(row, "Lineitem name"));
        let key = if vendor.is_empty() { self.terms.channel.clone() } else { vendor.clone() };
        let merchant_id = MerchantId(digest::id(&[b"shopify", self.terms.channel.as_bytes(), key.as_bytes()]));
        for sku in candidates(&self.get(row, "Lineitem sku"), &name, &vendor) {
            let planned =
                [&self.plan.offers, &self.added.offers].into_iter().find_map(|o| o.get(&sku)).map(|o| &o.offer);
            match self.known.offers.get(&sku).or(planned) {
                Some(offer) if offer.channel == self.terms.channel && offer.merchant_id == merchant_id => {
                    return Some(offer.clone());
                }
                Some(_) => {}
                None => {
                    let offer = Offer {
                        sku: sku.clone(),
                        channel: self.terms.channel.clone(),
                        variant_id: VariantId(digest::id(&[b"shopify", b"variant", sku.as_bytes()])),
                        merchant_id,
                        brand: None,
                        category: None,
                        name,
                        price,
                        gst_rate: rate.to_owned(),
                        late_cancellation: false,
                    };
                    let merchant = NewMerchant { external_id: key.clone(), id: merchant_id, name: key.clone() };
                    self.added.merchants.entry(key).or_insert(merchant);
                    let rank = RANK + (self.plan.offers.len() + self.added.offers.len()) as i64;
                    let new = NewOffer { external_id: sku.clone(), offer: offer.clone(), rank, on_hand: 0 };
                    self.added.offers.insert(sku, new);
                    return Some(offer);
                }
            }
        }
        self.fault(
            row,
            "Lineitem sku",
            "this SKU is sold by somebody else here, with its vendor's name too; give the offer another SKU",
        );
        None
    }
}
