//! How much a refund comes to: of each line goods and shipping, what is kept of it, and who bears what is for no line.
//!
//! Units are counted on from those before, so that unit by unit comes to the whole. An amount without lines is taken from what each line
//! has left; inside of a line the goods go first. All that is left ends every account of the order at zero, also of those who bore or kept.

use super::super::run::Run;
use super::super::shares::{Lines, bears};
use super::super::{RefundRequest, RefundRequestItem, Refusal};
use crate::id::ItemId;
use crate::money::allocate;
use crate::order::{Item, Order, PartyKind, PartyRef, Refund, RefundItem, RefundState, Reservation};
use crate::refunds::{Back, RefundTerms, RestockingFee, ShippingRule};

/// What a refund does, before it is known over which payments.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    pub items: Vec<RefundItem>,
    /// Account and amount: who bears (positive) and who keeps (negative).
    pub adjust: Lines,
    /// Units that came back.
    pub back: Vec<(ItemId, Back, i64)>,
}

impl Plan {
    /// What goes back to the customer.
    pub fn amount(&self) -> i64 {
        self.items.iter().map(RefundItem::value).sum::<i64>() + self.adjust.iter().map(|(_, a)| a).sum::<i64>()
    }

    /// Takes an amount of what goes back for the lines and lets somebody keep it.
    fn keep(&mut self, mut amount: i64, account: String) {
        add(&mut self.adjust, account, -amount);
        for part in self.items.iter_mut().rev() {
            let kept = amount.min(part.amount);
            part.amount -= kept;
            part.kept += kept;
            amount -= kept;
        }
    }
}

fn add(lines: &mut Lines, account: String, amount: i64) {
    match lines.iter_mut().find(|(known, _)| *known == account) {
        Some(line) => line.1 += amount,
        None => lines.push((account, amount)),
    }
}

/// What a line has left to give up.
struct Left {
    goods: i64,
    shipping: i64,
}

impl Left {
    fn of(order: &Order, item: &Item) -> Self {
        let sent: i64 =
            running(order).flat_map(|r| &r.items).filter(|p| p.item_id == item.id).map(|p| p.shipping).sum();
        let all = order.left_of(item);
        let shipping = (item.captured_shipping() - sent).clamp(0, all.max(0));
        Self { goods: all - shipping, shipping }
    }

    fn all(&self) -> i64 {
        self.goods + self.shipping
    }

    /// The shipping in an amount of the line: goods go first.
    fn shipping_in(&self, amount: i64) -> i64 {
        (amount - self.goods).max(0)
    }
}

fn running(order: &Order) -> impl Iterator<Item = &Refund> {
    order.refunds.iter().filter(|r| matches!(r.state, RefundState::Pending | RefundState::Succeeded))
}

/// Who has borne or kept something so far, and how much.
fn adjusted(order: &Order) -> Lines {
    let mut lines = Lines::new();
    for (account, amount) in running(order).flat_map(|r| &r.adjust) {
        add(&mut lines, account.clone(), *amount);
    }
    lines.retain(|(_, amount)| *amount != 0);
    lines
}

fn money_left(order: &Order) -> i64 {
    order.left()
}

fn too_large(order: &Order, left: i64) -> Refusal {
    Refusal::RefundTooLarge { available: order.currency.show(left.max(0)) }
}

fn invalid<T>(pointer: impl Into<String>, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Invalid { pointer: pointer.into(), message: message.into() })
}

fn positive(pointer: &str, amount: i64) -> Result<(), Refusal> {
    if amount >= 1 { Ok(()) } else { invalid(pointer, "must be at least 1 (minor units)") }
}

/// How much a wish comes to.
pub(super) fn measure(run: &Run<'_, '_>, request: &RefundRequest) -> Result<Plan, Refusal> {
    if let Some(amount) = request.amount {
        positive("/amount", amount)?;
    }
    if let Some(party) = &request.terms.goodwill {
        return goodwill(run, request, party);
    }
    match &request.items {
        Some(wanted) => items(run, request, wanted),
        None if request.terms.fee.is_some() => {
            invalid("/restockingFee", "name the `items` that came back; a fee is kept of what they cost")
        }
        None => whole(run, request.amount),
    }
}

/// Somebody bears it: no line gives anything up.
fn goodwill(run: &Run<'_, '_>, request: &RefundRequest, party: &PartyRef) -> Result<Plan, Refusal> {
    if request.items.is_some() || request.terms.fee.is_some() {
        return invalid("/items", "goodwill is for no item: leave `items` and `restockingFee` out, or `goodwill`");
    }
    let Some(amount) = request.amount else { return invalid("/amount", "say how much the goodwill is") };
    known_party(&run.order, party, "/borneBy")?;
    let left = money_left(&run.order);
    if amount > left {
        return Err(too_large(&run.order, left));
    }
    Ok(Plan { adjust: vec![(bears(party), amount)], ..Plan::default() })
}

