//! Every field of every body × everything that it cannot be, made from the OpenAPI document, so that a new field is tested as soon as it
//! is described. Nothing of it may change anything: the feed of events stands still.

use serde_json::{Map, Value, json};

use crate::shop::{Actor, Json, PATIENCE, Shop, eventually};

scenarios! {
    quiet:
        no_field_takes_what_it_cannot_be,
        no_body_takes_what_is_no_object;
}

/// A body that its schema takes, with a mark where a value is to be put.
const MARK: &str = "@@";

/// What is put in a place, as it stands in the body.
struct Odd {
    text: String,
    /// Whether the answer must name the field: what is no JSON has no fields, and a bound is looked at after other things.
    named: bool,
}

fn odd(text: impl Into<String>, named: bool) -> Odd {
    Odd { text: text.into(), named }
}

/// What no value of these types can be.
fn odds(types: &[&str], bounded: bool, least: i64) -> Vec<Odd> {
    let mut all = vec![
        odd("NaN", false),
        odd("-", false),
        odd("'x'", false),
        odd("\"\u{1}\"", false),
        odd(format!("{}1", "[".repeat(10_000)), false),
    ];
    let is = |name: &str| types.contains(&name);
    let candidates = [
        ("null", "null"),
        ("boolean", "true"),
        ("integer", "7"),
        ("number", "1.5"),
        ("string", "\"2026-01-31\""),
        ("array", "[null]"),
        ("object", "{\"x\":1}"),
    ];
    all.extend(candidates.iter().filter(|(name, _)| !is(name)).map(|(_, text)| odd(*text, true)));
    if is("integer") {
        // Beyond 64 bits, and beyond what a double holds.
        all.extend(["9223372036854775808", "-99999999999999999999", "1e30"].map(|n| odd(n, true)));
        if least >= 0 {
            all.push(odd("-1", false));
        }
        all.push(odd("1e400", false));
    }
    if is("string") {
        all.push(odd("\"\\ud800\"", true));
        if bounded {
            all.push(odd(format!("\"{}\"", "x".repeat(20_000)), false));
        }
    }
    if is("array") {
        all.push(odd(format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)), false));
    }
    all
}

/// An endpoint that takes JSON.
struct Endpoint {
    method: &'static str,
    path: String,
    schema: Value,
    actor: Actor,
}

fn endpoints(shop: &Shop, spec: &Value) -> Vec<Endpoint> {
    let order = shop.ready("bazaar");
    let mut all = Vec::new();
    for (path, methods) in spec["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            // What a provider sends is judged by its signature, whatever it says.
            if schema.is_null() || path.starts_with("/webhooks/") {
                continue;
            }
            let actor = match operation["tags"][0].as_str() {
                Some("storefront") => shop.customer(0),
                Some("merchant") => shop.merchant_of("bazaar", 0),
                _ => shop.admin(),
            };
            let own = if path.contains("/orders/{id}") { order.as_str() } else { "job_0000000000000" };
            let path = path.replace("{id}", own).replace("{refundId}", "ref_0000000000000");
            let path = path.replace("{sku}", shop.sku("bazaar", 3));
            let method = match method.as_str() {
                "patch" => "PATCH",
                "put" => "PUT",
                _ => "POST",
            };
            all.push(Endpoint { method, path, schema: schema.clone(), actor });
        }
    }
    assert!(all.len() > 20, "{} endpoints", all.len());
    all
}

fn resolve<'a>(schema: &'a Value, spec: &'a Value) -> &'a Value {
    let either = schema["oneOf"].as_array().into_iter().flatten().find(|s| s["$ref"].is_string());
    match either.unwrap_or(schema)["$ref"].as_str() {
        Some(reference) => spec.pointer(reference.trim_start_matches('#')).expect("a schema"),
        None => schema,
    }
}

