//! What the OpenAPI document says about values: how long a text may be, how large a number, which words there are.
//!
//! The derives know types only. The bounds are added here, from the constants by which requests are checked, so that the document and
//! the answers cannot differ; a test holds that no field of a request is forgotten. What is not here: the checks themselves, and what no
//! schema can say (that a SKU exists, that an event is one of an order's workflow).

use orderwright_core::calendar::MAX_HOLIDAYS;
use orderwright_core::decide::{EVIDENCE_KINDS, Readers};
use orderwright_core::dispute::{Bearer, Kind, Outcome, Reason, Wants};
use orderwright_core::money::MAX_AMOUNT;
use orderwright_core::payout::{Approval, PayoutState, Schedule};
use orderwright_core::pricing::{MAX_LINES, MAX_QUANTITY};
use orderwright_core::refunds::{Back, ShippingRule};
use orderwright_core::split::{MAX_PARTIES, MAX_RULES};
use utoipa::Number;
use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::schema::{AnyOfBuilder, ArrayItems, KnownFormat, Schema, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{Content, Object, OpenApi, RefOr, Required, Response};

use super::api::admin::{
    APPROVALS, MAX_ACCOUNT, MAX_BULK_ORDERS, MAX_CATEGORY, MAX_COOLING_HOURS, MAX_NAME, MAX_PARTY, MAX_REASON,
    MAX_RESERVE_DAYS, MAX_TEXTS, MAX_URL, PARTIES, PER,
};
use super::api::order_query::{PAYMENT_STATUSES, SHIPPING_STATUSES};
use super::request::MAX_KEY;
use super::view::dispute::{MAX_LINKS, MAX_WORDS};
use super::view::event::{MAX_REFERENCE, MAX_TEXT, METHODS};
use super::view::page::{MAX_DEPTH, MAX_LIMIT};
use crate::ops::jobs;
use crate::ops::people::MAX_TEXT as MAX_CONTACT_TEXT;
use crate::ops::sandbox::{MAX_FAULTS, payment_effects};
use crate::ops::settings::MAX_BASIS_POINTS;
use crate::ops::stock::{MAX_LOCATION, MAX_UNITS};
use crate::ops::versions::publish::MAX_NOTE;
use crate::ops::webhooks;
use crate::pay::port::NAMES;
use crate::pay::sandbox::FAULTS;
use crate::store::SortKey;

/// Something other than blanks, and no NUL.
const SOMETHING: &str = r"^[^\u0000]*[^\s\u0000][^\u0000]*$";
const NO_NUL: &str = r"^[^\u0000]*$";
/// What is printed on labels: no control characters.
const LABEL: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";
const LABEL_SOMETHING: &str =
    r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";
const EMAIL: &str = r"^[^@\s\u0000-\u001f\u007f-\u009f]+@[^@\s\u0000-\u001f\u007f-\u009f]+$";
/// What ids are made of, so that one of them is one segment of a path.
const ID: &str = "^[0-9A-Za-z_]+$";
/// A party's ledger account.
const PARTY: &str = "^party/(brand|supplier|retailer|merchant)/[^\\u0000]+$";
/// The same as a parameter, which may be empty.
const PARTY_OR_NOTHING: &str = "^(party/[^/\\u0000]+/[^\\u0000]+)?$";
/// An account's number as people write it.
const NUMBER: &str = "^[0-9A-Za-z][0-9A-Za-z -]*$";
/// How long one may be, with blanks.
const MAX_NUMBER: usize = 42;
const BIC: &str = "^[0-9A-Za-z]{4}[A-Za-z]{2}[0-9A-Za-z]{2}([0-9A-Za-z]{3})?$";
const SPAN: &str = "^[0-9]+[dhms]$";

/// What a value must be beyond its type.
#[derive(Clone, Copy)]
enum Rule {
    /// Nothing more: whether it is known is not a matter of its shape.
    Any,
    /// A text of so many characters that matches.
    Text(usize, &'static str),
    /// A number between two.
    Between(i64, i64),
    /// One of some words.
    OneOf(fn() -> Vec<String>),
    /// Some of some words, with commas between them.
    Words(&'static [&'static str]),
    /// A list of so many.
    List(usize, usize),
    /// A list of so many ids that are all different.
    Set(usize, usize),
    /// An object.
    Object,
    /// A date.
    Date,
    /// An instant or a date.
    InstantOrDate,
}

/// The rule for each field of a request's body; the schema is named where fields of one name differ.
const FIELDS: &[(&str, Rule)] = &[
    ("Address.company", Rule::Text(MAX_CONTACT_TEXT, LABEL)),
    ("Address.country", Rule::Text(2, "^[A-Z]{2}$")),
    ("Address.line2", Rule::Text(MAX_CONTACT_TEXT, LABEL)),
    ("Address.phone", Rule::Text(MAX_CONTACT_TEXT, LABEL)),
    ("Address.state", Rule::Text(MAX_CONTACT_TEXT, LABEL)),
    ("Advance.advance", Rule::Text(usize::MAX, SPAN)),
    ("Authorisations.life", Rule::Text(usize::MAX, SPAN)),
    ("BulkStatus.orderIds", Rule::Set(1, MAX_BULK_ORDERS)),
    ("ChangeSettings.cancelWindow", Rule::Text(usize::MAX, SPAN)),
    ("ChangeSettings.paymentProvider", Rule::OneOf(|| owned(NAMES))),
    ("ChangeSettings.disputeWindow", Rule::Text(usize::MAX, SPAN)),
    ("ChangeSettings.disputeReminder", Rule::Text(usize::MAX, SPAN)),
    ("ChangeSettings.chargebackBearer", Rule::OneOf(|| names(Bearer::ALL))),
    ("ChangeSettings.refundPolicy", Rule::Text(MAX_TEXT, NO_NUL)),
    ("ChangeSettings.timeZone", Rule::Any),
    ("ChangeSettings.refundApproval", Rule::OneOf(|| owned(APPROVALS))),
    ("ChangeSettings.refundApprovalLimit", Rule::Between(0, MAX_AMOUNT)),
    ("ChangeSettings.refundAutoApproveUpTo", Rule::Between(0, MAX_AMOUNT)),
    ("ChangeSettings.refundAutoApproveWithin", Rule::Text(usize::MAX, SPAN)),
    ("ChangeSettings.refundRestockingFee", Rule::Between(0, MAX_BASIS_POINTS)),
    ("ChangeSettings.refundShipping", Rule::OneOf(shipping_rules)),
    ("ChangeVariant.category", Rule::Text(MAX_CATEGORY, SOMETHING)),
    ("ChangeSettings.holidays", Rule::List(0, MAX_HOLIDAYS)),
    ("ChangeSettings.customerMail", Rule::Any),
    ("Migrate.from", Rule::Any),
    ("Migrate.to", Rule::Any),
    ("Migrate.partnerTo", Rule::Any),
    ("Migrate.map", Rule::Any),
    ("Migrate.dryRun", Rule::Any),
    ("Migrate.skipRefused", Rule::Any),
    ("Publish.note", Rule::Text(MAX_NOTE, NO_NUL)),
    ("Publish.text", Rule::Any),
    ("Publish.texts", Rule::List(1, MAX_TEXTS)),
    ("Contact.email", Rule::Text(MAX_CONTACT_TEXT, EMAIL)),
    ("Contact.phone", Rule::Text(MAX_CONTACT_TEXT, LABEL)),
    ("DisputeDecision.method", Rule::OneOf(|| owned(METHODS))),
    ("DisputeDecision.outcome", Rule::OneOf(|| names(Outcome::ALL))),
    ("DisputeDecision.reason", Rule::Text(MAX_TEXT, NO_NUL)),
    ("NewDispute.reason", Rule::OneOf(|| names(Reason::ALL))),
    ("NewDispute.wants", Rule::OneOf(|| names(Wants::ALL))),
    ("NewEvidence.kind", Rule::OneOf(|| owned(EVIDENCE_KINDS))),
    ("NewEvidence.links", Rule::List(0, MAX_LINKS)),
    ("Submission.summary", Rule::Text(MAX_WORDS, NO_NUL)),
    ("Event.event", Rule::Text(MAX_TEXT, SOMETHING)),
    ("Event.carrier", Rule::Text(MAX_TEXT, NO_NUL)),
    ("Event.reason", Rule::Text(MAX_TEXT, NO_NUL)),
    ("Cancellation.reason", Rule::Text(MAX_TEXT, NO_NUL)),
    ("Fault.operation", Rule::OneOf(payment_effects)),
    ("Fault.outcome", Rule::OneOf(|| owned(FAULTS))),
    ("Fault.times", Rule::Between(1, MAX_FAULTS)),
    ("NewCheckout.items", Rule::List(1, MAX_LINES)),
    ("NewReconciliation.from", Rule::InstantOrDate),
    ("NewReconciliation.to", Rule::InstantOrDate),
    ("NewReconciliation.provider", Rule::OneOf(|| owned(NAMES))),
    ("NewReconciliation.settle", Rule::Any),
    ("NewItem.metadata", Rule::Object),
    ("NewItem.quantity", Rule::Between(1, MAX_QUANTITY)),
    ("NewNote.note", Rule::Text(MAX_TEXT, SOMETHING)),
    ("NewOrder.items", Rule::List(1, MAX_LINES)),
    ("NewRefund.borneBy", Rule::Any),
    ("NewRefund.goodwill", Rule::Any),
    ("NewRefund.method", Rule::OneOf(|| owned(METHODS))),
    ("NewRefund.reference", Rule::Text(MAX_REFERENCE, NO_NUL)),
    ("NewRefund.restockingFee", Rule::Any),
    ("NewRefund.shipping", Rule::OneOf(shipping_rules)),
    ("NewRefundItem.restock", Rule::OneOf(|| Back::ALL.iter().map(|(name, _)| (*name).to_owned()).collect())),
    ("RefundParty.id", Rule::Text(MAX_PARTY, SOMETHING)),
    ("RefundParty.type", Rule::OneOf(|| owned(PARTIES))),
    ("RestockingFee.amount", Rule::Between(0, MAX_AMOUNT)),
    ("RestockingFee.basisPoints", Rule::Between(0, MAX_BASIS_POINTS)),
    ("RestockingFee.party", Rule::Any),
    ("SplitFixed.amount", Rule::Between(0, MAX_AMOUNT)),
    ("SplitFixed.per", Rule::OneOf(|| owned(PER))),
    ("SplitRules.default", Rule::List(0, MAX_PARTIES)),
    ("SplitRules.rules", Rule::List(0, MAX_RULES)),
    ("SplitTerms.category", Rule::Text(MAX_CATEGORY, SOMETHING)),
    ("SplitTerms.commissionVatRate", Rule::Text(usize::MAX, r"^[0-9]{1,4}(\.[0-9]{1,4})?$")),
    ("SplitTerms.discountBorneBy", Rule::Any),
    ("SplitTerms.feesBorneBy", Rule::Any),
    ("SplitTerms.fixed", Rule::List(0, MAX_PARTIES)),
    ("SplitTerms.minimumCommission", Rule::Between(0, MAX_AMOUNT)),
    ("SplitTerms.shares", Rule::List(1, MAX_PARTIES)),
    ("SplitTerms.shippingTo", Rule::Any),
    ("NewPaymentAccount.party", Rule::Text(MAX_PARTY, PARTY)),
    ("NewPaymentAccount.provider", Rule::OneOf(|| owned(NAMES))),
    ("NewPaymentAccount.account", Rule::Text(MAX_ACCOUNT, ID)),
    ("NewPaymentAccount.country", Rule::Text(2, "^[A-Z]{2}$")),
    ("NewPaymentAccount.returnUrl", Rule::Text(MAX_URL, r"^https?://[^\s\u0000]+$")),
    ("BankDetails.party", Rule::Text(MAX_PARTY, PARTY)),
    ("BankDetails.holder", Rule::Text(MAX_NAME, LABEL_SOMETHING)),
    ("BankDetails.iban", Rule::Text(MAX_NUMBER, NUMBER)),
    ("BankDetails.accountNumber", Rule::Text(MAX_NUMBER, NUMBER)),
    ("BankDetails.bankCode", Rule::Text(MAX_NUMBER, NUMBER)),
    ("BankDetails.bic", Rule::Text(11, BIC)),
    ("OwnBankDetails.holder", Rule::Text(MAX_NAME, LABEL_SOMETHING)),
    ("OwnBankDetails.iban", Rule::Text(MAX_NUMBER, NUMBER)),
    ("OwnBankDetails.accountNumber", Rule::Text(MAX_NUMBER, NUMBER)),
    ("OwnBankDetails.bankCode", Rule::Text(MAX_NUMBER, NUMBER)),
    ("OwnBankDetails.bic", Rule::Text(11, BIC)),
    ("ChangePayoutSettings.party", Rule::Text(MAX_PARTY, PARTY)),
    ("ChangePayoutSettings.schedule", Rule::Text(usize::MAX, Schedule::PATTERN)),
    ("ChangePayoutSettings.minimum", Rule::Between(0, MAX_AMOUNT)),
    ("ChangePayoutSettings.reserveBasisPoints", Rule::Between(0, 10_000)),
    ("ChangePayoutSettings.accountCoolingHours", Rule::Between(0, MAX_COOLING_HOURS)),
    ("ChangePayoutSettings.reserveDays", Rule::Between(0, MAX_RESERVE_DAYS)),
    ("ChangePayoutSettings.approval", Rule::OneOf(approvals)),
    ("ChangePayoutSettings.debtor", Rule::Any),
    ("DebtorAccount.name", Rule::Text(MAX_NAME, LABEL_SOMETHING)),
    ("DebtorAccount.iban", Rule::Text(MAX_NUMBER, NUMBER)),
    ("DebtorAccount.bic", Rule::Text(11, BIC)),
    ("PayoutArrived.reference", Rule::Text(MAX_REASON, NO_NUL)),
    ("PayoutWentWrong.reason", Rule::Text(MAX_REASON, SOMETHING)),
    ("PayoutWentWrong.accountRefused", Rule::Any),
    ("RunPayouts.party", Rule::Text(MAX_PARTY, PARTY)),
    ("RunPayouts.dryRun", Rule::Any),
    ("StockCorrection.adjust", Rule::Between(-MAX_UNITS, MAX_UNITS)),
    ("StockCorrection.location", Rule::Text(MAX_LOCATION, r"^[^\u0000-\u001f\u007f-\u009f]+$")),
    ("StockCorrection.onHand", Rule::Between(0, MAX_UNITS)),
    ("StockCorrection.reason", Rule::Text(MAX_TEXT, NO_NUL)),
    ("amount", Rule::Between(1, MAX_AMOUNT)),
    ("basisPoints", Rule::Between(0, MAX_BASIS_POINTS)),
    ("billingAddress", Rule::Any),
    ("carrier", Rule::Text(MAX_TEXT, SOMETHING)),
    ("channel", Rule::Any),
    ("city", Rule::Text(MAX_CONTACT_TEXT, LABEL_SOMETHING)),
    ("customer", Rule::Any),
    ("description", Rule::Text(MAX_TEXT, SOMETHING)),
    ("discountCode", Rule::Any),
    ("expectedBy", Rule::Date),
    ("id", Rule::Text(MAX_PARTY, SOMETHING)),
    ("initiatePaymentRefund", Rule::Any),
    ("isPublic", Rule::Any),
    ("itemId", Rule::Any),
    ("items", Rule::List(1, usize::MAX)),
    ("line1", Rule::Text(MAX_CONTACT_TEXT, LABEL_SOMETHING)),
    ("merchantId", Rule::Text(17, "^mer_[0-7][0-9a-hjkmnp-tv-z]{12}$")),
    ("message", Rule::Text(MAX_TEXT, SOMETHING)),
    ("name", Rule::Text(MAX_CONTACT_TEXT, LABEL_SOMETHING)),
    ("note", Rule::Text(MAX_TEXT, NO_NUL)),
    ("party", Rule::OneOf(|| owned(PARTIES))),
    ("paymentMethod", Rule::Any),
    ("postalCode", Rule::Text(MAX_CONTACT_TEXT, LABEL_SOMETHING)),
    ("quantity", Rule::Between(1, i64::MAX)),
    ("readers", Rule::OneOf(|| names(Readers::ALL))),
    ("reason", Rule::Text(MAX_TEXT, SOMETHING)),
    ("shippingAddress", Rule::Any),
    ("sku", Rule::Any),
    ("status", Rule::Text(MAX_TEXT, SOMETHING)),
    ("text", Rule::Text(MAX_TEXT, SOMETHING)),
    ("trackingNumber", Rule::Text(MAX_TEXT, NO_NUL)),
    ("trackingUrl", Rule::Text(MAX_TEXT, r"^https?://[^\u0000]*$")),
];

/// The rule for each parameter; the operation is named where parameters of one name differ. One of a query that is empty is as good as left out.
const PARAMETERS: &[(&str, Rule)] = &[
    ("Idempotency-Key", Rule::Text(MAX_KEY, "^[!-~]([ -~]*[!-~])?$")),
    ("If-Match", Rule::Text(usize::MAX, r#"^(\*|(W/)?"[!#-~]+")$"#)),
    ("Last-Event-ID", Rule::Text(usize::MAX, r"^[0-9]+(\.[0-9]+)?$")),
    ("Stripe-Signature", Rule::Any),
    ("X-Razorpay-Signature", Rule::Any),
    ("x-razorpay-event-id", Rule::Any),
    ("account", Rule::Text(usize::MAX, NO_NUL)),
    ("adminListProviderEvents.state", Rule::OneOf(|| owned(webhooks::STATES))),
    ("adminListDisputes.kind", Rule::OneOf(dispute_kinds)),
    ("adminListDisputes.state", Rule::OneOf(dispute_statuses)),
    ("merchantListDisputes.kind", Rule::OneOf(dispute_kinds)),
    ("merchantListDisputes.state", Rule::OneOf(dispute_statuses)),
    ("storefrontListDisputes.kind", Rule::OneOf(dispute_kinds)),
    ("storefrontListDisputes.state", Rule::OneOf(dispute_statuses)),
    ("disputeId", Rule::Text(usize::MAX, ID)),
    ("respondBy", Rule::InstantOrDate),
    ("undecided", Rule::Any),
    ("adminListPayouts.status", Rule::OneOf(payout_states)),
    ("merchantListPayouts.status", Rule::OneOf(payout_states)),
    ("brandListPayouts.status", Rule::OneOf(payout_states)),
    ("adminListPayouts.party", Rule::Text(MAX_PARTY, PARTY_OR_NOTHING)),
    ("after", Rule::Text(usize::MAX, NO_NUL)),
    ("at", Rule::InstantOrDate),
    ("audience", Rule::OneOf(audiences)),
    ("cause", Rule::Text(usize::MAX, NO_NUL)),
    ("batchId", Rule::Text(17, "^(pob_[0-7][0-9a-hjkmnp-tv-z]{12})?$")),
    ("channel", Rule::Text(usize::MAX, NO_NUL)),
    ("currency", Rule::Text(usize::MAX, NO_NUL)),
    ("customerId", Rule::Text(17, "^(cus_[0-7][0-9a-hjkmnp-tv-z]{12})?$")),
    ("deliveredFrom", Rule::InstantOrDate),
    ("deliveredTo", Rule::InstantOrDate),
    ("dryRun", Rule::Any),
    ("from", Rule::InstantOrDate),
    ("id", Rule::Text(usize::MAX, ID)),
    ("kind", Rule::OneOf(|| owned(jobs::KINDS))),
    ("limit", Rule::Between(1, MAX_LIMIT as i64)),
    ("machine", Rule::OneOf(|| owned(&["all", "item", "payment", "merchant"]))),
    ("maxTotal", Rule::Any),
    ("merchantId", Rule::Text(17, "^(mer_[0-7][0-9a-hjkmnp-tv-z]{12})?$")),
    ("minTotal", Rule::Any),
    ("name", Rule::Text(usize::MAX, NO_NUL)),
    ("orderId", Rule::Text(17, "^(ord_[0-7][0-9a-hjkmnp-tv-z]{12})?$")),
    ("orderNumber", Rule::Text(usize::MAX, NO_NUL)),
    ("page", Rule::Between(1, MAX_DEPTH)),
    ("paymentStatus", Rule::Words(PAYMENT_STATUSES)),
    ("provider", Rule::OneOf(|| owned(NAMES))),
    ("q", Rule::Text(usize::MAX, NO_NUL)),
    ("refundId", Rule::Text(usize::MAX, ID)),
    ("shippingStatus", Rule::Words(SHIPPING_STATUSES)),
    ("sku", Rule::Text(usize::MAX, NO_NUL)),
    ("sort", Rule::OneOf(sorts)),
    ("state", Rule::OneOf(|| owned(jobs::STATES))),
    ("status", Rule::Text(usize::MAX, NO_NUL)),
    ("to", Rule::InstantOrDate),
    ("version", Rule::Text(usize::MAX, NO_NUL)),
];

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|w| (*w).to_owned()).collect()
}

fn names<T>(all: &[(&str, T)]) -> Vec<String> {
    all.iter().map(|(name, _)| (*name).to_owned()).collect()
}

fn dispute_kinds() -> Vec<String> {
    names(Kind::ALL)
}

fn dispute_statuses() -> Vec<String> {
    owned(&Kind::statuses())
}

fn approvals() -> Vec<String> {
    Approval::ALL.iter().map(|(name, _)| (*name).to_owned()).collect()
}

fn payout_states() -> Vec<String> {
    PayoutState::ALL.iter().map(|s| s.name().to_owned()).collect()
}

fn audiences() -> Vec<String> {
    orderwright_core::workflow::Audience::ALL.iter().map(|(name, _)| (*name).to_owned()).collect()
}

fn shipping_rules() -> Vec<String> {
    ShippingRule::ALL.iter().map(|(name, _)| (*name).to_owned()).collect()
}

fn sorts() -> Vec<String> {
    SortKey::ALL.iter().flat_map(|key| [key.name().to_owned(), format!("-{}", key.name())]).collect()
}

/// Adds the bounds, and the answers that every request of a kind may get.
pub fn add(spec: &mut OpenApi) {
    let requests = request_schemas(spec);
    for (name, schema) in spec.components.iter_mut().flat_map(|c| &mut c.schemas) {
        if let (true, RefOr::T(Schema::Object(object))) = (requests.contains(name), schema) {
            for (field, value) in &mut object.properties {
                if let Some(rule) = field_rule(name, field) {
                    constrain(value, rule);
                }
            }
        }
    }
    let undemanding = undemanding(spec);
    for operation in operations(spec) {
        // No body is an empty object, and these take one.
        if let Some(RefOr::T(body)) = &mut operation.request_body
            && body.content.values().filter_map(content_name).any(|name| undemanding.contains(&name))
        {
            body.required = Some(Required::False);
        }
        for parameter in operation.parameters.iter_mut().flatten() {
            if let RefOr::T(Parameter { name, schema: Some(schema), .. }) = parameter
                && let Some(rule) = parameter_rule(operation.operation_id.as_deref().unwrap_or_default(), name)
            {
                present(schema);
                constrain(schema, rule);
            }
        }
        answers(operation);
    }
}

/// The schemas of which no field is required.
fn undemanding(spec: &OpenApi) -> Vec<String> {
    let schemas = spec.components.iter().flat_map(|c| &c.schemas);
    let free = schemas.filter(|(_, schema)| matches!(schema, RefOr::T(Schema::Object(o)) if o.required.is_empty()));
    free.map(|(name, _)| name.clone()).collect()
}

/// A parameter that is sent is never null; it is left out.
fn present(schema: &mut RefOr<Schema>) {
    if let RefOr::T(Schema::Object(object)) = schema
        && let SchemaType::Array(types) = &object.schema_type
        && let [one, Type::Null] = types.as_slice()
    {
        object.schema_type = SchemaType::Type(one.clone());
    }
}

fn parameter_rule(operation: &str, parameter: &str) -> Option<Rule> {
    let own = PARAMETERS.iter().find(|(name, _)| name.split_once('.') == Some((operation, parameter)));
    own.or_else(|| PARAMETERS.iter().find(|(name, _)| *name == parameter)).map(|(_, rule)| *rule)
}

fn field_rule(schema: &str, field: &str) -> Option<Rule> {
    let own = FIELDS.iter().find(|(name, _)| name.split_once('.') == Some((schema, field)));
    own.or_else(|| FIELDS.iter().find(|(name, _)| *name == field)).map(|(_, rule)| *rule)
}

fn constrain(schema: &mut RefOr<Schema>, rule: Rule) {
    if let Rule::InstantOrDate = rule {
        let text = |format| Object::builder().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(format)));
        let empty = Object::builder().schema_type(Type::String).max_length(Some(0));
        let either = AnyOfBuilder::new().item(text(KnownFormat::DateTime)).item(text(KnownFormat::Date)).item(empty);
        // A field may be null instead of being left out.
        let is_optional = matches!(schema, RefOr::T(Schema::Object(object)) if matches!(&object.schema_type, SchemaType::Array(types) if types.contains(&Type::Null)));
        let either = if is_optional { either.item(Object::with_type(Type::Null)) } else { either };
        *schema = RefOr::T(either.build().into());
        return;
    }
    match (schema, rule) {
        (RefOr::T(Schema::Object(object)), rule) => constrain_object(object, rule),
        (RefOr::T(Schema::Array(array)), Rule::List(least, most) | Rule::Set(least, most)) => {
            array.min_items = Some(least);
            array.max_items = Some(most).filter(|m| *m < usize::MAX);
            if let Rule::Set(..) = rule {
                array.unique_items = true;
                if let ArrayItems::RefOrSchema(items) = &mut array.items {
                    constrain(items, Rule::Text(usize::MAX, ID));
                }
            }
        }
        _ => {}
    }
}

