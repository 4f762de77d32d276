//! `Chart.yaml`: what a chart says of itself.

use std::sync::OnceLock;

use regex::Regex;
use tautline_core::Value;
use tautline_grammar::Version;

use crate::Dialect;
use crate::decode::{self, Fields};

/// The content of `Chart.yaml` (and of `requirements.yaml`, for charts of apiVersion v1).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    /// The chart's name; an aliased sub-chart's is its alias.
    pub name: String,
    /// A URL of the project.
    pub home: String,
    /// URLs of source code.
    pub sources: Vec<String>,
    /// The chart's version.
    pub version: String,
    /// One sentence.
    pub description: String,
    /// Words to find it by.
    pub keywords: Vec<String>,
    /// Who maintains it.
    pub maintainers: Vec<Maintainer>,
    /// The URL of an icon.
    pub icon: String,
    /// `v1` or `v2`.
    pub api_version: String,
    /// A leftover of Helm 2.
    pub condition: String,
    /// A leftover of Helm 2.
    pub tags: String,
    /// The version of what it installs.
    pub app_version: String,
    /// Whether it should no longer be used.
    pub deprecated: bool,
    /// Further information; `None` if the field is absent.
    pub annotations: Option<Vec<(String, String)>>,
    /// A constraint on the version of Kubernetes.
    pub kube_version: String,
    /// The charts it needs; `None` if the field is absent.
    pub dependencies: Option<Vec<Dependency>>,
    /// Empty, `application` or `library`.
    pub kind: String,
}

/// A maintainer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maintainer {
    /// A name.
    pub name: String,
    /// An address.
    pub email: String,
    /// A page.
    pub url: String,
}

/// A chart that another needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dependency {
    /// The name of the chart; once aliases are resolved, the alias.
    pub name: String,
    /// A version or a range.
    pub version: String,
    /// Where it comes from.
    pub repository: String,
    /// Paths of values of which the first that is a truth value decides whether it is on.
    pub condition: String,
    /// Names below `tags` that switch it.
    pub tags: Vec<String>,
    /// Whether it is on, as last found out.
    pub enabled: bool,
    /// What is imported from its values.
    pub import_values: Vec<Value>,
    /// The name it gets.
    pub alias: String,
}

/// Whether `text` has the form of an alias.
fn is_alias(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

impl Metadata {
    /// Reads `Chart.yaml`, or `requirements.yaml` over it: a field that is there replaces what was there.
    pub(crate) fn read(&mut self, value: &Value) -> Result<(), String> {
        let Some(fields) = decode::root(value, "chart.Metadata", "Metadata")? else { return Ok(()) };
        let text = |name: &str, into: &mut String| -> Result<(), String> {
            if fields.get(name).is_some() {
                *into = fields.text(name)?;
            }
            Ok(())
        };
        text("name", &mut self.name)?;
        text("home", &mut self.home)?;
        text("version", &mut self.version)?;
        text("description", &mut self.description)?;
        text("icon", &mut self.icon)?;
        text("apiVersion", &mut self.api_version)?;
        text("condition", &mut self.condition)?;
        text("tags", &mut self.tags)?;
        text("appVersion", &mut self.app_version)?;
        text("kubeVersion", &mut self.kube_version)?;
        text("type", &mut self.kind)?;
        if fields.get("sources").is_some() {
            self.sources = fields.texts("sources")?;
        }
        if fields.get("keywords").is_some() {
            self.keywords = fields.texts("keywords")?;
        }
        if fields.get("deprecated").is_some() {
            self.deprecated = fields.flag("deprecated")?;
        }
        if let Some(annotations) = fields.text_map("annotations")? {
            self.annotations = Some(annotations);
        }
        if fields.get("maintainers").is_some() {
            let list = fields.list("maintainers", "[]*chart.Maintainer")?;
            self.maintainers = list.iter().map(|m| maintainer(&fields, m)).collect::<Result<_, _>>()?;
        }
        if fields.get("dependencies").is_some() {
            let list = fields.list("dependencies", "[]*chart.Dependency")?;
            self.dependencies = Some(list.iter().map(|d| dependency(&fields, d)).collect::<Result<_, _>>()?);
        }
        Ok(())
    }

    /// Cleans the texts and refuses what Helm refuses.
    pub(crate) fn validate(&mut self, dialect: Dialect) -> Result<(), String> {
        for text in [
            &mut self.name,
            &mut self.description,
            &mut self.home,
            &mut self.icon,
            &mut self.condition,
            &mut self.tags,
            &mut self.app_version,
            &mut self.kube_version,
        ] {
            sanitize(text);
        }
        self.sources.iter_mut().chain(&mut self.keywords).for_each(sanitize);
        let refuse = |what: String| Err(format!("validation: {what}"));
        if self.api_version.is_empty() {
            return refuse("chart.metadata.apiVersion is required".into());
        }
        if self.name.is_empty() {
            return refuse("chart.metadata.name is required".into());
        }
        if !dialect.is_helm3() && (self.name == "." || self.name == "..") {
            return refuse(format!("chart.metadata.name {:?} is not allowed", self.name));
        }
        if self.name.contains('/') {
            return refuse(format!("chart.metadata.name {:?} is invalid", self.name));
        }
        if self.version.is_empty() {
            return refuse("chart.metadata.version is required".into());
        }
        if self.version.parse::<Version>().is_err() {
            return refuse(format!("chart.metadata.version {:?} is invalid", self.version));
        }
        if !matches!(self.kind.as_str(), "" | "application" | "library") {
            return refuse("chart.metadata.type must be application or library".into());
        }
        for maintainer in &mut self.maintainers {
            if *maintainer == Maintainer::null() {
                return refuse("maintainers must not contain empty or null nodes".into());
            }
            [&mut maintainer.name, &mut maintainer.email, &mut maintainer.url].into_iter().for_each(sanitize);
        }
        let mut seen: Vec<String> = Vec::new();
        for dependency in self.dependencies.iter_mut().flatten() {
            dependency.validate().or_else(refuse)?;
            let key = if dependency.alias.is_empty() { &dependency.name } else { &dependency.alias };
            if seen.contains(key) {
                return refuse(format!("more than one dependency with name or alias {key:?}"));
            }
            seen.push(key.clone());
        }
        Ok(())
    }

    /// Whether the chart only lends its named templates.
    pub fn is_library(&self) -> bool {
        self.kind.eq_ignore_ascii_case("library")
    }
}

impl Maintainer {
    /// What stands for a null entry until validation refuses it.
    fn null() -> Self {
        Self { name: "\0".into(), ..Self::default() }
    }
}

impl Dependency {
    fn null() -> Self {
        Self { name: "\0".into(), ..Self::default() }
    }

    fn validate(&mut self) -> Result<(), String> {
        if *self == Self::null() {
            return Err("dependencies must not contain empty or null nodes".into());
        }
        for text in [&mut self.name, &mut self.version, &mut self.repository, &mut self.condition] {
            sanitize(text);
        }
        self.tags.iter_mut().for_each(sanitize);
        if !is_alias(&self.alias) {
            return Err(format!("dependency {:?} has disallowed characters in the alias", self.name));
        }
        Ok(())
    }
}

fn maintainer<'a>(fields: &Fields<'a>, value: &'a Value) -> Result<Maintainer, String> {
    if value.is_null() {
        return Ok(Maintainer::null());
    }
    let it = fields.nested("maintainers", value, "Maintainer", "maintainers.", "chart.Maintainer")?;
    Ok(Maintainer { name: it.text("name")?, email: it.text("email")?, url: it.text("url")? })
}

