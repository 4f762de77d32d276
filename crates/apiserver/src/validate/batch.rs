//! Group batch: Jobs and CronJobs.

use tautline_core::{Object, Value};
use tautline_grammar::{LabelSelector, names};

use super::at::{At, Check};
use super::core::pods;
use super::go;
use super::rules::IMMUTABLE;

const NUMBERS: [&str; 7] = [
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
];

/// A new Job, or one that was there.
pub(super) fn job(root: At<'_>, is_new: bool) {
    let spec = root.at("spec");
    if is_new {
        generated(root, spec);
    }
    job_spec(spec);
    let selector = spec.at("selector");
    match selector.is_set() {
        true => selector.label_selector(),
        false => selector.required(""),
    }
    if let Ok(parsed) = LabelSelector::from_value(selector.value().unwrap_or(&Value::Null)) {
        let labels = spec.at("template").at("metadata").at("labels");
        if !selector.is_set() || !parsed.matches(|key| labels.get(key).and_then(Value::as_str)) {
            let printed = labels.value().map_or("null".to_owned(), Value::to_json);
            labels.invalid_go(&printed, "`selector` does not match template `labels`");
        }
    }
    if is_new {
        let count = spec.number("completions").unwrap_or(0);
        let name = root.at("metadata").at("name");
        let host = format!("{}-{}", name.str(), count - 1);
        if spec.text("completionMode") == "Indexed" && count > 0 && !names::dns_label(&host).is_empty() {
            name.invalid(&format!("will not able to create pod with invalid DNS label: {host}"));
        }
    }
}

/// The selector that the server made must still be its own.
fn generated(root: At<'_>, spec: At<'_>) {
    if spec.is_true("manualSelector") || !spec.has("selector") {
        return;
    }
    let (uid, name) = (root.at("metadata").text("uid"), root.at("metadata").text("name"));
    let expected = [
        ("batch.kubernetes.io/controller-uid", uid),
        ("batch.kubernetes.io/job-name", name),
        ("controller-uid", uid),
        ("job-name", name),
    ];
    let metadata = spec.at("template").at("metadata");
    for (key, value) in [expected[2], expected[3], expected[0], expected[1]] {
        let labels = metadata.at("labels");
        match labels.get(key).and_then(Value::as_str) {
            None => labels.at(key).required(&format!("must be '{value}'")),
            Some(have) if have != value => {
                labels.at(key).invalid_value(
                    labels.get(key).cloned().unwrap_or_default(),
                    &format!("must be '{value}'"),
                );
            }
            Some(_) => {}
        }
    }
    let selector = spec.at("selector");
    let lookup = |key: &str| expected.iter().find(|(k, _)| *k == key).map(|(_, v)| *v);
    let parsed = LabelSelector::from_value(selector.value().unwrap_or(&Value::Null));
    if parsed.is_ok_and(|parsed| !parsed.matches(lookup)) {
        selector.invalid_go(&go::label_selector(selector.value()), "`selector` not auto-generated");
    }
}

fn job_spec(spec: At<'_>) {
    NUMBERS.iter().for_each(|field| spec.at(field).not_negative());
    if spec.has("maxFailedIndexes") && !spec.has("backoffLimitPerIndex") {
        spec.at("backoffLimitPerIndex").required("when maxFailedIndexes is specified");
    }
    if spec.has("managedBy") {
        spec.at("managedBy").domain_prefixed_path();
        if spec.text("managedBy").len() > 63 {
            spec.at("managedBy").too_long(63);
        }
    }
    completion(spec);
    success(spec);
    if spec.has("podFailurePolicy") {
        failure_policy(spec);
    }
    let replacement = spec.at("podReplacementPolicy");
    if replacement.is_set() {
        match spec.has("podFailurePolicy") {
            true => replacement.one_of(&["Failed"]),
            false => replacement.one_of(&["Failed", "TerminatingOrFailed"]),
        }
    }
    pods::template(spec.at("template"));
    let policy = spec.at("template").at("spec").at("restartPolicy");
    match policy.str() {
        "" | "Always" => policy.required("valid values: \"OnFailure\", \"Never\""),
        "OnFailure" if spec.has("podFailurePolicy") => {
            policy.invalid("only \"Never\" is supported when podFailurePolicy is specified");
        }
        "OnFailure" | "Never" => {}
        _ => policy.unsupported(&["OnFailure", "Never"]),
    }
}

