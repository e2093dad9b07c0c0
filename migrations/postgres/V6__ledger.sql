-- What a posting is about beside its order (a refund, a dispute, a payout: its id as text), and the posting that it undoes. A payout is of
-- no order.
CREATE TABLE ledger_line (
  id BIGINT PRIMARY KEY,
  posting_id BIGINT NOT NULL,
  order_id BIGINT,
  cause TEXT COLLATE "C" NOT NULL,
  about TEXT COLLATE "C",
  reverses BIGINT,
  account TEXT COLLATE "C" NOT NULL,
  currency TEXT COLLATE "C" NOT NULL,
  amount BIGINT NOT NULL,
  at BIGINT NOT NULL
);
INSERT INTO ledger_line (id, posting_id, order_id, cause, account, currency, amount, at)
  SELECT id, posting_id, order_id, cause, account, currency, amount, at FROM ledger_entry ORDER BY id;
DROP TABLE ledger_entry;
ALTER TABLE ledger_line RENAME TO ledger_entry;
ALTER INDEX ledger_line_pkey RENAME TO ledger_entry_pkey;
CREATE INDEX ledger_entry_order ON ledger_entry (order_id);
-- Statements run along this.
CREATE INDEX ledger_entry_account ON ledger_entry (account, id);
CREATE INDEX ledger_entry_reverses ON ledger_entry (reverses) WHERE reverses IS NOT NULL;

-- The book is append-only: what was wrong is reversed.
CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$;
CREATE TRIGGER ledger_entry_stays BEFORE UPDATE ON ledger_entry FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER ledger_entry_remains BEFORE DELETE ON ledger_entry FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();

-- What each changeset adds to which account: [["account","currency",amount],…], folded by the sequencer as the counters are.
ALTER TABLE outbox ADD COLUMN ledger TEXT COLLATE "C";

-- Kept balances: of all time, and of each UTC day (days since 1970), so that a balance at any instant needs the lines of one day only.
CREATE TABLE ledger_balance (account TEXT COLLATE "C" NOT NULL, currency TEXT COLLATE "C" NOT NULL, amount BIGINT NOT NULL, PRIMARY KEY (account, currency));
CREATE TABLE ledger_day (
  day BIGINT NOT NULL,
  account TEXT COLLATE "C" NOT NULL,
  currency TEXT COLLATE "C" NOT NULL,
  amount BIGINT NOT NULL,
  PRIMARY KEY (day, account, currency)
);
INSERT INTO ledger_balance (account, currency, amount)
  SELECT account, currency, CAST(SUM(amount) AS BIGINT) FROM ledger_entry GROUP BY account, currency;
INSERT INTO ledger_day (day, account, currency, amount)
  SELECT at / 86400000000, account, currency, CAST(SUM(amount) AS BIGINT) FROM ledger_entry GROUP BY 1, 2, 3;
