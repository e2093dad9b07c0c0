//! The JSON Schema of workflow files, for editors: completion, and most mistakes while typing. Made from the same tables as the reader.
//!
//! It is `docs/workflow.schema.json`, draft 7, which is what the editors' TOML tools understand. What needs the whole file (a state that is
//! not there, a tag of the other machine's states, a guard that is misspelt) is for `workflow check` to say.

use serde_json::{Map, Value, json};

use super::guard::{Subject, TRUTHS};
use super::locale;
use super::model::{Action, Audience, Effect, Field, Party, Policy, TAGS};

#[cfg(test)]
mod tests;

/// The shape of names of states, events, statuses and reasons.
const NAME: &str = "^[a-z][a-z0-9_]{0,63}$";
/// The shape of names of workflows and fragments.
const DASHED: &str = "^[a-z][a-z0-9_-]{0,63}$";
/// The shape of a language.
const LOCALE: &str = "^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?$";
/// The shape of a time.
const TIME: &str = "^[0-9]+(d|h|m|s|bd)$";

/// The schema.
pub fn schema() -> Value {
    let properties = json!({
        "name": text(DASHED, "The name that channels and orders carry; fragments: the name that workflows use it by."),
        "title": label("For people."),
        "kind": { "enum": ["merchant", "dispute", "fragment"], "description": "`merchant`: the merchant's side of an item. `dispute`: a dispute about an order. `fragment`: a part that workflows use. Without it: an order's workflow." },
        "locale": text(LOCALE, &format!("The language of the labels that stand without one; `{}` unless said.", locale::DEFAULT)),
        "partner": text(DASHED, "The merchant's workflow that each item also runs once it is sent to its merchant."),
        "statuses": { "type": "array", "items": text(NAME, "A public status."), "minItems": 1, "uniqueItems": true, "description": "The public statuses, least advanced first." },
        "cancel_event": text(NAME, "The event that `POST …/cancel` fires."),
        "ship_event": text(NAME, "The event that recording a shipment fires."),
        "credit": { "type": "boolean", "description": "Whether goods may leave before they are paid for." },
        "exits": { "type": "array", "items": text(NAME, "A way out."), "uniqueItems": true, "description": "Fragments: the names of the ways out; workflows say which of their states each is." },
        "use": { "type": "object", "additionalProperties": { "$ref": "#/definitions/use" }, "description": "The fragments that the item's machine is made with." },
        "fragments": { "type": "object", "additionalProperties": { "type": "string" }, "description": "Texts of fragments, as stored versions bring them along." },
        "item": { "$ref": "#/definitions/item_machine" },
        "payment": { "$ref": "#/definitions/payment_machine" },
        "dispute": { "$ref": "#/definitions/dispute_machine" },
    });
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Orderwright workflow",
        "description": "A lifecycle of orders, or a fragment of one. docs/workflow-language.md explains every key.",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "required": ["name", "title", "statuses"],
        "definitions": definitions(),
    })
}

fn definitions() -> Value {
    let item = json!({
        "status": text(NAME, "The public status that it shows as; one of `statuses`."),
        "labels": { "$ref": "#/definitions/labels" },
        "tags": { "$ref": "#/definitions/item_tags" },
        "entry": list(Action::ALL.iter().map(|(n, _)| *n), "Done on entering, in this order."),
        "on": { "type": "object", "additionalProperties": several("item_event"), "description": "Events and where they lead." },
        "always": several("item_always"),
        "after": after("item_after"),
        "final": { "type": "boolean", "description": "May rest here for good." },
    });
    let payment = json!({
        "tags": { "$ref": "#/definitions/payment_tags" },
        "entry": list(Action::ALL.iter().map(|(n, _)| *n), "Done on entering, in this order."),
        "invoke": { "enum": names(Effect::ALL), "description": "The effect that runs while the state lasts; its outcome is the only way out." },
        "timeout": text("^[0-9]+(d|h|m|s)$", "After how long without an outcome somebody is told; the state stays."),
        "on": {
            "type": "object",
            "properties": {
                "done": { "$ref": "#/definitions/outcome" },
                "error": { "$ref": "#/definitions/outcome" },
                "late": { "type": "object", "properties": { "effect": { "enum": names(Effect::ALL) } }, "required": ["effect"], "additionalProperties": false, "description": "Reserved: no state is left before its outcome." },
            },
            "additionalProperties": several("payment_event"),
            "description": "Events and where they lead; `done` and `error` are the outcomes of `invoke`.",
        },
        "always": several("payment_always"),
        "after": after("payment_after"),
        "final": { "type": "boolean", "description": "May rest here for good." },
    });
    let dispute = json!({
        "status": text(NAME, "The public status that it shows as; one of `statuses`."),
        "labels": { "$ref": "#/definitions/labels" },
        "tags": { "$ref": "#/definitions/dispute_tags" },
        "on": { "type": "object", "additionalProperties": several("payment_event"), "description": "Events and where they lead; one without `by` is the engine's." },
        "always": several("payment_always"),
        "after": after("payment_after"),
        "final": { "type": "boolean", "description": "May rest here for good." },
    });
    let mut out = Map::new();
    out.insert("dispute_machine".to_owned(), machine("dispute_state", "The machine that each dispute runs."));
    out.insert("dispute_state".to_owned(), object(dispute, &["status", "labels"]));
    out.insert("dispute_tags".to_owned(), tags("dispute"));
    out.insert("item_machine".to_owned(), machine("item_state", "The machine that every item runs."));
    out.insert("payment_machine".to_owned(), machine("payment_state", "The machine of the order's payment."));
    out.insert("item_state".to_owned(), object(item, &["status", "labels"]));
    out.insert("payment_state".to_owned(), object(payment, &[]));
    out.insert("item_tags".to_owned(), tags("item"));
    out.insert("payment_tags".to_owned(), tags("payment"));
    out.insert("labels".to_owned(), labels());
    out.insert("words".to_owned(), object(words(), &[]));
    out.insert("guard".to_owned(), guard());
    out.insert("send".to_owned(), json!({
        "type": "array",
        "items": text("^(item|merchant)\\.[a-z][a-z0-9_]{0,63}\\??$", "An event for the coupled machine; with `?` one that it may ignore."),
        "description": "Events for the coupled machine, in this order.",
    }));
    for (name, keys) in [
        ("item_event", &["target", "by", "requires", "guard", "send", "reason"][..]),
        ("payment_event", &["target", "by", "requires", "guard", "reason"]),
        ("item_always", &["target", "guard", "send", "reason"]),
        ("payment_always", &["target", "guard", "reason"]),
        ("item_after", &["target", "guard", "send", "reason"]),
        ("payment_after", &["target", "guard", "reason"]),
        ("outcome", &["target", "reason"]),
    ] {
        out.insert(name.to_owned(), transition(keys));
    }
    out.insert("use".to_owned(), object(json!({
        "fragment": text(DASHED, "The name of the fragment; that of the key unless said."),
        "prefix": text(NAME, "What the names of its states begin with here; the key unless said."),
        "exits": { "type": "object", "additionalProperties": text(NAME, "A state of this workflow."), "description": "Which state each exit is." },
        "statuses": { "type": "object", "additionalProperties": text(NAME, "A status of this workflow."), "description": "Which status each status of the fragment is, where it is not the same word." },
    }), &[]));
    Value::Object(out)
}

