//! Stories of things that lie on a shelf: the shop, the market of small sellers and the mall.

use orderwright_core::order::OFFLINE;

use super::Act::{
    AskRefund, Because, DecideRefund, Dispute, Fire, FireOne, Note, Pay, RefundAll, RefundOutside, RefundPart,
};
use super::Goods::{Any, OfSeveral, One, ThreeOfOne};
use super::Who::{Buyer, FirstMerchant, Import, Merchants, Ops, OtherMerchants, Retailer};
use super::{DECLINED, OLD_CARD, POOR, Step, Story, VISA, d, days, h, m, story};

const SENT: [Step; 3] =
    [h(4, 30, Fire(Retailer, "processing")), h(6, 36, Fire(Retailer, "shipped")), d(2, 5, Fire(Retailer, "delivered"))];

/// Retail: the shop's own table of transitions.
pub(super) const RETAIL: &[Story] = &[
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
pub(super) const BAZAAR: &[Story] = &[
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

const ROUTED: [Step; 2] = [h(6, 48, Fire(Merchants, "ship")), d(2, 5, Fire(Merchants, "deliver"))];

/// Mall: split over merchants once it is paid.
pub(super) const MALL: &[Story] = &[
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
