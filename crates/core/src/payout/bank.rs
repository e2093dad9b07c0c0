//! Bank accounts: what must be true of an account's number before money is sent to it, and how much of it is shown.
//!
//! Source of the rules: ISO 13616 (IBAN, with the lengths of SWIFT's registry) and ISO 9362 (BIC).

use std::fmt;

/// Where a party's money is sent. It prints nothing that an account could be found by.
#[derive(Clone, PartialEq, Eq)]
pub struct BankAccount {
    /// The account's holder, as the bank knows them.
    pub holder: String,
    /// Checked, without blanks.
    pub iban: Option<String>,
    /// Where there is no IBAN: the account's number.
    pub account_number: Option<String>,
    /// Where there is no IBAN: the bank's code in its country (sort code, routing number, IFSC).
    pub bank_code: Option<String>,
    /// The bank's BIC.
    pub bic: Option<String>,
}

impl BankAccount {
    /// The account's number as people are shown it: its country and its end.
    pub fn masked(&self) -> String {
        mask(self.iban.as_deref().or(self.account_number.as_deref()).unwrap_or_default())
    }
}

impl fmt::Debug for BankAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BankAccount(redacted)")
    }
}

/// Shows the country, if there is one, and the last four characters; a short number shows nothing.
pub fn mask(number: &str) -> String {
    let count = number.chars().count();
    if count < 8 {
        return "••••".to_owned();
    }
    let country: String = number.chars().take(2).take_while(char::is_ascii_uppercase).collect();
    let end: String = number.chars().skip(count - 4).collect();
    if country.len() == 2 { format!("{country}•• •••• {end}") } else { format!("•••• {end}") }
}

/// The countries with IBANs, and how long theirs are.
const LENGTHS: &[(&str, usize)] = &[
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BI", 27),
    ("BR", 29),
    ("BY", 28),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DJ", 27),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FK", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HN", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IQ", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LC", 32),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("LY", 25),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MN", 20),
    ("MR", 27),
    ("MT", 31),
    ("MU", 30),
    ("NI", 28),
    ("NL", 18),
    ("NO", 15),
    ("OM", 23),
    ("PK", 24),
    ("PL", 28),
    ("PS", 29),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("RU", 33),
    ("SA", 24),
    ("SC", 31),
    ("SD", 18),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("SO", 23),
    ("ST", 25),
    ("SV", 28),
    ("TL", 23),
    ("TN", 24),
    ("TR", 26),
    ("UA", 29),
    ("VA", 22),
    ("VG", 24),
    ("XK", 20),
    ("YE", 30),
];

/// Reads an IBAN, with blanks or without, and checks its country, its length and its check digits; gives it without blanks.
///
/// # Errors
/// What is wrong, in words that do not repeat it.
pub fn iban(text: &str) -> Result<String, &'static str> {
    let iban: String = text.chars().filter(|c| !matches!(c, ' ' | '\u{a0}' | '-')).collect::<String>().to_uppercase();
    if !iban.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()) || iban.len() < 5 {
        return Err("must be an IBAN: two letters, two check digits, and letters and digits");
    }
    let Some((_, length)) = LENGTHS.iter().find(|(country, _)| iban.starts_with(country)) else {
        return Err("begins with no country that has IBANs; give accountNumber and bankCode instead");
    };
    if iban.len() != *length {
        return Err("is not as long as IBANs of its country are");
    }
    let digits = iban[4..].bytes().chain(iban[..4].bytes());
    let rest = digits.fold(0u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        letter => (rest * 100 + u32::from(letter - b'A') + 10) % 97,
    });
    if rest != 1 || !iban[2..4].bytes().all(|b| b.is_ascii_digit()) {
        return Err("has a typing error: its check digits do not fit");
    }
    Ok(iban)
}

/// The country of an IBAN.
pub fn country_of(iban: &str) -> &str {
    iban.get(..2).unwrap_or_default()
}

/// Reads a BIC of 8 or 11 characters.
///
/// # Errors
/// What is wrong.
pub fn bic(text: &str) -> Result<String, &'static str> {
    let bic = text.trim().to_uppercase();
    let bytes = bic.as_bytes();
    let upper = |part: &[u8]| part.iter().all(u8::is_ascii_uppercase);
    let either = |part: &[u8]| part.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if matches!(bytes.len(), 8 | 11) && either(&bytes[..4]) && upper(&bytes[4..6]) && either(&bytes[6..]) {
        Ok(bic)
    } else {
        Err("must be a BIC of 8 or 11 characters, like COBADEFF or COBADEFFXXX")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Of SWIFT's registry.
    const GOOD: &[&str] = &[
        "DE89370400440532013000",
        "GB29NWBK60161331926819",
        "FR1420041010050500013M02606",
        "NO9386011117947",
        "MT84MALT011000012345MTLCAST001S",
        "NL91ABNA0417164300",
        "BR1800360305000010009795493C1",
    ];

    #[test]
    fn examples_of_the_registry_are_read() {
        for good in GOOD {
            assert_eq!(iban(good).as_deref(), Ok(*good));
        }
        assert_eq!(iban("de89 3704 0044 0532 0130 00").as_deref(), Ok("DE89370400440532013000"));
        for wrong in [
            "",
            "DE",
            "DE8937040044053201300",
            "DE893704004405320130000",
            "US89370400440532013000",
            "DE89 3704 0044 0532 0130 ü0",
        ] {
            assert!(iban(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn one_wrong_character_and_two_swapped_are_found(which in 0..GOOD.len(), at in 4usize..15, digit in 0u8..10) {
            let good = GOOD[which].to_owned();
            let mut bytes = good.clone().into_bytes();
            if bytes[at].is_ascii_digit() && bytes[at] != b'0' + digit {
                bytes[at] = b'0' + digit;
                prop_assert!(iban(std::str::from_utf8(&bytes).expect("text")).is_err());
            }
            let mut bytes = good.into_bytes();
            if bytes[at] != bytes[at - 1] && at > 4 {
                bytes.swap(at, at - 1);
                prop_assert!(iban(std::str::from_utf8(&bytes).expect("text")).is_err());
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            let _ = (iban(&text), bic(&text), mask(&text));
        }
    }

    #[test]
    fn bics_are_checked() {
        for good in ["COBADEFF", "cobadeffxxx", "DEUTDEFF500"] {
            assert!(bic(good).is_ok(), "{good}");
        }
        for wrong in ["", "COBADEF", "COBADEFFX", "COBA1EFF", "COBADEFF-XX"] {
            assert!(bic(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn little_of_an_account_is_shown_and_nothing_is_logged() {
        assert_eq!(mask("DE89370400440532013000"), "DE•• •••• 3000");
        assert_eq!(mask("50100123456789"), "•••• 6789");
        assert_eq!(mask("1234567"), "••••");
        let account = BankAccount {
            holder: "Canary Ltd".to_owned(),
            iban: Some(GOOD[0].to_owned()),
            account_number: None,
            bank_code: None,
            bic: None,
        };
        let shown = format!("{account:?} {}", account.masked());
        assert!(!shown.contains("Canary") && !shown.contains("37040044"), "{shown}");
    }
}
