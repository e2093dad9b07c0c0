//! The workflows of a running system: the current one of each name, and every version that an order may still carry.
//!
//! Loading is here, storing is not: `texts` gives what to store, `insert` and `keep` take it back.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::check::{self, Checked};
use super::code::Code;
use super::complaint::Complaint;
use super::explore::Limits;
use super::fragment::{Fragment, Fragments, bundle};
use super::model::{Kind, Side, Workflow};
use super::read::{read, read_with};
use super::validate::{coupling, validate};

/// The files that come with Orderwright, partners before those that name them.
const SHIPPED: &[&str] = &[
    include_str!("../../../../workflows/merchant.toml"),
    include_str!("../../../../workflows/made-to-order.toml"),
    include_str!("../../../../workflows/retail.toml"),
    include_str!("../../../../workflows/marketplace.toml"),
    include_str!("../../../../workflows/store-request.toml"),
    include_str!("../../../../workflows/marketplace-split.toml"),
];

/// Workflows by name and by version.
#[derive(Clone, Debug, Default)]
pub struct WorkflowSet {
    current: BTreeMap<String, Arc<Workflow>>,
    versions: BTreeMap<String, Published>,
    fragments: Fragments,
}

/// A version with the text that it was read from.
#[derive(Clone, Debug)]
struct Published {
    workflow: Arc<Workflow>,
    text: Arc<str>,
}

impl WorkflowSet {
    /// No workflows.
    pub fn new() -> Self {
        Self::default()
    }

    /// The workflows that come with Orderwright. A test holds them free of complaints.
    pub fn shipped() -> Result<Self, Vec<Complaint>> {
        let mut set = Self::new();
        for text in SHIPPED {
            set.insert(text)?;
        }
        Ok(set)
    }

    /// Takes a fragment in, for workflows that are read afterwards; one of the same name is replaced.
    pub fn insert_fragment(&mut self, text: &str) -> Result<Fragment, Vec<Complaint>> {
        self.fragments.insert(text)
    }

    /// The fragments that a workflow may use.
    pub fn fragments(&self) -> &Fragments {
        &self.fragments
    }

