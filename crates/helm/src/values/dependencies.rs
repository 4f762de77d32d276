//! Which sub-charts are on, and under which name.

use tautline_core::{Map, Value};
use tautline_grammar::{Constraint, Version};

use super::coalesce::{Coalescer, Nulls};
use super::{ValuesError, import, path};
use crate::chart::Dependency;
use crate::{Chart, Dialect};

/// Resolves aliases, drops sub-charts that are off, and imports values. `values` is what the user set.
pub(crate) fn resolve(
    chart: &mut Chart,
    values: &Map,
    dialect: Dialect,
    warnings: &mut Vec<String>,
) -> Result<(), ValuesError> {
    let mut coalescer = Coalescer { dialect, warnings };
    choose(chart, values, "", &mut coalescer)?;
    import::values(chart, &mut coalescer)
}

fn choose(
    chart: &mut Chart,
    values: &Map,
    prefix: &str,
    coalescer: &mut Coalescer<'_>,
) -> Result<(), ValuesError> {
    let Some(mut wanted) = chart.metadata.dependencies.take() else { return Ok(()) };
    chart.dependencies = pick(std::mem::take(&mut chart.dependencies), &mut wanted, coalescer.dialect);
    let values = coalescer.chart(chart, values.clone(), Nulls::Remove)?;
    for dependency in &mut wanted {
        dependency.enabled = is_on(dependency, &values, prefix, coalescer.warnings);
    }
    let off: Vec<&str> = wanted.iter().filter(|d| !d.enabled).map(|d| d.name.as_str()).collect();
    chart.dependencies.retain(|sub| !off.contains(&sub.name()));
    for sub in &mut chart.dependencies {
        let below = format!("{prefix}{}.", sub.name());
        choose(sub, &values, &below, coalescer)?;
    }
    let off: Vec<String> = off.into_iter().map(str::to_owned).collect();
    wanted.retain(|d| !off.contains(&d.name));
    chart.metadata.dependencies = (!wanted.is_empty()).then_some(wanted);
    Ok(())
}

/// Charts that no entry claims, then for each entry the first chart that fits, under its alias.
fn pick(loaded: Vec<Chart>, wanted: &mut [Dependency], dialect: Dialect) -> Vec<Chart> {
    let fits = |d: &Dependency, chart: &Chart| {
        chart.name() == d.name && is_in_range(&d.version, &chart.metadata.version)
    };
    let mut picked: Vec<Chart> =
        loaded.iter().filter(|chart| !wanted.iter().any(|d| fits(d, chart))).cloned().collect();
    let mut taken: Vec<usize> = Vec::new();
    for dependency in wanted {
        if let Some(at) = loaded.iter().position(|chart| fits(dependency, chart))
            && let Some(chart) = loaded.get(at)
        {
            let mut chart = chart.clone();
            if dialect.is_helm3() && taken.contains(&at) {
                imports_nothing(&mut chart);
            }
            taken.push(at);
            if !dependency.alias.is_empty() {
                let original = std::mem::replace(&mut chart.metadata.name, dependency.alias.clone());
                let tells_subcharts = !dialect.is_helm3() || chart.metadata.dependencies.is_some();
                chart.path_name = (!tells_subcharts).then_some(original);
            }
            picked.push(chart);
        }
        if !dependency.alias.is_empty() {
            dependency.name.clone_from(&dependency.alias);
        }
    }
    picked
}

/// Helm 3 imports values from the dependencies of a chart once, however many aliases the chart has.
fn imports_nothing(chart: &mut Chart) {
    for dependency in chart.metadata.dependencies.iter_mut().flatten() {
        dependency.import_values.clear();
    }
    chart.dependencies.iter_mut().for_each(imports_nothing);
}

/// Whether a version is in a range; what does not parse is not.
pub(crate) fn is_in_range(range: &str, version: &str) -> bool {
    match (range.parse::<Constraint>(), version.parse::<Version>()) {
        (Ok(range), Ok(version)) => range.check(&version),
        _ => false,
    }
}

/// Tags first; then the first condition that is a truth value decides.
fn is_on(dependency: &Dependency, values: &Map, prefix: &str, warnings: &mut Vec<String>) -> bool {
    let mut on = by_tags(dependency, values, warnings);
    for condition in dependency.condition.trim().split(',').filter(|c| !c.is_empty()) {
        match path::scalar(values, &format!("{prefix}{condition}")) {
            Some(Value::Bool(flag)) => {
                on = *flag;
                break;
            }
            Some(_) => warnings.push(format!(
                "Warning: Condition path '{condition}' for chart {} returned non-bool value",
                dependency.name
            )),
            None => {}
        }
    }
    on
}

fn by_tags(dependency: &Dependency, values: &Map, warnings: &mut Vec<String>) -> bool {
    let Some(Value::Map(tags)) = values.get("tags") else { return true };
    let (mut any_true, mut any_false) = (false, false);
    for tag in &dependency.tags {
        match tags.get(tag) {
            Some(Value::Bool(true)) => any_true = true,
            Some(Value::Bool(false)) => any_false = true,
            Some(_) => warnings
                .push(format!("Warning: Tag '{tag}' for chart {} returned non-bool value", dependency.name)),
            None => {}
        }
    }
    any_true || !any_false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Metadata;
    use tautline_core::value;

    fn sub(name: &str, version: &str) -> Chart {
        let metadata = Metadata { name: name.into(), version: version.into(), ..Default::default() };
        Chart { metadata, ..Default::default() }
    }

    fn check(dependencies: &[Dependency], values: Value, expect: &[&str]) {
        let mut top = sub("top", "1.0.0");
        top.dependencies = vec![sub("a", "1.0.0"), sub("b", "2.1.0"), sub("extra", "0.1.0")];
        top.metadata.dependencies = Some(dependencies.to_vec());
        let values = values.as_map().cloned().unwrap_or_default();
        resolve(&mut top, &values, Dialect::Helm4, &mut Vec::new()).unwrap();
        let names: Vec<&str> = top.dependencies.iter().map(Chart::name).collect();
        assert_eq!(names, expect);
    }

    fn dependency(name: &str, version: &str) -> Dependency {
        Dependency { name: name.into(), version: version.into(), ..Default::default() }
    }

    #[test]
    fn aliases_ranges_and_charts_that_nobody_lists() {
        let aliased = Dependency { alias: "again".into(), ..dependency("b", "^2") };
        check(
            &[dependency("a", "1.x"), dependency("b", "2.1.0"), aliased],
            value!({}),
            &["extra", "a", "b", "again"],
        );
        check(&[dependency("a", "2.x")], value!({}), &["a", "b", "extra"]);
    }

    #[test]
    fn conditions_overrule_tags() {
        let tagged =
            Dependency { tags: vec!["t".into()], condition: "a.no,a.on".into(), ..dependency("a", "*") };
        let check = |values, expect: &[&str]| check(std::slice::from_ref(&tagged), values, expect);
        check(value!({}), &["b", "extra", "a"]);
        check(value!({ "tags": { "t": false } }), &["b", "extra"]);
        check(value!({ "tags": { "t": false }, "a": { "on": true } }), &["b", "extra", "a"]);
        check(value!({ "tags": { "t": true }, "a": { "no": "x", "on": false } }), &["b", "extra"]);
    }
}
