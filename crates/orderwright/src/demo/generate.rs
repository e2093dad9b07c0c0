//! The demo's past: every story played through the real operations, each order by a clock of its own that stands where the story says.
//!
//! So every event carries its own instant, and an order of the past is in no way different from one that was placed yesterday by hand.
//! The plan is a function of the anchor alone; a start that was killed in the middle goes on where orders are missing.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use orderwright_core::catalog::{Offer, Wish};
use orderwright_core::id::CustomerId;
use orderwright_core::time::{Span, Timestamp};
use serde_json::{Value, json};

use super::people::Person;
use super::random::Random;
use super::stories::{self, Goods, Story};
use super::{catalog, people, player, tokens};
use crate::app::App;
use crate::store::{OrderFilter, Page, Scope, Sort};

/// Orders that are played at the same time: their commits share transactions.
const AT_ONCE: usize = 32;

/// What was made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Made {
    /// Orders.
    pub orders: usize,
    /// Steps of their stories.
    pub steps: usize,
    /// Orders whose story could not be told to its end.
    pub troubled: usize,
}

/// One order to be: its story, its people and its goods are drawn from the number.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which story.
    pub story: &'static Story,
    /// When it is placed; no two are placed in the same millisecond.
    pub placed: Timestamp,
    /// Goes on with the draws.
    pub random: Random,
}

/// What all orders need to know.
pub struct Setting {
    /// The application.
    pub app: Arc<App>,
    /// The instant from which the past counts back: nothing happens after it.
    pub anchor: Timestamp,
    /// Offers that generated orders may touch, by channel.
    pub offers: HashMap<&'static str, Vec<Offer>>,
    /// Customers with an account.
    pub customers: Vec<CustomerId>,
}

/// Plays all that is not there yet.
pub async fn generate(app: &Arc<App>, anchor: Timestamp) -> anyhow::Result<Made> {
    generate_some(app, anchor, usize::MAX).await
}

/// The same, of the first so many.
pub async fn generate_some(app: &Arc<App>, anchor: Timestamp, limit: usize) -> anyhow::Result<Made> {
    let mut plans = plans(anchor);
    plans.truncate(limit);
    if !is_empty(app, None).await? {
        let mut missing = Vec::new();
        for plan in plans {
            if is_empty(app, Some(&plan)).await? {
                missing.push(plan);
            }
        }
        plans = missing;
    }
    let mut offers = HashMap::new();
    for story in stories::all() {
        if !offers.contains_key(story.channel) {
            offers.insert(story.channel, tokens::offers(app, story.channel).await?.split_off(2));
        }
    }
    let customers = tokens::customers(app).await?;
    let setting = Arc::new(Setting { app: app.clone(), anchor, offers, customers });
    let (plans, next) = (Arc::new(plans), Arc::new(AtomicUsize::new(0)));
    let mut players = tokio::task::JoinSet::new();
    for _ in 0..AT_ONCE {
        let (setting, plans, next) = (setting.clone(), plans.clone(), next.clone());
        players.spawn(async move {
            let mut made = Made::default();
            while let Some(plan) = plans.get(next.fetch_add(1, Ordering::Relaxed)) {
                let told = player::play(&setting, plan.clone()).await?;
                made.orders += 1;
                made.steps += told.steps;
                if let Some(why) = told.trouble {
                    tracing::warn!(channel = plan.story.channel, placed = %plan.placed, why, "a generated order stopped");
                    made.troubled += 1;
                }
            }
            anyhow::Ok(made)
        });
    }
    let mut all = Made::default();
    while let Some(made) = players.join_next().await {
        let made = made.context("a generated order failed")??;
        all.orders += made.orders;
        all.steps += made.steps;
        all.troubled += made.troubled;
    }
    // The feed and the counters of lists are there before anybody asks.
    while app.store.sequence(2048).await? > 0 {}
    Ok(all)
}

/// Whether there is no order at all, or none of that plan.
async fn is_empty(app: &App, plan: Option<&Plan>) -> anyhow::Result<bool> {
    let mut filter = OrderFilter::default();
    if let Some(plan) = plan {
        filter.channel.push(plan.story.channel.to_owned());
        filter.from = Some(plan.placed.0);
        filter.to = Some(plan.placed.0 + 1);
    }
    let page = app.store.list_orders(&Scope::All, &filter, Sort::default(), Page::First { limit: 1 }).await?;
    Ok(page.rows.is_empty())
}

