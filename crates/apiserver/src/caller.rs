//! Who asks for what: [`Ask`], and the [`Caller`] whose requests they are.

use std::sync::Arc;

use crate::catalog::Served;

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Reads one object.
    Get,
    /// Reads many.
    List,
    /// Follows changes.
    Watch,
    /// Makes an object.
    Create,
    /// Replaces an object.
    Update,
    /// Changes an object, server-side apply included.
    Patch,
    /// Deletes an object.
    Delete,
    /// Deletes many.
    DeleteCollection,
}

impl Verb {
    /// The word that RBAC uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        }
    }

    /// Whether it changes something.
    pub fn writes(self) -> bool {
        !matches!(self, Self::Get | Self::List | Self::Watch)
    }
}

/// Who asks: the user that rules about rights see, and the program that counters and managedFields see.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// The user's name.
    pub user: String,
    /// The groups that the user is in.
    pub groups: Vec<String>,
    /// The user agent.
    pub agent: String,
}

impl Identity {
    /// Names who asks: a user, who is authenticated, or a service account with the groups of its kind.
    pub fn new(user: impl Into<String>, agent: impl Into<String>) -> Self {
        let user = user.into();
        let mut groups = Vec::new();
        if let Some((namespace, _)) =
            user.strip_prefix("system:serviceaccount:").and_then(|account| account.split_once(':'))
        {
            groups.push("system:serviceaccounts".to_owned());
            groups.push(format!("system:serviceaccounts:{namespace}"));
        }
        groups.push("system:authenticated".to_owned());
        Self { user, groups, agent: agent.into() }
    }

    /// A cluster's admin, a member of `system:masters`.
    pub fn admin(agent: impl Into<String>) -> Self {
        Self::new("admin", agent).within("system:masters")
    }

    /// Who shows nothing that tells who he is.
    pub fn anonymous(agent: impl Into<String>) -> Self {
        let groups = vec!["system:unauthenticated".to_owned()];
        Self { user: "system:anonymous".to_owned(), groups, agent: agent.into() }
    }

    /// The same in one more group.
    #[must_use]
    pub fn within(mut self, group: &str) -> Self {
        let at = self.groups.len().saturating_sub(1);
        self.groups.insert(at, group.to_owned());
        self
    }

    /// The field manager that the server takes when none is given: the agent up to its slash.
    pub(crate) fn default_manager(&self) -> String {
        let word = self.agent.split('/').next().unwrap_or_default();
        word.chars().take(128).collect()
    }
}

/// One request, as hooks, fault rules and rules about rights see it.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Who asks.
    pub who: Identity,
    /// What for.
    pub verb: Verb,
    /// The group of the resource.
    pub group: String,
    /// The resource's name in URLs.
    pub resource: String,
    /// The subresource; empty for none.
    pub subresource: String,
    /// The namespace; empty for cluster scope and for all namespaces.
    pub namespace: String,
    /// The object; empty for a collection.
    pub name: String,
    pub(crate) served: Arc<Served>,
}

impl Ask {
    pub(crate) fn new(who: &Identity, verb: Verb, served: &Arc<Served>, namespace: &str, name: &str) -> Self {
        Self {
            who: who.clone(),
            verb,
            group: served.group().to_owned(),
            resource: served.plural().to_owned(),
            subresource: String::new(),
            namespace: if served.is_namespaced() { namespace.to_owned() } else { String::new() },
            name: name.to_owned(),
            served: served.clone(),
        }
    }

    pub(crate) fn with_subresource(mut self, subresource: &str) -> Self {
        self.subresource = subresource.to_owned();
        self
    }
}
