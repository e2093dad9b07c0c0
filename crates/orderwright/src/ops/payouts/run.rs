//! A run: settles with every party for whom there is something to do.
//!
//! One changeset for each payout: the payout, its lines, its postings, and the taking of what is due, which is refused if it is no longer what
//! was read. Whatever is killed when, the next run goes on with what was not taken.

use std::collections::BTreeMap;

use orderwright_core::catalog::Channel;
use orderwright_core::id::{BankAccountId, PayoutId};
use orderwright_core::ledger::Account;
use orderwright_core::order::PartyRef;
use orderwright_core::payout::{
    Act, Approval, Facts, Method, Parts, PayoutState, Settlement, Terms, Verdict, mask, settle,
};
use orderwright_core::time::{Span, Timestamp};

use super::look::catch_up;
use super::terms::Book;
use super::{Body, Destination, Payout, Turn, act, bank, overtaken, party, post, renew};
use crate::ops::{Ctx, OpError, idempotency, parties};
use crate::pay::port::AccountState;
use crate::store::{
    Changeset, CommitError, Guard, PayoutBatchRow, PayoutDueRow, PayoutLineRow, PayoutReserveRow, PayoutRow,
};

/// The most orders that one payout has lines of; more go into a second one.
pub const MAX_LINES: i64 = 5_000;
/// Parties that are read at once.
const PARTIES: i64 = 200;
/// How often a party is tried again when something of its changed meanwhile.
const ATTEMPTS: u32 = 5;
/// A day.
const DAY_S: i64 = 86_400;
/// An hour.
const HOUR_S: i64 = 3_600;

/// What is to be run.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// This channel only.
    pub channel: Option<String>,
    /// This party only: its ledger account.
    pub party: Option<String>,
    /// Nothing is paid; the answer says what would be.
    pub dry_run: bool,
}

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Payouts that were made, or would be.
    pub payouts: Vec<Planned>,
    /// Parties that wait, and why.
    pub waiting: Vec<Waiting>,
}

/// A payout that was made, or would be.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Its id; `None` in a dry run.
    pub id: Option<PayoutId>,
    /// Whose.
    pub party: String,
    /// In which channel.
    pub channel: String,
    /// ISO 4217.
    pub currency: String,
    /// Who pays.
    pub method: Method,
    /// What it is made of.
    pub settlement: Settlement,
}

/// A party that is not paid now.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Who.
    pub party: String,
    /// In which channel.
    pub channel: String,
    /// ISO 4217.
    pub currency: String,
    /// What it would get.
    pub amount: i64,
    /// below_minimum, no_account, account_refused, account_changed.
    pub reason: &'static str,
}

impl Waiting {
    /// In plain words.
    pub fn explained(&self) -> &'static str {
        match self.reason {
            "below_minimum" => "less than the minimum: it waits for more",
            "no_account" => {
                "there is no account to pay to: give the party's bank account, or open one with the provider"
            }
            "account_changed" => {
                "the party changed its bank account a short while ago: it waits for accountCoolingHours of the payout settings, or until staff \
                 gives the account or sets that to 0 for this party"
            }
            _ => "the last payout came back: give another account, or let that payout be tried again",
        }
    }
}

/// What became of a party.
enum Step {
    Nothing,
    Waits(Waiting),
    Made(Planned, bool),
}

/// Makes a run now, whatever the schedules say.
///
/// # Errors
/// [`OpError::Invalid`] for a channel or a party that is not there, [`OpError::Busy`] while another node makes a run.
pub async fn now(ctx: &mut Ctx, request: &Request) -> Result<Report, OpError> {
    let channels = ctx.app.channels();
    if let Some(name) = &request.channel
        && !channels.contains_key(name)
    {
        return Err(OpError::field("/channel", "there is no such channel"));
    }
    if let Some(account) = &request.party {
        parties::known(ctx, account).await?;
    }
    let mut keyed = ctx.clone();
    ctx.key = None;
    let mut names: Vec<&String> =
        channels.keys().filter(|n| request.channel.as_ref().is_none_or(|c| c == *n)).collect();
    names.sort();
    let wanted = |account: &str, _: &Terms| request.party.as_deref().is_none_or(|p| p == account);
    let channels: Vec<&Channel> = names.into_iter().map(|name| channels[name].as_ref()).collect();
    // The key is taken when nothing stands in the way any more: what is refused may be asked for again by the same key.
    let turn = Turn::take(ctx).await?;
    if !request.dry_run {
        idempotency::claim(&mut keyed).await?;
    }
    make_in(ctx, turn, &channels, &wanted, request.dry_run).await
}

