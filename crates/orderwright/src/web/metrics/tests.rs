//! What is registered, documented, drawn and watched is the same set of metrics.

use std::collections::BTreeMap;
use std::path::Path;

use prometheus_client::encoding::text::encode;

use super::*;

fn text() -> String {
    let metrics = Metrics::new(&Stats::default(), false, 1);
    let mut text = String::new();
    encode(&mut text, &metrics.registry).expect("encodes");
    text
}

fn file(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Each metric with its type and help.
fn registered() -> BTreeMap<String, (String, String)> {
    let text = text();
    let parts = |mark: &str| -> BTreeMap<String, String> {
        let lines = text.lines().filter_map(|l| l.strip_prefix(mark)?.strip_prefix(' ')?.split_once(' '));
        lines.map(|(name, rest)| (name.to_owned(), rest.trim_end_matches('.').to_owned())).collect()
    };
    let mut helps = parts("# HELP");
    parts("# TYPE").into_iter().map(|(n, kind)| (n.clone(), (kind, helps.remove(&n).expect("a help")))).collect()
}

/// The names under which a metric's series are found.
fn series() -> Vec<String> {
    let mut names = Vec::new();
    for (name, (kind, _)) in registered() {
        let ends: &[&str] = match kind.as_str() {
            "counter" => &["_total"],
            "histogram" => &["_bucket", "_count", "_sum"],
            "info" => &["_info"],
            _ => &[""],
        };
        names.extend(ends.iter().map(|end| format!("{name}{end}")));
    }
    names
}

/// The words of an expression that can only be names of our metrics.
fn named_in(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let ours = words.filter(|w| w.starts_with("orderwright_") || w.starts_with("process_"));
    ours.map(str::to_owned).collect()
}

#[test]
fn names_say_their_unit_and_are_explained() {
    let all = registered();
    assert!(all.len() > 35, "{}", all.len());
    for (name, (kind, help)) in &all {
        assert!(name.starts_with("orderwright_") || name.starts_with("process_"), "{name}");
        assert!(!name.ends_with("_total") && !name.ends_with("_count"), "{name}: the format adds that");
        assert!(help.chars().next().is_some_and(char::is_uppercase) && help.len() > 5, "{name}: {help}");
        let unit = ["_seconds", "_bytes"].iter().any(|u| name.ends_with(u));
        let timed = ["duration", "lag", "_cpu", "ahead"].iter().any(|w| name.contains(w));
        assert_eq!(unit && !name.ends_with("_bytes"), timed, "{name} of type {kind}");
    }
}

/// Written by hand, so that it can be read; the table is held against the registry.
#[test]
fn the_page_has_every_metric() {
    let page = file("docs/metrics.md");
    let mut rows: BTreeMap<String, (String, String)> = BTreeMap::new();
    for line in page.lines().filter(|l| l.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, kind, _, help] = cells.as_slice() else { panic!("four columns: {line}") };
        rows.insert(name.trim_matches('`').to_owned(), ((*kind).to_owned(), (*help).to_owned()));
    }
    assert_eq!(rows, registered(), "docs/metrics.md differs from what is registered");
}

#[test]
fn the_dashboard_and_the_alerts_use_metrics_that_exist() {
    let series = series();
    let dashboard: serde_json::Value = serde_json::from_str(&file("deploy/grafana/orderwright.json")).expect("JSON");
    let mut expressions = Vec::new();
    let panels = dashboard["panels"].as_array().expect("panels");
    for panel in panels.iter().filter(|p| p["type"] != "row") {
        let targets = panel["targets"].as_array().expect("targets");
        assert!(!targets.is_empty(), "{} shows something", panel["title"]);
        expressions.extend(targets.iter().map(|t| t["expr"].as_str().expect("an expression").to_owned()));
    }
    let rows: Vec<&str> = panels.iter().filter(|p| p["type"] == "row").filter_map(|p| p["title"].as_str()).collect();
    assert_eq!(rows, ["Overview", "Orders", "Commit path", "Effects", "HTTP", "Store"]);
    let ids: std::collections::BTreeSet<i64> = panels.iter().filter_map(|p| p["id"].as_i64()).collect();
    assert_eq!(ids.len(), panels.len(), "ids are unique");
    let alerts = file("deploy/prometheus/alerts.yml");
    let watched: Vec<&str> = alerts.lines().filter_map(|l| l.trim().strip_prefix("expr: ")).collect();
    assert!(expressions.len() > 25 && watched.len() > 6);
    for expression in expressions.iter().map(String::as_str).chain(watched) {
        let names = named_in(expression);
        assert!(!names.is_empty(), "{expression}");
        for name in names {
            assert!(series.contains(&name), "{name} of `{expression}` does not exist");
        }
    }
}

#[test]
fn a_command_is_counted_by_its_name() {
    let metrics = Metrics::new(&Stats::default(), true, 7);
    metrics.command(&Command::Tick);
    let mut text = String::new();
    encode(&mut text, &metrics.registry).expect("encodes");
    for line in [
        "orderwright_commands_total{command=\"tick\"} 1",
        "orderwright_commands_total{command=\"fire\"} 0",
        "store=\"postgres\",node=\"7\"} 1",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}
