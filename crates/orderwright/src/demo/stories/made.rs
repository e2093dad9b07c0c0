//! Stories of things that are made for somebody: blinds and the studio.

use super::Act::{Because, Fire, Note, Pay, RefundAll, RefundPart};
use super::Goods::{Any, LateOnly, OfSeveral, One};
use super::Who::{Buyer, FirstMerchant, Merchants, OtherMerchants};
use super::{FAILS_LATER, POOR, Step, Story, VISA, d, days, h, m, story};

const MADE: [Step; 4] = [
    h(2, 30, Fire(Merchants, "confirm")),
    h(8, 48, Fire(Merchants, "start_production")),
    d(3, 6, Fire(Merchants, "dispatch")),
    d(1, 3, Fire(Buyer, "deliver")),
];

/// Blinds: made to order.
pub(super) const BLINDS: &[Story] = &[
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

const DONE: [Step; 2] = [h(2, 40, Fire(Merchants, "accept")), d(2, 7, Fire(Merchants, "complete"))];

/// Studio: the maker accepts, then the card is charged.
pub(super) const STUDIO: &[Story] = &[
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