fn constrain_object(object: &mut Object, rule: Rule) {
    match rule {
        Rule::Text(most, pattern) => {
            object.max_length = Some(most).filter(|m| *m < usize::MAX);
            object.pattern = Some(pattern.to_owned());
        }
        Rule::Between(least, most) => {
            object.minimum = Some(Number::Int(least as isize));
            object.maximum = Some(most).filter(|m| *m < i64::MAX).map(|m| Number::Int(m as isize));
        }
        Rule::OneOf(words) => object.enum_values = Some(words().into_iter().map(Into::into).collect()),
        Rule::Words(words) => {
            let word = format!("({})", words.join("|"));
            object.pattern = Some(format!("^({word}(,{word})*)?$"));
        }
        Rule::Date => object.format = Some(SchemaFormat::KnownFormat(KnownFormat::Date)),
        Rule::Object => object.schema_type = SchemaType::Array(vec![Type::Object, Type::Null]),
        Rule::Any | Rule::InstantOrDate | Rule::List(..) | Rule::Set(..) => {}
    }
}

/// What is refused before the endpoint is reached, or when the store is down.
fn answers(operation: &mut Operation) {
    let Some(RefOr::T(example)) = operation.responses.responses.get("401").cloned() else { return };
    let problem = |description: &str| {
        let mut response = Response::new(description);
        response.content = example.content.clone();
        RefOr::T(response)
    };
    let mut add = |status: &str, description: &str| {
        let there = operation.responses.responses.contains_key(status);
        if !there {
            operation.responses.responses.insert(status.to_owned(), problem(description));
        }
    };
    if operation.request_body.is_some() {
        add("408", "The body did not come in time");
        add("413", "The body is too large");
        add("415", "Not of the type that this takes");
    }
    add("503", "Too much at once, or the store does not answer: try again after Retry-After");
}

