//! A page of a list: its items cut out without decoding them.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use tautline_cluster::{Page as CutPage, RawObject, RawSink};

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(default)]
    metadata: Metadata,
    // Go writes an empty list as null.
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    resource_version: Option<String>,
    #[serde(rename = "continue")]
    go_on: Option<String>,
}

/// What follows after a page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PageEnd {
    pub(crate) version: String,
    /// Empty after the last page.
    pub(crate) go_on: String,
}

/// Hands a page's items over; each shares the page's bytes.
pub(crate) fn deliver(body: &Bytes, sink: &mut dyn RawSink) -> Result<PageEnd, String> {
    if let Some(page) = CutPage::cut(body) {
        let end = read(&page.envelope, |_| {})?;
        page.items.into_iter().for_each(|item| sink.item(RawObject::Json(item)));
        return Ok(end);
    }
    read(body, |item| sink.item(RawObject::Json(body.slice_ref(item.get().as_bytes()))))
}

/// Reads a page as JSON, all of it.
fn read<'a>(body: &'a [u8], take: impl FnMut(&'a RawValue)) -> Result<PageEnd, String> {
    let page: Page<'a> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let Some(items) = page.items.or_else(|| null_items(body)) else {
        return Err("there are no items; is this a list?".to_owned());
    };
    items.into_iter().for_each(take);
    let version = page.metadata.resource_version.unwrap_or_default();
    Ok(PageEnd { version, go_on: page.metadata.go_on.unwrap_or_default() })
}

/// A list with `"items": null` is empty; an answer without items is none.
fn null_items(body: &[u8]) -> Option<Vec<&'static RawValue>> {
    #[derive(Deserialize)]
    struct Kind {
        kind: String,
    }
    let kind: Kind = serde_json::from_slice(body).ok()?;
    kind.kind.ends_with("List").then(Vec::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(page: &str) -> Result<(Vec<String>, PageEnd), String> {
        let mut items = Vec::new();
        let end = deliver(&Bytes::copy_from_slice(page.as_bytes()), &mut |item| {
            if let RawObject::Json(json) = item {
                items.push(String::from_utf8_lossy(&json).into_owned());
            }
        })?;
        Ok((items, end))
    }

    #[test]
    fn items_are_cut_out_as_they_are() {
        let (items, end) = check(
            r#"{"kind":"PodList","items":[{"a":"\u007b]"}, {"b":1e3}],"metadata":{"resourceVersion":"9","continue":"x"}}"#,
        )
        .unwrap();
        assert_eq!(items, [r#"{"a":"\u007b]"}"#, r#"{"b":1e3}"#]);
        assert_eq!(end, PageEnd { version: "9".into(), go_on: "x".into() });
    }

    #[test]
    fn an_empty_list_is_one_and_anything_else_is_not() {
        assert!(check(r#"{"kind":"PodList","items":null,"metadata":{"resourceVersion":"9"}}"#).is_ok());
        assert!(check(r#"{"kind":"Pod","metadata":{}}"#).is_err());
        assert!(check("<html>").is_err());
    }
}
