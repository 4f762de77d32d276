//! One object of an app, and the judgement on it.

mod row;

use std::sync::Arc;

use tautline_core::{Digest, Manifest, Need, Object, Presence, ResourceVersion, Timestamp, Uid, Why};
use tautline_diff::{Circumstances, Difference, DryRun, Learned, Outcome, Sides};
use tautline_health::{Health, HealthStatus};
use tautline_ownership::{Owner, Pair, Prepared, pair_one};
use tautline_plan::{Consent, Hook};

use crate::dry_run::Asked;
use crate::event::World;
use crate::heal::HealLedger;
use crate::hooks::Around;
use crate::report::SyncStatus;
use crate::spec::AppSpec;

/// Argo CD's annotation that says how an object is compared.
const COMPARE_OPTIONS_ANNOTATION: &str = "argocd.argoproj.io/compare-options";
/// Argo CD's annotation that leaves an object out of its app's health.
const IGNORE_HEALTH_ANNOTATION: &str = "argocd.argoproj.io/ignore-healthcheck";

/// What the engine keeps of one object between events.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) pair: Pair,
    pub(crate) difference: Arc<Difference>,
    /// The comparison that was made last: a status heartbeat needs no other (rule R14).
    compared: tautline_diff::Memo,
    health: Option<Health>,
    /// The state that the judgement was made on: the same again needs no work (rule R14).
    memo: Option<Memo>,
    pub(crate) learned: Option<Learned>,
    pub(crate) ledger: HealLedger,
    pub(crate) refused: Option<Box<Refused>>,
    /// Whether the server was asked what an apply would change (rule R5).
    asked: Asked,
    /// What it was asked because the types are not known, and its answer.
    unsure: Option<Box<Unsure>>,
    /// Whether nobody but a person starts syncs.
    is_manual: bool,
    /// Whether its deletion waits for a person, by its own options or the app's.
    needs_confirmation: bool,
}

/// A dry run that was asked because local prediction does not know.
#[derive(Clone, Debug)]
struct Unsure {
    /// The digest of what was compared.
    question: Digest,
    /// Whether the answer is awaited: meanwhile nothing else is asked, so that an answer is never another question's.
    is_pending: bool,
    /// What the server said; nothing if it could not be asked.
    answer: Option<DryRun>,
}

#[derive(Clone, Debug, PartialEq)]
struct Memo {
    desired: Option<Digest>,
    live: Option<(Option<Uid>, Option<ResourceVersion>)>,
    /// Whether the live object is read in the version that Git writes: the same state has the same resourceVersion in
    /// all.
    is_read_as_written: bool,
    unknown: Option<Why>,
    owner: Owner,
    learned: bool,
    /// The number of what the schemas said.
    schemas: u64,
}

/// A write that the server refused.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    /// What was wanted.
    desired: Option<Digest>,
    /// What the live object was like, its status aside.
    reads: Option<Digest>,
    pub(crate) message: String,
}

impl Resource {
    pub(crate) fn new(pair: Pair) -> Self {
        Self {
            pair,
            difference: Arc::default(),
            compared: tautline_diff::Memo::new(),
            health: None,
            memo: None,
            learned: None,
            ledger: HealLedger::default(),
            refused: None,
            asked: Asked::Never,
            unsure: None,
            is_manual: false,
            needs_confirmation: false,
        }
    }

    /// Whether nobody but the server knows what an apply would change, and it was not asked about this desired and
    /// this live object yet. Its status and version are no part of the question: a heartbeat asks nothing (rule R14).
    pub(crate) fn is_unsure(&self) -> bool {
        let is_needed = self.difference.needs.iter().any(|need| matches!(need, Need::DryRun(_)));
        let asks_another = |unsure: &Unsure| !unsure.is_pending && Some(unsure.question) != self.question();
        is_needed && self.unsure.as_deref().is_none_or(asks_another)
    }

    /// Notes that the server is asked what is not known.
    pub(crate) fn ask_unsure(&mut self) {
        self.unsure =
            self.question().map(|question| Box::new(Unsure { question, is_pending: true, answer: None }));
    }

