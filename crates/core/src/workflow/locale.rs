//! Languages of labels: the shape of their tags (BCP 47), and which one a reader gets (RFC 4647, lookup).

use super::model::Workflow;

/// The language of labels that stand without one, unless the file says `locale`.
pub const DEFAULT: &str = "en";

/// The tag in its usual case, `de-AT` or `zh-Hant-TW`, if it has the shape of one: a language of two or three letters, then perhaps a
/// script of four letters and a region of two letters or three digits. Labels need no more of BCP 47.
pub fn canonical(tag: &str) -> Option<String> {
    let mut parts = tag.split('-').peekable();
    let letters = |s: &&str| s.bytes().all(|b| b.is_ascii_alphabetic());
    let language = parts.next().filter(|s| (2..=3).contains(&s.len())).filter(letters)?;
    let mut out = language.to_ascii_lowercase();
    if let Some(script) = parts.next_if(|s| s.len() == 4 && letters(s)) {
        let (first, rest) = script.split_at(1);
        out.push_str(&format!("-{}{}", first.to_ascii_uppercase(), rest.to_ascii_lowercase()));
    }
    let digits = |s: &&str| s.len() == 3 && s.bytes().all(|b| b.is_ascii_digit());
    if let Some(region) = parts.next_if(|s| s.len() == 2 && letters(s) || digits(s)) {
        out.push_str(&format!("-{}", region.to_ascii_uppercase()));
    }
    parts.next().is_none().then_some(out)
}

impl Workflow {
    /// The languages that its labels are in; the first is that of the labels without one.
    pub fn locales(&self) -> impl Iterator<Item = &str> {
        let others = self.item.states.first().into_iter().flat_map(|s| s.locales.keys());
        std::iter::once(self.locale.as_str()).chain(others.map(String::as_str))
    }

    /// The language for a reader who wants these, dearest first: the first wish that is there, each shortened part by part
    /// (`de-AT`, then `de`); else that of the labels without one.
    pub fn locale_for(&self, wanted: &[String]) -> &str {
        for wish in wanted {
            let mut range = wish.as_str();
            loop {
                if let Some(found) = self.locales().find(|l| l.eq_ignore_ascii_case(range)) {
                    return found;
                }
                match range.rsplit_once('-') {
                    Some((shorter, _)) => range = shorter,
                    None => break,
                }
            }
        }
        &self.locale
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::read;

    #[test]
    fn tags_have_a_shape() {
        for (text, expected) in
            [("de", "de"), ("DE-at", "de-AT"), ("zh-hant-tw", "zh-Hant-TW"), ("es-419", "es-419"), ("gsw", "gsw")]
        {
            assert_eq!(canonical(text).as_deref(), Some(expected));
        }
        for text in ["", "d", "deutsch", "de-", "de_AT", "de-AT-x", "de-A", "12", "de-Latn-AT-1901", "dé", "-de"] {
            assert_eq!(canonical(text), None, "{text}");
        }
    }

    #[test]
    fn a_reader_gets_the_nearest_language() {
        let text = include_str!("../../../../workflows/merchant.toml").replace(
            "labels = { merchant",
            "labels = { de = { merchant = \"x\" }, pt-BR = { merchant = \"y\" }, merchant",
        );
        let workflow = read(&text).unwrap_or_else(|c| panic!("{c:?}"));
        assert_eq!(workflow.locales().collect::<Vec<_>>(), ["en", "de", "pt-BR"]);
        for (wanted, expected) in [
            (&["de"][..], "de"),
            (&["de-AT-1901"], "de"),
            (&["fr", "DE-ch"], "de"),
            (&["pt"], "en"),
            (&["pt-br", "de"], "pt-BR"),
            (&["en-GB", "de"], "en"),
            (&["fr"], "en"),
            (&[], "en"),
        ] {
            let wanted: Vec<String> = wanted.iter().map(|w| (*w).to_owned()).collect();
            assert_eq!(workflow.locale_for(&wanted), expected, "{wanted:?}");
        }
    }
}
