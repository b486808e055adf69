-- Alert rules, what they fired for, and what receivers are still to be told.

CREATE TABLE alert_rule (
    place          INTEGER PRIMARY KEY AUTOINCREMENT,                 -- the order they came in
    -- Random, so that a sealed webhook can be bound to it before it is stored.
    id             INTEGER NOT NULL UNIQUE CHECK (id >= 0),
    account_id     INTEGER NOT NULL REFERENCES account (id),
    name           TEXT    NOT NULL,
    scope          INTEGER NOT NULL CHECK (scope IN (0, 1, 2)),       -- account, every token, one token
    -- A name, not an id: whoever replaces a token keeps its alerts.
    token_name     TEXT,
    -- balance_below, balance_share_below, spend_rate_above, expiring_within,
    -- exhausted, error_rate_above, provider_down
    kind           INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 7),
    threshold      INTEGER NOT NULL,                                  -- nano-dollars, percent or seconds
    window_seconds INTEGER NOT NULL,
    least_calls    INTEGER NOT NULL,
    -- Address and secret under the master key; NULL: nobody is told.
    sealed         BLOB,
    master         INTEGER,
    shown          TEXT,
    format         INTEGER CHECK (format IN (0, 1)),                  -- json, slack
    signed         INTEGER CHECK (signed IN (0, 1)),
    enabled        INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    since          INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    CHECK ((scope = 2) = (token_name IS NOT NULL)),
    CHECK ((sealed IS NULL) = (master IS NULL)),
    CHECK ((sealed IS NULL) = (shown IS NULL)),
    CHECK ((sealed IS NULL) = (format IS NULL)),
    CHECK ((sealed IS NULL) = (signed IS NULL))
) STRICT;

CREATE INDEX alert_rule_of_account ON alert_rule (account_id, place);

-- What fired, with the rule as it was then: rules change and go.
CREATE TABLE alert_event (
    ordered        INTEGER PRIMARY KEY AUTOINCREMENT,
    random         INTEGER NOT NULL,                                  -- the id's other half
    account_id     INTEGER NOT NULL,
    rule_id        INTEGER NOT NULL,
    rule_name      TEXT    NOT NULL,
    kind           INTEGER NOT NULL,
    threshold      INTEGER NOT NULL,
    window_seconds INTEGER NOT NULL,
    least_calls    INTEGER NOT NULL,
    subject        TEXT    NOT NULL,                                  -- '' the account, 't:7', 'p:openai'
    label          TEXT,                                              -- what the token was called
    measured       INTEGER NOT NULL,
    measured_of    INTEGER,
    fired_at       INTEGER NOT NULL,
    -- NULL: it still is so, and the rule does not fire for this subject again.
    cleared_at     INTEGER
) STRICT;

-- One crossing fires once, whoever says so how often.
CREATE UNIQUE INDEX alert_event_open ON alert_event (rule_id, subject) WHERE cleared_at IS NULL;
CREATE INDEX alert_event_of_account ON alert_event (account_id, ordered);
CREATE INDEX alert_event_by_age ON alert_event (cleared_at) WHERE cleared_at IS NOT NULL;

-- Written with its event, so that a crash loses neither.
CREATE TABLE alert_delivery (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    rule_id    INTEGER NOT NULL,
    event      INTEGER REFERENCES alert_event (ordered),              -- NULL: a test
    created_at INTEGER NOT NULL,
    state      INTEGER NOT NULL CHECK (state IN (0, 1, 2)),           -- pending, delivered, given up
    next_at    INTEGER NOT NULL
) STRICT;

CREATE INDEX alert_delivery_of_rule ON alert_delivery (rule_id, id);
CREATE INDEX alert_delivery_of_event ON alert_delivery (event) WHERE event IS NOT NULL;
CREATE INDEX alert_delivery_due ON alert_delivery (next_at) WHERE state = 0;
CREATE INDEX alert_delivery_by_age ON alert_delivery (created_at) WHERE state <> 0;

CREATE TABLE alert_try (
    delivery_id INTEGER NOT NULL REFERENCES alert_delivery (id),
    number      INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    status      INTEGER,                                              -- NULL: no answer
    error       TEXT,
    took_ms     INTEGER NOT NULL,
    PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;
