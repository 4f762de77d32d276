//! Leader election by a Lease (rule R24): renewed every five seconds, on calls of its own, with a deadline.

use std::sync::Arc;
use std::time::Duration;

use tautline::cluster::{Cluster, Target, WriteOptions};
use tautline::core::{Clock, FieldManager, GroupVersionKind, Object, value};
use tautline::grammar::time;

const LEASE: &str = "tautline-controller";
const DURATION: Duration = Duration::from_secs(15);
const RENEW: Duration = Duration::from_secs(5);
const DEADLINE: Duration = Duration::from_secs(10);

/// A candidate for leadership.
pub(crate) struct Candidate {
    pub(crate) cluster: Arc<dyn Cluster>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) namespace: String,
    pub(crate) identity: String,
}

impl Candidate {
    /// Waits until the Lease is ours.
    pub(crate) async fn win(&self) -> Result<(), String> {
        let mut is_first = true;
        while !self.try_hold().await? {
            if std::mem::take(&mut is_first) {
                tracing::info!("another controller leads; waiting for its Lease to expire");
            }
            tokio::time::sleep(RENEW).await;
        }
        Ok(())
    }

    /// Renews the Lease until it is lost. Ends with the reason; nothing may be written after that.
    pub(crate) async fn keep(&self) -> String {
        let mut renewed = self.clock.now();
        loop {
            tokio::time::sleep(RENEW).await;
            match tokio::time::timeout(DEADLINE - RENEW, self.try_hold()).await {
                Ok(Ok(true)) => renewed = self.clock.now(),
                Ok(Ok(false)) => return "another controller took the Lease".to_owned(),
                Ok(Err(error)) => tracing::warn!(error, "the Lease could not be renewed"),
                Err(_) => tracing::warn!("renewing the Lease took too long"),
            }
            if self.clock.now().since(renewed) >= DEADLINE {
                return "the Lease could not be renewed in time".to_owned();
            }
        }
    }

    /// Takes or renews the Lease if it is free, expired or ours.
    async fn try_hold(&self) -> Result<bool, String> {
        let gvk = GroupVersionKind::new("coordination.k8s.io", "v1", "Lease");
        let discovery = self.cluster.discover().await.map_err(|e| e.to_string())?;
        let resource =
            discovery.find(&gvk).cloned().ok_or("the cluster serves no Leases; use --no-leader-election")?;
        let target = Target::new(resource, &self.namespace, LEASE);
        let options = WriteOptions::by(FieldManager::new("tautline-leader"));
        let now = self.clock.now();
        let live = self.cluster.get(&target).await.map_err(|e| e.to_string())?;
        let mut lease = match &live {
            None => Object::bare(&gvk, &self.namespace, LEASE),
            Some(live) => (**live).clone(),
        };
        let holder = lease.str_at(&["spec", "holderIdentity"]).unwrap_or_default().to_owned();
        let renewed = lease.str_at(&["spec", "renewTime"]).and_then(|t| time::parse(t).ok());
        let is_expired = renewed.is_none_or(|renewed| now.since(renewed) > DURATION);
        if !holder.is_empty() && holder != self.identity && !is_expired {
            return Ok(false);
        }
        let transitions =
            lease.i64_at(&["spec", "leaseTransitions"]).unwrap_or(0) + i64::from(holder != self.identity);
        let acquired = match lease.str_at(&["spec", "acquireTime"]) {
            Some(at) if holder == self.identity => at.to_owned(),
            _ => time::micros(now),
        };
        let spec = value!({
            "holderIdentity": self.identity.as_str(), "leaseDurationSeconds": 15, "renewTime": time::micros(now),
            "acquireTime": acquired, "leaseTransitions": transitions
        });
        lease.as_map_mut().insert("spec", spec);
        // The version in the object makes two candidates' writes exclude each other.
        let written = match live {
            None => self.cluster.create(&target, &lease, &options).await,
            Some(_) => self.cluster.replace(&target, &lease, &options).await,
        };
        match written {
            Ok(_) => Ok(true),
            Err(error) if error.is_conflict() => Ok(false),
            Err(error) => Err(error.to_string()),
        }
    }
}