/// The operations of a document.
fn operations(spec: &mut OpenApi) -> impl Iterator<Item = &mut Operation> {
    spec.paths.paths.values_mut().flat_map(|item| {
        [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete, &mut item.put].into_iter().flatten()
    })
}

/// The names of the schemas that requests are made of.
fn request_schemas(spec: &mut OpenApi) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut wanted: Vec<String> = operations(spec)
        .filter_map(|operation| operation.request_body.as_ref())
        .filter_map(|body| match body {
            RefOr::T(body) => Some(body.content.values().filter_map(content_name).collect::<Vec<_>>()),
            RefOr::Ref(_) => None,
        })
        .flatten()
        .collect();
    let schemas = spec.components.as_ref().map(|c| &c.schemas);
    while let Some(name) = wanted.pop() {
        if names.contains(&name) {
            continue;
        }
        if let Some(RefOr::T(Schema::Object(object))) = schemas.and_then(|s| s.get(&name)) {
            // What a field refers to, however deep, is found in its text.
            for value in object.properties.values() {
                let text = serde_json::to_string(value).unwrap_or_default();
                let parts = text.split("#/components/schemas/").skip(1);
                wanted.extend(parts.filter_map(|p| p.split('"').next()).map(str::to_owned));
            }
        }
        names.push(name);
    }
    names
}

