//! Lua's patterns, with every step charged.
//!
//! Lua's own matcher runs in one instruction, so nothing could stop `("a"):rep(1e4):find(".-.-.-.-b")`.
//! This one follows the reference manual (§6.4.1 of Lua 5.4) and pays for each comparison.

use crate::limits::Meter;

/// How deep a pattern may nest its repetitions.
const DEPTH: u32 = 200;
/// Captures in a pattern, as Lua.
const CAPTURES: usize = 32;

/// What a pair of parentheses holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Capture {
    /// Not closed yet.
    Open(usize),
    /// `()`: the place itself.
    Position(usize),
    /// From, to.
    Range(usize, usize),
}

/// One pattern on one text.
pub(crate) struct Matcher<'a> {
    text: &'a [u8],
    pattern: &'a [u8],
    meter: &'a Meter,
    pub(crate) captures: Vec<Capture>,
    depth: u32,
}

type Found = mlua::Result<Option<usize>>;

fn malformed(what: &str) -> mlua::Error {
    mlua::Error::runtime(format!("malformed pattern ({what})"))
}

impl<'a> Matcher<'a> {
    pub(crate) fn new(text: &'a [u8], pattern: &'a [u8], meter: &'a Meter) -> Self {
        Self { text, pattern, meter, captures: Vec::new(), depth: 0 }
    }

    /// The end of a match that begins exactly at `start`.
    pub(crate) fn match_at(&mut self, start: usize) -> Found {
        self.captures.clear();
        self.depth = 0;
        self.run(start, 0)
    }

    /// The first match from `start` on: begin and end. `anchored` looks at `start` only.
    pub(crate) fn search(&mut self, start: usize, anchored: bool) -> mlua::Result<Option<(usize, usize)>> {
        for at in start..=self.text.len() {
            if let Some(end) = self.match_at(at)? {
                return Ok(Some((at, end)));
            }
            if anchored {
                break;
            }
        }
        Ok(None)
    }

