//! The application, built once: the only place that knows every concrete part.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, RwLock};

use orderwright_core::catalog::Channel;
use orderwright_core::order::Order;
use orderwright_core::time::{Span, Timestamp};
use orderwright_core::workflow::{Workflow, WorkflowSet};
use tokio::sync::{Mutex, Notify, watch};

use crate::kernel::{Clock, Ids};
use crate::ops::OpError;
use crate::ops::idempotency::InFlight;
use crate::ops::payouts::Desk;
use crate::ops::place::NumberBlocks;
use crate::pay::Providers;
use crate::pay::config::PayConfig;
use crate::store::{Store, StoreConfig, StoreError};
use crate::tell::config::MailConfig;
use crate::tell::mail::Mailer;
use crate::web::metrics::Metrics;

/// The application.
pub struct App {
    /// Everything that lasts.
    pub store: Store,
    /// The shop's time.
    pub clock: Clock,
    /// New ids.
    pub ids: Ids,
    /// This start's number: owner of leases.
    pub node: i64,
    /// Whether the sandbox provider and the movable clock are on.
    pub sandbox_mode: bool,
    /// The payment providers.
    pub pay: Providers,
    /// Sends mails, where the server is set up for it.
    pub mailer: Option<Mailer>,
    /// The secret that links to the payment page are made with.
    pub link_secret: String,
    /// Wakes the loops when there may be work.
    pub wake: Notify,
    /// Says that the feed has grown on this node; readers look by themselves too, because another node may have numbered the events.
    pub feed: watch::Sender<()>,
    /// Turns true when the server is to end: answers without an end of their own end then.
    pub ending: watch::Sender<bool>,
    /// Requests with an idempotency key that are running here.
    pub in_flight: InFlight,
    /// Order numbers in hand.
    pub numbers: Mutex<NumberBlocks>,
    /// Payouts that are being made here.
    pub payouts: Desk,
    /// When old answers were last thrown away: microseconds of the shop's clock.
    pub swept_at: AtomicI64,
    /// Counters and timings.
    pub metrics: Metrics,
    /// What is published, and the place in the history of publishing up to which it is known.
    workflows: RwLock<(Arc<WorkflowSet>, i64)>,
    /// When this node last looked whether something was published (real time).
    looked_us: AtomicI64,
    channels: RwLock<Arc<HashMap<String, Arc<Channel>>>>,
    /// One lock for some orders each, so that this node does not fight itself over one order. Correctness does not need it.
    order_locks: Vec<Mutex<()>>,
}

/// The key of the movable clock's offset among the settings.
pub const CLOCK_OFFSET: &str = "sandbox.clock_offset_us";

/// The key of the links' secret among the settings.
const LINK_SECRET: &str = "pay.link_secret";

/// The shop's secret for links, made by the first node that needs it; the others take what it left.
async fn link_secret(store: &Store) -> anyhow::Result<String> {
    if let Some(secret) = store.setting(LINK_SECRET).await? {
        return Ok(secret);
    }
    store.put_setting_once(LINK_SECRET, &crate::kernel::random::secret()?).await?;
    store
        .setting(LINK_SECRET)
        .await?
        .ok_or_else(|| anyhow::anyhow!("the store forgot a setting that it had just taken"))
}

impl App {
    /// Opens the store and builds everything on it.
    pub async fn open(config: StoreConfig, sandbox_mode: bool) -> anyhow::Result<Arc<Self>> {
        Self::open_with(config, sandbox_mode, PayConfig::default(), None).await
    }

    /// The same, with payment providers beside the sandbox, and with mail if there is a server for it.
    pub async fn open_with(
        config: StoreConfig,
        sandbox_mode: bool,
        pay: PayConfig,
        mail: Option<MailConfig>,
    ) -> anyhow::Result<Arc<Self>> {
        let store = Store::open(config).await?;
        let link_secret = link_secret(&store).await?;
        let node = store.node_id();
        let offset = store.setting(CLOCK_OFFSET).await?.and_then(|v| v.parse().ok()).unwrap_or(0);
        let app = Arc::new(Self {
            pay: Providers::new(&store, pay)?,
            mailer: mail.map(Mailer::new).transpose()?,
            link_secret,
            clock: Clock::system(Span(if sandbox_mode { offset } else { 0 })),
            ids: Ids::new(node),
            node,
            sandbox_mode,
            wake: Notify::new(),
            feed: watch::Sender::default(),
            ending: watch::Sender::default(),
            in_flight: InFlight::default(),
            numbers: Mutex::new(NumberBlocks::default()),
            payouts: Desk::default(),
            swept_at: AtomicI64::new(0),
            metrics: Metrics::new(store.stats(), store.is_shared(), node),
            workflows: RwLock::default(),
            looked_us: AtomicI64::new(0),
            channels: RwLock::default(),
            order_locks: (0..256).map(|_| Mutex::new(())).collect(),
            store,
        });
        crate::ops::versions::follow::open(&app).await?;
        app.reload_channels().await?;
        Ok(app)
    }

    /// Reads the channels again, after one was changed.
    pub async fn reload_channels(&self) -> Result<(), StoreError> {
        let mut channels = HashMap::new();
        for row in self.store.channels().await? {
            match serde_json::from_str::<Channel>(&row.body) {
                Ok(channel) => drop(channels.insert(row.name, Arc::new(channel))),
                Err(error) => return Err(StoreError::Invalid(format!("channel {}: {error}", row.name))),
            }
        }
        *self.channels.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::new(channels);
        Ok(())
    }

    /// The channel of that name.
    pub fn channel(&self, name: &str) -> Option<Arc<Channel>> {
        self.channels.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(name).cloned()
    }

    /// All channels, by name.
    pub fn channels(&self) -> Arc<HashMap<String, Arc<Channel>>> {
        self.channels.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// The published workflows.
    pub fn workflows(&self) -> Arc<WorkflowSet> {
        self.workflows_at().0
    }

    /// The published workflows, and the place in the history of publishing up to which they are known.
    pub fn workflows_at(&self) -> (Arc<WorkflowSet>, i64) {
        self.workflows.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Replaces the published workflows, unless more of the history is known already.
    pub fn set_workflows(&self, set: WorkflowSet, seq: i64) {
        let mut known = self.workflows.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if known.1 < seq {
            *known = (Arc::new(set), seq);
        }
    }

    /// Whether it is time to look again whether something was published; who is told so looks.
    pub fn is_time_to_look(&self, real_now: Timestamp, every_us: i64) -> bool {
        let last = self.looked_us.load(Ordering::Relaxed);
        let due = real_now.0 < last || real_now.0 - last >= every_us;
        due && self.looked_us.compare_exchange(last, real_now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// The workflow that an order runs and its partner, in the versions that the order keeps.
    pub fn workflow_of(&self, order: &Order) -> Result<(Arc<Workflow>, Option<Arc<Workflow>>), OpError> {
        let set = self.workflows();
        let find = |version: &str| {
            set.by_version(version).cloned().ok_or_else(|| {
                OpError::Internal(format!("order {}: workflow version {version} is not in the store", order.id))
            })
        };
        let partner = order.partner_version.as_deref().map(find).transpose()?;
        Ok((find(&order.workflow_version)?, partner))
    }

    /// The lock that orders of this id share with some others.
    pub fn order_lock(&self, id: i64) -> &Mutex<()> {
        // Ids differ in their low bits (counter and node) first.
        &self.order_locks[(id ^ (id >> 22)).rem_euclid(256) as usize]
    }
}
