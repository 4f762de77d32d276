//! What this process has used so far.

/// CPU seconds and memory.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// User and system time, in seconds.
    pub(crate) cpu: f64,
    /// The resident set now, in bytes.
    pub(crate) resident: f64,
    /// The largest resident set since the start or [`forget_peak`], in bytes.
    pub(crate) peak: f64,
}

impl Usage {
    /// Reads /proc; zeros where there is none.
    pub(crate) fn now() -> Self {
        let schedule = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
        let cpu = schedule.split(' ').next().and_then(|n| n.parse::<f64>().ok()).unwrap_or_default() / 1e9;
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|p| p.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or_default()
                * 1024.0
        };
        Self { cpu, resident: bytes("VmRSS:"), peak: bytes("VmHWM:") }
    }
}

/// The peak begins anew.
pub(crate) fn forget_peak() {
    drop(std::fs::write("/proc/self/clear_refs", "5"));
}