/// Only the platform and who has a share of the order can bear or keep something.
fn known_party(order: &Order, party: &PartyRef, pointer: &str) -> Result<(), Refusal> {
    if party.kind == PartyKind::Platform || order.splits.iter().any(|s| s.party == *party) {
        return Ok(());
    }
    let known: Vec<String> = order.splits.iter().map(|s| format!("{} {}", s.party.kind.name(), s.party.id)).collect();
    invalid(pointer, format!("must be the platform or a party of this order: {}", known.join(", ")))
}

/// An amount of the whole order, or all that is left.
fn whole(run: &Run<'_, '_>, amount: Option<i64>) -> Result<Plan, Refusal> {
    let left = money_left(&run.order);
    let wanted = amount.unwrap_or(left);
    if wanted > left || left <= 0 {
        return Err(too_large(&run.order, left));
    }
    if wanted == left {
        return Ok(all_left(&run.order));
    }
    // Taken from what each line has left, so that every line's money is known at any time.
    let lefts: Vec<Left> = run.order.items.iter().map(|i| Left::of(&run.order, i)).collect();
    let weights: Vec<i64> = lefts.iter().map(Left::all).collect();
    let of_lines = wanted.min(weights.iter().sum());
    let mut plan = Plan::default();
    for ((item, left), amount) in run.order.items.iter().zip(&lefts).zip(allocate(of_lines, &weights)) {
        if amount > 0 {
            plan.items.push(part(item.id, None, amount, left.shipping_in(amount)));
        }
    }
    // Beyond the lines there is only what somebody has kept: that is waived.
    let mut waived = wanted - of_lines;
    for (account, kept) in adjusted(&run.order).into_iter().filter(|(_, a)| *a < 0) {
        let part = waived.min(-kept);
        if part > 0 {
            plan.adjust.push((account, part));
        }
        waived -= part;
    }
    Ok(plan)
}

fn part(item_id: ItemId, quantity: Option<i64>, amount: i64, shipping: i64) -> RefundItem {
    RefundItem { item_id, quantity, amount, shipping, kept: 0 }
}

/// Everything: what lines have left is given up, who bore something gets it again, who kept something gives it.
fn all_left(order: &Order) -> Plan {
    let mut plan = Plan::default();
    for item in &order.items {
        let left = Left::of(order, item);
        if left.all() > 0 {
            plan.items.push(part(item.id, None, left.all(), left.shipping));
        }
    }
    close(order, &mut plan);
    plan
}

/// The last of every line and of the money: who bore something gets it again, who kept something gives it, and nobody is left with more or
/// less than nothing.
fn close(order: &Order, plan: &mut Plan) {
    let given_up = |item: &Item| plan.items.iter().filter(|p| p.item_id == item.id).map(RefundItem::value).sum::<i64>();
    let last = order.items.iter().all(|item| order.left_of(item) == given_up(item));
    if !last {
        return;
    }
    for part in &mut plan.items {
        part.amount += std::mem::take(&mut part.kept);
    }
    plan.adjust.clear();
    for (account, amount) in adjusted(order) {
        match amount {
            ..=0 => add(&mut plan.adjust, account, -amount),
            _ => plan.keep(amount, account),
        }
    }
}

/// What is left of some lines, as much of it as has not gone back as goodwill.
pub(super) fn of_lines(run: &Run<'_, '_>, wanted: impl Fn(&Item) -> bool) -> Plan {
    let mut plan = Plan::default();
    for item in run.order.items.iter().filter(|i| wanted(i) && run.order.left_of(i) > 0) {
        let left = Left::of(&run.order, item);
        plan.items.push(part(item.id, Some(item.quantity), left.all(), left.shipping));
    }
    reimburse(&run.order, &mut plan);
    if plan.amount() == money_left(&run.order) {
        close(&run.order, &mut plan);
    }
    plan
}

/// Goodwill that was given before is part of what the lines give up: it goes back to who bore it, and the rest to the customer.
fn reimburse(order: &Order, plan: &mut Plan) {
    let mut over = plan.amount() - money_left(order);
    for (account, borne) in adjusted(order).into_iter().filter(|(_, a)| *a > 0) {
        let part = over.min(borne);
        if part > 0 {
            plan.keep(part, account);
            over -= part;
        }
    }
}

/// How many units of the line were refunded as units, or are on their way.
fn units_refunded(order: &Order, item: ItemId) -> i64 {
    running(order).flat_map(|r| &r.items).filter(|i| i.item_id == item).filter_map(|i| i.quantity).sum()
}

