//! Payments from the bank: booked once by their reference, in full, in the sender's scope.

use serde_json::{Value, json};

use super::{import, lines};
use crate::shop::{Json, Shop, at_once};

scenarios! {
    shared:
        a_payment_is_booked_once,
        a_dry_run_changes_nothing,
        each_line_has_its_own_outcome,
        a_reference_belongs_to_one_order,
        a_file_that_cannot_be_read_is_refused,
        odd_lines_are_lines,
        an_owner_books_in_their_channel_only,
        the_same_file_four_times_at_once_books_once,
        a_key_answers_the_same_file_once;
}

const PATH: &str = "/admin/payments/import";
const HEADER: &str = "orderNumber,amount,currency,paidAt,reference";

/// An order that waits for money from outside.
fn waiting(shop: &Shop, channel: &str) -> Value {
    shop.place(channel, &[(0, 1)], "pm_offline")
}

/// The line of a bank's statement that pays the order.
fn line(order: &Value, reference: &str) -> String {
    let (number, total, currency) = (order.s("orderNumber"), order.n("total"), order.s("currency"));
    format!("{number},{total},{currency},2026-02-28T09:30:00Z,{reference}")
}

fn a_payment_is_booked_once(shop: &Shop) {
    for (channel, rests) in [("retail", "confirmed"), ("bazaar", "pending"), ("mall", "sent_to_merchant")] {
        let order = waiting(shop, channel);
        let reference = shop.unique("BANK");
        let file = format!("{HEADER}\n{}\n", line(&order, &reference));
        let report = import(&shop.admin(), PATH, &file);
        assert_eq!(lines(&report), [(2, "booked", "", "")], "{report:#}");
        assert_eq!((report["outcomes"][0].s("orderId"), &report["dryRun"]), (order.id(), &json!(false)));
        shop.wait_status(order.id(), rests);
        let paid = shop.wait_payment(order.id(), "captured");
        assert_eq!(paid.s("paymentReference"), reference);
        let entries = shop.timeline_as(&shop.admin(), order.id());
        let received = entries.iter().find(|e| e.s("type") == "payment_received").expect("on the timeline");
        assert_eq!(received["metadata"].s("paidAt"), "2026-02-28T09:30:00Z");
        assert_eq!(received["metadata"].s("reference"), reference);
        shop.unchanged(order.id(), || {
            let again = import(&shop.admin(), PATH, format!("{file}{}\n", line(&order, &reference)));
            assert_eq!(lines(&again), [(2, "already_booked", "", ""), (3, "already_booked", "", "")]);
            assert_eq!((again.n("succeeded"), again.n("failed")), (2, 0));
        });
    }
}

fn a_dry_run_changes_nothing(shop: &Shop) {
    let (order, other) = (waiting(shop, "retail"), waiting(shop, "retail"));
    let reference = shop.unique("BANK");
    let file = [HEADER, &line(&order, &reference), &line(&order, &reference), &line(&other, &reference)].join("\n");
    let expected = [(2, "booked", "", ""), (3, "already_booked", "", ""), (4, "failed", "reference", "reference_used")];
    shop.unchanged(order.id(), || {
        let report = import(&shop.admin(), &format!("{PATH}?dryRun=true"), &file);
        assert_eq!(report["dryRun"], true);
        assert_eq!(lines(&report), expected, "{report:#}");
    });
    // And it was right.
    let report = import(&shop.admin(), &format!("{PATH}?dryRun=false"), &file);
    assert_eq!(lines(&report), expected, "{report:#}");
    shop.admin().call("POST", &format!("{PATH}?dryRun=perhaps")).csv(file.as_bytes()).send().wrong(&["dryRun"]);
}

