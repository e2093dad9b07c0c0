//! `orderwright serve`: the server, from opening the store to the last answer before the end.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

use super::mail::{self, MailArgs};
use super::payments::{self, PaymentArgs};
use super::store::StoreArgs;
use super::threads::ThreadArgs;
use crate::app::App;
use crate::effects;
use crate::web;

/// Where servers listen unless told otherwise.
pub const LISTEN: &str = "127.0.0.1:8080";
/// How long answers that are under way may take after the server was told to end.
const GRACE: Duration = Duration::from_secs(10);

/// How long a client may take for the head of a request, and how long a connection may rest between two.
const HEAD_WITHIN: Duration = Duration::from_secs(75);
/// The largest head of a request, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// How long nobody is let in after that failed.
const BREATH: Duration = Duration::from_millis(50);

/// Run the server.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  orderwright serve --data /var/lib/orderwright\n  orderwright serve --database-url postgres://shop@db/orders --listen 0.0.0.0:8080\n\nA first key:  orderwright key create --role admin --data /var/lib/orderwright"
)]
pub struct Args {
    #[command(flatten)]
    store: StoreArgs,
    /// Address and port to listen on; port 0 takes any free one
    #[arg(long, value_name = "ADDR", env = "ORDERWRIGHT_LISTEN", default_value = LISTEN)]
    listen: String,
    /// Turn the sandbox payment provider and the movable clock on
    #[arg(long)]
    sandbox: bool,
    #[command(flatten)]
    threads: ThreadArgs,
    #[command(flatten)]
    payments: PaymentArgs,
    #[command(flatten)]
    mail: MailArgs,
}

impl Args {
    /// How many threads answer requests.
    pub fn threads(&self) -> usize {
        self.threads.count(self.store.database_url.is_none())
    }
}

/// Runs the server until it is told to end.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let end = told_to_end();
    let pay = args.payments.config()?;
    payments::tell(&pay);
    let mail = args.mail.config(None)?;
    mail::tell(mail.as_ref());
    let listener = bind(&args.listen).await?;
    let app = App::open_with(args.store.config(true), args.sandbox, pay, mail).await?;
    start(&app).await?;
    if app.store.list_tokens(0, 1).await?.is_empty() {
        tracing::warn!("nobody has a key yet; make one with `orderwright key create --role admin`");
    }
    tell_of_channels(&app, args.sandbox);
    tracing::info!(url = base_url(listener.local_addr()?), sandbox = args.sandbox, "serving");
    serve(app, listener, end).await?;
    Ok(ExitCode::SUCCESS)
}

/// Nobody should find out by a payment that was none, or by one that nobody can take, how a channel is paid.
fn tell_of_channels(app: &App, sandbox: bool) {
    for (name, channel) in app.channels().iter() {
        let provider = channel.payment_provider.as_str();
        if app.pay.get(provider).is_none() {
            tracing::error!(
                channel = name,
                provider,
                "the channel's payment provider is not set up: its orders cannot be paid"
            );
        } else if provider == orderwright_core::order::SANDBOX && !sandbox {
            tracing::warn!(
                channel = name,
                "payments are answered by the sandbox provider: no money moves; see PATCH /admin/settings"
            );
        }
    }
}

/// Takes the address before anything else is done, so that a taken port is told at once.
pub async fn bind(listen: &str) -> anyhow::Result<TcpListener> {
    match TcpListener::bind(listen).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            bail!(
                "{listen} is taken by another program; choose another with --listen, like --listen 127.0.0.1:0 for any free port"
            )
        }
        Err(error) => Err(error).with_context(|| {
            format!("cannot listen on {listen}; give an address of this machine and a port, like --listen {LISTEN}")
        }),
    }
}

/// What a node does before it serves: takes up what an earlier run left, and starts its loops.
pub async fn start(app: &Arc<App>) -> anyhow::Result<()> {
    let freed = app.store.release_leases_of_other_owners().await?;
    if freed > 0 {
        tracing::info!(jobs = freed, "taking up the jobs of an earlier run");
    }
    effects::loops::start(app);
    Ok(())
}

/// Serves until `end`, then lets answers that are under way be given.
pub async fn serve(
    app: Arc<App>,
    listener: TcpListener,
    end: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let ending = app.ending.clone();
    let mut told = ending.subscribe();
    let graceful = async move {
        end.await;
        tracing::info!("ending: no new connections, answers under way are given");
        ending.send_replace(true);
    };
    let server = accept(listener, web::router(app), HEAD_WITHIN, graceful);
    // Streams of events end with the server; a client that does not read its answer holds it up for no longer than this.
    let late = async move {
        let _ = told.wait_for(|told| *told).await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        () = server => {}
        () = late => {}
    }
    Ok(())
}

/// Takes connections until `end`, then waits for the answers that are under way. A client that has not sent the head of a request within
/// `head_within`, the first one or the next, is hung up on.
async fn accept(listener: TcpListener, router: axum::Router, head_within: Duration, end: impl Future<Output = ()>) {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(head_within).max_buf_size(MAX_HEAD);
    let connections = GracefulShutdown::new();
    let mut end = std::pin::pin!(end);
    loop {
        let stream = tokio::select! {
            () = &mut end => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, or a client that is gone already: neither is a reason to end.
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(BREATH).await;
                    continue;
                }
            },
        };
        // Answers are written whole; waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let connection = connections.watch(builder.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    connections.shutdown().await;
}