/// Makes a run for some parties of some channels.
pub(super) async fn make(
    ctx: &Ctx,
    channels: &[&Channel],
    wanted: &(dyn Fn(&str, &Terms) -> bool + Sync),
    dry_run: bool,
) -> Result<Report, OpError> {
    make_in(ctx, Turn::take(ctx).await?, channels, wanted, dry_run).await
}

async fn make_in(
    ctx: &Ctx,
    turn: Turn<'_>,
    channels: &[&Channel],
    wanted: &(dyn Fn(&str, &Terms) -> bool + Sync),
    dry_run: bool,
) -> Result<Report, OpError> {
    let as_of = ctx.clock.now();
    catch_up(ctx, &turn, as_of).await?;
    let book = Book::load(ctx).await?;
    let mut report = Report::default();
    for channel in channels {
        let mut run = Run { ctx, turn: &turn, channel, as_of, dry_run, batches: BTreeMap::new() };
        let mut after = String::new();
        loop {
            let parties = ctx.app.store.payout_parties(&channel.name, &after, as_of.0, PARTIES).await?;
            for account in &parties {
                let terms = book.terms(&channel.name, account);
                if wanted(account, &terms) {
                    renew(ctx).await?;
                    run.party(account, &terms, &mut report).await?;
                }
            }
            match parties.last() {
                Some(last) if parties.len() as i64 == PARTIES => after.clone_from(last),
                _ => break,
            }
        }
    }
    turn.end(ctx).await?;
    ctx.app.wake.notify_one();
    Ok(report)
}

/// A run in one channel.
struct Run<'a> {
    ctx: &'a Ctx,
    turn: &'a Turn<'a>,
    channel: &'a Channel,
    as_of: Timestamp,
    dry_run: bool,
    /// The batches that it began, by who pays.
    batches: BTreeMap<&'static str, i64>,
}

/// What is to be settled with a party.
struct Open {
    party: PartyRef,
    dues: Vec<PayoutDueRow>,
    reserves: Vec<PayoutReserveRow>,
    parked: Vec<PayoutRow>,
    balance: i64,
    receivable: i64,
}

