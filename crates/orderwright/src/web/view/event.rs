//! Bodies of events, cancellations, shipments and refunds, as clients write them, read into commands.

use orderwright_core::decide::{Event, EventItem, RefundRequest, RefundRequestItem};
use orderwright_core::id::ItemId;
use orderwright_core::money::MAX_AMOUNT;
use orderwright_core::order::{PartyKind, PartyRef};
use orderwright_core::refunds::{Back, RefundMethod, RefundTerms, RestockingFee, ShippingRule};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::ops::FieldError;
use crate::web::problem::{NOT_FOUND, Problem};

/// The longest text that a client can write into an order.
pub const MAX_TEXT: usize = 4000;

/// An event (api.md, «An event's body»).
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Event)]
pub struct EventBody {
    /// The event's name.
    pub event: String,
    /// Which lines, and how many units of each; all eligible ones when left out.
    #[serde(default)]
    pub items: Option<Vec<EventItemBody>>,
    /// For the timeline.
    #[serde(default)]
    pub note: Option<String>,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
    /// The carrier's number.
    #[serde(default)]
    pub tracking_number: Option<String>,
    /// Where to follow it.
    #[serde(default)]
    pub tracking_url: Option<String>,
    /// Who carries it.
    #[serde(default)]
    pub carrier: Option<String>,
    /// `YYYY-MM-DD`
    #[serde(default)]
    pub expected_by: Option<String>,
}

/// Units of a line.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = EventItem)]
pub struct EventItemBody {
    /// `itm_…`
    pub item_id: String,
    /// Fewer than the line has split it.
    #[serde(default)]
    pub quantity: Option<i64>,
}

/// A cancellation.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Cancellation)]
pub struct CancelBody {
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
    /// For the timeline.
    #[serde(default)]
    pub note: Option<String>,
    /// Which lines; all when left out.
    #[serde(default)]
    pub items: Option<Vec<EventItemBody>>,
}

/// A parcel.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewShipment)]
pub struct ShipmentBody {
    /// What is in it; all that can be sent when left out.
    #[serde(default)]
    pub items: Option<Vec<EventItemBody>>,
    /// Who carries it.
    pub carrier: String,
    /// The carrier's number.
    #[serde(default)]
    pub tracking_number: Option<String>,
    /// Where to follow it.
    #[serde(default)]
    pub tracking_url: Option<String>,
    /// `YYYY-MM-DD`
    #[serde(default)]
    pub expected_by: Option<String>,
}

/// A refund by staff.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewRefund)]
pub struct RefundBody {
    /// Of the whole order; neither amount nor items means all that is left.
    #[serde(default)]
    pub amount: Option<i64>,
    /// Line by line.
    #[serde(default)]
    pub items: Option<Vec<RefundItemBody>>,
    /// Why.
    pub reason: String,
    /// Whether the provider is told; false books a refund that was made outside.
    #[serde(default = "yes")]
    pub initiate_payment_refund: bool,
    /// It is for no item: an amount that somebody bears.
    #[serde(default)]
    pub goodwill: bool,
    /// Who bears the goodwill; the platform when left out.
    #[serde(default)]
    pub borne_by: Option<RefundParty>,
    /// What is kept of what the items cost.
    #[serde(default)]
    pub restocking_fee: Option<RestockingFeeBody>,
    /// Whether shipping goes back with units: always, lastUnit, never; the channel's rule when left out.
    #[serde(default)]
    pub shipping: Option<String>,
    /// original: the way it came; bank: by a bank transfer that somebody makes.
    #[serde(default)]
    pub method: Option<String>,
    /// The bank's reference of that transfer.
    #[serde(default)]
    pub reference: Option<String>,
}

/// How a refund goes back.
pub const METHODS: &[&str] = &["original", "bank"];
/// The longest reference of a bank transfer.
pub const MAX_REFERENCE: usize = 140;

/// A party of an order, as its splits name it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefundParty {
    /// brand, supplier, retailer, merchant, platform.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id.
    pub id: String,
}

/// What is kept of what goods cost that come back: a part, or an amount.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = RestockingFee)]
pub struct RestockingFeeBody {
    /// Of 10,000.
    #[serde(default)]
    pub basis_points: Option<i64>,
    /// Minor units.
    #[serde(default)]
    pub amount: Option<i64>,
    /// Who keeps it; the item's merchant or supplier when left out.
    #[serde(default)]
    pub party: Option<RefundParty>,
}

fn yes() -> bool {
    true
}

/// A line of a refund.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewRefundItem)]
pub struct RefundItemBody {
    /// `itm_…`
    pub item_id: String,
    /// Units.
    #[serde(default)]
    pub quantity: Option<i64>,
    /// Minor units.
    #[serde(default)]
    pub amount: Option<i64>,
    /// What becomes of units that came back: restock, writeOff. Left out, none came back.
    #[serde(default)]
    pub restock: Option<String>,
}

