//! Pages of lists: how they are sorted, where one ends and the next begins.

use std::{fmt, str::FromStr};

/// What a list of orders is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortKey {
    /// When the order was placed.
    CreatedAt,
    /// When it last changed.
    UpdatedAt,
    /// Its total.
    Total,
    /// Its public status, by its name, and within one status when the order was placed.
    Status,
    /// The name of its first line.
    ItemName,
    /// The reference of its payment; orders without one come first.
    TransactionId,
}

/// A sort key and its direction; orders that are equal in it are sorted by their ids in the same direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The key.
    pub key: SortKey,
    /// Whether the greatest comes first.
    pub descending: bool,
}

impl Default for Sort {
    fn default() -> Self {
        Sort { key: SortKey::CreatedAt, descending: true }
    }
}

impl SortKey {
    /// Every key.
    /// Every key.
    pub const ALL: [Self; 6] =
        [Self::CreatedAt, Self::UpdatedAt, Self::Total, Self::Status, Self::ItemName, Self::TransactionId];

    /// The columns of the table of orders; the id comes after them.
    pub(super) fn columns(self) -> &'static [&'static str] {
        match self {
            SortKey::CreatedAt => &["o.created_at"],
            SortKey::UpdatedAt => &["o.updated_at"],
            SortKey::Total => &["o.total"],
            SortKey::Status => &["o.status", "o.created_at"],
            SortKey::ItemName => &["o.item_name"],
            SortKey::TransactionId => &["o.payment_reference"],
        }
    }

    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            SortKey::CreatedAt => "createdAt",
            SortKey::UpdatedAt => "updatedAt",
            SortKey::Total => "total",
            SortKey::Status => "status",
            SortKey::ItemName => "itemName",
            SortKey::TransactionId => "transactionId",
        }
    }
}

/// Written as in the API: `createdAt`, `-total`.
impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.descending { "-" } else { "" }, self.key.name())
    }
}

impl FromStr for Sort {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let (descending, name) = text.strip_prefix('-').map_or((false, text), |name| (true, name));
        SortKey::ALL.into_iter().find(|key| key.name() == name).map(|key| Sort { key, descending }).ok_or(CursorError)
    }
}

/// Where a page of orders ended. Clients see it as an opaque word and give it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The sort that the page had; the next one must have the same.
    pub sort: Sort,
    pub(super) value: CursorValue,
    pub(super) id: i64,
}

/// The last row's value in the sort key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CursorValue {
    Int(i64),
    Text(String),
    /// It is looked up at the row: it never changes, and it may be of somebody else's line, which a cursor must not tell.
    OfRow,
}

/// A sort or cursor that was not made by this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor or sort of this list")]
pub struct CursorError;

/// Hexadecimal, so that nobody is tempted to read it and nothing needs escaping.
impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cursor { sort, value, id } = self;
        let plain = match value {
            CursorValue::Int(value) => format!("{sort} {id} {value}"),
            CursorValue::Text(value) => format!("{sort} {id} {value}"),
            CursorValue::OfRow => format!("{sort} {id}"),
        };
        plain.bytes().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let digits = text.as_bytes();
        if !digits.len().is_multiple_of(2) {
            return Err(CursorError);
        }
        let bytes = digits.chunks_exact(2).map(|pair| {
            let pair = std::str::from_utf8(pair).map_err(|_| CursorError)?;
            u8::from_str_radix(pair, 16).map_err(|_| CursorError)
        });
        let plain = String::from_utf8(bytes.collect::<Result<_, _>>()?).map_err(|_| CursorError)?;
        let mut parts = plain.splitn(3, ' ');
        let mut part = || parts.next().ok_or(CursorError);
        let sort: Sort = part()?.parse()?;
        let id = part()?.parse().map_err(|_| CursorError)?;
        let value = match sort.key {
            SortKey::Status | SortKey::TransactionId => CursorValue::Text(part()?.to_owned()),
            SortKey::ItemName => CursorValue::OfRow,
            SortKey::CreatedAt | SortKey::UpdatedAt | SortKey::Total => {
                CursorValue::Int(part()?.parse().map_err(|_| CursorError)?)
            }
        };
        Ok(Cursor { sort, value, id })
    }
}

/// Which part of a list is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// The first rows.
    First {
        /// How many at most.
        limit: u32,
    },
    /// The rows after a cursor of the same sort.
    After {
        /// Where the page before ended.
        cursor: Cursor,
        /// How many at most.
        limit: u32,
    },
    /// The rows after so many; for small offsets only, since they are read and thrown away.
    Offset {
        /// How many are left out.
        offset: u32,
        /// How many at most.
        limit: u32,
    },
}

impl Page {
    pub(super) fn limit(&self) -> u32 {
        match self {
            Page::First { limit } | Page::After { limit, .. } | Page::Offset { limit, .. } => *limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_being_written_and_read() {
        for (sort, value) in [
            ("-createdAt", CursorValue::Int(-5)),
            ("total", CursorValue::Int(i64::MAX)),
            ("-status", CursorValue::Text("paid in full – ü".into())),
            ("updatedAt", CursorValue::Int(0)),
            ("transactionId", CursorValue::Text(String::new())),
            ("-itemName", CursorValue::OfRow),
        ] {
            let cursor = Cursor { sort: sort.parse().expect("a sort"), value, id: 42 };
            assert_eq!(cursor.sort.to_string(), sort);
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in ["", "0", "zz", "2d", "é", "ffff", "2d746f74616c2031", "+1+1"] {
            assert_eq!(text.parse::<Cursor>(), Err(CursorError), "{text}");
        }
    }
}
