//! One command on its way through the machines: transitions, entries, sends, automatic steps, timers, and what they leave behind.

use serde_json::{Value, json};

use super::{
    Context, Decision, DisputeChanges, DomainEvent, EffectJob, MerchantView, Message, MoneyFromOutside, Posting,
    Refusal, StockMove, StockMoveKind, TimelineEntry,
    attempts::is_offline,
    chain::{Link, entry_hash},
    recall::Record,
    refund,
    watch::{Watch, address},
};
use crate::actor::Actor;
use crate::id::{DisputeId, EntryId, ItemId, MerchantId, MerchantOrderId};
use crate::order::{Instance, MerchantOrder, OFFLINE, Order, Reservation};
use crate::status;
use crate::time::Timestamp;
use crate::workflow::{Action, Machine, Side, State, Transition, Workflow};

/// Steps that one command may take for each line of the order, and a few more: a workflow that needs more never comes to rest.
pub const MAX_STEPS: usize = 64;

/// Which machine of the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Which {
    /// The order's payment.
    Payment,
    /// The item's own.
    Item(usize),
    /// The merchant's, of the item.
    Merchant(usize),
    /// A dispute's.
    Dispute(usize),
}

/// Why a transition is taken, for the timeline.
#[derive(Clone, Debug, Default)]
pub(super) struct Cause {
    pub event: Option<String>,
    pub reason: Option<String>,
    pub note: Option<String>,
}

/// The work on one command.
pub(super) struct Run<'a, 'c> {
    pub order: Order,
    pub actor: &'a Actor,
    pub workflow: &'c Workflow,
    pub partner: Option<&'c Workflow>,
    pub now: Timestamp,
    pub cancel_window: crate::time::Span,
    /// The provider that new payments are made with.
    pub provider: &'c str,
    ids: &'a mut dyn crate::id::IdSource,
    pub before: Vec<Before>,
    pub from_status: Option<String>,
    pub from_payment_status: &'static str,
    /// Whether the command ends without automatic steps: a migration moves names, and what then goes on goes on by itself.
    pub still: bool,
    steps: usize,
    pub cause: Cause,
    /// Lines that became cancelled and whose money goes back when the command is through.
    pub refund_items: Vec<ItemId>,
    pub timeline: Vec<TimelineEntry>,
    pub events: Vec<DomainEvent>,
    effects: Vec<EffectJob>,
    postings: Vec<Posting>,
    stock: Vec<StockMove>,
    merchant_orders: Vec<(MerchantOrderId, MerchantId)>,
    new_items: Vec<ItemId>,
    pub refund: Option<crate::id::RefundId>,
    pub message: Option<Message>,
    /// Where disputes stood before the command, and what it adds to them.
    pub disputes_before: Vec<(DisputeId, String)>,
    pub disputes: DisputeChanges,
    /// What the bank says of the money that this command books.
    pub from_outside: Option<MoneyFromOutside>,
    /// Somebody who explores the workflow: then there is no history, and what is tried is noted.
    pub watch: Option<&'a mut Watch>,
    /// What this command does, until an entry of the timeline carries it.
    pub record: Option<Record>,
    /// Lines that it split: the line, and the new line.
    pub splits: Vec<(ItemId, ItemId)>,
}

/// A line as it was before the command.
#[derive(Clone)]
pub(super) struct Before {
    pub item: ItemId,
    pub state: String,
    pub status: String,
    pub tags: Vec<String>,
}

