//! [`Number`]: Go's sized numbers.

/// A number of a Go type other than `int` and `float64`, which templates have from literals, `index` on a
/// string, and functions that return them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// `int8`.
    Int8(i8),
    /// `int16`.
    Int16(i16),
    /// `int32`.
    Int32(i32),
    /// `int64`.
    Int64(i64),
    /// `uint`.
    Uint(u64),
    /// `uint8`.
    Uint8(u8),
    /// `uint16`.
    Uint16(u16),
    /// `uint32`.
    Uint32(u32),
    /// `uint64`.
    Uint64(u64),
    /// `float32`.
    Float32(f32),
}
