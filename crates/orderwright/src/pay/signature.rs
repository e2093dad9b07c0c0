//! Signatures of webhooks: HMAC-SHA-256 over the raw body, compared in constant time.

use hmac::{Hmac, KeyInit, Mac};
use orderwright_core::time::Timestamp;
use sha2::Sha256;

use super::config::Secret;

/// How far the time of a signed webhook may be from ours, both ways. Stripe's own library takes any future time; a signature that is good
/// for ever is a signature that can be replayed.
pub const TOLERANCE_S: i64 = 300;

/// Why a webhook is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forged {
    /// No signature, or one that cannot be read.
    #[error("the signature header is missing or cannot be read")]
    Unsigned,
    /// No secret of ours makes this signature.
    #[error("the signature does not match the body")]
    Wrong,
    /// The time of signing is too far from ours.
    #[error("the signature is too old or from the future")]
    Stale,
    /// The body is not an event.
    #[error("the body is not an event")]
    NoEvent,
    /// There is no secret to check with.
    #[error("no webhook secret is configured")]
    NoSecret,
}

/// HMAC-SHA-256 in hex.
pub fn hmac_hex(secret: &str, parts: &[&[u8]]) -> String {
    let mut out = String::with_capacity(64);
    for byte in mac(secret, parts).finalize().into_bytes() {
        out.push_str(&format!("{byte:02x}"));
    }
    out
}

fn mac(secret: &str, parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac
}

/// Whether `hex` is the signature of the parts, in constant time.
pub fn matches(secret: &str, parts: &[&[u8]], hex: &str) -> bool {
    let Some(signature) = unhex(hex) else { return false };
    mac(secret, parts).verify_slice(&signature).is_ok()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

/// Checks `Stripe-Signature: t=…,v1=…[,v1=…]`. Any v1 of any secret may match; v0 never counts.
pub fn stripe(header: Option<&str>, body: &[u8], secrets: &[Secret], now: Timestamp) -> Result<(), Forged> {
    if secrets.is_empty() {
        return Err(Forged::NoSecret);
    }
    let header = header.ok_or(Forged::Unsigned)?;
    let (mut time, mut signatures) = (None, Vec::new());
    for part in header.split(',') {
        match part.trim().split_once('=') {
            Some(("t", value)) => time = Some(value),
            Some(("v1", value)) => signatures.push(value),
            _ => {}
        }
    }
    let time = time.ok_or(Forged::Unsigned)?;
    let signed_at: i64 = time.parse().map_err(|_| Forged::Unsigned)?;
    if signatures.is_empty() {
        return Err(Forged::Unsigned);
    }
    let parts: [&[u8]; 3] = [time.as_bytes(), b".", body];
    let good = secrets.iter().any(|secret| signatures.iter().any(|s| matches(secret.expose(), &parts, s)));
    if !good {
        return Err(Forged::Wrong);
    }
    if (now.0 / 1_000_000 - signed_at).abs() > TOLERANCE_S {
        return Err(Forged::Stale);
    }
    Ok(())
}

/// Checks `X-Razorpay-Signature`, which has no time in it: replays are found by the event's id.
pub fn razorpay(header: Option<&str>, body: &[u8], secrets: &[Secret]) -> Result<(), Forged> {
    if secrets.is_empty() {
        return Err(Forged::NoSecret);
    }
    let header = header.ok_or(Forged::Unsigned)?.trim();
    let good = secrets.iter().any(|secret| matches(secret.expose(), &[body], header));
    if good { Ok(()) } else { Err(Forged::Wrong) }
}

/// The header that Stripe would send.
pub fn stripe_header(secret: &str, body: &[u8], at_s: i64) -> String {
    let time = at_s.to_string();
    format!("t={time},v1={}", hmac_hex(secret, &[time.as_bytes(), b".", body]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_1"}"#;

    fn at(s: i64) -> Timestamp {
        Timestamp(s * 1_000_000)
    }

    #[test]
    fn stripe_signatures() {
        let secrets = [Secret::new("whsec_new"), Secret::new("whsec_old")];
        let good = stripe_header("whsec_old", BODY, 1_000);
        let v1 = good.split("v1=").nth(1).expect("signed").to_owned();
        let other = hmac_hex("whsec_stranger", &[b"1000.", BODY]);
        for (what, header, body, now, wish) in [
            ("a signature of the older of two secrets", good.clone(), BODY, 1_000, Ok(())),
            ("five minutes late", good.clone(), BODY, 1_300, Ok(())),
            ("a second more", good.clone(), BODY, 1_301, Err(Forged::Stale)),
            ("five minutes early", good.clone(), BODY, 700, Ok(())),
            ("from the future, which the official library takes", good.clone(), BODY, 699, Err(Forged::Stale)),
            ("one added byte", good.clone(), br#"{"id":"evt_1"} "#, 1_000, Err(Forged::Wrong)),
            ("any of several", format!("t=1000,v1={other},v1={v1}"), BODY, 1_000, Ok(())),
            ("v0 only", format!("t=1000,v0={v1}"), BODY, 1_000, Err(Forged::Unsigned)),
            ("another time than was signed", format!("t=1001,v1={v1}"), BODY, 1_000, Err(Forged::Wrong)),
            ("no time", format!("v1={v1}"), BODY, 1_000, Err(Forged::Unsigned)),
            ("a stranger's secret", format!("t=1000,v1={other}"), BODY, 1_000, Err(Forged::Wrong)),
            ("no hex", "t=1000,v1=zz".to_owned(), BODY, 1_000, Err(Forged::Wrong)),
        ] {
            assert_eq!(stripe(Some(&header), body, &secrets, at(now)), wish, "{what}");
        }
        assert_eq!(stripe(None, BODY, &secrets, at(1_000)), Err(Forged::Unsigned));
        assert_eq!(stripe(Some(&good), BODY, &[], at(1_000)), Err(Forged::NoSecret));
    }

    #[test]
    fn razorpay_signatures() {
        let secrets = [Secret::new("new"), Secret::new("old")];
        let good = hmac_hex("old", &[BODY]);
        assert_eq!(razorpay(Some(&good), BODY, &secrets), Ok(()));
        assert_eq!(razorpay(Some(&good), b"{}", &secrets), Err(Forged::Wrong));
        assert_eq!(razorpay(Some(&good[1..]), BODY, &secrets), Err(Forged::Wrong));
        assert_eq!(razorpay(None, BODY, &secrets), Err(Forged::Unsigned));
    }
}
