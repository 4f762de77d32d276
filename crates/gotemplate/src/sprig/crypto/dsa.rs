//! DSA keys, which are made for `genPrivateKey` alone: no certificate takes them.

use dsa::{Components, KeySize, SigningKey};
use p256::pkcs8::LineEnding;
use x509_cert::der::{self, Encode, asn1::UintRef};

use crate::{Engine, Failure};

/// Steps that looking for the parameters takes.
const STEPS: u64 = 16_000_000;

/// A new key of 2048 and 256 bits with parameters of its own, as PEM.
pub(super) fn generate(engine: &mut Engine) -> Result<String, Failure> {
    engine.charge_steps(STEPS)?;
    let wrong =
        |error: &dyn std::fmt::Display| Failure::new(format!("failed to generate private key: {error}"));
    let components = Components::try_generate_from_rng_with_key_size(engine.rng(), KeySize::DSA_2048_256)
        .map_err(|error| wrong(&error))?;
    let key = SigningKey::try_generate_from_rng_with_components(engine.rng(), components)
        .map_err(|error| wrong(&error))?;
    to_pem(&key).map_err(|error| wrong(&error))
}

/// OpenSSL's form: version, p, q, g, y and x.
fn to_pem(key: &SigningKey) -> der::Result<String> {
    let public = key.verifying_key();
    let parts = public.components();
    let (p, q) = (parts.p().to_be_bytes(), parts.q().to_be_bytes());
    let (g, y, x) = (parts.g().to_be_bytes(), public.y().to_be_bytes(), key.x().to_be_bytes());
    let numbers = [[0].as_slice(), &p, &q, &g, &y, &x].map(UintRef::new);
    let numbers: Vec<UintRef<'_>> = numbers.into_iter().collect::<der::Result<_>>()?;
    Ok(der::pem::encode_string("DSA PRIVATE KEY", LineEnding::LF, &numbers.to_der()?)?)
}
