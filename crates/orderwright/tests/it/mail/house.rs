//! A shop that mails its customers, and the mail server that takes the mails. One house for each store, used by one scenario at a time: they
//! move the clock, change settings and kill the server.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use orderwright::fakes::server::Plays;
use orderwright::fakes::{Fake, Options};
use serde_json::{Value, json};

use crate::providers::house::{STRIPE_SECRET, fake};
use crate::shop::{Json, Shop, Store, eventually};

/// Where the test command installed aiosmtpd.
const VARIABLE: &str = "ORDERWRIGHT_TEST_MAIL_PYTHON";
/// Who mails are from.
pub const FROM: &str = "The Shop <orders@shop.example>";
/// Where links lead.
pub const PUBLIC: &str = "https://shop.example";
/// How long a mail may take: on PostgreSQL the lease of a killed node runs out first.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Each becomes a test on each store.
macro_rules! mail_scenarios {
    ($($name:ident),+ $(,)?) => {
        mod sqlite { $(#[test] fn $name() { $crate::mail::house::play($crate::shop::Store::Sqlite, super::$name) })+ }
        mod postgres { $(#[test] fn $name() { $crate::mail::house::play($crate::shop::Store::Postgres, super::$name) })+ }
    };
}

/// The mail server, and what it has told so far.
pub struct Post {
    child: Child,
    port: u16,
    told: Arc<Mutex<Vec<Value>>>,
}

impl Post {
    fn start() -> Result<Post, String> {
        let python = std::env::var(VARIABLE)
            .map_err(|_| format!("{VARIABLE} is not set, so there is no mail server: run `cargo xtask test`"))?;
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the workspace");
        let mut command = Command::new(&python);
        // Its input ends when we do, however we end.
        command.arg(root.join("e2e/smtp.py")).args(["shop", "pa:ss/word"]).stdin(Stdio::piped());
        let spawned = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = spawned.map_err(|e| format!("{python}: {e}"))?;
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut next = move || -> Option<Value> { serde_json::from_str(&lines.next()?.ok()?).ok() };
        let port = next().and_then(|line| line["port"].as_u64()).and_then(|p| u16::try_from(p).ok());
        let Some(port) = port else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("the mail server does not start; does {python} have aiosmtpd?"));
        };
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = told.clone();
        std::thread::spawn(move || {
            while let Some(line) = next() {
                heard.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        Ok(Post { child, port, told })
    }

    /// What was delivered to an address, or tried, oldest first.
    pub fn to(&self, address: &str) -> Vec<Value> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.iter().filter(|line| line["recipients"][0] == address).cloned().collect()
    }

    /// The `n`th message to an address, from 1, when it is there.
    #[track_caller]
    pub fn wait(&self, address: &str, n: usize) -> Value {
        eventually(&format!("message {n} to {address}"), PATIENCE, || {
            let all = self.to(address);
            all.get(n - 1).cloned().ok_or_else(|| format!("{} messages", all.len()))
        })
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The shop and its mail server. `mall` is paid at a fake of Stripe, which has a payment page; the other channels at the sandbox.
pub struct House {
    pub shop: Shop,
    pub post: Post,
    pub stripe: Fake,
}

impl House {
    fn start(store: Store) -> Result<House, String> {
        let post = Post::start()?;
        let stripe = fake(Options {
            webhook_secret: STRIPE_SECRET.into(),
            key: Some("sk_test_1".into()),
            ..Options::new(Plays::Stripe)
        });
        let (script, smtp) =
            (format!("{}/v3/", stripe.url), format!("smtp://shop:pa%3Ass%2Fword@127.0.0.1:{}", post.port));
        let args = [
            ["--smtp-url", &smtp],
            ["--mail-from", FROM],
            ["--public-url", PUBLIC],
            ["--stripe-secret-key", "sk_test_1"],
            ["--stripe-publishable-key", "pk_test_1"],
            ["--stripe-webhook-secret", STRIPE_SECRET],
            ["--stripe-api-base", &stripe.url],
            ["--stripe-script-url", &script],
        ];
        let shop = Shop::start_with(store, args.concat().into_iter().map(str::to_owned).collect())?;
        let house = House { shop, post, stripe };
        house.set("mall", &json!({ "paymentProvider": "stripe" }));
        house.listen();
        Ok(house)
    }

    /// Stripe tells the shop, where it is now.
    pub fn listen(&self) {
        self.stripe.webhooks_to(&format!("{}/webhooks/stripe", self.shop.demo().s("baseUrl")), 1);
    }

    /// Changes settings of a channel.
    #[track_caller]
    pub fn set(&self, channel: &str, change: &Value) -> Value {
        let body = crate::shop::json::with(json!({ "channel": channel }), change);
        self.shop.admin().patch("/admin/settings", &body).expect(200)
    }

    /// An address that no other scenario uses; how the mail server treats it is in its first word.
    pub fn address(&self, word: &str) -> String {
        format!("{}@example.org", self.shop.unique(&format!("{word}-mail")))
    }

    /// An order of somebody with that address, whose payment is declined and can be made again.
    #[track_caller]
    pub fn declined(&self, channel: &str, address: &str) -> Value {
        let mut body = self.shop.basket(channel, &[(0, 2)], "pm_card_chargeDeclinedInsufficientFunds");
        body["customer"]["email"] = json!(address);
        let order = self.shop.customer(0).post("/storefront/orders", &body).expect(201);
        self.shop.wait_payment(order.id(), "failed")
    }

    /// The entries about mails on the timeline, when there are so many.
    #[track_caller]
    pub fn noted(&self, order: &str, count: usize) -> Vec<Value> {
        eventually(&format!("{count} notes about mails"), PATIENCE, || {
            let all = self.shop.timeline_as(&self.shop.admin(), order);
            let mails: Vec<Value> = all.into_iter().filter(|e| e.s("type").starts_with("mail_")).collect();
            if mails.len() == count { Ok(mails) } else { Err(format!("{mails:#?}")) }
        })
    }

    /// The jobs of mails about an order.
    pub fn jobs(&self, order: &str) -> Vec<Value> {
        let all = self.shop.admin().get("/admin/jobs?kind=mail&limit=200").expect(200);
        all.list("data").iter().filter(|job| job["orderId"] == order).cloned().collect()
    }

    /// Nothing that can be read of the order or in the log repeats the address, but for the contact itself.
    #[track_caller]
    pub fn assert_address_is_kept_once(&self, order: &str, address: &str) {
        let local = address.split('@').next().expect("a local part");
        for path in ["/timeline?limit=200".to_owned(), "/actions".to_owned()] {
            let text = self.shop.admin().get(&format!("/admin/orders/{order}{path}")).text;
            assert!(!text.contains(local), "{path}: {text}");
        }
        let jobs = serde_json::to_string(&self.jobs(order)).expect("JSON");
        let events = self.shop.admin().get("/events?after=0&limit=200").text;
        for (place, text) in [("jobs", jobs), ("log", self.shop.log_tail()), ("events", events)] {
            assert!(!text.contains(local), "{place}: {text}");
        }
    }
}

static SQLITE: Mutex<Option<House>> = Mutex::new(None);
static POSTGRES: Mutex<Option<House>> = Mutex::new(None);

/// Plays a scenario in the house of that store. A house in which one failed is not used again.
pub fn play(store: Store, scenario: fn(&mut House)) {
    let kept = match store {
        Store::Sqlite => &SQLITE,
        Store::Postgres => &POSTGRES,
    };
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    let mut house = kept.take().unwrap_or_else(|| House::start(store).unwrap_or_else(|why| panic!("{why}")));
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| scenario(&mut house)));
    if outcome.is_err() {
        panic!("the scenario failed, see above\n{}", house.shop.log_tail());
    }
    *kept = Some(house);
}
