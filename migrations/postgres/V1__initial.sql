-- The first schema. Instants are microseconds since 1970 (UTC), money is in minor units, ids are 63-bit and time-ordered.
-- JSON columns are opaque to SQL: what is filtered or sorted by has a column of its own.

-- Each start of a node takes the next number; it is part of every id that the node makes.
CREATE TABLE node (id BIGINT PRIMARY KEY, started_at BIGINT NOT NULL);

-- Leases of background work that one node at a time may do (sequencer). Real time, not the movable clock.
CREATE TABLE lease (name TEXT PRIMARY KEY, owner BIGINT NOT NULL, until BIGINT NOT NULL);

CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL);

-- One row a changeset: its outcome key, its domain events (JSON array) and the change of status that the kept counters fold.
-- position is NULL until the sequencer has numbered the row after its commit.
CREATE TABLE outbox (
  id BIGINT PRIMARY KEY,
  position BIGINT,
  at BIGINT NOT NULL,
  order_id BIGINT,
  order_version BIGINT,
  channel TEXT,
  from_status TEXT,
  to_status TEXT,
  events TEXT NOT NULL
);
CREATE UNIQUE INDEX outbox_position ON outbox (position) WHERE position IS NOT NULL;
CREATE INDEX outbox_unsequenced ON outbox (id) WHERE position IS NULL;

-- Orders by channel and status, folded from the outbox by the sequencer.
CREATE TABLE counter (channel TEXT NOT NULL, status TEXT NOT NULL, orders BIGINT NOT NULL, PRIMARY KEY (channel, status));

