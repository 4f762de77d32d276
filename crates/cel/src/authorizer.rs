//! `authorizer`: what somebody may do, asked from within an expression.

use std::fmt;
use std::sync::Arc;

use cel::objects::Opaque;
use cel::{Context, ExecutionError, FunctionContext, ResolveResult, Value};

use crate::Variable;

/// What is asked of an [`Authorizer`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// `namespace` and name of the service account that is asked about; `None` for who made the request.
    pub account: Option<(String, String)>,
    /// The verb: `create`.
    pub verb: String,
    /// A path outside the resources; then what follows is empty.
    pub path: String,
    /// The API group.
    pub group: String,
    /// The resource in URLs: `deployments`.
    pub resource: String,
    /// The subresource, or nothing.
    pub subresource: String,
    /// The namespace, or nothing for the whole cluster.
    pub namespace: String,
    /// The object's name, or nothing.
    pub name: String,
}

/// Says who may do what.
pub trait Authorizer: Send + Sync {
    /// Whether it is allowed, and why.
    fn judge(&self, asked: &Asked) -> (bool, String);
}

/// A question in the making; equal to another that asks the same.
struct Question {
    authorizer: Arc<dyn Authorizer>,
    asked: Asked,
    form: Form,
}

/// How far a question has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Authorizer,
    Path,
    Group,
    Resource,
}

impl PartialEq for Question {
    fn eq(&self, other: &Self) -> bool {
        self.asked == other.asked && self.form == other.form
    }
}

impl Eq for Question {}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.asked.fmt(f)
    }
}

impl Opaque for Question {
    fn runtime_type_name(&self) -> &str {
        match self.form {
            Form::Authorizer => "kubernetes.authorization.Authorizer",
            Form::Path => "kubernetes.authorization.PathCheck",
            Form::Group => "kubernetes.authorization.GroupCheck",
            Form::Resource => "kubernetes.authorization.ResourceCheck",
        }
    }
}

/// An answer.
#[derive(Debug, PartialEq, Eq)]
struct Decision {
    allowed: bool,
    reason: String,
}

impl Opaque for Decision {
    fn runtime_type_name(&self) -> &str {
        "kubernetes.authorization.Decision"
    }
}

impl Variable {
    /// The variable `authorizer`.
    pub fn authorizer(authorizer: &Arc<dyn Authorizer>) -> Self {
        Self::question(authorizer, Asked::default(), Form::Authorizer)
    }

    /// The variable `authorizer.requestResource`: a question about the resource of the request, without a verb.
    pub fn request_resource(authorizer: &Arc<dyn Authorizer>, asked: Asked) -> Self {
        Self::question(authorizer, asked, Form::Resource)
    }

    fn question(authorizer: &Arc<dyn Authorizer>, asked: Asked, form: Form) -> Self {
        let value = Value::Opaque(Arc::new(Question { authorizer: authorizer.clone(), asked, form }));
        Self { value, bytes: 64, items: 0 }
    }
}

