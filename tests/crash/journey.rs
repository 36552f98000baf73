//! The journey that every daemon of this test goes: what happens, in which order, and how it is disturbed.

use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use postcase::failpoint::Step;

use crate::daemon::{Daemon, FailAt, was_killed};
use crate::desk::{Desk, dovecot};
use crate::disk::Disk;
use crate::lab::PATIENCE;
use crate::mails::{bounce, header, out_of_office, reply, request, staff_reply, unproven};
use crate::outcome::{Outcome, in_the_gap};
use crate::smtp_sink::Received;

/// Stretches of the journey; each ends when nothing is left to do.
pub const STRETCHES: usize = 13;

/// The first stretch in which staff work.
const STAFF: usize = 9;

/// How a journey is disturbed.
#[derive(Debug)]
pub enum Disturbance<'a> {
    None,
    /// The daemon dies when it first comes to this step; the next one when it comes there for the second time, and so on.
    At(Step),
    /// The daemon dies when it first comes to this step in each stretch in which staff work.
    AmongStaff(Step),
    /// The daemon is killed.
    Moments(Vec<Moment>),
    /// The disk has so many bytes of room when a stretch begins; when that is used up, somebody makes more.
    FullDisk(&'a Disk, [u64; STRETCHES]),
}

/// When: in which stretch, and after which share of the time that it usually takes.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    pub stretch: usize,
    pub share: f64,
}

/// Deaths at one step in one journey: fewer than hold an entry that dies each time (B4).
const DEATHS: u32 = 3;

/// Long enough for another thread to file a message that is not committed yet.
const RUNNING_AHEAD: Duration = Duration::from_millis(150);

/// The journey as it is when nothing disturbs it.
pub struct Undisturbed {
    pub outcome: Outcome,
    /// How long each stretch took. The first begins with the start of a daemon that finds mail.
    pub took: [Duration; STRETCHES],
}

pub static UNDISTURBED: LazyLock<Undisturbed> = LazyLock::new(|| {
    let dovecot = dovecot(1);
    let desk = Desk::new(&dovecot, 0);
    let mut journey = Journey::new(&desk, Disturbance::None);
    let outcome = journey.play();
    assert_eq!(journey.deaths, 0);
    assert!(outcome.mails.values().all(|copies| *copies == 1), "{:?}", outcome.mails);
    Undisturbed { outcome, took: journey.took }
});

pub struct Journey<'a> {
    desk: &'a Desk<'a>,
    pub disturbance: Disturbance<'a>,
    daemon: Option<Daemon>,
    stretch: usize,
    /// When the next of the moments counts from.
    since: Instant,
    fresh: bool,
    took: [Duration; STRETCHES],
    pub deaths: u32,
    /// Deaths at the step at which it was to die.
    pub struck: u32,
    /// The next daemon is to die.
    armed: bool,
    /// Deaths while something was left to do.
    pub deaths_at_work: u32,
    /// Copies of each mail that the server had when the daemon died before it had written that down (L3): each of them
    /// will have been one too many.
    pub in_the_gap: BTreeMap<String, usize>,
}

