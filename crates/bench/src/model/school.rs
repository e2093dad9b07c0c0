//! Learning templates: a real server on a throw-away SQLite store plays journeys one by one while a recorder listens.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use orderwright_core::id::OrderId;

use super::capture::Recorder;
use super::learn::Statements;
use super::template::Template;
use crate::http::Connection;
use crate::journey::Journey;
use crate::lives::LIVES;
use crate::server::{Place, Server};
use crate::shop::{self, Shop};

/// A template of the bulk loader and its share in thousandths.
pub struct Weighted {
    /// The order.
    pub template: Template,
    /// Its share.
    pub share: u32,
}

/// A server that is listened to.
pub struct School {
    server: Server,
    shop: Shop,
    connection: Connection,
    recorder: Recorder,
    /// The statements of all templates that were learnt.
    pub statements: Statements,
}

impl School {
    /// Opens on a fresh folder.
    pub async fn open(program: &Path, dir: PathBuf) -> Result<Self> {
        let place = Place { dir, database_url: None };
        let server = Server::start(program, &place)?;
        let demo = server.demo.clone();
        server.stop()?;
        shop::stock_up(&place, &demo)?;
        let recorder = Recorder::attach(&place.dir)?;
        let server = Server::start(program, &place)?;
        let shop = Shop::of(&server)?;
        let connection = Connection::open(server.address).await?;
        let statements = Statements::new(recorder.tables.clone());
        Ok(Self { server, shop, connection, recorder, statements })
    }

    /// The template of a whole journey.
    pub async fn learn(&mut self, journey: &Journey) -> Result<Template> {
        let last = journey.steps.len();
        let mut learnt = self.walk(journey, |stop| stop == last).await?;
        learnt.pop().context("nothing was learnt")
    }

    /// The templates of the bulk loader.
    pub async fn learn_lives(&mut self) -> Result<Vec<Weighted>> {
        let mut all = Vec::new();
        for life in LIVES {
            let templates = self.walk(&life.journey, |stop| life.shares[stop] > 0).await?;
            let shares = life.shares.iter().copied().filter(|&share| share > 0);
            all.extend(templates.into_iter().zip(shares).map(|(template, share)| Weighted { template, share }));
        }
        Ok(all)
    }

    /// Plays a journey; a template of every stop (0 is after placement, n after the n-th step) that is wanted.
    async fn walk(&mut self, journey: &Journey, wanted: impl Fn(usize) -> bool) -> Result<Vec<Template>> {
        let Self { shop, connection, recorder, statements, .. } = self;
        // The first order of a customer writes the contact, and the first of a day takes a block of numbers: a second one
        // shows what an order costs.
        if !journey.guest {
            for _ in 0..50 {
                journey.place(connection, shop, &journey.placement(shop)).await?;
            }
        }
        recorder.changes().await?;
        recorder.clear()?;
        let placement = journey.placement(shop);
        let mut learnt = Vec::new();
        let mut id = String::new();
        for stop in 0..=journey.steps.len() {
            match stop.checked_sub(1).map(|n| journey.steps[n]) {
                None => id = journey.place(connection, shop, &placement).await?,
                Some(step) => journey.step(connection, shop, &id, step).await?,
            }
            if wanted(stop) {
                let changes = recorder.changes().await?;
                let order = OrderId::parse(&id).context("no order's id")?.0;
                let template = statements.learn(&changes, order, &placement.skus, &placement.email);
                learnt.push(template.with_context(|| format!("{}, stop {stop}", journey.name))?);
            }
        }
        Ok(learnt)
    }

    /// Closes it; what was learnt stays.
    pub fn close(self) -> Result<Statements> {
        self.server.stop()?;
        Ok(self.statements)
    }
}
