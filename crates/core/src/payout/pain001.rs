//! The file for the bank: ISO 20022, pain.001.001.09, one payment order for one batch.
//!
//! Everything in it is the batch's own, nothing is of the moment at which it is made, so the file of a batch is always the same; its message
//! id is the batch's, by which a bank knows a file that it has had. Source: the message definition report of ISO 20022 «Payments Initiation»,
//! and the EPC's implementation guidelines for credit transfers.

use std::fmt::Write as _;

use super::{BankAccount, Debtor};
use crate::money::Currency;
use crate::time::Timestamp;

/// A batch as the bank gets it.
#[derive(Clone, Debug)]
pub struct File<'a> {
    /// The batch's id, at most 35 characters: message id, and id of the payment order.
    pub id: &'a str,
    /// When the batch was made.
    pub created_at: Timestamp,
    /// On which day the bank is to pay, `YYYY-MM-DD`.
    pub execute_on: &'a str,
    /// Who pays.
    pub debtor: &'a Debtor,
    /// Of all transfers.
    pub currency: Currency,
    /// At least one.
    pub transfers: &'a [Transfer],
}

/// One transfer.
#[derive(Clone, Debug)]
pub struct Transfer {
    /// The payout's id, at most 35 characters: what comes back on the bank's statement.
    pub id: String,
    /// Minor units.
    pub amount: i64,
    /// Who is paid.
    pub to: Creditor,
    /// What they read, at most 140 characters.
    pub remittance: String,
}

/// Who is paid, and where.
pub type Creditor = BankAccount;

/// The longest name of a party in a file.
const MAX_NAME: usize = 70;
/// The longest remittance text.
const MAX_REMITTANCE: usize = 140;

impl File<'_> {
    /// Σ of the amounts, in minor units.
    pub fn sum(&self) -> i64 {
        self.transfers.iter().map(|t| t.amount).sum()
    }

    /// The file as XML.
    pub fn xml(&self) -> String {
        let mut out = Xml::default();
        let count = self.transfers.len().to_string();
        let sum = decimal(self.currency, self.sum());
        out.text.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        out.text.push_str("<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.001.001.09\">");
        out.within("CstmrCdtTrfInitn", |out| {
            out.within("GrpHdr", |out| {
                out.leaf("MsgId", self.id);
                out.leaf("CreDtTm", &self.created_at.to_string());
                out.leaf("NbOfTxs", &count);
                out.leaf("CtrlSum", &sum);
                out.within("InitgPty", |out| out.leaf("Nm", &cut(&self.debtor.name, MAX_NAME)));
            });
            out.within("PmtInf", |out| {
                out.leaf("PmtInfId", self.id);
                out.leaf("PmtMtd", "TRF");
                out.leaf("NbOfTxs", &count);
                out.leaf("CtrlSum", &sum);
                if self.is_sepa() {
                    out.within("PmtTpInf", |out| out.within("SvcLvl", |out| out.leaf("Cd", "SEPA")));
                }
                out.within("ReqdExctnDt", |out| out.leaf("Dt", self.execute_on));
                out.within("Dbtr", |out| out.leaf("Nm", &cut(&self.debtor.name, MAX_NAME)));
                out.within("DbtrAcct", |out| out.within("Id", |out| out.leaf("IBAN", &self.debtor.iban)));
                out.within("DbtrAgt", |out| agent(out, self.debtor.bic.as_deref(), None));
                out.leaf("ChrgBr", "SLEV");
                self.transfers.iter().for_each(|transfer| self.transfer(out, transfer));
            });
        });
        out.text.push_str("</Document>\n");
        out.text
    }

    fn transfer(&self, out: &mut Xml, transfer: &Transfer) {
        let to = &transfer.to;
        out.within("CdtTrfTxInf", |out| {
            out.within("PmtId", |out| {
                out.leaf("InstrId", &transfer.id);
                out.leaf("EndToEndId", &transfer.id);
            });
            out.within("Amt", |out| {
                let (currency, amount) = (self.currency.code(), decimal(self.currency, transfer.amount));
                let _ = write!(out.text, "<InstdAmt Ccy=\"{currency}\">{amount}</InstdAmt>");
            });
            if to.bic.is_some() || to.bank_code.is_some() {
                out.within("CdtrAgt", |out| agent(out, to.bic.as_deref(), to.bank_code.as_deref()));
            }
            out.within("Cdtr", |out| out.leaf("Nm", &cut(&to.holder, MAX_NAME)));
            out.within("CdtrAcct", |out| {
                out.within("Id", |out| match (&to.iban, &to.account_number) {
                    (Some(iban), _) => out.leaf("IBAN", iban),
                    (None, number) => {
                        out.within("Othr", |out| out.leaf("Id", number.as_deref().unwrap_or_default()));
                    }
                });
            });
            out.within("RmtInf", |out| out.leaf("Ustrd", &cut(&transfer.remittance, MAX_REMITTANCE)));
        });
    }

    /// Whether the file is a SEPA one: euros from IBAN to IBAN.
    fn is_sepa(&self) -> bool {
        self.currency.code() == "EUR" && self.transfers.iter().all(|t| t.to.iban.is_some())
    }
}

