-- Undoes 0009, 0007, 0006 and 0005: a database as the schema before them was.
DROP TABLE audit_log;
DROP TABLE audit_key;
ALTER TABLE token DROP COLUMN further;
ALTER TABLE call DROP COLUMN characters;
ALTER TABLE call DROP COLUMN input_seconds;
ALTER TABLE call DROP COLUMN output_seconds;
ALTER TABLE call DROP COLUMN images;
DROP TABLE instance;
DROP TABLE key_version;
ALTER TABLE account DROP COLUMN pepper;
ALTER TABLE secret DROP COLUMN pepper;
ALTER TABLE secret DROP COLUMN master;
ALTER TABLE retired DROP COLUMN pepper;
DELETE FROM migration WHERE version >= 5;
