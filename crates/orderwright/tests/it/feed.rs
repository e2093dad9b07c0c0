//! The feed: every domain event, in one order, without a gap, whoever reads when.

use std::io::BufRead;

use serde_json::{Value, json};

use crate::shop::lists::encoded;
use crate::shop::{Json, PATIENCE, Shop, at_once, eventually};

scenarios! {
    shared:
        reading_while_orders_come_in_misses_nothing,
        every_reader_sees_the_same_sequence,
        the_events_of_an_order_are_in_its_order,
        a_page_is_as_long_as_its_limit,
        a_stream_is_what_pages_are,
        a_stream_goes_on_where_it_broke_off;
}

/// One event as it was read: its type, and all of it as text, to look for ids in.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Event {
    kind: String,
    text: String,
}

/// A reader that goes on from its last cursor. Whether the last page has a cursor to wait at is open: without one, the
/// page is read again next time, and what it had before must be there again.
#[derive(Default)]
struct Reader {
    after: Option<String>,
    read: Vec<Event>,
    /// How many of `read` came with a last page without a cursor.
    open: usize,
}

impl Reader {
    /// Reads on to the present end.
    fn read_on(&mut self, shop: &Shop) {
        loop {
            let after = self.after.as_deref().map(|cursor| format!("&after={}", encoded(cursor))).unwrap_or_default();
            let page = shop.admin().get(&format!("/events?limit=200{after}")).expect(200);
            let event = |event: &Value| Event { kind: event.s("type").to_owned(), text: event.to_string() };
            let data: Vec<Event> = page.list("data").iter().map(event).collect();
            let settled = self.read.len() - self.open;
            assert!(data.starts_with(&self.read[settled..]), "what was read once stays, in its place");
            let (before, now) = (self.read.len(), settled + data.len());
            self.read.truncate(settled);
            self.read.extend(data);
            match page["nextCursor"].as_str() {
                Some(cursor) => {
                    self.after = Some(cursor.to_owned());
                    self.open = 0;
                }
                None => self.open = now - settled,
            }
            if now == before || page["nextCursor"].is_null() {
                return;
            }
        }
    }

    /// The events of a type that speak of an order.
    fn count(&self, kind: &str, order: &str) -> usize {
        self.read.iter().filter(|event| event.kind == kind && event.text.contains(order)).count()
    }
}

fn reading_while_orders_come_in_misses_nothing(shop: &Shop) {
    let (writers, each) = (6, 10);
    let done = std::sync::atomic::AtomicUsize::new(0);
    let reader = std::sync::Mutex::new(Reader::default());
    let orders: Vec<String> = at_once(writers + 1, writers + 1, |n| {
        if n == 0 {
            let mut reader = reader.lock().expect("only this one reads now");
            // A writer that fails is never done; the scenario must end all the same.
            let deadline = std::time::Instant::now() + 4 * PATIENCE;
            while done.load(std::sync::atomic::Ordering::Relaxed) < writers && std::time::Instant::now() < deadline {
                reader.read_on(shop);
            }
            return Vec::new();
        }
        let placed = (0..each).map(|_| shop.place("retail", &[(0, 1)], "pm_card_visa").id().to_owned()).collect();
        done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        placed
    })
    .concat();
    let mut reader = reader.into_inner().expect("the reader did not panic");
    // The sequencer comes after the commit: the last events may need a moment, but none may be jumped over.
    eventually("every placed order is in the feed", PATIENCE, || {
        reader.read_on(shop);
        let missing: Vec<&String> = orders.iter().filter(|id| reader.count("order.created", id) == 0).collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("{missing:?}")) }
    });
    for id in &orders {
        assert_eq!(reader.count("order.created", id), 1, "once each");
    }
}

fn every_reader_sees_the_same_sequence(shop: &Shop) {
    let mut early = Reader::default();
    early.read_on(shop);
    let id = shop.ready("bazaar");
    shop.merchants_fire(&id, "acknowledge", &json!({}));
    eventually("the new events are read", PATIENCE, || {
        early.read_on(shop);
        if early.count("order.status_changed", &id) > 0 { Ok(()) } else { Err("not yet".to_owned()) }
    });
    let mut late = Reader::default();
    late.read_on(shop);
    assert!(early.read.len() <= late.read.len());
    for (n, (early, late)) in early.read.iter().zip(&late.read).enumerate() {
        assert_eq!(early, late, "event {n}");
    }
}

