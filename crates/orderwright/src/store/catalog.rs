//! Channels, merchants and offers: what is sold where and by whom. The documents are opaque here.

use super::{Changeset, Result, Store, changeset::Label, in_list, registry::Stmt, value::row};

row! {
    /// A channel.
    pub struct ChannelRow {
        /// Its name.
        name: String,
        /// The document (JSON).
        body: String,
    }
}

row! {
    /// A merchant.
    pub struct MerchantRow {
        /// Its id.
        id: i64,
        /// What people call it.
        name: String,
        /// The document (JSON).
        body: String,
    }
}

row! {
    /// One SKU: one merchant, one price list, one channel.
    pub struct OfferRow {
        /// The SKU.
        sku: String,
        /// The channel.
        channel: String,
        /// The merchant.
        merchant_id: i64,
        /// Its place in the channel's list.
        rank: i64,
        /// The document (JSON).
        body: String,
    }
}

impl Store {
    /// All channels, by name.
    pub async fn channels(&self) -> Result<Vec<ChannelRow>> {
        self.inner.list_stmt(Stmt::ChannelAll, vec![]).await
    }

    /// The merchant with this id.
    pub async fn find_merchant(&self, id: i64) -> Result<Option<MerchantRow>> {
        self.inner.row(Stmt::MerchantFind, &[id.into()]).await
    }

    /// Merchants after an id, in the order of their ids; only those who offer something in a channel, if asked so.
    pub async fn list_merchants(&self, after: i64, limit: i64, channel: Option<&str>) -> Result<Vec<MerchantRow>> {
        self.inner.list_stmt(Stmt::MerchantList, vec![after.into(), limit.into(), channel.into()]).await
    }

    /// The offers of these SKUs, by SKU; what is not known is missing.
    pub async fn find_offers(&self, skus: &[&str]) -> Result<Vec<OfferRow>> {
        if skus.is_empty() {
            return Ok(Vec::new());
        }
        let mut vals = Vec::with_capacity(skus.len());
        let list = in_list(&mut vals, skus.iter().map(|sku| (*sku).into()));
        let text = format!("SELECT sku, channel, merchant_id, rank, body FROM offer WHERE sku IN {list} ORDER BY sku");
        self.inner.rows_of(&text, &vals).await
    }

    /// Offers after a SKU, by SKU; of one merchant or in one channel only, if asked so.
    pub async fn list_offers(
        &self,
        after: &str,
        limit: i64,
        merchant_id: Option<i64>,
        channel: Option<&str>,
    ) -> Result<Vec<OfferRow>> {
        let vals = vec![after.into(), limit.into(), merchant_id.into(), channel.into()];
        self.inner.list_stmt(Stmt::OfferList, vals).await
    }

    /// A channel's offers after (rank, SKU), in the channel's order. Begin with `(i64::MIN, "")`.
    pub async fn list_offers_of_channel(&self, channel: &str, after: (i64, &str), limit: i64) -> Result<Vec<OfferRow>> {
        self.inner
            .list_stmt(Stmt::OfferOfChannel, vec![channel.into(), after.0.into(), after.1.into(), limit.into()])
            .await
    }

    /// A merchant's offers after a SKU, by SKU.
    pub async fn list_offers_of_merchant(&self, merchant_id: i64, after: &str, limit: i64) -> Result<Vec<OfferRow>> {
        self.inner.list_stmt(Stmt::OfferOfMerchant, vec![merchant_id.into(), after.into(), limit.into()]).await
    }
}

impl Changeset {
    /// Adds or replaces a channel.
    pub fn put_channel(&mut self, channel: &ChannelRow) -> &mut Self {
        self.push(Stmt::ChannelPut, Label::Other("channel"), channel.vals())
    }

    /// Adds or replaces a merchant.
    pub fn put_merchant(&mut self, merchant: &MerchantRow) -> &mut Self {
        self.push(Stmt::MerchantPut, Label::Other("merchant"), merchant.vals())
    }

    /// Adds or replaces an offer.
    pub fn put_offer(&mut self, offer: &OfferRow) -> &mut Self {
        self.push(Stmt::OfferPut, Label::Other("offer"), offer.vals())
    }
}