/// Lines, by units or amounts.
fn items(run: &Run<'_, '_>, request: &RefundRequest, wanted: &[RefundRequestItem]) -> Result<Plan, Refusal> {
    if wanted.is_empty() {
        return invalid("/items", "name at least one item, or leave `items` out");
    }
    let order = &run.order;
    let rule = request.terms.shipping.unwrap_or(request.terms.policy.shipping);
    let mut plan = Plan::default();
    for (n, wish) in wanted.iter().enumerate() {
        let item = order.item(wish.item).ok_or(Refusal::UnknownItem)?;
        if plan.items.iter().any(|i| i.item_id == wish.item) {
            return invalid(format!("/items/{n}/itemId"), "this item is named twice");
        }
        if wish.quantity.is_some_and(|q| q < 1 || q > item.quantity) {
            return invalid(format!("/items/{n}/quantity"), format!("must be between 1 and {}", item.quantity));
        }
        let left = Left::of(order, item);
        let (amount, shipping) = match (wish.amount, wish.quantity) {
            (Some(amount), _) => {
                positive(&format!("/items/{n}/amount"), amount)?;
                (amount, left.shipping_in(amount))
            }
            (None, Some(quantity)) => {
                units(order, item, quantity, rule, &left).ok_or_else(|| too_large(order, left.all()))?
            }
            (None, None) if rule == ShippingRule::Always => (left.all(), left.shipping),
            (None, None) => (left.goods, 0),
        };
        if amount > left.all() || amount == 0 {
            return Err(too_large(order, left.all()));
        }
        plan.items.push(part(wish.item, wish.quantity, amount, shipping));
    }
    for (n, wish) in wanted.iter().enumerate() {
        if let Some((_, back)) = request.terms.back.iter().find(|(item, _)| *item == wish.item) {
            plan.back.push(
                came_back(order, wish, *back)
                    .map_err(|message| Refusal::Invalid { pointer: format!("/items/{n}/restock"), message })?,
            );
        }
    }
    if rule == ShippingRule::LastUnit {
        last_shipping(order, &mut plan);
    }
    keep_fee(order, &request.terms, wanted, &mut plan)?;
    let (amount, left) = (plan.amount(), money_left(order));
    if request.amount.is_some_and(|said| said != amount) {
        return invalid("/amount", format!("must be the sum of the items' amounts, {amount}, or be left out"));
    }
    if amount > left {
        if request.amount.is_some() || wanted.iter().any(|w| w.amount.is_some()) {
            return Err(too_large(order, left));
        }
        reimburse(order, &mut plan);
    }
    if plan.amount() < 1 || plan.amount() > left {
        return Err(too_large(order, left));
    }
    if plan.amount() == left {
        close(order, &mut plan);
    }
    Ok(plan)
}

/// What some units come to, and the shipping in it; `None` when there are not so many left.
fn units(order: &Order, item: &Item, units: i64, rule: ShippingRule, left: &Left) -> Option<(i64, i64)> {
    let before = units_refunded(order, item.id);
    if before + units > item.quantity {
        return None;
    }
    let last = before + units == item.quantity;
    let of = |whole: i64| {
        let upto = |units: i64| allocate(whole, &[units, item.quantity - units])[0];
        upto(before + units) - upto(before)
    };
    if rule != ShippingRule::Always {
        let goods = item.captured - item.captured_shipping();
        let amount = if last { left.goods } else { of(goods) };
        // After amounts that were given back a unit may cost more than the goods have left: the rest of it is shipping.
        return Some((amount, left.shipping_in(amount)));
    }
    let amount = if last { left.all() } else { of(item.captured) };
    let shipping = of(item.captured_shipping()).min(left.shipping).min(amount).max(left.shipping_in(amount));
    Some((amount, if last { left.shipping } else { shipping }))
}

/// The refund that takes the last goods of the order takes the shipping with it.
fn last_shipping(order: &Order, plan: &mut Plan) {
    let goods_after = |item: &Item| {
        let now = plan.items.iter().find(|p| p.item_id == item.id).map_or(0, |p| p.value() - p.shipping);
        Left::of(order, item).goods - now
    };
    if order.items.iter().any(|item| goods_after(item) > 0) {
        return;
    }
    for item in &order.items {
        let left = Left::of(order, item).shipping;
        match plan.items.iter_mut().find(|p| p.item_id == item.id) {
            Some(known) => {
                let more = left - known.shipping;
                known.amount += more;
                known.shipping += more;
            }
            None if left > 0 => plan.items.push(part(item.id, None, left, left)),
            None => {}
        }
    }
}

