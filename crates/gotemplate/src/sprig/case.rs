//! Upper, lower and mixed case.

use super::{S, fixed, made, made_bytes};
use crate::functions::Entry;
use crate::parse::{decode, is_digit, is_go_space, is_letter};
use crate::{Call, Failure, Str, Value};
use unicode_general_category::{GeneralCategory as Category, get_general_category};

pub(super) const FUNCTIONS: &[Entry] = &[
    ("upper", fixed(&[S]), |call| mapped(call, |c| c.to_ascii_uppercase(), upper)),
    ("lower", fixed(&[S]), |call| mapped(call, |c| c.to_ascii_lowercase(), lower)),
    ("title", fixed(&[S]), title),
    ("untitle", fixed(&[S]), untitle),
    ("swapcase", fixed(&[S]), swap_case),
    ("snakecase", fixed(&[S]), |call| {
        let text = to_words(call.text(0).as_bytes(), '_');
        made_bytes(call, text)
    }),
    ("kebabcase", fixed(&[S]), |call| {
        let text = to_words(call.text(0).as_bytes(), '-');
        made_bytes(call, text)
    }),
    ("camelcase", fixed(&[S]), |call| {
        let text = pascal(&call.text(0).to_text());
        made(call, text)
    }),
];

/// The one upper-case letter; letters that would become several stay, as Go's simple mapping has them.
fn upper(c: char) -> char {
    let mut mapped = c.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

fn lower(c: char) -> char {
    let mut mapped = c.to_lowercase();
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        // The dotted capital I becomes a plain i.
        (Some(one), Some(_)) => one,
        _ => c,
    }
}

/// Digraphs have a title case of their own.
fn title_of(c: char) -> char {
    match c {
        'Ǆ'..='ǆ' => 'ǅ',
        'Ǉ'..='ǉ' => 'ǈ',
        'Ǌ'..='ǌ' => 'ǋ',
        'Ǳ'..='ǳ' => 'ǲ',
        c => upper(c),
    }
}

fn is_upper(c: char) -> bool {
    get_general_category(c) == Category::UppercaseLetter
}

fn mapped(call: &mut Call<'_>, ascii: fn(&u8) -> u8, other: fn(char) -> char) -> Result<Value, Failure> {
    let text = call.text(0);
    if text.as_bytes().is_ascii() {
        let bytes: Vec<u8> = text.as_bytes().iter().map(ascii).collect();
        if bytes == text.as_bytes() {
            return Ok(Value::String(text.clone()));
        }
        return made_bytes(call, bytes);
    }
    let text: String = text.to_text().chars().map(other).collect();
    made(call, text)
}

fn title(call: &mut Call<'_>) -> Result<Value, Failure> {
    let mut before = ' ';
    let text = call.text(0).to_text();
    let out: String = text
        .chars()
        .map(|c| {
            let begins = match before {
                '_' => false,
                c if c.is_ascii() => !c.is_ascii_alphanumeric(),
                c => !(is_letter(c) || is_digit(c)) && is_go_space(c),
            };
            before = c;
            if begins { title_of(c) } else { c }
        })
        .collect();
    made(call, out)
}

fn untitle(call: &mut Call<'_>) -> Result<Value, Failure> {
    let mut next = true;
    let text = call.text(0).to_text();
    let out: String = text
        .chars()
        .map(|c| {
            if is_go_space(c) {
                next = true;
                c
            } else if std::mem::take(&mut next) {
                lower(c)
            } else {
                c
            }
        })
        .collect();
    made(call, out)
}

fn swap_case(call: &mut Call<'_>) -> Result<Value, Failure> {
    let mut after_space = true;
    let text = call.text(0).to_text();
    let out: String = text
        .chars()
        .map(|c| match get_general_category(c) {
            Category::UppercaseLetter | Category::TitlecaseLetter => {
                after_space = false;
                lower(c)
            }
            Category::LowercaseLetter if std::mem::take(&mut after_space) => title_of(c),
            Category::LowercaseLetter => upper(c),
            _ => {
                after_space = is_go_space(c);
                c
            }
        })
        .collect();
    made(call, out)
}

fn is_connector(c: char) -> bool {
    c == '-' || c == '_' || is_go_space(c)
}

/// xstrings' `ToPascalCase`: `http_server` is `HttpServer`.
fn pascal(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let Some(start) = chars.iter().position(|c| !is_connector(*c)) else {
        // xstrings writes the last connector twice.
        return text.chars().chain(text.chars().next_back()).collect();
    };
    let mut out: String = chars[..start].iter().collect();
    let mut first_upper = is_upper(chars[start]);
    let mut last = upper(chars[start]);
    for c in &chars[start + 1..] {
        let (before, mut c) = (last, *c);
        last = c;
        if is_connector(c) && is_connector(before) {
            out.push(before);
            continue;
        }
        if is_connector(before) {
            first_upper = is_upper(c);
            c = upper(c);
        } else {
            if first_upper {
                if is_upper(c) {
                    c = lower(c);
                } else {
                    first_upper = false;
                }
            }
            out.push(before);
        }
        last = c;
    }
    out.push(last);
    out
}

/// The kinds of pieces that xstrings cuts a name into.
#[derive(Clone, Copy, PartialEq)]
enum Word {
    Invalid,
    Number,
    Upper,
    Alphabet,
    Connector,
    Punctuation,
    Other,
}

fn is_punctuation(c: char) -> bool {
    use Category as C;
    matches!(
        get_general_category(c),
        C::ConnectorPunctuation
            | C::DashPunctuation
            | C::OpenPunctuation
            | C::ClosePunctuation
            | C::InitialPunctuation
            | C::FinalPunctuation
            | C::OtherPunctuation
    )
}

