//! What people write in the letters of these tests.

use postcase::case::Template;

pub fn body(template: Template, code: &str) -> Option<&'static str> {
    match (template, code) {
        (Template::Answered, "de") => Some(
            "Guten Tag Frau Müller,\n\nbitte ziehen Sie den Stecker und <warten> Sie 10 Minuten. Eine Anleitung steht \
             unter https://support.example.com/de/feuer?a=1&b=2.\n\nViele Grüße",
        ),
        (Template::Answered, _) => Some(
            "Dear Anna,\n\nplease pull the plug and <wait> for 10 minutes. The guide at \
             https://support.example.com/en/fire?a=1&b=2 shows where it is.\n\nBest wishes",
        ),
        (Template::Closed, "de") => {
            Some("das Netzteil war defekt; wir haben es ausgetauscht, und der Drucker läuft wieder.")
        }
        (Template::Closed, _) => Some("The power supply was broken; we have replaced it, and the printer works again."),
        (Template::Alarm, _) => Some("There is trouble with mailbox support: the login is refused."),
        (_, _) => None,
    }
}
