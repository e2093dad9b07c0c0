//! What becomes of orders in a shop that has run for a while: the ways of the bulk loader's orders, each with how many of
//! a thousand orders stop after placement and after each step.

use crate::journey::{Act, Journey, Step, Who};

/// A journey, and its share after placement and after each step, in thousandths of all orders.
pub struct Life {
    /// The way.
    pub journey: Journey,
    /// As many as there are steps, and one.
    pub shares: &'static [u32],
}

const EXPECTED: &str = r#","expectedBy":"2030-01-31""#;
const PARCEL: &str = r#","trackingNumber":"1Z999AA10123456784","carrier":"ups""#;
const FIRST: Who = Who::Merchant(0);
const SECOND: Who = Who::Merchant(1);

const fn life(
    name: &'static str,
    channel: &'static str,
    families: &'static [usize],
    placed: &'static str,
    steps: &'static [Step],
) -> Journey {
    Journey { name, channel, families, guest: true, placed, steps }
}

/// All of them. Some steps only lead on to the next: nothing stops there. What happens between steps takes days.
pub const LIVES: &[Life] = &[
    Life {
        journey: life(
            "bazaar",
            "bazaar",
            &[0],
            "pending",
            &[
                Step(Act::Fire(FIRST, "acknowledge", ""), Some("processing")),
                Step(Act::Fire(FIRST, "ship", PARCEL), Some("shipped")),
                Step(Act::Advance("3d"), None),
                Step(Act::Fire(FIRST, "complete", ""), Some("completed")),
                Step(Act::Refund, Some("refunded")),
            ],
        ),
        shares: &[10, 10, 10, 10, 190, 10],
    },
    Life {
        journey: life("bazaar, cancelled", "bazaar", &[1], "pending", &[Step(Act::Cancel, Some("cancelled"))]),
        shares: &[0, 20],
    },
    Life {
        journey: life(
            "retail",
            "retail",
            &[0, 1],
            "confirmed",
            &[
                Step(Act::Fire(Who::Admin, "processing", ""), Some("processing")),
                Step(Act::Fire(Who::Admin, "shipped", ""), Some("shipped")),
                Step(Act::Advance("2d"), None),
                Step(Act::Fire(Who::Admin, "delivered", ""), Some("delivered")),
            ],
        ),
        shares: &[10, 10, 20, 0, 220],
    },
    Life {
        journey: life(
            "mall",
            "mall",
            &[0, 1],
            "sent_to_merchant",
            &[
                Step(Act::Fire(FIRST, "ship", EXPECTED), None),
                Step(Act::Fire(SECOND, "ship", EXPECTED), Some("shipped_by_merchant")),
                Step(Act::Advance("2d"), None),
                Step(Act::Fire(FIRST, "deliver", ""), None),
                Step(Act::Fire(SECOND, "deliver", ""), Some("delivered")),
                Step(Act::Advance("31d"), Some("closed")),
            ],
        ),
        shares: &[20, 0, 20, 0, 0, 40, 220],
    },
    Life {
        journey: life(
            "blinds",
            "blinds",
            &[0],
            "payment_authorised",
            &[
                Step(Act::Fire(FIRST, "confirm", ""), Some("confirmed")),
                Step(Act::Fire(FIRST, "start_production", ""), Some("in_production")),
                Step(Act::Advance("4d"), None),
                Step(Act::Fire(FIRST, "dispatch", PARCEL), Some("dispatched")),
                Step(Act::Advance("1d"), None),
                Step(Act::Fire(FIRST, "deliver", ""), Some("delivered")),
            ],
        ),
        shares: &[10, 10, 10, 0, 10, 0, 100],
    },
    Life {
        journey: life(
            "studio",
            "studio",
            &[0],
            "received",
            &[
                Step(Act::Fire(FIRST, "accept", ""), Some("accepted")),
                Step(Act::Fire(FIRST, "complete", ""), Some("completed")),
            ],
        ),
        shares: &[5, 5, 30],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_are_of_a_thousand() {
        assert!(LIVES.iter().all(|life| life.shares.len() == life.journey.steps.len() + 1));
        assert_eq!(LIVES.iter().flat_map(|life| life.shares).sum::<u32>(), 1_000);
    }
}
