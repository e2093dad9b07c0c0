//! Text on A4 pages: headings, rows and paragraphs, in the Helvetica that every reader of PDF has, so that no font is carried along.
//!
//! That font knows the letters of Western Europe (Windows 1252). Any other character is printed as its code, `[U+0416]`, so that nothing
//! is lost without a word; the JSON beside it has the text as it is. What is not here: what the text says.

use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

/// A4, in points.
const PAGE: (f32, f32) = (595.0, 842.0);
const MARGIN: f32 = 56.0;
const WIDTH: f32 = PAGE.0 - 2.0 * MARGIN;
/// Where the second column of a row begins.
const COLUMN: f32 = 130.0;
/// Sizes of headings and of text, and the height of a line of text.
const TITLE: f32 = 16.0;
const HEADING: f32 = 12.0;
const TEXT: f32 = 9.5;
const LINE: f32 = 13.0;
const PLAIN: Name<'static> = Name(b"F1");
const BOLD: Name<'static> = Name(b"F2");

/// A part of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// The document's title.
    Title(String),
    /// The title of a section.
    Heading(String),
    /// A name and what it is.
    Row(String, String),
    /// A text.
    Text(String),
}

/// A line in its place.
struct Placed {
    bold: bool,
    size: f32,
    x: f32,
    y: f32,
    text: Vec<u8>,
}

/// Lays blocks out on pages.
#[derive(Default)]
struct Layout {
    pages: Vec<Vec<Placed>>,
    y: f32,
}

impl Layout {
    fn room(&mut self, height: f32) {
        if self.pages.is_empty() || self.y - height < MARGIN {
            self.pages.push(Vec::new());
            self.y = PAGE.1 - MARGIN;
        }
    }

    fn line(&mut self, bold: bool, size: f32, x: f32, text: Vec<u8>) {
        let y = self.y;
        if let Some(page) = self.pages.last_mut() {
            page.push(Placed { bold, size, x: MARGIN + x, y, text });
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Title(text) => self.lines(text, true, TITLE, 0.0, TITLE + 8.0),
            Block::Heading(text) => {
                self.room(HEADING + 3.0 * LINE);
                self.y -= 8.0;
                self.lines(text, true, HEADING, 0.0, HEADING + 6.0);
            }
            Block::Row(name, value) => {
                self.room(LINE);
                self.line(true, TEXT, 0.0, latin(name));
                self.lines(value, false, TEXT, COLUMN, LINE);
            }
            Block::Text(text) => self.lines(text, false, TEXT, 0.0, LINE),
        }
    }

    /// A text, broken where it does not fit. A first line stands where the layout is.
    fn lines(&mut self, text: &str, bold: bool, size: f32, x: f32, height: f32) {
        for line in wrap(&latin(text), size, WIDTH - x) {
            self.room(height);
            self.line(bold, size, x, line);
            self.y -= height;
        }
    }
}

/// Prints a document.
pub fn print(title: &str, blocks: &[Block]) -> Vec<u8> {
    let mut layout = Layout::default();
    layout.room(TITLE);
    blocks.iter().for_each(|block| layout.block(block));
    let (catalog, tree, plain, bold, info) = (Ref::new(1), Ref::new(2), Ref::new(3), Ref::new(4), Ref::new(5));
    let page_ref = |n: usize| Ref::new(10 + 2 * i32::try_from(n).unwrap_or(0));
    let content_ref = |n: usize| Ref::new(11 + 2 * i32::try_from(n).unwrap_or(0));
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree);
    let count = layout.pages.len();
    pdf.pages(tree).kids((0..count).map(page_ref)).count(i32::try_from(count).unwrap_or(i32::MAX));
    for (id, name) in [(plain, &b"Helvetica"[..]), (bold, b"Helvetica-Bold")] {
        pdf.type1_font(id).base_font(Name(name)).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    pdf.document_info(info).title(TextStr(title)).producer(TextStr("Orderwright"));
    for (n, lines) in layout.pages.iter().enumerate() {
        let mut page = pdf.page(page_ref(n));
        page.media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).parent(tree).contents(content_ref(n));
        page.resources().fonts().pair(PLAIN, plain).pair(BOLD, bold);
        page.finish();
        let mut content = Content::new();
        let foot = Placed {
            bold: false,
            size: 8.0,
            x: MARGIN,
            y: MARGIN / 2.0,
            text: latin(&format!("{title}, page {} of {count}", n + 1)),
        };
        for line in lines.iter().chain([&foot]) {
            content.begin_text();
            content.set_font(if line.bold { BOLD } else { PLAIN }, line.size);
            content.next_line(line.x, line.y - line.size);
            content.show(Str(&line.text));
            content.end_text();
        }
        pdf.stream(content_ref(n), &content.finish());
    }
    pdf.finish()
}

