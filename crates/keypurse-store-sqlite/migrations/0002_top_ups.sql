-- Top-ups with a note, and operations remembered by their clients' keys.

-- Nothing refers to an entry, so the table may be made anew.
CREATE TABLE wider_entry (
    id            INTEGER PRIMARY KEY,
    account_id    INTEGER NOT NULL REFERENCES account (id),
    token_id      INTEGER REFERENCES token (id),                      -- NULL: the account's purse
    -- open, adjust, reset, top_up, checkpoint
    kind          INTEGER NOT NULL CHECK (kind IN (1, 2, 3, 4, 5)),
    amount        INTEGER NOT NULL,
    balance_after INTEGER NOT NULL,
    note          TEXT,                                               -- what the operator said
    at            INTEGER NOT NULL
) STRICT;
INSERT INTO wider_entry (id, account_id, token_id, kind, amount, balance_after, at)
    SELECT id, account_id, token_id, kind, amount, balance_after, at FROM entry;
DROP TABLE entry;
ALTER TABLE wider_entry RENAME TO entry;

-- What was done under an `Idempotency-Key`, written in the transaction that
-- did it. Without secrets, and for calls without their answers.
CREATE TABLE idempotency (
    -- Digest of the key and of whose it is.
    key         BLOB    PRIMARY KEY CHECK (length(key) = 32),
    -- Digest of all that was asked for.
    fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 32),
    at          INTEGER NOT NULL,
    -- A change: what its client was answered.
    answer      BLOB,
    -- A call, and what became of it; NULL while it is under way.
    call_id     INTEGER,
    call_random INTEGER,
    cost        INTEGER,
    status      INTEGER,
    CHECK ((answer IS NULL) = (call_id IS NOT NULL)),
    CHECK ((call_id IS NULL) = (call_random IS NULL)),
    CHECK ((cost IS NULL) = (status IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_age ON idempotency (at);
CREATE INDEX idempotency_under_way ON idempotency (call_id)
    WHERE call_id IS NOT NULL AND status IS NULL;
