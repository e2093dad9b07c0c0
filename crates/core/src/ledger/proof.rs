//! The proof of a book, from scratch: every line is read once, in any order, and the end says what does not hold.
//!
//! What must hold (invariant 3): each posting sums to zero in its currency, and so does the whole book; what was taken for an order less
//! what went back equals the parties' shares; nobody is given back more than was taken; a reversal undoes exactly what it reverses; and the
//! order's own document says the same as the book.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, DefaultHasher};

use super::Account;

/// A line of the book, as much of it as a proof needs. Amounts are minor units, debits positive.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// The posting.
    pub posting: i64,
    /// The posting that this one undoes.
    pub reverses: Option<i64>,
    /// The order, if it is about one.
    pub order: Option<i64>,
    /// The payout, if it is about one.
    pub payout: Option<i64>,
    /// What caused it.
    pub cause: &'a str,
    /// The account's name.
    pub account: &'a str,
    /// ISO 4217.
    pub currency: &'a str,
    /// Minor units.
    pub amount: i64,
}

/// What an order's document says of its money. Minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// Taken, of all payments.
    pub captured: i64,
    /// Given back.
    pub refunded: i64,
    /// Σ of the parties' shares.
    pub shares: i64,
    /// Σ of what was taken back of them.
    pub shares_refunded: i64,
    /// Held and not taken.
    pub held: i64,
    /// Of what was lost to banks, what the parties bear.
    pub charged_back: i64,
    /// What banks have while they decide.
    pub disputed: i64,
    /// What parties bear of providers' fees.
    pub fees_borne: i64,
}

/// What a payout's document says of its money. Minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PayoutClaim {
    /// By how much the platform owes the party less.
    pub taken: i64,
    /// Into the party's reserve, less what came out of it.
    pub reserved: i64,
    /// What the party owes more (negative: less).
    pub owed: i64,
    /// On its way.
    pub in_transit: i64,
    /// Arrived.
    pub arrived: i64,
}

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// The lines of a posting do not sum to zero.
    Unbalanced {
        /// The posting.
        posting: i64,
        /// ISO 4217.
        currency: String,
        /// What is left over.
        off: i64,
    },
    /// All lines of a currency do not sum to zero.
    Book {
        /// ISO 4217.
        currency: String,
        /// What is left over.
        off: i64,
    },
    /// An account that is not in the chart.
    UnknownAccount {
        /// Its name.
        account: String,
    },
    /// The book says another thing than the order.
    Order {
        /// The order.
        order: i64,
        /// What is compared: captured, refunded, shares, held, unsettled.
        what: &'static str,
        /// In the order's document.
        document: i64,
        /// In the book.
        book: i64,
    },
    /// The book says another thing than the payout.
    Payout {
        /// The payout.
        payout: i64,
        /// What is compared: taken, reserved, owed, in transit, arrived.
        what: &'static str,
        /// In the payout's document.
        document: i64,
        /// In the book.
        book: i64,
    },
    /// More went back than was taken.
    OverRefunded {
        /// The order.
        order: i64,
        /// Taken.
        captured: i64,
        /// Given back.
        refunded: i64,
    },
    /// A reversal and what it reverses do not cancel out.
    Reversal {
        /// The reversing posting.
        posting: i64,
        /// What it reverses.
        reverses: i64,
    },
    /// A kept balance differs from the lines.
    Balance {
        /// The account.
        account: String,
        /// ISO 4217.
        currency: String,
        /// As kept.
        kept: i64,
        /// By the lines.
        lines: i64,
    },
}

/// The cause of postings by which a provider passed a share on to its party at once.
pub const TRANSFER: &str = "transfer";

/// A hasher without a random seed: the same book gives the same proof, step by step.
type Map<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

/// What the book says of an order so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct OfOrder {
    clearing: i64,
    held: i64,
    unsettled: i64,
    parties: i64,
    disputed: i64,
}

