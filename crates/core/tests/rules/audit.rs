//! What must hold after every decision, recomputed here from the decisions alone: books, stock, history, status, ways out.

use std::collections::{BTreeMap, BTreeSet};

use orderwright_core::decide::{Decision, DomainEvent, EffectJob, Posting, StockMoveKind, TimelineEntry};
use orderwright_core::id::ItemId;
use orderwright_core::order::{Instance, Order, PartyKind, Reservation};
use orderwright_core::status;
use orderwright_core::workflow::{Effect, Machine};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::shop::{Shop, customer, merchant, operator, retailer};

/// Everything that decisions said so far.
#[derive(Clone)]
pub struct Books {
    accounts: BTreeMap<String, i64>,
    /// reserved, left.
    stock: BTreeMap<String, (i64, i64)>,
    pub timeline: Vec<TimelineEntry>,
    pub events: Vec<DomainEvent>,
    pub postings: Vec<Posting>,
    /// Σ item.gst, Σ discount, Σ due as placed: no split changes them.
    frozen: (i64, i64, i64),
    hash: String,
    statuses: BTreeMap<ItemId, String>,
    seen: BTreeSet<String>,
    amounts: Vec<i64>,
    /// Whether a checkout had reserved the units.
    reserved: bool,
}

fn sums(order: &Order) -> (i64, i64, i64) {
    order.items.iter().fold((0, 0, 0), |s, i| (s.0 + i.gst_amount, s.1 + i.discount_amount, s.2 + i.due()))
}

impl Books {
    /// Empty books for an order that is placed; units that a checkout reserved are on them already.
    pub fn open(placed: &Decision, reserved: bool) -> Self {
        let mut stock: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        for item in placed.order.items.iter().filter(|_| reserved) {
            stock.entry(item.sku.clone()).or_default().0 += item.quantity;
        }
        Self {
            accounts: BTreeMap::new(),
            stock,
            timeline: Vec::new(),
            events: Vec::new(),
            postings: Vec::new(),
            frozen: sums(&placed.order),
            hash: String::new(),
            statuses: BTreeMap::new(),
            seen: BTreeSet::new(),
            amounts: Vec::new(),
            reserved,
        }
    }

    fn account(&self, name: &str) -> i64 {
        self.accounts.get(name).copied().unwrap_or(0)
    }

    /// An effect reaches the provider.
    pub fn at_provider(&mut self, job: &EffectJob) {
        assert!(job.amount >= 0, "{job:?}");
        assert!(self.seen.insert(format!("ran {}", job.id)), "an effect runs once");
        if job.effect.0 == Effect::Refund {
            assert!(job.amount > 0, "{job:?}");
        }
    }

    fn book(&mut self, decision: &Decision) {
        for posting in &decision.postings {
            assert_eq!(posting.lines.iter().map(|l| l.1).sum::<i64>(), 0, "{posting:?}");
            for (account, amount) in &posting.lines {
                *self.accounts.entry(account.clone()).or_default() += amount;
            }
        }
        for moved in &decision.stock {
            assert!(moved.quantity > 0, "{moved:?}");
            let (reserved, left) = self.stock.entry(moved.sku.clone()).or_default();
            match moved.kind {
                StockMoveKind::Reserve => *reserved += moved.quantity,
                StockMoveKind::Commit => {}
                StockMoveKind::Release => *reserved -= moved.quantity,
                StockMoveKind::Ship => {
                    *reserved -= moved.quantity;
                    *left += moved.quantity;
                }
                StockMoveKind::Return => *left -= moved.quantity,
                StockMoveKind::WriteOff => {}
            }
        }
        self.events.extend(decision.events.iter().cloned());
        self.postings.extend(decision.postings.iter().cloned());
    }

    fn chain(&mut self, order: &Order, decision: &Decision, now: i64) {
        for entry in &decision.timeline {
            assert_eq!(entry.seq, self.timeline.len() as i64 + 1, "the timeline is dense");
            let facts = json!([
                entry.id.to_string(),
                entry.seq,
                now,
                entry.kind,
                entry.message,
                entry.metadata,
                entry.created_by
            ]);
            let digest = Sha256::new().chain_update(&self.hash).chain_update(facts.to_string()).finalize();
            self.hash = digest.iter().map(|b| format!("{b:02x}")).collect();
            assert_eq!(entry.hash, self.hash, "the hash chain holds");
            assert!(self.seen.insert(entry.id.to_string()), "an id is given once");
            self.timeline.push(entry.clone());
        }
        assert_eq!((order.timeline_length, &order.timeline_hash), (self.timeline.len() as i64, &self.hash));
    }
}

