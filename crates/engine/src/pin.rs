//! A rollback: a revision that somebody asked for, instead of the one that the app follows.
//!
//! Argo CD refuses a rollback while an app syncs by itself, since its next look would undo it. Here the app is
//! pinned: it is compared with the revision that was asked for, and healed to it, until Git holds a newer commit
//! than it did then. An app that does not sync by itself is not pinned; once synced it is compared with what it
//! follows, as in Argo CD.

use tautline_core::{Revision, Timestamp, Want};

use crate::app::App;
use crate::event::Effect;
use crate::report::{OperationPhase, Trigger};
use crate::spec::SyncRequest;

/// What an app is held at.
#[derive(Clone, Debug)]
pub(crate) struct Pin {
    /// The revision as it was asked for.
    pub(crate) reference: String,
    /// What that stands for, once the repository has said so.
    pub(crate) revision: Option<Revision>,
    /// What the app followed at that time; none until that is known.
    pub(crate) instead_of: Option<String>,
    /// Whether the repository is being asked what it stands for.
    pub(crate) is_asked: bool,
}

impl App {
    /// The want of the revision that the app is pinned to, if it is.
    pub fn pinned_want(&self) -> Option<Want> {
        self.pin.as_ref().map(|pin| self.want_of(&pin.reference))
    }

    /// What the app's own want stands for, as far as it is known: what it compares with unless it is pinned.
    pub fn followed(&self) -> Option<&Revision> {
        self.followed.as_ref()
    }

    /// Takes what the app's own want stands for: that ends a pin that was made instead of something older.
    pub(crate) fn follows(&mut self, revision: Revision, out: &mut Vec<Effect>) {
        let is_over = |pin: &Pin| pin.instead_of.as_ref().is_some_and(|before| *before != revision.id);
        if self.pin.as_ref().is_some_and(is_over) {
            self.pin = None;
        }
        self.followed = Some(revision);
        self.aim(out);
    }

    /// Compares with the pinned revision, else with the one that is followed.
    fn aim(&mut self, out: &mut Vec<Effect>) {
        let want = self.pinned_want();
        match &mut self.pin {
            None => self.revision.clone_from(&self.followed),
            Some(Pin { revision: Some(revision), .. }) => self.revision = Some(revision.clone()),
            Some(pin) if !pin.is_asked => {
                pin.is_asked = true;
                out.extend(want.map(Effect::Resolve));
            }
            Some(_) => {}
        }
    }

    /// Whether the sync that was asked for has to wait: the app is being pinned to its revision, or let go.
    pub(crate) fn turns_to(&mut self, request: &SyncRequest, out: &mut Vec<Effect>) -> bool {
        let before = self.revision.clone();
        let wanted =
            request.revision.as_ref().filter(|wanted| !self.stands_for(wanted, self.followed.as_ref()));
        match (wanted, &self.pin) {
            (None, None) => return false,
            (None, Some(_)) => self.pin = None,
            (Some(wanted), Some(pin)) if pin.reference == *wanted => {}
            (Some(wanted), _) => {
                let instead_of = self.followed.as_ref().map(|revision| revision.id.clone());
                self.pin =
                    Some(Pin { reference: wanted.clone(), revision: None, instead_of, is_asked: false });
            }
        }
        self.aim(out);
        self.revision != before || self.pin.as_ref().is_some_and(|pin| pin.is_asked)
    }

    /// Takes what the revision that somebody asked for stands for.
    pub(crate) fn pinned(&mut self, result: Result<Revision, String>, now: Timestamp, out: &mut Vec<Effect>) {
        let Some(pin) = &mut self.pin else { return };
        pin.is_asked = false;
        match result {
            Ok(revision) => {
                pin.revision = Some(revision);
                self.aim(out);
            }
            Err(message) => match self.requested.take() {
                Some(request) => {
                    self.pin = None;
                    self.aim(out);
                    let trigger = Trigger::Manual(request.by);
                    self.record_at_once(trigger, OperationPhase::Error, message, Vec::new(), now, out);
                    if let Some((operation, asked)) = self.operation.as_mut().zip(request.revision) {
                        operation.revision = asked;
                    }
                }
                // A rollback from before a restart is not undone because the repository does not answer: the
                // next look asks again.
                None => self.comparison_error = Some(message),
            },
        }
        out.push(Effect::Report { urgent: true });
    }

    /// Lets go of a revision that was synced by hand in an app that does not sync by itself.
    pub(crate) fn let_go(&mut self, out: &mut Vec<Effect>) {
        if self.pin.is_some() && self.spec.policy.automated.is_none() {
            self.pin = None;
            self.aim(out);
        }
    }

    /// What the pin was made instead of, for the record.
    pub(crate) fn instead_of(&self) -> Option<String> {
        self.pin.as_ref().and_then(|pin| pin.instead_of.clone())
    }

    /// What to say of an app that is pinned.
    pub(crate) fn pin_message(&self) -> Option<String> {
        let Pin { reference, instead_of, .. } = self.pin.as_ref()?;
        let before = instead_of.as_deref().unwrap_or("the revision it follows");
        Some(format!(
            "revision {reference} was synced by hand instead of {before}; automatic sync goes on with the next commit, \
             or with a sync that names no revision"
        ))
    }

    /// Whether a name that somebody asked for is that of a revision of the app's own want.
    fn stands_for(&self, wanted: &str, revision: Option<&Revision>) -> bool {
        let is_followed = matches!(&self.spec.want, Want::Git { reference, .. } if reference == wanted);
        is_followed || revision.is_some_and(|revision| revision.id == wanted)
    }

    fn want_of(&self, revision: &str) -> Want {
        let mut want = self.spec.want.clone();
        match &mut want {
            Want::Git { reference, .. } => *reference = revision.to_owned(),
            Want::HelmChart { version, .. } => *version = revision.to_owned(),
            _ => {}
        }
        want
    }
}
