//! Trees out of the events of a YAML 1.2 parser.

use std::ops::Range;

use granit_parser::{Event, Parser, StructureStyle};

use super::{Anchor, Comment, Extras, Node, NodeKind, ScalarStyle, Span, Tag};
use crate::error::{Error, ErrorKind};
use crate::read::{Options, check_size};

/// Reads every document of a text into trees, one for each that has a node.
///
/// # Errors
/// If the text is no YAML or beyond the budget.
pub fn nodes(text: &str, options: &Options) -> Result<Vec<Node>, Error> {
    nodes_from(text, 1, options)
}

/// [`nodes`] of a text that starts on a line of something larger: the nodes' places are counted from there, those of
/// errors are not.
///
/// # Errors
/// As [`nodes`].
pub fn nodes_from(text: &str, line: usize, options: &Options) -> Result<Vec<Node>, Error> {
    check_size(text, options)?;
    if let Some(node) = crate::fast::read_node(text, line, options) {
        return Ok(vec![node]);
    }
    let mut documents = nodes_fully(text, options)?;
    if line > 1 {
        let lines = Span::new(line - 1, 0).line;
        documents.iter_mut().for_each(|node| shift(node, lines));
    }
    Ok(documents)
}

fn shift(node: &mut Node, lines: u32) {
    node.span.line = node.span.line.saturating_add(lines);
    match &mut node.kind {
        NodeKind::Map { entries, .. } => entries.iter_mut().for_each(|(key, value)| {
            shift(key, lines);
            shift(value, lines);
        }),
        NodeKind::List { items, .. } => items.iter_mut().for_each(|item| shift(item, lines)),
        NodeKind::Scalar { .. } | NodeKind::Alias(_) => {}
    }
}

/// Reads trees by the full parser only: what [`nodes`] must equal wherever it takes a short cut.
///
/// # Errors
/// As [`nodes`].
pub fn nodes_fully(text: &str, options: &Options) -> Result<Vec<Node>, Error> {
    check_size(text, options)?;
    let mut builder = Builder::new(text, options, true)?;
    let mut documents = Vec::new();
    while let Some(document) = builder.document()? {
        documents.push(document);
    }
    Ok(documents)
}

/// Builds trees from events.
pub(crate) struct Builder<'a> {
    text: &'a str,
    parser: Parser<'a, granit_parser::StrInput<'a>>,
    options: &'a Options,
    names: std::collections::HashMap<usize, String>,
    pending: Vec<Comment>,
    nodes: usize,
    /// Where tabs on blank lines are harmless: quoted and block scalars, flow collections.
    verbatim: Vec<Range<usize>>,
    last_end: usize,
}

type Events<'a> = (Event<'a>, granit_parser::Span);