impl<'a, 'c> Run<'a, 'c> {
    /// Begins a command on an order that exists.
    pub fn start(order: &Order, actor: &'a Actor, context: &'a mut Context<'c>) -> Run<'a, 'c>
    where
        'c: 'a,
    {
        let mut run = Self::fresh(order.clone(), actor, context);
        run.from_status = Some(status::order_status(order, run.workflow).to_owned());
        run.disputes_before = order.disputes.iter().map(|d| (d.id, d.machine.state.clone())).collect();
        run.before = order.items.iter().map(|i| run.snapshot(i.id, &i.machine)).collect();
        run
    }

    /// Begins the placement of an order: there is no before.
    pub fn fresh(order: Order, actor: &'a Actor, context: &'a mut Context<'c>) -> Run<'a, 'c>
    where
        'c: 'a,
    {
        let from_payment_status = status::payment_status(&order, context.workflow);
        Run {
            order,
            actor,
            workflow: context.workflow,
            partner: context.partner,
            now: context.now,
            cancel_window: context.cancel_window,
            provider: context.provider,
            ids: &mut *context.ids,
            before: Vec::new(),
            from_status: None,
            from_payment_status,
            still: false,
            steps: 0,
            cause: Cause::default(),
            refund_items: Vec::new(),
            timeline: Vec::new(),
            events: Vec::new(),
            effects: Vec::new(),
            postings: Vec::new(),
            stock: Vec::new(),
            merchant_orders: Vec::new(),
            new_items: Vec::new(),
            refund: None,
            message: None,
            disputes_before: Vec::new(),
            disputes: DisputeChanges::default(),
            from_outside: None,
            watch: None,
            record: None,
            splits: Vec::new(),
        }
    }

    pub fn snapshot(&self, item: ItemId, machine: &Instance) -> Before {
        let state = self.workflow.item.state(&machine.state);
        Before {
            item,
            state: machine.state.clone(),
            status: state.map(|s| s.status.clone()).unwrap_or_default(),
            tags: state.map(|s| s.tags.clone()).unwrap_or_default(),
        }
    }

    /// A new id.
    pub fn next_id(&mut self) -> i64 {
        self.ids.next_id()
    }

    /// The machine that runs there.
    pub fn machine(&self, which: Which) -> Option<&'c Machine> {
        match which {
            Which::Payment => self.workflow.payment.as_ref(),
            Which::Item(_) => Some(&self.workflow.item),
            Which::Merchant(_) => self.partner.map(|p| &p.item),
            Which::Dispute(i) => Some(self.order.disputes[i].lifecycle()),
        }
    }

    pub fn instance(&self, which: Which) -> Option<&Instance> {
        match which {
            Which::Payment => Some(&self.order.payment),
            Which::Item(i) => Some(&self.order.items[i].machine),
            Which::Merchant(i) => self.order.items[i].merchant.as_ref(),
            Which::Dispute(i) => Some(&self.order.disputes[i].machine),
        }
    }

    pub fn instance_mut(&mut self, which: Which) -> Option<&mut Instance> {
        match which {
            Which::Payment => Some(&mut self.order.payment),
            Which::Item(i) => Some(&mut self.order.items[i].machine),
            Which::Merchant(i) => self.order.items[i].merchant.as_mut(),
            Which::Dispute(i) => Some(&mut self.order.disputes[i].machine),
        }
    }

    /// The state that the machine is in.
    pub fn state(&self, which: Which) -> Result<Option<&'c State>, Refusal> {
        let (Some(machine), Some(instance)) = (self.machine(which), self.instance(which)) else { return Ok(None) };
        machine.state(&instance.state).map(Some).ok_or_else(|| Refusal::ForeignState(instance.state.clone()))
    }

    /// Takes a transition: sends, then enters the target.
    pub fn take(&mut self, which: Which, transition: &Transition) -> Result<(), Refusal> {
        self.steps += 1;
        if self.steps > MAX_STEPS * (1 + self.order.items.len()) {
            return Err(Refusal::Endless);
        }
        if self.cause.reason.is_none() && !matches!(which, Which::Dispute(_)) {
            self.cause.reason.clone_from(&transition.reason);
        }
        if which == Which::Payment && transition.reason.is_some() {
            self.order.payment_reason.clone_from(&transition.reason);
        }
        let machine = self.machine(which).ok_or(Refusal::Endless)?;
        if let Some(watch) = self.watch.as_deref_mut() {
            watch.taken.push((which, address(transition)));
        }
        self.enter(which, &machine.states[transition.target])?;
        for (n, send) in transition.send.iter().enumerate() {
            let (Which::Item(i) | Which::Merchant(i)) = which else { continue };
            let to = match send.to {
                Side::Item => Which::Item(i),
                Side::Merchant => Which::Merchant(i),
            };
            let arrived = self.deliver(to, &send.event, send.optional);
            if let Some(watch) = self.watch.as_deref_mut() {
                watch.sent(address(transition), n, to, &arrived);
            }
            arrived?;
        }
        Ok(())
    }

    /// Gives a coupled machine an event that another machine sent; tells whether it took it.
    fn deliver(&mut self, to: Which, event: &str, optional: bool) -> Result<bool, Refusal> {
        let state = self.state(to)?;
        let list = state.and_then(|s| s.on.get(event)).map(Vec::as_slice).unwrap_or_default();
        self.note_choice(to, list, |_| true);
        match list.iter().find(|t| self.guard_holds(to, t)) {
            Some(transition) => self.take(to, transition).map(|()| true),
            None if optional => Ok(false),
            None => Err(Refusal::SendFailed {
                event: event.to_owned(),
                state: state.map_or("none", |s| s.name.as_str()).to_owned(),
            }),
        }
    }

