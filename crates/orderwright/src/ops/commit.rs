//! A decision becomes one changeset: nothing of it is kept, or all.

use orderwright_core::decide::{Decision, DisputeNote, EffectJob, MerchantView, StockMoveKind};
use orderwright_core::order::Order;
use orderwright_core::status;
use orderwright_core::time::Timestamp;
use orderwright_core::workflow::{Machine, Workflow};
use serde_json::json;

use super::{Ctx, OpError};
use crate::effects;
use crate::store::{
    Changeset, DisputeNoteRow, DisputeRow, JobRow, LedgerRow, MessageRow, OrderRow, StockMovementRow, TimelineRow,
};

/// How long a job that was just made stays with the node that made it. A killed node's jobs are taken up after that.
pub const LEASE_S: i64 = 20;

/// The changeset of a decision. `expected` is the version that was loaded; `None` for a new order.
pub fn changeset(
    ctx: &Ctx,
    decision: &Decision,
    workflow: &Workflow,
    expected: Option<i64>,
    now: Timestamp,
) -> Result<Changeset, OpError> {
    let order = &decision.order;
    let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
    let changed = decision.from_status.as_deref() != Some(decision.to_status.as_str());
    let (from, to) =
        if changed { (decision.from_status.as_deref(), Some(decision.to_status.as_str())) } else { (None, None) };
    let events = serde_json::to_string(&decision.events).map_err(|e| OpError::Internal(e.to_string()))?;
    cs.outbox(Some(order.id.0), Some(order.version), Some(&order.channel), from, to, &events);
    let row = order_row(order, &decision.to_status, workflow)?;
    match expected {
        Some(version) => cs.update_order(&row, version),
        None => cs.insert_order(&row),
    };
    for entry in &decision.timeline {
        cs.insert_timeline(&TimelineRow {
            order_id: order.id.0,
            seq: entry.seq,
            id: entry.id.0,
            at: now.0,
            kind: entry.kind.to_owned(),
            message: entry.message.clone(),
            metadata: Some(entry.metadata.to_string()),
            created_by: Some(entry.created_by.clone()),
            is_public: entry.is_public,
            merchant_id: match entry.merchants {
                MerchantView::All => None,
                MerchantView::Only(merchant) => Some(merchant.0),
                MerchantView::Nobody => Some(0),
            },
            hash: entry.hash.clone().into_bytes(),
        });
    }
    if let Some(message) = &decision.message {
        cs.insert_message(&MessageRow {
            id: message.id.0,
            order_id: order.id.0,
            merchant_id: message.merchant.map(|m| m.0),
            side: message.from.name().to_owned(),
            message: message.message.clone(),
            created_by: message.created_by.clone(),
            at: now.0,
        });
    }
    disputes(&mut cs, decision, now)?;
    for item in order.items.iter().filter(|i| decision.new_items.contains(&i.id)) {
        cs.insert_order_item(item.id.0, order.id.0, &item.sku, item.merchant_id.0, order.created_at.0);
    }
    for (id, merchant) in &decision.merchant_orders {
        cs.insert_merchant_order(id.0, merchant.0, order.id.0, now.0, order.created_at.0);
    }
    for posting in &decision.postings {
        let posting_id = ctx.app.ids.next(now);
        for (account, amount) in &posting.lines {
            cs.insert_ledger_entry(&LedgerRow {
                id: ctx.app.ids.next(now),
                posting_id,
                order_id: Some(order.id.0),
                cause: posting.cause.to_owned(),
                about: posting.about.clone(),
                reverses: None,
                account: account.clone(),
                currency: order.currency.code().to_owned(),
                amount: *amount,
                at: now.0,
            });
        }
    }
    for job in &decision.effects {
        cs.insert_job(&job_row(ctx, job, now)?);
    }
    super::mail::add_jobs(&mut cs, ctx, decision, workflow, now);
    for moved in &decision.stock {
        let (sku, location, quantity) = (moved.sku.as_str(), moved.location.as_str(), moved.quantity);
        match moved.kind {
            StockMoveKind::Reserve => _ = cs.reserve(sku, location, quantity),
            StockMoveKind::Release => _ = cs.release(sku, location, quantity),
            StockMoveKind::Ship => _ = cs.ship(sku, location, quantity),
            StockMoveKind::Return => _ = cs.restock(sku, location, quantity),
            StockMoveKind::Commit | StockMoveKind::WriteOff => {}
        }
        cs.insert_stock_movement(&StockMovementRow {
            id: ctx.app.ids.next(now),
            sku: sku.to_owned(),
            location: location.to_owned(),
            kind: moved.kind.name().to_owned(),
            quantity,
            order_id: Some(order.id.0),
            reason: None,
            at: now.0,
        });
    }
    Ok(cs)
}

