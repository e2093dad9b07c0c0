//! The shop on the bench: one order in memory, a provider that answers by script, and a clock that rows move.
//!
//! It carries commands to the real `place` and `decide`, and books what they say of stock, so that a column can show it.

use super::column::{Column, Who};
use super::given::Given;
use super::step::{Answer, Deed, Step, With, sample};
use crate::actor::{Actor, Role};
use crate::decide::{
    Command, Context, Decision, Draft, DraftItem, EffectJob, Event, EventItem, MoneyFromOutside, Outcome,
    RefundRequest, RefundRequestItem, Refusal, StockMoveKind, decide, place,
};
use crate::id::{AddressId, CustomerId, IdSource, ItemId, JobId, MerchantId, OrderId, VariantId};
use crate::order::{Item, Order, PartyKind, PartyRef, Policies, RefundState, Reservation, SANDBOX, Share};
use crate::status;
use crate::time::{Span, Timestamp};
use crate::workflow::model::{Audience, Effect, Field, Machine, Party, Workflow};

/// A line, and how many units of it; `None` means all.
type Units = (ItemId, Option<i64>);

#[derive(Clone)]
struct Ids(i64);

impl IdSource for Ids {
    fn next_id(&mut self) -> i64 {
        self.0 += 1;
        self.0
    }
}

/// The most effects that one row may cause, one after the other.
const MAX_ANSWERS: usize = 100;

/// An order on the bench.
#[derive(Clone)]
pub(super) struct Bench<'w> {
    workflow: &'w Workflow,
    partner: Option<&'w Workflow>,
    ids: Ids,
    now: Timestamp,
    cancel_window: Span,
    order: Order,
    /// Each line by its name: A, B, and A2 for what was split off A.
    names: Vec<(ItemId, String)>,
    languages: Vec<String>,
    waits: bool,
    declines: Vec<Effect>,
    jobs: Vec<EffectJob>,
    reserved: i64,
    left: i64,
    /// Of the row: what the timeline says, the reasons in it, and the events.
    news: Vec<String>,
    reasons: Vec<String>,
    feed: Vec<&'static str>,
}

impl<'w> Bench<'w> {
    /// Places the order; unless the provider waits, it answers what it is asked.
    pub fn place(given: &Given, workflow: &'w Workflow, partner: Option<&'w Workflow>) -> Result<Self, Refusal> {
        let mut ids = Ids(1000);
        let cancel_window = given.cancel_window;
        let mut context = Context { workflow, partner, now: given.at, provider: SANDBOX, cancel_window, ids: &mut ids };
        let decision = place(draft(given), &actor(Who::Party(Party::Customer)), &mut context)?;
        let names = decision.order.items.iter().zip(&given.lines).map(|(i, l)| (i.id, l.name.to_string())).collect();
        let mut bench = Self {
            workflow,
            partner,
            ids,
            now: given.at,
            cancel_window,
            order: decision.order.clone(),
            names,
            languages: given.language.iter().cloned().collect(),
            waits: given.waits,
            declines: given.declines.clone(),
            jobs: Vec::new(),
            reserved: 0,
            left: 0,
            news: Vec::new(),
            reasons: Vec::new(),
            feed: Vec::new(),
        };
        bench.book(decision);
        bench.answer_all()?;
        Ok(bench)
    }

    /// Takes a row's step, and says in words why it was refused, if it was.
    pub fn take(&mut self, step: &Step) -> Option<String> {
        let before = self.clone();
        let result = match step {
            Step::Place => Ok(()),
            Step::Act(who, deed, with) => match self.command(deed, with) {
                Ok(command) => self.act(&actor(*who), &command),
                Err(message) => return Some(message),
            },
            Step::Wait(span) => {
                self.now = self.now.plus(*span);
                self.act(&Actor::system(), &Command::Tick)
            }
            Step::Provider(answer, effect) => {
                let Some(at) = self.jobs.iter().position(|j| effect.is_none_or(|e| j.effect.0 == e)) else {
                    return Some("the provider was not asked that".to_owned());
                };
                let job = if *answer == Answer::InDoubt { self.jobs[at].clone() } else { self.jobs.remove(at) };
                self.outcome(job.id, answer)
            }
        };
        let refusal = result.and_then(|()| self.answer_all()).err()?;
        let told = refused(&refusal);
        *self = before;
        Some(told)
    }

