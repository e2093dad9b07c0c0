//! What is done to an order, as data: placed by whom with what, then step by step, each until a status is seen.
//!
//! The load plays journeys at speed, the capture plays each once to learn what it writes.

use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::http::Connection;
use crate::shop::{self, Shop, scatter, turn};
use crate::stopwatch::Stopwatch;

/// How long a status may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who does a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The administrator.
    Admin,
    /// The merchant of a family.
    Merchant(usize),
}

/// One thing that is done to an order.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// Somebody fires an event; the text is the rest of the body.
    Fire(Who, &'static str, &'static str),
    /// The administrator cancels.
    Cancel,
    /// The administrator refunds all of it.
    Refund,
    /// The shop's clock is moved.
    Advance(&'static str),
}

/// An act and the status that it leads to; None where more acts are needed to leave the status.
#[derive(Clone, Copy, Debug)]
pub struct Step(pub Act, pub Option<&'static str>);

/// An order's way.
#[derive(Clone, Copy, Debug)]
pub struct Journey {
    /// What it is called in the report.
    pub name: &'static str,
    /// Where it is placed.
    pub channel: &'static str,
    /// One unit of a SKU of each of these families.
    pub families: &'static [usize],
    /// Whether a new guest buys, instead of one of the customers.
    pub guest: bool,
    /// The status after placement.
    pub placed: &'static str,
    /// What is done then.
    pub steps: &'static [Step],
}

/// Placed and paid: one item, one merchant.
pub const PAID: Journey =
    Journey { name: "placed, paid", channel: "bazaar", families: &[0], guest: false, placed: "pending", steps: &[] };

/// The same by somebody who has never bought here.
pub const PAID_BY_GUEST: Journey = Journey { name: "placed, paid: new guest", guest: true, ..PAID };

/// Placed, paid and split between two merchants.
pub const SPLIT: Journey = Journey {
    name: "placed, paid, split",
    channel: "mall",
    families: &[0, 1],
    guest: false,
    placed: "sent_to_merchant",
    steps: &[],
};

/// Authorised, accepted by the maker, captured and split four ways.
pub const FOUR_PARTY: Journey = Journey {
    name: "authorised, captured, split 4",
    channel: "blinds",
    families: &[0],
    guest: false,
    placed: "payment_authorised",
    steps: &[Step(Act::Fire(Who::Merchant(0), "confirm", ""), Some("confirmed"))],
};

/// A split order, sent and delivered by both merchants.
pub const FULFILLED: Journey = Journey {
    name: "shipped, delivered",
    steps: &[
        Step(Act::Fire(Who::Merchant(0), "ship", EXPECTED), None),
        Step(Act::Fire(Who::Merchant(1), "ship", EXPECTED), Some("shipped_by_merchant")),
        Step(Act::Fire(Who::Merchant(0), "deliver", ""), None),
        Step(Act::Fire(Who::Merchant(1), "deliver", ""), Some("delivered")),
    ],
    ..SPLIT
};

const EXPECTED: &str = r#","expectedBy":"2030-01-31""#;

impl Journey {
    /// The body of a new placement and the token that it is sent with.
    pub fn placement<'a>(&self, shop: &'a Shop) -> Placement<'a> {
        let mut skus = Vec::with_capacity(self.families.len());
        for &family in self.families {
            skus.push(shop::sku(self.channel, family, scatter(turn()) as usize % shop::FAMILY));
        }
        let items: Vec<String> = skus.iter().map(|sku| format!(r#"{{"sku":"{sku}","quantity":1}}"#)).collect();
        let (token, email) = if self.guest {
            // Unlike any other guest's, in this run and in those before it on the same store.
            let email = format!("guest-{:x}g{}@example.org", scatter(u64::from(std::process::id())), turn());
            (shop.storefront(self.channel), email)
        } else {
            (shop.customer(), "robin@example.org".to_owned())
        };
        let address =
            r#"{"name":"Robin Ray","line1":"1 High Street","city":"Leeds","postalCode":"LS1 1AA","country":"GB"}"#;
        let body = format!(
            r#"{{"channel":"{}","customer":{{"email":"{email}","name":"Robin Ray"}},"items":[{}],"shippingAddress":{address},"paymentMethod":"pm_card_visa"}}"#,
            self.channel,
            items.join(",")
        );
        Placement { token, email, skus, body }
    }

    /// Places an order and waits for its first status; answers with its id.
    pub async fn place(&self, connection: &mut Connection, shop: &Shop, placement: &Placement<'_>) -> Result<String> {
        let reply = connection.post("/storefront/orders", placement.token, &placement.body).await?.expect(201)?;
        let id = reply.text("id").context("an order without an id")?.to_owned();
        let seen = reply.text("status") == Some(self.placed);
        if !seen {
            wait_for(connection, shop, &id, self.placed).await?;
        }
        Ok(id)
    }

    /// Does one step to an order.
    pub async fn step(&self, connection: &mut Connection, shop: &Shop, id: &str, step: Step) -> Result<()> {
        let Step(act, until) = step;
        let admin = shop.admin.as_str();
        let reply = match act {
            Act::Fire(who, event, more) => {
                let (home, token) = match who {
                    Who::Admin => ("admin", admin),
                    Who::Merchant(family) => ("merchant", shop.merchant(self.channel, family)),
                };
                let body = format!(r#"{{"event":"{event}"{more}}}"#);
                connection.post(&format!("/{home}/orders/{id}/events"), token, &body).await?.expect(200)?
            }
            Act::Cancel => connection.post(&format!("/admin/orders/{id}/cancel"), admin, "{}").await?.expect(200)?,
            Act::Refund => {
                let body = r#"{"reason":"bench","initiatePaymentRefund":true}"#;
                connection.post(&format!("/admin/orders/{id}/refund"), admin, body).await?.expect(201)?
            }
            Act::Advance(by) => {
                let body = format!(r#"{{"advance":"{by}"}}"#);
                connection.post("/admin/sandbox/clock", admin, &body).await?.expect(200)?
            }
        };
        match until {
            // A merchant's answer shows the merchant's side, whose words are others.
            Some(status) if reply.text("status") != Some(status) => wait_for(connection, shop, id, status).await,
            _ => Ok(()),
        }
    }
}

/// What is sent to place an order.
pub struct Placement<'a> {
    /// Whose.
    pub token: &'a str,
    /// The buyer's address.
    pub email: String,
    /// What is bought.
    pub skus: Vec<String>,
    /// The JSON.
    pub body: String,
}

/// Looks at an order until it has a status.
async fn wait_for(connection: &mut Connection, shop: &Shop, id: &str, status: &str) -> Result<()> {
    let watch = Stopwatch::start();
    loop {
        let reply = connection.get(&format!("/admin/orders/{id}"), &shop.admin).await?.expect(200)?;
        let seen = reply.text("status").unwrap_or_default();
        if seen == status {
            return Ok(());
        }
        if watch.elapsed() > PATIENCE {
            bail!("order {id} is {seen}, not {status}, after {PATIENCE:?}");
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
