//! Processes of Spryker's two engines (OMS and state machine): read as those engines read them, checked, explored and stepped.
//!
//! A shop that comes from Spryker brings its lifecycles as XML. Here they are merged as `Builder` of each engine merges them, so that what
//! is found is what that shop runs, slips included. Files come in through a lookup: there is no IO here. Conditions and commands are PHP
//! classes of which only the names are known, so wherever one is asked, every answer is possible.
//!
//! Rules were learned by reading spryker/oms and spryker/state-machine; nothing of their code is here.

pub mod couple;
pub mod finding;
pub mod graph;
pub mod import;
pub mod interval;
pub mod lint;
pub mod map;
pub mod model;
pub mod run;
pub mod to_toml;
pub mod xml;

#[cfg(test)]
mod tests;

pub use finding::Finding;
pub use import::{Found, Import, Missing, import};

pub use lint::lint;
pub use map::Map;
pub use model::{Engine, Event, Process, State, Transition};
