//! Reads an XML file into a plain tree, as far as the engines look at it.
//!
//! The engines use SimpleXML: elements and attributes without a prefix, the text of an element without that of its children, never
//! trimmed. A file is data from outside, so its size, depth and number of elements are bounded, and entities of its own are refused:
//! no process needs them, and they are how an XML file hurts its reader.

use encoding_rs::Encoding;
use roxmltree::{Document, Node, ParsingOptions};

/// The largest file, in bytes.
pub const MAX_FILE: usize = 4 * 1024 * 1024;
/// The deepest nesting of elements; a process has six levels.
pub const MAX_DEPTH: usize = 32;
/// The most nodes (elements, texts, comments) of one file.
pub const MAX_NODES: u32 = 200_000;

/// An element without a prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// The name.
    pub name: String,
    /// Attributes without a prefix, in the order of the file.
    pub attributes: Vec<(String, String)>,
    /// The element's own text, untrimmed, without that of its children.
    pub text: String,
    /// Elements inside.
    pub children: Vec<Element>,
    /// The line in its file, from 1.
    pub line: u32,
}

impl Element {
    /// The attribute; an empty one counts as absent, as in the engines.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Whether the attribute is exactly `true`; nothing else counts.
    pub fn is(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    /// The first child of that name.
    pub fn first(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// How many elements there are, this one included. Bounded by what `read` lets in.
    pub fn size(&self) -> usize {
        1 + self.children.iter().map(Element::size).sum::<usize>()
    }

    /// Sets the attribute, present or not.
    pub fn set(&mut self, name: &str, value: String) {
        match self.attributes.iter_mut().find(|(n, _)| n == name) {
            Some((_, old)) => *old = value,
            None => self.attributes.push((name.to_owned(), value)),
        }
    }
}

/// Reads the root element of a file. The error is a sentence with the line.
pub fn read(bytes: &[u8]) -> Result<Element, String> {
    if bytes.len() > MAX_FILE {
        return Err(format!("the file has {} KiB; at most {} are read", bytes.len() / 1024, MAX_FILE / 1024));
    }
    let text = decode(bytes)?;
    if text.contains("<!ENTITY") {
        return Err("the file declares entities, which are not read: a process needs none".to_owned());
    }
    depth(&text)?;
    // A document type without entities does no harm, and the engines accept it.
    let options = ParsingOptions { allow_dtd: true, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(&text, options).map_err(|error| match error {
        roxmltree::Error::NodesLimitReached => format!("the file has more than {MAX_NODES} nodes; it is not read"),
        error => format!("this is not XML that can be read: {error}"),
    })?;
    let lines: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    Ok(element(document.root_element(), &lines))
}

/// The text: by its byte order mark, else by the encoding that it declares, else UTF-8.
fn decode(bytes: &[u8]) -> Result<String, String> {
    let (encoding, rest) = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => (encoding, &bytes[length..]),
        None => (declared(bytes)?, bytes),
    };
    match encoding.decode_without_bom_handling_and_without_replacement(rest) {
        Some(text) => Ok(text.into_owned()),
        None => Err(format!("the file is not text in {}; save it as UTF-8", encoding.name())),
    }
}

/// The encoding of `<?xml version="1.0" encoding="…"?>`.
fn declared(bytes: &[u8]) -> Result<&'static Encoding, String> {
    /// A declaration is short; what comes later in the file is none.
    const HEAD: usize = 200;
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(HEAD)]);
    let Some(declaration) = head.strip_prefix("<?xml").and_then(|rest| rest.split("?>").next()) else {
        return Ok(encoding_rs::UTF_8);
    };
    let Some(value) = declaration.split("encoding").nth(1) else { return Ok(encoding_rs::UTF_8) };
    let name: String =
        value.chars().skip_while(|c| "= \t'\"".contains(*c)).take_while(|c| !"'\" \t".contains(*c)).collect();
    Encoding::for_label(name.as_bytes())
        .filter(|e| !e.name().starts_with("UTF-16"))
        .ok_or_else(|| format!("the encoding `{}` is not known; save the file as UTF-8", super::finding::shown(&name)))
}

