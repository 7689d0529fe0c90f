//! `git burn completion`: scripts that complete both `git burn ...` and `git-burn ...`.
//!
//! clap's generators do not know commands with two words, and its bash script is broken for names with a hyphen
//! (clap issue 6421), so each shell needs a few lines that hook the generated script into git's own completion.

use anyhow::Context;
use clap_complete::aot;

use super::args::{self, start::Shell};
use super::error::Exit;
use super::terminal::Terminal;

/// Prints the script.
pub fn run(shell: Shell, terminal: &Terminal) -> anyhow::Result<Exit> {
    terminal.write_out(&script(shell)).context("printing the completion script")?;
    Ok(Exit::Done)
}

/// The script of one shell.
pub fn script(shell: Shell) -> Vec<u8> {
    match shell {
        Shell::Bash => [generate(aot::Bash, "gitburn"), BASH_GLUE.into()].concat(),
        Shell::Zsh => generate(aot::Zsh, "git-burn"),
        Shell::Fish => [generate(aot::Fish, "git-burn"), FISH_GLUE.into()].concat(),
    }
}

fn generate(shell: impl aot::Generator, name: &str) -> Vec<u8> {
    let mut script = Vec::new();
    let mut command = args::command().bin_name(name);
    aot::generate(shell, &mut command, name, &mut script);
    script
}

/// git's completion calls `_git_burn` for `git burn`; the generated function wants to see one word instead of two.
const BASH_GLUE: &str = r#"
_git_burn() {
    local COMP_WORDS=(gitburn "${COMP_WORDS[@]:$((__git_cmd_idx + 1))}") COMP_CWORD=$((COMP_CWORD - __git_cmd_idx))
    _gitburn gitburn "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
}
_git_burn_standalone() {
    local COMP_WORDS=(gitburn "${COMP_WORDS[@]:1}")
    _gitburn gitburn "$2" "$3"
}
complete -o bashdefault -o default -F _git_burn_standalone git-burn
"#;

/// fish's completion of git has a place for commands like this one, but looks for `git git-burn` instead of `git burn`.
const FISH_GLUE: &str = "
complete -c git -f -n '__fish_git_using_command burn' -a '(__fish_git_complete_custom_command burn)'
";