fn each_line_has_its_own_outcome(shop: &Shop) {
    let good = waiting(shop, "bazaar");
    let wrong = waiting(shop, "bazaar");
    let by_card = shop.place("bazaar", &[(0, 1)], "pm_card_visa");
    let made_to_order = shop.place("blinds", &[(0, 1)], "pm_card_visa");
    let (number, total) = (wrong.s("orderNumber"), wrong.n("total"));
    let name = |tail: &str| shop.unique(&format!("REF {tail}"));
    let mut file = "\u{FEFF}reference,orderNumber,currency,amount,paidAt\r\n\r\n".as_bytes().to_vec();
    let rows = [
        format!("{},{number},USD,{},2026-02-28", name("less"), total - 1),
        format!("{},{number},USD,500.00,2026-02-28", name("decimal")),
        format!("{},{number},USD,-{total},2026-02-28", name("negative")),
        format!("{},{number},USD,99999999999999999999,2026-02-28", name("huge")),
        format!("{},{number},EUR,{total},2026-02-28", name("euro")),
        format!("{},{number},usd,{total},28.02.2026", name("both")),
        format!(",{number},USD,{total},2026-02-28"),
        format!("{},NO-20260228-00001,USD,{total},2026-02-28", name("nobody")),
        format!("{},,USD,{total},2026-02-28", name("blank")),
        format!("{},{number},USD,{total}", name("short")),
        format!("{},{},USD,{},2026-02-28", name("card"), by_card.s("orderNumber"), by_card.n("total")),
        format!("{},{},GBP,{},2026-02-28", name("blinds"), made_to_order.s("orderNumber"), made_to_order.n("total")),
        format!(
            "\"{}, \"\"x\"\"\",{},USD,{},\"2026-02-28T01:00:00+01:00\"",
            name("good"),
            good.s("orderNumber"),
            good.n("total")
        ),
    ];
    for row in &rows {
        file.extend_from_slice(row.as_bytes());
        file.extend_from_slice(b"\r\n");
    }
    // The last line is in Latin 1.
    file.extend_from_slice(b"caf\xE9");
    file.extend_from_slice(format!(",{number},USD,{total},2026-02-28").as_bytes());
    let mut report = Value::Null;
    shop.unchanged(wrong.id(), || report = import(&shop.admin(), PATH, &file));
    assert_eq!(
        lines(&report),
        [
            (3, "failed", "amount", "invalid_fields"),
            (4, "failed", "amount", "invalid_fields"),
            (5, "failed", "amount", "invalid_fields"),
            (6, "failed", "amount", "invalid_fields"),
            (7, "failed", "currency", "invalid_fields"),
            (8, "failed", "currency", "invalid_fields"),
            (9, "failed", "reference", "invalid_fields"),
            (10, "failed", "orderNumber", "not_found"),
            (11, "failed", "orderNumber", "invalid_fields"),
            (12, "failed", "", "invalid_fields"),
            (13, "failed", "orderNumber", "not_possible_now"),
            (14, "failed", "orderNumber", "not_possible_now"),
            (15, "booked", "", ""),
            (16, "failed", "reference", "invalid_fields"),
        ],
        "{report:#}"
    );
    // What is wrong says where, in words and for programs.
    let problem = &report["outcomes"][5]["problem"];
    assert_eq!(problem.each("errors", "pointer"), ["/8/currency", "/8/paidAt"]);
    assert!(problem.s("detail").contains("line 8, currency: ") && problem.s("detail").contains("line 8, paidAt: "));
    assert!(report["outcomes"][7]["problem"].s("detail").starts_with("line 10, orderNumber: "));
    assert!(shop.wait_payment(good.id(), "captured").s("paymentReference").ends_with(", \"x\""));
}

fn a_reference_belongs_to_one_order(shop: &Shop) {
    let (first, second, elsewhere) = (waiting(shop, "retail"), waiting(shop, "retail"), waiting(shop, "bazaar"));
    let reference = shop.unique("BANK");
    let file =
        [HEADER, &line(&first, &reference), &line(&second, &reference), &line(&elsewhere, &reference)].join("\n");
    let report = import(&shop.admin(), PATH, &file);
    // Two channels have two accounts.
    let expected = [(2, "booked", "", ""), (3, "failed", "reference", "reference_used"), (4, "booked", "", "")];
    assert_eq!(lines(&report), expected, "{report:#}");
    assert!(report["outcomes"][1]["problem"].s("detail").contains(first.s("orderNumber")));
    let other_amount = line(&first, &reference).replace(&format!(",{},", first.n("total")), ",7,");
    let report = import(&shop.admin(), PATH, format!("{HEADER}\n{other_amount}"));
    assert_eq!(lines(&report), [(2, "failed", "amount", "invalid_fields")], "{report:#}");
}

