//! Every fixed statement of the store, one text for both engines.
//!
//! Parameters are written `?1`, `?2`, … (in SQLite `$1` would be a *name*, numbered by first appearance, and bind
//! swapped); the PostgreSQL text is derived from that. A dialect has a text of its own only where it must differ.
//! Guarded statements are wrapped for PostgreSQL, so that the server itself checks how many rows they changed.
//! What is not here: lists whose filters vary (`order_list`), and what the statements mean (the files of the nouns).

use std::sync::LazyLock;

use tokio_postgres::types::Type;

/// The columns of an order, in the order of `OrderRow`.
macro_rules! order_columns {
    () => {
        "o.id, o.number, o.channel, o.customer_id, o.status, o.payment_status, o.shipping_status, o.total, o.created_at, \
         o.updated_at, o.delivered_at, o.due_at, o.item_name, o.payment_reference, o.in_flight, o.version, o.body"
    };
}
pub(super) use order_columns;

/// The predicate that keeps an order finder inside its scope: ?2 is the kind of scope, ?3 its channel, ?4 its id.
macro_rules! in_scope {
    () => {
        " AND (CAST(?2 AS BIGINT) = 0 \
         OR (?2 = 1 AND o.channel = ?3) \
         OR (?2 = 2 AND EXISTS (SELECT 1 FROM merchant_order s WHERE s.merchant_id = ?4 AND s.order_id = o.id)) \
         OR (?2 = 3 AND o.customer_id = ?4))"
    };
}

macro_rules! job_columns {
    () => {
        "job.id, job.kind, job.order_id, job.state, job.run_at, job.lease_owner, job.lease_until, job.fence, job.attempts, \
         job.payload, job.last_error, job.created_at"
    };
}

macro_rules! provider_event_columns {
    () => {
        "id, provider, event_id, kind, object, digest, body, state, note, order_id, created_at, received_at"
    };
}

macro_rules! dispute_columns {
    () => {
        "id, order_id, order_number, channel, currency, customer_id, merchant_id, kind, status, undecided, respond_by, body"
    };
}

macro_rules! token_columns {
    () => {
        "id, digest, role, subject, channel, label, created_at, expires_at, revoked_at, party"
    };
}

macro_rules! payout_columns {
    () => {
        "id, batch_id, party, channel, currency, amount, state, method, destination, parked, carried_by, version, body, \
         created_at, updated_at"
    };
}
pub(super) use payout_columns;

macro_rules! payout_due_columns {
    () => {
        "party, order_id, channel, currency, number, share, refund, fee, other, paid_share, paid_refund, paid_fee, paid_other, open"
    };
}

macro_rules! bank_account_columns {
    () => {
        "id, party, holder, iban, account_number, bank_code, bic, created_by, created_at"
    };
}

macro_rules! ledger_columns {
    () => {
        "id, posting_id, order_id, cause, about, reverses, account, currency, amount, at"
    };
}
pub(super) use ledger_columns;

/// What committed changesets add to accounts and the sequencer has not folded yet.
macro_rules! ledger_waiting {
    () => {
        "SELECT (e.value ->> 0) AS account, (e.value ->> 1) AS currency, \
         (e.value ->> 2) AS amount FROM outbox o, json_each(o.ledger) e \
         WHERE o.position IS NULL AND o.ledger IS NOT NULL"
    };
}

macro_rules! ledger_waiting_pg {
    () => {
        "SELECT e.value ->> 0 AS account, e.value ->> 1 AS currency, CAST(e.value ->> 2 AS BIGINT) AS amount \
         FROM outbox o CROSS JOIN LATERAL json_array_elements(o.ledger::json) e \
         WHERE o.position IS NULL AND o.ledger IS NOT NULL"
    };
}

/// One statement: its name and its texts.
#[derive(Debug)]
pub(super) struct Text {
    pub name: &'static str,
    pub sqlite: &'static str,
    pub postgres: Option<&'static str>,
}

macro_rules! registry {
    ($($id:ident = $sqlite:expr $(, pg = $pg:expr)?;)*) => {
        /// A statement's place in the registry.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub(super) enum Stmt { $($id),* }

        /// The registry.
        pub(super) static TEXTS: &[Text] =
            &[$(Text { name: stringify!($id), sqlite: $sqlite, postgres: registry!(@pg $($pg)?) }),*];

        /// Every statement, in the order of the registry.
        pub(super) static ALL: &[Stmt] = &[$(Stmt::$id),*];
    };
    (@pg) => { None };
    (@pg $pg:expr) => { Some($pg) };
}

