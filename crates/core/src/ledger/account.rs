//! The chart of accounts: the type of an account, its name in the book, and what it is for.

use std::fmt;

use crate::order::{PartyKind, PartyRef};

/// An account of the book.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Account {
    /// Money that providers hold on customers' cards.
    Held,
    /// The other side of it.
    HeldByCustomers,
    /// Money that providers took and owe us.
    Clearing,
    /// Money taken and not yet shared out.
    Unsettled,
    /// What we owe a party.
    Party(PartyRef),
    /// What a party owes us: refunds and chargebacks after its money was paid out.
    Receivable(PartyRef),
    /// What is kept back of a party's money against later refunds.
    Reserve(PartyRef),
    /// Tax that the platform collected and owes.
    Tax,
    /// Discounts and goodwill that the platform bears.
    DiscountsBorne,
    /// What providers charge.
    Fees,
    /// Money that a bank took back and that is disputed.
    Disputed,
    /// What disputes cost for good.
    Chargebacks,
    /// Payouts that left and have not arrived yet.
    PayoutsInTransit,
    /// The platform's bank account.
    Bank,
}

/// On which side an account normally stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normal {
    /// Debit: assets and expenses; its balance is positive.
    Debit,
    /// Credit: liabilities and income; its balance is negative.
    Credit,
}

impl Normal {
    /// The word in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debit => "debit",
            Self::Credit => "credit",
        }
    }
}

/// An entry of the chart of accounts.
#[derive(Clone, Copy, Debug)]
pub struct Chart {
    /// The account's name in the book; `<type>/<id>` stands for a party.
    pub name: &'static str,
    /// asset, liability, income, expense, or memorandum: what is held but not ours to spend.
    pub class: &'static str,
    /// Where it normally stands.
    pub normal: Normal,
    /// What it is for, for accountants.
    pub about: &'static str,
}

/// The chart of accounts.
pub const CHART: &[Chart] = &[
    chart("provider/held", "memorandum", Normal::Debit, "Held by payment providers on customers' cards, not taken yet"),
    chart("customers/held", "memorandum", Normal::Credit, "The other side of what is held: the customers'"),
    chart("provider/clearing", "asset", Normal::Debit, "Taken by payment providers, owed to the platform"),
    chart("orders/unsettled", "liability", Normal::Credit, "Taken and not yet shared out; empty after every posting"),
    chart(
        "party/<type>/<id>",
        "liability",
        Normal::Credit,
        "Owed to a brand, supplier, retailer, merchant or the platform",
    ),
    chart(
        "receivable/<type>/<id>",
        "asset",
        Normal::Debit,
        "Owed by a party: given back after its payout, netted from the next",
    ),
    chart("reserve/<type>/<id>", "liability", Normal::Credit, "Kept back of a party's money against later refunds"),
    chart("platform/tax", "liability", Normal::Credit, "Tax collected by the platform and owed to the state"),
    chart("platform/discounts", "expense", Normal::Debit, "Discounts and goodwill that the platform bears"),
    chart("platform/fees", "expense", Normal::Debit, "What payment providers charge"),
    chart("disputes/held", "asset", Normal::Debit, "Taken back by a customer's bank while it decides a dispute"),
    chart("disputes/lost", "expense", Normal::Debit, "Lost disputes that no party bears"),
    chart("payouts/transit", "liability", Normal::Credit, "Payouts that left and have not arrived yet"),
    chart("bank", "asset", Normal::Debit, "The platform's bank account"),
];

const fn chart(name: &'static str, class: &'static str, normal: Normal, about: &'static str) -> Chart {
    Chart { name, class, normal, about }
}

/// Makes the account of a party.
type OfParty = fn(PartyRef) -> Account;
/// How the accounts that belong to a party begin.
const OF_PARTIES: &[(&str, OfParty)] =
    &[("party/", Account::Party), ("receivable/", Account::Receivable), ("reserve/", Account::Reserve)];

impl Account {
    /// Reads the name in the book.
    pub fn parse(name: &str) -> Option<Self> {
        for (prefix, make) in OF_PARTIES {
            if let Some((kind, id)) = name.strip_prefix(prefix).and_then(|rest| rest.split_once('/')) {
                let kind = PartyKind::ALL.iter().find(|k| k.name() == kind)?;
                return (!id.is_empty()).then(|| make(PartyRef { kind: *kind, id: id.to_owned() }));
            }
        }
        let all = [
            Self::Held,
            Self::HeldByCustomers,
            Self::Clearing,
            Self::Unsettled,
            Self::Tax,
            Self::DiscountsBorne,
            Self::Fees,
            Self::Disputed,
            Self::Chargebacks,
            Self::PayoutsInTransit,
            Self::Bank,
        ];
        all.into_iter().find(|a| a.entry().name == name)
    }

    /// Its entry in the chart.
    pub fn entry(&self) -> &'static Chart {
        let at = match self {
            Self::Held => 0,
            Self::HeldByCustomers => 1,
            Self::Clearing => 2,
            Self::Unsettled => 3,
            Self::Party(_) => 4,
            Self::Receivable(_) => 5,
            Self::Reserve(_) => 6,
            Self::Tax => 7,
            Self::DiscountsBorne => 8,
            Self::Fees => 9,
            Self::Disputed => 10,
            Self::Chargebacks => 11,
            Self::PayoutsInTransit => 12,
            Self::Bank => 13,
        };
        &CHART[at]
    }

    /// Whose it is, if it is a party's.
    pub fn party(&self) -> Option<&PartyRef> {
        match self {
            Self::Party(party) | Self::Receivable(party) | Self::Reserve(party) => Some(party),
            _ => None,
        }
    }
}

/// Its name in the book.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.party() {
            Some(party) => {
                let root = self.entry().name.split('/').next().unwrap_or_default();
                write!(f, "{root}/{}/{}", party.kind.name(), party.id)
            }
            None => f.write_str(self.entry().name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_of_the_chart_is_read_and_written() {
        for entry in CHART {
            for kind in PartyKind::ALL {
                let name = entry.name.replace("<type>", kind.name()).replace("<id>", "mer_1");
                let account = Account::parse(&name).unwrap_or_else(|| panic!("{name} is in the chart"));
                assert_eq!(account.to_string(), name);
                assert_eq!(account.entry().name, entry.name);
                assert_eq!(account.party().is_some(), entry.name.contains("<id>"));
            }
        }
    }

    #[test]
    fn what_is_not_in_the_chart_is_no_account() {
        for name in ["", "party", "party/", "party/merchant", "party/merchant/", "party/thief/x", "banks", "provider"] {
            assert_eq!(Account::parse(name), None, "{name}");
        }
    }

    #[test]
    fn the_page_lists_the_chart() {
        let page = include_str!("../../../../docs/ledger.md");
        for entry in CHART {
            let normal = entry.normal.name();
            assert!(page.contains(&format!("| `{}` | {} | {normal} |", entry.name, entry.class)), "{}", entry.name);
        }
    }

    #[test]
    fn a_party_names_its_account_alike() {
        let party = PartyRef { kind: PartyKind::Brand, id: "acme".to_owned() };
        assert_eq!(Account::Party(party.clone()).to_string(), party.account());
    }
}
