//! The one line at the bottom of a terminal that says what is going on right now.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::table::cut;

/// How often the elapsed time on the line moves.
const BEAT: Duration = Duration::from_millis(250);

/// A line that is drawn again and again until it is dropped; on anything but a terminal it never shows.
pub struct LiveLine {
    shared: Arc<Mutex<State>>,
    ticker: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    /// What is going on; empty: nothing is shown.
    text: String,
    since: Option<Instant>,
    /// Something stands on the line now.
    drawn: bool,
    ended: bool,
}

/// Whether the line can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// On a terminal that is this wide.
    Columns(usize),
    Never,
}

impl LiveLine {
    /// Starts with nothing on the line.
    pub fn new(show: Show) -> Self {
        let shared = Arc::new(Mutex::new(State::default()));
        let ticker = match show {
            Show::Never => None,
            Show::Columns(width) => {
                let shared = Arc::clone(&shared);
                Some(std::thread::spawn(move || tick(&shared, width)))
            }
        };
        Self { shared, ticker }
    }

    /// Says what is going on from now on; the clock starts anew.
    pub fn begin(&self, text: String) {
        let mut state = lock(&self.shared);
        state.text = text;
        state.since = Some(Instant::now());
    }

    /// Changes the words, not the clock.
    pub fn update(&self, text: String) {
        lock(&self.shared).text = text;
    }

    /// Nothing is going on.
    pub fn rest(&self) {
        lock(&self.shared).text.clear();
    }

    /// Prints whole lines above the live one.
    pub fn print_above(&self, lines: &str) {
        let mut state = lock(&self.shared);
        let erase = if state.drawn { "\r\x1b[K" } else { "" };
        state.drawn = false;
        // Progress that cannot be shown is no reason to stop working.
        let _ = io::stderr().lock().write_all(format!("{erase}{lines}").as_bytes());
    }
}

impl Drop for LiveLine {
    fn drop(&mut self) {
        lock(&self.shared).ended = true;
        if let Some(ticker) = self.ticker.take() {
            ticker.thread().unpark();
            // It holds nothing but the line.
            let _ = ticker.join();
        }
    }
}

/// A panic while drawing spoils nothing but the line.
fn lock(shared: &Mutex<State>) -> MutexGuard<'_, State> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn tick(shared: &Mutex<State>, width: usize) {
    loop {
        std::thread::park_timeout(BEAT);
        let mut state = lock(shared);
        let ended = state.ended;
        draw(&mut state, width);
        if ended {
            return;
        }
    }
}

fn draw(state: &mut State, width: usize) {
    let shows = !state.ended && !state.text.is_empty();
    let line = match state.since.filter(|_| shows) {
        Some(since) => cut(&format!("{}  {}s", state.text, since.elapsed().as_secs()), width.saturating_sub(1)),
        None if state.drawn => String::new(),
        None => return,
    };
    state.drawn = shows;
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(format!("\r\x1b[K{line}").as_bytes()).and_then(|()| stderr.flush());
}
