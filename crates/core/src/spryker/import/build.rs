//! The process out of its merged parts: which copy of a name counts, which states are visible, and what is named and not there.

use std::collections::{BTreeMap, BTreeSet};

use super::super::finding::{Finding, shown};
use super::super::interval;
use super::super::model::{Engine, Event, State, Transition};
use super::super::xml::Element;
use super::merge::Part;
use super::{Import, Options};

/// The states at which the engines begin, first choice first. OMS has `new` in its code; the others are set in PHP, `created` for merchants.
fn first_states(engine: Engine) -> &'static [&'static str] {
    match engine {
        Engine::Oms => &["new"],
        Engine::StateMachine => &["created", "new"],
    }
}

/// A part with the index of the process that its name stands for; of several with one name, the last one counts.
struct Processes<'p> {
    parts: &'p [Part],
    /// Name → the part that counts.
    by_name: BTreeMap<&'p str, usize>,
    /// The parts that count, main first, then its subprocesses in order.
    visible: Vec<usize>,
    /// A visible part → its place in `visible`.
    ranks: BTreeMap<usize, usize>,
}

impl<'p> Processes<'p> {
    fn owner(&self, part: &Part) -> usize {
        self.by_name.get(part.element.get("name").unwrap_or_default()).copied().unwrap_or_default()
    }

    fn rank(&self, owner: usize) -> Option<usize> {
        self.ranks.get(&owner).copied()
    }

    fn see(&mut self, part: usize) {
        if !self.ranks.contains_key(&part) {
            self.ranks.insert(part, self.visible.len());
            self.visible.push(part);
        }
    }

    fn name(&self, part: usize) -> &'p str {
        self.parts[part].element.get("name").unwrap_or_default()
    }
}

/// Fills `out.process`.
pub(super) fn build(options: &Options<'_>, parts: &[Part], out: &mut Import) {
    let by_name: BTreeMap<&str, usize> =
        parts.iter().enumerate().map(|(i, part)| (part.element.get("name").unwrap_or_default(), i)).collect();
    let mut processes = Processes { parts, by_name, visible: Vec::new(), ranks: BTreeMap::new() };
    let Some(main) = main(options, parts, out) else {
        let message = "no process has main=\"true\", so there is nothing to run; is this a subprocess of another file?";
        out.fail(Finding::new("spryker-no-main-process", message));
        return;
    };
    let main = processes.owner(&parts[main]);
    out.process.name = parts[main].element.get("name").unwrap_or_default().to_owned();
    listed(&mut processes, main, out);
    for part in parts {
        written(part, out);
    }
    let owners = states(options, &processes, out);
    events(options, &processes, out);
    transitions(&processes, &owners, out);
    first(options, out);
}

/// The main process: the last one that says so, of all files.
fn main(options: &Options<'_>, parts: &[Part], out: &mut Import) -> Option<usize> {
    let mains: Vec<usize> = (0..parts.len()).filter(|&i| parts[i].element.is("main")).collect();
    if mains.len() > 1 {
        let names: Vec<String> = mains
            .iter()
            .map(|&i| format!("`{}` in {}", shown(parts[i].element.get("name").unwrap_or_default()), parts[i].file))
            .collect();
        let message = format!(
            "several processes say main=\"true\": {}; the engine runs the last of them. Say it only in {}",
            names.join(", "),
            options.file
        );
        out.findings.push(Finding::new("spryker-several-main-processes", message));
    }
    mains.last().copied()
}

