//! Links to our own payment page: `/pay/{order}/{token}`. The token is made from the order's id and a secret of the shop, so that nobody
//! can guess the page of an order, and nothing need be stored for it.

use orderwright_core::id::OrderId;

use super::signature;

/// How many characters of the signature a link carries: 128 bits.
const LENGTH: usize = 32;

/// The token of an order's page.
pub fn token(secret: &str, order: OrderId) -> String {
    signature::hmac_hex(secret, &[b"pay:", order.to_string().as_bytes()])[..LENGTH].to_owned()
}

/// Whether the token is that of the order's page, in constant time.
pub fn fits(secret: &str, order: OrderId, given: &str) -> bool {
    let wanted = token(secret, order);
    subtle::ConstantTimeEq::ct_eq(wanted.as_bytes(), given.as_bytes()).into()
}

/// The path of an order's page.
pub fn path(secret: &str, order: OrderId) -> String {
    format!("/pay/{order}/{}", token(secret, order))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_fits_one_order_of_one_shop() {
        let given = token("secret", OrderId(7));
        assert!(fits("secret", OrderId(7), &given));
        assert!(!fits("secret", OrderId(8), &given) && !fits("other", OrderId(7), &given));
        assert!(!fits("secret", OrderId(7), &given[1..]) && !fits("secret", OrderId(7), ""));
    }
}