fn a_file_that_cannot_be_read_is_refused(shop: &Shop) {
    let send = |file: &[u8]| shop.admin().call("POST", PATH).csv(file).send();
    send(b"").wrong(&["/1"]);
    send(b"orderNumber;amount\n1;2").wrong(&["/1/"]);
    send(b"orderNumber,amount,currency,paid at,reference\n").wrong(&["/1/paid at", "/1/paidAt"]);
    send(b"orderNumber,amount\nx,1").wrong(&["/1/currency", "/1/paidAt", "/1/reference"]);
    send("\u{FEFF}orderNumber".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>().as_slice())
        .wrong(&["/1"]);
    send(&vec![b'x'; 10 * 1024 * 1024 + 1]).problem(413);
    shop.admin().call("POST", PATH).raw("{}").send().problem(415);
    assert_eq!(import(&shop.admin(), PATH, format!("{HEADER}\n\n,,,,\n")).n("lines"), 0);
    let file = format!("{HEADER}\n");
    for other in [shop.customer(0), shop.merchant_of("retail", 0), shop.storefront("retail")] {
        other.call("POST", PATH).csv(file.as_bytes()).send().problem(403);
    }
    shop.anyone().call("POST", PATH).csv(file.as_bytes()).send().problem(401);
}

/// Carriage returns alone, a formula as a reference, a line of megabytes, a quote that is never closed: each is its own line's matter.
fn odd_lines_are_lines(shop: &Shop) {
    let order = waiting(shop, "retail");
    let formula = format!("=HYPERLINK(\"x\")-{}", shop.unique("BANK"));
    let quoted = format!("\"{}\"", formula.replace('"', "\"\""));
    let file = [HEADER, &line(&order, &quoted), &line(&order, &quoted)].join("\r");
    let report = import(&shop.admin(), PATH, &file);
    assert_eq!(lines(&report), [(2, "booked", "", ""), (3, "already_booked", "", "")], "{report:#}");
    // Kept as it is; a spreadsheet that opens the export sees words.
    assert_eq!(shop.wait_payment(order.id(), "captured").s("paymentReference"), formula);

    let other = waiting(shop, "retail");
    let huge = line(&other, &"9".repeat(9 * 1024 * 1024));
    let mut report = Value::Null;
    shop.unchanged(other.id(), || report = import(&shop.admin(), PATH, format!("{HEADER}\n{huge}\n")));
    assert_eq!(lines(&report), [(2, "failed", "reference", "invalid_fields")], "too long");
    assert!(report.to_string().len() < 4_096, "the report does not repeat the megabytes");

    let open = format!("{HEADER}\n{}\n{}\n", line(&other, "\"never closed"), line(&other, "after"));
    shop.unchanged(other.id(), || report = import(&shop.admin(), PATH, &open));
    assert_eq!(lines(&report), [(2, "failed", "reference", "invalid_fields")], "{report:#}");
}

fn an_owner_books_in_their_channel_only(shop: &Shop) {
    let (own, others) = (waiting(shop, "retail"), waiting(shop, "bazaar"));
    let (a, b) = (shop.unique("BANK"), shop.unique("BANK"));
    let file = [HEADER, &line(&own, &a), &line(&others, &b)].join("\n");
    let mut report = Value::Null;
    shop.unchanged(others.id(), || report = import(&shop.retailer("retail"), PATH, &file));
    assert_eq!(lines(&report), [(2, "booked", "", ""), (3, "failed", "orderNumber", "not_found")], "{report:#}");
}

fn the_same_file_four_times_at_once_books_once(shop: &Shop) {
    let orders: Vec<Value> = (0..5).map(|_| waiting(shop, "bazaar")).collect();
    let rows: Vec<String> = orders.iter().map(|order| line(order, &shop.unique("BANK"))).collect();
    let file = format!("{HEADER}\n{}\n", rows.join("\n"));
    let reports = at_once(4, 4, |_| import(&shop.admin(), PATH, &file));
    for (n, order) in orders.iter().enumerate() {
        let booked = reports.iter().filter(|r| r["outcomes"][n].s("outcome") == "booked").count();
        let already = reports.iter().filter(|r| r["outcomes"][n].s("outcome") == "already_booked").count();
        assert_eq!((booked, already), (1, 3), "{reports:#?}");
        let entries = shop.timeline_as(&shop.admin(), order.id());
        assert_eq!(entries.iter().filter(|e| e.s("type") == "payment_received").count(), 1);
        assert_eq!(shop.view(order.id()).sum("splits", "amount"), order.n("total"));
    }
}

fn a_key_answers_the_same_file_once(shop: &Shop) {
    let order = waiting(shop, "retail");
    let key = shop.unique("import");
    let file = format!("{HEADER}\n{}", line(&order, &shop.unique("BANK")));
    let send = |file: &str| shop.admin().call("POST", PATH).key(&key).csv(file.as_bytes()).send();
    let first = send(&file);
    assert!(!first.replayed());
    let first = first.expect(200);
    let again = send(&file);
    assert!(again.replayed());
    assert_eq!(again.expect(200), first);
    assert_eq!(send(HEADER).problem(422).s("code"), "idempotency_key_reused");
}
