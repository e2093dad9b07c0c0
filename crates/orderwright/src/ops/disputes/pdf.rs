//! The evidence bundle on paper: what `bundle` gathered, in the order in which somebody at a bank reads it.

use serde_json::Value;

use super::paper::{Block, print};

/// Prints a bundle.
pub fn of(bundle: &Value) -> Vec<u8> {
    let number = text(&bundle["order"]["number"]);
    let title = format!("Evidence: order {number}, case {}", text(&bundle["dispute"]["id"]));
    print(&title, &blocks(&title, bundle))
}

fn blocks(title: &str, bundle: &Value) -> Vec<Block> {
    let mut out = vec![Block::Title(title.to_owned())];
    let dispute = &bundle["dispute"];
    section(&mut out, "The dispute");
    row(&mut out, "Kind", &dispute["kind"]);
    row(&mut out, "Status", &dispute["status"]);
    row(&mut out, "Raised by", &dispute["raisedBy"]);
    row(&mut out, "Reason", &dispute["reason"]);
    row(&mut out, "Provider's case", &dispute["chargeback"]["reference"]);
    row(&mut out, "Bank's reason", &dispute["chargeback"]["reasonCode"]);
    row(&mut out, "Disputed", &dispute["chargeback"]["amountShown"]);
    row(&mut out, "To be answered by", &dispute["respondBy"]);
    row(&mut out, "Gathered at", &bundle["generatedAt"]);
    if bundle["truncated"] == true {
        out.push(Block::Text("The lists below are not complete: only the first entries of each are shown.".to_owned()));
    }

    let order = &bundle["order"];
    section(&mut out, "The order");
    row(&mut out, "Number", &order["number"]);
    row(&mut out, "Placed at", &order["placedAt"]);
    row(&mut out, "Total", &order["totalShown"]);
    row(&mut out, "Paid", &order["capturedShown"]);
    for payment in list(&order["payments"]) {
        let said = format!("{} {}", text(&payment["provider"]), text(&payment["reference"]));
        out.push(Block::Row("Payment".to_owned(), said));
    }
    for item in list(&order["items"]) {
        let said = format!(
            "{} × {} ({}), {}",
            item["quantity"],
            text(&item["name"]),
            text(&item["sku"]),
            text(&item["totalShown"])
        );
        out.push(Block::Row("Item".to_owned(), said));
    }

    section(&mut out, "The customer");
    for (name, key) in [("Name", "name"), ("E-mail", "email"), ("Phone", "phone")] {
        row(&mut out, name, &bundle["customer"][key]);
    }
    for (name, key) in [("Shipped to", "shippingAddress"), ("Billed to", "billingAddress")] {
        if bundle[key].is_object() {
            out.push(Block::Row(name.to_owned(), address(&bundle[key])));
        }
    }

    section(&mut out, "Delivery");
    row(&mut out, "Delivered at", &bundle["delivery"]["deliveredAt"]);
    let shipments = list(&bundle["delivery"]["shipments"]);
    if shipments.is_empty() {
        out.push(Block::Text("No parcel was recorded.".to_owned()));
    }
    for parcel in shipments {
        let carrier = parcel["carrier"].as_str().unwrap_or("a carrier");
        let mut said = format!("{} with {carrier}", text(&parcel["sentAt"]));
        for key in ["trackingNumber", "trackingUrl"] {
            if let Some(value) = parcel[key].as_str() {
                said.push_str(&format!(", {value}"));
            }
        }
        out.push(Block::Row("Sent".to_owned(), said));
    }

    section(&mut out, "Refunds and policy");
    for refund in list(&bundle["refunds"]) {
        let said = format!("{} on {}: {}", text(&refund["amountShown"]), text(&refund["at"]), text(&refund["reason"]));
        out.push(Block::Row("Refunded".to_owned(), said));
    }
    row(&mut out, "Returns within", &bundle["refundPolicy"]["returnWindow"]);
    match bundle["refundPolicy"]["text"].as_str() {
        Some(policy) => out.push(Block::Text(policy.to_owned())),
        None => out.push(Block::Text("No text of a refund policy is set for this channel.".to_owned())),
    }

    for (title, key, what) in [
        ("Evidence", "evidence", "text"),
        ("Messages in this dispute", "disputeMessages", "message"),
        ("Messages about the order", "messages", "message"),
    ] {
        section(&mut out, title);
        let entries = list(&bundle[key]);
        if entries.is_empty() {
            out.push(Block::Text("None.".to_owned()));
        }
        for entry in entries {
            let kind = entry["kind"].as_str().map(|k| format!(" ({k})")).unwrap_or_default();
            out.push(Block::Row(
                format!("{}{kind}", text(&entry["from"])),
                format!("{}: {}", text(&entry["at"]), text(&entry[what])),
            ));
            for link in list(&entry["links"]) {
                out.push(Block::Row(String::new(), text(link)));
            }
        }
    }

    section(&mut out, "History");
    for entry in list(&bundle["timeline"]) {
        out.push(Block::Row(text(&entry["at"]), text(&entry["message"])));
    }
    out
}

fn section(out: &mut Vec<Block>, title: &str) {
    out.push(Block::Heading(title.to_owned()));
}

/// A row of something that is there.
fn row(out: &mut Vec<Block>, name: &str, value: &Value) {
    if !value.is_null() {
        out.push(Block::Row(name.to_owned(), text(value)));
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn address(value: &Value) -> String {
    let parts = ["name", "company", "line1", "line2", "postalCode", "city", "state", "country"];
    let said: Vec<&str> = parts.iter().filter_map(|part| value[*part].as_str()).filter(|p| !p.is_empty()).collect();
    said.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_gathered_is_on_the_paper() {
        let bundle = json!({
            "dispute": { "id": "dsp_1", "kind": "chargeback", "chargeback": { "reference": "dp_7" } },
            "order": { "number": "ORD-1", "items": [{ "quantity": 2, "name": "Blind", "sku": "B", "totalShown": "20.00 EUR" }] },
            "customer": { "name": "Ada", "email": "ada@example.com", "phone": null },
            "shippingAddress": { "name": "Ada", "line1": "Street 1", "city": "Berlin", "country": "DE" },
            "delivery": { "deliveredAt": "2026-01-02T00:00:00Z", "shipments": [{ "sentAt": "2026-01-01", "carrier": "DHL", "trackingNumber": "T-1" }] },
            "disputeMessages": [{ "from": "customer", "at": "2026-01-03", "message": "not mine" }],
        });
        let blocks = blocks("Evidence", &bundle);
        let said: Vec<String> = blocks
            .iter()
            .map(|b| match b {
                Block::Title(t) | Block::Heading(t) | Block::Text(t) => t.clone(),
                Block::Row(name, value) => format!("{name}: {value}"),
            })
            .collect();
        for wanted in [
            "dp_7",
            "2 × Blind",
            "ada@example.com",
            "Street 1, Berlin, DE",
            "DHL, T-1",
            "not mine",
            "No text of a refund policy",
        ] {
            assert!(said.iter().any(|line| line.contains(wanted)), "{wanted} is missing in {said:#?}");
        }
        assert!(of(&bundle).starts_with(b"%PDF-"));
    }
}