impl Run<'_> {
    /// Settles with a party, in as many payouts as it takes.
    async fn party(&mut self, account: &str, terms: &Terms, report: &mut Report) -> Result<(), OpError> {
        let Some(whose) = party(account) else { return Ok(()) };
        loop {
            match self.settle(&whose, terms).await? {
                Step::Nothing => return Ok(()),
                Step::Waits(waiting) => {
                    report.waiting.push(waiting);
                    return Ok(());
                }
                Step::Made(planned, more) => {
                    report.payouts.push(planned);
                    if !more {
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn settle(&mut self, party: &PartyRef, terms: &Terms) -> Result<Step, OpError> {
        for _ in 0..ATTEMPTS {
            let open = self.open(party).await?;
            let (destination, changed_at) = destination(self.ctx, self.channel, party).await?;
            let refused = refused(&open.parked, destination.as_ref())?;
            let carried = if refused { &[] } else { open.parked.as_slice() };
            let facts = Facts {
                orders: open.dues.iter().map(|d| difference(d).sum()).sum(),
                released: open.reserves.iter().map(|r| r.amount).sum(),
                carried: carried.iter().map(|p| p.amount).sum(),
                receivable: open.receivable,
                minimum: terms.minimum,
                reserve_basis_points: terms.reserve_basis_points,
            };
            let waits = |amount, reason| {
                Ok(Step::Waits(Waiting {
                    party: party.account(),
                    channel: self.channel.name.clone(),
                    currency: self.channel.currency.code().to_owned(),
                    amount,
                    reason,
                }))
            };
            let made = match settle(&facts) {
                Verdict::Nothing if refused => {
                    return waits(open.parked.iter().map(|p| p.amount).sum(), "account_refused");
                }
                Verdict::Nothing => return Ok(Step::Nothing),
                Verdict::BelowMinimum(amount) => return waits(amount, "below_minimum"),
                Verdict::Settle(made) => made,
            };
            if made.amount > 0 && refused {
                return waits(made.amount + open.parked.iter().map(|p| p.amount).sum::<i64>(), "account_refused");
            }
            let cool = changed_at.map(|at| at.plus(Span::seconds(terms.account_cooling_hours * HOUR_S)));
            if made.amount > 0 && cool.is_some_and(|until| self.as_of < until) {
                return waits(made.amount, "account_changed");
            }
            let destination = match (made.amount, destination) {
                (0, _) => None,
                (_, Some(destination)) => Some(destination),
                (amount, None) => return waits(amount, "no_account"),
            };
            let method = destination.as_ref().map_or(Method::None, Destination::method);
            let mut planned = Planned {
                id: None,
                party: party.account(),
                channel: self.channel.name.clone(),
                currency: self.channel.currency.code().to_owned(),
                method,
                settlement: made,
            };
            if self.dry_run {
                return Ok(Step::Made(planned, false));
            }
            let more = open.dues.len() as i64 == MAX_LINES;
            match self.commit(&open, carried, made, destination, terms).await {
                Ok(id) => {
                    planned.id = Some(id);
                    return Ok(Step::Made(planned, more));
                }
                // Something of it changed since it was read.
                Err(CommitError::Conflict { what: Guard::Other("payout_due" | "payout" | "payout_reserve") }) => {}
                Err(error) => return Err(overtaken(error)),
            }
        }
        Err(OpError::Busy(format!("what is due to {} keeps changing", party.account())))
    }

    async fn open(&self, party: &PartyRef) -> Result<Open, OpError> {
        let (store, account) = (&self.ctx.app.store, party.account());
        let currency = self.channel.currency.code();
        let balance = async |account: Account| -> Result<i64, OpError> {
            let all = store.account_balance(&account.to_string()).await?;
            Ok(all.into_iter().find(|(c, _)| c == currency).map_or(0, |(_, amount)| amount))
        };
        Ok(Open {
            dues: store.open_payout_dues(&self.channel.name, &account, 0, MAX_LINES).await?,
            reserves: store.due_payout_reserves(&self.channel.name, &account, self.as_of.0).await?,
            parked: store.parked_payouts(&self.channel.name, &account).await?,
            balance: -balance(Account::Party(party.clone())).await?,
            receivable: balance(Account::Receivable(party.clone())).await?,
            party: party.clone(),
        })
    }

    async fn commit(
        &mut self,
        open: &Open,
        carried: &[PayoutRow],
        made: Settlement,
        destination: Option<Destination>,
        terms: &Terms,
    ) -> Result<PayoutId, CommitError> {
        let (ctx, now) = (self.ctx, self.ctx.clock.now());
        let ids = &ctx.app.ids;
        let mut cs = Changeset::new(ids.next(now), now.0);
        cs.hold_payout_head(self.turn.fence);
        let method = destination.as_ref().map_or(Method::None, Destination::method);
        let begun = self.batches.get(method.name()).copied();
        let batch = (method != Method::None).then(|| begun.unwrap_or_else(|| ids.next(now)));
        if let (Some(id), None) = (batch, begun) {
            let body = serde_json::json!({ "debtor": terms.debtor }).to_string();
            let (channel, currency) = (self.channel.name.clone(), self.channel.currency.code().to_owned());
            let method = method.name().to_owned();
            cs.insert_payout_batch(&PayoutBatchRow { id, channel, currency, method, body, created_at: now.0 });
        }
        let id = ids.next(now);
        let release_at = (made.held > 0).then(|| self.as_of.plus(Span::seconds(terms.reserve_days * DAY_S)).0);
        let (account, key) = match &destination {
            Some(Destination::Bank(_, masked)) => (Some(masked.clone()), destination.as_ref().map(Destination::key)),
            Some(Destination::Provider(_, account)) => (Some(mask(account)), Some(account.clone())),
            None => (None, None),
        };
        let mut payout = Payout {
            row: PayoutRow {
                id,
                batch_id: batch,
                party: open.party.account(),
                channel: self.channel.name.clone(),
                currency: self.channel.currency.code().to_owned(),
                amount: made.amount,
                state: if made.amount > 0 { PayoutState::Pending } else { PayoutState::Settled }.name().to_owned(),
                method: method.name().to_owned(),
                destination: key.unwrap_or_default(),
                parked: false,
                carried_by: None,
                version: 1,
                body: String::new(),
                created_at: now.0,
                updated_at: now.0,
            },
            body: Body {
                settlement: made,
                opening: open.balance,
                closing: open.balance - made.taken_from_balance(),
                owed_before: Some(open.receivable),
                owed_after: Some(open.receivable + made.owed - made.netted),
                orders: open.dues.len() as i64,
                as_of: self.as_of.0,
                carried: carried.iter().map(|p| p.id).collect(),
                released: open.reserves.iter().map(|r| (r.payout_id, r.amount)).collect(),
                release_at,
                account,
                created_by: ctx.actor.id.clone(),
                ..Body::default()
            },
        };
        for (lines, is_paying) in [(made.settling(&open.party), false), (made.paying(&open.party), true)] {
            if lines.is_empty() {
                continue;
            }
            let posting = post(ctx, &mut cs, &payout.row, "payout", None, &lines, now);
            *(if is_paying { &mut payout.body.paying } else { &mut payout.body.settling }) = Some(posting);
        }
        for due in &open.dues {
            let Parts { share, refund, fee, other } = difference(due);
            cs.insert_payout_line(&PayoutLineRow {
                payout_id: id,
                order_id: due.order_id,
                number: due.number.clone(),
                share,
                refund,
                fee,
                other,
            });
            cs.take_payout_due(due);
        }
        for parked in carried {
            cs.carry_payout(parked.id, id);
        }
        for reserve in &open.reserves {
            cs.release_payout_reserve(reserve.payout_id, id);
        }
        if let Some(release_at) = release_at {
            cs.insert_payout_reserve(&PayoutReserveRow {
                payout_id: id,
                party: payout.row.party.clone(),
                channel: payout.row.channel.clone(),
                currency: payout.row.currency.clone(),
                amount: made.held,
                release_at,
                released_by: None,
            });
        }
        let events = payout.event("payout.created");
        cs.outbox(None, None, None, None, None, &events);
        if terms.approval == Approval::Automatic && made.amount > 0 {
            // A new payout can always be approved.
            if let Ok(state) = PayoutState::Pending.after(Act::Approve, method) {
                act::approved(ctx, &mut cs, &mut payout, state, now);
            }
        }
        let row = payout.written().map_err(|e| CommitError::Invalid(e.to_string()))?;
        cs.insert_payout(&row);
        ctx.app.store.commit(cs).await?;
        if let Some(batch) = batch {
            self.batches.insert(method.name(), batch);
        }
        Ok(PayoutId(id))
    }
}

/// What is due of an order and not in a payout yet.
fn difference(due: &PayoutDueRow) -> Parts {
    let now = Parts { share: due.share, refund: due.refund, fee: due.fee, other: due.other };
    now.since(Parts { share: due.paid_share, refund: due.paid_refund, fee: due.paid_fee, other: due.paid_other })
}

/// Whether a payout came back from the very account that the next one would go to.
fn refused(parked: &[PayoutRow], destination: Option<&Destination>) -> Result<bool, OpError> {
    let key = destination.map(Destination::key);
    for row in parked {
        let payout = Payout::of(row.clone())?;
        if payout.body.needs_details && key.as_ref().is_none_or(|key| *key == row.destination) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Where a party's money goes: to its account with the channel's provider, or to its bank; and when the party itself said so, since then
/// somebody else may have spoken in its name.
async fn destination(
    ctx: &Ctx,
    channel: &Channel,
    party: &PartyRef,
) -> Result<(Option<Destination>, Option<Timestamp>), OpError> {
    let account = party.account();
    if let Some(method) = Method::parse(&channel.payment_provider)
        && let Some(row) = ctx.app.store.find_provider_account(&account, method.name()).await?
        && serde_json::from_str::<AccountState>(&row.state).is_ok_and(|s| s.can_receive)
    {
        return Ok((Some(Destination::Provider(method, row.account)), None));
    }
    let Some(row) = ctx.app.store.bank_account_of(&account).await? else { return Ok((None, None)) };
    let changed_at = (!bank::by_staff(&row)).then_some(Timestamp(row.created_at));
    let number = row.iban.as_deref().or(row.account_number.as_deref()).unwrap_or_default();
    Ok((Some(Destination::Bank(BankAccountId(row.id), mask(number))), changed_at))
}