    /// The current workflow of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<Workflow>> {
        self.current.get(name)
    }

    /// The workflow of that version, current or not.
    pub fn by_version(&self, version: &str) -> Option<&Arc<Workflow>> {
        self.versions.get(version).map(|p| &p.workflow)
    }

    /// The current workflow of the merchant's side of this one, if it names one.
    pub fn partner_of(&self, workflow: &Workflow) -> Option<&Arc<Workflow>> {
        self.get(workflow.partner.as_deref()?)
    }

    /// The current workflows by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Workflow>> {
        self.current.values()
    }

    /// Every version with the text that it was read from: what to store.
    pub fn texts(&self) -> impl Iterator<Item = (&Arc<Workflow>, &str)> {
        self.versions.values().map(|p| (&p.workflow, &*p.text))
    }

    /// Checks a file beside the workflows of this set, without taking it in: everything, as before publishing it.
    pub fn check(&self, text: &str) -> Result<Workflow, Vec<Complaint>> {
        let checked = self.explore(text, Limits::default());
        match checked.workflow {
            Some(workflow) if checked.complaints.is_empty() => Ok(workflow),
            _ => Err(checked.complaints),
        }
    }

    /// The same, with what was walked; a limit ends the walk early, and the figures say so.
    pub fn explore(&self, text: &str, limits: Limits) -> Checked {
        check::check(self, text, limits)
    }

    /// Reads a file and checks what it shows without being run.
    pub(super) fn examine(&self, text: &str) -> (Option<Workflow>, Vec<Complaint>) {
        let workflow = match read_with(text, &self.fragments) {
            Ok(workflow) => workflow,
            Err(complaints) => return (None, complaints),
        };
        let complaints = validate(&workflow, self.partner_of(&workflow).map(Arc::as_ref)).into_iter();
        let mut complaints: Vec<Complaint> = complaints.map(|c| in_its_file(&workflow, c)).collect();
        // Those that name this one as their partner must go on working with it.
        for order in self.iter().filter(|w| w.partner.as_ref() == Some(&workflow.name)) {
            if workflow.kind == Kind::Merchant {
                let found = coupling(order, &workflow).into_iter();
                complaints.extend(found.map(|(side, c)| if side == Side::Item { c.in_file(&order.name) } else { c }));
            } else {
                let line = workflow.lines.get("name").copied().unwrap_or(1);
                let message =
                    format!("`{}` names this workflow as its partner, so it must say kind = \"merchant\"", order.name);
                complaints.push(Complaint::on_line(Code::WrongPartner, line, "kind", message));
            }
        }
        (Some(workflow), complaints)
    }

    /// Reads a file that was checked before it was stored or shipped, and makes it the current workflow of its name; what it shows without
    /// being run is looked at again, since what it stands beside may be another. Its earlier versions stay for the orders that carry
    /// them; a text of the same version (other labels) takes that version's place.
    pub fn insert(&mut self, text: &str) -> Result<Arc<Workflow>, Vec<Complaint>> {
        let workflow = match self.examine(text) {
            (Some(workflow), complaints) if complaints.is_empty() => Arc::new(workflow),
            (_, complaints) => return Err(complaints),
        };
        if workflow.fragments.is_empty() || workflow.lines.contains_key("fragments") {
            self.publish(&workflow, text);
        } else {
            self.publish(&workflow, &bundle(text, &workflow.fragments, &self.fragments));
        }
        self.current.insert(workflow.name.clone(), Arc::clone(&workflow));
        Ok(workflow)
    }

    /// Takes a version back that was published before and is no longer current. It is read but not checked again: its orders live
    /// by it, and what it was checked against may be gone.
    pub fn keep(&mut self, text: &str) -> Result<Arc<Workflow>, Vec<Complaint>> {
        let workflow = Arc::new(read(text)?);
        if let Some(known) = self.by_version(&workflow.version) {
            return Ok(Arc::clone(known));
        }
        self.publish(&workflow, text);
        Ok(workflow)
    }

    /// Takes a text back that was published after those that this set has, and makes it current. It was checked when it was published,
    /// beside what was current then, and is not checked again.
    pub fn adopt(&mut self, text: &str) -> Result<Arc<Workflow>, Vec<Complaint>> {
        let workflow = Arc::new(read(text)?);
        self.publish(&workflow, text);
        self.current.insert(workflow.name.clone(), Arc::clone(&workflow));
        Ok(workflow)
    }

    /// The text that a version was last published as.
    pub fn text(&self, version: &str) -> Option<&str> {
        self.versions.get(version).map(|p| &*p.text)
    }

    fn publish(&mut self, workflow: &Arc<Workflow>, text: &str) {
        let published = Published { workflow: Arc::clone(workflow), text: text.into() };
        self.versions.insert(workflow.version.clone(), published);
    }
}

