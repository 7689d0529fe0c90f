//! Every text that git-burn writes on a forge or into a commit: templates and what fills them.
//!
//! Texts of strangers and of models pass through [`text::for_forge`](super::text::for_forge) here, so that nothing they
//! hold can mention people, close issues or command bots. Only [`pull::body`] writes a closing word, for its own issue.

mod comments;
mod facts;
mod proof;
pub mod pull;
pub mod revision;
mod template;

pub use comments::{Review, already_fixed, analysis, clarification, closed, ending, review_request, verification};
pub use facts::{About, Ending, Findings, Place, Stopped, Told};
pub use proof::proof_table;
pub use template::{TemplateError, Templates};
