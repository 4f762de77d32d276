//! JSON as it came: pieces of it found without decoding it.

mod blocks;
mod identity;
mod page;

pub(crate) use identity::{Identity, identity, without_managers};
pub use page::{Page, event_parts};

/// A place in JSON text. Steps answer `None` where the text is not as expected; then a decoder has to read it.
pub(crate) struct Scan<'a> {
    pub(crate) json: &'a [u8],
    pub(crate) at: usize,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(json: &'a [u8]) -> Self {
        Self { json, at: 0 }
    }

    /// The next byte that is no space.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.json.get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    #[inline]
    pub(crate) fn enter(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    /// Goes past the comma between two entries; `None` at the end of the map or list.
    #[inline]
    pub(crate) fn next_entry(&mut self) -> Option<()> {
        self.enter(b',')
    }

    #[inline]
    pub(crate) fn key(&mut self) -> Option<&'a [u8]> {
        let key = self.text()?;
        self.enter(b':')?;
        Some(key)
    }

    /// A string without escapes.
    #[inline]
    pub(crate) fn text(&mut self) -> Option<&'a [u8]> {
        self.enter(b'"')?;
        let rest = self.json.get(self.at..)?;
        let end = quote_or_backslash(rest)?;
        let text = rest.get(..end)?;
        self.at += end + 1;
        (rest.get(end) == Some(&b'"')).then_some(text)
    }

    /// The bytes of a value.
    pub(crate) fn value(&mut self) -> Option<&'a [u8]> {
        self.peek()?;
        let start = self.at;
        self.skip()?;
        self.json.get(start..self.at)
    }

    /// Goes past a value. What stands within brackets is not read.
    pub(crate) fn skip(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.skip_text(),
            b'{' | b'[' => {
                self.at = blocks::end_of_brackets(self.json, self.at)?;
                Some(())
            }
            _ => self.word().map(drop),
        }
    }

    fn skip_text(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            let rest = self.json.get(self.at..)?;
            let end = quote_or_backslash(rest)?;
            if rest.get(end) == Some(&b'"') {
                self.at += end + 1;
                return Some(());
            }
            self.at += end + 2;
        }
    }

    /// A number, `true`, `false` or `null`.
    pub(crate) fn word(&mut self) -> Option<&'a [u8]> {
        let rest = self.json.get(self.at..)?;
        let is_end = |byte: &u8| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace();
        let end = rest.iter().position(is_end).filter(|end| *end > 0)?;
        self.at += end;
        rest.get(..end)
    }
}

/// Where the first quote or backslash stands.
#[inline]
fn quote_or_backslash(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const QUOTES: u64 = u64::from_le_bytes([b'"'; 8]);
    const BACKSLASHES: u64 = u64::from_le_bytes([b'\\'; 8]);
    const HIGH: u64 = ONES << 7;
    // The lowest bit that is set stands in the first byte that is zero.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let (words, rest) = bytes.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = zeros(word ^ QUOTES) | zeros(word ^ BACKSLASHES);
        if found != 0 {
            return Some(number * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let found = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
    Some(words.len() * 8 + found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_backslashes_are_found_wherever_they_stand() {
        for length in 0..40 {
            let mut text = vec![0xa2; length];
            assert_eq!(quote_or_backslash(&text), None);
            for at in (0..length).rev() {
                text[at] = [b'"', b'\\'][at % 2];
                assert_eq!(quote_or_backslash(&text), Some(at));
            }
        }
    }
}
