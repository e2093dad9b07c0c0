//! An order as the format has it, before anything is judged: one JSON object a line, or rows of CSV that come to the same.
//!
//! Amounts are minor units, as in the HTTP API. What the fields mean is in `docs/import-orders.md`.

use serde::Deserialize;

use crate::import::plan::Fault;
use crate::import::table::{CsvFile, CsvRow};
use crate::ops::people::{Address, Contact};

/// An order.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawOrder {
    /// Which channel.
    pub channel: String,
    /// Its id where it comes from.
    pub external_id: String,
    /// An instant or a date.
    pub placed_at: String,
    /// ISO 4217.
    pub currency: String,
    /// Whether prices contain the tax; else as the channel does it.
    pub prices_include_tax: Option<bool>,
    /// Who bought.
    pub customer: Contact,
    /// Where to.
    pub shipping_address: Option<Address>,
    /// Who is billed.
    pub billing_address: Option<Address>,
    /// What was sold.
    pub lines: Vec<RawLine>,
    /// Including its tax.
    #[serde(default)]
    pub shipping_cost: i64,
    /// The tax inside it.
    #[serde(default)]
    pub shipping_tax: i64,
    /// The carrier or service.
    pub shipping_provider: Option<String>,
    /// The code that the customer gave.
    pub discount_code: Option<String>,
    /// What the order costs: checked when it is there.
    pub total: Option<i64>,
    /// Money that came.
    #[serde(default)]
    pub payments: Vec<RawPayment>,
    /// Money that went back beside cancellations.
    #[serde(default)]
    pub refunds: Vec<RawRefund>,
    /// For staff.
    pub note: Option<String>,
    /// What became of all lines that do not say otherwise.
    #[serde(flatten)]
    pub fate: RawFate,
}

/// What became of lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RawFate {
    /// The public status that they end in.
    pub status: Option<String>,
    /// When they left the house.
    pub shipped_at: Option<String>,
    /// When they arrived.
    pub delivered_at: Option<String>,
    /// When they were called off.
    pub cancelled_at: Option<String>,
    /// Why.
    pub cancel_reason: Option<String>,
    /// Who carried them.
    pub carrier: Option<String>,
    /// The carrier's number.
    pub tracking_number: Option<String>,
    /// `YYYY-MM-DD`.
    pub expected_by: Option<String>,
}

/// A line.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawLine {
    /// Which offer.
    pub sku: String,
    /// What it is; needed for a SKU that is new.
    pub name: Option<String>,
    /// Whose it is; needed for a SKU that is new.
    pub merchant: Option<String>,
    /// Units.
    pub quantity: i64,
    /// Of one unit.
    pub unit_price: i64,
    /// Off the line.
    #[serde(default)]
    pub discount: i64,
    /// Percent.
    pub tax_rate: Option<String>,
    /// Of the line; else it follows from the rate.
    pub tax_amount: Option<i64>,
    /// What became of this line.
    #[serde(flatten)]
    pub fate: RawFate,
}

/// Money that came.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawPayment {
    /// How much.
    pub amount: i64,
    /// When.
    pub paid_at: String,
    /// How.
    pub method: Option<String>,
    /// The provider's or bank's reference.
    pub reference: Option<String>,
}

/// Money that went back.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawRefund {
    /// How much.
    pub amount: i64,
    /// When.
    pub refunded_at: String,
    /// Why.
    pub reason: Option<String>,
}

/// An order with the places that it was read from.
#[derive(Clone, Debug)]
pub struct Located {
    /// The lines of the file, in the order of the order's lines: one for each in CSV, one for all in JSON.
    pub at: Vec<u64>,
    /// Whether it was read from CSV, whose columns are named otherwise than the paths of JSON.
    pub csv: bool,
    /// The order.
    pub order: RawOrder,
}

impl Located {
    /// A fault of the whole order.
    pub fn fault(&self, json: &str, csv: &str, what: impl Into<String>) -> Fault {
        let line = self.at.first().copied().unwrap_or(0);
        Fault::new(line, if self.csv { csv } else { json }, what)
    }

    /// A fault of a line.
    pub fn line_fault(&self, n: usize, field: &str, what: impl Into<String>) -> Fault {
        let line = self.at.get(n).or(self.at.first()).copied().unwrap_or(0);
        let column = if self.csv { field.to_owned() } else { format!("lines[{n}].{field}") };
        Fault::new(line, column, what)
    }
}

/// Columns that a CSV file must have.
pub const REQUIRED: &[&str] =
    &["channel", "externalId", "placedAt", "currency", "customerEmail", "customerName", "sku", "quantity", "unitPrice"];

