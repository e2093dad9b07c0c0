//! What changed on the ways out of one state: events and who may fire them, automatic steps, timers, outcomes.

use super::{Concerns, Pair, both_ways, delay};
use crate::workflow::model::{Party, Send, Side, State, Transition};

impl From<Party> for Concerns {
    fn from(party: Party) -> Self {
        match party {
            Party::Operator => Self::Operator,
            Party::Retailer => Self::Retailer,
            Party::Merchant => Self::Merchant,
            Party::Customer => Self::Customer,
            Party::Import => Self::Import,
        }
    }
}

pub(super) fn compare(pair: &mut Pair<'_>, old: &State, new: &State) {
    events(pair, old, new);
    automatic(pair, old, new);
    timers(pair, old, new);
    if let (Some(was), Some(is)) = (&old.invoke, &new.invoke) {
        for (word, was, is) in [("success", &was.done, &is.done), ("failure", &was.error, &is.error)] {
            let effect = new.invoke.as_ref().map_or("", |i| i.effect.name());
            let what = format!("the {word} of {effect} in `{}`", new.name);
            one(pair, &what, &new.name, was, is, &[Concerns::Shop]);
        }
    }
}

fn events(pair: &mut Pair<'_>, old: &State, new: &State) {
    let name = &new.name;
    let mut names: Vec<&String> = old.on.keys().chain(new.on.keys()).collect();
    names.sort_unstable();
    names.dedup();
    for event in names {
        let (was, is) = (ways(old, event), ways(new, event));
        for (_, party) in Party::ALL {
            let may = |ts: &[Transition]| ts.iter().any(|t| t.by.contains(party));
            let (kind, words) = match (may(was), may(is)) {
                (false, true) => ("event_gained", "may now"),
                (true, false) => ("event_lost", "may no longer"),
                (true, true) | (false, false) => continue,
            };
            pair.push((*party).into(), kind, name, format!("{words} fire `{event}` in `{name}`"));
        }
        let people = |ts: &[Transition]| ts.iter().any(|t| !t.by.is_empty());
        match (was.is_empty(), is.is_empty()) {
            (true, false) if !people(is) => {
                pair.push(
                    Concerns::Shop,
                    "event_taken",
                    name,
                    format!("`{name}` now takes `{event}` from other machines"),
                );
            }
            (false, true) if !people(was) => {
                let message = format!("`{name}` no longer takes `{event}` from other machines");
                pair.push(Concerns::Shop, "event_not_taken", name, message);
            }
            _ => {}
        }
        if let ([was], [is]) = (was, is) {
            // Those who can fire it before and after; who gained or lost it was told.
            let both: Vec<Concerns> = was.by.iter().filter(|p| is.by.contains(p)).map(|p| Concerns::from(*p)).collect();
            let concerns = if both.is_empty() { vec![Concerns::Shop] } else { both };
            one(pair, &format!("`{event}` in `{name}`"), name, was, is, &concerns);
        } else if !was.is_empty() && !is.is_empty() {
            let shown = |ts: &[Transition], pair: &Pair<'_>, old: bool| -> Vec<String> {
                ts.iter().map(|t| words(pair, t, old)).collect()
            };
            let (before, after) = (shown(was, pair, true), shown(is, pair, false));
            if before != after {
                let message = format!("`{event}` in `{name}` {} (it did: {})", after.join("; "), before.join("; "));
                pair.push(Concerns::Shop, "transitions", name, message);
            }
        }
    }
}

fn ways<'s>(state: &'s State, event: &str) -> &'s [Transition] {
    state.on.get(event).map_or(&[], Vec::as_slice)
}

/// The name of a target, by its new name where it seems renamed.
fn target(pair: &Pair<'_>, t: &Transition, old: bool) -> String {
    let machine = if old { pair.old } else { pair.new };
    let name = machine.states.get(t.target).map_or("", |s| s.name.as_str());
    if old { pair.now(name).to_owned() } else { name.to_owned() }
}

fn guard(t: &Transition) -> String {
    t.guard.as_ref().map_or("nothing".to_owned(), ToString::to_string)
}

fn sends(t: &Transition) -> Vec<String> {
    let word = |s: &Send| {
        let to = match s.to {
            Side::Item => "item",
            Side::Merchant => "merchant",
        };
        format!("{to}.{}{}", s.event, if s.optional { "?" } else { "" })
    };
    t.send.iter().map(word).collect()
}

