//! The shipped files and the examples fit the schema, and files with a slip do not.
//!
//! The validator here knows the keywords that the schema uses and fails on any other, so that none goes untried.

use serde_json::{Map, Value};
use toml_edit::{Document, Item, TableLike};

use super::schema;

/// What does not fit, with its path.
fn wrong(root: &Value, schema: &Value, value: &Value, path: &str, out: &mut Vec<String>) {
    let Some(keywords) = schema.as_object() else { panic!("{path}: a schema is an object") };
    for (keyword, says) in keywords {
        let fits = match keyword.as_str() {
            "$schema" | "title" | "description" | "examples" | "definitions" => true,
            "$ref" => {
                let pointer = says.as_str().expect("a string").trim_start_matches('#');
                let target = root.pointer(pointer).unwrap_or_else(|| panic!("{says} leads nowhere"));
                wrong(root, target, value, path, out);
                true
            }
            "type" => match says.as_str() {
                Some("object") => value.is_object(),
                Some("array") => value.is_array(),
                Some("string") => value.is_string(),
                Some("boolean") => value.is_boolean(),
                other => panic!("an unknown type {other:?}"),
            },
            "enum" => says.as_array().expect("a list").contains(value),
            "pattern" => value.as_str().is_none_or(|text| matches(says, text)),
            "minLength" => value.as_str().is_none_or(|t| t.chars().count() as u64 >= says.as_u64().expect("a number")),
            "maxLength" => value.as_str().is_none_or(|t| t.chars().count() as u64 <= says.as_u64().expect("a number")),
            "minItems" => value.as_array().is_none_or(|a| a.len() as u64 >= says.as_u64().expect("a number")),
            "uniqueItems" => value.as_array().is_none_or(|a| a.iter().enumerate().all(|(i, v)| !a[..i].contains(v))),
            "items" => {
                for (i, element) in value.as_array().into_iter().flatten().enumerate() {
                    wrong(root, says, element, &format!("{path}[{i}]"), out);
                }
                true
            }
            "required" => value.as_object().is_none_or(|map| {
                says.as_array().expect("a list").iter().all(|key| map.contains_key(key.as_str().expect("a key")))
            }),
            "anyOf" => says.as_array().expect("a list").iter().any(|one| {
                let mut found = Vec::new();
                wrong(root, one, value, path, &mut found);
                found.is_empty()
            }),
            "properties" | "patternProperties" | "additionalProperties" => {
                if keyword == "properties" || !keywords.contains_key("properties") {
                    members(root, keywords, value, path, out);
                }
                true
            }
            other => panic!("the tests do not know the keyword {other}"),
        };
        if !fits {
            out.push(format!("{path}: {keyword}"));
        }
    }
}

fn matches(pattern: &Value, text: &str) -> bool {
    regex_lite::Regex::new(pattern.as_str().expect("a pattern")).expect("a pattern").is_match(text)
}

fn members(root: &Value, keywords: &Map<String, Value>, value: &Value, path: &str, out: &mut Vec<String>) {
    for (key, member) in value.as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        let named = keywords.get("properties").and_then(|p| p.get(key));
        let patterns = keywords.get("patternProperties").and_then(Value::as_object);
        let by_pattern = patterns.into_iter().flatten().find(|(p, _)| matches(&Value::from(p.as_str()), key));
        match (named.or(by_pattern.map(|(_, s)| s)), keywords.get("additionalProperties")) {
            (Some(schema), _) => wrong(root, schema, member, &path, out),
            (None, Some(Value::Bool(false))) => out.push(format!("{path}: additionalProperties")),
            (None, Some(schema)) => wrong(root, schema, member, &path, out),
            (None, None) => {}
        }
    }
}

fn json(table: &dyn TableLike) -> Value {
    Value::Object(table.iter().map(|(key, item)| (key.to_owned(), of_item(item))).collect())
}

fn of_item(item: &Item) -> Value {
    if let Some(table) = item.as_table_like() {
        return json(table);
    }
    if let Some(tables) = item.as_array_of_tables() {
        return tables.iter().map(|t| json(t)).collect();
    }
    of_value(item.as_value().expect("a value"))
}

