//! What a change may do: one policy for patches of a model, staged changes and pull requests.
//!
//! [`Policy::review`] makes an [`Approved`], else only [`Contested::heed`] on people's words, and only an `Approved`
//! can be committed. It reports every violation, not the first. The rules and why they exist are listed at [`Rule`]; what
//! they assume about files is in `kind`, what a change looks like to them in `view`, what people let stand on a branch
//! already in `settled`.

mod confusables;
mod dependencies;
mod entries;
mod forbidden;
mod globs;
mod kind;
mod leftovers;
mod pattern;
mod policy;
mod scripts;
mod secrets;
mod settings;
mod settled;
#[cfg(test)]
mod testing;
mod unicode;
mod view;
mod violation;
mod weakening;

pub use kind::is_test_file;
pub use policy::{Approved, Contested, Flag, FlagKind, Policy, ReviewContext, Waiver, Word, Words};
pub use settings::{Limits, Loosening, SettingError, Tightening};
pub use settled::Published;
pub use violation::{Ending, Rule, Violation, ending};
