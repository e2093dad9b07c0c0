//! Errors as RFC 9457 problem details: a stable code, a page of documentation for each code, every wrong field with a JSON Pointer.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use orderwright_core::decide::Refusal;
use orderwright_core::workflow::Complaint;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ops::versions::prove::Finding;
use crate::ops::{FieldError, OpError};

/// A code: what it is called, its status, and what to do about it.
#[derive(Debug)]
pub struct Code {
    /// Stable: programs match on it.
    pub name: &'static str,
    /// HTTP status.
    pub status: u16,
    /// A few words.
    pub title: &'static str,
    /// For the page: why it happens and what to do.
    pub help: &'static str,
}

macro_rules! codes {
    ($($ident:ident = $name:literal, $status:literal, $title:literal, $help:literal;)*) => {
        $(#[doc = $title] pub const $ident: Code = Code { name: $name, status: $status, title: $title, help: $help };)*
        /// Every code.
        pub const CODES: &[&Code] = &[$(&$ident),*];
    };
}

codes! {
    MALFORMED = "malformed_request", 400, "The request cannot be read", "The body is not valid JSON, or not UTF-8. Nothing was changed. Mend the body at the place that the detail names and send it again.";
    FORGED = "webhook_not_believed", 400, "The webhook is not the provider's", "The signature does not fit the body and any of our secrets, or it was made more than five minutes ago. Nothing was kept. Compare the secret that is configured with the provider's, and the clock of the server.";
    UNAUTHENTICATED = "unauthenticated", 401, "No valid token", "Send `Authorization: Bearer <token>`. The token is missing, unknown, expired or revoked; all four look alike.";
    FORBIDDEN = "forbidden", 403, "This role may not do that", "The token is valid, but its role is not one of those that this endpoint is for.";
    EVENT_NOT_ALLOWED = "event_not_allowed", 403, "This role may never fire that event", "The workflow lists who may fire each event, and the token's role is not among them in any state. `GET /admin/orders/{id}/actions` shows who may do what.";
    NOT_FOUND = "not_found", 404, "There is no such thing here", "It does not exist, or it is not yours: the answer is the same for both.";
    NO_ROUTE = "no_such_route", 404, "There is no such path", "The path is not part of the API. `/openapi.json` lists all of them.";
    METHOD_NOT_ALLOWED = "method_not_allowed", 405, "The path does not take this method", "The path exists, but not with this method. `/openapi.json` lists what each path takes.";
    NOT_POSSIBLE = "not_possible_now", 409, "Not in this state", "The event or status exists, but the order's state does not allow it now. `possible` lists what this token may do now.";
    PAYMENT_IN_PROGRESS = "payment_in_progress", 409, "A payment step is running", "Whether money was taken is not known until the provider has answered, and nothing is guessed. Try again in a few seconds.";
    OUT_OF_STOCK = "out_of_stock", 409, "Not enough stock", "No order was made and nothing is reserved. `skus` lists what is short.";
    REFUND_TOO_LARGE = "refund_exceeds_remaining", 409, "More than is left to refund", "What went back and what is on its way back cannot exceed what was captured, of the order or of one item. The detail says how much is left.";
    REFUND_DECIDED = "refund_decided", 409, "The refund was decided already", "A customer's request is granted or rejected once.";
    SECOND_PERSON = "second_person_required", 403, "Somebody else must approve it", "The refund is beyond the limit for one person (`refundApprovalLimit` of the channel). Whoever asked for it, or approved it before, cannot approve it again: ask a colleague, who approves it with their own token.";
    CANCELLATION_REQUESTED = "cancellation_requested", 409, "The cancellation was asked for already", "The merchant's earlier request covers these items and is waiting for the operator, who cancels them or answers by a message.";
    NOT_DISPUTABLE = "not_disputable", 409, "This cannot be disputed now", "Nothing was paid, the same items are disputed already, or the limit of disputes is reached. The detail says which, and what to do instead.";
    PAYMENT_DISPUTED = "payment_disputed", 409, "The bank is deciding about this payment", "While the customer's bank decides a chargeback, a refund of the same payment could be lost twice. Wait until it has decided, or accept the dispute. `GET /admin/disputes` shows how it stands.";
    JOB_NOT_DEAD = "job_not_dead", 409, "The job has not given up", "Only a dead job can be tried again; any other is tried again by itself when its time comes.";
    REFERENCE_USED = "reference_used", 409, "The reference was booked on another order", "A payment's reference is booked once in a channel. Look at both orders and at the bank's statement: one of the lines names the wrong order.";
    STOCK_BELOW_RESERVED = "stock_below_reserved", 409, "Fewer than are reserved", "Units are reserved for orders. Cancel orders first, or give a `reason` to record the loss of goods.";
    MIGRATION_UNFINISHED = "migration_unfinished", 409, "A migration has not ended", "Orders of this workflow are being moved from one version to another, or put back. Run that migration again as it was begun, or undo it; the detail names it.";
    PAYOUT_STATE = "payout_state", 409, "Not to this payout", "What was said cannot happen to a payout in its state; the detail says what can. Read it again: somebody, or the provider, may have been quicker.";
    PAYOUT_FILE = "payout_file", 409, "There is no file for the bank", "The batch is paid by a provider, not every payout of it is approved, one of them failed since, or nobody has said from which account the bank pays. The detail says which.";
    CHECKOUT_CLOSED = "checkout_closed", 409, "The checkout is over", "It expired, or was completed before. Start a new one.";
    EVENT_SETTLED = "event_settled", 409, "The event needs nothing", "Only an event that was parked or refused can be acted on again.";
    KEY_IN_USE = "idempotency_key_in_use", 409, "The first request is still running", "A request with this Idempotency-Key has not been answered yet. Wait and send the same request again.";
    ANSWER_LOST = "idempotency_answer_lost", 409, "Done, but the answer was lost", "The first request was carried out and its answer was lost in a crash. Read the resource to see it.";
    COUPLED = "coupled_machine", 409, "The other side cannot follow", "The event must be taken by the coupled machine of the item too, and that one cannot take it in its state. Nothing was changed.";
    PRECONDITION_FAILED = "precondition_failed", 412, "It changed meanwhile", "The version in If-Match is not the current one. Read it again, and decide anew.";
    TOO_SLOW = "request_timeout", 408, "The body did not come in time", "A body must have come within a minute after its head. Nothing was changed. Send it again, over a better connection or in parts.";
    TOO_LARGE = "body_too_large", 413, "The body is too large", "A JSON body has at most 1 MiB, an imported file 10 MiB. Send it in parts.";
    MEDIA_TYPE = "unsupported_media_type", 415, "Not what this path takes", "Send `Content-Type: application/json`, or `text/csv` where a file is imported.";
    INVALID = "invalid_fields", 422, "Fields are wrong", "The body is well-formed, but some fields are not acceptable: `errors` has a JSON Pointer and a remedy for each.";
    UNKNOWN_EVENT = "unknown_event", 422, "The workflow does not know that word", "The event is not part of this order's workflow. The detail lists those that are.";
    UNKNOWN_STATUS = "unknown_status", 422, "The workflow does not know that status", "The status is not one of this order's workflow. The detail lists those that are.";
    WORKFLOW_REFUSED = "workflow_refused", 422, "The workflow cannot be published", "The checker found something that would go wrong with orders: `findings` has the file, the line and what would be right. Nothing was published.";
    KEY_REUSED = "idempotency_key_reused", 422, "The key was used with another body", "An Idempotency-Key belongs to one request. Use a new key for a new request.";
    BUSY = "busy", 503, "Try again", "The store could not take the request in time. Nothing was changed. Try again after the seconds in Retry-After.";
    INTERNAL = "internal_error", 500, "An error of ours", "Something is wrong on our side; the log has it under the request id. Nothing was changed that is not on the order.";
}

/// The body of an error.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct ProblemBody {
    /// Path of the code's page.
    #[serde(rename = "type")]
    pub kind: String,
    /// A few words.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What happened here.
    pub detail: String,
    /// The stable code.
    pub code: String,
    /// Wrong fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemField>,
    /// What is wrong with a workflow.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<ProblemFinding>,
    /// SKUs that are short.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skus: Vec<String>,
    /// What this token may do now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub possible: Option<Vec<String>>,
}

