//! A shop in memory: places an order, plays commands by actors, answers effects as a provider would, moves time, and audits
//! every decision. Tests say only what is particular to them.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use orderwright_core::actor::{Actor, Role};
use orderwright_core::decide::{
    Command, Context, Decision, Draft, DraftItem, EffectJob, Event, EventItem, Outcome, RefundRequest, Refusal, decide,
    explain, place,
};
use orderwright_core::id::{AddressId, CustomerId, IdSource, ItemId, JobId, MerchantId, OrderId, RefundId, VariantId};
use orderwright_core::money::Currency;
use orderwright_core::order::{Order, PartyKind, PartyRef, Policies, Share};
use orderwright_core::split::Agreement;
use orderwright_core::status;
use orderwright_core::time::{Span, Timestamp};
use orderwright_core::workflow::{Audience, Effect, Workflow, WorkflowSet};
use serde_json::json;

use crate::audit::Books;

pub static SHIPPED: LazyLock<WorkflowSet> =
    LazyLock::new(|| WorkflowSet::shipped().expect("the shipped workflows are free of complaints"));

/// Midday, so that dates are easy to say.
pub const START: &str = "2026-03-01T12:00:00Z";

#[derive(Clone)]
pub struct Ids(pub i64);

impl IdSource for Ids {
    fn next_id(&mut self) -> i64 {
        self.0 += 1;
        self.0
    }
}

pub fn span(text: &str) -> Span {
    Span::parse(text).expect("a span")
}

pub fn merchant_id(n: i64) -> MerchantId {
    MerchantId(900 + n)
}

pub fn actor(role: Role) -> Actor {
    Actor {
        role,
        merchant: None,
        customer: None,
        party: None,
        channel: None,
        id: role.name().to_owned(),
        import: false,
    }
}

pub fn operator() -> Actor {
    actor(Role::Admin)
}

pub fn retailer() -> Actor {
    actor(Role::Retailer)
}

pub fn customer() -> Actor {
    Actor { customer: Some(CustomerId(800)), ..actor(Role::Customer) }
}

/// The `n`th merchant, from 1.
pub fn merchant(n: i64) -> Actor {
    Actor { merchant: Some(merchant_id(n)), ..actor(Role::Merchant) }
}

pub fn importing(actor: Actor) -> Actor {
    Actor { import: true, ..actor }
}

/// A line to order.
#[derive(Clone, Copy)]
pub struct Line {
    /// Whose offer, from 1.
    pub merchant: i64,
    pub quantity: i64,
    pub price: i64,
    pub gst: i64,
    pub discount: i64,
    pub late: bool,
}

/// A line of that many units at 10.00, taxed and discounted so that nothing divides evenly.
pub fn line(merchant: i64, quantity: i64) -> Line {
    Line { merchant, quantity, price: 1000, gst: 197 * quantity + 1, discount: 7, late: true }
}

#[derive(Clone)]
pub struct Shop {
    pub workflow: Arc<Workflow>,
    pub partner: Option<Arc<Workflow>>,
    pub ids: Ids,
    pub now: Timestamp,
    pub cancel_window: Span,
    pub order: Order,
    /// Effects that nobody has answered yet.
    pub jobs: Vec<EffectJob>,
    /// What the provider declines, whatever the method.
    pub declines: BTreeSet<Effect>,
    pub books: Books,
    pub last: Decision,
    /// Whether a decision is made once and only its money is audited: for thousands of orders.
    pub quick: bool,
}

/// How an order is placed.
pub struct Placement {
    pub workflow: &'static str,
    pub method: &'static str,
    pub lines: Vec<Line>,
    pub cancel_window: Span,
    pub shipping: i64,
    pub rounding: i64,
    pub inclusive: bool,
    pub reserved: bool,
    pub declines: Vec<Effect>,
    /// A rule of splits beside the shares.
    pub agreement: Option<Agreement>,
}

/// One line of two units, by card.
pub fn order_in(workflow: &'static str) -> Placement {
    Placement {
        workflow,
        method: "pm_card_visa",
        lines: vec![line(1, 2)],
        cancel_window: Span::ZERO,
        shipping: 501,
        rounding: -1,
        inclusive: false,
        reserved: false,
        declines: Vec::new(),
        agreement: None,
    }
}

impl Placement {
    pub fn method(self, method: &'static str) -> Self {
        Self { method, ..self }
    }

    pub fn lines(self, lines: &[Line]) -> Self {
        Self { lines: lines.to_vec(), ..self }
    }

