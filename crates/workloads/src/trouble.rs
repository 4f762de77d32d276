//! [`Trouble`]: what a test lets befall pods.

/// What befalls pods that a test names, whatever their images are called: see [`crate::Player::trouble`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// Their images cannot be pulled: `ImagePullBackOff`.
    ImagePullBackOff,
    /// Their containers end with 1 and are started again for ever: `CrashLoopBackOff`. With the restart policy `Never` the
    /// pod fails.
    CrashLoopBackOff,
    /// Their containers run, and their readiness probes fail.
    FailingProbe,
    /// No node has room for them: they stay pending.
    Unschedulable,
    /// They are stuck on their way out: the kubelet does not take them away.
    StuckTerminating,
}
