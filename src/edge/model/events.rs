//! Streams taken apart: lines, and server-sent events made of lines.

use std::io::{self, BufRead};

/// The longest line that is read, in bytes: a whole answer in one event still fits.
const LONGEST_LINE: usize = 8 << 20;

/// Why a stream cannot be read on.
#[derive(Debug)]
pub(super) enum ReadError {
    Io(io::Error),
    /// Bytes that are not UTF-8.
    NotText,
    /// A line beyond the limit.
    LongLine,
}

/// Reads a line without its end; `None` at the end of the stream.
pub(super) fn line(reader: &mut impl BufRead) -> Result<Option<String>, ReadError> {
    let mut bytes = Vec::new();
    loop {
        let buffer = reader.fill_buf().map_err(ReadError::Io)?;
        if buffer.is_empty() {
            break;
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(buffer.len(), |at| at + 1);
        bytes.extend_from_slice(&buffer[..taken]);
        reader.consume(taken);
        if end.is_some() {
            break;
        }
        if bytes.len() > LONGEST_LINE {
            return Err(ReadError::LongLine);
        }
    }
    if bytes.is_empty() {
        return Ok(None);
    }
    let mut text = String::from_utf8(bytes).map_err(|_| ReadError::NotText)?;
    text.truncate(text.trim_end_matches(['\n', '\r']).len());
    Ok(Some(text))
}

/// The data of the next server-sent event; `None` at the end of the stream.
///
/// Names of events are left out, since all providers repeat them in the data. Comments and keep-alives are passed over.
/// An event that the end of the stream cuts off is handed on: whether it is whole shows when its JSON is read.
pub(super) fn event(reader: &mut impl BufRead) -> Result<Option<String>, ReadError> {
    let mut data: Option<String> = None;
    while let Some(line) = line(reader)? {
        if line.is_empty() {
            if data.is_some() {
                break;
            }
            continue;
        }
        let Some(value) = line.trim_start_matches('\u{feff}').strip_prefix("data:") else { continue };
        let value = value.strip_prefix(' ').unwrap_or(value);
        match &mut data {
            Some(data) => {
                data.push('\n');
                data.push_str(value);
            }
            None => data = Some(value.to_owned()),
        }
    }
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8]) -> Result<Vec<String>, ReadError> {
        let mut reader = io::BufReader::with_capacity(3, text);
        let mut events = Vec::new();
        while let Some(data) = event(&mut reader)? {
            events.push(data);
        }
        Ok(events)
    }

    #[test]
    fn events_are_data_lines_up_to_a_blank_line() {
        let text = b": comment\n\nevent: x\ndata: {\"a\":1}\n\ndata:b\r\ndata: c\r\n\r\n\n\nid: 7\n\ndata: [DONE]";
        assert_eq!(all(text).unwrap(), ["{\"a\":1}", "b\nc", "[DONE]"]);
        assert_eq!(all(b"").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_text_or_too_long_is_refused() {
        assert!(matches!(all(b"data: \xff\n\n"), Err(ReadError::NotText)));
        let long = vec![b'x'; LONGEST_LINE + 2];
        assert!(matches!(all(&long), Err(ReadError::LongLine)));
    }
}
