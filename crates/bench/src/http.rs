//! A keep-alive HTTP/1.1 client over plain TCP that costs as little processor time as it can: it shares the machine with
//! the server that it measures.
//!
//! One request at a time on a connection, bodies with a length only (what the server sends). What is not here: what is asked.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Headers that an answer may have.
const HEADERS: usize = 32;

/// One connection.
pub struct Connection {
    stream: TcpStream,
    out: Vec<u8>,
    buffer: Vec<u8>,
}

/// An answer; its body stays in the connection's buffer.
#[derive(Clone, Copy, Debug)]
pub struct Reply<'a> {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: &'a str,
}

impl<'a> Reply<'a> {
    /// The first text value of that name in the body, without parsing the whole: an order's own `id` and `status` come
    /// before those of its parts.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        let at = self
            .body
            .match_indices(name)
            .map(|(at, _)| at)
            .find(|&at| self.body[..at].ends_with('"') && self.body[at + name.len()..].starts_with("\":\""))?;
        self.body[at + name.len() + 3..].split('"').next()
    }

    /// The answer, if it has this status.
    pub fn expect(self, status: u16) -> Result<Self> {
        if self.status != status {
            bail!("expected {status}, got {}: {}", self.status, self.body);
        }
        Ok(self)
    }
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, out: Vec::with_capacity(2048), buffer: Vec::with_capacity(16 * 1024) })
    }

    /// GET.
    pub async fn get(&mut self, path: &str, token: &str) -> Result<Reply<'_>> {
        self.send("GET", path, token, "").await
    }

    /// POST of a JSON body.
    pub async fn post(&mut self, path: &str, token: &str, body: &str) -> Result<Reply<'_>> {
        self.send("POST", path, token, body).await
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&mut self, method: &str, path: &str, token: &str, body: &str) -> Result<Reply<'_>> {
        self.out.clear();
        for part in [method, " ", path, " HTTP/1.1\r\nhost: bench\r\n"] {
            self.out.extend_from_slice(part.as_bytes());
        }
        if !token.is_empty() {
            for part in ["authorization: Bearer ", token, "\r\n"] {
                self.out.extend_from_slice(part.as_bytes());
            }
        }
        if method != "GET" {
            let head = format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
            self.out.extend_from_slice(head.as_bytes());
        }
        self.out.extend_from_slice(b"\r\n");
        self.out.extend_from_slice(body.as_bytes());
        self.stream.write_all(&self.out).await?;
        self.read().await.with_context(|| format!("{method} {path}"))
    }

    async fn read(&mut self) -> Result<Reply<'_>> {
        self.buffer.clear();
        let mut head: Option<(u16, usize, usize)> = None;
        loop {
            if let Some((status, begin, length)) = head
                && self.buffer.len() >= begin + length
            {
                let body = std::str::from_utf8(&self.buffer[begin..begin + length])?;
                return Ok(Reply { status, body });
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the server closed the connection");
            }
            if head.is_none() {
                head = parse(&self.buffer)?;
            }
        }
    }
}

/// The status, where the body begins and how long it is; None when the head is not complete yet.
fn parse(bytes: &[u8]) -> Result<Option<(u16, usize, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(begin) = response.parse(bytes)? else { return Ok(None) };
    let status = response.code.context("an answer without a status")?;
    let length = response.headers.iter().find(|h| h.name.eq_ignore_ascii_case("content-length"));
    let length = length.context("an answer without a length")?.value;
    Ok(Some((status, begin, std::str::from_utf8(length)?.trim().parse()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_when_it_is_complete() {
        let text = b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello";
        assert!(parse(&text[..30]).expect("no error").is_none());
        assert_eq!(parse(text).expect("no error"), Some((201, 43, 5)));
        assert!(parse(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }

    #[test]
    fn the_first_value_of_a_name_is_the_orders_own() {
        let body = r#"{"id":"ord_1","orderStatus":"x","status":"paid","items":[{"id":"itm_1","status":"new"}]}"#;
        let reply = Reply { status: 200, body };
        assert_eq!((reply.text("id"), reply.text("status"), reply.text("no")), (Some("ord_1"), Some("paid"), None));
    }
}
