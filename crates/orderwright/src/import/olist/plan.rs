//! What becomes of the files: for each order its lines, its steps with their instants, and its oddities. Pure: same files, same plan.
//!
//! The files keep the time of São Paulo. A step never happens before the one that it needs, and every step has a few milliseconds of
//! its own, since ids are told apart by theirs: of two steps that would meet, the later in the plan moves on.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use anyhow::Context as _;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use orderwright_core::money::Currency;
use orderwright_core::time::Timestamp;

use super::files::{CustomerRow, Files, ItemRow, OrderRow, PaymentRow};
use super::oddity::Oddity;

/// Everything that is to be made.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Sellers that have a line, by id.
    pub sellers: BTreeMap<String, Seller>,
    /// Offers that have a line, by (product, seller).
    pub offers: BTreeMap<(String, String), PlannedOffer>,
    /// Orders to be placed, in the order of their purchase.
    pub orders: Vec<PlannedOrder>,
    /// Orders that cannot be stored, by id.
    pub left_out: BTreeMap<String, Oddity>,
}

/// A seller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seller {
    /// City, as far as the files know it.
    pub city: String,
    /// State.
    pub state: String,
}

/// A product of a seller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedOffer {
    /// Unique among all offers.
    pub sku: String,
    /// What the product is.
    pub category: String,
    /// Of one unit, when it was sold last.
    pub price: i64,
}

/// An order.
#[derive(Clone, Debug)]
pub struct PlannedOrder {
    /// Its id in the files.
    pub id: String,
    /// The person.
    pub customer: CustomerRow,
    /// Its lines.
    pub lines: Vec<Line>,
    /// When it was bought.
    pub placed: Timestamp,
    /// What then happened, in the order of time.
    pub steps: Vec<(Timestamp, Step)>,
    /// The public status that it ends in.
    pub ends: &'static str,
    /// What the payments file says was paid.
    pub paid: i64,
    /// How it was paid, for people.
    pub paid_by: String,
    /// What could not be represented.
    pub oddities: Vec<Oddity>,
}

/// Units of one product of one seller at one price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The product.
    pub product_id: String,
    /// The seller.
    pub seller_id: String,
    /// The offer.
    pub sku: String,
    /// Of one unit.
    pub price: i64,
    /// Units.
    pub quantity: i64,
    /// Freight of all of them.
    pub freight: i64,
}

/// What happens to an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// What is odd about it is written down for staff.
    Note(String),
    /// The money came.
    Pay,
    /// The sellers begin.
    Acknowledge,
    /// The carrier has it.
    Ship {
        /// The date that the customer was told.
        expected_by: Option<String>,
    },
    /// The customer has it.
    Complete,
    /// It is called off.
    Cancel {
        /// Why.
        reason: &'static str,
    },
}

impl Step {
    /// The event's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Note(_) => "note",
            Self::Pay => "paid_outside",
            Self::Acknowledge => "acknowledge",
            Self::Ship { .. } => "ship",
            Self::Complete => "complete",
            Self::Cancel { .. } => "cancel",
        }
    }
}

impl PlannedOrder {
    /// Items and freight.
    pub fn due(&self) -> i64 {
        self.lines.iter().map(Line::due).sum()
    }

    /// Whether it is paid at the end of the plan.
    pub fn pays(&self) -> bool {
        self.steps.iter().any(|(_, s)| *s == Step::Pay)
    }
}

impl Line {
    /// What it costs with its freight.
    pub fn due(&self) -> i64 {
        self.price * self.quantity + self.freight
    }
}

