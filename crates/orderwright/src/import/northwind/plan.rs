//! What the dump means: sales with their suppliers, dates and amounts in cents. Pure; the same file, the same plan.
//!
//! Rounding: the dump's prices, discounts and freights are single-precision floats (34.7999992). A price and a freight are rounded to the
//! cent, a discount to the hundredth of a percent, and then the discount of a line to the cent, each half up. So a line costs
//! price × quantity − discount, exactly, and an order the sum of its lines and its freight.

use std::collections::{BTreeMap, HashMap};

use anyhow::Context as _;
use jiff::civil::Date;
use orderwright_core::catalog::{Channel, Offer, SplitRule};
use orderwright_core::id::{MerchantId, VariantId};
use orderwright_core::money::Currency;
use orderwright_core::order::{PartyKind, Policies};
use orderwright_core::refunds::RefundPolicy;
use orderwright_core::time::{Span, Timestamp};
use serde_json::json;

use super::sql::{self, Row, Table};
use crate::import::plan::{Fault, Goal, LeftOut, Plan, Planned};
use crate::kernel::digest;
use crate::ops::import::{NewMerchant, NewOffer};
use crate::ops::people::{Address, Contact};
use crate::ops::sale::{Sale, SaleLine};

/// Whose outside ids these are, and the channel.
pub const NORTHWIND: &str = "northwind";
/// The tables that are read.
const TABLES: [&str; 6] = ["customers", "order_details", "orders", "products", "shippers", "suppliers"];
const HOUR_S: i64 = 3600;
const DAY_S: i64 = 24 * HOUR_S;

/// Rows of a table by its key, with the columns that are used.
struct Rows<'a, const N: usize> {
    columns: [usize; N],
    names: [&'static str; N],
    table: &'a Table,
}

impl<'a, const N: usize> Rows<'a, N> {
    fn of(tables: &'a HashMap<String, Table>, name: &str, names: [&'static str; N]) -> anyhow::Result<Self> {
        let missing = || format!("there is no table `{name}` in it; is this the Northwind database?");
        let table = tables.get(name).with_context(missing)?;
        let mut columns = [0; N];
        for (slot, column) in columns.iter_mut().zip(names) {
            *slot = table.column(name, column)?;
        }
        Ok(Self { columns, names, table })
    }

    fn rows(&self) -> impl Iterator<Item = Cells<'_, N>> {
        self.table.rows.iter().map(|row| Cells { row, columns: &self.columns, names: &self.names })
    }

    fn by_key(&self) -> HashMap<String, Cells<'_, N>> {
        self.rows().filter_map(|c| Some((c.get(0)?.to_owned(), c))).collect()
    }
}

/// The used columns of a row.
struct Cells<'a, const N: usize> {
    row: &'a Row,
    columns: &'a [usize; N],
    names: &'a [&'static str; N],
}

impl<const N: usize> Cells<'_, N> {
    fn get(&self, n: usize) -> Option<&str> {
        self.row.get(self.columns[n])
    }

    fn text(&self, n: usize) -> String {
        self.get(n).unwrap_or_default().trim().to_owned()
    }

    fn fault(&self, n: usize, what: impl Into<String>) -> Fault {
        Fault::new(self.row.line, self.names[n], what)
    }

    /// A value that must be there.
    fn need(&self, n: usize) -> Result<&str, Fault> {
        self.get(n).filter(|v| !v.trim().is_empty()).ok_or_else(|| self.fault(n, "is empty; fill it in"))
    }

    /// A decimal as an integer of `digits` digits after the point, rounded half up; not negative.
    fn decimal(&self, n: usize, digits: u32) -> Result<i64, Fault> {
        let text = self.need(n)?;
        rounded(text, digits).ok_or_else(|| {
            self.fault(n, format!("`{}` is not a plain number that is not negative; write it like 34.8", clip(text)))
        })
    }

    fn whole(&self, n: usize) -> Result<i64, Fault> {
        let text = self.need(n)?;
        let number = text.parse().ok().filter(|n| (0..=1_000_000).contains(n));
        number.ok_or_else(|| self.fault(n, format!("`{}` is not a whole number up to a million", clip(text))))
    }

    /// A date at an hour of that day, UTC.
    fn date(&self, n: usize, hour: i64) -> Result<Option<(Date, Timestamp)>, Fault> {
        let Some(text) = self.get(n) else { return Ok(None) };
        let wrong = || self.fault(n, format!("`{}` is not a date; write it like 1996-07-04", clip(text)));
        let date: Date = text.parse().map_err(|_| wrong())?;
        let day = Timestamp::parse_instant_or_date(&date.to_string()).ok_or_else(wrong)?;
        Ok(Some((date, day.plus(Span::seconds(hour * HOUR_S)))))
    }
}

