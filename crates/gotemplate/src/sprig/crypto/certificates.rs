//! Certificates, with the fields and extensions that Go's `x509.CreateCertificate` gives sprig's.

use std::net::IpAddr;
use std::time::Duration;

use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder, CertificateBuilder};
use x509_cert::certificate::{Certificate, TbsCertificate};
use x509_cert::der::asn1::{
    Any, GeneralizedTime, Ia5String, OctetString, PrintableString, SetOfVec, Utf8StringRef,
};
use x509_cert::der::flagset::FlagSet;
use x509_cert::der::oid::db::{rfc4519, rfc5280};
use x509_cert::der::{self, Decode, DecodePem, Encode, EncodePem};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
    SubjectKeyIdentifier,
};
use x509_cert::ext::{Extension, ToExtension};
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef};
use x509_cert::time::{Time, Validity};

use super::super::encoding::decode64;
use super::keys::Key;
use crate::{Call, Engine, Failure, Host, Value};

/// The type's name in templates.
pub(super) const NAME: &str = "sprig.certificate";

/// A certificate and its key, as PEM: `.Cert` and `.Key`.
#[derive(Debug)]
struct Pair {
    cert: String,
    key: String,
}

impl Host for Pair {
    fn type_name(&self) -> &str {
        NAME
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Cert" => Some(self.cert.as_str().into()),
            "Key" => Some(self.key.as_str().into()),
            _ => None,
        }
    }

    fn entries(&self) -> Vec<(Value, Value)> {
        vec![("Cert".into(), self.cert.as_str().into()), ("Key".into(), self.key.as_str().into())]
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

/// What a certificate says.
struct Wanted {
    name: Name,
    names: Vec<GeneralName>,
    days: i64,
    is_authority: bool,
}

/// Who signs it; itself if nobody.
struct Signer {
    name: Name,
    key: Key,
    key_id: Option<OctetString>,
}

/// `genCA` and `genCAWithKey`.
pub(super) fn authority(call: &mut Call<'_>) -> Result<Value, Failure> {
    note(call, "genCA");
    let key = key_of(call, 2, "parsing private key: ")?;
    let wanted = Wanted {
        name: name(&call.text(0).to_text())?,
        names: Vec::new(),
        days: call.int(1),
        is_authority: true,
    };
    issue(call.engine, &wanted, &key, None)
}

/// `genSelfSignedCert` and `genSelfSignedCertWithKey`.
pub(super) fn self_signed(call: &mut Call<'_>) -> Result<Value, Failure> {
    note(call, "genSelfSignedCert");
    let key = key_of(call, 4, "parsing private key: ")?;
    let wanted = leaf(call)?;
    issue(call.engine, &wanted, &key, None)
}

/// `genSignedCert` and `genSignedCertWithKey`.
pub(super) fn signed(call: &mut Call<'_>) -> Result<Value, Failure> {
    note(call, "genSignedCert");
    let key = key_of(call, 5, "parsing private key: ")?;
    let Some(ca) = call.arg(4).as_host::<Pair>() else { return Err("unable to decode certificate".into()) };
    let cert = certificate(&ca.cert)?;
    let ca_key = Key::parse(&ca.key).map_err(|e| e.within("error parsing private key: "))?;
    let tbs = cert.tbs_certificate();
    let public = ca_key.public()?;
    if same(&public, tbs.subject_public_key_info()) != Some(true) {
        return Err(
            "error creating certificate: x509: provided PrivateKey doesn't match parent's PublicKey".into()
        );
    }
    let key_id = tbs.get_extension::<SubjectKeyIdentifier>().ok().flatten().map(|(_, id)| id.0);
    let wanted = leaf(call)?;
    let signer = Signer { name: tbs.subject().clone(), key: ca_key, key_id };
    issue(call.engine, &wanted, &key, Some(&signer))
}

/// `buildCustomCert`: a certificate and key that are given, checked.
pub(super) fn build_custom(call: &mut Call<'_>) -> Result<Value, Failure> {
    let decoded = |i: usize, what: &str| {
        let bytes =
            decode64(call.text(i).as_bytes()).map_err(|_| format!("unable to decode base64 {what}"))?;
        Ok::<_, Failure>(String::from_utf8_lossy(&bytes).into_owned())
    };
    let (cert, key) = (decoded(0, "certificate")?, decoded(1, "private key")?);
    certificate(&cert)?;
    Key::parse(&key).map_err(|e| e.within("error parsing private key: "))?;
    Ok(Value::host(Pair { cert, key }))
}

fn note(call: &mut Call<'_>, function: &'static str) {
    call.engine.warn(function, "not deterministic: a new key and certificate at each render");
}

/// The key that is given, or a new one.
fn key_of(call: &mut Call<'_>, i: usize, wrong: &str) -> Result<Key, Failure> {
    match call.args.get(i).and_then(Value::as_string) {
        Some(pem) => Key::parse(&pem.to_text()).map_err(|e| e.within(wrong)),
        None => Key::rsa(call.engine, 2048),
    }
}

fn certificate(pem: &str) -> Result<Certificate, Failure> {
    let start = pem.find("-----BEGIN ").ok_or("unable to decode certificate")?;
    const END: &str = "-----END CERTIFICATE-----";
    let end = pem[start..].find(END).map_or(pem.len(), |at| start + at + END.len());
    Certificate::from_pem(&pem[start..end])
        .map_err(|error| format!("error parsing certificate: decodedCert.Bytes: {error}").into())
}

fn same(a: &SubjectPublicKeyInfoOwned, b: &SubjectPublicKeyInfoOwned) -> Option<bool> {
    Some(a.to_der().ok()? == b.to_der().ok()?)
}

fn leaf(call: &Call<'_>) -> Result<Wanted, Failure> {
    let list = |i: usize| call.arg(i).as_list().cloned().unwrap_or_default();
    let mut names = Vec::new();
    for dns in list(2).iter() {
        let shown = crate::format::to_text(dns)?;
        let text = dns.as_string().ok_or_else(|| {
            Failure::new(format!("error processing alternate dns name: {shown} is not a string"))
        })?;
        let text = Ia5String::new(text.as_bytes()).map_err(|_| {
            Failure::new(format!(
                "error creating certificate: x509: {shown} cannot be encoded as an IA5String"
            ))
        })?;
        names.push(GeneralName::DnsName(text));
    }
    for ip in list(1).iter() {
        let shown = crate::format::to_text(ip)?;
        let text = ip
            .as_string()
            .ok_or_else(|| Failure::new(format!("error parsing ip: {shown} is not a string")))?;
        let address: IpAddr =
            text.to_text().parse().map_err(|_| Failure::new(format!("error parsing ip: {shown}")))?;
        let bytes = match address {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => {
                ip.to_ipv4_mapped().map_or_else(|| ip.octets().to_vec(), |ip| ip.octets().to_vec())
            }
        };
        names.push(GeneralName::IpAddress(OctetString::new(bytes).map_err(failed)?));
    }
    Ok(Wanted { name: name(&call.text(0).to_text())?, names, days: call.int(3), is_authority: false })
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("error creating certificate: {error}"))
}