    fn act(&mut self, actor: &Actor, command: &Command) -> Result<(), Refusal> {
        let mut context = Context {
            workflow: self.workflow,
            partner: self.partner,
            now: self.now,
            provider: SANDBOX,
            cancel_window: self.cancel_window,
            ids: &mut self.ids,
        };
        let decision = decide(&self.order, command, actor, &mut context)?;
        self.book(decision);
        Ok(())
    }

    fn book(&mut self, decision: Decision) {
        for (at, item) in decision.order.items.iter().enumerate() {
            if self.name_of(item.id).is_some() {
                continue;
            }
            // A new line stands behind the one that it was split off.
            let origin = at.checked_sub(1).and_then(|at| self.name_of(decision.order.items[at].id)).unwrap_or("A");
            let letter: String = origin.chars().take(1).collect();
            let parts = self.names.iter().filter(|(_, name)| name.starts_with(&letter)).count();
            self.names.push((item.id, format!("{letter}{}", parts + 1)));
        }
        for moved in &decision.stock {
            match moved.kind {
                StockMoveKind::Reserve => self.reserved += moved.quantity,
                StockMoveKind::Commit => {}
                StockMoveKind::Release => self.reserved -= moved.quantity,
                StockMoveKind::Ship => {
                    self.reserved -= moved.quantity;
                    self.left += moved.quantity;
                }
                StockMoveKind::Return => self.left -= moved.quantity,
                StockMoveKind::WriteOff => {}
            }
        }
        for entry in &decision.timeline {
            self.news.push(entry.message.clone());
            let reason = entry.metadata["reason"].as_str().filter(|_| entry.kind == "status_changed");
            if let Some(reason) = reason.filter(|r| self.reasons.iter().all(|known| known != r)) {
                self.reasons.push(reason.to_owned());
            }
        }
        self.feed.extend(decision.events.iter().map(|e| e.kind));
        self.jobs.extend(decision.effects);
        self.order = decision.order;
    }

    /// Answers every effect, and those that follow, as the sandbox would. A workflow that asks again whatever the answer is never rests.
    fn answer_all(&mut self) -> Result<(), Refusal> {
        let mut answered = 0;
        while !self.waits && !self.jobs.is_empty() {
            answered += 1;
            if answered > MAX_ANSWERS {
                return Err(Refusal::Endless);
            }
            let job = self.jobs.remove(0);
            let answer = self.script(&job);
            self.outcome(job.id, &answer)?;
        }
        Ok(())
    }

    /// What the sandbox says to an effect, by the method's name (api.md, «Sandbox payment methods»).
    fn script(&self, job: &EffectJob) -> Answer {
        let asks = matches!(job.effect.0, Effect::Verify | Effect::Authorise | Effect::Reauthorise | Effect::Charge);
        let code = match job.method.as_str() {
            _ if self.declines.contains(&job.effect.0) => "declined",
            "pm_card_chargeDeclined" if asks => "card_declined",
            "pm_card_chargeDeclinedInsufficientFunds" if asks => "insufficient_funds",
            "pm_card_chargeDeclinedExpiredCard" if asks => "expired_card",
            "pm_card_chargeCustomerFail" if matches!(job.effect.0, Effect::Charge | Effect::Capture) => {
                "insufficient_funds"
            }
            _ => return Answer::Done,
        };
        Answer::Declined(code.to_owned())
    }

    fn outcome(&mut self, effect: JobId, answer: &Answer) -> Result<(), Refusal> {
        let outcome = match answer {
            Answer::Done => Outcome::done(Some("provider-1".to_owned())),
            Answer::Declined(code) => Outcome::Declined { code: code.clone() },
            Answer::InDoubt => Outcome::InDoubt,
        };
        self.act(&Actor::system(), &Command::Outcome { effect, outcome })
    }

