//! The desk that a command is about: its configuration, its rules, its database, and how something is asked of it.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::PathBuf;

use super::failure::{Exit, Failure};
use super::show::{self, say};
use crate::case::{Command as Order, Verb};
use crate::config::Config;
use crate::diagnostics::{Colour, Diagnostics, Loaded};
use crate::engine::ask::{Answer, Asked, ask};
use crate::engine::{Clock, Engine, InForce, Place};
use crate::rules::{Files, MailboxFacts, Policy};
use crate::store::apply::SentCopy;
use crate::store::cases::DecisionView;
use crate::store::{Adopt, Lock, Store, lock};

/// Found when it is asked for, and only then: `explain` works without a desk.
pub struct Desk {
    named: Option<PathBuf>,
    config: OnceCell<Config>,
    files: OnceCell<Files>,
    policy: OnceCell<Policy>,
    /// Warnings that were told already: what is loaded twice warns once.
    told: RefCell<BTreeSet<String>>,
}

impl Desk {
    /// `named`: the configuration file, where the person named one.
    pub fn new(named: Option<PathBuf>) -> Desk {
        Desk {
            named,
            config: OnceCell::new(),
            files: OnceCell::new(),
            policy: OnceCell::new(),
            told: RefCell::default(),
        }
    }

    /// The configuration file that the person named.
    pub fn named(&self) -> Option<PathBuf> {
        self.named.clone()
    }

    /// True when there is a configuration, right or wrong.
    pub fn is_there(&self) -> bool {
        self.path().is_ok()
    }

    /// The configuration file: as named, else the first that exists.
    fn path(&self) -> Result<PathBuf, Failure> {
        if let Some(path) = &self.named {
            return Ok(path.clone());
        }
        let usual = ["postcase.toml", "/etc/postcase/postcase.toml"].map(PathBuf::from);
        usual.iter().find(|path| path.exists()).cloned().ok_or_else(|| {
            Failure::new(
                Exit::Config,
                "There is no postcase.toml here and none in /etc/postcase. Set up a new desk \
                 with `postcase init`, or name the file with --config.",
            )
        })
    }

    /// The configuration without the passwords.
    pub fn config(&self) -> Result<&Config, Failure> {
        if let Some(config) = self.config.get() {
            return Ok(config);
        }
        let loaded = Config::load_without_secrets(&self.path()?).map_err(|found| findings(&found))?;
        Ok(self.config.get_or_init(|| self.told(loaded)))
    }

    /// The configuration with the passwords, for those who talk to servers.
    pub fn config_with_secrets(&self) -> Result<Config, Failure> {
        Config::load(&self.path()?).map(|loaded| self.told(loaded)).map_err(|found| findings(&found))
    }

    /// What was loaded; warnings go to standard error.
    fn told<T>(&self, mut loaded: Loaded<T>) -> T {
        let mut told = self.told.borrow_mut();
        loaded.warnings.findings.retain(|finding| told.insert(format!("{} {}", finding.file, finding.message)));
        if !loaded.warnings.is_empty() {
            show::remark(loaded.warnings.render(colour()).trim_end());
        }
        loaded.value
    }

    pub fn policy(&self) -> Result<&Policy, Failure> {
        if let Some(policy) = self.policy.get() {
            return Ok(policy);
        }
        let loaded = compile(self.config()?, self.files()?.clone()).map_err(|found| findings(&found))?;
        Ok(self.policy.get_or_init(|| self.told(loaded)))
    }

    /// The rule files as they stood when they were first asked for.
    pub fn files(&self) -> Result<&Files, Failure> {
        let config = self.config()?;
        Ok(self.files.get_or_init(|| Files::read(&config.rules)))
    }

    /// The rules to decide by: where those on disk cannot be in force, the last good ones (L8), which is told.
    pub fn in_force(&self) -> Result<InForce, Failure> {
        let config = self.config()?;
        let read = self.policy();
        // A database that cannot be looked at is spoken of by whoever opens it.
        let store = config.database.exists().then(|| Store::look_at(&config.database).ok()).flatten();
        let good = read.as_ref().ok().map(|policy| (*policy).clone());
        match (InForce::choose(good, &config.rules, &mailbox_facts(config), store.as_ref())?, read) {
            (Some(in_force), Ok(_)) => {
                in_force.trouble.iter().for_each(|trouble| show::remark(trouble));
                Ok(in_force)
            }
            (Some(in_force), Err(mistakes)) => {
                mistakes.tell();
                in_force.trouble.iter().for_each(|trouble| show::remark(trouble));
                Ok(in_force)
            }
            (None, Err(mistakes)) => Err(mistakes),
            (None, Ok(policy)) => Ok(policy.clone().into()),
        }
    }