fn machine(state: &str, description: &str) -> Value {
    json!({
        "type": "object",
        "properties": {
            "initial": text(NAME, "The first state; fragments have none."),
            "states": { "type": "object", "additionalProperties": { "$ref": format!("#/definitions/{state}") } },
        },
        "required": ["states"],
        "additionalProperties": false,
        "description": description,
    })
}

fn transition(keys: &[&str]) -> Value {
    let all = json!({
        "target": text(NAME, "The state that it leads to."),
        "by": list(Party::ALL.iter().map(|(n, _)| *n), "Who may fire it; without it only other machines do."),
        "requires": list(Field::ALL.iter().map(|(n, _)| *n), "Fields that the event must carry."),
        "guard": { "$ref": "#/definitions/guard" },
        "send": { "$ref": "#/definitions/send" },
        "reason": text(NAME, "The reason on the timeline when nobody gave one."),
    });
    let kept = keys.iter().filter_map(|key| Some(((*key).to_owned(), all.get(*key)?.clone())));
    object(Value::Object(kept.collect()), &["target"])
}

fn guard() -> Value {
    let truths = TRUTHS.iter().map(|(name, what)| format!("{name}: {what}"));
    let subjects =
        Subject::ALL.iter().map(|(_, _, domain, example, what)| format!("{example}: {what} ({})", domain.name()));
    let facts: Vec<String> = truths.chain(subjects).collect();
    json!({
        "type": "string",
        "minLength": 1,
        "description": format!("Taken only when this holds. Facts, joined by and, or, not and parentheses. {}", facts.join(" · ")),
        "examples": Subject::ALL.iter().map(|row| row.3).collect::<Vec<_>>(),
    })
}

fn labels() -> Value {
    json!({
        "type": "object",
        "properties": words(),
        "patternProperties": { LOCALE: { "$ref": "#/definitions/words" } },
        "additionalProperties": false,
        "description": "What each role reads; the same in other languages under their BCP 47 tags. May hold {expected_by} and {delivered_on}.",
    })
}

fn words() -> Value {
    let roles = Audience::ALL.iter().map(|(name, _)| ((*name).to_owned(), label("What this role reads.")));
    Value::Object(roles.collect())
}

fn after(transition: &str) -> Value {
    let target = json!({ "$ref": format!("#/definitions/{transition}") });
    let policies = Policy::ALL.iter().map(|(name, _)| ((*name).to_owned(), target.clone()));
    json!({
        "type": "object",
        "properties": Value::Object(policies.collect()),
        "patternProperties": { TIME: target },
        "additionalProperties": false,
        "description": "Taken when the state has lasted that long: \"7d\", \"36h\", \"15m\", business days \"3bd\", or a time that the channel sets.",
    })
}

/// One transition, or several that are tried in order.
fn several(transition: &str) -> Value {
    let one = json!({ "$ref": format!("#/definitions/{transition}") });
    json!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
}

fn tags(machine: &str) -> Value {
    let own = TAGS.iter().filter(|(_, what)| what.split(':').next() == Some(machine));
    let meant: Vec<String> =
        own.clone().map(|(tag, what)| format!("{tag}: {}", what.split_once(": ").map_or(*what, |(_, w)| w))).collect();
    let mut out = list(own.map(|(tag, _)| *tag), "");
    out["description"] = Value::from(meant.join(" · "));
    out
}

fn list<'a>(words: impl Iterator<Item = &'a str>, description: &str) -> Value {
    json!({
        "type": "array",
        "items": { "enum": words.collect::<Vec<_>>() },
        "uniqueItems": true,
        "description": description,
    })
}

fn names<T>(all: &[(&'static str, T)]) -> Vec<&'static str> {
    all.iter().map(|(name, _)| *name).collect()
}

fn text(pattern: &str, description: &str) -> Value {
    json!({ "type": "string", "pattern": pattern, "description": description })
}

fn label(description: &str) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": 200, "description": description })
}

fn object(properties: Value, required: &[&str]) -> Value {
    let mut out = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        out["required"] = json!(required);
    }
    out
}
