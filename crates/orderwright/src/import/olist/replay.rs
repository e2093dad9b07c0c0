//! One order on its way: placed, and then every step that it has not taken yet, each at its instant.
//!
//! Where it stands is read from the order itself, never from a list of what was done, so a run that was killed is gone on with from
//! wherever it was, and one that is through changes nothing.

use std::sync::Arc;
use std::time::Duration;

use orderwright_core::actor::Role;
use orderwright_core::catalog::Wish;
use orderwright_core::decide::{Command, EffectJob, Event, EventItem, Refusal};
use orderwright_core::id::OrderId;
use orderwright_core::order::{Item, OFFLINE, Order, RefundState};
use orderwright_core::status;
use orderwright_core::time::Timestamp;
use serde_json::json;

use super::plan::{PlannedOrder, Step};
use super::setup::actor;
use super::{CHANNEL, ORDERS};
use crate::app::App;
use crate::effects::runner;
use crate::kernel::Clock;
use crate::ops::command::{self, Loaded, OrderRef};
use crate::ops::people::{Address, Contact, Person};
use crate::ops::place::{Request, SoldElsewhere, place_imported};
use crate::ops::{Ctx, OpError, Wait};
use crate::store::Scope;

/// What became of an order in this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// It is where the plan ends, as far as this run could tell. Says whether this run placed it.
    Done {
        /// Whether it was placed by this run.
        created: bool,
    },
    /// A step was refused: it stays where it was before.
    Refused {
        /// Whether it was placed by this run.
        created: bool,
        /// Which step.
        step: &'static str,
        /// Why.
        why: String,
    },
}

/// How often a busy store is asked again, a little later each time.
const ATTEMPTS: u32 = 8;

/// Brings an order to the end of its plan. An error is the store's: everything stops, and can be started again.
pub async fn replay(app: Arc<App>, planned: Arc<PlannedOrder>) -> Result<Replayed, OpError> {
    let ctx = Ctx { wait: Wait::Full, clock: Clock::manual(planned.placed), ..Ctx::of(&app, actor(Role::Ops)) };
    let (mut loaded, created) = match placed(&ctx, &planned).await {
        Ok(placed) => placed,
        Err(error) => return stopped(false, "place", error),
    };
    for (at, step) in &planned.steps {
        for command in due(&loaded, step, &planned) {
            ctx.clock.set(*at);
            match persist(&ctx, &loaded, &command).await {
                Ok(after) => loaded = after,
                Err(error) => return stopped(created, step.name(), error),
            }
        }
    }
    finish_refunds(&ctx, &loaded.order).await?;
    Ok(Replayed::Done { created })
}

