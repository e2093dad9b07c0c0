//! Where an item can get to in one process: every event at any time, every answer of every condition, and the shortest way there.
//!
//! A split state (`State::split`) is taken as its author wrote it: that its events never fire is a finding of its own, and all that would
//! follow from it would only hide the others.

use std::collections::{BTreeSet, VecDeque};

use super::model::{Engine, Process, Transition};

/// The most steps of a trace; the longest of the public processes has 25.
const MAX_TRACE: usize = 200;

/// The transitions that may be taken, for some answers of the conditions, and whether it may be none of them.
///
/// OMS puts true conditions to the front one after another, so the last true one wins, and the first without a condition is the else. The
/// state machine takes the first that is true or has no condition. One condition has one answer within one look.
pub fn winners<'p>(engine: Engine, candidates: &[&'p Transition]) -> (Vec<&'p Transition>, bool) {
    let mut out = Vec::new();
    let mut asked: BTreeSet<&str> = BTreeSet::new();
    let mut wins = |t: &&'p Transition| t.condition.as_deref().is_some_and(|c| asked.insert(c));
    match engine {
        Engine::Oms => {
            out.extend(candidates.iter().rev().filter(|t| wins(t)).copied());
            let other = candidates.iter().find(|t| t.condition.is_none()).copied();
            out.extend(other);
            (out, other.is_none())
        }
        Engine::StateMachine => {
            for t in candidates {
                if t.condition.is_none() {
                    out.push(*t);
                    return (out, false);
                }
                if wins(t) {
                    out.push(*t);
                }
            }
            (out, true)
        }
    }
}

/// The groups of transitions that compete in a state: those of each event, and those of none.
pub fn groups(process: &Process, state: usize) -> Vec<(Option<usize>, Vec<&Transition>)> {
    let mut out: Vec<(Option<usize>, Vec<&Transition>)> = Vec::new();
    let mut place = std::collections::BTreeMap::new();
    for t in process.outgoing(state).filter(|t| t.event.is_some()) {
        let at = *place.entry(t.event).or_insert(out.len());
        if at == out.len() {
            out.push((t.event, Vec::new()));
        }
        out[at].1.push(t);
    }
    let free = process.by_check(state);
    if !free.is_empty() {
        out.push((None, free));
    }
    out
}

/// The states that can be reached, each with the step that first led there.
#[derive(Clone, Debug)]
pub struct Reach<'p> {
    process: &'p Process,
    /// State → the transition by which it was first reached; the first state has none and is reached.
    by: Vec<Option<&'p Transition>>,
    reached: Vec<bool>,
}

impl<'p> Reach<'p> {
    /// Walks the process from its first state, breadth first, so that each way is a shortest one.
    pub fn walk(engine: Engine, process: &'p Process) -> Self {
        let mut out =
            Self { process, by: vec![None; process.states.len()], reached: vec![false; process.states.len()] };
        let mut queue = VecDeque::new();
        if let Some(first) = out.reached.get_mut(process.initial) {
            *first = true;
            queue.push_back(process.initial);
        }
        while let Some(state) = queue.pop_front() {
            for (_, candidates) in groups(process, state) {
                for t in winners(engine, &candidates).0 {
                    let Some(target) = t.target else { continue };
                    if !out.reached[target] {
                        out.reached[target] = true;
                        out.by[target] = Some(t);
                        queue.push_back(target);
                    }
                }
            }
        }
        out
    }

    /// Whether an item can get there.
    pub fn has(&self, state: usize) -> bool {
        self.reached[state]
    }

    /// The shortest way there, one step an entry; empty for the first state and for what cannot be reached.
    pub fn trace(&self, state: usize) -> Vec<String> {
        let mut steps = Vec::new();
        let mut at = state;
        while let Some(t) = self.by[at] {
            steps.push(t);
            at = t.source;
        }
        steps.reverse();
        clipped(&steps, |t| step(self.process, t))
    }
}

/// The steps as a trace shows them, without the middle of a way that nobody would read.
pub fn clipped<T>(steps: &[T], shown: impl Fn(&T) -> String) -> Vec<String> {
    let half = MAX_TRACE / 2;
    if steps.len() <= MAX_TRACE {
        return steps.iter().map(shown).collect();
    }
    let (begin, end) = (&steps[..half], &steps[steps.len() - half..]);
    let left_out = format!("… {} steps …", steps.len() - 2 * half);
    begin.iter().map(&shown).chain([left_out]).chain(end.iter().map(&shown)).collect()
}

