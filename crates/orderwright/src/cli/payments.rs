//! Which payment providers a server uses: `--stripe-…`, `--razorpay-…`, and the environment variables of the same names.
//!
//! Secrets are best given by the environment: arguments can be read by other users of the machine.

use std::time::Duration;

use anyhow::bail;

use crate::pay::config::{
    self, PayConfig, RAZORPAY_API, RAZORPAY_SCRIPT, RazorpayConfig, STRIPE_API, STRIPE_SCRIPT, STRIPE_VERSION, Secret,
    StripeConfig, Verification,
};

/// How cards are verified, as it is written.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum VerificationArg {
    /// Stripe's SetupIntent: the issuer sees a check of 0 or 1.00
    SetupIntent,
    /// A hold of 1.00 that is released at once
    Hold,
}

/// Payment providers.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Payment providers")]
pub struct PaymentArgs {
    /// Stripe's secret key (sk_… or rk_…); turns Stripe on
    #[arg(long, value_name = "KEY", env = "ORDERWRIGHT_STRIPE_SECRET_KEY", hide_env_values = true)]
    stripe_secret_key: Option<String>,
    /// Stripe's publishable key (pk_…), for the payment page
    #[arg(long, value_name = "KEY", env = "ORDERWRIGHT_STRIPE_PUBLISHABLE_KEY")]
    stripe_publishable_key: Option<String>,
    /// Secret of Stripe's webhook (whsec_…); two, separated by a comma, while it is being changed
    #[arg(
        long,
        value_name = "SECRET",
        env = "ORDERWRIGHT_STRIPE_WEBHOOK_SECRET",
        hide_env_values = true,
        value_delimiter = ','
    )]
    stripe_webhook_secret: Vec<String>,
    /// Address of Stripe's API
    #[arg(long, value_name = "URL", env = "ORDERWRIGHT_STRIPE_API_BASE", default_value = STRIPE_API)]
    stripe_api_base: String,
    /// Version of Stripe's API
    #[arg(long, value_name = "VERSION", env = "ORDERWRIGHT_STRIPE_API_VERSION", default_value = STRIPE_VERSION)]
    stripe_api_version: String,
    /// Where the payment page takes Stripe's component from
    #[arg(long, value_name = "URL", env = "ORDERWRIGHT_STRIPE_SCRIPT_URL", default_value = STRIPE_SCRIPT)]
    stripe_script_url: String,
    /// How Stripe verifies a card without charging it
    #[arg(long, value_enum, env = "ORDERWRIGHT_STRIPE_VERIFICATION", default_value = "setup-intent")]
    stripe_verification: VerificationArg,
    /// Razorpay's key id (rzp_…); turns Razorpay on
    #[arg(long, value_name = "ID", env = "ORDERWRIGHT_RAZORPAY_KEY_ID")]
    razorpay_key_id: Option<String>,
    /// The secret of that key
    #[arg(long, value_name = "SECRET", env = "ORDERWRIGHT_RAZORPAY_KEY_SECRET", hide_env_values = true)]
    razorpay_key_secret: Option<String>,
    /// Secret of Razorpay's webhook; two, separated by a comma, while it is being changed
    #[arg(
        long,
        value_name = "SECRET",
        env = "ORDERWRIGHT_RAZORPAY_WEBHOOK_SECRET",
        hide_env_values = true,
        value_delimiter = ','
    )]
    razorpay_webhook_secret: Vec<String>,
    /// Address of Razorpay's API
    #[arg(long, value_name = "URL", env = "ORDERWRIGHT_RAZORPAY_API_BASE", default_value = RAZORPAY_API)]
    razorpay_api_base: String,
    /// Where the payment page takes Razorpay's checkout from
    #[arg(long, value_name = "URL", env = "ORDERWRIGHT_RAZORPAY_SCRIPT_URL", default_value = RAZORPAY_SCRIPT)]
    razorpay_script_url: String,
    /// How long one call to a provider may take, in milliseconds; at most 9000, so that a job's lease outlasts it
    #[arg(long, value_name = "MS", env = "ORDERWRIGHT_PROVIDER_TIMEOUT_MS", default_value_t = config::TIMEOUT.as_millis() as u64,
        value_parser = clap::value_parser!(u64).range(100..=9000))]
    provider_timeout_ms: u64,
}

