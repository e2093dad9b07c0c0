//! Rows of disputes and what is written in them: each filter alone, and notes by their reader.

use super::shop::*;
use orderwright::store::*;

/// Walks over every statement of disputes.
pub async fn walk(store: &Store) {
    let dispute = DisputeRow {
        id: 50,
        order_id: 7,
        order_number: "T-7".into(),
        channel: "mall".into(),
        currency: "EUR".into(),
        customer_id: 3,
        merchant_id: Some(9),
        kind: "claim".into(),
        status: "raised".into(),
        undecided: 1,
        respond_by: Some(100),
        body: "{}".into(),
    };
    let other = DisputeRow { id: 51, merchant_id: None, kind: "chargeback".into(), ..dispute.clone() };
    let message = DisputeNoteRow {
        id: 60,
        dispute_id: 50,
        order_id: 7,
        evidence: None,
        side: "customer".into(),
        readers: "merchant".into(),
        text: "Where is it?".into(),
        links: "[]".into(),
        created_by: "cus_1".into(),
        at: 5,
    };
    let photo = DisputeNoteRow { id: 61, evidence: Some("photo".into()), readers: "all".into(), ..message.clone() };
    done(store, |cs| {
        cs.put_dispute(&dispute).put_dispute(&other).insert_dispute_note(&message).insert_dispute_note(&photo);
    })
    .await;
    assert_eq!(store.find_dispute(50).await.expect("read"), Some(dispute.clone()));
    let listed = async |filter: DisputeFilter, before: i64| -> Vec<i64> {
        store.list_disputes(&filter, before, 9).await.expect("read").iter().map(|d| d.id).collect()
    };
    let all = DisputeFilter::default;
    assert_eq!(listed(all(), i64::MAX).await, [51, 50]);
    assert_eq!(listed(all(), 51).await, [50]);
    for (filter, ids) in [
        (DisputeFilter { channel: Some("mall".into()), ..all() }, vec![51, 50]),
        (DisputeFilter { channel: Some("kiosk".into()), ..all() }, vec![]),
        (DisputeFilter { merchant_id: Some(9), ..all() }, vec![50]),
        (DisputeFilter { customer_id: Some(4), ..all() }, vec![]),
        (DisputeFilter { order_id: Some(7), ..all() }, vec![51, 50]),
        (DisputeFilter { kind: Some("chargeback".into()), ..all() }, vec![51]),
        (DisputeFilter { status: Some("raised".into()), ..all() }, vec![51, 50]),
        (DisputeFilter { undecided: Some(false), ..all() }, vec![]),
        (DisputeFilter { respond_before: Some(100), ..all() }, vec![]),
        (DisputeFilter { respond_before: Some(101), ..all() }, vec![51, 50]),
    ] {
        assert_eq!(listed(filter.clone(), i64::MAX).await, ids, "{filter:?}");
    }

    let over = DisputeRow { status: "rejected".into(), undecided: 0, respond_by: None, ..dispute };
    done(store, |cs| _ = cs.put_dispute(&over)).await;
    assert_eq!(listed(DisputeFilter { undecided: Some(false), ..all() }, i64::MAX).await, [50]);
    assert_eq!(store.find_dispute(50).await.expect("read"), Some(over));

    let notes = async |after, evidence, reader: Option<&str>| -> Vec<i64> {
        store.list_dispute_notes(50, after, 9, evidence, reader).await.expect("read").iter().map(|n| n.id).collect()
    };
    assert_eq!(notes(0, None, None).await, [60, 61]);
    assert_eq!(notes(60, None, None).await, [61]);
    assert_eq!((notes(0, Some(true), None).await, notes(0, Some(false), None).await), (vec![61], vec![60]));
    assert_eq!(
        (notes(0, None, Some("merchant")).await, notes(0, None, Some("customer")).await),
        (vec![60, 61], vec![61])
    );
}
