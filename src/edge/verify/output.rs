//! What a check prints, kept within limits: the beginning and the end, and the count of all.

/// Kept from the beginning: the command lines and the first error.
const HEAD: usize = 256 * 1024;

/// Kept from the end: the summary.
const TAIL: usize = 768 * 1024;

/// Collects output of any length in bounded memory.
#[derive(Debug, Default)]
pub(super) struct Capture {
    head: Vec<u8>,
    tail: std::collections::VecDeque<u8>,
    total: u64,
}

impl Capture {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let room = HEAD - self.head.len();
        let (first, rest) = bytes.split_at(bytes.len().min(room));
        self.head.extend_from_slice(first);
        let rest = &rest[rest.len().saturating_sub(TAIL)..];
        let excess = (self.tail.len() + rest.len()).saturating_sub(TAIL);
        self.tail.drain(..excess);
        self.tail.extend(rest);
    }

    /// Bytes that were printed, kept or not.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// The text, with a line in the place of what was left out.
    pub(super) fn into_text(self) -> String {
        let left_out = self.total - (self.head.len() + self.tail.len()) as u64;
        let mut bytes = self.head;
        if left_out > 0 {
            bytes.extend_from_slice(format!("\n[... {left_out} bytes left out ...]\n").as_bytes());
        }
        bytes.extend(self.tail);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_left_out_and_counted() {
        let mut capture = Capture::default();
        for _ in 0..3 {
            capture.push(&[b'a'; HEAD]);
        }
        capture.push(&[b'b'; TAIL + 5]);
        assert_eq!(capture.total(), (3 * HEAD + TAIL + 5) as u64);
        let text = capture.into_text();
        let (head, tail) = text.split_once("\n[... 524293 bytes left out ...]\n").expect("a gap");
        assert_eq!((head.len(), tail.len()), (HEAD, TAIL));
        let mut short = Capture::default();
        short.push(b"all of it");
        assert_eq!(short.into_text(), "all of it");
    }
}