    fn command(&self, deed: &Deed, with: &With) -> Result<Command, String> {
        let event = |name: &str| -> Result<Event, String> {
            let items = self.items(with)?.map(|items| {
                items.into_iter().map(|(item, quantity)| EventItem { item, quantity }).collect::<Vec<_>>()
            });
            let field = |field: Field| with.fields.iter().find(|(f, _)| *f == field).map(|(_, value)| value.clone());
            Ok(Event {
                event: name.to_owned(),
                items,
                note: None,
                reason: field(Field::Reason),
                tracking_number: field(Field::TrackingNumber),
                tracking_url: None,
                carrier: field(Field::Carrier),
                expected_by: field(Field::ExpectedBy),
            })
        };
        let reason = || {
            let given = with.fields.iter().find(|(f, _)| *f == Field::Reason);
            given.map_or_else(|| sample(Field::Reason).to_owned(), |(_, value)| value.clone())
        };
        Ok(match deed {
            Deed::Fire(name) => Command::Fire(event(name)?),
            Deed::Cancel => match &self.workflow.cancel_event {
                Some(name) => Command::Fire(event(name)?),
                None => return Err("unknown".to_owned()),
            },
            Deed::SetStatus(status) => Command::SetStatus { status: status.clone(), note: None, reason: None },
            Deed::PayAgain => Command::Pay { method: with.method.clone().unwrap_or_default() },
            Deed::BookPayment => Command::BookPayment(MoneyFromOutside {
                amount: with.amount.unwrap_or_else(|| self.owed()),
                currency: self.order.currency,
                paid_at: self.now,
                reference: "bank-1".to_owned(),
            }),
            Deed::GiveBack | Deed::AskBack => {
                let items = self.items(with)?.map(|items| {
                    let part = |(item, quantity)| RefundRequestItem { item, quantity, amount: None };
                    items.into_iter().map(part).collect::<Vec<_>>()
                });
                let request = RefundRequest {
                    amount: with.amount,
                    items,
                    reason: reason(),
                    initiate_payment_refund: !with.outside,
                    ..RefundRequest::default()
                };
                if *deed == Deed::GiveBack { Command::Refund(request) } else { Command::RequestRefund(request) }
            }
            Deed::Decide(approve) => {
                let open = self.order.refunds.iter().find(|r| r.state == RefundState::Requested);
                let refund = open.ok_or("nobody asked for money back")?.id;
                Command::DecideRefund { refund, approve: *approve }
            }
            Deed::AddShipment => Command::AddShipment(event("")?),
            Deed::AskCancellation => Command::RequestCancellation { reason: reason() },
        })
    }

    fn items(&self, with: &With) -> Result<Option<Vec<Units>>, String> {
        if with.lines.is_empty() {
            return Ok(None);
        }
        let found = with.lines.iter().map(|(name, units)| {
            let id = self.names.iter().find(|(_, known)| known == name).map(|(id, _)| *id);
            let known: Vec<&str> = self.names.iter().map(|(_, name)| name.as_str()).collect();
            id.map(|id| (id, *units)).ok_or_else(|| format!("there is no line {name}; there is {}", known.join(", ")))
        });
        found.collect::<Result<Vec<_>, _>>().map(Some)
    }

    fn owed(&self) -> i64 {
        let off = |state: &str| self.workflow.item.state(state).is_some_and(|s| s.has("cancelled"));
        self.order.items.iter().filter(|i| !off(&i.machine.state)).map(|i| i.due()).sum()
    }

    fn name_of(&self, id: ItemId) -> Option<&str> {
        self.names.iter().find(|(known, _)| *known == id).map(|(_, name)| name.as_str())
    }

    /// What the timeline gained since the last row.
    pub fn news(&self) -> &[String] {
        &self.news
    }

    /// The next row begins.
    pub fn row_is_over(&mut self) {
        self.news.clear();
        self.reasons.clear();
        self.feed.clear();
    }