registry! {
    // outbox and feed
    OutboxInsert = "INSERT INTO outbox (id, at, order_id, order_version, channel, from_status, to_status, events, ledger) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    OutboxHas = "SELECT id FROM outbox WHERE id = ?1";
    OutboxWaiting = "SELECT id FROM outbox WHERE position IS NULL LIMIT 1";
    OutboxLag = "SELECT COUNT(*), MIN(at) FROM outbox WHERE position IS NULL";
    OutboxAfter = "SELECT position, id, at, order_id, order_version, channel, from_status, to_status, events FROM outbox \
        WHERE position > ?1 ORDER BY position LIMIT ?2";
    FeedPosition = "SELECT position FROM feed_head WHERE id = 1";
    FeedLock = "UPDATE feed_head SET position = position WHERE id = 1";
    // The oldest rows, and with each the earlier versions of its order that a node with a slower clock gave a later id;
    // numbered by id, but never ahead of an earlier version.
    FeedNumber = "WITH batch AS (SELECT id, order_id, order_version FROM outbox WHERE position IS NULL ORDER BY id LIMIT ?1), \
        newest AS (SELECT order_id, MAX(order_version) AS version FROM batch WHERE order_id IS NOT NULL GROUP BY order_id), \
        due AS (SELECT id, order_id, order_version FROM batch UNION \
            SELECT o.id, o.order_id, o.order_version FROM outbox o JOIN newest n ON n.order_id = o.order_id \
            WHERE o.position IS NULL AND o.order_version < n.version), \
        keyed AS (SELECT id, COALESCE(order_version, 0) AS version, MAX(id) OVER (PARTITION BY COALESCE(order_id, id) \
            ORDER BY COALESCE(order_version, 0), id ROWS UNBOUNDED PRECEDING) AS newest_id FROM due), \
        numbered AS (SELECT id, ROW_NUMBER() OVER (ORDER BY newest_id, version, id) AS n FROM keyed) \
        UPDATE outbox SET position = (SELECT h.position FROM feed_head h WHERE h.id = 1) + numbered.n FROM numbered \
        WHERE outbox.id = numbered.id";
    FeedFold = "INSERT INTO counter (channel, status, orders) SELECT d.channel, d.status, CAST(SUM(d.n) AS BIGINT) FROM (\
        SELECT o.channel, o.to_status AS status, 1 AS n FROM outbox o \
            WHERE o.position > (SELECT h.position FROM feed_head h WHERE h.id = 1) AND o.to_status IS NOT NULL \
        UNION ALL SELECT o.channel, o.from_status, -1 FROM outbox o \
            WHERE o.position > (SELECT h.position FROM feed_head h WHERE h.id = 1) AND o.from_status IS NOT NULL) d \
        WHERE d.channel IS NOT NULL GROUP BY d.channel, d.status HAVING SUM(d.n) <> 0 \
        ON CONFLICT (channel, status) DO UPDATE SET orders = counter.orders + excluded.orders";
    FeedAdvance = "UPDATE feed_head SET position = COALESCE((SELECT MAX(o.position) FROM outbox o WHERE o.position IS NOT NULL), \
        position) WHERE id = 1";

    // nodes, leases, settings
    NodeNext = "INSERT INTO node (id, started_at) SELECT COALESCE(MAX(id), 0) + 1, CAST(?1 AS BIGINT) FROM node RETURNING id";
    LeaseTake = "INSERT INTO lease (name, owner, until) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE \
        SET owner = excluded.owner, until = excluded.until WHERE lease.owner = excluded.owner OR lease.until < ?4 \
        RETURNING owner";
    SettingPut = "INSERT INTO setting (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    SettingPutOnce = "INSERT INTO setting (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO NOTHING RETURNING key";
    SettingGet = "SELECT value FROM setting WHERE key = ?1";
    SettingAll = "SELECT key, value FROM setting ORDER BY key";

    // orders
    OrderInsert = "INSERT INTO orders (id, number, channel, customer_id, status, payment_status, shipping_status, total, \
        created_at, updated_at, delivered_at, due_at, item_name, payment_reference, in_flight, version, body) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
    // Only what a decision can change; id, number, channel, customer, the first line's name and created_at stay.
    OrderUpdate = "UPDATE orders SET status = ?2, payment_status = ?3, shipping_status = ?4, total = ?5, updated_at = ?6, \
        delivered_at = ?7, due_at = ?8, payment_reference = ?9, version = ?10, body = ?11, in_flight = ?13 WHERE id = ?1 AND version = ?12";
    OrderFind = concat!("SELECT ", order_columns!(), " FROM orders o WHERE o.id = ?1", in_scope!());
    OrderFindByNumber = concat!("SELECT ", order_columns!(), " FROM orders o WHERE o.number = ?1", in_scope!());
    OrderFindOfMerchantOrder = concat!("SELECT ", order_columns!(), " FROM merchant_order m JOIN orders o ON o.id = m.order_id \
        WHERE m.id = ?1 AND (CAST(?2 AS BIGINT) <> 2 OR m.merchant_id = ?4)", in_scope!());
    OrderBodies = concat!("SELECT o.id, o.body FROM orders o WHERE o.id > ?1", in_scope!(), " ORDER BY o.id LIMIT ?5");
    OrderDue = "SELECT id FROM orders WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2";
    OrderInFlight = concat!("SELECT ", order_columns!(), " FROM orders o WHERE o.in_flight = ?1 AND o.id > ?2 \
        ORDER BY o.id LIMIT ?3");
    // One step along the index from one pair of versions to the next, however many orders run each.
    OrderNextInFlight = "SELECT in_flight FROM orders WHERE in_flight > ?1 ORDER BY in_flight LIMIT 1";
    OrderCountInFlight = "SELECT COUNT(*) FROM orders WHERE in_flight = ?1";
    OrderNextDue = "SELECT MIN(due_at) FROM orders WHERE due_at IS NOT NULL";
    MerchantOrderInsert = "INSERT INTO merchant_order (id, merchant_id, order_id, created_at, placed_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    OrderItemInsert = "INSERT INTO order_item (id, order_id, sku, merchant_id, placed_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    OrderNumberTake = "INSERT INTO order_number (prefix, day, next) VALUES (?1, ?2, 1 + CAST(?3 AS BIGINT)) \
        ON CONFLICT (prefix, day) DO UPDATE SET next = order_number.next + ?3 RETURNING next - ?3";

    // timeline
    TimelineInsert = "INSERT INTO timeline (order_id, seq, id, at, type, message, metadata, created_by, is_public, merchant_id, \
        hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    TimelineList = "SELECT order_id, seq, id, at, type, message, metadata, created_by, is_public, merchant_id, hash FROM timeline \
        WHERE order_id = ?1 AND seq > ?2 AND (CAST(?4 AS BIGINT) = 0 OR is_public = 1) \
        AND (CAST(?5 AS BIGINT) IS NULL OR merchant_id IS NULL OR merchant_id = ?5) ORDER BY seq LIMIT ?3";
    TimelineHead = "SELECT seq, hash FROM timeline WHERE order_id = ?1 ORDER BY seq DESC LIMIT 1";

    // messages
    MessageInsert = "INSERT INTO message (id, order_id, merchant_id, side, message, created_by, at) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    MessageList = "SELECT id, order_id, merchant_id, side, message, created_by, at FROM message \
        WHERE order_id = ?1 AND id > ?2 AND (CAST(?4 AS BIGINT) IS NULL OR merchant_id = ?4) ORDER BY id LIMIT ?3";

    // disputes
    DisputePut = concat!("INSERT INTO dispute (", dispute_columns!(), ") \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (id) DO UPDATE SET status = excluded.status, \
        undecided = excluded.undecided, respond_by = excluded.respond_by, body = excluded.body");
    DisputeFind = concat!("SELECT ", dispute_columns!(), " FROM dispute WHERE id = ?1");
    DisputeList = concat!("SELECT ", dispute_columns!(), " FROM dispute WHERE id < ?1 \
        AND (CAST(?3 AS TEXT) IS NULL OR channel = ?3) AND (CAST(?4 AS BIGINT) IS NULL OR merchant_id = ?4) \
        AND (CAST(?5 AS BIGINT) IS NULL OR customer_id = ?5) AND (CAST(?6 AS BIGINT) IS NULL OR order_id = ?6) \
        AND (CAST(?7 AS TEXT) IS NULL OR kind = ?7) AND (CAST(?8 AS TEXT) IS NULL OR status = ?8) \
        AND (CAST(?9 AS BIGINT) IS NULL OR undecided = ?9) AND (CAST(?10 AS BIGINT) IS NULL OR respond_by < ?10) \
        AND (CAST(?11 AS BIGINT) = 0 OR EXISTS (SELECT 1 FROM merchant_order m \
            WHERE m.merchant_id = dispute.merchant_id AND m.order_id = dispute.order_id)) \
        ORDER BY id DESC LIMIT ?2");
    DisputeNoteInsert = "INSERT INTO dispute_note (id, dispute_id, order_id, evidence, side, readers, text, links, created_by, at) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    DisputeNoteList = "SELECT id, dispute_id, order_id, evidence, side, readers, text, links, created_by, at FROM dispute_note \
        WHERE dispute_id = ?1 AND id > ?2 AND (CAST(?4 AS BIGINT) IS NULL OR (evidence IS NULL AND ?4 = 0) \
        OR (evidence IS NOT NULL AND ?4 = 1)) AND (CAST(?5 AS TEXT) IS NULL OR readers = 'all' OR readers = ?5) \
        ORDER BY id LIMIT ?3";

    // stock
    StockReserve = "UPDATE stock SET reserved = reserved + ?3 WHERE sku = ?1 AND location = ?2 AND on_hand - reserved >= ?3";
    StockRelease = "UPDATE stock SET reserved = reserved - ?3 WHERE sku = ?1 AND location = ?2 AND reserved >= ?3";
    StockShip = "UPDATE stock SET on_hand = on_hand - ?3, reserved = reserved - ?3 \
        WHERE sku = ?1 AND location = ?2 AND reserved >= ?3 AND on_hand >= ?3";
    StockOpen = "INSERT INTO stock (sku, location, on_hand, reserved) VALUES (?1, ?2, 0, 0) ON CONFLICT (sku, location) DO NOTHING";
    // ?4 is the floor: 1 keeps what is on hand at or above what is reserved, 0 only at or above nothing.
    StockAdd = "UPDATE stock SET on_hand = on_hand + ?3 \
        WHERE sku = ?1 AND location = ?2 AND on_hand + ?3 >= reserved * CAST(?4 AS BIGINT)";
    StockSet = "UPDATE stock SET on_hand = ?3 WHERE sku = ?1 AND location = ?2 AND CAST(?3 AS BIGINT) >= reserved * CAST(?4 AS BIGINT)";
    StockFind = "SELECT sku, location, on_hand, reserved FROM stock WHERE sku = ?1 ORDER BY location";
    StockAvailable = "SELECT on_hand - reserved FROM stock WHERE sku = ?1 AND location = ?2";
    StockList = "SELECT s.sku, s.location, s.on_hand, s.reserved FROM stock s WHERE (s.sku, s.location) > (?1, ?2) \
        AND (CAST(?4 AS BIGINT) IS NULL AND CAST(?5 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM offer f WHERE f.sku = s.sku \
            AND (?4 IS NULL OR f.merchant_id = ?4) AND (?5 IS NULL OR f.channel = ?5))) \
        ORDER BY s.sku, s.location LIMIT ?3";
    StockMovementInsert = "INSERT INTO stock_movement (id, sku, location, kind, quantity, order_id, reason, at) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    StockMovementList = "SELECT id, sku, location, kind, quantity, order_id, reason, at FROM stock_movement \
        WHERE sku = ?1 AND id > ?2 ORDER BY id LIMIT ?3";

    // ledger
    LedgerInsert = "INSERT INTO ledger_entry (id, posting_id, order_id, cause, about, reverses, account, currency, amount, at) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    LedgerOfOrder = concat!("SELECT ", ledger_columns!(), " FROM ledger_entry WHERE order_id = ?1 ORDER BY id");
    LedgerOfPosting = concat!("SELECT ", ledger_columns!(), " FROM ledger_entry \
        WHERE posting_id = ?1 AND id >= ?2 AND id < ?3 ORDER BY id");
    LedgerAfter = concat!("SELECT ", ledger_columns!(), " FROM ledger_entry WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3");
    // Kept balances; what the sequencer has not folded yet is added, in one snapshot.
    LedgerKept = concat!("SELECT b.account, b.currency, CAST(SUM(b.amount) AS BIGINT) FROM (\
        SELECT account, currency, amount FROM ledger_balance UNION ALL ", ledger_waiting!(), ") b \
        GROUP BY b.account, b.currency ORDER BY b.account, b.currency"),
        pg = concat!("SELECT b.account, b.currency, CAST(SUM(b.amount) AS BIGINT) FROM (\
        SELECT account, currency, amount FROM ledger_balance UNION ALL ", ledger_waiting_pg!(), ") b \
        GROUP BY b.account, b.currency ORDER BY b.account, b.currency");
    // ?1 is the day, ?2 its first instant, ?3 the instant, ?4 and ?5 the ids of the day up to there.
    LedgerKeptAt = concat!("SELECT b.account, b.currency, CAST(SUM(b.amount) AS BIGINT) FROM (\
        SELECT account, currency, amount FROM ledger_day WHERE day < ?1 UNION ALL ", ledger_waiting!(), " AND o.at < ?2 \
        UNION ALL SELECT account, currency, amount FROM ledger_entry WHERE id >= ?4 AND id < ?5 AND at >= ?2 AND at <= ?3) b \
        GROUP BY b.account, b.currency ORDER BY b.account, b.currency"),
        pg = concat!("SELECT b.account, b.currency, CAST(SUM(b.amount) AS BIGINT) FROM (\
        SELECT account, currency, amount FROM ledger_day WHERE day < $1 UNION ALL ", ledger_waiting_pg!(), " AND o.at < $2 \
        UNION ALL SELECT account, currency, amount FROM ledger_entry WHERE id >= $4 AND id < $5 AND at >= $2 AND at <= $3) b \
        GROUP BY b.account, b.currency ORDER BY b.account, b.currency");
    FeedFoldLedger = "INSERT INTO ledger_balance (account, currency, amount) \
        SELECT (e.value ->> 0), (e.value ->> 1), SUM((e.value ->> 2)) \
        FROM outbox o, json_each(o.ledger) e \
        WHERE o.position > (SELECT h.position FROM feed_head h WHERE h.id = 1) AND o.ledger IS NOT NULL GROUP BY 1, 2 \
        ON CONFLICT (account, currency) DO UPDATE SET amount = ledger_balance.amount + excluded.amount",
        pg = "INSERT INTO ledger_balance (account, currency, amount) SELECT e.value ->> 0, e.value ->> 1, \
        CAST(SUM(CAST(e.value ->> 2 AS BIGINT)) AS BIGINT) FROM outbox o CROSS JOIN LATERAL json_array_elements(o.ledger::json) e \
        WHERE o.position > (SELECT h.position FROM feed_head h WHERE h.id = 1) AND o.ledger IS NOT NULL GROUP BY 1, 2 \
        ON CONFLICT (account, currency) DO UPDATE SET amount = ledger_balance.amount + excluded.amount";
    FeedFoldLedgerDay = "INSERT INTO ledger_day (day, account, currency, amount) \
        SELECT o.at / 86400000000, (e.value ->> 0), (e.value ->> 1), SUM((e.value ->> 2)) \
        FROM outbox o, json_each(o.ledger) e \
        WHERE o.position > (SELECT h.position FROM feed_head h WHERE h.id = 1) AND o.ledger IS NOT NULL GROUP BY 1, 2, 3 \
        ON CONFLICT (day, account, currency) DO UPDATE SET amount = ledger_day.amount + excluded.amount",
        pg = "INSERT INTO ledger_day (day, account, currency, amount) SELECT o.at / 86400000000, e.value ->> 0, e.value ->> 1, \
        CAST(SUM(CAST(e.value ->> 2 AS BIGINT)) AS BIGINT) FROM outbox o CROSS JOIN LATERAL json_array_elements(o.ledger::json) e \
        WHERE o.position > (SELECT h.position FROM feed_head h WHERE h.id = 1) AND o.ledger IS NOT NULL GROUP BY 1, 2, 3 \
        ON CONFLICT (day, account, currency) DO UPDATE SET amount = ledger_day.amount + excluded.amount";
    LedgerOfAccount = concat!("SELECT b.currency, CAST(SUM(b.amount) AS BIGINT) FROM (\
        SELECT account, currency, amount FROM ledger_balance WHERE account = ?1 UNION ALL ", ledger_waiting!(), ") b \
        WHERE b.account = ?1 GROUP BY b.currency ORDER BY b.currency"),
        pg = concat!("SELECT b.currency, CAST(SUM(b.amount) AS BIGINT) FROM (\
        SELECT account, currency, amount FROM ledger_balance WHERE account = $1 UNION ALL ", ledger_waiting_pg!(), ") b \
        WHERE b.account = $1 GROUP BY b.currency ORDER BY b.currency");
    // ?1 is the account, ?2 the id before which, ?3 and ?4 bound when, ?5 and ?6 the ids of that time, ?7 the channel: of another one's
    // order there is no document. An order is where its first share is, however many captures it took.
    LedgerShares = "SELECT e.id, e.at, CASE WHEN CAST(?7 AS TEXT) IS NULL OR o.channel = ?7 THEN o.body END FROM ledger_entry e JOIN orders o ON o.id = e.order_id \
        WHERE e.account = ?1 AND e.cause = 'split' AND e.id < ?2 AND e.at >= ?3 AND e.at < ?4 AND e.id >= ?5 AND e.id < ?6 \
        AND e.id = (SELECT MIN(f.id) FROM ledger_entry f WHERE f.order_id = e.order_id AND f.account = e.account \
        AND f.cause = 'split') ORDER BY e.id DESC LIMIT ?8";
    AuditOrders = "SELECT id, body FROM orders WHERE id > ?1 ORDER BY id LIMIT ?2";

    // jobs
    JobInsert = "INSERT INTO job (id, kind, order_id, state, run_at, lease_owner, lease_until, fence, attempts, payload, \
        last_error, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    JobDelete = "DELETE FROM job WHERE id = ?1";
    JobFinish = "DELETE FROM job WHERE id = ?1 AND fence = ?2";
    JobRetry = "UPDATE job SET run_at = ?3, state = ?4, last_error = ?5, lease_owner = 0, lease_until = 0 \
        WHERE id = ?1 AND fence = ?2";
    JobRevive = "UPDATE job SET state = 'ready', run_at = ?2, lease_owner = 0, lease_until = 0 WHERE id = ?1 AND state = 'dead'";
    JobClaim = concat!("UPDATE job SET lease_owner = ?1, lease_until = ?4, fence = fence + 1, attempts = attempts + 1 \
        WHERE id IN (SELECT id FROM job WHERE run_at <= ?2 AND lease_until < ?3 AND state <> 'dead' ORDER BY run_at, id LIMIT ?5) \
        RETURNING ", job_columns!()),
        pg = concat!("WITH due AS MATERIALIZED (SELECT id FROM job WHERE run_at <= $2 AND lease_until < $3 AND state <> 'dead' \
            ORDER BY run_at, id LIMIT $5 FOR UPDATE SKIP LOCKED) \
            UPDATE job SET lease_owner = $1, lease_until = $4, fence = fence + 1, attempts = attempts + 1 \
            FROM due WHERE job.id = due.id RETURNING ", job_columns!());
    JobReleaseOthers = "UPDATE job SET lease_owner = 0, lease_until = 0 WHERE lease_owner <> ?1 AND lease_until > 0 RETURNING id";
    JobNextRunAt = "SELECT MIN(run_at) FROM job WHERE state <> 'dead' AND lease_until < ?1";
    JobFind = concat!("SELECT ", job_columns!(), " FROM job WHERE id = ?1");
    JobList = concat!("SELECT ", job_columns!(), " FROM job WHERE id > ?3 AND (CAST(?1 AS TEXT) IS NULL OR state = ?1) \
        AND (CAST(?2 AS TEXT) IS NULL OR kind = ?2) ORDER BY id LIMIT ?4");
    // Finished jobs are deleted: what is counted is what waits.
    JobCount = "SELECT state, COUNT(*) FROM job GROUP BY state ORDER BY state";

    // checkouts
    CheckoutInsert = "INSERT INTO checkout (id, channel, customer_id, state, expires_at, order_id, body) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    CheckoutFind = "SELECT id, channel, customer_id, state, expires_at, order_id, body FROM checkout WHERE id = ?1";
    CheckoutComplete = "UPDATE checkout SET state = 'completed', order_id = ?3 WHERE id = ?1 AND state = 'open' AND expires_at > ?2";
    CheckoutExpire = "UPDATE checkout SET state = 'expired' WHERE id = ?1 AND state = 'open' AND expires_at <= ?2";
    CheckoutExpired = "SELECT id, channel, customer_id, state, expires_at, order_id, body FROM checkout \
        WHERE state = 'open' AND expires_at <= ?1 ORDER BY expires_at, id LIMIT ?2";

    // idempotency
    IdempotencyInsert = "INSERT INTO idempotency (digest, request, order_id, status, response, created_at) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    IdempotencyComplete = "UPDATE idempotency SET status = ?2, response = ?3 WHERE digest = ?1 RETURNING created_at";
    IdempotencyFind = "SELECT digest, request, order_id, status, response, created_at FROM idempotency WHERE digest = ?1";
    IdempotencyDelete = "DELETE FROM idempotency WHERE digest = ?1 RETURNING created_at";
    IdempotencyAge = "DELETE FROM idempotency WHERE digest IN (SELECT digest FROM idempotency WHERE created_at < ?1 \
        ORDER BY created_at LIMIT ?2) RETURNING created_at";

    // tokens
    TokenInsert = concat!("INSERT INTO token (", token_columns!(), ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
    TokenFind = concat!("SELECT ", token_columns!(), " FROM token WHERE id = ?1");
    TokenRevoke = "UPDATE token SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
    TokenList = concat!("SELECT ", token_columns!(), " FROM token WHERE id > ?1 ORDER BY id LIMIT ?2");

    // catalogue
    ChannelPut = "INSERT INTO channel (name, body) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET body = excluded.body";
    ChannelAll = "SELECT name, body FROM channel ORDER BY name";
    MerchantPut = "INSERT INTO merchant (id, name, body) VALUES (?1, ?2, ?3) \
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, body = excluded.body";
    MerchantFind = "SELECT id, name, body FROM merchant WHERE id = ?1";
    MerchantList = "SELECT id, name, body FROM merchant WHERE id > ?1 AND (CAST(?3 AS TEXT) IS NULL OR EXISTS (\
        SELECT 1 FROM offer f WHERE f.merchant_id = merchant.id AND f.channel = ?3)) ORDER BY id LIMIT ?2";
    OfferPut = "INSERT INTO offer (sku, channel, merchant_id, rank, body) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (sku) DO UPDATE \
        SET channel = excluded.channel, merchant_id = excluded.merchant_id, rank = excluded.rank, body = excluded.body";
    OfferList = "SELECT sku, channel, merchant_id, rank, body FROM offer WHERE sku > ?1 \
        AND (CAST(?3 AS BIGINT) IS NULL OR merchant_id = ?3) AND (CAST(?4 AS TEXT) IS NULL OR channel = ?4) ORDER BY sku LIMIT ?2";
    OfferOfChannel = "SELECT sku, channel, merchant_id, rank, body FROM offer WHERE channel = ?1 AND (rank, sku) > (?2, ?3) \
        ORDER BY rank, sku LIMIT ?4";
    OfferOfMerchant = "SELECT sku, channel, merchant_id, rank, body FROM offer WHERE merchant_id = ?1 AND sku > ?2 \
        ORDER BY sku LIMIT ?3";

    // workflows
    WorkflowInsert = "INSERT INTO workflow_version (version, name, body, created_at) VALUES (?1, ?2, ?3, ?4) \
        ON CONFLICT (version) DO NOTHING";
    WorkflowGet = "SELECT version, name, body, created_at FROM workflow_version WHERE version = ?1";
    WorkflowAll = "SELECT version, name, body, created_at FROM workflow_version ORDER BY created_at, version";

    WorkflowPublicationInsert = "INSERT INTO workflow_publication (seq, version, name, digest, body, published_by, note, at) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    WorkflowPublicationsAfter = "SELECT seq, version, name, digest, body, published_by, note, at FROM workflow_publication \
        WHERE seq > ?1 ORDER BY seq";
    WorkflowPublicationHead = "SELECT MAX(seq) FROM workflow_publication";
    MigrationInsert = "INSERT INTO workflow_migration (id, name, state, cursor_version, cursor_id, body, created_by, created_at, \
        updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    MigrationAdvance = "UPDATE workflow_migration SET state = ?2, cursor_version = ?3, cursor_id = ?4, body = ?5, updated_at = ?6 \
        WHERE id = ?1 AND state = ?7";
    MigrationFind = "SELECT id, name, state, cursor_version, cursor_id, body, created_by, created_at, updated_at \
        FROM workflow_migration WHERE id = ?1";
    MigrationList = "SELECT id, name, state, cursor_version, cursor_id, body, created_by, created_at, updated_at \
        FROM workflow_migration WHERE id < ?1 ORDER BY id DESC LIMIT ?2";
    MigrationOrderInsert = "INSERT INTO workflow_migration_order (migration_id, order_id, outcome, body) VALUES (?1, ?2, ?3, ?4)";
    MigrationOrderUndo = "UPDATE workflow_migration_order SET outcome = 'undone' \
        WHERE migration_id = ?1 AND order_id = ?2 AND outcome = 'moved'";
    MigrationOrders = "SELECT migration_id, order_id, outcome, body FROM workflow_migration_order \
        WHERE migration_id = ?1 AND order_id > ?2 ORDER BY order_id LIMIT ?3";

    // people
    CustomerInsert = "INSERT INTO customer (id, channel, email_digest, created_at) VALUES (?1, ?2, ?3, ?4)";
    CustomerFind = "SELECT id, channel, email_digest, created_at FROM customer WHERE id = ?1";
    CustomerFindByEmail = "SELECT id, channel, email_digest, created_at FROM customer WHERE channel = ?1 AND email_digest = ?2";
    ContactOfCustomer = "SELECT id, subject, name, email, phone, address FROM contact WHERE subject = ?1 ORDER BY id LIMIT ?2";
    ContactInsert = "INSERT INTO contact (id, subject, name, email, phone, address, name_key, email_key) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (id) DO NOTHING";

    // outside ids
    ExternalRefInsert = "INSERT INTO external_ref (source, external_id, id) VALUES (?1, ?2, ?3)";
    ExternalRefGet = "SELECT id FROM external_ref WHERE source = ?1 AND external_id = ?2";
    ExternalRefList = "SELECT external_id, id FROM external_ref WHERE source = ?1 AND external_id > ?2 ORDER BY external_id LIMIT ?3";

    // what providers tell, and parties' accounts there
    ProviderEventInsert = concat!("INSERT INTO provider_event (", provider_event_columns!(), ") \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)");
    ProviderEventFind = concat!("SELECT ", provider_event_columns!(), " FROM provider_event WHERE id = ?1");
    ProviderEventKnown = "SELECT id FROM provider_event WHERE provider = ?1 AND event_id = ?2";
    ProviderEventSettle = "UPDATE provider_event SET state = ?2, note = ?3, order_id = ?4 WHERE id = ?1";
    ProviderEventList = concat!("SELECT ", provider_event_columns!(), " FROM provider_event WHERE id > ?3 \
        AND (CAST(?1 AS TEXT) IS NULL OR state = ?1) AND (CAST(?2 AS TEXT) IS NULL OR provider = ?2) ORDER BY id LIMIT ?4");
    ProviderAccountPut = "INSERT INTO provider_account (party, provider, account, state, updated_at) VALUES (?1, ?2, ?3, ?4, ?5) \
        ON CONFLICT (party, provider) DO UPDATE SET account = excluded.account, state = excluded.state, \
        updated_at = excluded.updated_at";
    ProviderAccountFind = "SELECT party, provider, account, state, updated_at FROM provider_account WHERE party = ?1 AND provider = ?2";
    ProviderAccountOf = "SELECT party, provider, account, state, updated_at FROM provider_account WHERE provider = ?1 AND account = ?2";
    ProviderAccountList = "SELECT party, provider, account, state, updated_at FROM provider_account \
        WHERE (party, provider) > (?1, ?2) ORDER BY party, provider LIMIT ?3";

    // reconciliations with providers
    ReconciliationInsert = "INSERT INTO reconciliation_run (id, state, cursor, body, created_by, created_at, updated_at) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    ReconciliationAdvance = "UPDATE reconciliation_run SET state = ?2, cursor = ?3, body = ?4, updated_at = ?5 \
        WHERE id = ?1 AND state = 'running' AND cursor = ?6";
    ReconciliationFind = "SELECT id, state, cursor, body, created_by, created_at, updated_at FROM reconciliation_run WHERE id = ?1";
    ReconciliationList = "SELECT id, state, cursor, body, created_by, created_at, updated_at FROM reconciliation_run \
        WHERE id < ?1 ORDER BY id DESC LIMIT ?2";
    ReconciliationDifferenceInsert = "INSERT INTO reconciliation_difference (run_id, seq, order_id, body) VALUES (?1, ?2, ?3, ?4)";
    ReconciliationDifferences = "SELECT run_id, seq, order_id, body FROM reconciliation_difference \
        WHERE run_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
    // payouts: what is due
    PayoutHead = "SELECT position, fence FROM payout_head WHERE id = 1";
    PayoutHeadTake = "UPDATE payout_head SET fence = ?2 WHERE id = 1 AND fence = ?1";
    PayoutHeadHold = "UPDATE payout_head SET fence = fence WHERE id = 1 AND fence = ?1";
    PayoutHeadAdvance = "UPDATE payout_head SET position = ?2 WHERE id = 1 AND fence = ?1 AND position <= ?2";
    PayoutFeed = "SELECT position, order_id FROM outbox WHERE position > ?1 AND order_id IS NOT NULL ORDER BY position LIMIT ?2";
    PayoutWatchPut = "INSERT INTO payout_watch (order_id, look_at) VALUES (?1, ?2) \
        ON CONFLICT (order_id) DO UPDATE SET look_at = excluded.look_at";
    PayoutWatchDelete = "DELETE FROM payout_watch WHERE order_id = ?1";
    PayoutWatchDue = "SELECT order_id, look_at FROM payout_watch WHERE look_at <= ?1 ORDER BY look_at, order_id LIMIT ?2";
    // ?10 is whether a new row is open, ?11 whether the order is held: then only what has become less is.
    PayoutDuePut = "INSERT INTO payout_due (party, order_id, channel, currency, number, share, refund, fee, other, paid_share, \
        paid_refund, paid_fee, paid_other, open) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, 0, 0, 0, ?10) \
        ON CONFLICT (party, order_id) DO UPDATE SET share = excluded.share, refund = excluded.refund, fee = excluded.fee, \
        other = excluded.other, open = CASE \
        WHEN excluded.share + excluded.refund + excluded.fee + excluded.other \
            < payout_due.paid_share + payout_due.paid_refund + payout_due.paid_fee + payout_due.paid_other THEN 1 \
        WHEN CAST(?11 AS BIGINT) = 0 AND excluded.share + excluded.refund + excluded.fee + excluded.other \
            > payout_due.paid_share + payout_due.paid_refund + payout_due.paid_fee + payout_due.paid_other THEN 1 ELSE 0 END";
    PayoutDueTake = "UPDATE payout_due SET paid_share = share, paid_refund = refund, paid_fee = fee, paid_other = other, open = 0 \
        WHERE party = ?1 AND order_id = ?2 AND share = ?3 AND refund = ?4 AND fee = ?5 AND other = ?6 AND paid_share = ?7 \
        AND paid_refund = ?8 AND paid_fee = ?9 AND paid_other = ?10 AND open = 1";
    PayoutDueOpen = concat!("SELECT ", payout_due_columns!(), " FROM payout_due WHERE channel = ?1 AND party = ?2 AND open = 1 \
        AND order_id > ?3 ORDER BY order_id LIMIT ?4");
    PayoutParties = "SELECT p.party FROM (\
        SELECT d.party FROM payout_due d WHERE d.channel = ?1 AND d.open = 1 AND d.party > ?2 \
        UNION SELECT r.party FROM payout_reserve r WHERE r.channel = ?1 AND r.released_by IS NULL AND r.release_at <= ?3 AND r.party > ?2 \
        UNION SELECT w.party FROM payout w WHERE w.channel = ?1 AND w.parked = 1 AND w.party > ?2) p ORDER BY p.party LIMIT ?4";

    // payouts
    PayoutBatchInsert = "INSERT INTO payout_batch (id, channel, currency, method, body, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    PayoutBatchFind = "SELECT id, channel, currency, method, body, created_at FROM payout_batch WHERE id = ?1";
    PayoutInsert = concat!("INSERT INTO payout (", payout_columns!(), ") \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)");
    PayoutUpdate = "UPDATE payout SET state = ?2, parked = ?3, body = ?4, updated_at = ?5, version = ?6 WHERE id = ?1 AND version = ?7";
    PayoutCarry = "UPDATE payout SET parked = 0, carried_by = ?2, version = version + 1 WHERE id = ?1 AND parked = 1";
    PayoutFind = concat!("SELECT ", payout_columns!(), " FROM payout WHERE id = ?1");
    PayoutAudit = concat!("SELECT ", payout_columns!(), " FROM payout WHERE id > ?1 ORDER BY id LIMIT ?2");
    PayoutParked = concat!("SELECT ", payout_columns!(), " FROM payout WHERE channel = ?1 AND party = ?2 AND parked = 1 ORDER BY id");
    PayoutOfBatch = concat!("SELECT ", payout_columns!(), " FROM payout WHERE batch_id = ?1 ORDER BY id");
    PayoutLineInsert = "INSERT INTO payout_line (payout_id, order_id, number, share, refund, fee, other) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    PayoutLines = "SELECT payout_id, order_id, number, share, refund, fee, other FROM payout_line \
        WHERE payout_id = ?1 AND order_id > ?2 ORDER BY order_id LIMIT ?3";
    PayoutReserveInsert = "INSERT INTO payout_reserve (payout_id, party, channel, currency, amount, release_at, released_by) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    PayoutReserveRelease = "UPDATE payout_reserve SET released_by = ?2 WHERE payout_id = ?1 AND released_by IS NULL";
    PayoutReserveDue = "SELECT payout_id, party, channel, currency, amount, release_at, released_by FROM payout_reserve \
        WHERE channel = ?1 AND party = ?2 AND released_by IS NULL AND release_at <= ?3 ORDER BY release_at, payout_id";
    PayoutReserveKept = "SELECT party, currency, CAST(SUM(amount) AS BIGINT) FROM payout_reserve WHERE released_by IS NULL \
        GROUP BY party, currency ORDER BY party, currency";
    PayoutTermsPut = "INSERT INTO payout_terms (channel, party, body, since) VALUES (?1, ?2, ?3, ?4) \
        ON CONFLICT (channel, party) DO UPDATE SET body = excluded.body, since = excluded.since";
    PayoutTermsAll = "SELECT channel, party, body, since FROM payout_terms ORDER BY channel, party";
    PayoutSlotPut = "INSERT INTO payout_slot (channel, schedule, slot) VALUES (?1, ?2, ?3) \
        ON CONFLICT (channel, schedule) DO UPDATE SET slot = excluded.slot";
    PayoutSlotAll = "SELECT channel, schedule, slot FROM payout_slot ORDER BY channel, schedule";
    BankAccountInsert = concat!("INSERT INTO bank_account (", bank_account_columns!(), ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    BankAccountFind = concat!("SELECT ", bank_account_columns!(), " FROM bank_account WHERE id = ?1");
    BankAccountOf = concat!("SELECT ", bank_account_columns!(), " FROM bank_account WHERE party = ?1 ORDER BY id DESC LIMIT 1");
    BankAccountList = concat!("SELECT ", bank_account_columns!(), " FROM bank_account WHERE party > ?1 AND id = (\
        SELECT MAX(b.id) FROM bank_account b WHERE b.party = bank_account.party) ORDER BY party LIMIT ?2");

    // the sandbox provider
    SandboxPaymentInsert = "INSERT INTO sandbox_payment (id, body) VALUES (?1, ?2)";
    SandboxPaymentReplace = "UPDATE sandbox_payment SET body = ?2 WHERE id = ?1 AND body = ?3";
    SandboxPaymentGet = "SELECT body FROM sandbox_payment WHERE id = ?1";
    SandboxOperationInsert = "INSERT INTO sandbox_operation (key, payment_id, body) VALUES (?1, ?2, ?3) ON CONFLICT (key) DO NOTHING";
    SandboxOperationGet = "SELECT payment_id, body FROM sandbox_operation WHERE key = ?1";
    SandboxOperationsAfter = "SELECT key, payment_id, body FROM sandbox_operation WHERE key > ?1 ORDER BY key LIMIT ?2";
    SandboxFaultInsert = "INSERT INTO sandbox_fault (id, operation, outcome, remaining) VALUES (?1, ?2, ?3, ?4)";
    SandboxFaultTake = "UPDATE sandbox_fault SET remaining = remaining - 1 WHERE id = (SELECT f.id FROM sandbox_fault f \
        WHERE f.operation = ?1 AND f.remaining > 0 ORDER BY f.id LIMIT 1) RETURNING outcome",
        pg = "WITH next AS MATERIALIZED (SELECT id FROM sandbox_fault WHERE operation = $1 AND remaining > 0 ORDER BY id LIMIT 1 \
            FOR UPDATE) UPDATE sandbox_fault SET remaining = remaining - 1 FROM next WHERE sandbox_fault.id = next.id \
            RETURNING outcome";
    SandboxFaultList = "SELECT id, operation, outcome, remaining FROM sandbox_fault ORDER BY id";
}

impl Stmt {
    /// Its place in the registry.
    pub(super) fn index(self) -> usize {
        self as usize
    }

    /// The text for SQLite.
    pub(super) fn sqlite(self) -> &'static str {
        TEXTS[self.index()].sqlite
    }

    /// The text for PostgreSQL.
    pub(super) fn postgres(self) -> &'static str {
        &POSTGRES[self.index()]
    }

    /// The text for PostgreSQL that fails with division_by_zero unless it changes as many rows as its last parameter
    /// says: in a pipeline nobody can look at a row count in time, so the server has to.
    pub(super) fn postgres_guarded(self) -> String {
        let text = self.postgres();
        let last = highest_parameter(text) + 1;
        format!(
            "WITH g AS ({text} RETURNING 1) SELECT 1 / (CASE WHEN count(*) = ${last}::int8 THEN 1 ELSE 0 END) FROM g"
        )
    }
}

impl Stmt {
    /// Whether neighbours of this statement may be sent as one with several rows: a plain insert that returns nothing and updates nothing.
    pub(super) fn inserts_rows(self) -> bool {
        let text = self.postgres();
        text.starts_with("INSERT INTO")
            && text.contains("VALUES (")
            && !text.contains("DO UPDATE")
            && !text.contains("RETURNING")
    }

    /// Whether this changes rows that are there, one for each set of its parameters.
    pub(super) fn changes_rows(self) -> bool {
        let text = self.postgres();
        (text.starts_with("UPDATE ") || text.starts_with("DELETE FROM "))
            && !text.contains("RETURNING")
            && !text.contains("SELECT")
    }

    /// The text for PostgreSQL that does the same for many rows, which come as one array for each of its parameters; the first array is
    /// parameter `first`. For what [`Stmt::inserts_rows`] or [`Stmt::changes_rows`].
    pub(super) fn postgres_arrays(self, types: &[Type], first: usize) -> String {
        let text = self.postgres();
        let arrays: Vec<String> = (first..).zip(types).map(|(n, ty)| format!("${n}::{}[]", ty.name())).collect();
        let rows = format!("unnest({})", arrays.join(", "));
        if let Some((head, tail)) = text.split_once("VALUES (").and_then(|(head, rest)| Some((head, closing(rest)?.1)))
        {
            return format!("{head}SELECT * FROM {rows}{tail} RETURNING 1");
        }
        let columns: Vec<String> = (1..=types.len()).map(|n| format!("c{n}")).collect();
        let (head, condition) = text.split_once(" WHERE ").unwrap_or((text, "true"));
        let from = if head.starts_with("DELETE") { "USING" } else { "FROM" };
        let of_row = |text: &str| text.replace('$', "u.c");
        format!("{} {from} {rows} AS u({}) WHERE {} RETURNING 1", of_row(head), columns.join(", "), of_row(condition))
    }

    /// The text for PostgreSQL that inserts `rows` rows at once; its parameters are those of the rows, one row after the other.
    pub(super) fn postgres_rows(self, rows: usize) -> String {
        let text = self.postgres();
        let Some((head, rest)) = text.split_once("VALUES (") else { return text.to_owned() };
        let Some((row, tail)) = closing(rest) else { return text.to_owned() };
        let width = highest_parameter(row);
        let rows: Vec<String> = (0..rows).map(|n| format!("({})", shifted(row, n * width))).collect();
        format!("{head}VALUES {}{tail}", rows.join(", "))
    }
}

/// Splits at the parenthesis that closes one that is open.
fn closing(text: &str) -> Option<(&str, &str)> {
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((&text[..at], &text[at + 1..]));
        }
    }
    None
}

