//! Who gets what was captured, and who gives back what is refunded.
//!
//! Lines of the same parties in the same proportions are one pool, whatever lines later split into; a line with terms of its own is a pool
//! of its own, and its shipping is another one where that goes to somebody else. A refund is paid by the parties of the lines that it is for,
//! each in proportion to what it got of them, and cumulatively, so that refunds in any order end exactly at the amounts.

use crate::id::ItemId;
use crate::ledger::Account;
use crate::money::{allocate, allocate_refund};
use crate::order::{Item, Order, PartyKind, PartyRef, Pool, RefundItem, Share, Split, Taken};

/// Accounts and amounts.
pub(super) type Lines = Vec<(String, i64)>;

/// The platform, as a party.
pub(super) fn platform() -> PartyRef {
    PartyRef { kind: PartyKind::Platform, id: "platform".to_owned() }
}

/// The account of what a party bears beside its shares: goodwill of the platform is an expense of its own.
pub(super) fn bears(party: &PartyRef) -> String {
    match party.kind {
        PartyKind::Platform => Account::DiscountsBorne.to_string(),
        _ => party.account(),
    }
}

/// The account that a share of a pool is booked on.
fn account_of(pool: &Pool, share: usize) -> String {
    if pool.tax == Some(share) { Account::Tax.to_string() } else { pool.shares[share].party.account() }
}

/// Whose split an account counts to: tax on the commission and what the platform bears are the platform's.
fn party_of(account: &str) -> PartyRef {
    Account::parse(account).and_then(|a| a.party().cloned()).unwrap_or_else(platform)
}

fn add(lines: &mut Lines, account: String, amount: i64) {
    match lines.iter_mut().find(|(known, _)| *known == account) {
        Some(line) => line.1 += amount,
        None => lines.push((account, amount)),
    }
}

fn split_of<'a>(splits: &'a mut Vec<Split>, party: &PartyRef) -> &'a mut Split {
    let at = splits.iter().position(|s| s.party == *party).unwrap_or_else(|| {
        splits.push(Split { party: party.clone(), amount: 0, refunded: 0 });
        splits.len() - 1
    });
    &mut splits[at]
}

/// Shares out what was captured: pools by lines, splits by parties. Gives the postings' lines: what each account gets, credits negative.
pub(super) fn share_out(order: &mut Order) -> Lines {
    let mut pools: Vec<(Pool, i64)> = Vec::new();
    for item in order.items.iter_mut().filter(|i| i.captured > 0) {
        if let Some(own) = own_pools(item) {
            item.pool = Some(item.id);
            pools.extend(own.into_iter().map(|pool| (pool, 0)));
            continue;
        }
        match pools.iter_mut().find(|(p, _)| p.line.is_none() && p.shares == item.shares) {
            Some((_, sum)) => *sum += item.captured,
            None => pools.push((pool(item.shares.clone(), Vec::new(), None), item.captured)),
        }
    }
    let mut splits: Vec<Split> = Vec::new();
    let mut lines = Lines::new();
    for (pool, sum) in &mut pools {
        if pool.line.is_none() {
            pool.amounts = allocate(*sum, &pool.shares.iter().map(|s| s.basis_points).collect::<Vec<_>>());
            pool.refunded = vec![0; pool.amounts.len()];
        }
        for (n, &amount) in pool.amounts.iter().enumerate() {
            split_of(&mut splits, &pool.shares[n].party).amount += amount;
            add(&mut lines, account_of(pool, n), -amount);
        }
        if pool.subsidy > 0 {
            split_of(&mut splits, &platform()).amount -= pool.subsidy;
            add(&mut lines, Account::DiscountsBorne.to_string(), pool.subsidy);
        }
    }
    order.pools = pools.into_iter().map(|(pool, _)| pool).collect();
    order.splits = splits;
    lines
}

fn pool(shares: Vec<Share>, amounts: Vec<i64>, line: Option<ItemId>) -> Pool {
    let refunded = vec![0; shares.len()];
    Pool { shares, amounts, refunded, line, shipping: false, tax: None, subsidy: 0, subsidy_back: 0 }
}

/// The pools of a line with terms of its own.
fn own_pools(item: &Item) -> Option<Vec<Pool>> {
    let agreement = item.agreement.as_ref().filter(|a| !a.is_plain())?;
    let shipping = agreement.shipping_to.as_ref().map_or(0, |_| item.captured_shipping());
    let shared = agreement.share(&item.shares, item.captured - shipping, item.discount_amount);
    let mut goods = pool(item.shares.clone(), shared.amounts, Some(item.id));
    if shared.tax > 0 {
        goods.tax = Some(goods.shares.len());
        goods.shares.push(Share { party: platform(), basis_points: 0 });
        goods.amounts.push(shared.tax);
        goods.refunded.push(0);
    }
    goods.subsidy = shared.subsidy;
    let mut pools = vec![goods];
    if let Some(party) = agreement.shipping_to.as_ref().filter(|_| shipping > 0) {
        let share = Share { party: party.clone(), basis_points: 10_000 };
        pools.push(Pool { shipping: true, ..pool(vec![share], vec![shipping], Some(item.id)) });
    }
    Some(pools)
}

