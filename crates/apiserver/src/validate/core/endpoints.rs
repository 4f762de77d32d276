//! Endpoints, the older sort.

use super::super::at::At;
use super::super::texts::ip;
use super::services::endpoint_ip;

pub(in super::super) fn endpoints(root: At<'_>) {
    for subset in root.at("subsets").items() {
        let (ready, waiting) = (subset.at("addresses"), subset.at("notReadyAddresses"));
        if ready.list().is_empty() && waiting.list().is_empty() {
            subset.required("must specify `addresses` or `notReadyAddresses`");
        }
        ready.items().chain(waiting.items()).for_each(address);
        let several = subset.at("ports").len() > 1;
        subset.at("ports").items().for_each(|port| self::port(port, several));
    }
}

fn address(address: At<'_>) {
    let at = address.at("ip");
    let problems = ip(at.str());
    let is_address = problems.is_empty();
    at.all_invalid(problems);
    if !address.text("hostname").is_empty() {
        address.at("hostname").dns_label();
    }
    if address.has("nodeName") {
        address.at("nodeName").dns_subdomain();
    }
    match is_address {
        true => endpoint_ip(at),
        false => at.invalid("must be a valid IP address"),
    }
}

fn port(port: At<'_>, needs_name: bool) {
    match port.text("name") {
        "" if needs_name => port.at("name").required(""),
        "" => {}
        _ => port.at("name").dns_label(),
    }
    port.at("port").port_number();
    let protocol = port.at("protocol");
    if protocol.needed() {
        protocol.one_of(&["SCTP", "TCP", "UDP"]);
    }
    if port.has("appProtocol") {
        port.at("appProtocol").qualified_name();
    }
}