/// Makes the plan.
pub fn plan(files: &Files) -> anyhow::Result<Plan> {
    let zone = TimeZone::get("America/Sao_Paulo").context("the time zone of the files is not known")?;
    let currency = Currency::parse("BRL").context("the currency of the files is not known")?;
    let reader = Reader { files, zone, currency };
    let mut plan = Plan::default();
    for row in &files.orders {
        match reader.order(row) {
            Ok(order) => plan.orders.push(order),
            Err(oddity) => drop(plan.left_out.insert(row.id.clone(), oddity)),
        }
    }
    let known: HashSet<&str> = files.orders.iter().map(|o| o.id.as_str()).collect();
    let strays: BTreeSet<&String> =
        files.items.keys().chain(files.payments.keys()).filter(|id| !known.contains(id.as_str())).collect();
    plan.left_out.extend(strays.into_iter().map(|id| (id.clone(), Oddity::NoOrder)));
    plan.orders.sort_by(|a, b| (a.placed, &a.id).cmp(&(b.placed, &b.id)));
    apart(&mut plan.orders);
    sellers_and_offers(files, &mut plan)?;
    Ok(plan)
}

/// Gives every step its millisecond, the one before (a customer is made) and the one after (a refund's outcome), and nobody else these.
/// Purchases keep their time before other steps do.
fn apart(orders: &mut [PlannedOrder]) {
    let mut taken: HashSet<i64> = HashSet::new();
    let mut free = |at: Timestamp| {
        let mut ms = at.millis();
        while (ms - 1..=ms + 1).any(|ms| taken.contains(&ms)) {
            ms += 1;
        }
        taken.extend(ms - 1..=ms + 1);
        Timestamp(ms * 1000)
    };
    for order in orders.iter_mut() {
        order.placed = free(order.placed);
    }
    for order in orders {
        let mut before = order.placed;
        for (at, _) in &mut order.steps {
            *at = free((*at).max(Timestamp(before.0 + 1000)));
            before = *at;
        }
    }
}

/// The sellers and offers of all lines; an offer costs what it was sold for last.
fn sellers_and_offers(files: &Files, plan: &mut Plan) -> anyhow::Result<()> {
    let mut of_sku: HashMap<&str, (&str, &str)> = HashMap::new();
    for line in plan.orders.iter().flat_map(|o| &o.lines) {
        let key = (line.product_id.as_str(), line.seller_id.as_str());
        if *of_sku.entry(&line.sku).or_insert(key) != key {
            anyhow::bail!("two offers would have the SKU {}; the files' ids are not digests", line.sku);
        }
        let category = files.products.get(&line.product_id).map(|c| c.replace('_', " ")).unwrap_or_default();
        plan.offers
            .entry((line.product_id.clone(), line.seller_id.clone()))
            .or_insert_with(|| PlannedOffer { sku: line.sku.clone(), category, price: 0 })
            .price = line.price;
        plan.sellers.entry(line.seller_id.clone()).or_insert_with(|| {
            let (city, state) = files.sellers.get(&line.seller_id).cloned().unwrap_or_default();
            Seller { city, state }
        });
    }
    Ok(())
}

/// The public status that an order ends in, and the steps that lead there.
type Course = (&'static str, Vec<(Timestamp, Step)>);

struct Reader<'a> {
    files: &'a Files,
    zone: TimeZone,
    currency: Currency,
}

/// A date of the files, as it is written there, and its instant.
#[derive(Clone, Debug)]
struct Moment {
    text: String,
    local: DateTime,
    at: Timestamp,
}

