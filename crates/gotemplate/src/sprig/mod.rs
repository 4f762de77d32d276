//! sprig.
#![allow(dead_code, unused_imports)]
use crate::functions::Entry;
pub(crate) const TABLES: &[&[Entry]] = &[];
#[derive(Debug, Default)]
pub(crate) struct RegexCache;
