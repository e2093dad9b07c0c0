//! Reading: one order, lists with filters, search by number. Each on a store of ten thousand orders and on one of many more,
//! because a list must not become slower with the size of the shop.

use std::rc::Rc;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::database::ServerCpu;
use crate::http::Connection;
use crate::load::{self, Measured, Until};
use crate::server::Server;
use crate::shop::{Shop, scatter, turn};

/// Orders whose ids and numbers are known, to be asked for.
const SAMPLE: usize = 400;

/// What is asked: its name in the report, and the path with `{id}`, `{number}` and `{merchant}` to be filled in.
pub const ASKED: &[(&str, &str)] = &[
    ("get", "/admin/orders/{id}"),
    ("get, timeline", "/admin/orders/{id}/timeline"),
    ("get, actions", "/admin/orders/{id}/actions"),
    ("list", "/admin/orders?limit=20"),
    ("list, status", "/admin/orders?limit=20&status=shipped"),
    ("list, channel and status", "/admin/orders?limit=20&channel=retail&status=delivered"),
    ("list, three statuses", "/admin/orders?limit=20&status=processing,shipped,sent_to_merchant"),
    ("list, days", "/admin/orders?limit=20&from={day}"),
    ("list, merchant", "/admin/orders?limit=20&merchantId={merchant}"),
    ("list, customer", "/admin/orders?limit=20&customerId={customer}"),
    ("list, SKU", "/admin/orders?limit=20&sku={sku}"),
    ("list, merchant and status", "/admin/orders?limit=20&merchantId={merchant}&status=shipped"),
    ("list, payment status", "/admin/orders?limit=20&paymentStatus=refunded"),
    ("list, shipping status", "/admin/orders?limit=20&shippingStatus=partially_shipped"),
    ("list, totals", "/admin/orders?limit=20&minTotal=100000000"),
    ("list, delivered", "/admin/orders?limit=20&deliveredFrom={day}"),
    ("list, page 200", "/admin/orders?limit=20&page=200"),
    ("sorted by total", "/admin/orders?limit=20&sort=-total"),
    ("sorted by total, status", "/admin/orders?limit=20&sort=-total&status=refunded"),
    ("sorted by change", "/admin/orders?limit=20&sort=-updatedAt"),
    ("sorted by status", "/admin/orders?limit=20&sort=status"),
    ("sorted by item", "/admin/orders?limit=20&sort=itemName"),
    ("sorted by payment", "/admin/orders?limit=20&sort=-transactionId"),
    ("number, whole", "/admin/orders?orderNumber={number}"),
    ("number, part", "/admin/orders?q={part}"),
    ("number, end", "/admin/orders?orderNumber={end}"),
    ("number, day", "/admin/orders?orderNumber={begin}"),
    ("number, middle", "/admin/orders?orderNumber={middle}"),
    ("name", "/admin/orders?q=robin"),
    ("name of nobody", "/admin/orders?q=nobody%20there"),
    ("e-mail", "/admin/orders?q={email}"),
];

/// An order that is asked for.
#[derive(Clone, Debug)]
struct Known {
    id: String,
    number: String,
    customer: String,
    day: String,
    sku: String,
    email: String,
}

/// What is known of a store before it is asked.
pub struct Sample {
    orders: Vec<Known>,
    merchants: Vec<String>,
}

impl Sample {
    /// Takes orders from all over the shop: of many days, through the list.
    pub async fn take(server: &Server, shop: &Shop) -> Result<Self> {
        let mut connection = Connection::open(server.address).await?;
        let mut orders = Vec::new();
        let mut before = String::new();
        // Pages of ever older orders.
        for days in [0i64, 3, 10, 30, 60, 100, 150, 200, 250, 300, 350] {
            let path = format!("/admin/orders?limit=40{before}");
            let page: Value = serde_json::from_str(connection.get(&path, &shop.admin).await?.expect(200)?.body)?;
            for order in page["data"].as_array().into_iter().flatten() {
                let text = |name: &str| order[name].as_str().map(str::to_owned).context("an order lacks a field");
                let inner = |at: &str| order.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
                let day = text("createdAt")?.chars().take(10).collect();
                orders.push(Known {
                    id: text("id")?,
                    number: text("orderNumber")?,
                    customer: text("customerId")?,
                    day,
                    sku: inner("/items/0/sku"),
                    email: inner("/customer/email"),
                });
            }
            let newest: jiff::Timestamp =
                page["data"][0]["createdAt"].as_str().unwrap_or("2026-01-01T00:00:00Z").parse()?;
            let to = newest.checked_sub(jiff::SignedDuration::from_hours(24 * (days + 1)))?;
            before = format!("&to={to}");
            if orders.len() >= SAMPLE {
                break;
            }
        }
        ensure!(!orders.is_empty(), "the shop has no orders to ask for");
        let merchants = server.demo["tokens"]["merchants"].as_object().context("demo.json: no merchants")?;
        Ok(Self { orders, merchants: merchants.keys().cloned().collect() })
    }

    fn fill(&self, path: &str) -> String {
        let order = &self.orders[scatter(turn()) as usize % self.orders.len()];
        let merchant = &self.merchants[scatter(turn()) as usize % self.merchants.len()];
        // The day and the counter, as people read it out.
        let part = order.number.split_once('-').map_or(order.number.as_str(), |(_, rest)| rest);
        let (begin, end) = order.number.rsplit_once('-').unwrap_or(("", &order.number));
        // Neither the whole day nor the whole counter.
        let middle = order.number.get(begin.len().saturating_sub(3)..begin.len() + 3).unwrap_or(begin);
        path.replace("{id}", &order.id)
            .replace("{sku}", &order.sku)
            .replace("{email}", &order.email)
            .replace("{begin}", begin)
            .replace("{end}", end)
            .replace("{middle}", middle)
            .replace("{number}", &order.number)
            .replace("{part}", part)
            .replace("{customer}", &order.customer)
            .replace("{day}", &order.day)
            .replace("{merchant}", merchant)
    }
}

/// Asks one of [`ASKED`] for so long.
pub async fn run(
    server: &Server,
    shop: &Shop,
    sample: &Rc<Sample>,
    path: &'static str,
    connections: usize,
    until: Until,
) -> Result<Measured> {
    let (shop, sample) = (shop.clone(), sample.clone());
    load::run(server, &ServerCpu::none(), connections, until, async move |connection, _| {
        connection.get(&sample.fill(path), &shop.admin).await?.expect(200)?;
        Ok(())
    })
    .await
}
