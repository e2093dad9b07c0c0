-- Messages between the people around an order. They are beside the order and not in its document, so that a long talk does not make
-- every command on the order slower. merchant_id names the thread: NULL is the one between the customer and the operator.
CREATE TABLE message (
  id INTEGER PRIMARY KEY,
  order_id INTEGER NOT NULL,
  merchant_id INTEGER,
  side TEXT NOT NULL,
  message TEXT NOT NULL,
  created_by TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX message_order ON message (order_id, id);

-- Two more columns to sort orders by: the name of the first line, and the reference of the payment (empty until there is one), both cut
-- to 200 characters, because an index entry has a limit.
ALTER TABLE orders ADD COLUMN item_name TEXT NOT NULL DEFAULT '';
ALTER TABLE orders ADD COLUMN payment_reference TEXT NOT NULL DEFAULT '';
UPDATE orders SET item_name = COALESCE(substr(json_extract(body, '$.items[0].name'), 1, 200), ''),
  payment_reference = COALESCE((SELECT substr(json_extract(p.value, '$.reference'), 1, 200) FROM json_each(orders.body, '$.payments') p
    WHERE json_extract(p.value, '$.reference') IS NOT NULL ORDER BY p.key DESC LIMIT 1), '');
CREATE INDEX orders_item_name ON orders (item_name, id);
CREATE INDEX orders_payment_reference ON orders (payment_reference, id);

-- A merchant's offers are listed by SKU.
CREATE INDEX offer_merchant ON offer (merchant_id, sku);
