//! Positions and kept counters.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{
    engine::{Dice, Place, id},
    shop::*,
};
use orderwright::store::*;

const STATUSES: [&str; 3] = ["placed", "shipped", "delivered"];
const CHANNELS: [&str; 2] = ["blinds", "retail"];

pub async fn positions_are_dense_and_per_order_by_version(place: Place) {
    let stores = [place.open().await, place.open_beside().await];
    let stop = Arc::new(AtomicBool::new(false));
    // Two sequencers at once, while others commit.
    let sequencers: Vec<_> = stores
        .iter()
        .map(|store| {
            let (store, stop) = (store.clone(), stop.clone());
            tokio::spawn(async move {
                let mut numbered = 0;
                while !stop.load(Ordering::Relaxed) {
                    numbered += store.sequence(17).await.expect("sequenced");
                    tokio::task::yield_now().await;
                }
                numbered
            })
        })
        .collect();
    let writers: Vec<_> = (0..8i64)
        .map(|task| {
            let store = stores[task as usize % 2].clone();
            tokio::spawn(async move {
                for order in 0..4 {
                    for version in 1..=6 {
                        done(&store, |cs| {
                            cs.outbox(Some(task * 10 + order), Some(version), Some("blinds"), None, None, "[]");
                        })
                        .await;
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("no panic");
    }
    stop.store(true, Ordering::Relaxed);
    let mut numbered = 0;
    for sequencer in sequencers {
        numbered += sequencer.await.expect("no panic");
    }
    loop {
        match stores[0].sequence(17).await.expect("sequenced") {
            0 => break,
            more => numbered += more,
        }
    }
    let (mut feed, mut after) = (Vec::new(), 0);
    loop {
        let page = stores[1].events_after(after, 50).await.expect("read");
        let Some(last) = page.last() else { break };
        after = last.position;
        feed.extend(page);
    }
    assert_eq!((feed.len(), numbered), (8 * 4 * 6, 8 * 4 * 6));
    assert!(feed.iter().map(|row| row.position).eq(1..=8 * 4 * 6), "dense from 1");
    assert_eq!(stores[0].feed_position().await.expect("read"), 8 * 4 * 6);
    let mut versions: BTreeMap<Option<i64>, i64> = BTreeMap::new();
    for row in feed {
        let last = versions.entry(row.order_id).or_default();
        assert_eq!(row.order_version, Some(*last + 1), "order {:?}", row.order_id);
        *last += 1;
    }
}

/// Clocks of nodes differ: version 2 may have been committed under an earlier id than version 1.
pub async fn an_earlier_version_with_a_later_id_comes_first(place: Place) {
    let store = place.open().await;
    for (id, order, version) in [(50, 1, 1), (10, 1, 2), (30, 2, 1), (5, 2, 2), (20, 2, 3), (40, 3, 1)] {
        let mut cs = Changeset::new(id, 0);
        cs.outbox(Some(order), Some(version), None, None, None, "[]");
        store.commit(cs).await.expect("committed");
    }
    store.commit(Changeset::new(15, 0)).await.expect("committed");
    // The smallest batches are the hardest: the one row that is due must bring its earlier versions along.
    let mut steps = Vec::new();
    loop {
        match store.sequence(1).await.expect("sequenced") {
            0 => break,
            n => steps.push(n),
        }
    }
    assert_eq!(steps.iter().sum::<usize>(), 7);
    let feed = store.events_after(0, 10).await.expect("read");
    assert!(feed.iter().map(|row| row.position).eq(1..=7));
    for order in 1..=3 {
        let versions: Vec<_> =
            feed.iter().filter(|row| row.order_id == Some(order)).map(|row| row.order_version).collect();
        assert!(versions.is_sorted(), "order {order}: {versions:?}");
    }
}

pub async fn counters_are_exact_at_every_moment(place: Place) {
    let store = place.open().await;
    let mut dice = Dice::new(7);
    let mut orders: Vec<(i64, &str, &str, i64)> = Vec::new();
    for round in 0..120 {
        if orders.is_empty() || dice.chance(3) {
            let (order, channel) = (id(), *dice.pick(&CHANNELS));
            done(&store, |cs| _ = cs.outbox(Some(order), Some(1), Some(channel), None, Some("placed"), "[]")).await;
            orders.push((order, channel, "placed", 1));
        } else {
            let at = dice.below(orders.len());
            let (order, channel, from, version) = orders[at];
            let to = *dice.pick(&STATUSES);
            let version = version + 1;
            done(&store, |cs| {
                cs.outbox(Some(order), Some(version), Some(channel), Some(from), Some(to), "[]");
            })
            .await;
            orders[at] = (order, channel, to, version);
        }
        if dice.chance(4) {
            store.sequence(1 + dice.below(9) as i64).await.expect("sequenced");
        }
        if round % 3 == 0 {
            agree(&store, &orders).await;
        }
    }
    while store.sequence(100).await.expect("sequenced") > 0 {}
    agree(&store, &orders).await;
}

async fn agree(store: &Store, orders: &[(i64, &str, &str, i64)]) {
    let lists = |all: &[&'static str]| -> Vec<Vec<&'static str>> {
        let ones = all.iter().map(|one| vec![*one]);
        ones.chain([vec![], all[..2].to_vec(), vec!["unknown"]]).collect()
    };
    for channels in lists(&CHANNELS) {
        for statuses in lists(&STATUSES) {
            let wanted = |list: &[&str], word: &str| list.is_empty() || list.contains(&word);
            let expected = orders
                .iter()
                .filter(|(_, channel, status, _)| wanted(&channels, channel) && wanted(&statuses, status))
                .count();
            let counted = store.count_orders(&channels, &statuses).await.expect("counted");
            assert_eq!(counted, expected as i64, "{channels:?} {statuses:?}");
        }
    }
}
