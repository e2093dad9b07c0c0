-- Lists run along an index whatever they are sorted by, so that a page costs the same in a shop of any size.
CREATE INDEX orders_total ON orders (total, id);
CREATE INDEX orders_updated ON orders (updated_at, id);
-- People remember the end of a number: its last five digits find it, the newest first.
CREATE INDEX orders_number_tail ON orders (substr(number, length(number) - 4), created_at, id);

-- A line knows when its order was placed, so that the lists of a SKU and of a merchant run along an index of their own.
ALTER TABLE order_item ADD COLUMN placed_at INTEGER NOT NULL DEFAULT 0;
UPDATE order_item SET placed_at = COALESCE((SELECT o.created_at FROM orders o WHERE o.id = order_item.order_id), 0);
DROP INDEX order_item_sku;
DROP INDEX order_item_merchant;
CREATE INDEX order_item_sku ON order_item (sku, placed_at, order_id);
CREATE INDEX order_item_merchant ON order_item (merchant_id, placed_at, order_id);
