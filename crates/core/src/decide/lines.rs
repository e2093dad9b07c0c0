//! A line that an event takes in part becomes two: sums stay exact, and what was said of the line follows its units.

use super::run::{Before, Run};
use crate::id::ItemId;
use crate::money::allocate;
use crate::order::{Item, RefundItem, RefundState, ShipmentItem};

impl Run<'_, '_> {
    /// Splits `quantity` units off a line into a line of their own, which is returned; the remainder keeps the id.
    pub fn split_line(&mut self, index: usize, quantity: i64) -> usize {
        let id = ItemId(self.next_id());
        let rest = &mut self.order.items[index];
        let mut part = rest.clone();
        part.id = id;
        part.created_at = self.now;
        part.agreement = rest.agreement.as_mut().map(|a| a.divide(quantity, rest.quantity));
        divide_price(rest, &mut part, quantity);
        divide_returned(rest, &mut part);
        let (old, captured) = (rest.id, [part.captured, rest.captured]);
        let units = [part.quantity, rest.quantity];
        self.divide_refunds(old, id, units, captured);
        let sum = |item: ItemId, pending: bool| -> i64 {
            let counts = |s| s == RefundState::Succeeded || (pending && s == RefundState::Pending);
            let refunds = self.order.refunds.iter().filter(|r| counts(r.state)).flat_map(|r| &r.items);
            refunds.filter(|i| i.item_id == item).map(RefundItem::value).sum()
        };
        (part.refunded, part.refunding) = (sum(id, false), sum(id, true));
        let (refunded, refunding) = (sum(old, false), sum(old, true));
        let rest = &mut self.order.items[index];
        (rest.refunded, rest.refunding) = (refunded, refunding);
        self.divide_parcels(old, id, units[1]);
        let before = self.before.iter().find(|b| b.item == old).cloned();
        self.before.extend(before.map(|b| Before { item: id, ..b }));
        self.add_item(id);
        self.splits.push((old, id));
        self.order.items.insert(index + 1, part);
        index + 1
    }

    /// Refunds of the line go with the money of its parts. Each is divided by the running sum, so that no part is given more back than
    /// was captured for it: first what went back, then what is on its way; what is only asked for is bounded when it is granted.
    fn divide_refunds(&mut self, old: ItemId, new: ItemId, quantities: [i64; 2], captured: [i64; 2]) {
        let weights = if captured == [0, 0] { quantities } else { captured };
        let mut so_far = 0;
        for state in [RefundState::Succeeded, RefundState::Pending, RefundState::Requested] {
            if state == RefundState::Requested {
                so_far = 0;
            }
            for refund in self.order.refunds.iter_mut().filter(|r| r.state == state) {
                let Some(at) = refund.items.iter().position(|i| i.item_id == old) else { continue };
                let rest = &mut refund.items[at];
                let whole = rest.clone();
                let value = allocate(so_far + whole.value(), &weights)[0] - allocate(so_far, &weights)[0];
                so_far += whole.value();
                let values = [value, whole.value() - value];
                // What is kept, and what of it is shipping, go with what is given up of each part.
                let kept = if values == [0, 0] { 0 } else { allocate(whole.kept, &values)[0] };
                let shipping = if values == [0, 0] { 0 } else { allocate(whole.shipping, &values)[0] };
                let of_all = whole.quantity == Some(quantities[0] + quantities[1]);
                let part = RefundItem {
                    item_id: new,
                    quantity: of_all.then_some(quantities[0]),
                    amount: value - kept,
                    shipping,
                    kept,
                };
                rest.amount = whole.amount - part.amount;
                rest.kept = whole.kept - kept;
                rest.shipping = whole.shipping - shipping;
                rest.quantity = of_all.then_some(quantities[1]);
                refund.items.insert(at + 1, part);
                refund.items.retain(|i| i.value() > 0);
            }
            if state == RefundState::Pending {
                self.divide_chargebacks(old, new, &weights, &mut so_far);
            }
        }
    }

    /// What banks took for the line goes with its parts in the same way, after what was refunded.
    fn divide_chargebacks(&mut self, old: ItemId, new: ItemId, weights: &[i64; 2], so_far: &mut i64) {
        for taken in self.order.disputes.iter_mut().filter_map(|d| d.chargeback.as_mut()) {
            let Some(at) = taken.parts.iter().position(|i| i.item_id == old) else { continue };
            let rest = &mut taken.parts[at];
            let amount = allocate(*so_far + rest.amount, weights)[0] - allocate(*so_far, weights)[0];
            *so_far += rest.amount;
            rest.amount -= amount;
            taken.parts.insert(at + 1, RefundItem { item_id: new, quantity: None, amount, shipping: 0, kept: 0 });
            taken.parts.retain(|i| i.amount > 0);
        }
    }

    /// Units of the line that are in a parcel and no longer in the remainder are the new line's.
    fn divide_parcels(&mut self, old: ItemId, new: ItemId, left: i64) {
        for parcel in &mut self.order.shipments {
            let Some(at) = parcel.items.iter().position(|i| i.item_id == old && i.quantity > left) else { continue };
            let moved = ShipmentItem { item_id: new, quantity: parcel.items[at].quantity - left };
            parcel.items[at].quantity = left;
            parcel.items.insert(at + 1, moved);
        }
    }
}

/// Units that came back stay with the remainder, as far as it has so many.
fn divide_returned(rest: &mut Item, part: &mut Item) {
    let restocked = rest.restocked.min(rest.quantity);
    let written_off = rest.written_off.min(rest.quantity - restocked);
    (part.restocked, part.written_off) = (rest.restocked - restocked, rest.written_off - written_off);
    (rest.restocked, rest.written_off) = (restocked, written_off);
}

/// Divides what the line costs. The totals follow from their parts, so that their identity holds for both lines.
fn divide_price(rest: &mut Item, part: &mut Item, quantity: i64) {
    let inclusive = rest.total == rest.price * rest.quantity - rest.discount_amount;
    let units = [quantity, rest.quantity - quantity];
    let divide = |whole: &mut i64, part: &mut i64, weights: &[i64; 2]| {
        let parts = allocate(*whole, weights);
        (*part, *whole) = (parts[0], parts[1]);
    };
    divide(&mut rest.gst_amount, &mut part.gst_amount, &units);
    divide(&mut rest.discount_amount, &mut part.discount_amount, &units);
    (part.quantity, rest.quantity) = (units[0], units[1]);
    let total = rest.total;
    part.total = part.price * part.quantity - part.discount_amount + if inclusive { 0 } else { part.gst_amount };
    rest.total = total - part.total;
    // By what the parts cost, as at placement: a part that costs nothing has no share of a negative rounding to carry.
    let totals = [part.total, rest.total];
    divide(&mut rest.shipping_share, &mut part.shipping_share, if totals == [0, 0] { &units } else { &totals });
    if rest.captured > 0 {
        (rest.captured, part.captured) = (rest.due(), part.due());
    }
}
