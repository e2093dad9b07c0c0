//! Sends a fake's events as signed webhooks: again until they are taken, on wish several times, shuffled, or all of them once more.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::books::Event;
use super::server::{Insides, Plays, lock};
use crate::pay::signature;

/// How far events have been sent, and what is to be sent again.
#[derive(Debug, Default)]
pub struct Sent {
    /// How many of the books' events were put into the queue.
    queued: usize,
    queue: VecDeque<(Event, u32)>,
    /// How many were taken.
    pub taken: u64,
    /// How many are on their way.
    busy: usize,
}

impl Sent {
    /// Whether nothing waits.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.busy == 0
    }
}

/// How often the books are looked at.
const TICK: Duration = Duration::from_millis(20);
/// How often an event is sent that is not taken.
const TRIES: u32 = 60;
/// How many are on their way at once.
const AT_ONCE: usize = 8;

/// Starts sending; it ends with the runtime.
pub fn start(state: &Arc<Insides>) {
    let state = state.clone();
    let client = reqwest_client();
    tokio::spawn(async move {
        loop {
            enqueue(&state);
            let mut batch = Vec::new();
            {
                let mut sent = lock(&state.sent);
                while batch.len() < AT_ONCE
                    && let Some(next) = sent.queue.pop_front()
                {
                    batch.push(next);
                }
                sent.busy = batch.len();
            }
            if batch.is_empty() {
                tokio::time::sleep(TICK).await;
                continue;
            }
            let mut set = tokio::task::JoinSet::new();
            for (event, tries) in batch {
                let (state, client) = (state.clone(), client.clone());
                set.spawn(async move {
                    let taken = send(&state, &client, &event).await;
                    (event, tries, taken)
                });
            }
            let mut refused = false;
            while let Some(result) = set.join_next().await {
                let Ok((event, tries, taken)) = result else { continue };
                let mut sent = lock(&state.sent);
                match taken {
                    true => sent.taken += 1,
                    false if tries + 1 < TRIES => {
                        refused = true;
                        sent.queue.push_back((event, tries + 1));
                    }
                    false => tracing::warn!(event = event.id, "a webhook was never taken"),
                }
            }
            lock(&state.sent).busy = 0;
            if refused {
                tokio::time::sleep(TICK * 10).await;
            }
        }
    });
}

/// Puts what has become due into the queue.
fn enqueue(state: &Insides) {
    let (url, copies) = {
        let options = lock(&state.options);
        (options.webhook_url.clone(), options.copies)
    };
    if url.is_none() {
        return;
    }
    let books = lock(&state.books);
    let mut sent = lock(&state.sent);
    let now = books.now_s();
    while let Some(event) = books.events.get(sent.queued) {
        if event.due_s > now {
            break;
        }
        for _ in 0..copies {
            sent.queue.push_back((event.clone(), 0));
        }
        sent.queued += 1;
    }
}

/// Sends every event so far once more, so often, in an order that the seed decides.
pub fn replay(state: &Insides, times: usize, seed: u64) -> usize {
    let books = lock(&state.books);
    let mut all: Vec<Event> = Vec::new();
    for _ in 0..times {
        all.extend(books.events.iter().cloned());
    }
    // Fisher and Yates, by a generator that the seed alone decides.
    let mut random = seed | 1;
    for n in (1..all.len()).rev() {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        all.swap(n, (random % (n as u64 + 1)) as usize);
    }
    let count = all.len();
    let mut sent = lock(&state.sent);
    sent.queue.extend(all.into_iter().map(|event| (event, 0)));
    count
}

async fn send(state: &Insides, client: &reqwest::Client, event: &Event) -> bool {
    let (url, secret, plays) = {
        let options = lock(&state.options);
        (options.webhook_url.clone(), options.webhook_secret.clone(), options.plays)
    };
    let Some(url) = url else { return true };
    let body = event.body.to_string();
    let request = client.post(url).header("content-type", "application/json");
    let request = match plays {
        // A retry is signed anew, as Stripe does it.
        Plays::Stripe => {
            let now = state.clock.real_now().0 / 1_000_000;
            request.header("stripe-signature", signature::stripe_header(&secret, body.as_bytes(), now))
        }
        Plays::Razorpay => request
            .header("x-razorpay-signature", signature::hmac_hex(&secret, &[body.as_bytes()]))
            .header("x-razorpay-event-id", &event.id),
    };
    matches!(request.body(body).send().await, Ok(answer) if answer.status().is_success())
}

fn reqwest_client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .timeout(Duration::from_secs(10))
        .build()
        .expect("a client without options of its own can be made")
}