/// Waits for Ctrl-C or the signal by which service managers end a process. It listens from the call on, not only from the first poll: a
/// signal that comes while the server starts is not lost.
pub fn told_to_end() -> impl Future<Output = ()> + Send + 'static {
    #[cfg(unix)]
    let signals = {
        use tokio::signal::unix::{SignalKind, signal};
        [SignalKind::terminate(), SignalKind::interrupt()].map(signal)
    };
    #[cfg(unix)]
    return async move {
        let [terminate, interrupt] = signals;
        match (terminate, interrupt) {
            (Ok(mut terminate), Ok(mut interrupt)) => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            }
            // Without handlers the system's own apply: both signals end the process.
            _ => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// The URL by which clients on this machine reach an address.
pub fn base_url(address: SocketAddr) -> String {
    let ip = match address.ip() {
        std::net::IpAddr::V4(ip) if ip.is_unspecified() => std::net::Ipv4Addr::LOCALHOST.into(),
        std::net::IpAddr::V6(ip) if ip.is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[test]
    fn a_wildcard_address_is_reached_by_the_loopback() {
        let url = |text: &str| base_url(text.parse().expect("an address"));
        assert_eq!(url("0.0.0.0:80"), "http://127.0.0.1:80");
        assert_eq!(url("[::]:81"), "http://[::1]:81");
        assert_eq!(url("192.168.1.4:8080"), "http://192.168.1.4:8080");
    }

    #[tokio::test]
    async fn a_taken_port_is_told_with_a_way_out() {
        let first = bind("127.0.0.1:0").await.expect("a free port");
        let taken = first.local_addr().expect("bound").to_string();
        let error = bind(&taken).await.expect_err("taken").to_string();
        assert!(error.contains(&taken) && error.contains("--listen"), "{error}");
        let error = bind("nowhere").await.expect_err("no address").to_string();
        assert!(error.contains("nowhere") && error.contains("--listen"), "{error}");
    }

    #[tokio::test]
    async fn who_never_ends_the_head_of_a_request_is_hung_up_on() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let router = axum::Router::new().route("/", axum::routing::get(|| async { "here" }));
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let server = tokio::spawn(accept(listener, router, Duration::from_millis(100), async {
            let _ = stopped.await;
        }));
        let mut slow = tokio::net::TcpStream::connect(address).await.expect("connects");
        slow.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ").await.expect("sends");
        let mut answer = Vec::new();
        slow.read_to_end(&mut answer).await.expect("is hung up on");
        assert!(!String::from_utf8_lossy(&answer).contains("here"), "{answer:?}");
        // Others are served meanwhile and afterwards, and what is under way at the end is answered.
        let mut quick = tokio::net::TcpStream::connect(address).await.expect("connects");
        quick.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.expect("sends");
        quick.read_to_end(&mut answer).await.expect("an answer");
        assert!(String::from_utf8_lossy(&answer).ends_with("here"), "{answer:?}");
        drop(stop);
        server.await.expect("ends");
    }

    #[tokio::test]
    async fn a_stream_of_events_ends_with_the_server() {
        let dir = tempfile::tempdir().expect("a folder");
        let app = App::open(super::super::store::config(dir.path(), None, true), true).await.expect("opens");
        let grant = crate::ops::auth::Grant {
            role: orderwright_core::actor::Role::Admin,
            subject: None,
            party: None,
            channel: None,
            label: "test".to_owned(),
            expires_at: None,
        };
        let (_, token) = crate::ops::auth::issue_all(&app, &[grant]).await.expect("issued").remove(0);
        let listener = bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("{}/events", base_url(listener.local_addr().expect("bound")));
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let server = tokio::spawn(serve(app, listener, async { drop(ended.await) }));
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let reader = tokio::task::spawn_blocking(move || {
            let request = ureq::get(&url).header("authorization", &format!("Bearer {token}"));
            let answer = request.header("accept", "text/event-stream").call().expect("answered");
            begun.send(()).expect("waited for");
            std::io::read_to_string(answer.into_body().into_reader())
        });
        has_begun.await.expect("a stream");
        end.send(()).expect("still serving");
        // Well before the time that answers under way are given.
        tokio::time::timeout(GRACE / 2, server).await.expect("ends at once").expect("no panic").expect("no error");
        let text = reader.await.expect("no panic").expect("ends as an answer should");
        assert!(text.starts_with("retry: 2000"), "{text}");
    }

    #[tokio::test]
    async fn serves_until_told_to_end() {
        let dir = tempfile::tempdir().expect("a folder");
        let app = App::open(super::super::store::config(dir.path(), None, true), true).await.expect("opens");
        let listener = bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("{}/healthz", base_url(listener.local_addr().expect("bound")));
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let server = tokio::spawn(serve(app, listener, async { drop(ended.await) }));
        let status = tokio::task::spawn_blocking(move || ureq::get(&url).call().map(|r| r.status().as_u16()));
        assert_eq!(status.await.expect("asked").expect("answered"), 200);
        end.send(()).expect("still serving");
        let result = tokio::time::timeout(GRACE, server).await.expect("ends at once").expect("no panic");
        result.expect("no error");
    }
}
