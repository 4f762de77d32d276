//! Making a plan, having it judged, beginning it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tautline_core::{Manifest, Object, Presence, ResourceKey, Timestamp, Why};
use tautline_ownership::Owner;
use tautline_plan::{
    Circumstances, Entry, HookRun, Inputs, Phase, Plan, PlanOptions, Progress, Purpose, Step, Verdict,
    autoscaled, autoscaler_kind,
};

use crate::app::App;
use crate::event::{Effect, Intent, World};
use crate::hooks::{self, SYNC_PHASES, Wanted};
use crate::looks::Looks;
use crate::planned::{PlanState, Planned};
use crate::report::{ObjectResult, Operation, OperationPhase, Trigger};
use crate::resource::Resource;
use crate::running::Running;
use crate::spec::{RequestOptions, SyncRequest};

impl App {
    /// Makes a plan, has it judged, and begins to follow it.
    pub(crate) fn begin(
        &mut self,
        trigger: Trigger,
        request: &SyncRequest,
        world: &World<'_>,
        now: Timestamp,
        out: &mut Vec<Effect>,
    ) {
        let is_heal = trigger == Trigger::SelfHeal;
        let is_manual = matches!(trigger, Trigger::Manual(_));
        let reason = self.refuses_empty(request.prune, is_manual).or_else(|| self.refuses_shared(request));
        if let Some(reason) = reason {
            return self.fail_to_begin(trigger, reason, now, out);
        }
        let revision = self.revision.as_ref().map(|r| r.id.clone()).unwrap_or_default();
        let resumed = if is_heal { None } else { self.interrupted.take().filter(|i| i.revision == revision) };
        let started_at = resumed.as_ref().map_or(now, |i| i.started_at);
        let (finished, made) =
            resumed.as_ref().map(|i| (i.finished_hooks.clone(), i.made_hooks.clone())).unwrap_or_default();
        let wanted = Wanted {
            phases: if request.skips_hooks || !request.only.is_empty() { &[] } else { &SYNC_PHASES },
            on_heal: is_heal,
            revision: &revision,
            started_at,
            is_resumed: resumed.is_some(),
            finished: &finished,
            made: &made,
        };
        let (runs, finished) = self.hook_runs(&wanted, world);
        let retries = self.tries_before(&trigger, &revision);
        let (mut plan, withheld) = self.plan(request, &runs, (&trigger, retries), world, now);
        if !plan.faults.is_empty() {
            let reason = plan.faults.join("; ");
            return self.refuse_plan(plan, trigger, reason, world, now, out);
        }
        let circumstances = Circumstances { now, is_manual, objects: self.live_objects() };
        for gate in world.gates {
            if let Verdict::Refuse { reason, until } = gate.judge(&plan, &circumstances) {
                out.extend(until.map(Effect::WakeAt));
                return self.refuse_plan(plan, trigger, reason, world, now, out);
            }
        }
        if request.dry_run {
            let results = plan.steps.iter().map(crate::ending::dry_result).collect();
            let message = "successfully synced (dry run)".to_owned();
            return self.record_at_once(trigger, OperationPhase::Succeeded, message, results, now, out);
        }
        // One that was interrupted ends on record, even if nothing is left to do.
        if plan.is_empty() && !is_manual && !wanted.is_resumed && retries == 0 {
            return;
        }
        self.sync_error = None;
        if !is_heal {
            self.held_back.clear();
        }
        let results = withheld
            .into_iter()
            .map(|w| ObjectResult {
                gvk: self
                    .resources
                    .get(&w.key)
                    .map_or_else(|| w.key.group_kind().in_version(""), |r| r.row().gvk),
                key: w.key,
                status: "PruneSkipped".to_owned(),
                message: w.message,
                phase: Phase::Sync,
                progress: OperationPhase::Succeeded,
                is_hook: false,
                images: Vec::new(),
            })
            .chain(finished)
            .collect();
        let operation = Operation {
            trigger,
            phase: OperationPhase::Running,
            message: String::new(),
            revision: revision.clone(),
            started_at,
            finished_at: None,
            retries,
            instead_of: self.instead_of(),
            results,
        };
        let kinds: std::collections::BTreeSet<_> = plan.steps.iter().map(|s| s.key.group_kind()).collect();
        let has_entries = plan.steps.iter().any(|step| Entry::of(step).is_some());
        let is_recorded = is_heal && !has_entries && kinds.is_subset(&self.spec.kinds);
        if !is_heal && Planned::is_kept(&plan) {
            plan.examine(world.live);
        }
        let desired = self.written_by(&plan);
        let plan = Arc::new(plan);
        let uids = hooks::made_uids(&plan, &made);
        let weights = plan.weights();
        if !is_recorded {
            self.spec.kinds.extend(kinds);
            self.is_kinds_stale = true;
            let intent = Intent {
                plan: plan.digest(),
                revision,
                source: self.spec.source,
                started_at,
                prune: request.prune,
                purpose: if is_heal { Purpose::Heal } else { Purpose::Sync },
                only: request.only.clone(),
                skips_hooks: request.skips_hooks,
                by: match &operation.trigger {
                    Trigger::Manual(by) => Some(by.clone()),
                    Trigger::Automated | Trigger::SelfHeal => None,
                },
                instead_of: self.instead_of(),
                kinds: self.spec.kinds.clone(),
            };
            out.push(Effect::Record { known: self.epoch, intent });
        }
        self.running = Some(Running {
            looks: Looks::at_all_of(&plan),
            result_at: BTreeMap::new(),
            plan,
            progress: Progress::default(),
            is_recorded,
            is_noted: !is_recorded,
            is_heal,
            operation,
            is_whole: request.only.is_empty(),
            request: is_manual.then(|| request.clone()),
            is_winding_up: false,
            desired,
            hooks: hooks::objects(&runs),
            uids,
            weights,
            tails: BTreeMap::new(),
            news: Vec::new(),
        });
        self.follow(world, now, out);
    }

