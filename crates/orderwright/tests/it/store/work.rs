//! What is handed out once: jobs, leases, checkouts, faults.

use std::collections::HashSet;

use super::{
    engine::{Engine, Place},
    shop::*,
};
use orderwright::store::*;

/// Jobs, checkouts, leases and faults, one by one.
pub async fn walk(store: &Store) {
    jobs(store).await;
    checkouts(store).await;
    assert!(store.take_lease("sweeper", 1, 100, 200).await.expect("written"));
    done(store, |cs| _ = cs.insert_sandbox_fault(&fault(1, 1))).await;
    assert_eq!(store.take_sandbox_fault("capture").await.expect("taken").as_deref(), Some("outcome 1"));
    assert_eq!(store.take_sandbox_fault("capture").await.expect("taken"), None);
    assert_eq!(store.sandbox_faults().await.expect("read"), [fault(1, 0)]);
}

async fn jobs(store: &Store) {
    let mut dead = job(3, 10);
    dead.state = "dead".into();
    let mut leased = job(4, 5);
    (leased.lease_owner, leased.lease_until, leased.fence, leased.attempts) = (77, 1_000, 1, 1);
    done(store, |cs| {
        cs.insert_job(&job(1, 20)).insert_job(&job(2, 10)).insert_job(&dead).insert_job(&leased);
    })
    .await;
    assert_eq!(store.next_job_run_at(500).await.expect("read"), Some(10));
    assert_eq!(store.next_job_run_at(1_001).await.expect("read"), Some(5), "a lease that ran out is nobody's");
    let claimed = store.claim_jobs(8, 20, 500, 600, 10).await.expect("claimed");
    let mut expected = [job(2, 10), job(1, 20)];
    for job in &mut expected {
        (job.lease_owner, job.lease_until, job.fence, job.attempts) = (8, 600, 1, 1);
    }
    assert_eq!(claimed, expected, "the longest due first; not the dead one, not the leased one");
    assert_eq!(store.claim_jobs(9, 20, 500, 600, 10).await.expect("claimed"), []);

    assert_eq!(commit(store, |cs| _ = cs.finish_job(1, 2)).await, conflict(Guard::Job));
    done(store, |cs| _ = cs.finish_job(1, 1).retry_job(2, 1, 50, "in_doubt", Some("timeout"))).await;
    // Ended whatever the fence is, as often as it is said.
    done(store, |cs| _ = cs.insert_job(&job(77, 10)).delete_job(77).delete_job(77)).await;
    assert_eq!(store.find_job(77).await.expect("read"), None);
    assert_eq!(store.find_job(1).await.expect("read"), None);
    let waiting = store.find_job(2).await.expect("read").expect("there");
    assert_eq!((waiting.state.as_str(), waiting.run_at, waiting.lease_until, waiting.fence), ("in_doubt", 50, 0, 1));
    assert_eq!(waiting.last_error.as_deref(), Some("timeout"));

    assert_eq!(commit(store, |cs| _ = cs.revive_job(2, 60)).await, conflict(Guard::Job), "only the dead are revived");
    let by_state = store.count_jobs_by_state().await.expect("read");
    assert_eq!(by_state, [("dead".into(), 1), ("in_doubt".into(), 1), ("ready".into(), 1)]);
    let ids = |rows: Vec<JobRow>| -> Vec<i64> { rows.into_iter().map(|job| job.id).collect() };
    assert_eq!(ids(store.list_jobs(None, None, 0, 10).await.expect("read")), [2, 3, 4]);
    assert_eq!(ids(store.list_jobs(None, Some("payment.capture"), 2, 1).await.expect("read")), [3]);
    assert_eq!(ids(store.list_jobs(Some("dead"), None, 0, 10).await.expect("read")), [3]);
    assert_eq!(ids(store.list_jobs(None, Some("mail"), 0, 10).await.expect("read")), Vec::<i64>::new());
    done(store, |cs| _ = cs.revive_job(3, 60)).await;
    assert_eq!(store.release_leases_of_other_owners().await.expect("freed"), usize::from(!store.is_shared()));
    let freed = ids(store.claim_jobs(9, 60, 500, 600, 10).await.expect("claimed"));
    assert_eq!(freed, if store.is_shared() { vec![2, 3] } else { vec![4, 2, 3] });
    done(store, |cs| _ = cs.delete_job(4)).await;
    assert_eq!(store.find_job(4).await.expect("read"), None, "whoever holds it");
}