    fn question(&self) -> Option<Digest> {
        let (desired, live) = (self.pair.desired.as_ref()?, self.pair.live.as_ref().present()?);
        let (desired, reads) = (desired.object.to_value().digest(), tautline_diff::digest_of_reads(live));
        Some(Digest::of_parts([desired.as_bytes(), reads.as_bytes(), live.metadata_str("uid").as_bytes()]))
    }

    /// The comparison with the server's answer in the place of what is not known.
    fn sure(&self, first: Arc<Difference>, sides: &Sides<'_>, world: &World<'_>) -> Arc<Difference> {
        let answer = self.unsure.as_ref().filter(|_| !first.needs.is_empty());
        let answer = answer.filter(|unsure| Some(unsure.question) == self.question());
        match answer.and_then(|unsure| unsure.answer.as_ref()) {
            Some(answer @ DryRun::Accepted(_)) => Arc::new(world.differ.answered(sides, &first, answer)),
            // What Git sets is compared as it is, so that a sync still has something to try.
            Some(DryRun::Refused(_)) | None => first,
        }
    }

    /// Why nobody knows whether the object differs: the server refuses to say, and no automated sync will find out
    /// (rule R5).
    fn unsaid(&self) -> Option<&str> {
        let unsure = self.unsure.as_ref().filter(|_| self.is_manual && !self.difference.needs.is_empty())?;
        match &unsure.answer {
            Some(DryRun::Refused(why)) if Some(unsure.question) == self.question() => Some(why),
            _ => None,
        }
    }

    /// Whether what differs may be as admission made it: nobody has asked, and no answer to a write is known.
    pub(crate) fn may_be_admissions(&self) -> bool {
        self.asked == Asked::Never
            && self.learned.is_none()
            && self.difference.outcome == Outcome::Change
            && self.difference.needs.is_empty()
    }

    /// Whether the server's answer is awaited.
    pub(crate) fn is_asked(&self) -> bool {
        matches!(self.asked, Asked::Pending(_))
    }

    /// Notes that the server is asked.
    pub(crate) fn ask(&mut self) {
        let waiting = Outcome::Unknown("the server is asked what an apply would change".to_owned());
        let before = std::mem::replace(&mut self.difference, Arc::new(Difference::of(waiting)));
        self.asked = Asked::Pending(before);
    }

    /// Takes the server's answer to a dry run, and forgets the judgement made without it.
    pub(crate) fn take_answer(&mut self, answer: Option<DryRun>) {
        if let Asked::Pending(before) = std::mem::replace(&mut self.asked, Asked::Done) {
            self.difference = before;
            if let (Some(DryRun::Accepted(answer)), Some(desired)) = (answer, self.desired()) {
                self.learn(&desired, &answer);
            }
        } else if let Some(unsure) = &mut self.unsure {
            unsure.is_pending = false;
            unsure.answer = answer;
        }
        self.forget();
    }

    /// What Git wants.
    pub(crate) fn desired(&self) -> Option<Arc<Object>> {
        self.pair.desired.as_ref().map(|manifest| manifest.object.clone())
    }

    /// Judges the object anew. Answers whether anything that is reported changed.
    pub(crate) fn judge(
        &mut self,
        prepared: &Prepared,
        spec: &AppSpec,
        world: &World<'_>,
        now: Timestamp,
    ) -> bool {
        let destination = &spec.destination;
        let mut pair = pair_one(self.pair.key.clone(), prepared, destination, world.live, world.neighbours);
        settle_unserved(&mut pair, world, now);
        let memo = Memo {
            desired: self.digest_of(&pair),
            live: pair.live.as_ref().present().map(|live| (live.uid(), live.resource_version())),
            is_read_as_written: is_read_as_written(&pair),
            unknown: pair.live.unknown().cloned(),
            owner: pair.owner.clone(),
            learned: self.learned.is_some(),
            schemas: world.differ.generation(),
        };
        self.is_manual = spec.policy.automated.is_none();
        self.needs_confirmation = needs_confirmation(&pair, spec);
        let others_changed = pair.also_held_by != self.pair.also_held_by;
        self.pair = pair;
        if self.memo.as_ref() == Some(&memo) {
            return others_changed;
        }
        self.memo = Some(memo);
        // A question about what is no longer there or wanted is moot.
        if matches!(self.asked, Asked::Pending(_)) {
            self.asked = Asked::Done;
        }
        let before = (self.sync(), self.health.clone());
        self.difference = self.compare(spec, world);
        self.health = self.assess(world, now);
        before != (self.sync(), self.health.clone()) || self.difference.outcome != Outcome::Unchanged
    }

