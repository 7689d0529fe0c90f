//! An answer that is read while it arrives: server-sent events, JSON lines.

use std::io::{self, BufRead, BufReader, Read};

use ureq::http::HeaderMap;

use super::error::{HttpError, HttpErrorKind};
use super::{Method, RawResponse, printable};

/// The body of a 2xx answer, as it comes. Silence beyond [`super::Timeouts::silence`], the total time, a lost
/// connection and too many bytes are read errors; [`Stream::broken`] names them with the request.
pub struct Stream {
    pub headers: HeaderMap,
    reader: BufReader<Limited>,
    method: Method,
    url: String,
}

impl Stream {
    pub(super) fn new(raw: RawResponse, method: Method, url: String, limit: u64) -> Self {
        let (parts, body) = raw.into_parts();
        let reader = BufReader::new(Limited { inner: body.into_reader(), left: limit, limit });
        Self { headers: parts.headers, reader, method, url }
    }

    /// The error of a read on this stream, with the request's name.
    pub fn broken(&self, error: &io::Error) -> HttpError {
        let problem = printable(&error.to_string(), 300);
        let kind = match error.get_ref().and_then(|inner| inner.downcast_ref::<TooMuch>()) {
            Some(TooMuch(limit)) => HttpErrorKind::TooLarge { limit: *limit },
            None => HttpErrorKind::Interrupted { problem },
        };
        HttpError { method: self.method, url: self.url.clone(), kind }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

impl BufRead for Stream {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.reader.consume(amount);
    }
}

/// A reader that fails, rather than ends, when there is more than allowed.
struct Limited {
    inner: ureq::BodyReader<'static>,
    left: u64,
    limit: u64,
}

/// More bytes than this.
#[derive(Debug)]
struct TooMuch(u64);

impl std::fmt::Display for TooMuch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the response is larger than the limit of {} bytes", self.0)
    }
}

impl std::error::Error for TooMuch {}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| io::Error::other(TooMuch(self.limit)))?;
        Ok(count)
    }
}
