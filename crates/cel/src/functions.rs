//! The functions that kube-apiserver 1.37 gives expressions, with what they take and give.
//!
//! Of each function: its name, then its overloads, `receiver.(parameters)result`. `A` is anything, `B` what the list or
//! map holds.

use crate::types::Type;

const FUNCTIONS: &[(&str, &str)] = &[
    ("size", "(string)int (bytes)int (list)int (map)int string.()int bytes.()int list.()int map.()int"),
    ("contains", "string.(string)bool cidr.(ip)bool"),
    ("startsWith", "string.(string)bool"),
    ("endsWith", "string.(string)bool"),
    ("matches", "(string,string)bool string.(string)bool"),
    ("find", "string.(string)string"),
    ("findAll", "string.(string)strings string.(string,int)strings"),
    ("split", "string.(string)strings string.(string,int)strings"),
    ("join", "strings.()string strings.(string)string"),
    ("replace", "string.(string,string)string string.(string,string,int)string"),
    ("substring", "string.(int)string string.(int,int)string"),
    ("trim", "string.()string"),
    ("lowerAscii", "string.()string"),
    ("upperAscii", "string.()string"),
    ("charAt", "string.(int)string"),
    ("indexOf", "string.(string)int string.(string,int)int list.(A)int"),
    ("lastIndexOf", "string.(string)int string.(string,int)int list.(A)int"),
    ("format", "string.(list)string"),
    ("strings.quote", "(string)string"),
    ("reverse", "string.()string list.()A"),
    ("isSorted", "list.()bool"),
    ("sum", "list.()B"),
    ("min", "list.()B"),
    ("max", "list.()B"),
    ("slice", "list.(int,int)A"),
    ("sort", "list.()A"),
    ("distinct", "list.()A"),
    ("flatten", "list.()dyn list.(int)dyn"),
    ("first", "list.()dyn"),
    ("last", "list.()dyn"),
    ("lists.range", "(int)list"),
    ("includes", "list.(A)bool"),
    ("type", "(A)type"),
    ("dyn", "(A)dyn"),
    ("int", "(int)int (uint)int (double)int (string)int (timestamp)int"),
    ("uint", "(uint)uint (int)uint (double)uint (string)uint"),
    ("double", "(double)double (int)double (uint)double (string)double"),
    ("bool", "(bool)bool (string)bool"),
    ("bytes", "(bytes)bytes (string)bytes"),
    (
        "string",
        "(string)string (bool)string (int)string (uint)string (double)string (bytes)string (timestamp)string \
         (duration)string (ip)string (cidr)string",
    ),
    ("timestamp", "(timestamp)timestamp (string)timestamp (int)timestamp"),
    ("duration", "(duration)duration (string)duration (int)duration"),
    ("getFullYear", "timestamp.()int timestamp.(string)int"),
    ("getMonth", "timestamp.()int timestamp.(string)int"),
    ("getDayOfYear", "timestamp.()int timestamp.(string)int"),
    ("getDayOfMonth", "timestamp.()int timestamp.(string)int"),
    ("getDate", "timestamp.()int timestamp.(string)int"),
    ("getDayOfWeek", "timestamp.()int timestamp.(string)int"),
    ("getHours", "timestamp.()int timestamp.(string)int duration.()int"),
    ("getMinutes", "timestamp.()int timestamp.(string)int duration.()int"),
    ("getSeconds", "timestamp.()int timestamp.(string)int duration.()int"),
    ("getMilliseconds", "timestamp.()int timestamp.(string)int duration.()int"),
    ("url", "(string)url"),
    ("isURL", "(string)bool"),
    ("getScheme", "url.()string"),
    ("getHost", "url.()string"),
    ("getHostname", "url.()string"),
    ("getPort", "url.()string"),
    ("getEscapedPath", "url.()string"),
    ("getQuery", "url.()dyn"),
    ("ip", "(string)ip cidr.()ip"),
    ("isIP", "(string)bool"),
    ("ip.isCanonical", "(string)bool"),
    ("family", "ip.()int"),
    ("isUnspecified", "ip.()bool"),
    ("isLoopback", "ip.()bool"),
    ("isLinkLocalMulticast", "ip.()bool"),
    ("isLinkLocalUnicast", "ip.()bool"),
    ("isGlobalUnicast", "ip.()bool"),
    ("cidr", "(string)cidr"),
    ("isCIDR", "(string)bool"),
    ("containsIP", "cidr.(ip)bool cidr.(string)bool"),
    ("containsCIDR", "cidr.(cidr)bool cidr.(string)bool"),
    ("masked", "cidr.()cidr"),
    ("prefixLength", "cidr.()int"),
    ("quantity", "(string)quantity"),
    ("isQuantity", "(string)bool"),
    ("sign", "quantity.()int"),
    ("isInteger", "quantity.()bool"),
    ("asInteger", "quantity.()int"),
    ("asApproximateFloat", "quantity.()double"),
    ("add", "quantity.(quantity)quantity quantity.(int)quantity"),
    ("sub", "quantity.(quantity)quantity quantity.(int)quantity"),
    ("isLessThan", "quantity.(quantity)bool semver.(semver)bool"),
    ("isGreaterThan", "quantity.(quantity)bool semver.(semver)bool"),
    ("compareTo", "quantity.(quantity)int semver.(semver)int"),
    ("semver", "(string)semver (string,bool)semver"),
    ("isSemver", "(string)bool (string,bool)bool"),
    ("major", "semver.()int"),
    ("minor", "semver.()int"),
    ("patch", "semver.()int"),
    ("sets.contains", "(list,list)bool"),
    ("sets.equivalent", "(list,list)bool"),
    ("sets.intersects", "(list,list)bool"),
    ("base64.encode", "(bytes)string"),
    ("base64.decode", "(string)bytes"),
    ("optional.of", "(A)optional"),
    ("optional.none", "()optional"),
    ("optional.ofNonZeroValue", "(A)optional"),
    ("hasValue", "optional.()bool"),
    ("value", "optional.()dyn"),
    ("or", "optional.(optional)optional"),
    ("orValue", "optional.(A)dyn"),
    ("validate", "format.(string)dyn"),
    ("format.named", "(string)dyn"),
    ("jsonpatch.escapeKey", "(string)string"),
    ("path", "authorizer.(string)pathcheck"),
    ("group", "authorizer.(string)groupcheck"),
    ("serviceAccount", "authorizer.(string,string)authorizer"),
    ("resource", "groupcheck.(string)resourcecheck"),
    ("subresource", "resourcecheck.(string)resourcecheck"),
    ("namespace", "resourcecheck.(string)resourcecheck"),
    ("name", "resourcecheck.(string)resourcecheck"),
    ("fieldSelector", "resourcecheck.(string)resourcecheck"),
    ("labelSelector", "resourcecheck.(string)resourcecheck"),
    ("check", "pathcheck.(string)decision resourcecheck.(string)decision"),
    ("allowed", "decision.()bool"),
    ("reason", "decision.()string"),
    ("errored", "decision.()bool"),
    ("error", "decision.()string"),
];

