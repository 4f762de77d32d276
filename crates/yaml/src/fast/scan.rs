//! Going through lines, several bytes at a time where that pays.

/// The place of the first byte that is no space, or of the end, at or after a place.
#[inline]
pub(super) fn past_spaces(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(eight) = eight(bytes, at) {
        let others = eight ^ (SAME * b' ' as u64);
        if others != 0 {
            return at + first(others);
        }
        at += 8;
    }
    while bytes.get(at) == Some(&b' ') {
        at += 1;
    }
    at
}

/// The place of the line break, or of the end, at or after a place.
#[inline]
pub(super) fn line_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(eight) = eight(bytes, at) {
        let others = eight ^ (SAME * b'\n' as u64);
        // The lowest byte that is zero, and perhaps bytes above it.
        let found = others.wrapping_sub(SAME) & !others & (SAME << 7);
        if found != 0 {
            return at + first(found);
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().position(|b| *b == b'\n').map_or(bytes.len(), |found| at + found)
}

/// The place of the first byte that may end plain text, or of the end, at or after a place.
#[inline]
pub(super) fn plain_stop(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    rest.iter()
        .position(|b| STOPS.get(usize::from(*b)).is_some_and(|stops| *stops))
        .map_or(bytes.len(), |found| from + found)
}

/// The end of a text that does not end in spaces.
#[inline]
pub(super) fn before_spaces(bytes: &[u8], start: usize, end: usize) -> usize {
    let mut end = end;
    while end > start && bytes.get(end - 1) == Some(&b' ') {
        end -= 1;
    }
    end
}

/// A byte of each that is one.
const SAME: u64 = 0x0101_0101_0101_0101;

#[inline]
fn eight(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk::<8>().map(|eight| u64::from_le_bytes(*eight))
}

/// Which byte is the first that is not zero.
#[inline]
fn first(found: u64) -> usize {
    (found.trailing_zeros() / 8) as usize
}

static STOPS: [bool; 256] = {
    let mut stops = [false; 256];
    stops[b'\n' as usize] = true;
    stops[b':' as usize] = true;
    stops[b'#' as usize] = true;
    stops
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let text = b"            a: b # c\n\n  long enough for several steps\nx";
        for from in 0..=text.len() {
            let next = |is: &dyn Fn(u8) -> bool| {
                text[from..].iter().position(|b| is(*b)).map_or(text.len(), |at| from + at)
            };
            assert_eq!(past_spaces(text, from), next(&|b| b != b' '), "{from}");
            assert_eq!(line_end(text, from), next(&|b| b == b'\n'), "{from}");
            assert_eq!(plain_stop(text, from), next(&|b| b"\n:#".contains(&b)), "{from}");
        }
        assert_eq!((before_spaces(b"ab  ", 0, 4), before_spaces(b"   ", 1, 3)), (2, 1));
    }
}
