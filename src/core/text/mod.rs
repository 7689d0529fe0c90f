//! Text that crosses a trust boundary: for terminals, prompts, forges and commits, and without the run's secrets.
//!
//! Everything that a stranger, a model or a server wrote passes one of these functions before it reaches somebody:
//!
//! | it goes to | function |
//! |---|---|
//! | a terminal, a log | [`for_terminal`], [`one_line`], in a CI job also [`for_ci_log`] |
//! | a model | [`for_prompt`] |
//! | a comment, a pull request | [`for_forge`], [`for_line`], [`for_title`], [`login`], [`code_block`], [`code_span`], [`shorten`] |
//! | a commit | [`commit_message`] |
//! | anywhere | [`Redactor`] |

mod characters;
mod commit;
mod forge;
mod markdown;
mod prompt;
mod redact;
mod terminal;

pub(crate) use characters::{Hidden, hidden, is_flag_tag};
pub use commit::{commit_message, commit_subject};
pub use forge::{Closing, FORGE_LIMIT, code_block, code_span, for_forge, for_line, for_title, login, shorten};
pub use prompt::{Fenced, for_prompt};
pub use redact::Redactor;
pub use terminal::{for_ci_log, for_terminal, one_line, shell_word};

use std::sync::LazyLock;

use regex::Regex;

/// A pattern that is compiled at its first use.
type Pattern = LazyLock<Regex>;

/// Compiles a pattern that is a constant of this program.
pub(super) fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("patterns are constants that the tests compile")
}
