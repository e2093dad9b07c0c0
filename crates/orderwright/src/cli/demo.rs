//! `orderwright demo`: the shop to try things out on.

use std::path::PathBuf;
use std::process::ExitCode;

use super::mail::MailArgs;
use super::payments::PaymentArgs;
use super::threads::ThreadArgs;
use super::{serve, show, store};
use crate::app::App;
use crate::demo::{self, DemoFile};

/// Run a shop with five example channels, sandbox payments and a movable clock.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  orderwright demo\n  orderwright demo --data /tmp/shop --listen 127.0.0.1:9000\n\nStarted again on the same folder it goes on with the same data and keys; delete the folder for a fresh shop."
)]
pub struct Args {
    /// Folder of demo.json, and of the data unless --database-url is given
    #[arg(long, value_name = "DIR", default_value = "./demo-data")]
    data: PathBuf,
    /// PostgreSQL database to use instead, as postgres://user:password@host/database
    #[arg(long, value_name = "URL", env = "ORDERWRIGHT_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Address and port to listen on; port 0 takes any free one
    #[arg(long, value_name = "ADDR", default_value = serve::LISTEN)]
    listen: String,
    #[command(flatten)]
    threads: ThreadArgs,
    #[command(flatten)]
    payments: PaymentArgs,
    #[command(flatten)]
    mail: MailArgs,
}

impl Args {
    /// How many threads answer requests.
    pub fn threads(&self) -> usize {
        self.threads.count(self.database_url.is_none())
    }
}

/// Makes the demo, or goes on with it, and serves it until it is told to end.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let end = serve::told_to_end();
    let listener = serve::bind(&args.listen).await?;
    let base_url = serve::base_url(listener.local_addr()?);
    let store = store::config(&args.data, args.database_url.as_deref(), true);
    let mail = args.mail.config(Some(&base_url))?;
    let app = App::open_with(store, true, args.payments.config()?, mail).await?;
    // Connections wait in the listener's queue until the demo is complete: nobody sees half of it.
    let file = demo::prepare(&app, &args.data, &base_url).await?;
    serve::start(&app).await?;
    let path = DemoFile::path(&args.data);
    show::line(greeting(&file, &path.canonicalize().unwrap_or(path).display().to_string()))?;
    serve::serve(app, listener, end).await?;
    Ok(ExitCode::SUCCESS)
}

/// Where to look, and three lines to try.
fn greeting(file: &DemoFile, path: &str) -> String {
    let DemoFile { base_url, tokens, channels, .. } = file;
    let no_key = String::new();
    let retailer = tokens.retailers.get("retail").unwrap_or(&no_key);
    let customer = tokens.customers.values().next().unwrap_or(&no_key);
    let sku = channels.get("retail").and_then(|c| c.items.first()).map_or("", |item| item.sku.as_str());
    let order = format!(
        r#"{{"channel":"retail","customer":{{"email":"you@example.com","name":"You"}},"items":[{{"sku":"{sku}","quantity":1}}],"paymentMethod":"pm_card_visa"}}"#
    );
    format!(
        "The demo is ready at {base_url}

  API reference   {base_url}/docs
  OpenAPI         {base_url}/openapi.json
  Keys and SKUs   {path}

Try it:

  curl -H 'Authorization: Bearer {admin}' '{base_url}/admin/orders?limit=3'
  curl -H 'Authorization: Bearer {retailer}' '{base_url}/admin/orders?status=confirmed,processing'
  curl -H 'Authorization: Bearer {customer}' -H 'Content-Type: application/json' -d '{order}' '{base_url}/storefront/orders'

Ctrl-C ends it.",
        admin = tokens.admin,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greeting_can_be_copied() {
        let file: DemoFile = serde_json::from_value(serde_json::json!({
            "baseUrl": "http://127.0.0.1:8080",
            "tokens": {
                "admin": "owt_admin", "ops": "o", "retailers": { "retail": "owt_retail" }, "storefronts": {},
                "merchants": {}, "customers": { "cus_1": "owt_customer" }
            },
            "logins": {},
            "channels": { "retail": { "currency": "INR", "items": [{ "sku": "RTL-1", "merchantId": "mer_1", "price": 5 }] } }
        }))
        .expect("a file");
        let text = greeting(&file, "/shop/demo.json");
        let curls: Vec<&str> = text.lines().filter(|l| l.trim_start().starts_with("curl ")).collect();
        assert_eq!(curls.len(), 3);
        for (line, key) in curls.iter().zip(["owt_admin", "owt_retail", "owt_customer"]) {
            assert!(line.contains(key) && line.contains("'http://127.0.0.1:8080/"), "{line}");
            assert_eq!(line.matches('\'').count() % 2, 0, "quotes are closed: {line}");
        }
        let body = curls[2].split("-d '").nth(1).and_then(|rest| rest.split('\'').next()).expect("a body");
        let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(body["items"][0]["sku"], "RTL-1");
        assert!(text.contains("/docs") && text.contains("/openapi.json") && text.contains("/shop/demo.json"));
    }
}