    pub fn cancel_window(self, text: &str) -> Self {
        Self { cancel_window: span(text), ..self }
    }

    pub fn declining(self, effects: &[Effect]) -> Self {
        Self { declines: effects.to_vec(), ..self }
    }

    /// Places it; nothing that it started is answered yet.
    pub fn place(self) -> Shop {
        let workflow = SHIPPED.get(self.workflow).expect("shipped").clone();
        let partner = SHIPPED.partner_of(&workflow).cloned();
        self.place_in(workflow, partner)
    }

    /// Places it in a workflow of the test's own.
    pub fn place_in(self, workflow: Arc<Workflow>, partner: Option<Arc<Workflow>>) -> Shop {
        let now = Timestamp::parse(START).expect("an instant");
        let mut ids = Ids(1000);
        let once = |ids: &mut Ids| {
            place(
                self.draft(),
                &customer(),
                &mut context_of(&workflow, partner.as_deref(), now, self.cancel_window, ids),
            )
        };
        let again = once(&mut ids.clone()).expect("placed");
        let decision = once(&mut ids).expect("placed");
        assert_eq!(decision.order, again.order, "the same placement twice");
        let mut shop = Shop {
            books: Books::open(&decision, self.reserved),
            workflow,
            partner,
            ids,
            now,
            cancel_window: self.cancel_window,
            order: decision.order.clone(),
            jobs: decision.effects.clone(),
            declines: self.declines.iter().copied().collect(),
            last: decision,
            quick: false,
        };
        shop.audit(None);
        shop
    }

    /// Places it and lets the provider answer everything.
    pub fn go(self) -> Shop {
        let mut shop = self.place();
        shop.run();
        shop
    }

    fn draft(&self) -> Draft {
        let party = |kind, id: String, basis_points| Share { party: PartyRef { kind, id }, basis_points };
        let items = self.lines.iter().enumerate().map(|(n, line)| DraftItem {
            product_variant_id: VariantId(n as i64),
            sku: format!("SKU-{n}"),
            name: format!("Thing {n}"),
            merchant_id: merchant_id(line.merchant),
            quantity: line.quantity,
            price: line.price,
            gst_rate: "20".to_owned(),
            gst_amount: line.gst,
            discount_amount: line.discount,
            total: line.price * line.quantity - line.discount + if self.inclusive { 0 } else { line.gst },
            metadata: json!({}),
            late_cancellation: line.late,
            agreement: self.agreement.clone(),
            shares: vec![
                party(PartyKind::Brand, "acme".to_owned(), 1_111),
                party(PartyKind::Merchant, merchant_id(line.merchant).to_string(), 6_667),
                party(PartyKind::Retailer, "shop".to_owned(), 1_222),
                party(PartyKind::Platform, "platform".to_owned(), 1_000),
            ],
            location: "default".to_owned(),
        });
        Draft {
            id: OrderId(1),
            number: "ORD-20260301-00001".to_owned(),
            channel: "test".to_owned(),
            customer_id: CustomerId(800),
            contact_id: AddressId(1),
            shipping_address_id: Some(AddressId(2)),
            shipping_country: Some("DE".to_owned()),
            billing_address_id: None,
            currency: Currency::parse("EUR").expect("listed"),
            discount_code: None,
            shipping_cost: self.shipping,
            shipping_tax: self.shipping / 6,
            rounding_amount: self.rounding,
            gateway_order_id: None,
            shipping_provider: None,
            discount_snapshot: json!({}),
            pricing_snapshot: json!({}),
            policies: Policies {
                payment_window: span("3d"),
                return_window: span("30d"),
                refund_close_window: span("14d"),
            },
            calendar: Default::default(),
            items: items.collect(),
            shipping_shares: None,
            payment_method: self.method.to_owned(),
            reserved: self.reserved,
        }
    }
}

fn context_of<'a>(
    workflow: &'a Workflow,
    partner: Option<&'a Workflow>,
    now: Timestamp,
    cancel_window: Span,
    ids: &'a mut Ids,
) -> Context<'a> {
    Context { workflow, partner, now, provider: "sandbox", cancel_window, ids }
}