impl Reader<'_> {
    fn order(&self, row: &OrderRow) -> Result<PlannedOrder, Oddity> {
        let payments = self.files.payments.get(&row.id).map(Vec::as_slice).unwrap_or_default();
        let paid = payments.iter().map(|p| self.money("payment_value", &p.value)).sum::<Result<i64, _>>()?;
        let Some(items) = self.files.items.get(&row.id) else {
            return Err(Oddity::NoItems { status: row.status.clone(), paid });
        };
        let lines = self.lines(items)?;
        let due: i64 = lines.iter().map(Line::due).sum();
        let purchased = self
            .moment("order_purchase_timestamp", &row.purchased)?
            .ok_or_else(|| Oddity::Unreadable("order_purchase_timestamp is empty".to_owned()))?;
        let mut oddities = Vec::new();
        if self.files.repeated.contains(&row.id) {
            oddities.push(Oddity::Repeated);
        }
        let customer = self.files.customers.get(&row.customer_id).cloned().unwrap_or_else(|| {
            oddities.push(Oddity::UnknownCustomer);
            CustomerRow { unique_id: row.customer_id.clone(), ..CustomerRow::default() }
        });
        let (ends, mut steps) = self.steps(row, &purchased, &mut oddities)?;
        let pays = steps.iter().any(|(_, s)| *s == Step::Pay);
        oddities.extend(about_money(payments, paid, due, pays, ends));
        if !oddities.is_empty() {
            let text = oddities.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            steps.insert(0, (purchased.at, Step::Note(text)));
        }
        let paid_by = payments.iter().map(describe).collect::<Vec<_>>().join(", ");
        let (id, placed) = (row.id.clone(), purchased.at);
        Ok(PlannedOrder { id, customer, lines, placed, steps, ends, paid, paid_by, oddities })
    }

    /// One line for each product, seller and price.
    fn lines(&self, items: &[ItemRow]) -> Result<Vec<Line>, Oddity> {
        let mut lines: Vec<Line> = Vec::new();
        for item in items {
            let price = self.money("price", &item.price)?;
            let freight = self.money("freight_value", &item.freight)?;
            match lines
                .iter_mut()
                .find(|l| (&l.product_id, &l.seller_id, l.price) == (&item.product_id, &item.seller_id, price))
            {
                Some(line) => {
                    line.quantity += 1;
                    line.freight += freight;
                }
                None => lines.push(Line {
                    product_id: item.product_id.clone(),
                    seller_id: item.seller_id.clone(),
                    sku: sku(&item.product_id, &item.seller_id),
                    price,
                    quantity: 1,
                    freight,
                }),
            }
        }
        Ok(lines)
    }

    fn money(&self, column: &str, text: &str) -> Result<i64, Oddity> {
        let amount = self.currency.parse_amount(text).filter(|a| *a >= 0);
        amount.ok_or_else(|| Oddity::Unreadable(format!("{column} `{text}` is not an amount of reais and centavos")))
    }

    fn moment(&self, column: &str, text: &str) -> Result<Option<Moment>, Oddity> {
        if text.is_empty() {
            return Ok(None);
        }
        let wrong = || Oddity::Unreadable(format!("{column} `{text}` is not a date and time"));
        let local: DateTime = text.parse().map_err(|_| wrong())?;
        let at = local.to_zoned(self.zone.clone()).map_err(|_| wrong())?.timestamp();
        Ok(Some(Moment { text: text.to_owned(), local, at: Timestamp(at.as_microsecond()) }))
    }

    /// The state that the files record, and the steps that lead there.
    fn steps(&self, row: &OrderRow, purchased: &Moment, oddities: &mut Vec<Oddity>) -> Result<Course, Oddity> {
        let approved = self.moment("order_approved_at", &row.approved)?;
        let carrier = self.moment("order_delivered_carrier_date", &row.carrier)?;
        let delivered = self.moment("order_delivered_customer_date", &row.delivered)?;
        let expected_by = self.moment("order_estimated_delivery_date", &row.estimated)?;
        let (ends, cancel) = match row.status.as_str() {
            "created" => ("pending", None),
            "approved" | "invoiced" | "processing" => ("processing", None),
            "shipped" => ("shipped", None),
            "delivered" => ("completed", None),
            "canceled" => ("cancelled", Some("cancelled at Olist")),
            "unavailable" => ("cancelled", Some("unavailable: the seller could not supply it")),
            other => return Err(Oddity::Unreadable(format!("order_status `{other}` is not known"))),
        };
        let late = |a: &Option<Moment>, b: &Option<Moment>| matches!((a, b), (Some(a), Some(b)) if a.local < b.local);
        if let Some(approved) = approved.as_ref().filter(|a| a.local < purchased.local) {
            oddities.push(Oddity::ApprovedBeforePurchase(approved.text.clone(), purchased.text.clone()));
        }
        let ships = matches!(ends, "shipped" | "completed") || (cancel.is_some() && carrier.is_some());
        let processes = ships || ends == "processing" || (approved.is_some() && ends != "pending");
        if ships && late(&carrier, &approved) {
            oddities.push(Oddity::ShippedBeforeApproved(row.carrier.clone(), row.approved.clone()));
        }
        if late(&delivered, &carrier) {
            oddities.push(Oddity::DeliveredBeforeShipped(row.delivered.clone(), row.carrier.clone()));
        }
        match (cancel.is_some(), ends, &carrier, &delivered) {
            (true, _, Some(_), _) => oddities
                .push(Oddity::CancelledAfterPickup { carrier: row.carrier.clone(), delivered: row.delivered.clone() }),
            (_, "pending" | "processing", Some(_), _) => oddities.push(beyond(row, "carrier date")),
            (_, "pending" | "processing" | "shipped", _, Some(_)) | (true, _, None, Some(_)) => {
                oddities.push(beyond(row, "delivery date"));
            }
            _ => {}
        }
        if processes && approved.is_none() {
            oddities.push(Oddity::NoApproval);
        }
        if ships && carrier.is_none() {
            oddities.push(Oddity::NoCarrierDate);
        }
        if ends == "completed" && delivered.is_none() {
            oddities.push(Oddity::NoDeliveryDate);
        }
        let mut now = purchased.at;
        let mut at = |moment: Option<&Moment>| {
            now = moment.map_or(now, |m| m.at.max(now));
            now
        };
        let mut steps = Vec::new();
        if processes || approved.is_some() {
            let next = if processes { carrier.as_ref().or(delivered.as_ref()) } else { None };
            steps.push((at(approved.as_ref().or(next)), Step::Pay));
        }
        if processes {
            steps.push((at(None), Step::Acknowledge));
        }
        if ships {
            let expected_by = expected_by.map(|m| m.local.date().to_string());
            steps.push((at(carrier.as_ref()), Step::Ship { expected_by }));
        }
        if ends == "completed" {
            steps.push((at(delivered.as_ref()), Step::Complete));
        }
        if let Some(reason) = cancel {
            // The files do not say when: at the last date that is known.
            steps.push((at(delivered.as_ref()), Step::Cancel { reason }));
        }
        Ok((ends, steps))
    }
}

