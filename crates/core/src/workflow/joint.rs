//! Where an item can stand at all: its own state, its merchant's, and its units together; and where a payment can stand, with its money.
//!
//! The walk follows every transition whatever its guard says, so it finds more than can happen and never less: what it does not find never
//! happens. A migration asks it whether an item would stand where this version never puts one. What is not here: traces, and complaints.

use std::collections::BTreeSet;

use super::model::{Action, Effect, Machine, Send, Side, State, Transition, Workflow};

/// Sends that one transition can lead to, one after the other; a longer chain is not followed.
const MAX_SENDS: usize = 32;

/// What has become of an item's units, as far as the books of stock tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Units {
    /// They count as reserved.
    Reserved,
    /// They left.
    Shipped,
    /// They are free again.
    Released,
}

/// What has become of an order's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Money {
    /// Nothing was taken or held.
    Nothing,
    /// It is held at the provider.
    Held,
    /// It was taken.
    Taken,
    /// It was taken, and a payment step gave all of it back.
    Returned,
}

/// An item with its merchant's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Spot {
    item: usize,
    merchant: Option<usize>,
    units: Units,
}

/// Everything that the walk found.
#[derive(Clone, Debug, Default)]
pub struct Joint {
    spots: BTreeSet<Spot>,
    payments: BTreeSet<(usize, Money)>,
}

impl Joint {
    /// Walks an order's workflow with its partner.
    pub fn of(workflow: &Workflow, partner: Option<&Workflow>) -> Self {
        let walk = Walk { item: &workflow.item, merchant: partner.map(|p| &p.item) };
        let mut joint = Self { spots: walk.spots(), ..Self::default() };
        if let Some(payment) = &workflow.payment {
            joint.payments = payments(payment);
        }
        joint
    }

    /// Whether an item can stand there, with its merchant's machine there, and its units in that way.
    pub fn has(&self, item: usize, merchant: Option<usize>, units: Units) -> bool {
        self.spots.contains(&Spot { item, merchant, units })
    }

    /// What the units of an item in that state can be.
    pub fn units(&self, item: usize) -> BTreeSet<Units> {
        self.spots.iter().filter(|s| s.item == item).map(|s| s.units).collect()
    }

    /// Where the merchant's machine can be while the item is in that state; `None` is not sent yet.
    pub fn merchants(&self, item: usize) -> BTreeSet<Option<usize>> {
        self.spots.iter().filter(|s| s.item == item).map(|s| s.merchant).collect()
    }

    /// What the money of a payment in that state can be. Money that was taken can have gone back by refunds, which are machines of
    /// their own.
    pub fn money(&self, payment: usize) -> BTreeSet<Money> {
        let mut found: BTreeSet<Money> =
            self.payments.iter().filter(|(state, _)| *state == payment).map(|(_, money)| *money).collect();
        if found.contains(&Money::Taken) {
            found.insert(Money::Returned);
        }
        found
    }
}

/// The states from which a final state can be reached, those included.
pub fn ends(machine: &Machine) -> BTreeSet<usize> {
    let mut found: BTreeSet<usize> = (0..machine.states.len()).filter(|&s| machine.states[s].is_final).collect();
    loop {
        let more: Vec<usize> = (0..machine.states.len())
            .filter(|s| !found.contains(s) && ways(&machine.states[*s]).any(|t| found.contains(&t.target)))
            .collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

/// Every transition out of a state.
fn ways(state: &State) -> impl Iterator<Item = &Transition> {
    let outcomes = state.invoke.iter().flat_map(|i| [&i.done, &i.error]);
    let timers = state.after.iter().map(|a| &a.transition);
    state.on.values().flatten().chain(&state.always).chain(timers).chain(outcomes)
}

/// The transitions that nobody has to send: people's, automatic ones, timers.
fn own_ways(state: &State) -> impl Iterator<Item = &Transition> {
    let by_people = state.on.values().flatten().filter(|t| !t.by.is_empty());
    by_people.chain(&state.always).chain(state.after.iter().map(|a| &a.transition))
}

struct Walk<'m> {
    item: &'m Machine,
    merchant: Option<&'m Machine>,
}

impl Walk<'_> {
    fn spots(&self) -> BTreeSet<Spot> {
        let mut found = BTreeSet::new();
        let start = Spot { item: self.item.initial, merchant: None, units: Units::Reserved };
        let mut open = vec![self.entered(start, self.item.initial)];
        while let Some(spot) = open.pop() {
            if !found.insert(spot) {
                continue;
            }
            for transition in own_ways(&self.item.states[spot.item]) {
                open.extend(self.take(spot, Side::Item, transition, 0));
            }
            if let (Some(machine), Some(at)) = (self.merchant, spot.merchant) {
                for transition in own_ways(&machine.states[at]) {
                    open.extend(self.take(spot, Side::Merchant, transition, 0));
                }
            }
        }
        found
    }

    /// The item after it entered a state.
    fn entered(&self, spot: Spot, state: usize) -> Spot {
        let mut after = Spot { item: state, ..spot };
        for action in &self.item.states[state].entry {
            match action {
                Action::StockShip if after.units == Units::Reserved => after.units = Units::Shipped,
                Action::StockRelease if after.units == Units::Reserved => after.units = Units::Released,
                Action::SendToMerchant => after.merchant = self.merchant.map(|m| m.initial),
                Action::StockShip
                | Action::StockRelease
                | Action::StockCommit
                | Action::RefundItem
                | Action::RecordPayment => {}
            }
        }
        after
    }

    /// Where a transition leads: more than one place when an event that it sends can be taken in more than one way; none when it
    /// cannot be carried out.
    fn take(&self, spot: Spot, side: Side, transition: &Transition, depth: usize) -> Vec<Spot> {
        let mut spots = vec![match side {
            Side::Item => self.entered(spot, transition.target),
            Side::Merchant => Spot { merchant: Some(transition.target), ..spot },
        }];
        for send in &transition.send {
            spots = spots.into_iter().flat_map(|spot| self.deliver(spot, send, depth + 1)).collect();
        }
        spots
    }

    fn deliver(&self, spot: Spot, send: &Send, depth: usize) -> Vec<Spot> {
        let state = match send.to {
            Side::Item => Some(&self.item.states[spot.item]),
            Side::Merchant => self.merchant.zip(spot.merchant).map(|(machine, at)| &machine.states[at]),
        };
        let takers: Vec<&Transition> = state.and_then(|s| s.on.get(&send.event)).into_iter().flatten().collect();
        if depth > MAX_SENDS {
            return Vec::new();
        }
        let mut spots: Vec<Spot> = takers.iter().flat_map(|t| self.take(spot, send.to, t, depth)).collect();
        // A guard may hold every taker back; then an optional event is lost, and a required one refuses the whole command.
        if send.optional && takers.iter().all(|t| t.guard.is_some()) {
            spots.push(spot);
        }
        spots
    }
}

