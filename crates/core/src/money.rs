//! Money: integers in minor units beside an ISO 4217 currency, and exact division of amounts.
//!
//! Sources: ISO 4217 minor units; api.md (conventions, money); largest remainder with ties to the lower index.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The largest amount in minor units that a request may carry: sums of many of them stay far from overflow.
pub const MAX_AMOUNT: i64 = 1_000_000_000_000;

/// An ISO 4217 currency code that is in [`EXPONENTS`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Reads an upper-case ISO 4217 code; `None` for codes that are not in the standard's list of circulating currencies and funds.
    pub fn parse(code: &str) -> Option<Self> {
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        let this = Self(bytes);
        exponent_of(&bytes).map(|_| this)
    }

    /// The three letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Digits after the point: INR 2, JPY 0, BHD 3.
    pub fn exponent(&self) -> u32 {
        exponent_of(&self.0).unwrap_or(2)
    }

    /// An amount of minor units for people: `INR 500.00`.
    pub fn show(&self, amount: i64) -> String {
        let exponent = self.exponent();
        let sign = if amount < 0 { "-" } else { "" };
        let (amount, unit) = (amount.unsigned_abs(), 10u64.pow(exponent));
        if exponent == 0 {
            format!("{} {sign}{amount}", self.code())
        } else {
            format!("{} {sign}{}.{:0width$}", self.code(), amount / unit, amount % unit, width = exponent as usize)
        }
    }

    /// Reads a decimal amount (`21.99`, `16.5`, `7`) into minor units; `None` when it has more digits than the currency, or is no number.
    pub fn parse_amount(&self, text: &str) -> Option<i64> {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let exponent = self.exponent() as usize;
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || whole.len() > 15 {
            return None;
        }
        let (kept, dropped) = fraction.split_at(fraction.len().min(exponent));
        if dropped.bytes().any(|b| b != b'0') {
            return None;
        }
        let minor: i64 = format!("{whole}{kept:0<exponent$}").parse().ok()?;
        Some(if negative { -minor } else { minor })
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let code = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        Self::parse(&code).ok_or_else(|| serde::de::Error::custom(format!("{code} is not an ISO 4217 currency code")))
    }
}

/// Divides `total` in proportion to `weights` so that the parts sum to `total` exactly: largest remainder, ties to the lower index.
///
/// Zero weights get nothing. A negative total is the mirror image of the positive one. When every weight is zero there is nobody to
/// give to, and the parts are all zero: callers must not divide a non-zero total then (debug assertion).
pub fn allocate(total: i64, weights: &[i64]) -> Vec<i64> {
    debug_assert!(weights.iter().all(|&w| w >= 0), "weights are amounts or basis points, never negative");
    let sum: i128 = weights.iter().map(|&w| i128::from(w)).sum();
    if sum == 0 {
        debug_assert_eq!(total, 0, "nobody to give the money to");
        return vec![0; weights.len()];
    }
    let size = i128::from(total.unsigned_abs());
    let mut parts: Vec<i64> = Vec::with_capacity(weights.len());
    let mut remainders: Vec<(i128, usize)> = Vec::with_capacity(weights.len());
    let mut given: i128 = 0;
    for (index, &weight) in weights.iter().enumerate() {
        let exact = size * i128::from(weight);
        given += exact / sum;
        parts.push((exact / sum) as i64);
        remainders.push((exact % sum, index));
    }
    remainders.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    for &(_, index) in remainders.iter().take((size - given) as usize) {
        parts[index] += 1;
    }
    if total < 0 {
        parts.iter_mut().for_each(|p| *p = -*p);
    }
    parts
}

/// How much of each share to take back when `already + now` of the whole has been refunded: the cumulative allocation less what
/// was taken before, so that any sequence of partial refunds ends exactly at the original shares.
///
/// Largest remainder is not monotone, so a share could be asked to give back a negative cent; such a share gives nothing this time
/// and the cent comes from the share that gives most. Each part is ≥ 0 and ≤ what its share has left.
pub fn allocate_refund(now: i64, shares: &[i64], taken: &[i64]) -> Vec<i64> {
    debug_assert_eq!(shares.len(), taken.len());
    let already: i64 = taken.iter().sum();
    let target = allocate(already + now, shares);
    let mut parts: Vec<i64> = target.iter().zip(taken).map(|(t, d)| t - d).collect();
    while let Some(low) = parts.iter().position(|&p| p < 0) {
        let high = (0..parts.len()).max_by_key(|&i| (parts[i], std::cmp::Reverse(i))).unwrap_or(low);
        parts[low] += 1;
        parts[high] -= 1;
    }
    parts
}

