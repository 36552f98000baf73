//! The bar before the final dot: what is sent after it cannot be taken back, so an end that was asked for lowers it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// A final dot is out, and its reply has not come.
const OUT: u8 = 1;
/// No further dot may go out.
const DOWN: u8 = 2;

/// Shared by a courier and whoever ends it. Which of the two comes first is settled in one step: a dot that is out
/// when the bar is lowered is known to be so, and none goes out after.
#[derive(Debug, Clone, Default)]
pub struct Bar(Arc<AtomicU8>);

/// What a bar found beneath it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beneath {
    /// No dot is out: ending the courier now costs nothing, the mail goes again.
    Nothing,
    /// A dot is out: ending the courier before its reply makes the mail's fate unknown.
    Dot,
}

impl Bar {
    /// From now on no final dot goes out. May be asked again: the answer changes once the reply to a dot has come.
    pub fn lower(&self) -> Beneath {
        if self.0.fetch_or(DOWN, Ordering::SeqCst) & OUT == 0 { Beneath::Nothing } else { Beneath::Dot }
    }

    /// True from the moment in which a final dot may go out until its fate is known.
    pub fn is_dot_out(&self) -> bool {
        self.0.load(Ordering::SeqCst) & OUT != 0
    }

    /// Lets a dot pass, unless the bar is down: then nothing more may be written.
    pub(super) fn pass(&self) {
        // The failure is the answer that the wire sees.
        let _ = self.0.compare_exchange(0, OUT, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// True when the bar is down and no dot has passed it before.
    pub(super) fn bars(&self) -> bool {
        self.0.load(Ordering::SeqCst) == DOWN
    }

    /// However it ended, the dot is no longer out.
    pub(super) fn clear(&self) {
        self.0.fetch_and(!OUT, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_goes_before_the_bar_or_not_at_all() {
        let bar = Bar::default();
        bar.pass();
        assert!(bar.is_dot_out() && !bar.bars());
        assert_eq!(bar.lower(), Beneath::Dot);
        assert!(!bar.bars(), "the rest of what passed may be written");
        bar.clear();
        assert_eq!(bar.lower(), Beneath::Nothing);
        bar.pass();
        assert!(!bar.is_dot_out() && bar.bars());
    }
}