/// The subprocesses that the main one lists, and those that nobody sees.
fn listed<'p>(processes: &mut Processes<'p>, main: usize, out: &mut Import) {
    processes.see(main);
    let lists = |part: &'p Part| part.element.first("subprocesses").into_iter().flat_map(|list| &list.children);
    for entry in processes.parts.iter().enumerate().flat_map(|(i, part)| lists(part).map(move |e| (i, e))) {
        let (i, element) = entry;
        let name = element.text.as_str();
        let owner = processes.owner(&processes.parts[i]);
        match processes.by_name.get(name).copied() {
            None => {
                let hint = if processes.by_name.contains_key(name.trim()) {
                    "; names are not trimmed: remove the blanks"
                } else {
                    ""
                };
                let message = format!(
                    "{}:{}: the subprocess `{}` is listed, and no process of that name is defined or referenced{hint}",
                    processes.parts[i].file,
                    element.line,
                    shown(name)
                );
                out.fail(Finding::new("spryker-unknown-subprocess", message));
            }
            Some(sub) if owner == main => processes.see(sub),
            Some(_) => {}
        }
    }
    let of_visible = processes.parts.iter().filter(|part| processes.rank(processes.owner(part)).is_some());
    let nested: BTreeSet<&str> = of_visible.flat_map(lists).map(|entry| entry.text.as_str()).collect();
    for &sub in processes.by_name.values().filter(|&&sub| processes.rank(sub).is_none()) {
        let element = &processes.parts[sub].element;
        let has = |block: &str| element.first(block).is_some_and(|b| !b.children.is_empty());
        let (name, main) = (shown(processes.name(sub)), shown(processes.name(main)));
        if !has("states") && !has("transitions") {
            continue;
        }
        let (code, why) = if nested.contains(processes.name(sub)) {
            ("spryker-nested-subprocess", "a subprocess lists it, and the engine looks only one level deep")
        } else {
            ("spryker-subprocess-not-listed", "it is there and not listed")
        };
        let message =
            format!("the states of the process `{name}` are not seen: {why}. Add it to `subprocesses` of `{main}`");
        out.findings.push(Finding::new(code, message));
    }
}

/// What stands in a part and is not read: second blocks, repeated elements, words that are not `true`.
fn written(part: &Part, out: &mut Import) {
    let file = &part.file;
    for block in ["states", "transitions", "events", "subprocesses"] {
        for second in part.element.children.iter().filter(|c| c.name == block).skip(1) {
            let message =
                format!("{file}:{}: a second `{block}` is not read; move what is in it to the first", second.line);
            out.findings.push(Finding::new("spryker-second-block-ignored", message));
        }
    }
    let of = |block: &str| part.element.first(block).into_iter().flat_map(|b| &b.children);
    let mut boolean = |element: &Element, attributes: &[&str]| {
        for attribute in attributes {
            let Some(value) = element.get(attribute).filter(|v| !matches!(*v, "true" | "false")) else { continue };
            let message = format!(
                "{file}:{}: {attribute}=\"{}\" counts as no: only the exact word `true` is a yes",
                element.line,
                shown(value)
            );
            let finding = Finding::new("spryker-attribute-ignored", message);
            out.findings.push(match (element.name.as_str(), element.get("name")) {
                ("state", Some(name)) => finding.state(name),
                ("event", Some(name)) => finding.event(name),
                _ => finding,
            });
        }
    };
    boolean(&part.element, &["main"]);
    of("states").for_each(|state| boolean(state, &["reserved"]));
    of("events").for_each(|event| boolean(event, &["onEnter", "manual"]));
    of("transitions").for_each(|transition| boolean(transition, &["happy"]));
    for event in of("events").filter(|e| e.get("condition").is_some()) {
        let name = event.get("name").unwrap_or_default();
        let message = format!(
            "{file}:{}: `condition` of the event `{}` has no effect; a condition stands at a transition",
            event.line,
            shown(name)
        );
        out.findings.push(Finding::new("spryker-attribute-ignored", message).event(name));
    }
    for transition in of("transitions") {
        for name in ["source", "target", "event"] {
            let texts: Vec<&str> =
                transition.children.iter().filter(|c| c.name == name).map(|c| c.text.as_str()).collect();
            if let [first, rest @ ..] = texts.as_slice()
                && !rest.is_empty()
            {
                let rest: Vec<String> = rest.iter().map(|t| format!("`{}`", shown(t))).collect();
                let message = format!(
                    "{file}:{}: a transition with several `{name}`: `{}` is used, not read is {}",
                    transition.line,
                    shown(first),
                    rest.join(", ")
                );
                let source = transition.first("source").map_or("", |s| s.text.as_str());
                let code = if name == "target" { "spryker-several-targets" } else { "spryker-repeated-element" };
                out.findings.push(Finding::new(code, message).state(source));
            }
        }
    }
}

