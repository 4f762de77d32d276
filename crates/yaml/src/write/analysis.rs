//! Which styles a string may be written in.

/// What go-yaml v2 finds in a string before it chooses a style.
#[derive(Clone, Copy, Debug)]
pub(super) struct Analysis {
    /// It has a line break of any kind.
    pub(super) multiline: bool,
    /// It may stand without quotes in block style.
    pub(super) plain: bool,
    /// It may stand in single quotes.
    pub(super) single: bool,
    /// It may stand in a block scalar.
    pub(super) block: bool,
}

/// What a scan over the characters gathers.
#[derive(Default)]
struct Seen {
    indicator: bool,
    special: bool,
    breaks: bool,
    break_space: bool,
    space_break: bool,
}

impl Analysis {
    pub(super) fn of(text: &str) -> Self {
        let seen = scan(text);
        let outer_break = text.starts_with(is_break) || text.ends_with(is_break);
        let outer_space = text.starts_with(' ') || text.ends_with(' ');
        let escaped = seen.space_break || seen.special;
        Self {
            multiline: seen.breaks,
            plain: !(outer_break
                || outer_space
                || seen.break_space
                || escaped
                || seen.breaks
                || seen.indicator),
            single: !(seen.break_space || escaped),
            block: !text.is_empty() && !text.ends_with(' ') && !escaped,
        }
    }
}

fn scan(text: &str) -> Seen {
    let mut seen = Seen { indicator: text.starts_with("---") || text.starts_with("..."), ..Seen::default() };
    let (mut after_space, mut after_break) = (false, false);
    let mut after_blank = true;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let before_blank = chars.peek().is_none_or(|(_, next)| is_blank(*next));
        seen.indicator |= match c {
            '#' => at == 0 || after_blank,
            ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => {
                at == 0
            }
            '?' | '-' => at == 0 && before_blank,
            ':' => before_blank,
            _ => false,
        };
        seen.special |= !is_printable(c);
        let (space, line_break) = (c == ' ', is_break(c));
        seen.breaks |= line_break;
        seen.break_space |= space && after_break;
        seen.space_break |= line_break && after_space;
        (after_space, after_break) = (space, line_break);
        after_blank = is_blank(c) || line_break || c == '\0';
    }
    seen
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

/// YAML 1.1's line breaks.
pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// go-yaml v2's set: no tab, nothing beyond the basic plane.
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\n' | '\u{20}'..='\u{7e}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && c != '\u{feff}'
}
