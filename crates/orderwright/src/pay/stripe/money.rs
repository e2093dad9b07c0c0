//! Stripe's own minor units. They are ISO 4217's but for some currencies (docs.stripe.com/currencies, «Special cases»).

use orderwright_core::money::Currency;

use crate::pay::ProviderError;

/// Zero-decimal in ISO, but sent with two decimals that are zero.
const TIMES_HUNDRED: &[&str] = &["ISK", "UGX"];
/// Two decimals in ISO, none at Stripe.
const HUNDREDTH: &[&str] = &["MGA"];
/// Three decimals, of which the last must be zero.
const LAST_IS_ZERO: &[&str] = &["BHD", "JOD", "KWD", "OMR", "TND"];

/// Our minor units as Stripe's.
pub fn to_stripe(amount: i64, currency: Currency) -> Result<i64, ProviderError> {
    let code = currency.code();
    let cannot =
        || ProviderError::Mismatch(format!("stripe cannot move {}: {code} is rounded there", currency.show(amount)));
    if TIMES_HUNDRED.contains(&code) {
        return amount.checked_mul(100).ok_or_else(cannot);
    }
    if HUNDREDTH.contains(&code) {
        return if amount % 100 == 0 { Ok(amount / 100) } else { Err(cannot()) };
    }
    if LAST_IS_ZERO.contains(&code) && amount % 10 != 0 {
        return Err(cannot());
    }
    Ok(amount)
}

/// The largest amount of ours that Stripe can move and that is not more than this one.
pub fn round_down(amount: i64, currency: Currency) -> i64 {
    let code = currency.code();
    let step = match code {
        _ if HUNDREDTH.contains(&code) => 100,
        _ if LAST_IS_ZERO.contains(&code) => 10,
        _ => 1,
    };
    amount - amount % step
}

/// Stripe's minor units as ours; `code` in any case.
pub fn from_stripe(amount: i64, code: &str) -> i64 {
    let code = code.to_ascii_uppercase();
    if TIMES_HUNDRED.contains(&code.as_str()) {
        return amount / 100;
    }
    if HUNDREDTH.contains(&code.as_str()) {
        return amount * 100;
    }
    amount
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_cases_go_there_and_back() {
        for (code, ours, theirs) in
            [("EUR", 1999, 1999), ("JPY", 500, 500), ("ISK", 500, 50_000), ("MGA", 500, 5), ("KWD", 5120, 5120)]
        {
            let currency = Currency::parse(code).expect("a currency");
            assert_eq!(to_stripe(ours, currency), Ok(theirs), "{code}");
            assert_eq!(from_stripe(theirs, &code.to_lowercase()), ours, "{code}");
        }
        for (code, amount, down) in [("KWD", 5123, 5120), ("MGA", 150, 100), ("EUR", 1999, 1999), ("MGA", 50, 0)] {
            assert_eq!(round_down(amount, Currency::parse(code).expect("a currency")), down, "{code}");
        }
        for (code, amount) in [("KWD", 5123), ("MGA", 50)] {
            let currency = Currency::parse(code).expect("a currency");
            assert!(matches!(to_stripe(amount, currency), Err(ProviderError::Mismatch(_))), "{code}");
        }
    }
}