/// A line of a customer's wish.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = RefundRequestItem)]
pub struct RefundRequestItemBody {
    /// `itm_…`
    pub item_id: String,
    /// Units.
    #[serde(default)]
    pub quantity: Option<i64>,
    /// Minor units.
    #[serde(default)]
    pub amount: Option<i64>,
}

/// A customer's wish for a refund.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = RefundRequest)]
pub struct RefundRequestBody {
    /// Minor units; all that is left when neither amount nor items is given.
    #[serde(default)]
    pub amount: Option<i64>,
    /// Why.
    pub reason: String,
    /// Line by line.
    #[serde(default)]
    pub items: Option<Vec<RefundRequestItemBody>>,
}

/// A text that must be there and short enough.
pub fn required_text(wrong: &mut Vec<FieldError>, pointer: &str, value: &str) {
    if value.trim().is_empty() {
        wrong.push(FieldError { pointer: pointer.to_owned(), detail: "must not be empty".to_owned() });
    }
    optional_text(wrong, pointer, Some(value));
}

/// A text that must be short enough if it is there.
pub fn optional_text(wrong: &mut Vec<FieldError>, pointer: &str, value: Option<&str>) {
    if value.is_some_and(|v| v.chars().count() > MAX_TEXT) {
        wrong.push(FieldError {
            pointer: pointer.to_owned(),
            detail: format!("must have at most {MAX_TEXT} characters"),
        });
    }
    if value.is_some_and(|v| v.contains('\0')) {
        wrong.push(FieldError { pointer: pointer.to_owned(), detail: "must not contain NUL".to_owned() });
    }
}

fn ended(wrong: Vec<FieldError>) -> Result<(), Problem> {
    if wrong.is_empty() { Ok(()) } else { Err(Problem::fields(wrong)) }
}

/// An id that is none of this order's is as unknown as one that is none at all.
fn item_id(text: &str) -> Result<ItemId, Problem> {
    ItemId::parse(text).ok_or_else(|| Problem::new(&NOT_FOUND, crate::ops::OpError::NotFound.to_string()))
}

fn items(items: Option<Vec<EventItemBody>>) -> Result<Option<Vec<EventItem>>, Problem> {
    let read = |i: EventItemBody| Ok(EventItem { item: item_id(&i.item_id)?, quantity: i.quantity });
    items.map(|list| list.into_iter().map(read).collect()).transpose()
}

impl EventBody {
    /// Checked, as a command's event.
    pub fn into_event(self) -> Result<Event, Problem> {
        let mut wrong = Vec::new();
        required_text(&mut wrong, "/event", &self.event);
        for (pointer, value) in [
            ("/note", &self.note),
            ("/reason", &self.reason),
            ("/trackingNumber", &self.tracking_number),
            ("/carrier", &self.carrier),
            ("/trackingUrl", &self.tracking_url),
        ] {
            optional_text(&mut wrong, pointer, value.as_deref());
        }
        if self.expected_by.as_ref().is_some_and(|d| d.len() != 10 || d.parse::<jiff::civil::Date>().is_err()) {
            wrong.push(FieldError {
                pointer: "/expectedBy".to_owned(),
                detail: "must be a date, YYYY-MM-DD".to_owned(),
            });
        }
        if self.tracking_url.as_ref().is_some_and(|u| !u.starts_with("https://") && !u.starts_with("http://")) {
            wrong.push(FieldError {
                pointer: "/trackingUrl".to_owned(),
                detail: "must begin with https:// or http://".to_owned(),
            });
        }
        ended(wrong)?;
        Ok(Event {
            event: self.event,
            items: items(self.items)?,
            note: self.note,
            reason: self.reason,
            tracking_number: self.tracking_number,
            tracking_url: self.tracking_url,
            carrier: self.carrier,
            expected_by: self.expected_by,
        })
    }
}

impl CancelBody {
    /// As the workflow's cancelling event.
    pub fn into_event(self, event: &str) -> Result<Event, Problem> {
        EventBody {
            event: event.to_owned(),
            items: self.items,
            note: self.note,
            reason: self.reason,
            ..EventBody::default()
        }
        .into_event()
    }
}

impl ShipmentBody {
    /// As the workflow's shipping event.
    pub fn into_event(self) -> Result<Event, Problem> {
        let mut wrong = Vec::new();
        required_text(&mut wrong, "/carrier", &self.carrier);
        ended(wrong)?;
        let body = EventBody {
            event: "ship".to_owned(),
            items: self.items,
            tracking_number: self.tracking_number,
            tracking_url: self.tracking_url,
            carrier: Some(self.carrier),
            expected_by: self.expected_by,
            ..EventBody::default()
        };
        body.into_event()
    }
}

