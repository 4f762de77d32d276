//! Makes random templates from a seed.

use super::words::{
    ANYTHING, BREAKAGE, FLAGS, FUNCTIONS, INDEXES, INTEGERS, LISTS, MAPS, PRECISIONS, STRINGS, VERBS, WIDTHS,
};

/// Makes templates; the same seed makes the same ones.
#[derive(Debug)]
pub struct Generator {
    state: u64,
    made: usize,
}

/// Where in a template text is being made.
#[derive(Clone, Copy)]
struct Place {
    depth: usize,
    /// How many variables `$v0`, `$v1`, … are declared.
    variables: usize,
    in_range: bool,
}

impl Place {
    fn deeper(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }
}

impl Generator {
    /// A generator with a seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed, made: 0 }
    }

    /// The next template: a call, a `printf`, a whole with control structures, or one of these broken.
    pub fn template(&mut self) -> String {
        self.made += 1;
        let place = Place { depth: 0, variables: 0, in_range: false };
        match self.below(8) {
            0..=2 => self.call_template(),
            3 => self.printf(),
            4 | 5 => self.whole(place),
            6 => {
                let whole = self.whole(place);
                self.broken(&whole)
            }
            _ => {
                let call = self.call_template();
                self.broken(&call)
            }
        }
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// True so many times in a hundred.
    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        let i = self.below(from.len());
        from[i]
    }

    fn argument(&mut self, kind: char) -> String {
        if self.chance(12) {
            return self.pick(ANYTHING).to_owned();
        }
        let from = match kind {
            's' => STRINGS,
            'i' => INTEGERS,
            'm' => MAPS,
            'l' => LISTS,
            'b' => &["true", "false", ".Values.t", "(eq 1 1)", ".Values.nope"],
            _ => ANYTHING,
        };
        self.pick(from).to_owned()
    }

    fn call(&mut self) -> String {
        let i = self.below(FUNCTIONS.len());
        let (name, kinds) = FUNCTIONS[i];
        let mut arguments: Vec<String> = kinds.chars().map(|kind| self.argument(kind)).collect();
        if self.chance(3) {
            arguments.push("1".to_owned());
        }
        if self.chance(3) {
            arguments.pop();
        }
        match arguments.pop() {
            Some(last) if self.chance(25) => format!("{last} | {name} {}", arguments.join(" ")),
            Some(last) => format!("{name} {} {last}", arguments.join(" ")),
            None => name.to_owned(),
        }
    }

    fn call_template(&mut self) -> String {
        let call = self.call();
        match self.below(6) {
            0 => format!("{{{{ {call} | toJson }}}}"),
            1 => format!("{{{{ printf \"%#v %T\" ({call}) ({call}) }}}}"),
            2 => format!("{{{{ $x := {call} }}}}{{{{ $x }}}}{{{{ typeOf $x }}}}"),
            _ => format!("a\n{{{{- {call} }}}}\n"),
        }
    }

    fn printf(&mut self) -> String {
        let mut format = String::new();
        for _ in 0..=self.below(3) {
            format.push_str(self.pick(&["", "a ", "é", "-"]));
            format.push('%');
            for part in [FLAGS, WIDTHS, PRECISIONS, INDEXES, VERBS] {
                format.push_str(self.pick(part));
            }
        }
        let arguments: Vec<&str> = (0..self.below(5)).map(|_| self.pick(ANYTHING)).collect();
        format!("{{{{ printf \"{format}\" {} }}}}", arguments.join(" "))
    }

    /// A template with two definitions of its own.
    fn whole(&mut self, place: Place) -> String {
        let main = self.body(place);
        let inner = self.body(Place { depth: 3, variables: 0, in_range: false });
        let n = self.made;
        format!("{main}{{{{ define \"d{n}\" }}}}<{{{{ . }}}}{inner}>{{{{ end }}}}")
    }

    fn expression(&mut self, place: Place) -> String {
        if place.variables > 0 && self.chance(20) {
            let variable = self.below(place.variables);
            return format!("$v{variable}{}", self.pick(&["", "", "", ".x", ".a", ".c.z"]));
        }
        if place.depth < 3 && self.chance(25) {
            let pipeline = self.pipeline(place.deeper());
            return format!("({pipeline}){}", self.pick(&["", "", "", ".a", ".x.y"]));
        }
        self.pick(ANYTHING).to_owned()
    }

    fn pipeline(&mut self, place: Place) -> String {
        let mut text = if self.chance(50) { self.expression(place) } else { self.call() };
        while self.chance(20) {
            text.push_str(self.pick(&[
                " | quote",
                " | default 1",
                " | len",
                " | print 1",
                " | toJson",
                " | not",
            ]));
        }
        text
    }

    fn action(&mut self, text: &str) -> String {
        let open = self.pick(&["{{", "{{ ", "{{- "]);
        let close = self.pick(&["}}", " }}", " -}}"]);
        format!("{open}{text}{close}")
    }

    fn body(&mut self, place: Place) -> String {
        let (mut out, mut place) = (String::new(), place);
        for _ in 0..=self.below(4) {
            let part = self.part(&mut place);
            out.push_str(&part);
        }
        out
    }

    fn part(&mut self, place: &mut Place) -> String {
        let pipeline = self.pipeline(*place);
        match self.below(if place.depth > 3 { 5 } else { 10 }) {
            0 | 1 => self.pick(&["a", " b ", "\n", "\n  c\n", "{ }", "{{/* c */}}"]).to_owned(),
            2 => self.action(&pipeline),
            3 => {
                let text = format!("$v{} := {pipeline}", place.variables);
                place.variables += 1;
                self.action(&text)
            }
            4 if place.variables > 0 => self.action(&format!("$v0 = {pipeline}")),
            4 => self.action(&pipeline),
            5 | 6 => self.choice(*place, &pipeline),
            7 | 8 => self.range(*place, &pipeline),
            _ if place.in_range && self.chance(50) => {
                let word = self.pick(&["break", "continue"]);
                self.action(word)
            }
            _ => {
                let text = format!("template \"d{}\" {pipeline}", self.made);
                // A definition that calls itself has no end.
                if place.depth >= 3 { self.action(&pipeline) } else { self.action(&text) }
            }
        }
    }

    fn choice(&mut self, place: Place, pipeline: &str) -> String {
        let word = self.pick(&["if", "with"]);
        let mut out = self.action(&format!("{word} {pipeline}"));
        out.push_str(&self.body(place.deeper()));
        if self.chance(20) {
            let other = self.pipeline(place);
            out.push_str(&self.action(&format!("else {word} {other}")));
            out.push_str(&self.body(place.deeper()));
        }
        if self.chance(40) {
            out.push_str(&self.action("else"));
            out.push_str(&self.body(place.deeper()));
        }
        out.push_str(&self.action("end"));
        out
    }

    fn range(&mut self, place: Place, pipeline: &str) -> String {
        let inner = Place { variables: place.variables + 2, in_range: true, ..place.deeper() };
        let (key, value) = (place.variables, place.variables + 1);
        let over = if self.chance(40) { pipeline } else { self.pick(LISTS) };
        let mut out = self.action(&format!("range $v{key}, $v{value} := {over}"));
        out.push_str(&self.body(inner));
        if self.chance(20) {
            out.push_str(&self.action("else"));
            out.push_str(&self.body(place.deeper()));
        }
        out.push_str(&self.action("end"));
        out
    }

    fn broken(&mut self, text: &str) -> String {
        let mut chars: Vec<char> = text.chars().collect();
        for _ in 0..=self.below(3) {
            let at = self.below(chars.len() + 1);
            if self.chance(60) {
                let word = self.pick(BREAKAGE);
                chars.splice(at..at, word.chars());
            } else {
                let end = (at + 1 + self.below(4)).min(chars.len());
                chars.drain(at.min(end)..end);
            }
        }
        chars.into_iter().collect()
    }
}
