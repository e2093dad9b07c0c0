//! Endpoints, one file each.
