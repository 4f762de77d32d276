//! One sign: what to look for in an object, and what it means.

use super::atom::Atom;
use super::path::{Path, Sight};
use crate::status::{Health, HealthStatus};

/// What to look for and what it means.
#[derive(Clone, Debug)]
pub(super) struct Sign {
    atoms: Vec<Atom>,
    status: HealthStatus,
    message: Option<Path>,
}

impl Sign {
    /// Reads a sign, as the head of `table.txt` describes it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        use HealthStatus::{Degraded, Healthy, Missing, Progressing, Suspended, Unknown};
        let (wanted, word) = text.trim().rsplit_once(' ')?;
        let (word, message) = match word.split_once('(') {
            Some((word, path)) => (word, Some(Path::parse(path.strip_suffix(')')?)?)),
            None => (word, None),
        };
        let all = [Healthy, Suspended, Progressing, Missing, Degraded, Unknown];
        let status = all.into_iter().find(|status| status.as_str() == word)?;
        let atoms = wanted.split(" & ").map(Atom::parse).collect::<Option<Vec<_>>>()?;
        Some(Self { atoms, status, message })
    }

    /// The health that the sign tells, if it is there.
    pub(super) fn see(&self, sight: Sight<'_>) -> Option<Health> {
        let mut told = "";
        for atom in &self.atoms {
            let message = atom.holds(sight)?;
            told = if told.is_empty() { message } else { told };
        }
        let text = match (&self.message, told) {
            (Some(path), _) => path.text(sight).unwrap_or_default().into_owned(),
            (None, "") => sight.root.str_at(&["message"]).unwrap_or_default().to_owned(),
            (None, told) => told.to_owned(),
        };
        Some(Health::new(self.status, text))
    }
}
