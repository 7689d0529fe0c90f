//! A question asked on a thread of its own, so that an interruption is heard while the network is silent.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use super::answer::{Answer, Phase, Progress};
use super::error::ModelErrorKind as Kind;

/// How soon a set flag is noticed.
const STEP: Duration = Duration::from_millis(50);

/// The asking thread's way to those who wait.
#[derive(Clone)]
pub(super) struct Report {
    sender: Sender<Heard>,
    /// Nobody waits any more.
    abandoned: Arc<AtomicBool>,
}

enum Heard {
    Progress(Progress),
    Done(Result<Answer, Kind>),
}

impl Report {
    /// Tells how far the exchange is.
    pub(super) fn progress(&self, progress: Progress) {
        // Nobody listens after an interruption, which `check` tells.
        let _ = self.sender.send(Heard::Progress(progress));
    }

    /// Fails when the question was given up meanwhile.
    pub(super) fn check(&self) -> Result<(), Kind> {
        if self.abandoned.load(Ordering::Relaxed) { Err(Kind::Cancelled) } else { Ok(()) }
    }

    /// For programs that have to be ended.
    pub(super) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed)
    }
}

thread_local! {
    /// Whose exchange runs on this thread: the HTTP client knows the thread, but not the question.
    static CURRENT: RefCell<Option<Report>> = const { RefCell::new(None) };
}

/// Hears about the HTTP client's waits and passes them on to the question that waits.
pub(super) fn observe(wait: Duration) {
    let phase = Phase::Waiting { seconds: wait.as_secs_f64().ceil() as u64 };
    CURRENT.with_borrow(|report| {
        report.iter().for_each(|report| report.progress(Progress { phase, ..Progress::START }));
    });
}

/// Runs `work` to its end, or gives it up when `cancelled` is set or `time` is over. Work that is given up ends by
/// itself at its next event, or with the process.
///
/// `grace` is how long work that is given up is waited for, so that it can end what it has started.
pub(super) fn run(
    cancelled: &AtomicBool,
    time: Duration,
    grace: Duration,
    progress: &mut dyn FnMut(Progress),
    work: impl FnOnce(&Report) -> Result<Answer, Kind> + Send + 'static,
) -> Result<Answer, Kind> {
    let (sender, heard) = channel();
    let abandoned = Arc::new(AtomicBool::new(false));
    let report = Report { sender: sender.clone(), abandoned: Arc::clone(&abandoned) };
    progress(Progress::START);
    let spawned = std::thread::Builder::new().name("model".to_owned()).spawn(move || {
        CURRENT.set(Some(report.clone()));
        let result = work(&report);
        // Nobody waits for it after an interruption.
        let _ = sender.send(Heard::Done(result));
    });
    spawned.map_err(|error| Kind::Unavailable { problem: format!("no thread can be started: {error}") })?;
    let end = Instant::now() + time;
    let given_up = loop {
        match heard.recv_timeout(STEP) {
            Ok(Heard::Done(result)) => return result,
            Ok(Heard::Progress(step)) => progress(step),
            Err(RecvTimeoutError::Disconnected) => break Kind::Protocol { problem: "the asking thread failed".into() },
            Err(RecvTimeoutError::Timeout) => {}
        }
        if cancelled.load(Ordering::Relaxed) {
            break Kind::Cancelled;
        }
        if Instant::now() > end {
            let problem = format!("no complete answer within {} s", time.as_secs());
            break Kind::Interrupted { problem, usage: None };
        }
    };
    abandoned.store(true, Ordering::Relaxed);
    let end = Instant::now() + grace;
    while let Some(left) = end.checked_duration_since(Instant::now())
        && let Ok(Heard::Progress(_)) = heard.recv_timeout(left)
    {}
    Err(given_up)
}