/// Text of a file in an error: not all of it.
fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Reads a plain decimal into an integer of `digits` digits after the point, rounded half up.
pub fn rounded(text: &str, digits: u32) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let plain = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 9 || !plain(whole) || !plain(fraction) || fraction.len() > 30 {
        return None;
    }
    let digits = digits as usize;
    let kept: String = fraction.chars().chain(std::iter::repeat('0')).take(digits).collect();
    let up = fraction.as_bytes().get(digits).is_some_and(|d| *d >= b'5');
    let number: i64 = format!("{whole}{kept}").parse().ok()?;
    Some(number + i64::from(up))
}

/// The part of an amount that basis points are, rounded half up.
fn part(amount: i64, basis_points: i64) -> i64 {
    (amount * basis_points + 5_000) / 10_000
}

/// Makes the plan. A dump that lacks a table or a column is an error; a row that cannot be used leaves its order out.
pub fn plan(text: &str) -> anyhow::Result<Plan> {
    let tables = sql::read(text, &TABLES)?;
    let reader = Reader::of(&tables)?;
    let mut plan = Plan { source: NORTHWIND.to_owned(), channels: vec![channel()?], ..Plan::default() };
    let (merchants, offers) = reader.catalogue().map_err(|fault| anyhow::anyhow!("{fault}"))?;
    (plan.merchants, plan.offers) = (merchants, offers);
    let mut details: BTreeMap<String, Vec<Cells<'_, 5>>> = BTreeMap::new();
    for row in reader.details.rows() {
        details.entry(row.text(0)).or_default().push(row);
    }
    let mut seen: HashMap<String, u64> = HashMap::new();
    for (n, row) in (0..).zip(reader.orders.rows()) {
        let id = row.text(0);
        let lines = details.get(&id).map(Vec::as_slice).unwrap_or_default();
        let at: Vec<u64> = std::iter::once(row.row.line).chain(lines.iter().map(|l| l.row.line)).collect();
        let planned = match seen.insert(id.clone(), row.row.line) {
            Some(first) => Err(row.fault(0, format!("order {id} is on line {first} already; leave one of them out"))),
            None => reader.order(&plan, &row, lines, n),
        };
        match planned {
            Ok(planned) => plan.orders.push(Planned { at, ..planned }),
            Err(fault) => plan.left_out.push(LeftOut { order_id: id, at, faults: vec![fault] }),
        }
    }
    for (id, lines) in details.iter().filter(|(id, _)| !seen.contains_key(*id)) {
        let fault = lines[0].fault(0, format!("there is no order {id}; add it, or leave its details out"));
        let at = lines.iter().map(|l| l.row.line).collect();
        plan.left_out.push(LeftOut { order_id: id.clone(), at, faults: vec![fault] });
    }
    plan.orders.sort_by(|a, b| (a.placed, &a.sale.external_id).cmp(&(b.placed, &b.sale.external_id)));
    Ok(plan)
}