impl Shop {
    /// Books the last decision and checks everything that must hold after it.
    pub fn audit(&mut self, before: Option<&Order>) {
        let decision = self.last.clone();
        let order = self.order.clone();
        self.books.book(&decision);
        self.books.chain(&order, &decision, self.now.0);
        assert_eq!(order.version, before.map_or(0, |b| b.version) + 1);
        assert_eq!(order.updated_at, self.now);
        if let Some(before) = before {
            assert_eq!(decision.from_status.as_deref(), Some(status::order_status(before, &self.workflow)));
            let known: BTreeSet<ItemId> = before.items.iter().map(|i| i.id).collect();
            let new: BTreeSet<ItemId> = order.items.iter().map(|i| i.id).filter(|i| !known.contains(i)).collect();
            assert_eq!(new, decision.new_items.iter().copied().collect(), "new lines are announced");
            assert!(known.iter().all(|id| order.item(*id).is_some()), "a line never goes away");
        }
        orderwright_core::audit::order(&order).unwrap_or_else(|wrong| panic!("{wrong}: {order:?}"));
        if before.is_some() || !self.books.reserved {
            orderwright_core::audit::decision(before, &decision)
                .unwrap_or_else(|wrong| panic!("{wrong}: {decision:?}"));
        }
        assert_eq!(sums(&order), self.books.frozen, "splitting a line keeps every sum");
        self.money_adds_up();
        self.stock_adds_up();
        self.statuses_agree(before);
        self.machines_are_sane();
        self.everything_has_a_way_out();
        self.everything_says_what_it_waits_for();
        let text = serde_json::to_string(&order).expect("an order is a document");
        assert_eq!(serde_json::from_str::<Order>(&text).expect("and back"), order);
    }

    /// The accounts over the whole history agree with the order; that its own sums do is `audit::order`'s.
    fn money_adds_up(&mut self) {
        let order = &self.order;
        let books = &self.books;
        assert_eq!(books.accounts.values().sum::<i64>(), 0, "the books balance");
        assert_eq!(books.account("orders/unsettled"), 0);
        let borne = |account: &str| order.fees.iter().find(|(known, _)| known == account).map_or(0, |(_, fee)| *fee);
        let borne_in_all: i64 = order.fees.iter().map(|(_, fee)| fee).sum();
        let with_banks = books.account("disputes/held") + books.account("disputes/lost");
        let money =
            books.account("provider/clearing") + books.account("bank") + books.account("platform/fees") + with_banks;
        assert_eq!(money, order.captured() - order.refunded() - borne_in_all - order.borne_by_parties());
        for split in &order.splits {
            let own = split.party.account();
            let mut account = books.account(&own) - borne(&own);
            if split.party.kind == PartyKind::Platform {
                account += books.account("platform/tax") + books.account("platform/discounts");
            }
            let lost = order.borne_by(&split.party);
            assert_eq!(account, split.refunded + lost - split.amount, "{split:?}");
        }
        let banks = |of: fn(&orderwright_core::dispute::Chargeback) -> i64| order.chargebacks().map(of).sum::<i64>();
        assert_eq!(books.account("disputes/held"), banks(|c| c.held()));
        // What providers kept of captures and what banks charge, less what parties bear of it.
        let kept: i64 = order.payments.iter().filter_map(|p| p.fee).sum();
        assert_eq!(books.account("platform/fees"), banks(|c| c.fee) + kept - borne_in_all);
        assert_eq!(books.account("disputes/lost"), banks(|c| c.lost) - order.borne_by_parties());
        let held = orderwright_core::audit::held(order);
        assert_eq!(books.account("provider/held"), held);
        assert_eq!(books.account("customers/held"), -held);
        // A share is fixed once, at the capture.
        let amounts: Vec<i64> = order.splits.iter().map(|s| s.amount).collect();
        if !self.books.amounts.is_empty() {
            // The platform may come to bear goodwill on an order that it has no share in.
            assert!(amounts.starts_with(&self.books.amounts), "an amount never changes");
            assert!(amounts[self.books.amounts.len()..].iter().all(|a| *a == 0), "an amount never changes");
        }
        self.books.amounts = amounts;
    }

    fn stock_adds_up(&self) {
        let mut recomputed: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        for item in &self.order.items {
            let (reserved, left) = recomputed.entry(item.sku.clone()).or_default();
            match item.reservation {
                Reservation::Held | Reservation::Committed => *reserved += item.quantity,
                Reservation::Shipped => *left += item.quantity - item.restocked,
                Reservation::Released => {}
            }
            let state = self.workflow.item.state(&item.machine.state).expect("a state of the workflow");
            if state.has("cancelled") || state.has("refunded") {
                assert!(matches!(item.reservation, Reservation::Released | Reservation::Shipped), "{item:?}");
            } else if state.has("shipped") {
                assert_eq!(item.reservation, Reservation::Shipped, "{item:?}");
            } else {
                assert!(matches!(item.reservation, Reservation::Held | Reservation::Committed), "{item:?}");
            }
        }
        assert_eq!(recomputed, self.books.stock, "reservations follow from the items");
    }

