//! Runs a child process to its end: input fed, output captured up to a limit, a deadline, its process group ended.

use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// How much a child may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct ProcessLimits {
    /// From start to exit.
    pub time: Duration,
    /// Bytes on standard output; standard error is cut, silently, at [`ERROR_BYTES`].
    pub output: usize,
}

/// As much of standard error as is worth showing.
const ERROR_BYTES: usize = 64 * 1024;

/// How long output is still awaited after the exit: a helper that stays behind may hold the pipes open for ever.
const GRACE: Duration = Duration::from_millis(300);

/// What became of a child that could be started.
#[derive(Debug)]
pub(super) struct Finished {
    pub ended: Ending,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

/// How a child ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ending {
    Exited(ExitStatus),
    TimedOut,
    TooMuchOutput,
}

/// Starts the command in a process group of its own and sees it to its end; past a limit, the whole group is killed.
///
/// # Errors
/// The program cannot be started.
pub(super) fn run(command: &mut Command, input: Option<Vec<u8>>, limits: ProcessLimits) -> io::Result<Finished> {
    run_unless(command, input, limits, &|| false)
}

/// The same, but ends it as at the time limit as soon as `given_up` says so.
pub(super) fn run_unless(
    command: &mut Command,
    input: Option<Vec<u8>>,
    limits: ProcessLimits,
    given_up: &dyn Fn() -> bool,
) -> io::Result<Finished> {
    let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    own_group(command);
    let mut child = command.spawn()?;
    if let (Some(bytes), Some(mut pipe)) = (input, child.stdin.take()) {
        // A child that ends without reading everything is judged by its exit status, not by the broken pipe.
        std::thread::spawn(move || drop(pipe.write_all(&bytes)));
    }
    let (sender, chunks) = channel();
    if let Some(pipe) = child.stdout.take() {
        pump(pipe, Channel::Output, sender.clone());
    }
    if let Some(pipe) = child.stderr.take() {
        pump(pipe, Channel::Error, sender);
    }
    let mut capture = Capture { stdout: Vec::new(), stderr: Vec::new(), limit: limits.output };
    let end = Instant::now() + limits.time;
    let ended = watch(&mut child, &chunks, &mut capture, &|| Instant::now() >= end || given_up());
    let ended = match ended {
        Some(ended) => ended,
        None => Ending::Exited(child.wait()?),
    };
    if !matches!(ended, Ending::Exited(_)) {
        end_group(&mut child);
    }
    Ok(Finished { ended, stdout: capture.stdout, stderr: capture.stderr })
}

#[derive(Clone, Copy)]
enum Channel {
    Output,
    Error,
}

struct Capture {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    limit: usize,
}

impl Capture {
    /// Keeps a chunk; says whether the limit still holds.
    fn keep(&mut self, channel: Channel, bytes: &[u8]) -> bool {
        match channel {
            Channel::Output => {
                self.stdout.extend_from_slice(bytes);
                self.stdout.len() <= self.limit
            }
            Channel::Error => {
                let room = ERROR_BYTES.saturating_sub(self.stderr.len());
                self.stderr.extend_from_slice(&bytes[..bytes.len().min(room)]);
                true
            }
        }
    }
}

fn pump(mut pipe: impl Read + Send + 'static, channel: Channel, sender: Sender<(Channel, Vec<u8>)>) {
    std::thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = pipe.read(&mut buffer) {
            if sender.send((channel, buffer[..count].to_vec())).is_err() {
                break;
            }
        }
    });
}

/// Collects output until both pipes are closed and the child is gone. `None`: it is gone, or will be at once.
fn watch(
    child: &mut Child,
    chunks: &Receiver<(Channel, Vec<u8>)>,
    capture: &mut Capture,
    is_over: &dyn Fn() -> bool,
) -> Option<Ending> {
    let mut gone_since = None;
    let mut step = Duration::from_millis(5);
    loop {
        match chunks.recv_timeout(step) {
            Ok((channel, bytes)) => {
                if !capture.keep(channel, &bytes) {
                    return Some(Ending::TooMuchOutput);
                }
            }
            Err(RecvTimeoutError::Disconnected) => return await_exit(child, is_over),
            Err(RecvTimeoutError::Timeout) => {
                step = (step * 2).min(Duration::from_millis(100));
                if matches!(child.try_wait(), Ok(Some(_))) {
                    gone_since.get_or_insert_with(Instant::now);
                }
            }
        }
        if gone_since.is_some_and(|gone| gone.elapsed() > GRACE) {
            return None;
        }
        if is_over() && gone_since.is_none() {
            return Some(Ending::TimedOut);
        }
    }
}

/// The pipes are closed: the exit follows within microseconds, or the child has closed them on purpose and goes on.
fn await_exit(child: &mut Child, is_over: &dyn Fn() -> bool) -> Option<Ending> {
    let mut nap = Duration::from_micros(50);
    while matches!(child.try_wait(), Ok(None)) {
        if is_over() {
            return Some(Ending::TimedOut);
        }
        std::thread::sleep(nap);
        nap = (nap * 2).min(Duration::from_millis(20));
    }
    None
}

/// Makes the child the leader of a process group, so that [`end_group`] reaches what it starts.
pub(super) fn own_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

/// Kills the child and everything in its group, and collects it. The child must not have been collected before: until
/// then its id cannot belong to anybody else.
pub(super) fn end_group(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // Fails only when the group is gone already, which is what is wanted.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}
