//! The five lifecycles, each to every final state that its shop names.

mod bazaar;
mod blinds;
mod blinds_undo;
mod lines;
mod mall;
mod mall_labels;
mod mall_merchants;
mod retail;
mod retail_entities;
mod retail_table;
mod studio;
