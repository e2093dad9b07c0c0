//! A workflow in memory: machines of states and transitions, as `read` makes it from a file and `decide` walks it.
//!
//! Words are the statechart's (SCXML, XState): state, event, transition, guard, action, invoke, entry, after, always, final, tags.
//! What the words mean when an order moves is in `decide`; what a file must fulfil is in `validate`.

use std::collections::BTreeMap;

use super::guard::Guard;
use crate::calendar::MAX_BUSINESS_DAYS;
use crate::time::Span;

/// A lifecycle: the machine of each item, the machine of the order's payment, and the name of the merchant-side partner if it has one.
#[derive(Clone, Debug)]
pub struct Workflow {
    /// The name that channels and orders carry: `made-to-order`.
    pub name: String,
    /// For people: `Made to order`.
    pub title: String,
    /// Hash of behaviour (not of labels, titles or comments): names this version for good.
    pub version: String,
    /// The language of the labels that stand without one, as a BCP 47 tag.
    pub locale: String,
    /// Whether this is a marketplace-side workflow or the merchant side of one.
    pub kind: Kind,
    /// Public statuses, least advanced first. An order shows the least advanced of its items.
    pub statuses: Vec<String>,
    /// The event that `POST …/cancel` fires.
    pub cancel_event: Option<String>,
    /// The event that recording a shipment fires.
    pub ship_event: Option<String>,
    /// The name of the merchant-side workflow that each item also runs once it is sent to its merchant.
    pub partner: Option<String>,
    /// Whether goods may leave before they are paid for.
    pub credit: bool,
    /// The machine that every item runs; for a dispute's workflow, the dispute's.
    pub item: Machine,
    /// The machine of the order's payment; merchant-side workflows have none.
    pub payment: Option<Machine>,
    /// Names of the fragments that its item machine is made with, sorted.
    pub fragments: Vec<String>,
    /// Line of each top-level key in the file, for complaints.
    pub lines: BTreeMap<String, usize>,
}

impl Workflow {
    /// Whether a timer of its counts the days on which the shop works.
    pub fn counts_business_days(&self) -> bool {
        let machines = std::iter::once(&self.item).chain(&self.payment);
        let mut timers = machines.flat_map(|m| m.states.iter().flat_map(|s| &s.after));
        timers.any(|a| matches!(a.delay, Delay::BusinessDays(_)))
    }
}

impl Delay {
    /// Reads `7d`, `3bd` or the name of a policy.
    pub fn parse(text: &str) -> Option<Self> {
        let business = text.strip_suffix("bd").filter(|n| n.bytes().all(|b| b.is_ascii_digit()));
        let business = business.and_then(|n| n.parse().ok()).filter(|n| (1..=MAX_BUSINESS_DAYS).contains(n));
        let policy = Policy::parse(text).map(Self::Policy);
        policy.or(business.map(Self::BusinessDays)).or_else(|| Span::parse(text).map(Self::Fixed))
    }
}

impl std::fmt::Display for Delay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fixed(span) => span.fmt(f),
            Self::BusinessDays(days) => write!(f, "{days}bd"),
            Self::Policy(policy) => {
                f.write_str(Policy::ALL.iter().find(|(_, p)| p == policy).map_or("", |(name, _)| name))
            }
        }
    }
}

/// Which side of a marketplace a workflow describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The whole order: has a payment machine.
    Order,
    /// The merchant's side of an item, coupled to the item's machine.
    Merchant,
    /// A dispute about an order: one machine, which nothing is coupled to.
    Dispute,
}

/// One statechart.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// Index of the first state.
    pub initial: usize,
    /// In the order of the file.
    pub states: Vec<State>,
    /// State name → index.
    pub index: BTreeMap<String, usize>,
}

impl Machine {
    /// The state of that name.
    pub fn state(&self, name: &str) -> Option<&State> {
        self.index.get(name).map(|&i| &self.states[i])
    }

    /// Whether any state of this machine declares that event.
    pub fn knows_event(&self, event: &str) -> bool {
        self.states.iter().any(|s| s.on.contains_key(event))
    }