fn of_value(value: &toml_edit::Value) -> Value {
    match value {
        toml_edit::Value::String(text) => Value::from(text.value().as_str()),
        toml_edit::Value::Boolean(yes) => Value::from(*yes.value()),
        toml_edit::Value::Integer(n) => Value::from(*n.value()),
        toml_edit::Value::Array(list) => list.iter().map(of_value).collect(),
        toml_edit::Value::InlineTable(table) => json(table),
        other => panic!("no workflow has {other:?}"),
    }
}

fn found(text: &str) -> Vec<String> {
    let document = Document::parse(text).expect("TOML");
    let (schema, mut out) = (schema(), Vec::new());
    wrong(&schema, &schema, &json(document.as_table()), "", &mut out);
    out
}

const SHOP: &str = include_str!("../../../../../docs/examples/workflows/bookshop.toml");

#[test]
fn every_file_of_ours_fits() {
    for text in [
        include_str!("../../../../../workflows/made-to-order.toml"),
        include_str!("../../../../../workflows/marketplace-split.toml"),
        include_str!("../../../../../workflows/marketplace.toml"),
        include_str!("../../../../../workflows/merchant.toml"),
        include_str!("../../../../../workflows/retail.toml"),
        include_str!("../../../../../workflows/store-request.toml"),
        include_str!("../../../../../workflows/dispute.toml"),
        include_str!("../../../../../workflows/chargeback.toml"),
        include_str!("../../../../../docs/examples/workflows/returns.toml"),
        SHOP,
    ] {
        assert_eq!(found(text), [""; 0], "{}", text.lines().next().unwrap_or_default());
    }
}

#[test]
fn slips_do_not_fit() {
    for (from, to, expected) in [
        ("title = ", "tilte = ", &[".tilte: additionalProperties", ": required"][..]),
        ("name = \"bookshop\"", "name = \"Book shop\"", &[".name: pattern"]),
        ("initial = \"new\"", "inital = \"new\"", &[".item.inital: additionalProperties"]),
        ("tags = [\"to_ship\"]", "tags = [\"ship_to\"]", &[".item.states.accepted.tags[0]: enum"]),
        ("tags = [\"captured\"]", "tags = [\"shipped\"]", &[".payment.states.captured.tags[0]: enum"]),
        ("entry = [\"stock.ship\"]", "entry = [\"stock.shop\"]", &[".item.states.sent.entry[0]: enum"]),
        ("invoke = \"payment.charge\"", "invoke = \"payment.pay\"", &[".payment.states.charging.invoke: enum"]),
        ("timeout = \"1h\"", "timeout = \"3bd\"", &[".payment.states.charging.timeout: pattern"]),
        ("after.\"10bd\"", "after.\"10 days\"", &[".item.states.sent.after.10 days: additionalProperties"]),
        (
            "by = [\"customer\"], requires",
            "by = [\"buyer\"], requires",
            &[".item.states.delivered.on.send_back: anyOf"],
        ),
        ("final = true", "final = \"yes\"", &[".item.states.delivered.final: type"]),
        (
            "labels.en = { operator = \"Sent\"",
            "labels.english = { operator = \"Sent\"",
            &[".item.states.sent.labels.english: additionalProperties"],
        ),
        ("exits = { kept = \"delivered\"", "exits = { kept = \"De\"", &[".use.returns.exits.kept: pattern"]),
        (
            "on.done = { target = \"captured\" }",
            "on.done = { by = [\"operator\"], target = \"captured\" }",
            &[".payment.states.charging.on.done.by: additionalProperties"],
        ),
    ] {
        let text = SHOP.replacen(from, to, 1);
        let found = found(&text);
        assert!(
            expected.iter().all(|e| found.iter().any(|f| f == e)) && found.len() == expected.len(),
            "{from} → {to}: {found:?}"
        );
    }
}

#[test]
fn the_file_in_the_book_is_this_one() {
    let book: Value = serde_json::from_str(include_str!("../../../../../docs/workflow.schema.json")).expect("JSON");
    assert_eq!(book, schema(), "run `cargo xtask generate`");
}
