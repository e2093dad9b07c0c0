//! The floor on PostgreSQL: as many connections as the server commits on, each transaction one flight of prepared
//! statements from BEGIN to COMMIT.

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
use crate::model::template::Template;
use crate::process;
use crate::shop;
use crate::stopwatch::Stopwatch;

/// Orders that are made at once, outside of the measured time.
const AHEAD: usize = 1_024;

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

    /// Writes for so long.
    pub async fn write(
        &mut self,
        statements: &Statements,
        template: &Template,
        floor: Floor,
        time: Duration,
    ) -> Result<Written> {
        for client in &self.clients {
            client.prepare(statements, template).await?;
        }
        let mut written = Written::default();
        while written.seconds < time.as_secs_f64() {
            let orders = (0..AHEAD).map(|_| self.source.next(template, floor)).collect();
            let orders: Rc<RefCell<VecDeque<Vec<Vec<Bound>>>>> = Rc::new(RefCell::new(orders));
            let (cpu, database) = (process::own_cpu()?, self.cpu.read());
            let watch = Stopwatch::start();
            let set = LocalSet::new();
            let tasks: Vec<_> = self
                .clients
                .iter()
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