fn agent(out: &mut Xml, bic: Option<&str>, bank_code: Option<&str>) {
    out.within("FinInstnId", |out| match (bic, bank_code) {
        (None, None) => out.within("Othr", |out| out.leaf("Id", "NOTPROVIDED")),
        (bic, bank_code) => {
            if let Some(bic) = bic {
                out.leaf("BICFI", bic);
            }
            if let Some(code) = bank_code {
                out.within("ClrSysMmbId", |out| out.leaf("MmbId", code));
            }
        }
    });
}

/// An amount with its decimals and a point: `12.34`.
pub fn decimal(currency: Currency, amount: i64) -> String {
    let exponent = currency.exponent() as usize;
    let digits = format!("{amount:0>width$}", width = exponent + 1);
    let (whole, part) = digits.split_at(digits.len() - exponent);
    if part.is_empty() { whole.to_owned() } else { format!("{whole}.{part}") }
}

/// The beginning of a text, without what no XML may hold.
fn cut(text: &str, most: usize) -> String {
    text.chars().filter(|c| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')).take(most).collect()
}

/// A document on its way out.
#[derive(Debug, Default)]
struct Xml {
    text: String,
}

impl Xml {
    fn within(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        let _ = write!(self.text, "<{name}>");
        inside(self);
        let _ = write!(self.text, "</{name}>");
    }

    fn leaf(&mut self, name: &str, text: &str) {
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        self.within(name, |out| out.text.push_str(&text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(holder: &str, iban: Option<&str>) -> Creditor {
        let number = iban.is_none().then(|| "000123456789".to_owned());
        Creditor {
            holder: holder.to_owned(),
            iban: iban.map(str::to_owned),
            bank_code: number.is_some().then(|| "021000021".to_owned()),
            account_number: number,
            bic: None,
        }
    }

    fn xml(currency: &str, transfers: &[Transfer]) -> String {
        let debtor = Debtor {
            name: "Mall & Sons".to_owned(),
            iban: "DE89370400440532013000".to_owned(),
            bic: Some("COBADEFF".to_owned()),
        };
        let file = File {
            id: "pob_0000000000001",
            created_at: Timestamp::parse("2026-03-06T00:00:00Z").expect("an instant"),
            execute_on: "2026-03-06",
            debtor: &debtor,
            currency: Currency::parse(currency).expect("a currency"),
            transfers,
        };
        file.xml()
    }

    fn transfer(n: i64, amount: i64, to: Creditor) -> Transfer {
        Transfer { id: format!("pyo_000000000000{n}"), amount, to, remittance: format!("Payout {n}") }
    }

    fn texts(document: &roxmltree::Document<'_>, name: &str) -> Vec<String> {
        let found =
            document.descendants().filter(|n| n.has_tag_name(("urn:iso:std:iso:20022:tech:xsd:pain.001.001.09", name)));
        found.map(|n| n.text().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn the_sums_are_those_of_the_transfers() {
        let transfers = [
            transfer(1, 5, to("Ärzte <& Co>", Some("GB29NWBK60161331926819"))),
            transfer(2, 123_456, to("B", Some("NO9386011117947"))),
        ];
        let text = xml("EUR", &transfers);
        let document = roxmltree::Document::parse(&text).expect("XML");
        assert_eq!(texts(&document, "NbOfTxs"), ["2", "2"]);
        assert_eq!(texts(&document, "CtrlSum"), ["1234.61", "1234.61"]);
        assert_eq!(texts(&document, "InstdAmt"), ["0.05", "1234.56"]);
        assert_eq!(texts(&document, "MsgId"), ["pob_0000000000001"]);
        assert_eq!(texts(&document, "EndToEndId"), ["pyo_0000000000001", "pyo_0000000000002"]);
        assert_eq!(texts(&document, "Cd"), ["SEPA"]);
        assert!(texts(&document, "Nm").contains(&"Ärzte <& Co>".to_owned()), "{text}");
        assert_eq!(text, xml("EUR", &transfers), "the same file each time");
    }

    #[test]
    fn accounts_without_iban_are_named_by_number_and_bank() {
        let text = xml("USD", &[transfer(1, 700, to("A", None))]);
        let document = roxmltree::Document::parse(&text).expect("XML");
        assert_eq!(texts(&document, "MmbId"), ["021000021"]);
        assert_eq!(texts(&document, "IBAN"), ["DE89370400440532013000"], "only the debtor's");
        assert!(texts(&document, "Cd").is_empty(), "no SEPA in dollars");
    }

    #[test]
    fn amounts_have_the_decimals_of_their_currency() {
        for (currency, amount, text) in
            [("EUR", 5, "0.05"), ("EUR", 100, "1.00"), ("JPY", 500, "500"), ("BHD", 1_234, "1.234"), ("EUR", 0, "0.00")]
        {
            assert_eq!(decimal(Currency::parse(currency).expect("a currency"), amount), text);
        }
    }

    #[test]
    fn long_and_odd_names_do_not_break_the_file() {
        let odd = format!("{}\u{0}\u{1f}\u{fffe}", "x".repeat(200));
        let text = xml("EUR", &[transfer(1, 1, to(&odd, Some("NO9386011117947")))]);
        let document = roxmltree::Document::parse(&text).expect("XML");
        assert!(texts(&document, "Nm").contains(&"x".repeat(70)));
    }
}
