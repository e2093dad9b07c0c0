//! `orderwright audit`: proofs from scratch, beside a running shop or without one.

use std::collections::BTreeMap;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use orderwright_core::money::Currency;
use serde_json::{Value, json};

use super::show;
use super::store::StoreArgs;
use crate::ops::Ctx;
use crate::ops::ledger::{self, Audit};

/// What can be proved.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Prove the whole book: every posting balanced, every order's money as its document says, kept balances as the lines say
    #[command(
        after_help = "Examples:\n  orderwright audit ledger\n  orderwright audit ledger --json --data ./shop\n\nExit code 0: everything holds. 1: something does not; each finding says what to look at."
    )]
    Ledger(Ledger),
}

/// Arguments of `audit ledger`.
#[derive(Debug, clap::Args)]
pub struct Ledger {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

/// Carries the command out.
pub async fn run(command: Command) -> anyhow::Result<ExitCode> {
    let Command::Ledger(args) = command;
    let app = args.store.open_existing().await?;
    let ctx = Ctx::system(&app, &app.clock);
    let bar = ProgressBar::new_spinner();
    bar.set_style(
        ProgressStyle::with_template("{spinner} {msg} [{elapsed}]")
            .unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    let audit = ledger::audit(&ctx, |lines, orders| {
        bar.set_message(format!("{lines} lines, {orders} orders"));
        bar.tick();
    })
    .await?;
    bar.finish_and_clear();
    let number = |order: i64| audit.numbers.get(&order).cloned();
    let findings: Vec<String> = audit.findings.iter().map(|f| ledger::explain(f, &number)).collect();
    match args.json {
        true => show::line(serde_json::to_string_pretty(&object(&audit, &findings))?)?,
        false => {
            for (currency, class, amount) in by_class(&audit) {
                show::line(format_args!("{currency}  {class:<12} {:>20}", amount))?;
            }
            show::line(format_args!("{} lines, {} orders", audit.lines, audit.orders))?;
            match findings.as_slice() {
                [] => show::line(
                    "everything holds: every posting and every currency sums to zero, and every order's money is in the book",
                )?,
                found => {
                    for text in found {
                        show::line(format_args!("- {text}"))?;
                    }
                    show::line(format_args!("{} findings", found.len()))?;
                }
            }
        }
    }
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn object(audit: &Audit, findings: &[String]) -> Value {
    let balances = audit.balances.iter().filter(|(_, amount)| **amount != 0);
    json!({
        "lines": audit.lines,
        "orders": audit.orders,
        "payouts": audit.payouts,
        "sums": audit.sums(),
        "balances": balances
            .map(|((account, currency), amount)| json!({ "account": account, "currency": currency, "balance": amount }))
            .collect::<Vec<_>>(),
        "findings": findings,
    })
}

/// Balances by currency and class of account, in the currency's own notation.
fn by_class(audit: &Audit) -> Vec<(String, &'static str, String)> {
    let mut sums: BTreeMap<(&str, &'static str), i64> = BTreeMap::new();
    for ((account, currency), amount) in &audit.balances {
        let class = orderwright_core::ledger::Account::parse(account).map_or("unknown", |a| a.entry().class);
        *sums.entry((currency, class)).or_default() += amount;
    }
    let show = |code: &str, amount: i64| Currency::parse(code).map_or(amount.to_string(), |c| c.show(amount));
    sums.into_iter().map(|((currency, class), amount)| (currency.to_owned(), class, show(currency, amount))).collect()
}
