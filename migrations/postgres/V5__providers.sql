-- What payment providers tell us by webhook, each event once. body holds ids, kinds, states, money and times only: people's data is taken
-- out before it is stored; digest is of the raw body as it was signed. state is received, done, ignored, parked or refused.
CREATE TABLE provider_event (
  id BIGINT PRIMARY KEY,
  provider TEXT COLLATE "C" NOT NULL,
  event_id TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  object TEXT COLLATE "C" NOT NULL,
  digest BYTEA NOT NULL,
  body TEXT COLLATE "C" NOT NULL,
  state TEXT COLLATE "C" NOT NULL,
  note TEXT COLLATE "C",
  order_id BIGINT,
  created_at BIGINT NOT NULL,
  received_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX provider_event_once ON provider_event (provider, event_id);
CREATE INDEX provider_event_state ON provider_event (state, id);

-- Parties' accounts at providers; state (JSON) is how the provider says that the account stands.
CREATE TABLE provider_account (
  party TEXT COLLATE "C" NOT NULL,
  provider TEXT COLLATE "C" NOT NULL,
  account TEXT COLLATE "C" NOT NULL,
  state TEXT COLLATE "C" NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (party, provider)
);
CREATE UNIQUE INDEX provider_account_account ON provider_account (provider, account);