fn is_number(c: char) -> bool {
    matches!(
        get_general_category(c),
        Category::DecimalNumber | Category::LetterNumber | Category::OtherNumber
    )
}

/// Letters of alphabets: not those of Chinese, Japanese and Korean that stand for words.
fn is_alphabet(c: char) -> bool {
    is_letter(c)
        && !matches!(c, '\u{4e00}'..='\u{9fcc}' | '\u{3400}'..='\u{4d85}' | '\u{20000}'..='\u{2b81d}')
}

/// The first piece of a name.
fn next_word(text: &[u8]) -> (Word, usize) {
    let Some((first, width)) = decode(text) else { return (Word::Invalid, 0) };
    let run = |from: usize, keep: &dyn Fn(char) -> bool| {
        let mut at = from;
        while let Some((c, width)) = decode(&text[at..]).filter(|(c, _)| keep(*c)) {
            let _ = c;
            at += width;
        }
        at
    };
    match first {
        c if is_connector(c) => (Word::Connector, run(width, &is_connector)),
        c if is_punctuation(c) => (Word::Punctuation, run(width, &is_punctuation)),
        c if is_upper(c) => (Word::Upper, upper_word(text, width, &run)),
        c if is_alphabet(c) => (Word::Alphabet, run(width, &|c| is_alphabet(c) && !is_upper(c))),
        c if is_number(c) => (Word::Number, run(width, &is_number)),
        _ => {
            let other = |c: char| !(is_connector(c) || is_alphabet(c) || is_number(c) || is_punctuation(c));
            (Word::Other, run(width, &other))
        }
    }
}

/// The end of the run of characters that a test keeps, from a place on.
type Run<'r> = dyn Fn(usize, &dyn Fn(char) -> bool) -> usize + 'r;

/// `HTTPServer` begins with `HTTP`, `Server` with itself.
fn upper_word(text: &[u8], width: usize, run: &Run<'_>) -> usize {
    match decode(&text[width..]) {
        Some((c, _)) if is_upper(c) => {
            let end = run(width, &is_upper);
            match decode(&text[end..]) {
                Some((c, _)) if is_alphabet(c) => {
                    let last = std::str::from_utf8(&text[..end]).ok().and_then(|t| t.chars().next_back());
                    end - last.map_or(1, char::len_utf8)
                }
                _ => end,
            }
        }
        Some((c, _)) if is_alphabet(c) => run(width, &|c| is_alphabet(c) && !is_upper(c)),
        _ => width,
    }
}

/// xstrings' `ToSnakeCase` and `ToKebabCase`.
fn to_words(text: &[u8], connector: char) -> Vec<u8> {
    let text = Str::from_bytes(text);
    let text = text.to_text();
    let text = text.as_bytes();
    let mut pieces = Pieces { text, at: 0, out: String::new(), connector };
    let (mut kind, mut word) = pieces.next();
    while pieces.at < text.len() {
        if kind != Word::Connector {
            pieces.write(kind, word);
        }
        let (previous, last) = (kind, word);
        (kind, word) = pieces.next();
        match previous {
            Word::Number => {
                while matches!(kind, Word::Alphabet | Word::Number) {
                    pieces.write(kind, word);
                    (kind, word) = pieces.next();
                }
                if !matches!(kind, Word::Invalid | Word::Punctuation | Word::Connector) {
                    pieces.out.push(connector);
                }
            }
            Word::Connector => pieces.write(previous, last),
            Word::Punctuation => {}
            _ if kind != Word::Number => {
                if !matches!(kind, Word::Connector | Word::Punctuation) {
                    pieces.out.push(connector);
                }
            }
            _ if pieces.at >= text.len() => {}
            _ => (kind, word) = pieces.after_number(word),
        }
    }
    pieces.write(kind, word);
    pieces.out.into_bytes()
}

struct Pieces<'t> {
    text: &'t [u8],
    at: usize,
    out: String,
    connector: char,
}

impl<'t> Pieces<'t> {
    fn next(&mut self) -> (Word, &'t [u8]) {
        let rest = &self.text[self.at..];
        let (kind, len) = next_word(rest);
        self.at += len;
        (kind, &rest[..len])
    }

    fn write(&mut self, kind: Word, word: &[u8]) {
        let text = String::from_utf8_lossy(word);
        if !matches!(kind, Word::Upper | Word::Connector) {
            self.out.push_str(&text);
            return;
        }
        let connector = self.connector;
        self.out.extend(text.chars().map(|c| {
            if is_connector(c) {
                connector
            } else if is_upper(c) {
                lower(c)
            } else {
                c
            }
        }));
    }

    /// A number after a word: it goes with what follows, if that is lower case.
    fn after_number(&mut self, number: &'t [u8]) -> (Word, &'t [u8]) {
        let (mut kind, mut word) = self.next();
        if kind != Word::Alphabet {
            self.write(Word::Number, number);
            if !matches!(kind, Word::Connector | Word::Punctuation) {
                self.out.push(self.connector);
            }
            return (kind, word);
        }
        self.out.push(self.connector);
        self.write(Word::Number, number);
        while matches!(kind, Word::Alphabet | Word::Number) {
            self.write(kind, word);
            (kind, word) = self.next();
        }
        if !matches!(kind, Word::Invalid | Word::Connector | Word::Punctuation) {
            self.out.push(self.connector);
        }
        (kind, word)
    }
}
