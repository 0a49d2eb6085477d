-- One schema for SQLite and PostgreSQL: types are chosen so that both read
-- them the same way. Times are BIGINT milliseconds since 1970 UTC, 0 for none;
-- lists and free-form parts are JSON in TEXT; booleans are SMALLINT 0/1.

-- +goose Up
CREATE TABLE setting (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE counter (
  name TEXT PRIMARY KEY,
  n    BIGINT NOT NULL
);

CREATE TABLE member (
  id    TEXT PRIMARY KEY,
  code  TEXT NOT NULL UNIQUE,
  name  TEXT NOT NULL,
  level TEXT NOT NULL DEFAULT '',
  phone TEXT NOT NULL DEFAULT ''
);

CREATE TABLE agreement (
  id       TEXT PRIMARY KEY,
  source   TEXT NOT NULL REFERENCES member(id),
  centre   TEXT NOT NULL REFERENCES member(id),
  kinds    TEXT NOT NULL DEFAULT '[]',
  from_at  BIGINT NOT NULL DEFAULT 0,
  to_at    BIGINT NOT NULL DEFAULT 0,
  fallback SMALLINT NOT NULL DEFAULT 0
);
CREATE INDEX agreement_source ON agreement(source);

CREATE TABLE account (
  id           TEXT PRIMARY KEY,
  member       TEXT NOT NULL REFERENCES member(id),
  login        TEXT NOT NULL UNIQUE,
  name         TEXT NOT NULL,
  role         TEXT NOT NULL CHECK (role IN ('tech','clinician','reader','reviewer','expert','dispatcher','qc','admin','secadmin','auditor','regulator')),
  rights       TEXT NOT NULL DEFAULT '[]',
  title        TEXT NOT NULL DEFAULT '',
  certificate  TEXT NOT NULL DEFAULT '',
  phone        TEXT NOT NULL DEFAULT '',
  skills       TEXT NOT NULL DEFAULT '[]',
  password     TEXT NOT NULL DEFAULT '',
  totp         TEXT NOT NULL DEFAULT '',
  active       SMALLINT NOT NULL DEFAULT 1,
  failures     INTEGER NOT NULL DEFAULT 0,
  locked_until BIGINT NOT NULL DEFAULT 0,
  auto_submit  SMALLINT NOT NULL DEFAULT 0
);
CREATE INDEX account_member ON account(member);

CREATE TABLE duty (
  account TEXT NOT NULL REFERENCES account(id),
  kind    TEXT NOT NULL DEFAULT '',
  from_at BIGINT NOT NULL,
  to_at   BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (account, kind, from_at)
);

CREATE TABLE device (
  id          TEXT PRIMARY KEY,
  member      TEXT NOT NULL REFERENCES member(id),
  ae_title    TEXT NOT NULL UNIQUE,
  name        TEXT NOT NULL DEFAULT '',
  address     TEXT NOT NULL DEFAULT '',
  kind        TEXT NOT NULL DEFAULT '',
  auto_submit SMALLINT NOT NULL DEFAULT 0,
  active      SMALLINT NOT NULL DEFAULT 1,
  created_at  BIGINT NOT NULL DEFAULT 0,
  silent_hours INTEGER NOT NULL DEFAULT 0,
  port        INTEGER NOT NULL DEFAULT 0,
  tls         SMALLINT NOT NULL DEFAULT 0,
  charset     TEXT NOT NULL DEFAULT '',
  services    TEXT NOT NULL DEFAULT '[]',
  certificate TEXT NOT NULL DEFAULT '',
  learned     TEXT NOT NULL DEFAULT ''
);

-- What was seen of a device, apart from what its administrators wrote.
CREATE TABLE device_contact (
  device      TEXT PRIMARY KEY REFERENCES device(id),
  last_seen   BIGINT NOT NULL DEFAULT 0,
  instances   BIGINT NOT NULL DEFAULT 0,
  day         TEXT NOT NULL DEFAULT '',
  today       BIGINT NOT NULL DEFAULT 0,
  last_error  TEXT NOT NULL DEFAULT '',
  error_note  TEXT NOT NULL DEFAULT '',
  error_at    BIGINT NOT NULL DEFAULT 0,
  refused     BIGINT NOT NULL DEFAULT 0,
  refused_for TEXT NOT NULL DEFAULT '',
  refused_at  BIGINT NOT NULL DEFAULT 0,
  skews       TEXT NOT NULL DEFAULT '[]'
);

-- Callers that were refused, the oldest dropped beyond a bound.
CREATE TABLE stranger (
  ae_title TEXT NOT NULL,
  address  TEXT NOT NULL,
  called   TEXT NOT NULL DEFAULT '',
  client   TEXT NOT NULL DEFAULT '',
  reason   TEXT NOT NULL,
  count    BIGINT NOT NULL,
  first_at BIGINT NOT NULL,
  last_at  BIGINT NOT NULL,
  PRIMARY KEY (ae_title, address)
);
CREATE INDEX stranger_address ON stranger(address, last_at);

-- Modality performed procedure steps; unsettled ones wait for their objects.
CREATE TABLE performed_step (
  id          TEXT PRIMARY KEY,
  member      TEXT NOT NULL REFERENCES member(id),
  uid         TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('IN PROGRESS','COMPLETED','DISCONTINUED')),
  station     TEXT NOT NULL DEFAULT '',
  study       TEXT NOT NULL DEFAULT '',
  accession   TEXT NOT NULL DEFAULT '',
  instances   TEXT NOT NULL DEFAULT '[]',
  unsettled   SMALLINT NOT NULL DEFAULT 0,
  created_at  BIGINT NOT NULL,
  changed_at  BIGINT NOT NULL,
  UNIQUE (member, uid)
);
CREATE INDEX performed_step_unsettled ON performed_step(changed_at) WHERE unsettled = 1;
CREATE INDEX performed_step_study ON performed_step(member, study);

