//! The bench as a whole: on each store the writes with the floor in turn, then a shop of two sizes to read from.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;

use crate::database::{Database, ServerCpu, connect};
use crate::floor::postgres::PostgresFloor;
use crate::floor::sqlite::SqliteFloor;
use crate::floor::{Floor, Written};
use crate::journey::{FOUR_PARTY, FULFILLED, Journey, PAID, PAID_BY_GUEST, SPLIT};
use crate::load::{self, Measured, Until};
use crate::model::learn::Statements;
use crate::model::school::{School, Weighted};
use crate::model::template::Template;
use crate::options::{BenchArgs, Part, StoreKind};
use crate::reads::{ASKED, Sample};
use crate::report::{self, Asking, FlashSale, Growth, Placing, Report, ServerFigures};
use crate::server::{Place, Server};
use crate::shop::{self, Shop};
use crate::stopwatch::Stopwatch;
use crate::{bulk, flash, import, inprocess, ledger, reads, storm};

/// Connections that the server commits on; the floor gets as many.
const COMMITTING: usize = 12;
/// Connections of reads: few, so that a latency is not a queue's.
const READING: usize = 2;
/// Requests before a scenario counts, so that both shops are warm: each order of the sample about twice.
const WARM: u64 = 1_000;
/// Starts of which the median is told.
const STARTS: usize = 5;
/// Orders over which the statements of one are averaged.
const COUNTED: u64 = 100;
/// Orders that are fulfilled.
const FULFILLED_ORDERS: u64 = 2_000;
/// The same in the quick version.
const FULFILLED_QUICKLY: u64 = 200;

/// Journeys whose placement is measured.
const PLACED: [&Journey; 4] = [&PAID, &PAID_BY_GUEST, &SPLIT, &FOUR_PARTY];

/// What all parts need.
pub struct Bench {
    args: BenchArgs,
    program: PathBuf,
    dir: PathBuf,
    statements: Statements,
    journeys: Vec<(&'static Journey, Template)>,
    lives: Vec<Weighted>,
    report: Report,
}

/// The floor of a store.
enum AnyFloor {
    Sqlite(Box<SqliteFloor>),
    Postgres(Box<PostgresFloor>),
}

impl AnyFloor {
    async fn write(
        &mut self,
        statements: &Statements,
        template: &Template,
        floor: Floor,
        batch: f64,
        time: Duration,
    ) -> Result<Written> {
        match self {
            Self::Sqlite(sqlite) => sqlite.write(statements, template, floor, batch, time),
            Self::Postgres(postgres) => postgres.write(statements, template, floor, batch, time).await,
        }
    }
}

/// A store that is measured: where it is, and what is needed to watch it.
struct Measuree {
    kind: StoreKind,
    place: Place,
    database: Option<Database>,
    cpu: ServerCpu,
    /// Asks the database how it is; its process' parent's time is read.
    client: Option<tokio_postgres::Client>,
}

impl Measuree {
    async fn new(kind: StoreKind, dir: &Path, name: &str) -> Result<Self> {
        let dir = dir.join(name);
        let (database, client, cpu) = match kind {
            StoreKind::Sqlite => (None, None, ServerCpu::none()),
            StoreKind::Postgres => {
                let database = Database::create(name).await?;
                let client = connect(&database.url).await?;
                let cpu = ServerCpu::of(&client).await?;
                (Some(database), Some(client), cpu)
            }
        };
        let place = Place { dir, database_url: database.as_ref().map(|d| d.url.clone()) };
        Ok(Self { kind, place, database, cpu, client })
    }

    async fn remove(self) -> Result<()> {
        drop(self.client);
        match self.database {
            Some(database) => database.remove().await,
            None => Ok(std::fs::remove_dir_all(&self.place.dir)?),
        }
    }

