//! The workflows that come with Orderwright: nothing is found, and all of it is walked.

use orderwright_core::workflow::WorkflowSet;
use orderwright_core::workflow::explore::Limits;

#[test]
fn nothing_is_found_in_the_shipped_files() {
    let set = WorkflowSet::shipped().expect("free of complaints");
    for (workflow, text) in set.texts() {
        let checked = set.explore(text, Limits::default());
        let told = checked.complaints.iter().map(|c| format!("{}: {c}\n{}", c.code, c.trace.join("\n")));
        let told: Vec<String> = told.collect();
        assert!(told.is_empty(), "{}: {}", workflow.name, told.join("\n"));
        // A merchant's machine is walked with the order's that names it.
        let (states, steps) = (checked.extent.joint_states, checked.extent.steps);
        assert!(states > 300 && steps > states, "{}: {:?}", workflow.name, checked.extent);
        assert!(checked.extent.left_out.is_empty(), "{}: {:?}", workflow.name, checked.extent);
        println!("{}: {states} joint states, {steps} steps", workflow.name);
    }
}

#[test]
fn a_bounded_walk_says_so_and_claims_nothing() {
    let set = WorkflowSet::shipped().expect("free of complaints");
    for (workflow, text) in set.texts() {
        let checked = set.explore(text, Limits { states: 20, steps: 10_000 });
        assert!(checked.complaints.is_empty(), "{}: {:?}", workflow.name, checked.complaints);
        assert_eq!(checked.extent.left_out.len(), 4, "each shape says it: {:?}", checked.extent);
    }
}
