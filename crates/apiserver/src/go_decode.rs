//! Whether a body can be decoded into the Go type of its kind, in the words of Go's decoder.
//!
//! `sigs.k8s.io/json`, which is Go 1.26's `encoding/json`, notes the first value of another type and goes on; a type
//! that decodes itself (quantities, times, integers or texts) ends the decoding with its own error, which counts more.
//! Errors name the struct that holds the field and the way to it, with the names of embedded structs on the way.

use tautline_core::{Map, Value};
use tautline_schema::go_values;

use crate::go_fields::{self, GoType};
use crate::typing::go_kind as word;

/// Decodes a body.
///
/// # Errors
/// Go's message for what does not fit.
pub(crate) fn check(body: &Value, root: &'static str) -> Result<(), String> {
    let mut decoder = Decoder::default();
    decoder.value(body, root)?;
    decoder.first.map_or(Ok(()), Err)
}

#[derive(Default)]
struct Decoder {
    /// What the first value that does not fit is answered with.
    first: Option<String>,
    /// The struct whose field is decoded.
    holder: Option<&'static str>,
    way: Vec<&'static str>,
}

impl Decoder {
    fn value(&mut self, value: &Value, kind: &'static str) -> Result<(), String> {
        if value.is_null() {
            return Ok(());
        }
        match go_fields::go_type(kind) {
            GoType::Struct => match value {
                Value::Map(map) => return self.fields(map, kind),
                other => self.misfit(word(other), kind),
            },
            GoType::Map(of) => match value {
                Value::Map(map) => return map.values().try_for_each(|value| self.value(value, of)),
                other => self.misfit(word(other), kind),
            },
            GoType::List("uint8") => match value {
                Value::String(text) => {
                    if let Err(why) = go_values::check_base64(text.as_str()) {
                        self.first.get_or_insert(why);
                    }
                }
                Value::List(items) => return items.iter().try_for_each(|item| self.value(item, "uint8")),
                other => self.misfit(word(other), kind),
            },
            GoType::List(of) => match value {
                Value::List(items) => return items.iter().try_for_each(|item| self.value(item, of)),
                other => self.misfit(word(other), kind),
            },
            GoType::Itself => return self.itself(value, kind),
            GoType::Scalar(scalar) => {
                if let Some(word) = unlike(value, scalar) {
                    self.misfit(&word, kind);
                }
            }
            GoType::Unknown => {}
        }
        Ok(())
    }

    fn fields(&mut self, map: &Map, kind: &'static str) -> Result<(), String> {
        let (holder, depth) = (self.holder, self.way.len());
        for (key, value) in map {
            let Some((way, of)) = go_fields::field(kind, key.as_str()) else { continue };
            self.way.extend(way);
            self.holder = Some(kind);
            self.value(value, of)?;
            self.way.truncate(depth);
            self.holder = holder;
        }
        Ok(())
    }