    /// Whether any state lets `party` fire that event.
    pub fn lets(&self, party: Party, event: &str) -> bool {
        self.states.iter().filter_map(|s| s.on.get(event)).flatten().any(|t| t.by.contains(&party))
    }
}

/// A state.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Name inside the machine.
    pub name: String,
    /// The public status that clients see; empty for payment states, which have no public status of their own.
    pub status: String,
    /// Facts that guards, the engine and derived axes rely on; see [`TAGS`].
    pub tags: Vec<String>,
    /// What each role reads; may contain `{expected_by}` and `{delivered_on}`.
    pub labels: BTreeMap<Audience, String>,
    /// The same in other languages, by BCP 47 tag: every state of a machine has the same ones, and each has every role.
    pub locales: BTreeMap<String, BTreeMap<Audience, String>>,
    /// Event → transitions, tried in order.
    pub on: BTreeMap<String, Vec<Transition>>,
    /// Taken without an event as soon as the guard holds, tried in order.
    pub always: Vec<Transition>,
    /// Taken when the state has lasted that long.
    pub after: Vec<After>,
    /// When the customer is reminded that a payment's state waits for them, shortest first; no policies.
    pub remind: Vec<Delay>,
    /// Done on entering.
    pub entry: Vec<Action>,
    /// The effect that runs while this state lasts.
    pub invoke: Option<Invoke>,
    /// May rest here for good.
    pub is_final: bool,
    /// The fragment that it comes from; lines are then those of the fragment's file.
    pub fragment: Option<String>,
    /// Line in the file.
    pub line: usize,
}

impl State {
    /// Whether the state carries the tag.
    pub fn has(&self, tag: &str) -> bool {
        self.tags.iter().any(|t| t == tag)
    }
}

/// The tags that the engine knows, and what each means. A file may use no other.
pub const TAGS: &[(&str, &str)] = &[
    ("decided", "item: the merchant has accepted or refused it"),
    ("accepted", "item: accepted, so its price is part of what is captured"),
    ("cancelled", "item: off the order; it no longer counts for the order's status, nor for what is to be paid"),
    ("to_ship", "item: paid for and waiting to be sent"),
    ("shipped", "item: on its way"),
    ("delivered", "item: with the customer"),
    ("completed", "item: nothing is left to do"),
    ("refunded", "item: its money went back"),
    ("authorised", "payment: held at the provider, not taken"),
    ("captured", "payment: taken"),
    ("failed", "payment: declined or given up; nothing will be taken in this state"),
    ("expired", "payment: the time to pay is over"),
    ("payable", "payment: the customer may pay (again)"),
    ("verified", "payment: the card was checked, nothing is held"),
    ("awaiting", "payment: waits for money from outside"),
    ("undecided", "dispute: not over; a chargeback that is not over makes its payment count as disputed"),
    ("urgent", "dispute: somebody is to act soon, and staff is told"),
];

/// Events that the engine fires at disputes by itself; a dispute's workflow names no party for them.
pub const DISPUTE_EVENTS: &[(&str, &str)] = &[
    ("ask_merchant", "a customer raised it: the merchant is asked"),
    ("ask_customer", "a merchant raised it: the customer is asked"),
    ("escalate", "nobody else can be asked: it is the operator's"),
    ("paid_back", "all that a decision gives back went back"),
    ("partly_paid_back", "the part that a decision gives back went back"),
    ("not_paid_back", "a decision's refund was rejected, or failed, then or later: it is the operator's again"),
    ("inquire", "the bank asks before it disputes"),
    ("inquiry_review", "the bank reads what was answered to its inquiry"),
    ("inquiry_closed", "the inquiry is over"),
    ("ask", "the bank disputes the payment and waits for evidence"),
    ("review", "the bank reads the evidence"),
    ("close", "it is over, and nothing was lost"),
    ("win", "the bank decided for the merchant"),
    ("lose", "the bank decided for its customer"),
    ("submitted", "the provider took the evidence"),
    ("accepted", "the provider took it that the dispute is not contested"),
    ("refused", "the provider did not take what it was told"),
];

