//! One IMAP connection after login: commands whose tagged answer is looked at. The library's own methods take a
//! refused SEARCH or FETCH for an empty one; here NO and BAD are failures, and every command has its deadline.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::Duration;

use async_imap::imap_proto::{MailboxDatum, Response, ResponseCode, Status};
use tokio::io::AsyncWriteExt;

use super::folders::seek_folder;
use super::guard::{Allowance, Breach, Guarded};
use super::syntax::{folder_name, quoted};
use super::trouble::{Trouble, TroubleKind};
use crate::config::MailboxConfig;

/// UIDs that one SEARCH is asked about, at first.
const SEARCH_SPAN: u32 = 10_000;
/// Slower than this many bytes a second is as good as standing still.
const SLOWEST: u64 = 4 * 1024;

#[derive(Debug)]
pub(super) struct Session {
    link: async_imap::Session<Guarded>,
    pub(super) capabilities: Capabilities,
    host: String,
    timeout: Duration,
    /// Messages in the selected folder, as last heard.
    exists: u32,
    /// The same when the last listing began: more since then is news.
    looked_at: u32,
    uid_validity: Option<u32>,
    /// The folder that is followed, by its name on the wire.
    followed: String,
}

/// What CAPABILITY said, as far as it matters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Capabilities {
    pub(super) idle: bool,
    /// UID MOVE (RFC 6851).
    pub(super) moves: bool,
    /// UID EXPUNGE (RFC 4315).
    pub(super) uid_plus: bool,
    /// LIST (SPECIAL-USE) (RFC 6154).
    pub(super) special_use: bool,
    pub(super) start_tls: bool,
    pub(super) login_disabled: bool,
    pub(super) auth_plain: bool,
}

/// What SELECT or EXAMINE said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Selected {
    pub(super) uid_validity: u32,
    pub(super) uid_next: Option<u32>,
    pub(super) exists: u32,
}

/// With or without the right to change flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Select,
    Examine,
}

/// How an IDLE ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Idled {
    /// By our DONE: something is new, or it was time.
    Done,
    EndedByServer,
}

impl Session {
    pub(super) async fn begin(link: async_imap::Session<Guarded>, config: &MailboxConfig) -> Result<Session, Trouble> {
        let mut session = Session {
            link,
            capabilities: Capabilities::default(),
            host: config.server.host.clone(),
            timeout: config.server.timeout,
            exists: 0,
            looked_at: 0,
            uid_validity: None,
            followed: String::new(),
        };
        let mut capabilities = Capabilities::default();
        session
            .run("CAPABILITY", Allowance::TALK, |response| {
                if let Response::Capabilities(offered) = response {
                    capabilities = Capabilities::from(offered.as_slice());
                }
            })
            .await?;
        session.capabilities = capabilities;
        session.link.get_mut().settle();
        Ok(session)
    }

    /// Opens the folder that is followed: under its own name, or where the server has put it.
    pub(super) async fn open(&mut self, config: &MailboxConfig, access: Access) -> Result<Selected, Trouble> {
        self.followed = folder_name(&config.folder);
        let mut entered = self.enter_followed(access).await;
        if entered.as_ref().is_err_and(|trouble| trouble.kind == TroubleKind::Refused) {
            match seek_folder(self, &config.folder).await {
                Ok(Some(found)) if found != self.followed => {
                    self.followed = found;
                    entered = self.enter_followed(access).await;
                }
                Err(trouble) if !trouble.is_answer() => return Err(trouble),
                // What the folder itself was refused for says more.
                Ok(_) | Err(_) => {}
            }
        }
        let mut selected = entered.map_err(|trouble| match trouble.kind {
            TroubleKind::Refused => Trouble::no_mailbox(config, &trouble.sentence),
            _ => trouble,
        })?;
        if selected.uid_next.is_none() {
            selected.uid_next = Some(self.find_uid_next(selected.exists).await?);
        }
        Ok(selected)
    }

    /// Opens the folder that is followed again, by the name under which it was found.
    pub(super) async fn enter_followed(&mut self, access: Access) -> Result<Selected, Trouble> {
        let followed = self.followed.clone();
        self.enter(&followed, access).await
    }

