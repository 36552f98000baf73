//! Questions on a terminal, to standard error; answers from standard input.

use std::io::{BufRead, Read, Write};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

use crate::cli::failure::{Exit, Failure};
use crate::cli::show;

/// Answers of a person, at most; more is no answer.
const ANSWER_BYTES: usize = 4096;

pub struct Terminal;

impl Terminal {
    /// One line; `usual` where nothing is written. Asks until there is an answer.
    pub fn line(&self, question: &str, usual: Option<&str>) -> Result<String, Failure> {
        self.answer(question, usual, |text| if text.is_empty() { Err(String::new()) } else { Ok(text.to_owned()) })
    }

    /// One line that `read` understands; it says what is wrong with what it does not.
    pub fn answer<T>(
        &self,
        question: &str,
        usual: Option<&str>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Failure> {
        loop {
            match usual {
                Some(usual) if !usual.is_empty() => prompt(&format!("{question} [{usual}]: ")),
                _ => prompt(&format!("{question}: ")),
            }
            let mut line = String::new();
            let length = std::io::stdin().lock().take(ANSWER_BYTES as u64).read_line(&mut line);
            if !length.is_ok_and(|length| length > 0) {
                return Err(ended());
            }
            let text = match line.trim() {
                "" => usual.unwrap_or_default(),
                text => text,
            };
            match read(text) {
                Ok(answer) => return Ok(answer),
                Err(wrong) if wrong.is_empty() => {}
                Err(wrong) => show::remark(&format!("  {wrong}")),
            }
        }
    }

    pub fn yes(&self, question: &str) -> Result<bool, Failure> {
        self.answer(question, Some("yes"), |text| match text.to_lowercase().as_str() {
            "y" | "yes" => Ok(true),
            "n" | "no" => Ok(false),
            _ => Err("Say yes or no.".to_owned()),
        })
    }

    /// Goes on only with a yes.
    pub fn agree(&self, question: &str) -> Result<(), Failure> {
        if self.yes(question)? { Ok(()) } else { Err(ended()) }
    }

    /// A line that nobody sees; empty where nothing is typed.
    pub fn password(&self, question: &str) -> Result<String, Failure> {
        // Hidden before the question stands there: what is typed ahead of it would show.
        let hidden = Hidden::begin();
        prompt(&format!("{question}: "));
        let typed = hidden.line();
        drop(hidden);
        show::remark("");
        typed
    }
}

fn prompt(text: &str) {
    let mut terminal = anstream::stderr();
    // Nobody would be there to be told.
    let _ = write!(terminal, "{text}").and_then(|()| terminal.flush());
}

fn ended() -> Failure {
    Failure::new(Exit::Usage, "Ended without an answer: nothing was written.")
}

/// The terminal shows nothing and hands over every key, Ctrl-C among them, as long as this lives: whoever interrupts
/// gets their terminal back as it was.
struct Hidden(Option<Termios>);

impl Hidden {
    fn begin() -> Hidden {
        let stdin = std::io::stdin();
        let Ok(before) = tcgetattr(&stdin) else { return Hidden(None) };
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
        hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
        let _ = tcsetattr(&stdin, OptionalActions::Now, &hidden);
        Hidden(Some(before))
    }

    fn line(&self) -> Result<String, Failure> {
        let mut typed: Vec<u8> = Vec::new();
        let mut key = [0];
        let mut stdin = std::io::stdin().lock();
        while stdin.read(&mut key).is_ok_and(|read| read == 1) && typed.len() < ANSWER_BYTES {
            match key[0] {
                b'\n' | b'\r' => {
                    return String::from_utf8(typed).map_err(|_| Failure::new(Exit::Data, "A password must be UTF-8."));
                }
                // Ctrl-C, Ctrl-D, Ctrl-Z
                0x03 | 0x04 | 0x1a => break,
                // Backspace takes a character, which may have several bytes; Ctrl-U takes all.
                0x08 | 0x7f => while typed.pop().is_some_and(|byte| byte & 0xC0 == 0x80) {},
                0x15 => typed.clear(),
                byte => typed.push(byte),
            }
        }
        Err(ended())
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
        }
    }
}
