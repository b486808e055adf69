-- Where this database comes from, and which keys its secrets rely on.

CREATE TABLE instance (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    -- Raised by each acknowledged restore.
    epoch       INTEGER NOT NULL,
    -- Restored from a backup and not acknowledged yet: nothing is spent.
    restored_at INTEGER,
    backup_at   INTEGER,
    CHECK ((restored_at IS NULL) = (backup_at IS NULL))
) STRICT;

INSERT INTO instance (id, epoch) VALUES (1, 1);

-- A key is here before anything is stored under it, so that a start without
-- it, or with another, is noticed.
CREATE TABLE key_version (
    kind        INTEGER NOT NULL CHECK (kind IN (1, 2)),              -- pepper, master key
    version     INTEGER NOT NULL CHECK (version >= 1),
    -- Tells one key from another without telling the key.
    fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 16),
    adopted_at  INTEGER NOT NULL,
    PRIMARY KEY (kind, version)
) STRICT, WITHOUT ROWID;

ALTER TABLE account ADD COLUMN pepper INTEGER NOT NULL DEFAULT 1;
ALTER TABLE secret ADD COLUMN pepper INTEGER NOT NULL DEFAULT 1;
-- Which master key sealed the copy, if there is one.
ALTER TABLE secret ADD COLUMN master INTEGER NOT NULL DEFAULT 1;
ALTER TABLE retired ADD COLUMN pepper INTEGER NOT NULL DEFAULT 1;
