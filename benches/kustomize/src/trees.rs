//! Trees to build: made, or read from the disk.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;

use std::collections::{BTreeMap, BTreeSet};

use tautline_core::{Budget, Entry, EntryKind, Tree, TreeError, TreeId, TreePath};

/// Files in memory that are looked up at once, as a commit's are.
pub(crate) struct Files {
    files: BTreeMap<String, bytes::Bytes>,
    folders: BTreeSet<String>,
}

impl Tree for Files {
    fn id(&self) -> TreeId {
        TreeId(String::new())
    }

    fn stat(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        let entry = |kind| Entry { kind, size: None, id: TreeId(String::new()) };
        if self.files.contains_key(path.as_str()) {
            return Ok(Some(entry(EntryKind::File)));
        }
        Ok(self.folders.contains(path.as_str()).then(|| entry(EntryKind::Folder)))
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        Err(TreeError::NotFound { path: path.clone(), what: "folder" })
    }

    fn read(&self, path: &TreePath, _: &Budget) -> Result<bytes::Bytes, TreeError> {
        let missing = || TreeError::NotFound { path: path.clone(), what: "file" };
        self.files.get(path.as_str()).cloned().ok_or_else(missing)
    }
}

/// Writes a base of so many Deployments and an overlay with four transformers.
pub(crate) fn write(folder: &Path, count: usize) -> io::Result<()> {
    let mut all = String::new();
    for number in 0..count {
        let _ = write!(
            all,
            "{}apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app{number}\n  labels:\n    app: app{number}\nspec:\n  replicas: 2\n  selector:\n    matchLabels:\n      app: app{number}\n  template:\n    metadata:\n      labels:\n        app: app{number}\n    spec:\n      containers:\n      - name: main\n        image: shop:1.4\n        ports:\n        - containerPort: 8080\n        env:\n        - name: A\n          value: \"1\"\n        - name: B\n          valueFrom:\n            configMapKeyRef:\n              name: settings\n              key: a\n",
            if number == 0 { "" } else { "---\n" }
        );
    }
    fs::create_dir_all(folder.join("base"))?;
    fs::create_dir_all(folder.join("overlay"))?;
    fs::write(folder.join("base/all.yaml"), all)?;
    fs::write(
        folder.join("base/kustomization.yaml"),
        "resources: [all.yaml]\nconfigMapGenerator: [{name: settings, literals: [a=b]}]\n",
    )?;
    fs::write(
        folder.join("overlay/kustomization.yaml"),
        "resources: [../base]\nnamePrefix: prod-\nnamespace: prod\nlabels: [{pairs: {team: a}, includeSelectors: true}]\nimages: [{name: shop, newTag: \"1.5\"}]\n",
    )
}

/// Reads a folder.
pub(crate) fn read(root: &Path) -> io::Result<Files> {
    let mut found = Vec::new();
    add(root, root, &mut found)?;
    let (mut files, mut folders) = (BTreeMap::new(), BTreeSet::from([String::new()]));
    for (path, content) in found {
        for (at, _) in path.match_indices('/') {
            folders.extend(path.get(..at).map(str::to_owned));
        }
        files.insert(path, content.into());
    }
    Ok(Files { files, folders })
}

fn add(root: &Path, folder: &Path, files: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            add(root, &path, files)?;
        } else if let Ok(name) = path.strip_prefix(root) {
            files.push((name.to_string_lossy().into_owned(), fs::read(&path)?));
        }
    }
    Ok(())
}
