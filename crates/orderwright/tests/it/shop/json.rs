//! Reading answers: short accessors that fail with the whole answer in the message.

use serde_json::Value;

/// Accessors for the JSON of an answer. Each panics with the whole value when the field is not of that kind.
pub trait Json {
    /// A text.
    fn s(&self, field: &str) -> &str;
    /// A whole number.
    fn n(&self, field: &str) -> i64;
    /// A list.
    fn list(&self, field: &str) -> &[Value];
    /// The `id`.
    #[track_caller]
    fn id(&self) -> &str {
        self.s("id")
    }
    /// The sum of a number over a list.
    #[track_caller]
    fn sum(&self, list: &str, field: &str) -> i64 {
        let mut sum = 0;
        for entry in self.list(list) {
            sum += entry.n(field);
        }
        sum
    }
    /// A text of every entry of a list.
    fn each(&self, list: &str, field: &str) -> Vec<&str> {
        self.list(list).iter().map(|entry| entry.s(field)).collect()
    }
}

impl Json for Value {
    #[track_caller]
    fn s(&self, field: &str) -> &str {
        let Some(text) = self[field].as_str() else { panic!("`{field}` is no text in {self:#}") };
        text
    }

    #[track_caller]
    fn n(&self, field: &str) -> i64 {
        let Some(number) = self[field].as_i64() else { panic!("`{field}` is no whole number in {self:#}") };
        number
    }

    #[track_caller]
    fn list(&self, field: &str) -> &[Value] {
        let Some(list) = self[field].as_array() else { panic!("`{field}` is no list in {self:#}") };
        list
    }
}

/// Every text in a value, keys and values alike: for answers whose shape is not part of the published interface.
pub fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().flat_map(texts).collect(),
        Value::Object(fields) => {
            fields.iter().flat_map(|(key, value)| std::iter::once(key.clone()).chain(texts(value))).collect()
        }
        _ => Vec::new(),
    }
}

/// The body with some of its top-level fields replaced (`null` takes a field away).
pub fn with(mut body: Value, changes: &Value) -> Value {
    let fields = body.as_object_mut().expect("a body is an object");
    for (key, value) in changes.as_object().expect("changes are an object") {
        if value.is_null() {
            fields.remove(key);
        } else {
            fields.insert(key.clone(), value.clone());
        }
    }
    body
}