impl Pool {
    /// What was captured for its lines.
    fn captured(&self) -> i64 {
        self.amounts.iter().sum::<i64>() - self.subsidy
    }

    /// What of that was given up by refunds.
    fn given_up(&self) -> i64 {
        self.refunded.iter().sum::<i64>() - self.subsidy_back
    }

    /// Whether the customer paid nothing for it, and its parties have what the platform added.
    fn is_paid_by_platform(&self) -> bool {
        self.captured() == 0 && self.subsidy_back < self.subsidy
    }

    /// Whether the line is one of it.
    pub(crate) fn has(&self, item: &Item) -> bool {
        match self.line {
            Some(line) => item.pool == Some(line),
            None => item.pool.is_none() && item.shares == self.shares,
        }
    }

    /// How much of what the platform added comes back with so much of what was captured.
    fn subsidy_of(&self, given_up: i64) -> i64 {
        match self.captured() {
            0 => self.subsidy,
            captured => (i128::from(self.subsidy) * i128::from(given_up) / i128::from(captured)) as i64,
        }
    }
}

/// Takes what is given up of lines from their parties, and what is adjusted from whom it concerns. Gives what each account gives, and what
/// it was of which pool.
pub(super) fn take(order: &mut Order, parts: &[RefundItem], adjust: &Lines) -> (Lines, Vec<Taken>) {
    let values = by_pool(order, parts);
    // What the platform paid for alone brought no money that could go back: it is given up with the last of the order.
    let is_last = order.pools.iter().zip(&values).all(|(pool, value)| pool.given_up() + value == pool.captured());
    let is_taken = |at: usize, value: i64| value != 0 || (is_last && order.pools[at].is_paid_by_platform());
    let values: Vec<(usize, i64)> = values.into_iter().enumerate().filter(|&(at, value)| is_taken(at, value)).collect();
    let mut lines = Lines::new();
    let mut taken = Vec::new();
    for (at, value) in values {
        let pool = &order.pools[at];
        let subsidy = (pool.subsidy_of(pool.given_up() + value) - pool.subsidy_back).max(0);
        let parts = allocate_refund(value + subsidy, &pool.amounts, &pool.refunded);
        taken.push(Taken { pool: at, parts, subsidy });
    }
    for part in &taken {
        book(order, part, 1, &mut lines);
    }
    for (account, amount) in adjust {
        split_of(&mut order.splits, &party_of(account)).refunded += amount;
        add(&mut lines, account.clone(), *amount);
    }
    (lines, taken)
}

/// Gives exactly what was taken back again.
pub(super) fn give_back(order: &mut Order, taken: &[Taken], adjust: &Lines) -> Lines {
    let mut lines = Lines::new();
    for part in taken {
        book(order, part, -1, &mut lines);
    }
    for (account, amount) in adjust {
        split_of(&mut order.splits, &party_of(account)).refunded -= amount;
        add(&mut lines, account.clone(), -amount);
    }
    lines
}

fn book(order: &mut Order, taken: &Taken, sign: i64, lines: &mut Lines) {
    let Some(pool) = order.pools.get_mut(taken.pool) else { return };
    for (n, part) in taken.parts.iter().enumerate().filter(|(_, part)| **part != 0) {
        pool.refunded[n] += sign * part;
        split_of(&mut order.splits, &pool.shares[n].party).refunded += sign * part;
        add(lines, account_of(pool, n), sign * part);
    }
    if taken.subsidy != 0 {
        pool.subsidy_back += sign * taken.subsidy;
        split_of(&mut order.splits, &platform()).refunded -= sign * taken.subsidy;
        add(lines, Account::DiscountsBorne.to_string(), -sign * taken.subsidy);
    }
}

/// How much is given up of each pool. A line's shipping is of its own pool where it has one, as far as both have so much left.
fn by_pool(order: &Order, parts: &[RefundItem]) -> Vec<i64> {
    let mut values = vec![0; order.pools.len()];
    for part in parts {
        let Some(item) = order.item(part.item_id) else { continue };
        let find = |shipping: bool| order.pools.iter().position(|p| p.shipping == shipping && p.has(item));
        let left = |at: usize, values: &[i64]| order.pools[at].captured() - order.pools[at].given_up() - values[at];
        let Some(goods) = find(false) else { continue };
        let shipping = match find(true) {
            Some(at) => {
                let sent = part.shipping.min(left(at, &values)).max(part.value() - left(goods, &values));
                values[at] += sent;
                sent
            }
            None => 0,
        };
        values[goods] += part.value() - shipping;
    }
    values
}

/// What parties bear of a fee that the provider kept for taking the money: each line's part of it by what was captured for the line.
pub(super) fn fees(order: &Order, fee: i64) -> Lines {
    let captured: Vec<&Item> = order.items.iter().filter(|i| i.captured > 0).collect();
    let weights: Vec<i64> = captured.iter().map(|i| i.captured).collect();
    let mut lines = Lines::new();
    for (item, part) in captured.iter().zip(allocate(fee, &weights)) {
        let by = item.agreement.as_ref().and_then(|a| a.fees_by.as_ref());
        if let (Some(party), true) = (by, part > 0) {
            add(&mut lines, party.account(), part);
        }
    }
    lines
}
