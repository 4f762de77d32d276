//! [`Words`]: some texts of which one is looked for.

/// `A,B` for one of them, `A*` for what begins so, `*` for anything, `!…` for anything else.
#[derive(Clone, Debug)]
pub(super) struct Words {
    is_negated: bool,
    words: Vec<String>,
}

impl Words {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (is_negated, rest) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let words: Vec<String> = rest.split(',').map(|word| word.trim().to_owned()).collect();
        words.iter().all(|word| !word.is_empty()).then_some(Self { is_negated, words })
    }

    pub(super) fn fit(&self, text: &str) -> bool {
        let fits = |word: &String| match word.strip_suffix('*') {
            Some("") => !text.is_empty(),
            Some(start) => text.starts_with(start),
            None => word == text,
        };
        self.words.iter().any(fits) != self.is_negated
    }

    /// Whether anything at all will do, also what is no text.
    pub(super) fn is_any(&self) -> bool {
        !self.is_negated && self.words.iter().any(|word| word == "*")
    }
}