/// The way back: how much of what was `taken` from each share returns when `now` of it was not refunded after all. Each part is ≥ 0 and ≤
/// what was taken from its share.
pub fn allocate_return(now: i64, shares: &[i64], taken: &[i64]) -> Vec<i64> {
    debug_assert_eq!(shares.len(), taken.len());
    let already: i64 = taken.iter().sum();
    let target = allocate(already - now, shares);
    let mut parts: Vec<i64> = taken.iter().zip(&target).map(|(d, t)| d - t).collect();
    while let Some(low) = parts.iter().position(|&p| p < 0) {
        let high = (0..parts.len()).max_by_key(|&i| (parts[i], std::cmp::Reverse(i))).unwrap_or(low);
        parts[low] += 1;
        parts[high] -= 1;
    }
    parts
}

fn exponent_of(code: &[u8; 3]) -> Option<u32> {
    EXPONENTS.binary_search_by(|(c, _)| c.as_bytes().cmp(code)).ok().map(|i| EXPONENTS[i].1)
}

/// ISO 4217: currency code and minor units, sorted by code.
const EXPONENTS: &[(&str, u32)] = &[
    ("AED", 2),
    ("AFN", 2),
    ("ALL", 2),
    ("AMD", 2),
    ("AOA", 2),
    ("ARS", 2),
    ("AUD", 2),
    ("AWG", 2),
    ("AZN", 2),
    ("BAM", 2),
    ("BBD", 2),
    ("BDT", 2),
    ("BGN", 2),
    ("BHD", 3),
    ("BIF", 0),
    ("BMD", 2),
    ("BND", 2),
    ("BOB", 2),
    ("BOV", 2),
    ("BRL", 2),
    ("BSD", 2),
    ("BTN", 2),
    ("BWP", 2),
    ("BYN", 2),
    ("BZD", 2),
    ("CAD", 2),
    ("CDF", 2),
    ("CHE", 2),
    ("CHF", 2),
    ("CHW", 2),
    ("CLF", 4),
    ("CLP", 0),
    ("CNY", 2),
    ("COP", 2),
    ("COU", 2),
    ("CRC", 2),
    ("CUP", 2),
    ("CVE", 2),
    ("CZK", 2),
    ("DJF", 0),
    ("DKK", 2),
    ("DOP", 2),
    ("DZD", 2),
    ("EGP", 2),
    ("ERN", 2),
    ("ETB", 2),
    ("EUR", 2),
    ("FJD", 2),
    ("FKP", 2),
    ("GBP", 2),
    ("GEL", 2),
    ("GHS", 2),
    ("GIP", 2),
    ("GMD", 2),
    ("GNF", 0),
    ("GTQ", 2),
    ("GYD", 2),
    ("HKD", 2),
    ("HNL", 2),
    ("HTG", 2),
    ("HUF", 2),
    ("IDR", 2),
    ("ILS", 2),
    ("INR", 2),
    ("IQD", 3),
    ("IRR", 2),
    ("ISK", 0),
    ("JMD", 2),
    ("JOD", 3),
    ("JPY", 0),
    ("KES", 2),
    ("KGS", 2),
    ("KHR", 2),
    ("KMF", 0),
    ("KPW", 2),
    ("KRW", 0),
    ("KWD", 3),
    ("KYD", 2),
    ("KZT", 2),
    ("LAK", 2),
    ("LBP", 2),
    ("LKR", 2),
    ("LRD", 2),
    ("LSL", 2),
    ("LYD", 3),
    ("MAD", 2),
    ("MDL", 2),
    ("MGA", 2),
    ("MKD", 2),
    ("MMK", 2),
    ("MNT", 2),
    ("MOP", 2),
    ("MRU", 2),
    ("MUR", 2),
    ("MVR", 2),
    ("MWK", 2),
    ("MXN", 2),
    ("MXV", 2),
    ("MYR", 2),
    ("MZN", 2),
    ("NAD", 2),
    ("NGN", 2),
    ("NIO", 2),
    ("NOK", 2),
    ("NPR", 2),
    ("NZD", 2),
    ("OMR", 3),
    ("PAB", 2),
    ("PEN", 2),
    ("PGK", 2),
    ("PHP", 2),
    ("PKR", 2),
    ("PLN", 2),
    ("PYG", 0),
    ("QAR", 2),
    ("RON", 2),
    ("RSD", 2),
    ("RUB", 2),
    ("RWF", 0),
    ("SAR", 2),
    ("SBD", 2),
    ("SCR", 2),
    ("SDG", 2),
    ("SEK", 2),
    ("SGD", 2),
    ("SHP", 2),
    ("SLE", 2),
    ("SOS", 2),
    ("SRD", 2),
    ("SSP", 2),
    ("STN", 2),
    ("SVC", 2),
    ("SYP", 2),
    ("SZL", 2),
    ("THB", 2),
    ("TJS", 2),
    ("TMT", 2),
    ("TND", 3),
    ("TOP", 2),
    ("TRY", 2),
    ("TTD", 2),
    ("TWD", 2),
    ("TZS", 2),
    ("UAH", 2),
    ("UGX", 0),
    ("USD", 2),
    ("USN", 2),
    ("UYI", 0),
    ("UYU", 2),
    ("UYW", 4),
    ("UZS", 2),
    ("VED", 2),
    ("VES", 2),
    ("VND", 0),
    ("VUV", 0),
    ("WST", 2),
    ("XAD", 2),
    ("XAF", 0),
    ("XAG", 0),
    ("XAU", 0),
    ("XBA", 0),
    ("XBB", 0),
    ("XBC", 0),
    ("XBD", 0),
    ("XCD", 2),
    ("XCG", 2),
    ("XDR", 0),
    ("XOF", 0),
    ("XPD", 0),
    ("XPF", 0),
    ("XPT", 0),
    ("XSU", 0),
    ("XTS", 0),
    ("XUA", 0),
    ("XXX", 0),
    ("YER", 2),
    ("ZAR", 2),
    ("ZMW", 2),
    ("ZWG", 2),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn currencies() {
        assert_eq!(EXPONENTS.len(), 179);
        assert!(EXPONENTS.is_sorted());
        for (code, exponent) in [("INR", 2), ("JPY", 0), ("BHD", 3), ("CLF", 4)] {
            assert_eq!(Currency::parse(code).map(|c| c.exponent()), Some(exponent));
        }
        for code in ["", "inr", "XXQ", "EURO", "€"] {
            assert_eq!(Currency::parse(code), None);
        }
        let inr = Currency::parse("INR").expect("listed");
        assert_eq!(inr.show(50_000), "INR 500.00");
        assert_eq!(inr.show(-5), "INR -0.05");
        assert_eq!(Currency::parse("JPY").expect("listed").show(500), "JPY 500");
        for (text, minor) in [
            ("21.99", Some(2199)),
            ("16.5", Some(1650)),
            ("7", Some(700)),
            ("0.001", None),
            ("1.990", Some(199)),
            ("1e3", None),
            ("", None),
            (".5", None),
        ] {
            assert_eq!(inr.parse_amount(text), minor, "{text}");
        }
    }

    #[test]
    fn ties_go_to_the_lower_index() {
        assert_eq!(allocate(100, &[1, 1, 1]), [34, 33, 33]);
        assert_eq!(allocate(-100, &[1, 1, 1]), [-34, -33, -33]);
        assert_eq!(allocate(1, &[0, 5, 5]), [0, 1, 0]);
        assert_eq!(allocate(0, &[0, 0]), [0, 0]);
    }

    proptest! {
        #[test]
        fn allocation_is_exact_and_close(total in -1_000_000_000i64..1_000_000_000, weights in prop::collection::vec(0i64..100_000, 1..8)) {
            prop_assume!(weights.iter().sum::<i64>() > 0);
            let parts = allocate(total, &weights);
            prop_assert_eq!(parts.iter().sum::<i64>(), total);
            let sum: i128 = weights.iter().map(|&w| i128::from(w)).sum();
            for (p, w) in parts.iter().zip(&weights) {
                let exact = i128::from(total) * i128::from(*w);
                prop_assert!((i128::from(*p) * sum - exact).abs() < sum, "within one unit of the exact share");
                prop_assert!(*w > 0 || *p == 0);
            }
        }

        #[test]
        fn refunds_end_exactly_at_the_shares(shares in prop::collection::vec(0i64..10_000, 2..7), cuts in prop::collection::vec(1i64..500, 1..60)) {
            let total: i64 = shares.iter().sum();
            let mut taken = vec![0i64; shares.len()];
            let mut left = total;
            for cut in cuts.into_iter().chain([i64::MAX]) {
                let now = cut.min(left);
                let parts = allocate_refund(now, &shares, &taken);
                prop_assert_eq!(parts.iter().sum::<i64>(), now);
                for i in 0..shares.len() {
                    prop_assert!(parts[i] >= 0);
                    taken[i] += parts[i];
                    prop_assert!(taken[i] <= shares[i]);
                }
                left -= now;
            }
            prop_assert_eq!(taken, shares);
        }
    }
}
