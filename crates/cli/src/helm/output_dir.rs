//! `--output-dir`: each template's documents into a file of its own.

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Component, Path, PathBuf};

use tautline_helm::{PrintOptions, Rendered};

/// Writes what would be printed below a folder, and tells of each write as Helm does.
pub(super) fn write(
    rendered: &Rendered,
    options: &PrintOptions,
    folder: &Path,
    release: Option<&str>,
) -> Result<String, String> {
    let mut writer = Writer { written: HashSet::new(), told: String::new() };
    if options.include_crds {
        for (path, file) in rendered.crds() {
            writer.add(folder, &path, &file.data)?;
        }
    }
    let below = release.map_or_else(|| folder.to_path_buf(), |release| folder.join(release));
    for manifest in &rendered.manifests {
        writer.add(&below, &manifest.source, manifest.text.as_bytes())?;
    }
    let hooks = rendered.hooks.iter().filter(|_| !options.no_hooks).filter(|document| {
        !(options.skip_tests && document.hook.as_ref().is_some_and(tautline_helm::Hook::is_test))
    });
    for hook in hooks {
        writer.add(&below, &hook.source, hook.text.as_bytes())?;
    }
    Ok(writer.told)
}

struct Writer {
    /// Files begun in this run; another document goes behind what is there.
    written: HashSet<PathBuf>,
    told: String,
}

impl Writer {
    fn add(&mut self, folder: &Path, path: &str, text: &[u8]) -> Result<(), String> {
        let relative = Path::new(path);
        // Names come out of a chart.
        if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(format!("{path:?} would be written outside of {}", folder.display()));
        }
        let file = folder.join(relative);
        let failed = |error: std::io::Error| format!("open {}: {error}", file.display());
        file.parent().map_or(Ok(()), fs::create_dir_all).map_err(failed)?;
        let more = !self.written.insert(file.clone());
        let mut open = OpenOptions::new();
        open.create(true).write(true).append(more).truncate(!more);
        let mut out = open.open(&file).map_err(failed)?;
        let mut bytes = format!("---\n# Source: {path}\n").into_bytes();
        bytes.extend_from_slice(text);
        bytes.push(b'\n');
        out.write_all(&bytes).map_err(failed)?;
        self.told.push_str(&format!("wrote {}\n", file.display()));
        Ok(())
    }
}