/// A transition.
#[derive(Clone, Debug, Default)]
pub struct Transition {
    /// Index of the target state.
    pub target: usize,
    /// Who may fire it; empty for transitions that only other machines, timers or outcomes take.
    pub by: Vec<Party>,
    /// Fields that the event must carry.
    pub requires: Vec<Field>,
    /// Taken only when this holds.
    pub guard: Option<Guard>,
    /// Events for coupled machines, sent as part of the transition.
    pub send: Vec<Send>,
    /// A reason for the timeline when nobody gave one: `authorisation_expires`.
    pub reason: Option<String>,
    /// Line in the file.
    pub line: usize,
}

/// A transition by the clock. It counts from the first time that the state was entered, so that going round a loop buys no time;
/// `payment_window` counts from placement.
#[derive(Clone, Debug)]
pub struct After {
    /// How long the state lasts.
    pub delay: Delay,
    /// What then happens.
    pub transition: Transition,
}

/// A time written in the file, or taken from the policies that the order froze at placement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// `after."7d"`.
    Fixed(Span),
    /// `after."3bd"`: days on which the shop works, at least one.
    BusinessDays(u16),
    /// `after.return_window` and the like.
    Policy(Policy),
}

/// Times that a channel sets and an order takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Policy {
    /// How long a paid order rests before it is sent to merchants; read when the state is entered.
    CancelWindow,
    /// How long the customer has to pay.
    PaymentWindow,
    /// How long delivered goods may be returned.
    ReturnWindow,
    /// How long after a refund the item is closed.
    RefundCloseWindow,
    /// A day before what is held can be taken no more, as the provider says.
    AuthorisationEnds,
    /// Until when a dispute is to be answered: by the channel's setting, or as the bank says.
    RespondBy,
    /// Some time before that, as the channel is set: somebody is reminded.
    RespondSoon,
}

impl Policy {
    /// Every policy with its name in files.
    pub const ALL: &[(&str, Self)] = &[
        ("cancel_window", Self::CancelWindow),
        ("payment_window", Self::PaymentWindow),
        ("return_window", Self::ReturnWindow),
        ("refund_close_window", Self::RefundCloseWindow),
        ("authorisation_ends", Self::AuthorisationEnds),
        ("respond_by", Self::RespondBy),
        ("respond_soon", Self::RespondSoon),
    ];

    /// Whether only disputes have that time.
    pub fn of_disputes(self) -> bool {
        matches!(self, Self::RespondBy | Self::RespondSoon)
    }

    /// Reads the name in files.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, p)| *p)
    }
}

/// An effect that runs while a state lasts; its outcome is the only way out. Whether money was taken is not known before.
#[derive(Clone, Debug)]
pub struct Invoke {
    /// What runs.
    pub effect: Effect,
    /// Its success.
    pub done: Transition,
    /// Its failure.
    pub error: Transition,
    /// After how long without an outcome somebody is told. The state is not left for it (ADR 0007).
    pub timeout: Option<Span>,
    /// The effect that would make up for a success that came after the state was left. Reserved: no state is left early (ADR 0006).
    pub late: Option<Effect>,
}

/// Effects that a payment machine can invoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Hold and release a small amount, to see that the card is good.
    Verify,
    /// Hold what the order costs.
    Authorise,
    /// Hold it anew with the same card, before the hold that there is ends; that one is released when the new one stands.
    Reauthorise,
    /// Take what the order costs in one step.
    Charge,
    /// See that the reserved units are really there.
    CheckStock,
    /// Take what was held for the items that were accepted; the rest is released.
    Capture,
    /// Pay the parties their shares at the provider.
    Transfer,
    /// Release what was held.
    Void,
    /// Give back everything that was taken.
    Refund,
    /// Take back a part of what was paid on to a party. The engine orders it by itself; no state runs it.
    Reverse,
}

impl Effect {
    /// Every effect with its name in files, jobs and logs; the last is in jobs and logs only.
    pub const ALL: &[(&str, Self)] = &[
        ("payment.verify", Self::Verify),
        ("payment.authorise", Self::Authorise),
        ("payment.reauthorise", Self::Reauthorise),
        ("payment.charge", Self::Charge),
        ("stock.check", Self::CheckStock),
        ("payment.capture", Self::Capture),
        ("payment.transfer", Self::Transfer),
        ("payment.void", Self::Void),
        ("payment.refund", Self::Refund),
        ("payment.reverse", Self::Reverse),
    ];

