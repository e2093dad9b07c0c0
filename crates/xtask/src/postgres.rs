//! A throw-away PostgreSQL for the tests: started from the installed programs in a folder and on a port of its own, and
//! gone afterwards, whatever ended the chore.
//!
//! The server belongs to a small shell script (`postgres.sh`) that waits for the end of its standard input. Dropping
//! [`Server`] closes that pipe, and so does the kernel when this process is interrupted or killed; no signal handler is
//! needed. The script runs in its own process group, where Ctrl-C does not reach it before it has cleaned up.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::shell::works;
use crate::tools::is_root;

const SCRIPT: &str = include_str!("postgres.sh");

/// How often a start is tried: the port was free when it was chosen, and can be taken before the server has it.
const ATTEMPTS: u32 = 3;

/// A running server; it ends when this is dropped.
pub struct Server {
    keeper: Child,
    port: u16,
}

impl Server {
    /// Starts a server from the programs in `bin`.
    pub fn start(bin: &Path) -> Result<Server> {
        for _ in 0..ATTEMPTS {
            if let Some(server) = Server::attempt(bin)? {
                return Ok(server);
            }
        }
        bail!("PostgreSQL did not start; what it said is above")
    }

    /// Where the tests find it: a user who may create databases, and the database to create them from.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn attempt(bin: &Path) -> Result<Option<Server>> {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).context("no free port")?.port();
        let mut keeper = keeper_command()?
            .arg(bin)
            .arg(port.to_string())
            .current_dir("/") // The server's user need not be able to enter our folder.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .context("cannot start PostgreSQL's keeper")?;
        let mut word = String::new();
        let output = keeper.stdout.take().context("the keeper's output is a pipe")?;
        BufReader::new(output).read_line(&mut word)?;
        let server = Server { keeper, port };
        Ok((word.trim() == "ready").then_some(server))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        if let Err(error) = self.keeper.wait() {
            eprintln!("PostgreSQL's keeper: {error}");
        }
    }
}

/// `sh` with the script, as a user whom PostgreSQL accepts: it refuses to run as root.
fn keeper_command() -> Result<Command> {
    let mut command = if is_root() {
        if !works(Command::new("id").arg("postgres")) {
            bail!("PostgreSQL refuses to run as root, and there is no user `postgres` to run it as: create one");
        }
        let mut runuser = Command::new("runuser");
        runuser.args(["-u", "postgres", "--", "sh"]);
        // Root's folder for temporary files may be closed to others.
        runuser.env_remove("TMPDIR");
        runuser
    } else {
        Command::new("sh")
    };
    command.args(["-c", SCRIPT, "postgres.sh"]);
    Ok(command)
}
