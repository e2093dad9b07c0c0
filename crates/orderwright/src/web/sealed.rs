//! Answers that are kept for an idempotency key hold no people's data: it is taken out before they are stored, and put back from the
//! contact table when they are given again. So erasing a person's contacts erases them from kept answers too.
//!
//! Contacts are named by their content, so what is put back is what was taken out, to the byte.

use orderwright_core::id::OrderId;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::problem::Problem;
use crate::ops::Ctx;
use crate::ops::command::{OrderRef, load};
use crate::ops::people::Contacts;
use crate::store::Scope;

/// Where an order's JSON holds people's data.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Places<'a> {
    #[serde(borrow)]
    customer: &'a RawValue,
    #[serde(borrow)]
    shipping_address: &'a RawValue,
    #[serde(borrow)]
    billing_address: &'a RawValue,
}

impl<'a> Places<'a> {
    /// Of an order's JSON; other answers have none.
    fn of(body: &'a str) -> Option<Self> {
        serde_json::from_str(body).ok()
    }

    fn texts(&self) -> [&'a str; 3] {
        [self.customer.get(), self.shipping_address.get(), self.billing_address.get()]
    }
}

/// Replaces parts of `body`, which are slices of it, by others.
fn replace(body: &str, parts: [&str; 3], by: [&str; 3]) -> String {
    let at = |part: &str| part.as_ptr() as usize - body.as_ptr() as usize;
    let mut pairs: Vec<(usize, &str, &str)> =
        parts.into_iter().zip(by).map(|(part, by)| (at(part), part, by)).collect();
    pairs.sort_unstable_by_key(|p| p.0);
    let mut out = String::with_capacity(body.len());
    let mut from = 0;
    for (start, part, by) in pairs {
        out.push_str(&body[from..start]);
        out.push_str(by);
        from = start + part.len();
    }
    out.push_str(&body[from..]);
    out
}

/// Takes people's data out of an answer.
pub fn seal(body: &str) -> String {
    match Places::of(body) {
        Some(places) => replace(body, places.texts(), ["null"; 3]),
        None => body.to_owned(),
    }
}

/// Puts it back, from the contacts of the order that the answer is about.
pub async fn unseal(ctx: &Ctx, order: Option<i64>, body: String) -> Result<String, Problem> {
    let (Some(order), Some(places)) = (order, Places::of(&body)) else { return Ok(body) };
    let loaded = load(ctx, &Scope::All, OrderRef::Order(OrderId(order))).await?;
    let order = &loaded.order;
    let contacts = Contacts::of(ctx, std::iter::once(order)).await?;
    let address = |id: Option<orderwright_core::id::AddressId>| json(&id.and_then(|id| contacts.address(id)));
    let by = [
        json(&contacts.contact(order.contact_id)),
        address(order.shipping_address_id),
        address(order.billing_address_id),
    ];
    Ok(replace(&body, places.texts(), [&by[0], &by[1], &by[2]]))
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_person_stays_and_nothing_else_goes() {
        let body = r#"{"id":"ord_1","customer":{"email":"ada@example.org","name":"Ada"},"status":"paid","shippingAddress":{"line1":"1 Main"},"billingAddress":null,"n":1}"#;
        let sealed = seal(body);
        assert_eq!(
            sealed,
            r#"{"id":"ord_1","customer":null,"status":"paid","shippingAddress":null,"billingAddress":null,"n":1}"#
        );
        let places = Places::of(&sealed).expect("an order");
        let by = [r#"{"email":"ada@example.org","name":"Ada"}"#, r#"{"line1":"1 Main"}"#, "null"];
        assert_eq!(replace(&sealed, places.texts(), by), body);
        assert_eq!(seal(r#"{"amount":5}"#), r#"{"amount":5}"#);
    }
}
