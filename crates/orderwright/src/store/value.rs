//! Values that go into statements and rows that come out of them, the same for both drivers.
//!
//! A [`Val`] is what a statement is bound with; the drivers write it by the type that the engine asks for, so that a NULL
//! needs no type of its own. Rows are decoded straight from the driver's own row through [`Row`]: there is no value enum
//! in between. What is not here: any statement, any table.

use bytes::BytesMut;
use rusqlite::types::{ToSqlOutput, ValueRef};
use tokio_postgres::types as pg;

/// One bound parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Val {
    /// An integer: ids, money in minor units, instants in microseconds, booleans as 0 and 1.
    I(i64),
    /// Text, JSON included.
    T(String),
    /// Bytes.
    B(Vec<u8>),
    /// SQL's NULL, of whatever type the column has.
    Null,
}

impl From<i64> for Val {
    fn from(v: i64) -> Self {
        Val::I(v)
    }
}
impl From<bool> for Val {
    fn from(v: bool) -> Self {
        Val::I(v.into())
    }
}
impl From<&str> for Val {
    fn from(v: &str) -> Self {
        Val::T(v.to_owned())
    }
}
impl From<String> for Val {
    fn from(v: String) -> Self {
        Val::T(v)
    }
}
impl From<&[u8]> for Val {
    fn from(v: &[u8]) -> Self {
        Val::B(v.to_vec())
    }
}
impl From<Vec<u8>> for Val {
    fn from(v: Vec<u8>) -> Self {
        Val::B(v)
    }
}
impl<T: Into<Val>> From<Option<T>> for Val {
    fn from(v: Option<T>) -> Self {
        v.map_or(Val::Null, Into::into)
    }
}

impl rusqlite::ToSql for Val {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Val::I(i) => ValueRef::Integer(*i),
            Val::T(s) => ValueRef::Text(s.as_bytes()),
            Val::B(b) => ValueRef::Blob(b),
            Val::Null => ValueRef::Null,
        }))
    }
}

impl pg::ToSql for Val {
    fn to_sql(
        &self,
        ty: &pg::Type,
        out: &mut BytesMut,
    ) -> Result<pg::IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Val::I(i) if *ty == pg::Type::INT8 => i.to_sql(ty, out),
            Val::I(i) if *ty == pg::Type::INT4 => i32::try_from(*i)?.to_sql(ty, out),
            Val::T(s) if <&str as pg::ToSql>::accepts(ty) => s.as_str().to_sql(ty, out),
            Val::B(b) if *ty == pg::Type::BYTEA => b.as_slice().to_sql(ty, out),
            Val::Null => Ok(pg::IsNull::Yes),
            other => Err(format!("the server asks for {ty}, the statement was given {other:?}").into()),
        }
    }

    // The type is known only when the value is: to_sql refuses what does not fit.
    fn accepts(_: &pg::Type) -> bool {
        true
    }

    pg::to_sql_checked!();
}

/// A column that is not what the code expects: the statement and its row type disagree.
#[derive(Debug, thiserror::Error)]
#[error("column {column}: {message}")]
pub struct RowError {
    column: usize,
    message: String,
}

/// One row of a result, whichever driver it came from.
pub trait Row {
    /// An integer that is never NULL.
    fn int(&self, column: usize) -> Result<i64, RowError>;
    /// An integer or NULL.
    fn opt_int(&self, column: usize) -> Result<Option<i64>, RowError>;
    /// Text that is never NULL.
    fn text(&self, column: usize) -> Result<String, RowError>;
    /// Text or NULL.
    fn opt_text(&self, column: usize) -> Result<Option<String>, RowError>;
    /// Bytes that are never NULL.
    fn bytes(&self, column: usize) -> Result<Vec<u8>, RowError>;
}