    /// Opens a folder by its name on the wire.
    pub(super) async fn enter(&mut self, folder: &str, access: Access) -> Result<Selected, Trouble> {
        let verb = match access {
            Access::Select => "SELECT",
            Access::Examine => "EXAMINE",
        };
        self.uid_validity = None;
        self.exists = 0;
        let mut uid_next = None;
        let command = format!("{verb} {}", quoted(folder));
        self.run(&command, Allowance::TALK, |response| {
            if let Response::Data { status: Status::Ok, outcome } = response
                && let Some(ResponseCode::UidNext(next)) = outcome.code
            {
                uid_next = Some(next);
            }
        })
        .await?;
        let Some(uid_validity) = self.uid_validity else {
            let sentence = format!(
                "{} gives no UIDVALIDITY for the folder {folder:?}; such a folder cannot be followed, choose another `folder`",
                self.host
            );
            return Err(Trouble::new(TroubleKind::Protocol, sentence));
        };
        self.looked_at = self.exists;
        Ok(Selected { uid_validity, uid_next, exists: self.exists })
    }

    /// Of the selected folder.
    pub(super) fn uid_validity(&self) -> Option<u32> {
        self.uid_validity
    }

    /// For servers that keep UIDNEXT to themselves: one above the highest UID.
    async fn find_uid_next(&mut self, exists: u32) -> Result<u32, Trouble> {
        if exists == 0 {
            return Ok(1);
        }
        let highest = self.search("UID *").await?.last().copied();
        Ok(highest.unwrap_or(0).saturating_add(1))
    }

    /// UIDs that match `criteria`, ascending.
    pub(super) async fn search(&mut self, criteria: &str) -> Result<BTreeSet<u32>, Trouble> {
        let mut found = BTreeSet::new();
        self.run(&format!("UID SEARCH {criteria}"), Allowance::TALK, |response| {
            if let Response::MailboxData(MailboxDatum::Search(uids)) = response {
                found.extend(uids.iter().copied().filter(|uid| *uid > 0));
            }
        })
        .await?;
        Ok(found)
    }

    /// Begins a listing: what comes in from now on is [`Session::has_news`].
    pub(super) async fn look(&mut self) -> Result<(), Trouble> {
        self.run("NOOP", Allowance::TALK, |_| ()).await?;
        self.looked_at = self.exists;
        Ok(())
    }

    /// Messages that were in the folder when the last listing began.
    pub(super) fn held(&self) -> u32 {
        self.looked_at
    }

    pub(super) fn has_news(&self) -> bool {
        self.exists > self.looked_at
    }

