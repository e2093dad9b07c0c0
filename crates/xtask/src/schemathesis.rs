//! The API as its own document describes it: schemathesis sends thousands of requests that fit the OpenAPI document, and that do not,
//! to a demo shop, once for each kind of caller, and checks every answer.
//!
//! schemathesis is a Python program; it gets a virtual environment of its own under `target/`, in the version that is named here. What is
//! checked and why is in `crates/xtask/schemathesis/`. Not here: scenarios (`crates/orderwright/tests`).

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::shell::{command, run, step};
use crate::tools;

/// The version that the configuration is written for.
const VERSION: &str = "4.32.5";
/// Where the configuration is, from the root.
const FOLDER: &str = "crates/xtask/schemathesis";
/// How long the shop may take to be ready, in tenths of a second: a debug build on a busy machine generates its demo orders slowly.
const START_TENTHS: u32 = 1200;
/// The parts of the API by the document's tags, who calls, and what finds the caller's token in `demo.json`. What moves the clock comes
/// last.
const AREAS: &[(&str, &str, &str)] = &[
    ("storefront", "customer", "next(iter(tokens['customers'].values()))"),
    ("storefront", "storefront", "next(iter(tokens['storefronts'].values()))"),
    ("merchant", "merchant", "next(iter(tokens['merchants'].values()))"),
    ("brand", "brand", "next(iter(tokens['brands'].values()))"),
    ("operations", "ops", "tokens['ops']"),
    ("admin", "admin", "tokens['admin']"),
];

/// Checks every area on a fresh demo shop; the first area that fails ends it. The program is the one that the tests built; it runs on
/// the embedded store, or on the database that is named.
pub fn check(root: &Path, database_url: Option<&str>) -> Result<()> {
    let bin = environment(root)?;
    let shop = Shop::start(root, database_url)?;
    for (area, caller, token) in AREAS {
        step(&format!("schemathesis, {area} with a token of the role {caller}"), || {
            shop.check(root, &bin, area, token)
        })?;
    }
    Ok(())
}

/// The folder of programs of the virtual environment; made when it is not there in this version.
fn environment(root: &Path) -> Result<PathBuf> {
    tools::python_package(root, &target(), "schemathesis", VERSION)
}

/// The folder that cargo builds into: this program is in `<target>/<profile>`.
fn target() -> PathBuf {
    let me = std::env::current_exe().unwrap_or_default();
    me.ancestors().nth(2).map_or_else(|| PathBuf::from("target"), Path::to_owned)
}

/// A demo shop in a folder of its own; both are gone when it is dropped, and when this program is interrupted or killed: the watchdog's
/// input ends with it.
struct Shop {
    server: Child,
    watchdog: Child,
    data: PathBuf,
}

impl Shop {
    fn start(root: &Path, database_url: Option<&str>) -> Result<Shop> {
        let me = std::env::current_exe().context("where is this program?")?;
        let program = me.with_file_name("orderwright");
        let data = target().join(format!("schemathesis-shop-{}", std::process::id()));
        let mut command = command(root, &program.to_string_lossy(), &["demo", "--listen", "127.0.0.1:0"]);
        command.arg("--data").arg(&data).stdin(Stdio::null()).stdout(Stdio::null());
        if let Some(url) = database_url {
            command.args(["--database-url", url]);
        }
        let server = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        let watchdog = Command::new("sh")
            .args(["-c", r#"read _; kill -9 "$1" 2>/dev/null; rm -rf "$2""#, "sh"])
            .arg(server.id().to_string())
            .arg(&data)
            .stdin(Stdio::piped())
            .process_group(0)
            .spawn()
            .context("cannot start the watchdog")?;
        let mut shop = Shop { server, watchdog, data };
        // demo.json is written when everything is there.
        for _ in 0..START_TENTHS {
            if shop.data.join("demo.json").is_file() {
                return Ok(shop);
            }
            if let Some(status) = shop.server.try_wait()? {
                bail!("the demo shop ended: {status}");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!("the demo shop is not ready after {} s", START_TENTHS / 10)
    }

    fn check(&self, root: &Path, bin: &Path, area: &str, token: &str) -> Result<()> {
        let demo = self.data.join("demo.json");
        let base = read_demo(bin, &demo, "demo['baseUrl']")?;
        let folder = root.join(FOLDER);
        let mut schemathesis = Command::new(bin.join("schemathesis"));
        // It may write where it runs.
        schemathesis.current_dir(&self.data).arg("--config-file").arg(folder.join("schemathesis.toml"));
        schemathesis.args(["run", "--no-color", "--wait-for-schema", "30", "--include-tag", area]);
        schemathesis.arg(format!("{base}/openapi.json"));
        schemathesis.env("AUTHORIZATION", format!("Bearer {}", read_demo(bin, &demo, token)?));
        schemathesis.env("CHECKS", folder.join("checks.py"));
        run(&mut schemathesis)
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        // The watchdog must not kill by a number that may be somebody else's by then.
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

/// Something in `demo.json`, found by Python, which is there anyway and reads JSON.
fn read_demo(bin: &Path, demo: &Path, what: &str) -> Result<String> {
    let text = format!("import json,sys; demo=json.load(open(sys.argv[1])); tokens=demo['tokens']; print({what})");
    let found = crate::shell::read(Command::new(bin.join("python")).args(["-c", &text]).arg(demo))?;
    Ok(found.trim().to_owned())
}