impl PaymentArgs {
    /// The settings of the providers that are turned on.
    pub fn config(&self) -> anyhow::Result<PayConfig> {
        let timeout = Duration::from_millis(self.provider_timeout_ms);
        let secrets = |given: &[String]| -> Vec<Secret> {
            given.iter().map(|s| s.trim()).filter(|s| !s.is_empty()).map(Secret::new).collect()
        };
        for (flag, url) in [
            ("--stripe-api-base", &self.stripe_api_base),
            ("--stripe-script-url", &self.stripe_script_url),
            ("--razorpay-api-base", &self.razorpay_api_base),
            ("--razorpay-script-url", &self.razorpay_script_url),
        ] {
            check_url(flag, url)?;
        }
        let stripe =
            self.stripe_secret_key.as_deref().map(str::trim).filter(|k| !k.is_empty()).map(|key| StripeConfig {
                publishable_key: self.stripe_publishable_key.clone().filter(|k| !k.is_empty()),
                webhook_secrets: secrets(&self.stripe_webhook_secret),
                api_base: self.stripe_api_base.trim_end_matches('/').to_owned(),
                api_version: self.stripe_api_version.clone(),
                script_url: self.stripe_script_url.clone(),
                verification: match self.stripe_verification {
                    VerificationArg::SetupIntent => Verification::SetupIntent,
                    VerificationArg::Hold => Verification::Hold,
                },
                timeout,
                ..StripeConfig::new(Secret::new(key))
            });
        let razorpay = match (&self.razorpay_key_id, &self.razorpay_key_secret) {
            (Some(id), Some(secret)) => Some(RazorpayConfig {
                webhook_secrets: secrets(&self.razorpay_webhook_secret),
                api_base: self.razorpay_api_base.trim_end_matches('/').to_owned(),
                script_url: self.razorpay_script_url.clone(),
                timeout,
                ..RazorpayConfig::new(id.clone(), Secret::new(secret))
            }),
            (None, None) => None,
            (Some(_), None) => bail!("--razorpay-key-id needs its secret: set ORDERWRIGHT_RAZORPAY_KEY_SECRET"),
            (None, Some(_)) => bail!("the secret of Razorpay's key needs its id: give --razorpay-key-id"),
        };
        Ok(PayConfig { stripe, razorpay })
    }
}

/// Keys go to these addresses, so they are not sent in the clear to another machine.
fn check_url(flag: &str, url: &str) -> anyhow::Result<()> {
    let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"]
        .iter()
        .any(|start| url.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/'])));
    if !local && !url.starts_with("https://") {
        bail!("{flag} {url}: must begin with https:// (http:// is for this machine only)");
    }
    // It becomes part of a page's Content-Security-Policy.
    if url.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, ';' | ',' | '\'' | '"' | '<' | '>')) {
        bail!("{flag} {url}: has characters that an address cannot have");
    }
    Ok(())
}

/// Says in the log what is on, and what is missing for it to work.
pub fn tell(config: &PayConfig) {
    match &config.stripe {
        Some(stripe) => {
            tracing::info!(api = stripe.api_base, version = stripe.api_version, "Stripe is on");
            if stripe.webhook_secrets.is_empty() {
                tracing::warn!(
                    "no secret for Stripe's webhook: /webhooks/stripe refuses every event; set ORDERWRIGHT_STRIPE_WEBHOOK_SECRET"
                );
            }
            if stripe.publishable_key.is_none() {
                tracing::warn!(
                    "no publishable key for Stripe: there is no payment page; set ORDERWRIGHT_STRIPE_PUBLISHABLE_KEY"
                );
            }
        }
        None => tracing::info!("Stripe is off: no ORDERWRIGHT_STRIPE_SECRET_KEY"),
    }
    match &config.razorpay {
        Some(razorpay) => {
            tracing::info!(api = razorpay.api_base, key = razorpay.key_id, "Razorpay is on");
            if razorpay.webhook_secrets.is_empty() {
                tracing::warn!(
                    "no secret for Razorpay's webhook: /webhooks/razorpay refuses every event; set ORDERWRIGHT_RAZORPAY_WEBHOOK_SECRET"
                );
            }
        }
        None => tracing::info!("Razorpay is off: no ORDERWRIGHT_RAZORPAY_KEY_ID"),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        payments: PaymentArgs,
    }

    fn read(args: &[&str]) -> anyhow::Result<PayConfig> {
        Command::try_parse_from(std::iter::once("test").chain(args.iter().copied()))?.payments.config()
    }

    #[test]
    fn providers_are_off_until_they_have_keys() {
        let config = read(&[]).expect("nothing is needed");
        assert!(config.stripe.is_none() && config.razorpay.is_none());
        let args = ["--stripe-secret-key", "sk_test_1", "--stripe-webhook-secret", "whsec_a,whsec_b"];
        let stripe = read(&args).expect("good").stripe.expect("on");
        assert_eq!((stripe.webhook_secrets.len(), stripe.api_base.as_str()), (2, STRIPE_API));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (args, word) in [
            (vec!["--razorpay-key-id", "rzp_1"], "ORDERWRIGHT_RAZORPAY_KEY_SECRET"),
            (vec!["--razorpay-key-secret", "s"], "--razorpay-key-id"),
            (vec!["--stripe-api-base", "http://stripe.example"], "https://"),
            (vec!["--stripe-api-base", "http://localhost.evil.example"], "https://"),
            (vec!["--stripe-script-url", "https://a.example; script-src *"], "--stripe-script-url"),
            (vec!["--provider-timeout-ms", "60000"], "9000"),
        ] {
            let error = read(&args).expect_err("wrong").to_string();
            assert!(error.contains(word), "{args:?}: {error}");
        }
        read(&["--stripe-api-base", "http://127.0.0.1:4242"]).expect("this machine");
    }
}
