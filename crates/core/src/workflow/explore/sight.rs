//! What a joint state shows by itself: where units and money are, held against what the states promise.
//!
//! Whether a sight is a fault can depend on the way to it; that is `judge`'s.

use crate::audit;
use crate::order::{Item, OFFLINE, Order, RefundState, Reservation};
use crate::workflow::model::{Action, Effect, State, Transition};

use super::ground::Ground;

/// Something that a joint state shows, with the index of the state at which it stands: the item's, or the payment's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sight {
    /// Every machine is in a final state, and nothing is under way.
    Rest,
    /// Units were released, and the item's state still promises them.
    Gap(usize),
    /// The item's state says that units left which are still reserved.
    NotShipped(usize),
    /// Units of an item that is not off left, and its state does not say so.
    Unsaid(usize),
    /// The merchant's side of such an item does not say so.
    MerchantUnsaid(usize),
    /// The item is off, and the merchant's side, which is over, does not say so.
    MerchantNotOff(usize),
    /// All that was captured for the item went back: no fault by itself.
    GivenBack(usize),
    /// Not all of it did, or nothing was captured.
    NotGivenBack(usize),
    /// The payment waits for money from outside, and its state does not say so.
    Awaits(usize),
    /// The item may rest here, and its units are reserved.
    Reserves(usize),
    /// The units left before anything was captured for them.
    Unpaid(usize),
    /// The item is off, and money that was captured for it is not going back.
    Stranded(usize),
    /// The payment asks for money, or took it, although it has it.
    Again(usize),
    /// The payment's state says that nothing was taken, and something was.
    Denied(usize),
    /// The payment may rest here, and money is held at the provider.
    Holds(usize),
}

/// Everything that the order shows; `again` says that the step before it took money a second time.
pub(super) fn sights(ground: &Ground<'_>, order: &Order, again: bool) -> Vec<Sight> {
    let mut out = Vec::new();
    let busy = order.payment.effect.is_some() || order.refunds.iter().any(|r| r.state == RefundState::Pending);
    let is_final = ground.running(order).all(|(_, part, instance)| part.machine.states[part.at(instance)].is_final);
    if !busy && is_final {
        out.push(Sight::Rest);
    }
    for item in &order.items {
        let at = ground.item.at(&item.machine);
        let state = &ground.item.machine.states[at];
        of_item(item, at, state, busy, &mut out);
        if let Some((part, instance)) = ground.merchant.as_ref().zip(item.merchant.as_ref()) {
            let at = part.at(instance);
            of_merchant(item, state, at, &part.machine.states[at], &mut out);
        }
    }
    if let Some(part) = &ground.payment {
        let at = part.at(&order.payment);
        if again || asks_again(ground, order) {
            out.push(Sight::Again(at));
        }
        let state = &part.machine.states[at];
        let taken = order.captured() > order.refunding();
        let denied = ["failed", "expired", "payable", "awaiting"].iter().any(|tag| state.has(tag));
        if taken && !busy && !state.has("captured") && (denied || state.is_final) {
            out.push(Sight::Denied(at));
        }
        let offline = order.current_payment().is_some_and(|p| p.method == OFFLINE && p.captured == 0);
        let books = |t: &Transition| part.machine.states[t.target].entry.contains(&Action::RecordPayment);
        if offline && !state.has("awaiting") && state.on.values().flatten().any(books) {
            out.push(Sight::Awaits(at));
        }
        if state.is_final && !busy && audit::held(order) > 0 {
            out.push(Sight::Holds(at));
        }
    }
    out
}

/// Whether money is asked for that was taken already, even if it went back: the books are made for one capture.
fn asks_again(ground: &Ground<'_>, order: &Order) -> bool {
    let invoke = ground.payment.as_ref().and_then(|part| part.machine.states[part.at(&order.payment)].invoke.as_ref());
    let asks = invoke.is_some_and(|i| {
        matches!(i.effect, Effect::Authorise | Effect::Reauthorise | Effect::Charge | Effect::Capture)
    });
    asks && order.captured() > 0
}

fn of_item(item: &Item, at: usize, state: &State, busy: bool, out: &mut Vec<Sight>) {
    let is_off = state.has("cancelled") || state.has("refunded");
    match item.reservation {
        Reservation::Released if !is_off => out.push(Sight::Gap(at)),
        Reservation::Held | Reservation::Committed if state.is_final => out.push(Sight::Reserves(at)),
        Reservation::Held | Reservation::Committed if state.has("shipped") && !is_off => {
            out.push(Sight::NotShipped(at))
        }
        Reservation::Shipped if item.captured == 0 && item.due() > 0 => out.push(Sight::Unpaid(at)),
        Reservation::Released | Reservation::Held | Reservation::Committed | Reservation::Shipped => {}
    }
    let given_back = item.captured > 0 && item.refunded >= item.captured;
    out.push(if given_back { Sight::GivenBack(at) } else { Sight::NotGivenBack(at) });
    if item.reservation == Reservation::Shipped && !is_off && !state.has("shipped") {
        out.push(Sight::Unsaid(at));
    }
    if is_off && !busy && item.captured > item.refunding {
        out.push(Sight::Stranded(at));
    }
}

/// Where the merchant's side stands beside the item.
fn of_merchant(item: &Item, state: &State, at: usize, merchant: &State, out: &mut Vec<Sight>) {
    if state.has("cancelled") {
        // One that sent the goods all the same says what it did.
        if merchant.is_final && !merchant.has("cancelled") && !merchant.has("shipped") {
            out.push(Sight::MerchantNotOff(at));
        }
    } else if item.reservation == Reservation::Shipped && !merchant.has("shipped") {
        out.push(Sight::MerchantUnsaid(at));
    }
}
