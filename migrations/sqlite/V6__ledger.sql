-- What a posting is about beside its order (a refund, a dispute, a payout: its id as text), and the posting that it undoes. A payout is of
-- no order. The table is made anew, because a column cannot be freed of NOT NULL in place.
CREATE TABLE ledger_line (
  id INTEGER PRIMARY KEY,
  posting_id INTEGER NOT NULL,
  order_id INTEGER,
  cause TEXT NOT NULL,
  about TEXT,
  reverses INTEGER,
  account TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount INTEGER NOT NULL,
  at INTEGER NOT NULL
) STRICT;
INSERT INTO ledger_line (id, posting_id, order_id, cause, account, currency, amount, at)
  SELECT id, posting_id, order_id, cause, account, currency, amount, at FROM ledger_entry ORDER BY id;
DROP TABLE ledger_entry;
ALTER TABLE ledger_line RENAME TO ledger_entry;
CREATE INDEX ledger_entry_order ON ledger_entry (order_id);
-- Statements run along this.
CREATE INDEX ledger_entry_account ON ledger_entry (account, id);
CREATE INDEX ledger_entry_reverses ON ledger_entry (reverses) WHERE reverses IS NOT NULL;

-- The book is append-only: what was wrong is reversed.
CREATE TRIGGER ledger_entry_stays BEFORE UPDATE ON ledger_entry BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_entry_remains BEFORE DELETE ON ledger_entry BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

-- What each changeset adds to which account: [["account","currency",amount],…], folded by the sequencer as the counters are.
ALTER TABLE outbox ADD COLUMN ledger TEXT;

-- Kept balances: of all time, and of each UTC day (days since 1970), so that a balance at any instant needs the lines of one day only.
CREATE TABLE ledger_balance (account TEXT NOT NULL, currency TEXT NOT NULL, amount INTEGER NOT NULL, PRIMARY KEY (account, currency)) STRICT, WITHOUT ROWID;
CREATE TABLE ledger_day (
  day INTEGER NOT NULL,
  account TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount INTEGER NOT NULL,
  PRIMARY KEY (day, account, currency)
) STRICT, WITHOUT ROWID;
INSERT INTO ledger_balance (account, currency, amount) SELECT account, currency, SUM(amount) FROM ledger_entry GROUP BY account, currency;
INSERT INTO ledger_day (day, account, currency, amount)
  SELECT at / 86400000000, account, currency, SUM(amount) FROM ledger_entry GROUP BY 1, 2, 3;
