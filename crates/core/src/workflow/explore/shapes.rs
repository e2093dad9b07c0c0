//! The orders that are explored, and who acts on them: few and small, but every thing that a lifecycle can tell apart is among them.
//!
//! Four shapes: one line of one unit, one line of two units (that events split), and two lines of two merchants or of one, of which one
//! line may be cancelled late. More lines bring no new way for two machines to meet: every rule asks about one item, about the others
//! together, or about all. Each is placed with a method that asks the provider and with one that waits for money from outside; what
//! the provider answers is not the shape's: every answer is explored.

use std::collections::BTreeMap;

use crate::actor::{Actor, Role};
use crate::calendar::Calendar;
use crate::decide::{Draft, DraftItem};
use crate::id::{AddressId, CustomerId, MerchantId, OrderId, VariantId};
use crate::money::Currency;
use crate::order::{OFFLINE, PartyKind, PartyRef, Policies, Share};
use crate::time::{Span, Timestamp};
use crate::workflow::answers::answers;
use crate::workflow::guard::{Comparison, Fact, Guard, Subject, Value};
use crate::workflow::model::Workflow;
use crate::workflow::validate::graph::exits;

/// The instant of every step: an explored order carries its past in what its timers have left.
pub(super) const NOW: Timestamp = Timestamp(1_767_225_600_000_000);
/// How long an explored order rests before it goes to merchants.
pub(super) const CANCEL_WINDOW: Span = Span::seconds(2 * 3600);
/// The times that an explored order froze.
pub(super) const POLICIES: Policies = Policies {
    payment_window: Span::seconds(3 * 86_400),
    return_window: Span::seconds(30 * 86_400),
    refund_close_window: Span::seconds(14 * 86_400),
};
/// A method that asks the provider.
pub(super) const CARD: &str = "pm_card";

/// What one unit costs.
const PRICE: i64 = 1000;
/// The most ways in which the comparisons of guards are assumed to come out; each is an exploration of its own.
const MAX_WAYS: usize = 16;

/// A line to order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    /// Whose offer, from 1.
    pub merchant: i64,
    pub quantity: i64,
    /// Whether the supplier lets it be cancelled after work began.
    pub late: bool,
}

/// An order to explore.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// For people.
    pub name: &'static str,
    pub lines: &'static [Line],
    /// Whether refunds of a part of the money are explored. A part changes nothing that a guard can ask about, so once is enough.
    pub parts: bool,
}

/// Every shape.
pub(super) const SHAPES: &[Shape] = &[
    Shape { name: "one unit", lines: &[Line { merchant: 1, quantity: 1, late: true }], parts: true },
    Shape {
        name: "one unit each of two merchants",
        lines: &[Line { merchant: 1, quantity: 1, late: true }, Line { merchant: 2, quantity: 1, late: false }],
        parts: false,
    },
    Shape {
        name: "two lines of one merchant",
        lines: &[Line { merchant: 1, quantity: 1, late: true }, Line { merchant: 1, quantity: 1, late: false }],
        parts: false,
    },
    Shape { name: "two units", lines: &[Line { merchant: 1, quantity: 2, late: true }], parts: false },
];

/// Who may act: every role, each merchant, and imports by staff and by each merchant.
pub(super) fn actors(shape: &Shape) -> Vec<Actor> {
    let actor = |role: Role| Actor {
        role,
        merchant: None,
        customer: (role == Role::Customer).then_some(CustomerId(1)),
        party: None,
        channel: None,
        id: String::new(),
        import: false,
    };
    let mut merchants: Vec<i64> = shape.lines.iter().map(|line| line.merchant).collect();
    merchants.dedup();
    let mut out = vec![actor(Role::Admin), actor(Role::Retailer), actor(Role::Customer)];
    let as_merchant = |m: i64| Actor { merchant: Some(MerchantId(m)), ..actor(Role::Merchant) };
    out.extend(merchants.iter().map(|&m| as_merchant(m)));
    out.push(Actor { import: true, ..actor(Role::Admin) });
    out.extend(merchants.iter().map(|&m| Actor { import: true, ..as_merchant(m) }));
    out
}

