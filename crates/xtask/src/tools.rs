//! What a chore needs and the machine may lack: found, else installed, else asked for in plain words.
//!
//! Only Debian and its children are installed on; elsewhere the message says what to install.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell::{cargo, command, run, works};

/// The version of cargo-deny that the configuration is written for; named, so that a build of last month can be repeated.
const CARGO_DENY: &str = "0.20.2";

/// The variable that names a PostgreSQL server for the tests (its user must be allowed to create databases).
pub const DATABASE_URL: &str = "ORDERWRIGHT_TEST_DATABASE_URL";

/// Makes sure that `cargo fmt` and `cargo clippy` are there; a minimal toolchain comes without them.
pub fn rust_components(root: &Path) -> Result<()> {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if works(&mut cargo(root, &[subcommand, "--version"])) {
            continue;
        }
        run(&mut command(root, "rustup", &["component", "add", component]))
            .with_context(|| format!("`cargo {subcommand}` is missing: install the component {component}"))?;
    }
    Ok(())
}

/// Makes sure that `cargo deny` is there.
pub fn cargo_deny(root: &Path) -> Result<()> {
    if works(&mut cargo(root, &["deny", "--version"])) {
        return Ok(());
    }
    println!("cargo-deny is not installed: building it once, which takes some minutes");
    // Without the project's target directory: a tool must not share (and so lock) the project's build.
    let mut install = cargo(root, &["install", "--locked", "--version", CARGO_DENY, "cargo-deny"]);
    run(install.env_remove("CARGO_TARGET_DIR"))
}

/// The folder with PostgreSQL's server programs; installs them where we know how.
pub fn postgres_programs(root: &Path) -> Result<PathBuf> {
    if let Some(found) = find_postgres() {
        return Ok(found);
    }
    if !works(Command::new("apt-get").arg("--version")) {
        bail!(
            "PostgreSQL's server programs (initdb, pg_ctl) are not installed. Install PostgreSQL 15 or later so that they \
             are in PATH, or set {DATABASE_URL} to a server whose user may create databases"
        );
    }
    println!("PostgreSQL is not installed: installing it");
    run(&mut apt_get(root, &["update"]))?;
    run(&mut apt_get(root, &["install", "--yes", "--no-install-recommends", "postgresql"]))?;
    find_postgres().context("PostgreSQL was installed, but there is no /usr/lib/postgresql/*/bin/initdb")
}

/// Makes sure that Python can make virtual environments; Debian's comes without.
pub fn python_venv(root: &Path) -> Result<()> {
    let can = || works(Command::new("python3").args(["-c", "import venv, ensurepip"]));
    if can() {
        return Ok(());
    }
    if !works(Command::new("apt-get").arg("--version")) {
        bail!("Python 3.10 or later with its module venv is not installed; install it");
    }
    println!("Python's module venv is not installed: installing it");
    run(&mut apt_get(root, &["update"]))?;
    run(&mut apt_get(root, &["install", "--yes", "--no-install-recommends", "python3", "python3-venv"]))?;
    if can() { Ok(()) } else { bail!("python3-venv was installed, but `python3 -m venv` does not work") }
}

/// The folder of programs of a virtual environment under `target` that has a package in this version; made when it is not there.
pub fn python_package(root: &Path, target: &Path, package: &str, version: &str) -> Result<PathBuf> {
    let folder = target.join(format!("{package}-{version}"));
    let bin = folder.join("bin");
    if works(Command::new(bin.join("python")).args(["-c", &format!("import {package}")])) {
        return Ok(bin);
    }
    python_venv(root)?;
    println!("{package} {version} is not installed: installing it into {}", folder.display());
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    run(Command::new(bin.join("python")).args(pip).arg(format!("{package}=={version}")))
        .with_context(|| format!("{package} cannot be installed"))?;
    Ok(bin)
}

/// The variable that names the Python in which the mail server of the tests runs.
pub const MAIL_PYTHON: &str = "ORDERWRIGHT_TEST_MAIL_PYTHON";

/// The version of aiosmtpd that `e2e/smtp.py` is written for.
const AIOSMTPD: &str = "1.4.6";

/// A Python that has aiosmtpd.
pub fn mail_python(root: &Path) -> Result<PathBuf> {
    Ok(python_package(root, &root.join("target"), "aiosmtpd", AIOSMTPD)?.join("python"))
}

/// The variable that names the folder with the providers' own clients and the browser's driver.
pub const NODE_MODULES: &str = "ORDERWRIGHT_TEST_NODE_MODULES";

/// What the tests of the payment providers are driven with, in the versions that they are written for.
const NODE_PACKAGES: &[&str] = &["stripe@23.1.0", "razorpay@2.9.8", "playwright-core@1.65.1"];

/// Installs those packages under `target/`, and Node.js and a browser where they are missing; the folder with the packages.
pub fn node_modules(root: &Path) -> Result<PathBuf> {
    for (program, package) in [("node", "nodejs"), ("npm", "npm"), ("chromium", "chromium")] {
        if works(Command::new(program).arg("--version")) {
            continue;
        }
        if !works(Command::new("apt-get").arg("--version")) {
            bail!(
                "{program} is not installed; the tests of the payment providers need Node.js 20, npm and Chromium in PATH"
            );
        }
        println!("{program} is not installed: installing it");
        run(&mut apt_get(root, &["update"]))?;
        run(&mut apt_get(root, &["install", "--yes", "--no-install-recommends", package]))?;
    }
    let folder = root.join("target/e2e");
    let done = folder.join("installed");
    let wanted = NODE_PACKAGES.join(" ");
    if std::fs::read_to_string(&done).is_ok_and(|have| have == wanted) {
        return Ok(folder.join("node_modules"));
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut npm =
        command(root, "npm", &["install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--prefix"]);
    run(npm.arg(&folder).args(NODE_PACKAGES))?;
    std::fs::write(&done, wanted).with_context(|| format!("cannot write {}", done.display()))?;
    Ok(folder.join("node_modules"))
}

/// Whether this process runs as root: PostgreSQL refuses to, and `apt-get` insists on it.
pub fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout.trim_ascii() == b"0")
}

fn apt_get(root: &Path, args: &[&str]) -> Command {
    let mut command = if is_root() {
        command(root, "apt-get", args)
    } else {
        let mut sudo = command(root, "sudo", &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        sudo.args(args);
        sudo
    };
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// The newest of Debian's versions, which keep their server programs out of PATH; else wherever PATH has them.
fn find_postgres() -> Option<PathBuf> {
    let complete = |bin: &PathBuf| bin.join("initdb").is_file() && bin.join("pg_ctl").is_file();
    let mut debian: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, bin)| complete(bin))
        .collect();
    debian.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    debian.pop().map(|(_, bin)| bin).or_else(|| std::env::split_paths(&path).find(complete))
}