/// The visible states. Answers which process the engine takes each name's transitions to: the last that declares it, visible or not.
fn states<'p>(options: &Options<'_>, processes: &Processes<'p>, out: &mut Import) -> BTreeMap<&'p str, usize> {
    let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
    // Name → the processes that declare it, with what the last declaration in each says.
    let mut copies: BTreeMap<&str, BTreeMap<usize, &Element>> = BTreeMap::new();
    for part in processes.parts {
        let owner = processes.owner(part);
        for element in part.element.first("states").into_iter().flat_map(|b| &b.children) {
            let name = element.get("name").unwrap_or_default();
            owners.insert(name, owner);
            let of_name = copies.entry(name).or_default();
            if of_name.insert(owner, element).is_some() {
                let message = format!(
                    "{}:{}: the state `{}` is declared twice in one process; the last counts",
                    part.file,
                    element.line,
                    shown(name)
                );
                out.findings.push(Finding::new("spryker-state-declared-twice", message).state(name));
            }
        }
    }
    let process = &mut out.process;
    // The parts of one process may be far apart in the merged list.
    let mut of_process: BTreeMap<usize, Vec<&Part>> = BTreeMap::new();
    for part in processes.parts {
        of_process.entry(processes.owner(part)).or_default().push(part);
    }
    for owner in &processes.visible {
        for part in &of_process[owner] {
            for element in part.element.first("states").into_iter().flat_map(|b| &b.children) {
                let name = element.get("name").unwrap_or_default();
                if process.index.contains_key(name) {
                    continue;
                }
                process.index.insert(name.to_owned(), process.states.len());
                process.states.push(State { name: name.to_owned(), ..State::default() });
            }
        }
    }
    for state in &mut process.states {
        let of_name = &copies[state.name.as_str()];
        let ranked = || of_name.keys().filter_map(|&owner| processes.rank(owner).map(|rank| (rank, owner)));
        // Items are looked up in the first copy; what is reserved is summed over the last.
        let (Some((_, first)), Some((_, last))) = (ranked().min(), ranked().max()) else { continue };
        state.reserved = options.engine == Engine::Oms && of_name[&last].is("reserved");
        state.display = of_name[&first].get("display").map(str::to_owned);
        state.flags = of_name[&first].children.iter().filter(|c| c.name == "flag").map(|c| c.text.clone()).collect();
        let owner = owners[state.name.as_str()];
        state.split = owner != first;
        if of_name.len() > 1 {
            let names: Vec<String> = of_name.keys().map(|&p| format!("`{}`", shown(processes.name(p)))).collect();
            let mut message = format!("the state `{}` is declared in {}", shown(&state.name), names.join(" and "));
            if state.split {
                message.push_str(&format!(
                    ": the engine looks for an item's state in `{}` and puts the transitions on the copy in `{}`, so no event can be fired in it",
                    shown(processes.name(first)),
                    shown(processes.name(owner))
                ));
            }
            message.push_str("; declare it once");
            out.findings.push(Finding::new("spryker-state-declared-twice", message).state(&state.name));
        }
    }
    owners
}

/// Every event of every part; of two with one name the last counts.
fn events(options: &Options<'_>, processes: &Processes<'_>, out: &mut Import) {
    for part in processes.parts {
        for element in part.element.first("events").into_iter().flat_map(|b| &b.children) {
            let Some(name) = element.get("name") else { continue };
            let text = |attribute: &str| element.get(attribute).map(str::to_owned);
            let oms = options.engine == Engine::Oms;
            let mut event = Event {
                name: name.to_owned(),
                command: text("command"),
                manual: element.is("manual"),
                on_enter: element.is("onEnter"),
                timeout: text("timeout"),
                timeout_s: None,
                timeout_processor: text("timeoutProcessor").filter(|_| oms),
            };
            if let Some(timeout) = &event.timeout {
                match interval::parse(timeout) {
                    Ok(seconds) => event.timeout_s = Some(seconds),
                    Err(why) => {
                        let message = format!(
                            "{}:{}: the timeout of the event `{}`: {why}",
                            part.file,
                            element.line,
                            shown(name)
                        );
                        out.fail(Finding::new("spryker-invalid-timeout", message).event(name));
                    }
                }
            }
            let process = &mut out.process;
            match process.event_index.get(name).copied() {
                None => {
                    process.event_index.insert(name.to_owned(), process.events.len());
                    process.events.push(event);
                }
                Some(at) => {
                    if process.events[at] != event {
                        let message = format!(
                            "{}:{}: the event `{}` is declared again and says something else ({}); the last one read counts",
                            part.file,
                            element.line,
                            shown(name),
                            difference(&process.events[at], &event)
                        );
                        out.findings.push(Finding::new("event-declared-twice", message).event(name));
                    }
                    process.events[at] = event;
                }
            }
        }
    }
}