    /// What a plan writes, hooks aside.
    fn written_by(&self, plan: &Plan) -> BTreeMap<ResourceKey, Manifest> {
        let written = plan.steps.iter().filter(|step| step.hook.is_none() && !step.action.is_delete());
        let of = |step: &Step| Some((step.key.clone(), self.prepared.manifests.get(&step.key)?.clone()));
        written.filter_map(of).collect()
    }

    /// A plan that is not followed is shown, with the reason.
    fn refuse_plan(
        &mut self,
        mut plan: Plan,
        trigger: Trigger,
        reason: String,
        world: &World<'_>,
        now: Timestamp,
        out: &mut Vec<Effect>,
    ) {
        if Planned::is_kept(&plan) {
            plan.examine(world.live);
            let state = PlanState::Refused(reason.clone());
            self.last_plan = Some(Planned::unbegun(Arc::new(plan), state));
        }
        self.fail_to_begin(trigger, reason, now, out);
    }

    /// The plan of a sync that nobody has asked for.
    pub(crate) fn proposed_plan(&self, request: &SyncRequest, world: &World<'_>, now: Timestamp) -> Plan {
        let revision = self.revision.as_ref().map(|r| r.id.clone()).unwrap_or_default();
        let wanted = Wanted {
            phases: &SYNC_PHASES,
            on_heal: false,
            revision: &revision,
            started_at: now,
            is_resumed: false,
            finished: &BTreeSet::new(),
            made: &BTreeMap::new(),
        };
        let (runs, _) = self.hook_runs(&wanted, world);
        self.plan(request, &runs, (&Trigger::Manual(String::new()), 0), world, now).0
    }

    /// Whoever asks for a sync waits for its end: one that may not begin has failed. An app that syncs by itself goes on
    /// trying.
    fn fail_to_begin(&mut self, trigger: Trigger, reason: String, now: Timestamp, out: &mut Vec<Effect>) {
        if matches!(trigger, Trigger::Manual(_)) {
            return self.record_at_once(trigger, OperationPhase::Failed, reason, Vec::new(), now, out);
        }
        if self.sync_error.as_ref() != Some(&reason) {
            self.sync_error = Some(reason);
            out.push(Effect::Report { urgent: true });
        }
    }

    /// An empty render after a full one prunes nothing unless that is allowed.
    fn refuses_empty(&self, prune: bool, is_manual: bool) -> Option<String> {
        let allowed = self.spec.policy.automated.is_some_and(|a| a.allow_empty) || is_manual;
        let wipes = !self.resources.is_empty() && self.prepared.manifests.is_empty();
        (prune && wipes && !allowed).then(|| {
            "auto-sync will wipe out all resources: Git holds no manifest any more; set allowEmpty to allow it".to_owned()
        })
    }

    /// Nothing is synced while another app owns one of the objects, if the app, or whoever asks, wants it so.
    pub(crate) fn refuses_shared(&self, request: &SyncRequest) -> Option<String> {
        let fails =
            request.options.as_ref().map_or(self.spec.policy.fail_on_shared, |own| own.fail_on_shared);
        let shared = |r: &&Resource| matches!(r.pair.owner, Owner::Other(_)) && r.pair.desired.is_some();
        let resource = self.resources.values().find(shared).filter(|_| fails)?;
        let Owner::Other(owner) = &resource.pair.owner else { return None };
        Some(format!("Shared resource found: {} is owned by app {owner}", resource.pair.key))
    }