fn beyond(row: &OrderRow, date: &'static str) -> Oddity {
    Oddity::DateBeyondState { status: row.status.clone(), date }
}

/// What the payments say that one payment of the whole cannot.
fn about_money(
    payments: &[PaymentRow],
    paid: i64,
    due: i64,
    pays: bool,
    ends: &str,
) -> impl Iterator<Item = Oddity> + use<> {
    let parts = payments.iter().map(describe).collect::<Vec<_>>().join(", ");
    let several = (payments.len() > 1).then_some(Oddity::SeveralPayments(parts));
    let installments = payments.iter().filter_map(|p| p.installments.parse().ok()).max().unwrap_or(1);
    let sum = match (payments.is_empty(), pays) {
        (true, true) => Some(Oddity::NoPayment),
        (false, true) if paid != due => Some(Oddity::SumDiffers { paid, due, installments }),
        (false, false) if ends == "cancelled" && paid > 0 => Some(Oddity::NeverApproved { paid }),
        _ => None,
    };
    several.into_iter().chain(sum)
}

/// `credit card 188.73 in 8 instalments`.
fn describe(payment: &PaymentRow) -> String {
    let kind = payment.kind.replace('_', " ");
    match payment.installments.parse::<u32>() {
        Ok(parts) if parts > 1 => format!("{kind} {} in {parts} instalments", payment.value),
        _ => format!("{kind} {}", payment.value),
    }
}

/// The offer's SKU: enough of both ids to be unique and to be read.
fn sku(product: &str, seller: &str) -> String {
    let short = |id: &str, n: usize| id.chars().take(n).collect::<String>();
    format!("{}-{}", short(product, 12), short(seller, 8))
}