/// A complaint about a state that comes from a fragment has its place in the fragment's file.
pub(super) fn in_its_file(workflow: &Workflow, complaint: Complaint) -> Complaint {
    let name = complaint.path.strip_prefix("item.states.").and_then(|rest| rest.split('.').next());
    let fragment = name.and_then(|name| workflow.item.state(name)).and_then(|s| s.fragment.clone());
    match fragment {
        Some(fragment) => complaint.in_file(&fragment),
        None => complaint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> WorkflowSet {
        WorkflowSet::shipped().unwrap_or_else(|complaints| panic!("{}", list(&complaints)))
    }

    fn list(complaints: &[Complaint]) -> String {
        complaints.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    const SPLIT: &str = include_str!("../../../../workflows/marketplace-split.toml");
    const MERCHANT: &str = include_str!("../../../../workflows/merchant.toml");

    #[test]
    fn the_shipped_files_have_no_complaint() {
        let set = shipped();
        let names: Vec<&str> = set.iter().map(|w| w.name.as_str()).collect();
        assert_eq!(names, ["made-to-order", "marketplace", "marketplace-split", "merchant", "retail", "store-request"]);
        assert_eq!(set.texts().count(), 6);
        for (workflow, text) in set.texts() {
            assert_eq!(read(text).expect("readable").version, workflow.version);
            assert!(Arc::ptr_eq(set.by_version(&workflow.version).expect("known"), workflow));
        }
    }

    #[test]
    fn finds_partners() {
        let set = shipped();
        let split = set.get("marketplace-split").expect("shipped");
        assert_eq!(set.partner_of(split).expect("has one").name, "merchant");
        assert!(set.partner_of(set.get("merchant").expect("shipped")).is_none());
        assert!(set.get("nothing").is_none() && set.by_version("nothing").is_none());
    }

    #[test]
    fn a_new_version_leaves_the_old_one() {
        let mut set = shipped();
        let old = set.get("merchant").expect("shipped").version.clone();
        let new = set.insert(&MERCHANT.replace("requires = [\"expectedBy\"], ", "")).expect("fits");
        assert_ne!(new.version, old);
        assert_eq!(set.get("merchant").expect("current").version, new.version);
        assert_eq!(set.by_version(&old).expect("kept").version, old);
        assert_eq!(set.texts().count(), 7);
    }

    #[test]
    fn new_labels_take_the_place_of_the_old() {
        let mut set = shipped();
        let version = set.get("merchant").expect("shipped").version.clone();
        set.insert(&MERCHANT.replace("merchant = \"Shipped\"", "merchant = \"Sent\"")).expect("fits");
        assert_eq!(set.texts().count(), 6);
        let now = set.by_version(&version).expect("same version");
        assert_eq!(now.item.state("shipped").expect("a state").labels[&super::super::Audience::Merchant], "Sent");
        assert!(Arc::ptr_eq(now, set.get("merchant").expect("current")));
    }

    #[test]
    fn a_partner_must_fit_those_that_name_it() {
        let mut set = shipped();
        let complaints = set.insert(&MERCHANT.replace("on.withdraw", "on.take_back")).expect_err("unknown event");
        assert!(
            list(&complaints).contains("marketplace-split: item.states.sent_to_merchant.on.cancel.send"),
            "{}",
            list(&complaints)
        );
        let retail = include_str!("../../../../workflows/retail.toml").replace("\"retail\"", "\"merchant\"");
        let complaints = set.insert(&retail).expect_err("wrong kind");
        assert!(list(&complaints).contains("must say kind = \"merchant\""), "{}", list(&complaints));
        assert!(WorkflowSet::new().insert(SPLIT).is_err(), "no partner yet");
        assert_eq!(set.texts().count(), 6, "what is refused leaves no trace");
    }

    #[test]
    fn adopts_what_was_published_elsewhere() {
        let mut set = shipped();
        let old = set.get("merchant").expect("shipped").version.clone();
        let text = MERCHANT.replace("on.withdraw", "on.take_back");
        let new = set.adopt(&text).expect("checked where it was published");
        assert_eq!(set.get("merchant").expect("current").version, new.version);
        assert_eq!((set.text(&new.version), set.text(&old)), (Some(text.as_str()), Some(MERCHANT)));
        set.adopt(MERCHANT).expect("readable");
        assert_eq!(set.get("merchant").expect("current again").version, old);
    }

    #[test]
    fn a_version_brings_its_fragments_along() {
        const RETURNS: &str = include_str!("../../../../docs/examples/workflows/returns.toml");
        const SHOP: &str = include_str!("../../../../docs/examples/workflows/bookshop.toml");
        let mut set = WorkflowSet::new();
        let unknown = set.insert(SHOP).expect_err("no fragment yet");
        assert!(list(&unknown).contains("`returns` is not a fragment that is known here"), "{}", list(&unknown));
        let fragment = set.insert_fragment(RETURNS).unwrap_or_else(|c| panic!("{}", list(&c)));
        assert_eq!((fragment.name.as_str(), fragment.states.len(), fragment.exits.len()), ("returns", 3, 2));
        let shop = set.insert(SHOP).unwrap_or_else(|c| panic!("{}", list(&c)));
        assert_eq!(shop.fragments, ["returns"]);
        let (_, stored) = set.texts().next().expect("one");
        let mut other = WorkflowSet::new();
        assert_eq!(other.keep(stored).expect("readable alone").version, shop.version);
        assert_eq!(other.insert(stored).expect("and checked alone").version, shop.version);
        assert_eq!(other.texts().next().expect("one").1, stored, "nothing is added twice");
        // What the fragment does is part of the version; a label of it is not.
        set.insert_fragment(&RETURNS.replace("after.\"21d\"", "after.\"20d\"")).expect("fits");
        assert_ne!(set.insert(SHOP).expect("fits").version, shop.version);
        set.insert_fragment(&RETURNS.replace("Return granted", "Granted")).expect("fits");
        assert_eq!(set.insert(SHOP).expect("fits").version, shop.version);
    }

    #[test]
    fn what_is_wrong_in_a_fragment_has_its_place_there() {
        const RETURNS: &str = include_str!("../../../../docs/examples/workflows/returns.toml");
        const SHOP: &str = include_str!("../../../../docs/examples/workflows/bookshop.toml");
        let told = |returns: &str, shop: &str| -> Vec<String> {
            let mut set = WorkflowSet::new();
            match set.insert_fragment(returns) {
                Err(complaints) => complaints.iter().map(ToString::to_string).collect(),
                Ok(_) => set.insert(shop).map_or_else(|c| c.iter().map(ToString::to_string).collect(), |_| Vec::new()),
            }
        };
        let line = |text: &str, at: &str| 1 + text.lines().position(|l| l.contains(at)).expect("there");
        // A state that nothing leads to and nothing leaves: found in the whole, told of the fragment.
        let stray = format!(
            "{RETURNS}\n[item.states.stray]\nstatus = \"returning\"\nlabels = {{ operator = \"s\", merchant = \"s\", customer = \"s\" }}\n"
        );
        let found = told(&stray, SHOP);
        assert!(
            !found.is_empty()
                && found
                    .iter()
                    .all(|f| f
                        .starts_with(&format!("line {}: returns: item.states.return_stray", line(&stray, "stray]")))),
            "{found:#?}"
        );
        for (from, to, expected) in [
            (
                "target = \"granted\", by",
                "target = \"grnted\", by",
                "item.states.requested.on.grant.target: `grnted` is not a state of this machine; did you mean `granted`?",
            ),
            ("exits = [\"kept\", \"returned\"]", "", "`exits` is missing"),
            ("kind = \"fragment\"", "kind = \"part\"", "kind: `part` is not the kind of a fragment"),
            ("exits = [\"kept\",", "exits = [\"granted\", \"kept\",", "item.states.granted: `granted` is an exit too"),
            (
                "title = \"Returns\"",
                "title = \"Returns\"\npartner = \"x\"",
                "partner: `partner` is not a key of a fragment",
            ),
        ] {
            assert!(RETURNS.contains(from), "{from}");
            let found = told(&RETURNS.replacen(from, to, 1), SHOP);
            assert!(found.iter().any(|f| f.contains(expected)), "{from}: {found:#?}");
        }
        for (from, to, expected) in [
            ("exits = { kept = \"delivered\", returned", "exits = { returned", "use.returns: `exits.kept` is missing"),
            (
                "kept = \"delivered\"",
                "kept = \"deliverd\"",
                "use.returns.exits.kept: `deliverd` is not a state of this machine; did you mean `delivered`?",
            ),
            (
                "kept = ",
                "kpt = ",
                "use.returns.exits.kpt: `kpt` is not a key of this fragment's exits; did you mean `kept`?",
            ),
            (
                "[use.returns]",
                "[use.retuns]",
                "use.retuns: `retuns` is not a fragment that is known here; did you mean `returns`?",
            ),
            (
                "\"returning\", ",
                "",
                "use.returns: the fragment shows the status `returning`, which this workflow does not have",
            ),
            (
                "prefix = \"return\"",
                "prefix = \"return\"\nstatuses = { returning = \"home\" }",
                "use.returns.statuses.returning: `home` is not one of this workflow's `statuses`",
            ),
            (
                "[item.states.sent]",
                "[item.states.return_granted]",
                "use.returns: there is a state `return_granted` already; say another `prefix`",
            ),
            (
                "ship_event = \"send\"",
                "ship_event = \"send\"\nlocale = \"de\"",
                "use.returns: the labels of the fragment are in `en`",
            ),
            ("target = \"return_requested\"", "target = \"requested\"", "`requested` is not a state of this machine"),
        ] {
            assert!(SHOP.contains(from), "{from}");
            let found = told(RETURNS, &SHOP.replacen(from, to, 1));
            assert!(found.iter().any(|f| f.contains(expected)), "{from}: {found:#?}");
        }
        assert!(told(RETURNS, RETURNS).iter().any(|f| f.contains("this is a fragment")));
    }

    #[test]
    fn keeps_old_versions_unchecked() {
        let mut set = WorkflowSet::new();
        let kept = set.keep(SPLIT).expect("readable");
        assert!(set.by_version(&kept.version).is_some());
        assert!(set.get("marketplace-split").is_none(), "not current");
        assert!(set.keep("name = 1").is_err());
    }
}