/// Breaks a text into lines that fit: at blanks where it can, within a word that alone is too long.
fn wrap(text: &[u8], size: f32, width: f32) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    for paragraph in text.split(|b| *b == b'\n') {
        let mut line: Vec<u8> = Vec::new();
        for word in paragraph.split(|b| *b == b' ') {
            let mut word = word.to_vec();
            let glue = if line.is_empty() { 0.0 } else { width_of(b" ", size) };
            if !line.is_empty() && width_of(&line, size) + glue + width_of(&word, size) > width {
                out.push(std::mem::take(&mut line));
            }
            while width_of(&word, size) > width {
                let fits = (1..word.len()).take_while(|n| width_of(&word[..*n], size) <= width).last().unwrap_or(1);
                let rest = word.split_off(fits);
                out.push(std::mem::replace(&mut word, rest));
            }
            if !line.is_empty() {
                line.push(b' ');
            }
            line.extend(word);
        }
        out.push(line);
    }
    out
}

/// Widths of Helvetica's characters from the blank to `~`, in thousandths of the size (Adobe's metrics of the standard 14 fonts).
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
];
/// What any other character is taken to have: as much as the widest letters but one, so that no line is too long.
const OTHER: u16 = 778;

fn width_of(text: &[u8], size: f32) -> f32 {
    let width = |b: &u8| WIDTHS.get(usize::from(b.wrapping_sub(b' '))).copied().unwrap_or(OTHER);
    // Bold is a little wider; one measure for both leaves room.
    text.iter().map(|b| f32::from(width(b))).sum::<f32>() * size / 1000.0 * 1.04
}

/// The text in Windows 1252; what that has no place for is written as its code.
fn latin(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | ' '..='~' => out.push(c as u8),
            '\u{a0}'..='\u{ff}' => out.push(u8::try_from(u32::from(c)).unwrap_or(b'?')),
            '€' => out.push(0x80),
            '…' => out.push(0x85),
            '‘' => out.push(0x91),
            '’' => out.push(0x92),
            '“' => out.push(0x93),
            '”' => out.push(0x94),
            '–' => out.push(0x96),
            '—' => out.push(0x97),
            '\t' => out.push(b' '),
            c if c.is_control() => {}
            c => out.extend(format!("[U+{:04X}]", u32::from(c)).bytes()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_fits_and_nothing_is_lost() {
        let text = format!("some words {} and an end", "x".repeat(400));
        let lines = wrap(&latin(&text), TEXT, 200.0);
        assert!(lines.len() > 3 && lines.iter().all(|l| width_of(l, TEXT) <= 200.0), "{lines:?}");
        let without = |bytes: &[u8]| bytes.iter().filter(|b| **b != b' ').count();
        assert_eq!(lines.iter().map(|l| without(l)).sum::<usize>(), without(text.as_bytes()));
    }

    #[test]
    fn letters_that_the_font_has_not_are_written_as_codes() {
        assert_eq!(latin("Größe €5"), [b"Gr\xf6\xdfe \x805".as_slice()].concat());
        assert_eq!(latin("Ж\u{7}"), b"[U+0416]");
    }

    #[test]
    fn long_documents_have_pages() {
        let blocks: Vec<Block> = (0..200).map(|n| Block::Row(format!("row {n}"), "value ".repeat(40))).collect();
        let pdf = print("Evidence", &blocks);
        assert!(pdf.starts_with(b"%PDF-") && pdf.ends_with(b"%%EOF"), "a document");
        let text = String::from_utf8_lossy(&pdf).into_owned();
        assert!(text.contains("row 0") && text.contains("row 199") && text.contains("page 2 of"));
        assert!(print("Empty", &[]).starts_with(b"%PDF-"), "one empty page");
    }
}