    /// The database, to look at.
    pub fn store(&self) -> Result<Store, Failure> {
        Ok(Store::look_at(&self.config()?.database)?)
    }

    /// Makes the database if there is none yet, so that mail can be taken in before the first start.
    pub fn make_database(&self) -> Result<(), Failure> {
        let config = self.config()?;
        if !config.database.exists() {
            let policy = self.policy()?.clone();
            let lock = Lock::take(&config.database)?;
            Engine::open(&place(config, Adopt::Refuse), lock, policy, Clock::System)?;
        }
        Ok(())
    }

    /// Puts an order into the journal, and waits for what is decided.
    pub fn order(&self, by: &str, verb: Verb) -> Result<DecisionView, Failure> {
        let by = by.trim();
        if by.is_empty() || by.chars().count() > 100 || by.contains(char::is_control) {
            return Err(Failure::new(Exit::Usage, "--as takes the name of who acts, for example --as Kevin."));
        }
        let decisions = self.ask(vec![Asked::from(Order { by: by.to_owned(), verb })])?;
        Ok(decisions.into_iter().next().expect("each order has its decision"))
    }

    pub fn ask(&self, asked: Vec<Asked>) -> Result<Vec<DecisionView>, Failure> {
        let rules = match self.policy() {
            // A rule file cannot break the desk (L8): the daemon goes on with the last good rules, and so does who asks it.
            Err(_) if lock::holder(&self.config()?.database).is_some() => {
                show::remark(
                    "The rules have mistakes: see `postcase rules check`. The daemon decides by the last good ones.",
                );
                None
            }
            Ok(_) | Err(_) => Some(self.in_force()?),
        };
        match ask(&place(self.config()?, Adopt::Refuse), rules, Clock::System, asked)? {
            Answer::Decided { decisions, by_us } => {
                let letters = decisions.iter().any(|d| d.letters.as_array().is_some_and(|l| !l.is_empty()));
                if by_us && letters {
                    show::remark("No daemon runs: the mail waits in the outbox until `postcase run` is started.");
                }
                Ok(decisions)
            }
            Answer::Waiting(entries) => Err(Failure::new(
                Exit::TryAgain,
                format!(
                    "It is journalled as entry {} and will not be lost, but the daemon has not come to it within a \
                     minute. See `postcase status`.",
                    entries.first().map_or(0, |entry| entry.0)
                ),
            )),
        }
    }
}

/// A declined command is a failure that names its reason; what was done is said in one line.
pub fn report(decision: &DecisionView, done: &str) -> Result<Exit, Failure> {
    if decision.verdict == "declined" {
        let reason = decision.trace.last().cloned().unwrap_or_else(|| "It was declined.".to_owned());
        return Err(Failure::new(Exit::Data, reason));
    }
    say!("{done}");
    Ok(Exit::Done)
}

/// The rules that these files make.
pub fn compile(config: &Config, files: Files) -> Result<Loaded<Policy>, Diagnostics> {
    Policy::compile(files, &mailbox_facts(config))
}

/// What rules may know of the mailboxes.
pub fn mailbox_facts(config: &Config) -> Vec<MailboxFacts> {
    let facts = config.mailboxes.iter().map(|mailbox| MailboxFacts {
        name: mailbox.name.clone(),
        trust: mailbox.trust.clone(),
        address: mailbox.address.clone(),
        aliases: mailbox.aliases.clone(),
        message_bytes: mailbox.message_bytes,
    });
    facts.collect()
}

pub fn place(config: &Config, adopt: Adopt) -> Place {
    let wanted = config.mailboxes.iter().any(|mailbox| mailbox.sent_folder.is_some());
    let copy = if wanted { SentCopy::Wanted } else { SentCopy::None };
    Place { database: config.database.clone(), adopt, copy }
}

pub fn findings(found: &Diagnostics) -> Failure {
    Failure::new(Exit::Config, found.render(colour()).trim_end())
}

fn colour() -> Colour {
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if std::io::stderr().is_terminal() && wanted { Colour::Always } else { Colour::Never }
}
