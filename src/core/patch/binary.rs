//! `GIT binary patch`: base 85, zlib, git's copy-and-insert deltas, in both directions.

use std::ops::Range;

use gix_zlib::stream::deflate::{Compress, FlushCompress};

/// Both halves of a binary patch as they stand in the reply, inflated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binary {
    pub forward: Half,
    /// Undoes `forward`: what proves that the file is the one that the patch was made for.
    pub reverse: Option<Half>,
}

/// One half of a binary patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Half {
    /// The content itself.
    Literal(Vec<u8>),
    /// Copy and insert commands against the other side.
    Delta(Vec<u8>),
}

/// Decoded halves are no larger than this, so that a small patch cannot fill the memory.
const LARGEST: u64 = 1 << 28;

impl Half {
    /// Reads `literal SIZE` or `delta SIZE` and its data lines. Returns the number of rows used.
    pub(super) fn parse<'t>(rows: &mut impl Iterator<Item = &'t [u8]>) -> Result<(Self, usize), String> {
        let head = rows.next().unwrap_or_default();
        let (is_delta, size) = match (head.strip_prefix(b"literal "), head.strip_prefix(b"delta ")) {
            (Some(size), _) => (false, size),
            (None, Some(size)) => (true, size),
            (None, None) => return Err("`literal SIZE` or `delta SIZE` is missing".into()),
        };
        let size: u64 =
            std::str::from_utf8(size).ok().and_then(|size| size.parse().ok()).ok_or("its size is not a number")?;
        if size > LARGEST {
            return Err(format!("its content of {size} bytes is too large"));
        }
        let mut packed = Vec::new();
        let mut used = 1;
        for row in rows {
            used += 1;
            if row.is_empty() {
                break;
            }
            decode_row(row, &mut packed).ok_or("a data line is not base 85")?;
        }
        let data = inflate(&packed, size as usize)?;
        Ok((if is_delta { Self::Delta(data) } else { Self::Literal(data) }, used))
    }

    /// The content that this half makes out of `base`.
    pub(super) fn apply(&self, base: &[u8]) -> Result<Vec<u8>, &'static str> {
        match self {
            Self::Literal(data) => Ok(data.clone()),
            Self::Delta(delta) => apply_delta(delta, base),
        }
    }
}

/// Writes a literal half: its head, data lines and the empty line at its end.
pub(super) fn write_literal(data: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(format!("literal {}\n", data.len()).as_bytes());
    for chunk in deflate(data).chunks(52) {
        let length = chunk.len() as u8;
        out.push(if length <= 26 { b'A' + length - 1 } else { b'a' + length - 27 });
        for group in chunk.chunks(4) {
            let mut bytes = [0; 4];
            bytes[..group.len()].copy_from_slice(group);
            let mut value = u32::from_be_bytes(bytes);
            let mut digits = [0; 5];
            for digit in digits.iter_mut().rev() {
                *digit = ALPHABET[(value % 85) as usize];
                value /= 85;
            }
            out.extend_from_slice(&digits);
        }
        out.push(b'\n');
    }
    out.push(b'\n');
}

const ALPHABET: &[u8; 85] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

fn decode_row(row: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (&length, digits) = row.split_first()?;
    let length = match length {
        b'A'..=b'Z' => usize::from(length - b'A') + 1,
        b'a'..=b'z' => usize::from(length - b'a') + 27,
        _ => return None,
    };
    if digits.len() != length.div_ceil(4) * 5 {
        return None;
    }
    let end = out.len() + length;
    for group in digits.chunks(5) {
        let mut value: u32 = 0;
        for digit in group {
            let digit = ALPHABET.iter().position(|letter| letter == digit)?;
            value = value.checked_mul(85)?.checked_add(digit as u32)?;
        }
        out.extend_from_slice(&value.to_be_bytes());
    }
    out.truncate(end);
    Some(())
}

