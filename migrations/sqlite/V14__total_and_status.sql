-- Orders by total, of one status: the status is read in the index, and only orders that are listed are read themselves. They lie scattered over the table.
DROP INDEX orders_total;
CREATE INDEX orders_total ON orders (total, id, status);
