//! Base 64 and 32.

use super::{S, fixed, made, made_bytes};
use crate::functions::Entry;
use crate::{Call, Failure, Value};

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

pub(super) const FUNCTIONS: &[Entry] = &[
    ("b64enc", fixed(&[S]), |call| {
        let text = encode(call.text(0).as_bytes(), BASE64, 6, 4);
        made(call, text)
    }),
    ("b64dec", fixed(&[S]), |call| decoded(call, decode64, "base64")),
    ("b32enc", fixed(&[S]), |call| {
        let text = encode(call.text(0).as_bytes(), BASE32, 5, 8);
        made(call, text)
    }),
    ("b32dec", fixed(&[S]), |call| decoded(call, decode32, "base32")),
];

type Decode = fn(&[u8]) -> Result<Vec<u8>, usize>;

/// sprig gives the error's text as the result.
fn decoded(call: &mut Call<'_>, decode: Decode, name: &str) -> Result<Value, Failure> {
    match decode(call.text(0).as_bytes()) {
        Ok(bytes) => made_bytes(call, bytes),
        Err(at) => made(call, format!("illegal {name} data at input byte {at}")),
    }
}

/// Standard base 64 with padding.
pub(crate) fn encode64(bytes: &[u8]) -> String {
    encode(bytes, BASE64, 6, 4)
}

fn encode(bytes: &[u8], alphabet: &[u8], bits: u32, group: usize) -> String {
    let mut out = String::with_capacity(bytes.len() * 8 / bits as usize + group);
    let (mut held, mut count) = (0u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        count += 8;
        while count >= bits {
            count -= bits;
            out.push(alphabet[(held >> count) as usize & (alphabet.len() - 1)].into());
        }
        held &= (1 << count) - 1;
    }
    if count > 0 {
        out.push(alphabet[(held << (bits - count)) as usize & (alphabet.len() - 1)].into());
    }
    while !out.len().is_multiple_of(group) {
        out.push('=');
    }
    out
}

/// Decodes as Go does: line ends are skipped, padding is needed. The error is the place it stumbled at.
pub(crate) fn decode64(text: &[u8]) -> Result<Vec<u8>, usize> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let mut at = 0;
    let next = |at: &mut usize| loop {
        let byte = text.get(*at).copied()?;
        *at += 1;
        if !matches!(byte, b'\r' | b'\n') {
            break Some(byte);
        }
    };
    loop {
        let (mut quad, mut count) = ([0u8; 4], 0);
        let mut padded = false;
        while count < 4 {
            let Some(byte) = next(&mut at) else {
                return if count == 0 { Ok(out) } else { Err(at - count) };
            };
            if let Some(digit) = value(byte) {
                quad[count] = digit;
                count += 1;
                continue;
            }
            if byte != b'=' || count < 2 {
                return Err(at - 1);
            }
            if count == 2 {
                match next(&mut at) {
                    Some(b'=') => {}
                    Some(_) => return Err(at - 1),
                    None => return Err(text.len()),
                }
            }
            if next(&mut at).is_some() {
                return Err(at - 1);
            }
            padded = true;
            break;
        }
        let bits = quad.iter().fold(0u32, |bits, digit| bits << 6 | u32::from(*digit));
        out.extend_from_slice(&bits.to_be_bytes()[1..][..count - 1]);
        if padded {
            return Ok(out);
        }
    }
}

fn decode32(text: &[u8]) -> Result<Vec<u8>, usize> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'2'..=b'7' => Some(byte - b'2' + 26),
        _ => None,
    };
    let text: Vec<u8> = text.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    let mut out = Vec::with_capacity(text.len() / 8 * 5);
    for (group, chunk) in text.chunks(8).enumerate() {
        let at = group * 8;
        let digits = chunk.iter().take_while(|b| **b != b'=').count();
        if let Some(bad) = chunk[..digits].iter().position(|b| value(*b).is_none()) {
            return Err(at + bad);
        }
        if chunk.len() < 8 {
            return Err(at);
        }
        let last = at + 8 >= text.len();
        if digits < 8 {
            let padded = chunk[digits..].iter().all(|b| *b == b'=');
            if !padded || !last || matches!(digits, 0 | 1 | 3 | 6) {
                return Err(at + digits);
            }
        }
        let bits = chunk[..digits].iter().fold(0u64, |bits, b| bits << 5 | u64::from(value(*b).unwrap_or(0)));
        let bits = bits << (5 * (8 - digits));
        out.extend_from_slice(&bits.to_be_bytes()[3..][..digits * 5 / 8]);
    }
    Ok(out)
}
