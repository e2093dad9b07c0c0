//! A shop whose channels are paid by fakes of the real providers: `retail` by Razorpay, the others by Stripe. One house for each store, used by
//! one scenario at a time, because faults are ordered for whoever comes next.

use std::sync::{Mutex, OnceLock, PoisonError};

use orderwright::fakes::server::Plays;
use orderwright::fakes::{Fake, Options};
use orderwright::pay::config::Verification;
use orderwright_core::decide::EffectJob;
use orderwright_core::id::{OrderId, PaymentId};
use orderwright_core::workflow::Effect;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::adapters::{job, stripe, work};
use crate::shop::{Json, PATIENCE, Shop, Store, eventually};

/// What Stripe's webhooks are signed with.
pub const STRIPE_SECRET: &str = "whsec_fake";
/// What Razorpay's are.
pub const RAZORPAY_SECRET: &str = "hook";
/// Razorpay's key.
pub const RAZORPAY_KEY: &str = "rzp_test_1:secret";

/// Each becomes a test on each store.
macro_rules! provider_scenarios {
    ($($name:ident),+ $(,)?) => {
        mod sqlite { $(#[test] fn $name() { $crate::providers::house::play($crate::shop::Store::Sqlite, super::$name) })+ }
        mod postgres { $(#[test] fn $name() { $crate::providers::house::play($crate::shop::Store::Postgres, super::$name) })+ }
    };
}

/// The shop and its providers.
pub struct House {
    pub shop: Shop,
    pub stripe: Fake,
    pub razorpay: Fake,
}

/// Where the fakes run.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime for the fakes")
    })
}

/// A fake on a free port.
pub fn fake(options: Options) -> Fake {
    runtime().block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        Fake::start(listener, options).expect("a fake")
    })
}

/// Stripe's objects of a kind that were made for an order.
fn made_for(fake: &Fake, kind: &str, order: &str) -> Vec<Value> {
    fake.books(|books| {
        let all = books.list("object", kind).into_iter();
        all.filter(|o| o["metadata"]["orderwright_order"] == order).cloned().collect()
    })
}

/// Does something to an order's hold as Stripe's page does: without a word to us but its webhook. Each has another key.
pub fn at_the_page(fake: &Fake, order: &Value, key: i64, effect: Effect, amount: i64) {
    let intent = made_for(fake, "payment_intent", order.id()).remove(0);
    let by_hand = EffectJob {
        order: OrderId::parse(order.id()).expect("an id"),
        payment: PaymentId::parse(order["payments"][0].id()).expect("an id"),
        ..job(key, effect, amount, order.s("currency"), Some(intent.id()))
    };
    runtime()
        .block_on(async { stripe(fake, Verification::SetupIntent).execute(&work(&by_hand, &[])).await.expect("done") });
}

/// Takes the money of an order's hold that was released, as if the release had never been. How much that is.
pub fn taken_after_release(fake: &Fake, order: &Value) -> i64 {
    let intent = made_for(fake, "payment_intent", order.id()).remove(0);
    fake.books(|books| {
        books.change(intent.id(), json!({ "status": "requires_capture", "amount_capturable": intent["amount"] }));
        books.change(intent.s("latest_charge"), json!({ "refunded": false, "amount_refunded": 0, "_released": 0 }));
    });
    at_the_page(fake, order, 1, Effect::Capture, intent.n("amount"));
    intent.n("amount")
}

impl House {
    /// Starts a house.
    pub fn start(store: Store) -> Result<House, String> {
        let stripe = fake(Options {
            webhook_secret: STRIPE_SECRET.into(),
            key: Some("sk_test_1".into()),
            ..Options::new(Plays::Stripe)
        });
        let razorpay = fake(Options {
            webhook_secret: RAZORPAY_SECRET.into(),
            key: Some(RAZORPAY_KEY.into()),
            ..Options::new(Plays::Razorpay)
        });
        let (stripe_script, razorpay_script) =
            (format!("{}/v3/", stripe.url), format!("{}/v1/checkout.js", razorpay.url));
        let args = [
            ["--stripe-secret-key", "sk_test_1"],
            ["--stripe-publishable-key", "pk_test_1"],
            ["--stripe-webhook-secret", "whsec_older,whsec_fake"],
            ["--stripe-api-base", &stripe.url],
            ["--stripe-script-url", &stripe_script],
            ["--razorpay-key-id", "rzp_test_1"],
            ["--razorpay-key-secret", "secret"],
            ["--razorpay-webhook-secret", RAZORPAY_SECRET],
            ["--razorpay-api-base", &razorpay.url],
            ["--razorpay-script-url", &razorpay_script],
            ["--provider-timeout-ms", "1500"],
        ];
        let args = args.concat().into_iter().map(str::to_owned).collect();
        let shop = Shop::start_with(store, args)?;
        for (channel, provider) in [
            ("blinds", "stripe"),
            ("bazaar", "stripe"),
            ("studio", "stripe"),
            ("mall", "stripe"),
            ("retail", "razorpay"),
        ] {
            let body = json!({ "channel": channel, "paymentProvider": provider });
            shop.admin().patch("/admin/settings", &body).expect(200);
        }
        let house = House { shop, stripe, razorpay };
        let base = house.shop.demo().s("baseUrl").to_owned();
        house.stripe.webhooks_to(&format!("{base}/webhooks/stripe"), 1);
        house.razorpay.webhooks_to(&format!("{base}/webhooks/razorpay"), 1);
        Ok(house)
    }