    /// Enters a state: timer, entry actions, effect.
    pub fn enter(&mut self, which: Which, state: &'c State) -> Result<(), Refusal> {
        let now = self.now;
        let Some(instance) = self.instance_mut(which) else { return Ok(()) };
        instance.state.clone_from(&state.name);
        instance.since = now;
        instance.effect = None;
        instance.due = None;
        instance.remind_at = None;
        instance.kept.clear();
        if !state.after.is_empty() || !state.remind.is_empty() {
            instance.first.entry(state.name.clone()).or_insert(now);
            self.set_timer(which, state);
        }
        self.set_reminder(which, state);
        if let Which::Item(i) = which {
            self.order.items[i].updated_at = now;
            if state.has("delivered") && self.order.items[i].delivered_at.is_none() {
                self.order.items[i].delivered_at = Some(now);
            }
        }
        for action in &state.entry {
            self.act(which, *action)?;
        }
        if let Some(invoke) = &state.invoke {
            let id = self.invoke(invoke.effect);
            if let Some(instance) = self.instance_mut(which) {
                instance.effect = Some(id);
                instance.due = invoke.timeout.map(|timeout| now.plus(timeout));
            }
        }
        Ok(())
    }

    /// Orders an effect as it stands.
    pub fn add_effect(&mut self, job: EffectJob) {
        self.effects.push(job);
    }

    fn act(&mut self, which: Which, action: Action) -> Result<(), Refusal> {
        match (action, which) {
            (Action::RecordPayment, _) => {
                // A card that was declined did not pay: what came from outside is an attempt of its own.
                if !self.order.current_payment().is_some_and(|p| is_offline(&p.method)) {
                    self.new_attempt(OFFLINE, self.provider);
                }
                let reference = self.from_outside.as_ref().map(|m| m.reference.clone());
                let current = self.order.payments.len().checked_sub(1);
                super::outcome::money_taken(self, current, reference.as_deref());
                Ok(())
            }
            (_, Which::Payment | Which::Merchant(_) | Which::Dispute(_)) => Ok(()),
            (Action::StockCommit, Which::Item(i)) => {
                self.move_stock(i, &[Reservation::Held], Reservation::Committed, StockMoveKind::Commit)
            }
            (Action::StockShip, Which::Item(i)) => self.move_stock(
                i,
                &[Reservation::Held, Reservation::Committed],
                Reservation::Shipped,
                StockMoveKind::Ship,
            ),
            (Action::StockRelease, Which::Item(i)) => self.move_stock(
                i,
                &[Reservation::Held, Reservation::Committed],
                Reservation::Released,
                StockMoveKind::Release,
            ),
            (Action::RefundItem, Which::Item(i)) => {
                self.refund_items.push(self.order.items[i].id);
                Ok(())
            }
            (Action::SendToMerchant, Which::Item(i)) => self.send_to_merchant(i),
        }
    }

    fn move_stock(
        &mut self,
        index: usize,
        from: &[Reservation],
        to: Reservation,
        kind: StockMoveKind,
    ) -> Result<(), Refusal> {
        let item = &mut self.order.items[index];
        if from.contains(&item.reservation) {
            item.reservation = to;
            let (sku, location, quantity) = (item.sku.clone(), item.location.clone(), item.quantity);
            self.stock.push(StockMove { kind, sku, location, quantity });
        }
        Ok(())
    }

    /// Adds a movement of stock as it stands.
    pub fn add_stock(&mut self, stock: StockMove) {
        self.stock.push(stock);
    }

    fn send_to_merchant(&mut self, index: usize) -> Result<(), Refusal> {
        let merchant = self.order.items[index].merchant_id;
        self.route(merchant);
        if let Some(partner) = self.partner {
            let first = &partner.item.states[partner.item.initial];
            self.order.items[index].merchant = Some(Instance {
                state: first.name.clone(),
                since: self.now,
                due: None,
                first: Default::default(),
                remind_at: None,
                effect: None,
                kept: Vec::new(),
            });
            self.enter(Which::Merchant(index), first)?;
        }
        Ok(())
    }

    /// Gives the merchant its merchant order if it has none yet.
    pub fn route(&mut self, merchant: MerchantId) {
        if self.order.merchant_orders.iter().any(|m| m.merchant_id == merchant) {
            return;
        }
        let id = MerchantOrderId(self.next_id());
        self.order.merchant_orders.push(MerchantOrder {
            id,
            merchant_id: merchant,
            created_at: self.now,
            updated_at: self.now,
        });
        self.merchant_orders.push((id, merchant));
        let metadata = json!({ "merchantId": merchant.to_string(), "merchantOrderId": id.to_string() });
        self.log("routed", "Sent to the merchant".to_owned(), metadata, false, MerchantView::Only(merchant));
    }

    /// Takes every automatic step and every timer that is due, until nothing moves any more; then refunds what was cancelled.
    pub fn settle(&mut self) -> Result<(), Refusal> {
        loop {
            while self.step()? {}
            if self.refund_items.is_empty() {
                return Ok(());
            }
            let items = std::mem::take(&mut self.refund_items);
            refund::cancelled(self, &items);
        }
    }

