//! `workflow import-spryker` as people and programs call it: what is printed, where files are looked for, and how it ends.
//!
//! The files are small and written here. With `ORDERWRIGHT_SPRYKER_XML` naming a folder with public shops' files (`suite/config/Zed/…`), the
//! last test reads those too: `cargo test -p orderwright --test it spryker -- --ignored`.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::shop::Json;

const MAIN: &str = r#"<?xml version="1.0"?>
<statemachine xmlns="spryker:oms-01">
  <process name="Shop01" main="true">
    <subprocesses><process>Return</process></subprocesses>
    <states><state name="new"/><state name="paid" reserved="true"/><state name="closed"/></states>
    <transitions>
      <transition><source>new</source><target>paid</target><event>pay</event></transition>
      <transition><source>paid</source><target>returned</target><event>return</event></transition>
      <transition condition="Shop/IsOver"><source>paid</source><target>closed</target><event>close</event></transition>
    </transitions>
    <events><event name="pay" manual="true"/><event name="close" timeout="1 hour"/></events>
  </process>
  <process name="Return" file="ShopSubprocess/Return01.xml"/>
</statemachine>"#;

const RETURN: &str = r#"<statemachine><process name="R"><states><state name="returned"/></states>
  <events><event name="return" manual="true"/></events></process></statemachine>"#;

const MACHINE: &str = r#"<statemachine xmlns="spryker:state-machine-01"><process name="Merchant01" main="true">
  <subprocesses><process>Sub</process></subprocesses><states><state name="created"/></states>
  <transitions><transition><source>created</source><target>over</target><event>go</event></transition></transitions>
  <events><event name="go" manual="true" command="MarketplaceOrder/Refund"/></events></process>
  <process name="Sub" file="Subprocess/Sub"/></statemachine>"#;

const SUB: &str = r#"<statemachine><process name="x"><states><state name="over"/></states></process></statemachine>"#;

/// A project with one process of each engine.
fn project() -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for (path, text) in [
        ("config/Zed/oms/Shop01.xml", MAIN),
        ("config/Zed/oms/ShopSubprocess/Return01.xml", RETURN),
        ("config/Zed/StateMachine/Merchant/Merchant01.xml", MACHINE),
        ("config/Zed/StateMachine/Merchant/Subprocess/Sub.xml", SUB),
        ("config/other.xml", "<other/>"),
    ] {
        put(dir.path(), path, text);
    }
    dir
}

fn put(dir: &Path, path: &str, text: &str) {
    let path = dir.join(path);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(path, text).expect("written");
}

