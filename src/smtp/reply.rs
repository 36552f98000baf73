//! Replies (RFC 5321 §4.2), and the end of a connection where one was expected.

use std::error::Error as _;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::response::Response;

/// Characters of a reply that are kept.
const LENGTH: usize = 500;

/// A reply that is none.
pub(super) const GARBLED: &str = "its words are no SMTP reply";

#[derive(Debug)]
pub(super) enum Reply {
    /// 2yz or 3yz.
    Yes { code: u16, line: String, response: Response },
    /// 4yz.
    Later { code: u16, line: String },
    /// 5yz.
    Never { code: u16, line: String },
    /// A deadline, a closed connection, or something that is no reply. The connection cannot be used any more.
    Cut { reason: String },
}

impl Reply {
    pub(super) fn of(result: Result<Response, Error>) -> Reply {
        let error = match result {
            Ok(response) => {
                let code = u16::from(response.code());
                let text: Vec<&str> = response.message().collect();
                return Reply::Yes { code, line: one_line(&format!("{code} {}", text.join(" "))), response };
            }
            Err(error) => error,
        };
        let text = error.source().map(ToString::to_string).unwrap_or_default();
        match error.status().map(u16::from) {
            Some(code) if error.is_transient() => Reply::Later { code, line: one_line(&format!("{code} {text}")) },
            Some(code) => Reply::Never { code, line: one_line(&format!("{code} {text}")) },
            None if text == "incomplete response" => Reply::cut("the server closed the connection"),
            // A login challenge that lettre does not know is its own (client) error.
            None if error.is_response() || error.is_client() => Reply::cut(GARBLED),
            None => Reply::Cut { reason: one_line(&if text.is_empty() { error.to_string() } else { text }) },
        }
    }

    pub(super) fn cut(reason: &str) -> Reply {
        Reply::Cut { reason: reason.to_owned() }
    }
}

/// RFC 4954 §4.6 and §6, RFC 3207 §4, RFC 5321 §4.2.4: said of the session, whatever the command was about.
pub(super) fn concerns_the_session(code: u16) -> bool {
    matches!(code, 500 | 502 | 503 | 523 | 530 | 534 | 535 | 538)
}

pub(super) fn wants_login(code: u16) -> bool {
    matches!(code, 530 | 535)
}

pub(super) fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LENGTH).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}
