//! In which order issues are taken: by urgency, score and age, never before what they depend on.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::core::names::IssueNumber;

use super::Assessment;

/// Most urgent tier first, then the higher score, then the older issue, then the lower number: a total order.
pub fn rank(left: &Assessment, right: &Assessment) -> Ordering {
    let key = |a: &Assessment| (a.tier, std::cmp::Reverse(a.total), a.created, a.number);
    key(left).cmp(&key(right))
}

/// Indices in working order, and the circles that were found on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Into the slice that was ordered.
    pub indices: Vec<usize>,
    /// Issues that wait for each other; each circle once, starting from its lowest number.
    pub cycles: Vec<Vec<IssueNumber>>,
}

/// Orders by [`rank`], but moves an issue's dependencies before it where they are in the slice as well.
pub fn order(assessments: &[Assessment]) -> Order {
    let mut by_rank: Vec<usize> = (0..assessments.len()).collect();
    by_rank.sort_by(|left, right| rank(&assessments[*left], &assessments[*right]));
    let of_number = assessments.iter().enumerate().map(|(index, assessment)| (assessment.number, index)).collect();
    let mut walk = Walk {
        assessments,
        of_number,
        marks: vec![Mark::New; assessments.len()],
        order: Order { indices: Vec::with_capacity(assessments.len()), cycles: Vec::new() },
    };
    for index in by_rank {
        walk.visit(index);
    }
    walk.order.cycles.sort();
    walk.order.cycles.dedup();
    walk.order
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    Open,
    Done,
}

struct Walk<'a> {
    assessments: &'a [Assessment],
    of_number: BTreeMap<IssueNumber, usize>,
    marks: Vec<Mark>,
    order: Order,
}

impl Walk<'_> {
    /// Depth first with a stack of its own: a chain of ten thousand issues must not overflow the thread's.
    fn visit(&mut self, start: usize) {
        if self.marks[start] != Mark::New {
            return;
        }
        self.marks[start] = Mark::Open;
        let mut path = vec![(start, 0)];
        while let Some((index, next)) = path.last_mut() {
            let index = *index;
            let Some(dependency) = self.assessments[index].depends_on.get(*next) else {
                self.marks[index] = Mark::Done;
                self.order.indices.push(index);
                path.pop();
                continue;
            };
            *next += 1;
            let Some(&target) = self.of_number.get(dependency) else { continue };
            match self.marks[target] {
                Mark::Done => {}
                Mark::Open => self.cycle(&path, target),
                Mark::New => {
                    self.marks[target] = Mark::Open;
                    path.push((target, 0));
                }
            }
        }
    }

    fn cycle(&mut self, path: &[(usize, usize)], target: usize) {
        let from = path.iter().position(|(index, _)| *index == target).unwrap_or(0);
        let mut numbers: Vec<IssueNumber> =
            path[from..].iter().map(|(index, _)| self.assessments[*index].number).collect();
        let lowest = numbers.iter().enumerate().min_by_key(|(_, number)| **number).map_or(0, |(at, _)| at);
        numbers.rotate_left(lowest);
        self.order.cycles.push(numbers);
    }
}