/// What became of disputes: their rows, what was written in them, and what providers are to be told.
fn disputes(cs: &mut Changeset, decision: &Decision, now: Timestamp) -> Result<(), OpError> {
    let (order, changes) = (&decision.order, &decision.disputes);
    for dispute in order.disputes.iter().filter(|d| changes.touched.contains(&d.id)) {
        cs.put_dispute(&DisputeRow {
            id: dispute.id.0,
            order_id: order.id.0,
            order_number: order.number.clone(),
            channel: order.channel.clone(),
            currency: order.currency.code().to_owned(),
            customer_id: order.customer_id.0,
            merchant_id: dispute.merchant_id.map(|m| m.0),
            kind: dispute.kind.name().to_owned(),
            status: dispute.status().to_owned(),
            undecided: i64::from(dispute.is_undecided()),
            respond_by: dispute.respond_by.map(|t| t.0),
            body: serde_json::to_string(dispute).map_err(|e| OpError::Internal(e.to_string()))?,
        });
    }
    for note in &changes.notes {
        cs.insert_dispute_note(&note_row(order, note, now));
    }
    for job in &changes.jobs {
        cs.insert_job(&JobRow {
            id: job.id.0,
            kind: effects::DISPUTE.to_owned(),
            order_id: Some(job.order.0),
            state: "ready".to_owned(),
            run_at: now.0,
            lease_owner: 0,
            lease_until: 0,
            fence: 0,
            attempts: 0,
            payload: json!(job).to_string(),
            last_error: None,
            created_at: now.0,
        });
    }
    Ok(())
}

/// The row of a note in a dispute.
pub fn note_row(order: &Order, note: &DisputeNote, now: Timestamp) -> DisputeNoteRow {
    DisputeNoteRow {
        id: note.id,
        dispute_id: note.dispute.0,
        order_id: order.id.0,
        evidence: note.evidence.clone(),
        side: note.from.name().to_owned(),
        readers: note.readers.name().to_owned(),
        text: note.text.clone(),
        links: json!(note.links).to_string(),
        created_by: note.created_by.clone(),
        at: now.0,
    }
}

/// The row of an order: its document, and the columns that lists rely on.
fn order_row(order: &Order, status: &str, workflow: &Workflow) -> Result<OrderRow, OpError> {
    Ok(OrderRow {
        id: order.id.0,
        number: order.number.clone(),
        channel: order.channel.clone(),
        customer_id: order.customer_id.0,
        status: status.to_owned(),
        payment_status: status::payment_status(order, workflow).to_owned(),
        shipping_status: status::shipping_status(order, workflow).to_owned(),
        total: order.total,
        created_at: order.created_at.0,
        updated_at: order.updated_at.0,
        delivered_at: order.delivered_at().map(|t| t.0),
        due_at: order.wake_at().map(|t| t.0),
        item_name: order.items.first().map(|i| sort_key(&i.name)).unwrap_or_default(),
        payment_reference: order.payment_reference().map(sort_key).unwrap_or_default(),
        in_flight: in_flight(order, workflow),
        version: order.version,
        body: serde_json::to_string(order).map_err(|e| OpError::Internal(e.to_string()))?,
    })
}

/// The versions that an order runs, as one word.
pub fn versions(workflow: &str, partner: Option<&str>) -> String {
    partner.map_or_else(|| workflow.to_owned(), |p| format!("{workflow}/{p}"))
}

/// The versions of an order on which something may still happen by itself or by somebody's doing.
pub fn in_flight(order: &Order, workflow: &Workflow) -> Option<String> {
    let rests =
        |machine: Option<&Machine>, state: &str| machine.and_then(|m| m.state(state)).is_some_and(|s| s.is_final);
    let finished = order.items.iter().all(|i| rests(Some(&workflow.item), &i.machine.state))
        && rests(workflow.payment.as_ref(), &order.payment.state);
    (!finished).then(|| versions(&order.workflow_version, order.partner_version.as_deref()))
}

/// What a list sorts by: an index entry has a limit, and nobody sorts by what comes after so many characters.
fn sort_key(text: &str) -> String {
    text.chars().take(200).collect()
}

/// A job that this node runs as soon as the changeset is committed: it is leased to it from the start.
fn job_row(ctx: &Ctx, job: &EffectJob, now: Timestamp) -> Result<JobRow, OpError> {
    Ok(JobRow {
        id: job.id.0,
        kind: effects::PAYMENT.to_owned(),
        order_id: Some(job.order.0),
        state: "ready".to_owned(),
        run_at: now.0,
        lease_owner: ctx.app.node,
        lease_until: ctx.clock.real_now().0 + LEASE_S * 1_000_000,
        fence: 1,
        attempts: 1,
        payload: json!(job).to_string(),
        last_error: None,
        created_at: now.0,
    })
}