    /// What a column shows now, in its canonical form.
    pub fn shows(&self, column: Column, refused: Option<&str>) -> String {
        let order = &self.order;
        let money = |amount: i64| {
            let shown = order.currency.show(amount);
            if amount == 0 { String::new() } else { shown.split_once(' ').map_or(shown.clone(), |(_, a)| a.to_owned()) }
        };
        let count = |units: i64| if units == 0 { String::new() } else { units.to_string() };
        let text = match column {
            Column::Item => self.of_lines(|i| order.items[i].machine.state.clone()),
            Column::Merchant => {
                self.of_lines(|i| order.items[i].merchant.as_ref().map_or_else(String::new, |m| m.state.clone()))
            }
            Column::MerchantStatus => {
                let own: Vec<&Item> = order.items.iter().filter(|i| i.merchant_id == merchant_id(1)).collect();
                let state = status::merchant_state(&own, self.workflow, self.partner);
                state.map(|s| s.status.clone()).unwrap_or_default()
            }
            Column::Payment => order.payment.state.clone(),
            Column::Status => status::order_status(order, self.workflow).to_owned(),
            Column::Paid => status::payment_status(order, self.workflow).to_owned(),
            Column::Shipping => status::shipping_status(order, self.workflow).to_owned(),
            Column::Held => {
                let held = order.payments.iter().filter(|p| p.captured == 0).map(|p| p.authorised - p.voided);
                money(held.sum())
            }
            Column::Captured => money(order.captured()),
            Column::Refunded => money(order.refunded()),
            Column::Reserved => count(self.reserved),
            Column::Firm => {
                let firm = order.items.iter().filter(|i| i.reservation == Reservation::Committed);
                count(firm.map(|i| i.quantity).sum())
            }
            Column::Left => count(self.left),
            Column::Timer => {
                order.due_at().map_or_else(String::new, |due| Span(due.0 - order.created_at.0).to_string())
            }
            Column::Ends => {
                let rests = |machine: &Machine, state: &str| machine.state(state).is_some_and(|s| s.is_final);
                let all = order.items.iter().all(|i| {
                    let other = self.partner.zip(i.merchant.as_ref());
                    rests(&self.workflow.item, &i.machine.state)
                        && other.is_none_or(|(partner, instance)| rests(&partner.item, &instance.state))
                });
                if all { "yes" } else { "no" }.to_owned()
            }
            Column::Reads(audience) => self.of_lines(|i| {
                let item = &order.items[i];
                let own = self.partner.zip(item.merchant.as_ref()).filter(|_| audience == Audience::Merchant);
                let (side, state) = match own {
                    Some((partner, instance)) => (partner, &instance.state),
                    None => (self.workflow, &item.machine.state),
                };
                let locale = side.locale_for(&self.languages);
                side.item.state(state).map(|s| status::label(s, audience, locale, item)).unwrap_or_default()
            }),
            Column::May(who) => self.may(who),
            Column::Reason => self.reasons.join("; "),
            Column::Refused => refused.unwrap_or_default().to_owned(),
            Column::Feed => self.feed.join(", "),
        };
        column.canonical(&text)
    }

    /// One value when all lines have the same, else each line's with its name.
    fn of_lines(&self, of: impl Fn(usize) -> String) -> String {
        let values: Vec<(&str, String)> =
            (0..self.order.items.len()).map(|i| (self.name_of(self.order.items[i].id).unwrap_or("?"), of(i))).collect();
        match values.as_slice() {
            [(_, first), rest @ ..] if rest.iter().all(|(_, v)| v == first) => first.clone(),
            _ => {
                let value = |v: &str| if v.is_empty() { super::column::NOTHING.to_owned() } else { v.to_owned() };
                values.iter().map(|(name, v)| format!("{name} {}", value(v))).collect::<Vec<_>>().join("; ")
            }
        }
    }

    /// Every event that somebody may fire now, tried for real on a copy, with the fields that it takes.
    fn may(&self, who: Who) -> String {
        let actor = actor(who);
        let mut out: Vec<String> = Vec::new();
        for name in events(self.workflow, self.partner) {
            let mut event = Event { event: name.to_owned(), ..Event::default() };
            let mut needs: Vec<&str> = Vec::new();
            loop {
                match self.clone().act(&actor, &Command::Fire(event.clone())) {
                    Ok(()) => {
                        let needs = if needs.is_empty() { String::new() } else { format!("({})", needs.join(" ")) };
                        out.push(format!("{name}{needs}"));
                        break;
                    }
                    Err(Refusal::MissingField { field, .. }) if !needs.contains(&field) => {
                        needs.push(field);
                        let Some(known) = Field::parse(field) else { break };
                        let value = Some(sample(known).to_owned());
                        match known {
                            Field::Reason => event.reason = value,
                            Field::TrackingNumber => event.tracking_number = value,
                            Field::ExpectedBy => event.expected_by = value,
                            Field::Carrier => event.carrier = value,
                        }
                    }
                    Err(_) => break,
                }
            }
        }
        out.join(", ")
    }
}

