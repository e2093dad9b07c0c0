//! Moving orders in flight from one version of a workflow to another: what is asked for, and what became of each order.
//!
//! First every order is rehearsed; one that the new version could not carry refuses the whole migration, with the reason, unless those are
//! to be left out. Then each order is moved by a changeset of its own, guarded by the order's version, that also writes down where it
//! stood: so the work can be killed anywhere and gone on with, nothing is moved twice, and each order can be put back. `run` does the
//! work, `back` undoes it. What an order may become is core's to say (`decide::migrate`).

mod back;
mod run;

use std::collections::BTreeMap;
use std::sync::Arc;

use orderwright_core::actor::Role;
use orderwright_core::decide::migrate::{Obstacle, Places, Preview};
use orderwright_core::id::MigrationId;
use orderwright_core::workflow::{Complaint, Kind, Sides, StateMap, Workflow, WorkflowSet, read_map, validate};
use serde::{Deserialize, Serialize};

use super::find;
use super::prove::Finding;
use crate::app::App;
use crate::ops::{Ctx, FieldError, OpError};
use crate::store::MigrationRow;

pub use back::undo;
pub use run::{apply, rehearse};

/// Migrations that one answer lists.
const LISTED: i64 = 200;

/// What somebody wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// The workflow; a merchant's workflow moves the merchants' sides of orders.
    pub name: String,
    /// The version that the orders run: a version, its beginning, or `current`.
    pub from: String,
    /// The version that they are to run.
    pub to: String,
    /// The version of the merchant's side that they are to run with it, if not their own.
    pub partner_to: Option<String>,
    /// The text of the map.
    pub map: String,
    /// Whether orders that cannot be moved are left where they are, and the others moved.
    pub skip_refused: bool,
}

/// Orders that run one pair of versions, and where they go.
#[derive(Clone, Debug)]
struct Leg {
    /// The pair as the store knows it.
    versions: String,
    from: (Arc<Workflow>, Option<Arc<Workflow>>),
    to: (Arc<Workflow>, Option<Arc<Workflow>>),
}

fn sides(pair: &(Arc<Workflow>, Option<Arc<Workflow>>)) -> Sides<'_> {
    Sides { workflow: &pair.0, partner: pair.1.as_deref() }
}

/// A request that fits what is published.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// With whole versions.
    pub request: Request,
    map: StateMap,
    legs: Vec<Leg>,
}

/// What became, or would become, of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It would be moved.
    WouldMove,
    /// It was moved.
    Moved,
    /// It cannot be moved, and stays.
    Refused,
    /// Nothing can happen to it any more; it keeps its version.
    Finished,
    /// It runs another version by now.
    Elsewhere,
    /// It was put back.
    PutBack,
    /// It moved after the migration, and stays.
    MovedSince,
}

impl Fate {
    /// The name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::WouldMove => "would_move",
            Self::Moved => "moved",
            Self::Refused => "refused",
            Self::Finished => "finished",
            Self::Elsewhere => "elsewhere",
            Self::PutBack => "put_back",
            Self::MovedSince => "moved_since",
        }
    }
}

/// One order of a migration.
#[derive(Clone, Debug)]
pub struct Told {
    /// Its id.
    pub order_id: i64,
    /// Its number.
    pub number: String,
    /// What became of it.
    pub fate: Fate,
    /// What stands in its way.
    pub obstacles: Vec<Obstacle>,
    /// Before and after, in a rehearsal.
    pub preview: Option<Preview>,
}

/// A migration in figures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Orders by what became of them.
    pub orders: BTreeMap<String, u64>,
    /// Reasons of refusals, and how many orders have each.
    pub reasons: BTreeMap<String, u64>,
}

impl Summary {
    /// How many orders had that fate.
    pub fn count(&self, fate: Fate) -> u64 {
        self.orders.get(fate.name()).copied().unwrap_or(0)
    }

    fn add(&mut self, told: &Told) {
        *self.orders.entry(told.fate.name().to_owned()).or_default() += 1;
        let mut codes: Vec<&str> = told.obstacles.iter().map(Obstacle::code).collect();
        codes.sort_unstable();
        codes.dedup();
        for code in codes {
            *self.reasons.entry(code.to_owned()).or_default() += 1;
        }
    }
}

/// What the row of a migration says besides its columns.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    request: Request,
    summary: Summary,
}

/// Where an order stood before and after.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Trace {
    before: Places,
    after: Places,
}

/// A migration as it stands.
#[derive(Clone, Debug)]
pub struct Migration {
    /// Its id.
    pub id: i64,
    /// What was asked for.
    pub request: Request,
    /// running, done, undoing, undone
    pub state: String,
    /// What it came to so far.
    pub summary: Summary,
    /// Who began it.
    pub created_by: String,
    /// When, in microseconds.
    pub created_at: i64,
    /// When it was last heard of, in microseconds.
    pub updated_at: i64,
}

impl TryFrom<MigrationRow> for Migration {
    type Error = OpError;

