-- Disputes by what lists ask for. The truth is the order's document; a row is written with it, and body is the dispute as it stands there.
CREATE TABLE dispute (
  id BIGINT PRIMARY KEY,
  order_id BIGINT NOT NULL,
  order_number TEXT COLLATE "C" NOT NULL,
  channel TEXT COLLATE "C" NOT NULL,
  currency TEXT COLLATE "C" NOT NULL,
  customer_id BIGINT NOT NULL,
  merchant_id BIGINT,
  kind TEXT COLLATE "C" NOT NULL,
  status TEXT COLLATE "C" NOT NULL,
  undecided BIGINT NOT NULL,
  respond_by BIGINT,
  body TEXT COLLATE "C" NOT NULL
);
CREATE INDEX dispute_order ON dispute (order_id, id);
CREATE INDEX dispute_merchant ON dispute (merchant_id, id);
CREATE INDEX dispute_customer ON dispute (customer_id, id);
CREATE INDEX dispute_status ON dispute (status, id);
CREATE INDEX dispute_channel ON dispute (channel, id);

-- Messages and evidence of disputes. evidence is its kind, NULL for a message; readers is all, customer, merchant or operator; links is a
-- JSON list of addresses.
CREATE TABLE dispute_note (
  id BIGINT PRIMARY KEY,
  dispute_id BIGINT NOT NULL,
  order_id BIGINT NOT NULL,
  evidence TEXT COLLATE "C",
  side TEXT COLLATE "C" NOT NULL,
  readers TEXT COLLATE "C" NOT NULL,
  text TEXT COLLATE "C" NOT NULL,
  links TEXT COLLATE "C" NOT NULL,
  created_by TEXT COLLATE "C" NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX dispute_note_dispute ON dispute_note (dispute_id, id);
