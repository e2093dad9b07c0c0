-- Reconciliations with payment providers. cursor (JSON) is how far one has come, body (JSON) what was asked for and what was counted.
CREATE TABLE reconciliation_run (
  id INTEGER PRIMARY KEY,
  state TEXT NOT NULL,
  cursor TEXT NOT NULL,
  body TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

-- What one found, in the order in which it was found.
CREATE TABLE reconciliation_difference (
  run_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  order_id INTEGER,
  body TEXT NOT NULL,
  PRIMARY KEY (run_id, seq)
) STRICT, WITHOUT ROWID;