    fn statuses_agree(&mut self, before: Option<&Order>) {
        let status = status::order_status(&self.order, &self.workflow).to_owned();
        assert_eq!(self.last.to_status, status);
        assert!(self.workflow.statuses.contains(&status));
        let changed: Vec<_> = self.last.events.iter().filter(|e| e.kind == "order.status_changed").collect();
        match before.map(|b| status::order_status(b, &self.workflow).to_owned()).filter(|b| *b != status) {
            Some(from) => {
                assert_eq!(changed.len(), 1);
                assert_eq!((&changed[0].data["from"], &changed[0].data["to"]), (&json!(from), &json!(status)));
            }
            None => assert!(changed.is_empty(), "{changed:?}"),
        }
        // What the timeline says of each line is what the line is.
        if before.is_none() {
            let initial = &self.workflow.item.states[self.workflow.item.initial].status;
            self.books.statuses = self.order.items.iter().map(|i| (i.id, initial.clone())).collect();
        }
        for id in self.last.new_items.clone() {
            let sku = &self.order.item(id).expect("a line").sku;
            let shrunk = |b: &&orderwright_core::order::Item| {
                b.sku == *sku && self.order.item(b.id).is_some_and(|i| i.quantity < b.quantity)
            };
            let Some(origin) = before.and_then(|b| b.items.iter().find(shrunk)) else { continue };
            let from = self.books.statuses[&origin.id].clone();
            self.books.statuses.entry(id).or_insert(from);
        }
        for entry in self.last.timeline.iter().filter(|e| e.kind == "status_changed") {
            for item in entry.metadata["itemIds"].as_array().expect("a list") {
                let id = ItemId::parse(item.as_str().expect("an id")).expect("an id");
                let to = entry.metadata["to"].as_str().expect("a status").to_owned();
                let from = self.books.statuses.insert(id, to).expect("a line of the order");
                assert_eq!(entry.metadata["from"], from.as_str(), "{entry:?}");
            }
        }
        for (n, item) in self.order.items.iter().enumerate() {
            assert_eq!(self.books.statuses[&item.id], self.item_status(n), "line {n}");
        }
    }

    fn machines_are_sane(&self) {
        let sane = |machine: &Machine, instance: &Instance| {
            let state = machine.state(&instance.state).expect("a state of the workflow");
            assert_eq!(instance.effect.is_some(), state.invoke.is_some(), "{instance:?}");
            assert!(instance.since <= self.now);
            assert!(instance.due.is_none_or(|due| due > self.now), "due and not taken: {instance:?}");
            let timeout = state.invoke.as_ref().and_then(|i| i.timeout);
            assert!(instance.due.is_none() || !state.after.is_empty() || timeout.is_some(), "{instance:?}");
        };
        sane(self.workflow.payment.as_ref().expect("an order has a payment"), &self.order.payment);
        for item in &self.order.items {
            sane(&self.workflow.item, &item.machine);
            if let Some((partner, instance)) = self.partner.as_ref().zip(item.merchant.as_ref()) {
                sane(&partner.item, instance);
            }
        }
    }

    /// Whoever asks, and whatever has happened: an item that may not rest where it is says what it waits for.
    fn everything_says_what_it_waits_for(&self) {
        for actor in [operator(), retailer(), merchant(1), merchant(2), customer()] {
            let actions = self.explain(&actor);
            for item in actions.items.iter().filter(|i| !i.is_final) {
                assert!(item.summary.ends_with('.'), "{:?} is told nothing of {item:?}", actor.role);
            }
            assert!(actions.payment.summary.ends_with('.'), "{:?}", actions.payment);
        }
    }

    /// An item that may not rest where it is can be moved by somebody, by an effect, or by the clock; or it waits for a payment, or
    /// for a line, that can.
    fn everything_has_a_way_out(&self) {
        let actions = self.explain(&operator());
        let moves = |a: &orderwright_core::decide::ItemActions| {
            a.waits_for_effect.is_some()
                || a.timer.is_some()
                || a.events.iter().any(|e| e.why_not.as_deref().is_none_or(|w| w.starts_with("only ")))
        };
        let others = moves(&actions.payment) || actions.items.iter().any(|i| !i.is_final && moves(i));
        for item in &actions.items {
            assert!(
                item.is_final || moves(item) || (!item.waits_for.is_empty() && others),
                "stuck: {item:?}, payment {:?}",
                actions.payment
            );
        }
    }
}
