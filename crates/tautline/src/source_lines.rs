//! [`SourceLines`]: the line of each field that Git sets, for objects that are out of sync.

use std::collections::BTreeMap;

use tautline_core::{AppId, ResourceKey, Revision, TreePath};
use tautline_diff::{Change, Why, locate_changes};
use tautline_engine::Row;
use tautline_runtime::{AppView, Runtime};

/// Of each app so many objects are looked up in their files.
const MOST_OBJECTS: usize = 100;

/// What was looked up of the app that was looked at last: only for objects that differ, and again only when what differs
/// is another thing.
#[derive(Debug, Default)]
pub(crate) struct SourceLines(BTreeMap<(AppId, ResourceKey), Located>);

#[derive(Debug)]
struct Located {
    revision: Revision,
    before: Vec<Change>,
    after: Vec<Change>,
}

impl SourceLines {
    /// Puts the lines into the changes of an app's rows.
    pub(crate) async fn put(&mut self, runtime: &Runtime, view: &mut AppView) {
        let mut kept = BTreeMap::new();
        let revision = Revision { id: view.report.revision.clone(), place: view.want.place().to_owned() };
        let mut files = BTreeMap::new();
        for row in view.report.rows.iter_mut().filter(|row| is_set_in_git(row)).take(MOST_OBJECTS) {
            let key = (view.id.clone(), row.key.clone());
            let known = self.0.remove(&key).filter(|l| l.revision == revision && l.before == row.changes);
            let located = match known {
                Some(located) => located,
                None => locate(runtime, &revision, row, &mut files).await,
            };
            row.changes.clone_from(&located.after);
            kept.insert(key, located);
        }
        self.0 = kept;
    }
}

fn is_set_in_git(row: &Row) -> bool {
    row.origin.as_ref().is_some_and(|origin| origin.via.is_empty() && !origin.file.is_empty())
        && row.changes.iter().any(|change| matches!(change.why, Why::SetInGit(_)))
}

async fn locate(
    runtime: &Runtime,
    revision: &Revision,
    row: &Row,
    files: &mut BTreeMap<String, Option<String>>,
) -> Located {
    let mut located =
        Located { revision: revision.clone(), before: row.changes.clone(), after: row.changes.clone() };
    let Some(origin) = &row.origin else { return located };
    if !files.contains_key(&origin.file) {
        files.insert(origin.file.clone(), text(runtime, revision, &origin.file).await);
    }
    if let Some(Some(text)) = files.get(&origin.file) {
        locate_changes(&mut located.after, &row.key.kind, &row.key.name, origin, text);
    }
    located
}

async fn text(runtime: &Runtime, revision: &Revision, file: &str) -> Option<String> {
    let bytes = runtime.file(revision, &TreePath::new(file).ok()?).await?;
    tautline_yaml::decode(&bytes).ok().map(|text| text.into_owned())
}