/// "manual: yes before, no now".
fn difference(before: &Event, now: &Event) -> String {
    let flag = |yes: bool| Some(if yes { "yes" } else { "no" }.to_owned());
    let of = |e: &Event| {
        [
            ("command", e.command.clone()),
            ("manual", flag(e.manual)),
            ("onEnter", flag(e.on_enter)),
            ("timeout", e.timeout.clone()),
            ("timeoutProcessor", e.timeout_processor.clone()),
        ]
    };
    let none = || "none".to_owned();
    let changed = of(before).into_iter().zip(of(now)).filter(|(b, n)| b != n);
    let told = changed.map(|((what, b), (_, n))| {
        format!("{what}: {} before, {} now", shown(&b.unwrap_or_else(none)), shown(&n.unwrap_or_else(none)))
    });
    told.collect::<Vec<_>>().join("; ")
}

/// Every transition whose names are known; those that name what is not there are told.
fn transitions(processes: &Processes<'_>, owners: &BTreeMap<&str, usize>, out: &mut Import) {
    let mut unknown: Vec<Finding> = Vec::new();
    let trimmed: BTreeMap<&str, &str> = owners.keys().map(|name| (name.trim(), *name)).collect();
    let events: BTreeMap<String, String> =
        out.process.event_index.keys().map(|name| (name.trim().to_owned(), name.clone())).collect();
    for part in processes.parts {
        let rank = processes.rank(processes.owner(part));
        for element in part.element.first("transitions").into_iter().flat_map(|b| &b.children) {
            out.process.declared_transitions += usize::from(rank.is_some());
            let text = |name: &str| element.first(name).map(|e| e.text.as_str());
            let (source, target, event) =
                (text("source").unwrap_or_default(), text("target").unwrap_or_default(), text("event"));
            let mut complete = true;
            for (what, name) in [("source", source), ("target", target)] {
                if !owners.contains_key(name) {
                    complete = false;
                    let hint = hint(trimmed.get(name.trim()).copied());
                    let message = format!(
                        "{}:{}: the {what} `{}` of a transition is no state{hint}",
                        part.file,
                        element.line,
                        shown(name)
                    );
                    unknown.push(Finding::new("spryker-unknown-state", message).state(name));
                }
            }
            let process = &mut out.process;
            if let Some(name) = event.filter(|name| !process.event_index.contains_key(*name)) {
                complete = false;
                let hint = hint(events.get(name.trim()).map(String::as_str));
                let message = format!(
                    "{}:{}: the event `{}` of a transition from `{}` is not declared{hint}",
                    part.file,
                    element.line,
                    shown(name),
                    shown(source)
                );
                unknown.push(Finding::new("spryker-undeclared-event", message).event(name).state(source));
            }
            let Some(&from) = process.index.get(source).filter(|_| complete) else { continue };
            process.states[from].outgoing.push(process.transitions.len());
            process.transitions.push(Transition {
                source: from,
                target: process.index.get(target).copied(),
                target_name: target.to_owned(),
                event: event.map(|name| process.event_index[name]),
                condition: element.get("condition").map(str::to_owned),
                happy: element.is("happy"),
                rank,
            });
        }
    }
    unknown.into_iter().for_each(|finding| out.fail(finding));
}

/// What was probably meant: the same name but for blanks.
fn hint(near: Option<&str>) -> String {
    near.map_or(String::new(), |near| format!("; names are not trimmed: there is `{}`", shown(near)))
}

/// The first state: the one that was asked for, else the engine's, else one that nothing leads to.
fn first(options: &Options<'_>, out: &mut Import) {
    let known = |name: &str| out.process.index.get(name).copied();
    let usual = first_states(options.engine);
    if let Some(name) = options.initial {
        match known(name) {
            Some(state) => out.process.initial = state,
            None => out.fail(
                Finding::new("spryker-no-initial-state", format!("there is no state `{}` to begin in", shown(name)))
                    .state(name),
            ),
        }
        return;
    }
    if let Some(state) = usual.iter().find_map(|name| known(name)) {
        out.process.initial = state;
        return;
    }
    let entered: BTreeSet<usize> =
        out.process.transitions.iter().filter(|t| t.target != Some(t.source)).filter_map(|t| t.target).collect();
    let guess = (0..out.process.states.len()).find(|state| !entered.contains(state)).unwrap_or_default();
    out.process.initial = guess;
    let name = out.process.name_of(guess).to_owned();
    // The other engine's first state is set in PHP for each machine, so a name of one's own is nothing unusual there.
    if options.engine == Engine::Oms {
        let message = if out.process.states.is_empty() {
            "the process has no states, and the engine begins in `new`".to_owned()
        } else {
            format!("there is no state `new`, in which the engine begins; what follows assumes `{}`", shown(&name))
        };
        out.findings.push(Finding::new("spryker-no-initial-state", message));
    }
}