/// Merchants by the file's id, and offers by SKU.
type Catalogue = (BTreeMap<String, NewMerchant>, BTreeMap<String, NewOffer>);

struct Reader<'a> {
    customers: Rows<'a, 10>,
    details: Rows<'a, 5>,
    orders: Rows<'a, 13>,
    products: Rows<'a, 5>,
    shippers: Rows<'a, 2>,
    suppliers: Rows<'a, 2>,
}

impl<'a> Reader<'a> {
    fn of(tables: &'a HashMap<String, Table>) -> anyhow::Result<Self> {
        Ok(Self {
            customers: Rows::of(
                tables,
                "customers",
                [
                    "customer_id",
                    "company_name",
                    "contact_name",
                    "address",
                    "city",
                    "region",
                    "postal_code",
                    "country",
                    "phone",
                    "fax",
                ],
            )?,
            details: Rows::of(
                tables,
                "order_details",
                ["order_id", "product_id", "unit_price", "quantity", "discount"],
            )?,
            orders: Rows::of(
                tables,
                "orders",
                [
                    "order_id",
                    "customer_id",
                    "order_date",
                    "required_date",
                    "shipped_date",
                    "ship_via",
                    "freight",
                    "ship_name",
                    "ship_address",
                    "ship_city",
                    "ship_region",
                    "ship_postal_code",
                    "ship_country",
                ],
            )?,
            products: Rows::of(
                tables,
                "products",
                ["product_id", "product_name", "supplier_id", "unit_price", "units_in_stock"],
            )?,
            shippers: Rows::of(tables, "shippers", ["shipper_id", "company_name"])?,
            suppliers: Rows::of(tables, "suppliers", ["supplier_id", "company_name"])?,
        })
    }

    /// Suppliers as merchants, products as offers with what is in stock by the file.
    fn catalogue(&self) -> Result<Catalogue, Fault> {
        let mut merchants = BTreeMap::new();
        for row in self.suppliers.rows() {
            let external_id = row.need(0)?.to_owned();
            let merchant = NewMerchant {
                id: merchant_id(&external_id),
                name: row.need(1)?.to_owned(),
                external_id: external_id.clone(),
            };
            if merchants.insert(external_id, merchant).is_some() {
                return Err(row.fault(0, "this supplier is in the file twice; leave one of them out"));
            }
        }
        let mut offers = BTreeMap::new();
        for (rank, row) in (1..).zip(self.products.rows()) {
            let product = row.need(0)?;
            let supplier = row.need(2)?;
            if !merchants.contains_key(supplier) {
                return Err(row.fault(2, format!("there is no supplier {}; add it to the suppliers", clip(supplier))));
            }
            let offer = Offer {
                sku: sku(product),
                channel: NORTHWIND.to_owned(),
                variant_id: VariantId(digest::id(&[b"northwind", b"product", product.as_bytes()])),
                merchant_id: merchant_id(supplier),
                brand: None,
                category: None,
                name: row.need(1)?.to_owned(),
                price: row.decimal(3, 2)?,
                gst_rate: "0".to_owned(),
                late_cancellation: false,
            };
            let new = NewOffer { external_id: product.to_owned(), offer, rank, on_hand: row.whole(4)? };
            if offers.insert(sku(product), new).is_some() {
                return Err(row.fault(0, "this product is in the file twice; leave one of them out"));
            }
        }
        Ok((merchants, offers))
    }

