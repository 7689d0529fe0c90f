//! Where the program writes: results to standard output, everything else to standard error, and what those two are.

use std::io::{self, IsTerminal, Write};

/// The two streams and how they are read: by a person at a terminal or by a program.
#[derive(Debug)]
pub struct Terminal {
    /// Standard output is a terminal.
    pub out_is_tty: bool,
    /// Standard error is a terminal.
    pub err_is_tty: bool,
}

impl Terminal {
    /// Looks at the two streams once.
    pub fn detect() -> Self {
        Self { out_is_tty: io::stdout().is_terminal(), err_is_tty: io::stderr().is_terminal() }
    }

    /// Writes a result.
    pub fn write_out(&self, bytes: &[u8]) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        stdout.flush()
    }
}