    /// Transactions that wrote orders so far: of an embedded store the change counter in its shared index of the WAL, of PostgreSQL those
    /// that its rows of timelines name.
    async fn commits(&self) -> Option<u32> {
        if let Some(client) = &self.client {
            let row = client.query_one("SELECT count(DISTINCT xmin::text)::int4 FROM timeline", &[]).await.ok()?;
            return row.try_get::<_, i32>(0).ok()?.try_into().ok();
        }
        let bytes = std::fs::read(self.place.dir.join("orderwright.db-shm")).ok()?;
        Some(u32::from_ne_bytes(bytes.get(8..12)?.try_into().ok()?))
    }
}

impl Bench {
    /// Learns from the engine what an order is made of.
    pub async fn prepare(args: BenchArgs, program: PathBuf, dir: PathBuf) -> Result<Self> {
        say("learning what the engine writes");
        let mut school = School::open(&program, dir.join("school")).await?;
        let mut journeys = Vec::new();
        for journey in PLACED {
            journeys.push((journey, school.learn(journey).await?));
        }
        let lives = if args.wants(Part::Read) { school.learn_lives().await? } else { Vec::new() };
        let statements = school.close()?;
        let mut report = Report { connections: args.connections, ..Report::default() };
        report.binary_mib = std::fs::metadata(&program)?.len() as f64 / f64::from(1 << 20);
        if args.wants(Part::Place) {
            let place = Place { dir: dir.join("school"), database_url: None };
            for (journey, _) in &journeys {
                let uses = shop::apart(inprocess::place(&place, journey, COUNTED))?;
                let each: Vec<(String, f64)> =
                    uses.into_iter().map(|(name, uses)| (name.to_owned(), uses as f64 / COUNTED as f64)).collect();
                let total = each.iter().map(|(_, uses)| uses).sum();
                report.statements.push(report::Statements { scenario: journey.name.to_owned(), total, each });
            }
        }
        Ok(Self { args, program, dir, statements, journeys, lives, report })
    }

    /// Measures everything that is wanted.
    pub async fn run(mut self) -> Result<Report> {
        for kind in self.args.stores() {
            let writes = [Part::Place, Part::Fulfil, Part::Flash, Part::Storm, Part::Start];
            if writes.iter().any(|&part| self.args.wants(part)) {
                self.writes(kind).await?;
            }
            if self.args.wants(Part::Read) {
                self.reads(kind).await?;
            }
            if self.args.wants(Part::Ledger) {
                self.ledger(kind).await?;
            }
            if let (Some(files), true) = (self.args.olist.clone(), self.args.wants(Part::Import)) {
                say(&format!("{}: import", kind.name()));
                let measuree = Measuree::new(kind, &self.dir, "import").await?;
                let (orders, seconds) = import::olist(&self.program, &files, &measuree.place)?;
                self.report.imports.push(report::Import { store: kind.name().to_owned(), orders, seconds });
                measuree.remove().await?;
            }
        }
        Ok(self.report)
    }

    async fn writes(&mut self, kind: StoreKind) -> Result<()> {
        let name = kind.name();
        let measuree = Measuree::new(kind, &self.dir, "writes").await?;
        say(&format!("{name}: making a shop"));
        let server = Server::start(&self.program, &measuree.place)?;
        let demo = server.demo.clone();
        server.stop()?;
        shop::stock_up(&measuree.place, &demo)?;
        let server = Server::start(&self.program, &measuree.place)?;
        if self.args.wants(Part::Place) {
            self.placements(&measuree, &server).await?;
        }
        if self.args.wants(Part::Fulfil) {
            self.fulfilment(&measuree, &server).await?;
        }
        if self.args.wants(Part::Flash) {
            say(&format!("{name}: flash sale"));
            let sale = flash::run(&server, &Shop::of(&server)?).await?;
            let (p50_ms, p99_ms) = sale.percentiles_ms();
            let (sold, all_ms) = (sale.sold, sale.all_ms);
            let store = name.to_owned();
            self.report.flash_sales.push(FlashSale { store, buyers: flash::BUYERS, sold, all_ms, p50_ms, p99_ms });
        }
        if self.args.wants(Part::Storm) {
            say(&format!("{name}: storm of refunds"));
            let storm = storm::Storm {
                program: &self.program,
                place: &measuree.place,
                cpu: &measuree.cpu,
                connections: self.args.connections,
                refunds: storm::refunds_of(self.args.day()),
                time: Duration::from_secs_f64(self.args.storm_seconds()),
            };
            let figures = storm.run(&server, &Shop::of(&server)?, name).await?;
            self.report.storms.push(figures);
        }
        if self.args.wants(Part::Start) {
            self.starts(&measuree, server, "after the writes").await?;
        } else {
            server.stop()?;
        }
        measuree.remove().await
    }

