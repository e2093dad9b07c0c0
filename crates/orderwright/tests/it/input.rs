//! Bad input: refused with what is wrong, and without a trace in the data.

mod events;
mod headers;
mod malformed;
mod matrix;
mod money;
mod placement;
mod preconditions;
mod queries;
mod staff;
