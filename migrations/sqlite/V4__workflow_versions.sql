-- Every text that was ever published, in the order of publishing: the last of a name is current, the last of a version gives its labels.
-- seq is given by who publishes, as the last one that was seen and one: two who publish at once cannot both be right.
CREATE TABLE workflow_publication (
  seq INTEGER PRIMARY KEY,
  version TEXT NOT NULL,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  body TEXT NOT NULL,
  published_by TEXT NOT NULL,
  note TEXT,
  at INTEGER NOT NULL
) STRICT;

-- The versions that an order in flight runs, as workflow/partner; NULL once every line and the payment are final.
ALTER TABLE orders ADD COLUMN in_flight TEXT;
UPDATE orders SET in_flight = json_extract(body, '$.workflowVersion') || COALESCE('/' || json_extract(body, '$.partnerVersion'), '');
CREATE INDEX orders_in_flight ON orders (in_flight, id) WHERE in_flight IS NOT NULL;

-- A migration of orders in flight. state is running, done, undoing, undone; cursor_version and cursor_id are the place to which it has come.
CREATE TABLE workflow_migration (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  cursor_version TEXT NOT NULL,
  cursor_id INTEGER NOT NULL,
  body TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

-- What it did to each order; written with the order itself. outcome is moved, undone; body has where the machines stood before and after.
CREATE TABLE workflow_migration_order (
  migration_id INTEGER NOT NULL,
  order_id INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (migration_id, order_id)
) STRICT, WITHOUT ROWID;
