//! What a process has used so far (Linux).

use std::time::Duration;

/// Clock ticks a second in /proc, on every Linux that Debian and Ubuntu build.
const TICKS: u64 = 100;

/// The processor time of a process, all its threads together; also of one that has ended and was not waited for.
pub fn cpu(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name stands in brackets and may hold anything.
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let number = |at: usize| rest.split_whitespace().nth(at).and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis((number(11) + number(12)) * 1000 / TICKS)
}

/// True for a process that has ended and was not waited for.
pub fn has_ended(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_none_or(|(_, rest)| rest.trim_start().starts_with('Z'))
}

/// The most memory in kB that it ever had (VmHWM); None once it has ended.
pub fn peak(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
