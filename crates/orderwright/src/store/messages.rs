//! Messages between the people around an order, in threads by merchant. What is not here: who may read which.

use super::{Changeset, Result, Store, changeset::Label, registry::Stmt, value::row};

row! {
    /// One message.
    pub struct MessageRow {
        /// Its id.
        id: i64,
        /// The order.
        order_id: i64,
        /// The merchant whose thread it is in; None is the thread between the customer and the operator.
        merchant_id: Option<i64>,
        /// Which side wrote it: customer, merchant or operator.
        side: String,
        /// The text.
        message: String,
        /// Who wrote it.
        created_by: String,
        /// When.
        at: i64,
    }
}

impl Store {
    /// An order's messages after an id, oldest first; of one merchant's thread only, if asked so.
    pub async fn list_messages(
        &self,
        order_id: i64,
        after: i64,
        limit: i64,
        merchant_id: Option<i64>,
    ) -> Result<Vec<MessageRow>> {
        let vals = vec![order_id.into(), after.into(), limit.into(), merchant_id.into()];
        self.inner.list_stmt(Stmt::MessageList, vals).await
    }
}

impl Changeset {
    /// Adds a message to its thread.
    pub fn insert_message(&mut self, message: &MessageRow) -> &mut Self {
        self.push(Stmt::MessageInsert, Label::Other("message"), message.vals())
    }
}