/// A distinguished name with a common name only.
fn name(common: &str) -> Result<Name, Failure> {
    if common.is_empty() {
        return Ok(Name::default());
    }
    let printable = PrintableString::new(common.as_bytes()).ok();
    let value = match &printable {
        Some(text) => Any::encode_from(text),
        None => Utf8StringRef::new(common).and_then(|text| Any::encode_from(&text)),
    };
    let attribute = AttributeTypeAndValue { oid: rfc4519::CN, value: value.map_err(failed)? };
    let one = SetOfVec::try_from(vec![attribute]).map_err(failed)?;
    let sequence = RdnSequence::from(vec![RelativeDistinguishedName::from(one)]);
    Name::from_der(&sequence.to_der().map_err(failed)?).map_err(failed)
}

/// The names and extensions of one certificate, as the builder asks for them.
struct Fixed<'w> {
    wanted: &'w Wanted,
    signer: Option<&'w Signer>,
}

impl BuilderProfile for Fixed<'_> {
    fn get_issuer(&self, subject: &Name) -> Name {
        self.signer.map_or_else(|| subject.clone(), |signer| signer.name.clone())
    }

    fn get_subject(&self) -> Name {
        self.wanted.name.clone()
    }

    fn build_extensions(
        &self,
        public: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        tbs: &TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        let (subject, mut all) = (tbs.subject(), Vec::new());
        let mut usage: FlagSet<KeyUsages> = KeyUsages::DigitalSignature | KeyUsages::KeyEncipherment;
        if self.wanted.is_authority {
            usage |= KeyUsages::KeyCertSign;
        }
        all.push(KeyUsage(usage).to_extension(subject, &all)?);
        let purposes = vec![rfc5280::ID_KP_SERVER_AUTH, rfc5280::ID_KP_CLIENT_AUTH];
        all.push(ExtendedKeyUsage(purposes).to_extension(subject, &all)?);
        let limits = BasicConstraints { ca: self.wanted.is_authority, path_len_constraint: None };
        let mut limits = limits.to_extension(subject, &all)?;
        limits.critical = true;
        all.push(limits);
        if self.wanted.is_authority {
            all.push(SubjectKeyIdentifier::try_from(public)?.to_extension(subject, &all)?);
        }
        if let Some(id) = self.signer.filter(|s| s.name != self.wanted.name).and_then(|s| s.key_id.clone()) {
            let id = AuthorityKeyIdentifier { key_identifier: Some(id), ..Default::default() };
            all.push(id.to_extension(subject, &all)?);
        }
        if !self.wanted.names.is_empty() {
            all.push(SubjectAltName(self.wanted.names.clone()).to_extension(subject, &all)?);
        }
        Ok(all)
    }
}