    /// What decodes itself.
    fn itself(&mut self, value: &Value, kind: &'static str) -> Result<(), String> {
        let other = |want: &str| Err(self.worded(word(value), want));
        match (kind, value) {
            ("api/resource.Quantity", Value::String(text)) => quantity(text.as_str().trim()),
            ("api/resource.Quantity", other) => quantity(&other.to_json()),
            ("util/intstr.IntOrString", Value::String(_)) => Ok(()),
            ("util/intstr.IntOrString", _) => match unlike(value, "int32") {
                Some(word) => Err(self.worded(&word, "int32")),
                None => Ok(()),
            },
            ("meta/v1.Time", Value::String(text)) => go_values::check_time(text.as_str(), go_values::TIME),
            ("meta/v1.MicroTime", Value::String(text)) => {
                go_values::check_time(text.as_str(), go_values::MICRO_TIME)
            }
            ("meta/v1.Time" | "meta/v1.MicroTime", _) => other("string"),
            (
                "apiextensions/v1.JSONSchemaPropsOrArray" | "apiextensions/v1.JSONSchemaPropsOrBool",
                Value::Map(map),
            ) => {
                // By a decoder of its own, whose first complaint is its error.
                let before = self.first.take();
                self.fields(map, "apiextensions/v1.JSONSchemaProps")?;
                std::mem::replace(&mut self.first, before).map_or(Ok(()), Err)
            }
            ("apiextensions/v1.JSONSchemaPropsOrBool", Value::Bool(_)) => Ok(()),
            ("apiextensions/v1.JSONSchemaPropsOrBool", _) => {
                Err("boolean or JSON schema expected".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn misfit(&mut self, word: &str, kind: &'static str) {
        if self.first.is_none() {
            self.first = Some(self.worded(word, &go_fields::printed(kind)));
        }
    }

    fn worded(&self, word: &str, kind: &str) -> String {
        match self.holder {
            Some(holder) => {
                let short = holder.rsplit('.').next().unwrap_or_default();
                let way = self.way.join(".");
                format!("json: cannot unmarshal {word} into Go struct field {short}.{way} of type {kind}")
            }
            None => format!("json: cannot unmarshal {word} into Go value of type {kind}"),
        }
    }
}

fn quantity(text: &str) -> Result<(), String> {
    match text.parse::<tautline_grammar::Quantity>() {
        Ok(_) => Ok(()),
        Err(_) => Err(go_values::NO_QUANTITY.to_owned()),
    }
}

/// What is said of a value that does not fit a scalar; numbers that are out of range are quoted.
fn unlike(value: &Value, scalar: &str) -> Option<String> {
    let whole = |fits: bool| (!fits).then(|| format!("number {}", value.to_json()));
    match (scalar, value) {
        ("string", Value::String(_)) | ("bool", Value::Bool(_)) => None,
        ("float64" | "float32", Value::Int(_) | Value::Float(_)) => None,
        ("interface", _) => None,
        ("int32", Value::Int(n)) => whole(i32::try_from(*n).is_ok()),
        ("int16", Value::Int(n)) => whole(i16::try_from(*n).is_ok()),
        ("uint8", Value::Int(n)) => whole(u8::try_from(*n).is_ok()),
        ("int" | "int64", Value::Int(_)) => None,
        (scalar, Value::Int(n)) if scalar.starts_with("uint") => whole(*n >= 0),
        (scalar, Value::Float(_)) if scalar.contains("int") => whole(false),
        _ => Some(word(value).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As kube-apiserver 1.37.2 answered.
    #[test]
    fn errors_are_gos() {
        let check = |kind: &'static str, body: &str, expect: &str| {
            let body = Value::from_json(body.as_bytes()).unwrap();
            assert_eq!(check(&body, kind).err().unwrap_or_default(), expect, "{}", body.to_json());
        };
        let head = "json: cannot unmarshal";
        check(
            "core/v1.Secret",
            r#"{"data":1.5}"#,
            &format!("{head} number into Go struct field Secret.data of type map[string][]uint8"),
        );
        check("core/v1.Secret", r#"{"data":{"a":"Not_A_Name!"}}"#, "illegal base64 data at input byte 3");
        check(
            "core/v1.Pod",
            r#"{"spec":{"volumes":[{"csi":"10Mi"}]}}"#,
            &format!(
                "{head} string into Go struct field Volume.spec.volumes.VolumeSource.csi of type v1.CSIVolumeSource"
            ),
        );
        // What decodes itself counts more than what came first.
        check(
            "networking/v1.NetworkPolicy",
            r#"{"spec":{"ingress":[{"ports":[false,{"port":{}}]}]}}"#,
            &format!(
                "{head} object into Go struct field NetworkPolicyPort.spec.ingress.ports.port of type int32"
            ),
        );
        check("core/v1.ResourceQuota", r#"{"spec":{"hard":{"pods":true}}}"#, go_values::NO_QUANTITY);
        check(
            "coordination/v1.Lease",
            r#"{"spec":{"renewTime":[]}}"#,
            &format!("{head} array into Go struct field LeaseSpec.spec.renewTime of type string"),
        );
        check(
            "apiextensions/v1.CustomResourceDefinition",
            r#"{"spec":{"versions":[{"schema":{"openAPIV3Schema":{"properties":{"a":{"x-kubernetes-validations":["a"]}}}}}]}}"#,
            &format!(
                "{head} string into Go struct field JSONSchemaProps.spec.versions.schema.openAPIV3Schema.properties.x-kubernetes-validations of type v1.ValidationRule"
            ),
        );
    }
}