/// A wrong field.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProblemField {
    /// JSON Pointer into the body, or the name of the query parameter.
    pub pointer: String,
    /// What to do about it.
    pub detail: String,
}

/// The media type of a problem.
const PROBLEM: &str = "application/problem+json";

/// The code of the problem that an answer is, for whoever counts answers.
#[derive(Clone, Debug)]
pub struct Refused(pub String);
/// Something wrong in a workflow file.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProblemFinding {
    /// The file: its place in the request (`texts/0`), or the name of a workflow that is published already.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Keys from the top: `item.states.accepted.on.confirm`.
    pub path: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl From<Finding> for ProblemFinding {
    fn from(finding: Finding) -> Self {
        let Complaint { line, column, path, message, .. } = finding.complaint;
        Self { file: finding.file, line, column, path, message }
    }
}

/// An error on its way out.
#[derive(Clone, Debug)]
pub struct Problem(pub Box<ProblemBody>);

impl Problem {
    /// An error of that code.
    pub fn new(code: &Code, detail: impl Into<String>) -> Self {
        Self(Box::new(ProblemBody {
            kind: format!("/docs/problems/{}", code.name),
            title: code.title.to_owned(),
            status: code.status,
            detail: detail.into(),
            code: code.name.to_owned(),
            ..ProblemBody::default()
        }))
    }

