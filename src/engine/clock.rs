//! The clock: read here and nowhere else below the command line (L2, L9).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// The time, or in tests a hand that a test moves.
#[derive(Debug, Clone)]
pub enum Clock {
    System,
    /// Microseconds since 1970 UTC.
    Hand(Arc<AtomicI64>),
}

impl Clock {
    /// Microseconds: what the database keeps, so that a decision can be decided again.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    pub fn now(&self) -> Timestamp {
        let micros = match self {
            Clock::System => Timestamp::now().as_microsecond(),
            Clock::Hand(hand) => hand.load(Ordering::SeqCst),
        };
        Timestamp::from_microsecond(micros).expect("a clock between the years -9999 and 9999")
    }
}
