//! Parameters of requests: forms with nested brackets as a tree of texts, and the checks that a provider makes of them.

use serde_json::{Map, Value};

/// Reads `a=1&b[c]=2&d[]=3&d[]=4` as `{ a: "1", b: { c: "2" }, d: ["3", "4"] }`; lists with numbers (`d[0]=3`) too.
pub fn parse(text: &str) -> Value {
    let mut root = Value::Object(Map::new());
    for pair in text.split('&').filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (unescape(name), unescape(value));
        let mut path = Vec::new();
        let (first, rest) = name.split_once('[').map_or((name.as_str(), None), |(f, r)| (f, Some(r)));
        path.push(first.to_owned());
        if let Some(rest) = rest {
            path.extend(rest.trim_end_matches(']').split("][").map(str::to_owned));
        }
        put(&mut root, &path, value);
    }
    lists(&mut root);
    root
}

fn put(node: &mut Value, path: &[String], value: String) {
    let Some((first, rest)) = path.split_first() else { return };
    if !node.is_object() {
        *node = Value::Object(Map::new());
    }
    let Some(fields) = node.as_object_mut() else { return };
    let name = if first.is_empty() { format!("{}", fields.len()) } else { first.clone() };
    match rest.is_empty() {
        true => drop(fields.insert(name, Value::String(value))),
        false => put(fields.entry(name).or_insert(Value::Null), rest, value),
    }
}

/// Objects whose names are 0, 1, 2, … are lists.
fn lists(node: &mut Value) {
    let Some(fields) = node.as_object_mut() else { return };
    fields.values_mut().for_each(lists);
    let is_list = !fields.is_empty() && (0..fields.len()).all(|n| fields.contains_key(&n.to_string()));
    if is_list {
        let items = (0..fields.len()).map(|n| fields.remove(&n.to_string()).unwrap_or(Value::Null)).collect();
        *node = Value::Array(items);
    }
}

fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).and_then(|h| u8::from_str_radix(h, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The names of all fields of a tree, as they are written: `metadata[order]`.
pub fn names(tree: &Value) -> Vec<String> {
    fn walk(prefix: &str, node: &Value, out: &mut Vec<String>) {
        match node {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}[{name}]") };
                    walk(&name, value, out);
                }
            }
            Value::Array(items) => items.iter().enumerate().for_each(|(n, v)| walk(&format!("{prefix}[{n}]"), v, out)),
            _ => out.push(prefix.to_owned()),
        }
    }
    let mut out = Vec::new();
    walk("", tree, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_nest() {
        let tree =
            parse("amount=5&metadata[a%5Bb]=x+y&expand[]=p&expand[]=q.r&items[0][id]=1&items[1][id]=2&created[gte]=3");
        assert_eq!(
            tree,
            serde_json::json!({
                "amount": "5", "metadata": { "a[b": "x y" }, "expand": ["p", "q.r"],
                "items": [{ "id": "1" }, { "id": "2" }], "created": { "gte": "3" }
            })
        );
        assert_eq!(names(&tree["items"]), ["[0][id]", "[1][id]"]);
    }
}
