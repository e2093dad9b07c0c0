//! The sandbox provider's own books: what a real provider would keep on its side.

use super::{Changeset, Result, Store, changeset::Label, registry::Stmt, value::row};

row! {
    /// A scripted fault: the next so many calls of an operation end like this.
    pub struct SandboxFaultRow {
        /// Its id; the oldest is taken first.
        id: i64,
        /// The operation.
        operation: String,
        /// How it ends.
        outcome: String,
        /// How often it still happens.
        remaining: i64,
    }
}

impl Store {
    /// A payment's document.
    pub async fn sandbox_payment(&self, id: &str) -> Result<Option<String>> {
        self.inner.row(Stmt::SandboxPaymentGet, &[id.into()]).await
    }

    /// What an operation with this key did: the payment's id and the answer.
    pub async fn sandbox_operation(&self, key: &str) -> Result<Option<(String, String)>> {
        self.inner.row(Stmt::SandboxOperationGet, &[key.into()]).await
    }

    /// Operations after a key, in the order of their keys: key, payment and answer.
    pub async fn sandbox_operations_after(&self, after: &str, limit: i64) -> Result<Vec<(String, String, String)>> {
        self.inner.list_stmt(Stmt::SandboxOperationsAfter, vec![after.into(), limit.into()]).await
    }

    /// Takes the oldest fault of an operation once; its outcome.
    pub async fn take_sandbox_fault(&self, operation: &str) -> Result<Option<String>> {
        Ok(self.inner.write_rows(Stmt::SandboxFaultTake, vec![operation.into()]).await?.pop())
    }

    /// All faults, the used up ones too.
    pub async fn sandbox_faults(&self) -> Result<Vec<SandboxFaultRow>> {
        self.inner.rows(Stmt::SandboxFaultList, &[]).await
    }
}

impl Changeset {
    /// Opens a payment.
    pub fn insert_sandbox_payment(&mut self, id: &str, body: &str) -> &mut Self {
        self.push(Stmt::SandboxPaymentInsert, Label::Other("sandbox_payment"), [id.into(), body.into()])
    }

    /// Changes a payment, if it still is what was read.
    pub fn replace_sandbox_payment(&mut self, id: &str, body: &str, previous: &str) -> &mut Self {
        let vals = [id.into(), body.into(), previous.into()];
        self.guard(Stmt::SandboxPaymentReplace, Label::Other("sandbox_payment"), vals)
    }

    /// Notes an operation and its answer under its idempotency key; whoever comes second is refused.
    pub fn insert_sandbox_operation(&mut self, key: &str, payment_id: &str, body: &str) -> &mut Self {
        let vals = [key.into(), payment_id.into(), body.into()];
        self.push(Stmt::SandboxOperationInsert, Label::Other("sandbox_operation"), vals)
    }

    /// Scripts a fault.
    pub fn insert_sandbox_fault(&mut self, fault: &SandboxFaultRow) -> &mut Self {
        self.push(Stmt::SandboxFaultInsert, Label::Other("sandbox_fault"), fault.vals())
    }
}