/// Columns whose value is of the whole order: later rows leave them empty or repeat them.
const OF_ORDER: &[&str] = &[
    "channel",
    "placedAt",
    "currency",
    "pricesIncludeTax",
    "customerEmail",
    "customerName",
    "customerPhone",
    "shippingName",
    "shippingCompany",
    "shippingLine1",
    "shippingLine2",
    "shippingCity",
    "shippingState",
    "shippingPostalCode",
    "shippingCountry",
    "shippingPhone",
    "billingName",
    "billingCompany",
    "billingLine1",
    "billingLine2",
    "billingCity",
    "billingState",
    "billingPostalCode",
    "billingCountry",
    "billingPhone",
    "shippingCost",
    "shippingTax",
    "shippingProvider",
    "discountCode",
    "total",
    "paidAt",
    "paidAmount",
    "paymentMethod",
    "paymentReference",
    "refundedAt",
    "refundedAmount",
    "refundReason",
    "note",
];

/// Columns of each line.
const OF_LINE: &[&str] = &[
    "externalId",
    "sku",
    "name",
    "merchant",
    "quantity",
    "unitPrice",
    "discount",
    "taxRate",
    "taxAmount",
    "status",
    "shippedAt",
    "deliveredAt",
    "cancelledAt",
    "cancelReason",
    "carrier",
    "trackingNumber",
    "expectedBy",
];

/// All columns.
pub fn columns() -> Vec<&'static str> {
    OF_LINE.iter().chain(OF_ORDER).copied().collect()
}

/// Rows of one order, with the columns by name.
struct Rows<'a> {
    file: &'a CsvFile,
    rows: &'a [&'a CsvRow],
    faults: Vec<Fault>,
}

impl Rows<'_> {
    fn order(&self, column: &str) -> String {
        self.rows.first().map(|row| self.file.get(row, column).to_owned()).unwrap_or_default()
    }

    fn optional(&self, column: &str) -> Option<String> {
        Some(self.order(column)).filter(|t| !t.is_empty())
    }

    fn of(&self, row: &CsvRow, column: &str) -> Option<String> {
        Some(self.file.get(row, column).to_owned()).filter(|t| !t.is_empty())
    }

    fn number(&mut self, row: &CsvRow, column: &str) -> Option<i64> {
        let text = self.of(row, column)?;
        match text.parse() {
            Ok(number) => Some(number),
            Err(_) => {
                let money = column != "quantity" && text.contains(['.', ',']);
                let hint =
                    if money { "amounts are whole minor units: 21.99 is 2199" } else { "it must be a whole number" };
                let text: String = text.chars().take(40).collect();
                self.faults.push(Fault::new(row.line, column, format!("`{text}`: {hint}")));
                None
            }
        }
    }

    /// A number that must be there.
    fn need(&mut self, row: &CsvRow, column: &str) -> i64 {
        if self.of(row, column).is_none() {
            self.faults.push(Fault::new(row.line, column, "is empty; fill it in"));
        }
        self.number(row, column).unwrap_or_default()
    }

    fn of_order(&mut self, column: &str) -> Option<i64> {
        let row = self.rows.first().copied()?;
        self.number(row, column)
    }

    fn address(&self, kind: &str) -> Option<Address> {
        let get = |part: &str| self.order(&format!("{kind}{part}"));
        let optional = |part: &str| Some(get(part)).filter(|t| !t.is_empty());
        let parts = ["Name", "Company", "Line1", "Line2", "City", "State", "PostalCode", "Country", "Phone"];
        parts.iter().any(|p| optional(p).is_some()).then(|| Address {
            name: get("Name"),
            company: optional("Company"),
            line1: get("Line1"),
            line2: optional("Line2"),
            city: get("City"),
            state: optional("State"),
            postal_code: get("PostalCode"),
            country: get("Country"),
            phone: optional("Phone"),
        })
    }

    fn fate(&self, row: &CsvRow) -> RawFate {
        let get = |column: &str| self.of(row, column);
        RawFate {
            status: get("status"),
            shipped_at: get("shippedAt"),
            delivered_at: get("deliveredAt"),
            cancelled_at: get("cancelledAt"),
            cancel_reason: get("cancelReason"),
            carrier: get("carrier"),
            tracking_number: get("trackingNumber"),
            expected_by: get("expectedBy"),
        }
    }
}