/// Exit code, standard output and standard error.
fn call(dir: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orderwright"));
    let out = command.current_dir(dir).args(["workflow", "import-spryker"]).args(args).output().expect("runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (out.status.code().expect("a code"), text(out.stdout), text(out.stderr))
}

#[track_caller]
fn json(dir: &Path, args: &[&str]) -> (i32, Value) {
    let (code, out, err) = call(dir, args);
    (code, serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}{err}")))
}

fn rows(found: &Value) -> Vec<(&str, &str, i64, i64, i64)> {
    let of = |row: &'_ Value| (row.n("states"), row.n("transitions"), row.n("events"));
    let all = found.as_array().expect("an array").iter();
    all.map(|row| (row.s("process"), row.s("engine"), of(row).0, of(row).1, of(row).2)).collect()
}

#[test]
fn a_folder_is_listed_each_process_by_its_engine() {
    let project = project();
    let (code, found) = json(project.path(), &["config", "--json"]);
    assert_eq!((code, rows(&found)), (0, vec![("Merchant01", "state-machine", 2, 1, 1), ("Shop01", "oms", 4, 3, 3)]));
    assert!(
        found.as_array().expect("an array").iter().all(|row| row.get("error").is_none() && row["findings"].is_array())
    );
    let (_, found) = json(project.path(), &["config", "--json", "--engine", "oms"]);
    assert_eq!(rows(&found).iter().map(|r| r.0).collect::<Vec<_>>(), ["Shop01"]);
    let (_, found) = json(project.path(), &["config/Zed/StateMachine", "--json", "--engine", "state-machine"]);
    assert_eq!(rows(&found).iter().map(|r| r.0).collect::<Vec<_>>(), ["Merchant01"]);
    let (code, out, _) = call(project.path(), &["config"]);
    assert!(code == 0 && out.contains("PROCESS") && out.contains("Shop01"), "{out}");
    put(project.path(), "empty/readme.txt", "");
    let (code, out, _) = call(project.path(), &["empty"]);
    assert!(code == 0 && out.contains("no main process below empty"), "{out}");
    let (code, _, err) = call(project.path(), &["nowhere"]);
    assert!(code == 1 && err.contains("cannot read nowhere"), "{err}");
}

#[test]
fn a_single_file_finds_its_parts_where_the_engines_do() {
    let project = project();
    for (file, engine) in
        [("config/Zed/oms/Shop01.xml", "oms"), ("config/Zed/StateMachine/Merchant/Merchant01.xml", "state-machine")]
    {
        let (code, found) = json(project.path(), &[file, "--json", "--engine", engine]);
        assert_eq!((code, found[0].get("error")), (0, None), "{found:#}");
    }
    // From within the folder, with a path that says nothing.
    let (code, found) = json(&project.path().join("config/Zed/oms"), &["Shop01.xml", "--json"]);
    assert_eq!((code, found[0].n("states")), (0, 4), "{found:#}");
    // Elsewhere nothing is found, unless the root is named; what is there is counted all the same.
    put(project.path(), "alone/Shop01.xml", MAIN);
    let (code, found) = json(project.path(), &["alone/Shop01.xml", "--json"]);
    assert_eq!((code, found[0].n("states"), found[0].n("transitions"), found[0].n("events")), (1, 3, 3, 2));
    assert!(
        found[0].s("error").contains("`ShopSubprocess/Return01.xml`: there is no such file below alone"),
        "{found:#}"
    );
    let (code, found) = json(project.path(), &["alone/Shop01.xml", "--json", "--root", "config/Zed/oms"]);
    assert_eq!((code, found[0].n("states")), (0, 4), "{found:#}");
    put(project.path(), "config/Zed/oms/Copy/ShopSubprocess/Return01.xml", RETURN);
    let (code, found) = json(project.path(), &["config/Zed/oms/Shop01.xml", "--json"]);
    assert!(code == 1 && found[0].s("error").contains("does not choose among several files"), "{found:#}");
    // A reference can't leave the machines' folder, and a name with its extension is told.
    for (reference, told) in
        [("../../../../secret", "would be outside of"), ("Subprocess/Sub.xml", "this engine adds .xml itself")]
    {
        put(project.path(), "secret.xml", SUB);
        put(project.path(), "config/Zed/StateMachine/Merchant/Bad.xml", &MACHINE.replace("Subprocess/Sub", reference));
        let (code, found) = json(project.path(), &["config/Zed/StateMachine/Merchant/Bad.xml", "--json"]);
        assert!(code == 1 && found[0].s("error").contains(told), "{found:#}");
    }
}

#[test]
fn findings_and_broken_files_fail_the_check() {
    let project = project();
    let (code, out, _) = call(project.path(), &["config", "--lint"]);
    assert!(code == 0 && out.contains("0 findings in 2 processes"), "{out}");
    put(project.path(), "config/Zed/oms/Broken.xml", "<statemachine><process");
    put(
        project.path(),
        "config/Zed/oms/Lost.xml",
        &MAIN.replace("<source>new</source>", "<source>paid</source>").replace("Shop01", "Lost"),
    );
    let (code, found) = json(project.path(), &["config", "--json", "--lint"]);
    assert_eq!(code, 1);
    let row = |name: &str| found.as_array().expect("an array").iter().find(|r| r.s("process") == name).expect(name);
    assert!(row("Broken").s("error").contains("this is not XML that can be read"));
    let lost: Vec<&str> = row("Lost").list("findings").iter().map(|f| f.s("code")).collect();
    assert!(lost.contains(&"unreachable-state") && lost.contains(&"event-never-fires"), "{lost:?}");
    std::fs::remove_file(project.path().join("config/Zed/oms/Broken.xml")).expect("removed");
    let (code, out, _) = call(project.path(), &["config", "--lint"]);
    assert!(code == 1 && out.contains("Lost: unreachable-state: nothing leads from the first state"), "{out}");
    assert_eq!(call(project.path(), &["config"]).0, 0, "without --lint findings do not fail");
}

#[test]
fn a_pair_is_walked_with_a_map() {
    let project = project();
    let (code, report) = json(project.path(), &["config", "--couple", "Shop01", "Merchant01", "--json"]);
    assert_eq!((code, report.n("jointStates"), report.list("stuck").len()), (0, 8, 0), "{report:#}");
    assert_eq!((report.s("endRule"), report["bounded"].as_bool()), ("no-way-out-or-cancelled", Some(false)));
    assert_eq!(report.list("silentDrops").len(), 4, "{report:#}");
    // By files, and with a map of one's own by which the refused send fails.
    put(
        project.path(),
        "map.toml",
        "[merchant_commands]\n\"MarketplaceOrder/Refund\" = { event = \"pay\", refused = \"fail\" }",
    );
    let args =
        ["config", "--couple", "config/Zed/oms/Shop01.xml", "Merchant01", "--map", "map.toml", "--json", "--lint"];
    let (code, report) = json(project.path(), &args);
    assert_eq!((code, report.list("silentDrops").len(), report.list("failingSends").len()), (1, 0, 3), "{report:#}");
    assert_eq!(report.list("failingSends")[0].list("trace").len(), 2);
    put(project.path(), "map.toml", "[merchant_command]");
    let (code, _, err) = call(project.path(), &args);
    assert!(code == 1 && err.contains("`merchant_command` is not a key here"), "{err}");
    let (code, _, err) = call(project.path(), &["config", "--couple", "Shop02", "Merchant01"]);
    assert!(code == 1 && err.contains("no main process `Shop02` here; there are: Merchant01, Shop01"), "{err}");
}

#[test]
fn an_item_is_stepped() {
    let project = project();
    let file = "config/Zed/oms/Shop01.xml";
    put(project.path(), "steps.txt", "# pay, then wait\nevent:pay\n\nadvance:1h\n");
    let args = [file, "run", "--script", "steps.txt", "--answer", "Shop/IsOver=true", "--json"];
    let (code, report) = json(project.path(), &args);
    let states: Vec<&str> = report.list("steps").iter().map(|s| s.s("state")).collect();
    assert_eq!((code, report.s("state"), states), (0, "closed", vec!["new", "paid", "closed"]));
    let (code, out, _) = call(project.path(), &[file, "run", "--step", "event:pay"]);
    assert!(code == 0 && out.contains("`new` → `paid`, stock is reserved") && out.contains("close at 1h"), "{out}");
    let (code, _, err) = call(project.path(), &[file, "run", "--step", "event:buy"]);
    assert!(code == 1 && err.contains("--step number 1: the process has no event `buy`"), "{err}");
    let (code, _, err) = call(project.path(), &[file, "run", "--answer", "Shop/Is=true"]);
    assert!(code == 1 && err.contains("no transition of Shop01 has this condition"), "{err}");
    let (code, _, err) = call(project.path(), &["config", "run"]);
    assert!(code == 1 && err.contains("which process?"), "{err}");
}

#[test]
fn processes_are_written_as_workflow_files_and_none_is_overwritten() {
    let project = project();
    let (code, found) = json(project.path(), &["config", "--to-toml", "out", "--json"]);
    assert_eq!(code, 0, "{found:#}");
    assert_eq!(found[1]["toml"]["file"], "out/shop01.toml");
    let check = Command::new(env!("CARGO_BIN_EXE_orderwright"))
        .current_dir(project.path())
        .args(["workflow", "check", "--json", "out/shop01.toml", "out/merchant01.toml"])
        .output()
        .expect("runs");
    // They are read and walked. What is left to a person is on the list of what has no equivalent: where units are given up or leave.
    let findings: serde_json::Value = serde_json::from_slice(&check.stdout).expect("JSON");
    let codes: Vec<_> = findings.as_array().expect("a list").iter().map(|f| f["code"].clone()).collect();
    assert!(!codes.is_empty() && codes.iter().all(|code| code == "final-state-reserves-stock"), "{findings:#}");
    std::fs::write(project.path().join("out/shop01.toml"), "mine").expect("written");
    let (code, out, _) = call(project.path(), &["config", "--to-toml", "out"]);
    assert!(code == 1 && out.contains("out/shop01.toml is there already and was not touched"), "{out}");
    assert_eq!(std::fs::read_to_string(project.path().join("out/shop01.toml")).expect("read"), "mine");
}

#[test]
#[ignore = "needs ORDERWRIGHT_SPRYKER_XML, a folder with public shops' files"]
fn public_shops_are_read() {
    let root = std::env::var("ORDERWRIGHT_SPRYKER_XML").expect("ORDERWRIGHT_SPRYKER_XML names a folder");
    let root = Path::new(&root);
    let (_, found) = json(root, &["suite", "--json"]);
    assert_eq!(
        rows(&found),
        [
            ("MainMerchantStateMachine", "state-machine", 13, 17, 13),
            ("MerchantDefaultStateMachine", "state-machine", 11, 15, 11),
            ("SspInquiryDefaultStateMachine", "state-machine", 6, 5, 5),
            ("Invoice01", "state-machine", 13, 15, 9),
            ("DummyPayment01", "oms", 40, 57, 43),
            ("MarketplacePayment01", "oms", 30, 44, 32),
            ("Nopayment01", "oms", 13, 15, 13),
        ]
    );
    let pair = ["suite", "--couple", "MarketplacePayment01", "MainMerchantStateMachine", "--json"];
    let (code, report) = json(root, &pair);
    let stuck: Vec<(&str, &str)> = report.list("stuck").iter().map(|p| (p.s("marketplace"), p.s("merchant"))).collect();
    assert_eq!((code, report.n("jointStates"), stuck.len()), (0, 63, 20), "{report:#}");
    assert!(stuck.contains(&("refunded", "refunded")) && stuck.contains(&("returned", "returned")), "{stuck:?}");
    assert!(!stuck.contains(&("delivered", "delivered")) && !stuck.contains(&("sent to merchant", "new")), "{stuck:?}");
    assert!(report.list("stuck").iter().all(|p| !p.list("trace").is_empty()));
}
