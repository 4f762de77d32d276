//! `.helmignore`: which files of a folder are no part of the chart.

use super::glob;

/// The rules of a folder, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ignore(Vec<Rule>);

#[derive(Clone, Debug)]
struct Rule {
    pattern: String,
    negated: bool,
    folders_only: bool,
    whole_path: bool,
}

impl Ignore {
    /// Reads the rules and adds the one that is always there.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut ignore = Self::default();
        for line in text.trim_start_matches('\u{feff}').split('\n') {
            ignore.add(line)?;
        }
        ignore.add("templates/.?*")?;
        Ok(ignore)
    }

    fn add(&mut self, line: &str) -> Result<(), String> {
        let rule = line.trim();
        if rule.is_empty() || rule.starts_with('#') {
            return Ok(());
        }
        if rule.contains("**") {
            return Err("double-star (**) syntax is not supported".to_owned());
        }
        glob::matches(rule, "abc").map_err(|error| error.to_string())?;
        let (negated, rule) = rule.strip_prefix('!').map_or((false, rule), |rest| (true, rest));
        let (folders_only, rule) = rule.strip_suffix('/').map_or((false, rule), |rest| (true, rest));
        let (whole_path, pattern) =
            rule.strip_prefix('/').map_or((rule.contains('/'), rule), |rest| (true, rest));
        self.0.push(Rule { pattern: pattern.to_owned(), negated, folders_only, whole_path });
        Ok(())
    }

    /// Whether a path is left out. The first rule that says so decides; a negated rule leaves out all that
    /// it does not match.
    pub(crate) fn covers(&self, path: &str, is_folder: bool) -> bool {
        self.0.iter().any(|rule| match rule.negated {
            true => (rule.folders_only && !is_folder) || !rule.matches(path),
            false => (!rule.folders_only || is_folder) && rule.matches(path),
        })
    }
}

impl Rule {
    fn matches(&self, path: &str) -> bool {
        let name = if self.whole_path { path } else { path.rsplit('/').next().unwrap_or(path) };
        glob::matches(&self.pattern, name).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules() {
        let check = |rules: &str, path: &str, is_folder: bool, expect: bool| {
            assert_eq!(Ignore::read(rules).unwrap().covers(path, is_folder), expect, "{rules:?} {path}");
        };
        check("*.bak", "a/b.bak", false, true);
        check("/*.bak", "a/b.bak", false, false);
        check("a/*.bak", "a/b.bak", false, true);
        check("ci/", "ci", false, false);
        check("ci/", "ci", true, true);
        check("!keep.bak", "Chart.yaml", false, true);
        check("!keep.bak", "keep.bak", false, false);
        check("# *\n\n", "x", false, false);
        check("", "templates/.x.swp", false, true);
        check("", "templates/sub/.x", false, false);
        assert!(Ignore::read("a/**/b").is_err());
        assert!(Ignore::read("[a").is_err());
    }
}
