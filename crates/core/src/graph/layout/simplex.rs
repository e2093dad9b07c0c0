//! Network simplex: integers for the nodes of a graph, so that every edge is at least as long as it must be and all edges together are
//! as short as they can be.
//!
//! One problem solved twice: the ranks of states (edges point down) and the places of boxes in a rank (long lines are straight).
//! After Gansner, Koutsofios, North and Vo, «A technique for drawing directed graphs», IEEE TSE 19(3), 1993, §2.3 and §4.2. The cut value of
//! a tree edge is the sum of what leaves the tree below it, so one walk over the tree gives them all.

/// An edge: `head` lies at least `length` after `tail`; every step beyond that costs `weight`.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    pub tail: usize,
    pub head: usize,
    pub length: i64,
    pub weight: i64,
}

/// Gives every node its place. The edges must be free of cycles and must connect all nodes; places begin at 0.
/// After `max_steps` improvements the best so far is answered, which is always possible, only perhaps not shortest.
pub fn solve(nodes: usize, edges: &[Edge], max_steps: usize) -> Vec<i64> {
    let place = first_places(nodes, edges);
    let mut work = Work { edges, place, tree: vec![false; edges.len()], at: vec![Vec::new(); nodes], idle: 0, from: 0 };
    for (n, edge) in edges.iter().enumerate() {
        work.at[edge.tail].push(n);
        work.at[edge.head].push(n);
    }
    if work.grow_tree() {
        for _ in 0..max_steps {
            if !work.improve() {
                break;
            }
        }
    }
    let least = work.place.iter().min().copied().unwrap_or(0);
    work.place.iter().map(|p| p - least).collect()
}

/// Each node as early as its edges allow.
fn first_places(nodes: usize, edges: &[Edge]) -> Vec<i64> {
    let mut waiting = vec![0_usize; nodes];
    let mut leaving = vec![Vec::new(); nodes];
    for (n, edge) in edges.iter().enumerate() {
        waiting[edge.head] += 1;
        leaving[edge.tail].push(n);
    }
    let mut place = vec![0_i64; nodes];
    let mut ready: Vec<usize> = (0..nodes).filter(|&n| waiting[n] == 0).collect();
    while let Some(at) = ready.pop() {
        for &n in &leaving[at] {
            let edge = &edges[n];
            place[edge.head] = place[edge.head].max(place[at] + edge.length);
            waiting[edge.head] -= 1;
            if waiting[edge.head] == 0 {
                ready.push(edge.head);
            }
        }
    }
    place
}

struct Work<'e> {
    edges: &'e [Edge],
    place: Vec<i64>,
    /// Which edges are in the spanning tree; all of those are as short as they may be.
    tree: Vec<bool>,
    at: Vec<Vec<usize>>,
    /// Steps in a row that moved nothing.
    idle: usize,
    /// Where the search goes on when it goes round.
    from: usize,
}

/// Steps without a move before the search goes round.
const PATIENCE: usize = 50;

/// The tree from its root: parents before children.
struct Rooted {
    order: Vec<usize>,
    /// The tree edge to the parent; none for the root.
    up: Vec<Option<usize>>,
    enter: Vec<usize>,
    leave: Vec<usize>,
}

