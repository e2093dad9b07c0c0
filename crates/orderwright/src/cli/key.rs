//! `orderwright key`: API keys. Works beside a running server, which sees a new or revoked key at once.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::ValueEnum;
use orderwright_core::actor::Role;
use orderwright_core::id::{CustomerId, MerchantId, TokenId};
use orderwright_core::order::{PartyKind, PartyRef};
use orderwright_core::time::{Span, Timestamp};
use serde_json::{Value, json};

use super::show;
use super::store::StoreArgs;
use crate::app::App;
use crate::ops::OpError;
use crate::ops::auth::{self, Grant};
use crate::ops::payouts;
use crate::store::TokenRow;
use crate::web::api::admin::MAX_PARTY;

/// What can be done with keys.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make a key and print it, once
    #[command(
        after_help = "Examples:\n  orderwright key create --role admin --label laptop\n  orderwright key create --role storefront --channel retail --expires 90d\n  orderwright key create --role merchant --subject mer_0dn2zkx8w4000\n  orderwright key create --role brand --brand luminara"
    )]
    Create(Create),
    /// List the keys, without their secrets
    #[command(after_help = "Example:\n  orderwright key list --json")]
    List(List),
    /// Take a key back: it is refused from the next request on
    #[command(after_help = "Example:\n  orderwright key revoke tok_0dn2zkx8w4000")]
    Revoke(Revoke),
}

