//! Reading: get, list with selectors and pages, and the past.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tautline_core::{Object, Value, value};
use tautline_grammar::{FieldSelector, LabelSelector};

use crate::caller::Ask;
use crate::catalog::Served;
use crate::failure::Failure;
use crate::state::State;
use crate::store::Slot;
use crate::typing;

/// Which objects of a resource are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) labels: LabelSelector,
    pub(crate) fields: FieldSelector,
}

/// Fields that can be selected, besides `metadata.name` and `metadata.namespace`.
const SELECTABLE: [(&str, &[&str]); 7] = [
    (
        "Pod",
        &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
    ),
    (
        "Event",
        &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
    ),
    ("Secret", &["type"]),
    ("Namespace", &["status.phase"]),
    ("Node", &["spec.unschedulable"]),
    ("Job", &["status.successful"]),
    ("ReplicationController", &["status.replicas"]),
];

impl Selection {
    /// Reads selectors.
    ///
    /// # Errors
    /// 400 in the words of the parsers, or for a field that cannot be selected.
    pub(crate) fn parse(served: &Served, labels: &str, fields: &str) -> Result<Self, Failure> {
        let labels: LabelSelector = labels.parse().map_err(|e| refused_labels(labels, &format!("{e}")))?;
        let fields: FieldSelector = fields.parse().map_err(|e| refused_fields(fields, &format!("{e}")))?;
        let kind = served.gvk().kind.as_str();
        let more = SELECTABLE
            .iter()
            .find(|(k, _)| *k == kind && served.custom.is_none())
            .map_or(&[][..], |(_, f)| *f);
        for term in fields.terms() {
            let known = ["metadata.name", "metadata.namespace"].contains(&term.field.as_str());
            if !known && !more.contains(&term.field.as_str()) {
                let message = if more.is_empty() {
                    format!(
                        "\"{}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"",
                        term.field
                    )
                } else {
                    format!("field label not supported: {}", term.field)
                };
                return Err(Failure::bad_request(message));
            }
        }
        Ok(Self { labels, fields })
    }

    /// Whether an object is meant.
    pub(crate) fn holds(&self, object: &Object) -> bool {
        self.labels.matches(|key| object.label(key))
            && self.fields.matches(|path| {
                let keys: Vec<&str> = path.split('.').collect();
                object.str_at(&keys)
            })
    }

    fn is_everything(&self) -> bool {
        self.labels.requirements().is_empty() && self.fields.terms().is_empty()
    }
}

/// The refusal of a label selector. Errors of the scanner, not of a requirement, carry no prefix in the real server.
fn refused_labels(selector: &str, error: &str) -> Failure {
    let head = format!("unable to parse selector \"{selector}\": ");
    let why = error.strip_prefix(&head).unwrap_or(error);
    if why.starts_with("found ") && why.contains("expected: !, identifier") {
        return Failure::bad_request(why);
    }
    if why.contains("the value must be an integer") {
        let value = selector.rsplit(['>', '<']).next().unwrap_or_default().trim();
        let rest = why.rsplit_once(": for ").map_or(why, |(_, rest)| rest);
        let message =
            format!("unable to parse requirement: values[0]: Invalid value: \"{value}\": for {rest}");
        return Failure::bad_request(message);
    }
    if error.starts_with("unable to parse requirement") {
        return Failure::bad_request(error);
    }
    // The one place where the parser writes no comma.
    let why = why.replace(", expected: '('", " expected: '('");
    Failure::bad_request(format!("unable to parse requirement: {why}"))
}

/// The refusal of a field selector.
fn refused_fields(selector: &str, error: &str) -> Failure {
    match error.contains("expected: field=value") {
        true => {
            let part = selector.split(',').find(|part| !part.contains('=')).unwrap_or(selector);
            Failure::bad_request(format!("invalid selector: '{selector}'; can't understand '{part}'"))
        }
        false => Failure::bad_request(error),
    }
}

