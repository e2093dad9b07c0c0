//! What happened in the demo's past: stories of orders, each told so many times with other people, goods and times.
//!
//! A story says how long ago its orders were placed, how they were paid, and what came after, step by step. What the engine does by itself
//! (outcomes of payments, timers) is in no story: it happens. Of the statuses of api.md these have no order at rest in the demo: `pending`
//! of blinds and `paid` and `new` → charging of the mall, which the sandbox provider and a cancel window of 0m leave at once.

mod made;
mod sold;

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

/// All stories.
pub fn all() -> impl Iterator<Item = &'static Story> {
    [made::BLINDS, sold::RETAIL, sold::BAZAAR, made::STUDIO, sold::MALL].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::Act::{Because, RefundAll, RefundOutside, RefundPart};
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
