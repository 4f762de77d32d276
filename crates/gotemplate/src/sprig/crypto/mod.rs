//! Hashes, passwords, keys and certificates.
//!
//! Keys and salts come from the run's seed, so a render can be repeated; each use is noted, since no other
//! render has the same ones.

mod certificates;
mod dsa;
mod keys;
mod passwords;

use super::{I, S, fixed, made};
use crate::functions::{Entry, Type};
use crate::{Call, Failure, Value};

use certificates::NAME as CERTIFICATE;

const C: Type = Type::Host(CERTIFICATE);
const L: Type = Type::List;

pub(super) const FUNCTIONS: &[Entry] = &[
    ("sha1sum", fixed(&[S]), |call| hashed::<sha1::Sha1>(call)),
    ("sha256sum", fixed(&[S]), |call| hashed::<sha2::Sha256>(call)),
    ("sha512sum", fixed(&[S]), |call| hashed::<sha2::Sha512>(call)),
    ("adler32sum", fixed(&[S]), |call| {
        let sum = adler32(call.text(0).as_bytes());
        made(call, sum.to_string())
    }),
    ("bcrypt", fixed(&[S]), passwords::bcrypt),
    ("htpasswd", fixed(&[S, S]), passwords::htpasswd),
    ("derivePassword", fixed(&[Type::Int, S, S, S, S]), passwords::derive),
    ("encryptAES", fixed(&[S, S]), passwords::encrypt),
    ("decryptAES", fixed(&[S, S]), passwords::decrypt),
    ("genPrivateKey", fixed(&[S]), keys::generate),
    ("buildCustomCert", fixed(&[S, S]), certificates::build_custom),
    ("genCA", fixed(&[S, I]), certificates::authority),
    ("genCAWithKey", fixed(&[S, I, S]), certificates::authority),
    ("genSelfSignedCert", fixed(&[S, L, L, I]), certificates::self_signed),
    ("genSelfSignedCertWithKey", fixed(&[S, L, L, I, S]), certificates::self_signed),
    ("genSignedCert", fixed(&[S, L, L, I, C]), certificates::signed),
    ("genSignedCertWithKey", fixed(&[S, L, L, I, C, S]), certificates::signed),
];

fn hashed<D: sha2::Digest>(call: &mut Call<'_>) -> Result<Value, Failure> {
    let bytes = call.text(0).as_bytes();
    call.engine.charge_steps(bytes.len() as u64 / 256)?;
    let hex: String = D::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    made(call, hex)
}

fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (mut a, mut b) = (1u32, 0u32);
    // As many bytes as cannot overflow before the remainder is taken.
    for chunk in bytes.chunks(5552) {
        for byte in chunk {
            a += u32::from(*byte);
            b += a;
        }
        a %= MODULUS;
        b %= MODULUS;
    }
    b << 16 | a
}
