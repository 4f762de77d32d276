//! Secrets become digests where they are decoded, so that no later stage can show them.

use crate::{Digest, Map, Object, Text, Value};

/// The fields of a Secret: whatever else stands in text may be anything.
const SECRET_FIELDS: [&str; 7] =
    ["apiVersion", "kind", "metadata", "type", "immutable", "data", "stringData"];
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The key that secret values are digested with: drawn once a process, so that a digest says nothing
/// elsewhere.
#[derive(Clone)]
pub struct MaskingKey([u8; 32]);

impl MaskingKey {
    /// Takes 32 random bytes that the caller drew.
    pub fn new(random: [u8; 32]) -> Self {
        Self(random)
    }

    /// A secret of its own for another purpose of the same process. It says nothing of the key.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        *Digest::keyed(&self.0, format!("derived for {purpose}").as_bytes()).as_bytes()
    }

    /// What stands in for a secret value: equal for equal values under one key, and nothing else.
    pub fn mask(&self, secret: &str) -> Value {
        let digest = Digest::keyed(&self.0, secret.as_bytes()).to_string();
        // Letters and digits, a multiple of four of them: still valid base64, as a Secret's data must be.
        Value::String(Text::from(format!("masked00{}", digest.get(..32).unwrap_or_default())))
    }

    /// Replaces the values of a Secret's `data` and `stringData`, and its last-applied annotation, by
    /// digests (rule R26). Other objects stay as they are.
    pub fn mask_object(&self, object: &mut Object) {
        if !object.is("", "Secret") {
            return;
        }
        self.mask_fields(object.as_map_mut());
        if object.annotation(LAST_APPLIED).is_some() {
            let masked = object.annotation(LAST_APPLIED).map(|text| self.mask_last_applied(text));
            object.metadata_mut().map_at("annotations").insert(LAST_APPLIED, masked);
        }
    }

    fn mask_fields(&self, secret: &mut Map) {
        for field in ["data", "stringData"] {
            if let Some(Value::Map(values)) = secret.get_mut(field) {
                self.mask_values(values);
            }
        }
    }

    /// The annotation keeps its shape, so that a three-way comparison still sees which keys were applied. Text that
    /// is not the plain Secret that kubectl writes is masked as a whole, and so is one that is masked already.
    fn mask_last_applied(&self, text: &str) -> Value {
        let Ok(Value::Map(mut secret)) = Value::from_json(text.as_bytes()) else { return self.mask(text) };
        let is_map = |field: &str| matches!(secret.get(field), None | Some(Value::Map(_)));
        let is_plain = secret.keys().all(|key| SECRET_FIELDS.contains(&key.as_str()))
            && is_map("data")
            && is_map("stringData")
            && secret
                .get("metadata")
                .is_none_or(|metadata| metadata.at(&["annotations", LAST_APPLIED]).is_none());
        if !is_plain {
            return self.mask(text);
        }
        self.mask_fields(&mut secret);
        let mut printed = Value::Map(secret).to_json();
        printed.push('\n');
        Value::from(printed)
    }

    fn mask_values(&self, values: &mut Map) {
        for value in values.values_mut() {
            if !value.is_null() {
                *value = match value.as_str() {
                    Some(text) => self.mask(text),
                    None => self.mask(&value.to_json()),
                };
            }
        }
    }
}

impl std::fmt::Debug for MaskingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MaskingKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    #[test]
    fn r26_secret_values_become_digests() {
        let key = MaskingKey::new([7; 32]);
        let secret = || {
            Object::new(value!({ "apiVersion": "v1", "kind": "Secret",
                "metadata": { "name": "a", "annotations": { LAST_APPLIED: "hunter2" } },
                "data": { "a": "aHVudGVyMg==", "b": "aHVudGVyMg==", "c": "b3RoZXI=" } }))
            .unwrap()
        };
        let mut masked = secret();
        key.mask_object(&mut masked);
        let text = masked.to_value().to_json();
        assert!(!text.contains("aHVu") && !text.contains("hunter2"), "{text}");
        assert_eq!(masked.at(&["data", "a"]), masked.at(&["data", "b"]));
        assert_ne!(masked.at(&["data", "a"]), masked.at(&["data", "c"]));
        let last = value!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "a" }, "data": { "a": "aHVudGVyMg==" } });
        let mut applied = secret();
        applied.annotate(LAST_APPLIED, &last.to_json());
        key.mask_object(&mut applied);
        let last = Value::from_json(applied.annotation(LAST_APPLIED).unwrap().as_bytes()).unwrap();
        assert_eq!(last.at(&["data", "a"]), masked.at(&["data", "a"]), "equal to the live value");
        let mut other = secret();
        MaskingKey::new([8; 32]).mask_object(&mut other);
        assert_ne!(masked.at(&["data", "a"]), other.at(&["data", "a"]));
    }
}
