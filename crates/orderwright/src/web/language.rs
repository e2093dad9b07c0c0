//! Which language is answered in: `Accept-Language` in, `Content-Language` and `Vary` out, for every answer that has labels in it.

use axum::extract::Request;
use axum::http::header::{ACCEPT_LANGUAGE, CONTENT_LANGUAGE, VARY};
use axum::http::{HeaderValue, request::Parts};
use axum::middleware::Next;
use axum::response::Response;

use crate::ops::languages::Languages;

/// Reads the wish, and says afterwards what was answered in.
pub async fn negotiate(mut request: Request, next: Next) -> Response {
    let header = request.headers().get(ACCEPT_LANGUAGE).and_then(|h| h.to_str().ok());
    let languages = Languages::of_header(header.unwrap_or_default());
    request.extensions_mut().insert(languages.clone());
    let mut response = next.run(request).await;
    let used = languages.used();
    if let Ok(used) = HeaderValue::from_str(&used)
        && !used.is_empty()
    {
        response.headers_mut().insert(CONTENT_LANGUAGE, used);
        response.headers_mut().append(VARY, HeaderValue::from_static("Accept-Language"));
    }
    response
}

/// The wish of a request.
pub fn of(parts: &Parts) -> Languages {
    parts.extensions.get::<Languages>().cloned().unwrap_or_default()
}
