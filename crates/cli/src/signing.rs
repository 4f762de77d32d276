//! Signatures on stored plans, as `ssh-keygen -Y sign` makes them.

use std::path::Path;

use ssh_key::{HashAlg, LineEnding, PrivateKey, PublicKey, SshSig};

use crate::failure::{Failure, Result};

/// What a signature is for: one made for something else does not count.
const NAMESPACE: &str = "plan@tautline.dev";

/// Signs text with the private key in a file. Keys with a passphrase are refused: nobody may be there to be asked.
pub(crate) fn sign(text: &str, key_file: &Path) -> Result<String> {
    let because = |why: String| Failure::usage(format!("{}: {why}.", key_file.display()));
    let pem = std::fs::read(key_file).map_err(|error| because(error.to_string()))?;
    let key = PrivateKey::from_openssh(pem)
        .map_err(|error| because(format!("this is no private key in OpenSSH's format: {error}")))?;
    if key.is_encrypted() {
        return Err(because("the key has a passphrase; sign with one that has none".to_owned()));
    }
    let signature = key.sign(NAMESPACE, HashAlg::Sha512, text.as_bytes());
    let signature = signature.map_err(|error| {
        because(format!("{} keys cannot sign here ({error}); use an ssh-ed25519 key", key.algorithm()))
    })?;
    signature.to_pem(LineEnding::LF).map_err(Failure::work)
}

/// Whose signature is on a text: the comment, or else the fingerprint, of the first of the public keys in a file
/// that made it. The file's lines are those of `authorized_keys`, of `allowed_signers`, or of a `.pub` file.
pub(crate) fn verify(text: &str, signature: &str, keys_file: &Path) -> Result<String> {
    let because = |why: String| Failure::usage(format!("{}: {why}.", keys_file.display()));
    let signature = SshSig::from_pem(signature)
        .map_err(|e| Failure::work(format!("the plan's signature cannot be read: {e}.")))?;
    let lines = std::fs::read_to_string(keys_file).map_err(|error| because(error.to_string()))?;
    let keys: Vec<PublicKey> = lines.lines().filter_map(public_key).collect();
    if keys.is_empty() {
        return Err(because("there is no public key in it".to_owned()));
    }
    let signer = keys.iter().find(|key| key.verify(NAMESPACE, text.as_bytes(), &signature).is_ok());
    match signer {
        Some(key) if key.comment().to_string().is_empty() => Ok(key.fingerprint(HashAlg::Sha256).to_string()),
        Some(key) => Ok(key.comment().to_string()),
        None => {
            let message = "nothing is written: the plan was changed after it was signed, or was not signed by one of the \
                           keys given with --verify.";
            Err(Failure::work(message))
        }
    }
}

/// The key on a line, after the names and options that may stand before it.
fn public_key(line: &str) -> Option<PublicKey> {
    let line = line.trim();
    let starts = line.match_indices("ssh-").map(|(at, _)| at).filter(|_| !line.starts_with('#'));
    starts.filter_map(|at| line.get(at..)).find_map(|rest| PublicKey::from_openssh(rest).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ssh_key::private::Ed25519Keypair;

    fn key(seed: u8, comment: &str) -> PrivateKey {
        PrivateKey::new(Ed25519Keypair::from_seed(&[seed; 32]).into(), comment).unwrap()
    }

    #[test]
    fn only_the_signed_text_and_only_known_keys_count() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let (ann, bob) = (key(1, "ann"), key(2, "bob"));
        let private = file("id", &ann.to_openssh(LineEnding::LF).unwrap());
        let signature = sign("plan", &private).unwrap();
        let line = |key: &PrivateKey| key.public_key().to_openssh().unwrap();
        let known = file(
            "known",
            &format!(
                "# who may\nbob@example.com {}\nann@example.com namespaces=\"*\" {}\n",
                line(&bob),
                line(&ann)
            ),
        );
        assert_eq!(verify("plan", &signature, &known).unwrap(), "ann");
        assert!(verify("plan!", &signature, &known).is_err(), "the text was changed");
        let others = file("others", &line(&bob));
        assert!(verify("plan", &signature, &others).is_err(), "ann is not among them");
        assert!(verify("plan", &signature, &file("none", "# nobody\n")).is_err());
        assert!(sign("plan", &known).is_err(), "that is no private key");
    }
}
