-- The first schema. Instants are microseconds since 1970 (UTC), money is in minor units, ids are 63-bit and time-ordered.
-- JSON columns are opaque to SQL: what is filtered or sorted by has a column of its own.
-- Text compares byte by byte on both engines, so that keyset pages run in the same order everywhere.

-- Each start of a node takes the next number; it is part of every id that the node makes.
CREATE TABLE node (id INTEGER PRIMARY KEY, started_at INTEGER NOT NULL) STRICT;

-- Leases of background work that one node at a time may do (sequencer). Real time, not the movable clock.
CREATE TABLE lease (name TEXT PRIMARY KEY, owner INTEGER NOT NULL, until INTEGER NOT NULL) STRICT;

CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

-- One row a changeset: its outcome key, its domain events (JSON array) and the change of status that the kept counters fold.
-- position is NULL until the sequencer has numbered the row after its commit.
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY,
  position INTEGER,
  at INTEGER NOT NULL,
  order_id INTEGER,
  order_version INTEGER,
  channel TEXT,
  from_status TEXT,
  to_status TEXT,
  events TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX outbox_position ON outbox (position) WHERE position IS NOT NULL;
CREATE INDEX outbox_unsequenced ON outbox (id) WHERE position IS NULL;

-- The last position that was given; its one row is what sequencers on several nodes wait for each other on.
CREATE TABLE feed_head (id INTEGER PRIMARY KEY, position INTEGER NOT NULL) STRICT;
INSERT INTO feed_head (id, position) VALUES (1, 0);

-- Orders by channel and status, folded from the outbox by the sequencer.
CREATE TABLE counter (channel TEXT NOT NULL, status TEXT NOT NULL, orders INTEGER NOT NULL, PRIMARY KEY (channel, status)) STRICT;

