//! [`Addresses`]: the cluster IPs and node ports of Services.

use std::collections::{BTreeMap, BTreeSet};

use tautline_core::{Object, Value, value};

use crate::failure::{Failure, Wrong};

/// Which cluster IPs and node ports are taken. Addresses come from 10.96.0.0/16, the range of the recorded
/// servers and of most installers, ports from 30000-32767; the lowest free one is taken.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    taken: BTreeSet<u32>,
    ports: BTreeSet<i64>,
    of: BTreeMap<String, (Vec<u32>, Vec<i64>)>,
}

const FIRST: u32 = 0x0a60_0001; // 10.96.0.1
const DYNAMIC: u32 = 0x0a60_0101; // 10.96.1.1: the lower block is for those who name an address.
const LAST: u32 = 0x0a60_fffe;

impl Addresses {
    /// Gives a Service the addresses and ports it lacks, those of its former self if it had some.
    pub(crate) fn allocate(&mut self, service: &mut Object, old: Option<&Object>) -> Result<(), Failure> {
        let kind = service.str_at(&["spec", "type"]).unwrap_or("ClusterIP").to_owned();
        if kind == "ExternalName" {
            let spec = service.as_map_mut().map_at("spec");
            for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"]
            {
                spec.remove(field);
            }
            return Ok(());
        }
        let old_ip = old.and_then(|o| o.str_at(&["spec", "clusterIP"])).filter(|ip| !ip.is_empty());
        let asked = service.str_at(&["spec", "clusterIP"]).filter(|ip| !ip.is_empty()).map(str::to_owned);
        let ip = match (asked, old_ip) {
            (Some(ip), _) => ip,
            (None, Some(ip)) => ip.to_owned(),
            (None, None) => self.next().ok_or_else(|| Failure::internal("range is full"))?,
        };
        let in_range = number(&ip).is_none_or(|n| (FIRST - 1..=LAST + 1).contains(&n));
        if !in_range {
            let detail =
                format!("failed to allocate IP {ip}: the provided network does not match the current range");
            let wrong = Wrong::invalid("spec.clusterIPs", &value!([ip.as_str()]), &detail);
            return Err(Failure::invalid("", "Service", service.name(), vec![wrong]));
        }
        for (i, family) in service.list_at(&["spec", "ipFamilies"]).iter().enumerate() {
            if family.as_str() == Some("IPv6") && ip != "None" {
                let field = format!("spec.ipFamilies[{i}]");
                let wrong = Wrong::invalid(field, family, "not configured on this cluster");
                return Err(Failure::invalid("", "Service", service.name(), vec![wrong]));
            }
        }
        for (i, port) in service.list_at(&["spec", "ports"]).iter().enumerate() {
            let Some(number) = port.get("nodePort").filter(|n| n.as_i64().is_some_and(|n| n != 0)) else {
                continue;
            };
            if !(30_000..32_768).contains(&number.as_i64().unwrap_or(0)) {
                let detail =
                    "provided port is not in the valid range. The range of valid ports is 30000-32767";
                let wrong = Wrong::invalid(format!("spec.ports[{i}].nodePort"), number, detail);
                return Err(Failure::invalid("", "Service", service.name(), vec![wrong]));
            }
        }
        if old_ip != Some(ip.as_str()) && !self.is_free(&ip) {
            let detail = "failed to allocate IP ".to_owned() + &ip + ": provided IP is already allocated";
            let wrong = Wrong::invalid("spec.clusterIPs", &value!([ip.as_str()]), &detail);
            return Err(Failure::invalid("", "Service", service.name(), vec![wrong]));
        }
        let ports = self.node_ports(service, old, &kind);
        let spec = service.as_map_mut().map_at("spec");
        spec.insert("clusterIP", ip.as_str());
        spec.insert("clusterIPs", value!([ip.as_str()]));
        // Endpoints that somebody else writes may be of both families.
        let open = ip == "None" && spec.get("selector").and_then(Value::as_map).is_none_or(|s| s.is_empty());
        let policy = spec.get("ipFamilyPolicy").and_then(Value::as_str);
        let both = open && policy.is_none_or(|policy| policy != "SingleStack");
        let families = if both { value!(["IPv4", "IPv6"]) } else { value!(["IPv4"]) };
        let policy = if open { "RequireDualStack" } else { "SingleStack" };
        for (field, or) in [("ipFamilies", families), ("ipFamilyPolicy", policy.into())] {
            if spec.get(field).is_none_or(Value::is_null) {
                spec.insert(field, or);
            }
        }
        if let Some(ports) = ports {
            spec.insert("ports", ports);
        }
        let checked = kind == "LoadBalancer"
            && spec.get("externalTrafficPolicy").and_then(Value::as_str) == Some("Local");
        if checked && spec.get("healthCheckNodePort").is_none_or(|n| n.as_i64() == Some(0)) {
            let used: Vec<i64> = spec
                .get("ports")
                .and_then(Value::as_list)
                .into_iter()
                .flat_map(|list| list.iter().filter_map(|p| p.i64_at(&["nodePort"])))
                .collect();
            let free = (30_000..32_768).find(|n| !self.ports.contains(n) && !used.contains(n));
            if let Some(number) = free {
                spec.insert("healthCheckNodePort", number);
            }
        }
        Ok(())
    }