    fn plan(
        &self,
        request: &SyncRequest,
        runs: &[HookRun],
        (trigger, retries): (&Trigger, u32),
        world: &World<'_>,
        now: Timestamp,
    ) -> (Plan, Vec<tautline_plan::Withheld>) {
        let is_heal = *trigger == Trigger::SelfHeal;
        let is_manual = matches!(trigger, Trigger::Manual(_));
        let inputs = Inputs {
            app: self.spec.id.to_string(),
            revision: self.revision.as_ref().map(|r| r.id.clone()).unwrap_or_default(),
            reads: self.rendered.as_ref().map(|r| r.reads),
        };
        let own = request.options.as_ref();
        let options = PlanOptions {
            prune: request.prune,
            create_namespace: self.namespace_to_create(own, world),
            propagation: own.map_or(self.spec.policy.propagation, |own| own.propagation),
            take_over_from: match own {
                Some(RequestOptions { migrates: false, .. }) => Vec::new(),
                _ => self.spec.policy.taken_over(),
            },
            objects: own.map_or(self.spec.policy.objects, |own| own.objects),
            is_whole: !is_heal && request.only.is_empty(),
            is_retry: retries > 0,
            awaits_last_wave: self.spec.policy.awaits_last_wave,
            confirms_data: self.spec.policy.confirms_data,
            autoscaled: self.autoscaled(world),
        };
        let chosen = self.resources.values().filter(|r| {
            let is_asked =
                request.only.is_empty() || request.only.iter().any(|only| matches(only, &r.pair.key));
            let is_held =
                is_heal && (r.ledger.held_until(now).is_some() || self.held_back.contains(&r.pair.key));
            let is_pointless = !is_manual && r.is_refused();
            let is_left_alone = self.kept.contains(&r.pair.key) || self.becomes_hook(r);
            is_asked && !is_held && !is_pointless && !is_left_alone
        });
        Plan::build(inputs, chosen.map(|r| (&r.pair, &*r.difference)), runs, &options)
    }

    /// Whether Git holds a hook under the name of an object that the app had: it is the hook's to delete and to make
    /// anew, so no prune's (rule R17).
    pub(crate) fn becomes_hook(&self, resource: &Resource) -> bool {
        let key = &resource.pair.key;
        let is_it = |hook: &Object| {
            let namespace = match hook.namespace() {
                "" => self.spec.destination.namespace.as_str(),
                namespace => namespace,
            };
            let is_like = hook.name() == key.name && hook.gvk().group_kind() == key.group_kind();
            is_like && (key.namespace.is_empty() || key.namespace == namespace)
        };
        resource.pair.desired.is_none() && self.hooks.iter().any(|(_, manifest)| is_it(&manifest.object))
    }

    fn live_objects(&self) -> usize {
        self.resources.values().filter(|resource| resource.pair.live.as_ref().present().is_some()).count()
    }

    /// What autoscalers scale; `None` while the live ones are not known (rule R16).
    fn autoscaled(&self, world: &World<'_>) -> Option<BTreeSet<ResourceKey>> {
        let kind = autoscaler_kind();
        let live = match world.scopes.is_served(&kind) {
            Some(false) => Vec::new(),
            _ => world.live.freshness(&kind).ok().map(|_| world.live.of_kind(&kind))?,
        };
        let desired = self.prepared.manifests.values().map(|manifest| &*manifest.object);
        Some(autoscaled(live.iter().map(|object| &**object).chain(desired)))
    }

    /// The destination's namespace, if it is to be made, or its metadata to be brought up to date.
    fn namespace_to_create(&self, own: Option<&RequestOptions>, world: &World<'_>) -> Option<String> {
        let namespace = &self.spec.destination.namespace;
        let key = ResourceKey::new("", "Namespace", "", namespace.as_str());
        let is_wanted = own.map_or(self.spec.policy.create_namespace, |own| own.create_namespace)
            && !self.prepared.manifests.contains_key(&key)
            && (self.prepared.manifests.keys().any(|k| k.namespace == *namespace) || !self.hooks.is_empty());
        let is_due = match world.live.get(&key) {
            Presence::Absent(_) => true,
            Presence::Present(live) => self.namespace_differs(&live),
            // Namespaces are not looked at for the sake of one sync; one that is there already stays as it is.
            Presence::Unknown(Why::NotWatched(_)) => true,
            Presence::Unknown(_) => false,
        };
        (is_wanted && is_due).then(|| namespace.clone())
    }

    /// Notes whether the destination's namespace lacks metadata that it is to have.
    pub(crate) fn look_at_namespace(&mut self, world: &World<'_>, out: &mut Vec<Effect>) {
        let key = ResourceKey::new("", "Namespace", "", self.spec.destination.namespace.as_str());
        let is_managed = self.spec.policy.create_namespace
            && self.spec.policy.namespace_metadata.is_some()
            && !self.prepared.manifests.contains_key(&key);
        let live = world.live.get(&key).present().filter(|_| is_managed && self.rendered.is_some());
        let differs = live.is_some_and(|live| self.namespace_differs(&live));
        if std::mem::replace(&mut self.namespace_differs, differs) != differs {
            out.push(Effect::Report { urgent: false });
        }
    }

    /// Whether a namespace lacks labels or annotations of `managedNamespaceMetadata`.
    fn namespace_differs(&self, live: &Object) -> bool {
        let wanted = self.spec.policy.namespace_metadata.iter().flat_map(|metadata| metadata.iter());
        wanted.into_iter().any(|(section, values)| {
            let values = values.as_map().into_iter().flatten();
            values.into_iter().any(|(key, value)| {
                live.metadata().and_then(|m| m.get(section)).and_then(|m| m.get(key)) != Some(value)
            })
        })
    }
}

fn matches(only: &ResourceKey, key: &ResourceKey) -> bool {
    only.group == key.group
        && only.kind == key.kind
        && only.name == key.name
        && (only.namespace.is_empty() || only.namespace == key.namespace)
}
