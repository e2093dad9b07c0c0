//! Header games, methods and addresses: what is decided by a header is decided by one header, and every refusal is a problem.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;

use crate::shop::{Json, Shop};

scenarios! {
    shared:
        a_deciding_header_is_given_once,
        a_tag_or_key_that_cannot_be_is_named,
        methods_are_answered_by_what_the_path_takes,
        an_address_that_cannot_be_read_is_a_problem,
        parameters_are_given_once_and_known,
        requests_are_not_smuggled,
        heads_that_are_too_large_or_broken_are_refused,
        slow_clients_hold_nobody_up;
}

fn a_deciding_header_is_given_once(shop: &Shop) {
    let id = shop.ready("retail");
    let path = format!("/admin/orders/{id}/notes");
    let note = json!({ "note": "x" });
    shop.unchanged(&id, || {
        let call = || shop.admin().call("POST", &path).json(&note);
        let again = format!("Bearer {}", shop.admin().token());
        call().header("authorization", &again).send().problem(401);
        shop.anyone().call("POST", &path).json(&note).header("authorization", "Basic YTpi").send().problem(401);
        call().header("if-match", "\"1\"").header("if-match", "\"1\"").send().wrong(&["If-Match"]);
        call().key("a").key("a").send().wrong(&["Idempotency-Key"]);
        call().header("content-type", "application/json").send().problem(415);
    });
}

fn a_tag_or_key_that_cannot_be_is_named(shop: &Shop) {
    let id = shop.ready("retail");
    let path = format!("/admin/orders/{id}/notes");
    let note = json!({ "note": "x" });
    shop.unchanged(&id, || {
        let call = || shop.admin().call("POST", &path).json(&note);
        for tag in ["7", "null", "\"7", "\"1\", \"2\"", ""] {
            call().header("if-match", tag).send().wrong(&["If-Match"]);
        }
        for tag in ["\"999999\"", "W/\"1\"", "\"x\""] {
            call().header("if-match", tag).send().problem(412);
        }
        for key in ["", " ", &"k".repeat(256), "caf\u{e9}", "a\tb"] {
            call().key(key).send().wrong(&["Idempotency-Key"]);
        }
    });
    shop.admin().call("GET", "/events").header("last-event-id", "x").send().wrong(&["Last-Event-ID"]);
}

fn methods_are_answered_by_what_the_path_takes(shop: &Shop) {
    let admin = shop.admin();
    for method in ["DELETE", "PUT", "OPTIONS", "TRACE"] {
        let reply = admin.call(method, "/admin/orders").send();
        let allow = reply.header("allow").unwrap_or_default().to_owned();
        assert!(allow.contains("GET") && !allow.contains(method), "{method}: {allow}");
        assert_eq!(reply.problem(405).s("code"), "method_not_allowed");
    }
    let head = admin.call("HEAD", "/admin/orders").send();
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    // What it cannot be shown as is shown as what it is (RFC 9110, 12.4.1).
    admin.call("GET", "/admin/orders?limit=1").header("accept", "image/png").send().expect(200);
}

fn an_address_that_cannot_be_read_is_a_problem(shop: &Shop) {
    let admin = shop.admin();
    for path in ["/admin/orders/%ff", "/admin/stock/%ff%fe", "/docs/problems/%ff", "/admin/orders/%00"] {
        admin.get(path).problem_of(&[400, 404]);
    }
    for path in
        ["/admin/orders/ord_", "/admin/orders/itm_0000000000000", "/admin/orders/ORD_0000000000000", "/admin//orders"]
    {
        admin.get(path).problem(404);
    }
    let long = "x".repeat(9_000);
    admin.get(&format!("/admin/orders/{long}")).problem(404);
    admin.get(&format!("/admin/orders?q={long}")).one_of(&[200, 422]);
}

fn parameters_are_given_once_and_known(shop: &Shop) {
    let admin = shop.admin();
    for list in ["/admin/orders", "/admin/merchants", "/admin/variants", "/admin/stock", "/admin/jobs"] {
        admin.get(&format!("{list}?limit=1&limit=2")).wrong(&["limit"]);
        admin.get(&format!("{list}?colour=red")).wrong(&["colour"]);
        admin.get(&format!("{list}?page=1&after=0")).problem(422);
        for limit in ["0", "-1", "201", "1.5", "9999999999999999999999", "1e2", "%ff", "+"] {
            admin.get(&format!("{list}?limit={limit}")).wrong(&["limit"]);
        }
        admin.get(&format!("{list}?page=101&limit=100")).wrong(&["page"]);
        for cursor in ["nonsense", "%ff", "-1", "0x10", "9223372036854775808"] {
            admin.get(&format!("{list}?after={cursor}")).wrong(&["after"]);
        }
    }
    admin.get("/events?after=1&after=2").wrong(&["after"]);
}