impl<'a> Builder<'a> {
    pub(crate) fn new(text: &'a str, options: &'a Options, comments: bool) -> Result<Self, Error> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        refuse_controls(text)?;
        let depth = options.budget.depth.saturating_add(1);
        let parser_options = granit_parser::options! {
            emit_anchor_events: true,
            emit_comments: comments,
            max_buffered_comment_events: usize::MAX,
            block_scalar_eof_without_line_feed: true,
            flow_nesting_limit: depth,
            block_nesting_limit: depth,
        };
        let parser = Parser::new_from_str_with_options(text, parser_options);
        let names = std::collections::HashMap::new();
        Ok(Self {
            text,
            parser,
            options,
            names,
            pending: Vec::new(),
            nodes: 0,
            verbatim: Vec::new(),
            last_end: 0,
        })
    }

    /// The next document's tree.
    pub(crate) fn document(&mut self) -> Result<Option<Node>, Error> {
        loop {
            match self.next()? {
                None | Some((Event::StreamEnd, _)) => return Ok(None),
                Some((event, span)) if event.is_node() => {
                    let start = bytes(&span).start;
                    let node = self.node(event, span, 0)?;
                    self.refuse_tabs(start)?;
                    return Ok(Some(node));
                }
                Some(_) => {}
            }
        }
    }

    /// The next event that is not a comment; comments are kept for the node they belong to.
    fn next(&mut self) -> Result<Option<Events<'a>>, Error> {
        loop {
            match self.parser.next_event() {
                None => return Ok(None),
                Some(Ok((Event::Comment(text, placement), _))) => {
                    let inline = placement == granit_parser::Placement::Right;
                    self.pending.push(Comment { text: text.into_owned(), inline });
                }
                Some(Ok((event, span))) => {
                    self.last_end = span.byte_range().map_or(self.last_end, |bytes| bytes.end);
                    return Ok(Some((event, span)));
                }
                Some(Err(error)) => return Err(self.syntax(&error)),
            }
        }
    }

    fn syntax(&self, error: &granit_parser::ScanError) -> Error {
        use granit_parser::ErrorKind as Parse;
        let marker = error.marker();
        let kind = match error.kind() {
            Parse::UnknownAnchor => ErrorKind::UnknownAnchor(self.name_at(marker.byte_offset())),
            _ if error.info().contains("recursion limit") => ErrorKind::Depth(self.options.budget.depth),
            _ => ErrorKind::Syntax(error.info()),
        };
        kind.at(marker.line().max(1), marker.col() + 1)
    }

    /// The anchor name behind a `*` at or before a place.
    fn name_at(&self, at: Option<usize>) -> String {
        let tail = at.and_then(|at| self.text.get(at..)).unwrap_or_default();
        let end = |c: char| c.is_whitespace() || ",[]{}".contains(c);
        tail.trim_start_matches('*').split(end).next().unwrap_or_default().chars().take(64).collect()
    }

    fn node(&mut self, event: Event<'a>, span: granit_parser::Span, depth: usize) -> Result<Node, Error> {
        let comments = std::mem::take(&mut self.pending);
        let (place, bytes) = (place(&span), bytes(&span));
        self.nodes += 1;
        let budget = &self.options.budget;
        let too_much = if self.nodes > budget.nodes {
            Some(ErrorKind::Nodes(budget.nodes))
        } else if depth > budget.depth {
            Some(ErrorKind::Depth(budget.depth))
        } else if self.nodes.is_multiple_of(1024) && budget.cancel.is_cancelled() {
            Some(ErrorKind::Cancelled)
        } else {
            None
        };
        if let Some(kind) = too_much {
            return Err(kind.at_span(place));
        }
        let tag = event.tag().map(|tag| Tag::from(short_tag(tag).as_str()));
        let anchor = self.anchor(event.anchor_id())?;
        let kind = match event {
            Event::Alias(id) => NodeKind::Alias(Box::new(Anchor {
                name: self.names.get(&id).cloned().unwrap_or_default(),
                id,
            })),
            Event::Scalar(text, style, ..) => {
                let source = self.text.get(bytes.clone()).unwrap_or_default();
                if style == granit_parser::ScalarStyle::DoubleQuoted
                    && let Some(what) = bad_escape(source)
                {
                    return Err(ErrorKind::Syntax(what.to_owned()).at_span(place));
                }
                if style != granit_parser::ScalarStyle::Plain {
                    self.verbatim.push(bytes);
                }
                NodeKind::Scalar { text: text.as_ref().into(), style: scalar_style(style) }
            }
            Event::SequenceStart(style, ..) => {
                let mut items = Vec::new();
                while let Some(item) = self.child(depth)? {
                    items.push(item);
                }
                if style == StructureStyle::Flow {
                    self.verbatim.push(bytes.start..self.last_end);
                }
                NodeKind::List { items, flow: style == StructureStyle::Flow }
            }
            Event::MappingStart(style, ..) => {
                let mut entries = Vec::new();
                while let Some(key) = self.child(depth)? {
                    let Some(value) = self.child(depth)? else { break };
                    entries.push((key, value));
                }
                if style == StructureStyle::Flow {
                    self.verbatim.push(bytes.start..self.last_end);
                }
                NodeKind::Map { entries, flow: style == StructureStyle::Flow }
            }
            _ => return Err(ErrorKind::Syntax("unexpected event".to_owned()).at_span(place)),
        };
        Ok(Node { kind, tag, span: place, extras: Extras::new(anchor, comments) })
    }

    /// go-yaml refuses a tab on an otherwise blank line where it could be indentation.
    fn refuse_tabs(&self, start: usize) -> Result<(), Error> {
        let document = self.text.get(start..self.last_end).unwrap_or_default();
        if !document.contains('\t') {
            return Ok(());
        }
        let first_line = self.text.get(..start).unwrap_or_default().matches('\n').count() + 1;
        let (mut at, mut indent) = (start, 0);
        for (i, line) in document.split_inclusive('\n').enumerate() {
            let spaces = line.bytes().take_while(|b| *b == b' ').count();
            if line.trim_ascii().is_empty() {
                let tab = line.as_bytes().get(spaces) == Some(&b'\t') && spaces <= indent && i > 0;
                if tab && !self.verbatim.iter().any(|bytes| bytes.contains(&at)) {
                    let what = "found a tab character that violates indentation".to_owned();
                    return Err(ErrorKind::Syntax(what).at(first_line + i, spaces + 1));
                }
            } else {
                indent = spaces;
            }
            at += line.len();
        }
        Ok(())
    }

    /// The next node of a collection, or nothing at its end.
    fn child(&mut self, depth: usize) -> Result<Option<Node>, Error> {
        match self.next()? {
            None | Some((Event::SequenceEnd | Event::MappingEnd, _)) => Ok(None),
            Some((event, span)) => self.node(event, span, depth + 1).map(Some),
        }
    }

    /// The anchor of a node; its name is in the event that follows.
    fn anchor(&mut self, id: Option<usize>) -> Result<Option<Anchor>, Error> {
        let Some(id) = id.filter(|id| *id != 0) else {
            return Ok(None);
        };
        let Some((Event::Anchor(_, name), _)) = self.next()? else {
            return Ok(None);
        };
        self.names.insert(id, name.to_string());
        Ok(Some(Anchor { name: name.into_owned(), id }))
    }
}