fn content_name(content: &RefOr<Content>) -> Option<String> {
    let RefOr::T(content) = content else { return None };
    match content.schema.as_ref()? {
        RefOr::Ref(reference) => reference.ref_location.rsplit('/').next().map(str::to_owned),
        RefOr::T(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Also shows that no rule is left over.
    #[test]
    fn every_field_and_parameter_of_a_request_has_its_rule() {
        let mut spec = crate::web::described();
        let (mut unused_fields, mut unused_parameters) = (rules(FIELDS), rules(PARAMETERS));
        for name in request_schemas(&mut spec) {
            let schemas = &spec.components.as_ref().expect("components").schemas;
            let Some(RefOr::T(Schema::Object(object))) = schemas.get(&name) else { panic!("{name} is no object") };
            for field in object.properties.keys() {
                assert!(field_rule(&name, field).is_some(), "no rule for the field `{field}` of {name}");
                let own = format!("{name}.{field}");
                let used = if unused_fields.iter().any(|(n, _)| *n == own) { own } else { field.clone() };
                unused_fields.iter_mut().filter(|(n, _)| *n == used).for_each(|(_, unused)| *unused = false);
            }
        }
        for operation in operations(&mut spec) {
            for parameter in operation.parameters.iter().flatten() {
                let RefOr::T(parameter) = parameter else { panic!("a reference") };
                let own = format!("{}.{}", operation.operation_id.as_deref().unwrap_or_default(), parameter.name);
                let special = unused_parameters.iter().position(|(n, _)| *n == own);
                let found = match special {
                    Some(index) => unused_parameters.get_mut(index),
                    None => unused_parameters.iter_mut().find(|(n, _)| *n == parameter.name),
                };
                found.unwrap_or_else(|| panic!("no rule for the parameter `{}`", parameter.name)).1 = false;
            }
        }
        for (name, unused) in unused_fields.into_iter().chain(unused_parameters) {
            assert!(!unused, "the rule for `{name}` is for nothing");
        }
    }

    fn rules(table: &[(&'static str, Rule)]) -> Vec<(&'static str, bool)> {
        table.iter().map(|(name, _)| (*name, true)).collect()
    }

    #[test]
    fn the_document_has_the_bounds() {
        let spec: Value = serde_json::from_str(&crate::web::openapi()).expect("JSON");
        let schema = |name: &str, field: &str| spec["components"]["schemas"][name]["properties"][field].clone();
        assert_eq!(schema("NewItem", "quantity")["maximum"], MAX_QUANTITY);
        assert_eq!(schema("NewRefund", "amount")["maximum"], MAX_AMOUNT);
        assert_eq!(schema("BulkStatus", "orderIds")["maxItems"], MAX_BULK_ORDERS);
        assert_eq!(schema("BulkStatus", "orderIds")["uniqueItems"], true);
        assert_eq!(schema("Address", "name")["maxLength"], MAX_CONTACT_TEXT);
        assert_eq!(schema("Fault", "outcome")["enum"], serde_json::json!(FAULTS));
        assert!(schema("Message", "message")["maxLength"].is_null(), "answers are not bounded");
        let post = &spec["paths"]["/storefront/orders"]["post"];
        for status in ["408", "413", "415", "503"] {
            assert!(post["responses"][status]["content"]["application/problem+json"].is_object(), "{status}: {post:#}");
        }
        let limit = post_parameter(&spec["paths"]["/admin/orders"]["get"], "limit");
        assert_eq!(limit["schema"]["maximum"], MAX_LIMIT);
        assert_eq!(post_parameter(post, "Idempotency-Key")["schema"]["type"], "string");
    }

    fn post_parameter(operation: &Value, name: &str) -> Value {
        let all = operation["parameters"].as_array().expect("parameters");
        all.iter().find(|p| p["name"] == name).expect("there").clone()
    }
}
