-- Every text that was ever published, in the order of publishing: the last of a name is current, the last of a version gives its labels.
-- seq is given by who publishes, as the last one that was seen and one: two who publish at once cannot both be right.
CREATE TABLE workflow_publication (
  seq BIGINT PRIMARY KEY,
  version TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  digest TEXT COLLATE "C" NOT NULL,
  body TEXT COLLATE "C" NOT NULL,
  published_by TEXT COLLATE "C" NOT NULL,
  note TEXT COLLATE "C",
  at BIGINT NOT NULL
);

-- The versions that an order in flight runs, as workflow/partner; NULL once every line and the payment are final.
ALTER TABLE orders ADD COLUMN in_flight TEXT COLLATE "C";
UPDATE orders SET in_flight = (body::json ->> 'workflowVersion') || COALESCE('/' || (body::json ->> 'partnerVersion'), '');
CREATE INDEX orders_in_flight ON orders (in_flight, id) WHERE in_flight IS NOT NULL;

-- A migration of orders in flight. state is running, done, undoing, undone; cursor_version and cursor_id are the place to which it has come.
CREATE TABLE workflow_migration (
  id BIGINT PRIMARY KEY,
  name TEXT COLLATE "C" NOT NULL,
  state TEXT COLLATE "C" NOT NULL,
  cursor_version TEXT COLLATE "C" NOT NULL,
  cursor_id BIGINT NOT NULL,
  body TEXT COLLATE "C" NOT NULL,
  created_by TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

-- What it did to each order; written with the order itself. outcome is moved, undone; body has where the machines stood before and after.
CREATE TABLE workflow_migration_order (
  migration_id BIGINT NOT NULL,
  order_id BIGINT NOT NULL,
  outcome TEXT COLLATE "C" NOT NULL,
  body TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (migration_id, order_id)
);