fn completion(spec: At<'_>) {
    let mode = spec.at("completionMode");
    if mode.is_set() {
        mode.one_of(&["NonIndexed", "Indexed"]);
    }
    if mode.str() == "Indexed" {
        if !spec.has("completions") {
            spec.at("completions").required("when completion mode is Indexed");
        }
        if spec.number("parallelism").is_some_and(|n| n > 100_000) {
            let detail = "must be less than or equal to 100000 when completion mode is Indexed";
            spec.at("parallelism").invalid(detail);
        }
        if let (Some(failed), Some(all)) = (spec.number("maxFailedIndexes"), spec.number("completions"))
            && failed > all
        {
            spec.at("maxFailedIndexes").invalid("must be less than or equal to completions");
        }
        return;
    }
    for field in ["backoffLimitPerIndex", "maxFailedIndexes"].into_iter().filter(|field| spec.has(field)) {
        spec.at(field).invalid("requires indexed completion mode");
    }
}

fn failure_policy(spec: At<'_>) {
    let rules = spec.at("podFailurePolicy").at("rules");
    if rules.len() > 20 {
        rules.too_many(rules.len(), 20);
    }
    let template = spec.at("template").at("spec");
    let known: Vec<&str> = ["containers", "initContainers"]
        .into_iter()
        .flat_map(|field| template.at(field).list())
        .filter_map(|c| c.get("name")?.as_str())
        .collect();
    for rule in rules.items() {
        let action = rule.at("action");
        match action.str() {
            "" => action.required("valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]"),
            "FailIndex" if !spec.has("backoffLimitPerIndex") => {
                action.invalid("requires the backoffLimitPerIndex to be set");
            }
            _ => action.one_of(&["Count", "FailIndex", "FailJob", "Ignore"]),
        }
        let (codes, conditions) = (rule.at("onExitCodes"), rule.at("onPodConditions"));
        if codes.is_set() {
            exit_codes(codes, &known);
        }
        for condition in conditions.items() {
            condition.at("type").qualified_name();
            condition.at("status").one_of(&["False", "True", "Unknown"]);
        }
        match (codes.is_set(), conditions.list().is_empty()) {
            (true, false) => {
                rule.invalid_bare("specifying both OnExitCodes and OnPodConditions is not supported")
            }
            (false, true) => {
                rule.invalid_bare("specifying one of OnExitCodes and OnPodConditions is required")
            }
            _ => {}
        }
    }
}

fn exit_codes(codes: At<'_>, known: &[&str]) {
    let operator = codes.at("operator");
    match operator.str() {
        "" => operator.required("valid values: [\"In\" \"NotIn\"]"),
        _ => operator.one_of(&["In", "NotIn"]),
    }
    let name = codes.at("containerName");
    if name.is_set() && !known.contains(&name.str()) {
        name.invalid("must be one of the container or initContainer names in the pod template");
    }
    let values = codes.at("values");
    if values.list().is_empty() {
        let printed = values.value().map_or("null".to_owned(), Value::to_json);
        return values.invalid_go(&printed, "at least one value is required");
    }
    let mut seen = Vec::new();
    for value in values.items() {
        let code = value.int().unwrap_or(0);
        if operator.str() == "In" && code == 0 {
            value.invalid("must not be 0 for the In operator");
        }
        if seen.contains(&code) {
            value.duplicate();
        }
        seen.push(code);
    }
    if !seen.is_sorted() {
        values.invalid("must be ordered");
    }
}

