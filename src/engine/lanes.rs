//! Work on messages that needs no database, side by side on two threads: packing before the journal, reading after it.
//! Whoever waits for it gets it in the order of the messages.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::{STACK, unwound};
use crate::case::EntryId;
use crate::mail::{self, Circumstances, Reading};
use crate::mailbox::Arrival;
use crate::store::raw::Packed;
use crate::store::{Lane, Lock};

/// Below so many bytes a second thread does not pay.
const WORTH: usize = 128 * 1024;
/// Bytes of messages that are kept between the journal and their reader.
const AT_HAND: usize = 4 * 1024 * 1024;

/// Messages that were journalled a moment ago, so that they need not be read back.
#[derive(Default)]
pub(super) struct AtHand {
    messages: HashMap<EntryId, Vec<u8>>,
    bytes: usize,
}

impl AtHand {
    /// Without room it is not kept: the store has it.
    pub(super) fn put(&mut self, entry: EntryId, raw: Vec<u8>) {
        if self.bytes + raw.len() <= AT_HAND {
            self.bytes += raw.len();
            self.messages.insert(entry, raw);
        }
    }

    pub(super) fn take(&mut self, entry: EntryId) -> Option<Vec<u8>> {
        let raw = self.messages.remove(&entry)?;
        self.bytes -= raw.len();
        Some(raw)
    }
}

pub(super) fn pack(arrivals: &[Arrival]) -> Vec<Packed> {
    let bytes = arrivals.iter().map(|arrival| arrival.body.bytes().len()).sum();
    side_by_side(arrivals.len(), bytes, |_, at| Packed::of(arrivals[at].body.bytes()), |_| ())
}

/// A message that is to be read, and the entry that a death is counted against (B4).
pub(super) struct Unread {
    pub entry: EntryId,
    pub raw: Vec<u8>,
}

/// Reads messages. The inner error: reading one failed, and how.
pub(super) fn read(unread: &[Unread], circumstances: &Circumstances, lock: &Lock) -> Vec<Result<Reading, String>> {
    let bytes = unread.iter().map(|message| message.raw.len()).sum();
    let read = |lane, at: usize| {
        let Unread { entry, raw } = &unread[at];
        lock.at(lane, *entry);
        unwound(|| mail::read(raw, circumstances))
    };
    side_by_side(unread.len(), bytes, read, |lane| lock.leave(lane))
}

/// Does `work` for each number below `count`, on two threads where that pays; `leave` when a thread is done.
fn side_by_side<T: Send>(
    count: usize,
    bytes: usize,
    work: impl Fn(Lane, usize) -> T + Sync,
    leave: impl Fn(Lane) + Sync,
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, T)>> = Mutex::new(Vec::with_capacity(count));
    let run = |lane| {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count {
                break;
            }
            let result = work(lane, at);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
        }
        leave(lane);
    };
    std::thread::scope(|scope| {
        if count > 1 && bytes >= WORTH {
            // Where the system has no thread to give, this one does it all.
            let thread = std::thread::Builder::new().name("reader".into()).stack_size(STACK);
            let _ = thread.spawn_scoped(scope, || run(Lane::Second));
        }
        run(Lane::First);
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_whoever_made_them() {
        for bytes in [0, WORTH] {
            let slow = |_: Lane, at: usize| {
                if at.is_multiple_of(3) {
                    std::thread::sleep(std::time::Duration::from_millis(1));
                }
                at
            };
            assert_eq!(side_by_side(50, bytes, slow, |_| ()), (0..50).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_is_at_hand_is_bounded() {
        let mut at_hand = AtHand::default();
        at_hand.put(EntryId(1), vec![1; AT_HAND]);
        at_hand.put(EntryId(2), vec![2; 1]);
        assert!(at_hand.take(EntryId(2)).is_none());
        assert_eq!(at_hand.take(EntryId(1)).map(|raw| raw.len()), Some(AT_HAND));
        at_hand.put(EntryId(2), vec![2; 1]);
        assert!(at_hand.take(EntryId(2)).is_some() && at_hand.bytes == 0);
    }
}
