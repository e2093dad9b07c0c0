//! What an order is made of in the store: learnt from the engine itself ([`capture`]), turned into a form that can be
//! written again for other orders ([`template`], compiled in [`learn`] and [`text`]).
//!
//! The floor and the bulk loader write what is learnt here, so a change of the schema or of what the engine writes reaches
//! them without a change of theirs.

pub mod capture;
pub mod learn;
pub mod school;
pub mod template;
pub mod text;
