//! `orderwright sandbox`: a fake of a payment provider, to rehearse with. It speaks the provider's protocol and moves no money.

use std::process::ExitCode;

use super::{serve, show};
use crate::fakes::server::Plays;
use crate::fakes::{Fake, Options};

/// Which provider is played.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Play Stripe
    #[command(
        after_help = "Example:\n  orderwright sandbox stripe --listen 127.0.0.1:4242 --webhook-url http://127.0.0.1:8080/webhooks/stripe --webhook-secret whsec_try\n\nand beside it:\n  orderwright demo --stripe-secret-key sk_test_1 --stripe-publishable-key pk_test_1 --stripe-webhook-secret whsec_try \\\n    --stripe-api-base http://127.0.0.1:4242 --stripe-script-url http://127.0.0.1:4242/v3/"
    )]
    Stripe(Args),
    /// Play Razorpay
    #[command(
        after_help = "Example:\n  orderwright sandbox razorpay --listen 127.0.0.1:4243 --key rzp_test_1:secret --webhook-url http://127.0.0.1:8080/webhooks/razorpay --webhook-secret try\n\nand beside it:\n  orderwright demo --razorpay-key-id rzp_test_1 --razorpay-key-secret secret --razorpay-webhook-secret try \\\n    --razorpay-api-base http://127.0.0.1:4243 --razorpay-script-url http://127.0.0.1:4243/v1/checkout.js"
    )]
    Razorpay(Args),
}

/// How it is played.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address and port to listen on; port 0 takes any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4242")]
    listen: String,
    /// Where webhooks are sent; without it none are
    #[arg(long, value_name = "URL")]
    webhook_url: Option<String>,
    /// What webhooks are signed with
    #[arg(long, value_name = "SECRET", default_value = "whsec_fake")]
    webhook_secret: String,
    /// How often each webhook is sent
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    copies: u32,
    /// The only key that is taken: sk_… for Stripe, id:secret for Razorpay; any is without it
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

/// Plays until it is told to end.
pub async fn run(command: Command) -> anyhow::Result<ExitCode> {
    let (plays, name, args) = match command {
        Command::Stripe(args) => (Plays::Stripe, "Stripe", args),
        Command::Razorpay(args) => (Plays::Razorpay, "Razorpay", args),
    };
    let end = serve::told_to_end();
    let listener = serve::bind(&args.listen).await?;
    let Args { webhook_url, webhook_secret, copies, key, .. } = args;
    let fake = Fake::start(listener, Options { plays, webhook_url, webhook_secret, copies, key })?;
    show::line(format!(
        "A fake of {name} listens at {url}. It moves no money and forgets everything when it ends.",
        url = fake.url
    ))?;
    end.await;
    Ok(ExitCode::SUCCESS)
}
