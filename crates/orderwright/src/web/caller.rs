//! Who calls: the bearer token becomes an actor, and each area of the API lets in its roles only.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{self, AsHeaderName};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
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
    /// Parties of splits without items of their own.
    Brand, "the brand endpoints", Brand;
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
        let header = only(&parts.headers, header::AUTHORIZATION).flatten().and_then(|h| h.to_str().ok());
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
        ctx.if_version = match only(&parts.headers, header::IF_MATCH) {
            None => None,
            Some(header) => header
                .and_then(|h| h.to_str().ok())
                .and_then(if_match)
                .ok_or_else(|| Problem::field("If-Match", "must be * or one tag as ETag gave it, in double quotes"))?,
        };
        ctx.languages = super::language::of(parts);
        Ok(Self { ctx, area: PhantomData })
    }
}

/// A header that may be given once: `Some(None)` when it is given more often, since two parties could read two different ones.
pub fn only(headers: &HeaderMap, name: impl AsHeaderName) -> Option<Option<&HeaderValue>> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?;
    Some(all.next().is_none().then_some(first))
}

/// The tag that no order has.
const NO_VERSION: i64 = -1;

/// Reads `If-Match`: the version that the caller wants to change, `"7"`, or `Some(None)` for any, `*`. A tag that is none of ours never
/// matches, and a weak one neither (RFC 9110, 13.1.1); what is no tag at all is `None`.
pub fn if_match(header: &str) -> Option<Option<i64>> {
    let tag = header.trim();
    if tag == "*" {
        return Some(None);
    }
    let (weak, tag) = tag.strip_prefix("W/").map_or((false, tag), |tag| (true, tag));
    let inside = tag.strip_prefix('"')?.strip_suffix('"')?;
    if !inside.bytes().all(|b| b == b'!' || (b'#'..=b'~').contains(&b)) {
        return None;
    }
    let ours = inside.parse().ok().filter(|version: &i64| !weak && version.to_string() == inside);
    Some(Some(ours.unwrap_or(NO_VERSION)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_a_version_or_nothing_of_ours_or_no_tag() {
        for (header, read) in [
            ("*", Some(None)),
            (" \"7\" ", Some(Some(7))),
            ("\"never\"", Some(Some(NO_VERSION))),
            ("\"\"", Some(Some(NO_VERSION))),
            ("\"07\"", Some(Some(NO_VERSION))),
            ("\"+7\"", Some(Some(NO_VERSION))),
            ("W/\"7\"", Some(Some(NO_VERSION))),
            ("7", None),
            ("", None),
            ("\"", None),
            ("\"7", None),
            ("\"7\", \"8\"", None),
            ("null", None),
        ] {
            assert_eq!(if_match(header), read, "{header}");
        }
    }

    #[test]
    fn a_header_given_twice_is_none() {
        let mut headers = HeaderMap::new();
        assert_eq!(only(&headers, "if-match"), None);
        headers.append("if-match", HeaderValue::from_static("a"));
        assert_eq!(only(&headers, "if-match"), Some(Some(&HeaderValue::from_static("a"))));
        headers.append("if-match", HeaderValue::from_static("a"));
        assert_eq!(only(&headers, "if-match"), Some(None));
    }
}
