//! The manual says everything that the program can do: every command, flag and key, in clean mdoc.

use std::path::Path;
use std::process::Command;

use git_burn::cli::args;
use git_burn::cli::config::keys::{KEYS, Key, Shape, Sharing, variable};
use git_burn::cli::manual::PAGES;

use crate::support::burn::{Ended, path_with_program};
use crate::support::git::Room;

fn page(name: &str) -> &'static str {
    PAGES.iter().find(|page| page.name == name).expect("a page").text
}

/// The parts of git-burn(1) that describe one command.
fn section(command: &str) -> String {
    let is_its_own = |item: &&str| {
        let rest = item.strip_prefix(command);
        rest.is_some_and(|rest| rest.starts_with(['\n', ' ']))
    };
    let items = page("git-burn").split("\n.Sh").flat_map(|part| part.split("\n.It Cm ").skip(1));
    let found: Vec<&str> = items.filter(is_its_own).collect();
    assert!(!found.is_empty(), "git-burn(1) does not describe `{command}`");
    found.join("\n")
}

/// What `git burn COMMAND` refers to with "picking options" and "working options".
fn shared(title: &str) -> &'static str {
    let text = page("git-burn");
    let start = text.find(title).unwrap_or_else(|| panic!("no section {title}"));
    let rest = &text[start + title.len()..];
    &rest[..rest.find("\n.S").unwrap_or(rest.len())]
}

fn spelled(text: &str, flag: &str) -> bool {
    ["\n", " "].iter().any(|tail| text.contains(&format!("Fl {flag}{tail}")))
}

/// The arguments of a command and of the commands below it.
fn all_arguments(command: &clap::Command) -> Vec<&clap::Arg> {
    let below = command.get_subcommands().flat_map(all_arguments);
    command.get_arguments().chain(below).collect()
}

#[test]
fn every_command_and_flag_is_described() {
    let mut missing = Vec::new();
    let command = args::command();
    for subcommand in command.get_subcommands() {
        let name = subcommand.get_name();
        let mut text = section(name);
        for (words, title) in [("picking options", ".Ss Picking options"), ("working options", ".Ss Working options")] {
            if text.contains(words) {
                text += shared(title);
            }
        }
        text += shared(".Sh COMMON OPTIONS");
        for arg in all_arguments(subcommand).into_iter().chain(command.get_arguments()) {
            let long = arg.get_long().map(|long| format!("-{long}"));
            let short = arg.get_short().map(String::from);
            missing.extend(
                [long, short]
                    .into_iter()
                    .flatten()
                    .filter(|flag| !spelled(&text, flag))
                    .map(|flag| format!("{name}: -{flag}")),
            );
        }
    }
    assert!(missing.is_empty(), "not in git-burn(1): {missing:#?}");
}

#[test]
fn every_key_is_described_with_what_the_team_file_may_do() {
    let text = page("gitburn");
    let word = |key: &Key| match (key.sharing, key.shape) {
        (Sharing::Shared, Shape::Sum) => "team , sum",
        (Sharing::Shared, _) => "team",
        (Sharing::Tighten, Shape::Sum) => "tighten , sum",
        (Sharing::Tighten, _) => "tighten",
        (Sharing::Trusted, Shape::Sum) => "trust , sum",
        (Sharing::Trusted, _) => "trust",
        (Sharing::Personal, Shape::Sum) => "personal , sum",
        (Sharing::Personal, _) => "personal",
    };
    let line = |key: &Key| format!(".It Va burn.{} Bq {}\n", key.pattern.replace('*', "NAME"), word(key));
    // The command provider has a name of its own.
    let missing: Vec<String> =
        KEYS.iter().map(line).filter(|line| !text.contains(&line.replace("NAME.run", "command.run"))).collect();
    assert!(missing.is_empty(), "not in gitburn(5): {missing:#?}");
    assert_eq!(text.matches("\n.It Va burn.").count(), KEYS.len(), "a key is described that does not exist");
    assert!(KEYS.iter().filter_map(variable).all(|name| name.starts_with("GIT_BURN_")));
}

#[test]
fn the_pages_are_clean_mdoc() {
    let room = Room::new();
    for page in &PAGES {
        let file = room.path().join(format!("{}.{}", page.name, page.section));
        std::fs::write(&file, page.text).expect("a file");
        let Ok(lint) = Command::new("mandoc").args(["-Tlint", "-Wstyle"]).arg(&file).output() else {
            println!("mandoc is not here: {} was not checked", page.name);
            return;
        };
        let said = String::from_utf8_lossy(&lint.stdout).into_owned();
        let complaints: Vec<&str> = said.lines().filter(|line| !line.contains("referenced manual not found")).collect();
        assert!(complaints.is_empty(), "{complaints:#?}");
    }
}

#[test]
fn man_install_puts_the_pages_where_it_says() {
    let room = Room::new();
    let target = room.path().join("man");
    let ended = room.burn_in(room.path(), &["man", "--install", "--to", "man"]).exits(0);
    let files: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(files.len(), PAGES.len());
    assert!(files.iter().all(|file| Path::new(file).starts_with(&target) && Path::new(file).is_file()), "{files:?}");
    assert!(target.join("man1/git-burn.1").is_file());
    let page = room.burn_in(room.path(), &["man", "gitburn"]).exits(0);
    assert_eq!(page.stdout, PAGES[1].text);
}

#[test]
fn no_flag_is_described_that_does_not_exist() {
    let command = args::command();
    let spellings = |arg: &clap::Arg| [arg.get_long().map(str::to_owned), arg.get_short().map(String::from)];
    let known: Vec<String> = all_arguments(&command).into_iter().flat_map(spellings).flatten().collect();
    let is_known =
        |flag: &&str| known.iter().any(|known| known == flag) || ["help", "h", "version", "V"].contains(flag);
    let lines = page("git-burn").lines().filter(|line| line.starts_with(".It Fl"));
    let words = lines.flat_map(|line| line.split("Fl ").skip(1));
    let flags = words.map(|word| word.split([' ', ',']).next().unwrap_or_default().trim_start_matches('-'));
    let invented: Vec<&str> = flags.filter(|flag| !is_known(flag)).collect();
    assert!(invented.is_empty(), "git-burn(1) describes {invented:?}");
}

#[test]
fn the_tutorial_begins_with_commands_that_work() {
    let room = Room::new();
    let first = page("gitburn-tutorial").split("\n.Ss ").find(|part| part.starts_with("1. ")).expect("a first part");
    let lines: Vec<&str> = first.lines().filter_map(|line| line.strip_prefix("$ ")).collect();
    assert!(lines.len() > 3, "{lines:?}");
    let mut shell = room.command("sh", room.path());
    shell.args(["-ec", &lines.join("\n")]).env("PATH", path_with_program());
    let _ = Ended::of(&mut shell).exits(0).prints_with("  acceptance ");
}
