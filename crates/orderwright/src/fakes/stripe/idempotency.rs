//! Stripe's idempotency keys: the first answer again, another body refused, a call that is still running refused.

use std::collections::HashMap;

use super::super::server::{Answer, Request};
use super::ApiError;
use crate::kernel::digest;

/// Answers by key.
#[derive(Debug, Default)]
pub struct Keys(HashMap<String, Kept>);

#[derive(Debug)]
struct Kept {
    request: [u8; 32],
    /// `None` while the first call runs.
    answer: Option<Answer>,
}

/// What a key says.
pub enum Begin {
    /// Nobody used it.
    New,
    /// The first answer.
    Replay(Box<Answer>),
    /// It was used for something else, or is being used.
    Refused(ApiError),
}

impl Keys {
    /// Takes a key.
    pub fn begin(&mut self, key: &str, request: &Request) -> Begin {
        let this = digest::of(&[request.method.as_bytes(), request.path.as_bytes(), &request.body]);
        let Some(kept) = self.0.get(key) else {
            self.0.insert(key.to_owned(), Kept { request: this, answer: None });
            return Begin::New;
        };
        if kept.request != this {
            let message = "Keys for idempotent requests can only be used with the same parameters they were first used with. \
                Try using a key other than the one given if you meant to execute a different request.";
            return Begin::Refused(ApiError::new(400, "idempotency_error", None, None, message));
        }
        match &kept.answer {
            Some(answer) => {
                let mut answer = answer.clone();
                answer.headers.push(("idempotent-replayed", "true".to_owned()));
                Begin::Replay(Box::new(answer))
            }
            None => {
                let message = "There is currently another in-progress request using this key.";
                Begin::Refused(ApiError::new(409, "idempotency_error", Some("idempotency_key_in_use"), None, message))
            }
        }
    }

    /// Keeps the answer. One that was refused before anything began is not kept.
    pub fn end(&mut self, key: &str, answer: &Answer) {
        if answer.status == 400 && answer.body.contains("\"parameter_") || answer.status == 404 {
            self.0.remove(key);
        } else if let Some(kept) = self.0.get_mut(key) {
            kept.answer = Some(answer.clone());
        }
    }

    /// Marks a key as being used by a call that has not ended, for a test of what others are told meanwhile.
    pub fn hold(&mut self, key: &str, request: &Request) {
        self.begin(key, request);
    }

    /// Forgets all keys, as Stripe does after a day.
    pub fn prune(&mut self) {
        self.0.clear();
    }
}
