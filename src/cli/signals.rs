//! Signals: the first one lets the work end in order, a later one ends the program at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator;

use super::error::Exit;

/// What comes within this time of a signal is the same one: a terminal sends it to git and to us, and git hands on what
/// it gets.
const ECHO: Duration = Duration::from_millis(500);

/// What SIGINT, SIGTERM and SIGHUP leave behind.
#[derive(Clone, Default)]
pub struct Signals {
    /// One came.
    stop: Arc<AtomicBool>,
    /// The number of the first one.
    number: Arc<AtomicUsize>,
}

/// A process hears each signal once, however many sessions it has.
static HEARD: Mutex<Option<Signals>> = Mutex::new(None);

impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// The system does not let us.
    pub fn listen() -> anyhow::Result<Self> {
        let mut heard = HEARD.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(signals) = &*heard {
            return Ok(signals.clone());
        }
        let listened = [SIGINT, SIGTERM].into_iter().chain((!outlives_terminal()).then_some(SIGHUP));
        let incoming = iterator::Signals::new(listened).context("cannot listen for signals")?;
        let signals = Self::default();
        let told = signals.clone();
        std::thread::spawn(move || told.hear(incoming));
        Ok(heard.insert(signals).clone())
    }

    fn hear(&self, mut incoming: iterator::Signals) {
        let mut first: Option<Instant> = None;
        for signal in &mut incoming {
            match first {
                Some(first) if first.elapsed() < ECHO => {}
                Some(_) => signal_hook::low_level::exit(128 + signal),
                None => {
                    first = Some(Instant::now());
                    self.number.store(usize::try_from(signal).unwrap_or_default(), Ordering::Relaxed);
                    self.stop.store(true, Ordering::Release);
                }
            }
        }
    }

    /// Set by the first one.
    pub fn stop(&self) -> &AtomicBool {
        &self.stop
    }

    /// How a run ends that one of them interrupted.
    pub fn exit(&self) -> Exit {
        match i32::try_from(self.number.load(Ordering::Relaxed)) {
            Ok(SIGTERM) => Exit::Terminated,
            Ok(SIGHUP) => Exit::HungUp,
            Ok(_) | Err(_) => Exit::Interrupted,
        }
    }
}

/// Whether we were started to go on when the terminal is closed, as by `nohup`: SIGHUP is ignored, and stays so. Where
/// the system does not tell, nothing is changed either.
fn outlives_terminal() -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return true };
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_none_or(|mask| mask & (1 << (SIGHUP - 1)) != 0)
}