-- Requests of storage commitment, kept until their requestor has heard.
CREATE TABLE commitment (
  id          TEXT PRIMARY KEY,
  member      TEXT NOT NULL REFERENCES member(id),
  requestor   TEXT NOT NULL,
  transaction_uid TEXT NOT NULL,
  instances   TEXT NOT NULL,
  looked      INTEGER NOT NULL DEFAULT 0,
  created_at  BIGINT NOT NULL,
  next_at     BIGINT NOT NULL,
  tries       INTEGER NOT NULL DEFAULT 0,
  done_at     BIGINT NOT NULL DEFAULT 0,
  error       TEXT NOT NULL DEFAULT ''
);
CREATE INDEX commitment_transaction ON commitment(requestor, transaction_uid);
CREATE INDEX commitment_next ON commitment(next_at) WHERE done_at = 0;
CREATE INDEX commitment_done ON commitment(done_at) WHERE done_at > 0;

-- Browser sessions and bearer tokens; only hashes are kept.
CREATE TABLE credential (
  hash       TEXT PRIMARY KEY,
  account    TEXT NOT NULL REFERENCES account(id),
  kind       TEXT NOT NULL CHECK (kind IN ('session','token','setup')),
  name       TEXT NOT NULL DEFAULT '',
  csrf       TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX credential_account ON credential(account);

CREATE TABLE person (
  id         TEXT PRIMARY KEY,
  created_at BIGINT NOT NULL
);

CREATE TABLE patient (
  id          TEXT PRIMARY KEY,
  member      TEXT NOT NULL REFERENCES member(id),
  local_id    TEXT NOT NULL,
  name        TEXT NOT NULL DEFAULT '',
  sex         TEXT NOT NULL DEFAULT '',
  birth_date  TEXT NOT NULL DEFAULT '',
  age         TEXT NOT NULL DEFAULT '',
  id_type     TEXT NOT NULL DEFAULT '',
  id_hash     TEXT NOT NULL DEFAULT '',
  id_sealed   BYTEA,
  phone_sealed BYTEA,
  person      TEXT NOT NULL DEFAULT '',
  created_at  BIGINT NOT NULL,
  UNIQUE (member, local_id)
);
CREATE INDEX patient_id_hash ON patient(id_hash) WHERE id_hash <> '';
CREATE INDEX patient_person ON patient(person) WHERE person <> '';

-- Why two patients are one person, or no longer are; never deleted.
CREATE TABLE patient_link (
  id      TEXT PRIMARY KEY,
  patient TEXT NOT NULL REFERENCES patient(id),
  person  TEXT NOT NULL REFERENCES person(id),
  basis   TEXT NOT NULL,
  by_account TEXT NOT NULL DEFAULT '',
  at      BIGINT NOT NULL,
  undone_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX patient_link_patient ON patient_link(patient);

CREATE TABLE exam_order (
  id         TEXT PRIMARY KEY,
  member     TEXT NOT NULL REFERENCES member(id),
  accession  TEXT NOT NULL,
  origin     TEXT NOT NULL CHECK (origin IN ('entered','draft','imported')),
  patient    TEXT NOT NULL REFERENCES patient(id),
  visit      TEXT NOT NULL DEFAULT 'outpatient',
  department TEXT NOT NULL DEFAULT '',
  doctor     TEXT NOT NULL DEFAULT '',
  doctor_id  TEXT NOT NULL DEFAULT '',
  kind       TEXT NOT NULL,
  item       TEXT NOT NULL DEFAULT '',
  item_name  TEXT NOT NULL DEFAULT '',
  modality   TEXT NOT NULL DEFAULT '',
  body_part  TEXT NOT NULL DEFAULT '',
  laterality TEXT NOT NULL DEFAULT '',
  method     TEXT NOT NULL DEFAULT '',
  history    TEXT NOT NULL DEFAULT '',
  purpose    TEXT NOT NULL DEFAULT '',
  more       TEXT NOT NULL DEFAULT '{}',
  consent_at BIGINT NOT NULL DEFAULT 0,
  priority   INTEGER NOT NULL DEFAULT 3,
  owed       TEXT NOT NULL DEFAULT '[]',
  created_at BIGINT NOT NULL,
  cancelled  SMALLINT NOT NULL DEFAULT 0
);
CREATE INDEX exam_order_accession ON exam_order(member, accession);
CREATE INDEX exam_order_patient ON exam_order(patient);
CREATE INDEX exam_order_created ON exam_order(member, created_at);

CREATE TABLE study (
  id          TEXT PRIMARY KEY,
  member      TEXT NOT NULL REFERENCES member(id),
  uid         TEXT NOT NULL,
  patient     TEXT NOT NULL REFERENCES patient(id),
  name        TEXT NOT NULL DEFAULT '',
  name_key    TEXT NOT NULL DEFAULT '',
  name_fuzzy  TEXT NOT NULL DEFAULT '',
  local_id    TEXT NOT NULL DEFAULT '',
  issuer      TEXT NOT NULL DEFAULT '',
  birth_date  TEXT NOT NULL DEFAULT '',
  sex         TEXT NOT NULL DEFAULT '',
  accession   TEXT NOT NULL DEFAULT '',
  date        TEXT NOT NULL DEFAULT '',
  time        TEXT NOT NULL DEFAULT '',
  study_no    TEXT NOT NULL DEFAULT '',
  description TEXT NOT NULL DEFAULT '',
  referring   TEXT NOT NULL DEFAULT '',
  caller      TEXT NOT NULL DEFAULT '',
  modalities  TEXT NOT NULL DEFAULT '',
  centre      TEXT NOT NULL DEFAULT '',
  series      INTEGER NOT NULL DEFAULT 0,
  instances   INTEGER NOT NULL DEFAULT 0,
  bytes       BIGINT NOT NULL DEFAULT 0,
  created_at  BIGINT NOT NULL,
  last_at     BIGINT NOT NULL,
  UNIQUE (member, uid)
);
CREATE INDEX study_uid ON study(uid);
CREATE INDEX study_local ON study(member, local_id);
CREATE INDEX study_accession ON study(member, accession);
CREATE INDEX study_date ON study(member, date, id);
CREATE INDEX study_name ON study(member, name_key);
CREATE INDEX study_centre ON study(centre, date, id) WHERE centre <> '';
CREATE INDEX study_centre_local ON study(centre, local_id) WHERE centre <> '';
CREATE INDEX study_centre_accession ON study(centre, accession) WHERE centre <> '';
CREATE INDEX study_patient ON study(patient);

CREATE TABLE series (
  id          TEXT PRIMARY KEY,
  study       TEXT NOT NULL REFERENCES study(id),
  uid         TEXT NOT NULL,
  modality    TEXT NOT NULL DEFAULT '',
  number      TEXT NOT NULL DEFAULT '',
  description TEXT NOT NULL DEFAULT '',
  body_part   TEXT NOT NULL DEFAULT '',
  laterality  TEXT NOT NULL DEFAULT '',
  date        TEXT NOT NULL DEFAULT '',
  time        TEXT NOT NULL DEFAULT '',
  station     TEXT NOT NULL DEFAULT '',
  maker       TEXT NOT NULL DEFAULT '',
  pps_date    TEXT NOT NULL DEFAULT '',
  pps_time    TEXT NOT NULL DEFAULT '',
  instances   INTEGER NOT NULL DEFAULT 0,
  meta_key    TEXT NOT NULL DEFAULT '',
  meta_count  INTEGER NOT NULL DEFAULT 0,
  meta_tag    TEXT NOT NULL DEFAULT '',
  meta_size   BIGINT NOT NULL DEFAULT 0,
  frames_size BIGINT NOT NULL DEFAULT 0,
  small_size  BIGINT NOT NULL DEFAULT 0,
  large_size  BIGINT NOT NULL DEFAULT 0,
  UNIQUE (study, uid)
);
CREATE INDEX series_uid ON series(uid);
CREATE INDEX series_unsettled ON series(id) WHERE meta_count = 0;

-- Hot at intake: one row and two index entries an instance.
CREATE TABLE instance (
  id         TEXT PRIMARY KEY,
  series     TEXT NOT NULL REFERENCES series(id),
  study      TEXT NOT NULL,
  member     TEXT NOT NULL,
  uid        TEXT NOT NULL,
  class      TEXT NOT NULL,
  syntax     TEXT NOT NULL,
  number     TEXT NOT NULL DEFAULT '',
  rows       INTEGER NOT NULL DEFAULT 0,
  cols       INTEGER NOT NULL DEFAULT 0,
  frames     INTEGER NOT NULL DEFAULT 1,
  bits       INTEGER NOT NULL DEFAULT 0,
  object     TEXT NOT NULL,
  off        BIGINT NOT NULL,
  len        BIGINT NOT NULL,
  digest     BYTEA NOT NULL,
  crc32c     BIGINT NOT NULL DEFAULT 0,
  pixel_at   BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  UNIQUE (member, uid)
);
CREATE INDEX instance_series ON instance(series);
-- Who else lies in an object of several parts; none do on a local disk.
CREATE INDEX instance_parts ON instance(object) WHERE substr(object, 1, 6) = 'parts/';

CREATE TABLE recording (
  id         TEXT PRIMARY KEY,
  member     TEXT NOT NULL REFERENCES member(id),
  patient    TEXT NOT NULL REFERENCES patient(id),
  study      TEXT NOT NULL DEFAULT '',
  instance   TEXT NOT NULL DEFAULT '',
  format     TEXT NOT NULL,
  leads      TEXT NOT NULL,
  rate_hz    DOUBLE PRECISION NOT NULL,
  samples    INTEGER NOT NULL,
  start_at   BIGINT NOT NULL DEFAULT 0,
  head       BYTEA,
  object     TEXT NOT NULL,
  off        BIGINT NOT NULL,
  len        BIGINT NOT NULL,
  digest     BYTEA NOT NULL,
  device     TEXT NOT NULL DEFAULT '{}',
  hub        TEXT NOT NULL DEFAULT '{}',
  quality    TEXT NOT NULL DEFAULT '{}',
  notes      TEXT NOT NULL DEFAULT '[]',
  imprint    BYTEA,
  name       TEXT NOT NULL DEFAULT '',
  corrects   TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  UNIQUE (member, digest)
);
CREATE INDEX recording_patient ON recording(patient);
CREATE INDEX recording_corrects ON recording(corrects) WHERE corrects <> '';
CREATE INDEX recording_instance ON recording(instance) WHERE instance <> '';
CREATE INDEX recording_parts ON recording(object) WHERE substr(object, 1, 6) = 'parts/';

-- Pyramid and trend of a long recording.
CREATE TABLE overview (
  recording TEXT PRIMARY KEY REFERENCES recording(id),
  object    TEXT NOT NULL,
  off       BIGINT NOT NULL,
  len       BIGINT NOT NULL,
  trend     BIGINT NOT NULL
);

CREATE TABLE recording_marks (
  id         TEXT PRIMARY KEY,
  recording  TEXT NOT NULL REFERENCES recording(id),
  account    TEXT NOT NULL,
  boundaries TEXT NOT NULL,
  beats      TEXT NOT NULL,
  speed      DOUBLE PRECISION NOT NULL,
  gain       DOUBLE PRECISION NOT NULL,
  at         BIGINT NOT NULL
);
CREATE INDEX recording_marks_of ON recording_marks(recording, at);

CREATE TABLE task (
  id          TEXT PRIMARY KEY,
  state       TEXT NOT NULL CHECK (state IN ('draft','uploading','queued','claimed','returned','written','issued','delivered','acknowledged','cancelled','void_pending','void')),
  before_void TEXT NOT NULL DEFAULT '',
  kind        TEXT NOT NULL CHECK (kind IN ('image','ecg','holter','consultation')),
  modality    TEXT NOT NULL DEFAULT '',
  priority    INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 4),
  due         BIGINT NOT NULL DEFAULT 0,
  paused_ms   BIGINT NOT NULL DEFAULT 0,
  member      TEXT NOT NULL REFERENCES member(id),
  centre      TEXT NOT NULL DEFAULT '',
  offered     TEXT NOT NULL DEFAULT '',
  handed_from TEXT NOT NULL DEFAULT '',
  queued_at   BIGINT NOT NULL DEFAULT 0,
  exam_order  TEXT NOT NULL REFERENCES exam_order(id),
  study       TEXT NOT NULL DEFAULT '',
  recording   TEXT NOT NULL DEFAULT '',
  report      TEXT NOT NULL DEFAULT '',
  version     INTEGER NOT NULL DEFAULT 0,
  holder      TEXT NOT NULL DEFAULT '',
  claim       BIGINT NOT NULL DEFAULT 0,
  lease_until BIGINT NOT NULL DEFAULT 0,
  writer      TEXT NOT NULL DEFAULT '',
  opened      SMALLINT NOT NULL DEFAULT 0,
  expected    INTEGER NOT NULL DEFAULT 0,
  complete    SMALLINT NOT NULL DEFAULT 0,
  waived      TEXT NOT NULL DEFAULT '',
  warnings    TEXT NOT NULL DEFAULT '[]',
  alerts      TEXT NOT NULL DEFAULT '[]',
  grade       TEXT NOT NULL DEFAULT '',
  auto_submit SMALLINT NOT NULL DEFAULT 0,
  settle_at   BIGINT NOT NULL DEFAULT 0,
  marks       TEXT NOT NULL DEFAULT '[]',
  warned      INTEGER NOT NULL DEFAULT 0,
  next_mark   BIGINT NOT NULL DEFAULT 0,
  last_event  TEXT NOT NULL DEFAULT '',
  last_actor  TEXT NOT NULL DEFAULT '',
  t_exam BIGINT NOT NULL DEFAULT 0, t_upload_start BIGINT NOT NULL DEFAULT 0, t_submit BIGINT NOT NULL DEFAULT 0,
  t_claim BIGINT NOT NULL DEFAULT 0, t_first_image BIGINT NOT NULL DEFAULT 0, t_prelim BIGINT NOT NULL DEFAULT 0,
  t_written BIGINT NOT NULL DEFAULT 0, t_signed BIGINT NOT NULL DEFAULT 0, t_delivered BIGINT NOT NULL DEFAULT 0,
  t_ack BIGINT NOT NULL DEFAULT 0, t_returned BIGINT NOT NULL DEFAULT 0, t_escalated BIGINT NOT NULL DEFAULT 0,
  created_at  BIGINT NOT NULL,
  CHECK (state <> 'claimed' OR holder <> '')
);
CREATE INDEX task_queue ON task(centre, state, priority, due, t_submit, id);
CREATE INDEX task_member ON task(member, created_at);
CREATE INDEX task_order ON task(exam_order);
CREATE INDEX task_recording ON task(recording) WHERE recording <> '';
CREATE INDEX task_settle ON task(settle_at) WHERE settle_at > 0;
CREATE INDEX task_waiting ON task(priority, queued_at) WHERE queued_at > 0;
CREATE INDEX task_offered ON task(offered) WHERE offered <> '';
CREATE INDEX task_lease ON task(lease_until) WHERE lease_until > 0;
CREATE INDEX task_next_mark ON task(next_mark) WHERE next_mark > 0;
CREATE INDEX task_delivery ON task(id) WHERE state = 'issued';
CREATE INDEX task_report ON task(report) WHERE report <> '';

-- The studies a task is about; task.study is the first of them.
CREATE TABLE task_study (
  task  TEXT NOT NULL REFERENCES task(id),
  study TEXT NOT NULL REFERENCES study(id),
  PRIMARY KEY (task, study)
);
CREATE INDEX task_study_study ON task_study(study);

-- Each return and its resubmission.
CREATE TABLE task_return (
  id          TEXT PRIMARY KEY,
  task        TEXT NOT NULL REFERENCES task(id),
  reason      TEXT NOT NULL,
  text        TEXT NOT NULL DEFAULT '',
  by_account  TEXT NOT NULL,
  returned_at BIGINT NOT NULL,
  resubmitted_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX task_return_task ON task_return(task);

CREATE TABLE report (
  id             TEXT NOT NULL,
  version        INTEGER NOT NULL,
  task           TEXT NOT NULL REFERENCES task(id),
  state          TEXT NOT NULL CHECK (state IN ('draft','preliminary','written','issued','void')),
  findings       TEXT NOT NULL DEFAULT '',
  impression     TEXT NOT NULL DEFAULT '',
  recommendation TEXT NOT NULL DEFAULT '',
  positive       SMALLINT NOT NULL DEFAULT 0,
  critical       SMALLINT NOT NULL DEFAULT 0,
  grade          TEXT NOT NULL DEFAULT '',
  writer         TEXT NOT NULL DEFAULT '',
  reviewer       TEXT NOT NULL DEFAULT '',
  written_at     BIGINT NOT NULL DEFAULT 0,
  signed_at      BIGINT NOT NULL DEFAULT 0,
  reason         TEXT NOT NULL DEFAULT '',
  rejected       TEXT NOT NULL DEFAULT '',
  submitted      TEXT NOT NULL DEFAULT '',
  content        BYTEA,
  hash           TEXT NOT NULL DEFAULT '',
  signature      BYTEA,
  sign_key       TEXT NOT NULL DEFAULT '',
  pdf            TEXT NOT NULL DEFAULT '',
  updated_at     BIGINT NOT NULL,
  claim          BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (id, version)
);
CREATE INDEX report_task ON report(task);

CREATE TABLE addendum (
  id         TEXT PRIMARY KEY,
  report     TEXT NOT NULL,
  version    INTEGER NOT NULL,
  text       TEXT NOT NULL,
  by_account TEXT NOT NULL,
  at         BIGINT NOT NULL,
  content    BYTEA,
  hash       TEXT NOT NULL,
  signature  BYTEA NOT NULL,
  sign_key   TEXT NOT NULL DEFAULT '',
  pdf        TEXT NOT NULL DEFAULT ''
);
CREATE INDEX addendum_report ON addendum(report);

CREATE TABLE template (
  id         TEXT PRIMARY KEY,
  owner      TEXT NOT NULL DEFAULT '',
  kind       TEXT NOT NULL,
  modality   TEXT NOT NULL DEFAULT '',
  name       TEXT NOT NULL,
  findings   TEXT NOT NULL DEFAULT '',
  impression TEXT NOT NULL DEFAULT '',
  phrase     SMALLINT NOT NULL DEFAULT 0
);

CREATE TABLE critical (
  id          TEXT PRIMARY KEY,
  task        TEXT NOT NULL REFERENCES task(id),
  member      TEXT NOT NULL,
  centre      TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('notified','received','handled','closed','withdrawn')),
  items       TEXT NOT NULL DEFAULT '[]',
  text        TEXT NOT NULL DEFAULT '',
  found_by    TEXT NOT NULL,
  found_at    BIGINT NOT NULL,
  notified_at BIGINT NOT NULL,
  received_by TEXT NOT NULL DEFAULT '',
  received_at BIGINT NOT NULL DEFAULT 0,
  read_back   TEXT NOT NULL DEFAULT '',
  phone       TEXT NOT NULL DEFAULT '',
  handled_by  TEXT NOT NULL DEFAULT '',
  handled_at  BIGINT NOT NULL DEFAULT 0,
  outcome     TEXT NOT NULL DEFAULT '',
  handling    TEXT NOT NULL DEFAULT '',
  closed_at   BIGINT NOT NULL DEFAULT 0,
  reason      TEXT NOT NULL DEFAULT '',
  step        INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX critical_task ON critical(task);
CREATE INDEX critical_member ON critical(member, state);
CREATE INDEX critical_open ON critical(found_at) WHERE state = 'notified';

-- Messages to leave the hub: webhooks; retried until answered.
CREATE TABLE outbox (
  id         TEXT PRIMARY KEY,
  kind       TEXT NOT NULL,
  target     TEXT NOT NULL,
  body       TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  next_at    BIGINT NOT NULL,
  tries      INTEGER NOT NULL DEFAULT 0,
  done_at    BIGINT NOT NULL DEFAULT 0,
  error      TEXT NOT NULL DEFAULT ''
);
CREATE INDEX outbox_next ON outbox(next_at) WHERE done_at = 0;

CREATE TABLE catalogue (
  code      TEXT PRIMARY KEY,
  name      TEXT NOT NULL,
  kind      TEXT NOT NULL,
  modality  TEXT NOT NULL DEFAULT '',
  body_part TEXT NOT NULL DEFAULT '',
  scope     TEXT NOT NULL DEFAULT 'alliance',
  days      INTEGER NOT NULL,
  min_grade TEXT NOT NULL DEFAULT 'B',
  price     DOUBLE PRECISION NOT NULL DEFAULT 0,
  active    SMALLINT NOT NULL DEFAULT 1
);

CREATE INDEX catalogue_exam ON catalogue(kind, modality, body_part, code) WHERE active = 1;

CREATE TABLE mark (
  member  TEXT NOT NULL REFERENCES member(id),
  item    TEXT NOT NULL REFERENCES catalogue(code),
  label   TEXT NOT NULL,
  scope   TEXT NOT NULL,
  from_at BIGINT NOT NULL,
  to_at   BIGINT NOT NULL,
  PRIMARY KEY (member, item, from_at)
);

-- What can be recognised: one row an issued or imported result. id_hash finds
-- a person's results without touching patients.
CREATE TABLE result (
  report    TEXT PRIMARY KEY,
  task      TEXT NOT NULL DEFAULT '',
  member    TEXT NOT NULL,
  centre    TEXT NOT NULL DEFAULT '',
  patient   TEXT NOT NULL,
  id_hash   TEXT NOT NULL DEFAULT '',
  item      TEXT NOT NULL,
  kind      TEXT NOT NULL,
  study     TEXT NOT NULL DEFAULT '',
  recording TEXT NOT NULL DEFAULT '',
  exam_at   BIGINT NOT NULL,
  grade     TEXT NOT NULL DEFAULT '',
  void      SMALLINT NOT NULL DEFAULT 0,
  imported  TEXT NOT NULL DEFAULT ''
);
CREATE INDEX result_person ON result(id_hash, item, exam_at) WHERE id_hash <> '';
CREATE INDEX result_patient ON result(patient, item, exam_at);

CREATE TABLE decision (
  id         TEXT PRIMARY KEY,
  candidate  TEXT NOT NULL,
  item       TEXT NOT NULL,
  member     TEXT NOT NULL,
  doctor     TEXT NOT NULL,
  exam_order TEXT NOT NULL DEFAULT '',
  decision   TEXT NOT NULL CHECK (decision IN ('recognise','decline')),
  reason     TEXT NOT NULL DEFAULT '',
  explained  SMALLINT NOT NULL DEFAULT 0,
  text       TEXT NOT NULL DEFAULT '',
  saved      DOUBLE PRECISION NOT NULL DEFAULT 0,
  at         BIGINT NOT NULL
);
CREATE INDEX decision_at ON decision(member, at);

-- Wrong patient or order: asked by one person, confirmed by another.
CREATE TABLE reassignment (
  id           TEXT PRIMARY KEY,
  task         TEXT NOT NULL REFERENCES task(id),
  from_order   TEXT NOT NULL,
  to_order     TEXT NOT NULL,
  reason       TEXT NOT NULL,
  asked_by     TEXT NOT NULL,
  asked_at     BIGINT NOT NULL,
  confirmed_by TEXT NOT NULL DEFAULT '',
  confirmed_at BIGINT NOT NULL DEFAULT 0,
  refused      SMALLINT NOT NULL DEFAULT 0,
  new_task     TEXT NOT NULL DEFAULT ''
);
CREATE INDEX reassignment_task ON reassignment(task);

CREATE TABLE quarantine (
  id          TEXT PRIMARY KEY,
  member      TEXT NOT NULL,
  code        TEXT NOT NULL,
  reason      TEXT NOT NULL,
  name        TEXT NOT NULL DEFAULT '',
  source      TEXT NOT NULL,
  head        BYTEA,
  object      TEXT NOT NULL,
  off         BIGINT NOT NULL,
  len         BIGINT NOT NULL,
  digest      BYTEA NOT NULL,
  created_at  BIGINT NOT NULL,
  resolved_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX quarantine_member ON quarantine(member, created_at);
CREATE INDEX quarantine_parts ON quarantine(object) WHERE substr(object, 1, 6) = 'parts/';

-- Declarations: what a sender will send, and the verdict of each file.
CREATE TABLE batch (
  id         TEXT PRIMARY KEY,
  member     TEXT NOT NULL,
  account    TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE TABLE batch_file (
  batch   TEXT NOT NULL REFERENCES batch(id),
  path    TEXT NOT NULL,
  size    BIGINT NOT NULL,
  sha256  TEXT NOT NULL,
  state   TEXT NOT NULL DEFAULT 'expected' CHECK (state IN ('expected','accepted','duplicate','ignored','quarantined','mismatch','rejected')),
  code    TEXT NOT NULL DEFAULT '',
  reason  TEXT NOT NULL DEFAULT '',
  study   TEXT NOT NULL DEFAULT '',
  task    TEXT NOT NULL DEFAULT '',
  at      BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (batch, path)
);

-- Resumable uploads (tus 1.0): the offset is the row, the bytes are parts.
CREATE TABLE upload (
  id         TEXT PRIMARY KEY,
  member     TEXT NOT NULL,
  account    TEXT NOT NULL,
  size       BIGINT NOT NULL,
  off        BIGINT NOT NULL DEFAULT 0,
  filename   TEXT NOT NULL DEFAULT '',
  exam_order TEXT NOT NULL DEFAULT '',
  batch      TEXT NOT NULL DEFAULT '',
  state      TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open','done','failed')),
  verdict    TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  touched_at BIGINT NOT NULL
);
CREATE INDEX upload_touched ON upload(touched_at);
CREATE INDEX upload_open ON upload(touched_at) WHERE state = 'open';
CREATE TABLE upload_part (
  upload TEXT NOT NULL REFERENCES upload(id),
  off    BIGINT NOT NULL,
  len    BIGINT NOT NULL,
  object TEXT NOT NULL,
  obj_off BIGINT NOT NULL,
  PRIMARY KEY (upload, off)
);

-- Objects that rows no longer name; the sweep deletes them.
CREATE TABLE tombstone (
  object     TEXT PRIMARY KEY,
  created_at BIGINT NOT NULL
);

CREATE TABLE event (
  id     TEXT PRIMARY KEY,
  seq    BIGINT UNIQUE,
  at     BIGINT NOT NULL,
  name   TEXT NOT NULL,
  member TEXT NOT NULL DEFAULT '',
  centre TEXT NOT NULL DEFAULT '',
  task   TEXT NOT NULL DEFAULT '',
  body   TEXT NOT NULL
);
CREATE INDEX event_unsealed ON event(id) WHERE seq IS NULL;

CREATE TABLE audit (
  id      TEXT PRIMARY KEY,
  seq     BIGINT UNIQUE,
  at      BIGINT NOT NULL,
  actor   TEXT NOT NULL,
  role    TEXT NOT NULL,
  member  TEXT NOT NULL,
  ip      TEXT NOT NULL,
  client  TEXT NOT NULL,
  action  TEXT NOT NULL,
  object  TEXT NOT NULL,
  patient TEXT NOT NULL,
  ok      SMALLINT NOT NULL,
  reason  TEXT NOT NULL,
  before  TEXT NOT NULL,
  after   TEXT NOT NULL,
  request TEXT NOT NULL,
  prev    TEXT NOT NULL DEFAULT '',
  hash    TEXT NOT NULL DEFAULT ''
);
CREATE INDEX audit_unsealed ON audit(id) WHERE seq IS NULL;
CREATE INDEX audit_object ON audit(object);
CREATE INDEX audit_at ON audit(at);

CREATE TABLE audit_head (
  seq       BIGINT PRIMARY KEY,
  hash      TEXT NOT NULL,
  at        BIGINT NOT NULL,
  sign_key  TEXT NOT NULL,
  signature TEXT NOT NULL,
  object    TEXT NOT NULL DEFAULT ''
);

-- Who leads the periodic work: one row a job, held with a lease.
CREATE TABLE leader (
  job   TEXT PRIMARY KEY,
  node  TEXT NOT NULL,
  until BIGINT NOT NULL
);

-- Copies of studies to other nodes: rules, studies to be looked at, and what is
-- on its way.
CREATE TABLE route (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  member     TEXT NOT NULL DEFAULT '',
  modalities TEXT NOT NULL DEFAULT '[]',
  calling    TEXT NOT NULL DEFAULT '',
  kind       TEXT NOT NULL CHECK (kind IN ('dicom','web')),
  address    TEXT NOT NULL DEFAULT '',
  port       INTEGER NOT NULL DEFAULT 0,
  called_ae  TEXT NOT NULL DEFAULT '',
  tls        SMALLINT NOT NULL DEFAULT 0,
  url        TEXT NOT NULL DEFAULT '',
  token      BYTEA,
  active     SMALLINT NOT NULL DEFAULT 1,
  created_at BIGINT NOT NULL
);

CREATE TABLE route_due (
  study TEXT PRIMARY KEY REFERENCES study(id),
  at    BIGINT NOT NULL
);

CREATE TABLE route_job (
  id         TEXT PRIMARY KEY,
  route      TEXT NOT NULL REFERENCES route(id),
  study      TEXT NOT NULL REFERENCES study(id),
  state      TEXT NOT NULL CHECK (state IN ('waiting','failed','done')),
  after      TEXT NOT NULL DEFAULT '',
  sent       INTEGER NOT NULL DEFAULT 0,
  refused    INTEGER NOT NULL DEFAULT 0,
  reason     TEXT NOT NULL DEFAULT '',
  tries      INTEGER NOT NULL DEFAULT 0,
  next_at    BIGINT NOT NULL DEFAULT 0,
  since      BIGINT NOT NULL DEFAULT 0,
  error      TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  done_at    BIGINT NOT NULL DEFAULT 0,
  UNIQUE (route, study)
);
CREATE INDEX route_job_next ON route_job(route, next_at) WHERE state = 'waiting';

-- Unified procedure steps: which claim of a task a standard client works
-- under, and who wants to hear of which task ('' of all of them).
CREATE TABLE ups_lock (
  task  TEXT PRIMARY KEY REFERENCES task(id),
  claim BIGINT NOT NULL,
  uid   TEXT NOT NULL
);

CREATE TABLE ups_subscription (
  account   TEXT NOT NULL REFERENCES account(id),
  aet       TEXT NOT NULL,
  task      TEXT NOT NULL DEFAULT '',
  query     TEXT NOT NULL DEFAULT '',
  suspended BIGINT NOT NULL DEFAULT 0,
  since     BIGINT NOT NULL,
  PRIMARY KEY (account, aet, task)
);

-- How far a subscriber has heard.
CREATE TABLE ups_subscriber (
  account TEXT NOT NULL REFERENCES account(id),
  aet     TEXT NOT NULL,
  heard   BIGINT NOT NULL,
  PRIMARY KEY (account, aet)
);

-- +goose Down
SELECT 1;
