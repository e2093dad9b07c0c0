//! Bank accounts, taken in whole and shown by their end.

use orderwright_core::id::BankAccountId;
use orderwright_core::payout::{BankAccount, bic, iban};
use orderwright_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ops::FieldError;
use crate::ops::payouts::bank;
use crate::store::BankAccountRow;
use crate::web::api::admin::MAX_NAME;
use crate::web::problem::Problem;

/// A party's account at a bank, as much of it as is shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BankAccount)]
pub struct BankAccountView {
    /// `bnk_…`
    pub id: String,
    /// The party's ledger account.
    pub party: String,
    /// The country and the end of the account's number.
    pub account: String,
    /// The bank's BIC.
    pub bic: Option<String>,
    /// Who gave it.
    pub created_by: String,
    /// RFC 3339.
    pub created_at: String,
}

/// A row as it is shown.
pub fn account(row: BankAccountRow) -> BankAccountView {
    BankAccountView {
        id: BankAccountId(row.id).to_string(),
        account: bank::account(&row).masked(),
        party: row.party,
        bic: row.bic,
        created_by: row.created_by,
        created_at: Timestamp(row.created_at).to_string(),
    }
}

/// Your account at a bank: an IBAN, or an account number with the bank's code or BIC.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OwnBankDetails {
    /// The account's holder, as the bank knows them.
    pub holder: String,
    /// Checked by its check digits.
    #[serde(default)]
    pub iban: Option<String>,
    /// Where there are no IBANs.
    #[serde(default)]
    pub account_number: Option<String>,
    /// Where there are no IBANs: sort code, routing number, IFSC.
    #[serde(default)]
    pub bank_code: Option<String>,
    /// The bank's BIC.
    #[serde(default)]
    pub bic: Option<String>,
}

/// Characters of an account number or a bank's code.
const MAX_NUMBER: usize = 34;

/// Letters and digits, without the blanks that people write.
fn number(text: &str) -> Result<String, &'static str> {
    let number: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let fits = (1..=MAX_NUMBER).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_alphanumeric());
    if fits { Ok(number) } else { Err("must be 1 to 34 letters and digits") }
}

/// Checks what was given; no message repeats it.
pub fn read(given: OwnBankDetails) -> Result<BankAccount, Problem> {
    let mut wrong: Vec<FieldError> = Vec::new();
    let mut complain = |pointer: &str, detail: &str| {
        wrong.push(FieldError { pointer: pointer.to_owned(), detail: detail.to_owned() });
    };
    let holder = given.holder.trim().to_owned();
    if holder.is_empty() || holder.chars().count() > MAX_NAME || holder.chars().any(char::is_control) {
        complain("/holder", "must be the account holder's name, at most 70 characters");
    }
    let mut field = |pointer: &str, text: Option<String>, check: fn(&str) -> Result<String, &'static str>| {
        let checked = text.map(|t| check(&t)).transpose();
        checked.unwrap_or_else(|why| {
            complain(pointer, why);
            None
        })
    };
    let had_iban = given.iban.is_some();
    let account = BankAccount {
        holder,
        iban: field("/iban", given.iban, iban),
        account_number: field("/accountNumber", given.account_number, number),
        bank_code: field("/bankCode", given.bank_code, number),
        bic: field("/bic", given.bic, bic),
    };
    if wrong.is_empty() {
        match (&account.iban, &account.account_number) {
            (Some(_), Some(_)) => wrong.push(FieldError {
                pointer: "/accountNumber".to_owned(),
                detail: "give either iban or accountNumber".to_owned(),
            }),
            (None, None) => wrong.push(FieldError {
                pointer: if had_iban { "/accountNumber" } else { "/iban" }.to_owned(),
                detail: "give an iban, or where there are none an accountNumber with a bankCode or bic".to_owned(),
            }),
            (None, Some(_)) if account.bank_code.is_none() && account.bic.is_none() => wrong.push(FieldError {
                pointer: "/bankCode".to_owned(),
                detail: "an account number needs the bank's code or BIC beside it".to_owned(),
            }),
            (Some(_), None) | (None, Some(_)) => {}
        }
    }
    if wrong.is_empty() { Ok(account) } else { Err(Problem::fields(wrong)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(iban: Option<&str>, number: Option<&str>, code: Option<&str>) -> OwnBankDetails {
        let text = |t: Option<&str>| t.map(str::to_owned);
        OwnBankDetails {
            holder: "A".to_owned(),
            iban: text(iban),
            account_number: text(number),
            bank_code: text(code),
            bic: None,
        }
    }

    #[test]
    fn an_account_is_one_way_to_be_found() {
        let iban = Some("DE89 3704 0044 0532 0130 00");
        assert_eq!(read(given(iban, None, None)).expect("good").iban.as_deref(), Some("DE89370400440532013000"));
        assert!(read(given(None, Some("0001 2345"), Some("02-10-00"))).is_ok());
        for (iban, number, code, field) in [
            (Some("DE89370400440532013001"), None, None, "/iban"),
            (None, None, None, "/iban"),
            (iban, Some("1"), Some("2"), "/accountNumber"),
            (None, Some("1"), None, "/bankCode"),
            (None, Some("ü"), Some("2"), "/accountNumber"),
        ] {
            let problem = read(given(iban, number, code)).expect_err("wrong");
            assert_eq!(problem.0.errors[0].pointer, field);
            assert!(!problem.0.detail.contains("370400"), "no message repeats it");
        }
    }
}
