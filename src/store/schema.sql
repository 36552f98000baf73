-- The whole database of a desk. Times are microseconds since 1970 UTC; JSON is text; ids are given out by Postcase.

-- Who this database is: `instance`, `home`, `test-copy`, `outbox-paused`, and the like.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Keys that seal references and Message-IDs; the newest seals, all open.
CREATE TABLE signing_key (
    id      INTEGER PRIMARY KEY,
    secret  BLOB NOT NULL,
    created INTEGER NOT NULL
) STRICT;

-- Every policy under which something was decided, by the hash of its files.
CREATE TABLE policy (
    hash  TEXT PRIMARY KEY,
    files TEXT NOT NULL,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The watched mailboxes, and how they were doing when they last said so.
CREATE TABLE mailbox (
    id        INTEGER PRIMARY KEY,
    name      TEXT NOT NULL UNIQUE,
    place     TEXT,                -- whose folder it is: the ledger counts what one folder showed
    state     TEXT,
    watched   INTEGER NOT NULL DEFAULT 0, -- 1: it stands in the configuration
    last_mail INTEGER,             -- when mail last came in, or watching began
    read_until INTEGER,            -- all that came before is in the journal: timers wait for this (L9)
    read_once INTEGER NOT NULL DEFAULT 0 -- 1: all that was there at the first start has its row (B10)
) STRICT;

-- Each UIDVALIDITY under which a mailbox was seen. UIDs up to `cursor` have their row in `ledger`.
CREATE TABLE generation (
    mailbox      INTEGER NOT NULL REFERENCES mailbox,
    uid_validity INTEGER NOT NULL,
    ordinal      INTEGER NOT NULL, -- 0: the first start (B10)
    cursor       INTEGER NOT NULL,
    skip_below   INTEGER NOT NULL, -- UIDNEXT when it was first opened; counts until the mailbox was read once
    PRIMARY KEY (mailbox, uid_validity)
) STRICT, WITHOUT ROWID;

-- The ledger: one row for every UID that a mailbox showed (L1, B2).
CREATE TABLE ledger (
    mailbox      INTEGER NOT NULL,
    uid_validity INTEGER NOT NULL,
    uid          INTEGER NOT NULL,
    fate         TEXT NOT NULL CHECK (fate IN ('journalled', 'same-copy', 'vanished', 'skipped', 'failing', 'unfetchable')),
    entry        INTEGER,          -- journal entry, for journalled and same-copy
    hash         BLOB,             -- SHA-256: of the raw bytes when journalled or same-copy, of the header when skipped
    size         INTEGER,          -- RFC822.SIZE
    message_id   TEXT,             -- of what was skipped; the others are in `message`
    tries        INTEGER NOT NULL DEFAULT 0,
    reason       TEXT,
    filing       TEXT NOT NULL DEFAULT 'none' CHECK (filing IN ('none', 'wanted', 'done')),
    at           INTEGER NOT NULL,
    PRIMARY KEY (mailbox, uid_validity, uid)
) STRICT, WITHOUT ROWID;
-- `ledger_hash` on (hash, mailbox) is made when a mailbox is first shown under a second UIDVALIDITY: hashes are asked for
-- only then, and to keep so many of them in order costs each message a page somewhere else.
CREATE INDEX ledger_failing ON ledger (mailbox, uid_validity, uid) WHERE fate = 'failing';
CREATE INDEX ledger_unfiled ON ledger (mailbox, uid_validity, uid) WHERE filing = 'wanted';

-- Everything that came in, in the order in which it came in.
CREATE TABLE journal (
    id         INTEGER PRIMARY KEY,
    matter     TEXT NOT NULL CHECK (matter IN
                   ('mail', 'command', 'undeliverable', 'due', 'alarm', 'reloaded', 'unfetchable', 'restored')),
    mailbox    TEXT,               -- the mailbox's name, for mail that a mailbox showed
    received   INTEGER NOT NULL,
    journalled INTEGER NOT NULL,
    payload    TEXT NOT NULL,      -- JSON; what is not raw bytes
    attempts   INTEGER NOT NULL DEFAULT 0,
    marked     INTEGER NOT NULL DEFAULT 0, -- 1: is being decided; 2: was read beside another when the process died, runs alone
    waiting    INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX journal_waiting ON journal (id) WHERE waiting = 1;
-- A timer falls due once in each of its generations.
CREATE UNIQUE INDEX journal_due ON journal (payload) WHERE matter = 'due';

-- Each time a backup was put in place (B36). What was given out between the backup and then is not known any more.
CREATE TABLE restored (
    entry       INTEGER PRIMARY KEY, -- the journal entry that says so: the first one after the gap
    at          INTEGER NOT NULL,    -- whole seconds, as INTERNALDATE has them
    last_entry  INTEGER NOT NULL,    -- the newest entry that the backup knew
    last_number INTEGER NOT NULL,    -- the highest case number that it knew
    next_number INTEGER NOT NULL     -- where the numbers go on
) STRICT;

-- Raw mail, zstd. Nothing joins this table.
CREATE TABLE raw (
    entry INTEGER PRIMARY KEY,
    size  INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;

-- What was decided, and why. `snapshot` (zstd JSON) may be deleted; the rest may not.
CREATE TABLE decision (
    entry       INTEGER PRIMARY KEY REFERENCES journal,
    at          INTEGER NOT NULL,
    verdict     TEXT NOT NULL,
    case_number INTEGER,
    effects     TEXT NOT NULL,
    letters     TEXT NOT NULL,
    trace       TEXT NOT NULL,
    policy      TEXT NOT NULL,
    snapshot    BLOB
) STRICT;
CREATE INDEX decision_verdict ON decision (verdict);
CREATE INDEX decision_case ON decision (case_number, entry) WHERE case_number IS NOT NULL;

-- Entries that wait for a person.
CREATE TABLE held (
    entry    INTEGER PRIMARY KEY REFERENCES journal,
    reason   TEXT NOT NULL,
    question TEXT,                 -- what its writer would settle
    at       INTEGER NOT NULL
) STRICT;

CREATE TABLE cases (
    number       INTEGER PRIMARY KEY,
    merged_into  INTEGER,          -- this number is an alias for ever
    queue        TEXT NOT NULL,
    phase        TEXT NOT NULL CHECK (phase IN ('new', 'open', 'waiting', 'solved', 'closed')),
    status       TEXT NOT NULL,
    subject      TEXT NOT NULL,
    language     TEXT,
    acknowledged INTEGER NOT NULL DEFAULT 0,
    opened       INTEGER NOT NULL,
    closed       INTEGER,
    changed      INTEGER NOT NULL,
    reopened     INTEGER NOT NULL DEFAULT 0,
    assignee     TEXT,             -- one of the staff, by name
    priority     TEXT,             -- NULL: the desk's usual one
    queued_by    TEXT NOT NULL DEFAULT '{"by":"default"}', -- who set the value: JSON
    assigned_by  TEXT NOT NULL DEFAULT '{"by":"default"}',
    prioritised_by TEXT NOT NULL DEFAULT '{"by":"default"}',
    quotes_from  INTEGER           -- posts before this one are quoted to nobody any more (B24)
) STRICT;
CREATE INDEX cases_alias ON cases (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX cases_assignee ON cases (assignee, changed) WHERE assignee IS NOT NULL AND merged_into IS NULL;
-- What was taken out of the rules while open cases name it.
CREATE INDEX cases_queue ON cases (queue) WHERE merged_into IS NULL AND phase <> 'closed';
CREATE INDEX cases_priority ON cases (priority) WHERE priority IS NOT NULL AND merged_into IS NULL AND phase <> 'closed';
CREATE INDEX cases_phase ON cases (phase, changed) WHERE merged_into IS NULL;

-- When something is to happen to a case (L9). The row stays, so that no generation is used twice.
CREATE TABLE timer (
    case_number INTEGER NOT NULL REFERENCES cases,
    target      TEXT NOT NULL CHECK (target IN ('wake')),
    generation  INTEGER NOT NULL, -- setting and clearing begin a new one
    due         INTEGER,          -- NULL: cleared
    entry       INTEGER,          -- the journal entry that says that this generation fell due
    PRIMARY KEY (case_number, target)
) STRICT, WITHOUT ROWID;
CREATE INDEX timer_due ON timer (due) WHERE due IS NOT NULL AND entry IS NULL;

CREATE TABLE post (
    id          INTEGER PRIMARY KEY,
    case_number INTEGER NOT NULL REFERENCES cases,
    kind        TEXT NOT NULL CHECK (kind IN ('mail-in', 'answer', 'note', 'automatic')),
    audience    TEXT NOT NULL CHECK (audience IN ('public', 'internal')),
    author      TEXT,
    address     TEXT,
    subject     TEXT NOT NULL,
    text        TEXT NOT NULL,
    author_text TEXT NOT NULL,
    language    TEXT,
    stranger    INTEGER NOT NULL,
    entry       INTEGER NOT NULL,
    at          INTEGER NOT NULL
) STRICT;
CREATE INDEX post_case ON post (case_number, id);
CREATE INDEX post_answer ON post (case_number, id) WHERE kind = 'answer';
-- A case may have a thousand alerts and one mail: the newest that people saw is found without reading the others.
CREATE INDEX post_public ON post (case_number, id) WHERE audience = 'public';

-- Parts that are not the text: indexes into the raw bytes of the post's entry.
CREATE TABLE attachment (
    post       INTEGER NOT NULL REFERENCES post,
    ordinal    INTEGER NOT NULL,
    name       TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size       INTEGER NOT NULL,
    sha256     TEXT NOT NULL,
    inline     INTEGER NOT NULL,
    start      INTEGER NOT NULL,   -- of the encoded part within the raw bytes
    length     INTEGER NOT NULL,
    encoding   TEXT NOT NULL,
    PRIMARY KEY (post, ordinal)
) STRICT, WITHOUT ROWID;

-- Posts whose words are not in the index yet: that is done when nothing waits for a decision.
CREATE TABLE unindexed (
    post INTEGER PRIMARY KEY
) STRICT;

CREATE VIRTUAL TABLE post_search USING fts5 (
    subject, text, content = 'post', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO post_search (post_search, rank) VALUES ('secure-delete', 1);

CREATE TABLE participant (
    case_number INTEGER NOT NULL REFERENCES cases,
    address     TEXT NOT NULL,
    name        TEXT,
    requester   INTEGER NOT NULL,
    PRIMARY KEY (case_number, address)
) STRICT, WITHOUT ROWID;

CREATE INDEX participant_address ON participant (address, case_number);

-- Staff who see everything of a case and do not own it.
CREATE TABLE follower (
    case_number INTEGER NOT NULL REFERENCES cases,
    staff       TEXT NOT NULL,
    PRIMARY KEY (case_number, staff)
) STRICT, WITHOUT ROWID;

CREATE TABLE tag (
    case_number INTEGER NOT NULL REFERENCES cases,
    tag         TEXT NOT NULL,
    set_by      TEXT NOT NULL,
    PRIMARY KEY (case_number, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_tag ON tag (tag, case_number);

CREATE TABLE case_link (
    from_case INTEGER NOT NULL,
    to_case   INTEGER NOT NULL,
    kind      TEXT NOT NULL CHECK (kind IN ('related', 'follow-up', 'same-conversation', 'apart')),
    reason    TEXT NOT NULL,
    entry     INTEGER NOT NULL,
    PRIMARY KEY (from_case, to_case, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX case_link_to ON case_link (to_case, kind, from_case);

-- Mail from outside as linking sees it, whatever was decided about it.
CREATE TABLE message (
    entry        INTEGER PRIMARY KEY REFERENCES journal,
    message_id   TEXT,
    refers_to    TEXT NOT NULL,    -- JSON list
    thread       TEXT,             -- the first 22 bytes of Thread-Index, in hex
    content_hash TEXT NOT NULL,
    originator   TEXT,
    addresses    TEXT NOT NULL,    -- JSON list
    post         INTEGER,
    at           INTEGER NOT NULL
) STRICT;
CREATE INDEX message_post ON message (post) WHERE post IS NOT NULL;

-- 64-bit hashes of the ids that a message has or refers to, and of its thread; the text is compared after.
CREATE TABLE mention (
    hash  INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    PRIMARY KEY (hash, entry)
) STRICT, WITHOUT ROWID;

-- Mail that we sent. Outlives everything else: references point here.
CREATE TABLE sent (
    id         INTEGER PRIMARY KEY,
    post       INTEGER,            -- where the conversation lives: the post's case; NULL: about no case
    template   TEXT NOT NULL,
    hand       TEXT NOT NULL CHECK (hand IN ('machine', 'person')),
    audience   TEXT NOT NULL,
    message_id TEXT NOT NULL,
    person     TEXT,               -- one of the staff, whose personal reference it is
    exposed    INTEGER NOT NULL DEFAULT 0, -- 1: people outside have seen it, and it proves nothing (B31)
    asks       INTEGER,            -- the held entry that it asks about
    question   TEXT,               -- what is asked
    at         INTEGER NOT NULL
) STRICT;
CREATE INDEX sent_post ON sent (post);

-- How many letters went out lately, in slots of five minutes: limits for the whole desk and for each of the staff are
-- asked at every decision, and must not cost more in a busy hour.
CREATE TABLE sent_lately (
    slot     INTEGER NOT NULL,
    person   TEXT NOT NULL,        -- whose personal reference; '': an automatic letter to people outside
    template TEXT NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (slot, person, template)
) STRICT, WITHOUT ROWID;

CREATE TABLE sent_recipient (
    sent    INTEGER NOT NULL REFERENCES sent,
    address TEXT NOT NULL,
    at      INTEGER NOT NULL,
    state   TEXT NOT NULL CHECK (state IN ('waiting', 'accepted', 'refused')),
    reply   TEXT,
    PRIMARY KEY (sent, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX sent_recipient_waiting ON sent_recipient (address, sent) WHERE state = 'waiting';

-- Automatic answers to people outside, of those kinds that are limited, within the last two days (B26).
CREATE TABLE answered (
    address  TEXT NOT NULL,
    sent     INTEGER NOT NULL,
    template TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (address, sent)
) STRICT, WITHOUT ROWID;
CREATE INDEX answered_at ON answered (at);

-- Mail that waits for delivery. The bytes are the same at every attempt.
CREATE TABLE outbox (
    id           INTEGER PRIMARY KEY REFERENCES sent,
    reverse_path TEXT,
    bytes        BLOB NOT NULL,    -- zstd
    queued       INTEGER NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    next_attempt INTEGER,          -- NULL: nothing left to deliver, or kept back until a person asks for it
    settled      INTEGER,          -- when the server last took it, or may have
    unknown      INTEGER NOT NULL DEFAULT 0, -- attempts whose end we do not know
    copy         TEXT NOT NULL DEFAULT 'none' CHECK (copy IN ('none', 'wanted', 'done', 'given-up', 'not-sent')), -- not-sent: everybody refused the mail
    copy_tries   INTEGER NOT NULL DEFAULT 0, -- in vain
    copy_after   INTEGER NOT NULL DEFAULT 0  -- the Sent folder is not tried before
) STRICT;
CREATE INDEX outbox_due ON outbox (next_attempt) WHERE next_attempt IS NOT NULL;
CREATE INDEX outbox_settled ON outbox (settled) WHERE settled IS NOT NULL;
CREATE INDEX outbox_copy ON outbox (copy_after, id) WHERE copy = 'wanted';

CREATE TABLE contact (
    address       TEXT PRIMARY KEY,
    undeliverable TEXT             -- why; NULL: deliverable as far as we know
) STRICT, WITHOUT ROWID;

-- What is wrong at the moment, by source, for `status`.
CREATE TABLE trouble (
    source TEXT PRIMARY KEY,
    text   TEXT NOT NULL,
    since  INTEGER NOT NULL,
    times  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What administrators were told of troubles, and not yet that it is over.
CREATE TABLE told (
    source TEXT PRIMARY KEY,
    text   TEXT NOT NULL,          -- as it was told
    since  INTEGER NOT NULL,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Alarms that the alarm command has not got yet: of each source the newest.
CREATE TABLE alarm_call (
    id     INTEGER PRIMARY KEY,
    source TEXT NOT NULL UNIQUE,
    turn   TEXT NOT NULL CHECK (turn IN ('begins', 'lasts', 'over')),
    text   TEXT NOT NULL,
    since  INTEGER NOT NULL
) STRICT;
