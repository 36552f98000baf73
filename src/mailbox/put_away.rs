//! Filing all that waits for it (B8), whatever the server refuses: a message that it will not have filed holds up no
//! other, and is tried again when the others are done; a folder that takes nothing is left alone for a while.

use std::collections::{BTreeSet, VecDeque};

use tokio::time::Instant;

use super::fetch::REFUSALS_MAX;
use super::filing::{self, Before, Filed, Hope};
use super::follow::End;
use super::pass::Pass;
use super::trouble::Trouble;
use super::{Fate, Stopped};
use crate::config::Filing;
use crate::failpoint::{Step, reach};

/// So many refusals are met before new mail is looked for; the next look goes on.
const REFUSALS_A_LOOK: usize = 400;

/// What filing came to while this process lives.
#[derive(Debug, Default)]
pub(super) struct Experience {
    trouble: Option<Trouble>,
    /// Refused one by one, the longest untried first.
    refused: VecDeque<u32>,
    /// They are not tried before.
    refused_rest: Option<Instant>,
    /// Nothing is filed before: the server, or the folder, takes nothing.
    rest: Option<Instant>,
}

impl Experience {
    /// What is wrong, in a sentence.
    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.as_ref().map(|trouble| trouble.sentence.clone())
    }

    fn rests(&self) -> bool {
        is_ahead(self.rest)
    }
}

fn is_ahead(moment: Option<Instant>) -> bool {
    moment.is_some_and(|moment| moment > Instant::now())
}

impl Pass<'_> {
    /// What an earlier connection, or an earlier process, journalled and did not file; at last what was refused.
    pub(super) async fn file_the_rest(&mut self) -> Result<(), End> {
        let refused: BTreeSet<u32> = self.memory.filing.refused.iter().copied().collect();
        let fresh = self.position.unfiled.iter().copied().filter(|uid| !refused.contains(uid)).collect();
        self.file_all(fresh, Before::Perhaps).await?;
        self.try_refused().await
    }

    /// Files what was journalled a moment ago.
    pub(super) async fn file(&mut self, uids: &[u32]) -> Result<(), End> {
        if matches!(self.config.filing, Filing::ReadOnly | Filing::Leave) {
            return Ok(());
        }
        self.position.unfiled.extend(uids);
        self.file_all(uids.iter().copied().collect(), Before::Untouched).await
    }

    async fn file_all(&mut self, mut waiting: BTreeSet<u32>, before: Before) -> Result<(), End> {
        let mut hope = Hope::Open;
        let mut refused = 0;
        while !waiting.is_empty() && refused < REFUSALS_A_LOOK && !self.memory.filing.rests() {
            let batch: Vec<u32> = waiting.iter().copied().take(filing::BATCH).collect();
            let filed = self.file_batch(&batch, before, hope).await?;
            refused += filed.refused.len();
            let left: BTreeSet<u32> = match filed.end {
                filing::End::Tried => BTreeSet::new(),
                filing::End::Hopeless | filing::End::Later => {
                    let Filed { done, gone, refused, .. } = &filed;
                    let tried = |uid: &&u32| [done, gone, refused].iter().any(|some| some.contains(uid));
                    batch.iter().filter(|uid| !tried(uid)).copied().collect()
                }
            };
            waiting.retain(|uid| batch.binary_search(uid).is_err() || left.contains(uid));
            if !filed.done.is_empty() {
                hope = Hope::Known;
            }
            if filed.end == filing::End::Hopeless {
                // These messages, or all there are?
                if !self.any_other(&mut waiting, before).await? {
                    self.rest();
                    break;
                }
                hope = Hope::Known;
            }
        }
        Ok(())
    }

    /// Tries a few from everywhere, alone, until one is filed.
    async fn any_other(&mut self, waiting: &mut BTreeSet<u32>, before: Before) -> Result<bool, End> {
        let all: Vec<u32> = waiting.iter().copied().collect();
        let apart = all.len().div_ceil(REFUSALS_MAX).max(1);
        for uid in all.iter().rev().step_by(apart) {
            let filed = self.file_batch(&[*uid], before, Hope::Known).await?;
            waiting.remove(uid);
            if filed.done == [*uid] {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Those that were refused before: as many more as the server takes.
    async fn try_refused(&mut self) -> Result<(), End> {
        if self.memory.filing.rests() || is_ahead(self.memory.filing.refused_rest) {
            return Ok(());
        }
        let mut untried = self.memory.filing.refused.len();
        while untried > 0 && !self.memory.filing.rests() {
            let mut few: Vec<u32> = self.memory.filing.refused.drain(..untried.min(REFUSALS_MAX)).collect();
            untried -= few.len();
            few.sort_unstable();
            let filed = self.file_batch(&few, Before::Perhaps, Hope::Known).await?;
            if filed.done.is_empty() && filed.gone.is_empty() {
                break;
            }
        }
        self.memory.filing.refused_rest = Some(Instant::now() + self.config.poll);
        if self.memory.filing.refused.is_empty() && !self.memory.filing.rests() {
            self.memory.filing.trouble = None;
        }
        Ok(())
    }

    /// `uids`: at most [`filing::BATCH`], ascending.
    async fn file_batch(&mut self, uids: &[u32], before: Before, hope: Hope) -> Result<Filed, End> {
        let there = match before {
            Before::Untouched => uids.to_vec(),
            Before::Perhaps => filing::still_there(self.session, uids).await?,
        };
        let mut filed = Filed::default();
        if !there.is_empty() {
            reach(Step::BeforeFiling);
            filed = filing::file(self.session, self.config, &there, before, hope).await?;
            if filed.trouble.is_none() {
                reach(Step::Filed);
            }
        }
        filed.gone = uids.iter().copied().filter(|uid| there.binary_search(uid).is_err()).collect();
        self.filed(&[filed.gone.as_slice(), filed.done.as_slice()].concat()).await?;
        let experience = &mut self.memory.filing;
        experience.refused.extend(&filed.refused);
        match &filed.trouble {
            Some(trouble) => experience.trouble = Some(trouble.clone()),
            None if experience.refused.is_empty() => experience.trouble = None,
            None => {}
        }
        if filed.end == filing::End::Later {
            self.rest();
        }
        Ok(filed)
    }

    fn rest(&mut self) {
        self.memory.filing.rest = Some(Instant::now() + self.config.poll);
    }

    async fn filed(&mut self, uids: &[u32]) -> Result<(), Stopped> {
        if uids.is_empty() {
            return Ok(());
        }
        self.intake.marked(uids.iter().map(|uid| self.mark(*uid, Fate::Filed)).collect()).await?;
        for uid in uids {
            self.position.unfiled.remove(uid);
        }
        Ok(())
    }
}