/// How an actor is called in a trace.
pub(super) fn actor_name(actor: &Actor, several: bool) -> String {
    let who = match (actor.role, actor.merchant) {
        (Role::Merchant, Some(MerchantId(n))) if several => format!("merchant {n}"),
        (Role::Merchant, _) => "the merchant".to_owned(),
        (Role::Admin | Role::Ops, _) => "the operator".to_owned(),
        (Role::Customer | Role::Storefront, _) => "the customer".to_owned(),
        (Role::Retailer, _) => "the retailer".to_owned(),
        (Role::Brand | Role::System, _) => "nobody".to_owned(),
    };
    if actor.import { format!("an import by {who}") } else { who }
}

/// The order as it is placed.
pub(super) fn draft(shape: &Shape, offline: bool) -> Draft {
    let items = shape.lines.iter().enumerate().map(|(n, line)| DraftItem {
        product_variant_id: VariantId(n as i64),
        sku: n.to_string(),
        name: String::new(),
        merchant_id: MerchantId(line.merchant),
        quantity: line.quantity,
        price: PRICE,
        gst_rate: String::new(),
        gst_amount: 0,
        discount_amount: 0,
        total: PRICE * line.quantity,
        metadata: serde_json::Value::Null,
        late_cancellation: line.late,
        agreement: None,
        shares: vec![Share { party: PartyRef { kind: PartyKind::Platform, id: String::new() }, basis_points: 10_000 }],
        location: String::new(),
    });
    Draft {
        id: OrderId(1),
        number: String::new(),
        channel: String::new(),
        customer_id: CustomerId(1),
        contact_id: AddressId(1),
        shipping_address_id: None,
        shipping_country: None,
        billing_address_id: None,
        currency: Currency::parse("EUR").expect("the euro is in the list"),
        discount_code: None,
        shipping_cost: 0,
        shipping_tax: 0,
        rounding_amount: 0,
        gateway_order_id: None,
        shipping_provider: None,
        discount_snapshot: serde_json::Value::Null,
        pricing_snapshot: serde_json::Value::Null,
        policies: POLICIES,
        calendar: Calendar::default(),
        items: items.collect(),
        shipping_shares: None,
        payment_method: if offline { OFFLINE } else { CARD }.to_owned(),
        reserved: false,
    }
}

/// What is assumed of an order: the answers to the guards that compare.
pub(super) type Assumed = Vec<(Subject, Value)>;

/// In how many answers two ways differ.
pub(super) fn differs(way: &Assumed, other: &Assumed) -> usize {
    way.iter().zip(other).filter(|(a, b)| a != b).count()
}

/// Every way in which the comparisons of the guards can come out, as answers to assume, and how many of the ways were left out.
///
/// No order that is explored is dear, or goes abroad, by itself; nothing that happens to it changes that. So each subject that a guard
/// compares gets every answer that the guards can tell apart: just below, at and above each number, each word and another.
pub(super) fn assumptions(workflow: &Workflow, partner: Option<&Workflow>) -> (Vec<Assumed>, usize) {
    let mut compared: BTreeMap<Subject, Vec<Comparison>> = BTreeMap::new();
    let machines = [Some(&workflow.item), workflow.payment.as_ref(), partner.map(|p| &p.item)];
    for state in machines.into_iter().flatten().flat_map(|machine| &machine.states) {
        let guards = exits(state).filter_map(|exit| exit.transition.guard.as_ref());
        for fact in guards.flat_map(Guard::facts) {
            if let Fact::Compare(comparison) = fact {
                compared.entry(comparison.subject).or_default().push(comparison.clone());
            }
        }
    }
    let mut ways: Vec<Assumed> = vec![Vec::new()];
    let mut all = 1_usize;
    for (subject, comparisons) in compared {
        let answers = answers(subject, &comparisons);
        all = all.saturating_mul(answers.len());
        let with = |way: &Assumed, answer: &Value| [way.clone(), vec![(subject, answer.clone())]].concat();
        ways = ways.iter().flat_map(|way| answers.iter().map(move |answer| with(way, answer))).collect();
        ways.truncate(MAX_WAYS);
    }
    let left_out = all - ways.len();
    (ways, left_out)
}