fn issue(engine: &mut Engine, wanted: &Wanted, key: &Key, signer: Option<&Signer>) -> Result<Value, Failure> {
    let mut serial = [0; 16];
    engine.random_bytes(&mut serial);
    // A positive number without a leading zero byte.
    serial[0] = serial[0] & 0x7f | 0x40;
    let serial = SerialNumber::new(&serial).map_err(failed)?;
    let now = engine.now().seconds();
    let until = now.saturating_add(wanted.days.saturating_mul(86_400));
    let validity = Validity::new(time(now)?, time(until)?);
    let builder =
        CertificateBuilder::new(Fixed { wanted, signer }, serial, validity, key.public()?).map_err(failed)?;
    let built = match signer.map_or(key, |signer| &signer.key) {
        Key::Rsa(key) => {
            let signer = rsa::pkcs1v15::SigningKey::<sha2::Sha256>::new((**key).clone());
            builder.build::<_, rsa::pkcs1v15::Signature>(&signer)
        }
        Key::Ec(key) => builder.build::<_, p256::ecdsa::DerSignature>(key),
        Key::Ed(key) => builder.build::<_, ed25519_dalek::Signature>(key),
    };
    let cert = built.map_err(failed)?.to_pem(der::pem::LineEnding::LF).map_err(failed)?;
    Ok(Value::host(Pair { cert, key: key.to_pem()? }))
}

/// A moment; what certificates cannot say is moved to the nearest they can.
fn time(seconds: i64) -> Result<Time, Failure> {
    const LAST: u64 = 253_402_300_799;
    let seconds = u64::try_from(seconds).unwrap_or(0).min(LAST);
    let time = GeneralizedTime::from_unix_duration(Duration::from_secs(seconds)).map_err(failed)?;
    Ok(Time::GeneralTime(time))
}
