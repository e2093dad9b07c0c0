-- How far the feed was read for payouts, and the number of the run that may write now: a run that was overtaken finds another number.
CREATE TABLE payout_head (id INTEGER PRIMARY KEY, position INTEGER NOT NULL, fence INTEGER NOT NULL) STRICT;
INSERT INTO payout_head (id, position, fence) VALUES (1, 0, 0);

-- Orders that are to be looked at, and when: at once because something happened, or when the time to return a line is over.
CREATE TABLE payout_watch (order_id INTEGER PRIMARY KEY, look_at INTEGER NOT NULL) STRICT;
CREATE INDEX payout_watch_due ON payout_watch (look_at);

-- What an order is worth to a party by now, since the order began, and what of that went into payouts. open is 1 while they differ.
CREATE TABLE payout_due (
  party TEXT NOT NULL,
  order_id INTEGER NOT NULL,
  channel TEXT NOT NULL,
  currency TEXT NOT NULL,
  number TEXT NOT NULL,
  share INTEGER NOT NULL,
  refund INTEGER NOT NULL,
  fee INTEGER NOT NULL,
  other INTEGER NOT NULL,
  paid_share INTEGER NOT NULL,
  paid_refund INTEGER NOT NULL,
  paid_fee INTEGER NOT NULL,
  paid_other INTEGER NOT NULL,
  open INTEGER NOT NULL,
  PRIMARY KEY (party, order_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX payout_due_open ON payout_due (channel, party, order_id) WHERE open = 1;

-- Payouts that were made together, for one file of the bank or one provider.
CREATE TABLE payout_batch (
  id INTEGER PRIMARY KEY,
  channel TEXT NOT NULL,
  currency TEXT NOT NULL,
  method TEXT NOT NULL,
  body TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- A payout. state is pending, approved, sent, paid, failed, returned or settled; destination names the account that it goes to; parked is 1
-- while its money waits for a later payout, which is then carried_by.
CREATE TABLE payout (
  id INTEGER PRIMARY KEY,
  batch_id INTEGER,
  party TEXT NOT NULL,
  channel TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount INTEGER NOT NULL,
  state TEXT NOT NULL,
  method TEXT NOT NULL,
  destination TEXT NOT NULL,
  parked INTEGER NOT NULL,
  carried_by INTEGER,
  version INTEGER NOT NULL,
  body TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX payout_party ON payout (party, id);
CREATE INDEX payout_state ON payout (state, id);
CREATE INDEX payout_of_batch ON payout (batch_id, id) WHERE batch_id IS NOT NULL;
CREATE INDEX payout_parked ON payout (channel, party, id) WHERE parked = 1;

-- What a payout has of which order.
CREATE TABLE payout_line (
  payout_id INTEGER NOT NULL,
  order_id INTEGER NOT NULL,
  number TEXT NOT NULL,
  share INTEGER NOT NULL,
  refund INTEGER NOT NULL,
  fee INTEGER NOT NULL,
  other INTEGER NOT NULL,
  PRIMARY KEY (payout_id, order_id)
) STRICT, WITHOUT ROWID;

-- What a payout kept back, and the payout that released it.
CREATE TABLE payout_reserve (
  payout_id INTEGER PRIMARY KEY,
  party TEXT NOT NULL,
  channel TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount INTEGER NOT NULL,
  release_at INTEGER NOT NULL,
  released_by INTEGER
) STRICT;
CREATE INDEX payout_reserve_kept ON payout_reserve (channel, party, release_at) WHERE released_by IS NULL;

-- Terms of a channel (party is empty), and exceptions for parties. since is when they were said: runs of before are not made up for.
CREATE TABLE payout_terms (
  channel TEXT NOT NULL,
  party TEXT NOT NULL,
  body TEXT NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY (channel, party)
) STRICT, WITHOUT ROWID;

-- The last scheduled run that was made, for each schedule of a channel.
CREATE TABLE payout_slot (channel TEXT NOT NULL, schedule TEXT NOT NULL, slot INTEGER NOT NULL, PRIMARY KEY (channel, schedule)) STRICT, WITHOUT ROWID;

-- Parties' accounts at banks: read to write a bank's file and for nothing else. The last one of a party counts, earlier ones stay for the
-- payouts that went there.
CREATE TABLE bank_account (
  id INTEGER PRIMARY KEY,
  party TEXT NOT NULL,
  holder TEXT NOT NULL,
  iban TEXT,
  account_number TEXT,
  bank_code TEXT,
  bic TEXT,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX bank_account_party ON bank_account (party, id);
