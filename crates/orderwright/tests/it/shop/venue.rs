//! Which server a scenario runs on, and the macro that makes a test of it for each store.
//!
//! - `shared`: one server for all; scenarios run side by side, so they count nothing that others change.
//! - `quiet`: one at a time, and nobody moves the clock: for stock figures and list totals.
//! - `clock`: one at a time; may move the clock forward.
//! - `own`: a server of its own, which the scenario may kill and restart.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::{Shop, Store};

/// Lists scenarios by venue; each becomes a test on each store, named `<theme>::<file>::<store>::<scenario>`.
macro_rules! scenarios {
    ($($venue:ident: $($name:ident),+ ;)+) => {
        mod sqlite {
            $($(#[test] fn $name() { $crate::shop::venue::$venue($crate::shop::Store::Sqlite, super::$name) })+)+
        }
        mod postgres {
            $($(#[test] fn $name() { $crate::shop::venue::$venue($crate::shop::Store::Postgres, super::$name) })+)+
        }
    };
}

/// A server that lives as long as the test run, started by the first who needs it. A failed start is remembered, so
/// that each test says why at once instead of trying again.
struct House {
    shop: OnceLock<Result<Shop, String>>,
    turn: Mutex<()>,
}

impl House {
    const fn new() -> House {
        House { shop: OnceLock::new(), turn: Mutex::new(()) }
    }

    fn shop(&self, store: Store) -> &Shop {
        match self.shop.get_or_init(|| Shop::start(store)) {
            Ok(shop) => shop,
            Err(why) => panic!("{why}"),
        }
    }
}

/// One house for each store.
struct Street {
    sqlite: House,
    postgres: House,
}

impl Street {
    const fn new() -> Street {
        Street { sqlite: House::new(), postgres: House::new() }
    }

    fn house(&self, store: Store) -> &House {
        match store {
            Store::Sqlite => &self.sqlite,
            Store::Postgres => &self.postgres,
        }
    }

    fn one_at_a_time(&self, store: Store, scenario: fn(&Shop)) {
        let house = self.house(store);
        let _turn = house.turn.lock().unwrap_or_else(PoisonError::into_inner);
        play(house.shop(store), scenario);
    }
}

static SHARED: Street = Street::new();
static QUIET: Street = Street::new();
static CLOCK: Street = Street::new();

/// On the server that all share.
pub fn shared(store: Store, scenario: fn(&Shop)) {
    play(SHARED.house(store).shop(store), scenario);
}

/// On a server where nothing else happens meanwhile and the clock is not moved.
pub fn quiet(store: Store, scenario: fn(&Shop)) {
    QUIET.one_at_a_time(store, scenario);
}

/// On a server where nothing else happens meanwhile and the clock may be moved.
pub fn clock(store: Store, scenario: fn(&Shop)) {
    CLOCK.one_at_a_time(store, scenario);
}

/// On a server of its own.
pub fn own(store: Store, scenario: fn(&mut Shop)) {
    let mut shop = Shop::start(store).unwrap_or_else(|why| panic!("{why}"));
    let outcome = catch_unwind(AssertUnwindSafe(|| scenario(&mut shop)));
    report(&shop, outcome);
}

fn play(shop: &Shop, scenario: fn(&Shop)) {
    let outcome = catch_unwind(AssertUnwindSafe(|| scenario(shop)));
    report(shop, outcome);
}

/// The panic itself has been reported with its place; what is still missing is what the server had to say.
fn report(shop: &Shop, outcome: Result<(), Box<dyn Any + Send>>) {
    if outcome.is_err() {
        panic!("the scenario failed, see above\n{}", shop.log_tail());
    }
}
