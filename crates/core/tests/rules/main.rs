//! The rules of api.md, tried on the shipped workflows in memory: every lifecycle to every end, every event in every state by every role,
//! money and stock after every decision. There is no store, no network and no clock here: a shop is an order, a queue of effects and
//! an instant that only tests move.

mod audit;
mod cases;
mod chargebacks;
mod disputes;
mod listed;
mod made_to_order;
mod mails;
mod mall;
mod marketplace;
mod messages;
mod migrating;
mod money;
mod outside;
mod parcels;
mod payouts;
mod provider;
mod refunding;
mod retail;
mod roles;
mod seen;
mod shadowing;
mod shop;
mod simulation;
mod splits;
mod splitting;
mod store_request;
mod waiting;
mod walks;
mod workflows;