/// Every event that a machine of the workflow or its partner declares.
pub(super) fn events<'w>(workflow: &'w Workflow, partner: Option<&'w Workflow>) -> Vec<&'w str> {
    let machines = [Some(&workflow.item), workflow.payment.as_ref(), partner.map(|p| &p.item)];
    let of = |machine: &'w Machine| machine.states.iter().flat_map(|s| s.on.keys().map(String::as_str));
    let mut names: Vec<&str> = machines.into_iter().flatten().flat_map(of).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The words for each kind of refusal; a cell of the column `refused` begins with them.
pub(super) const REFUSALS: &[&str] = &[
    "not allowed",
    "not now",
    "payment in progress",
    "needs",
    "unknown",
    "partner cannot",
    "too much",
    "no such line",
    "wrong value",
    "never rests",
];

fn refused(refusal: &Refusal) -> String {
    match refusal {
        Refusal::NotAllowed { .. } | Refusal::NoMerchant | Refusal::SecondPerson => "not allowed".to_owned(),
        Refusal::NotPossible { .. }
        | Refusal::RefundDecided
        | Refusal::UnknownRefund
        | Refusal::UnknownDispute
        | Refusal::DisputeNotPossible { .. }
        | Refusal::NotDisputable { .. }
        | Refusal::PaymentDisputed { .. }
        | Refusal::CancellationRequested
        | Refusal::StaleOutcome => "not now".to_owned(),
        Refusal::PaymentInProgress => "payment in progress".to_owned(),
        Refusal::MissingField { field, .. } => format!("needs {field}"),
        Refusal::UnknownEvent { .. } | Refusal::UnknownStatus { .. } => "unknown".to_owned(),
        Refusal::SendFailed { .. } => "partner cannot".to_owned(),
        Refusal::RefundTooLarge { .. } => "too much".to_owned(),
        Refusal::UnknownItem => "no such line".to_owned(),
        Refusal::Invalid { .. } => "wrong value".to_owned(),
        Refusal::Endless | Refusal::ForeignState(_) => "never rests".to_owned(),
    }
}

fn actor(who: Who) -> Actor {
    let of = |role: Role| Actor {
        role,
        merchant: None,
        customer: None,
        party: None,
        channel: None,
        id: role.name().to_owned(),
        import: false,
    };
    let merchant = |number: i64| Actor { merchant: Some(merchant_id(number)), ..of(Role::Merchant) };
    match who {
        Who::Party(Party::Operator) => of(Role::Admin),
        Who::Party(Party::Retailer) => of(Role::Retailer),
        Who::Party(Party::Merchant) => merchant(1),
        Who::Party(Party::Customer) => Actor { customer: Some(CustomerId(1)), ..of(Role::Customer) },
        Who::Party(Party::Import) => Actor { import: true, ..of(Role::Admin) },
        Who::OtherMerchant(number) => merchant(number),
        Who::MerchantImport => Actor { import: true, ..merchant(1) },
        Who::RetailerImport => Actor { import: true, ..of(Role::Retailer) },
    }
}

fn merchant_id(number: i64) -> MerchantId {
    MerchantId(900 + number)
}

fn draft(given: &Given) -> Draft {
    let items = given.lines.iter().enumerate().map(|(n, line)| DraftItem {
        product_variant_id: VariantId(n as i64 + 1),
        sku: line.name.to_string(),
        name: format!("Thing {}", line.name),
        merchant_id: merchant_id(line.merchant),
        quantity: line.quantity,
        price: line.price,
        gst_rate: "0".to_owned(),
        gst_amount: 0,
        discount_amount: 0,
        total: line.price * line.quantity,
        metadata: serde_json::json!({}),
        late_cancellation: given.late_cancellation,
        agreement: None,
        shares: vec![Share {
            party: PartyRef { kind: PartyKind::Merchant, id: merchant_id(line.merchant).to_string() },
            basis_points: 10_000,
        }],
        location: "default".to_owned(),
    });
    Draft {
        id: OrderId(1),
        number: "CASE-1".to_owned(),
        channel: given.channel.clone(),
        customer_id: CustomerId(1),
        contact_id: AddressId(1),
        shipping_address_id: Some(AddressId(2)),
        shipping_country: given.country.clone(),
        billing_address_id: None,
        currency: given.currency,
        discount_code: None,
        shipping_cost: given.shipping,
        shipping_tax: 0,
        rounding_amount: 0,
        gateway_order_id: None,
        shipping_provider: None,
        discount_snapshot: serde_json::json!({}),
        pricing_snapshot: serde_json::json!({}),
        policies: Policies {
            payment_window: given.payment_window,
            return_window: given.return_window,
            refund_close_window: given.refund_close_window,
        },
        calendar: given.calendar.clone(),
        items: items.collect(),
        shipping_shares: None,
        payment_method: given.method.clone(),
        reserved: false,
    }
}
