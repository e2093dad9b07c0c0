//! What the lines of an exported order cost, so that lines, shipping and tax come to its `Total` exactly.
//!
//! The export has the discount, the tax and the shipping of the whole order, and does not say whether prices contain the tax. That is found
//! by adding up; what is of the whole order is divided over the lines by largest remainder. An order that does not add up is refused.

use orderwright_core::money::{Currency, allocate};

/// A line as it is exported.
#[derive(Clone, Copy, Debug, Default)]
pub struct Line {
    /// Of one unit, before discounts.
    pub price: i64,
    /// Units.
    pub quantity: i64,
    /// Off this line alone.
    pub discount: i64,
    /// Whether tax is due on it.
    pub taxable: bool,
}

/// Amounts of the whole order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Order {
    /// Lines less discounts; `None` when the export has none.
    pub subtotal: Option<i64>,
    /// Shipping.
    pub shipping: i64,
    /// All taxes.
    pub taxes: i64,
    /// Duties.
    pub duties: i64,
    /// All discounts.
    pub discount: i64,
    /// What the order costs.
    pub total: i64,
}

/// What a line comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Off the line.
    pub discount: i64,
    /// Tax of the line.
    pub tax: i64,
    /// The rate that this is, in percent.
    pub rate: String,
}

/// What the order comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amounts {
    /// Whether the tax is inside the prices.
    pub tax_inside: bool,
    /// Shipping with duties and with tax that no line bears.
    pub shipping: i64,
    /// The tax inside it.
    pub shipping_tax: i64,
    /// The lines.
    pub parts: Vec<Part>,
}

/// Divides the order's amounts; else the column that does not fit, and why.
pub fn divide(lines: &[Line], order: Order, currency: Currency) -> Result<Amounts, (&'static str, String)> {
    let grosses: Vec<i64> = lines.iter().map(|l| l.price * l.quantity).collect();
    let gross: i64 = grosses.iter().sum();
    let own: i64 = lines.iter().map(|l| l.discount).sum();
    let subtotal = order.subtotal.unwrap_or(gross - order.discount.min(gross));
    let off = gross - subtotal;
    if off < 0 {
        let what = format!(
            "is {}, and the lines come to {} before discounts; export the order again, its lines may be cut off",
            currency.show(subtotal),
            currency.show(gross)
        );
        return Err(("Subtotal", what));
    }
    // What a code takes off the shipping is in the discount, and may still be in the shipping.
    let less = (order.shipping - (order.discount - off).max(0)).max(0);
    let sums = [
        (subtotal + order.shipping + order.taxes, order.shipping, false),
        (subtotal + order.shipping, order.shipping, true),
        (subtotal + less + order.taxes, less, false),
        (subtotal + less, less, true),
    ];
    let Some((_, shipping, tax_inside)) = sums.into_iter().find(|s| s.0 + order.duties == order.total) else {
        let what = format!(
            "is {}, and Subtotal, Shipping and Taxes come to {} (with the tax inside the prices: {}); export the order again, or correct the amounts",
            currency.show(order.total),
            currency.show(sums[0].0 + order.duties),
            currency.show(sums[1].0 + order.duties)
        );
        return Err(("Total", what));
    };
    let discounts = discounts(lines, &grosses, off, own);
    let nets: Vec<i64> = grosses.iter().zip(&discounts).map(|(g, d)| g - d).collect();
    let mut weights: Vec<i64> = lines.iter().zip(&nets).map(|(l, net)| if l.taxable { *net } else { 0 }).collect();
    if weights.iter().sum::<i64>() == 0 {
        weights.clone_from(&nets);
    }
    let goods: i64 = weights.iter().sum();
    // Tax that the goods cannot bear is the shipping's.
    let on_lines = if goods == 0 {
        0
    } else if tax_inside {
        order.taxes.min(goods)
    } else {
        order.taxes
    };
    let taxes = allocate(on_lines, &weights);
    let rest = order.taxes - on_lines;
    let shipping = shipping + order.duties + if tax_inside { 0 } else { rest };
    let parts = discounts
        .into_iter()
        .zip(taxes)
        .zip(&nets)
        .map(|((discount, tax), net)| Part {
            discount,
            tax,
            rate: rate(tax, if tax_inside { net - tax } else { *net }),
        })
        .collect();
    Ok(Amounts { tax_inside, shipping, shipping_tax: rest.min(shipping), parts })
}

