//! A refusal in protobuf, for clients that accept nothing else.

use crate::failure::{Details, Failure};

use super::MAGIC;

/// The bytes of a `Status`, as Go's generated marshallers write them: texts also when they are empty.
pub(crate) fn write(failure: &Failure) -> Vec<u8> {
    let mut kind = Vec::new();
    text(&mut kind, 1, "v1");
    text(&mut kind, 2, "Status");
    let mut out = MAGIC.to_vec();
    field(&mut out, 1, &kind);
    field(&mut out, 2, &status(failure));
    text(&mut out, 3, "");
    text(&mut out, 4, "");
    out
}

fn status(failure: &Failure) -> Vec<u8> {
    let mut list = Vec::new();
    text(&mut list, 1, "");
    text(&mut list, 2, "");
    text(&mut list, 3, failure.go_on.as_deref().unwrap_or_default());
    let mut out = Vec::new();
    field(&mut out, 1, &list);
    text(&mut out, 2, "Failure");
    text(&mut out, 3, &failure.message);
    text(&mut out, 4, &failure.reason);
    if let Some(of) = &failure.details {
        field(&mut out, 5, &details(of, failure.retry_after.unwrap_or(0)));
    }
    number(&mut out, 6, u64::from(failure.code));
    out
}

fn details(of: &Details, retry_after: u32) -> Vec<u8> {
    let mut out = Vec::new();
    text(&mut out, 1, &of.name);
    text(&mut out, 2, &of.group);
    text(&mut out, 3, &of.kind);
    for cause in &of.causes {
        let mut inner = Vec::new();
        text(&mut inner, 1, &cause.reason);
        text(&mut inner, 2, &cause.message);
        text(&mut inner, 3, &cause.field);
        field(&mut out, 4, &inner);
    }
    number(&mut out, 5, u64::from(retry_after));
    text(&mut out, 6, "");
    out
}

fn text(out: &mut Vec<u8>, at: u8, text: &str) {
    field(out, at, text.as_bytes());
}

/// Bytes with their length.
fn field(out: &mut Vec<u8>, at: u8, bytes: &[u8]) {
    out.push(at << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn number(out: &mut Vec<u8>, at: u8, number: u64) {
    out.push(at << 3);
    varint(out, number);
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_written_as_the_real_server_writes_it() {
        let bytes = write(&Failure::new(406, "NotAcceptable", "no"));
        let expected = b"k8s\0\n\x0c\n\x02v1\x12\x06Status\x12'\n\x06\n\0\x12\0\x1a\0\x12\x07Failure\x1a\x02no\"\rNotAcceptable0\x96\x03\x1a\0\"\0";
        assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8_lossy(expected));
    }
}
