//! What scenarios do to orders: place them, wait for them, move the clock, check what must hold of every order.

use serde_json::{Value, json};

use super::{Actor, Json, PATIENCE, Reply, Shop, eventually};

/// The five channels of the demo.
pub const CHANNELS: [&str; 5] = ["blinds", "retail", "bazaar", "studio", "mall"];

/// Where an order rests once a good card's first outcome is known, and its payment status there.
pub fn rests_at(channel: &str) -> (&'static str, &'static str) {
    match channel {
        "blinds" => ("payment_authorised", "authorised"),
        "retail" => ("confirmed", "captured"),
        "bazaar" => ("pending", "captured"),
        "studio" => ("received", "pending"),
        "mall" => ("sent_to_merchant", "captured"),
        other => panic!("no channel {other}"),
    }
}

impl Shop {
    /// The body of a placement: lines as (n-th SKU of the channel, quantity).
    pub fn basket(&self, channel: &str, lines: &[(usize, i64)], method: &str) -> Value {
        let items: Vec<Value> =
            lines.iter().map(|(n, quantity)| json!({ "sku": self.sku(channel, *n), "quantity": quantity })).collect();
        json!({
            "channel": channel,
            "customer": { "email": "robin@example.org", "name": "Robin Ray" },
            "items": items,
            "shippingAddress": address(),
            "billingAddress": address(),
            "paymentMethod": method,
        })
    }

    /// Places an order as the first customer.
    #[track_caller]
    pub fn place(&self, channel: &str, lines: &[(usize, i64)], method: &str) -> Value {
        self.place_as(&self.customer(0), channel, lines, method).expect(201)
    }

    /// Places an order as somebody.
    #[track_caller]
    pub fn place_as(&self, actor: &Actor, channel: &str, lines: &[(usize, i64)], method: &str) -> Reply {
        actor.post("/storefront/orders", &self.basket(channel, lines, method))
    }

    /// Places one unit of the first SKU by a good card, waits until it rests there, and answers with the order's id.
    #[track_caller]
    pub fn ready(&self, channel: &str) -> String {
        self.ready_with(channel, &[(0, 1)])
    }

    /// The same with these lines.
    #[track_caller]
    pub fn ready_with(&self, channel: &str, lines: &[(usize, i64)]) -> String {
        let order = self.place(channel, lines, "pm_card_visa");
        let (status, payment) = rests_at(channel);
        self.wait_status(order.id(), status);
        self.wait_payment(order.id(), payment);
        order.id().to_owned()
    }

    /// A guest's placement through the channel's server-side key. The e-mail makes a customer whom only the caller knows.
    pub fn guest_basket(&self, channel: &str, lines: &[(usize, i64)], method: &str) -> Value {
        let mut body = self.basket(channel, lines, method);
        body["customer"]["email"] = json!(format!("{}@example.org", self.unique("guest")));
        body
    }

    /// How many orders the customer of this order has.
    pub fn orders_of_customer(&self, order: &Value) -> usize {
        let path = format!("/admin/orders?limit=200&customerId={}", order.s("customerId"));
        self.admin().get(&path).expect(200).list("data").len()
    }

    /// The order as the administrator sees it.
    #[track_caller]
    pub fn view(&self, id: &str) -> Value {
        self.admin().view(id)
    }

    /// Waits until the order is as wished, and answers with it.
    #[track_caller]
    pub fn wait(&self, id: &str, what: &str, wish: impl Fn(&Value) -> bool) -> Value {
        let admin = self.admin();
        eventually(&format!("{id} {what}"), PATIENCE, || {
            let order = admin.view(id);
            if wish(&order) { Ok(order) } else { Err(format!("{order:#}")) }
        })
    }

    /// Waits for a status.
    #[track_caller]
    pub fn wait_status(&self, id: &str, status: &str) -> Value {
        self.wait(id, &format!("becomes {status}"), |order| order.s("status") == status)
    }

    /// Waits for a payment status.
    #[track_caller]
    pub fn wait_payment(&self, id: &str, payment: &str) -> Value {
        self.wait(id, &format!("becomes paid as {payment}"), |order| order.s("paymentStatus") == payment)
    }

    /// Waits until so much went back.
    #[track_caller]
    pub fn wait_refunded(&self, id: &str, amount: i64) -> Value {
        self.wait(id, &format!("has {amount} refunded"), |order| order.n("refundedTotal") == amount)
    }

    /// Every merchant of the order fires the event on what is theirs.
    #[track_caller]
    pub fn merchants_fire(&self, id: &str, event: &str, more: &Value) {
        let order = self.view(id);
        let mut merchants = order.each("items", "merchantId");
        merchants.sort_unstable();
        merchants.dedup();
        for merchant in merchants {
            self.merchant(merchant).fire(id, event, more).expect(200);
        }
    }