/// What is kept of goods that came back: as the refund says, or as the shop does with what it had sent.
fn keep_fee(order: &Order, terms: &RefundTerms, wanted: &[RefundRequestItem], plan: &mut Plan) -> Result<(), Refusal> {
    let said = terms.fee.as_ref();
    let policy = terms.policy.restocking_fee.map(|points| RestockingFee {
        basis_points: Some(points),
        amount: None,
        party: None,
    });
    let Some(fee) = said.or(policy.as_ref()) else { return Ok(()) };
    let named = |p: &RefundItem| wanted.iter().find(|w| w.item == p.item_id);
    let bears_fee = |p: &RefundItem| {
        let sent = order.item(p.item_id).is_some_and(|i| i.reservation == Reservation::Shipped);
        named(p).is_some_and(|w| said.is_some() || (w.amount.is_none() && sent))
    };
    let goods: Vec<i64> =
        plan.items.iter().map(|p| if bears_fee(p) { p.amount - p.shipping } else { 0 }).map(|g| g.max(0)).collect();
    let fees = match (fee.basis_points, fee.amount) {
        (Some(points), None) if (0..=10_000).contains(&points) => {
            goods.iter().map(|g| allocate(*g, &[points, 10_000 - points])[0]).collect::<Vec<_>>()
        }
        (Some(_), None) => return invalid("/restockingFee/basisPoints", "must be between 0 and 10000"),
        (None, Some(amount)) if (0..=goods.iter().sum()).contains(&amount) => allocate(amount, &goods),
        (None, Some(_)) => {
            let most = order.currency.show(goods.iter().sum());
            return invalid("/restockingFee/amount", format!("must be between 0 and what the goods cost, {most}"));
        }
        _ => return invalid("/restockingFee", "give either `basisPoints` or `amount`"),
    };
    if let Some(party) = &fee.party {
        known_party(order, party, "/restockingFee/party")?;
    }
    for (p, fee_of_line) in plan.items.iter_mut().zip(fees).filter(|(_, fee)| *fee > 0) {
        let item = order.item(p.item_id).ok_or(Refusal::UnknownItem)?;
        let keeper = fee.party.clone().or_else(|| seller(item));
        let account = keeper.map_or_else(|| bears(&super::super::shares::platform()), |k| k.account());
        p.amount -= fee_of_line;
        p.kept += fee_of_line;
        add(&mut plan.adjust, account, -fee_of_line);
    }
    Ok(())
}

/// Who sells the line: its merchant or supplier; who has the first share where there is none.
fn seller(item: &Item) -> Option<PartyRef> {
    let sells = |kind| matches!(kind, PartyKind::Merchant | PartyKind::Supplier);
    let found = item.shares.iter().find(|s| sells(s.party.kind)).or(item.shares.first());
    found.map(|s| s.party.clone())
}

/// Units that came back: they must have been sent.
fn came_back(order: &Order, wish: &RefundRequestItem, back: Back) -> Result<(ItemId, Back, i64), String> {
    let item = order.item(wish.item).ok_or("there is no such item")?;
    let out = item.quantity - item.restocked - item.written_off;
    if item.reservation != Reservation::Shipped {
        return Err("only units that were sent can come back; cancel the item to give its units free".to_owned());
    }
    let units = wish.quantity.unwrap_or(out);
    if units < 1 || units > out {
        return Err(format!("{out} units of this item are out; the others came back already"));
    }
    Ok((wish.item, back, units))
}

/// What was asked for before, measured against what is left now.
pub(super) fn again(run: &Run<'_, '_>, asked: &Refund, terms: &RefundTerms) -> Result<Plan, Refusal> {
    let order = &run.order;
    if !asked.by_item {
        let wish = RefundRequest { amount: Some(asked.amount), terms: terms.clone(), ..RefundRequest::default() };
        return measure(run, &wish);
    }
    let mut plan = Plan { items: asked.items.clone(), adjust: asked.adjust.clone(), back: Vec::new() };
    for part in &mut plan.items {
        let item = order.item(part.item_id).ok_or(Refusal::UnknownItem)?;
        let left = Left::of(order, item);
        let before = units_refunded(order, item.id);
        if part.value() > left.all() || part.quantity.is_some_and(|q| before + q > item.quantity) {
            return Err(too_large(order, left.all()));
        }
        part.shipping = part.shipping.min(left.shipping).max(left.shipping_in(part.value()));
    }
    for (id, back) in &terms.back {
        let quantity = plan.items.iter().find(|p| p.item_id == *id).and_then(|p| p.quantity);
        let wish = RefundRequestItem { item: *id, quantity, amount: None };
        // What came back otherwise meanwhile is not put back twice.
        plan.back.extend(came_back(order, &wish, *back));
    }
    let left = money_left(order);
    if plan.amount() > left || plan.amount() < 1 { Err(too_large(order, left)) } else { Ok(plan) }
}
