-- Settings of a token beyond those with a column of their own: its rules. One
-- JSON object, so that a new setting needs no new column; NULL when there are
-- none. Nothing in here is searched for or summed.

ALTER TABLE token ADD COLUMN further TEXT CHECK (json_type(further) = 'object');
