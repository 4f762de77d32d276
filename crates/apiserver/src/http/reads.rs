//! Reads over HTTP: get, list, watch, and what their queries ask for.

use super::answer::{Answer, Form};
use super::{Call, HttpService, query, stream};
use crate::caller::Ask;
use crate::catalog::Served;
use crate::failure::Failure;
use crate::read::{ListHow, Selection};
use crate::rules::Fault;
use crate::watch::WatchHow;

impl HttpService {
    pub(super) fn get(&self, call: &Call, ask: &Ask) -> Result<Answer, Failure> {
        let mut state = self.server.lock();
        let asked = crate::local::parse_version(call.query.text("resourceVersion"))
            .map_err(|failure| Failure::internal(failure.message))?;
        let current = state.store.version();
        if asked > current {
            let mut failure = crate::read::too_new(asked, current);
            failure.message.insert_str(0, "Timeout: ");
            return Err(failure);
        }
        state.enter(ask)?;
        let object = state.get(ask)?;
        match ask.subresource.as_str() {
            "scale" => Ok(Answer::Value(200, crate::scale::of(&ask.served, &object), Vec::new())),
            "log" => {
                let lines = call.query.number("tailLines")?.and_then(|n| usize::try_from(n).ok());
                Ok(Answer::Text(200, state.log_tail(&ask.namespace, &ask.name, lines)))
            }
            _ => Ok(Answer::object(200, &ask.served, object)),
        }
    }

    pub(super) fn list(&self, call: &Call, ask: &Ask) -> Result<Answer, Failure> {
        let how = list_how(call, &ask.served)?;
        let mut state = self.server.lock();
        state.enter(ask)?;
        let listing = state.list(ask, &how)?;
        Ok(Answer::List(ask.served.clone(), listing, state.now(), Vec::new()))
    }

    pub(super) fn watch(&self, call: &Call, form: &Form, ask: &Ask) -> Result<Answer, Failure> {
        let how = watch_how(call, &ask.served, &ask.name)?;
        let timeout = call.query.number("timeoutSeconds")?.filter(|n| *n > 0);
        let drops = self.server.lock().rules.faults.of_answer(ask);
        let drops = drops.iter().find_map(|f| if let Fault::DropWatch(n) = f { Some(*n) } else { None });
        self.server.lock().enter(ask)?;
        let mut collection = ask.clone();
        collection.name.clear();
        let watch = crate::watch::Watch::open(&self.server, collection, how)?;
        Ok(Answer::Stream(stream::body(
            watch.ending_after(drops),
            ask.served.clone(),
            form.clone(),
            &self.server,
            timeout,
        )))
    }
}

fn selection(call: &Call, served: &Served, name: &str) -> Result<Selection, Failure> {
    let mut fields = call.query.text("fieldSelector").to_owned();
    if !name.is_empty() {
        // A watch on one object is a watch on its collection with its name.
        let comma = if fields.is_empty() { "" } else { "," };
        fields = format!("{fields}{comma}metadata.name={name}");
    }
    Selection::parse(served, call.query.text("labelSelector"), &fields)
}

/// What a list asks for, from the query.
///
/// # Errors
/// 400 and 422 in the server's words.
pub(super) fn list_how(call: &Call, served: &Served) -> Result<ListHow, Failure> {
    let limit = call.query.number("limit")?.unwrap_or(0);
    let selection = selection(call, served, "")?;
    let go_on = call.query.text("continue").to_owned();
    let (version, matching) = (call.query.text("resourceVersion"), call.query.text("resourceVersionMatch"));
    if !go_on.is_empty() && !version.is_empty() && version != "0" {
        return Err(Failure::bad_request("specifying resource version is not allowed when using continue"));
    }
    let number = match version {
        "" => None,
        text => Some(text.parse::<u64>().map_err(|_| {
            let why = format!("strconv.ParseUint: parsing \"{text}\": invalid syntax");
            Failure::bad_request(format!(
                "invalid resource version: resourceVersion: Invalid value: \"{text}\": {why}"
            ))
        })?),
    };
    if call.query.optional_flag("sendInitialEvents").is_some() {
        let detail = "sendInitialEvents is forbidden for list";
        return Err(query::bad_list_options(crate::failure::Wrong::forbidden("sendInitialEvents", detail)));
    }
    if !["", "Exact", "NotOlderThan"].contains(&matching) {
        let known = ["Exact", "NotOlderThan", ""];
        let wrong = crate::failure::Wrong::unsupported("resourceVersionMatch", &matching.into(), &known);
        return Err(query::bad_list_options(wrong));
    }
    if !matching.is_empty() && number.is_none() {
        let detail = "resourceVersionMatch is forbidden unless resourceVersion is provided";
        return Err(query::bad_list_options(crate::failure::Wrong::forbidden(
            "resourceVersionMatch",
            detail,
        )));
    }
    if matching == "Exact" && number.is_none_or(|n| n == 0) {
        let detail = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
        return Err(query::bad_list_options(crate::failure::Wrong::forbidden(
            "resourceVersionMatch",
            detail,
        )));
    }
    let exact = matching == "Exact" || matching.is_empty() && limit > 0 && number.is_some_and(|n| n > 0);
    Ok(ListHow {
        selection,
        // What may be as old as can be comes from the watch cache, whole.
        limit: if number == Some(0) && go_on.is_empty() { 0 } else { usize::try_from(limit).unwrap_or(0) },
        go_on,
        exact: number.filter(|_| exact),
        at_least: number.filter(|_| !exact),
    })
}

fn watch_how(call: &Call, served: &Served, name: &str) -> Result<WatchHow, Failure> {
    let initial = call.query.optional_flag("sendInitialEvents");
    let matching = call.query.text("resourceVersionMatch");
    if initial.is_some() && matching != "NotOlderThan" {
        let mut wrong = vec![crate::failure::Wrong::forbidden(
            "resourceVersionMatch",
            "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        )];
        if !matching.is_empty() {
            let known = ["NotOlderThan"];
            wrong.push(crate::failure::Wrong::unsupported("resourceVersionMatch", &matching.into(), &known));
        }
        return Err(Failure::invalid("meta.k8s.io", "ListOptions", "", wrong));
    }
    if initial.is_none() && !matching.is_empty() {
        let detail = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
        return Err(query::bad_list_options(crate::failure::Wrong::forbidden(
            "resourceVersionMatch",
            detail,
        )));
    }
    let since = crate::local::parse_version(call.query.text("resourceVersion"))?;
    let from_now = initial == Some(false) && since == 0;
    Ok(WatchHow {
        selection: selection(call, served, name)?,
        since: if from_now { Some(u64::MAX) } else { Some(since).filter(|v| *v > 0) },
        bookmarks: call.query.flag("allowWatchBookmarks"),
        initial: initial == Some(true),
    })
}