/// What a list asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListHow {
    pub(crate) selection: Selection,
    pub(crate) limit: usize,
    pub(crate) go_on: String,
    /// List this version and no other: `resourceVersionMatch=Exact`.
    pub(crate) exact: Option<u64>,
    /// The answer may not be older than this.
    pub(crate) at_least: Option<u64>,
}

/// The answer to a list.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) items: Vec<Arc<Object>>,
    pub(crate) version: u64,
    pub(crate) go_on: Option<String>,
    /// How many more there are; unknown with selectors.
    pub(crate) remaining: Option<usize>,
}

impl State {
    /// Reads one object.
    ///
    /// # Errors
    /// 404.
    pub(crate) fn get(&self, ask: &Ask) -> Result<Arc<Object>, Failure> {
        let found = match self.lagging(&ask.served.shelf) {
            Some(version) => {
                let slot = Slot::new(&ask.namespace, &ask.name);
                let shelf = self.store.shelf(&ask.served.shelf);
                shelf
                    .and_then(|shelf| shelf.at(version, &ask.namespace))
                    .and_then(|then| then.get(&slot).cloned())
            }
            None => self.find(&ask.served, &ask.namespace, &ask.name),
        };
        let found = found.ok_or_else(|| Failure::not_found(&ask.group, &ask.resource, &ask.name))?;
        Ok(shown(&ask.served, found))
    }

    /// The version that a stale read is answered at, if history reaches it.
    fn lagging(&self, shelf: &str) -> Option<u64> {
        let version = self.store.version().saturating_sub(self.lag);
        let reaches = self.store.shelf(shelf).is_some_and(|shelf| version >= shelf.forgotten());
        (self.lag > 0 && reaches).then_some(version)
    }

    /// Lists objects.
    ///
    /// # Errors
    /// 400 for a bad token, 410 for a version that is forgotten, 504 for one that is not there yet.
    pub(crate) fn list(&self, ask: &Ask, how: &ListHow) -> Result<Listing, Failure> {
        let token = if how.go_on.is_empty() { None } else { Some(Token::read(&how.go_on, &ask.namespace)?) };
        let newest = self.store.version();
        if let Some(asked) = how.at_least.filter(|asked| *asked > newest) {
            return Err(too_new(asked, newest));
        }
        let past = token.as_ref().and_then(|t| t.version).or(how.exact);
        let past = past.or_else(|| self.lagging(&ask.served.shelf));
        if let Some(asked) = past.filter(|asked| *asked > newest) {
            return Err(too_new(asked, newest));
        }
        let start = token.map(|t| t.after);
        let Some(shelf) = self.store.shelf(&ask.served.shelf) else {
            if past.is_some_and(|past| past < self.store.floor()) {
                return Err(Page::new(how, past.unwrap_or(newest), start).expired(&ask.namespace));
            }
            return Ok(Listing {
                items: Vec::new(),
                version: past.unwrap_or(newest),
                go_on: None,
                remaining: None,
            });
        };
        let version = past.unwrap_or(newest);
        let mut page = Page::new(how, version, start);
        if version == newest {
            page.take(shelf.within(&ask.namespace));
        } else {
            let then: BTreeMap<Slot, Arc<Object>> =
                shelf.at(version, &ask.namespace).ok_or_else(|| page.expired(&ask.namespace))?;
            page.take(then.iter());
        }
        Ok(page.finish(&ask.served, &ask.namespace))
    }
}

/// A stored object in the version that a path names.
pub(crate) fn shown(served: &Served, object: Arc<Object>) -> Arc<Object> {
    if *served.gvk() == served.stored { object } else { Arc::new(typing::from_stored(served, &object)) }
}

pub(crate) fn too_new(asked: u64, newest: u64) -> Failure {
    let message = format!("Too large resource version: {asked}, current: {newest}");
    let mut failure = Failure::new(504, "Timeout", message).about("", "", "");
    failure.retry_after = Some(1);
    let cause = tautline_cluster::Cause {
        reason: "ResourceVersionTooLarge".to_owned(),
        message: "Too large resource version".to_owned(),
        field: String::new(),
    };
    failure.because(vec![cause])
}