    /// Wrong fields.
    pub fn fields(errors: Vec<FieldError>) -> Self {
        let detail = errors.iter().map(|e| format!("{}: {}", e.pointer, e.detail)).collect::<Vec<_>>().join("; ");
        let mut problem = Self::new(&INVALID, detail);
        problem.0.errors = errors.into_iter().map(|e| ProblemField { pointer: e.pointer, detail: e.detail }).collect();
        problem
    }

    /// One wrong field.
    pub fn field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::fields(vec![FieldError { pointer: pointer.into(), detail: detail.into() }])
    }

    /// Whether the answer to a request with an idempotency key is kept: 409, unless it is about the key itself.
    pub fn is_final(&self) -> bool {
        self.0.status == 409 && self.0.code != KEY_IN_USE.name && self.0.code != ANSWER_LOST.name
    }
}

/// Refusals that come from the libraries below become problems like ours.
pub async fn as_problem(response: Response) -> Response {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) || response.extensions().get::<Refused>().is_some() {
        return response;
    }
    // Libraries answer in plain text; a page for people says in its own words what is wrong.
    let ours = |kind: &HeaderValue| kind == PROBLEM || kind.as_bytes().starts_with(b"text/html");
    if response.headers().get(header::CONTENT_TYPE).is_some_and(ours) {
        return response;
    }
    let problem = match status.as_u16() {
        400 => Problem::new(&MALFORMED, "the address of the request cannot be read"),
        404 => Problem::new(&NO_ROUTE, "there is no such path; /openapi.json lists all of them"),
        405 => Problem::new(&METHOD_NOT_ALLOWED, "this path does not take this method"),
        408 => Problem::new(&TOO_SLOW, "the request did not come in time"),
        413 => Problem::new(&TOO_LARGE, "this is more than any path takes"),
        415 => Problem::new(&MEDIA_TYPE, "this path does not take this type"),
        503 => Problem::new(&BUSY, "too much at once"),
        _ => Problem::new(&INTERNAL, "something went wrong on our side"),
    };
    problem.into_response()
}

