//! The codes of what can be found wrong with a workflow file: one for each rule, each with a page in `docs/findings`.
//!
//! A code is a name for good: scripts and pages refer to it. There are no warnings: every finding keeps a file from being published.

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// Which rule a file breaks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code, in the order in which the rules are tried.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name in reports and of the page: `unreachable-state`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

codes! {
    // What the reader says of one key.
    /// The text is not TOML.
    Syntax = "syntax";
    /// A file, a list, a label or a guard is larger than is read.
    TooLarge = "too-large";
    /// A key that means nothing there.
    UnknownKey = "unknown-key";
    /// A key that must be there.
    MissingKey = "missing-key";
    /// A value of another type.
    WrongType = "wrong-type";
    /// A word that is not one of those allowed there.
    UnknownWord = "unknown-word";
    /// A word that cannot be a name.
    WrongName = "wrong-name";
    /// The same word twice in a list.
    ListedTwice = "listed-twice";
    /// A guard that cannot be read.
    WrongGuard = "wrong-guard";
    /// A role reads nothing in a state.
    MissingLabel = "missing-label";
    /// A label for a role that does not read here.
    UnknownRoleLabel = "unknown-role-label";
    /// A key whose value does not fit, in a way that no other code names.
    WrongValue = "wrong-value";

    // What the machines show without being run.
    /// A public status that no state shows.
    UnusedStatus = "unused-status";
    /// The public statuses stand in another order than items go through them.
    StatusOrder = "status-order";
    /// A state is what a tag says, and does not carry the tag.
    MissingTag = "missing-tag";
    /// An event that the machine it is for does not know.
    UnknownEvent = "unknown-event";
    /// An entry action in a machine that cannot do it.
    WrongAction = "wrong-action";
    /// An event for a machine that is not there, or for the one that sends it.
    WrongSend = "wrong-send";
    /// The partner is missing, of the wrong kind, or never started.
    WrongPartner = "wrong-partner";
    /// A guard asks about what can never be.
    FactNeverHolds = "fact-never-holds";
    /// Nothing leads to a state.
    UnreachableState = "unreachable-state";
    /// No final state can be reached from a state.
    Trap = "trap";
    /// A transition behind one that takes everything.
    ShadowedTransition = "shadowed-transition";
    /// Two transitions for one event, and only their place in the file says which is taken.
    AmbiguousTransition = "ambiguous-transition";
    /// Ways out of a state of which one is always quicker.
    CompetingTriggers = "competing-triggers";
    /// An automatic choice that covers only some cases.
    GuardWithoutElse = "guard-without-else";
    /// Automatic steps that never come to rest.
    EndlessCycle = "endless-cycle";
    /// An event that nothing and nobody can fire.
    EventNeverFires = "event-never-fires";
    /// One name for events of two machines.
    EventDeclaredTwice = "event-declared-twice";
    /// A field is required, or shown, that nothing can supply.
    FieldNeverAvailable = "field-never-available";

    // What exploring the machines together shows.
    /// A transition without an event that is never taken.
    NeverTaken = "never-taken";
    /// Machines that together can never come to an end.
    StuckPair = "stuck-pair";
    /// An event that the partner ignores.
    SilentDrop = "silent-drop";
    /// An event that the partner cannot take, so that a command is refused.
    FailingSend = "failing-send";
    /// Units were released although the goods are still promised.
    ReservationGap = "reservation-gap";
    /// Units that are said to be on their way and are still reserved.
    StockNotShipped = "stock-not-shipped";
    /// An end in which units stay reserved.
    FinalStateReservesStock = "final-state-reserves-stock";
    /// An end in which money stays held at the provider.
    FinalStateHoldsMoney = "final-state-holds-money";
    /// Money was taken for something that is off, and nothing gives it back.
    MoneyStranded = "money-stranded";
    /// Money is taken, or asked for, a second time.
    ChargedTwice = "charged-twice";
    /// Goods leave before they are paid for.
    ShippedUnpaid = "shipped-unpaid";
    /// A story of the table beside the file comes out otherwise.
    StoryFails = "story-fails";
    /// The table beside the file cannot be read.
    WrongTable = "wrong-table";
    /// Books, stock or sums do not agree: a fault of the engine.
    BrokenInvariant = "broken-invariant";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.name())
    }
}
