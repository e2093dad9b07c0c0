//! Documents of orders one page after the other, for whatever must see each of them once: no row beside the document says in which states the
//! items of an order are.

use super::{Result, Scope, Store, registry::Stmt};

impl Store {
    /// Id and document of the orders in scope after an id, in the order of their ids, at most `limit`.
    pub async fn order_bodies(&self, scope: &Scope, after: i64, limit: i64) -> Result<Vec<(i64, String)>> {
        let Some([kind, channel, id]) = scope.vals() else { return Ok(Vec::new()) };
        self.inner.list_stmt(Stmt::OrderBodies, vec![after.into(), kind, channel, id, limit.into()]).await
    }
}
