//! What an operator sets about mail: the SMTP server, who mails are from, and where customers find this server.
//!
//! What is not here: flags and environment variables (the command line's).

use std::net::IpAddr;

use anyhow::{Context, bail};
use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use reqwest::Url;

use crate::pay::config::Secret;

/// Mail.
#[derive(Clone, Debug)]
pub struct MailConfig {
    /// `smtps://user:password@host`; it may hold a password, so no log prints it.
    smtp_url: Secret,
    /// Who mails are from.
    pub from: Mailbox,
    /// Where customers reach this server, without a slash at its end; without it mails have no link to the payment page.
    pub public_url: Option<String>,
}

impl MailConfig {
    /// Checks what was given; an error names what is wrong and what to write instead, and never the password.
    pub fn new(smtp_url: &str, from: &str, public_url: Option<&str>) -> anyhow::Result<Self> {
        check_smtp_url(smtp_url)?;
        let from = from.trim().parse::<Mailbox>().ok().filter(|_| !from.contains(char::is_control)).with_context(|| {
            format!("--mail-from {from:?}: must be an address, like orders@shop.example or \"The Shop <orders@shop.example>\"")
        })?;
        let public_url = public_url.map(str::trim).filter(|url| !url.is_empty()).map(check_public_url).transpose()?;
        Ok(Self { smtp_url: Secret::new(smtp_url.trim()), from, public_url })
    }

    /// The server as it may be shown: without the user and the password.
    pub fn server(&self) -> String {
        let Ok(url) = Url::parse(self.smtp_url.expose()) else { return String::new() };
        let port = url.port().map(|p| format!(":{p}")).unwrap_or_default();
        format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
    }

    /// What connects to the server. Unless the address says by which name to greet it (its path), that is the sender's domain.
    pub(super) fn transport(&self) -> anyhow::Result<lettre::transport::smtp::AsyncSmtpTransportBuilder> {
        let url = self.smtp_url.expose();
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|e| anyhow::anyhow!("{e}"))?;
        let names_itself = Url::parse(url).is_ok_and(|u| u.path().len() > 1);
        let domain = self.from.email.domain().to_owned();
        Ok(match names_itself {
            true => builder,
            false => builder.hello_name(lettre::transport::smtp::extension::ClientId::Domain(domain)),
        })
    }
}

fn check_smtp_url(text: &str) -> anyhow::Result<()> {
    const FORM: &str = "must be like smtps://user:password@mail.example, smtp://user:password@mail.example:587?tls=required or smtp://127.0.0.1:25";
    let Ok(url) = Url::parse(text.trim()) else { bail!("--smtp-url: {FORM}") };
    let host = url.host_str().filter(|host| !host.is_empty());
    let (Some(host), true) = (host, ["smtp", "smtps"].contains(&url.scheme())) else { bail!("--smtp-url: {FORM}") };
    let user = !url.username().is_empty();
    if user != url.password().is_some_and(|p| !p.is_empty()) {
        bail!(
            "--smtp-url: give both a user and a password, or neither; what is not a letter or a digit in them is written as %40 and so on"
        );
    }
    let options: Vec<(String, String)> = url.query_pairs().map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
    let known =
        |(key, value): &(String, String)| key == "tls" && ["required", "opportunistic"].contains(&value.as_str());
    if !options.iter().all(known) || options.len() > 1 || (url.scheme() == "smtps" && !options.is_empty()) {
        bail!("--smtp-url: after the ? only tls=required or tls=opportunistic is known, and only with smtp://");
    }
    // A password is not sent in the clear to another machine; `opportunistic` would do so when somebody in between asks for it.
    let local = host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let safe = url.scheme() == "smtps" || options.iter().any(|(_, tls)| tls == "required");
    if user && !local && !safe {
        bail!(
            "--smtp-url: a password goes to another machine only under TLS: write smtps://…, or smtp://…?tls=required"
        );
    }
    if let Err(error) = AsyncSmtpTransport::<Tokio1Executor>::from_url(text.trim()) {
        bail!("--smtp-url: {error}; it {FORM}");
    }
    Ok(())
}

fn check_public_url(text: &str) -> anyhow::Result<String> {
    let url = Url::parse(text).ok().filter(|url| ["http", "https"].contains(&url.scheme()) && url.host_str().is_some());
    let plain = url.is_some_and(|u| u.query().is_none() && u.fragment().is_none() && u.username().is_empty());
    // It stands in mails as it is: escaped addresses look like somebody's who hides something.
    let safe = |c: char| c.is_ascii_alphanumeric() || ":/.-_~%[]".contains(c);
    if !plain || !text.chars().all(safe) {
        bail!(
            "--public-url {text:?}: must be the address where customers reach this server, like https://shop.example"
        );
    }
    Ok(text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: &str = "The Shop <orders@shop.example>";

    #[test]
    fn servers_are_written_as_lettre_reads_them() {
        for url in [
            "smtp://127.0.0.1:2525",
            "smtp://mail.internal",
            "smtps://shop:pa%40ss@mail.example",
            "smtp://shop:pass@mail.example:587?tls=required",
            "smtp://shop:pass@localhost:1025",
            "smtp://shop:pass@[::1]:1025",
            "smtp://mail.internal/node.shop.example?tls=opportunistic",
        ] {
            let config = MailConfig::new(url, FROM, Some("https://shop.example/")).expect(url);
            assert_eq!(config.public_url.as_deref(), Some("https://shop.example"));
            config.transport().expect(url);
        }
    }

    #[test]
    fn what_is_wrong_is_named_and_no_password_is_told() {
        for (url, from, public, word) in [
            ("mail.example:25", FROM, None, "--smtp-url"),
            ("http://mail.example", FROM, None, "smtps://"),
            ("smtp://", FROM, None, "--smtp-url"),
            ("smtp://shop@mail.example", FROM, None, "both"),
            ("smtp://:canary@mail.example", FROM, None, "both"),
            ("smtp://shop:canary@mail.example", FROM, None, "TLS"),
            ("smtp://shop:canary@mail.example?tls=opportunistic", FROM, None, "TLS"),
            ("smtp://shop:canary@127.0.0.1.evil.example", FROM, None, "TLS"),
            ("smtp://mail.example?tls=none", FROM, None, "tls=required"),
            ("smtps://mail.example?pool=3", FROM, None, "tls=required"),
            ("smtp://mail.example", "the shop", None, "--mail-from"),
            ("smtp://mail.example", "a@shop.example\r\nBcc: b@evil.example", None, "--mail-from"),
            ("smtp://mail.example", FROM, Some("shop.example"), "--public-url"),
            ("smtp://mail.example", FROM, Some("https://shop.example/?a=b"), "--public-url"),
            ("smtp://mail.example", FROM, Some("https://shop.example/\"><b>"), "--public-url"),
        ] {
            let error = format!("{:#}", MailConfig::new(url, from, public).expect_err(url));
            assert!(error.contains(word) && !error.contains("canary"), "{url} {from}: {error}");
        }
    }

    #[test]
    fn no_password_is_printed() {
        let config = MailConfig::new("smtps://shop:canary@mail.example:465", FROM, None).expect("good");
        assert_eq!(config.server(), "smtps://mail.example:465");
        assert!(!format!("{config:?}").contains("canary"));
    }
}
