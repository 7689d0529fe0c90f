//! Records of runs on disk: whole lines, locks, sums that two processes cannot overdraw.

use std::path::Path;

use git_burn::core::budget::{Cost, Reservation, Usage};
use git_burn::core::event::{Event, Sink};
use git_burn::core::ledger::{Entry, Ledger, Scope};
use git_burn::core::names::{IssueNumber, RunId, Timestamp};
use git_burn::edge::journal::{
    Journal, LedgerFile, Lock, Locked, RunState, new_run_id, read_lines, remove_exchanges, remove_run, runs,
};

use crate::support::git::Room;

fn warning(text: &str) -> Event {
    Event::Warning { text: text.into() }
}

fn run_id(text: &str) -> RunId {
    RunId::parse(text).expect("an id")
}

#[test]
fn events_survive_a_torn_line_and_fleeting_ones_are_not_kept() {
    let room = Room::new();
    let burn = room.path().join("burn");
    let mut journal = Journal::open(&burn, &run_id("r1")).unwrap();
    journal.emit(&warning("one\nline")).unwrap();
    journal.emit(&Event::Answering { turn: 1, output_tokens: 5 }).unwrap();
    let events = journal.dir().join("events.jsonl");
    drop(journal);
    std::fs::write(&events, std::fs::read_to_string(&events).unwrap() + "{\"v\":1,\"event\":\"war").unwrap();
    let torn = read_lines(&events).unwrap();
    assert_eq!((torn.lines.len(), torn.torn.as_deref()), (1, Some("{\"v\":1,\"event\":\"war")));
    let mut journal = Journal::open(&burn, &run_id("r1")).unwrap();
    journal.emit(&warning("two")).unwrap();
    let lines = read_lines(&events).unwrap();
    assert_eq!(lines.lines.len(), 3);
    assert_eq!(lines.lines[2], r#"{"v":1,"event":"warning","text":"two"}"#);
    assert_eq!(lines.torn, None);
}

#[test]
fn records_are_private_and_one_process_s_own() {
    use std::os::unix::fs::PermissionsExt;
    let room = Room::new();
    let burn = room.path().join("burn");
    let journal = Journal::open(&burn, &run_id("r1")).unwrap();
    journal.exchanges().write("{\"v\": 1, \"text\": \"hello\"}").unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(journal.dir()), mode(&journal.dir().join("exchanges.jsonl"))), (0o700, 0o600));
    let again = format!("{:#}", Journal::open(&burn, &run_id("r1")).unwrap_err());
    assert!(again.starts_with("the run r1 is still going on in another process"), "{again}");
}

#[test]
fn runs_are_listed_in_order_and_removed_when_they_are_over() {
    let room = Room::new();
    let burn = room.path().join("burn");
    assert_eq!(runs(&burn).unwrap(), []);
    let times = [1_700_000_000, 1_700_000_001, 1_800_000_000].map(Timestamp::from_seconds);
    let ids = times.map(new_run_id);
    assert_ne!(new_run_id(times[0]), ids[0], "two runs of one second differ");
    assert!(ids[0].as_str().starts_with("20231114T221320-"), "{}", ids[0]);
    let open = [2, 0, 1].map(|index| Journal::open(&burn, &ids[index]).unwrap());
    let [last, first, second] = open;
    last.exchanges().write("{}").unwrap();
    drop((last, first));
    let listed = runs(&burn).unwrap();
    let states = listed.iter().map(|run| (&run.id, run.started, run.state, run.has_exchanges)).collect::<Vec<_>>();
    let expected = [(RunState::Over, false), (RunState::GoingOn, false), (RunState::Over, true)];
    for (index, (state, has_exchanges)) in expected.into_iter().enumerate() {
        assert_eq!(states[index], (&ids[index], times[index], state, has_exchanges));
    }
    assert!(remove_run(&burn, &ids[1]).is_err());
    remove_run(&burn, &ids[0]).unwrap();
    remove_exchanges(&burn, &ids[2]).unwrap();
    remove_exchanges(&burn, &ids[2]).unwrap();
    drop(second);
    assert_eq!(runs(&burn).unwrap().iter().filter(|run| run.has_exchanges).count(), 0);
    assert_eq!(runs(&burn).unwrap().len(), 2);
}

#[test]
fn a_lock_names_its_holder_and_ends_with_it() {
    let room = Room::new();
    let burn = room.path().join("burn");
    let Locked::Taken(lock) = Lock::take(&burn, "lock", "next, process 1, a long description").unwrap() else {
        panic!("it was free")
    };
    let Locked::Held { by } = Lock::take(&burn, "lock", "two").unwrap() else { panic!("it is held") };
    assert_eq!(by, "next, process 1, a long description");
    drop(lock);
    let Locked::Taken(_lock) = Lock::take(&burn, "lock", "two").unwrap() else { panic!("it was given back") };
    assert!(matches!(Lock::take(&burn, "lock", "three").unwrap(), Locked::Held { by } if by == "two"));
}

fn reserved(call: u32, cost: u64) -> Entry {
    Entry::Reserved {
        run: run_id("r1"),
        call,
        issue: IssueNumber::new(1).unwrap(),
        model: "m".into(),
        at: Timestamp::from_seconds(0),
        reservation: Reservation { prompt: 1, output: 1, cost: Cost::from_micros(cost) },
    }
}

#[test]
fn many_writers_cannot_spend_more_than_there_is() {
    let room = Room::new();
    let burn = room.path().join("burn");
    let limit = Cost::from_micros(1000);
    let spend = |call: u32| {
        LedgerFile::of(&burn)
            .book(|ledger: &Ledger| match ledger.sum(Scope::All).cost + Cost::from_micros(100) <= limit {
                true => Ok(reserved(call, 100)),
                false => Err(()),
            })
            .unwrap()
            .is_ok()
    };
    let wins: usize = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|t| scope.spawn(move || (0..5).filter(|c| spend(t * 5 + c)).count())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(wins, 10);
    let ledger = LedgerFile::of(&burn);
    let usage = Usage { input: 1, cached: 0, cache_written: 0, output: 1 };
    std::fs::write(burn.join("ledger.jsonl"), std::fs::read_to_string(burn.join("ledger.jsonl")).unwrap() + "{\"v\"")
        .unwrap();
    ledger.add(reserved(99, 5)).unwrap();
    ledger.add(Entry::Settled { run: run_id("r1"), call: 99, usage, cost: Cost::from_micros(1) }).unwrap();
    let read = ledger.read().unwrap();
    assert_eq!((read.unreadable, read.sum(Scope::All).cost), (1, Cost::from_micros(1001)));
}