fn types_of(field: &Value) -> Vec<&str> {
    if field["oneOf"].is_array() {
        return vec!["object", "null"];
    }
    if field["$ref"].is_string() {
        return vec!["object"];
    }
    if let Some(ways) = field["anyOf"].as_array() {
        return ways.iter().flat_map(types_of).collect();
    }
    match &field["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => panic!("no type in {field:#}"),
    }
}

/// A body with everything that is required, as far as types go.
fn filled(schema: &Value, spec: &Value) -> Map<String, Value> {
    let schema = resolve(schema, spec);
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    required.map(|name| (name.to_owned(), example(&schema["properties"][name], spec))).collect()
}

fn example(field: &Value, spec: &Value) -> Value {
    match types_of(field)[0] {
        "object" if field["$ref"].is_string() || field["oneOf"].is_array() => Value::Object(filled(field, spec)),
        "object" => json!({}),
        "array" => json!([example(&field["items"], spec)]),
        "integer" => json!(1),
        "boolean" => json!(false),
        _ => json!("x"),
    }
}

/// Each place in a body: its pointer, the body with the mark there, and the field's schema.
fn places(schema: &Value, spec: &Value, pointer: &str, wrap: &dyn Fn(Value) -> Value) -> Vec<(String, Value, Value)> {
    let base = filled(schema, spec);
    let mut all = Vec::new();
    for (name, field) in resolve(schema, spec)["properties"].as_object().into_iter().flatten() {
        let put = |value: Value| {
            let mut body = base.clone();
            body.insert(name.clone(), value);
            wrap(Value::Object(body))
        };
        let here = format!("{pointer}/{name}");
        all.push((here.clone(), put(json!(MARK)), field.clone()));
        if resolve(field, spec)["properties"].is_object() {
            all.extend(places(field, spec, &here, &put));
        } else if resolve(&field["items"], spec)["properties"].is_object() {
            all.extend(places(&field["items"], spec, &format!("{here}/0"), &|value| put(json!([value]))));
        }
    }
    all
}

/// Where the feed of events rests.
fn feed(shop: &Shop) -> i64 {
    let position = || shop.anyone().get("/readyz").expect(200).n("feedPosition");
    let mut last = position();
    eventually("the feed rests", PATIENCE, || {
        std::thread::sleep(std::time::Duration::from_millis(450));
        let now = position();
        if std::mem::replace(&mut last, now) == now { Ok(now) } else { Err("it moves".to_owned()) }
    })
}

#[track_caller]
fn refused(endpoint: &Endpoint, body: &str, pointer: Option<&str>) {
    let reply = endpoint.actor.call(endpoint.method, &endpoint.path).raw(body).send();
    // What has its type is looked at together with the ids beside it, which are nobody's.
    let problem = reply.problem_of(if pointer.is_some() { &[422] } else { &[400, 404, 409, 422] });
    if let Some(pointer) = pointer {
        let named = problem["errors"].as_array().into_iter().flatten().filter_map(|e| e["pointer"].as_str());
        let shown: String = body.chars().take(300).collect();
        assert!(named.into_iter().any(|n| n.starts_with(pointer)), "{pointer} of {shown}: {problem:#}");
    }
}

fn no_field_takes_what_it_cannot_be(shop: &Shop) {
    let spec = shop.anyone().get("/openapi.json").expect(200);
    let endpoints = endpoints(shop, &spec);
    let before = feed(shop);
    let mut sent = 0;
    for endpoint in &endpoints {
        for (pointer, body, field) in places(&endpoint.schema, &spec, "", &|value| value) {
            let bounded = field["maxLength"].is_number() || field["format"] == "date";
            for odd in odds(&types_of(&field), bounded, field["minimum"].as_i64().unwrap_or(0)) {
                let text = body.to_string().replace(&format!("\"{MARK}\""), &odd.text);
                let pointer = Some(pointer.as_str()).filter(|_| odd.named);
                refused(endpoint, &text, pointer);
                sent += 1;
            }
            let (head, name) = pointer.rsplit_once('/').expect("a pointer");
            let twice = body.to_string().replace(
                &format!("\"{name}\":\"{MARK}\""),
                &format!("\"{name}\":{0},\"{name}\":{0}", example(&field, &spec)),
            );
            refused(endpoint, &twice, None);
            let unknown = body.to_string().replace(&format!("\"{name}\":\"{MARK}\""), &format!("\"{name}2\":1"));
            refused(endpoint, &unknown, Some(head));
            sent += 2;
        }
    }
    assert!(sent > 2000, "{sent} requests");
    assert_eq!(feed(shop), before, "something was changed");
}

fn no_body_takes_what_is_no_object(shop: &Shop) {
    let spec = shop.anyone().get("/openapi.json").expect(200);
    let endpoints = endpoints(shop, &spec);
    let before = feed(shop);
    for endpoint in &endpoints {
        for body in ["null", "true", "7", "\"x\"", "[]", "[{}]", "{\"\":1}", "{\"a\":{\"a\":1}}"] {
            refused(endpoint, body, None);
        }
        let utf16: Vec<u8> = "{\"note\":\"x\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let bodies: [&[u8]; 4] = [b"\xEF\xBB\xBF{}", b"{\"note\":\"caf\xE9\"}", &utf16, b"\xFF\xFE{\0}\0"];
        for bytes in bodies {
            let call = endpoint.actor.call(endpoint.method, &endpoint.path).bytes(bytes, "application/json");
            call.send().problem(400);
        }
        let typed = |kind: &str| endpoint.actor.call(endpoint.method, &endpoint.path).bytes(b"{}", kind);
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"] {
            typed(kind).send().problem(415);
        }
        typed("application/json").header("content-encoding", "gzip").send().problem(415);
        let large = format!("{{\"note\":\"{}\"}}", "x".repeat(1 << 20));
        endpoint.actor.call(endpoint.method, &endpoint.path).raw(&large).send().problem(413);
    }
    assert_eq!(feed(shop), before, "something was changed");
}
