-- Who is signed in to the dashboard, and keys that may look only.

CREATE TABLE session (
    -- Never reused: a list may name one that has ended.
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    -- SHA-256 of the id in the cookie: a stolen database signs nobody in.
    digest     BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    account_id INTEGER NOT NULL REFERENCES account (id),
    access     INTEGER NOT NULL CHECK (access IN (1, 2)),             -- full, read only
    began_at   INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    address    TEXT    NOT NULL,
    browser    TEXT    NOT NULL
) STRICT;

CREATE INDEX session_of_account ON session (account_id);

CREATE TABLE viewer_key (
    -- One for each account: a new one takes the old one's place.
    account_id INTEGER PRIMARY KEY REFERENCES account (id),
    digest     BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    pepper     INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
