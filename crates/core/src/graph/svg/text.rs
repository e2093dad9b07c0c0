//! Text in pictures: how wide it is, where it breaks, and how it is escaped.
//!
//! Nothing here asks a font: a reader's browser takes what it has. Widths are those of DejaVu Sans, which is wider than most; whatever comes instead
//! has a little more room.

/// Thousandths of the font size, from the space (U+0020) to the tilde (U+007E).
const WIDTHS: [u16; 95] = [
    317, 400, 459, 837, 636, 950, 779, 274, 390, 390, 500, 837, 317, 360, 317, 336, 636, 636, 636, 636, 636, 636, 636,
    636, 636, 636, 336, 336, 837, 837, 837, 530, 1000, 684, 686, 698, 770, 631, 575, 774, 751, 294, 294, 655, 557, 862,
    748, 787, 603, 787, 694, 634, 610, 731, 684, 988, 685, 610, 685, 390, 336, 390, 837, 500, 500, 612, 634, 549, 634,
    615, 352, 634, 633, 277, 277, 579, 277, 974, 633, 611, 634, 634, 411, 520, 392, 633, 591, 817, 591, 591, 524, 636,
    336, 636, 837,
];
/// How much wider bold letters are.
const BOLD: f64 = 1.12;

/// The width of a text in pixels; `bold` from weight 600.
pub fn width(text: &str, size: f64, bold: bool) -> f64 {
    let thousandths: u32 = text
        .chars()
        .map(|c| match c as u32 {
            code @ 0x20..=0x7e => u32::from(WIDTHS[code as usize - 0x20]),
            0xa0 => 317,
            // Scripts whose letters are as wide as high.
            0x1100..=0x11ff | 0x2e80..=0xd7ff | 0xf900..=0xfaff | 0xff00..=0xff60 | 0x1_f000.. => 1000,
            _ => 700,
        })
        .sum();
    f64::from(thousandths) * size / 1000.0 * if bold { BOLD } else { 1.0 }
}

/// Breaks a text into lines of at most that width: at spaces where there are some, else after `.`, `_`, `-` or `/` and before a capital, else anywhere. What is beyond
/// the last line ends in an ellipsis.
pub fn wrap(text: &str, size: f64, bold: bool, most: f64, lines: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut line = String::new();
    for piece in pieces(text, size, bold, most) {
        if !line.is_empty() && width(&format!("{line}{}", piece.trim_end()), size, bold) > most {
            out.push(std::mem::take(&mut line).trim_end().to_owned());
        }
        line.push_str(&piece);
    }
    out.push(line.trim_end().to_owned());
    if out.len() > lines {
        out.truncate(lines);
        if let Some(last) = out.last_mut() {
            while width(&format!("{last}…"), size, bold) > most && last.pop().is_some() {}
            last.push('…');
        }
    }
    out.retain(|l| !l.is_empty());
    out
}

/// Pieces that a line may end after, each no wider than a line.
fn pieces(text: &str, size: f64, bold: bool, most: f64) -> Vec<String> {
    let mut out = Vec::new();
    for word in text.split_inclusive([' ', '\t', '\n']) {
        if width(word.trim_end(), size, bold) <= most {
            out.push(word.replace(['\t', '\n'], " "));
            continue;
        }
        let mut piece = String::new();
        for c in word.chars() {
            let hump = c.is_uppercase() && piece.ends_with(char::is_lowercase);
            if hump || (width(&format!("{piece}{c}"), size, bold) > most && !piece.is_empty()) {
                out.push(std::mem::take(&mut piece));
            }
            piece.push(c);
            if matches!(c, '.' | '_' | '-' | '/') {
                out.push(std::mem::take(&mut piece));
            }
        }
        out.push(piece);
    }
    out
}

/// Escaped for element content and for attributes in double quotes. What XML 1.0 cannot hold at all becomes a replacement character.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' => out.push(c),
            c if c < ' ' || c == '\u{fffe}' || c == '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_where_a_reader_would() {
        assert_eq!(wrap("Payment authorised", 10.0, false, 70.0, 3), ["Payment", "authorised"]);
        assert_eq!(wrap("item.late_cancellation", 10.0, false, 80.0, 3), ["item.late_", "cancellation"]);
        assert_eq!(wrap("one two three four", 10.0, false, 30.0, 2), ["one", "two…"]);
        for line in wrap(&"w".repeat(500), 10.0, true, 90.0, 4) {
            assert!(width(&line, 10.0, true) <= 90.0, "{line}");
        }
    }

    #[test]
    fn escapes_everything() {
        assert_eq!(escape("<a b=\"c\">&'\u{1}"), "&lt;a b=&quot;c&quot;&gt;&amp;&#39;\u{fffd}");
    }
}
