//! The API as a page that works offline: every endpoint with its parameters, its body field by field, and its answers, made from the
//! OpenAPI document itself, so that the two cannot differ.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// How deep fields of fields are shown; deeper ones are named by their type.
const DEPTH: usize = 3;

/// The page's body.
pub fn page(spec: &str) -> String {
    let spec: Value = serde_json::from_str(spec).unwrap_or_default();
    let schemas = spec["components"]["schemas"].as_object().cloned().unwrap_or_default();
    let mut out = String::from("<p><a href=\"/\">Orderwright</a></p><h1>The API</h1>");
    let _ = write!(out, "<p>{}</p>", text(spec["info"]["description"].as_str().unwrap_or_default()));
    for tag in spec["tags"].as_array().into_iter().flatten() {
        let name = tag["name"].as_str().unwrap_or_default();
        let about = tag["description"].as_str().unwrap_or_default();
        let _ = write!(out, "<h2 id=\"{0}\">{1}</h2><p>{2}</p>", escape(name), escape(&capital(name)), text(about));
        for (path, methods) in spec["paths"].as_object().into_iter().flatten() {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                if operation["tags"].as_array().is_some_and(|tags| tags.iter().any(|t| t == name)) {
                    endpoint(&mut out, path, method, operation, &schemas);
                }
            }
        }
    }
    out
}

fn endpoint(out: &mut String, path: &str, method: &str, operation: &Value, schemas: &Map<String, Value>) {
    let summary = operation["summary"].as_str().unwrap_or_default();
    let id = operation["operationId"].as_str().unwrap_or_default();
    let _ = write!(
        out,
        "<details id=\"{}\"><summary><span class=m>{method}</span> <code>{}</code> {}</summary>",
        escape(id),
        escape(path),
        text(summary)
    );
    let parameters: Vec<&Value> = operation["parameters"].as_array().into_iter().flatten().collect();
    if !parameters.is_empty() {
        out.push_str("<h3>Parameters</h3><table>");
        for parameter in parameters {
            let name = parameter["name"].as_str().unwrap_or_default();
            let place = parameter["in"].as_str().unwrap_or_default();
            let about = parameter["description"].as_str().unwrap_or_default();
            row(out, 0, name, &format!("{place}{}", required(parameter["required"] == true)), about);
        }
        out.push_str("</table>");
    }
    if let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema") {
        out.push_str("<h3>Body</h3><table>");
        fields(out, schema, schemas, 0);
        out.push_str("</table>");
    }
    out.push_str("<h3>Answers</h3><table>");
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let schema = response["content"].as_object().and_then(|c| c.values().next()).map(|c| type_of(&c["schema"]));
        row(out, 0, status, &schema.unwrap_or_default(), response["description"].as_str().unwrap_or_default());
    }
    out.push_str("</table></details>");
}

/// The fields of an object, and of the objects in it.
fn fields(out: &mut String, schema: &Value, schemas: &Map<String, Value>, depth: usize) {
    let schema = resolve(schema, schemas);
    let needed: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let about = field["description"]
            .as_str()
            .or_else(|| resolve(field, schemas)["description"].as_str())
            .unwrap_or_default();
        row(out, depth, name, &format!("{}{}", type_of(field), required(needed.contains(&name.as_str()))), about);
        let inner = if field["items"].is_null() { field } else { &field["items"] };
        if depth + 1 < DEPTH && resolve(inner, schemas)["properties"].is_object() {
            fields(out, inner, schemas, depth + 1);
        }
    }
}

/// Follows a reference, also one that may be null.
fn resolve<'a>(schema: &'a Value, schemas: &'a Map<String, Value>) -> &'a Value {
    let one_of = schema["oneOf"].as_array().into_iter().flatten().find(|s| s["$ref"].is_string());
    let reference = schema["$ref"].as_str().or_else(|| one_of.and_then(|s| s["$ref"].as_str()));
    reference.and_then(|r| schemas.get(r.rsplit('/').next()?)).unwrap_or(schema)
}

fn type_of(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or_default().to_owned();
    }
    if let Some(one_of) = schema["oneOf"].as_array() {
        return one_of.iter().map(type_of).collect::<Vec<_>>().join(" or ");
    }
    if !schema["items"].is_null() {
        return format!("list of {}", type_of(&schema["items"]));
    }
    match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        Value::String(one) => one.clone(),
        _ => "any".to_owned(),
    }
}

fn required(yes: bool) -> &'static str {
    if yes { ", required" } else { "" }
}

fn row(out: &mut String, depth: usize, name: &str, kind: &str, about: &str) {
    let _ = write!(
        out,
        "<tr><td style=\"padding-left:{}rem\"><code>{}</code></td><td>{}</td><td>{}</td></tr>",
        depth * 2,
        escape(name),
        escape(kind),
        text(about)
    );
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Escaped, with what stands between backticks as code.
fn text(plain: &str) -> String {
    let mut parts = plain.split('`').enumerate();
    parts
        .try_fold(String::new(), |mut out, (n, part)| {
            match n % 2 {
                0 => out.push_str(&escape(part)),
                _ => {
                    let _ = write!(out, "<code>{}</code>", escape(part));
                }
            }
            Some(out)
        })
        .unwrap_or_default()
}

/// For HTML text and attributes.
pub fn escape(plain: &str) -> String {
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_endpoint_is_on_the_page_with_its_body() {
        let page = super::page(&crate::web::openapi());
        for part in [
            "/storefront/orders",
            "paymentMethod",
            "postalCode",
            "Idempotency-Key",
            "list of NewItem",
            "id=\"adminSetStatus\"",
        ] {
            assert!(page.contains(part), "{part}");
        }
        assert!(!page.contains('`'), "backticks are shown as code");
    }
}
