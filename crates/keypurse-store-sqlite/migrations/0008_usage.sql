-- Sums over calls, so that reports never read calls. They are packed: calls and
-- money by model, kind of work and how the calls ended, and in detail units and
-- latencies. Days are those of the zone that bounds budgets, counted from 1970;
-- an hour is told by its first minute since 1970, a month by 12 times its year
-- plus 0 to 11. Token 0: the account's own key; -1: everybody in the account
-- together.

-- Of hours that may not be over. Written with the rows of the calls they sum;
-- what is here is in no other table of sums.
CREATE TABLE usage_fresh (
    hour       INTEGER NOT NULL,
    day        INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    token_id   INTEGER NOT NULL,
    sums       BLOB    NOT NULL,
    PRIMARY KEY (hour, day, account_id, token_id)
) STRICT, WITHOUT ROWID;

-- Where they go when their hour is over. Hours are kept for two months. A row is
-- a shelf: what tokens with neighbouring numbers (token_id >> 4) used, for a
-- report of ten thousand tokens reads all of them. Details are apart, for most
-- reports do without.
CREATE TABLE usage_hour (
    account_id INTEGER NOT NULL,
    day        INTEGER NOT NULL,
    hour       INTEGER NOT NULL,
    shelf      INTEGER NOT NULL,
    sums       BLOB    NOT NULL,
    PRIMARY KEY (account_id, day, hour, shelf)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_day (
    account_id INTEGER NOT NULL,
    day        INTEGER NOT NULL,
    shelf      INTEGER NOT NULL,
    sums       BLOB    NOT NULL,
    PRIMARY KEY (account_id, day, shelf)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_month (
    account_id INTEGER NOT NULL,
    month      INTEGER NOT NULL,
    shelf      INTEGER NOT NULL,
    sums       BLOB    NOT NULL,
    PRIMARY KEY (account_id, month, shelf)
) STRICT, WITHOUT ROWID;

-- With row numbers: a row of some kilobytes then shares its pages with others.
CREATE TABLE usage_hour_detail (
    account_id INTEGER NOT NULL,
    day        INTEGER NOT NULL,
    hour       INTEGER NOT NULL,
    shelf      INTEGER NOT NULL,
    sums       BLOB    NOT NULL,
    PRIMARY KEY (account_id, day, hour, shelf)
) STRICT;

CREATE TABLE usage_day_detail (
    account_id INTEGER NOT NULL,
    day        INTEGER NOT NULL,
    shelf      INTEGER NOT NULL,
    sums       BLOB    NOT NULL,
    PRIMARY KEY (account_id, day, shelf)
) STRICT;

CREATE TABLE usage_month_detail (
    account_id INTEGER NOT NULL,
    month      INTEGER NOT NULL,
    shelf      INTEGER NOT NULL,
    sums       BLOB    NOT NULL,
    PRIMARY KEY (account_id, month, shelf)
) STRICT;

-- In the days of which zone calls beyond a line are summed. Empty until the
-- calls that were there before these tables are summed.
CREATE TABLE usage_zone (
    from_line INTEGER PRIMARY KEY,
    zone      TEXT NOT NULL
) STRICT;

-- What can still be proved from rows.
CREATE TABLE usage_progress (
    id               INTEGER PRIMARY KEY CHECK (id = 1),
    -- Calls that finished from this instant on are all there; NULL: all are.
    forgotten_before INTEGER,
    -- The hours of this day and of later ones are all there.
    hours_from       INTEGER NOT NULL
) STRICT;
INSERT INTO usage_progress (id, hours_from) VALUES (1, 0);

-- What an account had been charged for calls that were forgotten before
-- anything was summed.
CREATE TABLE usage_before (
    account_id INTEGER PRIMARY KEY,
    charged    INTEGER NOT NULL
) STRICT;

-- Deleted tokens have no place in the index of live names.
CREATE INDEX token_of_account ON token (account_id);