/// Refuses deep nesting before any parser sees it. Counts tags and may count too many (in comments), never too few.
fn depth(text: &str) -> Result<(), String> {
    let bytes = text.as_bytes();
    let (mut depth, mut line, mut at) = (0_usize, 1_usize, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'\n' => line += 1,
            b'<' => match bytes.get(at + 1) {
                Some(b'/') => depth = depth.saturating_sub(1),
                Some(b'!') if text[at..].starts_with("<!--") => {
                    // What is commented out nests nothing.
                    let end = text[at..].find("-->").map_or(bytes.len(), |end| at + end + 3);
                    line += text[at..end].matches('\n').count();
                    at = end;
                    continue;
                }
                Some(b'!' | b'?') | None => {}
                Some(_) => {
                    depth += 1;
                    if depth > MAX_DEPTH {
                        return Err(format!(
                            "line {line}: elements are nested more than {MAX_DEPTH} deep; a process has six levels"
                        ));
                    }
                }
            },
            b'>' if at > 0 && bytes[at - 1] == b'/' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// No deeper than `MAX_DEPTH`, so it may call itself; a parser that disagrees with `depth` is stopped there too.
fn element(node: Node<'_, '_>, lines: &[usize]) -> Element {
    fn walk(node: Node<'_, '_>, lines: &[usize], left: usize) -> Element {
        let mut out = Element {
            name: node.tag_name().name().to_owned(),
            line: u32::try_from(lines.partition_point(|start| *start <= node.range().start)).unwrap_or(u32::MAX),
            ..Element::default()
        };
        let plain = node.attributes().filter(|a| a.namespace().is_none());
        out.attributes = plain.map(|a| (a.name().to_owned(), a.value().to_owned())).collect();
        for child in node.children() {
            if child.is_text() {
                out.text.push_str(child.text().unwrap_or_default());
            } else if child.is_element() && left > 0 && unprefixed(child) {
                out.children.push(walk(child, lines, left - 1));
            }
        }
        out
    }
    walk(node, lines, MAX_DEPTH)
}

/// SimpleXML shows only elements without a prefix.
fn unprefixed(node: Node<'_, '_>) -> bool {
    node.tag_name().namespace().is_none_or(|uri| node.default_namespace() == Some(uri))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        read(bytes).map_or_else(|e| format!("error: {e}"), |e| e.text)
    }

    #[test]
    fn text_is_untrimmed_and_skips_comments() {
        assert_eq!(text(b"<a> new<!-- c --> x<b>y</b><![CDATA[ <z> ]]></a>"), " new x <z> ");
        let a = read(b"<s xmlns='u' xmlns:x='v'><x:p/><p n='' m='1' x:k='2'/></s>").expect("read");
        assert_eq!(a.children.len(), 1);
        assert_eq!((a.children[0].get("n"), a.children[0].get("m"), a.children[0].get("k")), (None, Some("1"), None));
        assert_eq!(read(b"<a>\n\n<b/></a>").expect("read").children[0].line, 3);
    }

    #[test]
    fn encodings_are_read() {
        assert_eq!(text("\u{feff}<a>ä</a>".as_bytes()), "ä");
        assert_eq!(text(b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xe4</a>"), "ä");
        assert_eq!(text(b"<?xml version='1.0' encoding = 'windows-1252' ?><a>\x80</a>"), "€");
        let wide: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("<a>ä</a>".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(text(&wide), "ä");
        assert_eq!(text(b"<a>\xe4</a>"), "error: the file is not text in UTF-8; save it as UTF-8");
        assert!(text(b"<?xml version='1.0' encoding='klingon'?><a/>").contains("`klingon` is not known"));
    }

    #[test]
    fn hostile_files_are_refused() {
        let laughs = "<!DOCTYPE a [<!ENTITY l \"ha\"><!ENTITY m \"&l;&l;\">]><a>&m;</a>";
        assert!(text(laughs.as_bytes()).contains("declares entities"), "{}", text(laughs.as_bytes()));
        let outside = "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>";
        assert!(text(outside.as_bytes()).contains("declares entities"));
        assert!(text(b"<!DOCTYPE a SYSTEM 'a.dtd'><a>x</a>") == "x");
        assert!(text(b"<a>&unknown;</a>").starts_with("error: this is not XML"));
        for deep in [
            format!("{}{}", "<a>".repeat(500_000), "</a>".repeat(500_000)),
            "<a>".repeat(1_000_000),
            "<a ".repeat(1_000_000),
        ] {
            assert!(
                text(deep.as_bytes()).starts_with("error: line 1: elements are nested"),
                "{:.90}",
                text(deep.as_bytes())
            );
        }
        let many = format!("<a>{}</a>", "<b/>".repeat(300_000));
        assert!(text(many.as_bytes()).contains("more than 200000 nodes"));
        assert!(text(&vec![b' '; MAX_FILE + 1]).contains("at most 4096 are read"));
        assert!(text(b"").starts_with("error: this is not XML"));
        assert!(text(b"<a><b></a>").starts_with("error: this is not XML"));
        assert!(text(b"<!-- ").starts_with("error: "));
    }
}
