//! Random text. It comes from the run's seed, and each use is noted: such a template gives something else at
//! each render.

use super::{I, S, fixed, made};
use crate::functions::Entry;
use crate::{Call, Failure, Value};

const NOTE: &str = "not deterministic: random text differs at each render";

pub(super) const FUNCTIONS: &[Entry] = &[
    ("randAlphaNum", fixed(&[I]), |call| {
        random(call, "randAlphaNum", b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    }),
    ("randAlpha", fixed(&[I]), |call| {
        random(call, "randAlpha", b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    }),
    ("randNumeric", fixed(&[I]), |call| random(call, "randNumeric", b"0123456789")),
    ("randAscii", fixed(&[I]), |call| {
        let printable: Vec<u8> = (b' '..127).collect();
        random(call, "randAscii", &printable)
    }),
    ("randBytes", fixed(&[I]), |call| {
        let Ok(count) = usize::try_from(call.int(0)) else {
            return Err("runtime error: makeslice: len out of range".into());
        };
        call.engine.warn("randBytes", NOTE);
        call.engine.charge_bytes(count.saturating_mul(2))?;
        let mut bytes = vec![0; count];
        call.engine.random_bytes(&mut bytes);
        made(call, super::encoding::encode64(&bytes))
    }),
    ("randInt", fixed(&[I, I]), |call| {
        let (low, high) = (call.int(0), call.int(1));
        let Some(span) = high.checked_sub(low).and_then(|span| u64::try_from(span).ok()).filter(|s| *s > 0)
        else {
            return Err("invalid argument to Intn".into());
        };
        call.engine.warn("randInt", NOTE);
        let offset = call.engine.random_below(span) as i64;
        Ok(Value::Int(low + offset))
    }),
    ("uuidv4", fixed(&[]), uuid),
    ("shuffle", fixed(&[S]), shuffle),
];

fn random(call: &mut Call<'_>, name: &'static str, alphabet: &[u8]) -> Result<Value, Failure> {
    // sprig drops the error for a negative count and gives nothing.
    let count = usize::try_from(call.int(0)).unwrap_or(0);
    call.engine.warn(name, NOTE);
    call.engine.charge_bytes(count)?;
    let mut text = String::with_capacity(count);
    for _ in 0..count {
        let i = call.engine.random_below(alphabet.len() as u64) as usize;
        text.push(alphabet[i].into());
    }
    Ok(text.into())
}

fn uuid(call: &mut Call<'_>) -> Result<Value, Failure> {
    call.engine.warn("uuidv4", NOTE);
    let mut bytes = [0; 16];
    call.engine.random_bytes(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (i, byte) in bytes.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    Ok(text.into())
}

fn shuffle(call: &mut Call<'_>) -> Result<Value, Failure> {
    let mut chars: Vec<char> = call.text(0).to_text().chars().collect();
    call.engine.warn("shuffle", NOTE);
    for i in (1..chars.len()).rev() {
        let j = call.engine.random_below(i as u64 + 1) as usize;
        chars.swap(i, j);
    }
    let text: String = chars.into_iter().collect();
    made(call, text)
}