    /// Stripe's objects of a kind that were made for an order.
    pub fn at_stripe(&self, kind: &str, order: &str) -> Vec<Value> {
        made_for(&self.stripe, kind, order)
    }

    /// Razorpay's order of one of ours.
    pub fn at_razorpay(&self, order: &str) -> Value {
        let find = || {
            self.razorpay.books(|books| {
                let mut all = books.list("entity", "order").into_iter();
                all.find(|o| o["notes"]["orderwright_order"] == order).cloned()
            })
        };
        eventually("Razorpay has the order", PATIENCE, || find().ok_or_else(|| "no".to_owned()))
    }

    /// What whoever tests does to an object of a fake.
    pub fn act(&self, fake: &Fake, id: &str, act: &str) -> Value {
        self.act_with(fake, id, act, &json!({}), false).0
    }

    /// The same with more to say; unheard, the provider tells nobody of it: the webhooks' bodies that it would have sent come with it.
    pub fn act_with(&self, fake: &Fake, id: &str, act: &str, more: &Value, unheard: bool) -> (Value, Vec<Value>) {
        let plays_stripe = fake.url == self.stripe.url;
        let done = fake.books(|books| {
            let before = books.events.len();
            let done = match plays_stripe {
                true => orderwright::fakes::stripe::act(books, id, act, more),
                false => orderwright::fakes::razorpay::act(books, id, act, more),
            };
            let told = if unheard { books.events.split_off(before) } else { Vec::new() };
            done.map(|object| (object, told.into_iter().map(|event| event.body).collect()))
        });
        done.unwrap_or_else(|| panic!("{act} cannot be done to {id}"))
    }

    /// Every webhook was sent, and every event acted on.
    pub fn quiet(&self, fake: &Fake, what: &str) {
        eventually(what, std::time::Duration::from_secs(240), || {
            let idle = fake.state.sent.lock().expect("not poisoned").is_idle();
            let waiting = self.shop.ops().get("/admin/provider-events?state=received").expect(200);
            let waiting = waiting.list("data").len();
            if idle && waiting == 0 { Ok(()) } else { Err(format!("idle {idle}; {waiting} wait")) }
        });
    }

    /// Places an order that Razorpay's customer pays.
    pub fn place_and_pay(&self, lines: &[(usize, i64)]) -> (String, Value) {
        let order = self.shop.place("retail", lines, "checkout");
        let there = self.at_razorpay(order.id());
        let payment = self.act(&self.razorpay, there.id(), "pay");
        (order.id().to_owned(), payment)
    }

    /// The books agree: whatever Stripe took and gave back for an order is what the order says.
    #[track_caller]
    pub fn assert_books_agree(&self, id: &str) {
        let order = self.shop.view(id);
        let sum = |kind: &str, field: &str, wish: &dyn Fn(&Value) -> bool| -> i64 {
            self.at_stripe(kind, id).iter().filter(|o| wish(o)).map(|o| o.n(field)).sum()
        };
        assert_eq!(
            sum("payment_intent", "amount_received", &|_| true),
            order.sum("payments", "captured"),
            "taken: {order:#}"
        );
        let back = sum("refund", "amount", &|r| r["status"] == "succeeded");
        assert_eq!(back, order.n("refundedTotal"), "given back: {order:#}");
        crate::shop::orders::assert_sums(&order);
    }
}

static SQLITE: OnceLock<Result<House, String>> = OnceLock::new();
static POSTGRES: OnceLock<Result<House, String>> = OnceLock::new();
static TURNS: [Mutex<()>; 2] = [Mutex::new(()), Mutex::new(())];

/// Plays a scenario in the house of that store.
pub fn play(store: Store, scenario: fn(&House)) {
    let (house, turn) = match store {
        Store::Sqlite => (&SQLITE, &TURNS[0]),
        Store::Postgres => (&POSTGRES, &TURNS[1]),
    };
    let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
    let house = house.get_or_init(|| House::start(store)).as_ref().unwrap_or_else(|why| panic!("{why}"));
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| scenario(house)));
    if outcome.is_err() {
        panic!("the scenario failed, see above\n{}", house.shop.log_tail());
    }
}