    /// Those that a state of a payment can run.
    pub fn in_files() -> &'static [(&'static str, Self)] {
        &Self::ALL[..Self::ALL.len() - 1]
    }

    /// Reads the name in files.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, e)| *e)
    }

    /// The name in files, jobs and logs.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, e)| *e == self).map_or("", |(n, _)| n)
    }
}

/// What entering a state does besides being there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// The reservation becomes firm: it no longer expires and still counts as reserved.
    StockCommit,
    /// The units leave: on hand and reserved go down. Nothing if they already left or were released.
    StockShip,
    /// The reservation is given up. Nothing if the units already left.
    StockRelease,
    /// What was captured for the item goes back, if anything was.
    RefundItem,
    /// Money arrived from outside: what is owed counts as captured.
    RecordPayment,
    /// The item joins its merchant's merchant order (made if need be) and starts the merchant's machine.
    SendToMerchant,
}

impl Action {
    /// Every action with its name in files.
    pub const ALL: &[(&str, Self)] = &[
        ("stock.commit", Self::StockCommit),
        ("stock.ship", Self::StockShip),
        ("stock.release", Self::StockRelease),
        ("refund.item", Self::RefundItem),
        ("payment.record", Self::RecordPayment),
        ("merchant.send", Self::SendToMerchant),
    ];

    /// Reads the name in files.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, a)| *a)
    }
}

/// An event for the coupled machine of the same item: `item.ship`, `merchant.close`, and with `?` one that the partner may ignore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Send {
    /// To the merchant's machine, or to the item's.
    pub to: Side,
    /// The event.
    pub event: String,
    /// Whether the partner may be unable to take it; otherwise the whole command is refused.
    pub optional: bool,
}

/// One of the two machines of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The marketplace's.
    Item,
    /// The merchant's.
    Merchant,
}

/// Who may fire an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// The platform: `admin` and `ops`.
    Operator,
    /// The owner of the channel.
    Retailer,
    /// Seller, supplier, maker; own items only.
    Merchant,
    /// The buyer, or the channel's server on the buyer's behalf.
    Customer,
    /// A CSV import, with the caller's role.
    Import,
}

impl Party {
    /// Every party with its name in files.
    pub const ALL: &[(&str, Self)] = &[
        ("operator", Self::Operator),
        ("retailer", Self::Retailer),
        ("merchant", Self::Merchant),
        ("customer", Self::Customer),
        ("import", Self::Import),
    ];

    /// Reads the name in files.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, p)| *p)
    }

    /// The name in files.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, p)| *p == self).map_or("", |(n, _)| n)
    }
}

/// Whose words a label is in. Retailers and brands read the operator's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// Back office.
    Operator,
    /// Merchant portal.
    Merchant,
    /// Storefront.
    Customer,
}

impl Audience {
    /// Every audience with its name in files.
    pub const ALL: &[(&str, Self)] =
        &[("operator", Self::Operator), ("merchant", Self::Merchant), ("customer", Self::Customer)];

    /// Reads the name in files.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, a)| *a)
    }

    /// The name in files.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, a)| *a == self).map_or("", |(n, _)| n)
    }
}

/// A field that an event can be required to carry, by its name in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// Why.
    Reason,
    /// The carrier's number.
    TrackingNumber,
    /// The day on which the goods should arrive.
    ExpectedBy,
    /// Who carries it.
    Carrier,
}

impl Field {
    /// Every field with its name in files and in the API.
    pub const ALL: &[(&str, Self)] = &[
        ("reason", Self::Reason),
        ("trackingNumber", Self::TrackingNumber),
        ("expectedBy", Self::ExpectedBy),
        ("carrier", Self::Carrier),
    ];

    /// Reads the name in files.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, f)| *f)
    }

    /// The name in files and in the API.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, f)| *f == self).map_or("", |(n, _)| n)
    }
}
