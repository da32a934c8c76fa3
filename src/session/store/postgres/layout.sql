-- Made under a lock, so that of several servers that start at once one does it, and the others find it done.
BEGIN;
SET LOCAL statement_timeout = '20s';
SELECT pg_advisory_xact_lock(7017280452178371169);
DO $$ BEGIN
  IF to_regnamespace('authcfg') IS NULL THEN CREATE SCHEMA authcfg; END IF;
END $$;
CREATE TABLE IF NOT EXISTS authcfg.sessions (
  key bytea PRIMARY KEY, value bytea NOT NULL, version bigint NOT NULL, expires bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS sessions_by_expiry ON authcfg.sessions (expires);
CREATE TABLE IF NOT EXISTS authcfg.links (
  of_group bytea NOT NULL, key bytea NOT NULL REFERENCES authcfg.sessions ON DELETE CASCADE, PRIMARY KEY (of_group, key)
);
CREATE INDEX IF NOT EXISTS links_by_key ON authcfg.links (key);
CREATE TABLE IF NOT EXISTS authcfg.leases (key bytea PRIMARY KEY, owner text NOT NULL, until bigint NOT NULL);
CREATE INDEX IF NOT EXISTS leases_by_end ON authcfg.leases (until);
CREATE TABLE IF NOT EXISTS authcfg.layout (version integer NOT NULL);
INSERT INTO authcfg.layout SELECT 1 WHERE NOT EXISTS (SELECT FROM authcfg.layout);
COMMIT;