impl Shop {
    /// Plays a command. A refusal changes nothing; a decision is audited.
    pub fn act(&mut self, actor: &Actor, command: Command) -> Result<(), Refusal> {
        let mut again = self.ids.clone();
        let (workflow, partner) = (self.workflow.clone(), self.partner.clone());
        if self.quick {
            let mut context = context_of(&workflow, partner.as_deref(), self.now, self.cancel_window, &mut self.ids);
            let decision = decide(&self.order, &command, actor, &mut context)?;
            let before = std::mem::replace(&mut self.order, decision.order.clone());
            self.jobs.extend(decision.effects.iter().cloned());
            self.last = decision;
            self.audit_money(&before);
            return Ok(());
        }
        let decision = decide(
            &self.order,
            &command,
            actor,
            &mut context_of(&workflow, partner.as_deref(), self.now, self.cancel_window, &mut self.ids),
        );
        let second = decide(
            &self.order,
            &command,
            actor,
            &mut context_of(&workflow, partner.as_deref(), self.now, self.cancel_window, &mut again),
        );
        match (decision, second) {
            (Ok(decision), Ok(second)) => {
                assert_eq!(decision.order, second.order, "the same command twice");
                assert_eq!(decision.timeline, second.timeline, "the same command twice");
                let before = std::mem::replace(&mut self.order, decision.order.clone());
                self.jobs.extend(decision.effects.iter().cloned());
                self.last = decision;
                self.audit(Some(&before));
                Ok(())
            }
            (Err(refusal), Err(second)) => {
                assert_eq!(refusal, second);
                self.ids = again;
                Err(refusal)
            }
            (first, second) => panic!("the same command twice: {first:?}, then {second:?}"),
        }
    }

    /// Plays a command on a copy, to see whether it would be refused.
    pub fn would(&self, actor: &Actor, command: Command) -> Result<(), Refusal> {
        self.clone().act(actor, command)
    }

    /// Fires an event that must succeed, with every field, and lets the provider answer.
    pub fn fire(&mut self, actor: &Actor, event: &str) -> &mut Self {
        self.act(actor, Command::Fire(full(event))).unwrap_or_else(|refusal| panic!("{event}: {refusal}"));
        self.run();
        self
    }

    /// The same for some units of one line; the line that took it is returned.
    pub fn fire_some(&mut self, actor: &Actor, event: &str, item: usize, quantity: i64) -> usize {
        let id = self.order.items[item].id;
        let whole = self.order.items[item].quantity;
        let items = Some(vec![EventItem { item: id, quantity: Some(quantity) }]);
        self.act(actor, Command::Fire(Event { items, ..full(event) }))
            .unwrap_or_else(|refusal| panic!("{event}: {refusal}"));
        self.run();
        if quantity < whole { item + 1 } else { item }
    }

    /// Sets the public status.
    pub fn set_status(&mut self, actor: &Actor, status: &str) -> Result<(), Refusal> {
        let result = self.act(actor, Command::SetStatus { status: status.to_owned(), note: None, reason: None });
        self.run();
        result
    }

    /// Refunds by staff, and the provider's answer.
    pub fn refund(&mut self, request: RefundRequest) -> Result<RefundId, Refusal> {
        self.act(&operator(), Command::Refund(request))?;
        let id = self.last.refund.expect("a refund was made");
        self.run();
        Ok(id)
    }

    /// Tells what an effect came to.
    pub fn outcome(&mut self, effect: JobId, outcome: Outcome) -> Result<(), Refusal> {
        self.act(&Actor::system(), Command::Outcome { effect, outcome })
    }

    /// What the last command wants a provider to be told of a dispute.
    pub fn last_job(&self) -> orderwright_core::decide::DisputeJob {
        self.last.disputes.jobs.last().expect("a job").clone()
    }

    /// Takes the oldest effect that is not answered.
    pub fn job(&mut self, effect: Effect) -> EffectJob {
        let at = self.jobs.iter().position(|j| j.effect.0 == effect);
        self.jobs.remove(at.unwrap_or_else(|| panic!("no {} is waiting in {:?}", effect.name(), self.jobs)))
    }

    /// Answers the effect of that kind.
    pub fn answer(&mut self, effect: Effect, outcome: Outcome) {
        let job = self.job(effect);
        self.outcome(job.id, outcome).expect("the outcome is waited for");
    }

    /// Answers every effect, and those that follow, as the sandbox would.
    pub fn run(&mut self) {
        while !self.jobs.is_empty() {
            let job = self.jobs.remove(0);
            self.books.at_provider(&job);
            let outcome = self.provider(&job);
            self.outcome(job.id, outcome).expect("the outcome is waited for");
        }
    }

