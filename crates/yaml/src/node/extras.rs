//! What few nodes have: an anchor, comments. It is behind one pointer, so that a node fills one line of a processor's
//! cache.

use super::Node;

/// An anchor: its name, and a number that tells repeated names apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Anchor {
    /// The name.
    pub name: String,
    /// The number, unique in its document.
    pub id: usize,
}

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// The text behind `#`.
    pub text: String,
    /// Whether it stands behind the node on its line, or else on a line before it.
    pub inline: bool,
}

/// A node's anchor and comments; one empty word for the many that have neither.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extras(Option<Box<Held>>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Held {
    anchor: Option<Anchor>,
    comments: Vec<Comment>,
}

impl Extras {
    /// What a node has.
    pub fn new(anchor: Option<Anchor>, comments: Vec<Comment>) -> Self {
        let is_none = anchor.is_none() && comments.is_empty();
        Self((!is_none).then(|| Box::new(Held { anchor, comments })))
    }
}

impl From<Anchor> for Extras {
    fn from(anchor: Anchor) -> Self {
        Self::new(Some(anchor), Vec::new())
    }
}

impl Node {
    /// Its anchor.
    pub fn anchor(&self) -> Option<&Anchor> {
        self.extras.0.as_ref()?.anchor.as_ref()
    }

    /// Its anchor, to change it.
    pub fn anchor_mut(&mut self) -> Option<&mut Anchor> {
        self.extras.0.as_mut()?.anchor.as_mut()
    }

    /// Takes its anchor away.
    pub fn take_anchor(&mut self) -> Option<Anchor> {
        let held = self.extras.0.as_mut()?;
        let anchor = held.anchor.take();
        if held.comments.is_empty() {
            self.extras = Extras::default();
        }
        anchor
    }

    /// Gives it an anchor, or none.
    pub fn set_anchor(&mut self, anchor: Option<Anchor>) {
        match (&mut self.extras.0, anchor) {
            (Some(held), anchor) => held.anchor = anchor,
            (None, Some(anchor)) => self.extras = anchor.into(),
            (None, None) => {}
        }
    }

    /// The comments before it and behind it on its line.
    pub fn comments(&self) -> &[Comment] {
        self.extras.0.as_ref().map_or(&[], |held| &held.comments)
    }
}
