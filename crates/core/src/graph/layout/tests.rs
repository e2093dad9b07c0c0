//! Nothing lies on anything, lines arrive, the happy path is straight: on small plans by hand and on many made by a fixed seed.

use super::*;

fn line(from: usize, to: usize, happy: bool) -> PlanLine {
    PlanLine { from, to, label: (60.0, 20.0), happy }
}

/// A plan of that many boxes in a row, with other lines between them in all directions.
fn tangle(boxes: usize, others: usize, seed: u64) -> Plan {
    let mut state = seed;
    let mut next = |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    let sizes = (0..boxes).map(|_| (80.0 + next(120) as f64, 30.0 + next(40) as f64)).collect();
    let mut lines: Vec<PlanLine> = (1..boxes).map(|n| line(n - 1, n, true)).collect();
    for _ in 0..others {
        let (from, to) = (next(boxes), next(boxes));
        if from != to && !lines.iter().any(|l| (l.from, l.to) == (from, to)) {
            lines.push(PlanLine { label: (40.0 + next(100) as f64, 18.0 + next(40) as f64), ..line(from, to, false) });
        }
    }
    Plan { boxes: sizes, lines, root: 0 }
}

fn check(plan: &Plan) {
    let layout = lay_out(plan);
    let mut areas: Vec<(f64, f64, f64, f64)> = Vec::new();
    let boxes = plan.boxes.iter().zip(&layout.boxes);
    let labels = plan.lines.iter().map(|l| &l.label).zip(&layout.labels);
    for (&(w, h), &(x, y)) in boxes.chain(labels) {
        let area = (x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0);
        assert!(area.0 >= 0.0 && area.1 >= 0.0 && area.2 <= layout.width && area.3 <= layout.height, "{area:?}");
        for other in &areas {
            let apart = area.0 >= other.2 || area.2 <= other.0 || area.1 >= other.3 || area.3 <= other.1;
            assert!(apart, "{area:?} lies on {other:?}");
        }
        areas.push(area);
    }
    // Every box that a line enters has a tip at its upper edge.
    for (n, (&(w, h), &(x, y))) in plan.boxes.iter().zip(&layout.boxes).enumerate() {
        let entered = plan.lines.iter().any(|l| l.to == n);
        let at_edge = |l: &&Line| {
            let &(ex, ey) = l.points.last().expect("a line has points");
            l.tip && (ex - x).abs() <= w / 2.0 && (ey - (y - h / 2.0)).abs() < 10.0
        };
        assert_eq!(layout.lines.iter().any(|l| at_edge(&l)), entered, "box {n}");
    }
    assert!(layout.lines.iter().all(|l| l.points.len() % 3 == 1), "whole curves");
    for happy in plan.lines.iter().filter(|l| l.happy) {
        assert!((layout.boxes[happy.from].0 - layout.boxes[happy.to].0).abs() < 1.0, "the spine is straight");
        assert!(layout.boxes[happy.from].1 < layout.boxes[happy.to].1, "and goes down");
    }
}

#[test]
fn nothing_lies_on_anything() {
    check(&Plan { boxes: vec![(100.0, 40.0)], lines: vec![], root: 0 });
    check(&Plan { boxes: vec![(100.0, 40.0); 3], lines: vec![], root: 1 });
    check(&Plan { boxes: vec![(90.0, 30.0); 2], lines: vec![line(0, 1, true), line(1, 0, false)], root: 0 });
    for seed in 0..14 {
        check(&tangle(2 + seed as usize, seed as usize, seed));
    }
    assert!(lay_out(&Plan::default()).lines.is_empty());
}

#[test]
fn as_large_as_real_ones() {
    check(&tangle(58, 24, 1));
}

#[test]
fn the_same_plan_gives_the_same_layout() {
    let plan = tangle(20, 20, 3);
    assert_eq!(format!("{:?}", lay_out(&plan)), format!("{:?}", lay_out(&plan)));
}

#[test]
fn lines_to_one_state_share_a_trunk() {
    // Six states in a row, each of which may end in the seventh.
    let mut plan = Plan { boxes: vec![(100.0, 40.0); 7], lines: Vec::new(), root: 0 };
    for n in 0..6 {
        if n < 5 {
            plan.lines.push(line(n, n + 1, true));
        }
        plan.lines.push(line(n, 6, false));
    }
    let layout = lay_out(&plan);
    let tips = layout.lines.iter().filter(|l| l.tip).count();
    assert_eq!(tips, 5 + 2, "one for each of the row, one for the trunk, one for the last state's own line");
    check(&plan);
}
