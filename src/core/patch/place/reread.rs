//! SEARCH blocks that leave a blank line of the file out. Blank lines part what stands around them, so the missing one goes
//! where the replacement has two other lines side by side; and the block is read as the two it is around that line.

use super::super::form::{Hunk, Line};
use super::super::rows::Row;
use super::super::search_replace::diff;
use super::Target;
use super::align;
use super::lines::{Compare, is_blank};
use super::table::old_lines;

/// The block read so, when that is another reading than its own.
pub(super) fn reread(hunk: &Hunk, target: &Target<'_>) -> Option<Hunk> {
    if !hunk.marks.searched {
        return None;
    }
    let (index, file) = (target.index(Compare::TrimEnd), target.file.lines.as_slice());
    let old = old_lines(hunk, target.reply, index);
    let path = align::best(&old, file, index, &align::diagonals(&old, index))?.path();
    let matching = target.matching(hunk)?;
    let cut = |j: usize| -> Option<(usize, usize)> {
        let (above, below) = (path[j - 1]?, path[j]?);
        let misses_blank = above + 2 == below && is_blank(file[above + 1]);
        let parted = !is_blank(old[j - 1].text) && !is_blank(old[j].text);
        matching.place_for_blank(j).filter(|_| misses_blank && parted).map(|place| (j, place))
    };
    let cuts: Vec<(usize, usize)> = (1..old.len()).filter_map(cut).collect();
    if cuts.is_empty() || !cuts.is_sorted_by(|a, b| a.1 < b.1) {
        return None;
    }
    let rows = |lines: &mut dyn Iterator<Item = &Line>| -> Vec<Row> {
        lines.map(|line| Row { start: line.start, end: line.end, number: hunk.line }).collect()
    };
    let (search, replace) = (rows(&mut hunk.old_lines()), rows(&mut hunk.new_lines()));
    let mut lines = Vec::with_capacity(hunk.lines.len());
    let mut from = (0, 0);
    for to in cuts.into_iter().chain([(search.len(), replace.len())]) {
        lines.extend(diff(target.reply, &search[from.0..to.0], &replace[from.1..to.1]));
        from = to;
    }
    (lines != hunk.lines).then(|| Hunk { lines, ..hunk.clone() })
}