impl RefundBody {
    /// Checked, as a command's wish.
    pub fn into_request(self) -> Result<RefundRequest, Problem> {
        let mut wrong = Vec::new();
        required_text(&mut wrong, "/reason", &self.reason);
        amount(&mut wrong, "/amount", self.amount);
        for (n, item) in self.items.iter().flatten().enumerate() {
            amount(&mut wrong, &format!("/items/{n}/amount"), item.amount);
        }
        let mut terms = RefundTerms {
            goodwill: self.goodwill.then(|| borne(&mut wrong, self.borne_by.as_ref())),
            shipping: word(&mut wrong, "/shipping", self.shipping.as_deref(), ShippingRule::ALL),
            reference: self.reference,
            ..RefundTerms::default()
        };
        if self.borne_by.is_some() && !self.goodwill {
            complain(&mut wrong, "/borneBy", "only goodwill is borne by somebody: set `goodwill` or leave it out");
        }
        terms.fee = self.restocking_fee.map(|fee| RestockingFee {
            basis_points: fee.basis_points,
            amount: fee.amount,
            party: fee.party.as_ref().map(|p| party(&mut wrong, "/restockingFee/party", p)),
        });
        let methods = [(METHODS[0], RefundMethod::Original), (METHODS[1], RefundMethod::Bank)];
        terms.method = word(&mut wrong, "/method", self.method.as_deref(), &methods).unwrap_or_default();
        if terms.reference.is_some() && terms.method != RefundMethod::Bank {
            complain(
                &mut wrong,
                "/reference",
                "a reference is of a bank transfer: set `method` to bank or leave it out",
            );
        }
        if terms.reference.as_ref().is_some_and(|r| r.chars().count() > MAX_REFERENCE || r.contains('\0')) {
            complain(&mut wrong, "/reference", &format!("must have at most {MAX_REFERENCE} characters, no NUL"));
        }
        for (n, item) in self.items.iter().flatten().enumerate() {
            let back = word(&mut wrong, &format!("/items/{n}/restock"), item.restock.as_deref(), Back::ALL);
            terms.back.extend(back.and_then(|back| Some((ItemId::parse(&item.item_id)?, back))));
        }
        ended(wrong)?;
        let read = |i: RefundItemBody| -> Result<_, Problem> {
            Ok(RefundRequestItem { item: item_id(&i.item_id)?, quantity: i.quantity, amount: i.amount })
        };
        let items = self.items.map(|list| list.into_iter().map(read).collect()).transpose()?;
        Ok(RefundRequest {
            amount: self.amount,
            items,
            reason: self.reason,
            initiate_payment_refund: self.initiate_payment_refund,
            terms,
        })
    }
}

impl RefundRequestBody {
    /// Checked, as a command's wish.
    pub fn into_request(self) -> Result<RefundRequest, Problem> {
        let mut wrong = Vec::new();
        required_text(&mut wrong, "/reason", &self.reason);
        amount(&mut wrong, "/amount", self.amount);
        for (n, item) in self.items.iter().flatten().enumerate() {
            amount(&mut wrong, &format!("/items/{n}/amount"), item.amount);
        }
        ended(wrong)?;
        let read = |i: RefundRequestItemBody| -> Result<_, Problem> {
            Ok(RefundRequestItem { item: item_id(&i.item_id)?, quantity: i.quantity, amount: i.amount })
        };
        let items = self.items.map(|list| list.into_iter().map(read).collect()).transpose()?;
        Ok(RefundRequest {
            amount: self.amount,
            items,
            reason: self.reason,
            initiate_payment_refund: true,
            terms: RefundTerms::default(),
        })
    }
}

fn complain(wrong: &mut Vec<FieldError>, pointer: &str, detail: &str) {
    wrong.push(FieldError { pointer: pointer.to_owned(), detail: detail.to_owned() });
}

/// One of some words, if one is said.
fn word<T: Copy>(wrong: &mut Vec<FieldError>, pointer: &str, said: Option<&str>, words: &[(&str, T)]) -> Option<T> {
    let said = said?;
    let found = words.iter().find(|(name, _)| *name == said);
    if found.is_none() {
        let known: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
        complain(wrong, pointer, &format!("must be one of {}", known.join(", ")));
    }
    found.map(|(_, word)| *word)
}

fn party(wrong: &mut Vec<FieldError>, pointer: &str, body: &RefundParty) -> PartyRef {
    let kind = PartyKind::ALL.iter().find(|k| k.name() == body.kind);
    if kind.is_none() {
        let known: Vec<&str> = PartyKind::ALL.iter().map(|k| k.name()).collect();
        complain(wrong, &format!("{pointer}/type"), &format!("must be one of {}", known.join(", ")));
    }
    PartyRef { kind: kind.copied().unwrap_or(PartyKind::Platform), id: body.id.clone() }
}

fn borne(wrong: &mut Vec<FieldError>, by: Option<&RefundParty>) -> PartyRef {
    let platform = || PartyRef { kind: PartyKind::Platform, id: "platform".to_owned() };
    by.map_or_else(platform, |by| party(wrong, "/borneBy", by))
}

fn amount(wrong: &mut Vec<FieldError>, pointer: &str, amount: Option<i64>) {
    if amount.is_some_and(|a| !(1..=MAX_AMOUNT).contains(&a)) {
        wrong.push(FieldError {
            pointer: pointer.to_owned(),
            detail: format!("must be between 1 and {MAX_AMOUNT} minor units"),
        });
    }
}