/// A proof that is being made.
#[derive(Debug, Default)]
pub struct Proof {
    /// Lines read.
    lines: u64,
    /// What is still missing to zero, of postings that are not balanced yet.
    open: Map<(i64, u32), i64>,
    /// By account and currency, as small numbers.
    balances: Map<(u32, u32), i64>,
    names: Names,
    orders: Map<i64, OfOrder>,
    payouts: Map<i64, PayoutClaim>,
    /// Lines of reversing postings by account: what must cancel out.
    reversing: BTreeMap<(i64, i64), BTreeMap<(u32, u32), i64>>,
}

/// Names as small numbers: a book has millions of lines and few names.
#[derive(Debug, Default)]
struct Names {
    known: Map<String, u32>,
    names: Vec<String>,
    accounts: Vec<Option<Account>>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.known.get(name) {
            return number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.known.insert(name.to_owned(), number);
        self.names.push(name.to_owned());
        self.accounts.push(Account::parse(name));
        number
    }

    fn name(&self, number: u32) -> &str {
        self.names.get(number as usize).map_or("", String::as_str)
    }
}

impl Proof {
    /// Lines read so far.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Takes a line in. A currency is not in the chart: it is told apart by being known as a currency only.
    pub fn line(&mut self, line: &Line<'_>) {
        self.lines += 1;
        let account = self.names.number(line.account);
        let currency = self.names.number(line.currency);
        *self.balances.entry((account, currency)).or_default() += line.amount;
        let open = self.open.entry((line.posting, currency)).or_default();
        *open += line.amount;
        if *open == 0 {
            self.open.remove(&(line.posting, currency));
        }
        // What a provider passed on to a party is paid, but neither refunded nor taken away from its share.
        if let Some(order) = line.order.filter(|_| line.cause != TRANSFER) {
            let of = self.orders.entry(order).or_default();
            match &self.names.accounts[account as usize] {
                Some(Account::Disputed) => {
                    of.clearing += line.amount;
                    of.disputed += line.amount;
                }
                // What the platform lost is no party's, so it still stands against what the parties have.
                Some(Account::Clearing | Account::Bank | Account::Fees | Account::Chargebacks) => {
                    of.clearing += line.amount
                }
                Some(Account::Held) => of.held += line.amount,
                Some(Account::Unsettled) => of.unsettled += line.amount,
                Some(Account::Party(_) | Account::Receivable(_) | Account::Tax | Account::DiscountsBorne) => {
                    of.parties -= line.amount;
                }
                _ => {}
            }
        }
        if let Some(payout) = line.payout {
            let of = self.payouts.entry(payout).or_default();
            match &self.names.accounts[account as usize] {
                Some(Account::Party(_)) => of.taken += line.amount,
                Some(Account::Reserve(_)) => of.reserved -= line.amount,
                Some(Account::Receivable(_)) => of.owed += line.amount,
                Some(Account::PayoutsInTransit) => of.in_transit -= line.amount,
                Some(Account::Bank | Account::Clearing) => of.arrived -= line.amount,
                _ => {}
            }
        }
        if let Some(reverses) = line.reverses {
            let lines = self.reversing.entry((line.posting, reverses)).or_default();
            *lines.entry((account, currency)).or_default() += line.amount;
        }
    }

    /// The postings that are reversed by others: their lines must be brought to [`Proof::reversed`].
    pub fn reversals(&self) -> Vec<(i64, i64)> {
        self.reversing.keys().copied().collect()
    }

    /// Takes a line of a reversed posting in, for the posting that reverses it.
    pub fn reversed(&mut self, by: i64, line: &Line<'_>) {
        let account = self.names.number(line.account);
        let currency = self.names.number(line.currency);
        if let Some(lines) = self.reversing.get_mut(&(by, line.posting)) {
            *lines.entry((account, currency)).or_default() += line.amount;
        }
    }

