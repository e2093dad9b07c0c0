//! The fakes are true to the wire: the providers' own clients (npm) are driven against them.

use std::path::{Path, PathBuf};
use std::process::Command;

use orderwright::fakes::Options;
use orderwright::fakes::server::Plays;
use orderwright::pay::config::Secret;
use orderwright::pay::signature;
use orderwright_core::time::Timestamp;
use serde_json::Value;

use super::house::fake;
use crate::shop::Json;

/// Where the test command installed the packages.
const VARIABLE: &str = "ORDERWRIGHT_TEST_NODE_MODULES";

/// Runs a script of `e2e/`; what its last line says.
pub fn node(script: &str, args: &[&str]) -> Value {
    let modules = std::env::var(VARIABLE).unwrap_or_else(|_| {
        panic!("{VARIABLE} is not set, so there are no clients to test with: run `cargo xtask test`")
    });
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the workspace");
    let mut command = Command::new("node");
    command.arg(root.join("e2e").join(script)).args(args).env("MODULES", &modules).env("CHROMIUM", chromium());
    let output = command.output().expect("node runs; `cargo xtask test` installs it");
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script} {args:?}\n{said}\n{errors}");
    serde_json::from_str(said.lines().last().unwrap_or_default()).unwrap_or_else(|e| panic!("{script}: {e}: {said}"))
}

fn chromium() -> PathBuf {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).flat_map(|dir| names.map(|name| dir.join(name))).find(|p| p.is_file());
    found.unwrap_or_else(|| PathBuf::from("chromium"))
}

#[test]
fn stripes_own_client_understands_the_fake() {
    let fake = fake(Options::new(Plays::Stripe));
    let said = node("stripe.mjs", &[&fake.url]);
    // And what that client signs, we believe.
    let now = Timestamp(jiff::Timestamp::now().as_microsecond());
    let secrets = [Secret::new("whsec_1")];
    let checked = signature::stripe(Some(said.s("header")), said.s("payload").as_bytes(), &secrets, now);
    assert_eq!(checked, Ok(()));
}

#[test]
fn razorpays_own_client_understands_the_fake() {
    let fake = fake(Options::new(Plays::Razorpay));
    let said = node("razorpay.mjs", &[&fake.url]);
    let checked = signature::razorpay(Some(said.s("header")), said.s("payload").as_bytes(), &[Secret::new("hook")]);
    assert_eq!(checked, Ok(()));
}
