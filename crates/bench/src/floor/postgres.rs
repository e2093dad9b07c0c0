//! The floor on PostgreSQL: each transaction one flight of prepared statements from BEGIN to COMMIT. It is measured both ways, and the
//! faster counts: one changeset a transaction on as many connections as the server has for that, and the server's batches on as many
//! connections as it has for those.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::Result;
use futures_util::task::noop_waker_ref;
use orderwright::store::{Store, StoreConfig};
use tokio::task::LocalSet;
use tokio_postgres::{Client, Statement};

use super::{Bound, Floor, Source, Written};
use crate::database::{Database, ServerCpu, connect};
use crate::model::learn::Statements;
use crate::model::template::{Template, Verb};
use crate::process;
use crate::shop;
use crate::stopwatch::Stopwatch;

/// Orders that are made at once, outside of the measured time.
const AHEAD: usize = 1_024;
/// Connections for batches, as the server has them.
const BATCHES: usize = 3;

/// A database for the floor alone.
pub struct PostgresFloor {
    clients: Vec<Rc<Prepared>>,
    source: Source,
    cpu: ServerCpu,
    database: Database,
}

/// A connection with the statements that were prepared on it.
struct Prepared {
    client: Client,
    statements: RefCell<Vec<Option<Statement>>>,
}

type Request = Pin<Box<dyn Future<Output = Result<(), tokio_postgres::Error>>>>;

impl PostgresFloor {
    /// Makes the schema by the engine's own migrations, and the stock.
    pub async fn open(connections: usize, base_us: i64) -> Result<Self> {
        let database = Database::create("floor").await?;
        drop(Store::open(StoreConfig::Postgres { url: database.url.clone() }).await?);
        let mut clients = Vec::with_capacity(connections);
        for _ in 0..connections {
            let client = connect(&database.url).await?;
            clients.push(Rc::new(Prepared { client, statements: RefCell::default() }));
        }
        let skus = shop::CHANNELS.iter().flat_map(|channel| {
            (0..2).flat_map(move |family| (0..shop::FAMILY).map(move |n| shop::sku(channel, family, n)))
        });
        let rows: Vec<String> = skus.map(|sku| format!("('{sku}', 'default', 1000000000, 0)")).collect();
        let text = format!("INSERT INTO stock (sku, location, on_hand, reserved) VALUES {}", rows.join(", "));
        clients[0].client.batch_execute(&text).await?;
        let cpu = ServerCpu::of(&clients[0].client).await?;
        Ok(Self { clients, source: Source::new(base_us), cpu, database })
    }

    /// Writes for so long. A transaction of the server holds `batch` changesets of different orders.
    pub async fn write(
        &mut self,
        statements: &Statements,
        template: &Template,
        floor: Floor,
        batch: f64,
        time: Duration,
    ) -> Result<Written> {
        let together = match floor {
            Floor::Steps => batch,
            Floor::Rows => batch / template.steps.len().max(1) as f64,
        };
        let together = (together.round() as usize).clamp(1, AHEAD);
        let all = self.clients.len();
        if together == 1 {
            return self.write_so(statements, template, floor, (all, 1), time).await;
        }
        let one_by_one = self.write_so(statements, template, floor, (all, 1), time / 2).await?;
        let batched = self.write_so(statements, template, floor, (all.min(BATCHES), together), time / 2).await?;
        Ok(if batched.rate() > one_by_one.rate() { batched } else { one_by_one })
    }

