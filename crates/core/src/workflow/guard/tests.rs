//! What guards read, what they say to mistakes, and what they answer.

use super::*;
use crate::money::Currency;

#[test]
fn reads_and_evaluates() {
    let guard = Guard::parse("items.all.decided and not (items.all.cancelled or payment.failed)").expect("valid");
    assert_eq!(guard.to_string(), "(items.all.decided and not (items.all.cancelled or payment.failed))");
    let decided = |f: &Fact| matches!(f, Fact::AllItems(t) if t == "decided");
    assert!(guard.holds(&decided));
    assert!(!guard.holds(&|f: &Fact| decided(f) || matches!(f, Fact::Payment(_))));
    assert!(!guard.holds(&|_: &Fact| false));
}

#[test]
fn says_what_is_wrong() {
    for text in [
        "",
        "and",
        "payment.rich",
        "weather",
        "not",
        "( payment.failed",
        "payment.failed payment.failed",
        "payment.failed )",
        "items.all.",
    ] {
        assert!(Guard::parse(text).is_err(), "{text}");
    }
    assert!(Guard::parse(&"(".repeat(100_000)).is_err());
}

fn eur() -> Currency {
    Currency::parse("EUR").expect("listed")
}

/// An order of 480.00 EUR with 3 units of GIFT-1 for Austria.
fn values(fact: &Fact) -> Value {
    let Fact::Compare(comparison) = fact else { return Value::Truth(matches!(fact, Fact::Payment(_))) };
    match comparison.subject {
        Subject::OrderTotal => Value::Money(48_000, eur()),
        Subject::ItemQuantity => Value::Integer(3),
        Subject::ItemSku => Value::Word("GIFT-1".to_owned()),
        Subject::ShippingCountry => Value::Word("AT".to_owned()),
        _ => Value::Nothing,
    }
}

#[track_caller]
fn holds(text: &str) -> bool {
    let guard = Guard::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    assert_eq!(Guard::parse(&guard.to_string()), Ok(guard.clone()), "{text}: what is written is read again");
    guard.holds(&|fact: &Fact| fact.holds(&values(fact)))
}

#[test]
fn compares() {
    for (text, expected) in [
        ("order.total >= 480.00 EUR", true),
        ("order.total > 480 EUR", false),
        ("order.total<480.01 EUR", true),
        ("order.total <= 479.99 EUR", false),
        ("order.total == 480 EUR", true),
        ("order.total != 480 EUR", false),
        ("item.quantity == 3", true),
        ("item.quantity in [1, 2]", false),
        ("item.quantity in [1,3]", true),
        ("item.quantity < 10", true),
        ("item.quantity > -1", true),
        ("item.sku == \"GIFT-1\"", true),
        ("item.sku != \"GIFT-1\"", false),
        ("shipping.country in [\"DE\", \"AT\"]", true),
        ("not shipping.country in [\"DE\"]", true),
        ("order.total >= 100 EUR and (item.quantity > 5 or payment.captured)", true),
    ] {
        assert_eq!(holds(text), expected, "{text}");
    }
}

#[test]
fn no_comparison_with_another_currency_or_with_nothing_holds() {
    for operator in ["==", "!=", "<", "<=", ">", ">="] {
        assert!(!holds(&format!("order.total {operator} 480.00 USD")), "{operator}");
        assert!(!holds(&format!("item.total {operator} 480.00 EUR")), "{operator}");
    }
    assert!(!holds("order.channel != \"mall\""));
    assert!(holds("not order.total >= 1 JPY"));
}

#[test]
fn types_are_checked_with_an_example() {
    for (text, expected) in [
        ("order.total", "`order.total` is money: compare it, as in `order.total >= 500.00 EUR`"),
        (
            "order.total >= 500",
            "`order.total` is money, not `500` without a currency; write `order.total >= 500.00 EUR`",
        ),
        ("order.total >= 1.234 EUR", "`order.total` is money, not `1.234 EUR`, which is no amount of that currency"),
        ("order.total >= 1.5 JPY", "`order.total` is money, not `1.5 JPY`"),
        ("order.total >= \"500\"", "`order.total` is money, not the word \"500\""),
        ("order.total in [5 EUR]", "`order.total` is money: `in` does not compare it"),
        ("item.quantity >= \"3\"", "`item.quantity` is a whole number, not the word \"3\"; write `item.quantity <= 3`"),
        ("item.quantity >= 3.5", "`item.quantity` is a whole number, not `3.5`"),
        ("item.quantity >= 99999999999999999999", "`item.quantity` is a whole number, not `99999999999999999999`"),
        ("item.quantity in 3", "`in` takes a list: write `item.quantity in [1, 2]`"),
        ("item.quantity in [3", "`in` takes a list"),
        ("item.quantity in []", "`item.quantity` is a whole number, not `]`"),
        (
            "item.sku == GIFT",
            "`item.sku` is a word, not `GIFT` without quotes; write `item.sku in [\"GIFT-1\", \"GIFT-2\"]`",
        ),
        ("item.sku < \"A\"", "`item.sku` is a word: `<` does not compare it"),
        ("item.sku = \"A\"", "`item.sku` is a word: compare it"),
        ("item.sku ==", "the guard ends where `item.sku` is compared"),
        ("item.sku == \"A", "a `\"` is never closed"),
        ("\"A\" == item.sku", "\"A\" stands where a fact is expected"),
        (
            "payment.captured == 1",
            "`payment.captured` is yes or no and is not compared; write `payment.captured` or `not payment.captured`",
        ),
        ("payment.captred", "`captred` is not a tag; did you mean `captured`?"),
        ("item.quantty > 1", "`item.quantty` is not a fact; did you mean `item.quantity`?"),
        ("order.age > 3", "`order.age` is not a fact: no guard asks the time; use `after`"),
        ("item.quantity > 1 2", "`2` is one word too many"),
    ] {
        let error = Guard::parse(text).expect_err(text);
        assert!(error.starts_with(expected), "{text}: {error}\nexpected {expected}");
    }
}

#[test]
fn every_fact_is_read_and_has_its_type() {
    for (name, subject, domain, example, _) in Subject::ALL {
        let guard = Guard::parse(example).unwrap_or_else(|e| panic!("{name}: {e}"));
        let [fact] = guard.facts()[..] else { panic!("{name}: one fact") };
        assert_eq!((fact.domain(), fact.of_an_item()), (*domain, name.starts_with("item.")), "{name}");
        assert_eq!((subject.name(), subject.domain(), subject.example()), (*name, *domain, *example));
    }
    for (name, _) in TRUTHS {
        let guard = Guard::parse(&name.replace("<tag>", "shipped")).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(guard.facts()[0].domain(), Domain::Truth, "{name}");
    }
}

#[test]
fn explains_on_what_facts() {
    let guard = Guard::parse(
        "payment.captured and order.total >= 500.00 EUR and not order.total >= 500.00 EUR or item.total < 1 EUR",
    )
    .expect("valid");
    let told: Vec<String> =
        guard.explain(&values).iter().map(|a| format!("{}: {}, {}", a.fact, a.value, a.holds)).collect();
    assert_eq!(
        told,
        [
            "payment.captured: yes, true",
            "order.total >= 500.00 EUR: 480.00 EUR, false",
            "item.total < 1.00 EUR: nothing, false",
        ]
    );
}
