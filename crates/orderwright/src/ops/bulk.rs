//! One status for many orders: each is a command of its own, and one that fails changes only itself.

use futures_util::StreamExt;
use futures_util::stream;
use orderwright_core::decide::Command;

use super::command::{Loaded, OrderRef, run};
use super::{Ctx, OpError, idempotency};

/// Orders that are worked on at the same time: their changesets share a commit.
pub const AT_ONCE: usize = 16;

/// Sets the status of each order; outcomes in the order of the ids. Every order has a transaction of its own.
pub async fn set_status(
    ctx: &mut Ctx,
    ids: &[String],
    status: &str,
    note: Option<&str>,
) -> Result<Vec<Result<Loaded, OpError>>, OpError> {
    idempotency::claim(ctx).await?;
    let each: Vec<_> = ids
        .iter()
        .map(|id| {
            let (mut ctx, which) = (ctx.clone(), OrderRef::order(id));
            let command = Command::SetStatus { status: status.to_owned(), note: note.map(str::to_owned), reason: None };
            async move { Ok(run(&mut ctx, which?, &command).await?.loaded) }
        })
        .collect();
    Ok(stream::iter(each).buffered(AT_ONCE).collect().await)
}
