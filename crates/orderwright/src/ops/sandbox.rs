//! Faults of the sandbox provider, scripted by whoever tests against it.

use orderwright_core::time::Span;
use orderwright_core::workflow::Effect;

use super::{Ctx, OpError};
use crate::pay::sandbox::{FAULTS, HOLD, HOLDS};
use crate::store::{Changeset, SandboxFaultRow};

/// The most times that one fault is scripted.
pub const MAX_FAULTS: i64 = 1000;

/// What a fault can be scripted for.
pub fn payment_effects() -> Vec<String> {
    Effect::ALL.iter().map(|(name, _)| *name).filter(|n| n.starts_with("payment.")).map(str::to_owned).collect()
}

/// Holds that the sandbox makes from now on last so long.
///
/// # Errors
/// [`OpError::NotFound`] where the sandbox is off, [`OpError::Invalid`] for a time that no card's hold lasts.
pub async fn set_hold(ctx: &mut Ctx, hold: Span) -> Result<(), OpError> {
    if !ctx.app.sandbox_mode {
        return Err(OpError::NotFound);
    }
    let (least, most) = HOLDS;
    if !(least..=most).contains(&hold) {
        return Err(OpError::field("/life", format!("must be between {least} and {most}")));
    }
    let now = ctx.clock.now();
    let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
    cs.put_setting(HOLD, &hold.to_string());
    if let Some(key) = ctx.key.take() {
        key.start(&mut cs, None, now);
    }
    ctx.app.store.commit(cs).await?;
    ctx.app.pay.sandbox.set_hold(hold);
    Ok(())
}

/// The next `times` calls of an operation come to that outcome.
pub async fn script_fault(ctx: &Ctx, operation: &str, outcome: &str, times: i64) -> Result<(), OpError> {
    if !ctx.app.sandbox_mode {
        return Err(OpError::NotFound);
    }
    let known = payment_effects();
    if !known.iter().any(|k| k == operation) {
        return Err(OpError::field("/operation", format!("must be one of {}", known.join(", "))));
    }
    if !FAULTS.contains(&outcome) {
        return Err(OpError::field("/outcome", format!("must be one of {}", FAULTS.join(", "))));
    }
    if !(1..=MAX_FAULTS).contains(&times) {
        return Err(OpError::field("/times", format!("must be between 1 and {MAX_FAULTS}")));
    }
    let now = ctx.clock.now();
    let id = ctx.app.ids.next(now);
    let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
    cs.insert_sandbox_fault(&SandboxFaultRow {
        id,
        operation: operation.to_owned(),
        outcome: outcome.to_owned(),
        remaining: times,
    });
    ctx.app.store.commit(cs).await?;
    ctx.app.pay.sandbox.expect_faults();
    Ok(())
}