fn stopped(created: bool, step: &'static str, error: OpError) -> Result<Replayed, OpError> {
    let why = match error {
        OpError::Busy(_) => return Err(error),
        OpError::Invalid(fields) => {
            fields.iter().map(|f| format!("{}: {}", f.pointer, f.detail)).collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    };
    Ok(Replayed::Refused { created, step, why })
}

/// The order of that outside id, placed now if it was not.
async fn placed(ctx: &Ctx, planned: &PlannedOrder) -> Result<(Loaded, bool), OpError> {
    let mut attempt = 0;
    loop {
        if let Some(id) = ctx.app.store.external_ref(ORDERS, &planned.id).await? {
            return Ok((command::load(ctx, &Scope::All, OrderRef::Order(OrderId(id))).await?, false));
        }
        match place(ctx, planned).await {
            Ok(loaded) => return Ok((loaded, true)),
            // Placed by somebody else meanwhile, or by a commit whose answer was lost.
            Err(OpError::Conflict("imported_already", _)) if attempt < ATTEMPTS => {}
            Err(OpError::Busy(_)) if attempt < ATTEMPTS => rest(attempt).await,
            Err(error) => return Err(error),
        }
        attempt += 1;
    }
}

/// Places it, for a customer that is made a millisecond before.
async fn place(ctx: &Ctx, planned: &PlannedOrder) -> Result<Loaded, OpError> {
    let mut buyer = Ctx { actor: actor(Role::Storefront), ..ctx.clone() };
    let request = request(planned);
    let before = Timestamp(planned.placed.0 - 1000);
    let person = Person::resolve(&buyer, CHANNEL, &request.customer, before).await?;
    buyer.actor.customer = Some(person.ids(&request.customer, None, None).0);
    place_imported(&mut buyer, request, OFFLINE, &sold(planned)).await
}

/// Carries a command out, and what it starts a millisecond later; a busy store is asked again.
async fn persist(ctx: &Ctx, loaded: &Loaded, command: &Command) -> Result<Loaded, OpError> {
    let order = OrderRef::Order(loaded.order.id);
    let mut attempt = 0;
    loop {
        match command::apply(ctx, &Scope::All, order, command, &mut |_, _, _| {}).await {
            Ok((decision, loaded)) if decision.effects.is_empty() => return Ok(loaded),
            Ok((decision, _)) => {
                ctx.clock.set(Timestamp(ctx.clock.now().0 + 1000));
                runner::run_new(ctx.clone(), decision.effects).await;
                return command::load(ctx, &Scope::All, order).await;
            }
            // After a commit whose answer was lost, the step is taken already.
            Err(OpError::Refused(Refusal::NotPossible { .. })) if attempt > 0 => {
                return command::load(ctx, &Scope::All, order).await;
            }
            Err(OpError::Busy(_)) if attempt < ATTEMPTS => rest(attempt).await,
            Err(error) => return Err(error),
        }
        attempt += 1;
    }
}

async fn rest(attempt: u32) {
    tokio::time::sleep(Duration::from_millis(20 << attempt)).await;
}

/// What a step still has to do on the order as it stands; nothing when it was taken, or cannot be taken any more.
fn due(loaded: &Loaded, step: &Step, planned: &PlannedOrder) -> Vec<Command> {
    let order = &loaded.order;
    let is = |item: &Item, wanted: &str| status::status_of(&loaded.workflow.item, &item.machine) == wanted;
    let any = |wanted: &str| order.items.iter().any(|i| is(i, wanted));
    let fire = |event: Event| Command::Fire(Event { event: step.name().to_owned(), ..event });
    match step {
        Step::Note(text) => {
            let written = order.notes.iter().any(|n| n.created_by == super::ACTOR);
            if written { Vec::new() } else { vec![Command::AddNote { note: text.clone(), is_public: false }] }
        }
        Step::Pay => {
            let machine = loaded.workflow.payment.as_ref();
            let state = machine.and_then(|m| m.state(&order.payment.state));
            if state.is_some_and(|s| s.has("awaiting")) { vec![fire(Event::default())] } else { Vec::new() }
        }
        Step::Acknowledge if any("pending") => {
            let note = (!planned.paid_by.is_empty()).then(|| format!("Paid by {}", planned.paid_by));
            vec![fire(Event { note, ..Event::default() })]
        }
        Step::Ship { expected_by } => parcels(order, |item| is(item, "processing"))
            .into_iter()
            .map(|(number, items)| {
                fire(Event {
                    items: Some(items),
                    // The files have no tracking numbers: one of ours, the same every time.
                    tracking_number: Some(format!("OLIST-{}-{number}", super::short(&planned.id).to_uppercase())),
                    expected_by: expected_by.clone(),
                    ..Event::default()
                })
            })
            .collect(),
        Step::Complete if any("shipped") => vec![fire(Event::default())],
        Step::Cancel { reason } if ["pending", "processing", "shipped"].iter().any(|s| any(s)) => {
            vec![fire(Event { reason: Some((*reason).to_owned()), ..Event::default() })]
        }
        Step::Acknowledge | Step::Complete | Step::Cancel { .. } => Vec::new(),
    }
}

/// One parcel for each seller that has something to send, numbered by the sellers' place on the order.
fn parcels(order: &Order, waits: impl Fn(&Item) -> bool) -> Vec<(usize, Vec<EventItem>)> {
    (1..)
        .zip(&order.merchant_orders)
        .map(|(number, part)| {
            let items = order.items.iter().filter(|i| i.merchant_id == part.merchant_id && waits(i));
            (number, items.map(|i| EventItem { item: i.id, quantity: None }).collect::<Vec<_>>())
        })
        .filter(|(_, items)| !items.is_empty())
        .collect()
}

/// Refunds whose effect was ordered by a run that was killed before it could be run.
async fn finish_refunds(ctx: &Ctx, order: &Order) -> Result<(), OpError> {
    for refund in order.refunds.iter().filter(|r| r.state == RefundState::Pending) {
        let Some(job) = refund.effect else { continue };
        if let Some(row) = ctx.app.store.find_job(job.0).await?
            && let Ok(job) = serde_json::from_str::<EffectJob>(&row.payload)
        {
            ctx.clock.set(Timestamp(refund.created_at.0 + 1000));
            runner::run_new(ctx.clone(), vec![job]).await;
        }
    }
    Ok(())
}

fn request(planned: &PlannedOrder) -> Request {
    let who = &planned.customer;
    let name = format!("Customer {}", super::short(&who.unique_id));
    // `.invalid` never reaches anybody (RFC 2606).
    let email = format!("{}@olist.invalid", who.unique_id);
    let address = (!who.city.is_empty()).then(|| Address {
        name: name.clone(),
        company: None,
        line1: "(not in the data)".to_owned(),
        line2: None,
        city: who.city.clone(),
        state: (!who.state.is_empty()).then(|| who.state.clone()),
        postal_code: who.zip.clone(),
        country: "BR".to_owned(),
        phone: None,
    });
    Request {
        channel: CHANNEL.to_owned(),
        customer: Contact { email, name, phone: None },
        items: planned
            .lines
            .iter()
            .map(|line| Wish {
                sku: line.sku.clone(),
                quantity: line.quantity,
                metadata: json!({ "olist": { "productId": line.product_id, "sellerId": line.seller_id, "freight": line.freight } }),
            })
            .collect(),
        shipping_address: address,
        billing_address: None,
        discount_code: None,
    }
}

fn sold(planned: &PlannedOrder) -> SoldElsewhere {
    SoldElsewhere {
        source: ORDERS,
        external_id: planned.id.clone(),
        prices: planned.lines.iter().map(|l| l.price).collect(),
        shipping: planned.lines.iter().map(|l| l.freight).collect(),
    }
}
