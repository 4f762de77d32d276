//! [`Right`]: what a user may not do.

use crate::caller::Ask;
use crate::failure::Failure;
use crate::rules::Matcher;

/// A right that is taken away. Without any, everybody may do everything.
#[derive(Clone, Debug)]
pub struct Right {
    /// Who may not; empty for everybody.
    pub user: String,
    /// What they may not do.
    pub may_not: Matcher,
}

/// Answers 403 in the words of the RBAC authorizer of kube-apiserver 1.37.
pub(super) fn check(rights: &[Right], ask: &Ask) -> Result<(), Failure> {
    let denied =
        rights.iter().any(|r| (r.user.is_empty() || r.user == ask.who.user) && r.may_not.matches(ask));
    if !denied {
        return Ok(());
    }
    let resource = match ask.subresource.as_str() {
        "" => ask.resource.clone(),
        sub => format!("{}/{sub}", ask.resource),
    };
    let place = match ask.namespace.as_str() {
        "" => "at the cluster scope".to_owned(),
        namespace => format!("in the namespace \"{namespace}\""),
    };
    let why = format!(
        "User \"{}\" cannot {} resource \"{resource}\" in API group \"{}\" {place}",
        ask.who.user,
        ask.verb.as_str(),
        ask.group
    );
    Err(Failure::forbidden(&ask.group, &ask.resource, &ask.name, &why))
}
