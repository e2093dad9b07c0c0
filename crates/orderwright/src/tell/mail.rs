//! The way out for mails: one message to one customer through the operator's SMTP server.
//!
//! Each message has its own connection. What the server answers is told without its words, because they repeat the address; its codes say
//! enough. What is not here: trying again, and what becomes of a mail that cannot be sent (`effects::mail`).

use std::time::{Duration, SystemTime};

use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use orderwright_core::time::Timestamp;
use tokio::sync::Semaphore;

use super::config::MailConfig;
use super::letter::{Letter, plain};

/// How long one answer of the server is waited for.
const ANSWER: Duration = Duration::from_secs(5);
/// How long a message may take as a whole. With [`TURN`] it stays inside a job's lease, so that nobody sends it beside us.
const WHOLE: Duration = Duration::from_secs(13);
/// How long a message waits for its turn.
const TURN: Duration = Duration::from_secs(4);
/// Messages that are on their way at once: mail servers count the connections of one sender.
const AT_ONCE: usize = 8;

/// Sends mails.
#[derive(Debug)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    public_url: Option<String>,
    turns: Semaphore,
}

/// Why a mail was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// Too many are on their way: nothing was tried.
    #[error("other mails are being sent")]
    Busy,
    /// It may go another time; the server may even have taken it.
    #[error("{0}")]
    Later(String),
    /// It will never go.
    #[error("{0}")]
    Never(String),
}

impl Mailer {
    /// Made of what an operator set. Nothing is connected yet.
    pub fn new(config: MailConfig) -> anyhow::Result<Self> {
        let transport = config.transport()?.timeout(Some(ANSWER)).build();
        Ok(Self { transport, from: config.from, public_url: config.public_url, turns: Semaphore::new(AT_ONCE) })
    }

    /// The address of a page of ours, if customers can reach this server.
    pub fn link(&self, path: &str) -> Option<String> {
        self.public_url.as_ref().map(|base| format!("{base}{path}"))
    }

    /// The name that mails are from, if they have one.
    pub fn sender(&self) -> Option<&str> {
        self.from.name.as_deref()
    }

    /// Sends a letter. `id` names it for ever: a second sending is recognised by its `Message-ID`.
    pub async fn send(
        &self,
        name: &str,
        address: &str,
        id: &str,
        at: Timestamp,
        letter: &Letter,
    ) -> Result<(), MailError> {
        let message = message(&self.from, name, address, id, at, letter)?;
        let turn = tokio::time::timeout(TURN, self.turns.acquire()).await;
        let _turn = turn.ok().and_then(Result::ok).ok_or(MailError::Busy)?;
        match tokio::time::timeout(WHOLE, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            // The client itself says so, of a server that does not announce SMTPUTF8.
            Ok(Err(error)) if error.is_client() && !address.is_ascii() => {
                Err(MailError::Never("the mail server takes no address with such letters".to_owned()))
            }
            Ok(Err(error)) => Err(told(&error)),
            Err(_) => Err(MailError::Later(format!("the mail server did not finish within {} s", WHOLE.as_secs()))),
        }
    }
}

/// The message as it goes out.
fn message(
    from: &Mailbox,
    name: &str,
    address: &str,
    id: &str,
    at: Timestamp,
    letter: &Letter,
) -> Result<Message, MailError> {
    let address = address.trim().parse::<Address>();
    let address =
        address.map_err(|_| MailError::Never("the address is not one that mail can be sent to".to_owned()))?;
    let name = Some(plain(name).trim().to_owned()).filter(|n| !n.is_empty());
    let date = SystemTime::UNIX_EPOCH + Duration::from_micros(u64::try_from(at.0).unwrap_or_default());
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(name, address))
        .subject(letter.subject.clone())
        .date(date)
        .message_id(Some(format!("<{id}@{}>", from.email.domain())))
        .header(AutoSubmitted)
        .multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
        .map_err(|error| MailError::Never(format!("the mail cannot be written: {error}")))
}