impl Work<'_> {
    fn slack(&self, n: usize) -> i64 {
        let edge = &self.edges[n];
        self.place[edge.head] - self.place[edge.tail] - edge.length
    }

    /// Grows a tree of edges without slack over all nodes, moving the tree towards the rest where none is left. False when the graph is
    /// not connected: then the first places must do.
    fn grow_tree(&mut self) -> bool {
        let nodes = self.place.len();
        if nodes == 0 {
            return false;
        }
        let mut inside = vec![false; nodes];
        inside[0] = true;
        let mut members = vec![0];
        let mut open = 0;
        loop {
            while open < members.len() {
                let node = members[open];
                open += 1;
                for &n in &self.at[node] {
                    let edge = &self.edges[n];
                    let other = if edge.tail == node { edge.head } else { edge.tail };
                    if !inside[other] && self.slack(n) == 0 {
                        inside[other] = true;
                        self.tree[n] = true;
                        members.push(other);
                    }
                }
            }
            if members.len() == nodes {
                return true;
            }
            let crossing = (0..self.edges.len()).filter(|&n| inside[self.edges[n].tail] != inside[self.edges[n].head]);
            let Some(nearest) = crossing.min_by_key(|&n| self.slack(n)) else { return false };
            let slack = self.slack(nearest);
            let by = if inside[self.edges[nearest].tail] { slack } else { -slack };
            for &node in &members {
                self.place[node] += by;
            }
            open = 0;
        }
    }

    fn root(&self) -> Rooted {
        let nodes = self.place.len();
        let mut rooted = Rooted {
            order: Vec::with_capacity(nodes),
            up: vec![None; nodes],
            enter: vec![0; nodes],
            leave: vec![0; nodes],
        };
        let mut stack = vec![(0, None, false)];
        while let Some((node, up, done)) = stack.pop() {
            if done {
                rooted.leave[node] = rooted.order.len();
                continue;
            }
            rooted.enter[node] = rooted.order.len();
            rooted.up[node] = up;
            rooted.order.push(node);
            stack.push((node, up, true));
            for &n in self.at[node].iter().filter(|&&n| self.tree[n] && Some(n) != up) {
                let edge = &self.edges[n];
                stack.push((if edge.tail == node { edge.head } else { edge.tail }, Some(n), false));
            }
        }
        rooted
    }

    /// Exchanges one tree edge whose cut is negative; false when there is none: all is as short as can be.
    fn improve(&mut self) -> bool {
        let rooted = self.root();
        let mut net = vec![0_i64; self.place.len()];
        for edge in self.edges {
            net[edge.tail] += edge.weight;
            net[edge.head] -= edge.weight;
        }
        for &node in rooted.order.iter().rev() {
            if let Some(up) = rooted.up[node] {
                let edge = &self.edges[up];
                let parent = if edge.tail == node { edge.head } else { edge.tail };
                net[parent] += net[node];
            }
        }
        // The most negative first. After steps that moved nothing the search goes round instead, so that it cannot run in a circle.
        let nodes = rooted.order.len();
        let negative = |node: usize| {
            let up = rooted.up[node]?;
            let cut = if self.edges[up].tail == node { net[node] } else { -net[node] };
            (cut < 0).then_some((cut, node, up))
        };
        let found = if self.idle < PATIENCE {
            (0..nodes).filter_map(negative).min()
        } else {
            (0..nodes).map(|k| (self.from + k) % nodes).find_map(negative)
        };
        let Some((_, node, out)) = found else { return false };
        self.from = (node + 1) % nodes;
        let below = |n: usize| rooted.enter[node] <= rooted.enter[n] && rooted.enter[n] < rooted.leave[node];
        // The edge that comes in crosses the cut the other way.
        let tail_below = self.edges[out].tail == node;
        let crosses = |n: &usize| {
            let edge = &self.edges[*n];
            let (tail, head) = (below(edge.tail), below(edge.head));
            tail != head && tail != tail_below
        };
        let Some(into) =
            (0..self.edges.len()).filter(|n| !self.tree[*n]).filter(crosses).min_by_key(|&n| self.slack(n))
        else {
            return false;
        };
        let slack = self.slack(into);
        self.idle = if slack == 0 { self.idle + 1 } else { 0 };
        if slack != 0 {
            // The part below moves so that the new edge has no slack.
            let by = if below(self.edges[into].tail) { slack } else { -slack };
            for n in 0..self.place.len() {
                if below(n) {
                    self.place[n] += by;
                }
            }
        }
        self.tree[out] = false;
        self.tree[into] = true;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(tail: usize, head: usize, length: i64, weight: i64) -> Edge {
        Edge { tail, head, length, weight }
    }

    fn cost(edges: &[Edge], place: &[i64]) -> i64 {
        edges.iter().map(|e| e.weight * (place[e.head] - place[e.tail])).sum()
    }

    #[test]
    fn a_short_branch_hangs_near_the_heavy_end() {
        // 0 → 1 → 2 → 3 and 0 → 4 → 3, where 4 → 3 is dear: 4 sits just before 3.
        let edges = [edge(0, 1, 1, 1), edge(1, 2, 1, 1), edge(2, 3, 1, 1), edge(0, 4, 1, 1), edge(4, 3, 1, 5)];
        assert_eq!(solve(5, &edges, 100), [0, 1, 2, 3, 2]);
        let edges = edges.map(|e| if e.tail == 4 { Edge { weight: 0, ..e } } else { e });
        assert_eq!(solve(5, &edges, 100)[4], 1);
    }

    #[test]
    fn as_short_as_trying_everything() {
        // A small pseudo-random family, compared with a search over all places.
        let mut seed = 7_u64;
        let mut next = |n: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % n
        };
        for _ in 0..20 {
            let mut edges: Vec<Edge> =
                (1..5).map(|h| edge(next(h) as usize, h as usize, 1, 1 + next(4) as i64)).collect();
            for _ in 0..3 {
                let (a, b) = (next(5) as usize, next(5) as usize);
                if a != b {
                    edges.push(edge(a.min(b), a.max(b), 1 + next(2) as i64, next(5) as i64));
                }
            }
            let found = solve(5, &edges, 1000);
            assert!(edges.iter().all(|e| found[e.head] - found[e.tail] >= e.length), "{edges:?} {found:?}");
            let mut best = i64::MAX;
            for code in 0..9_i64.pow(5) {
                let place: Vec<i64> = (0..5).map(|n| code / 9_i64.pow(n) % 9).collect();
                if edges.iter().all(|e| place[e.head] - place[e.tail] >= e.length) {
                    best = best.min(cost(&edges, &place));
                }
            }
            assert_eq!(cost(&edges, &found), best, "{edges:?} {found:?}");
        }
    }
}