    async fn placements(&mut self, measuree: &Measuree, server: &Server) -> Result<()> {
        let name = measuree.kind.name();
        let shop = Shop::of(server)?;
        let now_us = Timestamp::from_second(unix_seconds())?.as_microsecond();
        let floor_dir = self.dir.join("floor");
        let mut floor = match measuree.kind {
            StoreKind::Sqlite => AnyFloor::Sqlite(Box::new(SqliteFloor::open(&floor_dir, now_us).await?)),
            StoreKind::Postgres => {
                let connections = self.args.connections.min(COMMITTING);
                AnyFloor::Postgres(Box::new(PostgresFloor::open(connections, now_us).await?))
            }
        };
        let time = Duration::from_secs_f64(self.args.seconds());
        for (journey, template) in &self.journeys {
            say(&format!("{name}: {}", journey.name));
            let (mut measured, mut rows, mut steps) = (Measured::default(), Written::default(), Written::default());
            let mut batch = 1.0;
            // The first requests prepare statements and open connections: they are not measured.
            place(&shop, journey, server, &measuree.cpu, self.args.connections, Until::Time(time / 8)).await?;
            for _ in 0..self.args.rounds() {
                let commits = measuree.commits().await;
                let round =
                    place(&shop, journey, server, &measuree.cpu, self.args.connections, Until::Time(time)).await?;
                if let (Some(before), Some(after)) = (commits, measuree.commits().await) {
                    let changesets = round.count * template.steps.len() as u64;
                    batch = changesets as f64 / f64::from(after.wrapping_sub(before)).max(1.0);
                }
                measured.add(round);
                rows.add(floor.write(&self.statements, template, Floor::Rows, batch, time / 2).await?);
                steps.add(floor.write(&self.statements, template, Floor::Steps, batch, time / 2).await?);
            }
            self.report.placements.push(Placing {
                store: name.to_owned(),
                scenario: journey.name.to_owned(),
                rate: measured.rate(),
                p50_ms: measured.percentile_ms(50.0),
                p99_ms: measured.percentile_ms(99.0),
                server_us: measured.each_us(measured.server),
                database_us: measured.database.map(|time| measured.each_us(time)),
                client_us: measured.each_us(measured.client),
                rows: template.rows.len(),
                tables: self.statements.rows_by_table(template),
                bytes: template.bytes(),
                changes: template.steps.iter().map(Vec::len).sum(),
                changesets: template.steps.len(),
                batch,
                floor_rows: rows.rate(),
                ratio_rows: measured.rate() / rows.rate(),
                floor_steps: steps.rate(),
                ratio_steps: measured.rate() / steps.rate(),
                floor_us: report::floor_us(&rows),
            });
        }
        match floor {
            AnyFloor::Sqlite(sqlite) => {
                drop(sqlite);
                std::fs::remove_dir_all(&floor_dir)?;
            }
            AnyFloor::Postgres(postgres) => postgres.remove().await?,
        }
        Ok(())
    }

    async fn fulfilment(&mut self, measuree: &Measuree, server: &Server) -> Result<()> {
        say(&format!("{}: {}", measuree.kind.name(), FULFILLED.name));
        let shop = Shop::of(server)?;
        let count = if self.args.quick { FULFILLED_QUICKLY } else { FULFILLED_ORDERS };
        let ids = Rc::new(RefCell::new(Vec::new()));
        let (buying, placed) = (shop.clone(), ids.clone());
        let connections = self.args.connections;
        load::run(server, &measuree.cpu, connections, Until::Count(count), async move |connection, _| {
            let id = FULFILLED.place(connection, &buying, &FULFILLED.placement(&buying)).await?;
            placed.borrow_mut().push(id);
            Ok(())
        })
        .await?;
        let measured =
            load::run(server, &measuree.cpu, connections, Until::Count(count), async move |connection, _| {
                let id = ids.borrow_mut().pop().context("more orders are fulfilled than were placed")?;
                for &step in FULFILLED.steps {
                    FULFILLED.step(connection, &shop, &id, step).await?;
                }
                Ok(())
            })
            .await?;
        self.report.fulfilments.push(Asking::new(measuree.kind.name(), 0, FULFILLED.name, &measured));
        Ok(())
    }

    /// Reads a running server's memory, then ends and starts it some times. Answers with the last one.
    async fn starts(&mut self, measuree: &Measuree, server: Server, when: &str) -> Result<()> {
        say(&format!("{}: starts", measuree.kind.name()));
        let memory = server.memory()?;
        server.stop()?;
        let mut ready = Vec::with_capacity(STARTS);
        for _ in 0..STARTS {
            let server = Server::start(&self.program, &measuree.place)?;
            ready.push(server.ready);
            server.stop()?;
        }
        ready.sort_unstable();
        let mib = |kib: u64| kib as f64 / 1024.0;
        self.report.servers.push(ServerFigures {
            store: measuree.kind.name().to_owned(),
            when: when.to_owned(),
            ready_ms: ready[STARTS / 2].as_secs_f64() * 1_000.0,
            memory_mib: mib(memory.now_kib),
            peak_mib: mib(memory.peak_kib),
        });
        Ok(())
    }

