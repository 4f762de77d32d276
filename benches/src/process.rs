//! What this process has used so far.

/// CPU seconds and peak memory.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// User and system time, in seconds.
    pub(crate) cpu: f64,
    /// The largest resident set so far, in MiB.
    pub(crate) peak: f64,
}

impl Usage {
    /// Reads /proc; zeros where there is none.
    pub(crate) fn now() -> Self {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        // Fields 14 and 15 of proc(5), counted after the name; in hundredths of a second.
        let ticks = |at: usize| fields.get(at).and_then(|f| f.parse::<f64>().ok()).unwrap_or_default();
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = peak.and_then(|p| p.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or_default();
        Self { cpu: (ticks(11) + ticks(12)) / 100.0, peak: kib / 1024.0 }
    }
}
