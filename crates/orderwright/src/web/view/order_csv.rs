//! Orders as rows of CSV: one for each line of an order, with the order's columns on each. Amounts are minor units, as everywhere.

use super::csv::{Cell, Rows};
use super::order::{ItemView, OrderView};
use crate::ops::people::Address;

/// The columns, in the order of [`push`].
pub const COLUMNS: &[&str] = &[
    "orderNumber",
    "orderId",
    "channel",
    "createdAt",
    "updatedAt",
    "status",
    "displayStatus",
    "paymentStatus",
    "shippingStatus",
    "customerId",
    "customerName",
    "customerEmail",
    "customerPhone",
    "currency",
    "subtotal",
    "gstAmount",
    "discountCode",
    "discountAmount",
    "shippingCost",
    "roundingAmount",
    "total",
    "refundedTotal",
    "paymentReference",
    "shippingProvider",
    "shippingName",
    "shippingCompany",
    "shippingLine1",
    "shippingLine2",
    "shippingCity",
    "shippingState",
    "shippingPostalCode",
    "shippingCountry",
    "shippingPhone",
    "itemId",
    "sku",
    "itemName",
    "merchantId",
    "quantity",
    "price",
    "itemGstRate",
    "itemGstAmount",
    "itemDiscountAmount",
    "itemTotal",
    "itemStatus",
    "itemDisplayStatus",
    "merchantStatus",
    "expectedBy",
    "deliveredAt",
];

/// Adds the names of the columns.
pub fn header(rows: &mut Rows) {
    rows.push(&COLUMNS.iter().map(|c| Cell::from(*c)).collect::<Vec<_>>());
}

/// Adds an order's rows; an order without lines has one, so that its money is in the sum.
pub fn push(rows: &mut Rows, order: &OrderView) {
    let own = order_cells(order);
    if order.items.is_empty() {
        let mut cells = own.clone();
        cells.resize(COLUMNS.len(), Cell::Empty);
        rows.push(&cells);
    }
    for item in &order.items {
        let mut cells = own.clone();
        cells.extend(item_cells(item));
        rows.push(&cells);
    }
}

fn order_cells(order: &OrderView) -> Vec<Cell> {
    let customer = order.customer.as_ref();
    let address = order.shipping_address.as_ref();
    let of = |field: fn(&Address) -> Cell| address.map_or(Cell::Empty, field);
    vec![
        Cell::from(&order.order_number),
        Cell::from(&order.id),
        Cell::from(&order.channel),
        Cell::from(&order.created_at),
        Cell::from(&order.updated_at),
        Cell::from(&order.status),
        Cell::from(&order.display_status),
        Cell::from(&order.payment_status),
        Cell::from(&order.shipping_status),
        Cell::from(&order.customer_id),
        customer.map_or(Cell::Empty, |c| Cell::from(&c.name)),
        customer.map_or(Cell::Empty, |c| Cell::from(&c.email)),
        customer.map_or(Cell::Empty, |c| Cell::from(&c.phone)),
        Cell::from(&order.currency),
        Cell::from(&order.subtotal),
        Cell::from(&order.gst_amount),
        Cell::from(&order.discount_code),
        Cell::from(&order.discount_amount),
        Cell::from(&order.shipping_cost),
        Cell::from(&order.rounding_amount),
        Cell::from(&order.total),
        Cell::from(&order.refunded_total),
        Cell::from(&order.payment_reference),
        Cell::from(&order.shipping_provider),
        of(|a| Cell::from(&a.name)),
        of(|a| Cell::from(&a.company)),
        of(|a| Cell::from(&a.line1)),
        of(|a| Cell::from(&a.line2)),
        of(|a| Cell::from(&a.city)),
        of(|a| Cell::from(&a.state)),
        of(|a| Cell::from(&a.postal_code)),
        of(|a| Cell::from(&a.country)),
        of(|a| Cell::from(&a.phone)),
    ]
}

fn item_cells(item: &ItemView) -> Vec<Cell> {
    vec![
        Cell::from(&item.id),
        Cell::from(&item.sku),
        Cell::from(&item.name),
        Cell::from(&item.merchant_id),
        Cell::from(item.quantity),
        Cell::from(item.price),
        Cell::from(&item.gst_rate),
        Cell::from(item.gst_amount),
        Cell::from(item.discount_amount),
        Cell::from(item.total),
        Cell::from(&item.status),
        Cell::from(&item.display_status),
        Cell::from(&item.merchant_status),
        Cell::from(&item.expected_by),
        Cell::from(&item.delivered_at),
    ]
}