/// `$N` becomes `$(N + by)`.
fn shifted(text: &str, by: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for (n, part) in text.split('$').enumerate() {
        if n == 0 {
            out.push_str(part);
            continue;
        }
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let number: usize = part[..end].parse().unwrap_or(0);
        out.push_str(&format!("${}{}", number + by, &part[end..]));
    }
    out
}

static POSTGRES: LazyLock<Vec<String>> =
    LazyLock::new(|| TEXTS.iter().map(|t| t.postgres.map_or_else(|| to_postgres(t.sqlite), str::to_owned)).collect());

/// `?N` becomes `$N`; a question mark inside a literal stays.
pub(super) fn to_postgres(text: &str) -> String {
    let mut quoted = false;
    text.chars()
        .map(|c| {
            quoted ^= c == '\'';
            if c == '?' && !quoted { '$' } else { c }
        })
        .collect()
}

fn highest_parameter(text: &str) -> usize {
    text.split('$')
        .skip(1)
        .filter_map(|t| t.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_renamed_outside_of_literals() {
        assert_eq!(to_postgres("SELECT '?1', ?1, ?12"), "SELECT '?1', $1, $12");
    }

    #[test]
    fn a_guard_counts_with_the_parameter_after_the_last() {
        assert!(Stmt::JobFinish.postgres_guarded().contains("$3::int8"));
        assert!(Stmt::OrderUpdate.postgres_guarded().contains("$14::int8"));
    }

    #[test]
    fn neighbours_become_rows_of_one_insert() {
        assert_eq!(
            Stmt::OrderItemInsert.postgres_rows(2),
            "INSERT INTO order_item (id, order_id, sku, merchant_id, placed_at) VALUES ($1, $2, $3, $4, $5), ($6, $7, $8, $9, $10)"
        );
        assert!(Stmt::ContactInsert.postgres_rows(3).ends_with("$24) ON CONFLICT (id) DO NOTHING"));
        assert!(Stmt::LedgerInsert.inserts_rows());
        for stmt in [Stmt::OrderUpdate, Stmt::SettingPut, Stmt::OrderNumberTake, Stmt::JobFinish] {
            assert!(!stmt.inserts_rows(), "{stmt:?}");
        }
    }

    #[test]
    fn many_rows_come_as_arrays() {
        let types = [Type::INT8, Type::INT8, Type::TEXT, Type::INT8, Type::INT8];
        assert_eq!(
            Stmt::OrderItemInsert.postgres_arrays(&types, 5),
            "INSERT INTO order_item (id, order_id, sku, merchant_id, placed_at) SELECT * FROM unnest($5::int8[], $6::int8[], \
             $7::text[], $8::int8[], $9::int8[]) RETURNING 1"
        );
        assert_eq!(
            Stmt::JobFinish.postgres_arrays(&types[..2], 1),
            "DELETE FROM job USING unnest($1::int8[], $2::int8[]) AS u(c1, c2) WHERE id = u.c1 AND fence = u.c2 RETURNING 1"
        );
        assert!(Stmt::StockReserve.changes_rows() && !Stmt::JobClaim.changes_rows() && !Stmt::FeedFold.changes_rows());
    }

    #[test]
    fn sqlite_texts_never_use_dollar_parameters() {
        assert!(TEXTS.iter().all(|t| !t.sqlite.contains('$')));
    }
}
