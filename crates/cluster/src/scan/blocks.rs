//! Where a map or list of JSON ends, found 64 bytes at a time.

/// Bytes looked at together: a bit each in a word.
const BLOCK: usize = 64;

/// Which bytes of a block are of interest, a bit a byte, the first byte lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Marks {
    quotes: u64,
    backslashes: u64,
    opens: u64,
    closes: u64,
}

/// The end of the map or list that begins at `at`, by its brackets alone: what stands between them is not read.
/// `None` if it does not end.
pub(super) fn end_of_brackets(json: &[u8], at: usize) -> Option<usize> {
    if matches!(json.get(at + 1), Some(b'}' | b']')) {
        return Some(at + 2);
    }
    let (mut depth, mut in_text, mut is_escaped) = (0_u32, 0, 0);
    for (number, part) in json.get(at..)?.chunks(BLOCK).enumerate() {
        let mut marks = match part.first_chunk() {
            Some(block) => marks(block),
            None => {
                let mut padded = [b' '; BLOCK];
                padded.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
                marks(&padded)
            }
        };
        marks.quotes &= !escaped(marks.backslashes, &mut is_escaped);
        let text = within(marks.quotes) ^ in_text;
        // All ones if the block ends within a text.
        in_text = 0_u64.wrapping_sub(text >> 63);
        let (opens, closes) = (marks.opens & !text, marks.closes & !text);
        if depth > closes.count_ones() {
            depth = depth + opens.count_ones() - closes.count_ones();
            continue;
        }
        let mut both = opens | closes;
        while both != 0 {
            let bit = both.trailing_zeros();
            both &= both - 1;
            if opens >> bit & 1 == 1 {
                depth += 1;
                continue;
            }
            depth -= 1;
            if depth == 0 {
                return Some(at + number * BLOCK + bit as usize + 1);
            }
        }
    }
    None
}

/// The bytes that a backslash before them escapes. `carry` is 1 if the first byte of the next block is one.
fn escaped(backslashes: u64, carry: &mut u64) -> u64 {
    if backslashes | *carry == 0 {
        return 0;
    }
    const EVEN: u64 = 0x5555_5555_5555_5555;
    // A backslash that is escaped itself escapes nothing: of a run every second one counts. A run's parity is that of
    // its first place, which an addition carries to the run's end.
    let backslashes = backslashes & !*carry;
    let after = backslashes << 1 | *carry;
    let odd_starts = backslashes & !EVEN & !after;
    let (ends, overflow) = odd_starts.overflowing_add(backslashes);
    *carry = u64::from(overflow);
    (EVEN ^ (ends << 1)) & after
}

/// The bits from each odd quote up to the next: what is within texts.
fn within(quotes: u64) -> u64 {
    let mut bits = quotes;
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

fn marks(block: &[u8; BLOCK]) -> Marks {
    // `[` and `{`, `]` and `}` differ in this bit alone; what else is made equal by it is no printable character.
    let folded = block.map(|byte| byte | 0x20);
    Marks {
        quotes: equal(block, b'"'),
        backslashes: equal(block, b'\\'),
        opens: equal(&folded, b'{'),
        closes: equal(&folded, b'}'),
    }
}

/// Where a byte stands, a bit a place.
#[inline]
fn equal(block: &[u8; BLOCK], byte: u8) -> u64 {
    // Moves the low bits of eight bytes next to each other into the highest byte.
    const TOGETHER: u64 = 0x0102_0408_1020_4080;
    const HIGHEST: u64 = 0xff << 56;
    let ones = block.map(|other| u8::from(other == byte));
    let words = ones.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word));
    // Each part is moved by itself: to shift them in one after the other is one instruction, but a slow one.
    words
        .enumerate()
        .fold(0, |bits, (at, word)| bits | (word.wrapping_mul(TOGETHER) & HIGHEST) >> (56 - 8 * at))
}

#[cfg(test)]
fn one_by_one(block: &[u8; BLOCK]) -> Marks {
    let mut marks = Marks::default();
    for (at, byte) in block.iter().enumerate() {
        let place = match byte {
            b'"' => &mut marks.quotes,
            b'\\' => &mut marks.backslashes,
            b'{' | b'[' => &mut marks.opens,
            b'}' | b']' => &mut marks.closes,
            _ => continue,
        };
        *place |= 1 << at;
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same, byte by byte.
    fn slowly(json: &[u8], at: usize) -> Option<usize> {
        let (mut depth, mut in_text, mut is_escaped) = (0, false, false);
        for (place, byte) in json.iter().enumerate().skip(at) {
            let was_escaped = std::mem::replace(&mut is_escaped, false);
            match byte {
                b'\\' => is_escaped = !was_escaped,
                b'"' if !was_escaped => in_text = !in_text,
                b'{' | b'[' if !in_text => depth += 1,
                b'}' | b']' if !in_text => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(place + 1);
                    }
                }
                _ => {}
            }
        }
        None
    }

    #[test]
    fn ends_are_found_whatever_stands_between_and_wherever_blocks_end() {
        let mut state = 7_u64;
        let mut below = |end: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % end
        };
        let mut ended = 0;
        for _ in 0..20_000 {
            let length = below(400);
            let json: Vec<u8> = b"{{"
                .iter()
                .copied()
                .chain((0..length).map(|_| b"{}[]\"\\\\\\\"\"aaaaaaaaaaaa:, "[below(25)]))
                .collect();
            let expect = slowly(&json, 1);
            assert_eq!(end_of_brackets(&json, 1), expect, "{}", String::from_utf8_lossy(&json));
            ended += usize::from(expect.is_some());
        }
        assert!(ended > 2_000, "{ended}");
    }

    #[test]
    fn both_ways_to_mark_a_block_agree() {
        for start in 0..=u8::MAX {
            let block: [u8; BLOCK] = std::array::from_fn(|at| start.wrapping_add((at * 5) as u8));
            assert_eq!(marks(&block), one_by_one(&block));
        }
    }
}
