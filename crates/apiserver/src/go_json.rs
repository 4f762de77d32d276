//! Whether bytes are JSON, in the words of Go's decoder.

/// Checks that bytes are one JSON object.
///
/// # Errors
/// Go's message: `invalid character 'o' in literal null (expecting 'u')`.
pub(crate) fn check_object(bytes: &[u8]) -> Result<(), String> {
    let mut scan = Scan::of(bytes);
    scan.value(0)?;
    scan.blanks();
    if let Some(c) = scan.peek() {
        return Err(format!("invalid character {} after top-level value", quoted(c)));
    }
    let kind = match bytes.iter().find(|b| !b.is_ascii_whitespace()) {
        Some(b'{') | Some(b'n') => return Ok(()),
        Some(b'[') => "array",
        Some(b'"') => "string",
        Some(b't' | b'f') => "bool",
        _ => "number",
    };
    Err(format!("json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"))
}

/// Checks that bytes are JSON.
///
/// # Errors
/// Go's message.
pub(crate) fn check(bytes: &[u8]) -> Result<(), String> {
    let mut scan = Scan::of(bytes);
    scan.value(0)?;
    scan.blanks();
    match scan.peek() {
        Some(c) => Err(format!("invalid character {} after top-level value", quoted(c))),
        None => Ok(()),
    }
}

/// The paths of fields that stand twice in their map, in order.
pub(crate) fn duplicates(bytes: &[u8]) -> Vec<String> {
    let mut scan = Scan::of(bytes);
    match scan.value(0) {
        Ok(()) => scan.twice,
        Err(_) => Vec::new(),
    }
}

/// The paths of all fields, in the order in which they stand.
pub(crate) fn fields(bytes: &[u8]) -> Vec<String> {
    let mut scan = Scan { all: Some(Vec::new()), ..Scan::of(bytes) };
    match scan.value(0) {
        Ok(()) => scan.all.unwrap_or_default(),
        Err(_) => Vec::new(),
    }
}

/// How deep Go's decoder goes.
const DEPTH: usize = 500;

struct Scan<'b> {
    bytes: &'b [u8],
    at: usize,
    path: Vec<String>,
    twice: Vec<String>,
    /// All fields, if they are asked for.
    all: Option<Vec<String>>,
}

impl<'b> Scan<'b> {
    fn of(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0, path: Vec::new(), twice: Vec::new(), all: None }
    }
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|b| b" \t\r\n".contains(&b)) {
            self.at += 1;
        }
    }

    fn next(&mut self) -> Result<u8, String> {
        let c = self.peek().ok_or_else(|| "unexpected end of JSON input".to_owned())?;
        self.at += 1;
        Ok(c)
    }

    fn value(&mut self, depth: usize) -> Result<(), String> {
        if depth > DEPTH {
            return Err("exceeded max depth".to_owned());
        }
        self.blanks();
        match self.next()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => self.string(),
            b'n' => self.literal("null"),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'-' => match self.next()? {
                c if c.is_ascii_digit() => self.number(),
                c => Err(format!("invalid character {} in numeric literal", quoted(c))),
            },
            c if c.is_ascii_digit() => self.number(),
            c => Err(format!("invalid character {} looking for beginning of value", quoted(c))),
        }
    }

    fn literal(&mut self, word: &str) -> Result<(), String> {
        for want in word.bytes().skip(1) {
            let c = self.next()?;
            if c != want {
                return Err(format!(
                    "invalid character {} in literal {word} (expecting {})",
                    quoted(c),
                    quoted(want)
                ));
            }
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), String> {
        while self.peek().is_some_and(|b| b.is_ascii_digit() || b".eE+-".contains(&b)) {
            self.at += 1;
        }
        Ok(())
    }

    fn string(&mut self) -> Result<(), String> {
        loop {
            match self.next()? {
                b'"' => return Ok(()),
                b'\\' => match self.next()? {
                    c if b"\"\\/bfnrtu".contains(&c) => {}
                    c => return Err(format!("invalid character {} in string escape code", quoted(c))),
                },
                c if c < 0x20 => return Err(format!("invalid character {} in string literal", quoted(c))),
                _ => {}
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), String> {
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        for i in 0_usize.. {
            self.path.push(format!("[{i}]"));
            self.value(depth + 1)?;
            self.path.pop();
            self.blanks();
            match self.next()? {
                b',' => {}
                b']' => return Ok(()),
                c => return Err(format!("invalid character {} after array element", quoted(c))),
            }
        }
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Result<(), String> {
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        let mut keys = std::collections::BTreeSet::new();
        loop {
            self.blanks();
            let start = self.at + 1;
            match self.next()? {
                b'"' => self.string()?,
                c => {
                    return Err(format!(
                        "invalid character {} looking for beginning of object key string",
                        quoted(c)
                    ));
                }
            }
            let end = self.at - 1;
            self.blanks();
            match self.next()? {
                b':' => {}
                c => return Err(format!("invalid character {} after object key", quoted(c))),
            }
            let key = String::from_utf8_lossy(self.bytes.get(start..end).unwrap_or_default()).into_owned();
            let lead = if self.path.is_empty() { "" } else { "." };
            self.path.push(format!("{lead}{key}"));
            if let Some(all) = &mut self.all {
                all.push(self.path.concat());
            }
            if !keys.insert(key) {
                self.twice.push(self.path.concat());
            }
            self.value(depth + 1)?;
            self.path.pop();
            self.blanks();
            match self.next()? {
                b',' => {}
                b'}' => return Ok(()),
                c => return Err(format!("invalid character {} after object key:value pair", quoted(c))),
            }
        }
    }
}

/// A character as Go quotes it.
fn quoted(c: u8) -> String {
    match c {
        b'\'' => r"'\''".to_owned(),
        b'"' => "'\"'".to_owned(),
        b'\n' => r"'\n'".to_owned(),
        b'\t' => r"'\t'".to_owned(),
        c if c.is_ascii_graphic() || c == b' ' => format!("'{}'", char::from(c)),
        c if c < 0x80 => format!("'\\x{c:02x}'"),
        c => format!("'{}'", char::from(c)),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn messages_are_gos() {
        let check = |text: &str, expect: &str| {
            assert_eq!(super::check_object(text.as_bytes()).err().unwrap_or_default(), expect, "{text}");
        };
        check("{\"a\": [1, null, \"x\"]}", "");
        check("no", "invalid character 'o' in literal null (expecting 'u')");
        check("", "unexpected end of JSON input");
        check("[]", "json: cannot unmarshal array into Go value of type map[string]interface {}");
        check("{a}", "invalid character 'a' looking for beginning of object key string");
    }
}
