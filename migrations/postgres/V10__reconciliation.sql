-- Reconciliations with payment providers. cursor (JSON) is how far one has come, body (JSON) what was asked for and what was counted.
CREATE TABLE reconciliation_run (
  id BIGINT PRIMARY KEY,
  state TEXT COLLATE "C" NOT NULL,
  cursor TEXT COLLATE "C" NOT NULL,
  body TEXT COLLATE "C" NOT NULL,
  created_by TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

-- What one found, in the order in which it was found.
CREATE TABLE reconciliation_difference (
  run_id BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  order_id BIGINT,
  body TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (run_id, seq)
);
