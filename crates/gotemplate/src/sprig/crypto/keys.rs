//! Private keys: made, read and written as PEM.

use ed25519_dalek::pkcs8::KeypairBytes;
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::PrivateKey;
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use super::super::made;
use crate::{Call, Engine, Failure, Value};

/// Steps that making a key of 2048 bits takes; one of 4096 takes eight times as many.
const RSA_STEPS: u64 = 4_000_000;

/// A private key.
pub(super) enum Key {
    Rsa(Box<PrivateKey>),
    Ec(p256::ecdsa::SigningKey),
    Ed(ed25519_dalek::SigningKey),
}

impl Key {
    pub(super) fn rsa(engine: &mut Engine, bits: usize) -> Result<Self, Failure> {
        let size = bits as u64 / 2048;
        engine.charge_steps(RSA_STEPS * size * size * size)?;
        let key = PrivateKey::new(engine.rng(), bits)
            .map_err(|error| format!("error generating rsa key: {error}"))?;
        Ok(Self::Rsa(Box::new(key)))
    }

    fn ec(engine: &mut Engine) -> Self {
        loop {
            let mut bytes = [0; 32];
            engine.random_bytes(&mut bytes);
            // Out of four thousand million numbers one is too large.
            if let Ok(key) = p256::ecdsa::SigningKey::from_slice(&bytes) {
                return Self::Ec(key);
            }
        }
    }

    fn ed(engine: &mut Engine) -> Self {
        let mut bytes = [0; 32];
        engine.random_bytes(&mut bytes);
        Self::Ed(ed25519_dalek::SigningKey::from_bytes(&bytes))
    }

    /// As sprig writes it: PKCS#1 for RSA, SEC 1 for elliptic curves, PKCS#8 for Ed25519.
    pub(super) fn to_pem(&self) -> Result<String, Failure> {
        let wrong = |error: &dyn std::fmt::Display| Failure::new(format!("error pem-encoding key: {error}"));
        match self {
            Self::Rsa(key) => {
                key.to_pkcs1_pem(LineEnding::LF).map(|pem| pem.to_string()).map_err(|e| wrong(&e))
            }
            Self::Ec(key) => {
                let secret = p256::SecretKey::from(key);
                secret.to_sec1_pem(LineEnding::LF).map(|pem| pem.to_string()).map_err(|e| wrong(&e))
            }
            Self::Ed(key) => {
                let bytes = KeypairBytes { secret_key: key.to_bytes(), public_key: None };
                bytes.to_pkcs8_pem(LineEnding::LF).map(|pem| pem.to_string()).map_err(|e| wrong(&e))
            }
        }
    }

    /// Reads the first PEM block of a text.
    pub(super) fn parse(pem: &str) -> Result<Self, Failure> {
        let start = pem.find("-----BEGIN ").ok_or("no PEM data in input")?;
        let pem = &pem[start..];
        let label = pem["-----BEGIN ".len()..].split("-----").next().unwrap_or_default();
        let end = format!("-----END {label}-----");
        let end = pem.find(&end).map(|at| at + end.len()).ok_or("no PEM data in input")?;
        let pem = &pem[..end];
        let wrong = |what: &str, error: &dyn std::fmt::Display| Failure::new(format!("{what}: {error}"));
        match label {
            "PRIVATE KEY" => PrivateKey::from_pkcs8_pem(pem)
                .map(|key| Self::Rsa(Box::new(key)))
                .or_else(|_| p256::SecretKey::from_pkcs8_pem(pem).map(|key| Self::Ec(key.into())))
                .or_else(|_| ed25519_dalek::SigningKey::from_pkcs8_pem(pem).map(Self::Ed))
                .map_err(|error| wrong("decoding PEM as PKCS#8", &error)),
            "RSA PRIVATE KEY" => PrivateKey::from_pkcs1_pem(pem)
                .map(|key| Self::Rsa(Box::new(key)))
                .map_err(|error| wrong("parsing RSA private key from PEM", &error)),
            "EC PRIVATE KEY" => p256::SecretKey::from_sec1_pem(pem)
                .map(|key| Self::Ec(key.into()))
                .map_err(|error| wrong("parsing EC private key from PEM", &error)),
            label => Err(match label.strip_suffix(" PRIVATE KEY") {
                Some(kind) => format!("invalid private key type {kind}").into(),
                None => format!("no private key data in PEM block of type {label}").into(),
            }),
        }
    }

    /// The public half, as certificates hold it.
    pub(super) fn public(&self) -> Result<SubjectPublicKeyInfoOwned, Failure> {
        let info = match self {
            Self::Rsa(key) => public(&key.to_public_key()),
            Self::Ec(key) => public(key.verifying_key()),
            Self::Ed(key) => public(&key.verifying_key()),
        };
        info.map_err(|error| Failure::new(format!("error retrieving public key from signee key: {error}")))
    }
}

fn public(key: &impl EncodePublicKey) -> Result<SubjectPublicKeyInfoOwned, x509_cert::spki::Error> {
    SubjectPublicKeyInfoOwned::from_key(key)
}

/// `genPrivateKey`: sprig answers what it cannot make with a text.
pub(super) fn generate(call: &mut Call<'_>) -> Result<Value, Failure> {
    let kind = call.text(0).to_text();
    let key = match kind.as_ref() {
        "" | "rsa" => Key::rsa(call.engine, 4096)?,
        "ecdsa" => Key::ec(call.engine),
        "ed25519" => Key::ed(call.engine),
        "dsa" => {
            let pem = super::dsa::generate(call.engine)?;
            return new_key(call, pem);
        }
        other => return made(call, format!("Unknown type {other}")),
    };
    let pem = key.to_pem()?;
    new_key(call, pem)
}

fn new_key(call: &mut Call<'_>, pem: String) -> Result<Value, Failure> {
    call.engine.warn("genPrivateKey", "not deterministic: a new key at each render");
    made(call, pem)
}
