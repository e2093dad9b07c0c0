//! Reads the Olist files as they are: rows of text, gathered by order. What any of it means is the plan's business.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::Path;

use anyhow::Context as _;
use csv::StringRecord;

/// Orders.
pub const ORDERS: &str = "olist_orders_dataset.csv";
/// Their lines, one row a unit.
pub const ITEMS: &str = "olist_order_items_dataset.csv";
/// Their payments.
pub const PAYMENTS: &str = "olist_order_payments_dataset.csv";
/// One row an order: who bought it.
pub const CUSTOMERS: &str = "olist_customers_dataset.csv";
/// Sellers.
pub const SELLERS: &str = "olist_sellers_dataset.csv";
/// Products.
pub const PRODUCTS: &str = "olist_products_dataset.csv";

/// A row of the orders file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderRow {
    /// Its id.
    pub id: String,
    /// Names the row of the customers file.
    pub customer_id: String,
    /// `delivered`, `shipped`, …
    pub status: String,
    /// When it was bought.
    pub purchased: String,
    /// When its payment was approved.
    pub approved: String,
    /// When the carrier had it.
    pub carrier: String,
    /// When the customer had it.
    pub delivered: String,
    /// When the customer was told that it would come.
    pub estimated: String,
}

/// A row of the items file: one unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemRow {
    /// Its number on the order.
    pub number: String,
    /// What.
    pub product_id: String,
    /// Whose.
    pub seller_id: String,
    /// Decimal.
    pub price: String,
    /// Decimal.
    pub freight: String,
}

/// A row of the payments file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRow {
    /// Its number on the order.
    pub sequential: String,
    /// `credit_card`, `boleto`, `voucher`, `debit_card`.
    pub kind: String,
    /// Into how many parts.
    pub installments: String,
    /// Decimal.
    pub value: String,
}

/// A row of the customers file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerRow {
    /// The same for all orders of a person.
    pub unique_id: String,
    /// The first digits of the postal code.
    pub zip: String,
    /// City.
    pub city: String,
    /// State.
    pub state: String,
}

/// Everything in the files.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Orders, each id once.
    pub orders: Vec<OrderRow>,
    /// Ids that the orders file has more than once.
    pub repeated: HashSet<String>,
    /// Lines by order.
    pub items: HashMap<String, Vec<ItemRow>>,
    /// Payments by order.
    pub payments: HashMap<String, Vec<PaymentRow>>,
    /// Customers by the order's `customer_id`.
    pub customers: HashMap<String, CustomerRow>,
    /// City and state by seller.
    pub sellers: HashMap<String, (String, String)>,
    /// Category by product.
    pub products: HashMap<String, String>,
}

impl Files {
    /// Reads the folder. A missing file or column is an error; what a row holds is not judged here.
    pub fn read(dir: &Path) -> anyhow::Result<Self> {
        let mut files = Self::default();
        let mut seen = HashSet::new();
        let columns = [
            "order_id",
            "customer_id",
            "order_status",
            "order_purchase_timestamp",
            "order_approved_at",
            "order_delivered_carrier_date",
            "order_delivered_customer_date",
            "order_estimated_delivery_date",
        ];
        rows(dir, ORDERS, columns, |[id, customer_id, status, purchased, approved, carrier, delivered, estimated]| {
            if !seen.insert(id.clone()) {
                files.repeated.insert(id);
                return;
            }
            files.orders.push(OrderRow { id, customer_id, status, purchased, approved, carrier, delivered, estimated });
        })?;
        let columns = ["order_id", "order_item_id", "product_id", "seller_id", "price", "freight_value"];
        rows(dir, ITEMS, columns, |[id, number, product_id, seller_id, price, freight]| {
            let item = ItemRow { number, product_id, seller_id, price, freight };
            files.items.entry(id).or_default().push(item);
        })?;
        let columns = ["order_id", "payment_sequential", "payment_type", "payment_installments", "payment_value"];
        rows(dir, PAYMENTS, columns, |[id, sequential, kind, installments, value]| {
            let payment = PaymentRow { sequential, kind, installments, value };
            files.payments.entry(id).or_default().push(payment);
        })?;
        let columns =
            ["customer_id", "customer_unique_id", "customer_zip_code_prefix", "customer_city", "customer_state"];
        rows(dir, CUSTOMERS, columns, |[id, unique_id, zip, city, state]| {
            files.customers.insert(id, CustomerRow { unique_id, zip, city, state });
        })?;
        rows(dir, SELLERS, ["seller_id", "seller_city", "seller_state"], |[id, city, state]| {
            files.sellers.insert(id, (city, state));
        })?;
        rows(dir, PRODUCTS, ["product_id", "product_category_name"], |[id, category]| {
            files.products.insert(id, category);
        })?;
        // The files keep an order's rows in any order; everything that follows must not depend on it.
        let number = |text: &str| text.parse::<u64>().unwrap_or(u64::MAX);
        for items in files.items.values_mut() {
            items.sort_by(|a, b| (number(&a.number), &a.number).cmp(&(number(&b.number), &b.number)));
        }
        for payments in files.payments.values_mut() {
            payments
                .sort_by(|a, b| (number(&a.sequential), &a.sequential).cmp(&(number(&b.sequential), &b.sequential)));
        }
        Ok(files)
    }
}

/// Reads the named columns of a file, row by row.
fn rows<const N: usize>(
    dir: &Path,
    name: &str,
    columns: [&str; N],
    mut each: impl FnMut([String; N]),
) -> anyhow::Result<()> {
    let path = dir.join(name);
    let file = File::open(&path).with_context(|| format!("{} cannot be opened", path.display()))?;
    let mut reader = csv::Reader::from_reader(file);
    let header = reader.headers().with_context(|| format!("{name} has no header"))?.clone();
    let mut at = [0; N];
    for (slot, column) in at.iter_mut().zip(columns) {
        *slot = header
            .iter()
            .position(|h| h == column)
            .ok_or_else(|| anyhow::anyhow!("{name} has no column `{column}`; is this the Olist data set?"))?;
    }
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).with_context(|| format!("{name} cannot be read"))? {
        each(at.map(|i| record.get(i).unwrap_or_default().trim().to_owned()));
    }
    Ok(())
}
