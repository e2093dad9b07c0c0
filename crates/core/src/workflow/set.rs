//! The workflows of a running system: the current one of each name, and every version that an order may still carry.
//!
//! Loading is here, storing is not: `texts` gives what to store, `insert` and `keep` take it back.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::check::{self, Checked};
use super::code::Code;
use super::complaint::Complaint;
use super::explore::Limits;
use super::model::{Kind, Side, Workflow};
use super::read::read;
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
        let workflow = match read(text) {
            Ok(workflow) => workflow,
            Err(complaints) => return (None, complaints),
        };
        let mut complaints = validate(&workflow, self.partner_of(&workflow).map(Arc::as_ref));
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
        self.publish(&workflow, text);
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
    fn keeps_old_versions_unchecked() {
        let mut set = WorkflowSet::new();
        let kept = set.keep(SPLIT).expect("readable");
        assert!(set.by_version(&kept.version).is_some());
        assert!(set.get("marketplace-split").is_none(), "not current");
        assert!(set.keep("name = 1").is_err());
    }
}
