-- Money is integer nano-dollars, instants are microseconds since 1970 (UTC).

CREATE TABLE account (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT    NOT NULL UNIQUE,
    -- HMAC of the account key: a stolen database signs nobody in.
    key_digest BLOB    NOT NULL UNIQUE CHECK (length(key_digest) = 32),
    -- Credits minus charges; counted even for unlimited accounts.
    balance    INTEGER NOT NULL,
    unlimited  INTEGER NOT NULL CHECK (unlimited IN (0, 1)),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE token (
    -- Never reused: history belongs to the id, not to the name.
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id     INTEGER NOT NULL REFERENCES account (id),
    name           TEXT    NOT NULL,
    kind           INTEGER NOT NULL CHECK (kind IN (0, 1)),           -- live, sandbox
    balance        INTEGER NOT NULL,
    has_budget INTEGER NOT NULL CHECK (has_budget IN (0, 1)),
    expires_at     INTEGER,
    overdraft      INTEGER NOT NULL CHECK (overdraft IN (0, 1, 2)),   -- clamp, refuse, allow
    reset_period   INTEGER CHECK (reset_period IN (1, 2, 3)),         -- daily, weekly, monthly
    reset_amount   INTEGER CHECK (reset_amount > 0),
    reset_next_at  INTEGER,
    created_at     INTEGER NOT NULL,
    deleted_at     INTEGER,
    -- A period without an amount would reset to nothing.
    CHECK ((reset_period IS NULL) = (reset_amount IS NULL)),
    CHECK ((reset_period IS NULL) = (reset_next_at IS NULL))
) STRICT;

-- Two parallel creates of one name cannot both win; a deleted name is free.
CREATE UNIQUE INDEX token_live_name ON token (account_id, name) WHERE deleted_at IS NULL;

CREATE TABLE secret (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    token_id    INTEGER NOT NULL REFERENCES token (id),
    digest      BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    -- Under the master key, bound to the digest; NULL when never revealed.
    sealed      BLOB,
    created_at  INTEGER NOT NULL,
    -- NULL: current. Else rotated out, works until then.
    valid_until INTEGER
) STRICT;

-- Secrets and account keys that once worked: whoever still sends one does not
-- guess, and is not slowed down as a guesser.
CREATE TABLE retired (
    digest BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE INDEX secret_of_token ON secret (token_id);

-- Append-only: a correction is a new entry.
CREATE TABLE entry (
    id            INTEGER PRIMARY KEY,
    account_id    INTEGER NOT NULL REFERENCES account (id),
    token_id      INTEGER REFERENCES token (id),                      -- NULL: the account's purse
    kind          INTEGER NOT NULL CHECK (kind IN (1, 2, 3)),         -- open, adjust, reset
    amount        INTEGER NOT NULL,
    balance_after INTEGER NOT NULL,
    at            INTEGER NOT NULL
) STRICT;

-- Prices as charged. Never edited: a changed price is a new row.
CREATE TABLE price (
    id    INTEGER PRIMARY KEY,
    rates TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE model (
    id       INTEGER PRIMARY KEY,
    provider TEXT NOT NULL,
    name     TEXT NOT NULL,
    UNIQUE (provider, name)
) STRICT;

-- One call, one row, one charge. Written once, when the call is resolved.
CREATE TABLE call (
    id           INTEGER PRIMARY KEY,                                 -- ordered in time
    random       INTEGER NOT NULL,                                    -- the id's other half
    account_id   INTEGER NOT NULL,
    token_id     INTEGER,                                             -- NULL: the account's own key
    model_id     INTEGER NOT NULL,
    price_id     INTEGER NOT NULL,
    feature      INTEGER NOT NULL,
    streamed     INTEGER NOT NULL,
    status       INTEGER NOT NULL,                                    -- 0: nobody was answered
    state        INTEGER NOT NULL CHECK (state IN (1, 2, 3, 4)),      -- settled, void, recovered, simulated
    estimated    INTEGER NOT NULL,
    input        INTEGER NOT NULL,
    cached_input INTEGER NOT NULL,
    cache_write  INTEGER NOT NULL,
    input_audio  INTEGER NOT NULL,
    output       INTEGER NOT NULL,
    reasoning    INTEGER NOT NULL,
    output_audio INTEGER NOT NULL,
    held         INTEGER NOT NULL,
    cost         INTEGER NOT NULL CHECK (cost >= 0),
    charged      INTEGER NOT NULL CHECK (charged >= 0),
    from_token   INTEGER NOT NULL,
    -- What neither hold nor balance could cover.
    house        INTEGER NOT NULL CHECK (house = cost - charged),
    started_at   INTEGER NOT NULL,
    finished_at  INTEGER NOT NULL
) STRICT;

-- Open holds, one row per batch of the writer: everything needed to resolve
-- them after a crash. A hold is resolved when its call has a row.
CREATE TABLE journal (
    seq     INTEGER PRIMARY KEY,
    records BLOB NOT NULL
) STRICT;