fn dependency<'a>(fields: &Fields<'a>, value: &'a Value) -> Result<Dependency, String> {
    if value.is_null() {
        return Ok(Dependency::null());
    }
    let it = fields.nested("dependencies", value, "Dependency", "dependencies.", "chart.Dependency")?;
    Ok(Dependency {
        name: it.text("name")?,
        version: it.text("version")?,
        repository: it.text("repository")?,
        condition: it.text("condition")?,
        tags: it.texts("tags")?,
        enabled: it.flag("enabled")?,
        import_values: it.list("import-values", "[]interface {}")?.to_vec(),
        alias: it.text("alias")?,
    })
}

/// Blanks of every kind become a space, what does not print goes.
fn sanitize(text: &mut String) {
    if text.bytes().all(|b| (b' '..0x7f).contains(&b)) {
        return;
    }
    let prints = |c: char| {
        static PRINTING: OnceLock<Regex> = OnceLock::new();
        let printing = PRINTING
            .get_or_init(|| Regex::new(r"^[\p{L}\p{M}\p{N}\p{P}\p{S}]$").expect("the pattern is constant"));
        printing.is_match(c.encode_utf8(&mut [0; 4]))
    };
    *text = text
        .chars()
        .filter_map(|c| match c {
            c if c.is_whitespace() => Some(' '),
            c => prints(c).then_some(c),
        })
        .collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(yaml: &str) -> Result<Metadata, String> {
        let value = tautline_yaml::read(yaml, &tautline_yaml::Options::default()).unwrap();
        let mut metadata = Metadata::default();
        metadata.read(&value)?;
        metadata.validate(Dialect::Helm4)?;
        Ok(metadata)
    }

    #[test]
    fn texts_of_scalars() {
        let metadata =
            read("apiVersion: v2\nname: 1\nVersion: 1.10\nappVersion: true\ndescription: a\u{a0}b\u{200b}\n")
                .unwrap();
        assert_eq!(
            (metadata.name.as_str(), metadata.version.as_str(), metadata.app_version.as_str()),
            ("1", "1.1", "true")
        );
        assert_eq!(metadata.description, "a b");
    }

    #[test]
    fn refusals() {
        let head = "apiVersion: v2\nname: a\nversion: 1.0.0\n";
        let check = |yaml: &str, expect: &str| assert_eq!(read(yaml).unwrap_err(), expect, "{yaml}");
        check("name: a\n", "validation: chart.metadata.apiVersion is required");
        check(
            "apiVersion: v2\nname: a/b\nversion: 1.0.0\n",
            "validation: chart.metadata.name \"a/b\" is invalid",
        );
        check("apiVersion: v2\nname: a\nversion: x\n", "validation: chart.metadata.version \"x\" is invalid");
        check(
            &format!("{head}type: other\n"),
            "validation: chart.metadata.type must be application or library",
        );
        check(
            &format!("{head}dependencies: [{{name: a}}, {{name: b, alias: a}}]\n"),
            "validation: more than one dependency with name or alias \"a\"",
        );
        check(
            &format!("{head}dependencies: [null]\n"),
            "validation: dependencies must not contain empty or null nodes",
        );
        check(
            &format!("{head}dependencies: [{{name: [a]}}]\n"),
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go struct field Dependency.dependencies.name of type string",
        );
    }
}