/// The functions of an authorizer.
pub(crate) fn add(context: &mut Context<'_>) {
    type Step = fn(&mut Asked, String);
    let steps: [(&'static str, Form, Form, Step); 6] = [
        ("path", Form::Authorizer, Form::Path, |asked, text| asked.path = text),
        ("group", Form::Authorizer, Form::Group, |asked, text| asked.group = text),
        ("resource", Form::Group, Form::Resource, |asked, text| asked.resource = text),
        ("subresource", Form::Resource, Form::Resource, |asked, text| asked.subresource = text),
        ("namespace", Form::Resource, Form::Resource, |asked, text| asked.namespace = text),
        ("name", Form::Resource, Form::Resource, |asked, text| asked.name = text),
    ];
    for (name, from, to, step) in steps {
        context.add_function(name, move |ftx: &FunctionContext<'_, '_>| -> ResolveResult {
            let (authorizer, mut asked) = question(ftx, &[from])?;
            step(&mut asked, text(ftx, 0)?);
            Ok(Value::Opaque(Arc::new(Question { authorizer, asked, form: to })))
        });
    }
    // Selectors narrow what is asked; what is allowed without them is allowed with them.
    for name in ["fieldSelector", "labelSelector"] {
        context.add_function(name, |ftx: &FunctionContext<'_, '_>| -> ResolveResult {
            let (authorizer, asked) = question(ftx, &[Form::Resource])?;
            Ok(Value::Opaque(Arc::new(Question { authorizer, asked, form: Form::Resource })))
        });
    }
    context.add_function("serviceAccount", |ftx: &FunctionContext<'_, '_>| -> ResolveResult {
        let (authorizer, mut asked) = question(ftx, &[Form::Authorizer])?;
        asked.account = Some((text(ftx, 0)?, text(ftx, 1)?));
        Ok(Value::Opaque(Arc::new(Question { authorizer, asked, form: Form::Authorizer })))
    });
    context.add_function("check", |ftx: &FunctionContext<'_, '_>| -> ResolveResult {
        let (authorizer, mut asked) = question(ftx, &[Form::Path, Form::Resource])?;
        asked.verb = text(ftx, 0)?;
        let (allowed, reason) = authorizer.judge(&asked);
        Ok(Value::Opaque(Arc::new(Decision { allowed, reason })))
    });
    context.add_function("allowed", |ftx: &FunctionContext<'_, '_>| -> ResolveResult {
        decided(ftx, |decision| Value::Bool(decision.allowed))
    });
    context.add_function("reason", |ftx: &FunctionContext<'_, '_>| -> ResolveResult {
        decided(ftx, |decision| Value::String(Arc::new(decision.reason.clone())))
    });
    // Nothing is asked over a network, so no question fails.
    context.add_function("errored", |ftx: &FunctionContext<'_, '_>| decided(ftx, |_| Value::Bool(false)));
    context.add_function("error", |ftx: &FunctionContext<'_, '_>| {
        decided(ftx, |_| Value::String(Arc::new(String::new())))
    });
}

fn question(
    ftx: &FunctionContext<'_, '_>,
    forms: &[Form],
) -> Result<(Arc<dyn Authorizer>, Asked), ExecutionError> {
    match &ftx.this {
        Some(Value::Opaque(opaque)) => match opaque.downcast_ref::<Question>() {
            Some(question) if forms.contains(&question.form) => {
                Ok((question.authorizer.clone(), question.asked.clone()))
            }
            _ => Err(ExecutionError::NoSuchOverload),
        },
        _ => Err(ExecutionError::NoSuchOverload),
    }
}

fn decided(ftx: &FunctionContext<'_, '_>, of: impl Fn(&Decision) -> Value) -> ResolveResult {
    match &ftx.this {
        Some(Value::Opaque(opaque)) => {
            opaque.downcast_ref::<Decision>().map(of).ok_or(ExecutionError::NoSuchOverload)
        }
        _ => Err(ExecutionError::NoSuchOverload),
    }
}

fn text(ftx: &FunctionContext<'_, '_>, n: usize) -> Result<String, ExecutionError> {
    let argument = ftx.args.get(n).ok_or(ExecutionError::MissingArgumentOrTarget)?;
    match ftx.ptx.resolve(argument)? {
        Value::String(text) => Ok(text.to_string()),
        _ => Err(ExecutionError::NoSuchOverload),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Expression;
    use tautline_core::Budget;

    struct Creates;

    impl Authorizer for Creates {
        fn judge(&self, asked: &Asked) -> (bool, String) {
            (asked.verb == "create" && asked.account.is_none(), format!("{asked:?}"))
        }
    }

    #[test]
    fn questions_are_built_step_by_step() {
        let authorizer: Arc<dyn Authorizer> = Arc::new(Creates);
        let check = |text: &str| {
            let asked = Asked { resource: "pods".into(), ..Asked::default() };
            let variables = [
                ("authorizer", Variable::authorizer(&authorizer)),
                ("authorizer.requestResource", Variable::request_resource(&authorizer, asked)),
            ];
            let declared = crate::Declarations {
                variables: [
                    ("authorizer", "kubernetes.authorization.Authorizer"),
                    ("authorizer.requestResource", "kubernetes.authorization.ResourceCheck"),
                ]
                .map(|(name, of)| (name.to_owned(), crate::Type::opaque(of)))
                .into(),
                ..crate::Declarations::default()
            };
            let budget = Budget::default();
            let holds =
                Expression::checked(text, &declared, &budget).and_then(|e| e.holds(&variables, &budget));
            assert_eq!(holds, Ok(true), "{text}");
        };
        check("authorizer.group('').resource('pods').namespace('n').name('p').check('create').allowed()");
        check("!authorizer.serviceAccount('n', 'a').path('/x').check('create').allowed()");
        check("authorizer.requestResource.check('create').allowed()");
        check("authorizer.requestResource.subresource('log').check('get').reason().contains('log')");
        check(
            "!authorizer.path('/x').check('get').errored() && authorizer.path('/x').check('get').error() == ''",
        );
    }
}