/// All orders to be, in the order in which they are placed.
pub fn plans(anchor: Timestamp) -> Vec<Plan> {
    let mut plans: Vec<Plan> = Vec::new();
    for story in stories::all() {
        for _ in 0..story.count {
            let number = plans.len();
            let mut random = Random::new(0x0DE0 + number as u64);
            let seconds = random.within(story.age.0 * 3600 + 1, story.age.1 * 3600);
            // The number is in the milliseconds, so that instants and with them ids differ.
            let second = (anchor.0 - seconds * 1_000_000).div_euclid(1_000_000) * 1_000_000;
            let placed = Timestamp(second + (number as i64 % 1000) * 1000);
            plans.push(Plan { story, placed, random });
        }
    }
    plans.sort_by_key(|plan| plan.placed);
    plans
}

/// What is bought.
pub fn goods(setting: &Setting, plan: &mut Plan) -> Vec<Wish> {
    let random = &mut plan.random;
    let all = setting.offers.get(plan.story.channel).map_or(&[][..], Vec::as_slice);
    let offers: Vec<&Offer> =
        all.iter().filter(|o| plan.story.goods != Goods::LateOnly || o.late_cancellation).collect();
    let lines = match plan.story.goods {
        Goods::One | Goods::ThreeOfOne => 1,
        Goods::OfSeveral => random.within(2, 4),
        Goods::Any | Goods::LateOnly => *random.pick(&[1, 1, 1, 2, 2, 3]),
    };
    let mut chosen: Vec<&Offer> = Vec::new();
    while chosen.len() < (lines as usize).min(offers.len()) {
        let offer = *random.pick(&offers);
        // The second line of an order of several merchants is another merchant's.
        let same = chosen.len() == 1 && chosen[0].merchant_id == offer.merchant_id;
        let unfit = plan.story.goods == Goods::OfSeveral && same;
        if !unfit && chosen.iter().all(|c| c.sku != offer.sku) {
            chosen.push(offer);
        }
    }
    chosen
        .into_iter()
        .map(|offer| Wish {
            sku: offer.sku.clone(),
            quantity: match plan.story.goods {
                Goods::ThreeOfOne => 3,
                _ => *random.pick(&[1, 1, 1, 1, 2]),
            },
            metadata: wishes_of(plan.story.channel, random),
        })
        .collect()
}

/// What somebody says about a line, where the channel's things are made for them.
fn wishes_of(channel: &str, random: &mut Random) -> Value {
    match channel {
        "blinds" => json!({
            "widthMm": random.within(400, 1990),
            "dropMm": random.within(600, 2400),
            "fitting": random.pick(&["inside recess", "outside recess"]),
            "control": random.pick(&["left chain", "right chain", "cordless"]),
        }),
        "studio" => json!({
            "brief": random.pick(&[
                "Warm colours, please, and a plain background",
                "For my grandmother's eightieth birthday",
                "Black ink only; it will be printed small",
                "Surprise me, as long as there is a boat in it",
            ]),
        }),
        _ => json!({}),
    }
}

/// Who buys, and as whom: a customer with an account, or a guest of the storefront.
pub fn buyer(setting: &Setting, plan: &mut Plan) -> (&'static Person, Option<CustomerId>) {
    let regulars = people::regulars();
    if plan.random.percent(45) && setting.customers.len() == regulars.len() {
        let n = plan.random.within(0, regulars.len() as i64 - 1) as usize;
        return (&regulars[n], Some(setting.customers[n]));
    }
    (plan.random.pick(people::guests()), None)
}

/// Whether the buyer knows the discount code.
pub fn code(setting: &Setting, plan: &mut Plan) -> Option<String> {
    let channel = setting.app.channel(plan.story.channel)?;
    (!channel.discounts.is_empty() && plan.random.percent(25)).then(|| catalog::WELCOME.to_owned())
}

/// The instant after a draw of minutes and seconds.
pub fn later(random: &mut Random, from: Timestamp, minutes: (i64, i64)) -> Timestamp {
    from.plus(Span::seconds(random.within(minutes.0 * 60, minutes.1 * 60)))
}
