-- A database of schema version 1 as it was shipped: the tables, and one volume with a directory, a
-- file with an object, a symlink and an intent. Never edited: schema_test opens it with today's code.
CREATE TABLE volume(
  id INTEGER PRIMARY KEY CHECK (id = 1),
  uuid BLOB NOT NULL,
  url BLOB NOT NULL,
  created_ns INTEGER NOT NULL,
  syncs INTEGER NOT NULL DEFAULT 0     -- bumped when there is nothing else to fsync
) STRICT;

CREATE TABLE inode(
  ino INTEGER PRIMARY KEY AUTOINCREMENT,
  mode INTEGER NOT NULL,               -- st_mode with the type bits
  uid INTEGER NOT NULL,
  gid INTEGER NOT NULL,
  nlink INTEGER NOT NULL,              -- directories: 2 + subdirectories; 0 = orphan
  size INTEGER NOT NULL,
  atime_ns INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  ctime_ns INTEGER NOT NULL,
  rdev INTEGER NOT NULL DEFAULT 0,
  generation INTEGER NOT NULL DEFAULT 0,
  symlink_target BLOB,
  listed INTEGER NOT NULL DEFAULT 0    -- directory: a listing of the bucket showed it, and no name
                                       -- was removed from it here since
) STRICT;

CREATE TABLE dirent(
  parent INTEGER NOT NULL,
  name BLOB NOT NULL,
  ino INTEGER NOT NULL,
  kind INTEGER NOT NULL,               -- type bits of the mode
  key_name BLOB,                       -- the bucket's component where it is not the name
  PRIMARY KEY(parent, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX dirent_ino ON dirent(ino);

CREATE TABLE object(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key BLOB NOT NULL,
  etag BLOB NOT NULL,
  size INTEGER NOT NULL,
  refs INTEGER NOT NULL,               -- extents that use it; 0 = garbage until its delete is done
  gone INTEGER NOT NULL DEFAULT 0      -- 1 = no longer in the bucket, only an orphan remembers it
) STRICT;
CREATE UNIQUE INDEX object_key ON object(key) WHERE gone = 0;

-- An empty object is bound to its file by an extent of length 0.
CREATE TABLE extent(
  ino INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  length INTEGER NOT NULL,
  object INTEGER NOT NULL,
  object_offset INTEGER NOT NULL,
  PRIMARY KEY(ino, offset)
) STRICT, WITHOUT ROWID;
CREATE INDEX extent_object ON extent(object);

CREATE TABLE xattr(
  ino INTEGER NOT NULL,
  name BLOB NOT NULL,
  value BLOB NOT NULL,
  PRIMARY KEY(ino, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE intent(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind INTEGER NOT NULL,               -- IntentKind
  ino INTEGER NOT NULL,
  key BLOB NOT NULL,
  etag BLOB NOT NULL,
  upload_id BLOB NOT NULL,
  stage BLOB NOT NULL,
  payload BLOB NOT NULL,
  state INTEGER NOT NULL,              -- UploadState
  attempts INTEGER NOT NULL,
  last_error BLOB NOT NULL,
  object INTEGER NOT NULL
) STRICT;
CREATE INDEX intent_ino ON intent(ino);
CREATE INDEX intent_key ON intent(key);

CREATE TABLE listing(
  ino INTEGER PRIMARY KEY,             -- directory
  listed_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE orphan(
  ino INTEGER PRIMARY KEY              -- has no name but may be open
) STRICT;

-- One row, kept by the same transactions that change what it counts: inodes that have a name.
CREATE TABLE totals(
  id INTEGER PRIMARY KEY CHECK (id = 1),
  files INTEGER NOT NULL,
  directories INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) STRICT;
INSERT INTO totals VALUES(1, 0, 0, 0);
UPDATE totals SET files = 2, directories = 2, bytes = 10;
INSERT INTO volume(id, uuid, url, created_ns) VALUES(1, CAST('uuid-1' AS BLOB), CAST('s3://bucket/' AS BLOB), 1000);
INSERT INTO inode(ino, mode, uid, gid, nlink, size, atime_ns, mtime_ns, ctime_ns, symlink_target) VALUES
  (1, 16877, 0, 0, 3, 0, 1000, 1000, 1000, NULL),
  (2, 16877, 5, 6, 2, 0, 2000, 2000, 2000, NULL),
  (3, 33188, 5, 6, 1, 10, 3000, 3000, 3000, NULL),
  (4, 41471, 5, 6, 1, 3, 4000, 4000, 4000, CAST('d/f' AS BLOB));
INSERT INTO dirent(parent, name, ino, kind) VALUES
  (1, CAST('d' AS BLOB), 2, 16384), (2, CAST('f' AS BLOB), 3, 32768), (1, CAST('l' AS BLOB), 4, 40960);
INSERT INTO object(id, key, etag, size, refs) VALUES(7, CAST('d/f' AS BLOB), CAST('etag' AS BLOB), 10, 1);
INSERT INTO extent(ino, offset, length, object, object_offset) VALUES(3, 0, 10, 7, 0);
INSERT INTO intent(kind, ino, key, etag, upload_id, stage, payload, state, attempts, last_error, object)
  VALUES(2, 2, x'', x'', x'', x'', x'', 1, 0, x'', 0);
INSERT INTO listing(ino, listed_ns) VALUES(1, 5000);
PRAGMA user_version = 1;
PRAGMA application_id = 1130459758;
