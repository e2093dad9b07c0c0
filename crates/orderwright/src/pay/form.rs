//! Form encoding with nested brackets, as Stripe takes it: `metadata[order]=…`, `expand[]=…`.

use std::fmt::Write;

/// A form under construction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(String);

impl Form {
    /// An empty form.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field; `name` is as it goes over the wire, brackets and all.
    pub fn add(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        escape(&mut self.0, name, true);
        self.0.push('=');
        escape(&mut self.0, &value.to_string(), false);
        self
    }

    /// Adds a field if there is a value.
    pub fn add_some(self, name: &str, value: Option<impl std::fmt::Display>) -> Self {
        match value {
            Some(value) => self.add(name, value),
            None => self,
        }
    }

    /// `a=1&b%5Bc%5D=2`.
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// Percent-encodes. Brackets of names stay, as the official clients write them.
fn escape(out: &mut String, text: &str, is_name: bool) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b'[' | b']' if is_name => out.push(char::from(byte)),
            _ => write!(out, "%{byte:02X}").expect("writing to a string cannot fail"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_of_names_stay_and_everything_else_is_escaped() {
        let form = Form::new().add("metadata[order id]", "a&b=c[é]").add("expand[]", "x").add_some("no", None::<i64>);
        assert_eq!(form.text(), "metadata[order%20id]=a%26b%3Dc%5B%C3%A9%5D&expand[]=x");
    }
}