    /// The timeline, oldest first, as somebody sees it.
    #[track_caller]
    pub fn timeline_as(&self, actor: &Actor, id: &str) -> Vec<Value> {
        actor.get(&format!("{}?limit=200", actor.path(id, "/timeline"))).expect(200).list("data").to_vec()
    }

    /// The order and its timeline as they are now: for what must change nothing.
    pub fn snapshot(&self, id: &str) -> (Value, Vec<Value>) {
        (self.view(id), self.timeline_as(&self.admin(), id))
    }

    /// Runs something that must leave the order and its timeline exactly as they are. What was done to the order before
    /// may still have an effect under way (a void, a release): it is waited for, so as not to be taken for a change.
    #[track_caller]
    pub fn unchanged(&self, id: &str, attempt: impl FnOnce()) {
        let mut last = self.snapshot(id);
        let before = eventually("the order rests", PATIENCE, || {
            let now = self.snapshot(id);
            let rests = now == last;
            last = now.clone();
            if rests { Ok(now) } else { Err("it still moves".to_owned()) }
        });
        attempt();
        let after = self.snapshot(id);
        assert_eq!(before, after, "a refused request changed the order");
    }

    /// Moves the clock of the demo; due timers fire within seconds. Answers with the new time.
    #[track_caller]
    pub fn advance(&self, by: &str) -> String {
        self.admin().post("/admin/sandbox/clock", &json!({ "advance": by })).expect(200).s("now").to_owned()
    }

    /// The stock of a SKU over all locations; checks that the three figures agree.
    #[track_caller]
    pub fn stock(&self, sku: &str) -> Stock {
        let body = self.admin().get(&format!("/admin/stock/{sku}")).expect(200);
        let stock = Stock { on_hand: body.n("onHand"), reserved: body.n("reserved") };
        assert_eq!(body.n("available"), stock.on_hand - stock.reserved, "available = on hand − reserved: {body:#}");
        assert!(0 <= stock.reserved && stock.reserved <= stock.on_hand, "reserved ≤ on hand: {body:#}");
        stock
    }

    /// Waits for stock figures.
    #[track_caller]
    pub fn wait_stock(&self, sku: &str, wish: Stock) {
        eventually(&format!("the stock of {sku} becomes {wish:?}"), PATIENCE, || {
            let stock = self.stock(sku);
            if stock == wish { Ok(()) } else { Err(format!("{stock:?}")) }
        });
    }
}

/// Units of one SKU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stock {
    pub on_hand: i64,
    pub reserved: i64,
}

impl Stock {
    /// With so many more (or fewer) units reserved.
    pub fn reserving(self, quantity: i64) -> Stock {
        Stock { reserved: self.reserved + quantity, ..self }
    }

    /// With so many units gone out of the house, which were not reserved before.
    pub fn without(self, quantity: i64) -> Stock {
        Stock { on_hand: self.on_hand - quantity, ..self }
    }
}

/// A postal address.
pub fn address() -> Value {
    json!({
        "name": "Robin Ray", "line1": "1 High Street", "city": "Leeds", "postalCode": "LS1 1AA", "country": "GB",
        "phone": "+441130000000",
    })
}

/// The sum of all parties' shares: what was captured.
pub fn captured(order: &Value) -> i64 {
    order.sum("splits", "amount")
}

/// The identities that hold of every order's money at every time.
#[track_caller]
pub fn assert_sums(order: &Value) {
    let mut subtotal = 0;
    for item in order.list("items") {
        let gross = item.n("price") * item.n("quantity");
        let net = gross - item.n("discountAmount");
        // Tax is inside inclusive prices and on top of exclusive ones; the order does not say which its channel has.
        assert!([net, net + item.n("gstAmount")].contains(&item.n("total")), "item.total: {item:#}");
        subtotal += gross;
    }
    assert_eq!(order.n("subtotal"), subtotal, "subtotal: {order:#}");
    let total = order.sum("items", "total") + order.n("shippingCost") + order.n("roundingAmount");
    assert_eq!(order.n("total"), total, "total: {order:#}");
    assert_eq!(order.n("discountAmount"), order.sum("items", "discountAmount"), "discountAmount: {order:#}");
    // The order's tax holds the tax in the shipping cost, too.
    let shipping_tax = order.n("gstAmount") - order.sum("items", "gstAmount");
    assert!((0..=order.n("shippingCost")).contains(&shipping_tax), "gstAmount: {order:#}");
    assert_eq!(order.sum("splits", "refunded"), order.n("refundedTotal"), "refunded: {order:#}");
    assert!(order.n("refundedTotal") <= captured(order), "nobody gets back more than was paid: {order:#}");
}