fn payments(machine: &Machine) -> BTreeSet<(usize, Money)> {
    let entered = |state: usize, money: Money| {
        let records = machine.states[state].entry.contains(&Action::RecordPayment);
        (state, if records { Money::Taken } else { money })
    };
    let mut found = BTreeSet::new();
    let mut open = vec![entered(machine.initial, Money::Nothing)];
    while let Some((at, money)) = open.pop() {
        if !found.insert((at, money)) {
            continue;
        }
        let state = &machine.states[at];
        match &state.invoke {
            Some(invoke) => {
                open.push(entered(invoke.done.target, after(invoke.effect, money)));
                open.push(entered(invoke.error.target, money));
            }
            None => open.extend(ways(state).map(|t| entered(t.target, money))),
        }
    }
    found
}

/// The money after an effect that succeeded.
fn after(effect: Effect, money: Money) -> Money {
    match effect {
        Effect::Authorise | Effect::Reauthorise => Money::Held,
        Effect::Charge | Effect::Capture => Money::Taken,
        Effect::Void if money == Money::Held => Money::Nothing,
        Effect::Refund if money == Money::Taken => Money::Returned,
        Effect::Void | Effect::Refund | Effect::Verify | Effect::CheckStock | Effect::Transfer | Effect::Reverse => {
            money
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::WorkflowSet;
    use super::*;

    fn joint(name: &str) -> (std::sync::Arc<Workflow>, Joint) {
        let set = WorkflowSet::shipped().expect("shipped");
        let workflow = set.get(name).expect("shipped").clone();
        let joint = Joint::of(&workflow, set.partner_of(&workflow).map(std::sync::Arc::as_ref));
        (workflow, joint)
    }

    #[test]
    fn units_follow_the_entry_actions() {
        let (workflow, joint) = joint("retail");
        let units = |state: &str| joint.units(workflow.item.index[state]).into_iter().collect::<Vec<_>>();
        assert_eq!(units("pending"), [Units::Reserved]);
        assert_eq!(units("processing"), [Units::Reserved]);
        assert_eq!(units("delivered"), [Units::Shipped]);
        assert_eq!(units("cancelled"), [Units::Shipped, Units::Released], "before and after shipping");
    }

    #[test]
    fn coupled_machines_move_together() {
        let (workflow, joint) = joint("marketplace-split");
        let set = WorkflowSet::shipped().expect("shipped");
        let merchant = &set.get("merchant").expect("shipped").item;
        let item = |state: &str| workflow.item.index[state];
        let at = |state: &str| Some(merchant.index[state]);
        assert!(joint.has(item("paid"), None, Units::Reserved));
        assert!(joint.has(item("sent_to_merchant"), at("new"), Units::Reserved));
        assert!(joint.has(item("closed"), at("closed"), Units::Shipped));
        assert!(!joint.has(item("sent_to_merchant"), None, Units::Reserved), "it is sent on entering");
        assert!(!joint.has(item("delivered"), at("new"), Units::Shipped));
    }

    #[test]
    fn money_follows_the_effects() {
        let (workflow, joint) = joint("made-to-order");
        let payment = workflow.payment.as_ref().expect("a payment");
        let money = |state: &str| joint.money(payment.index[state]).into_iter().collect::<Vec<_>>();
        assert_eq!(money("authorising"), [Money::Nothing]);
        assert_eq!(money("capturing"), [Money::Held]);
        assert_eq!(money("captured"), [Money::Taken, Money::Returned]);
        assert_eq!(money("voided"), [Money::Nothing]);
        assert_eq!(money("undone"), [Money::Returned]);
        assert_eq!(money("void_failed"), [Money::Held]);
    }

    #[test]
    fn every_shipped_state_ends() {
        for workflow in WorkflowSet::shipped().expect("shipped").iter() {
            for machine in [Some(&workflow.item), workflow.payment.as_ref()].into_iter().flatten() {
                assert_eq!(ends(machine).len(), machine.states.len(), "{}", workflow.name);
            }
        }
    }
}