/// `leads to x when g`: a transition in a few words.
fn words(pair: &Pair<'_>, t: &Transition, old: bool) -> String {
    let when = t.guard.as_ref().map_or(String::new(), |g| format!(" when {g}"));
    format!("leads to `{}`{when}", target(pair, t, old))
}

/// One way out in both versions.
fn one(pair: &mut Pair<'_>, what: &str, state: &str, was: &Transition, is: &Transition, concerns: &[Concerns]) {
    let say = |pair: &mut Pair<'_>, kind, message: &str| {
        for group in concerns {
            pair.push(*group, kind, state, format!("{what} {message}"));
        }
    };
    let (from, to) = (target(pair, was, true), target(pair, is, false));
    if from != to {
        say(pair, "target", &format!("leads to `{to}` instead of `{from}`"));
    }
    if guard(was) != guard(is) {
        say(pair, "guard", &format!("needs {} instead of {}", guard(is), guard(was)));
    }
    let fields = |t: &Transition| t.requires.iter().map(|f| f.name()).collect::<Vec<_>>();
    let (gained, lost) = both_ways(&fields(was), &fields(is));
    if !gained.is_empty() {
        say(pair, "requires", &format!("now requires {}", gained.join(", ")));
    }
    if !lost.is_empty() {
        say(pair, "requires", &format!("no longer requires {}", lost.join(", ")));
    }
    let list = |words: Vec<String>| if words.is_empty() { "nothing".to_owned() } else { words.join(", ") };
    let (before, after) = (list(sends(was)), list(sends(is)));
    if before != after {
        pair.push(Concerns::Shop, "send", state, format!("{what} sends {after} instead of {before}"));
    }
    if was.reason != is.reason {
        let word = |t: &Transition| t.reason.clone().unwrap_or_else(|| "none".to_owned());
        let message = format!("{what} gives the reason {} instead of {}", word(is), word(was));
        pair.push(Concerns::Shop, "reason", state, message);
    }
}

fn automatic(pair: &mut Pair<'_>, old: &State, new: &State) {
    let shown = |pair: &Pair<'_>, s: &State, old: bool| -> Vec<(String, String)> {
        s.always.iter().map(|t| (target(pair, t, old), guard(t))).collect()
    };
    let (was, is) = (shown(pair, old, true), shown(pair, new, false));
    let (gained, lost) = both_ways(&was, &is);
    let name = &new.name;
    for (words, list) in [("now goes", &gained), ("no longer goes", &lost)] {
        for (to, guard) in list {
            let when = if guard == "nothing" { "at once".to_owned() } else { format!("when {guard}") };
            pair.push(Concerns::Shop, "automatic", name, format!("`{name}` {words} on by itself to `{to}` {when}"));
        }
    }
    if gained.is_empty() && lost.is_empty() && was != is {
        let message = format!("`{name}` tries its automatic steps in another order");
        pair.push(Concerns::Shop, "automatic", name, message);
    }
}

fn timers(pair: &mut Pair<'_>, old: &State, new: &State) {
    let name = &new.name;
    let mut unmatched: Vec<usize> = (0..old.after.len()).collect();
    let mut rest: Vec<usize> = Vec::new();
    let mut matched: Vec<(usize, usize)> = Vec::new();
    for n in 0..new.after.len() {
        let same = unmatched.iter().position(|o| old.after[*o].delay == new.after[n].delay);
        match same {
            Some(at) => matched.push((unmatched.remove(at), n)),
            None => rest.push(n),
        }
    }
    for (o, n) in matched {
        let what = format!("the timer of `{name}` ({})", delay(&new.after[n]));
        one(pair, &what, name, &old.after[o].transition, &new.after[n].transition, &[Concerns::Shop]);
    }
    for n in rest {
        let to = target(pair, &new.after[n].transition, false);
        let spare = unmatched.iter().position(|o| target(pair, &old.after[*o].transition, true) == to);
        let message = match spare {
            Some(at) => {
                let was = delay(&old.after[unmatched.remove(at)]);
                format!("`{name}` goes on to `{to}` after {} instead of {was}", delay(&new.after[n]))
            }
            None => format!("`{name}` now goes on to `{to}` after {}", delay(&new.after[n])),
        };
        pair.push(Concerns::Shop, "timer", name, message);
    }
    for o in unmatched {
        let to = target(pair, &old.after[o].transition, true);
        let message = format!("`{name}` no longer goes on to `{to}` after {}", delay(&old.after[o]));
        pair.push(Concerns::Shop, "timer", name, message);
    }
}