/// The lines' own discounts, and the rest over all of them; all over all where the own ones are more than was taken off.
fn discounts(lines: &[Line], grosses: &[i64], off: i64, own: i64) -> Vec<i64> {
    let fits = own <= off && lines.iter().zip(grosses).all(|(l, gross)| (0..=*gross).contains(&l.discount));
    if !fits {
        return allocate(off, grosses);
    }
    let left: Vec<i64> = lines.iter().zip(grosses).map(|(l, gross)| gross - l.discount).collect();
    allocate(off - own, &left).into_iter().zip(lines).map(|(part, line)| part + line.discount).collect()
}

/// The percentage that a tax is of a net amount, to two decimals.
fn rate(tax: i64, net: i64) -> String {
    let hundredths = if net > 0 { (i128::from(tax) * 10_000 + i128::from(net) / 2) / i128::from(net) } else { 0 };
    match hundredths {
        100_001.. => "0".to_owned(),
        n if n % 100 == 0 => (n / 100).to_string(),
        n => format!("{}.{:02}", n / 100, n % 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd() -> Currency {
        Currency::parse("USD").expect("listed")
    }

    /// price, quantity, own discount, taxable.
    type Row = (i64, i64, i64, bool);

    fn lines(rows: &[Row]) -> Vec<Line> {
        rows.iter().map(|&(price, quantity, discount, taxable)| Line { price, quantity, discount, taxable }).collect()
    }

    #[test]
    fn amounts_add_up_whichever_way_the_shop_counts() {
        // subtotal, shipping, taxes, duties, discount, total → inside, shipping, discounts, taxes, rates
        type Case = (&'static [Row], [i64; 6], bool, i64, &'static [i64], &'static [i64], &'static [&'static str]);
        let cases: &[Case] = &[
            (
                &[(1600, 2, 0, true), (2000, 1, 0, true)],
                [4700, 600, 329, 0, 500, 5629],
                false,
                600,
                &[308, 192],
                &[202, 127],
                &["6.98", "7.02"],
            ),
            (&[(1200, 1, 0, true)], [1200, 300, 200, 0, 0, 1500], true, 300, &[0], &[200], &["20"]),
            (
                &[(1000, 1, 100, true), (1000, 1, 0, false)],
                [1800, 0, 90, 0, 200, 1890],
                false,
                0,
                &[147, 53],
                &[90, 0],
                &["10.55", "0"],
            ),
            // Free shipping by a code: the shipping is still there, and taken off.
            (&[(1000, 1, 0, true)], [1000, 500, 0, 0, 500, 1000], false, 0, &[0], &[0], &["0"]),
            // Everything is free; the tax is the shipping's.
            (&[(1000, 1, 0, true)], [0, 500, 100, 0, 1000, 600], false, 600, &[1000], &[0], &["0"]),
            (&[(1000, 1, 0, true)], [1000, 500, 0, 70, 0, 1570], false, 570, &[0], &[0], &["0"]),
        ];
        for (rows, [subtotal, shipping, taxes, duties, discount, total], inside, cost, discounts, tax, rates) in cases {
            let order = Order {
                subtotal: Some(*subtotal),
                shipping: *shipping,
                taxes: *taxes,
                duties: *duties,
                discount: *discount,
                total: *total,
            };
            let rows = lines(rows);
            let amounts = divide(&rows, order, usd()).unwrap_or_else(|e| panic!("{total}: {e:?}"));
            assert_eq!((amounts.tax_inside, amounts.shipping), (*inside, *cost), "{total}");
            let parts: Vec<_> = amounts.parts.iter().map(|p| (p.discount, p.tax, p.rate.as_str())).collect();
            let expected: Vec<_> = discounts.iter().zip(*tax).zip(*rates).map(|((d, t), r)| (*d, *t, *r)).collect();
            assert_eq!(parts, expected, "{total}");
            let sum: i64 =
                rows.iter().zip(&parts).map(|(l, p)| l.price * l.quantity - p.0 + if *inside { 0 } else { p.1 }).sum();
            assert_eq!(sum + amounts.shipping, *total);
        }
    }

    #[test]
    fn what_does_not_add_up_is_refused_by_its_column() {
        let rows = lines(&[(1000, 1, 0, true)]);
        let order = |subtotal, total| Order { subtotal: Some(subtotal), total, ..Order::default() };
        assert_eq!(divide(&rows, order(1000, 999), usd()).expect_err("wrong").0, "Total");
        assert_eq!(divide(&rows, order(2000, 2000), usd()).expect_err("wrong").0, "Subtotal");
    }
}
