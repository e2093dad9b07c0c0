-- What has no position yet is looked through for earlier versions of the same orders: by the order, however much is waiting.
CREATE INDEX outbox_waiting ON outbox (order_id, order_version, position) WHERE position IS NULL;
