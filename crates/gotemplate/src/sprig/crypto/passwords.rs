//! Passwords: bcrypt, the master password algorithm, AES.

use aes::Aes256;
use aes::cipher::block_padding::{NoPadding, Pkcs7};
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::super::encoding::{decode64, encode64};
use super::super::{made, made_bytes};
use crate::{Call, Failure, Str, Value};

const BCRYPT_STEPS: u64 = 2_000_000;
const SCRYPT_STEPS: u64 = 4_000_000;

fn bcrypt_text(call: &mut Call<'_>, function: &'static str, password: &Str) -> Result<String, Failure> {
    call.engine.warn(function, "not deterministic: a new salt at each render");
    if password.len() > 72 {
        return Ok(
            "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes".to_owned()
        );
    }
    call.engine.charge_steps(BCRYPT_STEPS)?;
    let mut salt = [0; 16];
    call.engine.random_bytes(&mut salt);
    let hash = bcrypt::hash_with_salt(password.as_bytes(), 10, salt)
        .map_err(|error| format!("failed to encrypt string with bcrypt: {error}"))?;
    Ok(hash.format_for_version(bcrypt::Version::TwoA))
}

pub(super) fn bcrypt(call: &mut Call<'_>) -> Result<Value, Failure> {
    let text = bcrypt_text(call, "bcrypt", call.text(0))?;
    made(call, text)
}

pub(super) fn htpasswd(call: &mut Call<'_>) -> Result<Value, Failure> {
    let (user, password) = (call.text(0), call.text(1));
    if user.as_bytes().contains(&b':') {
        return made(call, format!("invalid username: {user}"));
    }
    let hash = bcrypt_text(call, "htpasswd", password)?;
    let line = [user.as_bytes(), b":", hash.as_bytes()].concat();
    made_bytes(call, line)
}

/// The shapes of the master password algorithm: each letter stands for a class of characters.
fn shapes(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "maximum" => &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        "long" => &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
        "medium" => &["CvcnoCvc", "CvcCvcno"],
        "short" => &["Cvcn"],
        "basic" => &["aaanaaan", "aannaaan", "aaannaaa"],
        "pin" => &["nnnn"],
        _ => return None,
    })
}

fn class(letter: u8) -> &'static [u8] {
    match letter {
        b'V' => b"AEIOU",
        b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => b"aeiou",
        b'c' => b"bcdfghjklmnpqrstvwxyz",
        b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => b"0123456789",
        b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

/// The master password algorithm: the same words always give the same password.
pub(super) fn derive(call: &mut Call<'_>) -> Result<Value, Failure> {
    const NAME: &[u8] = b"com.lyndir.masterpassword";
    let (kind, password) = (call.text(1).to_text(), call.text(2).as_bytes());
    let (user, site) = (call.text(3).as_bytes(), call.text(4).as_bytes());
    let Ok(counter) = u32::try_from(call.int(0)) else {
        return Err("the counter does not fit uint32".into());
    };
    let Some(shapes) = shapes(&kind) else {
        return made(call, format!("cannot find password template {kind}"));
    };
    call.engine.charge_steps(SCRYPT_STEPS)?;
    let length = |text: &[u8]| (text.len() as u32).to_be_bytes();
    let salt = [NAME, &length(user), user].concat();
    let params = scrypt::Params::new(15, 8, 2).map_err(|error| error.to_string())?;
    let mut key = [0; 64];
    scrypt::scrypt(password, &salt, &params, &mut key)
        .map_err(|error| format!("failed to derive password: {error}"))?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|error| error.to_string())?;
    mac.update(&[NAME, &length(site), site, &counter.to_be_bytes()].concat());
    let seed = mac.finalize().into_bytes();
    let shape = shapes[usize::from(seed[0]) % shapes.len()];
    let pick = |(letter, byte): (u8, &u8)| {
        let class = class(letter);
        char::from(class[usize::from(*byte) % class.len()])
    };
    let text: String = shape.bytes().zip(&seed[1..]).map(pick).collect();
    made(call, text)
}

fn aes_key(password: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    let len = password.len().min(32);
    key[..len].copy_from_slice(&password[..len]);
    key
}

pub(super) fn encrypt(call: &mut Call<'_>) -> Result<Value, Failure> {
    let (password, text) = (call.text(0).as_bytes(), call.text(1).as_bytes());
    if text.is_empty() {
        return Ok("".into());
    }
    call.engine.warn("encryptAES", "not deterministic: a new start vector at each render");
    let mut iv = [0; 16];
    call.engine.random_bytes(&mut iv);
    let cipher = cbc::Encryptor::<Aes256>::new(&aes_key(password).into(), &iv.into());
    let secret = cipher.encrypt_padded_vec::<Pkcs7>(text);
    made(call, encode64(&[&iv[..], &secret].concat()))
}

pub(super) fn decrypt(call: &mut Call<'_>) -> Result<Value, Failure> {
    let (password, text) = (call.text(0).as_bytes(), call.text(1).as_bytes());
    if text.is_empty() {
        return Ok("".into());
    }
    let bytes = decode64(text).map_err(|at| format!("illegal base64 data at input byte {at}"))?;
    let Some((iv, secret)) = bytes.split_at_checked(16) else {
        let len = bytes.len();
        return Err(format!("runtime error: slice bounds out of range [:16] with capacity {len}").into());
    };
    if secret.len() % 16 != 0 {
        return Err("crypto/cipher: input not full blocks".into());
    }
    let iv: [u8; 16] = iv.try_into().map_err(|_| "crypto/cipher: IV length must equal block size")?;
    let cipher = cbc::Decryptor::<Aes256>::new(&aes_key(password).into(), &iv.into());
    let plain = cipher.decrypt_padded_vec::<NoPadding>(secret).map_err(|error| error.to_string())?;
    let padding = plain.last().copied().map(usize::from).ok_or("runtime error: index out of range [-1]")?;
    let Some(len) = plain.len().checked_sub(padding) else {
        let len = plain.len() as i64 - padding as i64;
        return Err(format!("runtime error: slice bounds out of range [:{len}]").into());
    };
    made_bytes(call, plain[..len].to_vec())
}