    /// The next UIDs of a listing, ascending: about ten thousand at a time, because a SEARCH over a large mailbox
    /// is one line whose parsing takes quadratic time. `uid_next` bounds the windows, not the listing: the last
    /// one has no end.
    pub(super) async fn list(&mut self, span: &mut Span) -> Result<BTreeSet<u32>, Trouble> {
        while let Some(from) = span.from {
            let end = from.checked_add(span.width).filter(|end| *end < span.uid_next);
            let criteria = match end {
                Some(end) => format!("UID {from}:{}", end - 1),
                None => format!("UID {from}:*"),
            };
            let mut found = self.search(&criteria).await?;
            // `n:*` is the last message even when its UID is below n (RFC 3501 §6.4.8).
            found.retain(|uid| *uid >= from && end.is_none_or(|end| *uid < end));
            span.from = end;
            span.width = if found.is_empty() { span.width.saturating_mul(8) } else { SEARCH_SPAN };
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(BTreeSet::new())
    }

    /// Sends a command and reads up to its tagged answer. NO and BAD are [`TroubleKind::Refused`] or
    /// [`TroubleKind::Throttled`]; after any other failure the connection is of no more use.
    pub(super) async fn run(
        &mut self,
        command: &str,
        allowance: Allowance,
        each: impl FnMut(&Response<'_>),
    ) -> Result<(), Trouble> {
        let verb = verb(command);
        let deadline = self.timeout * 2 + Duration::from_secs(allowance.literal.min(allowance.bytes) / SLOWEST);
        self.link.get_mut().allow(allowance);
        let work = async {
            let tag = self.link.run_command(command).await.map_err(|error| self.broken(&verb, &error.to_string()))?;
            self.answer(&verb, &tag.0, each).await
        };
        match tokio::time::timeout(deadline, work).await {
            Ok(answer) => answer,
            Err(_) => Err(Trouble::lost(&self.host, &verb, &format!("no answer within {deadline:?}"))),
        }
    }

    /// The same, where nothing of the answer matters but whether it is a yes.
    pub(super) async fn tell(&mut self, command: &str) -> Result<(), Trouble> {
        self.run(command, Allowance::TALK, |_| ()).await
    }

    /// APPEND (RFC 3501 §6.3.11), marked as read.
    pub(super) async fn append(&mut self, folder: &str, bytes: &[u8]) -> Result<(), Trouble> {
        let command = format!("APPEND {} (\\Seen) {{{}}}", quoted(folder), bytes.len());
        let deadline = self.timeout * 2 + Duration::from_secs(bytes.len() as u64 / SLOWEST);
        self.link.get_mut().allow(Allowance::TALK);
        let work = async {
            let tag =
                self.link.run_command(&command).await.map_err(|error| self.broken("APPEND", &error.to_string()))?;
            if self.go_ahead("APPEND", &tag.0).await?.is_break() {
                return Ok(());
            }
            let wire = self.link.get_mut();
            let written = async {
                wire.write_all(bytes).await?;
                wire.write_all(b"\r\n").await?;
                wire.flush().await
            };
            written.await.map_err(|error| Trouble::lost(&self.host, "APPEND", &error.to_string()))?;
            self.answer("APPEND", &tag.0, |_| ()).await
        };
        match tokio::time::timeout(deadline, work).await {
            Ok(answer) => answer,
            Err(_) => Err(Trouble::lost(&self.host, "APPEND", &format!("no answer within {deadline:?}"))),
        }
    }

    /// IDLE (RFC 2177) until something is new, or `patience` is over. Being refused is
    /// [`TroubleKind::Refused`]; no answer to DONE within `done_within` means that the server is gone.
    pub(super) async fn idle(&mut self, patience: Duration, done_within: Duration) -> Result<Idled, Trouble> {
        let timeout = self.timeout;
        let host = self.host.clone();
        self.link.get_mut().allow(Allowance::TALK);
        let begin = async {
            let tag = self.link.run_command("IDLE").await.map_err(|error| self.broken("IDLE", &error.to_string()))?;
            Ok((self.go_ahead("IDLE", &tag.0).await?, tag))
        };
        let (ended, tag) = match tokio::time::timeout(timeout, begin).await {
            Ok(begun) => begun?,
            Err(_) => return Err(Trouble::lost(&host, "IDLE", "no answer")),
        };
        if ended.is_break() {
            return Ok(Idled::EndedByServer);
        }
        // The server may be silent as long as it likes; whether it is still there shows at DONE.
        self.link.get_mut().set_silence(None);
        let news = tokio::time::timeout(patience, self.news(&tag.0)).await;
        self.link.get_mut().set_silence(Some(timeout));
        if let Ok(ended) = news
            && ended?.is_break()
        {
            return Ok(Idled::EndedByServer);
        }
        let end = async {
            self.link.run_command_untagged("DONE").await.map_err(|error| self.broken("IDLE", &error.to_string()))?;
            self.answer("IDLE", &tag.0, |_| ()).await
        };
        match tokio::time::timeout(done_within, end).await {
            Ok(answer) => answer.map(|()| Idled::Done),
            Err(_) => Err(Trouble::lost(&host, "IDLE", &format!("no answer to DONE within {done_within:?}"))),
        }
    }

    /// LOGOUT, for politeness: whatever comes of it.
    pub(super) async fn leave(mut self) {
        let farewell = self.run("LOGOUT", Allowance::TALK, |_| ());
        if tokio::time::timeout(Duration::from_secs(1), farewell).await.is_err() {
            tracing::debug!(host = self.host, "no answer to LOGOUT");
        }
    }

    /// What the server announced beyond the bound, when that ended the connection.
    pub(super) fn announced(&self) -> Option<u64> {
        match self.link.get_ref().breach() {
            Some(Breach::Literal { announced, .. }) => Some(announced),
            Some(Breach::Silence(_) | Breach::Budget | Breach::Line) | None => None,
        }
    }

    /// Waits until the folder has more messages, or the command has its tagged answer (Break).
    async fn news(&mut self, tag: &str) -> Result<ControlFlow<()>, Trouble> {
        while !self.has_news() {
            let ended = self.response("IDLE", tag, |_| ()).await?;
            if ended.is_break() {
                return Ok(ended);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Waits for `+`. Break: the command ended without it.
    async fn go_ahead(&mut self, verb: &str, tag: &str) -> Result<ControlFlow<()>, Trouble> {
        loop {
            let mut ready = false;
            let ended = self.response(verb, tag, |response| ready = matches!(response, Response::Continue(_))).await?;
            if ready || ended.is_break() {
                return Ok(ended);
            }
        }
    }

    async fn answer(&mut self, verb: &str, tag: &str, mut each: impl FnMut(&Response<'_>)) -> Result<(), Trouble> {
        while self.response(verb, tag, &mut each).await?.is_continue() {}
        Ok(())
    }

    /// Reads one response. Break: it was the tagged OK.
    async fn response(
        &mut self,
        verb: &str,
        tag: &str,
        mut each: impl FnMut(&Response<'_>),
    ) -> Result<ControlFlow<()>, Trouble> {
        let data = match self.link.read_response().await {
            Ok(Some(data)) => data,
            Ok(None) => return Err(Trouble::lost(&self.host, verb, "the server closed it")),
            Err(error) => return Err(self.failed(verb, &error)),
        };
        let response = data.parsed();
        each(response);
        match response {
            Response::Done { tag: of, status, outcome } if of.0 == tag => match status {
                Status::Ok | Status::PreAuth => return Ok(ControlFlow::Break(())),
                Status::No | Status::Bad | Status::Bye => {
                    return Err(Trouble::refused(&self.host, verb, &in_words(outcome)));
                }
            },
            Response::Data { status: Status::Bye, outcome } => {
                return Err(Trouble::lost(&self.host, verb, &format!("the server said {}", in_words(outcome))));
            }
            Response::Data { outcome, .. } => {
                if let Some(ResponseCode::UidValidity(fresh)) = outcome.code
                    && self.uid_validity.replace(fresh).is_some_and(|known| known != fresh)
                {
                    return Err(Trouble::lost(&self.host, verb, "the mailbox was rebuilt meanwhile"));
                }
            }
            Response::MailboxData(MailboxDatum::Exists(count)) => self.exists = *count,
            Response::Expunge(number) => {
                self.exists = self.exists.saturating_sub(1);
                // What was there at the last listing is one less; what came in since stays news.
                if *number <= self.looked_at {
                    self.looked_at -= 1;
                }
            }
            _ => {}
        }
        Ok(ControlFlow::Continue(()))
    }

    fn failed(&self, verb: &str, error: &std::io::Error) -> Trouble {
        match self.link.get_ref().breach() {
            Some(Breach::Silence(_)) | None if is_transport(error) => {
                Trouble::lost(&self.host, verb, &error.to_string())
            }
            Some(breach) => Trouble::lost(&self.host, verb, &breach.to_string()),
            // The library puts all that it had read into such errors: mail content, so it is not repeated.
            None => Trouble::new(
                TroubleKind::Protocol,
                format!("{} answered {verb} with something that is not IMAP; check `host` and `port`", self.host),
            ),
        }
    }

    fn broken(&self, verb: &str, reason: &str) -> Trouble {
        Trouble::lost(&self.host, verb, reason)
    }
}

/// Where a listing has come to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    from: Option<u32>,
    width: u32,
    uid_next: u32,
}

impl Span {
    /// All UIDs above `cursor`.
    pub(super) fn above(cursor: u32, uid_next: Option<u32>) -> Span {
        Span { from: cursor.checked_add(1), width: SEARCH_SPAN, uid_next: uid_next.unwrap_or(0) }
    }
}

impl From<&[async_imap::imap_proto::Capability<'_>]> for Capabilities {
    fn from(offered: &[async_imap::imap_proto::Capability<'_>]) -> Capabilities {
        use async_imap::imap_proto::Capability;
        let has = |name: &str| offered.iter().any(|c| matches!(c, Capability::Atom(a) if a.eq_ignore_ascii_case(name)));
        Capabilities {
            idle: has("IDLE"),
            moves: has("MOVE"),
            uid_plus: has("UIDPLUS"),
            special_use: has("SPECIAL-USE"),
            start_tls: has("STARTTLS"),
            login_disabled: has("LOGINDISABLED"),
            auth_plain: offered.iter().any(|c| matches!(c, Capability::Auth(a) if a.eq_ignore_ascii_case("PLAIN"))),
        }
    }
}

/// The response's text, with its code where that is one we know.
pub(super) fn in_words(outcome: &async_imap::imap_proto::Outcome<'_>) -> String {
    let code = match outcome.code {
        Some(ResponseCode::TryCreate) => "[TRYCREATE] ",
        _ => "",
    };
    format!("{code}{}", outcome.information.as_deref().unwrap_or_default())
}

/// Errors that the network made, as opposed to those of the library's parser.
fn is_transport(error: &std::io::Error) -> bool {
    error.kind() != std::io::ErrorKind::Other
}

/// The command's name, for people: `UID FETCH`.
fn verb(command: &str) -> String {
    let words = if command.starts_with("UID ") { 2 } else { 1 };
    command.split(' ').take(words).collect::<Vec<_>>().join(" ")
}