    fn node_ports(&mut self, service: &Object, old: Option<&Object>, kind: &str) -> Option<Value> {
        let balances =
            service.at(&["spec", "allocateLoadBalancerNodePorts"]).and_then(Value::as_bool) != Some(false);
        if kind != "NodePort" && !(kind == "LoadBalancer" && balances) {
            return None;
        }
        let mut taken = BTreeSet::new();
        let mut ports = service.list_at(&["spec", "ports"]).to_vec();
        for port in &mut ports {
            let has = port.i64_at(&["nodePort"]).filter(|n| *n != 0);
            let had = old
                .map(|o| o.list_at(&["spec", "ports"]))
                .into_iter()
                .flatten()
                .find(|p| p.get("port") == port.get("port") && p.get("protocol") == port.get("protocol"))
                .and_then(|p| p.i64_at(&["nodePort"]));
            let free = (30_000..32_768).find(|n| !self.ports.contains(n) && !taken.contains(n));
            let Some(number) = has.or(had).or(free) else { continue };
            taken.insert(number);
            if let Some(map) = port.as_map_mut() {
                map.insert("nodePort", number);
            }
        }
        Some(Value::from(ports))
    }

    /// Notes what a stored Service holds.
    pub(crate) fn hold(&mut self, service: &Object) {
        self.release(service.metadata_str("uid"));
        let ips: Vec<u32> = service.str_at(&["spec", "clusterIP"]).and_then(number).into_iter().collect();
        let ports: Vec<i64> = service
            .list_at(&["spec", "ports"])
            .iter()
            .filter_map(|p| p.i64_at(&["nodePort"]))
            .chain(service.i64_at(&["spec", "healthCheckNodePort"]))
            .filter(|n| *n != 0)
            .collect();
        self.taken.extend(&ips);
        self.ports.extend(&ports);
        self.of.insert(service.metadata_str("uid").to_owned(), (ips, ports));
    }

    /// Forgets what a Service held.
    pub(crate) fn release(&mut self, uid: &str) {
        let (ips, ports) = self.of.remove(uid).unwrap_or_default();
        self.taken.retain(|ip| !ips.contains(ip));
        self.ports.retain(|port| !ports.contains(port));
    }

    fn is_free(&self, ip: &str) -> bool {
        number(ip).is_none_or(|n| !self.taken.contains(&n))
    }

    fn next(&self) -> Option<String> {
        let upper = (DYNAMIC..=LAST).find(|n| !self.taken.contains(n));
        upper.or_else(|| (FIRST + 9..DYNAMIC).find(|n| !self.taken.contains(n))).map(text)
    }
}

fn number(ip: &str) -> Option<u32> {
    ip.parse::<std::net::Ipv4Addr>().ok().map(u32::from)
}

fn text(ip: u32) -> String {
    std::net::Ipv4Addr::from(ip).to_string()
}
