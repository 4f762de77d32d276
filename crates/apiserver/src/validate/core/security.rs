//! Security contexts of pods and containers.

use std::collections::BTreeSet;

use super::super::at::At;

const MOST: i64 = 2_147_483_647;

/// A user or group id.
fn id(at: At<'_>) {
    at.within(0, MOST);
}

/// `securityContext` of a container.
pub(super) fn of_container(context: At<'_>, host_users: bool) {
    if !context.is_set() {
        return;
    }
    id(context.at("runAsUser"));
    id(context.at("runAsGroup"));
    let proc_mount = context.at("procMount");
    if proc_mount.is_set() {
        proc_mount.one_of(&["Default", "Unmasked"]);
        if host_users && proc_mount.str() == "Unmasked" {
            proc_mount.invalid("`hostUsers` must be false to use `Unmasked`");
        }
    }
    seccomp(context.at("seccompProfile"));
    let escalates = context.get("allowPrivilegeEscalation").and_then(|v| v.as_bool());
    if escalates == Some(false) {
        let printed = go_context(context);
        if context.is_true("privileged") {
            let detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
            context.invalid_go(&printed, detail);
        }
        let added = context.at("capabilities").at("add");
        if added.list().iter().any(|cap| cap.as_str() == Some("CAP_SYS_ADMIN")) {
            let detail =
                "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
            context.invalid_go(&printed, detail);
        }
    }
    app_armor(context.at("appArmorProfile"));
}

/// A container's security context as Go prints the server's own type.
fn go_context(context: At<'_>) -> String {
    let field = |name: &str| context.get(name).map_or("null".to_owned(), |v| v.to_json());
    let capabilities = match context.has("capabilities") {
        false => "null".to_owned(),
        true => {
            let at = context.at("capabilities");
            let list = |name: &str| at.get(name).map_or("null".to_owned(), |v| v.to_json());
            format!("{{\"Add\":{},\"Drop\":{}}}", list("add"), list("drop"))
        }
    };
    format!(
        "{{\"Capabilities\":{capabilities},\"Privileged\":{},\"SELinuxOptions\":{},\"WindowsOptions\":{},\
         \"RunAsUser\":{},\"RunAsGroup\":{},\"RunAsNonRoot\":{},\"ReadOnlyRootFilesystem\":{},\
         \"AllowPrivilegeEscalation\":{},\"ProcMount\":{},\"SeccompProfile\":{},\"AppArmorProfile\":{}}}",
        field("privileged"),
        field("seLinuxOptions"),
        field("windowsOptions"),
        field("runAsUser"),
        field("runAsGroup"),
        field("runAsNonRoot"),
        field("readOnlyRootFilesystem"),
        field("allowPrivilegeEscalation"),
        field("procMount"),
        field("seccompProfile"),
        field("appArmorProfile"),
    )
}

fn seccomp(profile: At<'_>) {
    if !profile.is_set() {
        return;
    }
    let kind = profile.at("type");
    match kind.str() {
        "" => kind.required("type is required when seccompProfile is set"),
        "Localhost" | "RuntimeDefault" | "Unconfined" => {}
        _ => kind.unsupported(&["Localhost", "RuntimeDefault", "Unconfined"]),
    }
    let local = profile.at("localhostProfile");
    if kind.str() == "Localhost" {
        match local.is_set() {
            false => local.required("must be set when seccomp type is Localhost"),
            true => super::volumes::descending(local),
        }
    } else if local.is_set() {
        local.invalid("can only be set when seccomp type is Localhost");
    }
}

fn app_armor(profile: At<'_>) {
    if !profile.is_set() {
        return;
    }
    let (kind, local) = (profile.at("type"), profile.at("localhostProfile"));
    match kind.str() {
        "Localhost" => {
            let name = local.str().trim();
            if name.is_empty() {
                local.required("must be set when AppArmor type is Localhost");
            } else if name != local.str() {
                local.invalid("must not be padded with whitespace");
            } else if name.len() > 4095 {
                local.too_long(4095);
            }
        }
        "RuntimeDefault" | "Unconfined" => {
            if local.is_set() {
                local.invalid("can only be set when AppArmor type is Localhost");
            }
        }
        "" => kind.required("type is required when appArmorProfile is set"),
        _ => kind.unsupported(&["Localhost", "RuntimeDefault", "Unconfined"]),
    }
}

/// `securityContext` of a pod.
pub(super) fn of_pod(context: At<'_>) {
    if !context.is_set() {
        return;
    }
    id(context.at("fsGroup"));
    id(context.at("runAsUser"));
    id(context.at("runAsGroup"));
    for group in context.at("supplementalGroups").items() {
        id(group);
    }
    if context.has("fsGroupChangePolicy") {
        context.at("fsGroupChangePolicy").one_of(&["Always", "OnRootMismatch"]);
    }
    let mut names = BTreeSet::new();
    for sysctl in context.at("sysctls").items() {
        let name = sysctl.at("name");
        if name.str().is_empty() {
            name.required("");
        } else if !is_sysctl(name.str()) {
            let detail = "must have at most 253 characters and match regex \
                          ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
            name.invalid(detail);
        } else if !names.insert(name.str().replace('/', ".")) {
            name.duplicate();
        }
    }
    seccomp(context.at("seccompProfile"));
    app_armor(context.at("appArmorProfile"));
    if context.has("supplementalGroupsPolicy") {
        context.at("supplementalGroupsPolicy").one_of(&["Merge", "Strict"]);
    }
    if context.has("seLinuxChangePolicy") {
        context.at("seLinuxChangePolicy").one_of(&["MountOption", "Recursive"]);
    }
}

fn is_sysctl(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let part = |p: &str| {
        let bytes = p.as_bytes();
        let ends = bytes.first().is_some_and(|b| inner(*b)) && bytes.last().is_some_and(|b| inner(*b));
        ends && bytes.iter().all(|b| inner(*b) || b"-_".contains(b))
    };
    name.len() <= 253 && name.split(['.', '/']).all(part)
}
