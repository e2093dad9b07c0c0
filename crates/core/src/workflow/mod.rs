//! Lifecycles as data: the model, its reader, its checks, its versions and its guards.

mod answers;
pub mod cases;
pub mod check;
pub mod code;
pub mod complaint;
pub mod explore;
pub mod guard;
pub mod locale;
pub mod model;
pub mod read;
pub mod set;
pub mod validate;
pub mod version;

pub use check::Checked;
pub use code::Code;
pub use complaint::Complaint;
pub use model::*;
pub use read::read;
pub use set::WorkflowSet;
pub use validate::validate;
