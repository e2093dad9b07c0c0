//! The payment page: what it shows of an order, and what the customer's browser tells us when it is through.
//!
//! Whoever has an order's link may pay it; the link tells nothing but the sum and whether it is paid. What the browser says is believed only
//! as a hint: the provider is asked.

use std::sync::Arc;

use orderwright_core::actor::{Actor, Role};
use orderwright_core::decide::Command;
use orderwright_core::id::OrderId;
use orderwright_core::mail;
use orderwright_core::order::PaymentState;
use orderwright_core::payment_words;

use super::command::{Loaded, OrderRef, load, run};
use super::{Ctx, OpError};
use crate::app::App;
use crate::effects::provider_events;
use crate::pay::port::{CHECKOUT, CustomerAction};
use crate::pay::{Provider, link};
use crate::store::Scope;

/// What the page shows.
#[derive(Clone, Debug)]
pub struct Page {
    /// The order's number.
    pub number: String,
    /// What is to be paid, with its currency.
    pub sum: String,
    /// How it stands.
    pub state: State,
}

/// How a payment stands, for its customer.
#[derive(Clone, Debug)]
pub enum State {
    /// The customer goes on in the provider's component.
    Open(Box<CustomerAction>),
    /// The provider is at work.
    Processing,
    /// Paid, or held for the shop.
    Paid,
    /// The card was verified, and nothing was taken yet.
    Verified,
    /// Not paid.
    Failed {
        /// What the customer can do.
        next: String,
        /// Whether another attempt can be begun on this page.
        again: bool,
    },
    /// There is nothing to pay here.
    Nothing,
}

impl State {
    /// In one word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Open(_) => "open",
            Self::Processing => "processing",
            Self::Paid => "paid",
            Self::Verified => "verified",
            Self::Failed { .. } => "failed",
            Self::Nothing => "nothing",
        }
    }
}

/// What Razorpay's checkout gives to the page.
#[derive(Clone, Debug)]
pub struct CheckoutAnswer {
    /// `order_…`
    pub order: String,
    /// `pay_…`
    pub payment: String,
    /// Made with the secret of the key.
    pub signature: String,
}

/// The path of an order's page, for whoever may see the order.
pub async fn path(ctx: &Ctx, order: &str) -> Result<(String, Loaded), OpError> {
    let loaded = load(ctx, &ctx.scope(), OrderRef::order(order)?).await?;
    Ok((path_of(&ctx.app, loaded.order.id), loaded))
}

/// The path of an order's page. Whoever has it may pay the order.
pub fn path_of(app: &App, order: OrderId) -> String {
    link::path(&app.link_secret, order)
}

/// Whether the customer can begin another attempt on the page: the last one failed, the order can still be paid, and the channel's provider
/// has a component for the page.
pub fn can_pay_again(ctx: &Ctx, loaded: &Loaded) -> bool {
    let channel = ctx.app.channel(&loaded.order.channel);
    let provider = channel.and_then(|c| ctx.app.pay.get(&c.payment_provider).cloned());
    let failed = loaded.order.current_payment().is_some_and(|p| p.state == PaymentState::Failed);
    failed && payable(loaded) && provider.is_some_and(|p| p.has_page())
}

/// Begins another attempt in the name of the order's customer, who has the link; the page then shows the provider's component.
///
/// # Errors
/// [`OpError::Conflict`] when there is nothing to pay again here.
pub async fn again(app: &Arc<App>, order: &str, token: &str) -> Result<Page, OpError> {
    let loaded = by_link(app, order, token).await?;
    let customer = loaded.order.customer_id;
    let actor = Actor { role: Role::Customer, customer: Some(customer), id: customer.to_string(), ..Actor::system() };
    let mut ctx = Ctx::of(app, actor);
    if !can_pay_again(&ctx, &loaded) {
        let why = "this order is not waiting for another payment; load the page again to see how it stands";
        return Err(OpError::Conflict("not_possible_now", why.to_owned()));
    }
    let command = Command::Pay { method: CHECKOUT.to_owned() };
    run(&mut ctx, OrderRef::Order(loaded.order.id), &command).await?;
    page(app, order, token).await
}

/// The page of a link.
pub async fn page(app: &Arc<App>, order: &str, token: &str) -> Result<Page, OpError> {
    let loaded = by_link(app, order, token).await?;
    let order = &loaded.order;
    let Some(payment) = order.current_payment() else { return Err(OpError::NotFound) };
    let state = match payment.state {
        PaymentState::Authorised | PaymentState::Captured => State::Paid,
        PaymentState::Failed => State::Failed {
            next: payment_words::next_step(payment, payable(&loaded)).unwrap_or_default(),
            again: can_pay_again(&Ctx::system(app, &app.clock), &loaded),
        },
        PaymentState::Voided => State::Nothing,
        PaymentState::Pending | PaymentState::InDoubt if payment.awaits_customer => {
            let door = app.pay.door(&payment.provider).map_err(|e| OpError::Busy(e.to_string()))?;
            let reference = payment.reference.as_deref().unwrap_or_default();
            match door.customer_action(reference).await.map_err(|e| OpError::Busy(e.to_string()))? {
                Some(action) => State::Open(Box::new(action)),
                None => State::Processing,
            }
        }
        PaymentState::Pending | PaymentState::InDoubt if order.payment.effect.is_some() => State::Processing,
        PaymentState::Pending if payment.reference.is_some() => State::Verified,
        PaymentState::Pending | PaymentState::InDoubt => State::Nothing,
    };
    Ok(Page { number: order.number.clone(), sum: order.currency.show(payment.amount), state })
}

/// The browser says that the customer is through: the provider is asked now.
///
/// # Errors
/// [`OpError::Invalid`] when the checkout's answer was not signed by the provider.
pub async fn check(app: &Arc<App>, order: &str, token: &str, answer: Option<CheckoutAnswer>) -> Result<Page, OpError> {
    let loaded = by_link(app, order, token).await?;
    let Some(payment) = loaded.order.current_payment() else { return Err(OpError::NotFound) };
    if let (Some(answer), Some(Provider::Razorpay(razorpay))) = (answer, app.pay.get(&payment.provider))
        && !razorpay.is_checkout_answer(&answer.order, &answer.payment, &answer.signature)
    {
        return Err(OpError::field("/razorpay_signature", "the checkout's answer is not signed by the provider"));
    }
    let ctx = Ctx { wait: super::Wait::Full, ..Ctx::system(app, &app.clock) };
    provider_events::look_now(&ctx, &loaded.order).await;
    page(app, order, token).await
}

async fn by_link(app: &Arc<App>, order: &str, token: &str) -> Result<Loaded, OpError> {
    let id = OrderId::parse(order).ok_or(OpError::NotFound)?;
    if !link::fits(&app.link_secret, id, token) {
        return Err(OpError::NotFound);
    }
    load(&Ctx::system(app, &app.clock), &Scope::All, OrderRef::Order(id)).await
}

/// Whether the order's customer can pay (again) now.
pub fn payable(loaded: &Loaded) -> bool {
    mail::is_payable(&loaded.order, &loaded.workflow)
}
