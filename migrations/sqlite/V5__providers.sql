-- What payment providers tell us by webhook, each event once. body holds ids, kinds, states, money and times only: people's data is taken
-- out before it is stored; digest is of the raw body as it was signed. state is received, done, ignored, parked or refused.
CREATE TABLE provider_event (
  id INTEGER PRIMARY KEY,
  provider TEXT NOT NULL,
  event_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  object TEXT NOT NULL,
  digest BLOB NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL,
  note TEXT,
  order_id INTEGER,
  created_at INTEGER NOT NULL,
  received_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX provider_event_once ON provider_event (provider, event_id);
CREATE INDEX provider_event_state ON provider_event (state, id);

-- Parties' accounts at providers; state (JSON) is how the provider says that the account stands.
CREATE TABLE provider_account (
  party TEXT NOT NULL,
  provider TEXT NOT NULL,
  account TEXT NOT NULL,
  state TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (party, provider)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX provider_account_account ON provider_account (provider, account);
