//! One list of promises, kept by every engine: each case runs on SQLite with its writer thread, on SQLite inline, and on
//! PostgreSQL.
//!
//! PostgreSQL: `ORDERWRIGHT_TEST_DATABASE_URL=postgres://user@host:port/postgres cargo test --test it store`. Each case
//! makes a database of its own on that server, and drops it.

mod contention;
mod disputes;
mod engine;
mod feed;
mod groups;
mod lists;
mod lists_model;
mod outcomes;
mod payouts;
mod people_and_rest;
mod schema;
mod shop;
mod statements;
mod work;

macro_rules! conformance {
    ($($module:ident: $($case:ident),+;)*) => {
        mod sqlite { $($(#[test] fn $case() { super::engine::run(super::engine::Engine::Sqlite, super::$module::$case) })+)* }
        mod inline { $($(#[test] fn $case() { super::engine::run(super::engine::Engine::Inline, super::$module::$case) })+)* }
        mod postgres { $($(#[test] fn $case() { super::engine::run(super::engine::Engine::Postgres, super::$module::$case) })+)* }
    };
}

conformance! {
    statements: every_statement_prepares, every_statement_executes;
    outcomes: a_refused_changeset_leaves_nothing, a_changeset_counts_once, a_reopened_store_has_everything,
        every_opening_is_another_node, a_refusal_names_its_guard;
    contention: contended_orders_lose_no_update, nothing_is_sold_twice, carts_in_any_order_never_deadlock,
        order_numbers_are_taken_once;
    feed: positions_are_dense_and_per_order_by_version, counters_are_exact_at_every_moment,
        an_earlier_version_with_a_later_id_comes_first;
    lists: lists_agree_with_a_naive_model, a_rare_order_is_found_page_by_page, a_cursor_of_another_sort_is_refused, finders_stay_in_scope;
    groups: who_is_refused_hurts_nobody;
    work: a_job_is_claimed_once, a_lease_has_one_owner, a_fault_is_taken_as_often_as_it_says;
}

/// What only one engine has.
mod only {
    use super::engine::{Engine, run};

    #[test]
    fn sqlite_serves_one_server() {
        run(Engine::Sqlite, super::outcomes::a_second_server_is_refused);
    }

    #[test]
    fn sqlite_frees_what_a_dead_server_leased() {
        run(Engine::Sqlite, super::work::leases_of_a_dead_server_are_freed);
    }

    #[test]
    fn postgres_settles_a_commit_whose_answer_was_lost() {
        run(Engine::Postgres, super::outcomes::a_lost_answer_is_settled);
    }

    #[test]
    fn postgres_repeats_a_flight_that_was_lost_on_the_way() {
        run(Engine::Postgres, super::outcomes::a_lost_flight_is_repeated);
    }

    #[test]
    fn postgres_commits_who_waits_in_one_transaction() {
        run(Engine::Postgres, super::groups::who_waits_shares_a_transaction);
    }

    #[test]
    fn postgres_counts_a_lost_group_once() {
        run(Engine::Postgres, super::groups::a_lost_group_counts_once);
    }

    #[test]
    fn both_engines_have_one_schema() {
        run(Engine::Postgres, super::schema::schemas_are_equal);
    }
}