    async fn reads(&mut self, kind: StoreKind) -> Result<()> {
        let name = kind.name();
        let measuree = Measuree::new(kind, &self.dir, "reads").await?;
        let server = Server::start(&self.program, &measuree.place)?;
        let demo = server.demo.clone();
        server.stop()?;
        shop::stock_up(&measuree.place, &demo)?;
        let mut there = 0;
        for size in self.args.sizes() {
            say(&format!("{name}: loading up to {size} orders"));
            self.load(&measuree, size - there).await?;
            there = size;
            let server = Server::start(&self.program, &measuree.place)?;
            let shop = Shop::of(&server)?;
            let sample = Rc::new(Sample::take(&server, &shop).await?);
            say(&format!("{name}: reading at {size} orders"));
            let time = Duration::from_secs_f64(self.args.seconds() / 4.0);
            for &(scenario, path) in ASKED {
                reads::run(&server, &shop, &sample, path, READING, Until::Count(WARM)).await?;
                // The round in the middle: a hiccup of the machine is no property of the shop.
                let mut rounds = Vec::new();
                for _ in 0..self.args.rounds() {
                    let measured = reads::run(&server, &shop, &sample, path, READING, Until::Time(time)).await?;
                    rounds.push(Asking::new(name, size, scenario, &measured));
                }
                rounds.sort_by(|a, b| a.p99_ms.total_cmp(&b.p99_ms));
                self.report.reads.push(rounds.swap_remove(rounds.len() / 2));
            }
            self.starts(&measuree, server, &format!("reads at {size} orders")).await?;
        }
        let [small, large] = self.args.sizes();
        for (scenario, _) in ASKED {
            let p99 = |orders: u64| {
                let mut mine = self.report.reads.iter().filter(|a| a.store == name && a.scenario == *scenario);
                mine.find(|a| a.orders == orders).map_or(0.0, |a| a.p99_ms)
            };
            let ratio = p99(large) / p99(small).max(1e-6);
            self.report.growth.push(Growth { store: name.to_owned(), scenario: (*scenario).to_owned(), ratio });
        }
        measuree.remove().await
    }

    /// Many postings: how long the trial balance takes, and the proof from scratch.
    async fn ledger(&mut self, kind: StoreKind) -> Result<()> {
        let (name, postings) = (kind.name(), self.args.postings());
        let measuree = Measuree::new(kind, &self.dir, "ledger").await?;
        Server::start(&self.program, &measuree.place)?.stop()?;
        say(&format!("{name}: booking {postings} postings"));
        let watch = Stopwatch::start();
        let lines = ledger::load(&measuree.place, postings, unix_seconds() * 1_000_000).await?;
        let loaded = watch.seconds();
        say(&format!("{name}: trial balance and proof"));
        let server = Server::start(&self.program, &measuree.place)?;
        let shop = Shop::of(&server)?;
        let (now_ms, then_ms) = ledger::balances(&server, &measuree.cpu, &shop).await?;
        server.stop()?;
        let proof = ledger::prove(&self.program, &measuree.place)?;
        let store = name.to_owned();
        self.report.ledgers.push(report::Ledger {
            store,
            postings,
            lines,
            load_s: loaded,
            balance_ms: now_ms,
            balance_at_ms: then_ms,
            proof_s: proof.seconds,
            proof_lines: proof.lines,
            one_core: proof.one_core,
        });
        measuree.remove().await
    }

    async fn load(&mut self, measuree: &Measuree, orders: u64) -> Result<()> {
        let watch = Stopwatch::start();
        let loaded = load_orders(&measuree.place, &self.statements, &self.lives, orders).await?;
        self.report.loads.push(report::Load {
            store: measuree.kind.name().to_owned(),
            orders: loaded.orders,
            rows: loaded.rows,
            seconds: watch.seconds(),
        });
        Ok(())
    }
}

/// Loads a past into a place without a server.
pub async fn load_orders(
    place: &Place,
    statements: &Statements,
    lives: &[Weighted],
    orders: u64,
) -> Result<bulk::Loaded> {
    let now_us = unix_seconds() * 1_000_000;
    match &place.database_url {
        None => bulk::sqlite::load(&place.dir, statements, lives, now_us, orders),
        Some(url) => bulk::postgres::load(url, statements, lives, now_us, orders).await,
    }
}

async fn place(
    shop: &Shop,
    journey: &'static Journey,
    server: &Server,
    cpu: &ServerCpu,
    connections: usize,
    until: Until,
) -> Result<Measured> {
    let shop = shop.clone();
    load::run(server, cpu, connections, until, async move |connection, _| {
        let id = journey.place(connection, &shop, &journey.placement(&shop)).await?;
        for &step in journey.steps {
            journey.step(connection, &shop, &id, step).await?;
        }
        Ok(())
    })
    .await
}

#[expect(clippy::disallowed_methods, reason = "orders are loaded up to the present")]
fn unix_seconds() -> i64 {
    Timestamp::now().as_second()
}

/// Tells a person what is going on.
pub fn say(what: &str) {
    eprintln!("bench: {what}");
}
