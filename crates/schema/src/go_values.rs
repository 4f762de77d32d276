//! Texts that stand for other values, checked as Go checks them and in its words.

/// What `resource.Quantity` says of a text that is none.
pub const NO_QUANTITY: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/// How `metav1.Time` is written, in Go's way to say so.
pub const TIME: &str = "2006-01-02T15:04:05Z07:00";
/// How `metav1.MicroTime` is written.
pub const MICRO_TIME: &str = "2006-01-02T15:04:05.000000Z07:00";

/// Go's time parser, as far as its messages go: it names the first part of the layout that does not match.
///
/// # Errors
/// Go's message.
pub fn check_time(text: &str, layout: &str) -> Result<(), String> {
    let parts = ["2006", "-", "01", "-", "02", "T", "15", ":", "04", ":", "05"];
    let failed = |rest: &str, part: &str| {
        Err(format!("parsing time {text:?} as {layout:?}: cannot parse {rest:?} as {part:?}"))
    };
    let mut rest = text;
    for part in parts {
        let digits = part.starts_with(|c: char| c.is_ascii_digit());
        let next = rest.get(..part.len()).filter(|head| match digits {
            true => head.bytes().all(|b| b.is_ascii_digit()),
            false => *head == part,
        });
        if next.is_none() {
            return failed(rest, part);
        }
        rest = rest.get(part.len()..).unwrap_or_default();
    }
    if layout.contains(".000000") {
        let fraction =
            rest.get(..7).filter(|f| f.starts_with('.') && f.bytes().skip(1).all(|b| b.is_ascii_digit()));
        if fraction.is_none() {
            return failed(rest, ".000000");
        }
    }
    Ok(())
}

/// Go's strict standard base64: line breaks are skipped, anything else must be whole groups of four.
///
/// # Errors
/// Go's message.
pub fn check_base64(text: &str) -> Result<(), String> {
    let illegal = |at: usize| Err(format!("illegal base64 data at input byte {at}"));
    let bytes: Vec<(usize, u8)> =
        text.bytes().enumerate().filter(|(_, b)| *b != b'\n' && *b != b'\r').collect();
    for (group_at, group) in bytes.chunks(4).enumerate() {
        let last = (group_at + 1) * 4 >= bytes.len();
        for (i, (at, byte)) in group.iter().enumerate() {
            let padding = *byte == b'=' && last && i >= 2 && group.iter().skip(i).all(|(_, b)| *b == b'=');
            if padding && group.len() == 4 {
                break;
            }
            if !(byte.is_ascii_alphanumeric() || *byte == b'+' || *byte == b'/') {
                return illegal(*at);
            }
        }
        if group.len() < 4 {
            return illegal(group.first().map_or(text.len(), |(at, _)| *at));
        }
    }
    Ok(())
}
