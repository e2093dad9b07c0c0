//! What a joint state shows by itself: where units and money are, held against what the states promise.
//!
//! Whether a sight is a fault can depend on the way to it; that is `judge`'s.

use crate::audit;
use crate::order::{Item, Order, RefundState, Reservation};
use crate::workflow::model::State;

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
    /// The item may rest here, and its units are reserved.
    Reserves(usize),
    /// The units left before anything was captured for them.
    Unpaid(usize),
    /// The item is off, and money that was captured for it is not going back.
    Stranded(usize),
    /// The payment's state says that nothing was taken, and something was.
    Denied(usize),
    /// The payment may rest here, and money is held at the provider.
    Holds(usize),
}

/// Everything that the order shows.
pub(super) fn sights(ground: &Ground<'_>, order: &Order) -> Vec<Sight> {
    let mut out = Vec::new();
    let busy = order.payment.effect.is_some() || order.refunds.iter().any(|r| r.state == RefundState::Pending);
    let is_final = ground.running(order).all(|(_, part, instance)| part.machine.states[part.at(instance)].is_final);
    if !busy && is_final {
        out.push(Sight::Rest);
    }
    for item in &order.items {
        let at = ground.item.at(&item.machine);
        of_item(item, at, &ground.item.machine.states[at], busy, &mut out);
    }
    if let Some(part) = &ground.payment {
        let at = part.at(&order.payment);
        let state = &part.machine.states[at];
        let taken = order.captured() > order.refunding();
        let denied = ["failed", "expired", "payable", "awaiting"].iter().any(|tag| state.has(tag));
        if taken && !busy && !state.has("captured") && (denied || state.is_final) {
            out.push(Sight::Denied(at));
        }
        if state.is_final && !busy && audit::held(order) > 0 {
            out.push(Sight::Holds(at));
        }
    }
    out
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
    if is_off && !busy && item.captured > item.refunding {
        out.push(Sight::Stranded(at));
    }
}
