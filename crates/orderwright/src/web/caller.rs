//! Who calls: the bearer token becomes an actor, and each area of the API lets in its roles only.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use orderwright_core::actor::Role;

use super::problem::{FORBIDDEN, Problem, UNAUTHENTICATED};
use crate::app::App;
use crate::ops::{Ctx, auth};

/// A part of the API and the roles that it is for.
pub trait Area: Send + Sync + 'static {
    /// Who may come in.
    const ROLES: &'static [Role];
    /// Its name for people.
    const NAME: &'static str;
}

macro_rules! areas {
    ($($(#[$doc:meta])* $area:ident, $name:literal, $($role:ident)|+;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $area;
        impl Area for $area {
            const ROLES: &'static [Role] = &[$(Role::$role),+];
            const NAME: &'static str = $name;
        }
    )*};
}

areas! {
    /// The platform, and owners of channels inside their channel.
    Admin, "the admin endpoints", Admin | Ops | Retailer;
    /// The platform alone.
    Platform, "the platform's endpoints", Admin | Ops;
    /// Customers and the servers of channels.
    Storefront, "the storefront endpoints", Customer | Storefront;
    /// Sellers, suppliers, makers.
    Merchant, "the merchant endpoints", Merchant;
}

/// A caller who may come in.
pub struct Caller<A: Area> {
    /// What operations need.
    pub ctx: Ctx,
    area: PhantomData<A>,
}

impl<A: Area> FromRequestParts<Arc<App>> for Caller<A> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|h| h.to_str().ok());
        let bearer = header.and_then(|h| h.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let actor = match bearer {
            Some((_, token)) => auth::authenticate(app, token.trim()).await?,
            None => None,
        };
        let actor =
            actor.ok_or_else(|| Problem::new(&UNAUTHENTICATED, "send a valid token as `Authorization: Bearer …`"))?;
        if !A::ROLES.contains(&actor.role) {
            return Err(Problem::new(&FORBIDDEN, format!("a {} token does not open {}", actor.role.name(), A::NAME)));
        }
        let mut ctx = Ctx::of(app, actor);
        ctx.if_version = if_match(parts);
        ctx.languages = super::language::of(parts);
        Ok(Self { ctx, area: PhantomData })
    }
}

/// The version that the caller wants to change, from `If-Match: "7"`; a tag that is none of ours never matches.
fn if_match(parts: &Parts) -> Option<i64> {
    let tag = parts.headers.get(header::IF_MATCH)?.to_str().unwrap_or("").trim();
    if tag == "*" {
        return None;
    }
    let version = tag.strip_prefix('"').and_then(|t| t.strip_suffix('"')).and_then(|t| t.parse().ok());
    Some(version.unwrap_or(-1))
}