CREATE TABLE channel (name TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE merchant (id BIGINT PRIMARY KEY, name TEXT NOT NULL, body TEXT NOT NULL);
-- One SKU is one offer: one merchant, one price list, one channel. rank keeps the order in which a channel lists them.
CREATE TABLE offer (
  sku TEXT PRIMARY KEY,
  channel TEXT NOT NULL,
  merchant_id BIGINT NOT NULL,
  rank BIGINT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX offer_channel ON offer (channel, rank);

-- Published workflow versions, named by content, immutable.
CREATE TABLE workflow_version (version TEXT PRIMARY KEY, name TEXT NOT NULL, body TEXT NOT NULL, created_at BIGINT NOT NULL);

-- A customer; guests are found again by e-mail within their channel (email_digest = SHA-256 of the lower-cased address).
CREATE TABLE customer (
  id BIGINT PRIMARY KEY,
  channel TEXT NOT NULL,
  email_digest BYTEA NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX customer_email ON customer (channel, email_digest);

-- People's data, and the only place for it: a contact (name, e-mail, phone) or a postal address (JSON), by subject (the customer).
CREATE TABLE contact (
  id BIGINT PRIMARY KEY,
  subject BIGINT NOT NULL,
  name TEXT NOT NULL,
  email TEXT,
  phone TEXT,
  address TEXT
);
CREATE INDEX contact_subject ON contact (subject);
CREATE INDEX contact_email ON contact (email) WHERE email IS NOT NULL;
CREATE INDEX contact_name ON contact (name);

-- An order is one aggregate: one document, one version. The columns beside it are what lists filter and sort by.
CREATE TABLE orders (
  id BIGINT PRIMARY KEY,
  number TEXT NOT NULL,
  channel TEXT NOT NULL,
  customer_id BIGINT NOT NULL,
  status TEXT NOT NULL,
  payment_status TEXT NOT NULL,
  shipping_status TEXT NOT NULL,
  total BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  delivered_at BIGINT,
  due_at BIGINT,
  version BIGINT NOT NULL,
  body TEXT NOT NULL
);
CREATE UNIQUE INDEX orders_number ON orders (number);
CREATE INDEX orders_channel ON orders (channel, id);
CREATE INDEX orders_status ON orders (status, id);
CREATE INDEX orders_channel_status ON orders (channel, status, id);
CREATE INDEX orders_customer ON orders (customer_id, id);
CREATE INDEX orders_due ON orders (due_at) WHERE due_at IS NOT NULL;

-- Which merchant sees which order; made when the order is routed to the merchant.
CREATE TABLE merchant_order (
  id BIGINT PRIMARY KEY,
  merchant_id BIGINT NOT NULL,
  order_id BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX merchant_order_merchant ON merchant_order (merchant_id, order_id);
CREATE INDEX merchant_order_order ON merchant_order (order_id);

-- Which SKU is in which order, for the filters by SKU and merchant.
CREATE TABLE order_item (id BIGINT PRIMARY KEY, order_id BIGINT NOT NULL, sku TEXT NOT NULL, merchant_id BIGINT NOT NULL);
CREATE INDEX order_item_sku ON order_item (sku, order_id);
CREATE INDEX order_item_merchant ON order_item (merchant_id, order_id);

-- What happened, oldest first; hash chains each entry to the one before it.
CREATE TABLE timeline (
  order_id BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  id BIGINT NOT NULL,
  at BIGINT NOT NULL,
  type TEXT NOT NULL,
  message TEXT NOT NULL,
  metadata TEXT,
  created_by TEXT,
  is_public BIGINT NOT NULL,
  merchant_id BIGINT,
  hash BYTEA NOT NULL,
  PRIMARY KEY (order_id, seq)
);

CREATE TABLE stock (
  sku TEXT NOT NULL,
  location TEXT NOT NULL,
  on_hand BIGINT NOT NULL,
  reserved BIGINT NOT NULL,
  PRIMARY KEY (sku, location),
  CHECK (on_hand >= 0),
  CHECK (reserved >= 0)
);

-- Every movement of stock: kind is receive, adjust, reserve, commit, release, ship, restock.
CREATE TABLE stock_movement (
  id BIGINT PRIMARY KEY,
  sku TEXT NOT NULL,
  location TEXT NOT NULL,
  kind TEXT NOT NULL,
  quantity BIGINT NOT NULL,
  order_id BIGINT,
  reason TEXT,
  at BIGINT NOT NULL
);
CREATE INDEX stock_movement_sku ON stock_movement (sku, id);

-- Double entry: the lines of one posting_id sum to zero in each currency. Append-only.
CREATE TABLE ledger_entry (
  id BIGINT PRIMARY KEY,
  posting_id BIGINT NOT NULL,
  order_id BIGINT NOT NULL,
  cause TEXT NOT NULL,
  account TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount BIGINT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX ledger_entry_order ON ledger_entry (order_id);
CREATE INDEX ledger_entry_account ON ledger_entry (account, currency);

-- Durable effects. state is ready, in_doubt or dead. run_at follows the movable clock, leases follow real time.
-- fence grows with every lease: an outcome is applied only with the fence that it was leased with.
CREATE TABLE job (
  id BIGINT PRIMARY KEY,
  kind TEXT NOT NULL,
  order_id BIGINT,
  state TEXT NOT NULL,
  run_at BIGINT NOT NULL,
  lease_owner BIGINT NOT NULL,
  lease_until BIGINT NOT NULL,
  fence BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  payload TEXT NOT NULL,
  last_error TEXT,
  created_at BIGINT NOT NULL
);
CREATE INDEX job_due ON job (run_at) WHERE state <> 'dead';
CREATE INDEX job_order ON job (order_id) WHERE order_id IS NOT NULL;

-- A checkout holds stock until expires_at. state is open, completed or expired.
CREATE TABLE checkout (
  id BIGINT PRIMARY KEY,
  channel TEXT NOT NULL,
  customer_id BIGINT NOT NULL,
  state TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  order_id BIGINT,
  body TEXT NOT NULL
);
CREATE INDEX checkout_open ON checkout (expires_at) WHERE state = 'open';

-- Order numbers are handed to nodes in blocks, by prefix and UTC day (YYYYMMDD).
CREATE TABLE order_number (prefix TEXT NOT NULL, day BIGINT NOT NULL, next BIGINT NOT NULL, PRIMARY KEY (prefix, day));

-- Answers kept for Idempotency-Key: digest is of actor, method, path and key; request is the digest of the body.
-- status and response are NULL while the first request runs; order_id lets the answer be made again after a crash.
CREATE TABLE idempotency (
  digest BYTEA PRIMARY KEY,
  request BYTEA NOT NULL,
  order_id BIGINT,
  status BIGINT,
  response TEXT,
  created_at BIGINT NOT NULL
);
CREATE INDEX idempotency_age ON idempotency (created_at);

-- API tokens: only the digest of the secret is kept.
CREATE TABLE token (
  id BIGINT PRIMARY KEY,
  digest BYTEA NOT NULL,
  role TEXT NOT NULL,
  subject BIGINT,
  channel TEXT,
  label TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  revoked_at BIGINT
);

-- Ids of the outside world (importers), so that an import run twice changes nothing.
CREATE TABLE external_ref (source TEXT NOT NULL, external_id TEXT NOT NULL, id BIGINT NOT NULL, PRIMARY KEY (source, external_id));

-- The sandbox provider's own books: what a real provider would keep on its side.
CREATE TABLE sandbox_payment (id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE sandbox_operation (key TEXT PRIMARY KEY, payment_id TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE sandbox_fault (id BIGINT PRIMARY KEY, operation TEXT NOT NULL, outcome TEXT NOT NULL, remaining BIGINT NOT NULL);