async fn checkouts(store: &Store) {
    let checkout = |id, expires_at| CheckoutRow {
        id,
        channel: "blinds".into(),
        customer_id: 1,
        state: "open".into(),
        expires_at,
        order_id: None,
        body: "{}".into(),
    };
    done(store, |cs| {
        cs.insert_checkout(&checkout(1, 100)).insert_checkout(&checkout(2, 90)).insert_checkout(&checkout(3, 300));
    })
    .await;
    assert_eq!(commit(store, |cs| _ = cs.insert_checkout(&checkout(1, 1))).await, duplicate(Guard::Checkout));
    let expired: Vec<i64> =
        store.expired_checkouts(100, 10).await.expect("read").into_iter().map(|checkout| checkout.id).collect();
    assert_eq!(expired, [2, 1]);
    assert_eq!(commit(store, |cs| _ = cs.complete_checkout(1, 100, 7)).await, conflict(Guard::Checkout), "too late");
    assert_eq!(commit(store, |cs| _ = cs.expire_checkout(3, 100)).await, conflict(Guard::Checkout), "too early");
    done(store, |cs| _ = cs.complete_checkout(3, 100, 7).expire_checkout(1, 100)).await;
    assert_eq!(commit(store, |cs| _ = cs.complete_checkout(3, 100, 8)).await, conflict(Guard::Checkout));
    let found = store.find_checkout(3).await.expect("read").expect("there");
    assert_eq!((found.state.as_str(), found.order_id), ("completed", Some(7)));
}

fn fault(id: i64, remaining: i64) -> SandboxFaultRow {
    SandboxFaultRow { id, operation: "capture".into(), outcome: format!("outcome {id}"), remaining }
}

/// Several stores for one place: nodes on PostgreSQL, processes on SQLite.
async fn two_stores(place: &Place) -> [Store; 2] {
    [place.open().await, place.open_beside().await]
}

pub async fn a_job_is_claimed_once(place: Place) {
    let stores = two_stores(&place).await;
    done(&stores[0], |cs| (0..300).for_each(|n| _ = cs.insert_job(&job(n, n % 7)))).await;
    let tasks: Vec<_> = (0..8usize)
        .map(|n| {
            let store = stores[n % 2].clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let jobs = store.claim_jobs(store.node_id(), 10, 100, 200, 7).await.expect("claimed");
                    if jobs.is_empty() {
                        return mine;
                    }
                    assert!(jobs.len() <= 7);
                    assert!(jobs.iter().all(|job| (job.fence, job.lease_owner) == (1, store.node_id())));
                    mine.extend(jobs.into_iter().map(|job| job.id));
                }
            })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.expect("no panic"));
    }
    assert_eq!(all.len(), 300);
    assert_eq!(all.into_iter().collect::<HashSet<_>>().len(), 300, "no job was claimed twice");
    // When the leases have run out, the jobs are claimed again, with the next fence; the old fence counts no more.
    let again = stores[1].claim_jobs(1, 10, 201, 300, 1).await.expect("claimed");
    assert_eq!(again[0].fence, 2);
    assert_eq!(commit(&stores[0], |cs| _ = cs.finish_job(again[0].id, 1)).await, conflict(Guard::Job));
    done(&stores[0], |cs| _ = cs.finish_job(again[0].id, 2)).await;
}

pub async fn a_lease_has_one_owner(place: Place) {
    let stores = two_stores(&place).await;
    let mut owners = Vec::new();
    for store in &stores {
        let taken = store.take_lease("sweeper", store.node_id(), 100, 200).await.expect("written");
        owners.push(taken);
    }
    assert_eq!(owners, [true, false]);
    assert!(stores[0].take_lease("sweeper", stores[0].node_id(), 150, 250).await.expect("written"), "kept");
    assert!(!stores[1].take_lease("sweeper", stores[1].node_id(), 250, 350).await.expect("written"));
    assert!(stores[1].take_lease("sweeper", stores[1].node_id(), 251, 350).await.expect("written"), "ran out");
    assert!(stores[0].take_lease("other", stores[0].node_id(), 100, 200).await.expect("written"));
}

pub async fn a_fault_is_taken_as_often_as_it_says(place: Place) {
    let store = place.open().await;
    done(&store, |cs| _ = cs.insert_sandbox_fault(&fault(1, 3)).insert_sandbox_fault(&fault(2, 5))).await;
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.take_sandbox_fault("capture").await.expect("taken") })
        })
        .collect();
    let mut taken = Vec::new();
    for task in tasks {
        taken.extend(task.await.expect("no panic"));
    }
    taken.sort();
    assert_eq!(taken, [vec!["outcome 1"; 3], vec!["outcome 2"; 5]].concat());
    assert_eq!(store.take_sandbox_fault("refund").await.expect("taken"), None);
}

pub async fn leases_of_a_dead_server_are_freed(place: Place) {
    assert_eq!(place.engine, Engine::Sqlite);
    let first = place.open().await;
    done(&first, |cs| _ = cs.insert_job(&job(1, 0))).await;
    assert_eq!(first.claim_jobs(first.node_id(), 10, 100, 1_000, 5).await.expect("claimed").len(), 1);
    drop(first);
    let second = place.open().await;
    assert_eq!(second.claim_jobs(second.node_id(), 10, 100, 1_000, 5).await.expect("claimed"), []);
    assert_eq!(second.release_leases_of_other_owners().await.expect("freed"), 1);
    let again = second.claim_jobs(second.node_id(), 10, 100, 1_000, 5).await.expect("claimed");
    assert_eq!(again[0].fence, 2);
    assert_eq!(second.release_leases_of_other_owners().await.expect("freed"), 0, "one's own leases stay");
}