    /// What an order's document claims, held against its lines.
    pub fn claim(&self, order: i64, claim: &Claim) -> Vec<Finding> {
        let of = self.orders.get(&order).copied().unwrap_or_default();
        let mut found = Vec::new();
        let mut compare = |what, document: i64, book: i64| {
            if document != book {
                found.push(Finding::Order { order, what, document, book });
            }
        };
        let kept = claim.captured - claim.refunded - claim.charged_back - claim.fees_borne;
        compare("captured less refunded and charged back", kept, of.clearing);
        let shares = claim.shares - claim.shares_refunded - claim.charged_back - claim.fees_borne;
        compare("shares", shares, of.parties);
        compare("disputed", claim.disputed, of.disputed);
        compare("held", claim.held, of.held);
        compare("unsettled", 0, of.unsettled);
        compare("captured equal to the shares", claim.captured, claim.shares);
        compare("refunded equal to the shares' refunds", claim.refunded, claim.shares_refunded);
        let gone = claim.refunded + claim.charged_back;
        if gone > claim.captured {
            found.push(Finding::OverRefunded { order, captured: claim.captured, refunded: gone });
        }
        found
    }

    /// What a payout's document claims, held against its lines.
    pub fn claim_of_payout(&self, payout: i64, claim: &PayoutClaim) -> Vec<Finding> {
        let book = self.payouts.get(&payout).copied().unwrap_or_default();
        let compared = [
            ("taken from what the party is owed", claim.taken, book.taken),
            ("put into its reserve", claim.reserved, book.reserved),
            ("owed by it", claim.owed, book.owed),
            ("in transit", claim.in_transit, book.in_transit),
            ("arrived", claim.arrived, book.arrived),
        ];
        let wrong = compared.into_iter().filter(|(_, document, book)| document != book);
        wrong.map(|(what, document, book)| Finding::Payout { payout, what, document, book }).collect()
    }

    /// Payouts that have lines: each needs a document.
    pub fn payouts(&self) -> impl Iterator<Item = i64> {
        self.payouts.keys().copied()
    }

    /// Orders that have lines: each needs a document.
    pub fn orders(&self) -> impl Iterator<Item = i64> {
        self.orders.keys().copied()
    }

    /// The balance of every account in every currency, by name.
    pub fn balances(&self) -> BTreeMap<(String, String), i64> {
        let named = |(&(account, currency), &amount): (&(u32, u32), &i64)| {
            ((self.names.name(account).to_owned(), self.names.name(currency).to_owned()), amount)
        };
        self.balances.iter().map(named).collect()
    }

    /// What does not hold in the lines themselves, when all were taken in.
    pub fn findings(&self) -> Vec<Finding> {
        let mut found: Vec<Finding> = Vec::new();
        for (&(posting, currency), &off) in &self.open {
            found.push(Finding::Unbalanced { posting, currency: self.names.name(currency).to_owned(), off });
        }
        let mut sums: BTreeMap<u32, i64> = BTreeMap::new();
        for (&(account, currency), &amount) in &self.balances {
            *sums.entry(currency).or_default() += amount;
            if self.names.accounts[account as usize].is_none() {
                found.push(Finding::UnknownAccount { account: self.names.name(account).to_owned() });
            }
        }
        for (currency, off) in sums.into_iter().filter(|(_, off)| *off != 0) {
            found.push(Finding::Book { currency: self.names.name(currency).to_owned(), off });
        }
        for ((posting, reverses), lines) in &self.reversing {
            if lines.values().any(|off| *off != 0) {
                found.push(Finding::Reversal { posting: *posting, reverses: *reverses });
            }
        }
        found.sort();
        found.dedup();
        found
    }