    /// The digest of what a pair wants, kept from the last judgement where that is the very object.
    fn digest_of(&self, pair: &Pair) -> Option<Digest> {
        let (new, old) = (pair.desired.as_ref()?, self.pair.desired.as_ref());
        let kept = self.memo.as_ref().and_then(|memo| memo.desired);
        match old.is_some_and(|old| Arc::ptr_eq(&old.object, &new.object)) {
            true => kept.or_else(|| Some(new.object.to_value().digest())),
            false => Some(new.object.to_value().digest()),
        }
    }

    /// Whether Git no longer sets the number of replicas (rule R16).
    pub(crate) fn drops_replicas(&self) -> bool {
        let desired = self.pair.desired.as_ref().map(|manifest| &*manifest.object);
        tautline_plan::drops_replicas(desired, &self.difference)
    }

    /// What of it decides which kinds are watched: whether only the live object names its kind, and whether an autoscaler
    /// matters.
    pub(crate) fn kinds_it_brings(&self) -> (bool, bool) {
        (self.pair.desired.is_none(), self.drops_replicas())
    }

    /// Forgets the judgement, so that the next one is made from scratch.
    pub(crate) fn forget(&mut self) {
        self.memo = None;
        self.compared.forget();
    }

    fn compare(&mut self, spec: &AppSpec, world: &World<'_>) -> Arc<Difference> {
        let live = self.pair.live.as_ref().present();
        Arc::new(match (&self.pair.desired, live) {
            // R12: never applied to; created anew when it is gone.
            (_, Some(live)) if live.is_terminating() => {
                Difference::of(Outcome::Unknown("pending deletion".into()))
            }
            (Some(desired), _) => {
                let learned = self.learned.as_ref();
                let sides = Self::sides(&self.pair.live, learned, desired, spec);
                let learned = learned.map(|learned| *learned.digest().as_bytes());
                let options = [*spec.ignore.digest().as_bytes(), learned.unwrap_or_default()];
                let schemas = world.differ.generation();
                let circumstances = Circumstances { options: Digest::of_parts(options), schemas };
                let first = self.compared.diff(world.differ, &sides, &circumstances);
                return self.sure(first, &sides, world);
            }
            (None, Some(_)) => Difference::of(Outcome::Delete),
            (None, None) => match self.pair.live.unknown() {
                Some(why) => Difference::of(Outcome::Unknown(why.to_string())),
                None => Difference::default(),
            },
        })
    }

