//! `orderwright workflow graph`: a lifecycle as a picture, with what is in each state now when a store is given.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::ValueEnum;
use indicatif::ProgressBar;
use orderwright_core::graph::{self, Graph, Machines};
use orderwright_core::time::Span;
use orderwright_core::workflow::Audience;
use serde_json::{Value, json};

use super::source;
use crate::cli::show;
use crate::cli::store::StoreArgs;
use crate::ops::standing::{self, Standing};
use crate::store::Scope;

/// Arguments of `workflow graph`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  orderwright workflow graph retail --output retail.svg\n  \
    orderwright workflow graph my-shop.toml my-merchant.toml --machine item --format mermaid\n  \
    orderwright workflow graph made-to-order --counts --data ./shop --output now.svg")]
pub struct Args {
    /// A file or the name of a workflow that comes with the program; further ones are looked through for its partner
    #[arg(value_name = "FILE|NAME", required = true)]
    workflow: Vec<String>,
    /// What to write
    #[arg(long, value_enum, default_value_t = Format::Svg)]
    format: Format,
    /// Write into this file instead of to standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Which machine to draw
    #[arg(long, value_enum, default_value_t = Which::All)]
    machine: Which,
    /// Whose labels to show
    #[arg(long, value_enum, default_value_t = Words::Operator)]
    audience: Words,
    /// Count what is in each state now, and since when, in the store of --data or --database-url
    #[arg(long)]
    counts: bool,
    /// Print the counts as JSON instead of a picture
    #[arg(long, requires = "counts")]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

/// The forms of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A drawing for browsers, light or dark as they are
    Svg,
    /// Text that wikis and code hosts draw (stateDiagram-v2)
    Mermaid,
    /// Text for Graphviz
    Dot,
}

/// The machines of a lifecycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Which {
    /// Every one
    All,
    /// Each item's
    Item,
    /// The order's payment
    Payment,
    /// The merchant's side
    Merchant,
}

/// Whose words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Words {
    /// The back office's
    Operator,
    /// The merchants'
    Merchant,
    /// The customers'
    Customer,
}

/// Carries the command out.
pub async fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let source = source::find(&args.workflow)?;
    let machines = match args.machine {
        Which::All => Machines::All,
        Which::Item => Machines::Item,
        Which::Payment => Machines::Payment,
        Which::Merchant => Machines::Merchant,
    };
    let audience = match args.audience {
        Words::Operator => Audience::Operator,
        Words::Merchant => Audience::Merchant,
        Words::Customer => Audience::Customer,
    };
    let mut graph = graph::of_workflow(&source.workflow, source.partner.as_deref(), machines, audience);
    if graph.machines.is_empty() {
        anyhow::bail!("`{}` has no such machine; leave --machine out to see all that it has", source.workflow.name);
    }
    let mut out = None;
    if args.counts {
        let app = args.store.open_existing().await?;
        let progress = if std::io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        progress.set_message("counting orders");
        let standing =
            standing::standing(&app, &Scope::All, &source.workflow.name, |orders| progress.set_position(orders))
                .await?;
        progress.finish_and_clear();
        let elsewhere = standing.fill(&mut graph);
        graph.subtitle = format!("{} · {} orders at {}", graph.subtitle, standing.orders, standing.now);
        if args.json {
            out = Some(serde_json::to_string_pretty(&counts(&graph, &standing, elsewhere, &source.workflow.version))?);
        }
    }
    let text = out.unwrap_or_else(|| match args.format {
        Format::Svg => graph::svg(&graph),
        Format::Mermaid => graph::mermaid(&graph),
        Format::Dot => graph::dot(&graph),
    });
    match &args.output {
        Some(path) => std::fs::write(path, text.trim_end().to_owned() + "\n")
            .with_context(|| format!("cannot write {}", path.display()))?,
        None => show::line(text.trim_end())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn counts(graph: &Graph, standing: &Standing, elsewhere: u64, version: &str) -> Value {
    let machines = graph.machines.iter().map(|machine| {
        let states = machine.nodes.iter().map(|node| {
            let live = node.live.unwrap_or(graph::Live { count: 0, oldest: Span::ZERO, median: Span::ZERO });
            let seconds = |span: Span| (live.count > 0).then_some(span.0 / 1_000_000);
            json!({
                "state": node.name,
                "label": node.label,
                "final": node.is_final,
                "count": live.count,
                "oldestSeconds": seconds(live.oldest),
                "medianSeconds": seconds(live.median),
            })
        });
        json!({ "machine": machine.name, "states": states.collect::<Vec<_>>() })
    });
    json!({
        "workflow": standing.workflow,
        "version": version,
        "at": standing.now.to_string(),
        "orders": standing.orders,
        "machines": machines.collect::<Vec<_>>(),
        "inOtherStates": elsewhere,
    })
}