/// What a double-quoted scalar's source may not write: surrogates, of which JSON allows pairs and YAML 1.1 none;
/// and an escaped slash, which YAML 1.2 has for JSON's sake and neither go-yaml knows.
fn bad_escape(source: &str) -> Option<&'static str> {
    let mut rest = source;
    while let Some(at) = rest.find('\\') {
        let escape = rest.get(at + 1..).unwrap_or_default();
        if escape.as_bytes().first() == Some(&b'u')
            && let Some(code) = escape.get(1..5).and_then(|hex| u32::from_str_radix(hex, 16).ok())
            && (0xd800..0xe000).contains(&code)
        {
            return Some("found invalid Unicode character escape code");
        }
        if escape.starts_with('/') {
            return Some("found unknown escape character");
        }
        let skip = escape.chars().next().map_or(0, char::len_utf8);
        rest = escape.get(skip..).unwrap_or_default();
    }
    None
}

/// go-yaml's reader refuses characters outside YAML's set before it looks at anything else.
fn refuse_controls(text: &str) -> Result<(), Error> {
    let allowed = |c: char| match u32::from(c) {
        0x09 | 0x0a | 0x0d | 0x20..=0x7e | 0x85 | 0xa0.. => !matches!(c, '\u{fffe}' | '\u{ffff}'),
        _ => false,
    };
    let Some((at, c)) = text.char_indices().find(|(_, c)| !allowed(*c)) else {
        return Ok(());
    };
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Err(ErrorKind::Control(c.into()).at(line, column))
}

fn short_tag(tag: &granit_parser::Tag) -> String {
    match tag.suffix_in_namespace("tag:yaml.org,2002:") {
        Some(name) => format!("!!{name}"),
        None => format!("{}{}", tag.handle(), tag.suffix()),
    }
}

fn scalar_style(style: granit_parser::ScalarStyle) -> ScalarStyle {
    match style {
        granit_parser::ScalarStyle::Plain => ScalarStyle::Plain,
        granit_parser::ScalarStyle::SingleQuoted => ScalarStyle::SingleQuoted,
        granit_parser::ScalarStyle::DoubleQuoted => ScalarStyle::DoubleQuoted,
        granit_parser::ScalarStyle::Literal => ScalarStyle::Literal,
        granit_parser::ScalarStyle::Folded => ScalarStyle::Folded,
    }
}

fn place(span: &granit_parser::Span) -> Span {
    Span::new(span.start.line().max(1), span.start.col() + 1)
}

fn bytes(span: &granit_parser::Span) -> Range<usize> {
    span.byte_range().unwrap_or(0..0)
}
