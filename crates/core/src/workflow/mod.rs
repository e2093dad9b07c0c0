//! Lifecycles as data: the model, its reader, its checks, its versions and its guards.

mod answers;
#[cfg(test)]
mod book;
pub mod cases;
pub mod check;
pub mod code;
pub mod complaint;
pub mod diff;
pub mod explore;
pub mod fragment;
pub mod guard;
pub mod joint;
pub mod locale;
pub mod model;
pub mod read;
pub mod schema;
pub mod set;
pub mod simulate;
pub mod state_map;
pub mod validate;
pub mod version;

pub use check::Checked;
pub use code::Code;
pub use complaint::Complaint;
pub use diff::Diff;
pub use fragment::{Fragment, Fragments};
pub use joint::Joint;
pub use model::*;
pub use read::{is_fragment, read, read_map, read_with};
pub use set::WorkflowSet;
pub use state_map::{Scope, Sides, StateMap, TimerPolicy};
pub use validate::validate;