/// One step as a trace shows it: `new --pay [Payment/IsPaid]--> paid`.
pub fn step(process: &Process, t: &Transition) -> String {
    let event = t.event.map_or("(check-condition)", |e| process.events[e].name.as_str());
    let condition = t.condition.as_ref().map_or(String::new(), |c| format!(" [{c}]"));
    format!("{} --{event}{condition}--> {}", process.name_of(t.source), t.target_name)
}

/// The states from which one of `ends` can be reached by the edges, an edge being (from, to).
pub fn leads_to(count: usize, edges: &[(usize, usize)], ends: impl IntoIterator<Item = usize>) -> Vec<bool> {
    let mut into: Vec<Vec<usize>> = vec![Vec::new(); count];
    for &(from, to) in edges {
        into[to].push(from);
    }
    let mut out = vec![false; count];
    let mut queue: VecDeque<usize> = ends.into_iter().collect();
    while let Some(state) = queue.pop_front() {
        if !std::mem::replace(&mut out[state], true) {
            queue.extend(&into[state]);
        }
    }
    out
}

/// The states on circles of the edges: each with the circle's states in order, the smallest state's circle first. One circle for each
/// strongly connected part.
pub fn circles(count: usize, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut from: Vec<Vec<usize>> = vec![Vec::new(); count];
    for &(a, b) in edges {
        from[a].push(b);
    }
    let mut done = vec![false; count];
    let mut out = Vec::new();
    for start in 0..count {
        if done[start] {
            continue;
        }
        // Breadth first, so that the circle is a shortest one through `start`.
        let mut by: Vec<Option<usize>> = vec![None; count];
        let mut queue = VecDeque::from([start]);
        let mut closed = None;
        'search: while let Some(state) = queue.pop_front() {
            for &next in &from[state] {
                if next == start {
                    closed = Some(state);
                    break 'search;
                }
                if by[next].is_none() {
                    by[next] = Some(state);
                    queue.push_back(next);
                }
            }
        }
        let Some(mut at) = closed else { continue };
        let mut circle = vec![at];
        while at != start {
            let Some(before) = by[at] else { break };
            at = before;
            circle.push(at);
        }
        circle.reverse();
        circle.iter().for_each(|&state| done[state] = true);
        out.push(circle);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transition(target: usize, condition: Option<&str>) -> Transition {
        Transition {
            source: 0,
            target: Some(target),
            target_name: String::new(),
            event: None,
            condition: condition.map(str::to_owned),
            happy: false,
            rank: Some(0),
        }
    }

    #[test]
    fn winners_follow_the_engines() {
        let list =
            [(1, None), (2, Some("a")), (3, Some("b")), (4, Some("a")), (5, None)].map(|(t, c)| transition(t, c));
        let all: Vec<&Transition> = list.iter().collect();
        let targets = |engine, all: &[&Transition]| {
            let (winners, stays) = winners(engine, all);
            (winners.iter().filter_map(|t| t.target).collect::<Vec<_>>(), stays)
        };
        assert_eq!(targets(Engine::Oms, &all), (vec![4, 3, 1], false));
        assert_eq!(targets(Engine::StateMachine, &all), (vec![1], false));
        assert_eq!(targets(Engine::Oms, &all[1..4]), (vec![4, 3], true));
        assert_eq!(targets(Engine::StateMachine, &all[1..4]), (vec![2, 3], true));
        assert_eq!(targets(Engine::StateMachine, &all[1..]), (vec![2, 3, 5], false));
    }

    #[test]
    fn circles_are_found_once() {
        assert_eq!(circles(5, &[(0, 1), (1, 2), (2, 1), (2, 3), (3, 4), (4, 4)]), [vec![1, 2], vec![4]]);
        assert_eq!(circles(3, &[(0, 1), (1, 2)]), Vec::<Vec<usize>>::new());
        assert_eq!(leads_to(4, &[(0, 1), (1, 2), (3, 3)], [2]), [true, true, true, false]);
    }
}