    fn provider(&self, job: &EffectJob) -> Outcome {
        let asks = matches!(job.effect.0, Effect::Verify | Effect::Authorise | Effect::Reauthorise | Effect::Charge);
        let code = match job.method.as_str() {
            _ if self.declines.contains(&job.effect.0) => Some("scripted"),
            "pm_card_chargeDeclined" if asks => Some("card_declined"),
            "pm_card_chargeCustomerFail" if matches!(job.effect.0, Effect::Charge | Effect::Capture) => {
                Some("insufficient_funds")
            }
            _ => None,
        };
        match code {
            Some(code) => Outcome::Declined { code: code.to_owned() },
            None => done(),
        }
    }

    /// Moves time on and lets timers fire.
    pub fn wait(&mut self, text: &str) -> &mut Self {
        self.now = self.now.plus(span(text));
        self.act(&Actor::system(), Command::Tick).expect("timers never refuse");
        self.run();
        self
    }

    pub fn status(&self) -> &str {
        status::order_status(&self.order, &self.workflow)
    }

    pub fn payment_status(&self) -> &'static str {
        status::payment_status(&self.order, &self.workflow)
    }

    pub fn shipping_status(&self) -> &'static str {
        status::shipping_status(&self.order, &self.workflow)
    }

    /// The public status of a line.
    pub fn item_status(&self, item: usize) -> &str {
        status::status_of(&self.workflow.item, &self.order.items[item].machine)
    }

    /// The merchant-side status of a line; empty before the split.
    pub fn merchant_status(&self, item: usize) -> &str {
        let partner = self.partner.as_deref().expect("a split workflow");
        self.order.items[item].merchant.as_ref().map_or("", |m| status::status_of(&partner.item, m))
    }

    /// What an audience reads about a line: merchants read their own machine once it runs.
    pub fn label(&self, item: usize, audience: Audience) -> String {
        let item = &self.order.items[item];
        let own = self.partner.as_deref().zip(item.merchant.as_ref()).filter(|_| audience == Audience::Merchant);
        let state = match own {
            Some((partner, instance)) => partner.item.state(&instance.state),
            None => self.workflow.item.state(&item.machine.state),
        };
        status::label(state.expect("a state of the workflow"), audience, "en", item)
    }

    /// The reason on the timeline of the last change to that status.
    pub fn reason_of(&self, to: &str) -> Option<String> {
        let entry = self.books.timeline.iter().rev().find(|e| e.kind == "status_changed" && e.metadata["to"] == to);
        entry.unwrap_or_else(|| panic!("nothing changed to {to}")).metadata["reason"].as_str().map(str::to_owned)
    }

    pub fn kinds(&self) -> Vec<&'static str> {
        self.books.timeline.iter().map(|e| e.kind).collect()
    }

    /// How often a domain event was emitted.
    pub fn emitted(&self, kind: &str) -> usize {
        self.books.events.iter().filter(|e| e.kind == kind).count()
    }

    pub fn explain(&self, actor: &Actor) -> orderwright_core::decide::Actions {
        explain(
            &self.order,
            actor,
            &mut context_of(&self.workflow, self.partner.as_deref(), self.now, self.cancel_window, &mut Ids(0)),
        )
    }

    pub fn id(&self, item: usize) -> ItemId {
        self.order.items[item].id
    }
}

pub fn done() -> Outcome {
    Outcome::done(Some("provider-1".to_owned()))
}

/// The provider holds the money, and says until when.
pub fn held_until(end: Timestamp) -> Outcome {
    Outcome::Done {
        reference: Some("provider-1".to_owned()),
        capture_before: Some(end),
        fee: None,
        moved: None,
        transfers: Vec::new(),
    }
}

/// An event with every field.
pub fn full(event: &str) -> Event {
    Event {
        reason: Some("because".to_owned()),
        tracking_number: Some("T-1".to_owned()),
        carrier: Some("pigeon".to_owned()),
        expected_by: Some("2026-03-10".to_owned()),
        ..bare(event)
    }
}

/// An event with no field.
pub fn bare(event: &str) -> Event {
    Event { event: event.to_owned(), ..Event::default() }
}

/// All that is left.
pub fn all() -> RefundRequest {
    RefundRequest { reason: "damaged".to_owned(), initiate_payment_refund: true, ..RefundRequest::default() }
}

/// Some of the whole order.
pub fn some(amount: i64) -> RefundRequest {
    RefundRequest { amount: Some(amount), ..all() }
}