fn the_events_of_an_order_are_in_its_order(shop: &Shop) {
    let id = shop.ready("retail");
    for status in ["processing", "shipped", "delivered"] {
        shop.admin().set_status(&id, status).expect(200);
    }
    let mut reader = Reader::default();
    eventually("the delivery is in the feed", PATIENCE, || {
        reader.read_on(shop);
        if reader.count("order.delivered", &id) > 0 { Ok(()) } else { Err("not yet".to_owned()) }
    });
    let kinds: Vec<&str> =
        reader.read.iter().filter(|event| event.text.contains(&id)).map(|event| &*event.kind).collect();
    let place =
        |kind: &str| kinds.iter().position(|k| *k == kind).unwrap_or_else(|| panic!("no {kind} among {kinds:?}"));
    assert_eq!(place("order.created"), 0, "{kinds:?}");
    assert!(place("payment.captured") < place("order.shipped"), "{kinds:?}");
    assert!(place("order.shipped") < place("order.delivered"), "{kinds:?}");
}

fn a_page_is_as_long_as_its_limit(shop: &Shop) {
    let page = shop.admin().get("/events?limit=3").expect(200);
    assert_eq!(page.list("data").len(), 3);
    let next = encoded(page.s("nextCursor"));
    let second = shop.admin().get(&format!("/events?limit=3&after={next}")).expect(200);
    assert_eq!(second.list("data").len(), 3);
    assert!(page.list("data").iter().all(|event| !second.list("data").contains(event)), "nothing twice");
}

/// An event of a stream: its id and its data.
type Streamed = (String, Value);

/// Reads so many events of a stream.
fn streamed(shop: &Shop, path: &str, last: Option<&str>, count: usize) -> Vec<Streamed> {
    let mut call = shop.admin().call("GET", path).header("accept", "text/event-stream");
    if let Some(last) = last {
        call = call.header("last-event-id", last);
    }
    let mut lines = call.stream().expect("a stream").lines();
    let (mut id, mut data, mut events) = (None, None, Vec::new());
    while events.len() < count {
        let line = lines.next().expect("the stream goes on").expect("readable");
        if let Some(text) = line.strip_prefix("id: ") {
            id = Some(text.to_owned());
        } else if let Some(text) = line.strip_prefix("data: ") {
            data = Some(serde_json::from_str(text).expect("JSON"));
        } else if line.is_empty() && data.is_some() {
            events.extend(id.take().zip(data.take()));
        }
    }
    events
}

fn a_stream_is_what_pages_are(shop: &Shop) {
    let page = shop.admin().get("/events?limit=7").expect(200);
    let stream = streamed(shop, "/events", None, 7);
    let data: Vec<Value> = stream.iter().map(|(_, data)| data.clone()).collect();
    assert_eq!(page.list("data"), data);
    assert!(stream.iter().all(|(id, data)| id == data.s("cursor")), "the id of an event is its cursor");
    // What happens while somebody listens comes by itself.
    let mut reader = Reader::default();
    reader.read_on(shop);
    let end = reader.after.expect("the feed says where it ends");
    let found = at_once(2, 2, |n| match n {
        0 => {
            shop.ready("retail");
            Vec::new()
        }
        _ => streamed(shop, &format!("/events?after={}", encoded(&end)), None, 1),
    });
    assert_eq!(found[1].len(), 1);
    shop.admin().call("GET", "/events?after=x").header("accept", "text/event-stream").send().wrong(&["after"]);
    shop.customer(0).call("GET", "/events").header("accept", "text/event-stream").send().problem(403);
}

fn a_stream_goes_on_where_it_broke_off(shop: &Shop) {
    let stream = streamed(shop, "/events", None, 9);
    for (n, (id, _)) in stream.iter().enumerate().take(8) {
        // What the browser sends of its own accord goes before what the address says.
        let next = streamed(shop, "/events?after=0", Some(id), 1);
        assert_eq!(next[0], stream[n + 1]);
    }
    let call = shop.admin().call("GET", "/events").header("accept", "text/event-stream");
    call.header("last-event-id", "nonsense").send().wrong(&["Last-Event-ID"]);
}