    fn try_from(row: MigrationRow) -> Result<Self, OpError> {
        let body = body(&row)?;
        Ok(Self {
            id: row.id,
            request: body.request,
            state: row.state,
            summary: body.summary,
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

fn body(row: &MigrationRow) -> Result<Body, OpError> {
    serde_json::from_str(&row.body).map_err(|e| OpError::Internal(format!("migration {}: {e}", row.id)))
}

/// How people call a migration: `mig_…`.
pub fn id_text(id: i64) -> String {
    MigrationId(id).to_string()
}

/// The latest migrations, the newest first.
pub async fn list(app: &App) -> Result<Vec<Migration>, OpError> {
    app.store.list_migrations(i64::MAX, LISTED).await?.into_iter().map(Migration::try_from).collect()
}

/// One migration.
///
/// # Errors
/// [`OpError::NotFound`]
pub async fn get(app: &App, id: i64) -> Result<Migration, OpError> {
    app.store.find_migration(id).await?.ok_or(OpError::NotFound)?.try_into()
}

/// Sees whether a request fits what is published, and which orders in flight it is about.
///
/// # Errors
/// [`OpError::Forbidden`] unless the actor is an administrator, [`OpError::Invalid`] for a word or a map that does not fit (`/from`, `/to`,
/// `/map`, …), [`OpError::Findings`] when the two sides would not fit each other.
pub async fn prepare(ctx: &Ctx, request: &Request) -> Result<Prepared, OpError> {
    if ctx.actor.role != Role::Admin {
        return Err(OpError::Forbidden("only an administrator migrates orders".to_owned()));
    }
    let set = find::fresh(&ctx.app).await?;
    let from = find::named(&set, &request.name, &request.from, "/from")?;
    let to = find::named(&set, &request.name, &request.to, "/to")?;
    if from.version == to.version {
        let detail = format!(
            "{} is the version that the orders run: only words can differ, and those need no migration",
            to.version
        );
        return Err(OpError::field("/to", detail));
    }
    if from.kind != to.kind {
        return Err(OpError::field("/to", "one version is an order's workflow, the other a merchant's"));
    }
    let partner_to = match (&request.partner_to, &to.partner) {
        (None, _) => None,
        (Some(word), Some(name)) => Some(find::named(&set, name, word, "/partnerTo")?),
        (Some(_), None) => {
            return Err(OpError::field("/partnerTo", format!("version {} has no merchant's side", to.version)));
        }
    };
    let map = read_map(&request.map).map_err(|found| wrong_map(&found))?;
    let mut legs = Vec::new();
    for pair in ctx.app.store.versions_in_flight().await? {
        legs.extend(leg(&set, &pair, &from, &to, partner_to.as_ref())?);
    }
    if legs.is_empty() {
        // Nobody runs it: the map is held against the versions all the same.
        let own = |w: &Arc<Workflow>| if w.kind == Kind::Order { set.partner_of(w).cloned() } else { None };
        let versions = String::new();
        legs.push(Leg {
            versions,
            from: (from.clone(), own(&from)),
            to: (to.clone(), partner_to.clone().or(own(&to))),
        });
    }
    for leg in &legs {
        fits(leg, &map)?;
    }
    legs.retain(|leg| !leg.versions.is_empty());
    let request = Request {
        from: from.version.clone(),
        to: to.version.clone(),
        partner_to: partner_to.map(|p| p.version.clone()),
        ..request.clone()
    };
    Ok(Prepared { request, map, legs })
}

/// Where orders of a pair of versions go, if the migration is about them.
fn leg(
    set: &WorkflowSet,
    pair: &str,
    from: &Arc<Workflow>,
    to: &Arc<Workflow>,
    partner_to: Option<&Arc<Workflow>>,
) -> Result<Option<Leg>, OpError> {
    let (workflow, partner) = pair.split_once('/').map_or((pair, None), |(w, p)| (w, Some(p)));
    let known = |version: &str| {
        let missing = || OpError::Internal(format!("orders run version {version}, which is not in the store"));
        set.by_version(version).cloned().ok_or_else(missing)
    };
    let versions = pair.to_owned();
    Ok(match from.kind {
        Kind::Order if workflow == from.version => {
            let partner = partner.map(known).transpose()?;
            let same = to.partner.is_some() && from.partner == to.partner;
            let kept = if same { partner.clone() } else { set.partner_of(to).cloned() };
            let partner_to = partner_to.cloned().or(kept);
            Some(Leg { versions, from: (from.clone(), partner), to: (to.clone(), partner_to) })
        }
        Kind::Merchant if partner == Some(from.version.as_str()) => {
            let workflow = known(workflow)?;
            Some(Leg { versions, from: (workflow.clone(), Some(from.clone())), to: (workflow, Some(to.clone())) })
        }
        Kind::Order | Kind::Merchant | Kind::Dispute => None,
    })
}

/// The map must fit the versions, and the two sides each other.
fn fits(leg: &Leg, map: &StateMap) -> Result<(), OpError> {
    if leg.from.0.kind == Kind::Merchant {
        // Without an order to serve, a merchant's workflow is held against its own machine only.
        return Ok(());
    }
    let wrong = map.check(sides(&leg.from), sides(&leg.to));
    if !wrong.is_empty() {
        return Err(wrong_map(&wrong));
    }
    let (workflow, partner) = (&leg.to.0, leg.to.1.as_deref());
    let findings: Vec<Finding> = validate(workflow, partner)
        .into_iter()
        .map(|complaint| Finding { file: format!("{} {}", workflow.name, workflow.version), complaint })
        .collect();
    if findings.is_empty() { Ok(()) } else { Err(OpError::Findings(findings)) }
}

fn wrong_map(complaints: &[Complaint]) -> OpError {
    let field = |c: &Complaint| FieldError { pointer: "/map".to_owned(), detail: c.to_string() };
    OpError::Invalid(complaints.iter().map(field).collect())
}

impl Prepared {
    /// How many orders in flight it is about: for a progress bar.
    pub async fn size(&self, app: &App) -> Result<u64, OpError> {
        let mut sum = 0;
        for leg in &self.legs {
            sum += app.store.count_in_flight(&leg.versions).await?;
        }
        Ok(u64::try_from(sum).unwrap_or(0))
    }
}