    fn sides<'a>(
        live: &'a Presence<Arc<Object>>,
        learned: Option<&'a Learned>,
        desired: &'a Manifest,
        spec: &'a AppSpec,
    ) -> Sides<'a> {
        Sides { desired, live, learned, ignore: Some(&spec.ignore), taken_over: &spec.policy.take_over_also }
    }

    /// What is sent when the object is applied: ignored fields keep the value they have, and what another part of
    /// Kubernetes decides is left out.
    pub(crate) fn payload(
        &self,
        desired: &Manifest,
        spec: &AppSpec,
        world: &World<'_>,
    ) -> Option<Arc<Object>> {
        let sides = Self::sides(&self.pair.live, self.learned.as_ref(), desired, spec);
        world.differ.payload(&sides).map(Arc::new)
    }

    /// Whether the object only lives and says that this makes no app OutOfSync (`IgnoreExtraneous`).
    pub(crate) fn is_extraneous(&self) -> bool {
        let live = self.pair.live.as_ref().present().filter(|_| self.pair.desired.is_none());
        let options = live.and_then(|live| live.annotation(COMPARE_OPTIONS_ANNOTATION)).unwrap_or_default();
        options.split(',').any(|option| option.trim() == "IgnoreExtraneous")
    }

    fn assess(&self, world: &World<'_>, now: Timestamp) -> Option<Health> {
        match &self.pair.live {
            Presence::Present(live) => world.health.assess(live, &Around(world.live), now),
            Presence::Absent(_) => Some(Health::new(HealthStatus::Missing, "")),
            Presence::Unknown(_) => None,
        }
    }

    /// Whether the object is gone for good: neither wanted nor there.
    pub(crate) fn is_over(&self) -> bool {
        self.pair.desired.is_none() && self.pair.live.is_absent()
    }

    pub(crate) fn sync(&self) -> SyncStatus {
        if matches!(self.pair.owner, Owner::Other(_)) && self.pair.desired.is_some() {
            return SyncStatus::OutOfSync;
        }
        match &self.difference.outcome {
            Outcome::Change if self.unsaid().is_some() => SyncStatus::Unknown,
            Outcome::Unchanged => SyncStatus::Synced,
            Outcome::Create | Outcome::Change | Outcome::Delete => SyncStatus::OutOfSync,
            Outcome::Unknown(_) if self.is_terminating() => SyncStatus::OutOfSync,
            Outcome::Unknown(_) => SyncStatus::Unknown,
        }
    }

    pub(crate) fn is_terminating(&self) -> bool {
        self.pair.live.as_ref().present().is_some_and(|live| live.is_terminating())
    }

    /// Whether it is what a hook left.
    pub(crate) fn is_hook(&self) -> bool {
        let live = self.pair.live.as_ref().present();
        self.pair.desired.is_none() && live.is_some_and(|live| Hook::of(live).is_some())
    }

    pub(crate) fn health(&self) -> Option<&Health> {
        self.health.as_ref()
    }

    /// Remembers that the server refused the write that was just tried.
    pub(crate) fn refuse(&mut self, message: &str) {
        let (desired, reads) = self.refusal_key();
        self.refused = Some(Box::new(Refused { desired, reads, message: message.to_owned() }));
    }

    /// Whether the same write was refused before (rule R14).
    ///
    /// Asked of every object whenever the whole app is looked at: nothing is digested where nothing was refused.
    pub(crate) fn is_refused(&self) -> bool {
        self.refused.as_ref().is_some_and(|refused| {
            let (desired, reads) = self.refusal_key();
            refused.desired == desired && refused.reads == reads
        })
    }

    fn refusal_key(&self) -> (Option<Digest>, Option<Digest>) {
        let desired = self.pair.desired.as_ref().map(|m| m.object.to_value().digest());
        let reads = self.pair.live.as_ref().present().map(|live| tautline_plan::digest_of_reads(live));
        (desired, reads)
    }

    /// Learns from the server's answer to an apply of this object (rule R5). Where Git holds another by now, what differs
    /// is no work of admission's.
    pub(crate) fn learn(&mut self, written: &Arc<Object>, answer: &Object) {
        let (Some(desired), Some(predicted)) = (&self.pair.desired, &self.difference.predicted) else {
            return;
        };
        let is_it = Arc::ptr_eq(&desired.object, written) || desired.object == *written;
        self.learned = is_it.then(|| Learned::from_answer(written, predicted, answer)).flatten();
    }

    fn object(&self) -> Option<&Object> {
        let live = self.pair.live.as_ref().present();
        self.pair.desired.as_ref().map(|Manifest { object, .. }| &**object).or(live.map(|o| &**o))
    }
}

/// Whether an object's deletion waits for a person (`Prune=confirm`, `Delete=confirm`).
fn needs_confirmation(pair: &Pair, spec: &AppSpec) -> bool {
    let desired = pair.desired.as_ref().map(|manifest| &*manifest.object);
    let own = spec.policy.objects.of(desired, pair.live.as_ref().present().map(|live| &**live));
    [own.prune, own.delete].contains(&Consent::AfterConfirmation)
}

/// Whether both sides are in one version, as far as both are there.
fn is_read_as_written(pair: &Pair) -> bool {
    let live = pair.live.as_ref().present();
    live.zip(pair.desired.as_ref())
        .is_none_or(|(live, desired)| live.api_version() == desired.object.api_version())
}

/// An object of a kind that complete discovery does not serve is not there, and not unknown.
fn settle_unserved(pair: &mut Pair, world: &World<'_>, now: Timestamp) {
    let kind = pair.key.group_kind();
    let is_unwatched = matches!(pair.live.unknown(), Some(Why::NotWatched(_)));
    if is_unwatched && world.scopes.is_served(&kind) == Some(false) {
        let freshness = tautline_core::Freshness { kind, version: "discovery".into(), at: now };
        pair.live = Presence::Absent(freshness);
    }
}
