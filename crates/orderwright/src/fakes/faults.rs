//! Faults that whoever tests orders: the next so many calls that fit go wrong in that way.

use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 429, nothing happens.
    RateLimited,
    /// 500, nothing happens.
    Error,
    /// 500, and yet it happens.
    ErrorAfter,
    /// No answer for a long time, nothing happens.
    Timeout,
    /// No answer for a long time, and yet it happens.
    TimeoutAfter,
    /// The answer breaks off, and it has happened.
    Lost,
    /// It is answered, slowly.
    Slow,
}

/// A fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Which calls: a part of `POST /v1/refunds`.
    pub call: String,
    /// What goes wrong.
    pub kind: Kind,
    /// How often it still does; 0 takes back what was ordered.
    pub times: u32,
}

/// Orders a fault. Of `times: 0` the opposite: faults that were ordered for such calls are off; for all calls, if `call` is empty.
pub fn order(faults: &mut Vec<Fault>, fault: Fault) {
    if fault.times == 0 {
        faults.retain(|f| !f.call.contains(&fault.call));
    } else {
        faults.push(fault);
    }
}

/// Takes the fault that a call comes to, if one was ordered for it.
pub fn take(faults: &mut Vec<Fault>, call: &str) -> Option<Kind> {
    let fault = faults.iter_mut().find(|f| f.times > 0 && call.contains(&f.call))?;
    fault.times -= 1;
    let kind = fault.kind;
    faults.retain(|f| f.times > 0);
    Some(kind)
}