    fn run(&mut self, s: usize, p: usize) -> Found {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(mlua::Error::runtime("pattern too complex"));
        }
        let found = self.sequence(s, p);
        self.depth -= 1;
        found
    }

    fn sequence(&mut self, mut s: usize, mut p: usize) -> Found {
        loop {
            self.meter.charge(1)?;
            let Some(&byte) = self.pattern.get(p) else { return Ok(Some(s)) };
            match (byte, self.pattern.get(p + 1)) {
                (b'(', Some(b')')) => return self.open(s, p + 2, Capture::Position(s)),
                (b'(', _) => return self.open(s, p + 1, Capture::Open(s)),
                (b')', _) => return self.close(s, p + 1),
                (b'$', None) => return Ok((s == self.text.len()).then_some(s)),
                (b'%', Some(b'b')) => match self.balance(s, p + 2)? {
                    Some(end) => (s, p) = (end, p + 4),
                    None => return Ok(None),
                },
                (b'%', Some(b'f')) => match self.frontier(s, p + 2)? {
                    Some(next) => p = next,
                    None => return Ok(None),
                },
                (b'%', Some(digit @ b'0'..=b'9')) => match self.back_reference(s, *digit)? {
                    Some(end) => (s, p) = (end, p + 2),
                    None => return Ok(None),
                },
                _ => {
                    let next = self.class_end(p)?;
                    match self.pattern.get(next) {
                        Some(b'?') => {
                            if self.single(s, p, next)?
                                && let Some(end) = self.run(s + 1, next + 1)?
                            {
                                return Ok(Some(end));
                            }
                            p = next + 1;
                        }
                        Some(b'+') => {
                            return if self.single(s, p, next)? {
                                self.greedy(s + 1, p, next)
                            } else {
                                Ok(None)
                            };
                        }
                        Some(b'*') => return self.greedy(s, p, next),
                        Some(b'-') => return self.lazy(s, p, next),
                        _ if self.single(s, p, next)? => (s, p) = (s + 1, next),
                        _ => return Ok(None),
                    }
                }
            }
        }
    }

    fn greedy(&mut self, s: usize, p: usize, next: usize) -> Found {
        let mut count = 0;
        while self.single(s + count, p, next)? {
            count += 1;
        }
        loop {
            if let Some(end) = self.run(s + count, next + 1)? {
                return Ok(Some(end));
            }
            if count == 0 {
                return Ok(None);
            }
            count -= 1;
        }
    }

    fn lazy(&mut self, mut s: usize, p: usize, next: usize) -> Found {
        loop {
            if let Some(end) = self.run(s, next + 1)? {
                return Ok(Some(end));
            }
            if !self.single(s, p, next)? {
                return Ok(None);
            }
            s += 1;
        }
    }

    fn open(&mut self, s: usize, p: usize, capture: Capture) -> Found {
        if self.captures.len() >= CAPTURES {
            return Err(mlua::Error::runtime("too many captures"));
        }
        let depth = self.captures.len();
        self.captures.push(capture);
        let found = self.run(s, p)?;
        if found.is_none() {
            self.captures.truncate(depth);
        }
        Ok(found)
    }

    fn close(&mut self, s: usize, p: usize) -> Found {
        let open = self.captures.iter().rposition(|c| matches!(c, Capture::Open(_)));
        let Some((index, Capture::Open(start))) = open.map(|i| (i, self.captures[i])) else {
            return Err(mlua::Error::runtime("invalid pattern capture"));
        };
        self.captures[index] = Capture::Range(start, s);
        let found = self.run(s, p)?;
        if found.is_none() {
            self.captures[index] = Capture::Open(start);
        }
        Ok(found)
    }

    fn balance(&mut self, s: usize, p: usize) -> Found {
        let (Some(&begin), Some(&end)) = (self.pattern.get(p), self.pattern.get(p + 1)) else {
            return Err(malformed("missing arguments to '%b'"));
        };
        if self.text.get(s) != Some(&begin) {
            return Ok(None);
        }
        let mut level = 1_u32;
        for (offset, byte) in self.text.get(s + 1..).unwrap_or_default().iter().enumerate() {
            self.meter.charge(1)?;
            if *byte == end {
                level -= 1;
                if level == 0 {
                    return Ok(Some(s + offset + 2));
                }
            } else if *byte == begin {
                level += 1;
            }
        }
        Ok(None)
    }

    fn frontier(&mut self, s: usize, p: usize) -> Found {
        if self.pattern.get(p) != Some(&b'[') {
            return Err(malformed("missing '[' after '%f'"));
        }
        let next = self.class_end(p)?;
        let before = s.checked_sub(1).and_then(|i| self.text.get(i)).copied().unwrap_or(0);
        let here = self.text.get(s).copied().unwrap_or(0);
        Ok((!self.set_has(before, p, next) && self.set_has(here, p, next)).then_some(next))
    }

    fn back_reference(&mut self, s: usize, digit: u8) -> Found {
        let index = usize::from(digit).checked_sub(usize::from(b'1'));
        let Some(Capture::Range(from, to)) = index.and_then(|i| self.captures.get(i)).copied() else {
            return Err(mlua::Error::runtime("invalid capture index"));
        };
        self.meter.charge((to - from) as u64)?;
        let said = self.text.get(from..to).unwrap_or_default();
        Ok(self.text.get(s..).is_some_and(|rest| rest.starts_with(said)).then_some(s + said.len()))
    }

    /// Where the class that begins at `p` ends.
    fn class_end(&self, p: usize) -> mlua::Result<usize> {
        match self.pattern.get(p) {
            Some(b'%') if p + 1 >= self.pattern.len() => Err(malformed("ends with '%'")),
            Some(b'%') => Ok(p + 2),
            Some(b'[') => {
                let mut at = p + 1 + usize::from(self.pattern.get(p + 1) == Some(&b'^'));
                let mut first = true;
                loop {
                    match self.pattern.get(at) {
                        None => return Err(malformed("missing ']'")),
                        Some(b']') if !first => return Ok(at + 1),
                        Some(b'%') => at += 2,
                        Some(_) => at += 1,
                    }
                    first = false;
                }
            }
            _ => Ok(p + 1),
        }
    }

    fn single(&self, s: usize, p: usize, next: usize) -> mlua::Result<bool> {
        self.meter.charge(1)?;
        let Some(&byte) = self.text.get(s) else { return Ok(false) };
        Ok(match self.pattern[p] {
            b'.' => true,
            b'%' => class_has(byte, self.pattern[p + 1]),
            b'[' => {
                self.meter.charge((next - p) as u64 / 4)?;
                self.set_has(byte, p, next)
            }
            literal => literal == byte,
        })
    }

    /// Whether the set at `p..next`, brackets included, has the byte.
    fn set_has(&self, byte: u8, p: usize, next: usize) -> bool {
        let mut set = self.pattern.get(p + 1..next - 1).unwrap_or_default();
        let negated = set.first() == Some(&b'^');
        if negated {
            set = &set[1..];
        }
        let mut found = false;
        while let [first, rest @ ..] = set {
            set = match (first, rest) {
                (b'%', [class, rest @ ..]) => {
                    found |= class_has(byte, *class);
                    rest
                }
                (low, [b'-', high, rest @ ..]) => {
                    found |= (*low..=*high).contains(&byte);
                    rest
                }
                _ => {
                    found |= *first == byte;
                    rest
                }
            };
        }
        found != negated
    }
}

/// `%a`, `%d`, …; the upper case letter is the complement; anything else stands for itself.
fn class_has(byte: u8, class: u8) -> bool {
    let has = match class.to_ascii_lowercase() {
        b'a' => byte.is_ascii_alphabetic(),
        b'c' => byte.is_ascii_control(),
        b'd' => byte.is_ascii_digit(),
        b'g' => byte.is_ascii_graphic(),
        b'l' => byte.is_ascii_lowercase(),
        b'p' => byte.is_ascii_punctuation(),
        b's' => byte.is_ascii_whitespace() || byte == 0x0b,
        b'u' => byte.is_ascii_uppercase(),
        b'w' => byte.is_ascii_alphanumeric(),
        b'x' => byte.is_ascii_hexdigit(),
        b'z' => byte == 0,
        _ => return class == byte,
    };
    has != class.is_ascii_uppercase()
}