fn inflate(packed: &[u8], size: usize) -> Result<Vec<u8>, String> {
    let mut out = vec![0; size];
    // One spare byte, so that a stream longer than it says shows.
    out.push(0);
    let (status, _, written) =
        gix_zlib::Inflate::default().once(packed, &mut out).map_err(|_| "its data is not a zlib stream".to_owned())?;
    if status != gix_zlib::Status::StreamEnd || written != size {
        return Err(format!("its data does not make the stated {size} bytes"));
    }
    out.truncate(size);
    Ok(out)
}

fn deflate(data: &[u8]) -> Vec<u8> {
    let level = gix_zlib::Compression::new(6).unwrap_or_default();
    let mut state = Compress::new(level);
    // zlib's own bound for data that does not compress.
    let mut out = vec![0; data.len() + data.len() / 1000 + 64];
    let status =
        state.compress(data, &mut out, FlushCompress::Finish).expect("compressing memory into enough memory works");
    debug_assert_eq!(status, gix_zlib::Status::StreamEnd);
    out.truncate(state.total_out() as usize);
    out
}

fn apply_delta(delta: &[u8], base: &[u8]) -> Result<Vec<u8>, &'static str> {
    const BAD: &str = "its delta is damaged";
    let mut at = 0;
    let base_size = size_in(delta, &mut at).ok_or(BAD)?;
    let size = size_in(delta, &mut at).ok_or(BAD)?;
    if base_size != base.len() as u64 {
        return Err("the file is not the one that the delta was made for");
    }
    if size > LARGEST {
        return Err("its content is too large");
    }
    let mut out = Vec::with_capacity(size as usize);
    while let Some(&command) = delta.get(at) {
        at += 1;
        let piece = match command {
            0 => None,
            1..=0x7f => {
                at += usize::from(command);
                delta.get(at - usize::from(command)..at)
            }
            0x80.. => copied(command, delta, &mut at).and_then(|range| base.get(range)),
        };
        out.extend_from_slice(piece.ok_or(BAD)?);
        if out.len() as u64 > size {
            return Err(BAD);
        }
    }
    if out.len() as u64 == size { Ok(out) } else { Err(BAD) }
}

/// The part of the base that a command copies, from the bytes behind it that its bits announce.
fn copied(command: u8, delta: &[u8], at: &mut usize) -> Option<Range<usize>> {
    let mut field = |first: u8, count: u8| {
        (0..count).try_fold(0_usize, |value, byte| {
            if command & (first << byte) == 0 {
                return Some(value);
            }
            *at += 1;
            delta.get(*at - 1).map(|bits| value | usize::from(*bits) << (8 * byte))
        })
    };
    let offset = field(1, 4)?;
    let length = match field(0x10, 3)? {
        0 => 0x10000,
        length => length,
    };
    Some(offset..offset + length)
}

fn size_in(delta: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0;
    for shift in (0..63).step_by(7) {
        let byte = *delta.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_come_back() {
        for data in [&b""[..], b"x", &[0, 255, 10, 13, 0], &[7; 100_000]] {
            let mut text = Vec::new();
            write_literal(data, &mut text);
            let (half, _) = Half::parse(&mut text.split(|byte| *byte == b'\n')).unwrap();
            assert_eq!(half, Half::Literal(data.to_vec()));
        }
    }

    #[test]
    fn deltas_copy_and_insert() {
        // base 5 bytes, result 6: copy 0..3, insert "xyz"
        let delta = [5, 6, 0x90, 3, 3, b'x', b'y', b'z'];
        assert_eq!(apply_delta(&delta, b"hello").unwrap(), b"helxyz");
        assert!(apply_delta(&delta, b"hell").is_err());
        assert!(apply_delta(&delta[..5], b"hello").is_err());
        assert!(apply_delta(&[5, 6, 0x90, 200], b"hello").is_err());
    }

    #[test]
    fn damage_is_an_error() {
        let parse = |text: &str| Half::parse(&mut text.as_bytes().split(|byte| *byte == b'\n')).map(|_| ());
        assert!(parse("literal 3\nKc${NkU}69O2LJ#J\n\n").is_err(), "not three bytes");
        assert!(parse("literal 9999999999\nA\n").is_err());
        assert!(parse("literal x\n").is_err());
        assert!(parse("").is_err());
        assert!(parse("literal 0\nHcmV?d00001\n\n").is_ok());
    }
}
