//! What happened in the demo's past: stories of orders, each told so many times with other people, goods and times.
//!
//! A story says how long ago its orders were placed, how they were paid, and what came after, step by step. What the engine does by itself
//! (outcomes of payments, timers) is in no story: it happens. Of the statuses of api.md these have no order at rest in the demo: `pending`
//! of blinds and `paid` and `new` → charging of the mall, which the sandbox provider and a cancel window of 0m leave at once.

/// Who does a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Who bought: the customer, or the storefront for a guest.
    Buyer,
    /// The owner of the channel.
    Retailer,
    /// The platform's staff.
    Ops,
    /// The platform's staff, by an import.
    Import,
    /// Every merchant of the order, each in their own time.
    Merchants,
    /// One merchant of the order.
    FirstMerchant,
    /// All of its merchants but that one, each in their own time.
    OtherMerchants,
}

/// What somebody does.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// Fires an event, with the fields that it needs.
    Fire(Who, &'static str),
    /// Fires an event for a reason.
    Because(Who, &'static str, &'static str),
    /// Fires an event on one unit of the first line.
    FireOne(Who, &'static str),
    /// The buyer pays again.
    Pay(&'static str),
    /// Staff writes a note; whether the customer sees it.
    Note(&'static str, bool),
    /// Staff gives everything back that is left.
    RefundAll(&'static str),
    /// Staff gives so many percent of the order back.
    RefundPart(i64, &'static str),
    /// Staff books one unit's price that was given back in cash.
    RefundOutside(&'static str),
    /// The buyer asks for so many percent back.
    AskRefund(i64, &'static str),
    /// Staff decides on that.
    DecideRefund(bool),
    /// The cardholder disputes the payment.
    Dispute,
}

/// An act and when it comes: minutes after the one before, from and to.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// At the earliest.
    pub from: i64,
    /// At the latest.
    pub to: i64,
    /// What.
    pub act: Act,
}

/// What is bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goods {
    /// One to three lines.
    Any,
    /// One line.
    One,
    /// Lines of at least two merchants.
    OfSeveral,
    /// One line of three units.
    ThreeOfOne,
    /// Lines that may be cancelled after work on them began.
    LateOnly,
}

/// A story.
#[derive(Clone, Copy, Debug)]
pub struct Story {
    /// Where.
    pub channel: &'static str,
    /// How many times.
    pub count: usize,
    /// How many hours ago its orders were placed, from and to.
    pub age: (i64, i64),
    /// What.
    pub goods: Goods,
    /// How it was paid.
    pub method: &'static str,
    /// What came after.
    pub steps: &'static [Step],
}

const VISA: &str = "pm_card_visa";
const OFFLINE: &str = "pm_offline";
const POOR: &str = "pm_card_chargeDeclinedInsufficientFunds";
const OLD_CARD: &str = "pm_card_chargeDeclinedExpiredCard";
const DECLINED: &str = "pm_card_chargeDeclined";
const FAILS_LATER: &str = "pm_card_chargeCustomerFail";

/// After so many hours.
const fn h(from: i64, to: i64, act: Act) -> Step {
    Step { from: from * 60, to: to * 60, act }
}

/// After so many days.
const fn d(from: i64, to: i64, act: Act) -> Step {
    h(from * 24, to * 24, act)
}

/// After so many minutes.
const fn m(from: i64, to: i64, act: Act) -> Step {
    Step { from, to, act }
}

const fn story(
    channel: &'static str,
    count: usize,
    age: (i64, i64),
    goods: Goods,
    method: &'static str,
    steps: &'static [Step],
) -> Story {
    Story { channel, count, age, goods, method, steps }
}

/// So many days ago, in hours.
const fn days(from: i64, to: i64) -> (i64, i64) {
    (from * 24, to * 24)
}

use Act::{AskRefund, Because, DecideRefund, Dispute, Fire, FireOne, Note, Pay, RefundAll, RefundOutside, RefundPart};
use Goods::{Any, LateOnly, OfSeveral, One, ThreeOfOne};
use Who::{Buyer, FirstMerchant, Import, Merchants, Ops, OtherMerchants, Retailer};

const MADE: [Step; 4] = [
    h(2, 30, Fire(Merchants, "confirm")),
    h(8, 48, Fire(Merchants, "start_production")),
    d(3, 6, Fire(Merchants, "dispatch")),
    d(1, 3, Fire(Buyer, "deliver")),
];

/// Blinds: made to order.
const BLINDS: &[Story] = &[
    story("blinds", 20, days(14, 60), Any, VISA, &MADE),
    story("blinds", 6, days(16, 60), OfSeveral, VISA, &MADE),
    story(
        "blinds",
        2,
        days(18, 50),
        One,
        VISA,
        &[
            MADE[0],
            m(20, 90, Note("Measured twice: the recess is 1,196 mm wide, cut to 1,190.", false)),
            MADE[1],
            MADE[2],
            d(1, 2, Fire(Merchants, "deliver")),
        ],
    ),
    story("blinds", 4, days(8, 11), Any, VISA, &[MADE[0], MADE[1], h(60, 90, Fire(Merchants, "dispatch"))]),
    story("blinds", 5, days(4, 7), Any, VISA, &[MADE[0], MADE[1]]),
    story("blinds", 4, days(2, 3), Any, VISA, &[MADE[0]]),
    story("blinds", 4, (1, 40), Any, VISA, &[]),
    story("blinds", 2, (30, 70), OfSeveral, VISA, &[h(2, 20, Fire(FirstMerchant, "confirm"))]),
    story("blinds", 2, days(3, 45), Any, POOR, &[]),
    story(
        "blinds",
        2,
        days(5, 50),
        One,
        VISA,
        &[h(4, 30, Because(Merchants, "refuse", "This fabric is discontinued and there is none left"))],
    ),
    story(
        "blinds",
        1,
        days(20, 40),
        OfSeveral,
        VISA,
        &[
            h(4, 20, Because(FirstMerchant, "refuse", "The width is beyond what this mechanism carries")),
            h(2, 20, Fire(OtherMerchants, "confirm")),
            h(8, 48, Fire(OtherMerchants, "start_production")),
            d(3, 5, Fire(OtherMerchants, "dispatch")),
            d(1, 3, Fire(Buyer, "deliver")),
        ],
    ),
    story("blinds", 2, days(6, 40), Any, VISA, &[h(1, 4, Because(Buyer, "cancel", "Ordered the wrong width"))]),
    story(
        "blinds",
        1,
        days(15, 40),
        LateOnly,
        VISA,
        &[MADE[0], MADE[1], h(4, 30, Because(Merchants, "cancel", "The customer moved house; agreed by phone"))],
    ),
    story("blinds", 1, days(12, 40), One, VISA, &[]),
    story("blinds", 1, days(12, 40), One, FAILS_LATER, &[MADE[0]]),
    story(
        "blinds",
        1,
        days(22, 45),
        One,
        VISA,
        &[
            MADE[0],
            MADE[1],
            MADE[2],
            MADE[3],
            d(1, 4, RefundAll("Arrived with a broken headrail; the customer did not want another")),
        ],
    ),
    story(
        "blinds",
        2,
        days(20, 50),
        Any,
        VISA,
        &[
            MADE[0],
            MADE[1],
            MADE[2],
            MADE[3],
            d(1, 3, RefundPart(15, "A scratch on the bottom bar, settled with the customer")),
            m(5, 30, Note("We have sent 15 % back to your card. Thank you for the photos!", true)),
        ],
    ),
];

const SENT: [Step; 3] =
    [h(4, 30, Fire(Retailer, "processing")), h(6, 36, Fire(Retailer, "shipped")), d(2, 5, Fire(Retailer, "delivered"))];

/// Retail: the shop's own table of transitions.
const RETAIL: &[Story] = &[
    story("retail", 27, days(9, 60), Any, VISA, &SENT),
    story("retail", 4, days(10, 55), ThreeOfOne, VISA, &SENT),
    story("retail", 5, (1, 22), Any, VISA, &[]),
    story("retail", 5, days(2, 3), Any, VISA, &[SENT[0]]),
    story("retail", 5, days(4, 6), Any, VISA, &[SENT[0], SENT[1]]),
    story("retail", 3, (5, 100), Any, OFFLINE, &[]),
    story("retail", 2, (3, 80), One, OLD_CARD, &[]),
    story("retail", 2, days(12, 50), Any, DECLINED, &[h(1, 20, Pay(VISA)), SENT[0], SENT[1], SENT[2]]),
    story("retail", 3, days(14, 55), Any, OFFLINE, &[d(1, 3, Fire(Import, "paid_outside")), SENT[0], SENT[1], SENT[2]]),
    story("retail", 2, days(10, 45), One, POOR, &[]),
    story("retail", 3, days(3, 50), Any, VISA, &[h(1, 8, Because(Buyer, "cancelled", "Found it cheaper elsewhere"))]),
    story(
        "retail",
        1,
        days(10, 30),
        One,
        VISA,
        &[SENT[0], SENT[1], d(3, 5, Because(Retailer, "cancelled", "Returned by the carrier: nobody at the address"))],
    ),
    story(
        "retail",
        2,
        days(15, 50),
        One,
        VISA,
        &[SENT[0], SENT[1], SENT[2], d(1, 6, RefundAll("Sent back unopened within the return window"))],
    ),
    story(
        "retail",
        3,
        days(15, 55),
        Any,
        VISA,
        &[SENT[0], SENT[1], SENT[2], d(1, 5, RefundPart(20, "One tin was dented"))],
    ),
    story(
        "retail",
        1,
        days(15, 40),
        ThreeOfOne,
        VISA,
        &[SENT[0], SENT[1], SENT[2], d(1, 4, RefundOutside("One of three taken back at the shop, paid in cash"))],
    ),
    story(
        "retail",
        2,
        days(12, 25),
        Any,
        VISA,
        &[SENT[0], SENT[1], SENT[2], d(1, 2, AskRefund(30, "One piece looks different from the picture"))],
    ),
    story(
        "retail",
        1,
        days(15, 45),
        One,
        VISA,
        &[
            SENT[0],
            SENT[1],
            SENT[2],
            d(1, 2, AskRefund(100, "I changed my mind after two weeks of use")),
            h(4, 20, DecideRefund(false)),
            m(2, 20, Note("A used kettle cannot be taken back, we are sorry. The warranty is two years.", true)),
        ],
    ),
    story(
        "retail",
        1,
        days(15, 45),
        Any,
        VISA,
        &[
            SENT[0],
            SENT[1],
            SENT[2],
            d(1, 2, AskRefund(25, "The sheet has a pulled thread")),
            h(2, 10, DecideRefund(true)),
        ],
    ),
    story("retail", 1, days(20, 40), One, VISA, &[SENT[0], SENT[1], SENT[2], d(4, 8, Dispute)]),
];

const SOLD: [Step; 3] =
    [h(1, 24, Fire(Merchants, "acknowledge")), h(6, 48, Fire(Merchants, "ship")), d(2, 6, Fire(Buyer, "complete"))];

/// Bazaar: many small sellers.
const BAZAAR: &[Story] = &[
    story("bazaar", 14, days(10, 60), Any, VISA, &SOLD),
    story("bazaar", 8, days(12, 60), OfSeveral, VISA, &SOLD),
    story("bazaar", 4, (1, 20), Any, VISA, &[]),
    story("bazaar", 5, (26, 48), Any, VISA, &[SOLD[0]]),
    story("bazaar", 5, days(4, 5), Any, VISA, &[SOLD[0], SOLD[1]]),
    story("bazaar", 3, days(3, 4), OfSeveral, VISA, &[SOLD[0], h(6, 30, Fire(FirstMerchant, "ship"))]),
    story(
        "bazaar",
        2,
        days(4, 6),
        ThreeOfOne,
        VISA,
        &[
            SOLD[0],
            h(6, 30, FireOne(Merchants, "ship")),
            m(5, 40, Note("One is in the post; the other two leave the kiln on Friday.", true)),
        ],
    ),
    story("bazaar", 2, days(4, 50), Any, VISA, &[m(10, 300, Because(Buyer, "cancel", "Ordered twice by mistake"))]),
    story(
        "bazaar",
        2,
        days(5, 50),
        One,
        VISA,
        &[SOLD[0], h(3, 20, Because(Merchants, "cancel", "Broken while packing, and it was the last one"))],
    ),
    story(
        "bazaar",
        1,
        days(12, 40),
        OfSeveral,
        VISA,
        &[
            h(2, 20, Because(FirstMerchant, "cancel", "Sold at a fair over the weekend")),
            h(1, 20, Fire(OtherMerchants, "acknowledge")),
            h(6, 40, Fire(OtherMerchants, "ship")),
            d(2, 5, Fire(OtherMerchants, "complete")),
        ],
    ),
    story("bazaar", 2, days(2, 50), One, DECLINED, &[]),
    story(
        "bazaar",
        2,
        days(16, 50),
        One,
        VISA,
        &[SOLD[0], SOLD[1], SOLD[2], d(1, 5, RefundAll("Lost its glaze in the first wash"))],
    ),
    story(
        "bazaar",
        2,
        days(16, 50),
        Any,
        VISA,
        &[SOLD[0], SOLD[1], SOLD[2], d(1, 5, RefundPart(25, "Arrived a week late"))],
    ),
    story("bazaar", 2, (6, 90), Any, OFFLINE, &[]),
    story(
        "bazaar",
        2,
        days(16, 50),
        Any,
        OFFLINE,
        &[d(1, 4, Fire(Import, "paid_outside")), SOLD[0], SOLD[1], d(2, 5, Fire(Merchants, "complete"))],
    ),
    story("bazaar", 1, days(10, 40), One, OFFLINE, &[]),
    story("bazaar", 1, days(20, 40), One, VISA, &[SOLD[0], SOLD[1], SOLD[2], d(3, 9, Dispute)]),
];

const DONE: [Step; 2] = [h(2, 40, Fire(Merchants, "accept")), d(2, 7, Fire(Merchants, "complete"))];

/// Studio: the maker accepts, then the card is charged.
const STUDIO: &[Story] = &[
    story("studio", 19, days(9, 60), One, VISA, &DONE),
    story(
        "studio",
        2,
        days(15, 50),
        One,
        VISA,
        &[
            DONE[0],
            h(1, 20, Note("A first sketch is on its way to you by e-mail.", true)),
            DONE[1],
            d(1, 4, RefundPart(30, "One round of changes less than agreed")),
        ],
    ),
    story("studio", 5, (1, 40), One, VISA, &[]),
    story("studio", 6, days(2, 5), One, VISA, &[DONE[0]]),
    story(
        "studio",
        3,
        days(3, 55),
        One,
        VISA,
        &[h(3, 40, Because(Merchants, "decline", "Fully booked until the end of next month"))],
    ),
    story(
        "studio",
        1,
        days(3, 55),
        One,
        VISA,
        &[h(2, 20, Because(Merchants, "decline", "I do not draw company logos"))],
    ),
    story("studio", 3, days(3, 55), One, VISA, &[h(1, 10, Because(Buyer, "cancel", "We settled on another present"))]),
    story("studio", 2, days(2, 50), One, POOR, &[]),
    story("studio", 3, days(2, 5), One, FAILS_LATER, &[DONE[0]]),
    story("studio", 2, days(12, 50), One, FAILS_LATER, &[DONE[0]]),
    story("studio", 2, days(14, 50), One, FAILS_LATER, &[DONE[0], d(1, 4, Pay(VISA)), DONE[1]]),
];

const ROUTED: [Step; 2] = [h(6, 48, Fire(Merchants, "ship")), d(2, 5, Fire(Merchants, "deliver"))];

/// Mall: split over merchants once it is paid.
const MALL: &[Story] = &[
    story("mall", 10, days(42, 60), Any, VISA, &ROUTED),
    story("mall", 10, days(42, 60), OfSeveral, VISA, &ROUTED),
    story("mall", 9, days(9, 28), Any, VISA, &ROUTED),
    story("mall", 7, days(9, 28), OfSeveral, VISA, &ROUTED),
    story("mall", 5, days(3, 5), Any, VISA, &[ROUTED[0]]),
    story("mall", 7, (1, 45), Any, VISA, &[]),
    story("mall", 4, days(2, 4), OfSeveral, VISA, &[h(6, 40, Fire(FirstMerchant, "ship"))]),
    story("mall", 2, days(6, 8), OfSeveral, VISA, &[ROUTED[0], d(2, 3, Fire(FirstMerchant, "deliver"))]),
    story("mall", 3, (4, 90), Any, OFFLINE, &[]),
    story("mall", 2, (3, 70), One, DECLINED, &[]),
    story("mall", 2, days(12, 28), Any, OFFLINE, &[d(1, 3, Fire(Ops, "pay")), ROUTED[0], ROUTED[1]]),
    story("mall", 1, days(12, 28), Any, OFFLINE, &[d(1, 3, Fire(Import, "pay")), ROUTED[0], ROUTED[1]]),
    story("mall", 2, days(3, 30), Any, OFFLINE, &[h(2, 40, Because(Buyer, "cancel", "Bought it in town instead"))]),
    story("mall", 1, days(9, 30), One, OFFLINE, &[]),
    story(
        "mall",
        3,
        days(3, 10),
        Any,
        VISA,
        &[h(2, 30, Because(Ops, "cancel", "The customer called before anything was sent"))],
    ),
    story(
        "mall",
        2,
        days(20, 50),
        Any,
        VISA,
        &[h(2, 30, Because(Ops, "cancel", "The address cannot be delivered to"))],
    ),
    story("mall", 2, days(4, 50), One, VISA, &[h(4, 40, Because(Merchants, "cancel", "No longer made"))]),
    story(
        "mall",
        2,
        days(10, 28),
        OfSeveral,
        VISA,
        &[
            h(4, 40, Because(FirstMerchant, "cancel", "The last piece was damaged in the warehouse")),
            h(6, 40, Fire(OtherMerchants, "ship")),
            d(2, 5, Fire(OtherMerchants, "deliver")),
        ],
    ),
    story(
        "mall",
        2,
        days(12, 28),
        Any,
        VISA,
        &[ROUTED[0], ROUTED[1], d(1, 4, RefundPart(20, "One glass had a hairline crack"))],
    ),
];

/// All stories.
pub fn all() -> impl Iterator<Item = &'static Story> {
    [BLINDS, RETAIL, BAZAAR, STUDIO, MALL].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stories_end_before_now() {
        let mut late = Vec::new();
        for (n, story) in all().enumerate() {
            let length: i64 = story.steps.iter().map(|s| s.to).sum();
            if length >= story.age.0 * 60 {
                late.push(format!("{} with {:?} takes up to {} hours", story.channel, story.age, length / 60));
            }
            assert!(story.age.0 <= story.age.1 && story.age.1 <= 60 * 24, "story {n} of {}", story.channel);
            assert!(story.steps.iter().all(|s| s.from <= s.to), "story {n} of {}", story.channel);
        }
        assert!(late.is_empty(), "{}", late.join("\n"));
    }

    #[test]
    fn there_are_about_three_hundred_orders_and_most_went_well() {
        let count = |keep: fn(&Story) -> bool| all().filter(|s| keep(s)).map(|s| s.count).sum::<usize>();
        let total = count(|_| true);
        assert!((290..=340).contains(&total), "{total}");
        let went_back = count(|s| {
            s.steps.iter().any(|step| {
                matches!(step.act, RefundAll(_) | RefundPart(..) | RefundOutside(_))
                    || matches!(step.act, Because(_, event, _) if event.starts_with("cancel") || event == "refuse")
            })
        });
        assert!((8..=16).contains(&(went_back * 100 / total)), "{went_back} of {total}");
    }
}
