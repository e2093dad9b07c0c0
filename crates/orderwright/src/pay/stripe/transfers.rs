//! Separate charges and transfers: each party's share goes to its own account, tied to the charge that it comes from.

use orderwright_core::decide::{EffectJob, Transferred};
use serde_json::Value;

use super::intents::{path, reference_of};
use super::money::{from_stripe, round_down, to_stripe};
use super::{Stripe, answers, id_in, is_old, owner, text, with_owner};
use crate::pay::form::Form;
use crate::pay::port::{Facts, Leg, Reversal, Work};
use crate::pay::{Answer, ProviderError, Settled};

impl Stripe {
    /// Transfers all legs, or none: when one is refused, those before it come back.
    pub async fn transfer(&self, work: &Work<'_>) -> Result<Answer, ProviderError> {
        let job = work.job;
        if work.legs.is_empty() {
            return Ok(Answer::Done(Settled { reference: job.reference.clone(), ..Settled::default() }));
        }
        let reference = reference_of(job)?;
        let intent = self.get(&path(reference)).await?;
        let charge = intent.as_ref().and_then(|i| id_in(&i["latest_charge"])).map(str::to_owned);
        let mut made: Vec<(String, Leg)> = Vec::new();
        // What Stripe cannot express stays on the party's account with us.
        let expressed = |leg: &Leg| Leg { amount: round_down(leg.amount, job.currency), ..leg.clone() };
        for leg in work.legs.iter().map(expressed).filter(|l| l.amount > 0) {
            let leg = &leg;
            if is_old(job, work.now)
                && let Some(found) = self.find_leg(work, leg).await?
            {
                made.push((text(&found, "id").to_owned(), leg.clone()));
                continue;
            }
            let form = Form::new()
                .add("amount", to_stripe(leg.amount, job.currency)?)
                .add("currency", job.currency.code().to_ascii_lowercase())
                .add("destination", &leg.account)
                .add("transfer_group", job.order)
                .add_some("source_transaction", charge.as_deref())
                .add("metadata[orderwright_party]", &leg.party)
                .add("metadata[orderwright_leg]", leg.number);
            let key = format!("{}-{}", job.id, leg.number);
            let reply = self.post("/v1/transfers", &with_owner(form, job), &key).await?;
            if reply.is_success() {
                made.push((text(&reply.body, "id").to_owned(), leg.clone()));
                continue;
            }
            let refused = answers::refusal(&reply)?;
            for (transfer, leg) in &made {
                let key = format!("{}-{}-back", job.id, leg.number);
                let amount = to_stripe(leg.amount, job.currency)?;
                self.reverse_transfer(&Reversal { key, transfer: transfer.clone(), amount }).await?;
            }
            return Ok(refused);
        }
        let moved = made.iter().map(|(_, leg)| leg.amount).sum();
        let transferred =
            |(reference, leg): (String, Leg)| Transferred { party: leg.party, reference, amount: leg.amount };
        let transfers = made.into_iter().map(transferred).collect();
        let reference = job.reference.clone();
        Ok(Answer::Done(Settled { reference, moved: Some(moved), transfers, ..Settled::default() }))
    }

    async fn find_leg(&self, work: &Work<'_>, leg: &Leg) -> Result<Option<Value>, ProviderError> {
        let list = format!("/v1/transfers?transfer_group={}", work.job.order);
        let number = leg.number.to_string();
        let fits = |row: &Value| {
            owner(row).effect == Some(work.job.id) && row["metadata"]["orderwright_leg"].as_str() == Some(&number)
        };
        self.find(&list, fits).await
    }

    /// Takes a part of a transfer back, because a party's share became less. What Stripe cannot express is left, and told.
    pub async fn reverse(&self, job: &EffectJob) -> Result<Answer, ProviderError> {
        let transfer = transfer_of(job)?;
        let amount = round_down(job.amount, job.currency);
        if amount == 0 {
            return Ok(Answer::Done(Settled { moved: Some(0), ..Settled::default() }));
        }
        let form =
            Form::new().add("amount", to_stripe(amount, job.currency)?).add("metadata[orderwright_effect]", job.id);
        let reply = self.post(&format!("/v1/transfers/{transfer}/reversals"), &form, &job.id.to_string()).await?;
        if reply.is_success() { Ok(reversed(&reply.body)) } else { answers::refusal(&reply) }
    }

    /// What became of a reversal: the transfer's reversals have the job's id on them.
    pub async fn ask_reverse(&self, job: &EffectJob) -> Result<Option<Answer>, ProviderError> {
        let list = format!("/v1/transfers/{}/reversals?", transfer_of(job)?);
        let found = self.find(&list, |row| owner(row).effect == Some(job.id)).await?;
        Ok(found.map(|reversal| reversed(&reversal)))
    }

    /// Takes a transfer back, or a part of it. `amount` is in Stripe's minor units of the transfer's currency.
    pub async fn reverse_transfer(&self, reversal: &Reversal) -> Result<Answer, ProviderError> {
        let form = Form::new().add("amount", reversal.amount);
        let reply = self.post(&format!("/v1/transfers/{}/reversals", reversal.transfer), &form, &reversal.key).await?;
        if !reply.is_success() {
            return answers::refusal(&reply);
        }
        let moved = reply.body["amount"].as_i64();
        Ok(Answer::Done(Settled { reference: Some(text(&reply.body, "id").to_owned()), moved, ..Settled::default() }))
    }

    /// What a transfer says now.
    pub async fn transfer_facts(&self, id: &str) -> Result<Option<Facts>, ProviderError> {
        let Some(transfer) = self.get(&format!("/v1/transfers/{id}")).await? else { return Ok(None) };
        let currency = text(&transfer, "currency");
        let money = |field: &str| from_stripe(transfer[field].as_i64().unwrap_or(0), currency);
        Ok(Some(Facts::Transfer {
            owner: owner(&transfer),
            reference: id.to_owned(),
            amount: money("amount"),
            reversed: money("amount_reversed"),
        }))
    }
}

/// The transfer that a job takes back.
fn transfer_of(job: &EffectJob) -> Result<&str, ProviderError> {
    let none = || ProviderError::Mismatch(format!("{} names no transfer to take back", job.id));
    job.transfer.as_deref().ok_or_else(none)
}

fn reversed(reversal: &Value) -> Answer {
    let moved = from_stripe(reversal["amount"].as_i64().unwrap_or(0), text(reversal, "currency"));
    let reference = Some(text(reversal, "id").to_owned());
    Answer::Done(Settled { reference, moved: Some(moved), ..Settled::default() })
}