/// An order of its CSV rows.
pub fn of_rows(file: &CsvFile, rows: &[&CsvRow]) -> Result<Located, Vec<Fault>> {
    let mut rows = Rows { file, rows, faults: Vec::new() };
    let Some((first, rest)) = rows.rows.split_first() else { return Err(Vec::new()) };
    for row in rest {
        for column in OF_ORDER {
            let (here, there) = (file.get(row, column), file.get(first, column));
            if !here.is_empty() && here != there {
                let what = format!("is not what line {} of this order says; repeat it, or leave it empty", first.line);
                rows.faults.push(Fault::new(row.line, *column, what));
            }
        }
    }
    let mut lines = Vec::new();
    for row in rows.rows {
        lines.push(RawLine {
            sku: file.get(row, "sku").to_owned(),
            name: rows.of(row, "name"),
            merchant: rows.of(row, "merchant"),
            quantity: rows.need(row, "quantity"),
            unit_price: rows.need(row, "unitPrice"),
            discount: rows.number(row, "discount").unwrap_or_default(),
            tax_rate: rows.of(row, "taxRate"),
            tax_amount: rows.number(row, "taxAmount"),
            fate: rows.fate(row),
        });
    }
    let prices_include_tax = match rows.order("pricesIncludeTax").as_str() {
        "" => None,
        "true" | "yes" => Some(true),
        "false" | "no" => Some(false),
        _ => {
            rows.faults.push(Fault::new(first.line, "pricesIncludeTax", "must be true or false, or empty"));
            None
        }
    };
    let paid = rows.of_order("paidAmount");
    let refunded = rows.of_order("refundedAmount");
    let both = |rows: &mut Rows<'_>, amount: Option<i64>, names: [&str; 2]| {
        let at = rows.optional(names[1]);
        if amount.is_some() != at.is_some() && rows.optional(names[0]).is_some() != at.is_some() {
            let (empty, full) = if at.is_none() { (names[1], names[0]) } else { (names[0], names[1]) };
            rows.faults.push(Fault::new(
                first.line,
                empty,
                format!("is empty, and {full} is not; fill in both or none"),
            ));
        }
        amount.zip(at)
    };
    let payment = both(&mut rows, paid, ["paidAmount", "paidAt"]);
    let refund = both(&mut rows, refunded, ["refundedAmount", "refundedAt"]);
    let order = RawOrder {
        channel: rows.order("channel"),
        external_id: rows.order("externalId"),
        placed_at: rows.order("placedAt"),
        currency: rows.order("currency"),
        prices_include_tax,
        customer: Contact {
            email: rows.order("customerEmail"),
            name: rows.order("customerName"),
            phone: rows.optional("customerPhone"),
        },
        shipping_address: rows.address("shipping"),
        billing_address: rows.address("billing"),
        shipping_cost: rows.of_order("shippingCost").unwrap_or_default(),
        shipping_tax: rows.of_order("shippingTax").unwrap_or_default(),
        shipping_provider: rows.optional("shippingProvider"),
        discount_code: rows.optional("discountCode"),
        total: rows.of_order("total"),
        payments: payment
            .map(|(amount, paid_at)| RawPayment {
                amount,
                paid_at,
                method: rows.optional("paymentMethod"),
                reference: rows.optional("paymentReference"),
            })
            .into_iter()
            .collect(),
        refunds: refund
            .map(|(amount, refunded_at)| RawRefund { amount, refunded_at, reason: rows.optional("refundReason") })
            .into_iter()
            .collect(),
        note: rows.optional("note"),
        fate: rows.fate(first),
        lines,
    };
    let at = rows.rows.iter().map(|r| r.line).collect();
    if rows.faults.is_empty() { Ok(Located { at, csv: true, order }) } else { Err(rows.faults) }
}

/// An order of a line of JSON.
pub fn of_json(line: u64, text: &str) -> Result<Located, Fault> {
    let mut json = serde_json::Deserializer::from_str(text);
    let order: RawOrder = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let column = error.inner().column();
        let what = error.into_inner().to_string();
        // The line of the message is that of the text, which is one line.
        let what = what.split(" at line ").next().unwrap_or_default().to_owned();
        let whole = path == "." || path == "?";
        let path = match what.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
            Some(field) if whole => field.to_owned(),
            Some(field) => format!("{path}.{field}"),
            None if whole => format!("character {column}"),
            None => path,
        };
        let hint = if what.contains("floating point") { ": amounts are whole minor units, 21.99 is 2199" } else { "" };
        Fault::new(line, path, format!("{what}{hint}; correct it and import again"))
    })?;
    json.end().map_err(|_| Fault::new(line, "end", "there is more after the object; one order is one line"))?;
    Ok(Located { at: vec![line], csv: false, order })
}