    /// Writes on so many connections with so many orders in a transaction.
    async fn write_so(
        &mut self,
        statements: &Statements,
        template: &Template,
        floor: Floor,
        (connections, together): (usize, usize),
        time: Duration,
    ) -> Result<Written> {
        for client in &self.clients {
            client.prepare(statements, template).await?;
        }
        let mut written = Written::default();
        while written.seconds < time.as_secs_f64() {
            let orders: Vec<Vec<Vec<Bound>>> = (0..AHEAD).map(|_| self.source.next(template, floor)).collect();
            let groups: VecDeque<Vec<Vec<Bound>>> =
                orders.chunks(together).map(|group| transactions(statements, group)).collect();
            let orders: Rc<RefCell<VecDeque<Vec<Vec<Bound>>>>> = Rc::new(RefCell::new(groups));
            let (cpu, database) = (process::own_cpu()?, self.cpu.read());
            let watch = Stopwatch::start();
            let set = LocalSet::new();
            let tasks: Vec<_> = self
                .clients
                .iter()
                .take(connections)
                .map(|client| {
                    let (client, orders) = (client.clone(), orders.clone());
                    set.spawn_local(async move {
                        loop {
                            let Some(order) = orders.borrow_mut().pop_front() else { return Ok(()) };
                            for changes in order {
                                client.fly(changes).await?;
                            }
                        }
                    })
                })
                .collect();
            set.await;
            for task in tasks {
                let done: Result<(), tokio_postgres::Error> = task.await?;
                done?;
            }
            written.add(Written {
                orders: AHEAD as u64,
                seconds: watch.seconds(),
                cpu: process::own_cpu()?.saturating_sub(cpu),
                database: self.cpu.read().zip(database).map(|(after, before)| after.saturating_sub(before)),
            });
        }
        Ok(written)
    }

    /// Drops the database.
    pub async fn remove(self) -> Result<()> {
        drop(self.clients);
        self.database.remove().await
    }
}

/// The transactions of a group of orders: step by step, and within one the shared figures last and in one order, so that two
/// transactions never wait for each other in a circle.
fn transactions(statements: &Statements, group: &[Vec<Vec<Bound>>]) -> Vec<Vec<Bound>> {
    let steps = group.iter().map(Vec::len).max().unwrap_or(0);
    let step = |n: usize| {
        let mut changes: Vec<Bound> = group.iter().filter_map(|order| order.get(n)).flatten().cloned().collect();
        changes.sort_by_cached_key(|(statement, vals)| {
            let statement = &statements.list[*statement];
            (statement.verb == Verb::Add).then(|| format!("{:?}", &vals[statement.set.len()..]))
        });
        changes
    };
    (0..steps).map(step).collect()
}

impl Prepared {
    /// Prepares what a template needs and is not prepared yet.
    async fn prepare(&self, statements: &Statements, template: &Template) -> Result<()> {
        let mut prepared = self.statements.take();
        prepared.resize(statements.list.len(), None);
        for op in template.rows.iter().chain(template.steps.iter().flatten()) {
            let slot = &mut prepared[op.statement];
            if slot.is_none() {
                // No text of ours has a question mark of another meaning.
                let text = statements.list[op.statement].text.replace('?', "$");
                *slot = Some(self.client.prepare(&text).await?);
            }
        }
        self.statements.replace(prepared);
        Ok(())
    }

    /// One transaction in one flight: everything is sent before the first answer is awaited.
    async fn fly(self: &Rc<Self>, changes: Vec<Bound>) -> Result<(), tokio_postgres::Error> {
        let mut requests: Vec<Request> = Vec::with_capacity(changes.len() + 2);
        requests.push(self.batch("BEGIN"));
        for (statement, vals) in changes {
            let me = self.clone();
            let statement = me.statements.borrow()[statement].clone();
            requests.push(Box::pin(async move {
                if let Some(statement) = statement {
                    me.client.execute_raw(&statement, &vals).await?;
                }
                Ok(())
            }));
        }
        requests.push(self.batch("COMMIT"));
        // The first poll of a request puts it into the connection's queue, in this order.
        let mut sent: Vec<Option<Result<(), tokio_postgres::Error>>> = Vec::with_capacity(requests.len());
        for request in &mut requests {
            sent.push(match request.as_mut().poll(&mut Context::from_waker(noop_waker_ref())) {
                Poll::Ready(result) => Some(result),
                Poll::Pending => None,
            });
        }
        for (request, done) in requests.into_iter().zip(sent) {
            match done {
                Some(result) => result?,
                None => request.await?,
            }
        }
        Ok(())
    }

    fn batch(self: &Rc<Self>, text: &'static str) -> Request {
        let me = self.clone();
        Box::pin(async move { me.client.batch_execute(text).await })
    }
}
