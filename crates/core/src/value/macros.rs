//! The [`value!`](crate::value!) macro.

/// Writes a [`Value`](crate::Value) as JSON is written, with Rust expressions for scalars.
///
/// ```
/// use tautline_core::value;
/// let replicas = 3;
/// let spec = value!({ "replicas": replicas, "paused": false, "args": ["-v", null], "nested": {} });
/// assert_eq!(spec.to_json(), r#"{"args":["-v",null],"nested":{},"paused":false,"replicas":3}"#);
/// ```
#[macro_export]
macro_rules! value {
    (null) => { $crate::Value::Null };
    ([]) => { $crate::Value::list() };
    ({}) => { $crate::Value::map() };
    ([ $($items:tt)+ ]) => { $crate::value!(@list [] $($items)+) };
    ({ $($entries:tt)+ }) => { $crate::value!(@map [] $($entries)+) };
    // Lists: a token tree that is itself JSON first, any other expression second.
    (@list [$($done:expr,)*]) => { $crate::Value::List([$($done),*].into_iter().collect::<$crate::List>()) };
    (@list [$($done:expr,)*] null $(, $($rest:tt)*)?) => { $crate::value!(@list [$($done,)* $crate::Value::Null,] $($($rest)*)?) };
    (@list [$($done:expr,)*] [$($inner:tt)*] $(, $($rest:tt)*)?) => { $crate::value!(@list [$($done,)* $crate::value!([$($inner)*]),] $($($rest)*)?) };
    (@list [$($done:expr,)*] {$($inner:tt)*} $(, $($rest:tt)*)?) => { $crate::value!(@list [$($done,)* $crate::value!({$($inner)*}),] $($($rest)*)?) };
    (@list [$($done:expr,)*] $next:expr $(, $($rest:tt)*)?) => { $crate::value!(@list [$($done,)* $crate::Value::from($next),] $($($rest)*)?) };
    // Maps, likewise.
    (@map [$($done:expr,)*]) => { $crate::Value::Map([$($done),*].into_iter().collect::<$crate::Map>()) };
    (@map [$($done:expr,)*] $key:tt : null $(, $($rest:tt)*)?) => { $crate::value!(@map [$($done,)* ($crate::Key::from($key), $crate::Value::Null),] $($($rest)*)?) };
    (@map [$($done:expr,)*] $key:tt : [$($inner:tt)*] $(, $($rest:tt)*)?) => { $crate::value!(@map [$($done,)* ($crate::Key::from($key), $crate::value!([$($inner)*])),] $($($rest)*)?) };
    (@map [$($done:expr,)*] $key:tt : {$($inner:tt)*} $(, $($rest:tt)*)?) => { $crate::value!(@map [$($done,)* ($crate::Key::from($key), $crate::value!({$($inner)*})),] $($($rest)*)?) };
    (@map [$($done:expr,)*] $key:tt : $next:expr $(, $($rest:tt)*)?) => { $crate::value!(@map [$($done,)* ($crate::Key::from($key), $crate::Value::from($next)),] $($($rest)*)?) };
    ($other:expr) => { $crate::Value::from($other) };
}
