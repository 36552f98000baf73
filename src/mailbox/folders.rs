//! What a folder is called on this server: with its separator, and below INBOX where all of one's own lie there.

use async_imap::imap_proto::{MailboxDatum, NameAttribute, Response};

use super::guard::Allowance;
use super::session::Session;
use super::syntax::{folder_name, quoted};
use super::trouble::{Trouble, TroubleKind, said};

/// The name on the wire of a folder that is there; None where there is none.
pub(super) async fn seek_folder(session: &mut Session, folder: &str) -> Result<Option<String>, Trouble> {
    Names::of(session, folder).await?.seek(session).await
}

/// The folder's name on this server, on the wire: as configured, or below `INBOX` with the server's separator
/// where all folders are there. Made when there is none.
pub(super) async fn find_folder(session: &mut Session, folder: &str) -> Result<String, Trouble> {
    let names = Names::of(session, folder).await?;
    match names.seek(session).await? {
        Some(found) => Ok(found),
        None => names.make(session, folder).await,
    }
}

/// The same for copies of what was sent: before one is made, the folder that the server marks as `\Sent` is taken
/// (RFC 6154), whatever its name and language.
pub(super) async fn find_sent_folder(session: &mut Session, folder: &str) -> Result<String, Trouble> {
    let names = Names::of(session, folder).await?;
    if let Some(found) = names.seek(session).await? {
        return Ok(found);
    }
    let mut marked = None;
    if session.capabilities.special_use {
        let command = "LIST (SPECIAL-USE) \"\" \"*\"";
        let list = session.run(command, Allowance::TALK, |response| {
            if let Response::MailboxData(MailboxDatum::List(list)) = response
                && list.name_attributes.contains(&NameAttribute::Sent)
            {
                marked.get_or_insert_with(|| list.name.clone().into_owned());
            }
        });
        match list.await {
            // It may offer what it does not understand: then there is no mark.
            Err(trouble) if !trouble.is_answer() => return Err(trouble),
            Ok(()) | Err(_) => {}
        }
    }
    match marked {
        Some(found) => Ok(found),
        None => names.make(session, folder).await,
    }
}

/// What a folder may be called on this server, on the wire.
struct Names {
    plain: String,
    /// With the server's separator.
    local: String,
    below_inbox: String,
}

impl Names {
    async fn of(session: &mut Session, folder: &str) -> Result<Names, Trouble> {
        let mut separator = "/".to_owned();
        session
            .run("LIST \"\" \"\"", Allowance::TALK, |response| {
                if let Response::MailboxData(MailboxDatum::List(list)) = response
                    && let Some(delimiter) = &list.delimiter
                {
                    separator = delimiter.clone().into_owned();
                }
            })
            .await?;
        let plain = folder_name(folder);
        let local = plain.replace('/', &separator);
        let below_inbox = format!("INBOX{separator}{local}");
        Ok(Names { plain, local, below_inbox })
    }

    async fn seek(&self, session: &mut Session) -> Result<Option<String>, Trouble> {
        for candidate in [&self.plain, &self.local, &self.below_inbox] {
            if exists(session, candidate).await? {
                return Ok(Some(candidate.clone()));
            }
        }
        Ok(None)
    }

    async fn make(self, session: &mut Session, folder: &str) -> Result<String, Trouble> {
        let mut refusal = None;
        for candidate in [self.local, self.below_inbox] {
            match session.tell(&format!("CREATE {}", quoted(&candidate))).await {
                Ok(()) => return Ok(candidate),
                // Somebody else made it meanwhile: an earlier process, whose command the server was still at.
                Err(trouble) if trouble.is_answer() && exists(session, &candidate).await? => return Ok(candidate),
                Err(trouble) if trouble.is_answer() => refusal = refusal.or(Some(trouble)),
                Err(trouble) => return Err(trouble),
            }
        }
        let reason = refusal.map_or_else(String::new, |trouble| trouble.sentence);
        let sentence = format!(
            "the folder {folder:?} does not exist and cannot be made ({}); create it on the server",
            said(&reason)
        );
        Err(Trouble::new(TroubleKind::Refused, sentence))
    }
}

async fn exists(session: &mut Session, folder: &str) -> Result<bool, Trouble> {
    let mut there = false;
    session
        .run(&format!("LIST \"\" {}", quoted(folder)), Allowance::TALK, |response| {
            if let Response::MailboxData(MailboxDatum::List(list)) = response {
                there |= !list.name_attributes.contains(&NameAttribute::NoSelect);
            }
        })
        .await?;
    Ok(there)
}