    fn step(&mut self) -> Result<bool, Refusal> {
        if self.step_of(Which::Payment)? {
            return Ok(true);
        }
        for i in 0..self.order.items.len() {
            if self.step_of(Which::Item(i))? || self.step_of(Which::Merchant(i))? {
                return Ok(true);
            }
        }
        for i in 0..self.order.disputes.len() {
            if self.step_of(Which::Dispute(i))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn step_of(&mut self, which: Which) -> Result<bool, Refusal> {
        let Some(state) = self.state(which)? else { return Ok(false) };
        // A running effect's outcome is the only way out: until then it is not known what there is to undo.
        if state.invoke.is_some() {
            return Ok(false);
        }
        self.note_choice(which, &state.always, |_| true);
        if let Some(transition) = state.always.iter().find(|t| self.guard_holds(which, t)) {
            let own_reason = self.cause.reason.is_some();
            self.take(which, transition)?;
            let of_order = !matches!(which, Which::Dispute(_));
            if of_order && !own_reason && self.cause.reason.is_none() {
                self.cause.reason.clone_from(&self.order.payment_reason);
            }
            return Ok(true);
        }
        if let Some(transition) = self.overdue(which, state) {
            self.take(which, transition)?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Marks a line as new, so that it is indexed.
    pub fn add_item(&mut self, id: ItemId) {
        self.new_items.push(id);
    }

    /// Adds a posting; its lines must sum to zero. Lines of nothing are dropped.
    pub fn post(&mut self, cause: &'static str, lines: Vec<(String, i64)>) {
        self.post_about(cause, None, lines);
    }

    /// Books a posting that is about something beside the order.
    pub fn post_about(&mut self, cause: &'static str, about: Option<String>, lines: Vec<(String, i64)>) {
        // Who explores a workflow looks at postings too, and must survive what a wrong one does.
        let balanced = lines.iter().map(|l| l.1).sum::<i64>() == 0;
        debug_assert!(balanced || self.watch.is_some(), "a posting is balanced: {lines:?}");
        let lines: Vec<_> = lines.into_iter().filter(|l| l.1 != 0).collect();
        if !lines.is_empty() {
            self.postings.push(Posting { cause, about, lines });
        }
    }

    /// Adds an entry to the timeline, chained to the one before it.
    pub fn log(
        &mut self,
        kind: &'static str,
        message: String,
        mut metadata: Value,
        is_public: bool,
        merchants: MerchantView,
    ) {
        if self.watch.is_some() {
            return;
        }
        self.record_into(&mut metadata);
        let id = EntryId(self.next_id());
        let seq = self.order.timeline_length + 1;
        let (at, created_by) = (self.now, &*self.actor.id);
        let link = Link { id, seq, at, kind, message: &message, metadata: &metadata, created_by };
        let hash = entry_hash(&self.order.timeline_hash, &link);
        self.order.timeline_length = seq;
        self.order.timeline_hash.clone_from(&hash);
        let created_by = self.actor.id.clone();
        self.timeline.push(TimelineEntry { id, kind, message, metadata, created_by, is_public, merchants, seq, hash });
    }

    /// Adds a domain event about this order.
    pub fn emit(&mut self, kind: &'static str, mut data: Value) {
        if self.watch.is_some() {
            return;
        }
        if let Some(map) = data.as_object_mut() {
            map.insert("orderId".to_owned(), json!(self.order.id.to_string()));
            map.insert("orderNumber".to_owned(), json!(self.order.number));
            map.insert("channel".to_owned(), json!(self.order.channel));
        }
        self.events.push(DomainEvent { kind, data });
    }

    /// Ends the command: settles, derives, and writes down what changed.
    pub fn finish(mut self) -> Result<Decision, Refusal> {
        if !self.still {
            self.settle()?;
            super::dispute::follow_refunds(&mut self)?;
            self.run_errands();
            self.tell_overdue()?;
            self.remind()?;
            self.silence_timers()?;
        }
        self.order.version += 1;
        self.order.updated_at = self.now;
        if self.watch.is_none() {
            self.log_changes();
        }
        super::dispute::tell(&mut self);
        let to_status = status::order_status(&self.order, self.workflow).to_owned();
        let payment_status = status::payment_status(&self.order, self.workflow);
        if self.from_status.is_some() && payment_status != self.from_payment_status && payment_status == "in_doubt" {
            self.log(
                "payment_in_doubt",
                "The provider's answer was lost; it is being asked".to_owned(),
                json!({}),
                false,
                MerchantView::Nobody,
            );
        }
        self.carry_record();
        Ok(Decision {
            to_status,
            order: self.order,
            timeline: self.timeline,
            events: self.events,
            effects: self.effects,
            postings: self.postings,
            stock: self.stock,
            merchant_orders: self.merchant_orders,
            new_items: self.new_items,
            from_status: self.from_status,
            refund: self.refund,
            message: self.message,
            disputes: self.disputes,
        })
    }
}