macro_rules! rows_of {
    ($row:ty, $get:ident) => {
        impl Row for $row {
            fn int(&self, column: usize) -> Result<i64, RowError> {
                self.$get(column).map_err(|e| RowError { column, message: e.to_string() })
            }
            fn opt_int(&self, column: usize) -> Result<Option<i64>, RowError> {
                self.$get(column).map_err(|e| RowError { column, message: e.to_string() })
            }
            fn text(&self, column: usize) -> Result<String, RowError> {
                self.$get(column).map_err(|e| RowError { column, message: e.to_string() })
            }
            fn opt_text(&self, column: usize) -> Result<Option<String>, RowError> {
                self.$get(column).map_err(|e| RowError { column, message: e.to_string() })
            }
            fn bytes(&self, column: usize) -> Result<Vec<u8>, RowError> {
                self.$get(column).map_err(|e| RowError { column, message: e.to_string() })
            }
        }
    };
}
rows_of!(rusqlite::Row<'_>, get);
rows_of!(tokio_postgres::Row, try_get);

/// What a row is decoded into.
pub trait FromRow: Sized + Send + 'static {
    /// Decodes the row, column by column.
    fn from_row(row: &impl Row) -> Result<Self, RowError>;
}

/// What one column is decoded into and bound from.
pub trait Column: Sized + Send + 'static {
    /// Decodes the column.
    fn column(row: &impl Row, at: usize) -> Result<Self, RowError>;
    /// The parameter that writes this value.
    fn val(&self) -> Val;
}

macro_rules! columns {
    ($($ty:ty: $get:ident, |$v:ident| $val:expr;)*) => {$(
        impl Column for $ty {
            fn column(row: &impl Row, at: usize) -> Result<Self, RowError> {
                row.$get(at)
            }
            fn val(&self) -> Val {
                let $v = self;
                $val
            }
        }
        impl FromRow for $ty {
            fn from_row(row: &impl Row) -> Result<Self, RowError> {
                row.$get(0)
            }
        }
    )*};
}
columns! {
    i64: int, |v| Val::I(*v);
    Option<i64>: opt_int, |v| (*v).into();
    String: text, |v| v.as_str().into();
    Option<String>: opt_text, |v| v.as_deref().into();
    Vec<u8>: bytes, |v| v.as_slice().into();
}
impl Column for bool {
    fn column(row: &impl Row, at: usize) -> Result<Self, RowError> {
        Ok(row.int(at)? != 0)
    }
    fn val(&self) -> Val {
        (*self).into()
    }
}

impl<A: Column, B: Column> FromRow for (A, B) {
    fn from_row(row: &impl Row) -> Result<Self, RowError> {
        Ok((A::column(row, 0)?, B::column(row, 1)?))
    }
}
impl<A: Column, B: Column, C: Column> FromRow for (A, B, C) {
    fn from_row(row: &impl Row) -> Result<Self, RowError> {
        Ok((A::column(row, 0)?, B::column(row, 1)?, C::column(row, 2)?))
    }
}

/// Declares a row type: its fields, in the order of the statement's columns, are also what it is decoded from and bound to.
macro_rules! row {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$fmeta:meta])* $field:ident: $ty:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name { $($(#[$fmeta])* pub $field: $ty,)* }

        impl $crate::store::value::FromRow for $name {
            fn from_row(row: &impl $crate::store::value::Row) -> Result<Self, $crate::store::value::RowError> {
                let mut at = 0..;
                Ok($name { $($field: $crate::store::value::Column::column(row, at.next().unwrap_or_default())?,)* })
            }
        }

        impl $name {
            /// The row's values in the order of its columns.
            #[allow(dead_code)]
            pub(in $crate::store) fn vals(&self) -> impl Iterator<Item = $crate::store::value::Val> {
                [$($crate::store::value::Column::val(&self.$field),)*].into_iter()
            }
        }
    };
}
pub(in crate::store) use row;

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_postgres::types::ToSql as _;

    #[test]
    fn a_value_that_does_not_fit_is_refused_before_it_is_sent() {
        let mut out = BytesMut::new();
        assert!(Val::from("x").to_sql(&pg::Type::INT8, &mut out).is_err());
        assert!(Val::I(i64::MAX).to_sql(&pg::Type::INT4, &mut out).is_err());
        assert!(matches!(Val::from(None::<i64>).to_sql(&pg::Type::INT8, &mut out), Ok(pg::IsNull::Yes)));
        assert!(Val::I(7).to_sql(&pg::Type::INT8, &mut out).is_ok());
        assert_eq!(out.as_ref(), 7i64.to_be_bytes());
    }
}