    /// Kept balances held against the lines.
    pub fn kept(&self, kept: &BTreeMap<(String, String), i64>) -> Vec<Finding> {
        let lines = self.balances();
        let keys: std::collections::BTreeSet<_> = lines.keys().chain(kept.keys()).collect();
        let of = |map: &BTreeMap<(String, String), i64>, key| map.get(key).copied().unwrap_or(0);
        keys.into_iter()
            .filter(|key| of(&lines, key) != of(kept, key))
            .map(|key| Finding::Balance {
                account: key.0.clone(),
                currency: key.1.clone(),
                kept: of(kept, key),
                lines: of(&lines, key),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(posting: i64, account: &'static str, amount: i64) -> Line<'static> {
        Line { posting, reverses: None, order: Some(1), payout: None, cause: "test", account, currency: "EUR", amount }
    }

    /// A sale of 100 shared 90 to 10, of which 20 went back.
    fn sale() -> Vec<Line<'static>> {
        vec![
            line(1, "provider/clearing", 100),
            line(1, "orders/unsettled", -100),
            line(2, "orders/unsettled", 100),
            line(2, "party/merchant/m", -90),
            line(2, "party/platform/p", -10),
            line(3, "provider/clearing", -20),
            line(3, "party/merchant/m", 18),
            line(3, "party/platform/p", 2),
        ]
    }

    fn proof(lines: &[Line<'_>]) -> Proof {
        let mut proof = Proof::default();
        lines.iter().for_each(|l| proof.line(l));
        proof
    }

    const CLAIM: Claim = Claim {
        captured: 100,
        refunded: 20,
        shares: 100,
        shares_refunded: 20,
        held: 0,
        fees_borne: 0,
        charged_back: 0,
        disputed: 0,
    };

    #[test]
    fn a_sound_book_has_no_finding_in_any_order_of_its_lines() {
        let mut lines = sale();
        for _ in 0..lines.len() {
            lines.rotate_left(3);
            let proof = proof(&lines);
            assert_eq!(proof.findings(), vec![]);
            assert_eq!(proof.claim(1, &CLAIM), vec![]);
            assert_eq!(proof.balances()[&("party/merchant/m".to_owned(), "EUR".to_owned())], -72);
        }
    }

    #[test]
    fn a_changed_cent_a_lost_line_and_a_foreign_account_are_found() {
        for at in 0..sale().len() {
            let mut lines = sale();
            lines[at].amount += 1;
            let found = proof(&lines).findings();
            assert!(matches!(found[0], Finding::Unbalanced { off: 1, .. }), "{found:?}");
            assert!(found.contains(&Finding::Book { currency: "EUR".to_owned(), off: 1 }), "{found:?}");
            let mut lines = sale();
            lines.remove(at);
            assert!(!proof(&lines).findings().is_empty());
        }
        let mut lines = sale();
        lines[0].account = "provider/pocket";
        lines.push(line(4, "provider/clearing", 0));
        assert_eq!(proof(&lines).findings(), [Finding::UnknownAccount { account: "provider/pocket".to_owned() }]);
    }

    #[test]
    fn two_wrongs_in_two_currencies_are_two_wrongs() {
        let mut lines = sale();
        lines[3].currency = "USD";
        let found = proof(&lines).findings();
        let whole: Vec<_> = found.iter().filter(|f| matches!(f, Finding::Book { .. })).collect();
        assert_eq!(whole.len(), 2, "{found:?}");
    }

    #[test]
    fn what_a_bank_takes_is_held_and_then_borne() {
        let bank = |held: i64, parties: i64, platform: i64| {
            let mut lines = sale();
            lines.push(line(4, "provider/clearing", -80 - 15));
            lines.push(line(4, "disputes/held", held));
            lines.push(line(4, "party/merchant/m", parties));
            lines.push(line(4, "disputes/lost", platform));
            lines.push(line(4, "platform/fees", 15));
            proof(&lines)
        };
        let (open, borne, ours) = (bank(80, 0, 0), bank(0, 80, 0), bank(0, 0, 80));
        assert_eq!(open.claim(1, &Claim { disputed: 80, ..CLAIM }), vec![]);
        assert_eq!(borne.claim(1, &Claim { charged_back: 80, ..CLAIM }), vec![]);
        assert_eq!(ours.claim(1, &CLAIM), vec![], "the parties keep what the platform lost");
        for proof in [&open, &borne, &ours] {
            assert_eq!(proof.findings(), vec![]);
        }
        assert!(!open.claim(1, &CLAIM).is_empty() && !borne.claim(1, &CLAIM).is_empty());
        let over = Claim { charged_back: 90, ..CLAIM };
        assert!(borne.claim(1, &over).iter().any(|f| matches!(f, Finding::OverRefunded { .. })));
    }

    #[test]
    fn an_order_that_says_otherwise_is_found() {
        let proof = proof(&sale());
        let what = |claim: Claim| proof.claim(1, &claim).len();
        assert!(what(Claim { captured: 101, ..CLAIM }) > 0);
        assert!(what(Claim { refunded: 19, ..CLAIM }) > 0);
        assert!(what(Claim { shares: 99, ..CLAIM }) > 0);
        assert!(what(Claim { held: 1, ..CLAIM }) > 0);
        let over = Claim { refunded: 120, shares_refunded: 120, ..CLAIM };
        assert!(proof.claim(1, &over).iter().any(|f| matches!(f, Finding::OverRefunded { .. })));
        assert!(!proof.claim(2, &CLAIM).is_empty(), "an order without lines that claims money");
    }

    #[test]
    fn a_reversal_undoes_exactly() {
        let mut lines = sale();
        let back: Vec<Line<'static>> =
            lines[5..].iter().map(|l| Line { posting: 9, reverses: Some(3), amount: -l.amount, ..*l }).collect();
        lines.extend(back);
        let mut whole = proof(&lines);
        assert_eq!(whole.reversals(), [(9, 3)]);
        assert_eq!(
            whole.findings(),
            [Finding::Reversal { posting: 9, reverses: 3 }],
            "nothing was held against it yet"
        );
        sale()[5..].iter().for_each(|l| whole.reversed(9, l));
        assert_eq!(whole.findings(), vec![]);
    }

    #[test]
    fn a_share_that_a_provider_passed_on_is_still_the_orders() {
        let mut lines = sale();
        lines.push(Line { cause: TRANSFER, ..line(4, "party/merchant/m", 72) });
        lines.push(Line { cause: TRANSFER, ..line(4, "provider/clearing", -72) });
        let proof = proof(&lines);
        assert_eq!(proof.findings(), vec![]);
        assert_eq!(proof.claim(1, &CLAIM), vec![]);
    }

    #[test]
    fn a_payout_that_says_otherwise_is_found() {
        let of = |posting, account, amount| Line { order: None, payout: Some(7), ..line(posting, account, amount) };
        let lines = [
            of(1, "party/merchant/m", 10),
            of(1, "reserve/merchant/m", -10),
            of(2, "party/merchant/m", 62),
            of(2, "payouts/transit", -62),
        ];
        let sent = PayoutClaim { taken: 72, reserved: 10, in_transit: 62, ..PayoutClaim::default() };
        assert_eq!(proof(&lines).claim_of_payout(7, &sent), vec![]);
        assert_eq!(proof(&lines).payouts().collect::<Vec<_>>(), [7]);
        let paid = PayoutClaim { in_transit: 0, arrived: 62, ..sent };
        assert_eq!(proof(&lines).claim_of_payout(7, &paid).len(), 2);
        let mut arrived = lines.to_vec();
        arrived.extend([of(3, "payouts/transit", 62), of(3, "bank", -62)]);
        assert_eq!(proof(&arrived).claim_of_payout(7, &paid), vec![]);
        assert!(!proof(&lines).claim_of_payout(8, &sent).is_empty(), "a payout without lines");
    }

    #[test]
    fn a_kept_balance_that_drifted_is_found() {
        let proof = proof(&sale());
        let mut kept = proof.balances();
        assert_eq!(proof.kept(&kept), vec![]);
        *kept.get_mut(&("provider/clearing".to_owned(), "EUR".to_owned())).expect("kept") += 1;
        kept.insert(("bank".to_owned(), "EUR".to_owned()), 5);
        assert_eq!(proof.kept(&kept).len(), 2);
    }
}
