//! What operators give, by the types of what they stand between.

use cel::common::ast::operators;

use crate::types::Type;

pub(super) fn sign_of(operator: &str) -> Option<&'static str> {
    Some(match operator {
        operators::LOGICAL_AND => "&&",
        operators::LOGICAL_OR => "||",
        operators::EQUALS => "==",
        operators::NOT_EQUALS => "!=",
        operators::LESS => "<",
        operators::LESS_EQUALS => "<=",
        operators::GREATER => ">",
        operators::GREATER_EQUALS => ">=",
        operators::ADD => "+",
        operators::SUBSTRACT => "-",
        operators::MULTIPLY => "*",
        operators::DIVIDE => "/",
        operators::MODULO => "%",
        operators::IN => "in",
        _ => return None,
    })
}

/// What an operator gives; `None` when it does not take such values.
pub(super) fn binary(operator: &str, left: &Type, right: &Type) -> Option<Type> {
    let any = left.is_dyn() || right.is_dyn();
    let same = left.fits(right);
    match operator {
        operators::LOGICAL_AND | operators::LOGICAL_OR => {
            (left.fits(&Type::Bool) && right.fits(&Type::Bool)).then_some(Type::Bool)
        }
        operators::EQUALS | operators::NOT_EQUALS => same.then_some(Type::Bool),
        operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS => {
            let ordered = |of: &Type| {
                of.is_dyn()
                    || of.is_number()
                    || matches!(
                        of,
                        Type::Bool | Type::String | Type::Bytes | Type::Timestamp | Type::Duration
                    )
            };
            let fits = same || left.is_number() && right.is_number();
            (fits && ordered(left) && ordered(right)).then_some(Type::Bool)
        }
        operators::IN => match right {
            Type::Dyn => Some(Type::Bool),
            Type::List(of) | Type::Map(of, _) => left.fits(of).then_some(Type::Bool),
            _ => None,
        },
        _ if any => with_anything(operator, if left.is_dyn() { right } else { left }),
        operators::ADD => match (left, right) {
            (Type::Timestamp, Type::Duration) | (Type::Duration, Type::Timestamp) => Some(Type::Timestamp),
            (Type::String | Type::Bytes | Type::Duration, _) if same => Some(left.clone()),
            (Type::List(_), _) if same => Some(left.join(right)),
            _ => (same && left.is_number()).then(|| left.clone()),
        },
        operators::SUBSTRACT => match (left, right) {
            (Type::Timestamp, Type::Timestamp) => Some(Type::Duration),
            (Type::Timestamp, Type::Duration) => Some(Type::Timestamp),
            (Type::Duration, Type::Duration) => Some(Type::Duration),
            _ => (same && left.is_number()).then(|| left.clone()),
        },
        operators::MODULO => (same && matches!(left, Type::Int | Type::Uint)).then(|| left.clone()),
        _ => (same && left.is_number()).then(|| left.clone()),
    }
}

/// What arithmetic of a value and anything gives: where one overload takes the value, that one's.
pub(super) fn with_anything(operator: &str, known: &Type) -> Option<Type> {
    match known {
        Type::Dyn => Some(Type::Dyn),
        Type::Int | Type::Uint => Some(known.clone()),
        Type::Double if operator != operators::MODULO => Some(Type::Double),
        Type::String | Type::Bytes | Type::List(_) if operator == operators::ADD => Some(known.clone()),
        Type::Timestamp if operator == operators::ADD => Some(Type::Timestamp),
        Type::Timestamp | Type::Duration if [operators::ADD, operators::SUBSTRACT].contains(&operator) => {
            Some(Type::Dyn)
        }
        _ => None,
    }
}

/// What indexing gives.
pub(super) fn indexes(list: &Type, key: &Type) -> Option<Type> {
    match list {
        Type::Dyn => Some(Type::Dyn),
        Type::List(of) => key.fits(&Type::Int).then(|| (**of).clone()),
        Type::Map(of, value) => key.fits(of).then(|| (**value).clone()),
        Type::Optional(of) => indexes(of, key).map(|of| Type::Optional(Box::new(of))),
        _ => None,
    }
}
