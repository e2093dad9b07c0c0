-- Disputes by what lists ask for. The truth is the order's document; a row is written with it, and body is the dispute as it stands there.
CREATE TABLE dispute (
  id INTEGER PRIMARY KEY,
  order_id INTEGER NOT NULL,
  order_number TEXT NOT NULL,
  channel TEXT NOT NULL,
  currency TEXT NOT NULL,
  customer_id INTEGER NOT NULL,
  merchant_id INTEGER,
  kind TEXT NOT NULL,
  status TEXT NOT NULL,
  undecided INTEGER NOT NULL,
  respond_by INTEGER,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX dispute_order ON dispute (order_id, id);
CREATE INDEX dispute_merchant ON dispute (merchant_id, id);
CREATE INDEX dispute_customer ON dispute (customer_id, id);
CREATE INDEX dispute_status ON dispute (status, id);
CREATE INDEX dispute_channel ON dispute (channel, id);

-- Messages and evidence of disputes. evidence is its kind, NULL for a message; readers is all, customer, merchant or operator; links is a
-- JSON list of addresses.
CREATE TABLE dispute_note (
  id INTEGER PRIMARY KEY,
  dispute_id INTEGER NOT NULL,
  order_id INTEGER NOT NULL,
  evidence TEXT,
  side TEXT NOT NULL,
  readers TEXT NOT NULL,
  text TEXT NOT NULL,
  links TEXT NOT NULL,
  created_by TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX dispute_note_dispute ON dispute_note (dispute_id, id);