/// Sends bytes as they are and gives what comes back until the server hangs up or is silent.
fn raw(shop: &Shop, bytes: &[u8]) -> String {
    let address = shop.demo().s("baseUrl").trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(address).expect("connects");
    stream.set_read_timeout(Some(Duration::from_secs(2))).expect("a timeout");
    // The server may hang up before it has read everything.
    let _ = stream.write_all(bytes);
    let (mut answer, mut part) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = stream.read(&mut part) {
        answer.extend_from_slice(&part[..count]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn statuses(answer: &str) -> Vec<&str> {
    answer.split("HTTP/1.1 ").skip(1).filter_map(|a| a.get(..3)).collect()
}

fn requests_are_not_smuggled(shop: &Shop) {
    let inside = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
    let with = |headers: &str, body: &str| {
        format!("POST /storefront/orders HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n{body}")
    };
    for (headers, body) in [
        ("Content-Length: 2\r\nContent-Length: 40\r\n", format!("{{}}{inside}")),
        ("Content-Length: 2, 40\r\n", format!("{{}}{inside}")),
        ("Content-Length: +2\r\n", format!("{{}}{inside}")),
        ("Content-Length: -1\r\n", format!("{{}}{inside}")),
        ("Content-Length: 99999999999999999999999\r\n", inside.to_owned()),
        ("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", format!("0\r\n\r\n{inside}")),
        ("Transfer-Encoding: xchunked\r\n", format!("0\r\n\r\n{inside}")),
        ("Transfer-Encoding : chunked\r\n", format!("0\r\n\r\n{inside}")),
        ("Transfer-Encoding: chunked\r\n", format!("zz\r\n\r\n{inside}")),
    ] {
        let answer = raw(shop, with(headers, &body).as_bytes());
        assert!(!answer.contains("orderwright_"), "{headers}: the request inside was answered: {answer}");
        let all = statuses(&answer);
        assert!(all.iter().all(|s| s.starts_with('4')) && all.len() <= 1, "{headers}: {answer}");
    }
    shop.anyone().get("/healthz").expect(200);
}

fn heads_that_are_too_large_or_broken_are_refused(shop: &Shop) {
    let get = |headers: &str| format!("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n");
    let huge = get(&format!("X-Large: {}\r\n", "x".repeat(300 * 1024)));
    let many: String = (0..200).map(|n| format!("X-{n}: 1\r\n")).collect();
    for (head, expected) in [
        (huge, "431"),
        (get(&many), "431"),
        (get("X\u{0}: 1\r\n"), "400"),
        (get(" folded: 1\r\n"), "400"),
        (get("No colon\r\n"), "400"),
        ("GET /healthz HTTP/9.9\r\n\r\n".to_owned(), "400"),
        ("\u{16}\u{3}\u{1}\u{2}".repeat(50), "400"),
        (format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(70_000)), "4"),
    ] {
        let answer = raw(shop, head.as_bytes());
        let shown: String = head.chars().take(60).collect();
        assert!(statuses(&answer).iter().all(|s| s.starts_with(expected)), "{shown:?}: {answer}");
        assert!(!answer.contains("\"ok\""), "{shown:?}: {answer}");
    }
    shop.anyone().get("/healthz").expect(200);
}

/// Three hundred connections that stop in the middle of a head or of a body: others are served, and who goes on is, too.
fn slow_clients_hold_nobody_up(shop: &Shop) {
    let id = shop.ready("retail");
    let address = shop.demo().s("baseUrl").trim_start_matches("http://").to_owned();
    let body = r#"{"note": "came slowly", "isPublic": false}"#;
    let head = format!(
        "POST /admin/orders/{id}/notes HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        shop.admin().token(),
        body.len()
    );
    let text = format!("{head}{body}");
    let mut slow: Vec<(TcpStream, usize)> = Vec::new();
    shop.unchanged(&id, || {
        for n in 0..300 {
            let sent = if n % 2 == 0 { head.len() / 2 } else { head.len() + body.len() / 2 };
            let mut stream = TcpStream::connect(&address).expect("connects");
            stream.write_all(&text.as_bytes()[..sent]).expect("sent");
            slow.push((stream, sent));
        }
        for _ in 0..20 {
            shop.ready("retail");
        }
    });
    // One of each kind goes on; the others hang up, and nothing is made of what they sent.
    for (stream, sent) in slow.iter_mut().take(2) {
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        stream.write_all(&text.as_bytes()[*sent..]).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    }
    drop(slow);
    let entries = shop.timeline_as(&shop.admin(), &id);
    let came = entries.iter().filter(|e| e.s("type") == "note_added").count();
    assert_eq!(came, 2, "{entries:#?}");
}