pub(super) fn cron_job(root: At<'_>, is_new: bool) {
    let spec = root.at("spec");
    job_template(spec.at("jobTemplate"));
    let schedule = spec.at("schedule");
    if schedule.str().is_empty() {
        schedule.late_required();
    } else {
        self::schedule(schedule);
    }
    spec.at("startingDeadlineSeconds").not_negative();
    zone(spec.at("timeZone"));
    let policy = spec.at("concurrencyPolicy");
    if policy.needed() {
        policy.one_of(&["Allow", "Forbid", "Replace"]);
    }
    spec.at("successfulJobsHistoryLimit").not_negative();
    spec.at("failedJobsHistoryLimit").not_negative();
    let name = root.at("metadata").at("name");
    if is_new && name.str().len() > 52 {
        name.invalid("must be no more than 52 characters");
    }
}

/// What a Job succeeds by.
fn success(spec: At<'_>) {
    let policy = spec.at("successPolicy");
    if policy.is_set() && policy.at("rules").list().is_empty() {
        let detail = "at least one rules must be specified when the successPolicy is specified";
        policy.at("rules").required(detail);
    }
}

fn job_template(template: At<'_>) {
    let spec = template.at("spec");
    job_spec(spec);
    if spec.has("selector") {
        let selector = spec.at("selector");
        selector.invalid_go(&go::label_selector(selector.value()), "`selector` will be auto-generated");
    }
    if spec.is_true("manualSelector") {
        spec.at("manualSelector").unsupported(&["nil", "false"]);
    }
}

fn schedule(at: At<'_>) {
    if let Err(problem) = super::cron::check(at.str()) {
        at.invalid(&problem);
    }
    if at.str().contains("TZ") {
        let detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
        at.invalid(detail);
    }
}

/// The name of a time zone. Which ones there are is not known without the machine's files: any that looks like one
/// of the areas is taken.
fn zone(zone: At<'_>) {
    const AREAS: [&str; 14] = [
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Brazil",
        "Canada",
        "Chile",
        "Etc",
        "Europe",
        "Indian",
        "Pacific",
    ];
    if !zone.is_set() {
        return;
    }
    if zone.str().is_empty() {
        return zone.invalid("timeZone must be nil or non-empty string");
    }
    let plain = |part: &str| {
        let known = part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-+".contains(&b));
        known && ![".", "..", ""].contains(&part) && !part.starts_with('-')
    };
    let unknown = format!("unknown time zone {}", zone.str());
    if !zone.str().split('/').all(plain) {
        return zone.invalid(&unknown);
    }
    if zone.str().eq_ignore_ascii_case("local") {
        let detail = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
        zone.invalid(detail);
    }
    if zone.str().split_once('/').is_some_and(|(area, _)| !AREAS.contains(&area) && area != "US") {
        zone.invalid(&unknown);
    }
}

/// What may change of a Job.
pub(super) fn update_job<'a>(check: &'a Check<'a>, old: &'a Object, new: &'a Object) {
    let (spec, before) = (check.root(new).at("spec"), check.root(old).at("spec"));
    let indexed = spec.text("completionMode") == "Indexed";
    let changed = spec.get("completions") != before.get("completions");
    if changed && !indexed {
        spec.at("completions").unchanged(before.at("completions"));
    } else if changed && spec.get("completions") != spec.get("parallelism") {
        spec.at("completions").invalid("can only be modified in tandem with spec.parallelism");
    }
    if spec.get("selector") != before.get("selector") {
        let at = spec.at("selector");
        at.invalid_go(&go::label_selector(at.value()), IMMUTABLE);
    }
    let suspended = before.is_true("suspend") && old.at(&["status", "startTime"]).is_none();
    if !suspended && spec.get("template") != before.get("template") {
        let at = spec.at("template");
        at.invalid_go(&go::print("PodTemplateSpec", at.value()), IMMUTABLE);
    }
    spec.at("completionMode").unchanged(before.at("completionMode"));
    for field in ["podFailurePolicy", "successPolicy"] {
        if spec.get(field) != before.get(field) {
            let name = if field == "successPolicy" { "SuccessPolicy" } else { "PodFailurePolicy" };
            spec.at(field).invalid_go(&go::print(name, spec.get(field)), IMMUTABLE);
        }
    }
    spec.at("backoffLimitPerIndex").unchanged(before.at("backoffLimitPerIndex"));
    spec.at("managedBy").unchanged(before.at("managedBy"));
}
