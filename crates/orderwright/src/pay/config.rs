//! What an operator sets about providers: keys, addresses, versions, times.
//!
//! Secrets are of a type that no log prints. What is not here: flags and environment variables (the command line's).

use std::fmt;
use std::time::Duration;

/// A secret: whoever prints it sees that there is one, and no more.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, to send or to sign with.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

/// How a card is verified without charging it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verification {
    /// Stripe's SetupIntent: the issuer sees a check of 0 or 1.00.
    #[default]
    SetupIntent,
    /// A hold of 1.00 that is released at once.
    Hold,
}

/// Stripe.
#[derive(Clone, Debug)]
pub struct StripeConfig {
    /// `sk_…` or `rk_…`.
    pub secret_key: Secret,
    /// `pk_…`: what the payment page gives to Stripe's component. Without it there is no payment page.
    pub publishable_key: Option<String>,
    /// `whsec_…` as Stripe shows them; more than one while a secret is being changed.
    pub webhook_secrets: Vec<Secret>,
    /// Without a slash at its end.
    pub api_base: String,
    /// Pinned, so that Stripe's changes wait for ours.
    pub api_version: String,
    /// Where the payment page takes Stripe's component from.
    pub script_url: String,
    /// How cards are verified.
    pub verification: Verification,
    /// How long one call may take.
    pub timeout: Duration,
}

/// Razorpay.
#[derive(Clone, Debug)]
pub struct RazorpayConfig {
    /// `rzp_live_…`: not secret, the payment page shows it.
    pub key_id: String,
    /// Its secret.
    pub key_secret: Secret,
    /// Of the webhook; more than one while a secret is being changed.
    pub webhook_secrets: Vec<Secret>,
    /// Without `/v1`, without a slash at its end.
    pub api_base: String,
    /// Where the payment page takes Razorpay's checkout from.
    pub script_url: String,
    /// How long one call may take.
    pub timeout: Duration,
}

/// Stripe's own address.
pub const STRIPE_API: &str = "https://api.stripe.com";
/// The version of Stripe's API that the adapter is written for.
pub const STRIPE_VERSION: &str = "2026-08-26.dahlia";
/// Stripe's component.
pub const STRIPE_SCRIPT: &str = "https://js.stripe.com/v3/";
/// Razorpay's own address.
pub const RAZORPAY_API: &str = "https://api.razorpay.com";
/// Razorpay's checkout.
pub const RAZORPAY_SCRIPT: &str = "https://checkout.razorpay.com/v1/checkout.js";
/// How long one call may take unless the operator says otherwise. With one retry it stays inside a job's lease.
pub const TIMEOUT: Duration = Duration::from_secs(8);

impl StripeConfig {
    /// Stripe itself, with that key.
    pub fn new(secret_key: Secret) -> Self {
        Self {
            secret_key,
            publishable_key: None,
            webhook_secrets: Vec::new(),
            api_base: STRIPE_API.to_owned(),
            api_version: STRIPE_VERSION.to_owned(),
            script_url: STRIPE_SCRIPT.to_owned(),
            verification: Verification::default(),
            timeout: TIMEOUT,
        }
    }
}

impl RazorpayConfig {
    /// Razorpay itself, with that key.
    pub fn new(key_id: String, key_secret: Secret) -> Self {
        Self {
            key_id,
            key_secret,
            webhook_secrets: Vec::new(),
            api_base: RAZORPAY_API.to_owned(),
            script_url: RAZORPAY_SCRIPT.to_owned(),
            timeout: TIMEOUT,
        }
    }
}

/// The providers that this server may use beside the sandbox.
#[derive(Clone, Debug, Default)]
pub struct PayConfig {
    /// Stripe, if it is set up.
    pub stripe: Option<StripeConfig>,
    /// Razorpay, if it is set up.
    pub razorpay: Option<RazorpayConfig>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_printed() {
        let stripe = StripeConfig {
            webhook_secrets: vec![Secret::new("whsec_canary")],
            ..StripeConfig::new(Secret::new("sk_live_canary"))
        };
        let razorpay = RazorpayConfig::new("rzp_1".to_owned(), Secret::new("razor-canary"));
        let shown = format!("{:?}", PayConfig { stripe: Some(stripe), razorpay: Some(razorpay) });
        assert!(!shown.contains("canary") && shown.contains("redacted"), "{shown}");
    }
}
