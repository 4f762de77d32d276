//! Random bytes from a seed.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of random bytes that its seed decides: ChaCha20, so that it is as secret as the seed.
#[derive(Clone, Debug)]
pub(crate) struct Random(ChaCha20Rng);

impl Random {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self(ChaCha20Rng::from_seed(seed))
    }

    pub(crate) fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    #[cfg(feature = "crypto")]
    pub(crate) fn stream(&mut self) -> &mut ChaCha20Rng {
        &mut self.0
    }

    /// A number from 0 to below `end`, each equally likely. Zero if `end` is.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        if end < 2 {
            return 0;
        }
        let limit = u64::MAX - u64::MAX % end;
        loop {
            let n = self.0.next_u64();
            if n < limit {
                return n % end;
            }
        }
    }
}
