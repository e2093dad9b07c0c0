//! Nodes, leases of background work, and settings.

use super::{Changeset, CommitError, Inner, Result, Store, StoreError, changeset::Label, registry::Stmt};

/// Takes the next node id.
pub(super) async fn next_node_id(inner: &Inner) -> Result<i64> {
    let now = crate::kernel::clock::machine_now().0;
    // Another node may take the same number at the same moment; one of them gets the next.
    for _ in 0..100 {
        match inner.write_rows::<i64>(Stmt::NodeNext, vec![now.into()]).await {
            Ok(ids) => return ids.into_iter().next().ok_or_else(|| StoreError::Invalid("no node id".into())),
            Err(CommitError::Duplicate { .. }) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Err(StoreError::Unavailable("too many nodes start at once".into()))
}

impl Store {
    /// Takes or keeps the lease of background work that one node at a time may do. Times are real time.
    pub async fn take_lease(&self, name: &str, owner: i64, now: i64, until: i64) -> Result<bool> {
        let vals = vec![name.into(), owner.into(), until.into(), now.into()];
        Ok(!self.inner.write_rows::<i64>(Stmt::LeaseTake, vals).await?.is_empty())
    }

    /// A setting's value (JSON).
    pub async fn setting(&self, key: &str) -> Result<Option<String>> {
        self.inner.row(Stmt::SettingGet, &[key.into()]).await
    }

    /// Sets a setting that nobody has set before; whoever comes second changes nothing.
    pub async fn put_setting_once(&self, key: &str, value: &str) -> Result<()> {
        self.inner.write_rows::<String>(Stmt::SettingPutOnce, vec![key.into(), value.into()]).await?;
        Ok(())
    }

    /// All settings, by key.
    pub async fn settings(&self) -> Result<Vec<(String, String)>> {
        self.inner.list_stmt(Stmt::SettingAll, vec![]).await
    }
}

impl Changeset {
    /// Sets a setting.
    pub fn put_setting(&mut self, key: &str, value: &str) -> &mut Self {
        self.push(Stmt::SettingPut, Label::Other("setting"), [key.into(), value.into()])
    }
}
