-- How far the feed was read for payouts, and the number of the run that may write now: a run that was overtaken finds another number.
CREATE TABLE payout_head (id BIGINT PRIMARY KEY, position BIGINT NOT NULL, fence BIGINT NOT NULL);
INSERT INTO payout_head (id, position, fence) VALUES (1, 0, 0);

-- Orders that are to be looked at, and when: at once because something happened, or when the time to return a line is over.
CREATE TABLE payout_watch (order_id BIGINT PRIMARY KEY, look_at BIGINT NOT NULL);
CREATE INDEX payout_watch_due ON payout_watch (look_at);

-- What an order is worth to a party by now, since the order began, and what of that went into payouts. open is 1 while they differ.
CREATE TABLE payout_due (
  party TEXT COLLATE "C" NOT NULL,
  order_id BIGINT NOT NULL,
  channel TEXT COLLATE "C" NOT NULL,
  currency TEXT COLLATE "C" NOT NULL,
  number TEXT COLLATE "C" NOT NULL,
  share BIGINT NOT NULL,
  refund BIGINT NOT NULL,
  fee BIGINT NOT NULL,
  other BIGINT NOT NULL,
  paid_share BIGINT NOT NULL,
  paid_refund BIGINT NOT NULL,
  paid_fee BIGINT NOT NULL,
  paid_other BIGINT NOT NULL,
  open BIGINT NOT NULL,
  PRIMARY KEY (party, order_id)
);
CREATE INDEX payout_due_open ON payout_due (channel, party, order_id) WHERE open = 1;

-- Payouts that were made together, for one file of the bank or one provider.
CREATE TABLE payout_batch (
  id BIGINT PRIMARY KEY,
  channel TEXT COLLATE "C" NOT NULL,
  currency TEXT COLLATE "C" NOT NULL,
  method TEXT COLLATE "C" NOT NULL,
  body TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL
);

-- A payout. state is pending, approved, sent, paid, failed, returned or settled; destination names the account that it goes to; parked is 1
-- while its money waits for a later payout, which is then carried_by.
CREATE TABLE payout (
  id BIGINT PRIMARY KEY,
  batch_id BIGINT,
  party TEXT COLLATE "C" NOT NULL,
  channel TEXT COLLATE "C" NOT NULL,
  currency TEXT COLLATE "C" NOT NULL,
  amount BIGINT NOT NULL,
  state TEXT COLLATE "C" NOT NULL,
  method TEXT COLLATE "C" NOT NULL,
  destination TEXT COLLATE "C" NOT NULL,
  parked BIGINT NOT NULL,
  carried_by BIGINT,
  version BIGINT NOT NULL,
  body TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX payout_party ON payout (party, id);
CREATE INDEX payout_state ON payout (state, id);
CREATE INDEX payout_of_batch ON payout (batch_id, id) WHERE batch_id IS NOT NULL;
CREATE INDEX payout_parked ON payout (channel, party, id) WHERE parked = 1;

-- What a payout has of which order.
CREATE TABLE payout_line (
  payout_id BIGINT NOT NULL,
  order_id BIGINT NOT NULL,
  number TEXT COLLATE "C" NOT NULL,
  share BIGINT NOT NULL,
  refund BIGINT NOT NULL,
  fee BIGINT NOT NULL,
  other BIGINT NOT NULL,
  PRIMARY KEY (payout_id, order_id)
);

-- What a payout kept back, and the payout that released it.
CREATE TABLE payout_reserve (
  payout_id BIGINT PRIMARY KEY,
  party TEXT COLLATE "C" NOT NULL,
  channel TEXT COLLATE "C" NOT NULL,
  currency TEXT COLLATE "C" NOT NULL,
  amount BIGINT NOT NULL,
  release_at BIGINT NOT NULL,
  released_by BIGINT
);
CREATE INDEX payout_reserve_kept ON payout_reserve (channel, party, release_at) WHERE released_by IS NULL;

-- Terms of a channel (party is empty), and exceptions for parties. since is when they were said: runs of before are not made up for.
CREATE TABLE payout_terms (
  channel TEXT COLLATE "C" NOT NULL,
  party TEXT COLLATE "C" NOT NULL,
  body TEXT COLLATE "C" NOT NULL,
  since BIGINT NOT NULL,
  PRIMARY KEY (channel, party)
);

-- The last scheduled run that was made, for each schedule of a channel.
CREATE TABLE payout_slot (channel TEXT COLLATE "C" NOT NULL, schedule TEXT COLLATE "C" NOT NULL, slot BIGINT NOT NULL, PRIMARY KEY (channel, schedule));

-- Parties' accounts at banks: read to write a bank's file and for nothing else. The last one of a party counts, earlier ones stay for the
-- payouts that went there.
CREATE TABLE bank_account (
  id BIGINT PRIMARY KEY,
  party TEXT COLLATE "C" NOT NULL,
  holder TEXT COLLATE "C" NOT NULL,
  iban TEXT COLLATE "C",
  account_number TEXT COLLATE "C",
  bank_code TEXT COLLATE "C",
  bic TEXT COLLATE "C",
  created_by TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX bank_account_party ON bank_account (party, id);
