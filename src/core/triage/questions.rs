//! What to ask when an issue does not say enough: each question names the one thing that is missing.

use super::Kind;
use super::evidence::Evidence;

/// A body with fewer visible words says nothing that the title does not.
const FEW_WORDS: usize = 6;

/// A body with as many says something that these rules only fail to recognise: the model, which can ask as well, decides.
/// Without this, of 1,122 issues that were fixed as they stood, 69 would be asked about; with it 3 are.
const TELLING_WORDS: usize = 12;

/// Empty when the issue can be worked on: when it says where, or how one can tell that it is done, or enough else.
///
/// An issue that names a file, a function or shows code has a place to start; one that states what must hold has an
/// end. Only when all is missing are people asked, and then for everything that is missing.
pub(super) fn questions(kind: Kind, evidence: &Evidence) -> Vec<String> {
    let place = evidence.file.is_some() || evidence.function.is_some() || evidence.code;
    let end = !evidence.statements.is_empty() || evidence.test.is_some() || evidence.section.is_some();
    if place || end || evidence.words >= TELLING_WORDS {
        return Vec::new();
    }
    let mut questions = Vec::new();
    if evidence.words < FEW_WORDS {
        questions.push("The description is empty or nearly so: what should be different from today?".to_owned());
    }
    questions.push(end_question(kind).to_owned());
    questions.push(
        "Where does it show? Please name the file, function, command or page, or quote the error message.".to_owned(),
    );
    questions
}

fn end_question(kind: Kind) -> &'static str {
    match kind {
        Kind::Bug => "Which steps lead to it, what did you expect, and what happened instead?",
        Kind::Research => {
            "Which question should the result answer, and in what form (a document, figures, a prototype)?"
        }
        Kind::Refactor => "What must stay the same, and how can one tell that the result is better?",
        Kind::Feature | Kind::Meta | Kind::Unknown => {
            "How can one tell that it is done? An example of input and expected result, or a list of conditions, is enough."
        }
    }
}