CREATE TABLE channel (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE merchant (id INTEGER PRIMARY KEY, name TEXT NOT NULL, body TEXT NOT NULL) STRICT;
-- One SKU is one offer: one merchant, one price list, one channel. rank keeps the order in which a channel lists them.
CREATE TABLE offer (
  sku TEXT PRIMARY KEY,
  channel TEXT NOT NULL,
  merchant_id INTEGER NOT NULL,
  rank INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX offer_channel ON offer (channel, rank);

-- Published workflow versions, named by content, immutable.
CREATE TABLE workflow_version (version TEXT PRIMARY KEY, name TEXT NOT NULL, body TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;

-- A customer; guests are found again by e-mail within their channel (email_digest = SHA-256 of the lower-cased address).
CREATE TABLE customer (
  id INTEGER PRIMARY KEY,
  channel TEXT NOT NULL,
  email_digest BLOB NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX customer_email ON customer (channel, email_digest);

-- People's data, and the only place for it: a contact (name, e-mail, phone) or a postal address (JSON), by subject (the customer).
-- The keys are the lower-cased name and e-mail, by which people are searched for; one rule for both engines.
CREATE TABLE contact (
  id INTEGER PRIMARY KEY,
  subject INTEGER NOT NULL,
  name TEXT NOT NULL,
  email TEXT,
  phone TEXT,
  address TEXT,
  name_key TEXT NOT NULL,
  email_key TEXT
) STRICT;
CREATE INDEX contact_subject ON contact (subject);
CREATE INDEX contact_email ON contact (email_key) WHERE email_key IS NOT NULL;
CREATE INDEX contact_name ON contact (name_key);

-- An order is one aggregate: one document, one version. The columns beside it are what lists filter and sort by.
CREATE TABLE orders (
  id INTEGER PRIMARY KEY,
  number TEXT NOT NULL,
  channel TEXT NOT NULL,
  customer_id INTEGER NOT NULL,
  status TEXT NOT NULL,
  payment_status TEXT NOT NULL,
  shipping_status TEXT NOT NULL,
  total INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  delivered_at INTEGER,
  due_at INTEGER,
  version INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX orders_number ON orders (number);
-- Lists run along created_at, which an import may set far from the moment that the id carries.
CREATE INDEX orders_created ON orders (created_at, id);
CREATE INDEX orders_channel ON orders (channel, created_at, id);
CREATE INDEX orders_status ON orders (status, created_at, id);
CREATE INDEX orders_channel_status ON orders (channel, status, created_at, id);
CREATE INDEX orders_customer ON orders (customer_id, created_at, id);
CREATE INDEX orders_due ON orders (due_at) WHERE due_at IS NOT NULL;

-- Which merchant sees which order; made when the order is routed to the merchant. placed_at is the order's created_at,
-- so that a merchant's list runs along an index however few of the shop's orders are theirs.
CREATE TABLE merchant_order (
  id INTEGER PRIMARY KEY,
  merchant_id INTEGER NOT NULL,
  order_id INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  placed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX merchant_order_merchant ON merchant_order (merchant_id, placed_at, order_id);
CREATE INDEX merchant_order_order ON merchant_order (order_id, merchant_id);

-- Which SKU is in which order, for the filters by SKU and merchant.
CREATE TABLE order_item (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, sku TEXT NOT NULL, merchant_id INTEGER NOT NULL) STRICT;
CREATE INDEX order_item_sku ON order_item (sku, order_id);
CREATE INDEX order_item_merchant ON order_item (merchant_id, order_id);

-- What happened, oldest first; hash chains each entry to the one before it.
CREATE TABLE timeline (
  order_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  id INTEGER NOT NULL,
  at INTEGER NOT NULL,
  type TEXT NOT NULL,
  message TEXT NOT NULL,
  metadata TEXT,
  created_by TEXT,
  is_public INTEGER NOT NULL,
  merchant_id INTEGER,
  hash BLOB NOT NULL,
  PRIMARY KEY (order_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE stock (
  sku TEXT NOT NULL,
  location TEXT NOT NULL,
  on_hand INTEGER NOT NULL,
  reserved INTEGER NOT NULL,
  PRIMARY KEY (sku, location),
  CHECK (on_hand >= 0),
  CHECK (reserved >= 0)
) STRICT, WITHOUT ROWID;

-- Every movement of stock: kind is receive, adjust, reserve, commit, release, ship, restock.
CREATE TABLE stock_movement (
  id INTEGER PRIMARY KEY,
  sku TEXT NOT NULL,
  location TEXT NOT NULL,
  kind TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  order_id INTEGER,
  reason TEXT,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX stock_movement_sku ON stock_movement (sku, id);

-- Double entry: the lines of one posting_id sum to zero in each currency. Append-only.
CREATE TABLE ledger_entry (
  id INTEGER PRIMARY KEY,
  posting_id INTEGER NOT NULL,
  order_id INTEGER NOT NULL,
  cause TEXT NOT NULL,
  account TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount INTEGER NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX ledger_entry_order ON ledger_entry (order_id);

-- Durable effects. state is ready, in_doubt or dead. run_at follows the movable clock, leases follow real time.
-- fence grows with every lease: an outcome is applied only with the fence that it was leased with.
CREATE TABLE job (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  order_id INTEGER,
  state TEXT NOT NULL,
  run_at INTEGER NOT NULL,
  lease_owner INTEGER NOT NULL,
  lease_until INTEGER NOT NULL,
  fence INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  payload TEXT NOT NULL,
  last_error TEXT,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX job_due ON job (run_at) WHERE state <> 'dead';

-- A checkout holds stock until expires_at. state is open, completed or expired.
CREATE TABLE checkout (
  id INTEGER PRIMARY KEY,
  channel TEXT NOT NULL,
  customer_id INTEGER NOT NULL,
  state TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  order_id INTEGER,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX checkout_open ON checkout (expires_at) WHERE state = 'open';

-- Order numbers are handed to nodes in blocks, by prefix and UTC day (YYYYMMDD).
CREATE TABLE order_number (prefix TEXT NOT NULL, day INTEGER NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (prefix, day)) STRICT;

-- Answers kept for Idempotency-Key: digest is of actor, method, path and key; request is the digest of the body.
-- status and response are NULL while the first request runs; order_id lets the answer be made again after a crash.
CREATE TABLE idempotency (
  digest BLOB PRIMARY KEY,
  request BLOB NOT NULL,
  order_id INTEGER,
  status INTEGER,
  response TEXT,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX idempotency_age ON idempotency (created_at);

-- API tokens: only the digest of the secret is kept.
CREATE TABLE token (
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL,
  role TEXT NOT NULL,
  subject INTEGER,
  channel TEXT,
  label TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER
) STRICT;

-- Ids of the outside world (importers), so that an import run twice changes nothing.
CREATE TABLE external_ref (source TEXT NOT NULL, external_id TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (source, external_id)) STRICT, WITHOUT ROWID;

-- The sandbox provider's own books: what a real provider would keep on its side.
CREATE TABLE sandbox_payment (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE sandbox_operation (key TEXT PRIMARY KEY, payment_id TEXT NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE sandbox_fault (id INTEGER PRIMARY KEY, operation TEXT NOT NULL, outcome TEXT NOT NULL, remaining INTEGER NOT NULL) STRICT;
