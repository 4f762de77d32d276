//! Annotations, which templates have as objects have them.

use tautline_grammar::names;

use super::at::At;

/// What all annotations of an object may weigh.
const MOST: usize = 256 * 1024;

pub(super) fn annotations(annotations: At<'_>) {
    let mut size = 0;
    for (key, value) in annotations.map().into_iter().flat_map(|map| map.iter()) {
        for problem in names::qualified_name(&key.to_lowercase()) {
            annotations.invalid_value(key.as_str(), &problem);
        }
        size += key.len() + value.as_str().map_or(0, str::len);
    }
    if size > MOST {
        annotations.too_long(MOST);
    }
}