impl<'a> Journey<'a> {
    pub fn new(desk: &'a Desk<'a>, disturbance: Disturbance<'a>) -> Journey<'a> {
        desk.tell_administrators("10m");
        desk.employ();
        Journey {
            desk,
            disturbance,
            daemon: None,
            stretch: 0,
            since: Instant::now(),
            fresh: true,
            took: [Duration::ZERO; STRETCHES],
            deaths: 0,
            struck: 0,
            armed: false,
            deaths_at_work: 0,
            in_the_gap: BTreeMap::new(),
        }
    }

    /// Plays it to its end.
    pub fn play(&mut self) -> Outcome {
        let desk = self.desk;
        desk.sink.recipient("dora@customer.test", "550 5.1.1 nobody of that name");
        let anna = request("anna", "support", "first", "My printer is on fire", "It burns. What shall I do?");
        desk.deliver(0, &anna);
        desk.deliver(
            0,
            &request("bela", "support", "second", "Rechnung", "Guten Tag, wo bleibt die Rechnung für den Drucker?"),
        );
        desk.deliver(0, &request("carla", "support", "third", "Question", "Does the printer take blue paper?"));
        self.stretch(0, 3, |_| {});
        self.stretch(1, 6, |journey| {
            // The same mail on another way; somebody whom the server does not know, which makes an entry of its own.
            let text = String::from_utf8_lossy(&anna).replace("from mx by desk", "from elsewhere by desk");
            journey.desk.deliver(1, text.as_bytes());
            journey.desk.deliver(1, &request("dora", "sales", "fourth", "Prices", "What does the printer cost?"));
        });
        let acknowledged =
            |who: &str| desk.sink.taken().into_iter().find(|mail| is_to(mail, who)).expect("it was sent");
        self.stretch(2, 9, |journey| {
            let reply = reply("anna", "fifth", &acknowledged("anna"), "It still burns.");
            journey.desk.deliver(0, &reply);
            journey.desk.deliver(0, &out_of_office("bela", "sixth", &acknowledged("bela")));
            journey.desk.deliver(0, &bounce("carla@customer.test", "seventh", &acknowledged("carla")));
        });
        let (of_anna, of_bela) = (number(&acknowledged("anna")), number(&acknowledged("bela")));
        let commands_die = matches!(self.disturbance, Disturbance::At(Step::CommandCommitted));
        self.stretch(3, 11, |journey| {
            let answer = ["case", "reply", &of_anna, "--as", "Kevin", "--text", "Please use the extinguisher."];
            let note = ["case", "note", &of_anna, "--as", "Kevin", "--text", "Call the fire brigade."];
            if commands_die {
                // Nobody is there to decide: the second command does so for both.
                journey.dying_command(&answer);
                journey.desk.done(&note);
            } else {
                journey.command(&answer);
                journey.command(&note);
            }
        });
        self.stretch(4, 12, |journey| journey.wake(&of_anna));
        self.stretch(5, 13, |journey| {
            let close = ["case", "close", &of_bela, "--as", "Kevin", "--text", "The invoice is on its way."];
            // The daemon that is started next decides.
            if commands_die { journey.dying_command(&close) } else { journey.command(&close) }
        });
        self.stretch(6, 14, |journey| {
            let closed = desk.sink.taken().into_iter().rfind(|mail| is_to(mail, "bela")).expect("it was sent");
            journey.desk.deliver(0, &reply("bela", "eighth", &closed, "It has not come yet, please look again."));
        });
        self.stretch(7, 15, |journey| journey.trouble());
        self.stretch(8, 16, |journey| {
            journey.command(&["case", "close", &of_anna, "--as", "Kevin"]);
        });
        self.play_staff();
        if let Some(mut daemon) = self.daemon.take() {
            daemon.stop(desk);
        }
        let paged = desk.paged();
        let told = paged.lines().filter(|line| *line == "begins the coffee").count();
        // Whether the command was told just before a death nobody knows: it is told again.
        assert!((1..=1 + self.deaths as usize).contains(&told), "{:?}: {paged}", self.disturbance);
        assert_eq!(told, paged.lines().count(), "{paged}");
        Outcome::of(desk)
    }

    /// Staff are told, answer, note, are asked about a mail in their name, and merge.
    fn play_staff(&mut self) {
        let desk = self.desk;
        let told = |who: &str, about: &str| {
            let own = [format!("{who}@desk.test")];
            let is_it = |mail: &Received| mail.recipients == own && header(mail, "Subject").contains(about);
            desk.sink.taken().into_iter().find(is_it).unwrap_or_else(|| panic!("{who} is told of {about}"))
        };
        self.stretch(STAFF, 18, |journey| {
            journey
                .desk
                .deliver(0, &request("emma", "support", "ninth", "Cable", "Which cable does the printer take?"));
            journey.desk.deliver(0, &request("finn", "support", "tenth", "Plug", "Which plug does it take?"));
        });
        let of_emma = number(&told("kevin", "Cable"));
        self.stretch(STAFF + 1, 21, |journey| {
            let answer = staff_reply("kevin", "answer", &told("kevin", "Cable"), "It takes the blue one.");
            journey.desk.deliver(0, &answer);
            let note = "#note\n\nWe have none in stock.";
            journey.desk.deliver(0, &staff_reply("petra", "note", &told("petra", "Cable"), note));
            let subject = format!("[Case {of_emma}] a word about it");
            journey.desk.deliver(0, &unproven("kevin", "unproven", &subject, "Ten are ordered."));
        });
        assert_eq!(desk.number("SELECT count(*) FROM held"), 1, "{:?}: it is held", self.disturbance);
        self.stretch(STAFF + 2, 23, |journey| {
            let yes = staff_reply("kevin", "yes", &told("kevin", "confirm"), "Yes, that is mine.");
            journey.desk.deliver(0, &yes);
        });
        assert_eq!(desk.number("SELECT count(*) FROM held"), 0, "{:?}: it is released", self.disturbance);
        self.stretch(STAFF + 3, 24, |journey| {
            let merge = format!("#merge {of_emma}\n\nThe plug comes with the cable.");
            journey.desk.deliver(0, &staff_reply("kevin", "merge", &told("kevin", "Plug"), &merge));
        });
        assert_eq!(
            desk.number("SELECT count(*) FROM cases WHERE merged_into IS NOT NULL"),
            1,
            "{:?}",
            self.disturbance
        );
        let to = |who: &str| {
            let texts: BTreeMap<String, String> = desk
                .sink
                .taken()
                .iter()
                .filter(|mail| mail.recipients.contains(&format!("{who}@customer.test")))
                .map(|mail| (header(mail, "Message-ID"), String::from_utf8_lossy(&mail.bytes).into_owned()))
                .collect();
            texts.into_values().collect::<Vec<String>>()
        };
        assert_eq!((to("emma").len(), to("finn").len()), (3, 2), "acknowledged and answered");
        let inside = ["none in stock", "Ten are ordered", "Your reply goes"];
        let leaked = to("emma").iter().chain(&to("finn")).any(|text| inside.iter().any(|words| text.contains(words)));
        assert!(!leaked, "{:?}: what is for staff has gone to a customer", self.disturbance);
    }

    /// Lets something happen, and waits until so many entries are journalled and all is done that follows from them.
    fn stretch(&mut self, stretch: usize, entries: u64, happens: impl FnOnce(&mut Self)) {
        self.stretch = stretch;
        if let Disturbance::FullDisk(disk, room) = self.disturbance {
            // A clean end gives back what SQLite's log has taken.
            if let Some(mut daemon) = self.daemon.take() {
                daemon.stop(self.desk);
            }
            disk.fill(room[stretch]);
        }
        if matches!(self.disturbance, Disturbance::AmongStaff(_)) && stretch >= STAFF {
            self.armed = true;
            if let Some(mut daemon) = self.daemon.take() {
                daemon.kill();
                self.mourn();
            }
        }
        let begun = Instant::now();
        self.since = begun;
        self.fresh = false;
        happens(self);
        self.wait("the end of the stretch", |desk| desk.is_quiet(entries));
        self.took[stretch] = begun.elapsed();
        // Moments that are left had no time to come: now, then, with nothing to do but the start itself.
        while self.next_moment().is_some() {
            self.die();
            self.wait("the end of the stretch", |desk| desk.is_quiet(entries));
        }
    }

    /// Runs a command to its end, however often the daemon dies meanwhile.
    fn command(&mut self, arguments: &[&str]) {
        let before = self.entries();
        let mut command = self.desk.postcase(arguments);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program was built");
        let mut ended = None;
        self.wait("the end of the command", |_| {
            ended = child.try_wait().expect("our own child");
            ended.is_some()
        });
        let status = ended.expect("it was waited for");
        if status.code() == Some(74) && matches!(self.disturbance, Disturbance::FullDisk(..)) {
            let said = said(&mut child);
            assert!(said.contains("The disk is full"), "{arguments:?}: {said}");
            self.make_room();
            // Once it is in the journal somebody decides it; otherwise it was never said.
            if self.entries() == before {
                self.command(arguments);
            }
            return;
        }
        assert!(status.success(), "{arguments:?}: {status:?} {}", said(&mut child));
    }

    /// The case has waited long enough.
    fn wake(&self, case: &str) {
        self.insert("INSERT INTO timer (case_number, target, generation, due) VALUES ($1, 'wake', 1, $2)", case);
    }

    /// Something is wrong, and stays so.
    fn trouble(&self) {
        // A desk that cannot write raises no alarm, and so nobody would come and make room.
        self.make_room();
        self.insert("INSERT INTO trouble (source, text, since, times) VALUES ('the coffee', $1, $2, 1)", "It is cold.");
    }

    /// Puts something into the database, and the time.
    fn insert(&self, sql: &str, what: &str) {
        let set = || {
            let database = rusqlite::Connection::open(self.desk.database())?;
            database.busy_timeout(PATIENCE)?;
            database.execute(sql, rusqlite::params![what, jiff::Timestamp::now().as_microsecond()])
        };
        if set().is_err() {
            self.make_room();
            set().expect("there is room again");
        }
    }

    /// Runs a command without a daemon. It dies once it is in the journal.
    fn dying_command(&mut self, arguments: &[&str]) {
        self.daemon = None;
        let mut command = self.desk.postcase(arguments);
        command.env("POSTCASE_FAIL_AT", Step::CommandCommitted.name());
        let status = command.status().expect("the program was built");
        assert!(was_killed(status), "{arguments:?} reaches its step: {status:?}");
        self.deaths += 1;
    }

    fn entries(&self) -> u64 {
        self.desk.number("SELECT count(*) FROM journal")
    }

    /// Waits for what must come, while the daemon dies and is started again.
    fn wait(&mut self, what: &str, mut done: impl FnMut(&Desk) -> bool) {
        let begun = Instant::now();
        loop {
            self.supervise();
            if done(self.desk) {
                return;
            }
            if begun.elapsed() > PATIENCE {
                let log = self.daemon.as_ref().map_or(String::new(), Daemon::log);
                panic!("stretch {}: waited in vain for {what}; {:?}\n{log}", self.stretch, self.disturbance);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Starts the daemon when there is none, and ends it when its time has come.
    fn supervise(&mut self) {
        let Some(daemon) = &mut self.daemon else {
            // Sometimes at once, sometimes after those who run ahead had time to do so.
            let later = if self.struck.is_multiple_of(2) { RUNNING_AHEAD } else { Duration::ZERO };
            let fail_at = match self.disturbance {
                Disturbance::At(step) if self.deaths < DEATHS && step != Step::CommandCommitted => {
                    Some(FailAt { step, times: self.deaths + 1, later })
                }
                Disturbance::AmongStaff(step) if self.armed => Some(FailAt { step, times: 1, later }),
                _ => None,
            };
            self.daemon = Some(Daemon::start_with(self.desk, fail_at));
            self.since = Instant::now();
            self.fresh = true;
            return;
        };
        if let Some(status) = daemon.ended() {
            // A command that found no daemon has the lock for a moment.
            let log = daemon.log();
            if status.code() == Some(74) && matches!(self.disturbance, Disturbance::FullDisk(..)) {
                self.make_room();
                self.mourn();
                // Rarely room is made before it can see why the disk failed.
                let told = log
                    .lines()
                    .filter(|line| line.starts_with("The disk is full") || line.starts_with("The disk fails"));
                assert_eq!(told.count() as u32, self.deaths, "it is told once\n{log}");
            } else if status.code() != Some(75) {
                assert!(was_killed(status), "the daemon ended: {status:?}\n{log}");
                self.struck += 1;
                self.armed = false;
                self.mourn();
            }
            self.daemon = None;
        } else if let Some(moment) = self.next_moment() {
            let usual = UNDISTURBED.took[if self.fresh { 0 } else { moment.stretch }];
            if self.since.elapsed() >= usual.mul_f64(moment.share) {
                self.die();
            }
        }
    }

    fn make_room(&self) {
        if let Disturbance::FullDisk(disk, _) = self.disturbance {
            disk.make_room();
        }
    }

    fn next_moment(&self) -> Option<Moment> {
        let Disturbance::Moments(moments) = &self.disturbance else { return None };
        moments.get(self.deaths as usize).copied().filter(|moment| moment.stretch <= self.stretch)
    }

    fn die(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.kill();
            self.mourn();
        }
        self.supervise();
    }

    /// Looks at what a dead daemon has left.
    fn mourn(&mut self) {
        self.deaths += 1;
        self.in_the_gap.extend(in_the_gap(self.desk));
        let at_work = "SELECT EXISTS (SELECT 1 FROM journal WHERE waiting = 1) \
            OR EXISTS (SELECT 1 FROM outbox WHERE next_attempt IS NOT NULL OR copy = 'wanted') \
            OR EXISTS (SELECT 1 FROM ledger WHERE filing = 'wanted') OR EXISTS (SELECT 1 FROM alarm_call) OR NOT EXISTS (SELECT 1 FROM ledger)";
        self.deaths_at_work += u32::from(self.desk.number(at_work) == 1);
    }
}

fn is_to(mail: &Received, who: &str) -> bool {
    mail.recipients == [format!("{who}@customer.test")]
}

/// The number of the case that it is about.
fn number(mail: &Received) -> String {
    let subject = header(mail, "Subject");
    let digits = subject.rsplit_once("[Case ").expect("a number stands in the subject").1;
    digits.trim_end_matches(']').to_owned()
}

fn said(child: &mut Child) -> String {
    child.stderr.take().and_then(|stderr| std::io::read_to_string(stderr).ok()).unwrap_or_default()
}
