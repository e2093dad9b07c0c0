DROP TABLE IF EXISTS orders;
CREATE TABLE orders (order_id smallint NOT NULL, customer_id character varying(5), order_date date, freight real);
INSERT INTO orders VALUES (10248, 'VINET', '1996-07-04', 32.3800011);
INSERT INTO orders VALUES (10249, 'O''HARA', NULL, 1.5e1); -- a comment
