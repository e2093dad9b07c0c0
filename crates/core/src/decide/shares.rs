//! Who gets what was captured, and who gives back what is refunded.
//!
//! Lines of the same parties in the same proportions are one pool, whatever lines later split into. A refund is paid by the parties of
//! the lines that it is for, each in proportion to its share, and cumulatively, so that refunds in any order end exactly at the shares.

use crate::money::{allocate, allocate_refund, allocate_return};
use crate::order::{Order, Pool, RefundItem, Split};

/// Shares out what was captured: pools by lines, splits by parties.
pub(super) fn share_out(order: &mut Order) {
    let mut pools: Vec<(Pool, i64)> = Vec::new();
    for item in order.items.iter().filter(|i| i.captured > 0) {
        match pools.iter_mut().find(|(p, _)| p.shares == item.shares) {
            Some((_, sum)) => *sum += item.captured,
            None => {
                let nothing = vec![0; item.shares.len()];
                let pool = Pool { shares: item.shares.clone(), amounts: nothing.clone(), refunded: nothing };
                pools.push((pool, item.captured));
            }
        }
    }
    let mut splits: Vec<Split> = Vec::new();
    for (pool, sum) in &mut pools {
        pool.amounts = allocate(*sum, &pool.shares.iter().map(|s| s.basis_points).collect::<Vec<_>>());
        for (share, &amount) in pool.shares.iter().zip(&pool.amounts) {
            match splits.iter_mut().find(|s| s.party == share.party) {
                Some(split) => split.amount += amount,
                None => splits.push(Split { party: share.party.clone(), amount, refunded: 0 }),
            }
        }
    }
    order.pools = pools.into_iter().map(|(pool, _)| pool).collect();
    order.splits = splits;
}

/// Takes what was refunded for lines from their parties; gives each party's account and what it gave.
pub(super) fn take_back(order: &mut Order, parts: &[RefundItem]) -> Vec<(String, i64)> {
    let mut lines: Vec<(String, i64)> = Vec::new();
    for pool in &mut order.pools {
        let of_pool = |part: &&RefundItem| order.items.iter().any(|i| i.id == part.item_id && i.shares == pool.shares);
        let amount: i64 = parts.iter().filter(of_pool).map(|p| p.amount).sum();
        let given = allocate_refund(amount, &pool.amounts, &pool.refunded);
        for ((share, refunded), part) in pool.shares.iter().zip(&mut pool.refunded).zip(given) {
            *refunded += part;
            if let Some(split) = order.splits.iter_mut().find(|s| s.party == share.party) {
                split.refunded += part;
            }
            match lines.iter_mut().find(|(account, _)| *account == share.party.account()) {
                Some(line) => line.1 += part,
                None => lines.push((share.party.account(), part)),
            }
        }
    }
    lines
}

/// Gives what had been taken back for lines to their parties again; gives each party's account and what it got. What stays taken is
/// again the cumulative allocation of what stays refunded, so refunds after it still end exactly at the shares.
pub(super) fn give_back(order: &mut Order, parts: &[RefundItem]) -> Vec<(String, i64)> {
    let mut lines: Vec<(String, i64)> = Vec::new();
    for pool in &mut order.pools {
        let of_pool = |part: &&RefundItem| order.items.iter().any(|i| i.id == part.item_id && i.shares == pool.shares);
        let amount: i64 = parts.iter().filter(of_pool).map(|p| p.amount).sum();
        let given = allocate_return(amount, &pool.amounts, &pool.refunded);
        for ((share, refunded), part) in pool.shares.iter().zip(&mut pool.refunded).zip(given) {
            *refunded -= part;
            if let Some(split) = order.splits.iter_mut().find(|s| s.party == share.party) {
                split.refunded -= part;
            }
            match lines.iter_mut().find(|(account, _)| *account == share.party.account()) {
                Some(line) => line.1 += part,
                None => lines.push((share.party.account(), part)),
            }
        }
    }
    lines
}
