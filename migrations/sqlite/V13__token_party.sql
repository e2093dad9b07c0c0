-- The party whose money a token of the role brand reads: its ledger account, party/brand/… A party is named by a text, not by a number.
ALTER TABLE token ADD COLUMN party TEXT;
