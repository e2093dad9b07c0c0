-- The first schema. Instants are microseconds since 1970 (UTC), money is in minor units, ids are 63-bit and time-ordered.
-- JSON columns are opaque to SQL: what is filtered or sorted by has a column of its own.
-- Text compares byte by byte on both engines, so that keyset pages run in the same order everywhere.

-- Each start of a node takes the next number; it is part of every id that the node makes.
CREATE TABLE node (id BIGINT PRIMARY KEY, started_at BIGINT NOT NULL);

-- Leases of background work that one node at a time may do (sequencer). Real time, not the movable clock.
CREATE TABLE lease (name TEXT COLLATE "C" PRIMARY KEY, owner BIGINT NOT NULL, until BIGINT NOT NULL);

CREATE TABLE setting (key TEXT COLLATE "C" PRIMARY KEY, value TEXT COLLATE "C" NOT NULL);

-- One row a changeset: its outcome key, its domain events (JSON array) and the change of status that the kept counters fold.
-- position is NULL until the sequencer has numbered the row after its commit.
CREATE TABLE outbox (
  id BIGINT PRIMARY KEY,
  position BIGINT,
  at BIGINT NOT NULL,
  order_id BIGINT,
  order_version BIGINT,
  channel TEXT COLLATE "C",
  from_status TEXT COLLATE "C",
  to_status TEXT COLLATE "C",
  events TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX outbox_position ON outbox (position) WHERE position IS NOT NULL;
CREATE INDEX outbox_unsequenced ON outbox (id) WHERE position IS NULL;

-- The last position that was given; its one row is what sequencers on several nodes wait for each other on.
CREATE TABLE feed_head (id BIGINT PRIMARY KEY, position BIGINT NOT NULL);
INSERT INTO feed_head (id, position) VALUES (1, 0);

-- Orders by channel and status, folded from the outbox by the sequencer.
CREATE TABLE counter (channel TEXT COLLATE "C" NOT NULL, status TEXT COLLATE "C" NOT NULL, orders BIGINT NOT NULL, PRIMARY KEY (channel, status));

CREATE TABLE channel (name TEXT COLLATE "C" PRIMARY KEY, body TEXT COLLATE "C" NOT NULL);
CREATE TABLE merchant (id BIGINT PRIMARY KEY, name TEXT COLLATE "C" NOT NULL, body TEXT COLLATE "C" NOT NULL);
-- One SKU is one offer: one merchant, one price list, one channel. rank keeps the order in which a channel lists them.
CREATE TABLE offer (
  sku TEXT COLLATE "C" PRIMARY KEY,
  channel TEXT COLLATE "C" NOT NULL,
  merchant_id BIGINT NOT NULL,
  rank BIGINT NOT NULL,
  body TEXT COLLATE "C" NOT NULL
);
CREATE INDEX offer_channel ON offer (channel, rank);

-- Published workflow versions, named by content, immutable.
CREATE TABLE workflow_version (version TEXT COLLATE "C" PRIMARY KEY, name TEXT COLLATE "C" NOT NULL, body TEXT COLLATE "C" NOT NULL, created_at BIGINT NOT NULL);

-- A customer; guests are found again by e-mail within their channel (email_digest = SHA-256 of the lower-cased address).
CREATE TABLE customer (
  id BIGINT PRIMARY KEY,
  channel TEXT COLLATE "C" NOT NULL,
  email_digest BYTEA NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX customer_email ON customer (channel, email_digest);

-- People's data, and the only place for it: a contact (name, e-mail, phone) or a postal address (JSON), by subject (the customer).
-- The keys are the lower-cased name and e-mail, by which people are searched for; one rule for both engines.
CREATE TABLE contact (
  id BIGINT PRIMARY KEY,
  subject BIGINT NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  email TEXT COLLATE "C",
  phone TEXT COLLATE "C",
  address TEXT COLLATE "C",
  name_key TEXT COLLATE "C" NOT NULL,
  email_key TEXT COLLATE "C"
);
CREATE INDEX contact_subject ON contact (subject);
CREATE INDEX contact_email ON contact (email_key) WHERE email_key IS NOT NULL;
CREATE INDEX contact_name ON contact (name_key);

-- An order is one aggregate: one document, one version. The columns beside it are what lists filter and sort by.
CREATE TABLE orders (
  id BIGINT PRIMARY KEY,
  number TEXT COLLATE "C" NOT NULL,
  channel TEXT COLLATE "C" NOT NULL,
  customer_id BIGINT NOT NULL,
  status TEXT COLLATE "C" NOT NULL,
  payment_status TEXT COLLATE "C" NOT NULL,
  shipping_status TEXT COLLATE "C" NOT NULL,
  total BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  delivered_at BIGINT,
  due_at BIGINT,
  version BIGINT NOT NULL,
  body TEXT COLLATE "C" NOT NULL
);
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
  id BIGINT PRIMARY KEY,
  merchant_id BIGINT NOT NULL,
  order_id BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  placed_at BIGINT NOT NULL
);
CREATE INDEX merchant_order_merchant ON merchant_order (merchant_id, placed_at, order_id);
CREATE INDEX merchant_order_order ON merchant_order (order_id, merchant_id);

-- Which SKU is in which order, for the filters by SKU and merchant.
CREATE TABLE order_item (id BIGINT PRIMARY KEY, order_id BIGINT NOT NULL, sku TEXT COLLATE "C" NOT NULL, merchant_id BIGINT NOT NULL);
CREATE INDEX order_item_sku ON order_item (sku, order_id);
CREATE INDEX order_item_merchant ON order_item (merchant_id, order_id);

-- What happened, oldest first; hash chains each entry to the one before it.
CREATE TABLE timeline (
  order_id BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  id BIGINT NOT NULL,
  at BIGINT NOT NULL,
  type TEXT COLLATE "C" NOT NULL,
  message TEXT COLLATE "C" NOT NULL,
  metadata TEXT COLLATE "C",
  created_by TEXT COLLATE "C",
  is_public BIGINT NOT NULL,
  merchant_id BIGINT,
  hash BYTEA NOT NULL,
  PRIMARY KEY (order_id, seq)
);

CREATE TABLE stock (
  sku TEXT COLLATE "C" NOT NULL,
  location TEXT COLLATE "C" NOT NULL,
  on_hand BIGINT NOT NULL,
  reserved BIGINT NOT NULL,
  PRIMARY KEY (sku, location),
  CHECK (on_hand >= 0),
  CHECK (reserved >= 0)
);

-- Every movement of stock: kind is receive, adjust, reserve, commit, release, ship, restock.
CREATE TABLE stock_movement (
  id BIGINT PRIMARY KEY,
  sku TEXT COLLATE "C" NOT NULL,
  location TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  quantity BIGINT NOT NULL,
  order_id BIGINT,
  reason TEXT COLLATE "C",
  at BIGINT NOT NULL
);
CREATE INDEX stock_movement_sku ON stock_movement (sku, id);

-- Double entry: the lines of one posting_id sum to zero in each currency. Append-only.
CREATE TABLE ledger_entry (
  id BIGINT PRIMARY KEY,
  posting_id BIGINT NOT NULL,
  order_id BIGINT NOT NULL,
  cause TEXT COLLATE "C" NOT NULL,
  account TEXT COLLATE "C" NOT NULL,
  currency TEXT COLLATE "C" NOT NULL,
  amount BIGINT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX ledger_entry_order ON ledger_entry (order_id);

-- Durable effects. state is ready, in_doubt or dead. run_at follows the movable clock, leases follow real time.
-- fence grows with every lease: an outcome is applied only with the fence that it was leased with.
CREATE TABLE job (
  id BIGINT PRIMARY KEY,
  kind TEXT COLLATE "C" NOT NULL,
  order_id BIGINT,
  state TEXT COLLATE "C" NOT NULL,
  run_at BIGINT NOT NULL,
  lease_owner BIGINT NOT NULL,
  lease_until BIGINT NOT NULL,
  fence BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  payload TEXT COLLATE "C" NOT NULL,
  last_error TEXT COLLATE "C",
  created_at BIGINT NOT NULL
);
CREATE INDEX job_due ON job (run_at) WHERE state <> 'dead';

-- A checkout holds stock until expires_at. state is open, completed or expired.
CREATE TABLE checkout (
  id BIGINT PRIMARY KEY,
  channel TEXT COLLATE "C" NOT NULL,
  customer_id BIGINT NOT NULL,
  state TEXT COLLATE "C" NOT NULL,
  expires_at BIGINT NOT NULL,
  order_id BIGINT,
  body TEXT COLLATE "C" NOT NULL
);
CREATE INDEX checkout_open ON checkout (expires_at) WHERE state = 'open';

-- Order numbers are handed to nodes in blocks, by prefix and UTC day (YYYYMMDD).
CREATE TABLE order_number (prefix TEXT COLLATE "C" NOT NULL, day BIGINT NOT NULL, next BIGINT NOT NULL, PRIMARY KEY (prefix, day));

-- Answers kept for Idempotency-Key: digest is of actor, method, path and key; request is the digest of the body.
-- status and response are NULL while the first request runs; order_id lets the answer be made again after a crash.
CREATE TABLE idempotency (
  digest BYTEA PRIMARY KEY,
  request BYTEA NOT NULL,
  order_id BIGINT,
  status BIGINT,
  response TEXT COLLATE "C",
  created_at BIGINT NOT NULL
);
CREATE INDEX idempotency_age ON idempotency (created_at);

-- API tokens: only the digest of the secret is kept.
CREATE TABLE token (
  id BIGINT PRIMARY KEY,
  digest BYTEA NOT NULL,
  role TEXT COLLATE "C" NOT NULL,
  subject BIGINT,
  channel TEXT COLLATE "C",
  label TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  revoked_at BIGINT
);

-- Ids of the outside world (importers), so that an import run twice changes nothing.
CREATE TABLE external_ref (source TEXT COLLATE "C" NOT NULL, external_id TEXT COLLATE "C" NOT NULL, id BIGINT NOT NULL, PRIMARY KEY (source, external_id));

-- The sandbox provider's own books: what a real provider would keep on its side.
CREATE TABLE sandbox_payment (id TEXT COLLATE "C" PRIMARY KEY, body TEXT COLLATE "C" NOT NULL);
CREATE TABLE sandbox_operation (key TEXT COLLATE "C" PRIMARY KEY, payment_id TEXT COLLATE "C" NOT NULL, body TEXT COLLATE "C" NOT NULL);
CREATE TABLE sandbox_fault (id BIGINT PRIMARY KEY, operation TEXT COLLATE "C" NOT NULL, outcome TEXT COLLATE "C" NOT NULL, remaining BIGINT NOT NULL);
