//! Runs one command line to its end: output captured, time and output limited, nothing of it left behind.

use std::io::{self, PipeReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::output::Capture;
use crate::core::checks::Ended;
use crate::edge::process::{end_group, own_group};

/// More output than this ends the command.
pub(super) const FLOOD: u64 = 64 * 1024 * 1024;

/// How long after the end the pipe may stay open before what was read by then has to do.
const GRACE: Duration = Duration::from_secs(2);

/// What became of a command.
pub(super) struct Execution {
    pub ended: Ended,
    pub took: Duration,
    pub output: String,
}

/// Runs a command with both output streams in one pipe, in the order in which they were written. `None`: it was ended
/// because `stop` was set.
pub(super) fn execute(command: Command, limit: Duration, marker: Option<&str>, stop: &AtomicBool) -> Option<Execution> {
    let start = Instant::now();
    let (ended, output) = match spawn(command) {
        Ok((child, reader)) => attend(child, reader, limit, marker, stop)?,
        Err(error) => (Ended::NotStarted { problem: error.to_string() }, String::new()),
    };
    Some(Execution { ended, took: start.elapsed(), output })
}

/// Starts it. The command goes away with the writing ends that it holds: as long as we hold one, the reader sees no end.
fn spawn(mut command: Command) -> io::Result<(Child, PipeReader)> {
    let (reader, writer) = io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    own_group(&mut command);
    Ok((command.spawn()?, reader))
}

/// Waits for its end, or brings it about, and leaves nothing of it behind.
fn attend(
    mut child: Child,
    reader: PipeReader,
    limit: Duration,
    marker: Option<&str>,
    stop: &AtomicBool,
) -> Option<(Ended, String)> {
    let capture = Arc::new(Mutex::new(Capture::default()));
    let done = read_all(reader, Arc::clone(&capture));
    let watched = watch(&child, &capture, limit, stop);
    end_group(&mut child);
    if let Some(marker) = marker {
        sweep(marker);
    }
    let ended = match watched {
        Watched::Stopped => return None,
        Watched::CutShort(ended) => ended,
        Watched::Over => match child.wait() {
            Ok(status) => ended(status),
            Err(error) => Ended::NotStarted { problem: format!("it was lost: {error}") },
        },
    };
    // An error here is the time-out: somebody outside of our reach holds the pipe.
    let _ = done.recv_timeout(GRACE);
    let capture = std::mem::take(&mut *lock(&capture));
    Some((ended, capture.into_text()))
}

/// Why the watch ended.
enum Watched {
    Over,
    CutShort(Ended),
    Stopped,
}

fn lock(capture: &Mutex<Capture>) -> std::sync::MutexGuard<'_, Capture> {
    capture.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn read_all(mut reader: PipeReader, capture: Arc<Mutex<Capture>>) -> Receiver<()> {
    let (sender, done) = channel();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = reader.read(&mut buffer) {
            let mut capture = lock(&capture);
            if capture.total() <= FLOOD {
                capture.push(&buffer[..count]);
            }
        }
        drop(sender);
    });
    done
}

/// Waits for the end without collecting the child: its id stays its own until its whole group has been killed.
fn watch(child: &Child, capture: &Mutex<Capture>, limit: Duration, stop: &AtomicBool) -> Watched {
    let deadline = Instant::now() + limit;
    let mut nap = Duration::from_micros(500);
    while !is_over(child) {
        let bytes = lock(capture).total();
        if bytes > FLOOD {
            return Watched::CutShort(Ended::Flooded { bytes });
        }
        if Instant::now() >= deadline {
            return Watched::CutShort(Ended::TimedOut { after: limit });
        }
        if stop.load(Ordering::Relaxed) {
            return Watched::Stopped;
        }
        std::thread::sleep(nap);
        nap = (nap * 2).min(Duration::from_millis(20));
    }
    Watched::Over
}

/// An error here means that there is no such child, so it is over in any case.
fn is_over(child: &Child) -> bool {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let Some(id) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else { return true };
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    !matches!(waitid(WaitId::Pid(id), look), Ok(None))
}

/// A shell, and bubblewrap, report a signal as 128 plus its number.
fn ended(status: std::process::ExitStatus) -> Ended {
    match (status.code(), signal(status)) {
        (Some(0), _) => Ended::Passed,
        (Some(code @ 129..=159), _) => Ended::Killed { signal: code - 128 },
        (Some(code), _) => Ended::Failed { code },
        (None, signal) => Ended::Killed { signal },
    }
}

#[cfg(unix)]
fn signal(status: std::process::ExitStatus) -> i32 {
    std::os::unix::process::ExitStatusExt::signal(&status).unwrap_or(0)
}

#[cfg(not(unix))]
fn signal(_status: std::process::ExitStatus) -> i32 {
    0
}

/// Kills every process that inherited the marker in its environment: what left the group, where no process namespace
/// ends it. A process that cleans its environment escapes; that is what the sandbox is for.
fn sweep(marker: &str) {
    // A process may start another one while it is being looked for.
    for _ in 0..20 {
        let marked = marked_processes(marker);
        if marked.is_empty() {
            return;
        }
        for process in marked {
            let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn marked_processes(marker: &str) -> Vec<rustix::process::Pid> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let marked = entries.filter_map(|entry| {
        let entry = entry.ok()?;
        let id: i32 = entry.file_name().to_str()?.parse().ok()?;
        let environment = std::fs::read(entry.path().join("environ")).ok()?;
        let found = environment.split(|byte| *byte == 0).any(|variable| variable == marker.as_bytes());
        found.then(|| rustix::process::Pid::from_raw(id)).flatten()
    });
    marked.collect()
}
