//! Bad input: refused with what is wrong, and without a trace in the data.

mod events;
mod malformed;
mod money;
mod placement;
mod preconditions;
mod queries;
mod staff;