/// Names before a dot that are no variable but the first half of a function's name.
const SPACES: [&str; 9] =
    ["optional", "math", "sets", "base64", "format", "strings", "lists", "jsonpatch", "ip"];

/// Types with a name and nothing that can be selected.
const OPAQUE: &[(&str, &str)] = &[
    ("url", "kubernetes.URL"),
    ("ip", "net.IP"),
    ("cidr", "net.CIDR"),
    ("quantity", "kubernetes.Quantity"),
    ("semver", "kubernetes.Semver"),
    ("format", "kubernetes.NamedFormat"),
    ("authorizer", "kubernetes.authorization.Authorizer"),
    ("pathcheck", "kubernetes.authorization.PathCheck"),
    ("groupcheck", "kubernetes.authorization.GroupCheck"),
    ("resourcecheck", "kubernetes.authorization.ResourceCheck"),
    ("decision", "kubernetes.authorization.Decision"),
];

/// Whether a name before a dot is the first half of a function's name.
pub(crate) fn is_space(name: &str) -> bool {
    SPACES.contains(&name)
}

/// What a call gives: `None` when there is no such function, an error when none of its overloads fits.
pub(crate) fn call(name: &str, target: Option<&Type>, args: &[Type]) -> Option<Result<Type, ()>> {
    if name.starts_with("math.") || name.starts_with("format.") {
        return Some(Ok(Type::Dyn));
    }
    let (_, overloads) = FUNCTIONS.iter().find(|(known, _)| *known == name)?;
    let mut given: Vec<Type> =
        overloads.split_whitespace().filter_map(|text| fit(text, target, args)).collect();
    given.dedup();
    Some(match given.as_slice() {
        [] => Err(()),
        [one] => Ok(one.clone()),
        _ => Ok(Type::Dyn),
    })
}

/// The result of one overload, if the values fit it.
fn fit(overload: &str, target: Option<&Type>, args: &[Type]) -> Option<Type> {
    let (head, result) = overload.split_once(')')?;
    let (receiver, params) = head.split_once('(')?;
    let params: Vec<&str> = params.split(',').filter(|param| !param.is_empty()).collect();
    let receiver = receiver.trim_end_matches('.');
    let fits_receiver = match (target, receiver) {
        (None, "") => true,
        (Some(target), receiver) if !receiver.is_empty() => target.fits(&named(receiver)),
        _ => false,
    };
    let fits = fits_receiver
        && params.len() == args.len()
        && params.iter().zip(args).all(|(param, arg)| arg.fits(&named(param)));
    let first = target.or(args.first());
    fits.then(|| match (result, first) {
        ("A", Some(first)) => first.clone(),
        ("B", Some(Type::List(of))) => (**of).clone(),
        ("optional", _) => Type::Optional(Box::new(args.first().cloned().unwrap_or(Type::Dyn))),
        ("type", _) => Type::Type(Box::new(args.first().cloned().unwrap_or(Type::Dyn))),
        (other, _) => named(other),
    })
}

/// A type by the word that the table has for it.
fn named(word: &str) -> Type {
    match word {
        "bool" => Type::Bool,
        "int" => Type::Int,
        "uint" => Type::Uint,
        "double" => Type::Double,
        "string" => Type::String,
        "bytes" => Type::Bytes,
        "timestamp" => Type::Timestamp,
        "duration" => Type::Duration,
        "list" => Type::list(Type::Dyn),
        "strings" => Type::list(Type::String),
        "map" => Type::Map(Box::new(Type::Dyn), Box::new(Type::Dyn)),
        "optional" => Type::Optional(Box::new(Type::Dyn)),
        word => match OPAQUE.iter().find(|(known, _)| *known == word) {
            Some((_, name)) => Type::opaque(name),
            None => Type::Dyn,
        },
    }
}

/// The type that a name stands for, where a type is a value.
pub(crate) fn denoted(name: &str) -> Option<Type> {
    Some(match name {
        "bool" | "int" | "uint" | "double" | "string" | "bytes" | "list" | "map" => named(name),
        "null_type" => Type::Null,
        "google.protobuf.Timestamp" => Type::Timestamp,
        "google.protobuf.Duration" => Type::Duration,
        "type" => Type::Type(Box::new(Type::Dyn)),
        _ => return None,
    })
}