/// One page of a list.
struct Page<'a> {
    how: &'a ListHow,
    version: u64,
    after: Option<Slot>,
    items: Vec<Arc<Object>>,
    last: Option<Slot>,
    remaining: usize,
}

impl<'a> Page<'a> {
    fn new(how: &'a ListHow, version: u64, after: Option<Slot>) -> Self {
        Self { how, version, after, items: Vec::new(), last: None, remaining: 0 }
    }

    fn take<'o>(&mut self, objects: impl Iterator<Item = (&'o Slot, &'o Arc<Object>)>) {
        for (slot, object) in objects {
            if self.after.as_ref().is_some_and(|after| slot <= after) {
                continue;
            }
            if self.how.limit > 0 && self.items.len() == self.how.limit {
                // Whether it is selected is found out on the next page.
                self.remaining += 1;
                continue;
            }
            if !self.how.selection.holds(object) {
                continue;
            }
            self.items.push(object.clone());
            self.last = Some(slot.clone());
        }
    }

    fn finish(self, served: &Served, namespace: &str) -> Listing {
        let more = self.remaining > 0;
        let token = self
            .last
            .filter(|_| more)
            .map(|after| Token { version: Some(self.version), after }.write(namespace));
        let remaining = self.how.selection.is_everything().then_some(self.remaining).filter(|n| *n > 0);
        let items = self.items.into_iter().map(|object| shown(served, object)).collect();
        Listing { items, version: self.version, go_on: token, remaining }
    }

    fn expired(&self, namespace: &str) -> Failure {
        let Some(after) = &self.after else {
            return Failure::expired("The resourceVersion for the provided list is too old.");
        };
        let mut failure = Failure::expired(
            "The provided continue parameter is too old to display a consistent list result. You can start a \
             new list without the continue parameter, or use the continue token in this response to retrieve \
             the remainder of the results. Continuing with the provided token results in an inconsistent list \
             - objects that were created, modified, or deleted between the time the first chunk was returned \
             and now may show up in the list.",
        );
        failure.go_on = Some(Token { version: None, after: after.clone() }.write(namespace));
        failure
    }
}

/// A continue token: where the next page starts, and at which version; none means now.
struct Token {
    version: Option<u64>,
    after: Slot,
}

impl Token {
    /// Within a namespace the start is a name alone.
    fn write(&self, namespace: &str) -> String {
        let start = match namespace {
            "" => format!("{}/{}\0", self.after.namespace, self.after.name),
            _ => format!("{}\0", self.after.name),
        };
        let version = self.version.map_or(-1, |v| i64::try_from(v).unwrap_or(i64::MAX));
        let token = value!({ "v": "meta.k8s.io/v1", "rv": version, "start": start });
        URL_SAFE_NO_PAD.encode(token.to_json())
    }

    fn read(text: &str, namespace: &str) -> Result<Self, Failure> {
        let bad = |why: String| {
            Failure::bad_request(format!("invalid continue token: continue key is not valid: {why}"))
        };
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|e| bad(illegal(text, &e)))?;
        let token = Value::from_json(&bytes).map_err(|e| bad(e.to_string()))?;
        let start = token.str_at(&["start"]).unwrap_or_default().trim_end_matches('\0');
        let (namespace, name) = match namespace {
            "" => start.split_once('/').unwrap_or(("", start)),
            _ => (namespace, start),
        };
        let version = token.i64_at(&["rv"]).and_then(|v| u64::try_from(v).ok());
        Ok(Self { version, after: Slot::new(namespace, name) })
    }
}

/// Go's message for text that is no base64.
fn illegal(text: &str, error: &base64::DecodeError) -> String {
    let at = match error {
        base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol(at, _) => *at,
        // Go reports an unpaired last letter at the start of its group of four.
        _ => text.len() / 4 * 4,
    };
    format!("illegal base64 data at input byte {at}")
}
