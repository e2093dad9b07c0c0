//! How a server mails customers: `--smtp-url`, `--mail-from`, `--public-url`, and the environment variables of the same names.
//!
//! The server's address may hold a password: it is best given by the environment, since arguments can be read by other users of the machine.

use anyhow::bail;

use crate::tell::config::MailConfig;

/// Mail.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Mail")]
pub struct MailArgs {
    /// Mail server, like smtps://user:password@host or smtp://user:password@host:587?tls=required; turns mail on
    #[arg(long, value_name = "URL", env = "ORDERWRIGHT_SMTP_URL", hide_env_values = true)]
    smtp_url: Option<String>,
    /// Who mails are from, like "The Shop <orders@shop.example>"
    #[arg(long, value_name = "ADDRESS", env = "ORDERWRIGHT_MAIL_FROM")]
    mail_from: Option<String>,
    /// Where customers reach this server, for links to the payment page, like https://shop.example
    #[arg(long, value_name = "URL", env = "ORDERWRIGHT_PUBLIC_URL")]
    public_url: Option<String>,
}

impl MailArgs {
    /// The settings, if mail is turned on; `own_url` is where this server is reached when nobody says otherwise.
    pub fn config(&self, own_url: Option<&str>) -> anyhow::Result<Option<MailConfig>> {
        let given = |text: &Option<String>| text.clone().filter(|t| !t.trim().is_empty());
        let public_url = given(&self.public_url);
        match (given(&self.smtp_url), given(&self.mail_from)) {
            (Some(url), Some(from)) => Ok(Some(MailConfig::new(&url, &from, public_url.as_deref().or(own_url))?)),
            (None, None) => Ok(None),
            (Some(_), None) => {
                bail!("--smtp-url needs to know who mails are from: give --mail-from or ORDERWRIGHT_MAIL_FROM")
            }
            (None, Some(_)) => {
                bail!("--mail-from is of no use without a mail server: give --smtp-url or ORDERWRIGHT_SMTP_URL")
            }
        }
    }
}

/// Says in the log whether mail is on, and what is missing for it to be of use.
pub fn tell(config: Option<&MailConfig>) {
    let Some(config) = config else {
        return tracing::info!("mail is off: no ORDERWRIGHT_SMTP_URL; customers are told nothing by mail");
    };
    tracing::info!(server = config.server(), from = %config.from, "mail is on");
    if config.public_url.is_none() {
        tracing::warn!(
            "mails have no link to the payment page: set ORDERWRIGHT_PUBLIC_URL to where customers reach this server"
        );
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        mail: MailArgs,
    }

    fn read(args: &[&str]) -> anyhow::Result<Option<MailConfig>> {
        Command::try_parse_from(std::iter::once("test").chain(args.iter().copied()))?.mail.config(None)
    }

    #[test]
    fn mail_is_off_until_there_is_a_server() {
        assert!(read(&[]).expect("nothing is needed").is_none());
        let args = ["--smtp-url", "smtp://127.0.0.1:25", "--mail-from", "Shop <shop@example.org>"];
        let config = read(&args).expect("good").expect("on");
        assert_eq!((config.public_url.as_deref(), config.from.email.domain()), (None, "example.org"));
    }

    #[test]
    fn what_is_missing_is_named() {
        for (args, word) in [
            (vec!["--smtp-url", "smtp://127.0.0.1:25"], "ORDERWRIGHT_MAIL_FROM"),
            (vec!["--mail-from", "shop@example.org"], "ORDERWRIGHT_SMTP_URL"),
            (vec!["--smtp-url", "mail.example", "--mail-from", "shop@example.org"], "--smtp-url"),
            (vec!["--smtp-url", "smtp://mail.example", "--mail-from", "shop"], "--mail-from"),
        ] {
            let error = format!("{:#}", read(&args).expect_err("wrong"));
            assert!(error.contains(word), "{args:?}: {error}");
        }
    }
}