/// What went wrong, without the server's words.
fn told(error: &lettre::transport::smtp::Error) -> MailError {
    let Some(code) = error.status() else {
        return MailError::Later(match error {
            e if e.is_timeout() => format!("the mail server did not answer within {} s", ANSWER.as_secs()),
            e if e.is_response() => "the mail server's answer cannot be read".to_owned(),
            e => format!("the mail server cannot be used: {e}"),
        });
    };
    let code = u16::from(code);
    let source = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let enhanced = enhanced(&source).map(|e| format!(" {e}")).unwrap_or_default();
    let what = match code {
        // The server does not believe us: the operator's to mend, not the customer's.
        530 | 534 | 535 | 538 => "wants another user or password",
        400..=499 => "wants it another time",
        _ => match enhanced.trim() {
            e if e.starts_with("5.1.") => "does not know the address",
            e if e.starts_with("5.2.") => "cannot deliver to this mailbox",
            e if e.starts_with("5.7.") => "may not take it",
            _ => "refused it",
        },
    };
    let told = format!("the mail server {what} ({code}{enhanced})");
    match code {
        530 | 534 | 535 | 538 => MailError::Later(told),
        500.. => MailError::Never(told),
        _ => MailError::Later(told),
    }
}

/// The code of RFC 3463 that an answer begins with: `5.1.1`. Nothing else of the answer is kept.
fn enhanced(answer: &str) -> Option<&str> {
    let first = answer.split_whitespace().next()?;
    let parts: Vec<&str> = first.split('.').collect();
    let number = |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    (parts.len() == 3 && parts.iter().all(number)).then_some(first)
}

/// RFC 3834: nobody's holiday notice answers to it.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(name: &str, address: &str) -> Result<String, MailError> {
        let from = "The Shop <orders@shop.example>".parse().expect("an address");
        let letter = Letter {
            subject: "Your payment for order ORD-1".to_owned(),
            text: "Größe\n".to_owned(),
            html: "<p>Größe</p>".to_owned(),
        };
        let made = message(&from, name, address, "tle_1", Timestamp(1_795_000_000_000_000), &letter)?;
        Ok(String::from_utf8(made.formatted()).expect("ASCII"))
    }

    /// The names of the headers before the first empty line.
    fn headers(message: &str) -> Vec<&str> {
        let head = message.split("\r\n\r\n").next().unwrap_or_default();
        let lines = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
        lines.map(|line| line.split(':').next().unwrap_or_default()).collect()
    }

    #[test]
    fn a_message_names_itself() {
        let message = made("Robin Ray", "robin@example.org").expect("a message");
        assert!(message.contains("\r\nMessage-ID: <tle_1@shop.example>\r\n"), "{message}");
        assert!(message.contains("\r\nAuto-Submitted: auto-generated\r\n"), "{message}");
        assert!(message.contains("multipart/alternative"), "{message}");
        assert!(message.is_ascii(), "any server takes it: {message}");
    }

    #[test]
    fn a_name_makes_no_header_and_no_address() {
        let wanted = headers(&made("Robin Ray", "robin@example.org").expect("a message")).join(",");
        for name in [
            "Robin\r\nBcc: eve@evil.example",
            "Robin\nSubject: You have won",
            "Robin\r\n\r\nYou have won",
            "Robin\" <eve@evil.example>, \"x",
            "=?utf-8?q?Robin=0D=0ABcc:_eve@evil.example?=",
            "Rübin\u{2028}\r\nBcc: eve@evil.example",
            "",
        ] {
            let message = made(name, "robin@example.org").expect("a message");
            assert_eq!(headers(&message).join(","), wanted, "{name:?}: {message}");
            let to = message.split("\r\nTo: ").nth(1).and_then(|rest| rest.split("\r\nSubject").next()).expect("a To");
            assert!(to.ends_with("robin@example.org") || to.ends_with("<robin@example.org>"), "{name:?}: {to}");
        }
    }

    #[test]
    fn what_is_no_address_is_never_sent_to() {
        for address in ["", "robin", "robin@example.org\r\nBcc: eve@evil.example", "a@b@c", "robin@exa mple.org"] {
            assert!(matches!(made("Robin", address), Err(MailError::Never(_))), "{address:?}");
        }
    }

    #[test]
    fn of_an_answer_only_its_code_is_kept() {
        assert_eq!(enhanced("5.1.1 <robin@example.org>: no such user"), Some("5.1.1"));
        for other in ["robin@example.org is unknown", "", "1.2", "5.1.robin", "5.1.1.1"] {
            assert_eq!(enhanced(other), None, "{other}");
        }
    }
}