/// Arguments of `key create`.
#[derive(Debug, clap::Args)]
pub struct Create {
    /// What the key may do
    #[arg(long, value_enum)]
    role: KeyRole,
    /// The merchant (mer_…) or customer (cus_…) that it speaks for
    #[arg(long, value_name = "ID")]
    subject: Option<String>,
    /// The brand that it reads the shares of, as variants name it; for brand keys
    #[arg(long, value_name = "ID", conflicts_with = "party")]
    brand: Option<String>,
    /// Another party that has no key of its own: a supplier's or retailer's ledger account, as party/supplier/ID; for brand keys
    #[arg(long, value_name = "ACCOUNT")]
    party: Option<String>,
    /// The channel that it is confined to; for retailer and storefront keys
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<String>,
    /// What people call it
    #[arg(long, value_name = "TEXT", default_value = "")]
    label: String,
    /// When it ends, counted from now: 30d, 12h. It does not end unless this is given
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    expires: Option<Span>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

/// Arguments of `key list`.
#[derive(Debug, clap::Args)]
pub struct List {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

/// Arguments of `key revoke`.
#[derive(Debug, clap::Args)]
pub struct Revoke {
    /// Which key, as `key list` shows it
    #[arg(value_name = "TOK")]
    id: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

/// The roles that a key can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum KeyRole {
    /// Platform administration
    Admin,
    /// Platform operations
    Ops,
    /// Owner of a channel
    Retailer,
    /// A channel's server-side key: places orders for guests
    Storefront,
    /// Seller, supplier, maker
    Merchant,
    /// Party of splits without items of its own: reads its shares, statements and payouts
    Brand,
    /// Buyer
    Customer,
}

impl KeyRole {
    fn role(self) -> Role {
        match self {
            Self::Admin => Role::Admin,
            Self::Ops => Role::Ops,
            Self::Retailer => Role::Retailer,
            Self::Storefront => Role::Storefront,
            Self::Merchant => Role::Merchant,
            Self::Brand => Role::Brand,
            Self::Customer => Role::Customer,
        }
    }
}

fn duration(text: &str) -> Result<Span, String> {
    let span = Span::parse(text).filter(|span| *span > Span::ZERO);
    span.ok_or_else(|| "write a whole number and a unit, like 30d, 12h or 15m".to_owned())
}

/// Carries the command out.
pub async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Create(args) => create(args).await?,
        Command::List(args) => {
            let app = args.store.open_existing().await?;
            let tokens: Vec<Value> = all(&app).await?.iter().map(shown).collect();
            show::rows(
                args.json,
                &["id", "role", "subject", "party", "channel", "label", "createdAt", "expiresAt", "revokedAt"],
                &tokens,
            )?;
        }
        Command::Revoke(args) => {
            let id = TokenId::parse(&args.id)
                .with_context(|| format!("`{}` is not the id of a key; `orderwright key list` shows them", args.id))?;
            let app = args.store.open_existing().await?;
            revoke(&app, id).await?;
            match args.json {
                true => show::line(json!({ "id": id.to_string(), "revoked": true }))?,
                false => show::line(format_args!("{id} is revoked"))?,
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn create(args: Create) -> anyhow::Result<()> {
    // The first admin key is made before there is a server, so this may make the store.
    let app = args.store.open().await?;
    let grant = grant(&app, &args).await?;
    let (id, key) = auth::issue_all(&app, std::slice::from_ref(&grant)).await?.pop().context("no key was made")?;
    match args.json {
        true => show::line(json!({
            "id": id.to_string(),
            "token": key,
            "role": grant.role.name(),
            "subject": args.subject,
            "party": grant.party.as_ref().map(PartyRef::account),
            "channel": grant.channel,
            "label": grant.label,
            "expiresAt": grant.expires_at.map(|t| t.to_string()),
        }))?,
        false => {
            show::line(key)?;
            eprintln!("This key is shown once. Its id is {id}: `orderwright key revoke {id}` takes it back.");
        }
    }
    Ok(())
}

/// What the arguments ask for, once it is known to make sense.
async fn grant(app: &App, args: &Create) -> anyhow::Result<Grant> {
    let role = args.role.role();
    let name = role.name();
    let subject = match (args.role, args.subject.as_deref()) {
        (KeyRole::Merchant, Some(text)) => {
            let id =
                MerchantId::parse(text).with_context(|| format!("--subject {text} is not a merchant's id (mer_…)"))?;
            app.store.find_merchant(id.0).await?.with_context(|| format!("there is no merchant {id}"))?;
            Some(id.0)
        }
        (KeyRole::Customer, Some(text)) => {
            let id =
                CustomerId::parse(text).with_context(|| format!("--subject {text} is not a customer's id (cus_…)"))?;
            app.store.find_customer(id.0).await?.with_context(|| format!("there is no customer {id}"))?;
            Some(id.0)
        }
        (KeyRole::Merchant, None) => bail!("a merchant key needs --subject mer_…, the merchant that it speaks for"),
        (KeyRole::Customer, None) => bail!("a customer key needs --subject cus_…, the customer that it speaks for"),
        (_, Some(_)) => bail!("--subject is for merchant and customer keys; leave it out for {name} keys"),
        (_, None) => None,
    };
    let party = party(args)?;
    match (args.role, args.channel.as_deref()) {
        (KeyRole::Retailer | KeyRole::Storefront, Some(channel)) => {
            if app.channel(channel).is_none() {
                let channels = app.channels();
                let mut known: Vec<&str> = channels.keys().map(String::as_str).collect();
                known.sort_unstable();
                bail!(
                    "there is no channel `{channel}`; there is {}",
                    if known.is_empty() { "none yet".to_owned() } else { known.join(", ") }
                );
            }
        }
        (KeyRole::Retailer | KeyRole::Storefront, None) => {
            bail!("a {name} key needs --channel, the channel that it is confined to")
        }
        (_, Some(_)) => bail!("--channel is for retailer and storefront keys; leave it out for {name} keys"),
        (_, None) => {}
    }
    let label = if args.label.is_empty() { name.to_owned() } else { args.label.clone() };
    let expires_at = args.expires.map(|span| app.clock.now().plus(span));
    Ok(Grant { role, subject, party, channel: args.channel.clone(), label, expires_at })
}

/// The party that a brand key reads. It need not have a share yet: then there is nothing to read yet.
fn party(args: &Create) -> anyhow::Result<Option<PartyRef>> {
    let (option, party) = match (&args.brand, &args.party) {
        (Some(id), _) => ("brand", Some(PartyRef { kind: PartyKind::Brand, id: id.clone() })),
        (None, Some(account)) => ("party", payouts::party(account)),
        (None, None) if args.role == KeyRole::Brand => {
            bail!("a brand key needs --brand ID, the brand that it reads the shares of, or --party party/supplier/ID")
        }
        (None, None) => return Ok(None),
    };
    if args.role != KeyRole::Brand {
        bail!("--{option} is for brand keys; leave it out for {} keys", args.role.role().name());
    }
    let party = party.context("--party must be a party's ledger account, like party/supplier/ID")?;
    match party.kind {
        PartyKind::Brand | PartyKind::Supplier | PartyKind::Retailer => {}
        PartyKind::Merchant => bail!("a merchant reads its money with a merchant key: --role merchant --subject mer_…"),
        PartyKind::Platform => bail!("the platform reads the whole book with an admin or ops key"),
    }
    let longest = MAX_PARTY + party.id.len() - party.account().len();
    if party.id.trim().is_empty() || party.id.chars().count() > longest || party.id.contains(char::is_control) {
        bail!("--{option}: the id must have between 1 and {longest} characters, no control characters");
    }
    Ok(Some(party))
}

async fn revoke(app: &App, id: TokenId) -> anyhow::Result<()> {
    match app.store.find_token(id.0).await? {
        Some(row) if row.revoked_at.is_some() => bail!("{id} was revoked before"),
        _ => {}
    }
    match auth::revoke(app, id).await {
        Ok(()) => Ok(()),
        Err(OpError::NotFound) => bail!("there is no key {id}; `orderwright key list` shows them"),
        Err(error) => Err(error.into()),
    }
}

async fn all(app: &App) -> anyhow::Result<Vec<TokenRow>> {
    let mut tokens: Vec<TokenRow> = Vec::new();
    loop {
        let page = app.store.list_tokens(tokens.last().map_or(0, |t| t.id), 500).await?;
        let more = page.len() == 500;
        tokens.extend(page);
        if !more {
            return Ok(tokens);
        }
    }
}

fn shown(row: &TokenRow) -> Value {
    let subject = row.subject.map(|id| match Role::parse(&row.role) {
        Some(Role::Merchant) => MerchantId(id).to_string(),
        _ => CustomerId(id).to_string(),
    });
    let at = |us: Option<i64>| us.map(|us| Timestamp(us).to_string());
    json!({
        "id": TokenId(row.id).to_string(),
        "role": row.role,
        "subject": subject,
        "party": row.party,
        "channel": row.channel,
        "label": row.label,
        "createdAt": at(Some(row.created_at)),
        "expiresAt": at(row.expires_at),
        "revokedAt": at(row.revoked_at),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(role: KeyRole, subject: Option<&str>, channel: Option<&str>) -> Create {
        Create {
            role,
            subject: subject.map(str::to_owned),
            brand: None,
            party: None,
            channel: channel.map(str::to_owned),
            label: String::new(),
            expires: Span::parse("30d"),
            json: false,
            store: StoreArgs { data: "unused".into(), database_url: None },
        }
    }

    #[tokio::test]
    async fn a_key_is_made_for_somebody_and_taken_back() {
        let dir = tempfile::tempdir().expect("a folder");
        let store = StoreArgs { data: dir.path().to_owned(), database_url: None };
        assert!(store.open_existing().await.is_err(), "nothing is made by looking");
        let app = store.open().await.expect("opens");
        for (role, subject, channel, says) in [
            (KeyRole::Merchant, None, None, "--subject mer_"),
            (KeyRole::Customer, Some("mer_0000000000001"), None, "cus_"),
            (KeyRole::Merchant, Some("mer_0000000000001"), None, "no merchant mer_0000000000001"),
            (KeyRole::Admin, Some("mer_0000000000001"), None, "leave it out"),
            (KeyRole::Retailer, None, None, "--channel"),
            (KeyRole::Storefront, None, Some("nowhere"), "there is none yet"),
            (KeyRole::Ops, None, Some("nowhere"), "leave it out"),
        ] {
            let error = grant(&app, &args(role, subject, channel)).await.expect_err(says).to_string();
            assert!(error.contains(says), "{error}");
        }
        let reads = |role: KeyRole, brand: Option<&str>, party: Option<&str>| Create {
            brand: brand.map(str::to_owned),
            party: party.map(str::to_owned),
            ..args(role, None, None)
        };
        for (role, brand, party, says) in [
            (KeyRole::Brand, None, None, "--brand ID"),
            (KeyRole::Brand, Some(" "), None, "between 1 and 188"),
            (KeyRole::Brand, Some(&"x".repeat(189)), None, "between 1 and 188"),
            (KeyRole::Brand, Some("a\nb"), None, "no control characters"),
            (KeyRole::Brand, None, Some("acme"), "ledger account"),
            (KeyRole::Brand, None, Some("receivable/brand/acme"), "ledger account"),
            (KeyRole::Brand, None, Some("party/merchant/mer_0000000000001"), "--role merchant"),
            (KeyRole::Brand, None, Some("party/platform/platform"), "admin or ops"),
            (KeyRole::Merchant, Some("acme"), None, "--subject mer_"),
            (KeyRole::Ops, Some("acme"), None, "--brand is for brand keys"),
            (KeyRole::Retailer, None, Some("party/retailer/acme"), "--party is for brand keys"),
        ] {
            let error = grant(&app, &reads(role, brand, party)).await.expect_err(says).to_string();
            assert!(error.contains(says), "{error}");
        }
        let brand = grant(&app, &reads(KeyRole::Brand, Some("acme/élan"), None)).await.expect("fine");
        let (id, key) = auth::issue_all(&app, &[brand]).await.expect("made").pop().expect("one");
        let actor = auth::authenticate(&app, &key).await.expect("asked").expect("known");
        let party = PartyRef { kind: PartyKind::Brand, id: "acme/élan".to_owned() };
        assert_eq!((actor.role, actor.id, actor.party), (Role::Brand, party.account(), Some(party)));
        let listed = shown(&all(&app).await.expect("listed")[0]);
        assert_eq!((&listed["party"], &listed["subject"]), (&json!("party/brand/acme/élan"), &Value::Null));
        revoke(&app, id).await.expect("taken back");
        let admin = grant(&app, &args(KeyRole::Admin, None, None)).await.expect("fine");
        assert_eq!(admin.label, "admin");
        let (id, key) = auth::issue_all(&app, &[admin]).await.expect("made").pop().expect("one");
        let actor = auth::authenticate(&app, &key).await.expect("asked").expect("known");
        assert_eq!(actor.role, Role::Admin);
        let listed = shown(all(&app).await.expect("listed").last().expect("one"));
        assert_eq!(listed["id"], id.to_string());
        assert!(!listed.to_string().contains(key.rsplit('_').next().expect("a secret")), "no secret is shown");
        revoke(&app, id).await.expect("taken back");
        assert!(auth::authenticate(&app, &key).await.expect("asked").is_none());
        assert!(revoke(&app, id).await.expect_err("again").to_string().contains("before"));
        let unknown = TokenId(1);
        assert!(revoke(&app, unknown).await.expect_err("unknown").to_string().contains("no key"));
    }
}
