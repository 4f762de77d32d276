//! The object form: `matchLabels` and `matchExpressions`.

use tautline_core::Value;

use super::{LabelSelector, Operator, Requirement, SelectorError};

impl LabelSelector {
    /// Reads the object form, as `metav1.LabelSelectorAsSelector` does: null selects nothing, an empty map
    /// everything.
    pub fn from_value(value: &Value) -> Result<Self, SelectorError> {
        if value.is_null() {
            return Ok(Self::nothing());
        }
        let map = value.as_map().ok_or_else(|| shape("selector", "a map"))?;
        let mut requirements = Vec::new();
        match map.get("matchLabels") {
            None | Some(Value::Null) => {}
            Some(Value::Map(labels)) => {
                for (key, value) in labels {
                    let value =
                        value.as_str().ok_or_else(|| shape(&format!("matchLabels.{key}"), "a string"))?;
                    requirements.push(Requirement::new(key.as_str(), Operator::In, [value])?);
                }
            }
            Some(_) => return Err(shape("matchLabels", "a map of strings")),
        }
        match map.get("matchExpressions") {
            None | Some(Value::Null) => {}
            Some(Value::List(list)) => {
                for expression in list {
                    requirements.push(from_expression(expression)?);
                }
            }
            Some(_) => return Err(shape("matchExpressions", "a list")),
        }
        // `k in (v)` of matchLabels prints as `k=v`, as the API server shows selectors.
        for requirement in &mut requirements {
            if requirement.operator == Operator::In
                && requirement.values.len() == 1
                && map.get("matchLabels").and_then(|l| l.get(&requirement.key)).is_some()
            {
                requirement.operator = Operator::Equals;
            }
        }
        Ok(Self::new(requirements))
    }

    /// Reads a plain map of labels, as a Service's `spec.selector` is: every label must be equal.
    pub fn from_labels(labels: &Value) -> Result<Self, SelectorError> {
        let map = labels.as_map().ok_or_else(|| shape("selector", "a map of strings"))?;
        let requirements: Result<Vec<Requirement>, SelectorError> = map
            .iter()
            .map(|(key, value)| {
                let value = value.as_str().ok_or_else(|| shape(key, "a string"))?;
                Requirement::new(key.as_str(), Operator::Equals, [value])
            })
            .collect();
        Ok(Self::new(requirements?))
    }
}

fn from_expression(expression: &Value) -> Result<Requirement, SelectorError> {
    let key = expression.str_at(&["key"]).ok_or_else(|| shape("matchExpressions[].key", "a string"))?;
    let operator = expression.str_at(&["operator"]).unwrap_or_default();
    let operator = match operator {
        "In" => Operator::In,
        "NotIn" => Operator::NotIn,
        "Exists" => Operator::Exists,
        "DoesNotExist" => Operator::DoesNotExist,
        other => {
            let message = format!("{other:?} is not a valid label selector operator");
            return Err(SelectorError::Operator { key: key.to_owned(), message });
        }
    };
    let values: Option<Vec<&str>> = expression.list_at(&["values"]).iter().map(Value::as_str).collect();
    let values = values.ok_or_else(|| shape("matchExpressions[].values", "a list of strings"))?;
    Requirement::new(key, operator, values)
}

fn shape(field: &str, expected: &'static str) -> SelectorError {
    SelectorError::Shape { field: field.to_owned(), expected }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    #[test]
    fn forms() {
        let shown = |value: Value| {
            LabelSelector::from_value(&value).map_or_else(|e| e.to_string(), |s| s.to_string())
        };
        assert_eq!(shown(value!({ "matchLabels": { "b": "1", "a": "2" } })), "a=2,b=1");
        let expressions = value!({ "matchExpressions": [
            { "key": "x", "operator": "In", "values": ["b", "a"] },
            { "key": "y", "operator": "DoesNotExist" }
        ] });
        assert_eq!(shown(expressions), "x in (a,b),!y");
        let unknown = value!({ "matchExpressions": [{ "key": "x", "operator": "Gt", "values": ["1"] }] });
        assert_eq!(shown(unknown), "selector key \"x\": \"Gt\" is not a valid label selector operator");
        assert_eq!(
            shown(value!({ "matchLabels": { "a": 1 } })),
            "label selector field \"matchLabels.a\" must be a string"
        );
        assert!(LabelSelector::from_value(&value!({})).unwrap().matches(|_| None));
        assert!(!LabelSelector::from_value(&Value::Null).unwrap().matches(|_| None));
    }
}
