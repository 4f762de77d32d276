//! Kinds that wait for something outside: an address, a volume, their content's end.

use tautline_core::Object;

use crate::status::{Health, HealthStatus};

pub(crate) fn service(object: &Object) -> Health {
    let is_balanced = object.str_at(&["spec", "type"]) == Some("LoadBalancer");
    if is_balanced && object.list_at(&["status", "loadBalancer", "ingress"]).is_empty() {
        return Health::progressing("");
    }
    Health::healthy()
}

pub(crate) fn ingress(object: &Object) -> Health {
    match object.list_at(&["status", "loadBalancer", "ingress"]).is_empty() {
        true => Health::progressing(""),
        false => Health::healthy(),
    }
}

pub(crate) fn claim(object: &Object) -> Health {
    match object.str_at(&["status", "phase"]).unwrap_or_default() {
        "Bound" => Health::healthy(),
        "Pending" => Health::progressing(""),
        "Lost" => Health::degraded(""),
        _ => Health::new(HealthStatus::Unknown, ""),
    }
}

pub(crate) fn namespace(object: &Object) -> Health {
    match object.str_at(&["status", "phase"]) {
        Some("Terminating") => Health::progressing("Pending deletion"),
        _ => Health::healthy(),
    }
}