    fn order(&self, plan: &Plan, row: &Cells<'_, 13>, lines: &[Cells<'_, 5>], nth: i64) -> Result<Planned, Fault> {
        let id = row.need(0)?.to_owned();
        if lines.is_empty() {
            return Err(row.fault(0, "there are no order_details of this order, so nothing was sold; add them"));
        }
        // The file has days only: every order of a day has a second of its own.
        let (_, morning) = row.date(2, 8)?.ok_or_else(|| row.fault(2, "is empty; fill it in"))?;
        let placed = morning.plus(Span::seconds(nth % (4 * HOUR_S)));
        let required = row.date(3, 12)?;
        let shipped = row.date(4, 16)?;
        let mut oddities = Vec::new();
        if let Some((day, at)) = &shipped
            && *at < placed
        {
            oddities.push(format!("shipped before ordered: on {day}; it is stored as shipped right after it was placed: one of the dates is wrong"));
        }
        let shippers = self.shippers.by_key();
        let carrier = match row.get(5) {
            Some(via) => {
                let found = shippers.get(via).map(|s| s.text(1));
                Some(found.ok_or_else(|| row.fault(5, format!("there is no shipper {}; add it", clip(via))))?)
            }
            None => None,
        };
        let goal = Goal {
            status: Some(if shipped.is_some() { "closed" } else { "sent_to_merchant" }.to_owned()),
            shipped: shipped.as_ref().map(|s| s.1),
            // The file does not say when anything arrived: as announced, or when it left the house, if that was later.
            delivered: shipped.as_ref().map(|s| required.as_ref().map_or(s.1, |r| r.1.max(s.1))),
            carrier: carrier.clone(),
            expected_by: required.as_ref().map(|r| r.0.to_string()),
            ..Goal::default()
        };
        let sold = lines
            .iter()
            .enumerate()
            .map(|(n, line)| self.line(plan, &id, n, line, goal.expected_by.as_deref()))
            .collect::<Result<Vec<_>, _>>()?;
        let (customer, billing) = self.customer(row, &mut oddities)?;
        let sale = Sale {
            source: NORTHWIND.to_owned(),
            external_id: id,
            customer,
            shipping_address: Some(ship_to(row)?),
            billing_address: billing,
            lines: sold,
            shipping_cost: row.decimal(6, 2)?,
            shipping_tax: 0,
            shipping_provider: carrier,
            discount_code: None,
        };
        let goals = vec![goal; sale.lines.len()];
        let channel = NORTHWIND.to_owned();
        Ok(Planned { at: Vec::new(), channel, sale, placed, paid: Some(placed), goals, refunded: None, oddities })
    }

    fn line(
        &self,
        plan: &Plan,
        order: &str,
        n: usize,
        row: &Cells<'_, 5>,
        expected_by: Option<&str>,
    ) -> Result<SaleLine, Fault> {
        let product = row.need(1)?;
        let known = plan.offers.get(&sku(product));
        let known = known.ok_or_else(|| row.fault(1, format!("there is no product {}; add it", clip(product))))?;
        let price = row.decimal(2, 2)?;
        let quantity = row.whole(3)?;
        let discount = row.decimal(4, 4)?;
        if discount > 10_000 {
            return Err(row.fault(4, "is a part of the price: it must be between 0 and 1"));
        }
        Ok(SaleLine {
            offer: Offer { price, ..known.offer.clone() },
            quantity,
            discount_amount: part(price * quantity, discount),
            gst_amount: 0,
            tax_inside: true,
            metadata: json!({
                "import": { "source": NORTHWIND, "order": order, "line": n },
                "northwind": { "productId": product, "discount": row.text(4), "requiredDate": expected_by },
            }),
        })
    }

    fn customer(&self, order: &Cells<'_, 13>, oddities: &mut Vec<String>) -> Result<(Contact, Option<Address>), Fault> {
        let id = order.need(1)?;
        let email = format!("{}@northwind.invalid", id.to_lowercase());
        let customers = self.customers.by_key();
        let Some(row) = customers.get(id) else {
            oddities.push(format!(
                "unknown customer: the customers have no {id}; the name of the delivery address stands for it"
            ));
            return Ok((Contact { email, name: order.text(7), phone: None }, None));
        };
        let optional = |n: usize| row.get(n).map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned);
        let company = row.need(1)?.to_owned();
        let name = optional(2).unwrap_or_else(|| company.clone());
        let address = Address {
            name: name.clone(),
            company: Some(company),
            line1: row.text(3),
            line2: None,
            city: row.text(4),
            state: optional(5),
            postal_code: row.text(6),
            country: country(&row.text(7)).ok_or_else(|| row.fault(7, unknown_country(&row.text(7))))?,
            phone: optional(8),
        };
        Ok((Contact { email, name, phone: optional(8) }, Some(address)))
    }
}