impl From<OpError> for Problem {
    fn from(error: OpError) -> Self {
        let text = error.to_string();
        match error {
            OpError::NotFound => Self::new(&NOT_FOUND, text),
            OpError::Refused(refusal) => refused(&refusal),
            OpError::Invalid(fields) => Self::fields(fields),
            OpError::OutOfStock(skus) => {
                let mut problem = Self::new(&OUT_OF_STOCK, text);
                problem.0.skus = skus;
                problem
            }
            OpError::Findings(findings) => {
                let mut problem = Self::new(&WORKFLOW_REFUSED, text);
                problem.0.findings = findings.into_iter().map(ProblemFinding::from).collect();
                problem
            }
            OpError::Conflict(code, detail) => {
                let code = CODES.iter().find(|c| c.name == code).copied().unwrap_or(&NOT_POSSIBLE);
                Self::new(code, detail)
            }
            OpError::CheckoutClosed => Self::new(&CHECKOUT_CLOSED, text),
            OpError::KeyInUse => Self::new(&KEY_IN_USE, text),
            OpError::PreconditionFailed => Self::new(&PRECONDITION_FAILED, text),
            OpError::Forbidden(why) => Self::new(&FORBIDDEN, why),
            OpError::Busy(why) => {
                tracing::warn!(why, "busy");
                Self::new(&BUSY, text)
            }
            OpError::Internal(why) => {
                tracing::error!(why, "internal error");
                Self::new(&INTERNAL, "something went wrong on our side")
            }
        }
    }
}

fn refused(refusal: &Refusal) -> Problem {
    let text = refusal.to_string();
    match refusal {
        Refusal::UnknownEvent { .. } => Problem::new(&UNKNOWN_EVENT, text),
        Refusal::UnknownStatus { .. } => Problem::new(&UNKNOWN_STATUS, text),
        Refusal::NotAllowed { .. } => Problem::new(&EVENT_NOT_ALLOWED, text),
        Refusal::NotPossible { possible, .. } => {
            let mut problem = Problem::new(&NOT_POSSIBLE, text);
            problem.0.possible = Some(possible.clone());
            problem
        }
        Refusal::DisputeNotPossible { possible, .. } => {
            let mut problem = Problem::new(&NOT_POSSIBLE, text);
            problem.0.possible = Some(possible.clone());
            problem
        }
        Refusal::NotDisputable { .. } => Problem::new(&NOT_DISPUTABLE, text),
        Refusal::PaymentDisputed { .. } => Problem::new(&PAYMENT_DISPUTED, text),
        Refusal::PaymentInProgress => Problem::new(&PAYMENT_IN_PROGRESS, text),
        Refusal::MissingField { field, .. } => Problem::field(format!("/{field}"), text),
        Refusal::UnknownItem | Refusal::UnknownRefund | Refusal::UnknownDispute => {
            Problem::new(&NOT_FOUND, OpError::NotFound.to_string())
        }
        Refusal::Invalid { pointer, message } => Problem::field(pointer, message),
        Refusal::RefundTooLarge { .. } => Problem::new(&REFUND_TOO_LARGE, text),
        Refusal::CancellationRequested => Problem::new(&CANCELLATION_REQUESTED, text),
        Refusal::NoMerchant => Problem::new(&FORBIDDEN, text),
        Refusal::RefundDecided => Problem::new(&REFUND_DECIDED, text),
        Refusal::SecondPerson => Problem::new(&SECOND_PERSON, text),
        Refusal::SendFailed { .. } => Problem::new(&COUPLED, text),
        Refusal::StaleOutcome | Refusal::Endless | Refusal::ForeignState(_) => {
            tracing::error!(refusal = text, "a refusal that no client should see");
            Problem::new(&INTERNAL, "something went wrong on our side")
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string(&self.0).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, PROBLEM)], body).into_response();
        response.extensions_mut().insert(Refused(self.0.code));
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
