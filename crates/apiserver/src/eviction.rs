//! Evictions: deleting a pod if its PodDisruptionBudget lets it go, as kube-apiserver 1.37 decides it.

use std::sync::Arc;

use tautline_cluster::Cause;
use tautline_core::Object;
use tautline_grammar::{LabelSelector, time};

use crate::caller::Ask;
use crate::failure::Failure;
use crate::state::State;
use crate::write::DeleteHow;

const BUDGETS: &str = "poddisruptionbudgets.policy";

impl State {
    /// Evicts a pod.
    ///
    /// # Errors
    /// 404, 429 where a budget does not let it go, 500 where several budgets want a say.
    pub(crate) fn evict(&mut self, ask: &Ask, how: &DeleteHow) -> Result<(), Failure> {
        let mut of_pod = ask.clone();
        of_pod.subresource.clear();
        if let Some(pod) = self.find(&ask.served, &ask.namespace, &ask.name)
            && !is_free(&pod)
        {
            self.ask_budget(&pod, how.dry_run)?;
        }
        self.delete(&of_pod, how).map(drop)
    }

    /// Takes one disruption off the pod's budget.
    fn ask_budget(&mut self, pod: &Object, dry_run: bool) -> Result<(), Failure> {
        let budgets = self.budgets_of(pod);
        let budget = match budgets.as_slice() {
            [] => return Ok(()),
            [one] => one,
            _ => {
                let message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does \
                               not support.";
                return Err(Failure::internal(message));
            }
        };
        let number = |field: &str| budget.i64_at(&["status", field]).unwrap_or(0);
        if is_unhealthy(pod) && spares_unhealthy(budget, number("currentHealthy"), number("desiredHealthy")) {
            return Ok(());
        }
        let name = budget.name();
        if number("observedGeneration") < budget.generation().unwrap_or(0) {
            let why = format!("The disruption budget {name} is still being processed by the server.");
            let mut failure = refused(&why);
            failure.retry_after = Some(10);
            return Err(failure);
        }
        let allowed = number("disruptionsAllowed");
        if allowed < 1 {
            let why = format!(
                "The disruption budget {name} needs {} healthy pods and has {} currently",
                number("desiredHealthy"),
                number("currentHealthy")
            );
            return Err(refused(&why));
        }
        if !dry_run {
            let mut new = Object::clone(budget);
            let now = time::seconds(self.now());
            let status = new.as_map_mut().map_at("status");
            status.insert("disruptionsAllowed", allowed - 1);
            status.map_at("disruptedPods").insert(pod.name(), now);
            self.store.put(&BUDGETS.into(), new);
        }
        Ok(())
    }

    fn budgets_of(&self, pod: &Object) -> Vec<Arc<Object>> {
        let shelf = self.store.shelf(BUDGETS);
        let all = shelf.into_iter().flat_map(|shelf| shelf.within(pod.namespace()));
        let covers = |budget: &Object| {
            let selector = budget.at(&["spec", "selector"]).map(LabelSelector::from_value);
            selector.is_some_and(|read| read.is_ok_and(|selector| selector.matches(|key| pod.label(key))))
        };
        all.map(|(_, budget)| budget.clone()).filter(|budget| covers(budget)).collect()
    }
}

/// A pod that does not run, or goes anyway, is nobody's loss.
fn is_free(pod: &Object) -> bool {
    let phase = pod.str_at(&["status", "phase"]).unwrap_or_default();
    pod.is_terminating() || ["Succeeded", "Failed", "Pending"].contains(&phase)
}

fn is_unhealthy(pod: &Object) -> bool {
    let ready = pod.list_at(&["status", "conditions"]).iter().find(|c| c.str_at(&["type"]) == Some("Ready"));
    ready.is_none_or(|condition| condition.str_at(&["status"]) != Some("True"))
}

/// Whether a pod that is not healthy may go whatever the budget has left.
fn spares_unhealthy(budget: &Object, healthy: i64, desired: i64) -> bool {
    match budget.str_at(&["spec", "unhealthyPodEvictionPolicy"]) {
        Some("AlwaysAllow") => true,
        _ => desired > 0 && healthy >= desired,
    }
}

fn refused(why: &str) -> Failure {
    let message = "Cannot evict pod as it would violate the pod's disruption budget.";
    let cause =
        Cause { reason: "DisruptionBudget".to_owned(), message: why.to_owned(), field: String::new() };
    Failure::new(429, "TooManyRequests", message).because(vec![cause])
}

#[cfg(test)]
mod tests {
    use crate::caller::{Ask, Identity, Verb};
    use crate::options::Options;
    use crate::state::State;
    use crate::write::{DeleteHow, How};
    use tautline_core::{GroupVersionKind, Object, Value, value};

    fn ask(state: &State, api: &str, kind: &str, name: &str, verb: Verb) -> Ask {
        let served = state.catalog.named(&GroupVersionKind::parse(api, kind)).cloned().unwrap();
        Ask::new(&Identity::admin("test"), verb, &served, "default", name)
    }

    fn make(state: &mut State, api: &str, kind: &str, body: Value, status: Value) {
        let asked = ask(state, api, kind, "", Verb::Create);
        let mut made = Object::clone(&state.create(&asked, body, &How::by("test")).unwrap().object);
        made.as_map_mut().insert("status", status);
        state.store.put(&asked.served.shelf, made);
    }

    #[test]
    fn budgets_hold_pods() {
        let server = crate::server::Server::new(Options::default());
        let mut state = server.lock();
        for name in ["a", "b"] {
            let pod = value!({ "apiVersion": "v1", "kind": "Pod",
                "metadata": { "name": name, "namespace": "default", "labels": { "app": "web" } },
                "spec": { "containers": [{ "name": "c", "image": "i" }] } });
            let status =
                value!({ "phase": "Running", "conditions": [{ "type": "Ready", "status": "True" }] });
            make(&mut state, "v1", "Pod", pod, status);
        }
        let budget = value!({ "apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
            "metadata": { "name": "web", "namespace": "default" },
            "spec": { "minAvailable": 1, "selector": { "matchLabels": { "app": "web" } } } });
        let status = value!({ "observedGeneration": 1, "disruptionsAllowed": 1, "currentHealthy": 2,
            "desiredHealthy": 1, "expectedPods": 2 });
        make(&mut state, "policy/v1", "PodDisruptionBudget", budget, status);
        let evict = |state: &mut State, name: &str| {
            let asked = ask(state, "v1", "Pod", name, Verb::Create).with_subresource("eviction");
            state.evict(&asked, &DeleteHow::default())
        };
        evict(&mut state, "a").unwrap();
        let refused = evict(&mut state, "b").unwrap_err();
        assert_eq!((refused.code, refused.reason.as_str()), (429, "TooManyRequests"));
        let causes = refused.details.unwrap().causes;
        assert_eq!(causes[0].message, "The disruption budget web needs 1 healthy pods and has 2 currently");
        let left = state.find_builtin("policy/v1", "PodDisruptionBudget", "default", "web").unwrap();
        assert!(left.at(&["status", "disruptedPods", "a"]).is_some());
    }
}