fn ship_to(row: &Cells<'_, 13>) -> Result<Address, Fault> {
    let state = row.text(10);
    Ok(Address {
        name: row.text(7),
        company: None,
        line1: row.text(8),
        line2: None,
        city: row.text(9),
        state: (!state.is_empty()).then_some(state),
        postal_code: row.text(11),
        country: country(&row.text(12)).ok_or_else(|| row.fault(12, unknown_country(&row.text(12))))?,
        phone: None,
    })
}

fn unknown_country(name: &str) -> String {
    format!("`{}` is not a country that this import knows; write its ISO 3166-1 code, like DE", clip(name))
}

/// The file's names of countries as ISO 3166-1 alpha-2.
fn country(name: &str) -> Option<String> {
    const NAMES: &[(&str, &str)] = &[
        ("Argentina", "AR"),
        ("Australia", "AU"),
        ("Austria", "AT"),
        ("Belgium", "BE"),
        ("Brazil", "BR"),
        ("Canada", "CA"),
        ("Denmark", "DK"),
        ("Finland", "FI"),
        ("France", "FR"),
        ("Germany", "DE"),
        ("Ireland", "IE"),
        ("Italy", "IT"),
        ("Japan", "JP"),
        ("Mexico", "MX"),
        ("Netherlands", "NL"),
        ("Norway", "NO"),
        ("Poland", "PL"),
        ("Portugal", "PT"),
        ("Singapore", "SG"),
        ("Spain", "ES"),
        ("Sweden", "SE"),
        ("Switzerland", "CH"),
        ("UK", "GB"),
        ("USA", "US"),
        ("Venezuela", "VE"),
    ];
    let code = name.len() == 2 && name.bytes().all(|b| b.is_ascii_uppercase());
    let found = NAMES.iter().find(|(n, _)| *n == name).map(|(_, code)| (*code).to_owned());
    found.or_else(|| code.then(|| name.to_owned()))
}

fn sku(product: &str) -> String {
    format!("NW-{product}")
}

fn merchant_id(supplier: &str) -> MerchantId {
    MerchantId(digest::id(&[b"northwind", b"supplier", supplier.as_bytes()]))
}

/// Suppliers get all that is paid: the file knows of no commission.
fn channel() -> anyhow::Result<Channel> {
    Ok(Channel {
        name: NORTHWIND.to_owned(),
        workflow: "marketplace-split".to_owned(),
        currency: Currency::parse("USD").context("USD is not known")?,
        number_prefix: "NW".to_owned(),
        prices_include_tax: true,
        shipping_cost: 0,
        shipping_tax_rate: "0".to_owned(),
        shipping_provider: None,
        retailer: NORTHWIND.to_owned(),
        split: vec![SplitRule { party: PartyKind::Merchant, basis_points: 10_000 }],
        split_rules: Vec::new(),
        refunds: RefundPolicy::default(),
        discounts: Vec::new(),
        gateway_order: false,
        payment_provider: orderwright_core::order::SANDBOX.to_owned(),
        accepts_offline_payment: true,
        checkout_window: Span::seconds(15 * 60),
        cancel_window: Span::ZERO,
        policies: Policies {
            payment_window: Span::seconds(7 * DAY_S),
            return_window: Span::seconds(14 * DAY_S),
            refund_close_window: Span::seconds(7 * DAY_S),
        },
        calendar: Default::default(),
        disputes: Default::default(),
        customer_mail: true,
    })
}
